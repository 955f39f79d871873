"""Open bills: read beside the pull, and bound to the customers who are the same party."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, update

from arsync.clock import Clock
from arsync.connector_sdk import BillsPage
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.payables import Bill, SupplierBill
from arsync.core.ledger.records import ContactStatus, DocumentProblem
from arsync.core.rulebook.model import folded
from arsync.store.db.bulk import one_of
from arsync.store.db.column_types import to_units
from arsync.store.db.database import Database
from arsync.store.db.payable_tables import bill_cursors, open_bills
from arsync.store.db.tables import contacts

_COLUMNS = open_bills.c
_BILL = tuple(_COLUMNS[name] for name in Bill._fields if name != "contact_id")


class LikelyParty(NamedTuple):
    """A supplier that may be a customer, and nobody has said so."""

    supplier_id: str
    supplier_name: str
    contact_id: str
    contact_name: str


class OpenBills:
    """The tables `open_bills` and `bill_cursors`."""

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
            **{bill.id: _row(connection_id, bill, page.whole) for bill in page.bills},
            **{
                problem.id: _unreadable(connection_id, problem, page)
                for problem in page.problems
                if problem.id
            },
        }
        here = _COLUMNS.connection_id == connection_id
        with self._database.write(repeatable=True) as db:
            ids = [*rows, *page.settled]
            db.execute(delete(open_bills).where(here, one_of(db, _COLUMNS.id, ids)))
            if rows:
                db.execute(insert(open_bills), list(rows.values()))
            if page.whole and page.complete:
                db.execute(delete(open_bills).where(here, _COLUMNS.whole != page.whole))
            self._move_cursor(db, connection_id, page)

    def _move_cursor(self, db: Connection, connection_id: int, page: BillsPage) -> None:
        here = bill_cursors.c.connection_id == connection_id
        values: dict[str, Any] = {"cursor": page.cursor}
        if page.complete:
            values["completed_at"] = self._clock.now()
        if not db.execute(update(bill_cursors).where(here).values(values)).rowcount:
            db.execute(insert(bill_cursors).values(connection_id=connection_id, **values))

    def forget(self, connection_id: int) -> None:
        """Forget all bills: no rulebook asks for them any more."""
        with self._database.write() as db:
            for table in (open_bills, bill_cursors):
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
                    update(open_bills)
                    .where(
                        _COLUMNS.connection_id == connection_id,
                        _COLUMNS.supplier_id == bindparam("of_supplier"),
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
            select(
                _COLUMNS.supplier_id,
                func.min(_COLUMNS.supplier_name),
                _COLUMNS.likely_contact_id,
                func.min(contacts.c.name),
            )
            .join(
                contacts,
                (contacts.c.connection_id == _COLUMNS.connection_id)
                & (contacts.c.id == _COLUMNS.likely_contact_id),
            )
            .where(_COLUMNS.connection_id == connection_id, _COLUMNS.likely_contact_id != "")
            .group_by(_COLUMNS.supplier_id, _COLUMNS.likely_contact_id)
            .order_by(_COLUMNS.supplier_id)
            .limit(at_most)
        )
        with self._database.read() as db:
            return [LikelyParty(*row) for row in db.execute(query)]


def read_supplier_bills(
    db: Connection, connection_id: int, contact_ids: Sequence[str]
) -> dict[str, list[SupplierBill]] | None:
    """Return by contact the open bills of suppliers that are, or may be, these contacts.

    None until bills were read whole once.
    """
    here = bill_cursors.c.connection_id == connection_id
    if db.scalar(select(bill_cursors.c.completed_at).where(here)) is None:
        return None
    query = (
        select(*_BILL, _COLUMNS.contact_id, _COLUMNS.likely_contact_id)
        .where(
            _COLUMNS.connection_id == connection_id,
            or_(
                one_of(db, _COLUMNS.contact_id, contact_ids),
                one_of(db, _COLUMNS.likely_contact_id, contact_ids),
            ),
        )
        .order_by(_COLUMNS.due_on, _COLUMNS.id)
    )
    by_contact: dict[str, list[SupplierBill]] = defaultdict(list)
    for *values, contact_id, likely_contact_id in db.execute(query):
        owner = contact_id or likely_contact_id
        by_contact[owner].append(SupplierBill(owner, Bill(*values), bool(contact_id)))
    return by_contact


def _bound(db: Connection, connection_id: int, named: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the suppliers whose customer is not as it should be, with what it should be."""
    identity = (_COLUMNS.supplier_id, _COLUMNS.supplier_name, _COLUMNS.company_name)
    standing = (_COLUMNS.own_contact_id, _COLUMNS.contact_id, _COLUMNS.likely_contact_id)
    rows = db.execute(
        select(*identity, _COLUMNS.email, *standing)
        .where(_COLUMNS.connection_id == connection_id, _COLUMNS.supplier_id != "")
        .distinct()
    ).all()
    likely = _Likeness(db, connection_id, rows)
    by_supplier: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        by_supplier[row.supplier_id].append(row)
    bound = []
    # A bill that could not be read names its supplier by id alone, and is the supplier's all the
    # same: what one of its bills says counts for all of them.
    for supplier_id, supplier in by_supplier.items():
        names = [folded(supplier_id)]
        names += [folded(name) for row in supplier for name in row[1 : len(identity)]]
        own_ids = (row.own_contact_id for row in supplier if row.own_contact_id)
        contact_id = next((named[name] for name in names if name in named), next(own_ids, ""))
        likely_id = "" if contact_id else likely.contact_of(supplier)
        if any(
            (row.contact_id, row.likely_contact_id) != (contact_id, likely_id) for row in supplier
        ):
            bound.append(
                {
                    "of_supplier": supplier_id,
                    "is_contact": contact_id,
                    "may_be_contact": likely_id,
                }
            )
    return bound


