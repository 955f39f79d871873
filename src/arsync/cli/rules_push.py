"""`rules push`: the rules folder into the store, for machines that have none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from arsync.cli.common import config_option, json_option, one_connection_option, opened, say, word
from arsync.cli.json_output import print_json
from arsync.clock import in_words
from arsync.core.rulebook.rules_text import short_hash
from arsync.errors import EXIT_DONE, EXIT_WAITING

if TYPE_CHECKING:
    from arsync.application.rules.rules_push import PushedRulebook, PushedRulesFolder

FILES_SHOWN_MAX = 30
"""So many changed files are listed; `--json` lists all."""

RULEBOOKS_SHOWN_MAX = 20
"""So many rulebooks are listed, those of the most connections first."""

NAMES_SHOWN_MAX = 3
"""So many connections are named beside each."""


@click.command("push", short_help="Check the rules folder, and put it into the store.")
@one_connection_option
@json_option
@config_option
def rules_push(connection: str | None, as_json: bool, config_file: Path | None) -> int:
    """Check the rules folder, and put it into the store for every machine.

    Machines with `[rules] source = "store"` plan by what was pushed last, from their next run on.
    Rules, letters, scenarios and the shipped rulebooks that the rules extend are pushed. Nothing is
    pushed while anything in the rules or letters is wrong. With --connection, only that
    connection's own folder replaces the one that was pushed before. Where [rules] two_people_above
    is set, a push that treats more customers otherwise waits until somebody else pushes the same.
    """
    from arsync.application.rules.rules_push import push_rules, push_view
    from arsync.application.rules.rules_push_by_two import PushWaits

    with opened(config_file) as (actor, container):
        try:
            pushed = push_rules(actor, container, connection or "")
        except PushWaits as waits:
            if as_json:
                print_json(waits.view)
            say(str(waits))
            return EXIT_WAITING
    if as_json:
        print_json(push_view(pushed))
    else:
        _show(pushed)
    if not pushed.counts:
        say('This machine goes by its folder: [rules] source = "folder".')
    return EXIT_DONE


def _show(pushed: PushedRulesFolder) -> None:
    row = pushed.row
    when = f"{in_words(row.pushed_at, None)} by {row.pushed_by}, from {row.source}"
    if pushed.is_new:
        click.echo(f"Push {row.id}, {when}.")
    else:
        click.echo(f"Nothing has changed since push {row.id}, {when}.")
    for change in pushed.changes[:FILES_SHOWN_MAX]:
        click.echo(f"  {change.change:8} {change.path}")
    if len(pushed.changes) > FILES_SHOWN_MAX:
        more = len(pushed.changes) - FILES_SHOWN_MAX
        click.echo(f"  ... and {word(more, 'more file')}: --json lists them.")
    for rulebook in pushed.rulebooks[:RULEBOOKS_SHOWN_MAX]:
        click.echo(f"rulebook {short_hash(rulebook.hash)}{_whose(rulebook)}")
    if len(pushed.rulebooks) > RULEBOOKS_SHOWN_MAX:
        more = len(pushed.rulebooks) - RULEBOOKS_SHOWN_MAX
        click.echo(f"... and {word(more, 'more rulebook')}: --json lists them.")


def _whose(rulebook: PushedRulebook) -> str:
    names = rulebook.connections
    if not names:
        return ""
    more = len(names) - NAMES_SHOWN_MAX
    shown = ", ".join(names[:NAMES_SHOWN_MAX]) + (f" and {more:,} more" if more > 0 else "")
    return f": {shown}"
