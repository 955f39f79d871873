"""`tasks`, `task`, `done`, `worklist`: what waits for a person, and what came of it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from datetime import datetime
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
    say,
    word,
)
from arsync.cli.json_output import print_json
from arsync.cli.promise_commands import amount_of
from arsync.core.ledger.money import shown
from arsync.errors import EXIT_DONE, EXIT_WAITING, UserMistake

if TYPE_CHECKING:
    from datetime import date

    from arsync.application.organisation.connection_choice import ConnectionChoice
    from arsync.application.tasks.tasks import NewTask
    from arsync.application.tasks.worklist import WorkItem

INVOICES_SHOWN_MAX = 3
"""A line shows so many of its invoices; `task KEY` shows all."""

LIMIT_MAX = 100_000
"""The longest worklist that can be asked for, in lines."""

for_option = click.option("--for", "owner", metavar="NAME", default="", help="Whose work.")
customer_option = click.option("--customer", metavar="NAME", default="", help="One customer's.")


@click.command()
@for_option
@customer_option
@click.option("--due", "due_only", is_flag=True, help="Only what is due today.")
@connection_option
@json_option
@config_option
def tasks(
    owner: str,
    customer: str,
    due_only: bool,
    connection: ConnectionChoice,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """List the open tasks, the earliest day first.

    Amounts are those of now, net of unapplied cash. NAME is a person, a role, or the address of who
    has the role for the customer.
    """
    from arsync.application.tasks.worklist import WorkChoice, open_tasks, work_view

    with opened(config_file) as (actor, container):
        choice = WorkChoice(owner, customer, due_only)
        works = open_tasks(actor, container, connection, choice)
    if as_json:
        print_json([work_view(work) for work in works])
        return EXIT_WAITING if works else EXIT_DONE
    if not works:
        click.echo("No open tasks.")
        return EXIT_DONE
    _print_tasks(works)
    say(
        "\nWhat came of one: arsync done KEY --outcome OUTCOME"
        "\nIts script, and all about it: arsync task KEY"
    )
    return EXIT_WAITING


def _print_tasks(works: Sequence[WorkItem]) -> None:
    print_table(
        "",
        ["key", "connection", "customer", "call", "task", "for", "since", "due", "owed now"],
        [
            [
                work.row.key[:12],
                work.listed.connection,
                work.row.action.contact_name,
                _to_call(work),
                work.row.action.payload.title,
                work.owner,
                f"{work.since}",
                _day(work),
                _owed(work),
            ]
            for work in works
        ],
    )


def _to_call(work: WorkItem) -> str:
    """Return a person and a number, as far as the platform knows them."""
    if work.dues is None:
        return ""
    contact = work.dues.contact
    number = str(contact.phones[0]) if contact.phones else ""
    return ", ".join(filter(None, [*contact.people[:1], number]))


def _day(work: WorkItem) -> str:
    day: date | None = work.row.next_on or work.row.due_on
    return f"{day}" if day else ""


def _owed(work: WorkItem) -> str:
    lines = [
        f"{invoice.number or invoice.id} {shown(invoice.amount_due, invoice.currency)}"
        + (f", {days} days" if (days := (work.today - invoice.due_on).days) > 0 else "")
        for invoice in work.about[:INVOICES_SHOWN_MAX]
    ]
    more = len(work.about) - INVOICES_SHOWN_MAX
    return "; ".join([*lines, f"{more:,} more"] if more > 0 else lines) or "nothing"


@click.command()
@for_option
@customer_option
@click.option(
    "--limit", type=click.IntRange(1, LIMIT_MAX), help="So many lines for each connection."
)
@connection_option
@json_option
@config_option
def worklist(
    owner: str,
    customer: str,
    limit: int | None,
    connection: ConnectionChoice,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """List open tasks and approvals, what is worth most first, each with its reason.

    The worth is what a call can be expected to bring: the net amount overdue, its age, how this
    customer pays, and its broken promises. What was put off comes back on its day.
    """
    from arsync.application.tasks.worklist import WorkChoice, work_view
    from arsync.application.tasks.worklist import worklist as list_work

    with opened(config_file) as (actor, container):
        choice = WorkChoice(owner, customer, due_only=True)
        works = list_work(actor, container, connection, choice)
    by_connection: dict[str, list[WorkItem]] = {}
    for work in works:
        by_connection.setdefault(work.listed.connection, []).append(work)
    shown_works = [work for some in by_connection.values() for work in some[:limit]]
    if as_json:
        print_json([work_view(work) for work in shown_works])
    elif not works:
        click.echo("Nothing waits for a person.")
    else:
        _print_worklist(by_connection, limit)
    return EXIT_WAITING if works else EXIT_DONE


def _print_worklist(by_connection: dict[str, list[WorkItem]], limit: int | None) -> None:
    for name, works in by_connection.items():
        tasks_open = sum(work.is_task for work in works)
        head = f"{name}: {word(tasks_open, 'task')}, {word(len(works) - tasks_open, 'approval')}"
        click.secho(head, bold=True)
        for number, work in enumerate(works[:limit], 1):
            kind = work.row.action.payload.title if work.is_task else _approval(work)
            owner = f" [{work.owner}]" if work.owner else ""
            click.echo(f"{number:>3}. {work.row.action.contact_name}: {kind}{owner}")
            call = _to_call(work)
            click.echo(f"     {work.reason}" + (f" Call {call}." if call else ""))
            command = "done" if work.is_task else "approve"
            click.echo(f"     arsync {command} {work.row.key[:12]}")
        if limit is not None and len(works) > limit:
            click.echo(f"     and {len(works) - limit:,} more")


def _approval(work: WorkItem) -> str:
    from arsync.cli.render import what

    return f"approve {what(work.row.action)}"


@click.command()
@click.argument("key", metavar="KEY | CUSTOMER | INVOICE")
@click.option("--open", "text", metavar="TEXT", help="Open a new task about CUSTOMER or INVOICE.")
@click.option("--owner", metavar="NAME", help="Whose task it is from now on.")
@click.option("--due", type=DAY, metavar="DATE", help="By when it is to be done.")
@click.option("--next", "next_on", type=DAY, metavar="DATE", help="Put it off until this day.")
@connection_option
@json_option
@config_option
def task(
    key: str,
    text: str | None,
    owner: str | None,
    due: datetime | None,
    next_on: datetime | None,
    connection: ConnectionChoice,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Show one task with all that a call needs, settle whose it is, or open one.

    `--open` opens a task of your own, which only `done` ends.
    """
    from arsync.application.decisions.action_history import action_history
    from arsync.application.tasks.tasks import NewTask, arrange_task
    from arsync.application.tasks.worklist import one_task, work_view

    if text is not None:
        if next_on:
            raise UserMistake("a new task is due on a day: --due DATE, without --next.")
        new = NewTask(text, owner or "", due.date() if due else None)
        return _open(key, new, connection, config_file, as_json=as_json)
    if connection:
        raise UserMistake("a key is of one connection: --connection goes with --open alone.")
    with opened(config_file) as (actor, container):
        if (owner, due, next_on) != (None, None, None):
            arrange_task(
                actor,
                container,
                key,
                owner=owner,
                due_on=due.date() if due else None,
                next_on=next_on.date() if next_on else None,
            )
        work = one_task(actor, container, key)
        history = action_history(actor, container, work.row.key)[1]
    if as_json:
        print_json(work_view(work))
        return EXIT_DONE
    _show_task(work)
    for event in history.events:
        click.echo(f"  {event.at:%Y-%m-%d} {event.actor}: {event.reason}")
    return EXIT_DONE


