"""A ledger played forward: who pays when, and what that leaves to do."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.builders.printed import printed, simulation_view
from tests.builders.rulebooks import a_rulebook

from arsync.core.ledger.records import Account, Instalment, Organisation, PaymentPlan, Promise
from arsync.core.rulebook.model import Safety
from arsync.core.trials.activity_counts import CUSTOMERS_KEPT_MAX
from arsync.core.trials.simulation import (
    Debtors,
    Simulation,
    paid,
    payments_of,
    simulate,
    usual_lateness,
)
from arsync.core.trials.trial import Trial

Desk = Any
TODAY = date(2026, 11, 20)
OFFERS = frozenset(
    {
        "credit hold",
        "payment terms",
        "taking payment terms off",
        "email by the accounting system",
    }
)


def play(text: str, *accounts: Account, days: int = 60, **values: Any) -> Simulation:
    rulebook = a_rulebook(text)
    organisation = Organisation("o1", "Acme", "GBP", time_zone="Europe/London")
    trial = Trial("acme", organisation, OFFERS, lambda _: lambda _: False)
    options: dict[str, Any] = {"today": TODAY, "days": days, "debtors": Debtors.NEVER, **values}
    return simulate(accounts, trial, rulebook, **options)


def paid_late(desk: Desk, name: str, late: int, contact: str = "c1") -> Any:
    """Make an invoice that was paid so many days late, some months ago."""
    invoice = desk.invoice(name, 120, "0", contact=contact, total="50", status="paid")
    return invoice._replace(paid_on=invoice.due_on + timedelta(late))


def test_messages_wait_for_business_days(desk: Desk) -> None:
    text = desk.head + desk.steps + "sending: {days: business days}\n"
    # Due on Friday: the first reminder is due on Saturday and leaves on Monday.
    simulation = play(text, desk.account(desk.invoice("i1", 0)), days=10)
    assert list(simulation.tally.days) == [date(2026, 11, 23)]


def test_calls_that_others_wait_for_are_done(desk: Desk) -> None:
    text = (
        desk.head
        + desk.daily
        + (
            "reminders: [{name: Calls, steps: [{day: 1, call: Ask, then: wait until done},"
            " {after: 5 days, email: first reminder}, {after: 5 days, task: Look}]}]\n"
        )
    )
    simulation = play(text, desk.account(desk.invoice("i1", 0)), days=40)
    assert [(day - TODAY).days for day in simulation.tally.days] == [1, 6, 11]


def test_nobody_pays_again_what_was_paid_in_advance(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 2), credits=(desk.credit("70"),))
    [due] = payments_of(account, Debtors.AS_BEFORE, TODAY, 5, base="GBP")
    assert due.amount == Decimal(30)
    after = paid(account, due)
    assert payments_of(after, Debtors.AS_BEFORE, due.on, 5, base="GBP") == []


def test_debtors_pay_as_late_as_they_used_to(desk: Desk) -> None:
    own = desk.account(
        paid_late(desk, "old", 8), paid_late(desk, "older", 10), desk.invoice("i1", 2)
    )
    due_payments = payments_of(own, Debtors.AS_BEFORE, TODAY, 30, base="GBP")
    assert [(due_payment.invoice.id, due_payment.on) for due_payment in due_payments] == [
        ("i1", TODAY + timedelta(7))
    ]
    new = desk.account(desk.invoice("i2", 2))
    assert payments_of(new, Debtors.AS_BEFORE, TODAY, 30, base="GBP")[0].on == TODAY + timedelta(28)
    assert payments_of(new, Debtors.AS_BEFORE, TODAY, None, base="GBP") == []


def test_who_is_already_later_than_ever_counts_from_today(desk: Desk) -> None:
    account = desk.account(paid_late(desk, "old", 8), desk.invoice("i1", 40))
    assert payments_of(account, Debtors.AS_BEFORE, TODAY, None, base="GBP")[
        0
    ].on == TODAY + timedelta(8)
    prompt = desk.account(paid_late(desk, "old", 0), desk.invoice("i1", 40))
    assert payments_of(prompt, Debtors.AS_BEFORE, TODAY, None, base="GBP")[
        0
    ].on == TODAY + timedelta(1)


def test_the_ledgers_lateness_averages_its_paid_invoices(desk: Desk) -> None:
    accounts = [
        desk.account(paid_late(desk, "a", 4), paid_late(desk, "b", 5)),
        desk.account(paid_late(desk, "c", 0), desk.invoice("d", 300)),
    ]
    assert usual_lateness(accounts, TODAY) == 3
    assert usual_lateness([desk.account(desk.invoice("d", 300))], TODAY) is None


def test_the_promise_profile_pays_only_promised_or_expected_invoices(desk: Desk) -> None:
    day = TODAY + timedelta(5)
    account = desk.account(
        desk.invoice("i1", 9),
        desk.invoice("i2", 9, expected_on=day),
        desk.invoice("i3", 9),
        promises=(
            Promise(("i1",), TODAY + timedelta(2), None, TODAY - timedelta(9)),
            Promise(("i1",), day, Decimal(40), TODAY),
            Promise(("i3",), TODAY - timedelta(1), None, TODAY - timedelta(9)),
        ),
    )
    due_payments = payments_of(account, Debtors.ON_PROMISE, TODAY, 30, base="GBP")
    assert [
        (due_payment.invoice.id, due_payment.on, due_payment.amount) for due_payment in due_payments
    ] == [
        ("i1", day, Decimal(40)),
        ("i2", day, Decimal(100)),
    ]


def test_part_of_an_invoice_leaves_the_rest_owed(desk: Desk) -> None:
    account = desk.account(
        desk.invoice("i1", 9),
        promises=(Promise(("i1",), TODAY + timedelta(5), Decimal(40), TODAY),),
    )
    due = payments_of(account, Debtors.ON_PROMISE, TODAY, None, base="GBP")[0]
    after = paid(account, due)
    assert (after.invoices[0].status, after.invoices[0].amount_due) == ("open", Decimal(60))
    assert after.payments[0].allocations[0].amount == Decimal(40)
    whole = paid(account, due._replace(amount=Decimal(100)))
    assert (whole.invoices[0].status, whole.invoices[0].paid_on) == ("paid", due.on)


def test_instalments_come_as_agreed_or_never(desk: Desk) -> None:
    due = tuple(Instalment(TODAY + timedelta(days), Decimal(60)) for days in (5, 20))
    plan = PaymentPlan(1, "c1", ("i1", "i2"), "GBP", TODAY, "Jo", due)
    account = desk.account(
        desk.invoice("i1", 30, "100"), desk.invoice("i2", 9, "20"), payment_plans=(plan,)
    )

    coming = payments_of(account, Debtors.ON_PROMISE, TODAY, None, base="GBP")
    assert [(payment.invoice.id, payment.on, payment.amount) for payment in coming] == [
        ("i1", due[0].due_on, Decimal(60)),
        ("i1", due[1].due_on, Decimal(40)),
        ("i2", due[1].due_on, Decimal(20)),
    ]
    text = desk.head + desk.steps + desk.daily
    assert dict(play(text, account, debtors=Debtors.ON_PROMISE).tally.totals) == {}
    # Broken after Monday, eight days on, and then the reminders go on.
    assert dict(play(text, account, days=11).tally.totals) == {}
    assert "messages" in play(text, account, days=12).tally.totals


def test_paying_ends_reminders_and_lifts_the_hold(desk: Desk) -> None:
    hold = "credit_holds:\n  - name: Old\n    when: {oldest_days_overdue: {at_least: 60}}\n"
    text = desk.head + hold + desk.steps + desk.daily
    account = desk.account(desk.invoice("i1", 70, expected_on=TODAY + timedelta(5)))
    never = play(text, account)
    assert dict(never.tally.totals) == {"messages": 3, "holds": 1}
    kept = play(text, account, debtors=Debtors.ON_PROMISE)
    assert dict(kept.tally.totals) == {"messages": 1, "holds": 1, "holds lifted": 1}
    assert kept.payments == 1


def test_what_goes_to_the_agency_is_counted_and_left(desk: Desk) -> None:
    agency = (
        "placements:\n  - name: Gone\n    when: {days_overdue: {at_least: 40}, steps_left: no}\n"
        "    to: Example Collections\n"
        "follow_ups:\n  - {name: Old, when: {days_overdue: {at_least: 45}}, task: Call}\n"
    )
    account = desk.account(desk.invoice("i1", 0))
    simulation = play(desk.head + desk.steps + desk.daily + agency, account, days=90)
    assert dict(simulation.tally.totals) == {"messages": 3, "placements": 1}
    assert simulation.tally.approvals == 1


def test_peaks_are_compared_with_the_safety_limits(desk: Desk) -> None:
    accounts = [
        desk.account(desk.invoice(f"i{n}", 3, contact=f"c{n}"), contacts=(desk.contact(f"c{n}"),))
        for n in range(5)
    ]
    simulation = play(desk.head + desk.steps + desk.daily, *accounts, days=20)
    peak = simulation.tally.peaks(Safety(emails=4))[0]
    assert peak == ("messages", 5, TODAY, 4, 2)


def test_only_the_customers_touched_most_are_kept(desk: Desk) -> None:
    accounts = [
        desk.account(
            *(desk.invoice(f"i{n}-{m}", 3, contact=f"c{n}") for m in range(1 + (n == 7))),
            contacts=(desk.contact(f"c{n}"),),
        )
        for n in range(CUSTOMERS_KEPT_MAX + 5)
    ]
    tally = play(desk.head + desk.steps + desk.daily, *accounts, days=5).tally
    assert tally.customers == CUSTOMERS_KEPT_MAX + 5
    assert len(tally.most()) == CUSTOMERS_KEPT_MAX
    assert tally.most()[0].contact_id == "c7"


def test_an_observed_connection_is_taken_over_on_day_one(desk: Desk) -> None:
    text = desk.head + desk.steps + desk.daily + "take_over: spread over 9 days\n"
    accounts = [
        desk.account(desk.invoice(f"i{n}", 50, contact=f"c{n}"), contacts=(desk.contact(f"c{n}"),))
        for n in range(30)
    ]
    tally = play(text, *accounts, days=13).tally
    assert tally.totals["messages"] == 30
    assert max(day["messages"] for day in tally.days.values()) < 12


def test_daily_counts_in_json_include_days_of_rest(desk: Desk) -> None:
    played = play(desk.head + desk.steps + desk.daily, desk.account(desk.invoice("i1", 3)))
    shown = printed(simulation_view(played))
    assert len(shown["days"]) == 60
    assert shown["days"][0]["messages"] == 1
    assert shown["days"][1]["messages"] == 0
    assert shown["touched_most"][0]["messages"] == 3
