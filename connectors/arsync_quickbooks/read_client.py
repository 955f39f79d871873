"""Reading one company: the organisation, names, and documents as pages of records."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from arsync.connector_sdk import BALANCE_CALLS_MAX, Page, Record
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
    Odd,
    PaymentDoc,
    PreferencesDoc,
    TermDoc,
    one,
    rows,
)
from arsync_quickbooks.records import Books, Names

SINGLE_READS_MAX = 5
"""Up to so many documents are read by id, which is fresher than a query; more by one query."""

IDS_PER_QUERY_MAX = 200

DELETED = "Deleted"

Row = Header | Odd


class Entity(NamedTuple):
    """One of QuickBooks' kinds of document, and what becomes of it."""

    name: str
    kind: RecordKind
    document: type[Header]
    convert: Callable[[Any, Any], Record | DocumentProblem]
    where: str = ""
    """What keeps a query from hiding rows."""


CUSTOMER = Entity(
    "Customer",
    RecordKind.CONTACTS,
    CustomerDoc,
    records.to_contact,
    "Active IN (true, false)",
)
ENTITIES: tuple[Entity, ...] = (
    CUSTOMER,
    Entity("Invoice", RecordKind.INVOICES, InvoiceDoc, records.to_invoice),
    Entity("CreditMemo", RecordKind.CREDITS, CreditMemoDoc, records.to_credit),
    Entity("Payment", RecordKind.PAYMENTS, PaymentDoc, records.to_payment),
)
BY_NAME: Mapping[str, Entity] = {entity.name: entity for entity in ENTITIES}
_BY_KIND = {entity.kind: entity for entity in ENTITIES}


class Company(NamedTuple):
    """The organisation, how its books are kept, and the server's time when it was read."""

    organisation: Organisation
    books: Books
    preferences: PreferencesDoc
    at: datetime


class Reader:
    """Reads one company and remembers, for the length of a run, what records are read by."""

    def __init__(self, api: Api, *, is_demo: bool) -> None:
        self.api = api
        self._is_demo = is_demo
        self.company_read: Company | None = None
        self.books: Books | None = None
        self.names: Names | None = None

    def company(self, *, afresh: bool = False) -> Company:
        """Read company info and preferences: two calls."""
        if self.company_read is None or afresh:
            path = f"companyinfo/{self.api.realm_id}"
            info, at = self.api.read(path)
            preferences, _ = self.api.read("preferences")
            preferences_doc = _whole(preferences, "Preferences", PreferencesDoc)
            books = records.books_of(preferences_doc)
            if not books.home_currency:
                raise Rejected("QuickBooks does not tell the company's home currency.")
            organisation = records.to_organisation(
                _whole(info, "CompanyInfo", CompanyInfoDoc),
                preferences_doc,
                realm_id=self.api.realm_id,
                is_demo=self._is_demo,
                known_time_zones=_time_zones(),
            )
            self.company_read = Company(organisation, books, preferences_doc, at)
            self.books = books
        return self.company_read

    def read_names(self) -> Names:
        """Read what customer types and terms are called: two calls."""
        types = self.rows_of("CustomerType", CustomerTypeDoc)
        self.names = Names(
            {
                customer_type_doc.id or "": customer_type_doc.name or ""
                for customer_type_doc in types
            },
            {term.id or "": records.term_in_words(term) for term in self.terms()},
        )
        return self.names

    def terms(self) -> list[TermDoc]:
        """Read the payment terms, inactive ones too."""
        return self.rows_of("Term", TermDoc)

    def rows_of(self, entity: str, kind: type[records.D], where: str = "") -> list[records.D]:
        """Read all rows of a short list; odd ones are left out."""
        condition = where or "Active IN (true, false)"
        raw = self.api.query(entity, condition)
        found = [] if raw is None else list(rows(raw, kind))
        return [row for row in found if not isinstance(row, Odd)]

    def page(self, entity: Entity, found: Iterable[Row], cursor: str) -> Page:
        """Turn documents into a page of records and problems."""
        context = self.context(entity)
        found = list(found)
        converted = [entity.convert(row, context) for row in found]
        kept: list[Record] = []
        problems: list[DocumentProblem] = []
        for value in converted:
            if isinstance(value, DocumentProblem):
                problems.append(value)
            else:
                kept.append(value)
        balances = _balances(found) if entity is CUSTOMER else ()
        return Page(entity.kind, kept, cursor, tuple(problems), balances=balances)

    def context(self, entity: Entity) -> Books | Names:
        """Return what the entity's documents are read by, asking the platform if need be."""
        if entity is CUSTOMER:
            return self.names or self.read_names()
        return self.books or self.company().books

    def read(self, kind: RecordKind, ids: Sequence[str], cursor: str = "") -> Page:
        """Read these documents afresh; those that the company has no longer are in `gone`."""
        if kind is RecordKind.ORGANISATION:
            return Page(kind, [self.company(afresh=True).organisation], cursor)
        entity = _BY_KIND[kind]
        wanted = list(dict.fromkeys(ids))
        found: dict[str, Row] = {}
        if len(wanted) > SINGLE_READS_MAX:
            found = self._by_query(entity, [one_id for one_id in wanted if one_id.isdigit()])
        gone = []
        for one_id in wanted:
            if one_id not in found:
                # What a query leaves out is asked for by id before it counts as gone.
                row = self.api.one(entity.name, one_id, entity.document)
                if row is None:
                    gone.append(one_id)
                else:
                    found[one_id] = row
        return self.page(entity, found.values(), cursor)._replace(gone=tuple(gone))

    def balances(self, ids: Sequence[str]) -> list[OwnBalance]:
        """Read afresh what QuickBooks itself says these customers owe: a call for 200 of them."""
        known = [one_id for one_id in ids if one_id.isdigit()]
        asked = known[: BALANCE_CALLS_MAX * IDS_PER_QUERY_MAX]
        return _balances(self._by_query(CUSTOMER, asked).values())

    def _by_query(self, entity: Entity, ids: Sequence[str]) -> dict[str, Row]:
        found: dict[str, Row] = {}
        for start in range(0, len(ids), IDS_PER_QUERY_MAX):
            listed = ", ".join(quoted(one_id) for one_id in ids[start : start + IDS_PER_QUERY_MAX])
            extra = f" AND {entity.where}" if entity.where else ""
            raw = self.api.query(entity.name, f"Id IN ({listed}){extra}")
            if raw is not None:
                found.update((row.id or "", row) for row in rows(raw, entity.document))
        return found


def _balances(rows_of_customers: Iterable[Row]) -> list[OwnBalance]:
    customers = (row for row in rows_of_customers if isinstance(row, CustomerDoc))
    made = (records.to_balance(customer) for customer in customers)
    return [own_balance for own_balance in made if own_balance is not None]


def split_deleted(raw: Raw, entity: Entity) -> tuple[list[Row], list[str]]:
    """Part the changed documents of a feed from the ids it says are deleted."""
    live: list[Row] = []
    deleted: list[str] = []
    for row in rows(raw, entity.document):
        if not isinstance(row, Odd) and row.status == DELETED:
            deleted.append(row.id or "")
        else:
            live.append(row)
    return live, deleted


def count(raw: Raw) -> int:
    """Return how many objects an array holds."""
    return len(msgspec.json.decode(raw, type=list[Raw]))


def _whole(tree: Mapping[str, Raw], key: str, kind: type[records.D]) -> records.D:
    odd = one(tree[key], kind) if key in tree else Odd("", "", "it is missing")
    if isinstance(odd, Odd):
        raise RetryLater(f"QuickBooks' {key} cannot be read: {odd.message}.")
    return odd


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())
