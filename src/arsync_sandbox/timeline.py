"""The passing of days: first the rows whose day has come, then the debtors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple, Protocol

from .books import platform_of
from .clock import SandboxClock, days_between
from .debtors import DebtorBehaviour
from .mailbox import Mailbox
from .platform import Book, ContactRow, InvoiceRow, PaymentRow
from .settings import Settings
from .webhooks import WebhookQueue

MORNING = time(8, 0, tzinfo=UTC)
"""The time of day at which rows and debtors act, on days that the clock passes through."""


class LoadedRows(NamedTuple):
    """A ledger in rows: what CSV files, JSON and the generator give."""

    contacts: list[ContactRow]
    invoices: list[InvoiceRow]
    payments: list[PaymentRow]


class Sandboxed(Protocol):
    """What the timeline needs of the sandbox."""

    clock: SandboxClock
    settings: Settings
    mailbox: Mailbox
    webhooks: WebhookQueue
    books: dict[str, Book]


class CannotGoBack(ValueError):
    """The clock was asked to go back although debtors have acted."""


class Timeline:
    """The days gone by, and the rows that wait for theirs."""

    def __init__(self, sandbox: Sandboxed, *, seed: int) -> None:
        self._sandbox = sandbox
        self._today = sandbox.clock.now().date()
        self._invoices: dict[date, list[tuple[str, InvoiceRow]]] = defaultdict(list)
        self._payments: dict[date, list[tuple[str, PaymentRow]]] = defaultdict(list)
        self._contact_of_number: dict[str, dict[str, str]] = {key: {} for key in sandbox.books}
        self.debtors = {
            key: DebtorBehaviour(
                book, seed, sandbox.mailbox.letters_naming, self._contact_of_number[key]
            )
            for key, book in sandbox.books.items()
        }

    def load(self, rows: LoadedRows, keys: Iterable[str]) -> None:
        """Give rows to the Books of these keys, those of later days when the clock gets there.

        A `paid` invoice becomes an open one with its payments, and one payment of the rest on its
        due date where they do not add up: so it is owed until then, whenever "then" is.
        """
        invoices, payments = opened(rows)
        now_invoices = [row for row in invoices if row.issued_on <= self._today]
        now_payments = [row for row in payments if row.paid_on <= self._today]
        for key in keys:
            book = self._sandbox.books[key]
            self._contact_of_number[key].update((row.number, row.contact_id) for row in invoices)
            book.load_contacts(rows.contacts)
            book.load_invoices(now_invoices)
            book.load_payments(now_payments)
            for invoice in invoices:
                if invoice.issued_on > self._today:
                    self._invoices[invoice.issued_on].append((key, invoice))
            for payment in payments:
                if payment.paid_on > self._today:
                    self._payments[payment.paid_on].append((key, payment))

    def move_to(self, moment: datetime) -> None:
        """Put the clock forward through each day, or back where nobody acts.

        Going back undoes nothing: rows that have taken effect stay.

        Raises:
            CannotGoBack: debtors are at work; they remember.
        """
        clock = self._sandbox.clock
        if moment < clock.now() and self._sandbox.settings["debtors"]:
            raise CannotGoBack("the clock cannot go back while debtors act; POST /_sandbox/reset")
        self.catch_up()
        # Day by day and not in one step: a debtor pays some days after a letter, and what it did on
        # Monday decides what it does on Tuesday.
        for day in days_between(self._today, moment.date()):
            clock.set(min(datetime.combine(day, MORNING), moment))
            self._begin(day)
        clock.set(moment)
        self._today = moment.date()
        self._sandbox.webhooks.poke()

    def catch_up(self) -> None:
        """Play the days that began by themselves, without the clock being moved."""
        today = self._sandbox.clock.now().date()
        if today > self._today:
            for day in days_between(self._today, today):
                self._begin(day)

    def _begin(self, day: date) -> None:
        self._today = day
        invoices, payments = self._invoices.pop(day, []), self._payments.pop(day, [])
        for key, book in self._sandbox.books.items():
            begins = getattr(book, "day_begins", None)
            if begins is not None:
                begins(day)
            book.load_invoices([row for owner, row in invoices if owner == key])
            book.load_payments([row for owner, row in payments if owner == key])
        # Debtors last: they may pay an invoice of this very morning.
        if self._sandbox.settings["debtors"]:
            for debtors in self.debtors.values():
                debtors.act(day)

    def waiting(self) -> dict[str, int]:
        """Return how many rows wait for their day."""
        return {
            "invoices": sum(map(len, self._invoices.values())),
            "payments": sum(map(len, self._payments.values())),
        }

    def replies(self) -> list[Mapping[str, Any]]:
        """Return what debtors wrote back on all platforms, oldest first."""
        rows = [
            {
                "platform": platform_of(key),
                "organisation": self._sandbox.books[key].organisation.name,
                **reply.as_json(),
            }
            for key, debtors in self.debtors.items()
            for reply in debtors.replies
        ]
        return sorted(rows, key=lambda row: str(row["at"]))


def opened(rows: LoadedRows) -> tuple[list[InvoiceRow], list[PaymentRow]]:
    """Return the rows with `paid` invoices turned into open ones and the payments that pay them."""
    paid = {row.id: row for row in rows.invoices if row.status == "paid"}
    if not paid:
        return rows.invoices, rows.payments
    unallocated = {id_: row.total for id_, row in paid.items()}
    for payment in rows.payments:
        if payment.invoice_id in unallocated:
            unallocated[payment.invoice_id] -= payment.amount
    balancing = [
        PaymentRow(f"{id_}-paid", id_, paid[id_].due_on or paid[id_].issued_on, amount)
        for id_, amount in unallocated.items()
        if amount > 0
    ]
    invoices = [
        row._replace(status="open") if row.status == "paid" else row for row in rows.invoices
    ]
    return invoices, [*rows.payments, *balancing]
