"""`why`, `actions`, `status`, `report`: looking changes nothing."""

from __future__ import annotations

import json
import re
from datetime import date, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arsync.cli.common import (
    as_of_option,
    config_option,
    connection_option,
    json_option,
    open_app,
    print_json,
    print_table,
    say,
    word,
)
from arsync.cli.render_reasons import Reasons
from arsync.clock import in_words
from arsync.core.actions import ActionKind, ActionState
from arsync.core.ledger.money import shown
from arsync.core.planning.send_blocks import difference_in_words
from arsync.errors import EXIT_DONE, EXIT_FAILED, EXIT_WAITING, UserMistake
from arsync.files import write_private

if TYPE_CHECKING:
    from arsync.application.facade import App
    from arsync.application.results import ConnectionStatus, Listed


@click.command()
@click.argument("about", metavar="CONTACT|INVOICE|KEY")
@click.option("--full", is_flag=True, help="Also every fact, invoice, past action and event.")
@connection_option
@as_of_option
@json_option
@config_option
def why(
    about: str,
    full: bool,
    connection: str | None,
    as_of: date | None,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Explain what is done about a customer or an invoice, and why.

    Shows what is to be done, what is held back and until when, and the rules in the order they
    were read. KEY is an action's key, as `arsync actions` and the notes in the books show it.
    """
    from arsync.cli.render_why import show_history, show_why

    with open_app(config_file) as app:
        try:
            found = (
                None
                if about.startswith("[arsync:")
                else app.why(about, connection=connection, as_of=as_of)
            )
        except UserMistake:
            if not _KEY.fullmatch(about):
                raise
            found = None
        if found is None:
            entry = app.history(about)
            if as_json:
                print_json(entry.as_json())
            else:
                show_history(entry, reasons=reasons_of(app, entry.listed))
            return EXIT_DONE
        if as_json:
            print_json(found.as_json())
        else:
            row = app.store.connections.get(found.connection)
            rulebook, _ = app.rulebook(row)
            reasons = Reasons(rulebook, app.zone(row), app.clock.now())
            show_why(found, reasons=reasons, full=full)
    return EXIT_DONE


_KEY = re.compile(r"[0-9a-fA-F]{6,32}")
"""What may be the beginning of an action's key, when no customer and no invoice is called so."""


def reasons_of(app: App, listed: Listed) -> Reasons:
    """Return how to word an action's reason: with thresholds only while its rulebook stands."""
    zone = app.zone(app.store.connections.by_id(listed.row.connection_id))
    rules = app.rules(listed.connection)
    same = rules.rulebook is not None and rules.rulebook.hash == listed.row.rulebook_hash
    return Reasons(rules.rulebook if same else None, zone, app.clock.now())


@click.command()
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.value for state in ActionState]),
    help="Only these states.",
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice([kind.value for kind in ActionKind]),
    help="Only these kinds.",
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=200,
    show_default=True,
    help="The newest so many.",
)
@connection_option
@json_option
@config_option
def actions(
    states: tuple[str, ...],
    kinds: tuple[str, ...],
    limit: int,
    connection: str | None,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """List actions and what became of them, the newest first."""
    from arsync.cli.render import show_actions

    with open_app(config_file) as app:
        listed_actions = app.actions(
            connection,
            states={ActionState(state) for state in states} or None,
            kinds={ActionKind(kind) for kind in kinds} or None,
        )
        zones = {row.name: app.zone(row) for row in app.connections(connection)}
    listed_actions = sorted(listed_actions, key=lambda one: one.row.changed_at, reverse=True)[
        :limit
    ]
    if as_json:
        print_json([one.as_json() for one in listed_actions])
    else:
        show_actions(listed_actions, zones)
        unknown = sum(one.row.state is ActionState.UNKNOWN for one in listed_actions)
        if unknown:
            say(f"\n{word(unknown, 'unknown outcome')}: `arsync resolve` says what to look at.")
    return EXIT_DONE


@click.command()
@connection_option
@json_option
@config_option
def status(connection: str | None, as_json: bool, config_file: Path | None) -> int:
    """Show where each connection stands."""
    with open_app(config_file) as app:
        connection_statuses = app.status(connection)
        zones = {row.name: app.zone(row) for row in app.connections(connection)}
    if as_json:
        print_json([connection_status.as_json() for connection_status in connection_statuses])
    else:
        print_table(
            "",
            ["connection", "mode", "state", "last pull", "last run", "waiting", "tasks", "owed"],
            [
                [
                    f"{connection_status.name} ({connection_status.label})",
                    connection_status.mode,
                    connection_status.state,
                    in_words(connection_status.pulled_at, zones[connection_status.name])
                    if connection_status.pulled_at
                    else "never",
                    f"{connection_status.last_kind} {connection_status.last_run}:"
                    f" {connection_status.last_outcome}"
                    if connection_status.last_run
                    else "never",
                    f"{connection_status.awaiting:,}",
                    f"{connection_status.open_tasks:,}",
                    ", ".join(
                        shown(Decimal(text), code)
                        for code, text in connection_status.totals.items()
                    ),
                ]
                for connection_status in connection_statuses
            ],
            right=["waiting", "tasks"],
        )
        for one in connection_statuses:
            for line in status_lines(one, zones[one.name]):
                click.echo(f"  {one.name}: {line}")
    if any(
        connection_status.state != "connected"
        or connection_status.outage
        or not connection_status.rulebook_ok
        for connection_status in connection_statuses
    ):
        return EXIT_FAILED
    return (
        EXIT_WAITING
        if any(
            connection_status.awaiting or connection_status.unknown
            for connection_status in connection_statuses
        )
        else EXIT_DONE
    )


DIFFERENCES_SHOWN_MAX = 20
"""The status names so many customers whose balance differs."""

UNREADABLE_SHOWN_MAX = 20
"""The status names so many documents that could not be read."""


def status_lines(one: ConnectionStatus, zone: tzinfo) -> list[str]:
    """Return what a person should know of a connection, and what to do about it.

    Args:
        one: the connection's status.
        zone: the organisation's time zone.
    """
    from arsync.cli.render import later_in_words, titled

    lines = []
    if one.state != "connected":
        lines.append(f"{one.state}: run `arsync connect {one.platform}` again.")
    if not one.rulebook_ok:
        lines.append(one.rulebook)
    lines += [f"for now {text}" for text in one.paused]
    lines += one.warnings
    lines += [
        f"{difference.contact_name}: {difference_in_words(difference, one.label)}"
        for difference in one.differences[:DIFFERENCES_SHOWN_MAX]
    ]
    if len(one.differences) > DIFFERENCES_SHOWN_MAX:
        more = len(one.differences) - DIFFERENCES_SHOWN_MAX
        lines.append(f"{more:,} more customers differ: --json names them all")
    if one.reads_this_month and one.reads_per_month:
        used = f"{one.reads_this_month:,} of {one.reads_per_month:,}"
        lines.append(f"{used} reads of this month are used, over all companies of the app")
    if one.outage:
        lines.append(one.outage)
    odd = one.document_problems
    lines += [f"unreadable: {problem}" for problem in odd[:UNREADABLE_SHOWN_MAX]]
    if len(odd) > UNREADABLE_SHOWN_MAX:
        lines.append(f"{len(odd) - UNREADABLE_SHOWN_MAX:,} more unreadable: --json names them all")
    if one.unknown:
        lines.append(
            f"{word(len(one.unknown), 'unknown outcome')}: `arsync resolve` says what to look at"
        )
    lines += [
        f"outcome unknown: {unknown.row.key[:12]} {titled(unknown.row)}: {unknown.row.reason}"
        for unknown in one.unknown
    ]
    lines += [
        f"sent and not read back since {in_words(late.row.changed_at, zone)}: "
        f"{late.row.key[:12]}"
        f" {titled(late.row)}"
        for late in one.unconfirmed
    ]
    if one.awaiting:
        lines.append(f"{word(one.awaiting, 'action')} waiting for approval: `arsync approve`")
    if one.later is not None:
        lines.append(later_in_words(one.later, zone))
    if one.open_tasks:
        lines.append(f"{word(one.open_tasks, 'open task')}: `arsync tasks`")
    if one.last_message and one.last_outcome != "done":
        lines.append(f"last run: {one.last_message}")
    return lines


@click.group()
def report() -> None:
    """Print the ageing of receivables."""


@report.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json", "html"]),
    default="table",
    show_default=True,
    help="How to print it.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write to a file instead of stdout.",
)
@connection_option
@as_of_option
@json_option
@config_option
def ageing(
    form: str,
    output: Path | None,
    connection: str | None,
    as_of: date | None,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Show what is owed, by customer, currency and age."""
    from arsync.application.ageing_report import ageing_of, as_csv, as_html, as_rows

    with open_app(config_file) as app:
        tables = [ageing_of(app, row, as_of) for row in app.connections(connection)]
    if as_json or form == "json":
        text = json.dumps([table.as_json() for table in tables], indent=2, ensure_ascii=False)
        text += "\n"
    elif form == "csv":
        text = as_csv(tables)
    elif form == "html":
        text = as_html(tables)
    elif output is not None:
        raise UserMistake("--output wants --format csv, json or html.")
    else:
        for table in tables:
            columns, rows = as_rows(table)
            print_table(
                f"{table.connection}, as of {table.as_of.isoformat()}",
                columns,
                rows,
                right=columns[2:],
            )
        return EXIT_DONE
    if output is None:
        click.echo(text, nl=False)
        return EXIT_DONE
    try:
        write_private(output, text)
    except OSError as error:
        raise UserMistake(f"{output}: {error.strerror}.") from None
    say(f"wrote {output} ({word(len(tables), 'connection')})")
    return EXIT_DONE
