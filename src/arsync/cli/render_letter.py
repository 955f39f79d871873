"""A letter as it will leave, for a person who decides about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from arsync.application.results import AttachedFile, LetterShown

LINES_SHOWN_MAX = 200
"""A letter is shown up to so many lines; `--json` has all of it."""

_BYTES_OF_A_KILOBYTE = 1_000


def show_letter(
    letter: LetterShown | None, title: str = "The letter, as it would leave now"
) -> None:
    """Print a letter: how it leaves, to whom, its subject and its text; None prints nothing."""
    if letter is None:
        return
    click.secho(f"\n{title}", bold=True)
    for name, value in (
        ("way", letter.way),
        ("to", ", ".join(letter.to)),
        ("copy to", ", ".join(letter.cc)),
        ("hidden copy to", ", ".join(letter.copies)),
        ("answers to", letter.reply_to),
        ("number", letter.notice_number),
        ("goes along", ", ".join(map(_file, letter.attachments))),
        ("subject", letter.subject),
    ):
        if value:
            click.echo(f"  {name:14} {value}")
    for remark in letter.remarks:
        click.echo(f"  ! {remark}")
    lines = letter.text.splitlines()
    if lines:
        click.echo()
    for line in lines[:LINES_SHOWN_MAX]:
        click.echo(f"    {line}".rstrip())
    if len(lines) > LINES_SHOWN_MAX:
        click.echo(f"    ... and {len(lines) - LINES_SHOWN_MAX:,} more lines: --json has them all")


def _file(file: AttachedFile) -> str:
    size = max(1, round(file.bytes / _BYTES_OF_A_KILOBYTE))
    return f"{file.name} ({size:,} KB)"
