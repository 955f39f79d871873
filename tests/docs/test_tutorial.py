"""The tutorial: whoever follows it line by line sees exactly what it shows."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from arsync.cli import run_cli

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "tutorial.md").read_text("utf-8")
STEPS = re.findall(r"^```(console|diff)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def edit(file: Path, diff: str) -> None:
    """Change a file as the tutorial shows it: lines with - go, lines with + come."""
    lines = diff.splitlines()
    old = "\n".join(line[2:] for line in lines if not line.startswith("+")) + "\n"
    new = "\n".join(line[2:] for line in lines if not line.startswith("-")) + "\n"
    text = file.read_text("utf-8")
    assert text.count(old) == 1, f"{old!r} must stand once"
    file.write_text(text.replace(old, new), encoding="utf-8")


def squeezed(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip(" ─")]


def test_the_tutorial_works_as_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for kind, text in STEPS:
        if kind == "diff":
            edit(tmp_path / "credit.yaml", text)
            continue
        command, _, shown = text.partition("\n")
        run_cli(shlex.split(command.removeprefix("$ arsync ")))
        out, err = capsys.readouterr()
        assert squeezed(out + err) == squeezed(shown), command


def test_it_ends_with_a_sound_rulebook_within_fifteen_minutes() -> None:
    minutes = {"one": 1, "two": 2, "three": 3, "four": 4}
    heads = re.findall(r"^## \d\. .*\((\w+) minutes?\)$", PAGE, re.MULTILINE)
    durations = [minutes[word] for word in heads]
    assert len(durations) == 6
    assert sum(durations) <= 15
