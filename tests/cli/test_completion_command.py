"""A real shell completes commands and options, fast and from what is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.builders.books import ORGANISATION

from arsync.application.organisation.container import Container
from arsync.cli import COMMANDS, run_cli
from arsync.cli.completion_commands import SHELLS
from arsync.config import example_config, load_config

COMPLETION_SECONDS_MAX = 0.3
"""Of the processor: a Tab that takes longer feels broken."""
NAMES = [name for group in COMMANDS.values() for name in group]


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert run_cli(["completion", shell]) == 0
    return capsys.readouterr().out


@pytest.fixture
def shell_environment(tmp_path: Path) -> dict[str, str]:
    """A PATH whose first `arsync` is this one, in a folder without a config file."""
    program = tmp_path / "arsync"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m arsync "$@"\n')
    program.chmod(0o755)
    return os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path)}


def bash_answers(line: str, environment: dict[str, str], source: str) -> list[str]:
    words = line.split(" ")
    quoted = " ".join(f"'{word}'" for word in words)
    program = (
        f"{source}\nCOMP_WORDS=({quoted})\n"
        f"COMP_CWORD={len(words) - 1}\n_arsync_completion arsync\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    command = ["bash", "--norc", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return done.stdout.split()


def test_bash_completes_commands_and_options(
    shell_environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    source = script("bash", capsys)
    assert bash_answers("arsync pla", shell_environment, source) == ["plan", "place", "placements"]
    assert "--timeline" in bash_answers("arsync why --", shell_environment, source)
    assert "test" in bash_answers("arsync rules ", shell_environment, source)


def test_bash_completes_names_of_connections(
    shell_environment: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(example_config({("tokens", "keyring"): "off"}))
    environment = shell_environment | {"ARSYNC_CONFIG": str(file)}
    source = script("bash", capsys)
    assert bash_answers("arsync plan --connection ac", environment, source) == []
    assert not (tmp_path / "arsync.db").exists(), "a key press made a store"
    with Container(load_config(file, {})) as container:
        for name in ("acme", "acorn", "birch"):
            container.store.connections.add(
                name, platform="xero", organisation=ORGANISATION._replace(id=name)
            )
    assert bash_answers("arsync plan --connection ac", environment, source) == ["acme", "acorn"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_can_read_their_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not on this machine")
    source = script(shell, capsys)
    command = [program, "-n", "/dev/stdin"]
    subprocess.run(command, input=source, text=True, check=True, capture_output=True)


def test_completing_a_command_imports_no_command(shell_environment: dict[str, str]) -> None:
    environment = shell_environment | {
        "_ARSYNC_COMPLETE": "bash_complete",
        "COMP_WORDS": "arsync ",
        "COMP_CWORD": "1",
    }
    before = os.times().children_user + os.times().children_system
    command = [sys.executable, "-X", "importtime", "-m", "arsync"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    spent = os.times().children_user + os.times().children_system - before
    assert [line.partition(",")[2] for line in done.stdout.split()] == NAMES
    assert "_commands" not in done.stderr
    assert spent < COMPLETION_SECONDS_MAX


def test_an_unknown_shell_is_the_users_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["completion", "csh"]) == 2
    message = capsys.readouterr().err
    assert all(shell in message for shell in SHELLS)
