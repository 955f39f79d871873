"""Reading one company: the organisation, names, and documents as pages of records."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from arsync.connector_sdk import BALANCE_CALLS_MAX, BalancesAnswer, Page, Record
from arsync.core.ledger.records import DocumentProblem, Organisation, OwnBalance, RecordKind
from arsync.errors import Rejected, RetryLater
from arsync_quickbooks import records
from arsync_quickbooks.api import Api, quoted
from arsync_quickbooks.documents import (
    CompanyInfoDoc,
    CreditMemoDoc,
    CustomerDoc,
    CustomerTypeDoc,
    Header,
    InvoiceDoc,
    MalformedRow,
    PaymentDoc,
    PreferencesDoc,
    TermDoc,
    decode_row,
    rows,
)
from arsync_quickbooks.records import BookSettings, ReferenceNames

SINGLE_READS_MAX = 5
"""No more documents than these are read by id, which is fresher than a query."""

IDS_PER_QUERY_MAX = 200

DELETED = "Deleted"

Row = Header | MalformedRow


class DocumentKind(NamedTuple):
    """One of QuickBooks' kinds of document, and what becomes of it."""

    name: str
    kind: RecordKind
    document: type[Header]
    convert: Callable[[Any, Any], Record | DocumentProblem]
    where: str = ""
    """A condition that keeps a query from hiding rows."""


# A query hides inactive customers unless it asks for both; they may owe money all the same.
CUSTOMER = DocumentKind(
    "Customer",
    RecordKind.CONTACTS,
    CustomerDoc,
    records.to_contact,
    "Active IN (true, false)",
)
ENTITIES: tuple[DocumentKind, ...] = (
    CUSTOMER,
    DocumentKind("Invoice", RecordKind.INVOICES, InvoiceDoc, records.to_invoice),
    DocumentKind("CreditMemo", RecordKind.CREDITS, CreditMemoDoc, records.to_credit),
    DocumentKind("Payment", RecordKind.PAYMENTS, PaymentDoc, records.to_payment),
)
BY_NAME: Mapping[str, DocumentKind] = {entity.name: entity for entity in ENTITIES}
_BY_KIND = {entity.kind: entity for entity in ENTITIES}


class CompanyDetails(NamedTuple):
    """The organisation, how its books are kept, and the server's time when it was read."""

    organisation: Organisation
    books: BookSettings
    preferences: PreferencesDoc
    at: datetime


