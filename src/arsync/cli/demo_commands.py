"""`demo`: the whole job on both platforms, and what stands at the end."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arsync.cli.common import json_option, print_table, say, word
from arsync.cli.json_output import print_json
from arsync.errors import EXIT_DONE, EXIT_FAILED, UserMistake
from arsync.files import write_private

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from arsync.application.organisation.container import Container
    from arsync.demo import Outcome
    from arsync.demo.open_desk import DemoDesk
    from arsync.demo.world import World

REPORT = "report.html"

LEDGERS_MAX = 60
"""Of a practice: more than a computer plays in minutes proves nothing more."""


@click.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo-output"),
    show_default=True,
    help="The folder for the config, the store and the report.",
)
@click.option(
    "--days", type=click.IntRange(1, 366), help="How many days (default: 60; of a practice 5)."
)
@click.option(
    "--practice",
    "ledgers",
    metavar="N",
    type=click.IntRange(2, LEDGERS_MAX),
    help="Play a practice of N ledgers instead, half of them at each platform.",
)
@click.option(
    "--store",
    metavar="URL",
    help="An empty PostgreSQL database for the practice: two workers serve it.",
)
@click.option("--keep", is_flag=True, help="Leave the sandbox running, to try things by hand.")
@click.option("--desk", is_flag=True, help="Open the demo's desk afterwards, in a browser.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=8485,
    show_default=True,
    help="The port of the desk; 0 takes a free one.",
)
@click.option("--quiet", is_flag=True, help="Print only the summary.")
@json_option
def demo(
    folder: Path,
    days: int | None,
    ledgers: int | None,
    store: str | None,
    keep: bool,
    desk: bool,
    port: int,
    quiet: bool,
    as_json: bool,
) -> int:
    """Play 60 days of credit control on both platforms, or a practice of many ledgers.

    The sandbox plays both platforms, and everything stays on this computer. The demo ends with a
    summary of each platform's ledger, and exits with 0 only if it agrees with the store. With
    --json the summary is one object, and the days go to stderr.

    With --desk the demo's pages open afterwards, with a person of each role; what is approved there
    leaves, into the sandbox. Ctrl-C ends it.

    A practice is served by the loop in one process, on SQLite; or with --store by two workers on
    PostgreSQL, of which one is killed in the middle.
    """
    if ledgers is not None:
        if keep:
            raise UserMistake("--keep leaves no practice running: leave it out.")
        if desk:
            raise UserMistake("--desk goes without --practice.")
        return _practice(folder, ledgers, days, store or "", quiet=quiet, as_json=as_json)
    if store is not None:
        raise UserMistake("--store goes with --practice N.")
    if desk and as_json:
        raise UserMistake("--desk goes without --json.")
    return _both_platforms(
        folder, days, keep=keep, desk_port=port if desk else None, quiet=quiet, as_json=as_json
    )


def _practice(
    folder: Path, ledgers: int, days: int | None, store: str, *, quiet: bool, as_json: bool
) -> int:
    import arsync_rulebooks
    from arsync.cli.demo_practice import show_practice
    from arsync.demo.practice import DAYS, Practice

    practice = Practice(
        folder,
        arsync_rulebooks.text("standard"),
        ledgers=ledgers,
        days=days or DAYS,
        store=store,
        say=(lambda _: None) if quiet else say,
    )
    outcome = practice.play()
    if as_json:
        print_json(outcome)
    else:
        show_practice(outcome)
    return EXIT_DONE if outcome.agrees else EXIT_FAILED


def _both_platforms(
    folder: Path,
    days: int | None,
    *,
    keep: bool,
    desk_port: int | None,
    quiet: bool,
    as_json: bool,
) -> int:
    import arsync_rulebooks
    from arsync.demo import DAYS, Demo
    from arsync.demo.play import outcome_view

    play = Demo(
        folder,
        arsync_rulebooks.text("standard"),
        say=(lambda _: None) if quiet else say,
        days=days or DAYS,
        keep=keep,
    )
    outcome = play.play(
        _write_report if as_json else _show_the_end, afterwards=_desk(folder, desk_port)
    )
    config = folder / "config.toml"
    pid = (folder / "sandbox.pid").read_text(encoding="utf-8").strip() if keep else ""
    if as_json:
        print_json(outcome_view(outcome, config, folder / REPORT, int(pid) if keep else None))
    elif keep:
        click.echo("\n".join(hints_for_trying(outcome, config, pid)))
    elif desk_port is None:
        where = "" if folder == Path("demo-output") else f" --folder {folder}"
        click.echo(f"See it in a browser, as each of four people: {_program()} demo --desk{where}")
    return EXIT_DONE if outcome.agrees else EXIT_FAILED


def _program() -> str:
    """Return the words that begin a command of this very arsync."""
    started = Path(sys.argv[0])
    if started.name == "__main__.py":
        return f"{Path(sys.executable).name} -m arsync"
    # `make demo` runs it from its own environment, which is not on the path.
    return "arsync" if shutil.which("arsync") else str(started)


def _desk(folder: Path, port: int | None) -> Callable[[World, datetime], None]:
    """Return what opens the desk, if it is asked for."""

    def opened(desk: DemoDesk) -> None:
        print_table(
            "Who signs in",
            ["address", "who", "role"],
            [[person.email, person.name, str(person.role)] for person in desk.people],
        )
        say(f"Everybody's password: {desk.password}")
        say(f"The desk is open: {desk.url}. Ctrl-C to stop.")

    def afterwards(world: World, moment: datetime) -> None:
        if port is None:
            return
        from arsync.demo.open_desk import open_desk
        from arsync.workers.stop_signals import stop_on_signals

        say("Six days pass without anybody...")
        with stop_on_signals() as stop:
            open_desk(folder, world, moment, port=port, stop=stop, opened=opened)

    return afterwards


def hints_for_trying(outcome: Outcome, config: Path, pid: str) -> list[str]:
    """Return what can be tried while the sandbox still runs."""
    hints = ["", "The sandbox is still running. Try:", f"  arsync status --config {config}"]
    if outcome.example_invoice:
        hints.append(
            f"  arsync why {outcome.example_invoice} --connection {outcome.example_connection} "
            f"--config {config}"
        )
    else:  # so few days that nothing was done about any invoice yet
        hints.append(f"  arsync plan --config {config}")
    return [*hints, f"Stop it with: kill {pid}"]


def _show_the_end(container: Container, outcome: Outcome) -> None:
    from arsync.application.decisions.why import why_anywhere
    from arsync.application.permissions import person_at_the_shell
    from arsync.cli.demo_practice import show_differences
    from arsync.cli.render_reasons import Reasons
    from arsync.cli.render_why import show_why

    _show_tables(outcome)
    if outcome.example_invoice:
        click.echo(f"$ arsync why {outcome.example_invoice}")
        organisation, explanation = why_anywhere(
            person_at_the_shell(),
            container,
            outcome.example_invoice,
            connection=outcome.example_connection,
        )
        show_why(explanation, reasons=Reasons(organisation.rulebook), full=False)
    report = _write_report(container, outcome)
    click.echo(f"\nReport: {report.resolve()}")
    show_differences(outcome.problems, outcome.sides)
    count = sum(len(side.differences) for side in outcome.sides) + len(outcome.problems)
    if outcome.agrees:
        click.secho("Both sides agree.", bold=True)
    else:
        click.secho(f"{word(count, 'difference')} between the two sides.", bold=True)


def _show_tables(outcome: Outcome) -> None:
    print_table(
        "Each platform's ledger, read from the platform",
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


def _write_report(container: Container, outcome: Outcome) -> Path:
    """Write the ageing of both ledgers as a page, and return where."""
    from arsync.application.connections.connecting import connections
    from arsync.application.permissions import person_at_the_shell
    from arsync.application.reports.ageing_report import ageing_report, as_html

    report = outcome.folder / REPORT
    actor = person_at_the_shell()
    tables = [ageing_report(actor, organisation) for organisation in connections(actor, container)]
    write_private(report, as_html(tables))
    return report


def _rows_there(outcome: Outcome) -> list[list[str]]:
    sides = outcome.sides
    return [
        ["amount due", *("\n".join(f"{c} {a}" for c, a in s.open_amounts.items()) for s in sides)],
        ["emails sent", *(f"{side.emails:,}" for side in sides)],
        ["notes", *(f"{side.notes:,}" for side in sides)],
        ["on credit hold", *("\n".join(side.held) or "none" for side in sides)],
        ["on cash terms", *("\n".join(side.on_cash_terms) or "none" for side in sides)],
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
