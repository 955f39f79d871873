"""What reports share: their form, and the file that they are written to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from arsync.cli.common import opened, print_table, say, word, wrapped, write_output
from arsync.cli.json_output import json_text
from arsync.errors import EXIT_DONE, UserMistake

if TYPE_CHECKING:
    from arsync.application.organisation.connection_choice import ConnectionChoice
    from arsync.application.organisation.organisation_context import OrganisationContext
    from arsync.application.permissions import Actor
    from arsync.application.reports.report_page import ReportSection
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


def report_connections(
    make: Callable[[Actor, OrganisationContext], Table],
    *,
    config_file: Path | None,
    connection: ConnectionChoice,
    form: str,
    output: Path | None,
    view: Callable[[Table], object],
    csv: Callable[[Sequence[Table]], str],
    heading: str,
    sections: Callable[[Table], Sequence[ReportSection]],
) -> int:
    """Make a report of each connection and give it; returns the command's exit code.

    Args:
        make: makes the table of one connection.
        config_file: names the installation.
        connection: of which connections.
        form: `json` by `view`, `csv` by `csv`, `html` or printed by `sections`.
        output: the file; None: stdout.
        view: makes the JSON of a table.
        csv: makes one text of all.
        heading: of a page of all.
        sections: makes what people are shown of a table.

    Raises:
        UserMistake: a file is wanted of what is only shown.
    """
    from arsync.application.connections.connecting import connections

    with opened(config_file) as (actor, container):
        tables = [
            make(actor, organisation) for organisation in connections(actor, container, connection)
        ]
    config = container.config
    if form == "json":
        give(json_text([view(table) for table in tables]) + "\n", output, len(tables), config)
    elif form == "csv":
        give(csv(tables), output, len(tables), config)
    else:
        shown = [section for table in tables for section in sections(table)]
        give_sections(shown, form, output, len(tables), config, heading=heading)
    return EXIT_DONE


def give_sections(
    sections: Sequence[ReportSection],
    form: str,
    output: Path | None,
    connections: int,
    config: Config,
    *,
    heading: str,
) -> None:
    """Give what people are shown: as a page if the form is `html`, else on the terminal.

    Raises:
        UserMistake: a file is wanted of what is only shown.
    """
    from arsync.application.reports.report_page import report_html

    if form == "html":
        give(report_html(heading, sections), output, connections, config)
        return
    if output is not None:
        raise UserMistake("--output needs --format csv, json or html.")
    for section in sections:
        if section.rows:
            print_table(section.title, section.columns, section.rows, right=[*section.right])
        else:
            click.echo(section.title)
        for note in section.notes:
            click.echo(wrapped(note, indent=2))
