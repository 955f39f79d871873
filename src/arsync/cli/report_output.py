"""What reports share: their form, and the file that they are written to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from arsync.cli.common import say, word, write_output
from arsync.cli.json_output import json_text
from arsync.errors import UserMistake

if TYPE_CHECKING:
    from arsync.config import Config

F = TypeVar("F", bound=Callable[..., Any])
Table = TypeVar("Table")

output_option = click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write to a file instead of stdout.",
)


def format_option(usual: str, *others: str) -> Callable[[F], F]:
    """Return the option that chooses a report's form; the first one is what it has by itself."""
    return click.option(
        "--format",
        "form",
        type=click.Choice([usual, *others]),
        default=usual,
        show_default=True,
        help="The format.",
    )


def give(text: str, output: Path | None, connections: int, config: Config) -> None:
    """Print a report's text, or write it to a file."""
    if output is None:
        click.echo(text, nl=False)
        return
    write_output(output, text, config)
    say(f"wrote {output} ({word(connections, 'connection')})")


def give_tables(
    tables: Sequence[Table],
    form: str,
    output: Path | None,
    config: Config,
    *,
    view: Callable[[Table], object],
    csv: Callable[[Sequence[Table]], str],
    show: Callable[[Table], object],
) -> None:
    """Give a report of several connections, a table for each.

    Args:
        tables: of the connections.
        form: `json` by `view`, `csv` by `csv`, else by `show`, which prints one.
        output: the file; None: stdout.
        config: names the folder of files.
        view: makes the JSON of a table.
        csv: makes one text of all.
        show: prints a table.

    Raises:
        UserMistake: a file is wanted of what is only shown.
    """
    if form == "json":
        give(json_text([view(table) for table in tables]) + "\n", output, len(tables), config)
    elif form == "csv":
        give(csv(tables), output, len(tables), config)
    elif output is not None:
        raise UserMistake("--output needs --format csv or json.")
    else:
        for table in tables:
            show(table)
