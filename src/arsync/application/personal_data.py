"""Personal data: forgetting one customer, and what is older than the retention setting."""

from __future__ import annotations

from datetime import timedelta

from arsync.application.container import Parts
from arsync.store.admin.privacy import Forgotten
from arsync.store.models import ConnectionRow


def forget_one(parts: Parts, connection: ConnectionRow, contact_id: str, *, who: str) -> Forgotten:
    """Make what arsync recorded about one customer nameless; who asked for it is remembered.

    Raises:
        UserMistake: it still owes, or something about it is still going on. RetryLater: a run of
            the connection is at work.
    """
    runs = parts.store.runs
    with runs.lock(connection.id, wait_seconds=parts.lock_wait_seconds):
        done = parts.store.privacy.forget(connection.id, contact_id)
        number = runs.start(connection.id, "forget")
        runs.finish(number, outcome="done", message=f"contact {contact_id}, asked by {who}")
    return done


def forget_what_is_old(parts: Parts, connection: ConnectionRow) -> None:
    """Make nameless what ended longer ago than `[store] keep_days`."""
    days = parts.config.keep_days
    if days:
        before = parts.clock.now() - timedelta(days=days)
        parts.store.privacy.expire(connection.id, before)
