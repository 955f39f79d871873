"""`why`, `actions`, `status`, `report`: looking changes nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arsync.cli import EXIT_DONE, EXIT_FAILED, EXIT_WAITING
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
from arsync.core.actions import ActionKind, ActionState
from arsync.errors import UserMistake

if TYPE_CHECKING:
    from arsync.run import History, Why


@click.command()
@click.argument("about", metavar="CONTACT|INVOICE|KEY")
@click.option("--full", is_flag=True, help="Also every fact, and every event.")
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
    """Explain what is done about a customer or an invoice, and why."""
    with open_app(config_file) as app:
        found = app.why(about, connection=connection, as_of=as_of)
    if as_json:
        print_json(found.as_json())
    else:
        show_why(found, full=full)
    return EXIT_DONE


def show_why(found: Why, *, full: bool) -> None:
    """Print what is done, what is not, and what was done, each with its reason."""
    from arsync.cli.show import about, because, what
    from arsync.core.money import shown

    head = f"{found.contact.name} ({found.connection}), as of {found.as_of.isoformat()}"
    if found.invoice is not None:
        one = found.invoice
        head = (
            f"{one.number or one.id}, {head}\n  {one.status}, due {one.due_on.isoformat()}, "
            f"{shown(one.amount_due, one.currency)} of {shown(one.total, one.currency)} to pay"
        )
    click.secho(head, bold=True)
    for problem in found.plan.problems:
        click.echo(f"  ! {problem}")
    for action in found.plan.actions:
        wanted = found.invoice is None or any(ref.id == found.invoice.id for ref in action.invoices)
        if wanted or not action.invoices:
            when = f" on {action.not_before:%Y-%m-%d at %H:%M}" if action.not_before else ""
            click.echo(f"\n  {what(action)} {about(action)}{when}".rstrip())
            click.echo(f"    because {because(action.because)}")
    for held in found.held_back:
        subject = held.invoice_number or held.contact_name
        then = f" Next: {held.next_date.isoformat()}." if held.next_date else ""
        click.echo(f"\n  not now: {subject}: {held.why}.{then}".replace("..", "."))
        if held.because:
            click.echo(f"    because {because(held.because)}")
    if not found.plan.actions and not found.held_back:
        click.echo("\n  Nothing is to be done: no rule asks for anything.")
    if found.history:
        click.echo("\n  So far:")
        for entry in found.history:
            _show_history(entry, full=full)
    if full:
        click.echo("\n  Facts:")
        for name, value in found.facts.items():
            click.echo(f"    {name:28} {'unknown' if value is None else value}")


def _show_history(entry: History, *, full: bool) -> None:
    from arsync.cli.show import about, what

    row = entry.listed.row
    line = f"    {row.changed_at:%Y-%m-%d}  {what(row.action)} {about(row.action)}: {row.state}"
    click.echo(line + (f" ({row.reason})" if row.reason else ""))
    if full:
        for event in entry.events:
            start = event.from_state.value if event.from_state else "new"
            click.echo(
                f"        {event.at:%Y-%m-%d %H:%M}  {start} -> {event.to_state.value}, "
                f"{event.who}{': ' + event.why if event.why else ''}"
            )


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
@click.option("--limit", default=200, show_default=True, help="At most so many of a connection.")
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
    """List actions and what became of them."""
    from arsync.cli.show import show_actions

    with open_app(config_file) as app:
        found = app.actions(
            connection,
            states={ActionState(state) for state in states} or None,
            kinds={ActionKind(kind) for kind in kinds} or None,
            rows_max=limit,
        )
    if as_json:
        print_json([one.as_json() for one in found])
    else:
        show_actions(found)
    return EXIT_DONE


@click.command()
@connection_option
@json_option
@config_option
def status(connection: str | None, as_json: bool, config_file: Path | None) -> int:
    """Show where each connection stands."""
    with open_app(config_file) as app:
        found = app.status(connection)
    if as_json:
        print_json([one.as_json() for one in found])
    else:
        print_table(
            "",
            ["connection", "mode", "state", "last pull", "last run", "open", "waiting", "tasks"],
            [
                [
                    f"{one.name} ({one.label})",
                    one.mode,
                    one.state,
                    f"{one.pulled_at:%Y-%m-%d %H:%M}" if one.pulled_at else "never",
                    one.last_outcome or "never",
                    "\n".join(f"{code} {amount}" for code, amount in one.totals.items()),
                    str(one.awaiting),
                    str(one.open_tasks),
                ]
                for one in found
            ],
        )
        for one in found:
            lines = [f"unreadable: {problem}" for problem in one.document_problems]
            lines += [
                f"outcome unknown: {listed.row.key[:12]} {listed.row.reason}"
                for listed in one.unknown
            ]
            if not one.rulebook_ok:
                lines.append(one.rulebook)
            if one.last_message:
                lines.append(f"last run: {one.last_message}")
            for line in lines:
                click.echo(f"  {one.name}: {line}")
    if any(one.state != "connected" or not one.rulebook_ok for one in found):
        return EXIT_FAILED
    return EXIT_WAITING if any(one.awaiting or one.unknown for one in found) else EXIT_DONE


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
    from arsync.run.ageing import ageing_of, as_csv, as_html, as_rows

    with open_app(config_file) as app:
        tables = [ageing_of(app, row, as_of) for row in app.connections(connection)]
    if as_json or form == "json":
        text = ""
        if output is None:
            print_json([table.as_json() for table in tables])
            return EXIT_DONE
        import json

        text = json.dumps([table.as_json() for table in tables], indent=2, ensure_ascii=False)
    elif form == "csv":
        text = as_csv(tables)
    elif form == "html":
        text = as_html(tables)
    else:
        for table in tables:
            columns, rows = as_rows(table)
            print_table(
                f"{table.connection}, as of {table.as_of.isoformat()}",
                columns, rows, right=columns[2:],
            )  # fmt: skip
        return EXIT_DONE
    if output is None:
        click.echo(text, nl=False)
        return EXIT_DONE
    try:
        output.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise UserMistake(f"{output}: {error.strerror}.") from None
    say(f"wrote {output} ({word(len(tables), 'connection')})")
    return EXIT_DONE
