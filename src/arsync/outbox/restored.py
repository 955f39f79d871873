"""After a restore: what may have left between the backup and now, and is missing in the store."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from arsync.core.actions import Action, ActionKind
from arsync.store.models import ActionRow, ConnectionRow, Restored

DOUBT_DAYS = 366
"""For so long after a restore, a first attempt is looked up before it is made."""

FOUND_AFTER_RESTORE = "found at the accounting system: it was done after the backup was taken"
LOOK_FIRST = (
    "the store was restored from a backup, and this may have left since: look into the mailbox or"
    " the accounting system, then approve or refuse it"
)


def may_have_left(connection: ConnectionRow, row: ActionRow, today: date, now: datetime) -> bool:
    """Return whether an action may have been done after the backup that the store came from.

    What was prepared since was looked up then. A reminder whose steps all fell due after the
    restore cannot have left before it.
    """
    restored = connection.restored
    if restored is None or row.before or now - restored.at > timedelta(days=DOUBT_DAYS):
        return False
    return row.action.kind is not ActionKind.REMINDER or _was_due(row.action, restored, today)


def decided_before_restore(connection: ConnectionRow, row: ActionRow) -> bool:
    """Return whether what was decided about an action was decided before the restore."""
    return connection.restored is not None and row.changed_at <= connection.restored.at


def _was_due(action: Action, restored: Restored, today: date) -> bool:
    # Before the due date a reference counts no days, which makes the step look older than it is.
    # A day of slack, for the organisation's day is not that of UTC.
    latest = restored.at.date() + timedelta(days=1)
    return not action.invoices or any(
        today - timedelta(days=ref.days_overdue - ref.day) <= latest for ref in action.invoices
    )
