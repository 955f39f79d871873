"""`promise`: what a customer promised to pay."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import click

from arsync.cli.common import DAY, config_option, connection_option, json_option, opened, say
from arsync.cli.json_output import print_json
from arsync.errors import EXIT_DONE, UserMistake


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
    from arsync.application import promises
    from arsync.application.persons_words import recorded_view

    promised = promises.PromiseToPay(day.date(), amount_of(amount), note)
    with opened(config_file) as (actor, container):
        recorded = promises.promise(actor, container, invoice, promised, connection=connection)
    if as_json:
        print_json(recorded_view(recorded))
    say(recorded.message)
    return EXIT_DONE
