"""What waits, in short, on both databases; and the sums of a whole ledger."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.builders.actions import an_action, an_invoice_ref
from tests.builders.records import a_contact, a_payment, an_invoice
from tests.store.conftest import NOW

from arsync.connector_sdk import Page
from arsync.core.actions import ActionKind, ActionState
from arsync.core.actions.decided_together import DecisionPlace, decided_together
from arsync.core.ledger.records import RecordKind
from arsync.core.planning.plan import Plan, SafetyVerdict
from arsync.store import Store
from arsync.store.models import ConnectionRow, WaitingInvoice

DAY = date(2026, 11, 22)
WITHIN_LIMITS = SafetyVerdict(exceeded=False)


def apply(store: Store, connection: ConnectionRow, kind: RecordKind, *records: Any) -> None:
    store.ledger.apply(connection.id, Page(kind, records, "next"), NOW)


def save(store: Store, connection: ConnectionRow, *actions: Any, **changes: Any) -> None:
    plan = Plan("acme", DAY, (), "abc", actions, (), WITHIN_LIMITS)
    now = changes.get("now", NOW)
    store.actions.save_plan(connection.id, plan, mode="approve", now=now)


def test_an_action_in_short_keeps_its_amounts(store: Store, connection: ConnectionRow) -> None:
    ref = an_invoice_ref(
        "i1",
        amount_due=Decimal("90.10"),
        document_amount_due=Decimal("100.00"),
        days_overdue=12,
    )
    letter = an_action(invoices=(ref,), step="first reminder", subject="i1 day 14")
    hold = an_action(ActionKind.CREDIT_HOLD)
    save(store, connection, letter, hold)
    short, held = store.waiting.rows(connection.id, {ActionState.AWAITING_APPROVAL})
    assert (short.key, short.contact_name, short.title) == (
        letter.key,
        "Customer",
        "first reminder",
    )
    assert short.invoices == (
        WaitingInvoice("i1", "INV-1", Decimal("90.10"), "GBP", 12, Decimal("100.00")),
    )
    assert (held.kind, held.invoices) == (ActionKind.CREDIT_HOLD, ())


def test_what_lost_its_reason_is_told_since_a_moment(
    store: Store, connection: ConnectionRow
) -> None:
    save(store, connection, an_action(subject="i1 day 14"))
    later = NOW + timedelta(hours=1)
    save(store, connection, now=later)
    assert [gone.reason for gone in store.waiting.gone(connection.id, later)] == [
        "the reason is gone"
    ]
    assert store.waiting.gone(connection.id, later + timedelta(seconds=1)) == []


def test_rates_groups_and_dues_are_read_by_their_ids(
    store: Store, connection: ConnectionRow
) -> None:
    apply(
        store,
        connection,
        RecordKind.CONTACTS,
        a_contact("c1", "Ann", groups=("VIP", "North")),
        a_contact("c2", "Bob"),
    )
    apply(
        store,
        connection,
        RecordKind.INVOICES,
        an_invoice("i1", "c1", currency="USD", rate=Decimal("0.8"), amount_due=Decimal(50)),
        an_invoice("i2", "c1", amount_due=Decimal(30), due_on=date(2026, 10, 1)),
    )
    waiting = store.waiting
    assert waiting.rates(connection.id, ["i1", "i2"])["i1"] == Decimal("0.8")
    assert waiting.dues(connection.id, ["i2", "i9"]) == {"i2": Decimal(30)}
    assert waiting.groups(connection.id) == ["North", "VIP"]
    assert waiting.in_group(connection.id, "VIP") == {"c1"}
    assert waiting.names(connection.id, ["c2"]) == {"c2": "Bob"}
    shares = {share.currency: share for share in waiting.owed(connection.id, ["c1"])}
    assert shares["USD"].rate == Decimal("0.8")
    assert (shares["GBP"].amount_due, shares["GBP"].first_due) == (Decimal(30), date(2026, 10, 1))


def test_the_last_message_of_each_customer_is_known(
    store: Store, connection: ConnectionRow
) -> None:
    letter = an_action(subject="i1 day 14", step="second reminder")
    save(store, connection, letter)
    store.actions.change(letter.key, ActionState.APPROVED, who="Ann", why="x", now=NOW)
    store.claims.claim_next(connection.id, now=NOW, lease_seconds=60, today=DAY)
    store.actions.change(letter.key, ActionState.SENT, who="arsync", why="x", now=NOW)
    heard = store.waiting.last_heard(connection.id, ["c1", "c2"])
    assert {id_: (each.step, each.sent_on) for id_, each in heard.items()} == {
        "c1": ("second reminder", DAY)
    }


def test_a_ledgers_sums_tell_what_is_overdue_and_old(
    store: Store, connection: ConnectionRow
) -> None:
    ages = {"i1": -5, "i2": 10, "i3": 120}
    apply(
        store,
        connection,
        RecordKind.INVOICES,
        *(
            an_invoice(
                id_,
                "c1",
                amount_due=Decimal(100),
                issued_on=date(2026, 6, 1),
                due_on=DAY - timedelta(days=overdue),
            )
            for id_, overdue in ages.items()
        ),
        an_invoice("i4", "c2", amount_due=Decimal(7), currency="EUR", due_on=DAY),
    )
    sums = store.sums.owed(connection.id, DAY)
    assert sums.owed == {"GBP": Decimal(300), "EUR": Decimal(7)}
    assert sums.overdue == {"GBP": Decimal(200)}
    assert sums.old == {"GBP": Decimal(100)}
    assert sums.customers == 2


def test_what_was_paid_since_a_day_is_summed(store: Store, connection: ConnectionRow) -> None:
    apply(
        store,
        connection,
        RecordKind.PAYMENTS,
        a_payment("p1", "c1", amount=Decimal("20.50"), paid_on=DAY),
        a_payment("p2", "c1", amount=Decimal("4.50"), paid_on=DAY - timedelta(days=1)),
    )
    assert store.sums.paid(connection.id, DAY).paid == {"GBP": Decimal("20.50")}
    both = store.sums.paid(connection.id, DAY - timedelta(days=1))
    assert (both.paid, both.payments) == ({"GBP": Decimal("25.00")}, 2)


def test_a_hold_and_its_terms_count_as_one_decision(
    store: Store, connection: ConnectionRow
) -> None:
    save(
        store,
        connection,
        an_action(ActionKind.CREDIT_HOLD, episode=1),
        an_action(ActionKind.TERMS, episode=1),
        an_action(ActionKind.TERMS, episode=2),
        an_action(ActionKind.RESTORE_TERMS, contact_id="c2"),
        an_action(subject="i1 day 14"),
    )
    waits = {ActionState.AWAITING_APPROVAL}
    listed = decided_together(
        store.waiting.rows(connection.id, waits),
        lambda row: DecisionPlace("", row.contact_id, row.episode, row.kind),
    )
    assert sorted(len(along) for _, along in listed) == [0, 0, 0, 1]
    assert store.waiting.decisions(connection.id) == len(listed)
    assert store.standings.read(DAY)[0].decisions == len(listed)


def test_terms_count_alone_once_their_hold_is_decided(
    store: Store, connection: ConnectionRow
) -> None:
    hold = an_action(ActionKind.CREDIT_HOLD, episode=1)
    save(store, connection, hold, an_action(ActionKind.TERMS, episode=1))
    store.actions.change(hold.key, ActionState.APPROVED, who="Hannah Reid", why="approved", now=NOW)
    assert store.waiting.decisions(connection.id) == 1
