"""Letters about the account leave once each, by the rules of every message, or say why not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.core.conftest import Desk

from arsync.core.actions import Action, ActionKind, LetterOccasion
from arsync.core.actions.effects import after
from arsync.core.ledger.records import (
    Account,
    Allocation,
    Dispute,
    Invoice,
    LetterSent,
    LimitChange,
    PlacedDebt,
    Placement,
    StandingHold,
)
from arsync.core.planning.account_letters import DAYS_LATE_MAX
from arsync.core.planning.planning_context import Sends

SENDING = "sending: {via: smtp, days: every day, days_between_messages: 5}\n"
MONTHLY = f"""{Desk.head}{SENDING}statements:
  - {{name: Monthly, when: {{balance: {{more_than: 0}}}}, on: 1st business day}}
"""
THANKS = f"""{Desk.head}{SENDING}thank_you:
  when: {{days_late: {{at_most: 0}}, amount_paid: {{at_least: 1000}}}}
"""
ISSUED = f"""{Desk.head}{SENDING}after_issue:
  - {{days: 3, email: satisfaction check, when: {{total: {{at_least: 500}}}}, once_per: invoice}}
  - {{days: 0, email: terms of trade, once_per: customer}}
"""
SINCE = date(2026, 1, 1)
Change = Callable[[Account, date], Account]


def letters(desk: Desk, rules: str, account: Account, day: date, **values: Any) -> list[Action]:
    actions = desk.plan(rules, account, today=day, **values).actions
    return [action for action in actions if action.kind is ActionKind.ACCOUNT_LETTER]


def why_held(desk: Desk, rules: str, account: Account, day: date, **values: Any) -> list[str]:
    assert not letters(desk, rules, account, day, **values)
    return [held.why for held in desk.plan(rules, account, today=day, **values).held_back]


def played(
    desk: Desk,
    rules: str,
    account: Account,
    first: date,
    days: int,
    change: Change = lambda account, _: account,
) -> list[str]:
    """Return what leaves day by day, all of it done: `2026-12-01 statement of account`."""
    told: list[str] = []
    for ahead in range(days):
        today = first + timedelta(ahead)
        account = change(account, today)
        actions = desk.plan(rules, account, today=today).actions
        told += [f"{today} {action.step or action.kind}" for action in actions]
        account = after(account, actions, today)
    return told


def debtor(desk: Desk, *invoices: Invoice, **values: Any) -> Account:
    return desk.account(*invoices, taken_over_on=values.pop("since", SINCE), **values)


def paid(desk: Desk, *, total: str = "1500", late: int = 0, days_ago: int = 1) -> Account:
    """Return who paid one invoice so many days ago, so many days late."""
    paid_on = desk.today - timedelta(days_ago)
    invoice = desk.invoice("i1", 0, total)._replace(
        status="paid",
        amount_due=desk.invoice("x", 0, "0").amount_due,
        paid_on=paid_on,
        due_on=paid_on - timedelta(late),
    )
    allocations = (Allocation("i1", invoice.total, paid_on),)
    return debtor(desk, invoice, payments=(desk.payment(total, days_ago, allocations=allocations),))


# -- statements -------------------------------------------------------------------------------


def test_a_statement_leaves_once_a_month(desk: Desk) -> None:
    account = debtor(desk, desk.invoice("i1", -25))
    told = played(desk, MONTHLY, account, date(2026, 11, 20), 50)
    assert told == ["2026-12-01 statement of account", "2027-01-01 statement of account"]


def test_a_missed_day_is_caught_up_for_some_days(desk: Desk) -> None:
    account, due = debtor(desk, desk.invoice("i1", -25)), date(2026, 12, 1)
    [action] = letters(desk, MONTHLY, account, due + timedelta(DAYS_LATE_MAX))
    assert action.subject == "statement 2026-12"
    assert not letters(desk, MONTHLY, account, due + timedelta(DAYS_LATE_MAX + 1))


def test_no_statement_is_of_before_the_connection(desk: Desk) -> None:
    account = debtor(desk, desk.invoice("i1", -25), since=date(2026, 12, 2))
    assert not letters(desk, MONTHLY, account, date(2026, 12, 3))
    assert not letters(desk, MONTHLY, account._replace(taken_over_on=None), date(2026, 12, 3))


def test_nobody_gets_an_empty_statement(desk: Desk) -> None:
    everyone = MONTHLY.replace("when: {balance: {more_than: 0}}, ", "")
    due = date(2026, 12, 1)
    settled = desk.invoice("i1", 60, "0", total="50", status="paid", paid_on=desk.today)
    assert not letters(desk, everyone, debtor(desk, settled), due)
    in_hand = debtor(desk, settled, credits=(desk.credit("20"),))
    [action] = letters(desk, everyone, in_hand, due)
    assert not action.invoices
    activity = everyone.replace("on: 1st", "kind: activity, on: 1st")
    assert not letters(desk, activity, debtor(desk, settled), due)
    recent = settled._replace(issued_on=date(2026, 11, 5))
    [action] = letters(desk, activity, debtor(desk, recent), due)
    payload: Any = action.payload
    assert payload.statement.since == date(2026, 11, 3)


def test_an_activity_goes_on_where_the_last_ended(desk: Desk) -> None:
    rules = MONTHLY.replace("on: 1st", "kind: activity, on: 1st")
    account = debtor(desk, desk.invoice("i1", -25))
    late = date(2026, 12, 4)
    [first] = letters(desk, rules, account, late)
    account = after(account, [first], late)
    [second] = letters(desk, rules, account, date(2027, 1, 1))
    payload: Any = second.payload
    assert payload.statement.since == date(2026, 12, 5)


def test_a_statement_counts_as_a_message(desk: Desk) -> None:
    rules = MONTHLY + Desk.steps
    account = debtor(desk, desk.invoice("i1", 0, due_on=date(2026, 12, 1)))
    told = played(desk, rules, account, date(2026, 12, 1), 20)
    # Due on the 1st, so it is overdue on the 2nd: the gap keeps the reminder until the 6th.
    assert told == [
        "2026-12-01 statement of account",
        "2026-12-06 first reminder",
        "2026-12-19 second reminder",
    ]


def test_a_reminder_of_the_day_goes_first(desk: Desk) -> None:
    rules = MONTHLY + Desk.steps
    account = debtor(desk, desk.invoice("i1", 0, due_on=date(2026, 11, 30)))
    told = played(desk, rules, account, date(2026, 12, 1), 8)
    assert told == ["2026-12-01 first reminder", "2026-12-06 statement of account"]


def test_uncertain_figures_make_no_statement(desk: Desk) -> None:
    due = date(2026, 12, 1)
    account = debtor(desk, desk.invoice("i1", -25), unreadable=("INV-9",))
    assert why_held(desk, MONTHLY, account, due) == [
        "statement of account: the amount owed is uncertain: INV-9 cannot be read"
    ]


def test_who_may_not_be_written_to_is_held_back(desk: Desk) -> None:
    due, invoice = date(2026, 12, 1), desk.invoice("i1", -25)
    nobody = (desk.contact(email=""),)
    assert why_held(desk, MONTHLY, debtor(desk, invoice, contacts=nobody), due) == [
        "statement of account: no email address"
    ]
    pause = "customers: [{contact: Name c1, pause_until: 2026-12-24}]\n"
    [why] = why_held(desk, MONTHLY + pause, debtor(desk, invoice), due)
    assert "paused until 2026-12-24" in why
    alone = "leave_alone: [{name: Ours, when: {contact: Name c1}}]\n"
    [why] = why_held(desk, MONTHLY + alone, debtor(desk, invoice), due)
    assert why == "statement of account: excluded: Ours"
    debt = PlacedDebt("i1", invoice.amount_due, "GBP")
    placed = (Placement("k", "Example Collections", desk.today, (debt,)),)
    [why] = why_held(desk, MONTHLY, debtor(desk, invoice, placements=placed), due)
    assert why == "statement of account: placed with Example Collections"


def test_without_a_way_it_says_what_is_missing(desk: Desk) -> None:
    due, account = date(2026, 12, 1), debtor(desk, desk.invoice("i1", -25))
    sends = Sends(frozenset({"accounting system"}))
    [why] = why_held(desk, MONTHLY, account, due, sends=sends)
    assert why == "statement of account: no mail server is set up ([smtp] url)"
    by_post = MONTHLY.replace("on: 1st", "via: post, on: 1st")
    [why] = why_held(desk, by_post, account, due)
    assert why == "statement of account: no postal address"
    home = account._replace(contacts=(desk.contact(address=("1 High St", "Leeds")),))
    [action] = letters(desk, by_post, home, due)
    assert action.via == "post"
    # Where the file sends by the accounting system, which takes no words, it leaves by mail.
    [action] = letters(desk, MONTHLY.replace("via: smtp, ", ""), account, due)
    assert action.via == "smtp"


def test_closed_days_and_approval_hold_as_ever(desk: Desk) -> None:
    due, account = date(2026, 12, 1), debtor(desk, desk.invoice("i1", -25))
    rules = MONTHLY.replace("days: every day", "days: every day, closed: 2026-12-01")
    [action] = letters(desk, rules.replace("on: 1st", "approval: required, on: 1st"), account, due)
    assert action.not_before is not None
    assert action.not_before.date() == date(2026, 12, 2)
    assert action.needs_approval


# -- thanks -----------------------------------------------------------------------------------


def test_large_sums_in_time_are_thanked_for_once(desk: Desk) -> None:
    told = played(desk, THANKS, paid(desk), desk.today, 12)
    assert told == [f"{desk.today} thank you"]
    [action] = letters(desk, THANKS, paid(desk), desk.today)
    assert [ref.number for ref in action.invoices] == ["I1"]
    payload: Any = action.payload
    assert payload.occasion.about == {
        "amount_paid": (paid(desk).payments[0].amount, "GBP"),
        "paid_on": desk.today - timedelta(1),
    }


@pytest.mark.parametrize(
    ("values"),
    [{"total": "900"}, {"late": 1}, {"days_ago": DAYS_LATE_MAX + 1}],
    ids=("small", "late", "long ago"),
)
def test_small_late_and_old_payments_are_not(desk: Desk, values: dict[str, Any]) -> None:
    assert not letters(desk, THANKS, paid(desk, **values), desk.today)


def test_what_was_paid_before_the_connection_is_not(desk: Desk) -> None:
    account = paid(desk)._replace(taken_over_on=desk.today)
    assert not letters(desk, THANKS, account, desk.today)


def test_a_credit_note_is_nothing_to_thank_for(desk: Desk) -> None:
    rules = THANKS.replace(", amount_paid: {at_least: 1000}", "")
    account = paid(desk)
    assert letters(desk, rules, account, desk.today)
    assert not letters(desk, rules, account._replace(payments=()), desk.today)


def test_one_late_invoice_spoils_the_days_thanks(desk: Desk) -> None:
    account = paid(desk)
    first = account.invoices[0]
    late = first._replace(id="i2", number="I2", due_on=first.due_on - timedelta(20))
    assert not letters(desk, THANKS, account._replace(invoices=(first, late)), desk.today)


def test_thanks_wait_while_anything_is_wrong(desk: Desk) -> None:
    account = paid(desk)
    overdue = account._replace(invoices=(*account.invoices, desk.invoice("i2", 3)))
    assert "thank you: I2 is overdue: GBP 100.00" in why_held(desk, THANKS, overdue, desk.today)
    disputed = account._replace(
        invoices=(*account.invoices, desk.invoice("i2", -3)),
        disputes=(Dispute("i2", desk.today, "wrong"),),
    )
    assert "thank you: I2 is disputed" in why_held(desk, THANKS, disputed, desk.today)
    held = account._replace(hold=StandingHold("c1", desk.today, 1))
    assert "thank you: the customer is on hold" in why_held(desk, THANKS, held, desk.today)
    asked = THANKS + "  even_if: [overdue, disputed, held]\n"
    for account in (overdue, disputed, held):
        assert letters(desk, asked, account, desk.today)


# -- after issue ------------------------------------------------------------------------------


def test_a_first_invoice_brings_the_terms_and_a_question(desk: Desk) -> None:
    issued = date(2026, 11, 20)
    invoice = desk.invoice("i1", 0, "600", issued_on=issued, due_on=issued + timedelta(60))
    told = played(desk, ISSUED, debtor(desk, invoice), issued, 20)
    # The question is due on the 23rd; five days lie between two messages.
    assert told == ["2026-11-20 terms of trade", "2026-11-25 satisfaction check"]


def test_a_known_customer_gets_no_terms(desk: Desk) -> None:
    issued = date(2026, 11, 20)
    invoice = desk.invoice("i1", 0, "600", issued_on=issued, due_on=issued + timedelta(60))
    old = desk.invoice("i0", 200, "0", total="50", status="paid")
    told = played(desk, ISSUED, debtor(desk, invoice, old), issued, 20)
    assert told == ["2026-11-23 satisfaction check"]
    # Nor is anybody asked about what was issued before the connection.
    assert not played(desk, ISSUED, debtor(desk, invoice, since=date(2026, 11, 21)), issued, 20)


def test_what_was_voided_is_not_asked_about(desk: Desk) -> None:
    issued = date(2026, 11, 20)
    invoice = desk.invoice(
        "i1", 0, "600", issued_on=issued, due_on=issued + timedelta(60), status="voided"
    )
    assert not played(desk, ISSUED, debtor(desk, invoice), issued, 20)


def test_each_large_invoice_is_asked_about_once(desk: Desk) -> None:
    issued = date(2026, 11, 20)
    rules = ISSUED.replace("days_between_messages: 5", "days_between_messages: 0")
    invoices = [
        desk.invoice(name, 0, total, issued_on=issued, due_on=issued + timedelta(60))
        for name, total in (("i1", "600"), ("i2", "700"), ("i3", "10"))
    ]
    told = played(desk, rules, debtor(desk, *invoices), date(2026, 11, 23), 10)
    assert told == [
        "2026-11-23 satisfaction check",
        "2026-11-24 satisfaction check",
        "2026-11-25 terms of trade",
    ]


# -- announcements ----------------------------------------------------------------------------

HOLDS = f"""{Desk.head}{SENDING}credit_holds:
  - {{name: Late, when: {{oldest_days_overdue: {{at_least: 30}}}}}}
