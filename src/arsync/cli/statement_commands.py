"""`statement`: what a customer owes and has in hand, as it could be sent to it."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arsync.cli.common import (
    DAY,
    as_of_option,
    config_option,
    connection_option,
    json_option,
    opened,
    print_table,
    say,
    write_output,
)
from arsync.cli.json_output import print_json
from arsync.core.ledger.age_buckets import BUCKETS
from arsync.core.ledger.money import ZERO, shown
from arsync.core.ledger.statement_of_account import StatementKind
from arsync.errors import EXIT_DONE

if TYPE_CHECKING:
    from arsync.application.letters.statements import CustomerStatement
    from arsync.application.organisation.connection_choice import ConnectionChoice
    from arsync.core.ledger.statement_of_account import StatementLine, StatementSection


_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("customer")
@click.option(
    "--from",
    "since",
    type=DAY,
    metavar="DATE",
    help="Show all that changed the balance since this day, in place of what is open.",
)
@click.option("--language", default="", metavar="CODE", help="The letter's (default: as sent).")
@click.option("--pdf", type=_FILE, metavar="FILE", help="Write it as a PDF.")
@click.option("--html", type=_FILE, metavar="FILE", help="Write it as the page of a mail.")
@click.option("--send", is_flag=True, help="Have the next run send it to the customer.")
@click.option("--via", default="smtp", show_default=True, help="By which way it is sent.")
@connection_option
@as_of_option
@json_option
@config_option
def statement(
    customer: str,
    since: datetime | None,
    language: str,
    pdf: Path | None,
    html: Path | None,
    send: bool,
    via: str,
    connection: ConnectionChoice,
    as_of: date | None,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Show a customer's statement of account.

    It lists every open invoice, also what is not due, and the money in hand that is not matched to
    an invoice yet. With --from it lists what changed the balance since that day. Looking at it
    changes nothing; --send has it leave with the next run, on your word as `letters send` does, and
    the statement is made anew when it leaves.
    """
    from arsync.application.letters import statements
    from arsync.application.letters.asking import send_statement
    from arsync.application.persons_words import recorded_view

    sent_by = statements.SentBy(language, via)
    with opened(config_file) as (actor, container):
        customers = statements.statement(
            actor,
            container,
            customer,
            connection=connection,
            as_of=as_of,
            since=since.date() if since else None,
        )
        for path, make in ((pdf, statements.statement_pdf), (html, statements.statement_html)):
            if path is not None:
                write_output(path, make(customers, sent_by), container.config)
                say(f"wrote {path}")
        if send:
            recorded = send_statement(actor, customers, sent_by)
            if as_json:
                print_json(recorded_view(recorded))
            say(recorded.message)
        elif as_json:
            print_json(statements.statement_view(customers))
        elif pdf is None and html is None:
            _show(customers)
    return EXIT_DONE


def _show(customers: CustomerStatement) -> None:
    statement = customers.statement
    click.secho(f"Statement of account: {customers.contact.name}", bold=True)
    if statement.since is None:
        click.echo(f"Open items on {statement.until}")
    else:
        click.echo(f"Activity from {statement.since} to {statement.until}")
    if not statement.sections:
        click.echo("Nothing is open, and no money is in hand.")
    for section in statement.sections:
        click.echo()
        _show_section(section, statement.kind)
    for doubt in customers.doubts:
        click.echo(f"! {doubt}")


def _show_section(section: StatementSection, kind: StatementKind) -> None:
    currency, columns = section.currency, ["date", "document", "reference", "due", "amount"]
    last = "open" if kind is StatementKind.OPEN_ITEMS else "balance"
    rows = [_row(line, currency) for line in (*section.lines, *section.credits)]
    if kind is StatementKind.ACTIVITY:
        opening = shown(section.opening_balance, currency)
        rows.insert(0, ["", "opening balance", "", "", "", opening, ""])
    print_table("", [*columns, last, "remark"], rows, right=("amount", last))
    click.echo(f"Balance: {shown(section.closing_balance, currency)}")
    bands = [
        f"{'not due' if bucket == BUCKETS[0] else f'{bucket} days'} {shown(amount, currency)}"
        for bucket, amount in zip(BUCKETS, section.ageing, strict=True)
        if amount
    ]
    if section.overdue > ZERO:
        click.echo(f"Overdue: {shown(section.overdue, currency)}")
    if bands:
        click.echo(f"By age, less money in hand: {', '.join(bands)}")


def _row(line: StatementLine, currency: str) -> list[str]:
    return [
        line.dated.isoformat(),
        f"{line.kind} {line.number}".strip(),
        line.reference,
        line.due_on.isoformat() if line.due_on else "",
        shown(line.amount, currency),
        shown(line.balance, currency),
        "; ".join(_remarks(line, currency)),
    ]


def _remarks(line: StatementLine, currency: str) -> list[str]:
    overdue = f"{line.days_overdue:,} day{'' if line.days_overdue == 1 else 's'} overdue"
    remarks = [overdue] if line.days_overdue else []
    if line.disputed:
        remarks.append(f"{shown(line.disputed, currency)} disputed")
    if line.in_plan:
        remarks.append(f"{shown(line.in_plan, currency)} in a payment plan")
    if line.placed_with:
        remarks.append(f"with {line.placed_with}")
    return remarks
