"""`plan --diff`: what changed since the last plan, by its cause."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from arsync.cli.common import print_json, print_table, word
from arsync.core.trials.plan_diff import LINE, Cause, PlanChange

if TYPE_CHECKING:
    from arsync.application.plan_changes import Since

ROWS_SHOWN_MAX = 100
"""So many changes of one cause are shown; `--all` and `--json` show every one."""


def print_since(found: Sequence[Since], *, as_json: bool, everything: bool) -> None:
    """Print what changed in one or more connections."""
    if as_json:
        read = [since.as_json() for since in found]
        print_json(read[0] if len(read) == 1 else read)
        return
    for number, one in enumerate(found):
        if number:
            click.echo()
        show_since(one, everything=everything)


def show_since(found: Since, *, everything: bool = False) -> None:
    """Print one connection's changes, those of one cause together."""
    click.secho(f"{found.connection}, from the plan of {found.last} to {found.as_of}", bold=True)
    if not found.changes:
        click.echo("The plan is the same.")
        return
    for cause in Cause:
        _show_cause(cause, found.changes, everything=everything)
    click.echo("\nNothing was changed.")


def _show_cause(cause: Cause, changes: Iterable[PlanChange], *, everything: bool) -> None:
    """Print the changes of one cause; of many it keeps only those that it prints."""
    count = moved = 0
    shown: list[PlanChange] = []
    for change in changes:
        if change.cause is not cause:
            continue
        count += 1
        if everything:
            shown.append(change)
        elif change.only_moved:
            moved += 1
        elif len(shown) < ROWS_SHOWN_MAX:
            shown.append(change)
    if not count:
        return
    click.echo()
    click.secho(f"Because {cause.value}: {word(count, 'action')}", bold=True)
    if shown:
        _show(shown)
    if len(shown) < count - moved:
        click.echo(f"... and {count - moved - len(shown):,} more: --all shows them.")
    if moved:
        same = word(moved, "action is", "actions are")
        click.echo(f"{same} as before, by a rule that stands in another line: --all shows all.")


def _show(changes: Sequence[PlanChange]) -> None:
    """Print a table; its column of what changed is there only where something did."""
    differs = any(change.parts for change in changes)
    heads = ["", "customer", "action", "about", *(["was -> is"] if differs else []), "line"]
    print_table("", heads, (_row(change, differs=differs) for change in changes))


def _row(change: PlanChange, *, differs: bool) -> list[str]:
    planned = change.planned
    where = f'{planned.file}:{planned.line} "{planned.rule}"'
    parts = [part for part in change.parts if part.name != LINE or change.only_moved]
    said = ["; ".join(map(str, parts))] if differs else []
    return [change.how.value, planned.contact_name, planned.what, planned.about, *said, where]
