"""What commands share: options, and printing for people and for programs."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from arsync.run import App

F = TypeVar("F", bound=Callable[..., Any])

DAY = click.DateTime(["%Y-%m-%d"])

config_option = click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The config file (default: $ARSYNC_CONFIG, else ./config.toml).",
)
connection_option = click.option(
    "--connection", metavar="NAME", help="One connection; without it, all."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON to stdout.")
as_of_option = click.option(
    "--as-of",
    type=DAY,
    callback=lambda _ctx, _param, value: value.date() if isinstance(value, datetime) else None,
    help="As of this day (default: the organisation's today).",
)
verbose_option = click.option("-v", "--verbose", is_flag=True, help="Log calls to stderr.")


def open_app(config_file: Path | None, *, verbose: bool = False) -> App:
    """Return the application for a config file; opens nothing yet."""
    from arsync.config import load_config
    from arsync.run import App

    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    return App(load_config(config_file))


def print_json(value: Any) -> None:
    """Print a value as JSON; dates as ISO texts, money as decimal strings."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=_plain))


def _plain(value: Any) -> Any:
    from decimal import Decimal

    from arsync.core.money import plain

    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = ()
) -> None:
    """Print a table for people: plain aligned text in a pipe, with rules on a terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", title_style="bold", box=SIMPLE_HEAD,
                  pad_edge=False, header_style="bold")  # fmt: skip
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        # Text, not str: a customer called "[bold]" is a name, not markup.
        table.add_row(*(Text(cell) for cell in row))
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 160, soft_wrap=False)
    console.print(table)


def say(message: str) -> None:
    """Print a line for people to stderr, so that stdout stays clean for `--json`."""
    click.echo(message, err=True)


def word(count: int, singular: str, plural: str = "") -> str:
    """Return `1 action`, `2 actions`, `1,000 actions`."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"
