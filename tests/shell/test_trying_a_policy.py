"""The page about trying a policy: each transcript is what the commands print."""

from __future__ import annotations

import re
import shlex
from datetime import date
from pathlib import Path

import pytest

from .conftest import TODAY, Shell

PAGE = (Path(__file__).parents[2] / "docs" / "trying-a-policy.md").read_text(encoding="utf-8")
WRITTEN_ON = date(2026, 11, 22)
"""Its transcripts are of this day; here they are moved to today."""

TRANSCRIPTS = re.findall(r"^```console\n\$ arsync (.*?)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
LEFT_OUT = "..."


def moved(text: str) -> str:
    """Return a text with its dates as far from today as they are from the page's day."""

    def shift(found: re.Match[str]) -> str:
        return str(TODAY + (date.fromisoformat(found[0]) - WRITTEN_ON))

    return re.sub(r"\d{4}-\d\d-\d\d", shift, text)


@pytest.mark.parametrize(("words", "printed"), TRANSCRIPTS, ids=[one[0] for one in TRANSCRIPTS])
def test_the_page_shows_what_the_command_prints(shell: Shell, words: str, printed: str) -> None:
    (example,) = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    shell.write("firmer.yaml", example)
    done = shell(*shlex.split(moved(words)))
    assert done.code == 0
    parts = [part.strip("\n") for part in moved(printed).split(f"{LEFT_OUT}\n")]
    assert all(parts)
    position = 0
    for part in parts:
        assert part in done.out[position:]
        position = done.out.index(part, position) + len(part)


def test_the_page_runs_every_command_it_is_about() -> None:
    assert {words.split()[1] for words, _ in TRANSCRIPTS} == {"diff", "simulate", "backtest"}
