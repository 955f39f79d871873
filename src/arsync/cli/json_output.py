"""JSON: the one place where values become the text that `--json` prints.

What is printed are frozen Structs whose fields are what the text shows, so a field that is added to
one is printed too. Money is written as a plain decimal string, days and moments as ISO texts.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import click

_WRITTEN_AT_ONCE = 65_536
"""JSON is printed in parts of about so many characters."""

_MARK = os.urandom(16).hex()
"""Stands for a stream until its items are written; no name in a ledger can look like it."""

_MARKED = re.compile(rf'"{_MARK} (\d+)"')


def print_json(value: Any, *, one_line: bool = False) -> None:
    """Print a value as JSON.

    A sequence that is neither a list nor a tuple, and an iterator, is taken as a stream: its items
    are made, written and forgotten one after the other. The plan of a large ledger is one.
    """
    waiting: list[str] = []
    size = 0
    for piece in _Writer().parts(value, None if one_line else ""):
        waiting.append(piece)
        size += len(piece)
        if size >= _WRITTEN_AT_ONCE:
            click.echo("".join(waiting), nl=False)
            waiting, size = [], 0
    click.echo("".join(waiting))


def print_json_of_each(values: Sequence[Any]) -> None:
    """Print one connection's value as an object, and those of several as a list."""
    print_json(values[0] if len(values) == 1 else values)


def json_text(value: Any) -> str:
    """Return what `print_json` prints, without the end of the last line."""
    return "".join(_Writer().parts(value))


class _Writer:
    """Makes the text, in parts. The libraries are imported when there is something to print."""

    def __init__(self) -> None:
        from msgspec import to_builtins
        from msgspec.json import format as indented

        from arsync.application.json_values import KEPT_AS_THEY_ARE, scalar_text

        self._tree = partial(to_builtins, builtin_types=KEPT_AS_THEY_ARE)
        self._indented = indented
        self._text = json.JSONEncoder(ensure_ascii=False, default=scalar_text).encode
        self._streams: list[Iterable[Any]] = []

    def parts(self, value: Any, margin: str | None = "") -> Iterator[str]:
        """Yield a value's text; its further lines begin with the margin. None: all on one line."""
        streams: list[Iterable[Any]] = []
        self._streams = streams
        tree = self._tree(value, enc_hook=self._stand_in)
        text = self._text(tree)
        if margin is not None:
            # json's own indenting takes ten times the time and the memory.
            text = self._indented(text, indent=2).replace("\n", f"\n{margin}")
        if not streams:
            yield text
            return
        before, *marked = _MARKED.split(text)
        yield before
        for number, after in zip(marked[::2], marked[1::2], strict=True):
            yield from self._items(streams[int(number)], _margin_of(before, margin))
            yield after
            before = after

    def _items(self, stream: Iterable[Any], margin: str | None) -> Iterator[str]:
        """Yield the text of a list, item by item."""
        inside = None if margin is None else f"{margin}  "
        line = "" if inside is None else f"\n{inside}"
        before = f"[{line}"
        for value in stream:
            yield before
            yield from self.parts(value, inside)
            before = f",{line or ' '}"
        if before.startswith("["):
            yield "[]"
        else:
            yield "]" if margin is None else f"\n{margin}]"

    def _stand_in(self, unknown: Any) -> Any:
        if isinstance(unknown, (Sequence, Iterator)) and not isinstance(unknown, str):
            self._streams.append(unknown)
            return f"{_MARK} {len(self._streams) - 1}"
        return dict(unknown) if isinstance(unknown, Mapping) else str(unknown)


def _margin_of(text: str, margin: str | None) -> str | None:
    """Return the blanks at the begin of a text's last line; of its only line, the margin."""
    _, newline, line = text.rpartition("\n")
    return line[: len(line) - len(line.lstrip(" "))] if newline and margin is not None else margin
