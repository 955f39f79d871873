"""A pull loses nothing, whatever happens to it between two pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

import pytest
from tests.builders.records import an_invoice

from arsync.clock import SetClock
from arsync.connector_sdk import (
    BalancesAnswer,
    BillsPage,
    Capabilities,
    Connector,
    NotesAnswer,
    Page,
    Receipt,
    Record,
    Undoing,
    Write,
)
from arsync.core.actions import Action
from arsync.core.ledger.records import (
    Contact,
    DocumentProblem,
    Invoice,
    OpenBalance,
    Organisation,
    OwnBalance,
    RecordKind,
)
from arsync.errors import NeedsReconnect, RetryLater
from arsync.store import Store
from arsync.store.models import ConnectionRow
from arsync.sync.pull import MANY_ROWS, READ_AT_ONCE, Progress, PullResult, pull

KINDS = RecordKind


class Ledger:
    """A small accounting system: pages of what it holds, by position, and reading by id."""

    capabilities = Capabilities(frozenset(), 1_000, 0)

    def __init__(self, pages: Sequence[Page] = ()) -> None:
        self.pages = list(pages)
        self.now: dict[str, Record] = {}
        self.breaks: Callable[[int], None] = lambda _: None
        """Called with the position of each page before it is given."""
        self.pulls: list[str | None] = []
        self.reads: list[tuple[str, list[str]]] = []
        self.own: dict[str, OwnBalance] = {}
        self.asked: list[list[str]] = []
        self.affordable = 100
        """For how many contacts the calls suffice."""

    def organisation(self) -> Organisation:
        return Organisation("org-1", "Acme Ltd", "GBP")

    def pull(self, cursor: str | None) -> Iterator[Page]:
        self.pulls.append(cursor)
        for position in range(int(cursor or 0), len(self.pages)):
            self.breaks(position)
            yield self.pages[position]._replace(
                cursor=str(position + 1), complete=position + 1 == len(self.pages)
            )

    def read(self, kind: RecordKind, ids: Sequence[str]) -> Page:
        self.reads.append((kind.value, list(ids)))
        records = tuple(self.now[record_id] for record_id in ids if record_id in self.now)
        return Page(
            kind,
            records,
            "",
            gone=tuple(record_id for record_id in ids if record_id not in self.now),
        )

    def money_since(self, cursor: str) -> Iterator[Page]:
        raise NotImplementedError

    def balances(self, contact_ids: Sequence[str]) -> BalancesAnswer:
        asked = list(contact_ids)[: self.affordable]
        self.asked.append(asked)
        own = [self.own[contact_id] for contact_id in asked if contact_id in self.own]
        return BalancesAnswer(asked, own)

    def bills(self, cursor: str | None) -> Iterator[BillsPage]:
        raise NotImplementedError

    def own_reminders(self) -> bool | None:
        raise NotImplementedError

    def notes(self, contact_id: str, invoice_ids: Sequence[str]) -> NotesAnswer:
        raise NotImplementedError

    def invoice_link(self, invoice_id: str) -> str:
        raise NotImplementedError

    def invoice_pdf(self, invoice_id: str) -> bytes:
        raise NotImplementedError

    def prepare(self, action: Action) -> Mapping[str, str]:
        raise NotImplementedError

    def perform(self, write: Write) -> Receipt:
        raise NotImplementedError

    def find(self, write: Write) -> Receipt | None:
        raise NotImplementedError

    def undoing(self, write: Write) -> Undoing:
        raise NotImplementedError


def run(store: Store, connection: ConnectionRow, ledger: Connector, clock: SetClock) -> PullResult:
    return pull(store, connection, ledger, clock)


def owed(store: Store, connection: ConnectionRow) -> dict[str, Decimal]:
    return {
        invoice.id: invoice.amount_due
        for account in store.ledger.accounts(connection.id)
        for invoice in account.invoices
        if invoice.status == "open"
    }


PAGES = (
    Page(KINDS.CONTACTS, (Contact("c1", "Customer"),), ""),
    *(
        Page(KINDS.INVOICES, tuple(an_invoice(f"{page}-{row}") for row in range(3)), "")
        for page in range(4)
    ),
)


def test_a_pull_stores_every_page_and_says_so(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    progresses: list[Progress] = []
    result = pull(store, connection, Ledger(PAGES), clock, progress=progresses.append)
    assert result == PullResult(pages=5, inserted=13, complete=True)
    assert len(owed(store, connection)) == 12
    assert [progress.pages for progress in progresses] == [1, 2, 3, 4, 5]
    assert progresses[-1] == Progress("invoices", 5, 13)
    assert store.ledger.pulled_at(connection.id) == clock.now()


@pytest.mark.parametrize("dies_before", range(5))
def test_a_pull_killed_at_any_page_resumes_there(
    store: Store, connection: ConnectionRow, clock: SetClock, dies_before: int
) -> None:
    ledger = Ledger(PAGES)

    def die(position: int) -> None:
        if position == dies_before:
            raise KeyboardInterrupt

    ledger.breaks = die
    with pytest.raises(KeyboardInterrupt):
        run(store, connection, ledger, clock)
    ledger.breaks = lambda _: None
    result = run(store, connection, ledger, clock)
    assert ledger.pulls == [None, str(dies_before) if dies_before else None]
    assert result.pages == 5 - dies_before
    assert len(owed(store, connection)) == 12


@pytest.mark.parametrize("error", [RetryLater("busy", after_seconds=7), NeedsReconnect("gone")])
def test_a_platforms_error_is_raised_and_the_cursor_stays(
    store: Store, connection: ConnectionRow, clock: SetClock, error: Exception
) -> None:
    ledger = Ledger(PAGES)

    def refuse(position: int) -> None:
        if position == 2:
            raise error

    ledger.breaks = refuse
    with pytest.raises(type(error)) as caught:
        run(store, connection, ledger, clock)
    assert caught.value is error
    assert store.ledger.cursor(connection.id) == "2"
    assert len(owed(store, connection)) == 3


def test_problems_are_returned_and_kept(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    problem = DocumentProblem("invoices", "odd", "INV-9", "no due date")
    pages = (*PAGES[:2], PAGES[2]._replace(problems=(problem,)))
    result = run(store, connection, Ledger(pages), clock)
    assert result.problems == (problem,)
    assert store.ledger.problems(connection.id) == [problem]


def with_old_copy(
    store: Store, connection: ConnectionRow, clock: SetClock, *invoices: Invoice
) -> None:
    pages = (PAGES[0], Page(KINDS.INVOICES, invoices, ""))
    run(store, connection, Ledger(pages), clock)
    store.ledger.apply(connection.id, Page(KINDS.INVOICES, (), "0"), clock.now())


def balances(*ones: tuple[str, int]) -> tuple[OpenBalance, ...]:
    return tuple(
        OpenBalance(record_id, Decimal(amount), date(2026, 10, 1)) for record_id, amount in ones
    )


def test_a_sweep_finds_changes_the_feed_missed(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    old = [an_invoice(record_id) for record_id in ("same", "part", "paid", "gone")]
    with_old_copy(store, connection, clock, *old)
    ledger = Ledger(
        [
            Page(KINDS.INVOICES, (), "", open_balances=balances(("same", 100)), sweep="s1"),
            Page(
                KINDS.INVOICES,
                (),
                "",
                open_balances=balances(("part", 40), ("new", 100)),
                sweep="s1",
                sweep_ends=True,
            ),
        ]
    )
    ledger.now = {
        invoice.id: invoice
        for invoice in (
            an_invoice("part", amount_due=40),
            an_invoice("paid", amount_due=0, status="paid"),
            an_invoice("new"),
        )
    }
    result = run(store, connection, ledger, clock)
    assert ledger.reads == [("invoices", ["gone", "new", "paid", "part"])]
    assert owed(store, connection) == {"same": 100, "part": 40, "new": 100}
    assert (result.read_again, result.inserted, result.updated, result.gone) == (4, 1, 2, 1)


def test_a_due_date_that_moved_is_a_difference_too(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    with_old_copy(store, connection, clock, an_invoice("a"), an_invoice("b"))
    moved = OpenBalance("a", Decimal(100), date(2026, 12, 1))
    unsaid = OpenBalance("b", Decimal(100), None)
    page = Page(KINDS.INVOICES, (), "", open_balances=(moved, unsaid), sweep="s", sweep_ends=True)
    ledger = Ledger([page])
    ledger.now = {"a": an_invoice("a")._replace(due_on=date(2026, 12, 1))}
    run(store, connection, ledger, clock)
    assert ledger.reads == [("invoices", ["a"])]


def test_with_nothing_open_every_open_copy_is_reread(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    with_old_copy(
        store, connection, clock, an_invoice("a"), an_invoice("b", amount_due=0, status="paid")
    )
    ledger = Ledger([Page(KINDS.INVOICES, (), "", sweep="s", sweep_ends=True)])
    ledger.now = {"a": an_invoice("a", amount_due=0, status="paid")}
    run(store, connection, ledger, clock)
    assert ledger.reads == [("invoices", ["a"])]
    assert owed(store, connection) == {}


def test_a_full_read_finds_what_vanished(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    with_old_copy(store, connection, clock, *(an_invoice(record_id) for record_id in "abcd"))
    ledger = Ledger(
        [
            Page(KINDS.INVOICES, (an_invoice("a"),), "", sweep="full"),
            Page(KINDS.INVOICES, (an_invoice("b", amount_due=50),), "", sweep="full"),
            Page(KINDS.INVOICES, (), "", sweep="full", sweep_ends=True),
        ]
    )
    ledger.now = {"c": an_invoice("c")}
    result = run(store, connection, ledger, clock)
    assert ledger.reads == [("invoices", ["c", "d"])]
    assert result.gone == 1
    assert owed(store, connection) == {"a": 100, "b": 50, "c": 100}


def test_one_name_covers_full_reads_of_several_kinds(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    with_old_copy(store, connection, clock, an_invoice("a"), an_invoice("b"))
    ledger = Ledger(
        [
            Page(KINDS.CONTACTS, (Contact("c2", "New"),), "", sweep="full", sweep_ends=True),
            Page(KINDS.INVOICES, (an_invoice("a"),), "", sweep="full"),
            Page(KINDS.INVOICES, (), "", sweep="full", sweep_ends=True),
        ]
    )
    ledger.now = {"c1": Contact("c1", "Customer")}
    run(store, connection, ledger, clock)
    assert ledger.reads == [("contacts", ["c1"]), ("invoices", ["b"])]
    assert owed(store, connection) == {"a": 100}


def test_a_document_with_a_problem_still_counts_as_seen(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    with_old_copy(store, connection, clock, an_invoice("a"), an_invoice("b"))
    problem = DocumentProblem("invoices", "b", "INV-b", "odd")
    ledger = Ledger(
        [Page(KINDS.INVOICES, (an_invoice("a"),), "", (problem,), sweep="full", sweep_ends=True)]
    )
    run(store, connection, ledger, clock)
    assert ledger.reads == []


def test_a_sweep_finished_before_a_crash_is_settled_later(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    with_old_copy(store, connection, clock, an_invoice("a"))
    page = Page(
        KINDS.INVOICES, (), "1", open_balances=balances(("a", 30)), sweep="s", sweep_ends=True
    )
    store.ledger.apply(connection.id, page, clock.now())  # and here the process died
    ledger = Ledger([page])
    ledger.now = {"a": an_invoice("a", amount_due=30)}
    result = run(store, connection, ledger, clock)
    assert ledger.reads == [("invoices", ["a"])]
    assert result.pages == 0
    assert owed(store, connection) == {"a": 30}
    run(store, connection, ledger, clock)
    assert len(ledger.reads) == 1


def test_a_sweep_that_was_given_up_is_forgotten(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    with_old_copy(store, connection, clock, an_invoice("a"))
    half = Page(KINDS.INVOICES, (), "", open_balances=balances(("x", 1)), sweep="first")
    whole = Page(
        KINDS.INVOICES, (), "", open_balances=balances(("a", 100)), sweep="second", sweep_ends=True
    )
    ledger = Ledger([half, whole])
    run(store, connection, ledger, clock)
    assert ledger.reads == []


def test_what_is_read_again_is_asked_for_in_portions(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    many = [an_invoice(f"{number:04}") for number in range(READ_AT_ONCE * 2 + 1)]
    with_old_copy(store, connection, clock, *many)
    ledger = Ledger([Page(KINDS.INVOICES, (), "", sweep="s", sweep_ends=True)])
    ledger.now = {invoice.id: invoice._replace(amount_due=Decimal(1)) for invoice in many}
    run(store, connection, ledger, clock)
    assert [len(ids) for _, ids in ledger.reads] == [READ_AT_ONCE, READ_AT_ONCE, 1]
    assert set(owed(store, connection).values()) == {Decimal(1)}


def test_a_contact_that_no_page_brought_is_read(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    ledger = Ledger([Page(KINDS.INVOICES, (an_invoice("a", contact_id="c7"),), "")])
    ledger.now = {"c7": Contact("c7", "Late")}
    run(store, connection, ledger, clock)
    assert ledger.reads == [("contacts", ["c7"])]
    assert owed(store, connection) == {"a": 100}


def nothing_new(ledger: Ledger) -> Ledger:
    """Let the next pull bring one page, with nothing on it."""
    ledger.pages = [*ledger.pages, Page(KINDS.CONTACTS, (), "")]
    return ledger


def test_a_contact_that_no_longer_comes_differs_no_more(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    ledger = Ledger(
        [
            Page(KINDS.CONTACTS, (Contact("c1", "Ada"), Contact("c2", "Bob")), ""),
            Page(KINDS.INVOICES, (an_invoice("a"), an_invoice("b", contact_id="c2")), ""),
        ]
    )
    ledger.own = {name: OwnBalance(name, Decimal(7), less_credits=False) for name in ("c1", "c2")}
    assert run(store, connection, ledger, clock).differences == 2
    del ledger.own["c1"]
    assert run(store, connection, nothing_new(ledger), clock).differences == 1
    (left,) = store.ledger.differences(connection.id)
    assert left.contact_name == "Bob"
    ledger.own["c2"] = OwnBalance("c2", Decimal(100), less_credits=False)
    assert run(store, connection, nothing_new(ledger), clock).differences == 0
    assert store.ledger.differences(connection.id) == []


def test_a_contact_beyond_the_calls_keeps_its_difference(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    pages = [
        Page(KINDS.CONTACTS, (Contact("c1", "Ada"),), ""),
        Page(KINDS.INVOICES, (an_invoice("a"),), ""),
    ]
    ledger = Ledger(pages)
    ledger.own = {"c1": OwnBalance("c1", Decimal(7), less_credits=False)}
    run(store, connection, ledger, clock)
    ledger.affordable = 0
    run(store, connection, nothing_new(ledger), clock)
    assert len(store.ledger.differences(connection.id)) == 1


def test_a_missing_contact_is_reported_and_requested_once(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    ledger = Ledger([Page(KINDS.INVOICES, (an_invoice("a", contact_id="c7"),), "")])
    result = run(store, connection, ledger, clock)
    assert [(problem.kind, problem.id) for problem in result.problems] == [("contacts", "c7")]
    run(store, connection, ledger, clock)
    assert ledger.reads == [("contacts", ["c7"])]


def test_many_new_rows_leave_the_ledger_as_pulled(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    many = tuple(an_invoice(f"{number:05}") for number in range(MANY_ROWS))
    result = run(store, connection, Ledger((PAGES[0], Page(KINDS.INVOICES, many, ""))), clock)
    assert result.inserted == MANY_ROWS + 1
    assert len(owed(store, connection)) == MANY_ROWS


def seen(store: Store, connection: ConnectionRow) -> dict[str, date]:
    (account,) = store.ledger.accounts(connection.id)
    return account.first_seen


def test_a_new_invoice_keeps_its_first_day(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    """A first pull, and one that reads everything again, say nothing of when a debt came."""
    first, second = date(2026, 11, 23), date(2026, 11, 24)
    ledger = Ledger(PAGES[:2])

    def pulled(*pages: Page, today: date) -> dict[str, date]:
        ledger.pages += pages
        pull(store, connection, ledger, clock, today=today)
        return seen(store, connection)

    assert pulled(today=first) == {}
    new = Page(KINDS.INVOICES, (an_invoice("new"), an_invoice("0-1", number="changed")), "")
    assert pulled(new, today=first) == {"new": first}
    changed = Page(KINDS.INVOICES, (an_invoice("new", number="changed"),), "")
    assert pulled(changed, today=second) == {"new": first}
    store.ledger.start_over(connection.id)
    late = Page(KINDS.INVOICES, (an_invoice("late"),), "")
    assert pulled(late, today=second) == {"new": first}
