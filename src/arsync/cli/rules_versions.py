"""`rules versions`: the rulebooks that were gone by."""

from __future__ import annotations

from pathlib import Path

import click

from arsync.cli.common import config_option, json_option, opened, print_table
from arsync.cli.json_output import print_json
from arsync.clock import in_words
from arsync.core.rulebook.rules_text import short_hash
from arsync.errors import EXIT_DONE


@click.command("versions", short_help="List the rulebooks that runs went by, by hash.")
@json_option
@config_option
def rules_versions(as_json: bool, config_file: Path | None) -> int:
    """List the rulebooks that runs went by, with their hashes, the latest first.

    Each run keeps the text of its rulebook, and of the letters that go with it, before it saves or
    sends anything. `arsync rules show --version HASH` prints one, and `arsync rules diff HASH`
    compares it with today's.
    """
    from arsync.application.rules.rulebook_versions import rulebook_versions, version_view

    with opened(config_file) as (actor, container):
        versions = rulebook_versions(actor, container)
    if as_json:
        print_json([version_view(version) for version in versions])
        return EXIT_DONE
    if not versions:
        click.echo("No run has gone by a rulebook yet.")
        return EXIT_DONE
    print_table(
        "",
        ["rulebook", "letters", "first used", "by", "from", "actions"],
        [
            [
                short_hash(version.hash),
                short_hash(version.letters_hash) or "shipped",
                in_words(version.recorded_at, None),
                version.recorded_by,
                version.source,
                f"{version.planned:,}",
            ]
            for version in versions
        ],
        right=["actions"],
    )
    for version in versions:
        if version.redacted_at is not None:
            day = version.redacted_at.date().isoformat()
            click.echo(
                f"{short_hash(version.hash)}: a customer's name was taken out of it on {day}."
            )
    return EXIT_DONE
