"""Names of ways: what `via` can say here, without loading any channel."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from arsync.core.actions import Via

ENTRY_POINT_GROUP = "arsync.channels"
"""The group of entry points under which channels are found."""


def way_names() -> frozenset[str]:
    """Return the ways that arsync brings along, and those of installed channels."""
    return frozenset(via.value for via in Via).union(installed_channels())


@cache
def installed_channels() -> Mapping[str, EntryPoint]:
    """Return where each channel of another package is, by name."""
    # Searched once for each process, which takes some 16 ms.
    return {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}
