"""`backup`, `restore`, `keys`, `rebuild`: so that nothing is lost."""

from __future__ import annotations

from pathlib import Path

import click

from arsync.cli.common import (
    config_option,
    connection_option,
    json_option,
    open_app,
    print_json,
    say,
    verbose_option,
    word,
)
from arsync.cli.runs_commands import finish, watched
from arsync.errors import EXIT_DONE, EXIT_WAITING

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("file", type=_FILE)
@json_option
@config_option
def backup(file: Path, as_json: bool, config_file: Path | None) -> int:
    """Write the whole store into one file, while runs go on.

    FILE is an SQLite store, also where the store itself is in PostgreSQL. It is checked before it
    gets its name. Customers' data is in it; tokens are too, encrypted. The key that opens them is
    not: keep it elsewhere.
    """
    with open_app(config_file) as app:
        size = app.store.back_up(file)
    if as_json:
        print_json({"file": str(file), "bytes": size})
    else:
        say(f"{file}: {size:,} bytes. To use it: arsync restore {file}, with an empty store.")
    return EXIT_DONE


@click.command()
@click.argument("file", type=_FILE)
@json_option
@config_option
def restore(file: Path, as_json: bool, config_file: Path | None) -> int:
    """Fill an empty store from a backup.

    Every connection then only observes: what was sent after the backup was taken is not in it, and
    must not be sent twice. A person looks first, and then lets them go on: `arsync connections`.
    """
    with open_app(config_file) as app:
        names = app.store.restore(file)
        where = app.store.url
    if as_json:
        print_json({"store": where, "connections": names, "mode": "observe"})
        return EXIT_WAITING
    say(f"{where} holds the backup: {', '.join(names) or 'no connections'}.")
    if names:
        say(
            "They only observe now: the backup does not know what was sent after it was taken.\n"
            "Next: arsync pull, and arsync plan. Then let every message wait for you, and reject "
            "what has gone already:\n"
            + "\n".join(f"    arsync connections {name} --mode approve" for name in names)
        )
    return EXIT_WAITING if names else EXIT_DONE


@click.group()
def keys() -> None:
    """Renew the key that encrypts the tokens."""


@keys.command()
@json_option
@config_option
def renew(as_json: bool, config_file: Path | None) -> int:
    """Make a new key, encrypt every token with it, and drop the old key.

    Do it when somebody who knew the key leaves, or may have seen it. Runs may go on meanwhile. A
    key that is given as ARSYNC_TOKENS_KEY cannot be changed from here: put a new one before it.
    Tokens in older backups cannot be opened afterwards: connect again after restoring one.
    """
    from arsync.store.admin.encryption_keys import VALUE_NAME

    with open_app(config_file) as app:
        count, where = app.store.tokens.renew_key()
    if as_json:
        print_json({"tokens": count, "key": where})
        return EXIT_DONE
    say(f"{word(count, 'token')} encrypted with the new key in {where}.")
    if where == VALUE_NAME:
        say(f"Now take the old key out of {where}: only the first one is needed.")
    return EXIT_DONE


@click.command()
@connection_option
@json_option
@verbose_option
@config_option
def rebuild(connection: str | None, as_json: bool, verbose: bool, config_file: Path | None) -> int:
    """Copy a ledger anew; nothing that people did is lost.

    Every document is read again. Actions, promises, disputes and agreements stay as they are. Who
    is cut off goes on with the next `arsync pull`.
    """
    from arsync.application.scheduler import stop_on_signals

    with (
        open_app(config_file, verbose=verbose) as app,
        watched(as_json=as_json) as watch,
        stop_on_signals() as stop,
    ):
        results = app.rebuild(connection, progress=watch, stop=stop.is_set)
    return finish(results, as_json=as_json, ignored=EXIT_WAITING)
