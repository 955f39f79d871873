"""Pages and messages name commands that exist."""

from __future__ import annotations

import re
from pathlib import Path

import click

from arsync.cli import cli

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
SOURCES = sorted((ROOT / "src" / "arsync").rglob("*.py"))
TAKES_NAMES = {"connections"}
"""Groups that take something else in place of a subcommand."""


def test_every_subcommand_that_is_named_exists() -> None:
    context = click.Context(cli)
    groups = {
        name: set(group.list_commands(context))
        for name in cli.list_commands(context)
        if isinstance(group := cli.get_command(context, name), click.Group)
        and name not in TAKES_NAMES
    }
    named = re.compile(rf"`arsync ({'|'.join(groups)}) ([a-z][a-z-]*)")
    found = {
        (file.name, group, word)
        for file in (*PAGES, *SOURCES)
        for group, word in named.findall(file.read_text(encoding="utf-8"))
    }
    assert len({group for _, group, _ in found}) > 3, "they are named at all"
    assert {name for name in found if name[2] not in groups[name[1]]} == set()
