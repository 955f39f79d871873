"""Names of ways: what `via` can say here, without loading any channel."""

from __future__ import annotations

from arsync.config.channel_sections import installed_channels
from arsync.core.actions import Via


def way_names() -> frozenset[str]:
    """Return the ways that arsync brings along, and those of installed channels."""
    return frozenset(via.value for via in Via).union(installed_channels())
