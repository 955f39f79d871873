"""The page about testing rulebooks: its files are written, its commands are run as they stand."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from arsync.cli import run_cli
from arsync.core.trials.scenario.phrases import EVENTS, EXPECTATIONS
from arsync.core.trials.scenario.scenario_keys import CUSTOMER, INVOICE, SCENARIO

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "testing-rules.md").read_text("utf-8")
STEPS = re.findall(r"^```(console|edit|yaml|yml)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def edit(line: str) -> None:
    """Change a file as the page says: `file: old -> new`."""
    name, _, change = line.rstrip("\n").partition(": ")
    old, _, new = change.partition(" -> ")
    text = Path(name).read_text("utf-8")
    assert text.count(old) == 1, f"{old!r} must stand once"
    Path(name).write_text(text.replace(old, new), encoding="utf-8")


def write(text: str) -> None:
    """Write a file that names itself in its first line."""
    path = Path(text.partition("\n")[0].removeprefix("# "))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_the_page_works_as_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(STEPS) > 10
    for kind, text in STEPS:
        if kind == "edit":
            edit(text)
        elif kind in {"yaml", "yml"}:
            write(text)
        else:
            command, _, shown = text.partition("\n")
            run_cli(shlex.split(command.removeprefix("$ arsync ")))
            out, err = capsys.readouterr()
            assert out + err == shown, command


def test_the_page_names_every_event_expectation_and_key() -> None:
    for sentence in (*EVENTS, *EXPECTATIONS):
        assert f"`{sentence}`" in PAGE, sentence
    for key in (*CUSTOMER, *INVOICE, *SCENARIO):
        assert re.search(rf"\b{key.name}\b", PAGE), key.name
