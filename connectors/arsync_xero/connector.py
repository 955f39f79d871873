"""The Xero connector: reading, and the door to writing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from arsync.connector_sdk import (
    BALANCE_CALLS_MAX,
    Capabilities,
    Capability,
    Page,
    Receipt,
    Transport,
    Undoing,
    Write,
)
from arsync.core.actions import Action
from arsync.core.ledger.records import DocumentProblem, Organisation, OwnBalance, RecordKind
from arsync_xero.api import IDS_PER_CALL, Api
from arsync_xero.documents import (
    CONTACTS,
    CREDIT_NOTES,
    INVOICES,
    ONLINE_INVOICES,
    ORGANISATION,
    OVERPAYMENTS,
    PAYMENTS,
    PREPAYMENTS,
    REMINDERS,
    Endpoint,
    Rows,
)
from arsync_xero.feed import STATUSES, Feed, balances_of, converted, one_organisation
from arsync_xero.records import to_contact, to_credit, to_invoice, to_payment

if TYPE_CHECKING:
    from arsync_xero.writes import Writes

NOTE_CHARACTERS_MAX = 2_500
EMAILS_PER_DAY_MAX = 1_000
"""Of a paying organisation; a trial has 20 and the demo company none."""

_OFFERS = frozenset(
    {
        Capability.NOTE_ON_INVOICE,
        Capability.NOTE_ON_CONTACT,
        Capability.EMAIL,
        Capability.CREDIT_HOLD,
        Capability.TERMS,
        Capability.EXPECTED_DATE,
        Capability.ATTACHMENT,
        Capability.LATE_FEE,
        Capability.CONTACT_GROUPS,
        Capability.ONLINE_INVOICE,
        Capability.UNDO,
        Capability.OWN_REMINDERS,
    }
)
CAPABILITIES = Capabilities(_OFFERS, NOTE_CHARACTERS_MAX, EMAILS_PER_DAY_MAX)


class XeroConnector:
    """One organisation at Xero. Implements `arsync.connector.Connector`."""

    def __init__(
        self, transport: Transport, organisation_id: str, settings: Mapping[str, str]
    ) -> None:
        """Make a connector; no call is made.

        Args:
            transport: authorised and paced.
            organisation_id: the tenant id.
            settings: the config section `xero`.
        """
        self._api = Api(transport, organisation_id, settings["api_url"])
        self._settings = settings
        self._base = ""
        self._made_writes: Writes | None = None
        without = frozenset() if settings.get("late_fee_account") else {Capability.LATE_FEE}
        self.capabilities = CAPABILITIES._replace(offers=_OFFERS - without)

    def organisation(self) -> Organisation:
        """Read the organisation."""
        organisation = one_organisation(self._api.rows(ORGANISATION), self._own_reminders())
        self._base = organisation.base_currency
        return organisation

    def pull(self, cursor: str | None) -> Iterator[Page]:
        """Yield the pages of a pull; see `feed`."""
        return Feed(self._api, self._own_reminders).pages(cursor)

    def read(self, kind: RecordKind, ids: Sequence[str]) -> Page:
        """Read these records afresh."""
        if kind == RecordKind.ORGANISATION:
            return Page(kind, (self.organisation(),), "")
        if kind == RecordKind.CONTACTS:
            params = {"includeArchived": "true"}
            return self._by_ids(CONTACTS, ids, params, lambda one, _: to_contact(one))
        if kind == RecordKind.INVOICES:
            return self._by_ids(INVOICES, ids, {"Statuses": STATUSES}, to_invoice)
        if kind == RecordKind.PAYMENTS:
            return self._one_by_one(kind, (PAYMENTS,), ids, to_payment)
        # An id does not tell which of the three it belongs to.
        endpoints = (CREDIT_NOTES, PREPAYMENTS, OVERPAYMENTS)
        return self._one_by_one(kind, endpoints, ids, to_credit)

    def money_since(self, cursor: str) -> Iterator[Page]:
        """Yield the credits that came since a pull; a payment shows in its invoice."""
        return Feed(self._api, self._own_reminders).credits_since(cursor)

    def balances(self, contact_ids: Sequence[str]) -> Sequence[OwnBalance]:
        """Read afresh what Xero itself says these contacts owe."""
        own_balances: list[OwnBalance] = []
        asked = contact_ids[: BALANCE_CALLS_MAX * IDS_PER_CALL]
        for start in range(0, len(asked), IDS_PER_CALL):
            part = asked[start : start + IDS_PER_CALL]
            query = {"includeArchived": "true", "IDs": ",".join(part)}
            query |= {"page": "1", "pageSize": str(IDS_PER_CALL)}
            own_balances += balances_of(self._api.rows(CONTACTS, params=query))
        return own_balances

    def invoice_link(self, invoice_id: str) -> str:
        """Return the customer's online view of an invoice, or an empty text."""
        rows = self._api.one(ONLINE_INVOICES, f"Invoices/{invoice_id}/OnlineInvoice")
        links = [document.online_invoice_url for document in rows.documents] if rows else []
        return (links[0] or "") if links else ""

    def prepare(self, action: Action) -> Mapping[str, str]:
        """Read what the write will change or be recognised by."""
        return self._writes.prepare(action)

    def perform(self, write: Write) -> Receipt:
        """Write."""
        return self._writes.perform(write)

    def find(self, write: Write) -> Receipt | None:
        """Look whether the whole write stands."""
        return self._writes.find(write)

    def undoing(self, write: Write) -> Undoing:
        """Read how what a write changed stands now, to see whether it can be undone."""
        return self._writes.undoing(write)

    @property
    def _writes(self) -> Writes:
        if self._made_writes is None:
            # The SDK takes a quarter of a second to import: only what writes pays for it.
            from arsync_xero.writes import Writes

            account = self._settings.get("late_fee_account", "")
            self._made_writes = Writes(
                self._api, late_fee_account=account, note_characters=NOTE_CHARACTERS_MAX
            )
        return self._made_writes

    def _own_reminders(self) -> bool | None:
        rows = self._api.one(REMINDERS, "InvoiceReminders/Settings")
        enabled = [document.enabled for document in rows.documents] if rows else []
        return enabled[0] if enabled else None

    def _base_currency(self) -> str:
        if not self._base:
            rows = self._api.rows(ORGANISATION)
            self._base = one_organisation(rows, None).base_currency
        return self._base

    def _by_ids(
        self,
        endpoint: Endpoint[Any],
        ids: Sequence[str],
        params: Mapping[str, str],
        convert: Callable[[Any, str], Any],
    ) -> Page:
        found: list[Any] = []
        problems: list[DocumentProblem] = []
        for start in range(0, len(ids), IDS_PER_CALL):
            part = ids[start : start + IDS_PER_CALL]
            query = {**params, "IDs": ",".join(part), "page": "1", "pageSize": str(IDS_PER_CALL)}
            records, odd = converted(
                self._api.rows(endpoint, params=query), convert, self._base_currency()
            )
            found += records
            problems += odd
        seen = {one.id for one in found} | {problem.id for problem in problems}
        missing = [id_ for id_ in ids if id_ not in seen]
        # A filter may hide a record that is there: only its own address says that it is gone.
        page = self._one_by_one(endpoint.kind or RecordKind.INVOICES, (endpoint,), missing, convert)
        return Page(
            endpoint.kind or RecordKind.INVOICES,
            [*found, *page.records],
            "",
            problems=(*problems, *page.problems),
            gone=page.gone,
        )

    def _one_by_one(
        self,
        kind: RecordKind,
        endpoints: Sequence[Endpoint[Any]],
        ids: Sequence[str],
        convert: Callable[[Any, str], Any],
    ) -> Page:
        found: list[Any] = []
        problems: list[DocumentProblem] = []
        gone: list[str] = []
        for id_ in ids:
            rows = self._first(endpoints, id_)
            if rows is None:
                gone.append(id_)
                continue
            records, odd = converted(rows, convert, self._base_currency())
            found += records
            problems += odd
        return Page(kind, found, "", problems=tuple(problems), gone=tuple(gone))

    def _first(self, endpoints: Sequence[Endpoint[Any]], id_: str) -> Rows[Any] | None:
        for endpoint in endpoints:
            rows = self._api.one(endpoint, f"{endpoint.path}/{id_}")
            if rows is not None:
                return rows
        return None
