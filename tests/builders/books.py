"""An accounting system in memory that keeps a ledger, can be told to fail, and counts doubles."""

from __future__ import annotations

import copy
import sqlite3
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, cast

from sqlalchemy import event
from tests.builders.driver import App
from tests.builders.records import a_contact, a_credit, an_invoice
from tests.builders.stores import STORE, put_store

from arsync.application.organisation.letter_making import PostOffice
from arsync.application.results import RunResult
from arsync.channels import Message
from arsync.channels.smtp import outgoing
from arsync.clock import SetClock
from arsync.config import Config
from arsync.connector_sdk import (
    Authoriser,
    BalancesAnswer,
    BillsPage,
    Capabilities,
    Capability,
    Connector,
    NotesAnswer,
    Page,
    PlatformNote,
    RateLimits,
    Receipt,
    Record,
    ReversalStatus,
    Token,
    Transport,
    Undoing,
    Write,
)
from arsync.core.actions import Action, ActionKind, ActionState, UndoPayload, Via, payload_of
from arsync.core.ledger.credit_kinds import CreditKind
from arsync.core.ledger.payables import Payable
from arsync.core.ledger.records import (
    Contact,
    Credit,
    DocumentProblem,
    DocumentStatus,
    Invoice,
    Organisation,
    Payment,
    RecordKind,
)
from arsync.errors import OutcomeUnknown, Rejected
from arsync.outbox import LIMITS, Limits
from arsync.store import Store
from arsync.store.models import ActionRow, ConnectionRow

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)

TODAY = NOW.date()

RULES = """\
version: 1
name: Standard
currency: GBP
credit_limits:
  - name: Everyone
    limit: 5,000
credit_holds:
  - name: Over the limit
    when: {over_limit_percent: {more_than: 10}}
    terms: cash on delivery
reminders:
  - name: Standard cadence
    wait_after_seen: none
    steps:
      - {day: 1, email: first reminder}
      - {day: 14, email: second reminder}
      - {day: 30, task: Call the customer, assign_to: credit control}
sending:
  via: accounting system
  days: every day
  between: 00:01-23:59
  days_between_emails: 5
safety:
  credit_holds: 5
  emails: 10
"""


class Killed(BaseException):
    """The process dies here: nothing may catch it."""


class Fault(NamedTuple):
    """What goes wrong at a call, before or after it took effect."""

    call: str
    error: Exception
    after: bool = False


class Done(NamedTuple):
    """An effect at the accounting system."""

    kind: ActionKind
    key: str
    generation: int
    write: Write


