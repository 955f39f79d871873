"""What reports share: their form, and the file that they are written to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from arsync.cli.common import say, word, write_output

if TYPE_CHECKING:
    from arsync.config import Config

F = TypeVar("F", bound=Callable[..., Any])

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
