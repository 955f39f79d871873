"""The suite that certifies a connector. Needs pytest; import it from tests only.

A connector's own test module subclasses `ConnectorContract` and provides one fixture, `bench`: an
organisation at the platform (or at something that behaves like it) with a connector to it and a
bookkeeper's hands on its ledger. Every promise of `arsync.connector_sdk` is then tested:

    class TestXero(ConnectorContract):
        @pytest.fixture
        def bench(self, sandbox: Sandbox) -> Bench:
            return SandboxBench(sandbox, "xero")
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

import pytest
from msgspec.structs import replace

from arsync.connector_sdk import (
    BALANCE_CALLS_MAX,
    INVOICE_PDF_BYTES_MAX,
    NOTE_CALLS_MAX,
    Capability,
    Connector,
    Page,
    Platform,
    ReversalStatus,
    Write,
)
from arsync.connector_sdk.bill_contract_tests import BillBench, BillContract
from arsync.core.actions import (
    AccountLetterPayload,
    Action,
    ActionKind,
    AgreedCreditPayload,
    Because,
    CreditHoldPayload,
    CreditNotePayload,
    DisputePayload,
    HoldReasonsPayload,
    InstalmentLine,
    InvoiceRef,
    LateFeePayload,
    LetterPayload,
    LiftCreditHoldPayload,
    NotePayload,
    Payload,
    PaymentPlanPayload,
    PlacementPayload,
    PromisePayload,
    ReminderLevelPayload,
    ReminderPayload,
    RestoreTermsPayload,
    TaskDonePayload,
    TaskPayload,
    TermsPayload,
    Via,
    marker,
)
from arsync.core.actions.registry import HOLD_KINDS, UNDOABLE
from arsync.core.actions.reversal import undo_action
from arsync.core.ledger.records import (
    Contact,
    DocumentStatus,
    Invoice,
    Organisation,
    RecordKind,
)
from arsync.errors import ArsyncError, OutcomeUnknown, Rejected

MONEY_CALLS_MAX = 3
"""The most calls for late money, which is looked for while messages leave."""
QUIET_CALLS_MAX = 8
"""Calls of a pull that finds nothing new."""
CALLS_BESIDE_ROWS_MAX = 10
"""Calls of a full pull beyond one for each thousand rows of an entity."""
ROWS_PER_CALL = 1000
PAGED_INVOICES = 1_050
"""Enough for a second page."""
NOTE_LENGTH = 20_000
"""Longer than any platform's note."""


class Bench(BillBench, Protocol):
    """One organisation, a connector to it, and a person's hands on its ledger."""

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

    def state(self) -> Mapping[str, Any]:
        """Return the ledger as the platform holds it.

        Keys: contacts, invoices, payments, history, groups, terms, attachments, emails; each a list
        of objects, as `arsync_sandbox.platform.Book.state` lists them.
        """
        ...

    def add_contact(self, name: str, email: str) -> str:
        """Add a contact; returns its id."""
        ...

    def add_invoice(self, contact_id: str, amount: Decimal, issued_on: date, due_on: date) -> str:
        """Issue an invoice; returns its id."""
        ...

    def add_invoices(self, contact_id: str, count: int) -> None:
        """Issue many invoices."""
        ...

    def pay(self, invoice_id: str, amount: Decimal) -> None:
        """Record a customer's payment."""
        ...

    def rename(self, contact_id: str, name: str) -> None:
        """Give a contact another name."""
        ...

    def move(self, contact_id: str, street: str, city: str, postcode: str) -> None:
        """Give a contact another postal address."""
        ...

    def change_by_hand(self, kind: ActionKind, contact_id: str, invoice_id: str) -> None:
        """Change, as a person would, what a write of this kind has changed.

        For a credit hold its block of text, for terms the terms (to neither the earlier ones nor
        arsync's), for a promise its day or its block, for a payment plan its day, for a late fee
        its invoice, for a discount its credit note. What cannot be changed in such a way (being in
        a group or not) is left as it is.
        """
        ...

    def refuse_looks(self) -> None:
        """Have every request from now on refused, as when a right was withdrawn."""
        ...

    def lose_answer(self, *, effect: bool) -> None:
        """Have the next changing call get no answer, after or before it took effect."""
        ...


class WriteCase(NamedTuple):
    """A kind of write, with the capability it needs."""

    payload: Payload
    needs: Capability
    via: Via = Via.PLATFORM
    on_invoice: bool = True

    @property
    def kind(self) -> ActionKind:
        """Return what kind of action it is."""
        return self.payload.kind


SOON = date(2000, 1, 1)
"""Stands for a day a week from now."""

BASE = "XXX"
"""Stands for the organisation's currency."""

_PLAN = PaymentPlanPayload(1, BASE, (InstalmentLine(SOON, Decimal(400)),), SOON)

