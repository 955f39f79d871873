"""Writing settings into a file that people keep: what stands there stays as it is.

What comes out is read again before it is handed back, so that nothing is ever written that could
not be read, or that says anything else than what was asked for.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from arsync.errors import UserMistake

_HEADER = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(#.*)?")


def with_settings(text: str, values: Mapping[tuple[str, str], str]) -> str:
    """Return a file's text with some of its settings set.

    A setting that stands there already is written in its place; others join their section, and new
    sections come last. Comments and order stay.

    Args:
        text: the file's, or nothing.
        values: by section and key.

    Raises:
        UserMistake: the text is no TOML, or is written so that a setting cannot be set in it.
    """
    lines = text.splitlines()
    for (section, key), value in values.items():
        _set(lines, section, f"{key} = {_quoted(value)}", key)
    written = "\n".join(lines) + "\n"
    expected = _parsed(text)
    for (section, key), value in values.items():
        table = expected
        for name in section.split("."):  # [channels.pigeon] is a table within a table
            table = table.setdefault(name, {})
        table[key] = value
    try:
        as_asked = tomllib.loads(written) == expected
    except tomllib.TOMLDecodeError:
        as_asked = False
    if not as_asked:
        raise UserMistake("its settings are written in a way that only a person can change.")
    return written


def _parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserMistake(f"{error}.") from None


def _set(lines: list[str], section: str, line: str, key: str) -> None:
    """Put a setting's line into the lines of a file."""
    start = next((at for at, old in enumerate(lines) if _opens(old) == section), None)
    if start is None:
        lines += [*([""] if lines and lines[-1].strip() else []), f"[{section}]", line]
        return
    following = (at for at in range(start + 1, len(lines)) if _HEADER.fullmatch(lines[at]))
    end = next(following, len(lines))
    for at in range(start + 1, end):
        if re.match(rf"\s*{re.escape(key)}\s*=", lines[at]):
            lines[at] = line
            return
    while end > start + 1 and not lines[end - 1].strip():
        end -= 1
    lines.insert(end, line)


def _opens(line: str) -> str:
    """Return which section a line begins; empty: none."""
    header = _HEADER.fullmatch(line)
    return header[1] if header else ""


def _quoted(value: str) -> str:
    # TOML's basic strings are JSON's, but for DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
