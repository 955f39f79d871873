"""One message costs the same few statements, however large the ledger is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from sqlalchemy import event
from tests.builders.actions import a_payload

from arsync.clock import SetClock
from arsync.connector_sdk import (
    BalancesAnswer,
    BillsPage,
    Capabilities,
    NotesAnswer,
    Page,
    Receipt,
    Record,
    Undoing,
    Write,
)
from arsync.core.actions import Action, ActionKind, ActionState, Because, InvoiceRef
from arsync.core.ledger.records import (
    Account,
    Contact,
    Invoice,
    Organisation,
    RecordKind,
)
from arsync.core.planning.plan import Plan, SafetyVerdict
from arsync.outbox import LIMITS, Limits, Outbox
from arsync.outbox.types import OutboxContext
from arsync.store import Store, open_store
from arsync.store.models import ConnectionRow

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
TODAY = NOW.date()
STATEMENTS_PER_ACTION_MAX = 15
"""The design's limit, from the claim of an action until it is sent."""
SENT = 10
_QUESTION = re.compile(r"\s*(WITH|SELECT|INSERT|UPDATE|DELETE)\b")


def a_contact(number: int) -> Contact:
    return Contact(f"c{number}", f"Customer {number}", email=f"c{number}@example.org")


def an_invoice(number: int, contacts: int) -> Invoice:
    return Invoice(
        f"i{number}",
        f"c{number % contacts}",
        f"INV-{number}",
        "open",
        date(2026, 9, 1),
        date(2026, 10, 1),
        "GBP",
        None,
        Decimal(100),
        Decimal(100),
    )


def a_reminder(number: int) -> Action:
    ref = InvoiceRef(f"i{number}", f"INV-{number}", Decimal(100), "GBP", 1, "first reminder", 14)
    return Action(
        payload=a_payload(ActionKind.REMINDER),
        connection="acme",
        contact_id=f"c{number}",
        contact_name=f"Customer {number}",
        because=Because("rules/standard.yaml", 57, "Standard cadence"),
        subject=f"i{number} day 14",
        invoices=(ref,),
        step="first reminder",
    )


class UnchangedPlatform:
    """A platform that shows what the copy holds already, and takes whatever is written."""

    capabilities = Capabilities(frozenset(), note_characters_max=1_000, emails_per_day_max=0)

    def __init__(self, contacts: int) -> None:
        self._contacts = contacts
        self.performed: list[str] = []

    def organisation(self) -> Organisation:
        raise NotImplementedError

    def pull(self, cursor: str | None) -> Iterator[Page]:
        raise NotImplementedError

    def read(self, kind: RecordKind, ids: Sequence[str]) -> Page:
        numbers = [int(record_id[1:]) for record_id in ids]
        records: tuple[Record, ...] = tuple(
            a_contact(number) if kind is RecordKind.CONTACTS else an_invoice(number, self._contacts)
            for number in numbers
        )
        return Page(kind, records, "")

    def money_since(self, cursor: str) -> Iterator[Page]:
        yield from ()

    def balances(self, contact_ids: Sequence[str]) -> BalancesAnswer:
        return BalancesAnswer((), ())

    def bills(self, cursor: str | None) -> Iterator[BillsPage]:
        yield from ()

    def own_reminders(self) -> bool | None:
        return None

    def notes(self, contact_id: str, invoice_ids: Sequence[str]) -> NotesAnswer:
        raise NotImplementedError

    def invoice_link(self, invoice_id: str) -> str:
        return ""

    def invoice_pdf(self, invoice_id: str) -> bytes:
        raise NotImplementedError

    def prepare(self, action: Action) -> Mapping[str, str]:
        return {}

    def perform(self, write: Write) -> Receipt:
        self.performed.append(write.key)
        return Receipt(write.key, "sent")

    def find(self, write: Write) -> Receipt | None:
        return Receipt(write.key, "found")

    def undoing(self, write: Write) -> Undoing:
        raise NotImplementedError


@contextmanager
def statements(store: Store) -> Iterator[Counter[str]]:
    """Count the statements that ask or change something, by their text."""
    counted: Counter[str] = Counter()

    def count(*args: Any) -> None:
        if _QUESTION.match(args[2]):
            counted[" ".join(args[2].split())] += 1

    event.listen(store.engine, "before_cursor_execute", count)
    try:
        yield counted
    finally:
        event.remove(store.engine, "before_cursor_execute", count)


def a_ledger(folder: Path, invoices: int) -> tuple[Store, ConnectionRow]:
    """A store with so many open invoices, ten to a contact."""
    store = open_store(f"sqlite:///{folder / 'store.db'}", clock=SetClock(NOW))
    connection = store.connections.add(
        "acme",
        platform="xero",
        organisation=Organisation("org-1", "Acme", "GBP", "GB", "UTC"),
        mode="auto",
    )
    contacts = invoices // 10
    for kind, records in (
        (RecordKind.CONTACTS, tuple(a_contact(number) for number in range(contacts))),
        (RecordKind.INVOICES, tuple(an_invoice(number, contacts) for number in range(invoices))),
    ):
        store.ledger.apply(connection.id, Page(kind, records, "x"), NOW)
    return store, connection


def a_plan(actions: Sequence[Action]) -> Plan:
    return Plan("acme", TODAY, (), "hash", tuple(actions), (), SafetyVerdict(exceeded=False))


def run(folder: Path, invoices: int, sent: int, limits: Limits) -> int:
    """Send so many reminders from a ledger of a size, and return how many statements it took."""
    folder = Path(mkdtemp(dir=folder))
    store, connection = a_ledger(folder, invoices)
    actions = [a_reminder(number) for number in range(sent)]
    by_contact = {action.contact_id: action for action in actions}
    platform = UnchangedPlatform(invoices // 10)

    def replan(account: Account) -> Plan:
        assert len(account.invoices) == 10
        return a_plan([by_contact[account.contacts[0].id]])

    with store:
        store.actions.save_plan(connection.id, a_plan(actions), mode="auto", now=NOW)
        context = OutboxContext(
            store,
            connection,
            platform,
            SetClock(NOW),
            today=lambda: TODAY,
            replan=replan,
            limits=limits,
        )
        outbox = Outbox(context)
        with statements(store) as counted:
            result = outbox.run()
        assert result.problems == []
        assert len(platform.performed) == sent
        confirmed = limits.confirms_per_run_max > 0
        state = ActionState.CONFIRMED if confirmed else ActionState.SENT
        assert store.actions.counts(connection.id) == {state: sent}
    return counted.total()


def per_action(folder: Path, limits: Limits) -> float:
    single, several = run(folder, 1_000, 1, limits), run(folder, 1_000, SENT, limits)
    return (several - single) / (SENT - 1)


def test_an_action_is_sent_with_few_statements(tmp_path: Path) -> None:
    sending = per_action(tmp_path, LIMITS._replace(confirms_per_run_max=0))
    assert sending <= STATEMENTS_PER_ACTION_MAX


def test_an_action_is_confirmed_with_two_statements(tmp_path: Path) -> None:
    sending = per_action(tmp_path, LIMITS._replace(confirms_per_run_max=0))
    assert per_action(tmp_path, LIMITS) - sending == 2


def test_statements_do_not_grow_with_the_ledger(tmp_path: Path) -> None:
    assert run(tmp_path, 1_000, SENT, LIMITS) == run(tmp_path, 30_000, SENT, LIMITS)
