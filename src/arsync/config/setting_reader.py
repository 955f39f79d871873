"""Reading settings from a file and from variables.

All problems are collected, each with its file and line, the mistake and a hint.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from arsync.config.channel_sections import (
    CHANNELS,
    VARIABLES_BEGIN,
    channel_of,
    channel_settings,
    named_by_variables,
    section_kind,
    section_of,
)
from arsync.config.mode_words import mode_value
from arsync.config.setting_checks import wrong_value
from arsync.config.typed_settings import SECTIONS, SETTINGS, Setting, seconds, variable
from arsync.errors import UserMistake

CONFIG_BYTES_MAX = 1_000_000
"""A config file larger than this is refused: it is not a config file."""

SECRETS_FOLDER_VARIABLE = "ARSYNC_SECRETS_FOLDER"
"""Names a folder of files that are each named after a variable and hold its value: where systemd,
containers and clusters put secrets, because a process's variables are easily seen."""

SECRET_FILE_BYTES_MAX = 10_000
"""A larger file is no password, key or URL."""

_SHARED = (
    " is the same for all connections.\n    hint: move it to config.toml; a connection's own file"
    " may say [smtp], [letters], [sms], [mailbox], [runs] notify and time_zone, the account or item"
    " of late fees, and what a channel allows"
)

_HEADER = re.compile(r"""\s*\[\s*([\w-]+)(?:\s*\.\s*["']?([^"'\]]+?)["']?)?\s*\]""")
"""`[smtp]`, `[channels.pigeon]`."""

_BY_SECTION: Mapping[str, Mapping[str, Setting]] = {
    section: {setting.key: setting for setting in SETTINGS if setting.section == section}
    for section in SECTIONS
}


class ConfigReader:
    """Settings as they are read: all problems are collected, so that they are reported at once.

    Each setting is converted by itself for that: msgspec stops at the first that does not fit.
    """

    def __init__(self, folder: Path, *, own_only: bool = False) -> None:
        """Begin with nothing.

        Args:
            folder: paths among the settings are relative to it.
            own_only: only what may differ from connection to connection is taken.
        """
        self.values: dict[str, Any] = {}
        self.problems: list[str] = []
        self._folder = folder
        self._own_only = own_only

    def add_file(self, path: Path) -> None:
        """Read a file; what is wrong with it is added to `problems`.

        Raises:
            UserMistake: it cannot be read at all.
        """
        text = _text(path)
        tables = _parsed(path, text)
        lines = _lines_of(text)
        for section, table in _by_section(tables):
            place = _place(path, lines.get((section, "")))
            if section not in SECTIONS and not channel_of(section):
                self.problems.append(
                    f"{place}: unknown section [{section}].{_near(section, (*SECTIONS, CHANNELS))}"
                )
            elif not isinstance(table, dict):
                self.problems.append(f"{place}: [{section}] is a section, and has settings.")
            elif (settings := self._settings_of(section, place)) is not None:
                for key, value in table.items():
                    place = _place(path, lines.get((section, key)))
                    self._add_known(settings, section, key, value, place)

    def _settings_of(self, section: str, place: str) -> Mapping[str, Setting] | None:
        """Return a section's settings; None: its channel tells none, which is a problem."""
        channel = channel_of(section)
        if not channel:
            return _BY_SECTION[section]
        try:
            return channel_settings(channel)
        except UserMistake as mistake:
            self.problems.append(f"{place}: [{section}]: {mistake}")
        return None

    def _add_known(
        self, settings: Mapping[str, Setting], section: str, key: str, value: object, place: str
    ) -> None:
        setting = settings.get(key)
        if setting is None:
            self.problems.append(
                f"{place}: [{section}] has no setting {key!r}.{_near(key, settings)}"
            )
        elif self._own_only and not setting.per_connection:
            self.problems.append(f"{place}: [{section}] {key}{_SHARED}")
        else:
            self._add(setting, value, f"{place}: [{section}] {key}")

    def add_secrets(self, folder: Path) -> None:
        """Read the files of a folder that are named after variables; others are left alone."""
        if not folder.is_dir():
            self.problems.append(f"{SECRETS_FOLDER_VARIABLE}: {folder} is no folder.")
            return
        files = sorted(folder.glob("ARSYNC_*"))
        settings = self._named_by(file.name for file in files)
        by_variable = {variable(setting): setting for setting in settings}
        for file in files:
            setting = by_variable.get(file.name)
            if setting is None:
                near = _near(file.name, by_variable)
                self.problems.append(f"{file}: no setting has this name.{near}")
                continue
            try:
                value = _text(file, SECRET_FILE_BYTES_MAX, "password, key or URL")
            except UserMistake as mistake:
                self.problems.append(str(mistake))
            else:
                # An editor ends a file with a line break, which belongs to no password.
                self._add(setting, value.rstrip("\r\n"), str(file))

    def add_text(self, setting: Setting, text: str, where: str) -> None:
        """Take one setting's text from elsewhere, such as a cell of a table; `where` names it."""
        self._add(setting, text, f"{where}: [{setting.section}] {setting.key}")

    def add_variables(self, environ: Mapping[str, str]) -> None:
        """Read the variables; they win over the file."""
        for setting in self._named_by(environ):
            name = variable(setting)
            if name in environ:
                self._add(setting, environ[name], name)

    def _named_by(self, variables: Iterable[str]) -> list[Setting]:
        """Return arsync's settings, and those of the channels that variables are about."""
        settings = list(SETTINGS)
        for channel in named_by_variables(variables):
            of_channel = self._settings_of(section_of(channel), VARIABLES_BEGIN + "*")
            settings += (of_channel or {}).values()
        return settings

    def _add(self, setting: Setting, value: object, where: str) -> None:
        if (setting.section, setting.key) == ("runs", "mode") and isinstance(value, str):
            value = mode_value(value)
        problem = _problem(setting, value) or self._wrong_value(setting, str(value))
        if problem:
            if setting.secret and value:
                # A check may show what it does not like.
                problem = problem.replace(str(value), "...")
            self.problems.append(f"{where}{problem}")
            return
        typed = int(str(value)) if setting.whole else value
        self.values.setdefault(setting.section, {})[setting.key] = typed

    def _wrong_value(self, setting: Setting, value: str) -> str:
        """Return what the setting's own check says of it; a channel checks its own settings."""
        if not (channel := channel_of(setting.section)):
            return wrong_value(setting.section, setting.key, value, self._folder)
        if not value:
            return ""
        return section_kind(channel).problem_of(setting.key, value, self._folder)


