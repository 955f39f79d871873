"""`report`: figures of a ledger, as a table and as a file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from arsync.cli.common import (
    as_of_option,
    config_option,
    connection_option,
    json_option,
    opened,
    print_table,
    wrapped,
)
from arsync.cli.forecast_commands import forecast
from arsync.cli.json_output import json_text
from arsync.cli.report_output import format_option, give, give_sections, output_option
from arsync.cli.risk_commands import concentration, provision, terms_of_payment
from arsync.core.ledger.missing_documents import missing_in_words
from arsync.errors import EXIT_DONE, UserMistake

if TYPE_CHECKING:
    from arsync.application.organisation.connection_choice import ConnectionChoice
    from arsync.application.organisation.organisation_context import OrganisationContext
    from arsync.application.permissions import Actor
    from arsync.application.reports.ageing_report import AgeingTable
    from arsync.application.reports.measure_documents import FigureDocuments
    from arsync.application.reports.measures_report import By, MeasuresTable
    from arsync.config import Config
    from arsync.core.ledger.age_buckets import AgeBands


@click.group()
def report() -> None:
    """Print measures, ageing, what follows steps, the forecast, or the tie-out."""


for command in (forecast, provision, concentration, terms_of_payment):
    report.add_command(command)


@report.command()
@format_option("table", "csv", "json", "html")
@output_option
@click.option(
    "--bands",
    default="30,60,90",
    show_default=True,
    help="The last day of each band of ages but the last.",
)
@click.option(
    "--by-date",
    type=click.Choice(["due", "issued"]),
    default="due",
    show_default=True,
    help="What ages are counted from.",
)
@connection_option
@as_of_option
@json_option
@config_option
def ageing(
    form: str,
    output: Path | None,
    bands: str,
    by_date: str,
    connection: ConnectionChoice,
    as_of: date | None,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Show what is owed, by customer, currency and age."""
    from arsync.application.connections.connecting import connections
    from arsync.application.reports.ageing_report import ageing_report

    with opened(config_file) as (actor, container):
        organisations = connections(actor, container, connection)
        chosen = _bands(bands, by_date)
        tables = [
            ageing_report(actor, organisation, as_of, chosen) for organisation in organisations
        ]
    text = _ageing_text(tables, "json" if as_json else form)
    if text is None:
        if output is not None:
            raise UserMistake("--output needs --format csv, json or html.")
        _show_ageing(tables)
    else:
        give(text, output, len(tables), container.config)
    return EXIT_DONE


def _bands(text: str, by_date: str) -> AgeBands:
    from arsync.core.ledger.age_buckets import AgeBands

    try:
        edges = tuple(int(edge) for edge in text.split(","))
    except ValueError:
        raise UserMistake(f"--bands {text!r}: not whole numbers.\n    hint: 30,60,90") from None
    return AgeBands(edges, by_issue_date=by_date == "issued")


def _ageing_text(tables: Sequence[AgeingTable], form: str) -> str | None:
    """Return the report as a file's text; None when it is to be shown as a table."""
    from arsync.application.reports.ageing_report import (
        ageing_table_view,
        as_csv,
        as_html,
        own_bands_table_view,
    )
    from arsync.core.ledger.age_buckets import USUAL_BANDS

    if form == "json" and all(table.report.bands == USUAL_BANDS for table in tables):
        return json_text([ageing_table_view(table) for table in tables]) + "\n"
    if form == "json":
        return json_text([own_bands_table_view(table) for table in tables]) + "\n"
    if form == "csv":
        return as_csv(tables)
    return as_html(tables) if form == "html" else None


def _show_ageing(tables: Sequence[AgeingTable]) -> None:
    from arsync.application.reports.ageing_report import as_rows, tie_out_lines

    for table in tables:
        columns, rows = as_rows(table)
        counted = ", by issue date" if table.report.bands.by_issue_date else ""
        title = f"{table.connection}, as of {table.as_of.isoformat()}{counted}"
        if rows:
            print_table(title, columns, rows, right=columns[2:])
        else:
            click.echo(f"{title}: nothing is owed.")
        if table.missing:
            click.echo(f"  ! {missing_in_words(table.missing)}")
        for line in tie_out_lines(table):
            click.echo(f"  {line}")


