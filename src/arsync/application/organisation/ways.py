"""Ways that are set up: by which of them a connection's messages can leave."""

from __future__ import annotations

from arsync import channels
from arsync.config import Config
from arsync.core.actions import Via


def ways_set_up(config: Config) -> frozenset[str]:
    """Return the ways that the settings allow, as `via` names them."""
    return channels.ways_set_up(config) | {Via.PLATFORM.value}