def _open(
    name: str,
    new: NewTask,
    connection: ConnectionChoice,
    config_file: Path | None,
    *,
    as_json: bool,
) -> int:
    from arsync.application.persons_words import recorded_view
    from arsync.application.tasks.tasks import open_task

    with opened(config_file) as (actor, container):
        recorded = open_task(actor, container, name, new, connection=connection)
    if as_json:
        print_json(recorded_view(recorded))
    say(recorded.message)
    return EXIT_DONE


def _show_task(work: WorkItem) -> None:
    row = work.row
    click.secho(f"{row.action.contact_name}: {row.action.payload.title}", bold=True)
    contact = work.dues.contact if work.dues else None
    lines = {
        "for": ", ".join(filter(None, (work.owner, work.address))),
        "people": ", ".join(contact.people) if contact else "",
        "numbers": ", ".join(map(str, contact.phones)) if contact else "",
        "since": f"{work.since}",
        "due": f"{row.due_on or ''}",
        "comes back": f"{row.next_on or ''}",
        "outcome": row.outcome,
        "why": work.reason,
    }
    for name, text in lines.items():
        if text:
            click.echo(f"  {name}: {text}")
    for invoice in work.about:
        days = (work.today - invoice.due_on).days
        late = f", {word(days, 'day')} overdue" if days > 0 else f", due on {invoice.due_on}"
        amount = shown(invoice.amount_due, invoice.currency)
        click.echo(f"  {invoice.number or invoice.id}: {amount}{late}")
    if work.script:
        click.echo("\n" + textwrap.indent(work.script, "    ") + "\n")


@click.command()
@click.argument("key")
@click.option(
    "--outcome", default="", help="A code (see below) or words; it is noted in the platform."
)
@click.option("--note", default="", help="Anything to remember besides.")
@click.option("--on", "promised_on", type=DAY, metavar="DATE", help="With promised: the day.")
@click.option("--amount", metavar="AMOUNT", help="With promised or dispute: of a part.")
@click.option("--invoice", default="", metavar="NUMBER", help="Only about this invoice of it.")
@click.option("--next", "next_on", type=DAY, metavar="DATE", help="Not done: it comes back then.")
@click.option("--correct", "corrects", is_flag=True, help="Replace the outcome recorded before.")
@json_option
@config_option
def done(
    key: str,
    outcome: str,
    note: str,
    promised_on: datetime | None,
    amount: str | None,
    invoice: str,
    next_on: datetime | None,
    corrects: bool,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Record what came of a task.

    Codes: spoke, promised ("will pay on 2026-12-10" records the promise), dispute (records it),
    voicemail, unreachable, "wrong number", "asks for copy" (these bring the task back after some
    days), refused. Other words end the task.
    """
    from arsync.application.persons_words import recorded_view
    from arsync.application.tasks.tasks import CallReport, complete_task

    report = CallReport(
        outcome,
        note,
        promised_on.date() if promised_on else None,
        amount_of(amount),
        invoice,
        next_on.date() if next_on else None,
        corrects,
    )
    with opened(config_file) as (actor, container):
        recorded = complete_task(actor, container, key, report)
    if as_json:
        print_json(recorded_view(recorded))
    say(recorded.message)
    return EXIT_DONE
