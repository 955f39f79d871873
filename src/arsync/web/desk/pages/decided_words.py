"""How the pages say when something leaves, and what the reader has just decided."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from arsync.application.decisions.action_history import action_history
from arsync.core.actions import ActionState
from arsync.core.actions.registry import LETTER_KINDS
from arsync.errors import UserMistake
from arsync.translation import gettext
from arsync.web.desk.visit import Visit


class DecidedWords(NamedTuple):
    """What the reader has just decided about one action, and may take back."""

    key: str
    customer: str
    state: str
    """approved, refused, first, waiting, withdrawn or gone."""
    leaves: str
    """When it leaves; empty: at once, or it is no message."""
    can_undo: bool


def when_words(visit: Visit, moment: datetime | None) -> str:
    """Return when something leaves, as a sentence begins with it: `Tomorrow at 09:00`.

    Empty where it may leave at once.
    """
    organisation = visit.organisation
    if moment is None or moment <= organisation.clock.now():
        return ""
    local, day = moment.astimezone(organisation.zone), organisation.today
    clock = visit.words.clock(moment)
    if local.date() == day:
        return gettext("Today at %(clock)s", clock=clock)
    if local.date() == day + timedelta(days=1):
        return gettext("Tomorrow at %(clock)s", clock=clock)
    return gettext(
        "On %(day)s at %(clock)s",
        day=visit.words.day(local.date(), today=day, weekday=True),
        clock=clock,
    )


def decided_words(visit: Visit) -> DecidedWords | None:
    """Return what the reader has just decided, as the address names it: `?decided=KEY`."""
    key = visit.request.args.get("decided", "")
    if not key:
        return None
    try:
        owner, history = action_history(visit.actor, visit.container, key)
    except UserMistake:
        return None
    row = history.listed.row
    if owner.id != visit.organisation.id:
        return None
    first = visit.container.store.first_approvals.of([row.key]).get(row.key)
    state = {
        ActionState.APPROVED: "approved",
        ActionState.REJECTED: "refused",
        ActionState.AWAITING_APPROVAL: "first" if first else "waiting",
        ActionState.WITHDRAWN: "withdrawn",
    }.get(row.state, "gone")
    leaves = when_words(visit, row.not_before) if row.action.kind in LETTER_KINDS else ""
    mine = first is not None and first.user_id == visit.actor.user_id
    can_undo = state in {"approved", "refused"} or (state == "first" and mine)
    return DecidedWords(row.key, row.action.contact_name, state, leaves, can_undo)