announcements: {{credit_holds: placed and lifted}}
"""


def test_a_hold_is_told_when_placed_and_lifted(desk: Desk) -> None:
    account = debtor(desk, desk.invoice("i1", 40))

    def pays(account: Account, today: date) -> Account:
        if today < desk.today + timedelta(9):
            return account
        return account._replace(invoices=())

    told = played(desk, HOLDS, account, desk.today, 20, pays)
    days = [desk.today + timedelta(ahead) for ahead in (0, 1, 9, 10)]
    assert told == [
        f"{days[0]} credit_hold",
        f"{days[1]} credit hold placed",
        f"{days[2]} lift_credit_hold",
        f"{days[3]} credit hold lifted",
    ]


def test_who_was_told_of_a_hold_hears_its_end(desk: Desk) -> None:
    """Though another hold came and went between the two letters, of which nobody was told."""
    told = LetterSent("k1", "c1", "credit hold placed", desk.today - timedelta(6), "m")
    free = debtor(desk, desk.invoice("i1", -20), last_hold_episode=2)._replace(letters=(told,))
    (letter,) = letters(desk, HOLDS, free, desk.today)
    assert (letter.step, letter.subject) == ("credit hold lifted", "hold lifted 2")
    over = LetterSent("k2", "c1", "credit hold lifted", told.on, "n")
    assert not letters(desk, HOLDS, free._replace(letters=(told, over)), desk.today)
    # Who was not told that the first is over is not told of the second.
    held = debtor(desk, desk.invoice("i1", 40), hold=StandingHold("c1", desk.today, 2))
    assert not letters(desk, HOLDS, held._replace(letters=(told,)), desk.today)
    assert letters(desk, HOLDS, held._replace(letters=(told, over)), desk.today)


def test_only_a_told_hold_is_told_to_be_over(desk: Desk) -> None:
    account = debtor(desk, desk.invoice("i1", -20), last_hold_episode=1)
    assert not letters(desk, HOLDS, account, desk.today)
    # Nor is a hold told of that began before this was asked for.
    long_ago = desk.today - timedelta(DAYS_LATE_MAX + 1)
    held = debtor(desk, desk.invoice("i1", 40), hold=StandingHold("c1", long_ago, 1))
    assert not letters(desk, HOLDS, held, desk.today)


def test_one_hold_of_several_is_told(desk: Desk) -> None:
    rules = HOLDS.replace("announcements: {credit_holds: placed and lifted}\n", "")
    held = debtor(
        desk,
        desk.invoice("i1", 40),
        hold=StandingHold("c1", desk.today, 1, reasons=("Late",)),
    )
    assert not letters(desk, rules, held, desk.today)
    told = rules.replace("{name: Late, ", "{name: Late, tell: customer, ")
    [action] = letters(desk, told, held, desk.today)
    payload: Any = action.payload
    assert payload.occasion == LetterOccasion(held_since=desk.today)
    assert action.because.line == 5


HAND_OVER = f"""{Desk.head}{SENDING}placements:
  - {{name: To the agency, when: {{days_overdue: {{at_least: 90}}}}, to: Example Collections}}
