"""Approving and rejecting actions, and withdrawing rejections."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from arsync.application.action_history import ActionFilter, actions, listed_by_name
from arsync.application.container import Container
from arsync.application.organisation_context import Chosen, organisation_by_id, organisations
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.persons_words import name_line, reason_line
from arsync.application.results import Listed
from arsync.core.actions import Action, ActionKind, ActionState
from arsync.core.actions.registry import KINDS
from arsync.errors import UserMistake
from arsync.store.models import ActionRow

TAKE_BACK_HINT = "`arsync reject KEY --take-back --why REASON` withdraws a rejection"

_NO_REASON = "no reason given"

_WAITS = frozenset({ActionState.AWAITING_APPROVAL})


class Decision(NamedTuple):
    """What a person decides at once."""

    listed: Listed
    along: tuple[Listed, ...] = ()
    """What is decided together with it: the terms of a hold, or of its lifting."""


def decisions(waiting: Sequence[Listed]) -> list[Decision]:
    """Return what waits as decisions: a hold and its terms are one."""
    by_place = {_place(listed.row.action): listed for listed in waiting}
    together: list[Decision] = []
    for listed in waiting:
        action = listed.row.action
        partner = by_place.get(_place(action, KINDS[action.kind].decided_with))
        if partner is None:
            together.append(Decision(listed))
        elif action.kind not in _FOLLOWS:
            together.append(Decision(listed, (partner,)))
    return together


_FOLLOWS = frozenset({ActionKind.TERMS, ActionKind.RESTORE_TERMS})
"""Shown with what it is decided with, where that waits too."""


def _place(action: Action, kind: ActionKind | None = None) -> tuple[str, str, ActionKind, int]:
    return action.connection, action.contact_id, kind or action.kind, action.episode


def waiting(actor: Actor, container: Container, connection: Chosen = None) -> list[Listed]:
    """Return the actions that wait for a person's approval."""
    permit(actor, Permission.READ)
    return actions(
        actor, container, connection, ActionFilter(states={ActionState.AWAITING_APPROVAL})
    )


def approve(
    actor: Actor,
    container: Container,
    keys: Sequence[str] | None = None,
    *,
    connection: Chosen = None,
) -> list[Listed]:
    """Approve waiting actions.

    Args:
        actor: who approves.
        container: holds them.
        keys: keys, or enough of each one's beginning; None for all that wait. A hold's key decides
            its terms too, and the other way round; so do those of its lifting.
        connection: with `keys=None`, only this connection's.

    Raises:
        UserMistake: a key is not known or does not wait, or the connection only observes.
    """
    permit(actor, Permission.APPROVE)
    if keys is None:
        rows = _all_waiting(actor, container, connection)
    else:
        rows = _chosen(container, keys, _WAITS)
    return listed_by_name(
        container,
        [
            container.store.actions.change(
                row.key,
                ActionState.APPROVED,
                who=name_line(actor.name),
                why=f"approved by {actor.name}",
                now=container.clock.now(),
                # A run may have withdrawn it since the person read it: then nothing is approved.
                from_state=row.state,
            )
            for row in rows
        ],
    )


def reject(actor: Actor, container: Container, keys: Sequence[str], *, reason: str) -> list[Listed]:
    """Reject actions that wait for approval or have not left yet.

    They are not planned again, unless the rejection is withdrawn.

    Raises:
        UserMistake: a key is not known or has left, or the connection only observes.
    """
    permit(actor, Permission.APPROVE)
    # Until it is claimed nothing has left, so a person can still stop what is approved.
    rows = _chosen(container, keys, {ActionState.AWAITING_APPROVAL, ActionState.APPROVED})
    line = reason_line(reason) or _NO_REASON
    return listed_by_name(
        container,
        [
            container.store.actions.change(
                row.key,
                ActionState.REJECTED,
                who=name_line(actor.name),
                why=line,
                now=container.clock.now(),
                from_state=row.state,
            )
            for row in rows
        ],
    )


def take_back(
    actor: Actor, container: Container, keys: Sequence[str], *, reason: str
) -> list[Listed]:
    """Withdraw rejections, a person's or the platform's: nothing of them ever took effect.

    What still has its reason is planned again by the next run.

    Args:
        actor: withdraws them.
        container: holds them.
        keys: keys, or enough of each one's beginning.
        reason: kept with the action.

    Raises:
        UserMistake: a key is not known or not rejected, or the connection only observes.
    """
    permit(actor, Permission.APPROVE)
    rows = _chosen(container, keys, {ActionState.REJECTED})
    name = name_line(actor.name)
    line = f"the rejection is withdrawn: {reason_line(reason) or _NO_REASON}"
    return listed_by_name(
        container,
        [
            container.store.decisions.take_back(
                row.key, who=name, why=line, now=container.clock.now()
            )
            for row in rows
        ],
    )


def _all_waiting(actor: Actor, container: Container, connection: Chosen) -> list[ActionRow]:
    observers = {
        organisation.name
        for organisation in organisations(container, connection)
        if organisation.observes
    }
    return [
        listed.row
        for listed in waiting(actor, container, connection)
        if listed.connection not in observers
    ]


def _chosen(
    container: Container, keys: Sequence[str], states: Collection[ActionState]
) -> list[ActionRow]:
    """Return the actions of these keys, and what is decided together with them."""
    rows = [container.store.actions.get(key) for key in keys]
    for row in rows:
        owner = organisation_by_id(container, row.connection_id)
        if owner.observes:
            raise UserMistake(
                f"{owner.name} only observes."
                f"\n    hint: arsync connections {owner.name} --mode approve"
            )
        if row.state not in states:
            mismatch = (
                "is not rejected"
                if ActionState.REJECTED in states
                else "does not wait for approval"
            )
            refused = row.state is ActionState.REJECTED
            hint = f"\n    hint: {TAKE_BACK_HINT}" if refused else ""
            raise UserMistake(f"{row.key[:12]} {mismatch}: it is {row.state.value}.{hint}")
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
