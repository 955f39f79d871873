"""The manual page names every command and option, and is set without a warning."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import click
import pytest

from arsync.cli import COMMANDS, cli
from arsync.cli.manual_page import manual_page


@pytest.fixture(scope="module")
def shown() -> str:
    if shutil.which("groff") is None:
        pytest.skip("groff is not on this machine")
    command = ["groff", "-man", "-Tutf8", "-ww", "-rLL=90n", "-K", "utf8"]
    done = subprocess.run(
        command,
        input=manual_page(),
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"GROFF_NO_SGR": "1"},
    )
    assert done.stderr == ""
    return re.sub(r".\x08", "", done.stdout)


def test_the_manual_shows_every_command_with_options(shown: str) -> None:
    lines = [line.strip() for line in shown.splitlines()]
    context = click.Context(cli, info_name="arsync")
    for name in (name for group in COMMANDS.values() for name in group):
        command = cli.get_command(context, name)
        assert command is not None
        assert any(line.startswith(f"arsync {name} ") for line in lines), name
        for param in command.params:
            if isinstance(param, click.Option):
                assert any(max(param.opts, key=len) in line for line in lines), param.opts


def test_the_manual_keeps_dashes_that_can_be_copied(shown: str) -> None:
    assert "--connection NAME" in shown
    assert "‐-" not in shown


def test_the_manual_ends_with_exit_codes(shown: str) -> None:
    assert re.search(r"EXIT STATUS\s+0\s+done\s+1\s+part of the work failed\s+2\s", shown)
