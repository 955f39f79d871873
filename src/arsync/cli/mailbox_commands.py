"""The command `mailbox`: what came back of letters."""

from __future__ import annotations

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
    word,
)
from arsync.cli.json_output import print_json
from arsync.errors import EXIT_DONE, EXIT_FAILED

if TYPE_CHECKING:
    from arsync.application.organisation.connection_choice import ConnectionChoice


@click.command()
@connection_option
@json_option
@config_option
def mailbox(connection: ConnectionChoice, as_json: bool, config_file: Path | None) -> int:
    """Read what came back of letters.

    Reports of mail servers, automatic replies and answers are matched to letters by their ids.
    `sync` does the same before it plans. Nothing is changed in the mailbox.
    """
    from arsync.application.connections.connecting import connections
    from arsync.application.runs.mailbox import mailbox_view, read_mailbox

    with opened(config_file) as (actor, container):
        readings = [
            (organisation.name, read_mailbox(actor, organisation))
            for organisation in connections(actor, container, connection)
        ]
    if as_json:
        print_json([mailbox_view(name, result) for name, result in readings])
    else:
        rows = [
            [name, news.customer, news.key[:12], news.text]
            for name, result in readings
            for news in result.news
        ]
        if rows:
            print_table("", ["connection", "customer", "letter", "what came"], rows)
        for name, result in readings:
            if result.failure or result.skipped:
                say(f"{name}: {result.failure or result.skipped}.".replace("..", "."))
            else:
                more = "; more wait" if result.more else ""
                say(f"{name}: {word(result.messages, 'message')} read{more}.")
    return EXIT_FAILED if any(result.failure for _, result in readings) else EXIT_DONE
