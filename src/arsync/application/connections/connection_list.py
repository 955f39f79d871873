"""A list of connections as a CSV file: read whole, checked whole, every problem with its place.

Practices keep such lists in a spreadsheet, so a file comes as spreadsheets save it: with commas,
semicolons or tabs, in UTF-8 with or without a mark, in UTF-16, or in Windows' own encoding.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from arsync.config import SETTINGS
from arsync.config.channel_sections import CHANNELS, channel_of, channel_settings
from arsync.config.mode_words import mode_value
from arsync.config.setting_reader import ConfigReader
from arsync.errors import UserMistake
from arsync.store.admin.connections import name_problem
from arsync.store.admin.labels import label_problem
from arsync.store.models import Mode

LIST_BYTES_MAX = 2_000_000
"""A larger file is no list of connections."""

LIST_LINES_MAX = 10_000
"""As many connections as Xero's largest tier allows an app."""

CELL_CHARACTERS_MAX = 2_000
"""A longer cell is two that lost the quotation mark between them."""

PROBLEMS_SHOWN_MAX = 100
"""So many problems are told at once; the rest is counted."""

COLUMNS = ("name", "platform", "organisation", "mode", "labels")
"""Beside settings such as `letters.iban`."""

NEEDED = ("platform", "organisation")

_OWN = {
    f"{setting.section}.{setting.key}": setting for setting in SETTINGS if setting.per_connection
}
_OF_CHANNEL = re.compile(rf"({re.escape(CHANNELS)}\.[^.]+)\.([^.]+)")
_ROUNDED = re.compile(r"[0-9]+([.,][0-9]+)?[eE]\+[0-9]+")
_AS_TEXT = re.compile(r'="(.*)"', re.DOTALL)
_DELIMITERS = ",;\t"


class ListedConnection(NamedTuple):
    """One row of the list."""

    line: int
    platform: str
    organisation: str
    """Its id at the platform, or its name."""
    name: str = ""
    """Empty: made from the organisation's."""
    mode: Mode | None = None
    """None: a new connection gets that of the config, another keeps its own."""
    labels: tuple[str, ...] = ()
    settings: tuple[tuple[tuple[str, str], str], ...] = ()
    """By section and key, what its own file is to say."""


def read_list(file: Path, folder: Path, platforms: Sequence[str]) -> list[ListedConnection]:
    """Return the rows of a list of connections.

    Args:
        file: the list.
        folder: that of config.toml; paths among the settings are relative to it.
        platforms: that are installed.

    Raises:
        UserMistake: with every problem of the file, one a line, each with line and column.
    """
    reader = _ListReader(file, folder, platforms)
    listed = list(reader.rows(_text(file)))
    if reader.problems:
        raise UserMistake(in_short(reader.problems))
    if not listed:
        raise UserMistake(f"{file}: no connection is listed.")
    return listed


def in_short(problems: Sequence[str]) -> str:
    """Return problems, one a line; of very many the first."""
    shown = list(problems[:PROBLEMS_SHOWN_MAX])
    if len(problems) > PROBLEMS_SHOWN_MAX:
        shown.append(f"... and {len(problems) - PROBLEMS_SHOWN_MAX:,} more problems.")
    return "\n".join([*shown, "Nothing was changed."])


