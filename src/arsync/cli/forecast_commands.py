"""`report forecast`: the cash that open invoices are expected to bring, week by week."""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arsync.cli.common import (
    as_of_option,
    config_option,
    connection_option,
    json_option,
)
from arsync.cli.report_output import format_option, output_option, report_connections

if TYPE_CHECKING:
    from arsync.application.organisation.connection_choice import ConnectionChoice
    from arsync.application.reports.forecast_report import ForecastTable
    from arsync.application.reports.report_page import ReportSection


@click.command()
@format_option("table", "csv", "json", "html")
@output_option
@click.option("--explain", is_flag=True, help="List the open invoices behind it instead.")
@connection_option
@as_of_option
@json_option
@config_option
def forecast(
    form: str,
    output: Path | None,
    explain: bool,
    connection: ConnectionChoice,
    as_of: date | None,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Show what open invoices are expected to bring, by week.

    Beside each week stand bands from the ledger's own past and how often they held, and beside the
    forecast how wrong it was, against due dates and against each customer's average. What a figure
    means, and when it misleads, is told in docs/forecast.md. Currencies are never added.
    """
    from arsync.application.reports.forecast_report import (
        forecast_csv,
        forecast_documents_csv,
        forecast_report,
        forecast_view,
    )

    return report_connections(
        partial(forecast_report, as_of=as_of),
        config_file=config_file,
        connection=connection,
        form="json" if as_json else form,
        output=output,
        view=partial(forecast_view, with_documents=explain),
        csv=forecast_documents_csv if explain else forecast_csv,
        heading="What will come in",
        sections=partial(_sections, explain=explain),
    )


def _sections(table: ForecastTable, *, explain: bool) -> list[ReportSection]:
    from arsync.application.reports.forecast_report import (
        document_rows,
        forecast_notes,
        forecast_rows,
    )
    from arsync.application.reports.report_page import ReportSection

    ledger_forecast = table.forecast
    if not ledger_forecast.currencies:
        title = f"{table.connection}: nothing is owed at the end of {ledger_forecast.as_of}."
        return [ReportSection(title, (), ())]
    sections = []
    for row in ledger_forecast.currencies:
        title = f"{table.connection}, {row.currency}, from the end of {ledger_forecast.as_of}"
        columns, rows = document_rows(table, row.currency) if explain else forecast_rows(row)
        right = columns[4:] if explain else columns[1:]
        notes = () if explain else forecast_notes(table, row)
        sections.append(ReportSection(title, columns, rows, right, notes))
    return sections