@report.command("measures")
@format_option("table", "csv", "json", "html")
@output_option
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a page of its own to a file.",
)
@click.option(
    "--window",
    "window_days",
    type=click.IntRange(min=1),
    default=90,
    show_default=True,
    help="How many days a measure looks at.",
)
@click.option(
    "--by",
    type=click.Choice(["ledger", "customer", "segment", "month", "currency"]),
    default="ledger",
    show_default=True,
    help="What figures are given for.",
)
@click.option(
    "--known-then",
    is_flag=True,
    help="What was known on the day, as its last run kept it, instead of adding up anew.",
)
@click.option(
    "--explain",
    metavar="FIGURE",
    help="List the documents behind a figure instead, --by customer or segment if you like.",
)
@connection_option
@as_of_option
@json_option
@config_option
def measures(
    form: str,
    output: Path | None,
    html: Path | None,
    window_days: int,
    by: str,
    known_then: bool,
    explain: str | None,
    connection: ConnectionChoice,
    as_of: date | None,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Show DSO, days to pay and days late, as of any day.

    Each figure goes by the documents as they stood at the end of the day; what each one means, and
    when it misleads, is told in docs/measures.md. Currencies are never added; where a ledger has
    several, a last line converts them at the rates that the platform recorded.
    """
    from arsync.application.connections.connecting import connections
    from arsync.application.reports.measures_report import By

    asked = MeasuresAsked(as_of, window_days, By(by))
    with opened(config_file) as (actor, container):
        organisations = connections(actor, container, connection)
        if explain is not None:
            documents = _documents_behind(
                actor, organisations, explain, asked, known_then=known_then
            )
        else:
            tables = _measured(actor, organisations, asked, known_then=known_then)
    if html is not None:
        form, output = "html", html
    form = "json" if as_json else form
    if explain is not None:
        _give_documents(documents, form, output, len(organisations), container.config)
    elif form == "table":
        if output is not None:
            raise UserMistake("--output needs --format csv, json or html.")
        _show_measures(tables, window_days)
    else:
        give(_measures_text(tables, form), output, len(tables), container.config)
    return EXIT_DONE


class MeasuresAsked(NamedTuple):
    """Which measures are asked for."""

    as_of: date | None
    window_days: int
    by: By


def _measured(
    actor: Actor,
    organisations: Sequence[OrganisationContext],
    asked: MeasuresAsked,
    *,
    known_then: bool,
) -> list[MeasuresTable]:
    from arsync.application.reports.measures_report import known_then as measures_known_then
    from arsync.application.reports.measures_report import measures_report
    from arsync.core.analytics.measure_sums import WINDOW_DAYS

    if known_then:
        if asked.window_days != WINDOW_DAYS:
            raise UserMistake(f"what was known then is kept for --window {WINDOW_DAYS} alone.")
        return [
            measures_known_then(actor, organisation, as_of=asked.as_of, by=asked.by)
            for organisation in organisations
        ]
    return [
        measures_report(actor, organisation, **asked._asdict()) for organisation in organisations
    ]


def _measures_text(tables: Sequence[MeasuresTable], form: str) -> str:
    from arsync.application.reports.measures_page import measures_html
    from arsync.application.reports.measures_report import measures_csv, measures_view

    if form == "json":
        return json_text([measures_view(table) for table in tables]) + "\n"
    return measures_csv(tables) if form == "csv" else measures_html(tables)


def _show_measures(tables: Sequence[MeasuresTable], window_days: int) -> None:
    from arsync.application.reports.measures_report import (
        goal_lines,
        known_in_words,
        measures_rows,
        worklist_in_words,
    )

    for table in tables:
        columns, rows = measures_rows(table)
        title = f"{table.connection}, {window_days} days"
        if rows:
            print_table(title, columns, rows, right=columns[-12:])
        else:
            click.echo(f"{title}: nothing was invoiced by {table.as_of.isoformat()}.")
        for line in (worklist_in_words(table.worklist), *goal_lines(table)):
            click.echo(f"  {line}")
        click.echo(f"  {known_in_words(table)}")


def _documents_behind(
    actor: Actor,
    organisations: Sequence[OrganisationContext],
    figure: str,
    asked: MeasuresAsked,
    *,
    known_then: bool,
) -> list[FigureDocuments]:
    """Return the documents behind a figure; those of what was known then were not kept."""
    from arsync.application.reports.measure_documents import documents_of_measure

    if known_then:
        raise UserMistake(
            "what was known then is kept as figures, without documents."
            "\n    hint: leave out --explain, or --known-then"
        )
    return [
        behind
        for organisation in organisations
        for behind in documents_of_measure(actor, organisation, figure, **asked._asdict())
    ]


def _give_documents(
    listed: Sequence[FigureDocuments],
    form: str,
    output: Path | None,
    connections: int,
    config: Config,
) -> None:
    """Give the documents behind a figure in the form that was asked for."""
    from arsync.application.reports.measure_documents import (
        NO_DOCUMENTS,
        document_sections,
        documents_csv,
        documents_view,
    )
    from arsync.application.reports.report_page import ReportSection

    if form == "json":
        give(json_text(documents_view(listed)) + "\n", output, connections, config)
    elif form == "csv":
        give(documents_csv(listed), output, connections, config)
    else:
        sections = document_sections(listed) or [ReportSection(NO_DOCUMENTS, (), ())]
        heading = "The documents behind a figure"
        give_sections(sections, form, output, connections, config, heading=heading)


@report.command("steps")
@format_option("table", "csv", "json", "html")
@output_option
@connection_option
@as_of_option
@json_option
@config_option
def steps(
    form: str,
    output: Path | None,
    connection: ConnectionChoice,
    as_of: date | None,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Show what followed each step, and what trials brought.

    How many invoices were paid within 7, 14 and 30 days of a step, beside invoices that reached the
    same state without it. It is an association, never an effect; with too few cases it is not
    known.
    """
    from arsync.application.connections.connecting import connections
    from arsync.application.reports.report_page import ReportSection
    from arsync.application.reports.steps_report import (
        ASSOCIATION,
        COLUMNS,
        steps_csv,
        steps_report,
        steps_rows,
        steps_view,
        trial_lines,
        unknown_lines,
    )

    with opened(config_file) as (actor, container):
        organisations = connections(actor, container, connection)
        tables = [steps_report(actor, organisation, as_of=as_of) for organisation in organisations]
    if as_json or form == "json":
        text = json_text([steps_view(table) for table in tables]) + "\n"
    elif form == "csv":
        text = steps_csv(tables)
    else:
        sections = [
            ReportSection(
                f"{table.connection}, as of {table.as_of.isoformat()}",
                COLUMNS,
                steps_rows(table),
                COLUMNS[3:],
                [*unknown_lines(table), *trial_lines(table), ASSOCIATION],
            )
            for table in tables
        ]
        heading = "What followed each step"
        give_sections(sections, form, output, len(tables), container.config, heading=heading)
        return EXIT_DONE
    give(text, output, len(tables), container.config)
    return EXIT_DONE


@report.command("tie-out")
@format_option("text", "csv", "json", "html")
@output_option
@click.option(
    "--explain",
    is_flag=True,
    help="Trace each difference to its customer's documents.",
)
@connection_option
@as_of_option
@json_option
@config_option
def tie_out(
    form: str,
    output: Path | None,
    explain: bool,
    connection: str | None,
    as_of: date | None,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Compare the total with the platform's, by currency.

    Names the customers that explain a difference. Compares with what the last pulls brought, and
    calls no platform. No day but today can be tied out.
    """
    from arsync.application.connections.connecting import connections
    from arsync.application.reports.report_page import report_html
    from arsync.application.reports.tie_out_report import (
        DOCUMENT_COLUMNS,
        document_rows,
        documents_csv,
        tie_out_csv,
        tie_out_report,
        tie_out_sections,
        tie_out_text,
        tie_out_view,
        traced_lines,
    )

    with opened(config_file) as (actor, container):
        organisations = connections(actor, container, connection)
        tables = [
            tie_out_report(actor, organisation, as_of, explained=explain)
            for organisation in organisations
        ]
    if as_json or form == "json":
        text = json_text([tie_out_view(table) for table in tables]) + "\n"
    elif form == "csv":
        text = documents_csv(tables) if explain else tie_out_csv(tables)
    elif form == "html":
        sections = [section for table in tables for section in tie_out_sections(table)]
        text = report_html("Tie-out with the accounting system", sections)
    else:
        text = tie_out_text(tables)
    give(text, output, len(tables), container.config)
    if form == "text" and not as_json and output is None:
        for table in tables:
            for row in table.traced:
                title = f"{table.connection}, {row.contact}, {row.currency}"
                print_table(title, DOCUMENT_COLUMNS, document_rows(row), right=("amount",))
                for line in traced_lines(table, row):
                    click.echo(wrapped(line, indent=2))
    return EXIT_DONE