class _ListReader:
    """Collects every problem of a list."""

    def __init__(self, file: Path, folder: Path, platforms: Sequence[str]) -> None:
        self.problems: list[str] = []
        self._file = file
        self._folder = folder
        self._platforms = platforms
        self._lines_of: dict[tuple[str, ...], int] = {}
        self._own = dict(_OWN)

    def rows(self, text: str) -> Iterator[ListedConnection]:
        """Yield the rows that are sound; what is wrong with the others goes to `problems`."""
        text, delimiter = _delimited(text)
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        try:
            header: list[str] = []
            line = 1
            for cells in lines:
                if any(cell.strip() for cell in cells):
                    if header:
                        yield from self._row(header, cells, line)
                    else:
                        header = self._header(cells, line)
                        if self.problems:
                            return
                # A quoted cell may go over several lines: a row is told by its first.
                line = lines.line_num + 1
                if line > LIST_LINES_MAX:
                    self._add(line, "", f"more than {LIST_LINES_MAX:,} lines.")
                    return
        except csv.Error as error:
            self._add(lines.line_num, "", f"{error}.\n    hint: save it again as CSV UTF-8")

    def _add(self, line: int, column: str, problem: str) -> None:
        place = f"{self._file}:{line}" + (f", column {column}" if column else "")
        self.problems.append(f"{place}: {problem}")

    def _header(self, cells: list[str], line: int) -> list[str]:
        """Return the columns, in their order; an empty one is not read."""
        header = [cell.strip().casefold() for cell in cells]
        while header and not header[-1]:
            header.pop()
        for column in dict.fromkeys(header):
            if header.count(column) > 1:
                self._add(line, column, "this column comes twice.")
            if _OF_CHANNEL.fullmatch(column):
                self._channel_column(column, line)
            elif column not in COLUMNS and column not in _OWN:
                self._add(line, column or "(empty)", _unknown_column(column))
        for column in NEEDED:
            if column not in header:
                self._add(line, column, "this column is missing.")
        return header

    def _channel_column(self, column: str, line: int) -> None:
        """Take in `channels.pigeon.loft`, a setting of a channel that another package brings."""
        section, _, key = column.rpartition(".")
        try:
            settings = channel_settings(channel_of(section))
        except UserMistake as mistake:
            self._add(line, column, f"{mistake}")
            return
        setting = settings.get(key)
        if setting is None:
            self._add(
                line, column, _unknown_column(column, [f"{section}.{each}" for each in settings])
            )
        elif not setting.per_connection:
            self._add(line, column, SHARED)
        else:
            self._own[column] = setting

    def _row(self, header: list[str], cells: list[str], line: int) -> Iterator[ListedConnection]:
        problems_before = len(self.problems)
        for at, cell in enumerate(cells):
            column = header[at] if at < len(header) else ""
            if len(cell) > CELL_CHARACTERS_MAX:
                self._add(line, column, f"more than {CELL_CHARACTERS_MAX:,} characters.")
            elif at >= len(header) and cell.strip():
                self._add(line, "", f"{_plain(cell)!r} stands in a column without a name.")
        padded = [_plain(cell) for cell in cells] + [""] * len(header)
        values = dict(zip(header, padded, strict=False))
        listed = ListedConnection(
            line,
            self._platform(values, line),
            self._organisation(values, line),
            self._name(values, line),
            self._mode(values, line),
            self._labels(values, line),
            tuple(self._settings(values, line)),
        )
        self._once(listed)
        if len(self.problems) == problems_before:
            yield listed

    def _platform(self, values: dict[str, str], line: int) -> str:
        platform = values["platform"].casefold()
        if platform not in self._platforms:
            platforms = " or ".join(self._platforms)
            self._add(line, "platform", f"{values['platform']!r} must be {platforms}.")
        return platform

    def _organisation(self, values: dict[str, str], line: int) -> str:
        if not values["organisation"]:
            self._add(line, "organisation", "empty; give its name or its id.")
        return values["organisation"]

    def _name(self, values: dict[str, str], line: int) -> str:
        name = values.get("name", "")
        if name and (problem := name_problem(name)):
            self._add(line, "name", problem)
        elif {"/", "\\"} & set(name) or name.startswith("."):
            self._add(line, "name", f"{name!r} cannot name a file of settings: no / and \\.")
        return name

    def _mode(self, values: dict[str, str], line: int) -> Mode | None:
        mode = mode_value(values.get("mode", ""))
        if not mode:
            return None
        if mode not in set(Mode):
            self._add(line, "mode", f"{values['mode']!r} must be {', '.join(Mode)}, or empty.")
            return None
        return Mode(mode)

    def _labels(self, values: dict[str, str], line: int) -> tuple[str, ...]:
        texts = [text.strip() for text in re.split("[,;]", values.get("labels", ""))]
        labels = tuple(dict.fromkeys(text for text in texts if text))
        for label in labels:
            if problem := label_problem(label):
                self._add(line, "labels", problem)
        return labels

    def _settings(self, values: dict[str, str], line: int) -> Iterator[tuple[tuple[str, str], str]]:
        for column, value in values.items():
            setting = self._own.get(column)
            if setting is None or not value:
                continue
            if _ROUNDED.fullmatch(value):
                self._add(
                    line,
                    column,
                    f"{value!r} is a number that the spreadsheet has rounded."
                    "\n    hint: format the column as text and type it again",
                )
                continue
            checking = ConfigReader(self._folder, own_only=True)
            place = f"{self._file}:{line}, column {column}: "
            checking.add_text(setting, value, place.removesuffix(": "))
            self.problems += checking.problems
            yield (setting.section, setting.key), value

    def _once(self, listed: ListedConnection) -> None:
        """Refuse what an earlier line says already."""
        keys = {"organisation": (listed.platform, listed.organisation.casefold())}
        if listed.name:
            keys["name"] = ("", listed.name)
        for column, key in keys.items():
            before = self._lines_of.setdefault((column, *key), listed.line)
            if before != listed.line:
                self._add(listed.line, column, f"{key[1]!r} stands in line {before} already.")


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > LIST_BYTES_MAX:
            raise UserMistake(f"{file}: larger than {LIST_BYTES_MAX:,} bytes; no such list.")
        content = file.read_bytes()
    except OSError as error:
        raise UserMistake(f"{file}: {error.strerror}.") from None
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        # What is no UTF-8 was saved by a spreadsheet in Windows' own encoding.
        encodings = ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise UserMistake(f"{file}: no text. Save the list as CSV UTF-8.")


def _delimited(text: str) -> tuple[str, str]:
    """Return the text with Excel's line `sep=;` emptied, and what stands between its cells."""
    first, _, others = text.partition("\n")
    stated = re.fullmatch(r"sep=(.)\s*", first)
    if stated:
        return "\n" + others, stated[1]
    return text, max(_DELIMITERS, key=first.count)


def _plain(cell: str) -> str:
    """Return a cell's text, without what spreadsheets put around it."""
    text = cell.replace("\N{NO-BREAK SPACE}", " ").strip()
    # So a number is kept from being taken for one: ="001234".
    as_text = _AS_TEXT.fullmatch(text)
    return as_text[1].strip() if as_text else text


SHARED = "this setting is the same for all connections; it belongs into config.toml."


def _unknown_column(column: str, of_channel: Sequence[str] = ()) -> str:
    shared = {f"{setting.section}.{setting.key}" for setting in SETTINGS}
    if column in shared:
        return SHARED
    near = difflib.get_close_matches(column, of_channel or [*COLUMNS, *_OWN], n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(COLUMNS)}, letters.iban"
    return f"this column is not known.\n    hint: {hint}"
