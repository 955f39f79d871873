"""What README tells a reader to type works, in that order, in an empty folder."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from arsync.cli import COMMANDS, run_cli

from .conftest import PAGES, ROOT, TODAY, blocks

README = ROOT / "README.md"
NOT_HERE = {"demo", "run", "worker", "sandbox", "rules test", "rules diff"}
"""Commands that run long, or need files or a server of one's own; each has tests of its own."""

_IN_TABLE = re.compile(r"^\| `(arsync [^`]+)` \|", re.MULTILINE)


def commands() -> list[list[str]]:
    """Return README's commands: those of the blocks, then those of the table."""
    lines = [line for block in blocks(README, "sh") for line in block.text.splitlines()]
    lines += _IN_TABLE.findall(README.read_text(encoding="utf-8"))
    commands = [shlex.split(line, comments=True) for line in lines]
    return [words for words in commands if words and words[0] == "arsync"]


def test_the_commands_of_the_readme_run_in_order(
    reader: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = []
    for words in commands():
        if words[1] in NOT_HERE or " ".join(words[1:3]) in NOT_HERE:
            continue
        # Promises are for days to come, a backtest is over days gone by.
        day = str(TODAY + timedelta(days=-9 if "backtest" in words else 9))
        typed = [re.sub(r"\d{4}-\d{2}-\d{2}", day, word) for word in words[1:]]
        if typed[0] == "connect":
            done = subprocess.run(  # its browser is looked up once in a process
                [sys.executable, "-m", "arsync", *typed],
                cwd=reader,
                text=True,
                capture_output=True,
                timeout=60,
                check=False,
            )
            code, output = done.returncode, done.stdout + done.stderr
        else:
            code = run_cli(typed)
            output = "".join(capsys.readouterr())
        assert code in {0, 3}, f"{words} ended with {code}:\n{output}"
        ran.append(typed[0])
    assert {"init", "connect", "pull", "plan", "why", "sync", "approve", "apply", "dispute"} <= {
        *ran
    }


def test_every_command_that_a_page_names_exists() -> None:
    names = {name for group in COMMANDS.values() for name in group}
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        typed = [line for block in blocks(page, "sh") for line in block.text.splitlines()]
        typed += re.findall(r"`([^`\n]+)`", text)
        named = [re.match(r"arsync ([a-z][a-z-]*)", line) for line in typed]
        assert {match[1] for match in named if match} <= names, page.name


def test_make_targets_that_the_readme_names_exist() -> None:
    targets = re.findall(r"^make (\w+)", README.read_text(encoding="utf-8"), re.MULTILINE)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert targets
    assert all(f"\n{target}:" in makefile for target in targets)


def test_the_architecture_fits_on_one_page() -> None:
    words = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").split()
    assert len(words) <= ARCHITECTURE_WORDS_MAX


ARCHITECTURE_WORDS_MAX = 1_300
