"""A platform that could not be reached, in words."""

from __future__ import annotations

from arsync.run.parts import Parts
from arsync.store.values import ConnectionRow, OutageRow


def outage_words(parts: Parts, connection: ConnectionRow, outage: OutageRow) -> str:
    """Return since when a platform could not be reached, why, and when it is tried again."""
    label = parts.platform(connection.platform).label
    said = outage.why.rstrip(".")
    times = "once" if outage.failures == 1 else f"{outage.failures:,} times in a row"
    words = f"{label} was not reached {times}, last at {outage.failed_at:%Y-%m-%d %H:%M} ({said})"
    if outage.retry_at is None:
        return f"{words}; the next run tries again."
    return (
        f"{words}. It is left alone until {outage.retry_at:%Y-%m-%d %H:%M} UTC;"
        f" `arsync sync --now --connection {connection.name}` tries at once."
    )
