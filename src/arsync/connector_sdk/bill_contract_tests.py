"""The part of the contract suite that is about bills and what suppliers owe back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Protocol

import pytest

from arsync.connector_sdk.contract import Capability, Connector, Platform
from arsync.core.ledger.credit_kinds import CreditKind

BILL_CALLS_MAX = 6
"""The most calls for payables of which few changed, what they are read by included."""


class BillBench(Protocol):
    """One organisation, a connector to it, and a person's hands on its payables."""

    platform: Platform

    def connector(self) -> Connector:
        """Return a new connector to the organisation, as a process that has just started has."""
        ...

    def now(self) -> datetime:
        """Return the platform's moment."""
        ...

    def advance(self, step: timedelta) -> None:
        """Let time pass at the platform."""
        ...

    def calls(self) -> int:
        """Return how many API calls the platform has seen."""
        ...

    def enter_bill(self, contact_id: str, amount: Decimal, issued_on: date, due_on: date) -> str:
        """Enter a bill of the supplier that this contact is as well; returns its id."""
        ...

    def pay_bill(self, bill_id: str, amount: Decimal) -> None:
        """Record a payment to a supplier."""
        ...

    @property
    def supplier_credits(self) -> Sequence[CreditKind]:
        """The kinds of a supplier's credit that the platform has."""
        ...

    def enter_supplier_credit(self, contact_id: str, amount: Decimal, kind: CreditKind) -> str:
        """Enter what the supplier that this contact is as well owes back; returns its id."""
        ...

    def use_supplier_credit(self, credit_id: str, bill_id: str, amount: Decimal) -> None:
        """Apply an amount of a supplier's credit to a bill."""
        ...


class _Supplier(Protocol):
    """A contact that is a supplier too."""

    @property
    def contact_id(self) -> str: ...


class BillContract:
    """What a connector that offers bills has to pass; part of `ConnectorContract`."""

    def test_open_bills_are_read_with_whom_they_are_owed_to(
        self, bench: BillBench, debtor: _Supplier
    ) -> None:
        """All of them, each once; no invoice is among them."""
        _skip_without_bills(bench)
        today = bench.now().date()
        due = today + timedelta(days=30)
        paid = bench.enter_bill(debtor.contact_id, Decimal("12.00"), today, due)
        owed = bench.enter_bill(debtor.contact_id, Decimal("512.34"), today, due)
        bench.pay_bill(paid, Decimal("12.00"))
        bench.pay_bill(owed, Decimal("12.34"))
        pages = list(bench.connector().bills(None))
        (bill,) = [bill for page in pages for bill in page.payables]
        assert (bill.id, bill.amount, bill.due_on) == (owed, Decimal("500.00"), due)
        assert bill.credit is None
        names = {bill.supplier.name, bill.supplier.company_name}
        assert "Ridgeway University" in names
        assert len({page.whole for page in pages}) == 1
        assert pages[0].whole
        assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
        assert not any(page.problems for page in pages)

    def test_bills_that_change_come_with_the_next_reading(
        self, bench: BillBench, debtor: _Supplier
    ) -> None:
        """New ones, and the ids of those that were paid, in few calls; a day later all again."""
        _skip_without_bills(bench)
        today = bench.now().date()
        first = bench.enter_bill(debtor.contact_id, Decimal("10.00"), today, today)
        cursor = list(bench.connector().bills(None))[-1].cursor
        bench.advance(timedelta(minutes=15))
        bench.pay_bill(first, Decimal("10.00"))
        second = bench.enter_bill(debtor.contact_id, Decimal("20.00"), today, today)
        before = bench.calls()
        pages = list(bench.connector().bills(cursor))
        assert bench.calls() - before <= BILL_CALLS_MAX
        assert [bill.id for page in pages for bill in page.payables] == [second]
        assert first in {settled for page in pages for settled in page.settled}
        assert not pages[-1].whole
        bench.advance(timedelta(days=1))
        pages = list(bench.connector().bills(pages[-1].cursor))
        assert [bill.id for page in pages for bill in page.payables] == [second]
        assert pages[-1].whole
        assert pages[-1].complete

    def test_suppliers_credits_are_read_with_their_bills(
        self, bench: BillBench, debtor: _Supplier
    ) -> None:
        """Of each kind what is left, and no credit of a customer; used up they are settled."""
        _skip_without_bills(bench)
        today = bench.now().date()
        bill = bench.enter_bill(debtor.contact_id, Decimal("900.00"), today, today)
        entered = {
            bench.enter_supplier_credit(debtor.contact_id, Decimal("60.00"), kind): kind
            for kind in bench.supplier_credits
        }
        used, *others = entered
        bench.use_supplier_credit(used, bill, Decimal("20.00"))
        pages = list(bench.connector().bills(None))
        open_at_first = {payable.id: payable for page in pages for payable in page.payables}
        assert open_at_first.pop(bill).amount == Decimal("880.00")
        assert {id_: credit.credit for id_, credit in open_at_first.items()} == entered
        assert open_at_first[used].amount == Decimal("40.00")
        assert all(open_at_first[credit_id].amount == Decimal("60.00") for credit_id in others)
        assert all(credit.due_on is None for credit in open_at_first.values())
        assert {credit.supplier.id for credit in open_at_first.values()} == {
            open_at_first[used].supplier.id
        }
        assert not any(page.problems for page in pages)
        bench.advance(timedelta(minutes=15))
        bench.use_supplier_credit(used, bill, Decimal("40.00"))
        before = bench.calls()
        changed = list(bench.connector().bills(pages[-1].cursor))
        assert bench.calls() - before <= BILL_CALLS_MAX
        assert used in {settled for page in changed for settled in page.settled}
        open_now = {payable.id: payable.amount for page in changed for payable in page.payables}
        assert open_now[bill] == Decimal("840.00")
        assert used not in open_now

    def test_a_reading_of_bills_goes_on_where_it_was_left(
        self, bench: BillBench, debtor: _Supplier
    ) -> None:
        """A process that dies between two pages loses none of them."""
        _skip_without_bills(bench)
        today = bench.now().date()
        ids = {bench.enter_bill(debtor.contact_id, Decimal("10.00"), today, today)}
        for kind in bench.supplier_credits:
            ids.add(bench.enter_supplier_credit(debtor.contact_id, Decimal("5.00"), kind))
        read: set[str] = set()
        cursor, complete, wholes = None, False, set[str]()
        while not complete:
            page = next(iter(bench.connector().bills(cursor)))
            read |= {payable.id for payable in page.payables}
            cursor, complete = page.cursor, page.complete
            wholes.add(page.whole)
        assert read == ids
        assert len(wholes) == 1

    def test_an_unreadable_cursor_of_bills_begins_anew(
        self, bench: BillBench, debtor: _Supplier
    ) -> None:
        """It costs a whole reading, never a wrong one."""
        _skip_without_bills(bench)
        today = bench.now().date()
        bill = bench.enter_bill(debtor.contact_id, Decimal("10.00"), today, today)
        pages = list(bench.connector().bills("of another version"))
        assert [read.id for page in pages for read in page.payables] == [bill]


def _skip_without_bills(bench: BillBench) -> None:
    if Capability.BILLS not in bench.connector().capabilities.offers:
        pytest.skip(f"{bench.platform.label} offers no bills")
