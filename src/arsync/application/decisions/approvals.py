"""Approving and refusing actions, and withdrawing refusals."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from arsync.application.decisions.action_history import ActionFilter, actions, listed_by_name
from arsync.application.decisions.approval_limits import amounts_in_books, digest_of, needs_two
from arsync.application.decisions.choosing import (
    Decision,
    Selection,
    left_to_roles,
    selected,
    standing_row,
)
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import organisation_by_id
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.persons_words import name_line, reason_line
from arsync.application.results import Listed
from arsync.core.actions import ActionState
from arsync.core.actions.registry import KINDS, LETTER_KINDS
from arsync.errors import HealsWhen, UserMistake
from arsync.outbox import personal_line_of
from arsync.store.models import ActionRow, Refusal
from arsync.store.people.first_approvals import SecondApproval

_NO_REASON = "no reason given"

WAITING = frozenset({ActionState.AWAITING_APPROVAL})
"""What can be approved."""

STOPPABLE = frozenset({ActionState.AWAITING_APPROVAL, ActionState.APPROVED})
"""What can be refused: until it is claimed nothing has left, so a person can still stop it."""

REJECTED = frozenset({ActionState.REJECTED})
"""Of what a refusal can be withdrawn."""


def waiting(actor: Actor, container: Container, connection: Chosen = None) -> list[Listed]:
    """Return the actions that wait for a person's approval."""
    permit(actor, Permission.READ)
    return actions(actor, container, connection, ActionFilter(states=WAITING))


def approve(
    actor: Actor,
    container: Container,
    keys: Sequence[str] | None = None,
    *,
    connection: Chosen = None,
    leaves_after: timedelta = timedelta(),
) -> list[Listed]:
    """Approve waiting actions.

    Above what the actor may approve alone, it is the first of two approvals: the action goes on
    waiting until somebody else approves it too.

    Args:
        actor: who approves.
        container: holds them.
        keys: keys, or enough of each one's beginning; None for all that wait and are not left to a
            role. A hold's key decides its terms too, and the other way round; so do those of its
            lifting.
        connection: with `keys=None`, only this connection's.
        leaves_after: a message does not leave before that long has passed.

    Raises:
        UserMistake: a key is not known or does not wait, or the connection only observes.
    """
    permit(actor, Permission.APPROVE)
    if keys is None:
        selection = Selection(connection=connection)
        everything = selected(actor, container, selection, WAITING)
        return approve_decisions(
            actor, container, left_to_roles(everything, selection)[0].decisions
        )
    return _approved(actor, container, _chosen(container, keys, WAITING), leaves_after)


def approve_decisions(
    actor: Actor, container: Container, decisions: Iterable[Decision]
) -> list[Listed]:
    """Approve what a person has chosen, as it was shown.

    Raises:
        UserMistake: one of them stands otherwise by now.
    """
    permit(actor, Permission.APPROVE)
    return _approved(actor, container, _rows(decisions))


def reject(
    actor: Actor,
    container: Container,
    keys: Sequence[str],
    *,
    reason: str,
    until: date | None = None,
) -> list[Listed]:
    """Refuse actions that wait for approval or have not left yet.

    They are not planned again, unless the refusal is withdrawn; with a day, the first run from
    that day on withdraws it.

    Raises:
        UserMistake: a key is not known or has left, or the connection only observes.
    """
    permit(actor, Permission.APPROVE)
    refusal = Refusal(HealsWhen.DATE, until.isoformat()) if until else None
    return _refused(actor, container, _chosen(container, keys, STOPPABLE), reason, refusal)


def reject_decisions(
    actor: Actor, container: Container, decisions: Iterable[Decision], *, reason: str
) -> list[Listed]:
    """Refuse what a person has chosen, as it was shown.

    Raises:
        UserMistake: one of them has left, or stands otherwise by now.
    """
    permit(actor, Permission.APPROVE)
    return _refused(actor, container, _rows(decisions), reason)


def take_back(
    actor: Actor, container: Container, keys: Sequence[str], *, reason: str
) -> list[Listed]:
    """Withdraw refusals, a person's or the platform's: nothing of them ever took effect.

    What still has its reason is planned again by the next run.

    Args:
        actor: withdraws them.
        container: holds them.
        keys: keys, or enough of each one's beginning.
        reason: kept with the action.

    Raises:
        UserMistake: a key is not known or not refused, or the connection only observes.
    """
    permit(actor, Permission.APPROVE)
    rows = _chosen(container, keys, REJECTED)
    name = name_line(actor.name)
    line = f"the refusal is withdrawn: {reason_line(reason) or _NO_REASON}"
    return listed_by_name(
        container,
        [
            container.store.decisions.take_back(
                row.key, who=name, why=line, now=container.clock.now()
            )
            for row in rows
        ],
    )


