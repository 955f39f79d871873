"""What colleagues are told of credit holds: `tell: sales` beside a rule of `credit_holds`.

A mail follows what it tells of, once for each episode: the hold as it was placed, a reason that
names somebody more, and its end. Of its end, an undoing too, those are told whom the first mail
reached. How it is mailed, tried again and given up is `alert_telling`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.core.actions import (
    Action,
    ActionKind,
    ActionState,
    CreditHoldPayload,
    HoldReasonsPayload,
    UndoPayload,
)
from arsync.core.ledger.records import Account
from arsync.store.models import ActionRow

TOLD_WITHIN_DAYS = 10
"""So many days after a hold was placed or lifted its mail still leaves, and its failure is said."""

TOLD_KINDS = frozenset(
    {
        ActionKind.CREDIT_HOLD,
        ActionKind.HOLD_REASONS,
        ActionKind.LIFT_CREDIT_HOLD,
        ActionKind.UNDO,
    }
)
"""The kinds of action of which colleagues may be mailed."""

_ABOUT: Mapping[ActionKind, str] = {
    ActionKind.CREDIT_HOLD: "credit hold placed",
    ActionKind.HOLD_REASONS: "credit hold",
    ActionKind.LIFT_CREDIT_HOLD: "credit hold lifted",
    ActionKind.UNDO: "credit hold undone",
}

_IN_FORCE = frozenset({ActionState.SENT, ActionState.CONFIRMED})


def holds_to_tell(organisation: OrganisationContext) -> Iterator[ActionRow]:
    """Yield what was done about holds of late, and names colleagues."""
    since = organisation.today - timedelta(TOLD_WITHIN_DAYS)
    for row in organisation.store.actions.done_since(organisation.id, TOLD_KINDS, since):
        if row.state in _IN_FORCE and (row.action.payload.mailed_colleagues or _undid(row.action)):
            yield row


def reached_before(
    organisation: OrganisationContext, rows: Iterable[ActionRow]
) -> dict[str, frozenset[str]]:
    """Return by key the addresses that a mail about the same hold reached, or may have."""
    actions = {row.key: row.action for row in rows}
    contact_ids = {action.contact_id for action in actions.values()}
    by_hold = organisation.store.alerts.reached(organisation.id, contact_ids)
    return {
        key: by_hold.get((action.contact_id, action.episode), frozenset())
        for key, action in actions.items()
    }


def begins_a_hold(action: Action) -> bool:
    """Return whether an action tells whom it names; else those whom the first mail reached."""
    return isinstance(action.payload, CreditHoldPayload | HoldReasonsPayload)


def holds_that_stand(
    organisation: OrganisationContext, rows: Iterable[ActionRow]
) -> frozenset[str]:
    """Return the keys of what is still so: a hold in force, one that is lifted, an undoing."""
    of_holds = [row for row in rows if row.action.kind in TOLD_KINDS]
    if not of_holds:
        return frozenset()
    contact_ids = sorted({row.action.contact_id for row in of_holds})
    by_contact: dict[str, Account] = {
        contact.id: account
        for account in organisation.store.ledger.accounts(organisation.id, contact_ids)
        for contact in account.contacts
    }
    return frozenset(row.key for row in of_holds if _stands(row, by_contact))


def _stands(row: ActionRow, by_contact: Mapping[str, Account]) -> bool:
    action, account = row.action, by_contact.get(row.action.contact_id)
    if row.state not in _IN_FORCE or account is None:
        return False
    if action.kind is ActionKind.UNDO:
        return True
    hold = account.hold
    is_held = (
        hold is not None and hold.contact_id == action.contact_id and hold.episode == action.episode
    )
    return row.key not in account.undone and is_held is begins_a_hold(action)


def _undid(action: Action) -> bool:
    """Return whether an action undid a hold."""
    payload = action.payload
    return isinstance(payload, UndoPayload) and payload.undone_kind is ActionKind.CREDIT_HOLD


def told_about(action: Action) -> str:
    """Return what a mail about a hold is about: `credit hold placed`, `credit hold undone`."""
    return _ABOUT[action.kind]
