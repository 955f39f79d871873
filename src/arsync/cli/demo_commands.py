"""`demo`: the whole job on both platforms, and what stands at the end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from arsync.cli.common import json_option, print_json, print_table, say, word
from arsync.errors import EXIT_DONE, EXIT_FAILED
from arsync.files import write_private

if TYPE_CHECKING:
    from arsync.application.facade import App
    from arsync.demo import Outcome

REPORT = "report.html"


@click.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo-output"),
    show_default=True,
    help="Where the config, the store and the report go.",
)
@click.option("--days", type=click.IntRange(1, 366), default=60, show_default=True)
@click.option("--keep", is_flag=True, help="Leave the sandbox running, to try things by hand.")
@click.option("--quiet", is_flag=True, help="Only the end.")
@json_option
def demo(folder: Path, days: int, keep: bool, quiet: bool, as_json: bool) -> int:
    """Play 60 days of credit control on both platforms.

    The platforms are the sandbox, and everything stays on this computer. Ends with what stands in
    each platform's ledger, and exits 0 only if it agrees with the store. With --json the end is one
    object, and the days go to stderr.
    """
    import arsync_rulebooks
    from arsync.demo import Demo

    play = Demo(
        folder,
        arsync_rulebooks.text("standard"),
        say=(lambda _: None) if quiet else say,
        days=days,
        keep=keep,
    )
    outcome = play.play(_write_report if as_json else _show_the_end)
    config = folder / "config.toml"
    pid = (folder / "sandbox.pid").read_text(encoding="utf-8").strip() if keep else ""
    if as_json:
        left = {"config": str(config), "report": str(folder / REPORT)}
        running = {"sandbox_pid": int(pid)} if keep else {}
        print_json({**outcome.as_json(), **left, **running})
    elif keep:
        click.echo(
            f"\nThe sandbox still runs. Try:\n"
            f"  arsync status --config {config}\n"
            f"  arsync why {outcome.example_invoice} --connection {outcome.example_connection} "
            f"--config {config}\n"
            f"Stop it with: kill {pid}"
        )
    return EXIT_DONE if outcome.agrees else EXIT_FAILED


def _show_the_end(app: App, outcome: Outcome) -> None:
    from arsync.cli.render_reasons import Reasons
    from arsync.cli.render_why import show_why

    print_table(
        "What stands in each platform's ledger, read from the platform",
        ["", *(side.name for side in outcome.sides)],
        _rows_there(outcome),
    )
    print_table(
        "What the store holds",
        ["", *(side.name for side in outcome.sides)],
        _rows_here(outcome),
    )
    print_table(
        "What happened over the days",
        ["", *outcome.totals],
        [
            [what.replace("_", " "), *(f"{total[what]:,}" for total in outcome.totals.values())]
            for what in sorted({key for total in outcome.totals.values() for key in total})
        ],
    )
    if outcome.example_invoice:
        click.echo(f"$ arsync why {outcome.example_invoice}")
        found = app.why(outcome.example_invoice, connection=outcome.example_connection)
        rulebook, _ = app.rulebook(app.connections(outcome.example_connection)[0])
        show_why(found, reasons=Reasons(rulebook), full=False)
    report = _write_report(app, outcome)
    click.echo(f"\nReport: {report.resolve()}")
    for problem in outcome.problems:
        click.echo(f"  ! {problem}")
    for side in outcome.sides:
        for difference in side.differences:
            click.echo(f"  ! {side.name}: {difference}")
    count = sum(len(side.differences) for side in outcome.sides) + len(outcome.problems)
    if outcome.agrees:
        click.secho("Both sides agree.", bold=True)
    else:
        click.secho(f"{word(count, 'difference')} between the two sides.", bold=True)


def _write_report(app: App, outcome: Outcome) -> Path:
    """Write the ageing of both ledgers as a page, and return where."""
    from arsync.application.ageing_report import ageing_of, as_html

    report = outcome.folder / REPORT
    tables = [ageing_of(app, row, None) for row in app.connections()]
    write_private(report, as_html(tables))
    return report


def _rows_there(outcome: Outcome) -> list[list[str]]:
    sides = outcome.sides
    return [
        ["amount due", *("\n".join(f"{c} {a}" for c, a in s.open_amounts.items()) for s in sides)],
        ["emails sent", *(f"{side.emails:,}" for side in sides)],
        ["notes", *(f"{side.notes:,}" for side in sides)],
        ["on credit hold", *("\n".join(side.held) or "nobody" for side in sides)],
        ["on cash terms", *("\n".join(side.on_cash_terms) or "nobody" for side in sides)],
        ["expected payment dates", *(f"{side.expected_dates:,}" for side in sides)],
        ["attachments", *(f"{side.attachments:,}" for side in sides)],
    ]


def _rows_here(outcome: Outcome) -> list[list[str]]:
    sides = outcome.sides
    kinds = sorted({kind for side in sides for kind in side.stored})
    states = sorted({state for side in sides for state in side.actions})
    return [
        *([kind, *(f"{side.stored.get(kind, 0):,}" for side in sides)] for kind in kinds),
        *(
            [f"actions {state}", *(f"{side.actions.get(state, 0):,}" for side in sides)]
            for state in states
        ),
    ]