class _Likeness:
    """Which customers have exactly a supplier's name, or its address for mail."""

    def __init__(self, db: Connection, connection_id: int, suppliers: Sequence[Any]) -> None:
        names = {name for row in suppliers for name in (row.supplier_name, row.company_name)}
        emails = {row.email for row in suppliers}
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

    def contact_of(self, supplier: Sequence[Any]) -> str:
        """Return the one contact that is like a supplier, by its bills; empty: none, or several."""
        names = {
            name for row in supplier for name in (row.supplier_name, row.company_name, row.email)
        } - {""}
        like = {contact_id for name in names for contact_id in self._by_name.get(name, ())}
        return like.pop() if len(like) == 1 else ""


def _row(connection_id: int, bill: Bill, whole: str) -> dict[str, Any]:
    values = bill._asdict()
    own_contact_id = values.pop("contact_id")
    problem = ""
    try:
        to_units(bill.amount_due or ZERO)
    except ValueError as error:
        values["amount_due"], problem = None, str(error)
    return values | {
        "connection_id": connection_id,
        "problem": problem,
        "own_contact_id": own_contact_id,
        "contact_id": own_contact_id,
        "likely_contact_id": "",
        "whole": whole,
    }


def _unreadable(connection_id: int, problem: DocumentProblem, page: BillsPage) -> dict[str, Any]:
    own_contact_id = problem.contact_id if page.suppliers_are_contacts else ""
    return {
        "connection_id": connection_id,
        "id": problem.id,
        "supplier_id": problem.contact_id,
        **dict.fromkeys(("supplier_name", "company_name", "email", "currency"), ""),
        **dict.fromkeys(("issued_on", "due_on", "rate", "amount_due")),
        "number": problem.number,
        "problem": problem.message,
        "own_contact_id": own_contact_id,
        "contact_id": own_contact_id,
        "likely_contact_id": "",
        "whole": page.whole,
    }