announcements: {{placements: 7 days before}}
"""


def test_a_hand_over_is_announced_and_then_proposed(desk: Desk) -> None:
    account = debtor(desk, desk.invoice("i1", 90))
    told = played(desk, HAND_OVER, account, desk.today, 8)
    assert told == [
        f"{desk.today} hand over announced",
        f"{desk.today + timedelta(7)} placement",
    ]
    [action] = letters(desk, HAND_OVER, account, desk.today)
    payload: Any = action.payload
    assert payload.occasion.about == {"agency": "Example Collections"}
    held = desk.plan(HAND_OVER, account).held_back
    assert [line.why for line in held] == [
        "not placed with Example Collections yet: it is announced 7 days before"
    ]


def test_who_cannot_be_told_is_proposed_at_once(desk: Desk) -> None:
    account = debtor(desk, desk.invoice("i1", 90), contacts=(desk.contact(email=""),))
    plan = desk.plan(HAND_OVER, account)
    assert [action.kind for action in plan.actions] == [ActionKind.PLACEMENT]


def test_what_is_told_is_for_the_customers_asked_for(desk: Desk) -> None:
    rules = HAND_OVER.replace("7 days before", "7 days before, when: {tag: vip}")
    plan = desk.plan(rules, debtor(desk, desk.invoice("i1", 90)))
    assert [action.kind for action in plan.actions] == [ActionKind.PLACEMENT]


def test_a_changed_limit_is_told_while_it_stands(desk: Desk) -> None:
    rules = f"""{Desk.head}{SENDING}credit_limits: [{{name: All, limit: 500}}]
announcements: {{credit_limits: changed}}
"""
    change = LimitChange("c1", desk.today - timedelta(1), Decimal(900), Decimal(500))
    account = debtor(desk, desk.invoice("i1", -25), limit_change=change)
    assert played(desk, rules, account, desk.today, 12) == [f"{desk.today} credit limit changed"]
    [action] = letters(desk, rules, account, desk.today)
    payload: Any = action.payload
    assert payload.occasion.about == {
        "limit_before": (Decimal(900), "GBP"),
        "limit_after": (Decimal(500), "GBP"),
    }
    other = change._replace(after=Decimal(700))
    for silent in (
        account._replace(limit_change=None),
        account._replace(limit_change=other),
        account._replace(limit_change=change._replace(since=date(2025, 12, 1))),
        account._replace(limit_change=change._replace(contact_id="c2")),
    ):
        assert not letters(desk, rules, silent, desk.today)
