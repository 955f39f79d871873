"""An account as it stood on a past day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from arsync.core.ledger.as_of import as_it_stood
from arsync.core.ledger.records import Allocation, Dispute, Promise, StandingHold, TaskRecord

Desk = Any
THEN = date(2026, 11, 1)
LATER = date(2026, 11, 10)


def test_what_was_paid_later_was_still_owed(desk: Desk) -> None:
    allocations = (Allocation("i1", Decimal(60), LATER), Allocation("i2", Decimal(30), LATER))
    account = desk.account(
        desk.invoice("i1", 40, "0", total="60", status="paid", paid_on=LATER),
        desk.invoice("i2", 40, "70", total="100"),
        desk.invoice("i3", -20, "5"),
        desk.invoice("i4", 40, "0", total="8", status="paid", paid_on=date(2026, 10, 25)),
        payments=(desk.payment("90", 10, allocations=allocations),),
    )
    past = as_it_stood(account, THEN, zone=UTC)
    assert [
        (invoice.id, invoice.status, invoice.amount_due, invoice.paid_on)
        for invoice in past.invoices
    ] == [
        ("i1", "open", Decimal(60), None),
        ("i2", "open", Decimal(100), None),
        ("i4", "paid", Decimal(0), date(2026, 10, 25)),
    ]
    assert past.payments == ()


def test_money_allocated_later_was_still_in_hand(desk: Desk) -> None:
    allocation = Allocation("i1", Decimal(40), LATER)
    early = Allocation("i1", Decimal(10), date(2026, 10, 20))
    account = desk.account(
        desk.invoice("i1", 40, "0", total="50", status="paid", paid_on=LATER),
        payments=(desk.payment("50", 30, allocations=(early, allocation)),),
        credits=(
            desk.credit(
                "40",
                unallocated=Decimal(0),
                status="paid",
                issued_on=THEN,
                allocations=(allocation._replace(invoice_id="i9"),),
            ),
            desk.credit("9", id="new"),
            desk.credit("2", id="x", issued_on=THEN, status="paid", unallocated=Decimal(0)),
        ),
    )
    past = as_it_stood(account, THEN, zone=UTC)
    assert past.payments[0].unallocated == Decimal(40)
    assert past.payments[0].allocations == (early,)
    assert [(credit.status, credit.unallocated) for credit in past.credits] == [
        ("open", Decimal(40)),
        ("paid", Decimal(0)),
    ]
    assert past.invoices[0].amount_due == Decimal(40)


def test_a_deposit_stays_in_hand_until_its_invoice(desk: Desk) -> None:
    """LedgerSMB#8298: paid before its day, an invoice left the report and the books apart."""
    deposit = Allocation("i1", Decimal(50), THEN - timedelta(10))
    memo = Allocation("i1", Decimal(20), THEN - timedelta(5))
    account = desk.account(
        desk.invoice("i1", 0, "30", total="100", issued_on=THEN + timedelta(5)),
        payments=(
            desk.payment("50", 0, allocations=(deposit,), paid_on=deposit.allocated_on),
            # A payment of nothing: it applies the credit memo.
            desk.payment("0", 0, id="p2", allocations=(memo,), paid_on=memo.allocated_on),
        ),
        credits=(
            desk.credit(
                "20", unallocated=Decimal(0), status="paid", issued_on=THEN - timedelta(20)
            ),
        ),
    )

    def of(day: date) -> tuple[list[Decimal], list[Decimal], list[Decimal]]:
        stood = as_it_stood(account, day, zone=UTC)
        return (
            [invoice.amount_due for invoice in stood.invoices],
            [payment.unallocated for payment in stood.payments],
            [credit.unallocated for credit in stood.credits],
        )

    assert of(THEN) == ([], [Decimal(50), Decimal(0)], [Decimal(20)])
    issued = [Decimal(30)], [Decimal(0), Decimal(0)], [Decimal(0)]
    assert of(THEN + timedelta(5)) == issued


def test_a_void_counts_from_its_last_change(desk: Desk) -> None:
    changed = datetime(2026, 11, 10, 12, tzinfo=UTC)
    account = desk.account(
        desk.invoice("i1", 40, "0", total="50", status="voided", updated_at=changed),
        desk.invoice("i2", 40, "0", total="50", status="voided"),
        desk.invoice("i3", 40, "50", status="draft", updated_at=changed),
        payments=(desk.payment("5", 30, status="voided", updated_at=changed),),
        credits=(
            desk.credit(
                "40", status="voided", unallocated=Decimal(0), issued_on=THEN, updated_at=changed
            ),
        ),
    )
    past = as_it_stood(account, THEN, zone=UTC)
    assert [(invoice.status, invoice.amount_due) for invoice in past.invoices] == [
        ("open", Decimal(50)),
        ("voided", Decimal(0)),
        ("draft", Decimal(50)),
    ]
    assert (past.payments[0].status, past.credits[0].status) == ("active", "open")


def test_later_promises_and_actions_are_not_known_yet(desk: Desk) -> None:
    account = desk.account(
        desk.invoice("i1", 40),
        promises=(
            Promise(("i1",), LATER, None, date(2026, 10, 30), kept=False),
            Promise(("i1",), LATER, None, LATER),
        ),
        disputes=(
            Dispute("i1", date(2026, 10, 30), "a", LATER),
            Dispute("i1", date(2026, 10, 3), "b", date(2026, 10, 5)),
            Dispute("i1", LATER, "c"),
        ),
        sent=(desk.sent("i1", 1, 39), desk.sent("i1", 14, 5)),
        hold=StandingHold("c1", LATER, 1),
        tasks=(TaskRecord("k", "c1", "Call"),),
        done_keys=frozenset({"k"}),
    )
    past = as_it_stood(account, THEN, zone=UTC)
    assert [promise.kept for promise in past.promises] == [None]
    assert [dispute.settled_on for dispute in past.disputes] == [None, date(2026, 10, 5)]
    assert [sent_step.day for sent_step in past.sent] == [1]
    assert (past.hold, past.open_tasks, past.done_keys) == (None, (), frozenset())
    held = account._replace(hold=StandingHold("c1", THEN, 1))
    assert as_it_stood(held, THEN, zone=UTC).hold is not None


def test_a_past_dispute_knows_no_later_outcome(desk: Desk) -> None:
    opened = date(2026, 10, 30)
    waiting = Dispute("i1", opened, "a", outcome="credited", credit_agreed_on=THEN)
    for dispute, then in (
        (waiting, ("credited", THEN)),
        (waiting._replace(settled_on=LATER), ("credited", THEN)),
        (waiting._replace(credit_agreed_on=LATER), ("", None)),
        (waiting._replace(credit_agreed_on=None, settled_on=LATER), ("", None)),
    ):
        account = desk.account(desk.invoice("i1", 40), disputes=(dispute,))
        [past] = as_it_stood(account, THEN, zone=UTC).disputes
        assert ((past.outcome, past.credit_agreed_on), past.settled_on) == (then, None)


def test_a_past_plan_is_made_of_a_past_account(desk: Desk) -> None:
    paid_on = desk.today - timedelta(3)
    allocation = Allocation("i1", Decimal(100), paid_on)
    account = desk.account(
        desk.invoice("i1", 5, "0", total="100", status="paid", paid_on=paid_on),
        payments=(desk.payment("100", 3, allocations=(allocation,)),),
    )
    text = desk.head + desk.steps
    assert not desk.plan(text, account).actions
    day = desk.today - timedelta(4)
    (action,) = desk.plan(text, as_it_stood(account, day, zone=UTC), today=day).actions
    assert action.because.facts["days_overdue"] == 1
