"""Tables fit where they are printed: whole rows in a pipe, no broken amounts on a terminal."""

from __future__ import annotations

import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence

import pytest

from arsync.cli.common import print_table

COLUMNS = ["key", "customer", "1-30", "in hand", "what happened"]
ROWS = [
    [
        "28138ff895ac",
        "Westmoor Furniture Limited",
        "16,757.69",
        "",
        "read back: payment terms: cash on delivery; note on the contact",
    ],
    ["600f0a0ac63b", "[bold]Odd", "", "1.00", ""],
]


def on_a_terminal(columns: int, if_room: Sequence[str] = ()) -> list[str]:
    """Print the table on a terminal of so many columns, and return its lines."""
    controller, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    code = (
        "from arsync.cli.common import print_table\n"
        f"print_table('', {COLUMNS}, {ROWS}, right=['1-30', 'in hand'], if_room={if_room})"
    )
    env = {**os.environ, "TERM": "xterm"}
    env.pop("COLUMNS", None)
    subprocess.run([sys.executable, "-c", code], stdout=terminal, check=True, env=env)
    os.close(terminal)
    screen = b""
    while True:
        try:
            chunk = os.read(controller, 65_536)
        except OSError:  # Linux: the other end is closed
            break
        if not chunk:
            break
        screen += chunk
    os.close(controller)
    return [re.sub("\x1b.[0-9;]*m", "", line).rstrip() for line in screen.decode().splitlines()]


def test_a_narrow_terminal_shows_each_row_as_lines() -> None:
    lines = on_a_terminal(60)
    assert lines == [
        "28138ff895ac",
        "  customer Westmoor Furniture Limited · 1-30 16,757.69 ·",
        "  what happened read back: payment terms: cash on delivery;",
        "  note on the contact",
        "600f0a0ac63b",
        "  customer [bold]Odd · in hand 1.00",
    ]


def test_a_wide_terminal_shows_columns_without_broken_amounts() -> None:
    lines = on_a_terminal(90)
    assert lines[0].split() == ["key", "customer", "1-30", "in", "hand", "what", "happened"]
    assert lines[2].startswith("28138ff895ac   Westmoor")
    assert "16,757.69" in lines[2]
    assert max(map(len, lines)) <= 90


def test_a_column_with_no_room_is_left_out() -> None:
    lines = on_a_terminal(64, if_room=["what happened"])
    assert lines[0].split() == ["key", "customer", "1-30", "in", "hand"]
    assert len(lines) == 4
    assert "what happened" in on_a_terminal(90, if_room=["what happened"])[0]


def test_a_pipe_gets_each_row_as_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("", COLUMNS, ROWS)
    _, _, first, second = capsys.readouterr().out.splitlines()
    assert first.endswith("note on the contact")
    assert second.startswith("600f0a0ac63b   [bold]Odd")