CASES = (
    WriteCase(NotePayload(), Capability.NOTE_ON_INVOICE),
    WriteCase(NotePayload(), Capability.NOTE_ON_CONTACT, on_invoice=False),
    WriteCase(ReminderPayload(), Capability.EMAIL),
    WriteCase(ReminderPayload(), Capability.NOTE_ON_INVOICE, via=Via.SMTP),
    WriteCase(CreditHoldPayload(), Capability.CREDIT_HOLD, on_invoice=False),
    WriteCase(TermsPayload("cash on delivery"), Capability.TERMS, on_invoice=False),
    WriteCase(AgreedCreditPayload("cash on delivery"), Capability.TERMS, on_invoice=False),
    WriteCase(AgreedCreditPayload(), Capability.NOTE_ON_CONTACT, on_invoice=False),
    WriteCase(PromisePayload(SOON), Capability.EXPECTED_DATE),
    WriteCase(_PLAN, Capability.EXPECTED_DATE),
    WriteCase(_PLAN, Capability.NOTE_ON_INVOICE),
    WriteCase(DisputePayload("damaged goods"), Capability.NOTE_ON_INVOICE),
    WriteCase(PlacementPayload("Example Collections"), Capability.NOTE_ON_INVOICE),
    WriteCase(TaskPayload("Call"), Capability.NOTE_ON_CONTACT, on_invoice=False),
    WriteCase(TaskDonePayload("Call", "will pay"), Capability.NOTE_ON_CONTACT, on_invoice=False),
    WriteCase(LetterPayload(file_name="letter.pdf"), Capability.ATTACHMENT),
    WriteCase(
        AccountLetterPayload(letter="thank you"),
        Capability.NOTE_ON_CONTACT,
        via=Via.SMTP,
        on_invoice=False,
    ),
    WriteCase(LateFeePayload(Decimal("12.50"), BASE, "Late payment fee"), Capability.LATE_FEE),
    WriteCase(CreditNotePayload(Decimal("12.50"), BASE, "Discount"), Capability.CREDIT_NOTES),
)
PROMISE = "promise-expected_payment_date"
_BY_NAME = {f"{case.kind}-{case.needs}".replace(" ", "_"): case for case in CASES}
UNDOABLE_NAMES = sorted(
    name
    for name, case in _BY_NAME.items()
    # Of what is nothing but a note there is nothing to put back.
    if case.kind in UNDOABLE
    and case.needs not in {Capability.NOTE_ON_INVOICE, Capability.NOTE_ON_CONTACT}
)
PDF = b"%PDF-1.4\n%%EOF\n"


class Debtor(NamedTuple):
    """A contact with two open invoices, the first long overdue."""

    contact_id: str
    invoice_ids: tuple[str, str]


