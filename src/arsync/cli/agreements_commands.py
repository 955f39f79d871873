"""`promise`, `dispute`, `tasks`, `done`: what people know and do."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import click

from arsync.cli.common import (
    DAY,
    config_option,
    connection_option,
    json_option,
    opened,
    print_table,
    say,
)
from arsync.cli.json_output import print_json
from arsync.errors import EXIT_DONE, EXIT_WAITING, UserMistake


def amount_of(text: str | None) -> Decimal | None:
    """Read an amount as people write it: `1500`, `1,500.00`.

    Raises:
        UserMistake: it is not an amount above zero.
    """
    if text is None:
        return None
    amount = Decimal(text.replace(",", "")) if _AMOUNT.fullmatch(text) else Decimal(0)
    if amount <= 0:
        raise UserMistake(f"{text!r} is not an amount. Write 1500 or 1,500.00.")
    return amount


_AMOUNT = re.compile(r"([0-9]{1,12}|[0-9]{1,3}(,[0-9]{3}){1,4})(\.[0-9]{1,2})?")


@click.command()
@click.argument("invoice")
@click.argument("day", type=DAY, metavar="DATE")
@click.argument("amount", required=False)
@click.option("--note", default="", help="The customer's words.")
@connection_option
@json_option
@config_option
def promise(
    invoice: str,
    day: datetime,
    amount: str | None,
    note: str,
    connection: tuple[str, ...],
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Record a promise to pay.

    INVOICE is the invoice's number, DATE has the form 2026-12-01, and AMOUNT is needed only for a
    part of the amount due.
    """
    from arsync.application import agreements
    from arsync.application.persons_words import recorded_view

    promised = agreements.PromiseToPay(day.date(), amount_of(amount), note)
    with opened(config_file) as (actor, container):
        recorded = agreements.promise(actor, container, invoice, promised, connection=connection)
    if as_json:
        print_json(recorded_view(recorded))
    say(recorded.message)
    return EXIT_DONE


@click.command()
@click.argument("invoice")
@click.option("--reason", default="", help="The customer's words.")
@click.option("--settled", is_flag=True, help="The dispute is settled.")
@connection_option
@json_option
@config_option
def dispute(
    invoice: str,
    reason: str,
    settled: bool,
    connection: tuple[str, ...],
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Record a dispute about an invoice, or its settlement."""
    from arsync.application.agreements import open_dispute, settle_dispute
    from arsync.application.persons_words import recorded_view

    if not settled and not reason.strip():
        raise UserMistake('give the reason: arsync dispute INVOICE --reason "wrong price"')
    with opened(config_file) as (actor, container):
        recorded = (
            settle_dispute(actor, container, invoice, connection=connection)
            if settled
            else open_dispute(actor, container, invoice, reason=reason, connection=connection)
        )
    if as_json:
        print_json(recorded_view(recorded))
    say(recorded.message)
    return EXIT_DONE


@click.command()
@connection_option
@json_option
@config_option
def tasks(connection: tuple[str, ...], as_json: bool, config_file: Path | None) -> int:
    """List the open tasks."""
    from arsync.application import connecting
    from arsync.application import tasks as open_tasks
    from arsync.application.result_views import listed_view
    from arsync.cli.render import about

    with opened(config_file) as (actor, container):
        listed_actions = open_tasks.tasks(actor, container, connection)
        zones = connecting.zones(actor, container)
    if as_json:
        print_json([listed_view(listed_action) for listed_action in listed_actions])
        return EXIT_WAITING if listed_actions else EXIT_DONE
    if not listed_actions:
        click.echo("No open tasks.")
        return EXIT_DONE
    print_table(
        "",
        ["key", "connection", "customer", "task", "for", "since", "invoices"],
        [
            [
                listed_action.row.key[:12],
                listed_action.connection,
                listed_action.row.action.contact_name,
                listed_action.row.action.payload.title,
                listed_action.row.action.payload.owner,
                f"{listed_action.row.created_at.astimezone(zones.get(listed_action.connection)):%Y-%m-%d}",
                about(listed_action.row.action),
            ]
            for listed_action in listed_actions
        ],
    )
    say("\nRecord one as done with: arsync done KEY --outcome TEXT")
    return EXIT_WAITING


@click.command()
@click.argument("key")
@click.option("--outcome", required=True, help="The outcome; it is noted in the platform.")
@json_option
@config_option
def done(key: str, outcome: str, as_json: bool, config_file: Path | None) -> int:
    """Record a task as done, with its outcome."""
    from arsync.application.persons_words import recorded_view
    from arsync.application.tasks import complete_task

    with opened(config_file) as (actor, container):
        recorded = complete_task(actor, container, key, outcome=outcome)
    if as_json:
        print_json(recorded_view(recorded))
    say(recorded.message)
    return EXIT_DONE
