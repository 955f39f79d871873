"""A rulebook on the ledger as it stood: what it would have sent, cost and caught."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.builders.printed import printed
from tests.builders.rulebooks import a_rulebook

from arsync.core.ledger.records import (
    Account,
    Allocation,
    Organisation,
    PlacedDebt,
    Placement,
    StandingHold,
)
from arsync.core.rulebook import Rulebook
from arsync.core.trials import backtest as module
from arsync.core.trials.backtest import (
    CANNOT_SHOW,
    Backtest,
    Backtests,
    Only,
    backtest,
    backtest_view,
    happened_view,
    line_view,
)
from arsync.core.trials.trial import Trial

Desk = Any
TODAY = date(2026, 11, 20)
FIRST = date(2026, 9, 1)
LAST = date(2026, 10, 31)
HOLD = "credit_holds:\n  - name: Old\n    when: {oldest_days_overdue: {at_least: 20}}\n"


def run(rulebooks: list[Rulebook], *accounts: Account, **values: Any) -> Backtests:
    organisation = Organisation("o1", "Acme", "GBP", time_zone="Europe/London")
    offers = frozenset(
        {
            "credit hold",
            "payment terms",
            "taking payment terms off",
            "email by the accounting system",
        }
    )
    trial = Trial("acme", organisation, offers, lambda _: lambda _: False)
    options = {"first": FIRST, "last": LAST, "today": TODAY, **values}
    return backtest(accounts, trial, rulebooks, **options)


def one(text: str, *accounts: Account, **values: Any) -> Backtest:
    return run([a_rulebook(text)], *accounts, **values).results[0]


def an_invoice(desk: Desk, due: date, paid: date | None = None, name: str = "i1") -> Any:
    invoice = desk.invoice(name, (TODAY - due).days)
    if paid is None:
        return invoice
    return invoice._replace(amount_due=Decimal(0), status="paid", paid_on=paid)


def a_payment(desk: Desk, paid: date, name: str = "i1") -> Any:
    allocation = Allocation(name, Decimal(100), paid)
    return desk.payment("100", (TODAY - paid).days, id=f"p {name}", allocations=(allocation,))


def paid_account(desk: Desk, due: date, paid: date) -> Account:
    account: Account = desk.account(an_invoice(desk, due, paid), payments=(a_payment(desk, paid),))
    return account


def days(result: Backtest) -> list[tuple[date, str]]:
    return [(happened.day, happened.action.step) for happened in result.kept]


def test_invoices_paid_later_are_chased_until_then(desk: Desk) -> None:
    due = date(2026, 9, 10)
    result = one(desk.head + desk.steps + desk.daily, paid_account(desk, due, date(2026, 10, 1)))
    assert days(result) == [
        (date(2026, 9, 7), "upcoming"),
        (date(2026, 9, 12), "first reminder"),
        (date(2026, 9, 25), "second reminder"),
    ]


def test_a_past_placement_ends_what_a_rulebook_would_do(desk: Desk) -> None:
    account = desk.account(an_invoice(desk, date(2026, 9, 10), None))
    debts = (PlacedDebt("i1", Decimal(100), "GBP"),)
    placement = Placement("k1", "Example Collections", date(2026, 9, 20), debts)
    result = one(desk.head + desk.steps + desk.daily, account._replace(placements=(placement,)))
    assert days(result) == [
        (date(2026, 9, 7), "upcoming"),
        (date(2026, 9, 12), "first reminder"),
    ]


def test_who_paid_within_two_days_was_hit_for_nothing(desk: Desk) -> None:
    due = date(2026, 9, 10)
    steps = desk.steps.replace("      - {day: -3, email: upcoming}\n", "")
    for after, needless in ((1, True), (2, True), (3, False)):
        paid = due + timedelta(1 + after)
        result = one(desk.head + steps + desk.daily, paid_account(desk, due, paid))
        assert days(result) == [(due + timedelta(1), "first reminder")]
        assert [happened.needless for happened in result.kept] == [needless]
        assert result.needless["messages"] == needless
        line = result.by_place()[0]
        assert (line.needless, line.invoices) == ((1, 0) if needless else (0, 1))
        assert line.still_owed == {}


def test_paid_on_the_day_itself_there_is_no_message(desk: Desk) -> None:
    due = date(2026, 9, 10)
    steps = desk.steps.replace("      - {day: -3, email: upcoming}\n", "")
    account = paid_account(desk, due, due + timedelta(1))
    assert days(one(desk.head + steps + desk.daily, account)) == []


def test_a_hold_is_needless_when_payment_came_immediately(desk: Desk) -> None:
    due = date(2026, 9, 10)
    soon = one(desk.head + HOLD, paid_account(desk, due, due + timedelta(21)))
    assert dict(soon.tally.totals) == {"holds": 1, "holds lifted": 1}
    assert soon.needless == {"holds": 1}
    late = one(desk.head + HOLD, paid_account(desk, due, due + timedelta(30)))
    assert late.needless == {}
    assert late.by_place()[0].caught == {"GBP": Decimal(100)}


def test_a_backtest_counts_unmatched_money_as_paid(desk: Desk) -> None:
    due = date(2026, 9, 10)
    steps = desk.steps.replace("      - {day: -3, email: upcoming}\n", "")
    text = desk.head + steps + desk.daily + HOLD
    came = due + timedelta(2)
    money = desk.payment("100", (TODAY - came).days, unallocated="100")
    result = one(text, desk.account(an_invoice(desk, due), payments=(money,)))
    assert days(result) == [(due + timedelta(1), "first reminder")]
    assert [happened.needless for happened in result.kept] == [True]
    ignored = one("unapplied_cash: ignore\n" + text, desk.account(an_invoice(desk, due)))
    assert ignored.tally.totals["holds"] == 1


def test_a_backtest_catches_the_net_amount(desk: Desk) -> None:
    note = desk.credit("60", issued_on=date(2026, 8, 1))
    account = desk.account(an_invoice(desk, date(2026, 9, 10)), credits=(note,))
    [line] = one(desk.head + HOLD, account).by_place()
    assert (line.caught, line.still_owed) == ({"GBP": Decimal(40)}, {"GBP": Decimal(40)})


def test_recent_actions_are_not_yet_called_needless(desk: Desk) -> None:
    steps = desk.steps.replace("      - {day: -3, email: upcoming}\n", "")
    account = desk.account(an_invoice(desk, TODAY - timedelta(1)))
    result = one(desk.head + steps + desk.daily, account, last=TODAY)
    assert result.kept[-1].day == TODAY
    assert result.kept[-1].needless is None
    assert happened_view(result.kept[-1]).paid_within_two_days is None


def test_each_line_shows_its_cost_and_amounts_owed(desk: Desk) -> None:
    account = desk.account(an_invoice(desk, date(2026, 9, 10)))
    result = one(desk.head + desk.steps + desk.daily + HOLD, account)
    rules_hit = {(line.rule, line.what): printed(line_view(line)) for line in result.by_place()}
    first = rules_hit["Standard", "reminder: first reminder"]
    assert (first["file"], first["line"]) == ("rules/test.yaml", 7)
    assert first["cost"]["messages"] == 1
    assert first["caught"] == {"invoices": 1, "GBP": "100.00"}
    assert first["still_owed"] == {"GBP": "100.00"}
    assert rules_hit["Old", "credit hold"]["cost"]["holds"] == 1


def test_a_hold_of_today_did_not_stand_then(desk: Desk) -> None:
    hold = StandingHold("c1", date(2026, 11, 5), 1)
    account = desk.account(an_invoice(desk, date(2026, 9, 10)), hold=hold, last_hold_episode=1)
    result = one(desk.head + HOLD, account)
    assert [happened.day for happened in result.kept] == [date(2026, 9, 30)]


def test_steps_sent_before_the_first_day_are_not_repeated(desk: Desk) -> None:
    sent = desk.sent("i1", 1, (TODAY - date(2026, 8, 20)).days, "first reminder")
    account = desk.account(an_invoice(desk, date(2026, 8, 15)), sent=(sent,))
    result = one(desk.head + desk.steps + desk.daily, account)
    assert days(result) == [
        (date(2026, 9, 2), "second reminder"),
        (date(2026, 9, 18), "final notice"),
    ]


def test_comparing_two_rulebooks_lists_customers_of_only_one(desk: Desk) -> None:
    accounts = [
        desk.account(
            desk.invoice(f"i{n}", (TODAY - date(2026, 9, 10)).days, amount, contact=f"c{n}"),
            contacts=(desk.contact(f"c{n}"),),
        )
        for n, amount in enumerate(["5", "50", "500"])
    ]
    cadence = desk.steps.replace("    steps:", "    when: {balance: {at_least: 20}}\n    steps:")
    both = run(
        [a_rulebook(desk.head + cadence), a_rulebook(desk.head + desk.steps, "other.yaml")],
        *accounts,
    )
    assert both.only == Only(0, 1, 2)
    assert [result.tally.customers for result in both.results] == [2, 3]
    assert run([a_rulebook(desk.head + cadence)], *accounts).only is None


def test_every_action_is_counted_and_so_many_are_listed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ACTIONS_KEPT_MAX", 2)
    result = one(
        desk.head + desk.steps + desk.daily, desk.account(an_invoice(desk, date(2026, 9, 10)))
    )
    assert (len(result.kept), result.left_out, result.tally.totals["messages"]) == (2, 2, 4)
    assert backtest_view(result).actions_left_out == 2


def test_days_on_which_nothing_changes_are_not_planned(desk: Desk) -> None:
    result = one(
        desk.head + desk.steps + desk.daily, desk.account(an_invoice(desk, date(2026, 9, 10)))
    )
    assert result.evaluated < 16


def test_it_says_what_it_cannot_show() -> None:
    assert CANNOT_SHOW.startswith("It cannot show how much sooner customers would have paid")
