"""Payables: read beside the pull, and suppliers bound to the customers who are the same party."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from arsync.clock import Clock
from arsync.connector_sdk import BillsPage
from arsync.core.ledger.credit_kinds import CreditKind
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.payables import (
    SUPPLIER_CREDIT_PROBLEM,
    Payable,
    PayableTo,
    Supplier,
)
from arsync.core.ledger.records import ContactStatus, DocumentProblem
from arsync.core.rulebook.model import folded
from arsync.store.db.bulk import one_of
from arsync.store.db.column_types import to_units
from arsync.store.db.database import Database
from arsync.store.db.payable_tables import bill_cursors, payables, suppliers
from arsync.store.db.tables import contacts

_PAYABLES, _SUPPLIERS = payables.c, suppliers.c
_OF_SUPPLIER = (
    _SUPPLIERS.id,
    _SUPPLIERS.name,
    _SUPPLIERS.company_name,
    _SUPPLIERS.email,
    _SUPPLIERS.own_contact_id,
)
"""The fields of a `Supplier`, in their order."""
_OF_PAYABLE = tuple(
    _PAYABLES[name] for name in Payable._fields if name not in {"id", "supplier", "credit"}
)


class LikelyParty(NamedTuple):
    """A supplier that may be a customer, and nobody has said so."""

    supplier_id: str
    supplier_name: str
    contact_id: str
    contact_name: str


class Payables:
    """The tables `suppliers`, `payables` and `bill_cursors`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock

    def cursor(self, connection_id: int) -> str | None:
        """Return where the next reading starts; None for the beginning."""
        query = select(bill_cursors.c.cursor).where(bill_cursors.c.connection_id == connection_id)
        with self._database.read() as db:
            return db.scalar(query)

    def apply(self, connection_id: int, page: BillsPage) -> None:
        """Store a page with its cursor; a whole reading that is complete settles what it missed."""
        rows = {
            **{payable.id: _row(connection_id, payable, page.whole) for payable in page.payables},
            **{
                problem.id: _unreadable(connection_id, problem, page.whole)
                for problem in page.problems
                if problem.id
            },
        }
        here = _PAYABLES.connection_id == connection_id
        with self._database.write(repeatable=True) as db:
            _keep_suppliers(db, connection_id, page)
            ids = [*rows, *page.settled]
            db.execute(delete(payables).where(here, one_of(db, _PAYABLES.id, ids)))
            if rows:
                db.execute(insert(payables), list(rows.values()))
            if page.whole and page.complete:
                db.execute(delete(payables).where(here, _PAYABLES.whole != page.whole))
            self._move_cursor(db, connection_id, page)

    def _move_cursor(self, db: Connection, connection_id: int, page: BillsPage) -> None:
        here = bill_cursors.c.connection_id == connection_id
        values: dict[str, Any] = {"cursor": page.cursor}
        if page.complete:
            values["completed_at"] = self._clock.now()
        if not db.execute(update(bill_cursors).where(here).values(values)).rowcount:
            db.execute(insert(bill_cursors).values(connection_id=connection_id, **values))

    def doubt(self, connection_id: int) -> None:
        """Have what is owed to suppliers unknown until a reading is completed; nothing is lost."""
        with self._database.write() as db:
            db.execute(
                update(bill_cursors)
                .where(bill_cursors.c.connection_id == connection_id)
                .values(completed_at=None)
            )

    def forget(self, connection_id: int) -> None:
        """Forget all of them: no rulebook asks for them any more."""
        with self._database.write() as db:
            for table in (payables, suppliers, bill_cursors):
                db.execute(delete(table).where(table.c.connection_id == connection_id))

    def bind(self, connection_id: int, named: Mapping[str, str]) -> None:
        """Bind suppliers to the customers that are the same party.

        Args:
            connection_id: whose.
            named: by folded name or id of a supplier, the contact that the rulebook says it is.
        """
        with self._database.write() as db:
            bound = _bound(db, connection_id, named)
            if bound:
                db.execute(
                    update(suppliers)
                    .where(
                        _SUPPLIERS.connection_id == connection_id,
                        _SUPPLIERS.id == bindparam("of_supplier"),
                    )
                    .values(
                        contact_id=bindparam("is_contact"),
                        likely_contact_id=bindparam("may_be_contact"),
                    ),
                    bound,
                )

    def likely_parties(self, connection_id: int, *, at_most: int) -> list[LikelyParty]:
        """Return suppliers that may be customers, and nobody has said so."""
        query = (
            select(_SUPPLIERS.id, _SUPPLIERS.name, _SUPPLIERS.likely_contact_id, contacts.c.name)
            .join(
                contacts,
                (contacts.c.connection_id == _SUPPLIERS.connection_id)
                & (contacts.c.id == _SUPPLIERS.likely_contact_id),
            )
            .where(_SUPPLIERS.connection_id == connection_id, _SUPPLIERS.likely_contact_id != "")
            .order_by(_SUPPLIERS.id)
            .limit(at_most)
        )
        with self._database.read() as db:
            return [LikelyParty(*row) for row in db.execute(query)]


