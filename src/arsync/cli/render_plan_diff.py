"""`plan --diff`: what changed since the last plan, by its cause."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import click

from arsync.cli.common import print_table, show_each, word
from arsync.cli.json_output import print_json_of_each
from arsync.core.trials.plan_diff import LINE, Cause, PlanChange

if TYPE_CHECKING:
    from arsync.application.decisions.plan_changes import Since

ROWS_SHOWN_MAX = 100
"""So many changes of one cause are shown; `--all` and `--json` show every one."""


def print_since(changes: Sequence[Since], *, as_json: bool, everything: bool) -> None:
    """Print what changed in one or more connections."""
    from arsync.application.decisions.plan_changes import since_view

    if as_json:
        print_json_of_each([since_view(since) for since in changes])
    else:
        show_each(changes, partial(show_since, everything=everything))


def show_since(since: Since, *, everything: bool = False) -> None:
    """Print one connection's changes, those of one cause together."""
    click.secho(f"{since.connection}, from the plan of {since.last} to {since.as_of}", bold=True)
    if not since.changes:
        click.echo("The plan is the same.")
        return
    for cause in Cause:
        _show_cause(cause, since.changes, everything=everything)
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
        click.echo(f"{same} unchanged, by a rule that moved to another line: --all shows all.")


def _show(changes: Sequence[PlanChange]) -> None:
    """Print a table; its column of what changed is there only where something did."""
    differs = any(change.qualities for change in changes)
    heads = ["", "customer", "action", "about", *(["was -> is"] if differs else []), "line"]
    print_table("", heads, (_row(change, differs=differs) for change in changes))


def _row(change: PlanChange, *, differs: bool) -> list[str]:
    planned = change.planned
    where = f'{planned.file}:{planned.line} "{planned.rule}"'
    details = [detail for detail in change.qualities if detail.name != LINE or change.only_moved]
    was_is = ["; ".join(map(str, details))] if differs else []
    return [change.how.value, planned.contact_name, planned.what, planned.about, *was_is, where]
