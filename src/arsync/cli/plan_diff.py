"""`plan --diff`: what changed since the last plan, by its cause."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from arsync.cli.common import print_json, print_table, word
from arsync.core.since import LINE, Cause, PlanChange

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
        click.secho(f"Because {cause.value}: {word(len(changes), 'action')}", bold=True)
        moved = [] if everything else [one for one in changes if one.only_moved]
        rest = changes if everything else [one for one in changes if not one.only_moved]
        shown = rest if everything else rest[:ROWS_SHOWN_MAX]
        if shown:
            _show(shown)
        if len(shown) < len(rest):
            click.echo(f"... and {len(rest) - len(shown):,} more: --all shows them.")
        if moved:
            same = word(len(moved), "action is", "actions are")
            click.echo(f"{same} as before, by a rule that stands in another line: --all shows all.")
    click.echo("\nNothing was changed.")


def _show(changes: Sequence[PlanChange]) -> None:
    """Print a table; its column of what changed is there only where something did."""
    differs = any(one.parts for one in changes)
    heads = ["", "customer", "action", "about", *(["was -> is"] if differs else []), "line"]
    print_table("", heads, (_row(one, differs=differs) for one in changes))


def _row(change: PlanChange, *, differs: bool) -> list[str]:
    one = change.planned
    where = f'{one.file}:{one.line} "{one.rule}"'
    parts = [part for part in change.parts if part.name != LINE or change.only_moved]
    said = ["; ".join(map(str, parts))] if differs else []
    return [change.how.value, one.contact_name, one.what, one.about, *said, where]