def read_payables_to(
    db: Connection, connection_id: int, contact_ids: Sequence[str]
) -> dict[str, list[PayableTo]] | None:
    """Return by contact what is open with suppliers that are, or may be, these contacts.

    None until payables were read whole once.
    """
    here = bill_cursors.c.connection_id == connection_id
    if db.scalar(select(bill_cursors.c.completed_at).where(here)) is None:
        return None
    query = _with_suppliers(_SUPPLIERS.contact_id, _SUPPLIERS.likely_contact_id).where(
        _PAYABLES.connection_id == connection_id,
        or_(
            one_of(db, _SUPPLIERS.contact_id, contact_ids),
            one_of(db, _SUPPLIERS.likely_contact_id, contact_ids),
        ),
    )
    by_contact: dict[str, list[PayableTo]] = defaultdict(list)
    for *values, contact_id, likely_contact_id in db.execute(query):
        owner = contact_id or likely_contact_id
        by_contact[owner].append(PayableTo(owner, _payable(values), bool(contact_id)))
    return by_contact


def read_payables(db: Connection, connection_id: int) -> Iterator[Payable]:
    """Yield all that is open with suppliers, by due day."""
    query = _with_suppliers().where(_PAYABLES.connection_id == connection_id)
    return map(_payable, db.execute(query))


def _with_suppliers(*also: Any) -> Any:
    """Return a query for payables, each with its supplier: see `_payable`."""
    return (
        select(_PAYABLES.id, *_OF_SUPPLIER, *_OF_PAYABLE, _PAYABLES.credit, *also)
        .join(
            suppliers,
            (_SUPPLIERS.connection_id == _PAYABLES.connection_id)
            & (_SUPPLIERS.id == _PAYABLES.supplier_id),
        )
        .order_by(_PAYABLES.due_on, _PAYABLES.id)
    )


def _payable(values: Sequence[Any]) -> Payable:
    payable_id, *columns = values
    supplier = Supplier(*columns[: len(_OF_SUPPLIER)])
    *of_payable, credit = columns[len(_OF_SUPPLIER) :]
    kind = None if credit is None else CreditKind(credit)
    return Payable._make((payable_id, supplier, *of_payable, kind))


def _keep_suppliers(db: Connection, connection_id: int, page: BillsPage) -> None:
    """Keep who the payables of a page are owed to; whom a supplier is bound to stays."""
    named = {payable.supplier.id: payable.supplier for payable in page.payables}
    # One that only an unreadable bill names is told by its id alone, until another names it. Where
    # not even that can be read the id is empty: what is open with it is not nothing.
    unnamed = {
        problem.contact_id: Supplier(
            problem.contact_id,
            "",
            contact_id=problem.contact_id if page.suppliers_are_contacts else "",
        )
        for problem in page.problems
        if problem.id and problem.contact_id not in named
    }
    here = _SUPPLIERS.connection_id == connection_id
    ids = sorted({*named, *unnamed})
    query = select(*_OF_SUPPLIER).where(here, one_of(db, _SUPPLIERS.id, ids))
    stored = {row.id: Supplier(*row) for row in db.execute(query)} if ids else {}
    changed = [
        supplier for supplier in named.values() if stored.get(supplier.id, supplier) != supplier
    ]
    if changed:
        db.execute(
            update(suppliers)
            .where(here, _SUPPLIERS.id == bindparam("of_supplier"))
            .values({name: bindparam(f"new_{name}") for name in ("name", "company_name", "email")}),
            [
                {
                    "of_supplier": supplier.id,
                    "new_name": supplier.name,
                    "new_company_name": supplier.company_name,
                    "new_email": supplier.email,
                }
                for supplier in changed
            ],
        )
    new = [
        supplier for supplier in (*named.values(), *unnamed.values()) if supplier.id not in stored
    ]
    if new:
        db.execute(insert(suppliers), [_supplier_row(connection_id, supplier) for supplier in new])


