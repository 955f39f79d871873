"""`place`, `recall`, `placements`: debts handed to an agency or a lawyer."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arsync.cli.common import (
    config_option,
    connection_option,
    json_option,
    opened,
    print_table,
    say,
)
from arsync.cli.json_output import print_json
from arsync.cli.promise_commands import amount_of
from arsync.core.ledger.money import plain
from arsync.errors import EXIT_DONE, UserMistake

if TYPE_CHECKING:
    from arsync.application.organisation.connection_choice import ConnectionChoice
    from arsync.application.organisation.container import Container
    from arsync.application.permissions import Actor
    from arsync.application.persons_words import Recorded


@click.command()
@click.argument("customer")
@click.argument("invoices", nargs=-1, metavar="[INVOICE]...")
@click.option("--to", "agency", default="", metavar="AGENCY", help="The agency or the lawyer.")
@click.option("--cost", metavar="AMOUNT", help="What the placement has cost so far.")
@click.option(
    "--pack",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the papers for the agency into this new folder.",
)
@connection_option
@json_option
@config_option
def place(
    customer: str,
    invoices: tuple[str, ...],
    agency: str,
    cost: str | None,
    pack: Path | None,
    connection: ConnectionChoice,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Place a customer's debts with an agency or a lawyer.

    Without INVOICE it is every overdue one. What is disputed, promised or covered by a payment plan
    stays. While a debt is placed nothing else chases it. Without --to, --cost and --pack are about
    the latest placement.
    """
    if not agency and cost is None and pack is None:
        raise UserMistake('say with whom: arsync place CUSTOMER --to "Example Collections"')
    if invoices and not agency:
        raise UserMistake("--cost and --pack are about a whole placement: leave the invoices out.")
    with opened(config_file) as (actor, container):
        results = list(
            _placed(
                actor,
                container,
                customer,
                invoices,
                agency=agency,
                cost=amount_of(cost),
                pack=pack,
                connection=connection,
            )
        )
    return _show(results, as_json=as_json)


def _placed(
    actor: Actor,
    container: Container,
    customer: str,
    invoices: tuple[str, ...],
    *,
    agency: str,
    cost: Decimal | None,
    pack: Path | None,
    connection: ConnectionChoice,
) -> list[Recorded]:
    from arsync.application.agreements import placements as use_cases
    from arsync.application.agreements.placement_pack import refuse_taken_folder, write_pack

    if pack is not None:
        # Before anything is recorded: a slip in the name should leave nothing half done.
        refuse_taken_folder(pack)
    results = []
    if agency:
        placed = use_cases.place(
            actor, container, customer, agency=agency, invoices=invoices, connection=connection
        )
        results.append(placed)
    if cost is not None:
        results.append(
            use_cases.record_cost(actor, container, customer, cost, connection=connection)
        )
    if pack is not None:
        results.append(write_pack(actor, container, customer, pack, connection=connection))
    return results


@click.command()
@click.argument("customer")
@click.option("--returned", is_flag=True, help="The agency gave the debts back.")
@click.option("--cost", metavar="AMOUNT", help="What the placement has cost.")
@click.option("--why", "reason", default="", help="Why; it is written into the books.")
@connection_option
@json_option
@config_option
def recall(
    customer: str,
    returned: bool,
    cost: str | None,
    reason: str,
    connection: ConnectionChoice,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Take a customer's placed debts back.

    They are chased again from the step where they stood, and not placed again unless a rule asks
    for debts that came back, or you place them.
    """
    from arsync.application.agreements.placements import end_placement

    with opened(config_file) as (actor, container):
        ended = end_placement(
            actor,
            container,
            customer,
            returned=returned,
            reason=reason,
            cost=amount_of(cost),
            connection=connection,
        )
    return _show([ended], as_json=as_json)


@click.command()
@click.argument("customer", default="")
@connection_option
@json_option
@config_option
def placements(
    customer: str, connection: ConnectionChoice, as_json: bool, config_file: Path | None
) -> int:
    """List placements with what they brought and cost.

    The latest comes first; the share is the cost in percent of what was recovered.
    """
    from arsync.application.agreements.placements import placements as listed_placements

    with opened(config_file) as (actor, container):
        views = listed_placements(actor, container, customer, connection=connection)
    if as_json:
        print_json(views)
        return EXIT_DONE
    if not views:
        click.echo("No debts are placed.")
        return EXIT_DONE
    print_table(
        "",
        [
            "connection",
            "customer",
            "with",
            "since",
            "state",
            "placed",
            "recovered",
            "cost",
            "share",
            "invoices",
        ],
        [
            [
                view.connection,
                view.customer,
                view.agency,
                view.placed_on.isoformat(),
                view.state,
                _sums(view.placed),
                _sums(view.recovered),
                f"{view.cost_currency} {plain(view.cost)}" if view.cost is not None else "",
                f"{plain(view.share_percent)}%" if view.share_percent is not None else "",
                ", ".join(view.invoices),
            ]
            for view in views
        ],
    )
    return EXIT_DONE


def _sums(sums: dict[str, Decimal]) -> str:
    return " + ".join(f"{currency} {plain(amount)}" for currency, amount in sorted(sums.items()))


def _show(results: list[Recorded], *, as_json: bool) -> int:
    from arsync.application.persons_words import recorded_view

    if as_json:
        print_json([recorded_view(recorded) for recorded in results])
    for recorded in results:
        say(recorded.message)
    return EXIT_DONE
