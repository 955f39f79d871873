"""A customer's timeline, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from arsync.cli.common import print_table, word
from arsync.cli.render import KEY_SHOWN

if TYPE_CHECKING:
    from arsync.application.timeline.customer_timeline import Timeline


def show_timeline(timeline: Timeline) -> None:
    """Print events, newest last, with a word on what is not among them."""
    title = f"{timeline.contact.name} ({timeline.connection}), up to {timeline.until.isoformat()}"
    click.secho(title, bold=True)
    if timeline.left_out:
        click.echo(f"  {word(timeline.left_out, 'earlier event')} not shown: --full shows them.")
    if timeline.events:
        print_table(
            "",
            ["day", "what", "event", "by", "key"],
            [
                [event.on.isoformat(), event.kind, event.text, event.by, event.key[:KEY_SHOWN]]
                for event in timeline.events
            ],
        )
    else:
        click.echo("  Nothing has happened yet.")
    for remark in timeline.remarks:
        click.echo(f"  ! {remark}")
