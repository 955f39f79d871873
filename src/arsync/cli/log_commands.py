"""`log`: what people did and heard."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arsync.cli.common import DAY, config_option, connection_option, json_option, opened, say
from arsync.cli.json_output import print_json
from arsync.core.ledger.records import LogKind
from arsync.errors import EXIT_DONE, UserMistake

if TYPE_CHECKING:
    from arsync.application.organisation.connection_choice import ConnectionChoice

_KINDS = {kind.value.replace(" ", "-"): kind for kind in LogKind}


@click.command()
@click.argument("customer")
@click.argument("text", required=False, default="")
@click.option(
    "--kind",
    type=click.Choice(list(_KINDS)),
    default="note",
    show_default=True,
    help="What it was.",
)
@click.option("--on", "day", type=DAY, metavar="DATE", help="The day it happened (default: today).")
@click.option("--invoice", default="", metavar="INVOICE", help="The invoice it is about.")
@click.option("--take-back", type=int, metavar="NUMBER", help="Take this entry back.")
@click.option("--why", "reason", default="", help="Why an entry is taken back.")
@connection_option
@json_option
@config_option
def log(
    customer: str,
    text: str,
    kind: str,
    day: datetime | None,
    invoice: str,
    take_back: int | None,
    reason: str,
    connection: ConnectionChoice,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Log a call, a visit, a complaint or anything else that happened with a customer.

    It is noted in the accounting system, and `arsync why CUSTOMER --timeline` lists it with
    everything else. An entry taken back stays in the list, and says so; its note stays in the
    accounting system once it is there, with a second one beside it.
    """
    from arsync.application.customers import contact_log

    if take_back is not None and text:
        raise UserMistake("say what happened, or take an entry back: not both.")
    with opened(config_file) as (actor, container):
        if take_back is not None:
            logged = contact_log.take_back_entry(
                actor, container, customer, take_back, reason=reason, connection=connection
            )
        else:
            entry = contact_log.LogEntry(text, _KINDS[kind], day.date() if day else None, invoice)
            logged = contact_log.log(actor, container, customer, entry, connection=connection)
    if as_json:
        print_json(logged)
    say(logged.message)
    return EXIT_DONE
