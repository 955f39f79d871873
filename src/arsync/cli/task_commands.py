"""`tasks`, `done`: what waits for a person, and what came of it."""

from __future__ import annotations

from pathlib import Path

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
from arsync.errors import EXIT_DONE, EXIT_WAITING


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
