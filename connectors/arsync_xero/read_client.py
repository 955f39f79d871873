"""Reading one organisation: its settings, records by their ids, balances, the online view."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from arsync.connector_sdk import BALANCE_CALLS_MAX, BalancesAnswer, Page
from arsync.core.ledger.records import DocumentProblem, Organisation, OwnBalance, RecordKind
from arsync.errors import Rejected
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
    STATUSES,
    ContactDocument,
    Endpoint,
    Rows,
)
from arsync_xero.records import (
    to_balance,
    to_contact,
    to_credit,
    to_invoice,
    to_organisation,
    to_payment,
)


class ReadClient:
    """Reads one organisation."""

    def __init__(self, api: Api) -> None:
        """Make a reader; no call is made."""
        self.api = api
        self._base = ""
        self._home = ""

    def organisation(self) -> Organisation:
        """Read the organisation."""
        organisation = one_organisation(self.api.rows(ORGANISATION), self.own_reminders())
        self.remember(organisation)
        return organisation

    def remember(self, organisation: Organisation) -> None:
        """Keep, for the length of a run, what documents are read by."""
        self._base, self._home = organisation.base_currency, organisation.country

    def base_currency(self) -> str:
        """Return the organisation's currency, asking for it if need be."""
        return self._context(RecordKind.INVOICES)

    def read(self, kind: RecordKind, ids: Sequence[str]) -> Page:
        """Read these records afresh."""
        if kind == RecordKind.ORGANISATION:
            return Page(kind, (self.organisation(),), "")
        if kind == RecordKind.CONTACTS:
            params = {"includeArchived": "true"}
            return self._by_ids(CONTACTS, ids, params, to_contact)
        if kind == RecordKind.INVOICES:
            return self._by_ids(INVOICES, ids, {"Statuses": STATUSES}, to_invoice)
        # Lists of payments and credits have no parameter for ids.
        if kind == RecordKind.PAYMENTS:
            return self._one_by_one(kind, (PAYMENTS,), ids, to_payment)
        # An id does not show which of the three it belongs to.
        endpoints = (CREDIT_NOTES, PREPAYMENTS, OVERPAYMENTS)
        return self._one_by_one(kind, endpoints, ids, to_credit)

    def balances(self, contact_ids: Sequence[str]) -> BalancesAnswer:
        """Read afresh what Xero itself says these contacts owe."""
        # By contact, not by report: Xero's aged receivables take a call for each contact and a
        # scope for reports, its contacts' balances take neither.
        own_balances: list[OwnBalance] = []
        affordable = contact_ids[: BALANCE_CALLS_MAX * IDS_PER_CALL]
        for start in range(0, len(affordable), IDS_PER_CALL):
            batch = affordable[start : start + IDS_PER_CALL]
            query = {"includeArchived": "true", "IDs": ",".join(batch)}
            query |= {"page": "1", "pageSize": str(IDS_PER_CALL)}
            own_balances += balances_of(self.api.rows(CONTACTS, params=query))
        return BalancesAnswer(affordable, own_balances)

    def invoice_link(self, invoice_id: str) -> str:
        """Return the customer's online view of an invoice, or an empty text."""
        rows = self.api.read_one(ONLINE_INVOICES, f"Invoices/{invoice_id}/OnlineInvoice")
        links = [document.online_invoice_url for document in rows.documents] if rows else []
        return (links[0] or "") if links else ""

    def invoice_pdf(self, invoice_id: str) -> bytes:
        """Return Xero's own PDF of an invoice."""
        return self.api.pdf(f"Invoices/{invoice_id}/pdf")

    def own_reminders(self) -> bool | None:
        """Ask whether Xero's own invoice reminders are on; None where it does not say."""
        rows = self.api.read_one(REMINDERS, "InvoiceReminders/Settings")
        enabled = [document.enabled for document in rows.documents] if rows else []
        return enabled[0] if enabled else None

    def _context(self, kind: RecordKind) -> str:
        """Return what the documents of a kind are read by: see `context_of`."""
        if not self._base:
            self.remember(one_organisation(self.api.rows(ORGANISATION), None))
        return context_of(kind, self._base, self._home)

    def _by_ids(
        self,
        endpoint: Endpoint[Any],
        ids: Sequence[str],
        params: Mapping[str, str],
        convert: Callable[[Any, str], Any],
    ) -> Page:
        kind = endpoint.kind or RecordKind.INVOICES
        records: list[Any] = []
        problems: list[DocumentProblem] = []
        for start in range(0, len(ids), IDS_PER_CALL):
            batch = ids[start : start + IDS_PER_CALL]
            query = {**params, "IDs": ",".join(batch), "page": "1", "pageSize": str(IDS_PER_CALL)}
            rows = self.api.rows(endpoint, params=query)
            batch_records, batch_problems = converted(rows, convert, self._context(kind))
            records += batch_records
            problems += batch_problems
        answered = {record.id for record in records} | {problem.id for problem in problems}
        missing = [id_ for id_ in ids if id_ not in answered]
        # A filter may hide a record that is there: only its own address says that it is gone.
        page = self._one_by_one(kind, (endpoint,), missing, convert)
        return Page(
            kind,
            [*records, *page.records],
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
        records: list[Any] = []
        problems: list[DocumentProblem] = []
        gone: list[str] = []
        for id_ in ids:
            rows = self._first(endpoints, id_)
            if rows is None:
                gone.append(id_)
                continue
            row_records, row_problems = converted(rows, convert, self._context(kind))
            records += row_records
            problems += row_problems
        return Page(kind, records, "", problems=tuple(problems), gone=tuple(gone))

    def _first(self, endpoints: Sequence[Endpoint[Any]], id_: str) -> Rows[Any] | None:
        for endpoint in endpoints:
            rows = self.api.read_one(endpoint, f"{endpoint.path}/{id_}")
            if rows is not None:
                return rows
        return None


def one_organisation(rows: Rows[Any], own_reminders: bool | None) -> Organisation:
    """Return the organisation of an answer.

    Raises:
        Rejected: it cannot be understood, so nothing else could be.
    """

    def convert(document: Any, _: str) -> Organisation | DocumentProblem:
        return to_organisation(document, own_reminders=own_reminders)

    organisations, problems = converted(rows, convert, "")
    if problems or not organisations:
        message = problems[0].message if problems else "the answer is empty"
        raise Rejected(f"Xero's organisation cannot be understood: {message}.")
    organisation: Organisation = organisations[0]
    return organisation


def organisations_day(api: Api) -> date:
    """Read which day it is where the organisation is."""
    organisation = one_organisation(api.rows(ORGANISATION), None)
    return api.now().astimezone(ZoneInfo(organisation.time_zone or "UTC")).date()


def context_of(kind: RecordKind, base: str, home: str) -> str:
    """Return what the documents of a kind are read by, besides themselves.

    Args:
        kind: what they become.
        base: the organisation's currency, which gives amounts their rate.
        home: the organisation's country, where an address lies that names none.
    """
    return home if kind == RecordKind.CONTACTS else base


def converted(
    rows: Rows[Any], convert: Callable[[Any, str], Any], context: str
) -> tuple[list[Any], tuple[DocumentProblem, ...]]:
    """Return the records of a page, and its problems; `context` is that of `context_of`."""
    records: list[Any] = []
    problems = list(rows.problems)
    for document in rows.documents:
        record = convert(document, context)
        if isinstance(record, DocumentProblem):
            problems.append(record)
        elif record is not None:
            records.append(record)
    return records, tuple(problems)


def balances_of(rows: Rows[ContactDocument]) -> list[OwnBalance]:
    """Return what Xero itself says that the contacts of an answer owe."""
    balances = (to_balance(document) for document in rows.documents)
    return [balance for balance in balances if balance is not None]
