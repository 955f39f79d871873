"""What `demo --practice` shows at its end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import click

from arsync.cli.common import word
from arsync.cli.render_overview import show_overview

if TYPE_CHECKING:
    from arsync.demo.practice import PracticeOutcome
    from arsync.demo.reconcile import LedgerSide


def show_practice(outcome: PracticeOutcome) -> None:
    """Print where all ledgers stand, who served them, and whether both sides agree."""
    click.echo(f"\n$ arsync status --all --config {outcome.config}")
    show_overview(outcome.overview, full=False)
    click.echo(f"\nServed by {outcome.served_by}. Runs: {_listed(outcome.runs)}.")
    if outcome.killed is not None:
        killed = outcome.killed
        click.echo(
            f"{killed.server} was killed; its ledgers were served {killed.served_seconds} s later:"
            f" {', '.join(killed.at_work_on)}."
        )
    burst = outcome.burst
    click.echo(
        f"A burst of webhooks told of {word(burst.changes, 'change')}; the runs of "
        f"{word(burst.ledgers_wanted, 'ledger')} that it asked for took {burst.served_seconds} s."
    )
    click.echo(f"Calls at the platforms: {_listed(outcome.calls)}.")
    click.echo(f"Messages to customers: {_listed(outcome.messages)}.")
    show_differences(outcome.problems, outcome.sides)
    count = len(outcome.sides)
    agreeing = count - sum(1 for side in outcome.sides if side.differences)
    doubled = word(sum(side.doubled for side in outcome.sides), "doubled effect")
    words = f"{agreeing:,} of {count:,} ledgers agree with the sandbox's books; {doubled}."
    click.secho(words, bold=True)


def show_differences(problems: Iterable[str], sides: Iterable[LedgerSide]) -> None:
    """Print what went wrong, and where a platform's ledger and the store differ."""
    for problem in problems:
        click.echo(f"  ! {problem}")
    for side in sides:
        for difference in side.differences:
            click.echo(f"  ! {side.name}: {difference}")


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "none"
