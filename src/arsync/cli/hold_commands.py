"""`hold` and `release`: what a person decides about a customer's credit hold."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arsync.cli.common import DAY, config_option, connection_option, json_option, opened, say
from arsync.cli.json_output import print_json
from arsync.errors import EXIT_DONE

if TYPE_CHECKING:
    from arsync.application.connection_choice import ConnectionChoice
    from arsync.application.hold_decisions import HoldDecided


@click.command()
@click.argument("contact")
@click.option("--reason", default="", help="Why; it is written into the books.")
@click.option("--until", type=DAY, metavar="DATE", help="The last day of the hold.")
@connection_option
@json_option
@config_option
def hold(
    contact: str,
    reason: str,
    until: datetime | None,
    connection: ConnectionChoice,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Put a customer on hold by hand.

    No rule lifts this hold: it ends after its last day, or with `arsync release`.
    """
    from arsync.application.hold_customer import hold_customer

    with opened(config_file) as (actor, container):
        decided = hold_customer(
            actor, container, contact, reason=reason, until=_day(until), connection=connection
        )
    return _show(decided, as_json=as_json)


@click.command()
@click.argument("contact")
@click.option("--reason", default="", help="Why; it is written into the books.")
@click.option("--until", type=DAY, metavar="DATE", help="The last day without a hold.")
@connection_option
@json_option
@config_option
def release(
    contact: str,
    reason: str,
    until: datetime | None,
    connection: ConnectionChoice,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Release a customer from its hold by hand.

    No rule places a hold again until after the last day; without one, until no rule asks for a hold
    any more.
    """
    from arsync.application.release_customer import release_customer

    with opened(config_file) as (actor, container):
        decided = release_customer(
            actor, container, contact, reason=reason, until=_day(until), connection=connection
        )
    return _show(decided, as_json=as_json)


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _show(decided: HoldDecided, *, as_json: bool) -> int:
    if as_json:
        print_json(decided)
    say(decided.message)
    return EXIT_DONE
