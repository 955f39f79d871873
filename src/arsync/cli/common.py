"""What commands share: options, and printing for people and for programs."""

from __future__ import annotations

import difflib
import functools
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from arsync.core.ledger.business_days import OUT_OF_RANGE, is_in_range

if TYPE_CHECKING:
    from arsync.application.organisation.container import Container
    from arsync.application.permissions import Actor
    from arsync.config import Config

USER_VARIABLE = "ARSYNC_USER"
"""Names the address of a person of the desk: the shell then acts as they may."""

NOT_NOTED = frozenset({"config_file", "as_json", "yes", "verbose", "note", "no_browser"})
"""Options that say nothing of what was changed, or are somebody's own words about a customer."""

SAYS_NO_NAME = frozenset({"forget"})
"""Commands whose customer must not be named anywhere afterwards."""

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


class _Day(click.DateTime):
    """A day as `2026-12-31`, asked for in a person's words."""

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d"])

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            day: datetime = super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{value!r} is not a date. Write it as 2026-12-31.", param, ctx)
        if not is_in_range(day.date()):
            self.fail(f"{value!r} is {OUT_OF_RANGE}", param, ctx)
        return day


DAY = _Day()


def refuse_unknown_command(ctx: click.Context, name: str, names: Collection[str]) -> None:
    """Fail with the nearest of a group's commands when `name` is none of them."""
    if name in names:
        return
    near = difflib.get_close_matches(name, names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    ctx.fail(f"There is no command {name!r}.{hint}")


config_option = click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The config file (default: $ARSYNC_CONFIG, else ./config.toml).",
)


