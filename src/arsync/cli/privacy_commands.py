"""`export`, `forget`: what a customer may ask for about their own data."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from arsync.cli.common import config_option, connection_option, json_option, opened, say, word
from arsync.cli.json_output import print_json
from arsync.errors import EXIT_DONE, UserMistake
from arsync.files import new_private

if TYPE_CHECKING:
    from arsync.application.organisation.connection_choice import ConnectionChoice
    from arsync.application.organisation.organisation_context import OrganisationContext
    from arsync.application.permissions import Actor
    from arsync.application.reports.ledger_export import Entity


@click.command()
@click.argument("contact", required=False)
@click.option("--all", "everything", is_flag=True, help="Every entity, a file each.")
@click.option(
    "--entity", metavar="NAME", help="One entity of the whole ledger, to stdout: invoices, ..."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "jsonl"]),
    default="csv",
    show_default=True,
    help="For --all and --entity: a table, or a JSON object a line.",
)
@click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False), help="A new folder for --all."
)
@connection_option
@json_option
@config_option
def export(
    contact: str | None,
    everything: bool,
    entity: str | None,
    form: str,
    output: Path | None,
    connection: ConnectionChoice,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Print all data held about one customer, or export whole ledgers.

    Prints JSON to stdout: the copy of the platform's documents, promises, payment plans, disputes,
    and every action with its events. The platform holds more; this is what arsync has.

    With --all --output FOLDER, all customers, invoices, payments, credits, allocations, promises,
    payment plans, disputes, letters, numbered notices, holds, limits, applications for credit and
    actions are written as CSV or JSON lines, with the same columns for both platforms:
    docs/export.md lists them.
    """
    del as_json  # one customer is JSON either way; a program may say --json to every command
    if [contact is not None, everything, entity is not None].count(True) != 1:
        raise UserMistake("name a customer, or say --entity NAME, or --all --output FOLDER.")
    if everything != (output is not None):
        raise UserMistake("--all and --output FOLDER belong together.")
    with opened(config_file) as (actor, container):
        if contact is not None:
            from arsync.application.customers.customer_data import export_contact

            print_json(export_contact(actor, container, contact, connection=connection))
            return EXIT_DONE
        from arsync.application.connections.connecting import connections

        organisations = connections(actor, container, connection)
        if output is not None:
            _export_all(actor, organisations, form, output)
        else:
            _write(actor, organisations, _entity(entity or ""), form, sys.stdout)
    return EXIT_DONE


def _entity(name: str) -> Entity:
    from arsync.application.reports.ledger_export import ENTITIES

    if name not in ENTITIES:
        raise UserMistake(f"there is no entity {name!r}. There are: {', '.join(ENTITIES)}.")
    return ENTITIES[name]


def _export_all(
    actor: Actor, organisations: Sequence[OrganisationContext], form: str, folder: Path
) -> None:
    from arsync.application.reports.ledger_export import ENTITIES

    try:
        # Customers' data: for the owner alone, and never over a file of somebody's.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UserMistake(f"{folder}: this folder is not empty. Name a new one.")
        for entity in ENTITIES.values():
            file = folder / f"{entity.name}.{form}"
            with new_private(file) as out:
                count = _write(actor, organisations, entity, form, out)
            say(f"wrote {file} ({word(count, 'row')})")
    except OSError as error:
        raise UserMistake(f"{folder}: {error.strerror}.") from None


def _write(
    actor: Actor,
    organisations: Sequence[OrganisationContext],
    entity: Entity,
    form: str,
    out: TextIO,
) -> int:
    from arsync.application.reports.ledger_export import export_rows, write_csv, write_json_lines

    write = write_csv if form == "csv" else write_json_lines
    return write(entity, export_rows(actor, organisations, entity), out)


@click.command()
@click.argument("contact")
@click.option("--yes", is_flag=True, help="Skip the confirmation.")
@connection_option
@json_option
@config_option
def forget(
    contact: str, yes: bool, connection: ConnectionChoice, as_json: bool, config_file: Path | None
) -> int:
    """Anonymise what arsync recorded about one customer.

    Names, addresses and texts are removed permanently. Ids, numbers, amounts and dates stay, so
    that nothing happens twice and the books are complete. Customers who still owe money are
    refused. As long as the platform has the customer, the copy of its documents follows the
    platform.
    """
    from arsync.application.customers.customer_data import forget_contact

    with opened(config_file) as (actor, container):
        if not yes:
            click.confirm(f"Forget {contact}? It cannot be undone", abort=True, err=True)
        done = forget_contact(actor, container, contact, connection=connection)
    if as_json:
        print_json(done)
        return EXIT_DONE
    say(f"{word(done.actions, 'action')} anonymised.")
    if done.copy_stays:
        say(
            "The customer is active at the platform, and the copy follows the platform. Archive "
            "the customer there (make it inactive), run `arsync pull`, and `arsync forget` again."
        )
    return EXIT_DONE
