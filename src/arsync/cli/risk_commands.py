"""`report provision` and `report concentration`: what may be lost, and on whom it hangs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
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
    from arsync.application.reports.report_page import ReportSection
    from arsync.application.reports.risk_reports import (
        ConcentrationTable,
        OwedDocument,
        ProvisionTable,
    )
    from arsync.application.reports.terms_report import TermsTable

NAMED_MAX = 5
"""So many invoices of a customer are named; CSV and JSON have all."""

explain_option = click.option(
    "--explain", is_flag=True, help="List the open invoices behind it instead."
)


class _Percent(click.ParamType[Decimal]):
    """A percentage, exact."""

    name = "percent"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> Decimal:
        from decimal import InvalidOperation

        try:
            percent = Decimal(value)
        except InvalidOperation:
            self.fail(f"{value!r} is no percentage. Write it as 8 or 7.5.", param, ctx)
        if not percent.is_finite():
            self.fail(f"{value!r} is no percentage. Write it as 8 or 7.5.", param, ctx)
        return percent


@click.command()
@format_option("table", "csv", "json", "html")
@output_option
@click.option(
    "--outlook",
    type=_Percent(),
    help="Raise (or lower, -10) loss rates by percent.",
)
@click.option("--because", default="", help="Why: the reason of --outlook.")
@click.option(
    "--interest",
    type=_Percent(),
    help="What borrowed money costs, percent a year.",
)
@click.option(
    "--window",
    "window_days",
    type=click.IntRange(min=1, max=3_660),
    default=90,
    show_default=True,
    help="How many days of sales and late payment are looked at.",
)
@explain_option
@connection_option
@as_of_option
@json_option
@config_option
def provision(
    form: str,
    output: Path | None,
    outlook: Decimal | None,
    because: str,
    interest: Decimal | None,
    window_days: int,
    explain: bool,
    connection: ConnectionChoice,
    as_of: date | None,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Show expected losses by age, and what late payment costs.

    A provision matrix (IFRS 9): what is owed in each bucket of age and segment times the share of
    such amounts that was lost. Without --outlook and --interest the rulebook's section provision
    counts. Where the ledger's history is too short, the answer is "not known".
    What a figure means, and when it misleads, is told in docs/forecast.md.
    """
    from arsync.application.reports.risk_reports import (
        owed_documents_csv,
        provision_csv,
        provision_report,
        provision_view,
    )
    from arsync.core.analytics.provision import Outlook

    return report_connections(
        partial(
            provision_report,
            as_of=as_of,
            outlook=None if outlook is None else Outlook(outlook, because),
            interest_percent=interest,
            window_days=window_days,
        ),
        config_file=config_file,
        connection=connection,
        form="json" if as_json else form,
        output=output,
        view=partial(provision_view, with_documents=explain),
        csv=owed_documents_csv if explain else provision_csv,
        heading="What may be lost",
        sections=partial(_provision_sections, explain=explain),
    )


def _provision_sections(table: ProvisionTable, *, explain: bool) -> list[ReportSection]:
    from arsync.application.reports.report_page import ReportSection
    from arsync.application.reports.risk_reports import (
        late_rows,
        provision_notes,
        provision_rows,
        roll_rate_rows,
    )

    title = f"{table.connection}, at the end of {table.provision.as_of}"
    if explain:
        return [_documents_section(title, table.documents)]
    columns, rows = provision_rows(table)
    matrix = ReportSection(f"{title}: expected losses", columns, rows, columns[3:])
    if not rows:
        matrix = ReportSection(f"{title}: nothing is owed.", columns, rows)
    columns, rows = roll_rate_rows(table)
    in_base = f"{table.connection}: roll rates, amounts in {table.base_currency}"
    rolls = ReportSection(in_base, columns, rows, columns[2:])
    notes = provision_notes(table)
    if table.provision.interest_percent is None:
        rate = "--interest 8, or provision: {interest: 8%} in the rulebook"
        notes.append(f"The cost of late payment needs a rate: {rate}")
    columns, rows = late_rows(table)
    late = f"{table.connection}: late payment in {table.provision.window_days} days"
    if not rows:
        late = f"{late}: nothing was sold."
    return [matrix, rolls, ReportSection(late, columns, rows, columns[1:], notes)]