@dataclass
class Books:
    """The ledger at the platform, and everything arsync did to it."""

    contacts: dict[str, Contact] = field(default_factory=dict)
    invoices: dict[str, Invoice] = field(default_factory=dict)
    credits: dict[str, Credit] = field(default_factory=dict)
    bills: dict[str, Payable] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    done: list[Done] = field(default_factory=list)
    mails: list[tuple[str, Any]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    capabilities: Capabilities = field(
        default_factory=lambda: Capabilities(frozenset(Capability), 2_000, 1_000)
    )
    odd: list[DocumentProblem] = field(default_factory=list)
    """Invoices that cannot be read."""
    notes: list[PlatformNote] = field(default_factory=list)
    """What the platform holds; it reads those of the contact and of one invoice."""
    last_read: list[str] = field(default_factory=list)
    by_hand: set[str] = field(default_factory=set)
    """Keys of what a person changed since arsync wrote it."""
    blind: bool = False
    """True: it cannot tell what was written."""
    before_call: Callable[[str], None] = lambda _: None
    at_step: Callable[[], object] = lambda: None
    die_at: int = 0
    """The step at which the process dies; 0: never."""
    steps_taken: int = 0

    def step(self) -> None:
        """Count a moment between two effects; die when it is the chosen one."""
        self.steps_taken += 1
        self.at_step()
        if self.die_at and self.steps_taken == self.die_at:
            raise Killed

    def called(self, name: str, effect: Callable[[], Any]) -> Any:
        """Make a call: it may die or fail before its effect, after it, or not at all."""
        self.calls.append(name)
        self.before_call(name)
        self.step()
        fault = next((fault for fault in self.faults if fault.call == name), None)
        if fault:
            self.faults.remove(fault)
            if not fault.after:
                raise fault.error
        result = effect()
        self.step()
        if fault:
            raise fault.error
        return result

    def add_contact(self, number: int, *, email: str = "") -> Contact:
        contact = a_contact(
            f"c{number}", f"Customer {number}", email=email or f"c{number}@x.example"
        )
        self.contacts[contact.id] = contact
        return contact

    def add_invoice(
        self, contact: Contact, number: int, *, overdue: int = 5, amount: str = "100"
    ) -> Invoice:
        invoice = an_invoice(
            f"i{number}",
            contact.id,
            # Issued by today: what is dated in the future is not owed yet.
            issued_on=TODAY - timedelta(days=max(0, overdue + 30)),
            due_on=TODAY - timedelta(days=overdue),
            rate=1,
            total=amount,
            sent=True,
        )
        self.invoices[invoice.id] = invoice
        return invoice

    def pay(self, invoice: Invoice) -> None:
        self.invoices[invoice.id] = self.invoices[invoice.id]._replace(
            status=DocumentStatus.PAID, amount_due=Decimal(0), paid_on=TODAY
        )

    def credit(self, contact: Contact, amount: str) -> None:
        self.credits["cr1"] = a_credit(
            "cr1",
            contact.id,
            kind=CreditKind.PREPAYMENT,
            number="PRE-1",
            issued_on=TODAY,
            rate=1,
            total=amount,
        )

    def keys(self, *kinds: ActionKind) -> list[str]:
        """Return the key of each effect of these kinds, doubles twice."""
        return [done.key for done in self.done if done.kind in kinds]

    @property
    def emails(self) -> list[Write]:
        return [done.write for done in self.done if done.kind is ActionKind.REMINDER]

    def assert_nothing_twice(self) -> None:
        effects = Counter((done.kind, done.key) for done in self.done)
        assert [effect for effect, count in effects.items() if count > 1] == []
        mails = Counter(key for key, _ in self.mails)
        assert [key for key, count in mails.items() if count > 1] == []


class BooksConnector:
    """A connector to the books, as strict as a platform: a second write stands twice."""

    def __init__(self, books: Books, organisation_id: str) -> None:
        self.books = books
        self.organisation_id = organisation_id
        self.capabilities = books.capabilities

    def organisation(self) -> Organisation:
        return ORGANISATION._replace(id=self.organisation_id)

    def pull(self, cursor: str | None) -> Iterator[Page]:
        number = int(cursor or 0) + 1
        kinds: list[tuple[RecordKind, Sequence[Record]]] = [
            (RecordKind.CONTACTS, list(self.books.contacts.values())),
            (RecordKind.INVOICES, list(self.books.invoices.values())),
            (RecordKind.CREDITS, list(self.books.credits.values())),
            (RecordKind.PAYMENTS, list(self.books.payments.values())),
        ]
        for position, (kind, records) in enumerate(kinds):
            last = position == len(kinds) - 1
            self.books.called("pull", lambda: None)
            odd = tuple(self.books.odd) if kind is RecordKind.INVOICES else ()
            yield Page(kind, records, str(number), odd, complete=last)

    def read(self, kind: RecordKind, ids: Sequence[str]) -> Page:
        table = cast(
            "Mapping[str, Record]",
            {
                RecordKind.CONTACTS: self.books.contacts,
                RecordKind.INVOICES: self.books.invoices,
            }[kind],
        )
        self.books.called("read", lambda: None)
        self.books.last_read = list(ids)
        records = [table[record_id] for record_id in ids if record_id in table]
        return Page(
            kind, records, "", gone=tuple(record_id for record_id in ids if record_id not in table)
        )

    def money_since(self, cursor: str) -> Iterator[Page]:
        if not cursor.isdecimal():
            return
        yield Page(RecordKind.CREDITS, list(self.books.credits.values()), "")
        yield Page(RecordKind.PAYMENTS, list(self.books.payments.values()), "")

    def balances(self, contact_ids: Sequence[str]) -> BalancesAnswer:
        return BalancesAnswer((), ())  # these books keep no sums of their own

    def bills(self, cursor: str | None) -> Iterator[BillsPage]:
        reading = str(int(cursor or 0) + 1)
        yield BillsPage(
            list(self.books.bills.values()), reading, whole=f"bills {reading}", complete=True
        )

    def own_reminders(self) -> bool | None:
        return None

    def notes(self, contact_id: str, invoice_ids: Sequence[str]) -> NotesAnswer:
        def answer() -> NotesAnswer:
            about = {"", *invoice_ids[:1]}
            notes = [note for note in self.books.notes if note.invoice_id in about]
            return NotesAnswer(notes, invoice_ids[1:])

        return cast("NotesAnswer", self.books.called("notes", answer))

    def invoice_link(self, invoice_id: str) -> str:
        return f"https://in.example/{invoice_id}"

    def invoice_pdf(self, invoice_id: str) -> bytes:
        return cast("bytes", self.books.called("invoice_pdf", lambda: INVOICE_PDF))

    def prepare(self, action: Action) -> Mapping[str, str]:
        self.books.called("prepare", lambda: None)
        return {"saved.groups": "none"}

    def perform(self, write: Write) -> Receipt:
        kind = write.action.kind
        assert write.before["saved.groups"] == "none"

        if write.undoes and (refusal := self._state(write.undoes).refusal):
            raise Rejected(refusal)

        def effect() -> Receipt:
            same = [done for done in self.books.done if done.key == write.key]
            if not any(done.generation == write.generation for done in same):
                self.books.done.append(Done(kind, write.key, write.generation, write))
            return Receipt(f"r-{write.key[:8]}", f"{kind.value} done")

        return cast("Receipt", self.books.called("perform", effect))

    def find(self, write: Write) -> Receipt | None:
        self.books.called("find", lambda: None)
        if self.books.blind:
            raise OutcomeUnknown("the platform does not tell")
        stands = any(done.key == write.key for done in self.books.done)
        return Receipt(f"r-{write.key[:8]}", "found") if stands else None

    def undoing(self, write: Write) -> Undoing:
        return cast("Undoing", self.books.called("undoing", lambda: self._state(write)))

    def _state(self, write: Write) -> Undoing:
        undone = [
            payload_of(done.write.action, UndoPayload).undoes
            for done in self.books.done
            if done.kind is ActionKind.UNDO
        ]
        status, now = ReversalStatus.OURS, "ours"
        if write.key in undone:
            status, now = ReversalStatus.AS_BEFORE, "nothing"
        elif write.key in self.books.by_hand:
            status, now = ReversalStatus.CHANGED, "theirs"
        return Undoing(status, "nothing", "ours", now)


INVOICE_PDF = b"%PDF-1.4\n%%EOF\n"
"""What the books print of each invoice."""

ORGANISATION = Organisation("org", "Example Ltd", "GBP", "GB", "Europe/London")


class BooksPlatform:
    """The platform whose only organisation is the books."""

    name = "books"
    label = "Books"
    limits = RateLimits(60, 5)
    webhook = None

    def __init__(self, books: Books) -> None:
        self.books = books
        self.capabilities = books.capabilities

    def authoriser(self, settings: Mapping[str, str]) -> Authoriser:
        return cast("Authoriser", _BooksAuthoriser(self.books))

    def record_page(
        self, kind: RecordKind, record_id: str, organisation_id: str, settings: Mapping[str, str]
    ) -> str:
        return f"https://books.example/{organisation_id}/{kind.value}/{record_id}"

    def open(
        self, transport: Transport, organisation_id: str, settings: Mapping[str, str]
    ) -> Connector:
        return BooksConnector(self.books, organisation_id)


class _BooksAuthoriser:
    interactive = False

    def __init__(self, books: Books) -> None:
        self.books = books

    def revoke(self, token: Token) -> None:
        self.books.called("revoke", lambda: None)


class BooksPost(PostOffice):
    """A post office whose mails land in the books; letters are made by the real one."""

    def __init__(self, books: Books, *parts: Any) -> None:
        super().__init__(*parts)
        self._books = books

    def deliver(self, via: str, message: Message) -> Receipt:
        if via != Via.SMTP:
            return super().deliver(via, message)
        mail = outgoing(self._config, message)
        self._books.called("mail", lambda: self._books.mails.append((message.key, mail)))
        return Receipt(str(mail.message["Message-ID"]), "250 queued")


class Snapshot(NamedTuple):
    """A world at one moment."""

    database: sqlite3.Connection
    books: Books
    moment: datetime


@dataclass
class BooksWorld:
    """The books, the application, and time."""

    books: Books
    config: Config
    clock: SetClock
    limits: Limits = LIMITS
    app: App = field(init=False)
    _snapshots: list[sqlite3.Connection] = field(default_factory=list)
    name: str = "books"

    def __post_init__(self) -> None:
        put_store(self.config.folder)
        self.restart()

    def restart(self, *, same_store: bool = False) -> None:
        """Start a new process on the same store; `same_store` spares opening it anew."""
        old = self.__dict__.get("app")
        if old is not None and not same_store:
            old.close()
        self.app = App(
            self.config,
            clock=self.clock,
            platforms=lambda _: BooksPlatform(self.books),
            limits=self.limits,
            post=lambda *parts: BooksPost(self.books, *parts),
        )
        if old is not None and same_store:
            self.app.__dict__["store"] = old.store

    @property
    def store(self) -> Store:
        return self.app.store

    @property
    def connection(self) -> ConnectionRow:
        return self.store.connections.get(self.name)

    def rules(self, text: str) -> None:
        (self.config.rules_folder / "standard.yaml").write_text(text)

    def sync(self) -> RunResult:
        (result,) = self.app.sync(self.name)
        return result

    def rows(self, *states: ActionState) -> list[ActionRow]:
        return list(self.store.actions.list(self.connection.id, states=set(states) or None))

    def the_row(self, kind: ActionKind) -> ActionRow:
        (row,) = self.store.actions.list(self.connection.id, kinds={kind})
        return row

    def state(self) -> str:
        """Return whether the connection's consent stands."""
        return self.connection.state

    def spare_the_disk(self) -> None:
        """Do not wait for the disk at each commit: deaths here are of the process alone."""
        engine = self.store.engine
        event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
        engine.dispose()

    @contextmanager
    def changes_seen(self) -> Iterator[Callable[[], Hashable]]:
        """Yield what tells a moment from others after which something else outlives the process."""
        with closing(sqlite3.connect(self.config.folder / STORE)) as looker:

            def mark() -> Hashable:
                # SQLite counts up whenever another connection has committed a change.
                (version,) = looker.execute("PRAGMA data_version").fetchone()
                books = self.books
                return version, len(books.done), len(books.mails), len(books.faults)

            yield mark

    def snapshot(self) -> Snapshot:
        """Return how everything stands now."""
        database = sqlite3.connect(":memory:")
        raw = self.store.engine.raw_connection()
        cast("sqlite3.Connection", raw.driver_connection).backup(database)
        raw.close()
        self._snapshots.append(database)
        return Snapshot(database, copy.deepcopy(self.books), self.clock.moment)

    def close(self) -> None:
        """Close the store and what was kept of it."""
        self.app.close()
        for database in self._snapshots:
            database.close()

    def back_to(self, snapshot: Snapshot) -> None:
        """Put everything back to how it stood; the store stays open."""
        raw = self.store.engine.raw_connection()
        snapshot.database.backup(cast("sqlite3.Connection", raw.driver_connection))
        raw.close()
        self.books = copy.deepcopy(snapshot.books)
        self.clock.moment = snapshot.moment
        self.restart(same_store=True)

    def advance(self, **step: float) -> None:
        self.clock.advance(timedelta(**step))