def _known_connections(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Return, for a shell that completes a word, the connections whose names begin like it."""
    from arsync.application.connections.connection_names import connection_names
    from arsync.application.permissions import person_at_the_shell
    from arsync.errors import ArsyncError

    try:
        names = connection_names(person_at_the_shell(), config_of(ctx.params.get("config_file")))
    except ArsyncError:
        return []  # without a config or a store there is nothing to complete, and nothing to say
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


_name_option = click.option(
    "--connection",
    multiple=True,
    metavar="NAME",
    shell_complete=_known_connections,
    help="Only these connections; repeat it, or give a pattern such as 'client-*' (default: all).",
)
label_option = click.option(
    "--label",
    multiple=True,
    metavar="TEXT",
    help="Only connections with this label; repeat it for any of several.",
)


def connection_option(command: F) -> F:
    """Let a command take `--connection` and `--label`: it gets both as one choice."""

    @functools.wraps(command)
    def with_choice(
        *words: Any, connection: tuple[str, ...], label: tuple[str, ...], **options: Any
    ) -> Any:
        from arsync.application.organisation.connection_choice import ConnectionChoice

        return command(*words, connection=ConnectionChoice(connection, label), **options)

    return cast("F", _name_option(label_option(with_choice)))


def _only_one(ctx: click.Context, _param: click.Parameter, names: tuple[str, ...]) -> str | None:
    if len(names) > 1:
        ctx.fail(f"Give one connection: {' or '.join(names)}.")
    return names[0] if names else None


one_connection_option = click.option(
    "--connection",
    multiple=True,
    metavar="NAME",
    shell_complete=_known_connections,
    callback=_only_one,
    help="Only this connection's own.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON to stdout.")
as_of_option = click.option(
    "--as-of",
    type=DAY,
    metavar="DATE",
    callback=lambda _ctx, _param, value: value.date() if isinstance(value, datetime) else None,
    help="As of this day (default: today at the organisation).",
)
verbose_option = click.option("-v", "--verbose", is_flag=True, help="Log calls to stderr.")


def config_of(config_file: Path | None, *, needs_config: bool = True) -> Config:
    """Return the config of a command.

    Raises:
        UserMistake: there is neither a config file nor a variable that stands in for one.
    """
    from arsync.config import SETTINGS, load_config, variable
    from arsync.errors import UserMistake

    config = load_config(config_file)
    if (
        needs_config
        and config.file is None
        and not any(variable(setting) in os.environ for setting in SETTINGS)
    ):
        # Going on with the defaults would leave a store in whatever folder this happens to be.
        raise UserMistake(
            "there is no config.toml here."
            "\n    hint: `arsync init` creates it; or name yours with --config FILE or "
            "ARSYNC_CONFIG"
        )
    return config


def write_output(path: Path, text: str | bytes, config: Config) -> None:
    """Write a report where a person wants it: never over a store, the config, the key or rules.

    Raises:
        UserMistake: it would replace one of these, or cannot be written.
    """
    from arsync.config import CONNECTIONS_FOLDER
    from arsync.files import write_report

    own = [config.file, config.key_file, config.store_file]
    write_report(
        path,
        text,
        files=[file for file in own if file is not None],
        folders=[config.rules_folder, config.folder / CONNECTIONS_FOLDER],
    )


@contextmanager
def opened(
    config_file: Path | None, *, verbose: bool = False, needs_config: bool = True
) -> Iterator[tuple[Actor, Container]]:
    """Return who asks and what a config file describes; opens nothing yet.

    Raises:
        UserMistake: there is neither a config file nor a variable that stands in for one.
    """
    import logging

    from arsync.application.organisation.container import Container
    from arsync.application.permissions import recording_changes
    from arsync.config import secret_texts
    from arsync.errors import ArsyncError, UserMistake
    from arsync.logs import set_up_logs
    from arsync.telemetry import traced

    config = config_of(config_file, needs_config=needs_config)
    set_up_logs(
        sys.stderr,
        as_json=config.logs.format == "json",
        level=logging.INFO if verbose else logging.WARNING,
        secrets=secret_texts(config),
    )
    with traced(), Container(config) as container, recording_changes() as changes:
        actor = _whoever_asks(container)
        try:
            yield actor, container
        except ArsyncError as error:
            # A mistake is found before anything is done; what ends halfway is answered for.
            if not isinstance(error, UserMistake):
                _note_changes(actor, container, changes, ended=False)
            raise
        _note_changes(actor, container, changes)


def _whoever_asks(container: Container) -> Actor:
    """Return who is at the shell: its owner, or the person of the desk that a variable names."""
    from arsync.application.people.persons import person_of_address
    from arsync.application.permissions import person_at_the_shell

    email = os.environ.get(USER_VARIABLE, "")
    # Whoever has the shell may do everything: the store and its key lie open to them.
    return person_of_address(container, email) if email else person_at_the_shell()


def _note_changes(
    actor: Actor, container: Container, changes: Collection[object], *, ended: bool = True
) -> None:
    """Write into the audit log what this command was permitted to change.

    Args:
        actor: who asked.
        container: has the log, if the store was opened at all.
        changes: what was permitted; nothing: the command only looked.
        ended: whether the command came to its end.
    """
    from arsync.application.people.audit import AuditEntry, note

    context = click.get_current_context(silent=True)
    if not changes or context is None or "store" not in container.__dict__:
        return
    command = context.command_path.removeprefix("arsync ")
    names = context.params.get("connection") or ()
    names = (names,) if isinstance(names, str) else tuple(names)
    is_named = context.info_name not in SAYS_NO_NAME
    note(
        container,
        AuditEntry(
            who=actor.name,
            source="command line",
            what=command if ended else f"{command}, cut short",
            about=" ".join(_given(context, click.Argument)) if is_named else "",
            words=" ".join(_given(context, click.Option)),
        ),
        connection=names[0] if len(names) == 1 else "",
    )


def _given(context: click.Context, kind: type[click.Parameter]) -> Iterator[str]:
    """Yield the arguments or the options of a command as somebody gave them."""
    for parameter in context.command.params:
        name = parameter.name or ""
        source = context.get_parameter_source(name)
        if type(parameter) is not kind or source is not ParameterSource.COMMANDLINE:
            continue
        if name in NOT_NOTED:
            continue
        value = context.params.get(name)
        values = value if isinstance(value, tuple) else (value,)
        texts = [f"{value.date() if isinstance(value, datetime) else value}" for value in values]
        if isinstance(parameter, click.Option):
            texts = [parameter.opts[0], *([] if parameter.is_flag else texts)]
        yield " ".join(texts)


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: Sequence[str] = (),
    if_room: Collection[str] = (),
) -> None:
    """Print a table for people: fitted to a terminal, one line for each row in a pipe.

    Where a terminal is too narrow for its columns, each row is printed as a few lines instead.

    Args:
        title: above it; empty: none.
        columns: their names.
        rows: a cell for each column.
        right: columns whose cells are aligned to the right.
        if_room: columns that are left out where the terminal is too narrow for them.
    """
    from rich.box import Box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    rows = list(rows)
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else _PIPE_WIDTH)
    whole = {*_WHOLE, *right}
    needed = [
        _width_needed(name, [row[at] for row in rows], whole=name in whole)
        for at, name in enumerate(columns)
    ]
    if sum(needed) + _GAP * (len(needed) - 1) > console.width:
        kept = [at for at, name in enumerate(columns) if name not in if_room]
        columns, rows = [columns[at] for at in kept], [[row[at] for at in kept] for row in rows]
        if if_room:
            print_table(title, columns, rows, right=right)
        else:
            _print_row_by_row(title, columns, rows)
        return
    # Only a line below the head: a frame would be noise, in a terminal and in a file.
    line_below_head = Box("    \n    \n ── \n    \n    \n    \n    \n    \n")
    table = Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        pad_edge=False,
        header_style="bold",
        show_edge=False,
        box=line_below_head,
    )
    for column, width in zip(columns, needed, strict=True):
        table.add_column(
            column,
            justify="right" if column in right else "left",
            overflow="fold",
            no_wrap=column in whole,
            min_width=width,
        )
    for row in rows:
        # Text, not str: a customer called "[bold]" is a name, not markup.
        table.add_row(*(Text(cell) for cell in row))
    with console.capture() as caught:
        console.print(table)
    for line in caught.get().splitlines():
        click.echo(line.rstrip())


def _width_needed(name: str, cells: Iterable[str], *, whole: bool) -> int:
    """Return how narrow a column may become: an amount is never broken, a text to some extent."""
    from rich.cells import cell_len

    natural = max(map(cell_len, [name, *cells]))
    return natural if whole else min(natural, _TEXT_WIDTH_MIN)


def _print_row_by_row(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print each row as its first cell, with the others that are not empty below it, by name."""
    if title:
        click.secho(title, bold=True)
    for first, *others in rows:
        click.secho(first or "-", bold=True)
        named = zip(columns[1:], others, strict=True)
        cells = [f"{name} {cell}" for name, cell in named if cell]
        if cells:
            # A name stays with its value, unless that is longer than a line.
            text = " · ".join(
                cell if len(cell) > _KEPT_WHOLE else cell.replace(" ", _GLUE) for cell in cells
            )
            click.echo(wrapped(text, indent=2).replace(_GLUE, " "))


_WHOLE = frozenset({"key", "connection", "changed", "next", "since", "state", "mode", "fact"})
"""Columns that are never broken: a key or a fact is copied, a day is read at a glance."""

_TEXT_WIDTH_MIN = 14
"""A text is not broken into lines that are shorter."""

_KEPT_WHOLE = 40
"""In a row that is printed as lines, a shorter value is not broken."""

_GLUE = "\N{NO-BREAK SPACE}"

_GAP = 3
"""The blanks between two columns."""

_PIPE_WIDTH = 10_000
"""Wide enough that no row is ever broken in a pipe, so that grep finds whole rows."""


def wrapped(text: str, *, indent: int) -> str:
    """Return a text indented, and broken to a terminal's width; in a pipe it stays one line."""
    import shutil
    import textwrap

    blanks = " " * indent
    if not sys.stdout.isatty():
        return blanks + text
    width = max(shutil.get_terminal_size().columns, indent + 20)
    return textwrap.fill(
        text,
        width,
        initial_indent=blanks,
        subsequent_indent=blanks,
        break_long_words=False,
        break_on_hyphens=False,
    )


def show_each(values: Iterable[T], show: Callable[[T], object]) -> None:
    """Show values one after the other, with an empty line between them."""
    for number, value in enumerate(values):
        if number:
            click.echo()
        show(value)


def say(message: str) -> None:
    """Print a line for people to stderr, so that stdout stays clean for `--json`."""
    click.echo(message, err=True)


def word(count: int, singular: str, plural: str = "") -> str:
    """Return `1 action`, `2 actions`, `1,000 actions`."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"
