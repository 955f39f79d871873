"""`dispute`: what a customer will not pay, and why."""

from __future__ import annotations

from pathlib import Path

import click

from arsync.cli.common import config_option, connection_option, json_option, opened, say
from arsync.cli.json_output import print_json
from arsync.errors import EXIT_DONE, UserMistake


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
    from arsync.application.disputes import open_dispute, settle_dispute
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
