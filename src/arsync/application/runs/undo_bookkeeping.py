"""What undoing leaves to do in arsync's own books."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from arsync import outbox
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.core.actions import ActionKind, ActionState, UndoPayload, payload_of
from arsync.store import Store
from arsync.store.models import ActionRow, ConnectionRow

CARRIED_OUT = frozenset({ActionState.SENT, ActionState.CONFIRMED})


def undone_by(store: Store, connection: ConnectionRow) -> dict[tuple[str, int], ActionRow]:
    """Return the undoings of a connection, by the undone action's key and generation."""
    rows = store.actions.list(connection.id, kinds={ActionKind.UNDO})
    payloads = [(payload_of(row.action, UndoPayload), row) for row in rows]
    return {(payload.undoes, payload.generation): row for payload, row in payloads}


def settle_undone(store: Store, connection: ConnectionRow, today: date) -> int:
    """Take back in arsync's own books what was undone at the platform; returns how much.

    A promise or payment plan that was undone holds no reminder back any more. Done again it changes
    nothing, so that it mends what a dying process left.
    """
    withdrawn = 0
    for row in undone_by(store, connection).values():
        payload = payload_of(row.action, UndoPayload)
        if row.state not in CARRIED_OUT:
            continue
        if payload.promise_id is not None:
            withdrawn += store.promises.withdraw(connection.id, payload.promise_id)
        if payload.plan_id is not None:
            withdrawn += store.payment_plans.cancel(
                connection.id, payload.plan_id, cancelled_on=today, who=payload.who
            )
        if payload.undone_kind is ActionKind.CREDIT_HOLD:
            # Who takes a hold back takes back that it was to stand, too.
            withdrawn += store.holds.end(
                connection.id,
                [row.action.contact_id],
                who=payload.who,
                why="the hold was undone",
                made_before=row.created_at,
            )
    return withdrawn


def end_decisions(organisation: OrganisationContext, keys: Sequence[str]) -> None:
    """Forget what was undone or refused once its reason has gone: a new reason is judged anew."""
    store, now = organisation.store, organisation.clock.now()
    for key in keys:
        row = store.actions.get(key)
        if row.state is ActionState.REJECTED:
            words = "it was refused; its reason has gone since, so a new one counts again"
            store.decisions.take_back(key, who=outbox.WHO, why=words, now=now)
            continue
        owner = store.connections.by_id(row.connection_id)
        undoing = undone_by(store, owner).get((row.key, row.generation))
        is_undone = undoing is not None and undoing.state in CARRIED_OUT
        # Withdrawn frees its key: a new episode may place the hold again.
        if is_undone and row.state is ActionState.CONFIRMED:
            store.actions.change(
                key,
                ActionState.WITHDRAWN,
                who=outbox.WHO,
                why="undone; its reason has gone since, so a new one counts again",
                now=now,
                from_state=ActionState.CONFIRMED,
            )
