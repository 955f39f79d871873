"""The configuration: all settings with where they stand, and those of one connection."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, unquote, urlsplit

from msgspec.structs import replace

from arsync.config.channel_sections import channel_of, section_kind, section_of
from arsync.config.connection_files import Marks, connection_file, marks_of, own_values
from arsync.config.typed_settings import (
    SECTIONS,
    SETTINGS,
    AllSettings,
    Section,
    Setting,
    seconds,
    settings_of,
)

SQLITE = "sqlite:///"
"""How the URL of a store in a file begins; the path follows."""

OfChannel = TypeVar("OfChannel", bound=Section)

CONNECTIONS_KEPT_MAX = 5_000
"""The settings of so many connections are kept after they were read."""


class Config(AllSettings, frozen=True, kw_only=True):
    """All settings, checked. Relative paths are relative to the config file's folder.

    Those of one connection (`for_connection`) are these, with what its own file says instead.
    """

    folder: Path
    file: Path | None = None
    """None when there is no file: then only defaults and variables count."""
    channels: tuple[tuple[str, Section], ...] = ()
    """The sections of other packages' channels by their names, as far as anything was said."""
    own_settings: tuple[tuple[str, str], ...] = ()
    """Section and key of what a connection's own file says; empty: it says nothing."""

    def for_connection(self, name: str) -> Config:
        """Return the settings of one connection: these, with what its own file says instead.

        A file is read again only after it was changed.

        Raises:
            UserMistake: with every problem of its file.
        """
        file = connection_file(self.folder, name)
        marks = marks_of(file)
        return self if marks is None else _merged(self, file, marks)

    def get(self, section: str, key: str) -> str:
        """Return one setting's text, for a section that is named by a variable."""
        return self.section(section)[key]

    def section(self, name: str) -> dict[str, str]:
        """Return one section, as connectors receive it; a foreign connector may have none."""
        settings: Section | None = getattr(self, name) if name in SECTIONS else None
        settings = settings or dict(self.channels).get(channel_of(name))
        return settings.texts() if settings is not None else {}

    def of_channel(self, name: str, kind: type[OfChannel]) -> OfChannel:
        """Return the settings of a channel that another package brings: `[channels.NAME]`.

        Args:
            name: the channel's.
            kind: its `settings`.
        """
        settings = dict(self.channels).get(name)
        return settings if isinstance(settings, kind) else kind()

    @property
    def known_settings(self) -> tuple[Setting, ...]:
        """Return arsync's settings, and those of the channels of which anything was said."""
        of_channels = (
            setting
            for name, section in self.channels
            for setting in settings_of(section_of(name), type(section))
        )
        return (*SETTINGS, *of_channels)

    @property
    def values(self) -> dict[tuple[str, str], str]:
        """Return the text of every setting."""
        return {
            (section, key): text
            for section in SECTIONS
            for key, text in self.section(section).items()
        }

    @property
    def rules_folder(self) -> Path:
        """Return the folder of the rulebook."""
        return self._in_folder(self.rules.folder)

    @property
    def key_file(self) -> Path:
        """Return the file that holds the key of the tokens."""
        return self._in_folder(self.tokens.key_file)

    @property
    def logo_file(self) -> Path | None:
        """Return the picture at the head of letters; None: there is none."""
        return self._in_folder(self.letters.logo) if self.letters.logo else None

    @property
    def post_folder(self) -> Path | None:
        """Return where letters that go by post are put; None: nothing goes by post."""
        return self._in_folder(self.letters.post_folder) if self.letters.post_folder else None

    @property
    def every_seconds(self) -> int:
        """Return the pace of `arsync run`, in seconds."""
        return seconds(self.runs.every)

    @property
    def keep_days(self) -> int:
        """Return for how many days names and texts of ended actions are kept; 0: for ever."""
        return self.store.keep_days

    @property
    def store_file(self) -> Path | None:
        """Return SQLite's file; None when the store is elsewhere, or the URL is not plain."""
        url = self.store.url
        if not url.startswith(SQLITE) or "?" in url or ":memory:" in url:
            return None
        # Otherwise the store would depend on the folder in which a scheduler starts arsync.
        return self._in_folder(unquote(url.removeprefix(SQLITE)))

    @property
    def store_url(self) -> str:
        """Return the store's URL, a relative SQLite path made absolute."""
        file = self.store_file
        # A folder may be called `100%` or `what?`: in a URL these characters mean something else.
        return self.store.url if file is None else SQLITE + quote(str(file), safe="/\\: ")

    def _in_folder(self, path: str) -> Path:
        # A path that begins at home does not begin in the config's folder.
        return self.folder / Path(path).expanduser()


def secret_texts(config: Config) -> set[str]:
    """Return the secrets that stand in the settings, as far as a text can show them.

    Of an address with a password it is the password alone: an error may name the rest.
    """
    texts = set()
    for setting in config.known_settings:
        if setting.secret and (value := config.get(setting.section, setting.key)):
            texts.add(_password(value) if "://" in value else value)
    return texts - {""}


def _password(url: str) -> str:
    try:
        return unquote(urlsplit(url).password or "")
    except ValueError:
        return ""


# By its marks: a connection is looked at many times a run, and its file changes once a year.
@lru_cache(maxsize=CONNECTIONS_KEPT_MAX)
def _merged(config: Config, file: Path, _: Marks) -> Config:
    own = own_values(file, config.folder)
    sections: dict[str, Any] = {
        section: replace(getattr(config, section), **values)
        for section, values in own.items()
        if section in SECTIONS
    }
    merged = with_channels(replace(config, **sections), own)
    named = tuple(
        (setting.section, setting.key)
        for setting in merged.known_settings
        if setting.key in own.get(setting.section, {})
    )
    return replace(merged, own_settings=named)


def with_channels(config: Config, values: Mapping[str, Mapping[str, Any]]) -> Config:
    """Return the settings with what these say of channels; the values have been checked.

    Args:
        config: the settings so far.
        values: by section and key; sections that are no channel's are left alone.
    """
    channels = dict(config.channels)
    for section, said in values.items():
        if name := channel_of(section):
            settings = channels.get(name) or section_kind(name)()
            channels[name] = replace(settings, **said)
    return replace(config, channels=tuple(sorted(channels.items())))
