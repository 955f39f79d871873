"""`hold`, `release` and `leave-alone`: what a person decides about a customer by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import asdict

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
from arsync.errors import EXIT_DONE, UserMistake

if TYPE_CHECKING:
    from arsync.application.customers.hold_decisions import HoldDecided
    from arsync.application.desk.left_alone import LeftAloneView
    from arsync.application.organisation.connection_choice import ConnectionChoice


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
    from arsync.application.customers.hold_customer import hold_customer

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
    from arsync.application.customers.release_customer import release_customer

    with opened(config_file) as (actor, container):
        decided = release_customer(
            actor, container, contact, reason=reason, until=_day(until), connection=connection
        )
    return _show(decided, as_json=as_json)


@click.command("leave-alone")
@click.argument("contact", required=False)
@click.option("--until", type=DAY, metavar="DATE", help="The last day on which it is left alone.")
@click.option("--reason", default="", help="Why; everybody who looks at the customer reads it.")
@click.option("--end", is_flag=True, help="Go by the rulebook again.")
@connection_option
@json_option
@config_option
def leave_alone(
    contact: str | None,
    until: datetime | None,
    reason: str,
    connection: ConnectionChoice,
    config_file: Path | None,
    *,
    end: bool,
    as_json: bool,
) -> int:
    """Leave a customer alone until a day, end that, or list whom.

    Until then there is no letter, no hold and no task. What waits about the customer is withdrawn
    by the next run. Without CONTACT it lists whom people leave alone.
    """
    from arsync.application.connections.connecting import connections
    from arsync.application.customers import customer_pauses
    from arsync.application.desk.left_alone import everybody_left_alone

    if contact is None:
        if end or until or reason:
            raise UserMistake("say which customer: arsync leave-alone CUSTOMER --until DATE")
        with opened(config_file) as (actor, container):
            views = [
                (organisation.name, view)
                for organisation in connections(actor, container, connection)
                for view in everybody_left_alone(actor, organisation)
            ]
        return _show_left_alone(views, as_json=as_json)
    if end == (until is not None):
        raise UserMistake("give the last day with --until, or --end.")
    with opened(config_file) as (actor, container):
        if until is None:
            message = customer_pauses.no_longer_leave_alone(
                actor, container, contact, connection=connection
            )
        else:
            message = customer_pauses.leave_alone(
                actor, container, contact, until=until.date(), reason=reason, connection=connection
            )
    if as_json:
        print_json({"message": message})
    say(message)
    return EXIT_DONE


def _show_left_alone(views: Sequence[tuple[str, LeftAloneView]], *, as_json: bool) -> int:
    if as_json:
        print_json([{"connection": name, **asdict(view)} for name, view in views])
    elif not views:
        click.echo("Nobody is left alone by hand.")
    else:
        print_table(
            "",
            ["connection", "customer", "until", "by", "why"],
            [
                [name, view.customer, view.until.isoformat(), view.by, view.reason]
                for name, view in views
            ],
        )
    return EXIT_DONE


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _show(decided: HoldDecided, *, as_json: bool) -> int:
    from arsync.application.customers.hold_decisions import for_programs

    if as_json:
        print_json(for_programs(decided))
    say(decided.message)
    return EXIT_DONE
