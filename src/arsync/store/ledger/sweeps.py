"""Sweeps: what full reads and sweeps of open balances saw, kept until it is compared.

Neither platform reports every change and every deletion, so what a sweep shows is compared with
the copy, and what differs is read again by its id.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, or_, select, update

from arsync.connector_sdk import Page
from arsync.core.ledger.records import DocumentStatus, RecordKind
from arsync.store.db.bulk import one_of
from arsync.store.db.column_types import to_units
from arsync.store.db.tables import invoices, open_balances, sweeps
from arsync.store.ledger.record_rows import KINDS
from arsync.store.models import Sweep


def ended_sweeps(db: Connection, connection_id: int) -> list[Sweep]:
    """Return the sweeps that ended and are not settled."""
    query = select(sweeps.c.name, sweeps.c.kind, sweeps.c.of_balances).where(
        sweeps.c.connection_id == connection_id, sweeps.c.ended
    )
    return [Sweep(*row) for row in db.execute(query)]


def stale_open(db: Connection, connection_id: int, sweep: str) -> list[str]:
    """Return invoices whose stored balance differs from what the sweep saw.

    Also those that are open in the store and absent from the sweep, and those the sweep saw
    and the store does not have.
    """
    swept, columns = open_balances.c, invoices.c
    same = and_(
        columns.connection_id == swept.connection_id,
        columns.id == swept.invoice_id,
        columns.status == DocumentStatus.OPEN.value,
        columns.amount_due == swept.amount_due,
        # Xero does not report an edited due date of a part-paid invoice as a change.
        or_(swept.due_on.is_(None), columns.due_on == swept.due_on),
    )
    in_sweep = and_(swept.connection_id == connection_id, swept.sweep == sweep)
    differs = select(swept.invoice_id).where(
        in_sweep, ~select(columns.id).where(same).correlate(open_balances).exists()
    )
    absent = select(columns.id).where(
        columns.connection_id == connection_id,
        columns.status == DocumentStatus.OPEN.value,
        columns.amount_due > 0,
        ~select(swept.invoice_id)
        .where(in_sweep, swept.invoice_id == columns.id)
        .correlate(invoices)
        .exists(),
    )
    return sorted(db.scalars(differs.union(absent)))


def unseen(db: Connection, connection_id: int, kind: RecordKind, sweep: str) -> list[str]:
    """Return stored records, not yet gone, that no page of the full read showed."""
    stored = KINDS[kind]
    query = (
        select(stored.table.c.id)
        .where(
            stored.table.c.connection_id == connection_id,
            stored.table.c.sweep != sweep,
            stored.table.c.status != stored.gone_status,
        )
        .order_by(stored.table.c.id)
    )
    return list(db.scalars(query))


def note_sweep(db: Connection, connection_id: int, page: Page) -> None:
    """Keep what a sweep saw until it has ended and its differences were read again.

    Sweeps of several kinds can have one name; each has an end of its own.

    A sweep of balances and a full read are told apart by what their pages hold. Of two pages that
    hold nothing at all, for invoices it is taken as a sweep of balances, whose remedy (reading the
    open ones again) is the smaller one.
    """
    this = and_(
        sweeps.c.connection_id == connection_id,
        sweeps.c.name == page.sweep,
        sweeps.c.kind == page.kind.value,
    )
    row = db.execute(select(sweeps.c.of_balances).where(this)).one_or_none()
    empty = not page.records and not page.problems
    of_balances = bool(page.open_balances) or (empty and page.kind == RecordKind.INVOICES)
    if row is None:
        _begin_sweep(db, connection_id, page, of_balances=of_balances)
    else:
        db.execute(
            update(sweeps)
            .where(this)
            .values(
                of_balances=row.of_balances if empty and not page.open_balances else of_balances,
                ended=sweeps.c.ended if not page.sweep_ends else True,
            )
        )
    if page.open_balances:
        _keep_open_balances(db, connection_id, page)


def _begin_sweep(db: Connection, connection_id: int, page: Page, *, of_balances: bool) -> None:
    # An older sweep of the kind that never ended was given up by the connector.
    forget_sweeps(
        db,
        connection_id,
        and_(sweeps.c.kind == page.kind.value, ~sweeps.c.ended, sweeps.c.name != page.sweep),
    )
    db.execute(
        insert(sweeps).values(
            connection_id=connection_id,
            name=page.sweep,
            kind=page.kind.value,
            of_balances=of_balances,
            ended=page.sweep_ends,
        )
    )


def _keep_open_balances(db: Connection, connection_id: int, page: Page) -> None:
    columns = open_balances.c
    ids = [open_balance.invoice_id for open_balance in page.open_balances]
    # A page that is read a second time after a crash replaces what it showed the first time.
    db.execute(
        delete(open_balances).where(
            columns.connection_id == connection_id,
            columns.sweep == page.sweep,
            one_of(db, columns.invoice_id, ids),
        )
    )
    # One that cannot be kept counts as not seen: its invoice is read again, and reported.
    kept = {
        open_balance.invoice_id: open_balance
        for open_balance in page.open_balances
        if _fits(open_balance.amount_due)
    }
    common = {"connection_id": connection_id, "sweep": page.sweep}
    if kept:
        rows = [common | open_balance._asdict() for open_balance in kept.values()]
        db.execute(insert(open_balances), rows)


def _fits(amount: Decimal) -> bool:
    try:
        to_units(amount)
    except ValueError:
        return False
    return True


def settle_sweep(db: Connection, connection_id: int, sweep: Sweep) -> None:
    """Forget a sweep: what it found has been read again."""
    forget_sweeps(db, connection_id, and_(sweeps.c.name == sweep.name, sweeps.c.kind == sweep.kind))


def forget_sweeps(db: Connection, connection_id: int, which: Any) -> None:
    """Delete the chosen sweeps and what they saw."""
    chosen = and_(sweeps.c.connection_id == connection_id, which)
    names = select(sweeps.c.name).where(chosen, sweeps.c.of_balances)
    db.execute(
        delete(open_balances).where(
            open_balances.c.connection_id == connection_id, open_balances.c.sweep.in_(names)
        )
    )
    db.execute(delete(sweeps).where(chosen))