def _problem(setting: Setting, value: object) -> str:
    """Return what is wrong with a value, as it follows the setting's name; empty: nothing."""
    # Not `isinstance`: to Python, `true` is a whole number too.
    if setting.whole and type(value) is int:
        value = str(value)
    if not isinstance(value, str):
        shown = "..." if setting.secret else value
        return f' must be a text: {setting.key} = "{shown}"'
    if setting.whole:
        least, most = setting.whole
        # Not msgspec's lax mode: to that, `1e3` and `12.0` are whole numbers too.
        if not (value.isascii() and value.isdigit() and least <= int(value) <= most):
            return f" is {value!r}; it must be a whole number from {least:,} to {most:,}."
    if setting.choices and value not in setting.choices:
        return f" is {value!r}; it can be {', '.join(setting.choices)}."
    if setting.pattern and not re.fullmatch(setting.pattern, value):
        return f" is {value!r}; write it like {setting.example}."
    if setting.is_duration:
        try:
            seconds(value)
        except UserMistake as mistake:
            return f": {mistake}"
    return ""


def _text(path: Path, bytes_max: int = CONFIG_BYTES_MAX, kind: str = "config file") -> str:
    try:
        if path.stat().st_size > bytes_max:
            raise UserMistake(f"{path}: larger than {bytes_max:,} bytes; not a {kind}.")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UserMistake(f"{path}: not UTF-8 text. Save it as UTF-8.") from None
    except OSError as error:
        raise UserMistake(f"{path}: {error.strerror}.") from None


def _parsed(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        hint = 'put texts in quotes: key = "value"'
        if "twice" in str(error) or "overwrite" in str(error):  # a section, or a key in one
            hint = "each [section] and each key may appear once: change the existing line"
        raise UserMistake(f"{path}: {error}.\n    hint: {hint}") from None


def _by_section(tables: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the sections, and in place of `channels` each one in it."""
    for section, table in tables.items():
        if section == CHANNELS and isinstance(table, dict):
            yield from ((section_of(channel), inner) for channel, inner in table.items())
        else:
            yield section, table


def _lines_of(text: str) -> dict[tuple[str, str], int]:
    """Return the lines of sections and of their settings: tomllib reports no positions.

    A section's own is under the empty key.
    """
    lines: dict[tuple[str, str], int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            section = ".".join(filter(None, header.groups()))
            lines.setdefault((section, ""), number)
        elif setting := re.match(r"\s*([\w-]+)\s*=", line):
            lines.setdefault((section, setting[1]), number)
    return lines


def _place(path: Path, line: int | None) -> str:
    return f"{path}:{line}" if line else str(path)


def _near(word: str, choices: Iterable[str]) -> str:
    words = list(choices)
    close = difflib.get_close_matches(word, words, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(words)}"
    return f"\n    hint: {hint}"