@click.command()
@format_option("table", "csv", "json", "html")
@output_option
@explain_option
@connection_option
@as_of_option
@json_option
@config_option
def concentration(
    form: str,
    output: Path | None,
    explain: bool,
    connection: ConnectionChoice,
    as_of: date | None,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Show how much of what is owed hangs on ten customers.

    With the Herfindahl index, by currency; where a ledger has several, last in the organisation's
    at the rates that the platform recorded.
    """
    from arsync.application.reports.risk_reports import (
        concentration_csv,
        concentration_report,
        concentration_view,
        owed_documents_csv,
    )

    return report_connections(
        partial(concentration_report, as_of=as_of),
        config_file=config_file,
        connection=connection,
        form="json" if as_json else form,
        output=output,
        view=partial(concentration_view, with_documents=explain),
        csv=owed_documents_csv if explain else concentration_csv,
        heading="Concentration of receivables",
        sections=partial(_concentration_sections, explain=explain),
    )


def _concentration_sections(table: ConcentrationTable, *, explain: bool) -> list[ReportSection]:
    from arsync.application.reports.report_page import ReportSection
    from arsync.application.reports.risk_reports import concentration_note, concentration_rows

    title = f"{table.connection}, at the end of {table.as_of}"
    if not table.rows:
        return [ReportSection(f"{title}: nothing is owed.", (), ())]
    if explain:
        return [_documents_section(title, table.documents)]
    sections = []
    for row in table.rows:
        columns, rows = concentration_rows(row)
        notes = [concentration_note(row)]
        if row.unrated:
            notes.append(f"No rate recorded for: {', '.join(row.unrated)}")
        shown = f"{title}{', all currencies' * row.in_base}"
        sections.append(ReportSection(shown, columns, rows, columns[1:], notes))
    return sections


@click.command("terms")
@format_option("table", "csv", "json", "html")
@output_option
@connection_option
@as_of_option
@json_option
@config_option
def terms_of_payment(
    form: str,
    output: Path | None,
    connection: ConnectionChoice,
    as_of: date | None,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Show whose payment terms differ from the rulebook's."""
    from arsync.application.reports.terms_report import terms_csv, terms_report, terms_view

    return report_connections(
        partial(terms_report, as_of=as_of),
        config_file=config_file,
        connection=connection,
        form="json" if as_json else form,
        output=output,
        view=terms_view,
        csv=terms_csv,
        heading="Payment terms against the policy",
        sections=_terms_sections,
    )


def _terms_sections(table: TermsTable) -> list[ReportSection]:
    from arsync.application.reports.report_page import ReportSection

    title = f"{table.connection}, at the end of {table.as_of}"
    columns = ["customer", "terms by policy", "in the books", "invoices due otherwise", "because"]
    if not table.has_policy:
        title = f"{title}: the rulebook has no terms to compare with."
    elif not table.rows:
        title = f"{title}: nothing differs from the policy."
    rows = [
        [
            row.contact,
            row.expected.words,
            row.in_books or "the same, or not known",
            ", ".join(invoice.number for invoice in row.invoices[:NAMED_MAX]),
            row.because,
        ]
        for row in table.rows
    ]
    left_out = f"{table.left_out:,} more customers are not listed."
    return [ReportSection(title, columns, rows, notes=[left_out] if table.left_out else [])]


def _documents_section(title: str, documents: Sequence[OwedDocument]) -> ReportSection:
    from arsync.application.reports.report_page import ReportSection
    from arsync.core.ledger.money import bare

    columns = ["document", "customer", "segment", "due", "bucket", "currency", "owed net"]
    rows = [
        [
            document.number,
            document.contact,
            document.segment,
            document.due_on.isoformat(),
            document.bucket,
            document.currency,
            bare(document.amount, document.currency),
        ]
        for document in documents
    ]
    return ReportSection(title, columns, rows, ["owed net"])
