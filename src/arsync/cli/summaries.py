"""Many connections at once: a summary first, then only what needs a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

import click

from arsync.cli.common import print_table, say, word, wrapped
from arsync.core.ledger.money import ZERO, shown

if TYPE_CHECKING:
    from arsync.application.results import ConnectionStatus
    from arsync.core.planning.planner import Plan

CONNECTIONS_IN_FULL_MAX = 5
"""With more connections, what is in order is counted and not shown; `--all` shows it too."""


def is_summarised(connections: Sequence[object], *, everything: bool) -> bool:
    """Return whether there are too many connections to show each."""
    return not everything and len(connections) > CONNECTIONS_IN_FULL_MAX


class _Need(NamedTuple):
    """One thing that a person is needed for, and how many connections have it."""

    singular: str
    plural: str

    def counted(self, count: int) -> str:
        return word(count, self.singular, self.plural)


_STATUS_NEEDS = {
    "authorisation": _Need("needs a new authorisation", "need a new authorisation"),
    "rulebook": _Need("has a broken rulebook", "have a broken rulebook"),
    "outage": _Need("cannot be reached", "cannot be reached"),
    "unknown": _Need("has unknown outcomes", "have unknown outcomes"),
    "approval": _Need("waits for approval", "wait for approval"),
    "paused": _Need("is paused", "are paused"),
    "differs": _Need("differs from its platform", "differ from their platforms"),
    "unreadable": _Need("has unreadable documents", "have unreadable documents"),
    "run": _Need("had a run that failed", "had runs that failed"),
}
"""Worst first: a connection is sorted by the first that it has."""


def needs_of(status: ConnectionStatus) -> tuple[str, ...]:
    """Return what a person is needed for in one connection, worst first; empty: it is in order."""
    has = {
        "authorisation": status.state != "connected",
        "rulebook": not status.rulebook_ok,
        "outage": bool(status.outage),
        "unknown": bool(status.unknown or status.unconfirmed),
        "approval": bool(status.awaiting),
        "paused": bool(status.paused),
        "differs": bool(status.differences),
        "unreadable": bool(status.document_problems),
        "run": status.last_outcome not in {"", "done"} and bool(status.last_message),
    }
    return tuple(need for need in _STATUS_NEEDS if has[need])


def show_status_summary(statuses: Sequence[ConnectionStatus]) -> list[int]:
    """Print how many connections need what; return those that need a person, worst first."""
    needs = [needs_of(status) for status in statuses]
    counts = Counter(need for needed in needs for need in needed)
    order = list(_STATUS_NEEDS)
    needy = sorted(
        (at for at, needed in enumerate(needs) if needed),
        key=lambda at: [order.index(need) for need in needs[at]],
    )
    _show_counts(
        len(statuses),
        [need.counted(counts[name]) for name, need in _STATUS_NEEDS.items() if counts[name]],
        len(statuses) - len(needy),
    )
    waiting = sum(status.awaiting for status in statuses)
    tasks = sum(status.open_tasks for status in statuses)
    click.echo(
        f"{word(waiting, 'action')} waiting for approval, {word(tasks, 'open task')}."
        f" Owed: {_sums(status.totals for status in statuses)}."
    )
    return needy


def _sums(totals: Iterable[Mapping[str, Decimal]]) -> str:
    owed: dict[str, Decimal] = {}
    for total in totals:
        for currency, amount in total.items():
            owed[currency] = owed.get(currency, ZERO) + amount
    return ", ".join(shown(owed[currency], currency) for currency in sorted(owed)) or "nothing"


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
