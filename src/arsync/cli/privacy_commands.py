"""`export`, `forget`: what a customer may ask for about their own data."""

from __future__ import annotations

from pathlib import Path

import click

from arsync.cli.common import config_option, connection_option, json_option, opened, say, word
from arsync.cli.json_output import print_json
from arsync.errors import EXIT_DONE


@click.command()
@click.argument("contact")
@connection_option
@json_option
@config_option
def export(
    contact: str,
    connection: tuple[str, ...],
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Print all data held about one customer.

    Prints JSON to stdout: the copy of the platform's documents, promises and disputes, and every
    action with its events. The platform holds more; this is what arsync has.
    """
    del as_json  # it is JSON either way; a program may say --json to every command
    from arsync.application.customer_data import export_contact

    with opened(config_file) as (actor, container):
        print_json(export_contact(actor, container, contact, connection=connection))
    return EXIT_DONE


@click.command()
@click.argument("contact")
@click.option("--yes", is_flag=True, help="Skip the confirmation.")
@connection_option
@json_option
@config_option
def forget(
    contact: str, yes: bool, connection: tuple[str, ...], as_json: bool, config_file: Path | None
) -> int:
    """Anonymise what arsync recorded about one customer.

    Names, addresses and texts are removed permanently. Ids, numbers, amounts and dates stay, so
    that nothing happens twice and the books are complete. Customers who still owe money are
    refused. As long as the platform has the customer, the copy of its documents follows the
    platform.
    """
    from arsync.application.customer_data import forget_contact

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
            "The platform still has this customer, and the copy follows the platform. Delete the "
            "customer or its details there, run `arsync pull`, and run `arsync forget` again."
        )
    return EXIT_DONE
