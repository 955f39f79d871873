"""Many connections at once: a summary first, then only what needs a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from arsync.cli.common import print_table, say, word, wrapped

if TYPE_CHECKING:
    from arsync.core.planning.planner import Plan

CONNECTIONS_IN_FULL_MAX = 5
"""With more connections, what is in order is counted and not shown; `--all` shows it too."""


def is_summarised(connections: Sequence[object], *, everything: bool) -> bool:
    """Return whether there are too many connections to show each."""
    return not everything and len(connections) > CONNECTIONS_IN_FULL_MAX


def show_plan_summary(plans: Sequence[Plan]) -> None:
    """Print how much is planned in all, and a row for each connection that needs a person."""
    rows: list[list[str]] = []
    planned, asking, held = 0, 0, 0
    for plan in plans:
        actions = len(plan.actions)
        approvals = sum(action.needs_approval for action in plan.actions)
        planned, asking, held = planned + actions, asking + approvals, held + len(plan.held_back)
        reasons = [
            *(f"over a safety limit: {message}" for message in plan.safety.messages),
            *(problem.partition("\n")[0] for problem in plan.problems),
            *(f"for now {pause.text}" for pause in plan.paused),
        ]
        if reasons or approvals:
            more = f" (and {len(reasons) - 1:,} more)" if len(reasons) > 1 else ""
            cause = f"{reasons[0]}{more}" if reasons else ""
            rows.append([plan.connection, f"{actions:,}", f"{approvals:,}", cause])
    # What stops a connection stands above what only asks.
    rows.sort(key=lambda row: (not row[3], row[0]))
    click.echo(
        f"{word(len(plans), 'connection')}: {word(planned, 'action')} planned,"
        f" {asking:,} of them to be approved, {held:,} held back. Nothing was changed."
    )
    if rows:
        click.echo()
        columns = ["connection", "actions", "to approve", "needs a person because"]
        print_table("", columns, rows, right=["actions", "to approve"])
    say(
        "\n`arsync plan --connection NAME` shows one plan in full, `arsync plan --all` all of them."
    )


def show_drift_summary(total: int, differing: int, broken: int) -> None:
    """Print how many rulebooks differ from the shared one."""
    phrases = [f"{word(differing, 'differs', 'differ')}"] if differing else []
    phrases += [f"{word(broken, 'cannot be read', 'cannot be read')}"] if broken else []
    _show_counts(total, phrases, total - differing - broken, fine="as shared")


def _show_counts(total: int, phrases: Sequence[str], rest: int, *, fine: str = "in order") -> None:
    counted = [*phrases, f"{rest:,} {fine}"]
    click.echo(wrapped(f"{word(total, 'connection')}: {', '.join(counted)}.", indent=0))
