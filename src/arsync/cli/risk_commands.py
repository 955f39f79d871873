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
    print_table,
    wrapped,
)
from arsync.cli.report_output import format_option, output_option, report_connections

if TYPE_CHECKING:
    from arsync.application.connection_choice import ConnectionChoice
    from arsync.application.risk_reports import (
        ConcentrationTable,
        OwedDocument,
        ProvisionTable,
    )
    from arsync.application.terms_report import TermsTable

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
@format_option("table", "csv", "json")
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
    from arsync.application.risk_reports import (
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
        csv=provision_csv,
        show=partial(_show_provision, explain=explain),
    )


def _show_provision(table: ProvisionTable, *, explain: bool) -> None:
    from arsync.application.risk_reports import (
        late_rows,
        provision_notes,
        provision_rows,
        roll_rate_rows,
    )

    title = f"{table.connection}, at the end of {table.provision.as_of}"
    if explain:
        _show_documents(title, table.documents)
        return
    columns, rows = provision_rows(table)
    print_table(f"{title}: expected losses", columns, rows, right=columns[3:])
    columns, rows = roll_rate_rows(table)
    in_base = f"{table.connection}: roll rates, amounts in {table.base_currency}"
    print_table(in_base, columns, rows, right=columns[2:])
    columns, rows = late_rows(table)
    days = table.provision.window_days
    print_table(
        f"{table.connection}: late payment in {days} days", columns, rows, right=columns[1:]
    )
    for note in provision_notes(table):
        click.echo(wrapped(note, indent=2))
    if table.provision.interest_percent is None:
        rate = "--interest 8, or provision: {interest: 8%} in the rulebook"
        click.echo(f"  The cost of late payment needs a rate: {rate}")


@click.command()
@format_option("table", "csv", "json")
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
    from arsync.application.risk_reports import (
        concentration_csv,
        concentration_report,
        concentration_view,
    )

    return report_connections(
        partial(concentration_report, as_of=as_of),
        config_file=config_file,
        connection=connection,
        form="json" if as_json else form,
        output=output,
        view=partial(concentration_view, with_documents=explain),
        csv=concentration_csv,
        show=partial(_show_concentration, explain=explain),
    )


def _show_concentration(table: ConcentrationTable, *, explain: bool) -> None:
    from arsync.application.risk_reports import concentration_note, concentration_rows

    title = f"{table.connection}, at the end of {table.as_of}"
    if explain:
        _show_documents(title, table.documents)
        return
    if not table.rows:
        click.echo(f"{title}: nothing is owed.")
    for row in table.rows:
        columns, rows = concentration_rows(row)
        print_table(f"{title}{', all currencies' * row.in_base}", columns, rows, right=columns[1:])
        click.echo(wrapped(concentration_note(row), indent=2))
        if row.unrated:
            click.echo(wrapped(f"No rate recorded for: {', '.join(row.unrated)}", indent=2))


@click.command("terms")
@format_option("table", "csv", "json")
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
    from arsync.application.terms_report import terms_csv, terms_report, terms_view

    return report_connections(
        partial(terms_report, as_of=as_of),
        config_file=config_file,
        connection=connection,
        form="json" if as_json else form,
        output=output,
        view=terms_view,
        csv=terms_csv,
        show=_show_terms,
    )


def _show_terms(table: TermsTable) -> None:
    title = f"{table.connection}, at the end of {table.as_of}"
    if not table.has_policy:
        click.echo(f"{title}: the rulebook has no terms to compare with.")
        return
    if not table.rows:
        click.echo(f"{title}: nothing differs from the policy.")
        return
    columns = ["customer", "terms by policy", "in the books", "invoices due otherwise", "because"]
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
    print_table(title, columns, rows)
    if table.left_out:
        click.echo(f"  {table.left_out:,} more customers are not listed.")


def _show_documents(title: str, documents: Sequence[OwedDocument]) -> None:
    columns = ["document", "customer", "segment", "due", "bucket", "currency", "owed net"]
    rows = [
        [
            document.number,
            document.contact,
            document.segment,
            document.due_on.isoformat(),
            document.bucket,
            document.currency,
            f"{document.amount:,.2f}",
        ]
        for document in documents
    ]
    print_table(title, columns, rows, right=["owed net"])
