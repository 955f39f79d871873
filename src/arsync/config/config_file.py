"""Reading config.toml and the variables that override it; writing a commented one.

All problems are reported at once, each with its file and line, the mistake and a hint.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from arsync.config.typed_settings import SECTIONS, SETTINGS, Config, Setting, seconds, variable
from arsync.errors import UserMistake

CONFIG_BYTES_MAX = 1_000_000
"""A config file larger than this is refused: it is not a config file."""

_BY_NAME = {(setting.section, setting.key): setting for setting in SETTINGS}


def load_config(file: Path | None = None, environ: Mapping[str, str] = os.environ) -> Config:
    """Read the configuration.

    Args:
        file: from `--config`; None looks at ARSYNC_CONFIG, then `./config.toml`.
        environ: where the overriding variables are.

    Raises:
        UserMistake: with every problem of the file, one a line.
    """
    chosen = file or (Path(environ["ARSYNC_CONFIG"]) if environ.get("ARSYNC_CONFIG") else None)
    path = chosen or Path("config.toml")
    reader = _ConfigReader()
    exists = path.is_file()
    if exists:
        reader.add_file(path)
    elif chosen:
        raise UserMistake(f"{chosen}: there is no such file. Run `arsync init` to create one.")
    # Last, because a variable wins over the file.
    reader.add_variables(environ)
    if reader.problems:
        raise UserMistake("\n".join(reader.problems))
    folder = path.resolve().parent if exists else Path.cwd()
    where = {"folder": folder, "file": path.resolve() if exists else None}
    return msgspec.convert(reader.values | where, Config)


class _ConfigReader:
    """Settings as they are read: all problems are collected, so that they are reported at once.

    Each setting is converted by itself for that: msgspec stops at the first that does not fit.
    """

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.problems: list[str] = []

    def add_file(self, path: Path) -> None:
        text = _text(path)
        for section, table in _parsed(path, text).items():
            if section not in SECTIONS or not isinstance(table, dict):
                place = _place(path, text, section)
                self.problems.append(
                    f"{place}: unknown section [{section}].{_near(section, SECTIONS)}"
                )
                continue
            for key, value in table.items():
                place = _place(path, text, section, key)
                setting = _BY_NAME.get((section, key))
                if setting is None:
                    near = _near(key, [name for within, name in _BY_NAME if within == section])
                    self.problems.append(f"{place}: [{section}] has no setting {key!r}.{near}")
                else:
                    self._add(setting, value, f"{place}: [{section}] {key}")

    def add_variables(self, environ: Mapping[str, str]) -> None:
        for setting in SETTINGS:
            name = variable(setting)
            if name in environ:
                self._add(setting, environ[name], name)

    def _add(self, setting: Setting, value: object, where: str) -> None:
        if problem := _problem(setting, value):
            self.problems.append(f"{where}{problem}")
            return
        typed = int(str(value)) if setting.whole else value
        self.values.setdefault(setting.section, {})[setting.key] = typed


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
    if setting.is_duration:
        try:
            seconds(value)
        except UserMistake as mistake:
            return f": {mistake}"
    return ""


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > CONFIG_BYTES_MAX:
            raise UserMistake(f"{path}: larger than {CONFIG_BYTES_MAX:,} bytes; not a config file.")
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


def _place(path: Path, text: str, section: str, key: str = "") -> str:
    """Return file and line of a section or a setting: tomllib reports no positions."""
    current = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[\s*([\w-]+)\s*\]", line):
            current = header[1]
            if current == section and not key:
                return f"{path}:{number}"
        elif current == section and key and re.match(rf"\s*{re.escape(key)}\s*=", line):
            return f"{path}:{number}"
    return str(path)


def _near(word: str, choices: Iterable[str]) -> str:
    words = list(choices)
    close = difflib.get_close_matches(word, words, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(words)}"
    return f"\n    hint: {hint}"


def example_config(values: Mapping[tuple[str, str], str] | None = None) -> str:
    """Return a commented config.toml, with these values in place of the defaults."""
    lines = ["# arsync. Every setting can also be given as a variable: ARSYNC_SECTION_KEY.", ""]
    for section in SECTIONS:
        lines.append(f"[{section}]")
        for setting in SETTINGS:
            if setting.section == section:
                value = (values or {}).get((section, setting.key), setting.default)
                text = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
                comment = f"  # {setting.comment}" if setting.comment else ""
                lines.append(f"{setting.key} = {text}{comment}")
        lines.append("")
    return "\n".join(lines)
