"""Sections of channels that other packages bring: `[channels.NAME]`, described by the channel.

A channel is loaded only where its section or one of its variables is met: whoever has installed one
and uses it nowhere waits for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from arsync.config.typed_settings import Section, Setting, settings_of
from arsync.errors import UserMistake

ENTRY_POINT_GROUP = "arsync.channels"
"""The group of entry points under which channels are found."""

CHANNELS = "channels"
"""The section that holds one for each channel."""

VARIABLES_BEGIN = "ARSYNC_CHANNELS_"

_SECTIONS_OF_OWN = {"smtp": "smtp", "post": "letters", "sms": "sms"}
"""Where the settings of arsync's own channels stand."""


@cache
def installed_channels() -> Mapping[str, EntryPoint]:
    """Return where each channel of another package is, by name."""
    # Searched once for each process, which takes some 16 ms.
    return {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}


def section_of(channel: str) -> str:
    """Return the name of a channel's section."""
    return f"{CHANNELS}.{channel}"


def channel_of(section: str) -> str:
    """Return the channel that a section belongs to; empty: it is none of a channel."""
    begin, _, name = section.partition(".")
    return name if begin == CHANNELS else ""


def section_kind(channel: str) -> type[Section]:
    """Return of which kind a channel's section is; loads the channel.

    Raises:
        UserMistake: it is not installed, has no settings, or cannot be loaded.
    """
    if own := _SECTIONS_OF_OWN.get(channel):
        raise UserMistake(f"its settings stand in another section.\n    hint: [{own}]")
    entry = installed_channels().get(channel)
    if entry is None:
        names = ", ".join(sorted(installed_channels())) or "none"
        raise UserMistake(
            f"no channel {channel!r} is installed.\n    hint: install the package that brings it;"
            f" installed: {names}"
        )
    try:
        kind = getattr(entry.load(), "settings", None)
    except (ImportError, AttributeError) as error:
        raise UserMistake(f"the channel {channel!r} cannot be loaded: {error}.") from None
    if not (isinstance(kind, type) and issubclass(kind, Section)):
        raise UserMistake(f"the channel {channel!r} has no settings.")
    return kind


def channel_settings(channel: str) -> dict[str, Setting]:
    """Return a channel's settings by their keys; loads the channel.

    Raises:
        UserMistake: it is not installed, has no settings, or cannot be loaded.
    """
    settings = settings_of(section_of(channel), section_kind(channel))
    return {setting.key: setting for setting in settings}


def settings_of_channels() -> Iterator[Setting]:
    """Yield the settings of all installed channels that have any; loads them."""
    for channel in sorted(installed_channels()):
        with suppress(UserMistake):  # it is told where the channel is used
            yield from channel_settings(channel).values()


def named_by_variables(names: Iterable[str]) -> tuple[str, ...]:
    """Return the installed channels that one of these variables may belong to; loads none."""
    begins = tuple(name for name in names if name.startswith(VARIABLES_BEGIN))
    return tuple(
        channel
        for channel in sorted(installed_channels())
        if any(name.startswith(f"{VARIABLES_BEGIN}{_in_variables(channel)}_") for name in begins)
    )


def _in_variables(channel: str) -> str:
    return re.sub(r"\W", "_", channel).upper()
