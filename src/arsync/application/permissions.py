"""Who may what: the one table of it. Each use case asks it before it does anything."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from arsync.errors import UserMistake


class Role(StrEnum):
    """What somebody is to an organisation."""

    OWNER = "owner"
    CONTROLLER = "controller"
    ACCOUNTANT = "accountant"
    READER = "reader"


class Permission(StrEnum):
    """What use cases ask for; its value ends the sentence "may not ..."."""

    READ = "read the ledger and the plans"
    EXPORT_CUSTOMER = "export all data about a customer"
    EXPORT_LEDGER = "export a whole ledger"
    FORGET_CUSTOMER = "anonymise a customer"
    PULL = "bring the copy of the ledger up to date"
    PREPARE = "save a plan for approval"
    TEXTS = "change letters and try them"
    PUSH_RULES = "push rules into the store"
    RUN = "carry out approved actions"
    APPROVE = "approve or refuse actions"
    LOG = "log what happened with a customer"
    AGREE = "record promises, payment plans and disputes"
    PLACE = "place debts with agencies or take them back"
    HOLD = "put customers on hold or release them"
    APPLY_FOR_CREDIT = "record applications for credit"
    DECIDE_CREDIT = "decide about customers' credit"
    COMPLETE_TASKS = "complete tasks"
    RESOLVE = "settle unknown outcomes"
    UNDO = "undo actions"
    CONNECT = "change connections"
    MAINTAIN = "back up, restore or change keys"
    STOP = "stop everything"
    START = "start again what was stopped"
    PEOPLE = "change people and what they may"
    AUDIT = "read the log of what people changed"


_ALL = frozenset(Role)
_OFFICE = frozenset({Role.OWNER, Role.CONTROLLER, Role.ACCOUNTANT})
_DECIDES = frozenset({Role.OWNER, Role.CONTROLLER})
_POLICY = frozenset({Role.OWNER, Role.ACCOUNTANT})
_OWNER = frozenset({Role.OWNER})

ROLES: Mapping[Permission, frozenset[Role]] = {
    Permission.READ: _ALL,
    Permission.EXPORT_CUSTOMER: _OFFICE,
    Permission.EXPORT_LEDGER: _OFFICE,
    Permission.FORGET_CUSTOMER: _OWNER,
    Permission.PULL: _OFFICE,
    Permission.PREPARE: _OFFICE,
    Permission.TEXTS: _OFFICE,
    # From the next run on, every machine goes by what was pushed: policy is the accountant's work.
    Permission.PUSH_RULES: _POLICY,
    Permission.RUN: _DECIDES,
    Permission.APPROVE: _DECIDES,
    Permission.AGREE: _DECIDES,
    Permission.LOG: _OFFICE,
    Permission.PLACE: _DECIDES,
    Permission.HOLD: _DECIDES,
    Permission.APPLY_FOR_CREDIT: _OFFICE,
    Permission.DECIDE_CREDIT: _DECIDES,
    Permission.COMPLETE_TASKS: _OFFICE,
    Permission.RESOLVE: _DECIDES,
    Permission.UNDO: _DECIDES,
    Permission.CONNECT: _OWNER,
    Permission.MAINTAIN: _OWNER,
    # Whoever sees something go wrong may stop it; that it may go on is for an owner to say.
    Permission.STOP: _OFFICE,
    Permission.START: _OWNER,
    Permission.PEOPLE: _OWNER,
    Permission.AUDIT: _POLICY,
}
"""The table. The accountant writes the policy and reads everything, but does not let letters go."""


class Actor(NamedTuple):
    """Somebody who asks for something, under the name that is kept with it."""

    name: str
    role: Role
    sees_amounts: bool = True
    """Whether sums are shown; a reader may have to do without."""
    approves_up_to: Decimal | None = None
    """In the organisation's currency: above it, an approval is the first of two. None: no limit."""
    user_id: int | None = None
    """The number of somebody who signed in; None: the schedule, or the person at the shell."""


# Whoever has the shell can read the store and its key: there, a smaller role would protect nothing.
SCHEDULE = Actor("schedule", Role.OWNER)
"""Who asks for a run that no person asked for."""


def person_at_the_shell() -> Actor:
    """Return the computer's user."""
    try:
        return Actor(getpass.getuser(), Role.OWNER)
    except (OSError, KeyError):
        return Actor("a person", Role.OWNER)


class NotPermitted(UserMistake):
    """The actor's role does not allow it."""


CHANGES = frozenset(Permission) - {
    Permission.READ,
    Permission.AUDIT,
    # Their results are the runs and the actions' own history, which keep who asked for them.
    Permission.PULL,
    Permission.PREPARE,
    Permission.RUN,
    # They change files beside the store, which anybody at the shell may.
    Permission.TEXTS,
    # They leave the store as it is.
    Permission.EXPORT_CUSTOMER,
    Permission.EXPORT_LEDGER,
}
"""What somebody has to answer for who was permitted it."""

_permitted: ContextVar[set[Permission] | None] = ContextVar("_permitted", default=None)


@contextmanager
def recording_changes() -> Iterator[set[Permission]]:
    """Yield the changes that are permitted in the meantime, in this thread.

    The one seam at which the command line learns that a command changes something.
    """
    changes: set[Permission] = set()
    before = _permitted.set(changes)
    try:
        yield changes
    finally:
        _permitted.reset(before)


def is_permitted(actor: Actor, permission: Permission) -> bool:
    """Return whether the actor may; a page that only offers something asks this."""
    return actor.role in ROLES[permission]


def permit(actor: Actor, permission: Permission, *, only_looks: bool = False) -> None:
    """Return if the actor may.

    Args:
        actor: who asks.
        permission: for what.
        only_looks: whether this use case only shows what another would change.

    Raises:
        NotPermitted: not with this role.
    """
    if not is_permitted(actor, permission):
        allowed = ", ".join(role for role in Role if role in ROLES[permission])
        raise NotPermitted(
            f"{actor.name} may not {permission} as {actor.role}.\n    hint: ask: {allowed}"
        )
    permitted = _permitted.get()
    if permitted is not None and permission in CHANGES and not only_looks:
        permitted.add(permission)
