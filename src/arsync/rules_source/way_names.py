"""Names of ways: what `via` can say here, without loading any channel."""

from __future__ import annotations

from importlib.metadata import entry_points

from arsync.core.actions import Via

CHANNELS = "arsync.channels"
"""The group of entry points under which channels are found."""


def way_names() -> frozenset[str]:
    """Return the ways that arsync brings along, and those of installed channels."""
    return frozenset(via.value for via in Via) | {
        point.name for point in entry_points(group=CHANNELS)
    }