def _supplier_row(connection_id: int, supplier: Supplier) -> dict[str, Any]:
    values = supplier._asdict()
    own_contact_id = values["contact_id"]
    return values | {
        "connection_id": connection_id,
        "own_contact_id": own_contact_id,
        "likely_contact_id": "",
    }


def _bound(db: Connection, connection_id: int, named: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the suppliers whose customer is not as it should be, with what it should be."""
    rows = db.execute(
        select(*_OF_SUPPLIER, _SUPPLIERS.contact_id, _SUPPLIERS.likely_contact_id).where(
            _SUPPLIERS.connection_id == connection_id
        )
    ).all()
    likely = _Likeness(db, connection_id, rows)
    bound = []
    for row in rows:
        names = [folded(name) for name in (row.id, row.name, row.company_name)]
        contact_id = next((named[name] for name in names if name in named), row.own_contact_id)
        likely_id = "" if contact_id else likely.contact_of(row)
        if (row.contact_id, row.likely_contact_id) != (contact_id, likely_id):
            bound.append(
                {"of_supplier": row.id, "is_contact": contact_id, "may_be_contact": likely_id}
            )
    return bound


class _Likeness:
    """Which customers have exactly a supplier's name, or its address for mail."""

    def __init__(self, db: Connection, connection_id: int, rows: Iterable[Any]) -> None:
        everybody = list(rows)
        names = {name for row in everybody for name in (row.name, row.company_name)}
        emails = {row.email for row in everybody}
        columns = contacts.c
        query = select(columns.id, columns.name, columns.email).where(
            columns.connection_id == connection_id,
            columns.status == ContactStatus.ACTIVE.value,
            or_(
                one_of(db, columns.name, sorted(names - {""})),
                one_of(db, columns.email, sorted(emails - {""})),
            ),
        )
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for row in db.execute(query):
            self._by_name[row.name].append(row.id)
            if row.email:
                self._by_name[row.email].append(row.id)

    def contact_of(self, supplier: Any) -> str:
        """Return the one contact that is like a supplier; empty: none, or several."""
        names = {supplier.name, supplier.company_name, supplier.email} - {""}
        like = {contact_id for name in names for contact_id in self._by_name.get(name, ())}
        return like.pop() if len(like) == 1 else ""


def _row(connection_id: int, payable: Payable, whole: str) -> dict[str, Any]:
    values = payable._asdict()
    del values["supplier"]
    problem = ""
    try:
        to_units(payable.amount or ZERO)
    except ValueError as error:
        values["amount"], problem = None, str(error)
    return values | {
        "connection_id": connection_id,
        "supplier_id": payable.supplier.id,
        "problem": problem,
        "whole": whole,
    }


def _unreadable(connection_id: int, problem: DocumentProblem, whole: str) -> dict[str, Any]:
    # Which kind of credit it is, is nowhere shown of one without an amount.
    is_credit = problem.kind == SUPPLIER_CREDIT_PROBLEM
    return {
        "connection_id": connection_id,
        "id": problem.id,
        "supplier_id": problem.contact_id,
        "currency": "",
        **dict.fromkeys(("issued_on", "due_on", "rate", "amount")),
        "number": problem.number,
        "credit": CreditKind.CREDIT_NOTE.value if is_credit else None,
        "problem": problem.message,
        "whole": whole,
    }