class ReadClient:
    """Reads one company and remembers, for the length of a run, what records are read by."""

    def __init__(self, api: Api, *, is_demo: bool) -> None:
        self.api = api
        self._is_demo = is_demo
        self.company_read: CompanyDetails | None = None
        self.books: BookSettings | None = None
        self.names: ReferenceNames | None = None

    def company(self, *, afresh: bool = False) -> CompanyDetails:
        """Read company info and preferences: two calls."""
        if self.company_read is None or afresh:
            path = f"companyinfo/{self.api.realm_id}"
            company, at = self.api.read(path)
            # Only the preferences have the currencies and the day on which the books are closed.
            preferences, _ = self.api.read("preferences")
            preferences_doc = _whole(preferences, "Preferences", PreferencesDoc)
            books = records.books_of(preferences_doc)
            if not books.home_currency:
                raise Rejected("QuickBooks does not report the company's home currency.")
            organisation = records.to_organisation(
                _whole(company, "CompanyInfo", CompanyInfoDoc),
                preferences_doc,
                realm_id=self.api.realm_id,
                is_demo=self._is_demo,
                known_time_zones=_time_zones(),
            )
            self.company_read = CompanyDetails(organisation, books, preferences_doc, at)
            self.books = books
        return self.company_read

    def read_names(self, home: str | None = None) -> ReferenceNames:
        """Read what customer types and terms are called: two calls.

        Args:
            home: the company's country; None: as the company says, which may take two calls more.
        """
        types = self.rows_of("CustomerType", CustomerTypeDoc)
        self.names = ReferenceNames(
            {
                customer_type_doc.id or "": customer_type_doc.name or ""
                for customer_type_doc in types
            },
            {term.id or "": records.term_in_words(term) for term in self.terms()},
            self.company().organisation.country if home is None else home,
        )
        return self.names

    def terms(self) -> list[TermDoc]:
        """Read the payment terms, inactive ones too."""
        return self.rows_of("Term", TermDoc)

    def rows_of(self, entity: str, kind: type[records.D], where: str = "") -> list[records.D]:
        """Read all rows of a short list; odd ones are left out."""
        # Customers keep a term or a type that was made inactive, so inactive ones are read too.
        condition = where or "Active IN (true, false)"
        raw = self.api.query(entity, condition)
        decoded = [] if raw is None else list(rows(raw, kind))
        return [row for row in decoded if not isinstance(row, MalformedRow)]

    def page(self, entity: DocumentKind, documents: Iterable[Row], cursor: str) -> Page:
        """Turn documents into a page of records and problems."""
        context = self.context(entity)
        documents = list(documents)
        converted = [entity.convert(row, context) for row in documents]
        usable: list[Record] = []
        problems: list[DocumentProblem] = []
        for value in converted:
            if isinstance(value, DocumentProblem):
                problems.append(value)
            else:
                usable.append(value)
        balances = _balances(documents) if entity is CUSTOMER else ()
        return Page(entity.kind, usable, cursor, tuple(problems), balances=balances)

    def context(self, entity: DocumentKind) -> BookSettings | ReferenceNames:
        """Return what the entity's documents are read by, asking the platform if need be."""
        if entity is CUSTOMER:
            return self.names or self.read_names()
        return self.books or self.company().books

    def read(self, kind: RecordKind, ids: Sequence[str], cursor: str = "") -> Page:
        """Read these documents afresh; those that the company no longer has are in `gone`."""
        if kind is RecordKind.ORGANISATION:
            return Page(kind, [self.company(afresh=True).organisation], cursor)
        entity = _BY_KIND[kind]
        distinct_ids = list(dict.fromkeys(ids))
        documents: dict[str, Row] = {}
        # A single read is fresher than the index that queries answer from, but a call each.
        if len(distinct_ids) > SINGLE_READS_MAX:
            queried_ids = [object_id for object_id in distinct_ids if object_id.isdigit()]
            documents = self._by_query(entity, queried_ids)
        gone = []
        for object_id in distinct_ids:
            if object_id not in documents:
                # A document that a query leaves out is read by its id before it counts as gone.
                row = self.api.read_one(entity.name, object_id, entity.document)
                if row is None:
                    gone.append(object_id)
                else:
                    documents[object_id] = row
        return self.page(entity, documents.values(), cursor)._replace(gone=tuple(gone))

    def balances(self, ids: Sequence[str]) -> BalancesAnswer:
        """Read afresh what these customers owe by QuickBooks' own figures: one call for 200."""
        affordable = ids[: BALANCE_CALLS_MAX * IDS_PER_QUERY_MAX]
        # An id that is no number names no customer: it is asked for with the others, in no query.
        numeric_ids = [customer_id for customer_id in affordable if customer_id.isdecimal()]
        rows_by_id = self._by_query(CUSTOMER, numeric_ids)
        return BalancesAnswer(affordable, _balances(rows_by_id.values()))

    def _by_query(self, entity: DocumentKind, ids: Sequence[str]) -> dict[str, Row]:
        documents: dict[str, Row] = {}
        for start in range(0, len(ids), IDS_PER_QUERY_MAX):
            listed = ", ".join(quoted(one_id) for one_id in ids[start : start + IDS_PER_QUERY_MAX])
            extra = f" AND {entity.where}" if entity.where else ""
            raw = self.api.query(entity.name, f"Id IN ({listed}){extra}")
            if raw is not None:
                documents.update((row.id or "", row) for row in rows(raw, entity.document))
        return documents


def _balances(rows_of_customers: Iterable[Row]) -> list[OwnBalance]:
    customers = (row for row in rows_of_customers if isinstance(row, CustomerDoc))
    balances = (records.to_balance(customer) for customer in customers)
    return [balance for balance in balances if balance is not None]


def split_deleted(raw: Raw, entity: DocumentKind) -> tuple[list[Row], list[str]]:
    """Separate the changed documents of a feed from the ids that it calls deleted."""
    live: list[Row] = []
    deleted: list[str] = []
    for row in rows(raw, entity.document):
        if not isinstance(row, MalformedRow) and row.status == DELETED:
            deleted.append(row.id or "")
        else:
            live.append(row)
    return live, deleted


def count(raw: Raw) -> int:
    """Return how many objects an array holds."""
    return len(msgspec.json.decode(raw, type=list[Raw]))


def _whole(tree: Mapping[str, Raw], key: str, kind: type[records.D]) -> records.D:
    row = decode_row(tree[key], kind) if key in tree else MalformedRow("", "", "it is missing")
    if isinstance(row, MalformedRow):
        raise RetryLater(f"QuickBooks' {key} cannot be read: {row.message}.")
    return row


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())
