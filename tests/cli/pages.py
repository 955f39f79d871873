"""Pages whose transcripts are run: what a page shows below a command is what it prints."""

from __future__ import annotations

import re
import shlex
from datetime import date
from pathlib import Path
from typing import NamedTuple

from .conftest import TODAY, Result, Shell

DOCS = Path(__file__).parents[2] / "docs"
WRITTEN_ON = date(2026, 11, 22)
"""The transcripts of the pages are of this day; here they are moved to today."""

LEFT_OUT = "..."


class Transcript(NamedTuple):
    """A command of a page, and what it shows below it."""

    words: str
    printed: str


def transcripts(page: str) -> list[Transcript]:
    """Return the commands of a page in their order."""
    transcripts = []
    for block in re.findall(r"^```console\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        for piece in block.split("$ arsync ")[1:]:
            words, _, printed = piece.partition("\n")
            transcripts.append(Transcript(words, printed))
    return transcripts


def moved(text: str) -> str:
    """Return a text with its dates as far from today as they are from the page's day."""

    def shift(found: re.Match[str]) -> str:
        return str(TODAY + (date.fromisoformat(found[0]) - WRITTEN_ON))

    return re.sub(r"\d{4}-\d\d-\d\d", shift, text)


def run(shell: Shell, one: Transcript) -> Result:
    """Run a command and check that all that its page shows comes, in that order."""
    done = shell(*shlex.split(moved(one.words)))
    assert done.code == 0, done.err
    output = done.err + done.out
    pieces = [piece.strip("\n") for piece in moved(one.printed).split(f"{LEFT_OUT}\n")]
    position = 0
    for piece in filter(None, pieces):
        assert piece in output[position:], f"arsync {one.words}"
        position = output.index(piece, position) + len(piece)
    assert any(pieces), "a transcript shows something"
    return done
