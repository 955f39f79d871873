"""`rules simulate`: the messages, holds and tasks that a policy makes from today on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arsync.cli.common import (
    config_option,
    connection_option,
    json_option,
    opened,
    print_table,
    say,
    show_each,
    word,
    write_output,
)
from arsync.cli.json_output import print_json_of_each
from arsync.core.trials.simulation import DAYS_MAX, Debtors
from arsync.errors import EXIT_DONE

if TYPE_CHECKING:
    from arsync.application.organisation.connection_choice import ConnectionChoice
    from arsync.application.rules.trials import RulesSimulation, TakenOver
    from arsync.core.rulebook import Rulebook
    from arsync.core.trials.activity_counts import ActivityCounts, Peak, Touched

HOW = {
    Debtors.NEVER: "no customer pays",
    Debtors.AS_BEFORE: "each customer pays as late as on average in the last year",
    Debtors.ON_PROMISE: "only promised amounts are paid, on the promised day",
}
"""How debtors pay, in words."""


@click.command("simulate")
@click.argument("rulebook", required=False, default="")
@click.option(
    "--days",
    type=click.IntRange(1, DAYS_MAX),
    default=90,
    show_default=True,
    help="The number of days, including today.",
)
@click.option(
    "--debtors",
    type=click.Choice([Debtor.value for Debtor in Debtors]),
    default=Debtors.NEVER.value,
    show_default=True,
    help="How debtors pay.",
)
@click.option(
    "--html",
    "html_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write a page with charts.",
)
@connection_option
@json_option
@config_option
def rules_simulate(
    rulebook: str,
    days: int,
    debtors: str,
    html_file: Path | None,
    connection: ConnectionChoice,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Play a rulebook forward from today's ledger; nothing is sent.

    RULEBOOK is a file, a folder, a git revision as in HEAD~1:rules, or the hash of a rulebook that
    runs went by; without it, the current rulebook is used. No new invoices are issued, and
    everything is approved on its day. A connection that only observes is treated as taken over
    today, so old debts start as `take_over` says.
    """
    from arsync.application.connections.connecting import connections
    from arsync.application.rules.trials import rules_simulation_view, simulation

    with opened(config_file) as (actor, container):
        trials = [
            simulation(actor, organisation, days=days, debtors=Debtors(debtors), rules=rulebook)
            for organisation in connections(actor, container, connection)
        ]
    if html_file is not None:
        from arsync.application.rules.simulation_page import simulation_page

        write_output(html_file, simulation_page(trials), container.config)
        say(f"Wrote {html_file}.")
    if as_json:
        print_json_of_each([rules_simulation_view(trial) for trial in trials])
    else:
        show_each(trials, show_simulation)
    return EXIT_DONE


def show_simulation(trial: RulesSimulation) -> None:
    """Print one connection's simulation."""
    simulation = trial.simulation
    tally = simulation.tally
    click.secho(f"{trial.connection}, {simulation.first} to {simulation.last}", bold=True)
    click.echo(f"with {', '.join(simulation.rulebook.files)}; {HOW[simulation.debtors]}")
    show_taken_over(trial.taken_over, [simulation.rulebook])
    if simulation.debtors is Debtors.AS_BEFORE:
        usual = simulation.usual_days_late
        click.echo(
            "  ! no payments in the last year, so no customer pays"
            if usual is None
            else f"  without a history: {word(usual, 'day')} late, as the whole ledger"
        )
    click.echo()
    show_peaks(tally.peaks(simulation.rulebook.safety), tally)
    click.echo()
    print_table(
        "By week",
        ["week of", *_columns(tally)],
        _weeks(simulation.tally, simulation.first, simulation.last),
        right=_columns(tally),
    )
    most = tally.most()
    if most:
        click.echo()
        show_touched(most, tally)
    click.echo(
        f"\n{word(tally.customers, 'customer')} of {simulation.accounts:,} touched; "
        f"{word(tally.approvals, 'action')} would need approval; "
        f"{word(simulation.payments, 'payment')} received. Nothing was sent."
    )


def show_taken_over(taken_over: TakenOver, rulebooks: Sequence[Rulebook]) -> None:
    """Say from which day old debts start when that was assumed, and makes a difference."""
    from arsync.core.rulebook.model import TakeOverKind

    if taken_over.assumed and any(
        rulebook.take_over.kind is not TakeOverKind.FIRST_STEP for rulebook in rulebooks
    ):
        click.echo(
            f"as if taken over on {taken_over.on}: old debts start from then on, by take_over"
        )


def show_peaks(peaks: Sequence[Peak], tally: ActivityCounts) -> None:
    """Print totals and busiest days against the limits of `safety`."""
    rows = [
        [
            peak.name,
            f"{tally.totals[peak.name]:,}",
            f"{peak.highest:,}",
            str(peak.on or ""),
            f"{peak.limit:,}",
            f"over on {word(peak.days_over, 'day')}" if peak.days_over else "within",
        ]
        for peak in peaks
        if tally.totals[peak.name]
    ]
    if not rows:
        click.echo("No actions.")
        return
    columns = ["", "in all", "busiest day", "on", "safety limit", ""]
    print_table("", columns, rows, right=["in all", "busiest day", "safety limit"])


def show_touched(most: Sequence[Touched], tally: ActivityCounts) -> None:
    """Print who is touched most."""
    from arsync.core.trials.activity_counts import COLUMNS

    names = _columns(tally)
    positions = [COLUMNS.index(name) for name in names]
    rows = [
        [
            touched.contact_name,
            *(f"{touched.counts[at]:,}" if touched.counts[at] else "" for at in positions),
        ]
        for touched in most
    ]
    print_table("Touched most", ["customer", *names], rows, right=names)


def _columns(tally: ActivityCounts) -> list[str]:
    from arsync.core.trials.activity_counts import COLUMNS

    return [name for name in COLUMNS if tally.totals[name]]


def _weeks(tally: ActivityCounts, first: date, last: date) -> list[list[str]]:
    weeks: dict[date, Counter[str]] = {}
    for ahead in range((last - first).days + 1):
        day = first + timedelta(ahead)
        week = max(first, day - timedelta(day.weekday()))
        weeks.setdefault(week, Counter()).update(tally.days.get(day, {}))
    names = _columns(tally)
    return [
        [str(week), *(f"{counts[name]:,}" if counts[name] else "" for name in names)]
        for week, counts in weeks.items()
    ]
