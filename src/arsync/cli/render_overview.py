"""All connections on a few screens: totals, then a line for each that needs somebody."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING

import click

from arsync.application.overview.overview import Need, duration_in_words
from arsync.cli.common import say, word, wrapped
from arsync.core.ledger.money import shown

if TYPE_CHECKING:
    from arsync.application.overview.overview import Overview, OverviewLine, OverviewTotals

LINES_PER_NEED_MAX = 40
"""So many connections of one need are shown, the worst first; the others are counted."""

NAME_WIDTH_MAX = 30
"""Names of connections are set in a column no wider than this."""

_COUNTED: Mapping[Need, tuple[str, str]] = {
    Need.RECONNECT: ("needs a new authorisation", "need a new authorisation"),
    Need.FAILING: ("fails", "fail"),
    Need.UNKNOWN: ("has unknown outcomes", "have unknown outcomes"),
    Need.SAFETY: ("is stopped by a safety limit", "are stopped by a safety limit"),
    Need.PAUSED: ("is paused", "are paused"),
    Need.LATE: ("is late", "are late"),
    Need.DATA: ("has odd data", "have odd data"),
    Need.WAITING: ("waits for somebody", "wait for somebody"),
}


def show_overview(overview: Overview, *, full: bool) -> None:
    """Print the totals and what needs somebody, worst first.

    Args:
        overview: the facts.
        full: also show what is in order, and as many lines as there are.
    """
    for line in _totals(overview.totals):
        click.echo(wrapped(line, indent=0))
    for need, group in groupby(overview.connections, key=lambda line: line.need):
        lines = list(group)
        if need is Need.NONE and not full:
            continue
        click.echo()
        click.secho(need.value, bold=True)
        shown_lines = lines if full else lines[:LINES_PER_NEED_MAX]
        for text in _lines(shown_lines):
            click.echo(text)
        if len(lines) > len(shown_lines):
            click.echo(f"  and {len(lines) - len(shown_lines):,} more")
    ask = "`arsync status --connection NAME` shows one connection in full"
    say(f"\n{ask}, `arsync status --all --full` a line for each.")


def _totals(totals: OverviewTotals) -> Iterator[str]:
    phrases = [
        f"{count:,} {_COUNTED[need][count != 1]}"
        for need, count in totals.needs.items()
        if need in _COUNTED
    ]
    well = f"{totals.needs.get(Need.NONE, 0):,} all well"
    yield f"{word(totals.connections, 'connection')}: {', '.join([*phrases, well])}."
    yield (
        f"{_late(totals)}. {word(totals.unknown, 'unknown outcome')},"
        f" {word(totals.awaiting, 'decision')} waiting for approval,"
        f" {word(totals.open_tasks, 'open task')}."
    )
    yield f"Owed: {_amounts(totals.owed)}."
    if totals.daily_mail:
        yield totals.daily_mail


def _late(totals: OverviewTotals) -> str:
    if not totals.late:
        return "None is late"
    return f"{totals.late:,} late, the latest by {duration_in_words(totals.latest_seconds)}"


def _lines(lines: Sequence[OverviewLine]) -> Iterator[str]:
    """Yield a line for each, cut to a terminal's width; in a pipe it is whole."""
    name_width = min(max(len(line.name) for line in lines), NAME_WIDTH_MAX)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in lines:
        texts = ["; ".join(line.reasons), _amounts(line.owed) if line.owed else ""]
        text = f"  {line.name:<{name_width}}  {' · '.join(filter(None, texts))}".rstrip()
        yield text if width is None or len(text) <= width else f"{text[: width - 1]}…"


def _amounts(owed: Mapping[str, Decimal]) -> str:
    return ", ".join(shown(amount, currency) for currency, amount in owed.items()) or "nothing"
