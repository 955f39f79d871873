"""The books in memory, held to what the outbox relies on of a connector.

The tests of `ConnectorContract` are taken by name, word for word, so that the real connectors and
the books keep the same promises. Left out is what the books do not have (groups, notes of people,
pages of a pull, OAuth), and one promise on purpose: the real connectors look before they write
again, and the books do not, so that a repetition without a look shows as a double.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.builders.actions import an_action, refs_to
from tests.builders.books import NOW, Books, BooksConnector, BooksPlatform, Fault
from tests.builders.records import a_contact, a_payment, an_invoice

from arsync.connector_sdk import Platform, ReversalStatus, Write
from arsync.connector_sdk.contract_tests import Bench, ConnectorContract
from arsync.core.actions import Action, ActionKind, Via, marker
from arsync.core.actions.reversal import undo_action
from arsync.core.ledger.credit_kinds import CreditKind
from arsync.errors import OutcomeUnknown, Rejected


class BooksBench:
    """The books, with a bookkeeper's hands on them."""

    def __init__(self) -> None:
        self.books = Books()
        self.platform: Platform = BooksPlatform(self.books)
        self._moment = NOW

    def connector(self) -> BooksConnector:
        return BooksConnector(self.books, "org")

    def now(self) -> datetime:
        return self._moment

    def advance(self, step: timedelta) -> None:
        self._moment += step

    def calls(self) -> int:
        return len(self.books.calls)

    def state(self) -> Mapping[str, Any]:
        """Return what was done as the ledger of a platform shows it: a note, perhaps an email."""
        writes = [done.write for done in self.books.done]
        emails = [
            write
            for write in writes
            if write.action.kind is ActionKind.REMINDER and write.action.via == Via.PLATFORM
        ]
        nothing: dict[str, Any] = dict.fromkeys(("attachments", "groups", "contacts"), ())
        return nothing | {
            "history": [{"text": f"{write.text} {marker(write.key)}"} for write in writes],
            "emails": emails,
            "invoices": list(self.books.invoices),
        }

    def add_contact(self, name: str, email: str) -> str:
        contact = a_contact(f"c{len(self.books.contacts) + 1}", name, email=email)
        self.books.contacts[contact.id] = contact
        return contact.id

    def add_invoice(self, contact_id: str, amount: Decimal, issued_on: date, due_on: date) -> str:
        invoice = an_invoice(
            f"{len(self.books.invoices) + 1}",
            contact_id,
            issued_on=issued_on,
            due_on=due_on,
            total=amount,
        )
        self.books.invoices[invoice.id] = invoice
        return invoice.id

    def add_invoices(self, contact_id: str, count: int) -> None:
        raise NotImplementedError

    def pay(self, invoice_id: str, amount: Decimal) -> None:
        invoice = self.books.invoices[invoice_id]
        self.books.payments["p1"] = a_payment("p1", invoice.contact_id, amount=amount)
        if amount == invoice.amount_due:
            self.books.pay(invoice)
        else:
            left = invoice.amount_due - amount
            self.books.invoices[invoice_id] = invoice._replace(amount_due=left)

    def enter_bill(self, contact_id: str, amount: Decimal, issued_on: date, due_on: date) -> str:
        raise NotImplementedError

    def pay_bill(self, bill_id: str, amount: Decimal) -> None:
        raise NotImplementedError

    supplier_credits: Sequence[CreditKind] = ()

    def enter_supplier_credit(self, contact_id: str, amount: Decimal, kind: CreditKind) -> str:
        raise NotImplementedError

    def use_supplier_credit(self, credit_id: str, bill_id: str, amount: Decimal) -> None:
        raise NotImplementedError

    def rename(self, contact_id: str, name: str) -> None:
        self.books.contacts[contact_id] = self.books.contacts[contact_id]._replace(name=name)

    def move(self, contact_id: str, street: str, city: str, postcode: str) -> None:
        lines = (*street.splitlines(), city, postcode)
        self.books.contacts[contact_id] = self.books.contacts[contact_id]._replace(address=lines)

    def change_by_hand(self, kind: ActionKind, contact_id: str, invoice_id: str) -> None:
        raise NotImplementedError

    def refuse_looks(self) -> None:
        self.books.blind = True

    def lose_answer(self, *, effect: bool) -> None:
        self.books.faults.append(Fault("perform", OutcomeUnknown("the answer was lost"), effect))


class TestBooks:
    """What the outbox relies on, of the suite that certifies the real connectors."""

    @pytest.fixture
    def bench(self) -> Bench:
        return BooksBench()

    debtor = ConnectorContract.debtor
    case = ConnectorContract.case
    test_the_organisation = ConnectorContract.test_the_organisation_says_who_it_is
    test_reading_afresh = ConnectorContract.test_single_records_are_read_afresh
    test_late_money = ConnectorContract.test_money_since_a_pull_takes_few_calls
    test_not_found = ConnectorContract.test_what_was_never_written_is_not_found
    test_found = ConnectorContract.test_what_was_written_stands_and_is_found
    test_cannot_tell = ConnectorContract.test_a_refused_look_is_an_unknown_outcome
    test_a_lost_answer = ConnectorContract.test_a_lost_answer_is_settled_by_looking


@pytest.fixture
def books() -> Books:
    return Books()


def prepared(books: Books, action: Action, **fields: Any) -> Write:
    """Return the write of an action as the outbox makes it."""
    before = BooksConnector(books, "org").prepare(action)
    return Write(action, action.key, before=before, **fields)


def test_the_same_key_twice_stands_once(books: Books) -> None:
    connector, write = BooksConnector(books, "org"), prepared(books, an_action())
    assert connector.perform(write) == connector.perform(write)
    books.assert_nothing_twice()


def test_a_repetition_without_a_look_shows(books: Books) -> None:
    connector, write = BooksConnector(books, "org"), prepared(books, an_action())
    connector.perform(write)
    connector.perform(write._replace(generation=2))
    with pytest.raises(AssertionError):
        books.assert_nothing_twice()


def test_nothing_is_written_unprepared(books: Books) -> None:
    action = an_action()
    with pytest.raises(KeyError):
        BooksConnector(books, "org").perform(Write(action, action.key))
    assert books.done == []


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_fault_happens_before_or_after_the_effect(books: Books, after: bool) -> None:
    connector, write = BooksConnector(books, "org"), prepared(books, an_action())
    books.faults.append(Fault("perform", Rejected("no"), after=after))
    with pytest.raises(Rejected):
        connector.perform(write)
    assert (connector.find(write) is not None) is after


def test_undoing_has_three_answers(books: Books) -> None:
    invoice = books.add_invoice(books.add_contact(1), 1)
    connector = BooksConnector(books, "org")
    hold = prepared(books, an_action(ActionKind.CREDIT_HOLD, invoices=refs_to(invoice)))
    connector.perform(hold)
    assert connector.undoing(hold).status is ReversalStatus.OURS
    action = undo_action(hold.action, generation=1, done_on=None, who="Jane", reason="a mistake")
    undo = prepared(books, action, undoes=hold)
    books.by_hand.add(hold.key)
    changed = connector.undoing(hold)
    assert changed.status is ReversalStatus.CHANGED
    with pytest.raises(Rejected) as caught:
        connector.perform(undo)
    assert str(caught.value) == changed.refusal
    books.by_hand.clear()
    connector.perform(undo)
    assert connector.undoing(hold).status is ReversalStatus.AS_BEFORE
