"""One organisation's records by id, and lists of them in order, kept until something changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from arsync_sandbox.platform import Frame, SandboxOrganisation

from . import wire
from .documents import (
    XeroAttachment,
    XeroContact,
    XeroCredit,
    XeroDocument,
    XeroGroup,
    XeroInvoice,
    XeroNote,
    XeroPayment,
)

LISTS_KEPT_MAX = 8
"""How many filtered and ordered lists a table remembers."""

R = TypeVar("R", XeroContact, XeroInvoice, XeroCredit, XeroPayment)


class RecordTable(Generic[R]):
    """The records of one kind; remembers lists until `touch` says that something changed."""

    def __init__(self) -> None:
        self.rows: dict[str, R] = {}
        self._lists: dict[Hashable, list[R]] = {}

    def add(self, record: R) -> None:
        """Take a new record."""
        self.rows[record.id] = record
        self._lists.clear()

    def touch(self) -> None:
        """Forget the lists: some record has changed."""
        self._lists.clear()

    def listed(self, key: Hashable, build: Callable[[], list[R]]) -> list[R]:
        """The list that `build` makes, remembered under `key` until the next change."""
        remembered = self._lists.get(key)
        if remembered is None:
            if len(self._lists) >= LISTS_KEPT_MAX:
                self._lists.pop(next(iter(self._lists)))
            remembered = self._lists[key] = build()
        return remembered


class XeroLedger:
    """Everything that one Xero organisation holds."""

    def __init__(self, frame: Frame, organisation: SandboxOrganisation) -> None:
        self.frame = frame
        self.organisation = organisation
        self.contacts: RecordTable[XeroContact] = RecordTable()
        self.invoices: RecordTable[XeroInvoice] = RecordTable()
        self.credits: dict[str, RecordTable[XeroCredit]] = {
            kind: RecordTable() for kind in ("CreditNotes", "Prepayments", "Overpayments")
        }
        self.payments: RecordTable[XeroPayment] = RecordTable()
        self.groups: dict[str, XeroGroup] = {}
        self.organisation_fields: dict[str, Any] = {}
        """What a loaded organisation says of itself."""
        self.loaded: dict[str, list[dict[str, Any]]] = defaultdict(list)
        """Documents that are served as they were loaded, by `load_documents.SERVED_AS_LOADED`."""
        self.history: dict[str, list[XeroNote]] = defaultdict(list)
        self.attachments: dict[str, dict[str, XeroAttachment]] = defaultdict(dict)
        self.emails: dict[str, int] = defaultdict(int)
        self.aliases: dict[str, str] = {}
        """Ids of loaded rows that are no GUIDs, by kind and name, to the GUIDs they became."""
        self.numbers: dict[str, XeroInvoice] = {}
        """Sales invoices by number; a number once used stays used."""
        self.currencies: dict[str, None] = {organisation.currency: None}
        self.events: list[tuple[str, str, str, XeroDocument | XeroContact]] = []
        """Webhook events that wait for the end of the request: category, type, id, record."""
        self.load_moment = frame.now()
        """UpdatedDateUTC of loaded documents that have none of their own."""
        self._last = datetime.min.replace(tzinfo=frame.now().tzinfo)
        self._next_number = 1

    def setting(self, name: str) -> Any:
        """A switch of the sandbox, without its `xero_` prefix."""
        return self.frame.setting(f"xero_{name}")

    @property
    def today(self) -> date:
        """The calendar day where the organisation is."""
        return self.frame.now().astimezone(ZoneInfo(self.organisation.time_zone)).date()

    def stamp(self) -> datetime:
        """A moment for UpdatedDateUTC, later than any before, so that a changed row moves last."""
        # The clock may stand still in a test; two changes must not share a moment all the same.
        moment = max(_to_milliseconds(self.frame.now()), self._last + timedelta(milliseconds=1))
        self._last = moment
        return moment

    def saw(self, moment: datetime) -> None:
        """Take note of a loaded UpdatedDateUTC: the next stamp comes after it."""
        if self._last < moment <= self.frame.now():
            self._last = moment

    def changed(
        self, record: XeroContact | XeroDocument | XeroPayment, *, bump: bool = True
    ) -> None:
        """Forget what was remembered about a record; `bump` moves its UpdatedDateUTC."""
        # Not every change moves UpdatedDateUTC at Xero, which is why clients need sweeps.
        if bump:
            record.updated = self.stamp()
        record.cache.clear()
        if isinstance(record, XeroContact):
            self.contacts.touch()
            self.invoices.touch()
        elif isinstance(record, XeroInvoice):
            self.invoices.touch()
            record.contact.cache.pop("balances", None)
            self.contacts.touch()
        elif isinstance(record, XeroCredit):
            self.credits[record.kind].touch()
            record.contact.cache.pop("balances", None)
        elif isinstance(record, XeroPayment):
            self.payments.touch()

    def renamed(self, contact: XeroContact) -> None:
        """Forget every document that shows this contact's name."""
        for document in (*contact.invoices, *contact.credits):
            document.cache.clear()
            for payment in document.payments:
                payment.cache.clear()
        for table in self.credits.values():
            table.touch()
        self.payments.touch()

    def event(self, category: str, kind: str, record: XeroDocument | XeroContact) -> None:
        """Remember a webhook event (CREATE or UPDATE) for the end of the request."""
        # Kept for the end of the request: one that is refused must report nothing.
        if self.setting("webhook_url"):
            self.events.append((category, kind, record.id, record))

    def note(self, record_id: str, details: str, changes: str = "Note", user: str = "") -> XeroNote:
        """Write a row of history."""
        note = XeroNote(self.frame.now(), details, changes, user or "System Generated")
        self.history[record_id].append(note)
        return note

    @property
    def base_currency(self) -> str:
        """The organisation's own currency; a loaded organisation's word counts."""
        return str(self.organisation_fields.get("BaseCurrency") or self.organisation.currency)

    def take_number(self) -> str:
        """The next automatic invoice number that nobody has used."""
        while True:
            number = f"INV-{self._next_number:04d}"
            self._next_number += 1
            if number not in self.numbers:
                return number

    def resolve(self, kind: str, name: str) -> str:
        """The GUID of a row loaded under this name, or the GUID that the name is."""
        return self.aliases.get(f"{kind}:{name}") or wire.guid(name)

    def alias(self, kind: str, name: str) -> str:
        """The GUID for a row to be loaded; a name that is none is mapped and remembered."""
        guid = wire.mapped_guid(kind, name)
        if guid != name:
            self.aliases[f"{kind}:{name}"] = guid
        return guid

    @property
    def lock_date(self) -> date | None:
        """The later of the two lock dates."""
        names = ("period_lock_date", "end_of_year_lock_date")
        days = [date.fromisoformat(text) for name in names if (text := self.setting(name))]
        return max(days, default=None)

    def outstanding(self, contact: XeroContact, kind: str) -> tuple[Decimal, Decimal]:
        """What a contact owes and what of it is overdue, raw, in whatever currencies."""
        today = self.today
        total = overdue = wire.ZERO
        for invoice in contact.invoices:
            if invoice.type == kind and invoice.status == "AUTHORISED":
                total += invoice.due
                if invoice.due_on and invoice.due_on < today:
                    overdue += invoice.due
        # Whether Xero subtracts unallocated credits is not documented: a switch.
        if kind == "ACCREC" and self.setting("balances_less_credits"):
            total -= sum(
                (
                    credit.remaining
                    for credit in contact.credits
                    if credit.status == "AUTHORISED" and not credit.is_suppliers
                ),
                wire.ZERO,
            )
        return total, overdue


def _to_milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
