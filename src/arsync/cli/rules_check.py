"""`rules check`: everything that is wrong with a rulebook, once or after each change."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from arsync.cli.common import (
    config_of,
    config_option,
    connection_option,
    json_option,
    open_app,
    print_json,
    say,
    word,
)
from arsync.errors import EXIT_DONE, EXIT_MISTAKE

if TYPE_CHECKING:
    from arsync.application.facade import App
    from arsync.config import Config
    from arsync.rules_source.folder import Rules
    from arsync.store.models import ConnectionRow

WATCH_SECONDS = 0.5
"""How often `--watch` looks whether a file has changed."""

_WATCHED = frozenset({".yaml", ".yml", ".txt", ".html"})

Signature = tuple[tuple[str, int, int], ...]


class Checked(NamedTuple):
    """What a check found."""

    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    errors: int
    names: tuple[str, ...]


@click.command("check", short_help="Say everything that is wrong with a rulebook.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--watch", is_flag=True, help="Check again after each change, until Ctrl-C.")
@connection_option
@json_option
@config_option
def rules_check(
    paths: tuple[Path, ...],
    watch: bool,
    connection: str | None,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Say everything that is wrong with a rulebook, with line and column.

    PATHS are files or folders; without them, the rules folder of the config, also against what
    each connection's platform offers and, once it is pulled, against its customers. Warnings name
    what can never happen; they stop nothing. With --watch --json each check is one line.
    """

    def work() -> int:
        return _print(_checked(paths, connection, config_file), as_json=as_json, one_line=watch)

    if not watch:
        return work()
    places = list(paths) or [_config(config_file).path("rules", "folder")]
    return watched(lambda: signature(places), work, lambda: time.sleep(WATCH_SECONDS))


def watched(
    look: Callable[[], Signature], work: Callable[[], int], wait: Callable[[], None]
) -> int:
    """Do the work, and again whenever what `look` returns has changed; ends on Ctrl-C."""
    from arsync.errors import UserMistake

    seen: Signature | None = None
    try:
        while True:
            now = look()
            if now != seen:
                first, seen = seen is None, now
                if not first:
                    say(f"\nChanged at {time.strftime('%H:%M:%S')}:")
                try:
                    work()
                except (
                    UserMistake
                ) as mistake:  # a file that is being saved is not there for a moment
                    say(str(mistake))
                if first:
                    say("Waiting for a change; Ctrl-C ends.")
            wait()
    except KeyboardInterrupt:
        return EXIT_DONE


def signature(places: Sequence[Path]) -> Signature:
    """Return what tells whether a rulebook's files or texts have changed."""
    found = []
    for file in sorted(set(_files(places))):
        try:
            state = file.stat()
        except OSError:
            continue  # gone between listing and looking
        found.append((str(file), state.st_mtime_ns, state.st_size))
    return tuple(found)


def _files(places: Sequence[Path]) -> Iterator[Path]:
    for place in places:
        if place.is_dir():
            yield from (path for path in place.rglob("*") if path.suffix in _WATCHED)
        else:
            yield place


def _config(config_file: Path | None) -> Config:
    from arsync.config import load_config

    return load_config(config_file)


def _checked(paths: tuple[Path, ...], connection: str | None, config_file: Path | None) -> Checked:
    from arsync.core.rulebook import rulebook_warnings

    more: list[str] = []
    if paths:
        from arsync.rules_source.folder import read_paths

        ruleses = [read_paths(_config(config_file), paths)]
        lacking: list[str] = []
    elif connection is None and _nothing_connected(config := config_of(config_file)):
        from arsync.rules_source.folder import read_rules

        ruleses, lacking = [read_rules(config)], []
    else:
        with open_app(config_file) as app:
            ruleses, lacking, more = _of_connections(app, connection)
    warnings = [
        str(rulebook_warning)
        for read in ruleses
        if read.rulebook
        for rulebook_warning in rulebook_warnings(read.rulebook)
    ]
    return Checked(
        tuple(
            dict.fromkeys([*lacking, *(problem for read in ruleses for problem in read.problems)])
        ),
        tuple(dict.fromkeys([*warnings, *more])),
        len(lacking) + sum(read.errors for read in ruleses),
        tuple(dict.fromkeys(read.rulebook.name for read in ruleses if read.rulebook)),
    )


def _nothing_connected(config: Config) -> bool:
    """Return whether there is no store yet: then a check needs none, and makes none."""
    kind, _, file = config.store_url.partition(":///")
    return kind == "sqlite" and not Path(file).exists()


def _of_connections(app: App, connection: str | None) -> tuple[list[Rules], list[str], list[str]]:
    """Return each connection's rulebook, what its platform lacks, what its ledger contradicts."""
    if connection:
        rows = [app.store.connections.get(connection)]
    else:
        rows = list(app.store.connections.all())
    ruleses = [app.rules(row.name) for row in rows] or [app.rules()]
    lacking: list[str] = []
    warnings: list[str] = []
    for row, read in zip(rows, ruleses, strict=False):
        lacking += app.lacking(read, row)
        warnings += _of_the_ledger(app, row, read)
    return ruleses, lacking, warnings


def _of_the_ledger(app: App, row: ConnectionRow, read: Rules) -> list[str]:
    from arsync.core.planning.ledger_warnings import ledger_warnings

    if read.rulebook is None:
        return []
    problems = ledger_warnings(read.rulebook, app.accounts(row), row.organisation, app.today(row))
    return [f"{problem} ({row.name})" if not problem.hint else str(problem) for problem in problems]


def _print(found: Checked, *, as_json: bool, one_line: bool) -> int:
    if as_json:
        print_json(
            {
                "ok": not found.errors,
                "problems": found.problems,
                "warnings": found.warnings,
                "rulebooks": found.names,
            },
            one_line=one_line,
        )
        return EXIT_MISTAKE if found.errors else EXIT_DONE
    for line in (*found.problems, *found.warnings):
        click.echo(line)
    good = ", ".join(found.names) or "The rulebook"
    doubts = f" {word(len(found.warnings), 'warning')}." if found.warnings else ""
    say(f"{found.errors} to mend." if found.errors else f"{good}: nothing wrong.{doubts}")
    return EXIT_MISTAKE if found.errors else EXIT_DONE