class ConnectorContract(BillContract):
    """Subclass it, provide `bench`, and the connector is certified or it is not."""

    @pytest.fixture
    def bench(self) -> Bench:
        """Return the organisation to test against; the subclass provides it."""
        raise NotImplementedError("a subclass of ConnectorContract provides the fixture `bench`")

    @pytest.fixture
    def debtor(self, bench: Bench) -> Debtor:
        """Add a debtor."""
        today = bench.now().date()
        contact = bench.add_contact("Ridgeway University", "accounts@ridgeway.example")
        invoices = [
            bench.add_invoice(contact, Decimal(amount), today - timedelta(days=age), today - due)
            for amount, age, due in (
                ("1234.56", 90, timedelta(days=60)),
                ("0.10", 20, timedelta(days=-10)),
            )
        ]
        return Debtor(contact, (invoices[0], invoices[1]))

    @pytest.fixture(params=sorted(_BY_NAME))
    def case(self, request: pytest.FixtureRequest, bench: Bench) -> WriteCase:
        """Return each kind of write that the connector offers."""
        case = _BY_NAME[request.param]
        if case.needs not in bench.connector().capabilities.offers:
            pytest.skip(f"{bench.platform.label} does not offer {case.needs}")
        return case

    def test_the_organisation_says_who_it_is(self, bench: Bench) -> None:
        """Its name, its currency and, where the platform tells, its time zone."""
        organisation = bench.connector().organisation()
        assert organisation.id
        assert organisation.name
        assert len(organisation.base_currency) == 3
        for line in (*organisation.address, organisation.legal_name, organisation.phone):
            assert line.isprintable()

    def test_a_full_pull_yields_every_record_and_ends_once(
        self, bench: Bench, debtor: Debtor
    ) -> None:
        """Nothing is missing, and only the last page is the end."""
        bench.pay(debtor.invoice_ids[0], Decimal("34.56"))
        pages = list(bench.connector().pull(None))
        assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
        invoices = _records(pages, RecordKind.INVOICES)
        assert set(debtor.invoice_ids) <= set(invoices)
        assert debtor.contact_id in _records(pages, RecordKind.CONTACTS)
        assert any(isinstance(row, Organisation) for page in pages for row in page.records)
        assert invoices[debtor.invoice_ids[0]].amount_due == Decimal("1200.00")
        assert invoices[debtor.invoice_ids[1]].amount_due == Decimal("0.10")
        payments = _records(pages, RecordKind.PAYMENTS).values()
        assert [
            (allocation.invoice_id, allocation.amount)
            for payment in payments
            for allocation in payment.allocations
        ] == [(debtor.invoice_ids[0], Decimal("34.56"))]

    def test_a_full_read_names_its_sweep(self, bench: Bench, debtor: Debtor) -> None:
        """Each kind's sweep has one name and one end."""
        pages = list(bench.connector().pull(None))
        for kind in (RecordKind.CONTACTS, RecordKind.INVOICES, RecordKind.PAYMENTS):
            sweeps = [page for page in pages if page.kind == kind and page.sweep]
            assert len({page.sweep for page in sweeps}) == 1
            assert [page.sweep_ends for page in sweeps].count(True) == 1
            assert sweeps[-1].sweep_ends

    def test_a_pull_goes_on_after_any_page(self, bench: Bench, debtor: Debtor) -> None:
        """A process that dies after saving a page loses nothing and reads nothing again."""
        whole = list(bench.connector().pull(None))
        for number, page in enumerate(whole[:-1]):
            pages = list(bench.connector().pull(page.cursor))
            assert [(page.kind, page.records) for page in pages] == [
                (page.kind, page.records) for page in whole[number + 1 :]
            ]
            assert pages[-1].complete

    def test_a_pull_with_nothing_new_is_cheap(self, bench: Bench, debtor: Debtor) -> None:
        """It makes a handful of calls and ends."""
        cursor = _cursor(bench)
        bench.advance(timedelta(minutes=15))
        # The pull after a full one still overlaps with it: the second one is quiet.
        cursor = list(bench.connector().pull(cursor))[-1].cursor
        before = bench.calls()
        bench.advance(timedelta(minutes=15))
        pages = list(bench.connector().pull(cursor))
        assert bench.calls() - before <= QUIET_CALLS_MAX
        assert pages[-1].complete
        assert not _records(pages, RecordKind.INVOICES)

    def test_what_changed_comes_with_the_next_pull(self, bench: Bench, debtor: Debtor) -> None:
        """A new invoice, a payment, a new name and a new address are all seen."""
        cursor = _cursor(bench)
        bench.advance(timedelta(minutes=15))
        today = bench.now().date()
        new = bench.add_invoice(debtor.contact_id, Decimal("77.70"), today, today)
        bench.pay(debtor.invoice_ids[0], Decimal("1234.56"))
        bench.rename(debtor.contact_id, "Ridgeway University Press")
        bench.move(debtor.contact_id, "7 Mill Lane\nNorth Side", "Leeds", "LS1 4AP")
        pages = list(bench.connector().pull(cursor))
        invoices = _records(pages, RecordKind.INVOICES)
        assert invoices[new].total == Decimal("77.70")
        assert invoices[debtor.invoice_ids[0]].status == DocumentStatus.PAID
        assert invoices[debtor.invoice_ids[0]].amount_due == 0
        contacts = _records(pages, RecordKind.CONTACTS)
        moved = contacts[debtor.contact_id]
        assert moved.name == "Ridgeway University Press"
        assert moved.address == ("7 Mill Lane", "North Side", "Leeds", "LS1 4AP")
        read = _contact(bench.connector(), debtor.contact_id)
        assert read.address == moved.address, "read alone it says the same"
        assert len(_records(pages, RecordKind.PAYMENTS)) == 1

    def test_what_the_platform_itself_says_is_owed_is_told(
        self, bench: Bench, debtor: Debtor
    ) -> None:
        """With the contacts of a pull, and afresh for chosen ones, in few calls."""
        pages = list(bench.connector().pull(None))
        invoices = _records(pages, RecordKind.INVOICES).values()
        owed = sum(
            invoice.amount_due for invoice in invoices if invoice.contact_id == debtor.contact_id
        )
        balances = [balance for page in pages for balance in page.balances]
        amounts = {balance.contact_id: balance.amount for balance in balances}
        assert amounts[debtor.contact_id] == owed
        bench.pay(debtor.invoice_ids[0], Decimal("34.56"))
        before = bench.calls()
        answer = bench.connector().balances([debtor.contact_id])
        assert answer.asked == [debtor.contact_id]
        (fresh,) = answer.balances
        assert fresh.amount == owed - Decimal("34.56")
        assert bench.calls() - before <= BALANCE_CALLS_MAX

    def test_money_since_a_pull_takes_few_calls(self, bench: Bench, debtor: Debtor) -> None:
        """Only payments and credits; the pages move no cursor."""
        cursor = _cursor(bench)
        bench.advance(timedelta(minutes=15))
        bench.pay(debtor.invoice_ids[0], Decimal("34.56"))
        before = bench.calls()
        pages = list(bench.connector().money_since(cursor))
        assert bench.calls() - before <= MONEY_CALLS_MAX
        assert {page.kind for page in pages} <= {RecordKind.PAYMENTS, RecordKind.CREDITS}
        assert not any(page.complete or page.sweep for page in pages)
        assert list(bench.connector().money_since("of another version")) == []

    def test_what_somebody_typed_comes_as_one_line(self, bench: Bench, debtor: Debtor) -> None:
        """A name commands no terminal, forges no line of a log, and turns no writing round."""
        bench.rename(debtor.contact_id, "A\x1b[2J\r\nB\u202eC")
        assert _contact(bench.connector(), debtor.contact_id).name == "A [2J B C"

    def test_invoices_edited_while_pages_are_fetched_are_all_there(
        self, bench: Bench, debtor: Debtor
    ) -> None:
        """Pages come in an order that edits cannot change."""
        bench.add_invoices(debtor.contact_id, PAGED_INVOICES)
        before = bench.calls()
        pulled_ids: list[str] = []
        for page in bench.connector().pull(None):
            rows = [row for row in page.records if isinstance(row, Invoice)]
            pulled_ids += [row.id for row in rows]
            bench.advance(timedelta(seconds=1))
            # In an order by update, these rows would move to the end and pull others forward.
            for row in rows[:3]:
                bench.pay(row.id, Decimal("0.01"))
        assert bench.calls() - before <= 2 + CALLS_BESIDE_ROWS_MAX
        assert sorted(pulled_ids) == sorted(row["id"] for row in bench.state()["invoices"])

    def test_an_unreadable_cursor_begins_anew(self, bench: Bench, debtor: Debtor) -> None:
        """A cursor of another version costs a full pull, never a wrong one."""
        pages = list(bench.connector().pull("of another version"))
        assert set(debtor.invoice_ids) <= set(_records(pages, RecordKind.INVOICES))
        assert pages[-1].complete

    def test_records_hold_exact_money_and_known_words(self, bench: Bench, debtor: Debtor) -> None:
        """No float, no word outside the records' own enums."""
        for page in bench.connector().pull(None):
            assert not page.problems
            for row in page.records:
                assert not any(isinstance(value, float) for value in row)
                if isinstance(row, Invoice):
                    assert row.status in set(DocumentStatus)
                    assert row.rate == 1 or row.currency != bench.connector().organisation()[2]

    def test_single_records_are_read_afresh(self, bench: Bench, debtor: Debtor) -> None:
        """`read` sees the platform as it is now."""
        lost = _another_id(debtor.invoice_ids[0])
        bench.pay(debtor.invoice_ids[0], Decimal("1234.56"))
        page = bench.connector().read(RecordKind.INVOICES, [*debtor.invoice_ids, lost])
        invoices = _records([page], RecordKind.INVOICES)
        assert set(invoices) == set(debtor.invoice_ids)
        assert invoices[debtor.invoice_ids[0]].status == DocumentStatus.PAID
        assert page.gone == (lost,)
        contacts = bench.connector().read(RecordKind.CONTACTS, [debtor.contact_id])
        assert [row.id for row in contacts.records] == [debtor.contact_id]
        assert bench.connector().read(RecordKind.INVOICES, []).records in ((), [])

    def test_the_platforms_paper_of_an_invoice(self, bench: Bench, debtor: Debtor) -> None:
        """Its PDF is whole and takes one call; of an invoice that is not there is none."""
        connector = bench.connector()
        if Capability.INVOICE_PDF not in connector.capabilities.offers:
            pytest.skip(f"{bench.platform.label} serves no PDF of an invoice")
        before = bench.calls()
        paper = connector.invoice_pdf(debtor.invoice_ids[0])
        assert bench.calls() - before == 1
        assert paper.startswith(b"%PDF-")
        assert paper.rstrip().endswith(b"%%EOF")
        assert len(paper) <= INVOICE_PDF_BYTES_MAX
        with pytest.raises(Rejected):
            connector.invoice_pdf(_another_id(debtor.invoice_ids[0]))

    def test_what_was_never_written_is_not_found(
        self, bench: Bench, debtor: Debtor, case: WriteCase
    ) -> None:
        """`find` says None, so that the write may be made."""
        assert bench.connector().find(_write(bench, debtor, case)) is None

    def test_what_was_written_stands_and_is_found(
        self, bench: Bench, debtor: Debtor, case: WriteCase
    ) -> None:
        """Also by a process that knows nothing but the write, a day later."""
        write = _write(bench, debtor, case)
        receipt = bench.connector().perform(write)
        assert receipt.reference
        assert _marked(bench, write) == 1
        bench.advance(timedelta(days=1))
        assert bench.connector().find(_later(bench, write)) is not None

    def test_a_refused_look_is_an_unknown_outcome(
        self, bench: Bench, debtor: Debtor, case: WriteCase
    ) -> None:
        """The third answer: the platform cannot tell. Only a certain no allows a repetition."""
        write = _write(bench, debtor, case)
        bench.connector().perform(write)
        bench.refuse_looks()
        with pytest.raises(ArsyncError):
            bench.connector().find(_later(bench, write))

    def test_the_same_write_twice_stands_once(
        self, bench: Bench, debtor: Debtor, case: WriteCase
    ) -> None:
        """`perform` is safe to repeat, at once and later with the next generation."""
        write = _write(bench, debtor, case)
        bench.connector().perform(write)
        ledger = _standing(bench)
        bench.connector().perform(write)
        assert _standing(bench) == ledger
        again = write._replace(before={**write.before, "started_at": bench.now().isoformat()})
        bench.advance(timedelta(minutes=1))
        bench.connector().perform(again._replace(generation=2))
        assert _standing(bench) == ledger

    @pytest.mark.parametrize("effect", [True, False], ids=["after", "before"])
    def test_a_lost_answer_is_settled_by_looking(
        self, bench: Bench, debtor: Debtor, case: WriteCase, effect: bool
    ) -> None:
        """Whether the write took effect or not, it is there exactly once in the end."""
        write = _write(bench, debtor, case)
        emails = len(bench.state()["emails"])
        started = {**write.before, "started_at": bench.now().isoformat()}
        bench.lose_answer(effect=effect)
        with pytest.raises(OutcomeUnknown):
            bench.connector().perform(write)
        write = write._replace(before=started)
        sends = case.kind == ActionKind.REMINDER and case.via == Via.PLATFORM
        if bench.connector().find(write) is None:
            bench.connector().perform(write._replace(generation=2))
        elif sends and not _marked(bench, write):
            # The email has left, which is what counts; the outbox adds the note like a letter's.
            note = write._replace(action=replace(write.action, via=Via.SMTP), generation=2)
            bench.connector().perform(note)
        assert bench.connector().find(write) is not None
        assert _marked(bench, write) == 1
        # The promise itself: whatever was lost, the customer has one email.
        assert len(bench.state()["emails"]) == emails + sends

    def test_a_refusal_is_final_and_says_why(self, bench: Bench, debtor: Debtor) -> None:
        """A note on an invoice that does not exist is refused, in the platform's words."""
        # An id of the right form: a malformed one would be refused for its form.
        lost = _another_id(debtor.invoice_ids[0])
        action = _action(bench, debtor._replace(invoice_ids=(lost, lost)), CASES[0])
        with pytest.raises(Rejected) as caught:
            bench.connector().perform(Write(action, action.key, text="Hello"))
        assert str(caught.value)

    def test_a_long_note_is_cut_and_still_found(self, bench: Bench, debtor: Debtor) -> None:
        """The platform's limit holds, and the marker survives it."""
        action = _action(bench, debtor, CASES[0])
        write = Write(action, action.key, text="long " * (NOTE_LENGTH // 5))
        bench.connector().perform(write)
        assert bench.connector().find(write) is not None
        longest = max(len(row["text"]) for row in bench.state()["history"])
        assert longest <= bench.platform.capabilities.note_characters_max

    def test_notes_are_read_with_the_key_of_their_action(
        self, bench: Bench, debtor: Debtor
    ) -> None:
        if Capability.NOTES_READ not in bench.connector().capabilities.offers:
            pytest.skip("its notes cannot be read")
        needs = Capability.NOTE_ON_INVOICE
        writes = [
            _write(bench, debtor, WriteCase(NotePayload(), needs, on_invoice=on_invoice))
            for on_invoice in (True, False)
        ]
        writes[1] = writes[1]._replace(key=writes[1].key[::-1])
        for write in writes:
            bench.connector().perform(write)
        answer = bench.connector().notes(debtor.contact_id, debtor.invoice_ids)
        keys = {note.invoice_id: note.key for note in answer.notes}
        assert keys == {debtor.invoice_ids[0]: writes[0].key[:16], "": writes[1].key[:16]}
        assert {note.text for note in answer.notes} == {"A note of the contract, in words."}
        assert all(note.at is not None for note in answer.notes)

    def test_notes_of_many_invoices_take_few_calls(self, bench: Bench, debtor: Debtor) -> None:
        if Capability.NOTES_READ not in bench.connector().capabilities.offers:
            pytest.skip("its notes cannot be read")
        many = [*debtor.invoice_ids, *[debtor.invoice_ids[0]] * NOTE_CALLS_MAX]
        connector = bench.connector()
        before = bench.calls()
        answer = connector.notes(debtor.contact_id, many)
        assert bench.calls() - before <= NOTE_CALLS_MAX
        assert answer.unread
        assert list(answer.unread) == many[-len(answer.unread) :]

    def test_a_lifted_hold_leaves_no_trace(self, bench: Bench, debtor: Debtor) -> None:
        """Groups and people's own notes are what they were; the history tells both."""
        connector = bench.connector()
        if Capability.CREDIT_HOLD not in connector.capabilities.offers:
            pytest.skip(f"{bench.platform.label} offers no credit hold")
        before = _contact(connector, debtor.contact_id)
        hold = _write(bench, debtor, _BY_NAME["credit_hold-credit_hold"])
        connector.perform(hold)
        held = _contact(connector, debtor.contact_id)
        assert (held.groups, held.note) != (before.groups, before.note)
        lift = _action(bench, debtor, WriteCase(LiftCreditHoldPayload(), Capability.CREDIT_HOLD))
        write = Write(lift, lift.key, before=connector.prepare(lift), text="Lifted")
        connector.perform(write)
        assert connector.find(write) is not None
        after = _contact(connector, debtor.contact_id)
        assert (after.groups, after.note) == (before.groups, before.note)
        connector.perform(write._replace(generation=2))
        assert _marked(bench, write) == 1

    def test_a_hold_shows_its_present_reasons(self, bench: Bench, debtor: Debtor) -> None:
        """New reasons take the place of the old ones, and go with the hold."""
        connector = bench.connector()
        if Capability.CREDIT_HOLD not in connector.capabilities.offers:
            pytest.skip(f"{bench.platform.label} offers no credit hold")
        before = _traces(bench)
        hold = _write(bench, debtor, _BY_NAME["credit_hold-credit_hold"])
        connector.perform(hold)
        payload = HoldReasonsPayload(hold=hold.key)
        case = WriteCase(payload, Capability.CREDIT_HOLD, on_invoice=False)
        action = _action(bench, debtor, case)
        reasons = Write(action, action.key, before=connector.prepare(action), text="Other reasons")
        connector.perform(reasons)
        assert connector.find(reasons) is not None
        connector.perform(reasons._replace(generation=2))
        assert (_marked(bench, hold), _marked(bench, reasons)) == (1, 1)
        as_it_stands = hold._replace(text="Other reasons")
        assert connector.undoing(as_it_stands).status is ReversalStatus.OURS
        connector.perform(_undo(as_it_stands))
        assert _traces(bench) == before

    def test_one_reminder_level_is_shown_at_a_time(self, bench: Bench, debtor: Debtor) -> None:
        """A level takes the place of the one before it; without one nothing is left."""
        connector = bench.connector()
        if Capability.REMINDER_LEVEL not in connector.capabilities.offers:
            pytest.skip(f"{bench.platform.label} shows no reminder level")
        before, traces = _traces(bench), []
        for level, shown in ((1, 0), (2, 1), (1, 2), (0, 1)):
            write = _level(bench, debtor, level, shown)
            connector.perform(write)
            assert connector.find(write) is not None
            standing = _standing(bench)
            connector.perform(_later(bench, write)._replace(generation=2))
            assert _standing(bench) == standing
            traces.append(_traces(bench))
        assert traces[3] == before
        assert before != traces[0] != traces[1] != before

    @pytest.mark.parametrize("effect", [True, False], ids=["after", "before"])
    def test_a_lost_level_is_settled_by_looking(
        self, bench: Bench, debtor: Debtor, effect: bool
    ) -> None:
        """Whichever of its requests was lost, the level stands once."""
        connector = bench.connector()
        if Capability.REMINDER_LEVEL not in connector.capabilities.offers:
            pytest.skip(f"{bench.platform.label} shows no reminder level")
        connector.perform(_level(bench, debtor, 1, 0))
        first = _traces(bench)
        write = _level(bench, debtor, 2, 1)
        bench.lose_answer(effect=effect)
        with pytest.raises(OutcomeUnknown):
            bench.connector().perform(write)
        write = _later(bench, write)
        if bench.connector().find(write) is None:
            bench.connector().perform(write._replace(generation=2))
        assert bench.connector().find(write) is not None
        undo = _undo(write)
        assert bench.connector().undoing(write).status is ReversalStatus.OURS
        bench.connector().perform(undo)
        assert bench.connector().find(undo) is not None
        assert _traces(bench) == first

    def test_terms_are_restored_to_what_they_were(self, bench: Bench, debtor: Debtor) -> None:
        """What `prepare` found is enough to undo."""
        connector = bench.connector()
        if Capability.TERMS not in connector.capabilities.offers:
            pytest.skip(f"{bench.platform.label} offers no terms")
        before = _contact(connector, debtor.contact_id).terms
        terms = _write(bench, debtor, _BY_NAME["terms-payment_terms"])
        connector.perform(terms)
        assert _contact(connector, debtor.contact_id).terms != before
        saved = terms.before["saved.terms"]
        restore = WriteCase(RestoreTermsPayload(saved), Capability.TERMS)
        action = _action(bench, debtor, restore)
        write = Write(action, action.key, before=connector.prepare(action), text="Restored")
        connector.perform(write)
        assert connector.find(write) is not None
        assert _contact(connector, debtor.contact_id).terms == before

    @pytest.fixture(params=UNDOABLE_NAMES)
    def undoable(self, request: pytest.FixtureRequest, bench: Bench) -> WriteCase:
        """Return each kind of write that can be undone and that the connector offers."""
        case = _BY_NAME[request.param]
        offers = bench.connector().capabilities.offers
        # Where no field shows a promise, a note is all of it, and notes stay.
        if Capability.UNDO not in offers or case.needs not in offers:
            pytest.skip(f"{bench.platform.label} does not offer to undo {case.kind}")
        return case

    def test_what_is_undone_is_as_it_was_before(
        self, bench: Bench, debtor: Debtor, undoable: WriteCase
    ) -> None:
        """Only the notes stay, and one more that tells of it."""
        before = _traces(bench)
        write = _write(bench, debtor, undoable)
        bench.connector().perform(write)
        assert _traces(bench) != before, "there is something to undo"
        state = bench.connector().undoing(write)
        assert (state.status, state.refusal) == (ReversalStatus.OURS, "")
        assert state.was != state.wrote
        assert state.now
        undo = _undo(write)
        bench.connector().perform(undo)
        assert _traces(bench) == before
        assert bench.connector().undoing(write).status is ReversalStatus.AS_BEFORE
        assert bench.connector().find(undo) is not None
        assert (_marked(bench, write), _marked(bench, undo)) == (1, 1)

    def test_undoing_twice_undoes_once(
        self, bench: Bench, debtor: Debtor, undoable: WriteCase
    ) -> None:
        """At once, and later with the next generation."""
        write = _write(bench, debtor, undoable)
        bench.connector().perform(write)
        undo = _undo(write)
        assert bench.connector().find(undo) is None
        bench.connector().perform(undo)
        ledger = _standing(bench)
        bench.connector().perform(undo)
        again = undo._replace(before={"started_at": bench.now().isoformat()}, generation=2)
        bench.connector().perform(again)
        assert _standing(bench) == ledger

    @pytest.mark.parametrize("effect", [True, False], ids=["after", "before"])
    def test_a_lost_undoing_is_settled_by_looking(
        self, bench: Bench, debtor: Debtor, undoable: WriteCase, effect: bool
    ) -> None:
        """Whether it took effect or not, it is undone, and noted once."""
        before = _traces(bench)
        write = _write(bench, debtor, undoable)
        bench.connector().perform(write)
        undo = _undo(write)
        started = {"started_at": bench.now().isoformat()}
        bench.lose_answer(effect=effect)
        with pytest.raises(OutcomeUnknown):
            bench.connector().perform(undo)
        undo = undo._replace(before=started)
        if bench.connector().find(undo) is None:
            bench.connector().perform(undo._replace(generation=2))
        assert bench.connector().find(undo) is not None
        assert _traces(bench) == before
        assert _marked(bench, undo) == 1

    def test_an_undoing_behind_a_refusal_is_unknown(
        self, bench: Bench, debtor: Debtor, undoable: WriteCase
    ) -> None:
        """Nothing is put back blindly."""
        write = _write(bench, debtor, undoable)
        bench.connector().perform(write)
        undo, traces = _undo(write), _traces(bench)
        bench.refuse_looks()
        for look in (bench.connector().find, bench.connector().perform):
            with pytest.raises(ArsyncError):
                look(undo)
        with pytest.raises(ArsyncError):
            bench.connector().undoing(write)
        assert _traces(bench) == traces

    def test_a_persons_change_is_reported_and_left(
        self, bench: Bench, debtor: Debtor, undoable: WriteCase
    ) -> None:
        """All three states are told: what it was, what arsync wrote, what is there."""
        write = _write(bench, debtor, undoable)
        bench.connector().perform(write)
        traces = _traces(bench)
        bench.change_by_hand(undoable.kind, debtor.contact_id, debtor.invoice_ids[0])
        changed = _traces(bench)
        if changed == traces:
            pytest.skip(f"{bench.platform.label} knows no third state of it")
        state = bench.connector().undoing(write)
        assert state.status is ReversalStatus.CHANGED
        with pytest.raises(Rejected) as caught:
            bench.connector().perform(_undo(write))
        assert str(caught.value) == state.refusal
        assert all(words in state.refusal for words in (state.was, state.wrote, state.now))
        assert _traces(bench) == changed

    def test_undoing_a_promise_leaves_the_earlier_one(self, bench: Bench, debtor: Debtor) -> None:
        """The earlier promise was arsync's own, and is restored."""
        case = _BY_NAME[PROMISE]
        if not {Capability.UNDO, case.needs} <= bench.connector().capabilities.offers:
            pytest.skip(f"{bench.platform.label} does not offer to undo a promise")
        first = _write(bench, debtor, case)
        bench.connector().perform(first)
        traces = _traces(bench)
        later = PromisePayload(bench.now().date() + timedelta(days=20))
        action = replace(first.action, subject="second", payload=later)
        before = bench.connector().prepare(action)
        second = Write(action, action.key, before=before, text="A second promise.")
        bench.connector().perform(second)
        assert _traces(bench) != traces
        assert bench.connector().undoing(first).status is ReversalStatus.CHANGED
        bench.connector().perform(_undo(second))
        assert _traces(bench) == traces
        assert bench.connector().undoing(first).status is ReversalStatus.OURS

    def test_what_leaves_no_trace_to_put_back_is_refused(
        self, bench: Bench, debtor: Debtor
    ) -> None:
        """A message is not called back."""
        write = _write(bench, debtor, CASES[0])
        bench.connector().perform(write)
        with pytest.raises(Rejected, match="cannot be undone"):
            bench.connector().undoing(write)


def _undo(write: Write) -> Write:
    action = write.action
    if action.kind not in UNDOABLE:
        raise AssertionError(f"{action.kind} is not undone")
    undo = undo_action(
        replace(action), generation=write.generation, done_on=None, who="Jane", reason="by mistake"
    )
    return Write(undo, undo.key, text="Undone by Jane.", undoes=write)


def _traces(bench: Bench) -> dict[str, Any]:
    """Return what writes leave behind besides their notes, which an undoing has to restore.

    An empty group may stay, and an invoice that is voided or deleted.
    """
    state = bench.state()
    return {
        "contacts": state["contacts"],
        "members": sorted(str(row["members"]) for row in state["groups"] if row["members"]),
        "invoices": [row for row in state["invoices"] if row["status"].lower() not in _GONE],
        "credits": [row for row in state["credits"] if row["status"].lower() not in _GONE],
        "emails": len(state["emails"]),
        "attachments": len(state["attachments"]),
    }


_GONE = frozenset({"voided", "deleted"})


def _records(pages: Sequence[Page], kind: RecordKind) -> dict[str, Any]:
    return {row.id: row for page in pages if page.kind == kind for row in page.records}


def _cursor(bench: Bench) -> str:
    return list(bench.connector().pull(None))[-1].cursor


def _contact(connector: Connector, contact_id: str) -> Contact:
    (contact,) = connector.read(RecordKind.CONTACTS, [contact_id]).records
    assert isinstance(contact, Contact)
    return contact


def _another_id(existing_id: str) -> str:
    """Return an id of the same form that no document has."""
    if existing_id.isdigit():
        return str(int(existing_id) + 900_000)
    first = "0" if existing_id[0] != "0" else "1"
    last = "0" if existing_id[-1] != "0" else "1"
    return first + existing_id[1:-1] + last


def _action(bench: Bench, debtor: Debtor, case: WriteCase) -> Action:
    currency = bench.connector().organisation().base_currency
    payload = case.payload
    if isinstance(payload, PromisePayload):
        payload = PromisePayload(bench.now().date() + timedelta(days=7))
    elif isinstance(payload, PaymentPlanPayload):
        payload = replace(payload, next_on=bench.now().date() + timedelta(days=7))
    elif isinstance(payload, LateFeePayload | CreditNotePayload):
        payload = replace(payload, currency=currency)
    invoice = InvoiceRef(debtor.invoice_ids[0], "INV-1", Decimal("1234.56"), currency)
    return Action(
        payload=payload,
        connection="contract",
        contact_id=debtor.contact_id,
        contact_name="Ridgeway University",
        because=Because("contract.yaml", 1, "Contract"),
        invoices=(invoice,) if case.on_invoice else (),
        # As planned: a contact's hold has no subject.
        subject="" if case.kind in HOLD_KINDS else f"{debtor.invoice_ids[0]} {case.needs}",
        via=case.via,
        note="A note of the contract.",
    )


def _write(bench: Bench, debtor: Debtor, case: WriteCase) -> Write:
    action = _action(bench, debtor, case)
    letter = case.kind == ActionKind.LETTER
    return Write(
        action,
        action.key,
        before=bench.connector().prepare(action),
        text="A note of the contract, in words.",
        file_name="letter.pdf" if letter else "",
        file_type="application/pdf" if letter else "",
        file=PDF if letter else b"",
    )


def _level(bench: Bench, debtor: Debtor, level: int, shown: int) -> Write:
    case = WriteCase(
        ReminderLevelPayload(level, shown), Capability.REMINDER_LEVEL, on_invoice=False
    )
    action = replace(_action(bench, debtor, case), subject=f"level {level} after {shown}")
    before = bench.connector().prepare(action)
    return Write(action, action.key, before=before, text=f"Reminder level {level}: reminder.")


def _later(bench: Bench, write: Write) -> Write:
    # As the outbox hands it over after an attempt whose outcome is not known.
    started = (bench.now() - timedelta(days=1)).isoformat()
    return write._replace(before={**write.before, "started_at": started})


def _marked(bench: Bench, write: Write) -> int:
    return sum(marker(write.key) in row["text"] for row in bench.state()["history"])


def _standing(bench: Bench) -> dict[str, Any]:
    """Return everything that could be doubled, and how many times it exists."""

    def rows() -> Iterator[tuple[str, Any]]:
        state = bench.state()
        for name in ("history", "emails", "attachments", "invoices", "credits", "groups"):
            yield name, len(state[name])
        yield "contacts", state["contacts"]
        yield "members", sorted(str(row["members"]) for row in state["groups"])

    return dict(rows())
