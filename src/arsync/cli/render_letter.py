"""A letter as it will leave, for a person who decides about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from arsync.application.letter_preview import LetterShown

LINES_SHOWN_MAX = 200
"""A letter is shown up to so many lines; `--json` has all of it."""


def show_letter(letter: LetterShown | None) -> None:
    """Print a letter: how it leaves, to whom, its subject and its text; None prints nothing."""
    if letter is None:
        return
    click.secho("\nThe letter, as it would leave now", bold=True)
    for name, value in (
        ("way", letter.way),
        ("to", ", ".join(letter.to)),
        ("subject", letter.subject),
    ):
        if value:
            click.echo(f"  {name:8} {value}")
    for remark in letter.remarks:
        click.echo(f"  ! {remark}")
    lines = letter.text.splitlines()
    if lines:
        click.echo()
    for line in lines[:LINES_SHOWN_MAX]:
        click.echo(f"    {line}".rstrip())
    if len(lines) > LINES_SHOWN_MAX:
        click.echo(f"    ... and {len(lines) - LINES_SHOWN_MAX:,} more lines: --json has them all")
