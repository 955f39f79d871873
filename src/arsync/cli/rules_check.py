"""`rules check`: everything that is wrong with a rulebook, once or after each change."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arsync.cli.common import (
    config_of,
    config_option,
    connection_option,
    json_option,
    opened,
    say,
    word,
)
from arsync.cli.json_output import print_json
from arsync.errors import EXIT_DONE, EXIT_MISTAKE

if TYPE_CHECKING:
    from arsync.application.organisation.connection_choice import ConnectionChoice
    from arsync.application.rules.rule_files import CheckedRules
    from arsync.config import Config

WATCH_SECONDS = 0.5
"""How often `--watch` looks whether a file has changed."""

_WATCHED = frozenset({".yaml", ".yml", ".txt", ".html"})

Signature = tuple[tuple[str, int, int], ...]


@click.command("check", short_help="Report all mistakes in a rulebook.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--watch", is_flag=True, help="Check again after each change, until Ctrl-C.")
@connection_option
@json_option
@config_option
def rules_check(
    paths: tuple[Path, ...],
    watch: bool,
    connection: ConnectionChoice,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Report all mistakes in a rulebook, with line and column.

    PATHS are files or folders. Without them, the rules folder is checked, also against what each
    connection's platform offers and, after a pull, against its customers. Warnings point out rules
    that can never apply; they stop nothing. With --watch --json each check is one line.
    """

    def work() -> int:
        return _print(_checked(paths, connection, config_file), as_json=as_json, one_line=watch)

    if not watch:
        return work()
    places = list(paths) or [_config(config_file).rules_folder]
    return watched(lambda: signature(places), work, lambda: time.sleep(WATCH_SECONDS))


def watched(
    look: Callable[[], Signature], work: Callable[[], int], wait: Callable[[], None]
) -> int:
    """Do the work, and again whenever what `look` returns has changed; ends on Ctrl-C."""
    from arsync.errors import UserMistake

    before: Signature | None = None
    try:
        while True:
            now = look()
            if now != before:
                first, before = before is None, now
                if not first:
                    say(f"\nChanged at {time.strftime('%H:%M:%S')}:")
                try:
                    work()
                except (
                    UserMistake
                ) as mistake:  # a file that is being saved is not there for a moment
                    say(str(mistake))
                if first:
                    say("Waiting for a change; Ctrl-C to stop.")
            wait()
    except KeyboardInterrupt:
        return EXIT_DONE


def signature(places: Sequence[Path]) -> Signature:
    """Return what tells whether a rulebook's files or texts have changed."""
    states = []
    for file in sorted(set(_files(places))):
        try:
            state = file.stat()
        except OSError:
            continue  # gone between listing and looking
        states.append((str(file), state.st_mtime_ns, state.st_size))
    return tuple(states)


def _files(places: Sequence[Path]) -> Iterator[Path]:
    for place in places:
        if place.is_dir():
            yield from (path for path in place.rglob("*") if path.suffix in _WATCHED)
        else:
            yield place


def _config(config_file: Path | None) -> Config:
    from arsync.config import load_config

    return load_config(config_file)


def _checked(
    paths: tuple[Path, ...], connection: ConnectionChoice, config_file: Path | None
) -> CheckedRules:
    from arsync.application.rules.rule_files import check_files, check_shared_rules

    if paths:
        return check_files(_config(config_file), paths)
    if not connection and _nothing_connected(config := config_of(config_file)):
        return check_shared_rules(config)

    from arsync.application.rules.rule_checking import check_rules

    with opened(config_file) as (actor, container):
        return check_rules(actor, container, connection)


def _nothing_connected(config: Config) -> bool:
    """Return whether there is no store yet: then a check needs none, and makes none."""
    return config.store_file is not None and not config.store_file.exists()


def _print(checked: CheckedRules, *, as_json: bool, one_line: bool) -> int:
    from arsync.application.rules.rule_files import check_view

    if as_json:
        print_json(check_view(checked), one_line=one_line)
        return EXIT_MISTAKE if checked.errors else EXIT_DONE
    for line in (*checked.problems, *checked.warnings):
        click.echo(line)
    good = ", ".join(checked.names) or "The rulebook"
    doubts = f" {word(len(checked.warnings), 'warning')}." if checked.warnings else ""
    say(
        f"{word(checked.errors, 'mistake')}." if checked.errors else f"{good}: no mistakes.{doubts}"
    )
    return EXIT_MISTAKE if checked.errors else EXIT_DONE