def take_approval_back(actor: Actor, container: Container, keys: Sequence[str]) -> list[Listed]:
    """Take approvals back, of what has not left: it waits again; so does somebody's first of two.

    Raises:
        UserMistake: a key is not known, or has left or is leaving.
    """
    permit(actor, Permission.APPROVE)
    name, firsts = name_line(actor.name), container.store.first_approvals
    rows = _chosen(container, keys, STOPPABLE)
    for row in rows:
        if row.state is ActionState.AWAITING_APPROVAL and actor.user_id is not None:
            firsts.take_back(row.key, user_id=actor.user_id, who=name)
    approved = [row for row in rows if row.state is ActionState.APPROVED]
    _changed(
        actor,
        container,
        approved,
        ActionState.AWAITING_APPROVAL,
        lambda _: f"{name} took the approval back",
    )
    return listed_by_name(container, [container.store.actions.get(row.key) for row in rows])


def _approved(
    actor: Actor,
    container: Container,
    rows: Iterable[ActionRow],
    leaves_after: timedelta = timedelta(),
) -> list[Listed]:
    """Approve, each alone; what is above the actor's limit gets the first or the second of two."""
    rows = list(rows)
    two = _need_two(actor, container, rows)
    earliest = container.clock.now() + leaves_after
    done = []
    for row in rows:
        not_before = None
        if leaves_after and row.action.kind in LETTER_KINDS:
            not_before = max(row.not_before or earliest, earliest)
        if row.key in two:
            _one_of_two(actor, container, row, not_before)
        else:
            container.store.actions.change(
                row.key,
                ActionState.APPROVED,
                who=name_line(actor.name),
                why=_approved_by(actor, row),
                now=container.clock.now(),
                # A run may have withdrawn it since the person read it: then nothing is decided.
                from_state=row.state,
                not_before=not_before,
            )
        done.append(container.store.actions.get(row.key))
    return listed_by_name(container, done)


def _need_two(actor: Actor, container: Container, rows: Sequence[ActionRow]) -> frozenset[str]:
    """Return the keys of what is above the actor's limit."""
    if actor.approves_up_to is None:
        return frozenset()
    by_connection: dict[int, list[ActionRow]] = {}
    for row in rows:
        by_connection.setdefault(row.connection_id, []).append(row)
    amounts: dict[str, Decimal | None] = {}
    for connection_id, some in by_connection.items():
        amounts |= amounts_in_books(organisation_by_id(container, connection_id), some)
    return frozenset(row.key for row in rows if needs_two(actor, amounts[row.key]))


def _one_of_two(
    actor: Actor, container: Container, row: ActionRow, not_before: datetime | None
) -> None:
    assert actor.user_id is not None, "only people who sign in have a limit"
    came_to = container.store.first_approvals.approve(
        row.key,
        user_id=actor.user_id,
        who=name_line(actor.name),
        digest=digest_of(row.action, personal_line_of(container.store.personal_lines, row.action)),
        why=_approved_by(actor, row),
        not_before=not_before,
    )
    if came_to is SecondApproval.TOO_LATE:
        raise UserMistake(f"action {row.key[:8]} was decided meanwhile: nothing was done.")


def _approved_by(actor: Actor, row: ActionRow) -> str:
    # Whoever has the shell has no role of their own; whose approval was asked for stands beside.
    own_role = f" as {actor.role}" if actor.user_id is not None else ""
    roles = f", for {' and '.join(row.action.approvers)}" if row.action.approvers else ""
    return f"approved by {actor.name}{own_role}{roles}"


def _refused(
    actor: Actor,
    container: Container,
    rows: Iterable[ActionRow],
    reason: str,
    refusal: Refusal | None = None,
) -> list[Listed]:
    line = reason_line(reason) or _NO_REASON
    return _changed(actor, container, rows, ActionState.REJECTED, lambda _: line, refusal)


def _changed(
    actor: Actor,
    container: Container,
    rows: Iterable[ActionRow],
    state: ActionState,
    why: Callable[[ActionRow], str],
    refusal: Refusal | None = None,
) -> list[Listed]:
    return listed_by_name(
        container,
        [
            container.store.actions.change(
                row.key,
                state,
                who=name_line(actor.name),
                why=why(row),
                now=container.clock.now(),
                # A run may have withdrawn it since the person read it: then nothing is decided.
                from_state=row.state,
                refusal=refusal,
            )
            for row in rows
        ],
    )


def _rows(decisions: Iterable[Decision]) -> list[ActionRow]:
    return [listed.row for decision in decisions for listed in decision.members]


def _chosen(
    container: Container, keys: Sequence[str], states: Collection[ActionState]
) -> list[ActionRow]:
    """Return the actions of these keys, and what is decided together with them."""
    rows = [standing_row(container, key, states) for key in keys]
    together = {row.key: row for row in rows}
    for row in rows:
        together |= {partner.key: partner for partner in _partners(container, row, states)}
    return list(together.values())


def _partners(
    container: Container, row: ActionRow, states: Collection[ActionState]
) -> list[ActionRow]:
    kind = KINDS[row.action.kind].decided_with
    if kind is None:
        return []
    partners = container.store.actions.list(
        row.connection_id, kinds={kind}, states=states, contact_id=row.action.contact_id
    )
    return [partner for partner in partners if partner.action.episode == row.action.episode]
