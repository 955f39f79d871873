"""The channels of this installation: arsync's own, and those that other packages bring."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint
from typing import cast

from arsync.channels.contract import Channel
from arsync.config import Config
from arsync.config.channel_sections import ENTRY_POINT_GROUP, installed_channels
from arsync.core.actions import Via
from arsync.errors import UserMistake

_OWN: Mapping[str, str] = {
    Via.SMTP: "arsync.channels.smtp:CHANNEL",
    Via.POST: "arsync.channels.post:CHANNEL",
    Via.SMS: "arsync.channels.sms:CHANNEL",
}
"""Not entry points: no package that somebody installs may take the place of the mail server."""


def channel_names() -> tuple[str, ...]:
    """Return what `via:` may say besides the accounting system; loads none of them."""
    return (*_OWN, *sorted(name for name in installed_channels() if name not in _OWN))


def channel(name: str) -> Channel:
    """Return one channel by its name; loads no other.

    Raises:
        UserMistake: no such channel is installed.
    """
    entry = _entry(name)
    if entry is None:
        raise UserMistake(
            f"there is no way {name!r} for letters. Installed: {', '.join(channel_names())}."
            "\n    hint: install the package that brings it, or change `via:` in the rulebook"
        )
    return cast("Channel", entry.load())


def ways_set_up(config: Config) -> frozenset[str]:
    """Return the names of the channels whose settings let letters leave."""
    return frozenset(name for name in channel_names() if not channel(name).settings_problem(config))


def _entry(name: str) -> EntryPoint | None:
    if name in _OWN:
        return EntryPoint(name, _OWN[name], ENTRY_POINT_GROUP)
    return installed_channels().get(name)


def forget_installed() -> None:
    """Look again which packages are installed, the next time that somebody asks."""
    installed_channels.cache_clear()
