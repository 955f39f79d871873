"""The manual page `arsync(1)`, written from the commands themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from arsync import __version__

NAME = "arsync \\- credit control for Xero and QuickBooks Online"

_FILES = (
    ("config.toml", "the settings; --config FILE or ARSYNC_CONFIG names another one"),
    ("connections/NAME.toml", "what one connection does otherwise"),
    ("rules/*.yaml", "the rulebook"),
)
_VARIABLES = (
    ("ARSYNC_CONFIG", "the config file"),
    ("ARSYNC_SECTION_KEY", "one setting, for example ARSYNC_STORE_URL; wins over the config file"),
    ("ARSYNC_SECRETS_FOLDER", "a folder of files that are named after such variables"),
)
_EXIT_CODES = (
    ("0", "done"),
    ("1", "part of the work failed"),
    ("2", "a mistake of the user's: the message says which"),
    ("3", "something waits for a person"),
)


def manual_page() -> str:
    """Return the page as roff, with every command and option."""
    from arsync.cli import COMMANDS, cli

    top = click.Context(cli, info_name="arsync")
    lines = [f'.TH ARSYNC 1 "" "arsync {__version__}" "User commands"', ".ad l", ".nh"]
    lines += [".SH NAME", NAME]
    lines += [".SH SYNOPSIS", ".B arsync", ".I COMMAND", "[OPTIONS]", ".SH DESCRIPTION"]
    lines += _paragraphs(cli.help or "")
    for title, group in COMMANDS.items():
        lines.append(f".SH {_text(title.upper())}")
        for name in group:
            command = cli.get_command(top, name)
            assert command is not None
            lines += _command(command, f"arsync {name}", top)
    for title, rows in (
        ("FILES", _FILES),
        ("ENVIRONMENT", _VARIABLES),
        ("EXIT STATUS", _EXIT_CODES),
    ):
        lines.append(f".SH {title}")
        for term, meaning in rows:
            lines += [".TP", f".B {_text(term)}", _text(meaning)]
    return "\n".join(lines) + "\n"


def _command(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    context = click.Context(command, info_name=name.rpartition(" ")[2], parent=parent)
    yield f'.SS "{_text(" ".join([name, *command.collect_usage_pieces(context)]))}"'
    yield from _paragraphs(command.help or "")
    for param in command.get_params(context):
        record = param.get_help_record(context) if isinstance(param, click.Option) else None
        if record and "--help" not in param.opts:
            yield from (".TP", f".B {_text(record[0])}", _text(record[1]))
    if isinstance(command, click.Group):
        for sub in command.list_commands(context):
            inner = command.get_command(context, sub)
            assert inner is not None
            yield from _command(inner, f"{name} {sub}", context)


def _paragraphs(help_text: str) -> Iterator[str]:
    """Yield a help text as roff; click's mark in a paragraph keeps its lines as they are."""
    for paragraph in re.split(r"\n\s*\n", help_text.strip()):
        as_written = "\b" in paragraph
        lines = [_text(line.strip()) for line in paragraph.replace("\b", "").strip().splitlines()]
        yield ".PP"
        yield from (".nf", *lines, ".fi") if as_written else lines


def _text(words: str) -> str:
    """Return words as roff shows them literally."""
    escaped = (
        words.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq").replace("|", "|\\:")
    )
    # A control character at the start of a line would be a request.
    return re.sub(r"^([.'])", r"\\&\1", escaped)
