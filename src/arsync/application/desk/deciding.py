"""Deciding what waits from the desk: one, or many that were shown together."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from arsync.application.decisions import approvals
from arsync.application.decisions.personal_lines import put_personal_line
from arsync.application.desk.waiting_list import WaitingDecision
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.core.actions import ActionState
from arsync.core.ledger.sanitising import cleaned
from arsync.errors import Overtaken, UserMistake
from arsync.outbox import personal_line_of
from arsync.store.models import ActionRow
from arsync.translation import gettext

CALLED_BACK_FOR = timedelta(minutes=5)
"""A message that is approved within the hours of sending does not leave before that."""


class DecidedAlready(UserMistake):
    """Somebody else was first, or the reason is gone."""

    def __init__(self, row: ActionRow, who: str) -> None:
        """Tell who decided what.

        Args:
            row: the action as it stands.
            who: who brought it there.
        """
        super().__init__(gettext("%(who)s has already decided this.", who=who))
        self.row, self.who = row, who


class ManyDecided(NamedTuple):
    """What became of many that were decided together."""

    approved: int
    first_of_two: int
    """So many wait for a second person now."""
    overtaken: int
    """So many had been decided meanwhile."""


def waiting_row(actor: Actor, organisation: OrganisationContext, key: str) -> ActionRow:
    """Return an action of this connection.

    Raises:
        UserMistake: there is none of that key.
    """
    permit(actor, Permission.READ)
    row = organisation.store.actions.get(key)
    if row.connection_id != organisation.id:
        raise UserMistake(gettext("no action's key begins with %(key)s.", key=repr(key[:12])))
    return row


def approve_one(
    actor: Actor, organisation: OrganisationContext, key: str, *, line: str | None = None
) -> ActionRow:
    """Approve one decision as the desk does: a message can be called back for some minutes.

    Args:
        actor: who approves.
        organisation: whose it is.
        key: the action's.
        line: the personal line as it stands in the form; None: the form has none.

    Raises:
        DecidedAlready: it waits no more.
        UserMistake: there is none of that key, the connection only looks, or the line is too long.
    """
    permit(actor, Permission.APPROVE)
    row = _still_waits(actor, organisation, key)
    if line is not None:
        before = personal_line_of(organisation.store.personal_lines, row.action)
        if cleaned(line) != before:
            put_line(actor, organisation, row.key, line)
    try:
        listed = approvals.approve(
            actor, organisation.container, [row.key], leaves_after=CALLED_BACK_FOR
        )
    except UserMistake:
        _still_waits(actor, organisation, key)
        raise
    return next(each.row for each in listed if each.row.key == row.key)


def approve_many(
    actor: Actor, organisation: OrganisationContext, keys: Sequence[str]
) -> ManyDecided:
    """Approve many decisions that were shown together; what was decided meanwhile is left."""
    permit(actor, Permission.APPROVE)
    approved = first_of_two = overtaken = 0
    for key in keys:
        try:
            row = approve_one(actor, organisation, key)
        except DecidedAlready:
            overtaken += 1
            continue
        approved += row.state is ActionState.APPROVED
        first_of_two += row.state is ActionState.AWAITING_APPROVAL
    return ManyDecided(approved, first_of_two, overtaken)


def put_line(actor: Actor, organisation: OrganisationContext, key: str, text: str) -> ActionRow:
    """Put a personal line above a letter that waits; empty takes it away.

    Raises:
        DecidedAlready: it waits no more.
        UserMistake: there is none of that key, or no line can go along.
    """
    permit(actor, Permission.APPROVE)
    row = _still_waits(actor, organisation, key)
    try:
        return put_personal_line(actor, organisation.container, row.key, text)
    except Overtaken:
        _still_waits(actor, organisation, key)
        raise


def refuse_one(
    actor: Actor,
    organisation: OrganisationContext,
    key: str,
    *,
    reason: str,
    until: date | None = None,
) -> ActionRow:
    """Refuse one decision; with a day, it may be planned again from then on.

    Raises:
        DecidedAlready: it has left, or somebody refused it before.
        UserMistake: there is none of that key, or the connection only looks.
    """
    permit(actor, Permission.APPROVE)
    row = waiting_row(actor, organisation, key)
    if row.state not in approvals.STOPPABLE:
        raise _decided(organisation, row)
    listed = approvals.reject(actor, organisation.container, [row.key], reason=reason, until=until)
    return next(each.row for each in listed if each.row.key == row.key)


def refuse_many(
    actor: Actor, organisation: OrganisationContext, keys: Sequence[str], *, reason: str
) -> ManyDecided:
    """Refuse many decisions that were shown together; what was decided meanwhile is left."""
    permit(actor, Permission.APPROVE)
    overtaken = 0
    for key in keys:
        try:
            refuse_one(actor, organisation, key, reason=reason)
        except DecidedAlready:
            overtaken += 1
    return ManyDecided(len(keys) - overtaken, 0, overtaken)


def undo_one(actor: Actor, organisation: OrganisationContext, key: str) -> ActionRow:
    """Take an approval or a refusal back, while nothing has left.

    Raises:
        DecidedAlready: it has left or is leaving.
        UserMistake: there is none of that key, or the connection only looks.
    """
    permit(actor, Permission.APPROVE)
    row = waiting_row(actor, organisation, key)
    if row.state is ActionState.REJECTED:
        approvals.take_back(actor, organisation.container, [row.key], reason="undone")
    elif row.state in approvals.STOPPABLE:
        approvals.take_approval_back(actor, organisation.container, [row.key])
    else:
        raise _decided(organisation, row)
    return waiting_row(actor, organisation, key)


def shown_together(decisions: Sequence[WaitingDecision]) -> str:
    """Return what tells this list from another: what was confirmed is what was shown."""
    lines = (f"{decision.key} {sorted(decision.sums.items())}" for decision in decisions)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]


def _still_waits(actor: Actor, organisation: OrganisationContext, key: str) -> ActionRow:
    row = waiting_row(actor, organisation, key)
    if row.state is not ActionState.AWAITING_APPROVAL:
        raise _decided(organisation, row)
    return row


def _decided(organisation: OrganisationContext, row: ActionRow) -> DecidedAlready:
    events = organisation.store.actions.events(row.key)
    return DecidedAlready(row, events[-1].actor if events else "arsync")
