"""`plan --diff`: what changed since the last plan, by its cause."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from arsync.cli.common import print_json, print_table, word
from arsync.core.since import Cause, PlanChange

if TYPE_CHECKING:
    from arsync.run.since import Since

ROWS_SHOWN_MAX = 100
"""So many changes of one cause are shown; `--all` and `--json` show every one."""


def print_since(found: Sequence[Since], *, as_json: bool, everything: bool) -> None:
    """Print what changed in one or more connections."""
    if as_json:
        read = [one.as_json() for one in found]
        print_json(read[0] if len(read) == 1 else read)
        return
    for number, one in enumerate(found):
        if number:
            click.echo()
        show_since(one, everything=everything)


def show_since(found: Since, *, everything: bool = False) -> None:
    """Print one connection's changes, those of one cause together."""
    click.secho(f"{found.connection}, from the plan of {found.last} to {found.as_of}", bold=True)
    by_cause: dict[Cause, list[PlanChange]] = {cause: [] for cause in Cause}
    for one in found.changes:
        by_cause[one.cause].append(one)
    if not any(by_cause.values()):
        click.echo("The plan is the same.")
        return
    for cause, changes in by_cause.items():
        if not changes:
            continue
        click.echo()
        shown = changes if everything else changes[:ROWS_SHOWN_MAX]
        title = f"Because {cause.value}: {word(len(changes), 'action')}"
        print_table(title, ["", "customer", "action", "about", "line"], map(_row, shown))
        if len(shown) < len(changes):
            click.echo(f"... and {len(changes) - len(shown):,} more: --all shows them.")
    click.echo("\nNothing was changed.")


def _row(change: PlanChange) -> list[str]:
    one = change.planned
    where = f'{one.file}:{one.line} "{one.rule}"'
    return ["new" if change.is_new else "gone", one.contact_name, one.what, one.about, where]
