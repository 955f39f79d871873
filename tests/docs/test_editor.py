"""The page about writing rules in an editor: `--watch` sees the edit, the schema is printed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from arsync.cli import run_cli

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "editor.md").read_text("utf-8")
(RULEBOOK,) = re.findall(r"^```yml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
WATCHED, MENDED, SCHEMA = re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def shown(block: str) -> list[str]:
    return [line for line in block.splitlines() if line != "..." and not line.startswith("$ ")]


def test_the_watch_shows_a_mistake_and_its_mending(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(RULEBOOK)
    command = WATCHED.splitlines()[0].removeprefix("$ arsync ").split()
    with subprocess.Popen(
        [sys.executable, "-m", "arsync", *command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        for expected, edit in ((shown(WATCHED), "second reminder"), (shown(MENDED), "")):
            for line in expected:
                while line not in (output := process.stdout.readline()):
                    assert output, f"it never said: {line}"
            if edit:
                file.write_text(RULEBOOK.replace("second remindr", edit))
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_the_schema_begins_as_the_page_shows(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(SCHEMA.splitlines()[0].removeprefix("$ arsync ").split()) == 0
    assert capsys.readouterr().out.startswith("\n".join(shown(SCHEMA)))
