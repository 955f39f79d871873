"""Moves: an invoice that is given to another contact takes its history along.

A reminder that the first contact got is a step taken, also for the second one: otherwise a merge
or a corrected customer would start the cadence from the beginning.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from msgspec.structs import replace
from sqlalchemy import Connection, and_, select

from arsync.core.actions import STARTED_STATES, Action, ActionKind, step_subject
from arsync.core.actions.effects import charges_billed, placement_made, steps_taken, still_taken
from arsync.core.ledger.records import Placement, SentStep
from arsync.store.actions.done_history import ContactHistory, closed_by_itself, done_rows
from arsync.store.actions.serialisation import decode_action
from arsync.store.db.bulk import one_of
from arsync.store.db.tables import invoices, moved_invoices


class Move(NamedTuple):
    """An invoice that came from another contact."""

    invoice_id: str
    from_contact: str


def read_moved(
    db: Connection, connection_id: int, invoice_ids: Sequence[str] | None = None
) -> dict[str, list[Move]]:
    """Return the invoices that came from another contact, by the contact they belong to now.

    With `invoice_ids`, only those among them.
    """
    moves, columns = moved_invoices.c, invoices.c
    query = (
        select(columns.contact_id, moves.invoice_id, moves.from_contact)
        .join(
            invoices,
            and_(columns.connection_id == moves.connection_id, columns.id == moves.invoice_id),
        )
        # An invoice that came back to a contact has its history there already.
        .where(moves.connection_id == connection_id, columns.contact_id != moves.from_contact)
        .order_by(moves.invoice_id, moves.from_contact)
    )
    if invoice_ids is not None:
        query = query.where(one_of(db, moves.invoice_id, invoice_ids))
    moved: dict[str, list[Move]] = defaultdict(list)
    for contact_id, invoice_id, from_contact in db.execute(query):
        moved[contact_id].append(Move(invoice_id, from_contact))
    return moved


def with_moved(
    db: Connection,
    connection_id: int,
    histories: dict[str, ContactHistory],
    ids: Sequence[str],
    moved: Mapping[str, list[Move]],
    *,
    done_before: datetime | None = None,
) -> dict[str, ContactHistory]:
    """Return the histories of these contacts with what was done for invoices that came to them.

    Steps that were taken stay taken, a refused step stays refused, and the gap to the last message
    about the invoice is kept. With `done_before`, as they were known just before that moment.
    """
    arrived = {contact_id: moved[contact_id] for contact_id in ids if contact_id in moved}
    if not arrived:
        return histories
    former_owners = sorted({move.from_contact for moves in arrived.values() for move in moves})
    rows_before = done_rows(db, connection_id, former_owners, done_before)
    joined = dict(histories)
    for contact_id, moves in arrived.items():
        history = joined.get(contact_id, _NOTHING)
        for move in moves:
            history = _joined(history, contact_id, move, rows_before.get(move.from_contact, ()))
        joined[contact_id] = history
    return joined


_NOTHING = ContactHistory((), None, 0, None, (), frozenset(), frozenset(), (), {}, frozenset())


def _joined(
    history: ContactHistory, contact_id: str, move: Move, rows: Sequence[Any]
) -> ContactHistory:
    sent, keys, charges = list(history.sent), set(history.done_keys), list(history.charges)
    placements, closed = list(history.placements), list[SentStep]()
    for row in rows:
        if row.kind == ActionKind.PLACEMENT and row.state in STARTED_STATES:
            placements += _placed_before(row, move.invoice_id)
        charges += [
            line
            for line in charges_billed(decode_action(row.action))
            if line.invoice_id == move.invoice_id
        ]
        for action in _about(decode_action(row.action), move.invoice_id):
            if row.state in STARTED_STATES:
                sent += steps_taken(action, row.sent_on)
                closed += steps_taken(action, row.sent_on) if closed_by_itself(row) else []
            else:
                keys.add(replace(action, contact_id=contact_id).key)
    return history._replace(
        sent=still_taken(sent, closed),
        done_keys=frozenset(keys),
        charges=tuple(charges),
        placements=tuple(placements),
    )


def _placed_before(row: Any, invoice_id: str) -> list[Placement]:
    """Return the placement that an action made of the invoice, whoever owed it then."""
    return [
        placement
        for placement in placement_made(decode_action(row.action), row.sent_on)
        if any(debt.invoice_id == invoice_id for debt in placement.debts)
    ]


def _about(action: Action, invoice_id: str) -> Iterator[Action]:
    """Yield the action as it would have been about this invoice alone, if it was about it."""
    for ref in action.invoices:
        if ref.id == invoice_id and (ref.step or action.step):
            yield replace(
                action,
                invoices=(ref,),
                subject=step_subject(ref.id, ref.day, ref.slot),
                episode=ref.episode,
            )
