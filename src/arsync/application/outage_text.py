"""A platform that could not be reached, in words."""

from __future__ import annotations

from arsync.application.container import Parts
from arsync.clock import in_words
from arsync.store.models import ConnectionRow, OutageRow


def outage_words(parts: Parts, connection: ConnectionRow, outage: OutageRow) -> str:
    """Return since when a platform could not be reached, why, and when it is tried again."""
    label = parts.platform(connection.platform).label
    said = outage.why.rstrip(".")
    times = "once" if outage.failures == 1 else f"{outage.failures:,} times in a row"
    zone = parts.zone(connection)
    words = f"{label} was not reached {times}, last at {in_words(outage.failed_at, zone)} ({said})"
    if outage.retry_at is None:
        return f"{words}; the next run tries again."
    return (
        f"{words}. It is left alone until {in_words(outage.retry_at, zone)};"
        f" `arsync sync --now --connection {connection.name}` tries at once."
    )
