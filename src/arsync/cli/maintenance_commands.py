"""`backup`, `restore`, `keys`, `rebuild`: so that nothing is lost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from arsync.cli.common import (
    config_option,
    connection_option,
    json_option,
    opened,
    say,
    verbose_option,
    word,
)
from arsync.cli.json_output import print_json
from arsync.cli.runs_commands import finish, watched
from arsync.errors import EXIT_DONE, EXIT_WAITING

if TYPE_CHECKING:
    from arsync.application.organisation.connection_choice import ConnectionChoice

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("file", type=_FILE)
@json_option
@config_option
def backup(file: Path, as_json: bool, config_file: Path | None) -> int:
    """Write the whole store to one file, even during runs.

    FILE is an SQLite store, even if the store itself is in PostgreSQL. It is checked before it gets
    its name. It contains customers' data and the encrypted tokens, but not the key that opens them:
    keep the key elsewhere.
    """
    from arsync.application.organisation.maintenance import back_up

    with opened(config_file) as (actor, container):
        size = back_up(actor, container, file)
    if as_json:
        print_json({"file": str(file), "bytes": size})
    else:
        say(f"{file}: {size:,} bytes. To restore it into an empty store: arsync restore {file}")
    return EXIT_DONE


@click.command()
@click.argument("file", type=_FILE)
@json_option
@config_option
def restore(file: Path, as_json: bool, config_file: Path | None) -> int:
    """Fill an empty store from a backup.

    Every connection then only observes: the backup does not contain what was sent after it was
    taken, and nothing may be sent twice. Check first, then change the mode with `arsync
    connections`.
    """
    from arsync.application.organisation import maintenance

    with opened(config_file) as (actor, container):
        restored = maintenance.restore(actor, container, file)
    if as_json:
        print_json(restored)
        return EXIT_WAITING
    names = restored.connections
    say(f"{restored.place} holds the backup: {', '.join(names) or 'no connections'}.")
    if names:
        say(
            "They only observe now: the backup does not contain what was sent after it was taken.\n"
            "What was approved waits for approval again.\n"
            "Next: arsync pull, and arsync plan. Then require approval for every message, and "
            "refuse those already sent:\n"
            + "\n".join(f"    arsync connections {name} --mode approve" for name in names)
        )
    # A script must not continue before a person has looked at the restored connections.
    return EXIT_WAITING if names else EXIT_DONE


@click.group()
def keys() -> None:
    """Renew the key that encrypts the tokens."""


@keys.command()
@json_option
@config_option
def renew(as_json: bool, config_file: Path | None) -> int:
    """Create a key, encrypt every token with it, and remove the old key.

    Run this when somebody who knew the key leaves, or when the key may have been exposed. Runs can
    continue. A key in ARSYNC_TOKENS_KEY cannot be changed by this command: put the new key before
    it. Tokens in older backups cannot be opened afterwards: connect again after restoring one.
    """
    from arsync.application.organisation.maintenance import renew_key

    with opened(config_file) as (actor, container):
        renewed = renew_key(actor, container)
    if as_json:
        print_json(renewed)
        return EXIT_DONE
    say(f"{word(renewed.tokens, 'token')} encrypted with the new key in {renewed.place}.")
    if renewed.old_key_stays:
        say(f"Now remove the old key from {renewed.place}: only the first key is needed.")
    return EXIT_DONE


@click.command()
@connection_option
@json_option
@verbose_option
@config_option
def rebuild(
    connection: ConnectionChoice, as_json: bool, verbose: bool, config_file: Path | None
) -> int:
    """Read a ledger from scratch; people's decisions are kept.

    Every document is read again. Actions, promises, disputes and agreements stay as they are. If
    it is interrupted, the next `arsync pull` resumes it.
    """
    from arsync.application.connections.connecting import connections
    from arsync.application.runs.pulling import RunWatch, rebuild_ledger
    from arsync.workers.stop_signals import stop_on_signals

    with (
        opened(config_file, verbose=verbose) as (actor, container),
        watched(as_json=as_json) as progress,
        stop_on_signals() as stop,
    ):
        watch = RunWatch(progress, stop.is_set)
        organisations = connections(actor, container, connection)
        results = [rebuild_ledger(actor, organisation, watch) for organisation in organisations]
    return finish(results, as_json=as_json, ignored=EXIT_WAITING)
