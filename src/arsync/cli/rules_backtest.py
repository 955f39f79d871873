"""`rules backtest`: what a rulebook, or two side by side, would have done in the past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arsync.cli.common import (
    DAY,
    config_option,
    connection_option,
    json_option,
    opened,
    print_table,
    show_each,
    word,
)
from arsync.cli.json_output import print_json_of_each
from arsync.core.ledger.money import shown
from arsync.errors import EXIT_DONE

if TYPE_CHECKING:
    from arsync.application.organisation.connection_choice import ConnectionChoice
    from arsync.application.rules.trials import RulesBacktest
    from arsync.core.trials.backtest import Backtest, LineResult


def _day(_ctx: click.Context, _param: click.Parameter, value: datetime) -> date:
    return value.date()


@click.command("backtest")
@click.argument("rulebook", required=False, default="")
@click.option(
    "--from", "first", metavar="DATE", type=DAY, required=True, callback=_day, help="The first day."
)
@click.option(
    "--to", "last", metavar="DATE", type=DAY, required=True, callback=_day, help="The last day."
)
@click.option("--against", metavar="OTHER", default="", help="Another rulebook to compare with.")
@connection_option
@json_option
@config_option
def rules_backtest(
    rulebook: str,
    first: date,
    last: date,
    against: str,
    connection: ConnectionChoice,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Run a rulebook over the ledger as it was on each past day.

    RULEBOOK and OTHER are files, folders, git revisions as in HEAD~1:rules, or hashes of rulebooks
    that runs went by; without RULEBOOK, the current rulebook is used. It cannot show how much
    sooner customers would have paid.
    """
    from arsync.application.connections.connecting import connections
    from arsync.application.rules.trials import backtest_rulebooks, rules_backtest_view

    with opened(config_file) as (actor, container):
        trials = [
            backtest_rulebooks(
                actor, organisation, first=first, last=last, rules=rulebook, against=against
            )
            for organisation in connections(actor, container, connection)
        ]
    if as_json:
        print_json_of_each([rules_backtest_view(trial) for trial in trials])
    else:
        show_each(trials, show_backtest)
    return EXIT_DONE


def show_backtest(trial: RulesBacktest) -> None:
    """Print one connection's backtest."""
    from arsync.cli.rules_simulate import show_taken_over
    from arsync.core.trials.backtest import CANNOT_SHOW

    results = trial.backtests.results
    click.secho(f"{trial.connection}, {trial.first} to {trial.last}", bold=True)
    show_taken_over(trial.taken_over, [backtest.rulebook for backtest in results])
    click.echo(CANNOT_SHOW)
    click.echo()
    _show_totals(results)
    for result in results:
        click.echo()
        _show_lines(result)
    only = trial.backtests.only
    if only is not None:
        click.echo(
            f"\nCustomers touched: {only.both:,} by both, {only.first:,} only by "
            f"{_name(results[0])}, {only.second:,} only by {_name(results[1])}."
        )
    if len(results) == 1 and results[0].tally.most():
        from arsync.cli.rules_simulate import show_touched

        click.echo()
        show_touched(results[0].tally.most(), results[0].tally)
    click.echo(
        f"\n{word(trial.backtests.accounts, 'customer')} looked at. "
        "--json lists every message with its day and customer. Nothing was sent."
    )


def _name(result: Backtest) -> str:
    return result.rulebook.files[0] if result.rulebook.files else result.rulebook.name


def _show_totals(results: Sequence[Backtest]) -> None:
    from arsync.core.trials.activity_counts import COLUMNS

    rows = []
    for name in COLUMNS:
        if any(result.tally.totals[name] for result in results):
            rows.append([name, *(f"{result.tally.totals[name]:,}" for result in results)])
            if any(result.needless[name] for result in results):
                rows.append(
                    [
                        "  though paid within two days",
                        *(f"{result.needless[name]:,}" for result in results),
                    ]
                )
            for_day = [
                max((day[name] for day in result.tally.days.values()), default=0)
                for result in results
            ]
            rows.append(["  on the busiest day", *(f"{count:,}" for count in for_day)])
    rows.append(["customers touched", *(f"{result.tally.customers:,}" for result in results)])
    rows.append(["needs approval", *(f"{result.tally.approvals:,}" for result in results)])
    names = [_name(result) for result in results]
    print_table("", ["", *names], rows, right=names)


def _show_lines(result: Backtest) -> None:
    columns = ["line", "rule", "what", "cost", "customers", "needless", "caught", "still owed"]
    rows = [
        [
            f"{line.file}:{line.line}",
            line.rule,
            line.what,
            _cost(line),
            f"{line.customers:,}",
            f"{line.needless:,}" if line.needless else "",
            f"{word(line.invoices, 'invoice')}, {_money(line.caught)}" if line.invoices else "",
            _money(line.still_owed),
        ]
        for line in result.by_place()
    ]
    if rows:
        print_table(
            f"Cost and catch of each line of {_name(result)}",
            columns,
            rows,
            right=["customers", "needless"],
        )
    else:
        click.echo(f"{_name(result)} would have done nothing.")


def _cost(line: LineResult) -> str:
    from arsync.core.trials.activity_counts import COLUMNS

    return ", ".join(
        word(line.counts[name], name.removesuffix("s"), name)
        for name in COLUMNS
        if line.counts[name]
    )


def _money(money: Mapping[str, Decimal]) -> str:
    return " and ".join(shown(amount, currency) for currency, amount in sorted(money.items()))
