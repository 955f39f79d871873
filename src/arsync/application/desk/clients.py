"""All clients of a practice: each as somebody may see it, and what is decided for several at once.

Whoever asks is something else to each client, so each is asked about with its own actor.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from arsync.application.connections.connection_changes import (
    ConnectionChange,
    Mode,
    change_connections,
    stop_everything,
)
from arsync.application.decisions.approvals import WAITING, approve
from arsync.application.decisions.choosing import Decision, Selection, left_to_roles, selected
from arsync.application.desk.deciding import CALLED_BACK_FOR
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.overview.overview import Need, OverviewLine, overview
from arsync.application.people.persons import Person
from arsync.application.permissions import ROLES, Actor, NotPermitted, Permission
from arsync.core.actions import ActionState
from arsync.errors import ArsyncError, UserMistake
from arsync.store.models import ConnectionRow
from arsync.translation import gettext


class PracticeClient(NamedTuple):
    """One client, as somebody may see it."""

    line: OverviewLine
    actor: Actor
    row: ConnectionRow

    @property
    def may_approve(self) -> bool:
        """Return whether its actions can be approved with those of others."""
        return (
            self.line.awaiting > 0
            and not self.line.over_safety
            and self.row.stopped is None
            and self.actor.role in ROLES[Permission.APPROVE]
        )

    @property
    def needs_somebody(self) -> bool:
        """Return whether anything is the matter."""
        return self.line.need is not Need.NONE or self.row.stopped is not None


class Batch(NamedTuple):
    """What is to be approved for one client, as it is shown."""

    client: PracticeClient
    kinds: Mapping[str, int]
    sums: Mapping[str, Decimal]
    decisions: Sequence[Decision]
    for_roles: int
    """So many are left to a role, and are not approved in passing."""

    @property
    def digest(self) -> str:
        """Return what tells this batch from any other."""
        members = [
            f"{listed.row.key} {listed.row.state} "
            + " ".join(f"{ref.id}={ref.amount_due}" for ref in listed.row.action.invoices)
            for decision in self.decisions
            for listed in decision.members
        ]
        return hashlib.sha256("\n".join(sorted(members)).encode()).hexdigest()[:32]


class BatchesApproved(NamedTuple):
    """What became of batches."""

    approved: int
    first_of_two: int
    """So many wait for a second person now."""
    refused: Sequence[str]
    """Clients of which nothing was approved, each with why."""


def clients(
    container: Container, person: Person, theirs: Sequence[ConnectionRow]
) -> list[PracticeClient]:
    """Return the clients that are somebody's, worst first.

    Args:
        container: knows where they stand.
        person: whose.
        theirs: the connections that are theirs.
    """
    actors = {row.name: person.actor_on(row) for row in theirs}
    rows = {row.name: row for row in theirs}
    reader = next(iter(actors.values()), None)
    if reader is None:
        return []
    listed = []
    for line in overview(reader, container).connections:
        actor = actors.get(line.name)
        if actor is not None:
            listed.append(PracticeClient(line, actor, rows[line.name]))
    return listed


def batches(container: Container, chosen: Sequence[PracticeClient]) -> list[Batch]:
    """Return what would be approved for some clients."""
    shown = []
    for client in chosen:
        selection = Selection(connection=client.line.name)
        everything = selected(client.actor, container, selection, WAITING)
        free, to_roles = left_to_roles(everything, selection)
        kinds = {kind.value: count for kind, count in free.kinds.items()}
        shown.append(Batch(client, kinds, free.sums, free.decisions, to_roles))
    return shown


def approve_batches(
    container: Container, chosen: Sequence[PracticeClient], digests: Mapping[str, str]
) -> BatchesApproved:
    """Approve for some clients what was shown; one client's mistake leaves the others alone.

    Args:
        container: holds their actions.
        chosen: the clients.
        digests: what was shown of each, by its connection's name.
    """
    approved, first_of_two, refused = 0, 0, []
    for batch in batches(container, chosen):
        name = batch.client.row.organisation.name
        if not batch.client.may_approve:
            refused.append(
                gettext("%(name)s: nothing was approved, it has to be looked at.", name=name)
            )
            continue
        if batch.digest != digests.get(batch.client.line.name):
            refused.append(
                gettext(
                    "%(name)s: what waits has changed since, so nothing was approved.", name=name
                )
            )
            continue
        keys = [decision.listed.row.key for decision in batch.decisions]
        try:
            listed = approve(batch.client.actor, container, keys, leaves_after=CALLED_BACK_FOR)
        except ArsyncError as error:
            refused.append(f"{name}: {str(error).split(chr(10), maxsplit=1)[0]}")
            continue
        approved += sum(each.row.state is ActionState.APPROVED for each in listed)
        first_of_two += sum(each.row.state is ActionState.AWAITING_APPROVAL for each in listed)
    return BatchesApproved(approved, first_of_two, refused)


def set_modes(container: Container, chosen: Sequence[PracticeClient], mode: str) -> int:
    """Let arsync go as far for some clients; returns how many changed.

    Raises:
        UserMistake: the mode is none. NotPermitted: one of them is not theirs to change.
    """
    if mode not in list(Mode):
        raise UserMistake(gettext("Choose how far arsync may go."))
    changed = 0
    for client in chosen:
        before = client.row.mode
        organisation = OrganisationContext(container, client.row)
        change_connections(client.actor, [organisation], ConnectionChange(mode=Mode(mode)))
        changed += before is not Mode(mode)
    return changed


def stop_clients(container: Container, chosen: Sequence[PracticeClient], reason: str) -> int:
    """Stop everything for some clients; returns for how many it was not stopped before.

    Raises:
        UserMistake: no reason is given.
    """
    running = [client for client in chosen if client.row.stopped is None]
    for client in running:
        stop_everything(client.actor, OrganisationContext(container, client.row), reason)
    return len(running)


def stoppable(every: Sequence[PracticeClient]) -> list[PracticeClient]:
    """Return the clients that somebody may stop."""
    return [client for client in every if client.actor.role in ROLES[Permission.STOP]]


def refuse_others(chosen: Sequence[PracticeClient], permission: Permission) -> None:
    """Refuse a change of several clients of which one is not theirs to change.

    Raises:
        NotPermitted: one is not.
    """
    for client in chosen:
        if client.actor.role not in ROLES[permission]:
            raise NotPermitted(
                gettext(
                    "%(name)s may not %(permission)s of %(name_2)s as %(role)s.\n    hint: ask "
                    "an owner",
                    name=client.actor.name,
                    permission=permission,
                    name_2=client.row.organisation.name,
                    role=client.actor.role,
                )
            )
