"""The tie-out of receivables: our total against the platform's own, as text, CSV and JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from arsync.application.json_values import six_places
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.reports.report_page import ReportSection
from arsync.core.analytics.forecast_definitions import TIE_OUT
from arsync.core.analytics.tie_out import (
    TieOut,
    tie_out,
    tie_out_in_words,
)
from arsync.core.analytics.tie_out_documents import (
    TracedDifference,
    traced,
    traced_contacts,
    traced_in_words,
)
from arsync.core.ledger.missing_documents import missing_from_totals
from arsync.core.ledger.money import bare, plain
from arsync.core.ledger.sanitising import no_formula
from arsync.errors import UserMistake


class LedgerTieOut(NamedTuple):
    """The tie-out of one connection."""

    connection: str
    report: TieOut
    traced: tuple[TracedDifference, ...] = ()
    """Each difference with the documents of its customer, where that was asked for."""


def tie_out_view(table: LedgerTieOut) -> dict[str, Any]:
    """Return the JSON view: decimals as texts with six places, and what each figure is."""
    return {
        "connection": table.connection,
        **six_places(table.report),
        **({"traced": six_places(table.traced)} if table.traced else {}),
        "definitions": six_places(dict(TIE_OUT)),
    }


def tie_out_report(
    actor: Actor,
    organisation: OrganisationContext,
    as_of: date | None = None,
    *,
    explained: bool = False,
) -> LedgerTieOut:
    """Return the tie-out of one connection, from what the last pulls brought: no calls.

    Args:
        actor: who asks.
        organisation: whose ledger.
        as_of: its today, or None for that.
        explained: also trace each difference to the documents of its customer.

    Raises:
        UserMistake: another day than today is asked for.
    """
    permit(actor, Permission.READ)
    ledger, today = organisation.store.ledger, organisation.today
    if as_of not in {None, today}:
        raise UserMistake(
            f"{organisation.label} tells its balances of today alone: no other day can be tied "
            f"out. Today is {today.isoformat()}."
        )
    missing = missing_from_totals(ledger.problems(organisation.id))
    report = tie_out(
        ledger.contact_balances(organisation.id, today),
        missing,
        as_of=today,
        platform=organisation.label,
        pulled_at=ledger.pulled_at(organisation.id),
    )
    if not explained:
        return LedgerTieOut(organisation.name, report)
    ids = traced_contacts(report)
    accounts = ledger.accounts(organisation.id, ids) if ids else ()
    return LedgerTieOut(organisation.name, report, traced(report, accounts, missing))


def tie_out_text(tables: Sequence[LedgerTieOut]) -> str:
    """Return the tie-outs for people."""
    lines: list[str] = []
    for table in tables:
        lines.append(f"{table.connection}, as of {table.report.as_of.isoformat()}")
        lines += [f"  {line}" for line in tie_out_in_words(table.report)]
    return "".join(f"{line}\n" for line in lines)


def tie_out_sections(table: LedgerTieOut) -> list[ReportSection]:
    """Return the tie-out for a page: in words, then the documents of each traced difference."""
    title = f"{table.connection}, as of {table.report.as_of.isoformat()}"
    return [
        ReportSection(title, (), (), notes=tie_out_in_words(table.report)),
        *(
            ReportSection(
                f"{table.connection}, {row.contact}, {row.currency}",
                DOCUMENT_COLUMNS,
                document_rows(row),
                ["amount"],
                traced_lines(table, row),
            )
            for row in table.traced
        ),
    ]


def tie_out_csv(tables: Sequence[LedgerTieOut]) -> str:
    """Return a line for each currency, and one for each customer that explains a difference.

    Money is in plain decimals; the lines of customers have no total of the ageing.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    names = [
        "ageing",
        "dated_later",
        "cash_taken_off",
        "not_compared",
        "our_total",
        "platform_total",
    ]
    head = ["connection", "as_of", "currency", "contact_id", "contact"]
    writer.writerow([*head, *names, "difference", "reason"])
    for table in tables:
        for row in table.report.currencies:
            start = [
                no_formula(table.connection),
                table.report.as_of.isoformat(),
                row.currency,
            ]
            amounts = [*(getattr(row, name) for name in names), row.difference]
            writer.writerow([*start, "", "Total", *map(_cell, amounts), ""])
            for explained in row.explained:
                contact = map(no_formula, (explained.contact_id, explained.contact))
                amounts = [explained.here, explained.at_platform, explained.difference]
                reason = no_formula(explained.reason)
                writer.writerow([*start, *contact, *[""] * 4, *map(_cell, amounts), reason])
    return out.getvalue()


DOCUMENT_COLUMNS = ("document", "kind", "dated", "amount", "counted", "note")


def document_rows(row: TracedDifference) -> list[list[str]]:
    """Return the documents of a traced difference for people, by `DOCUMENT_COLUMNS`."""
    rows = [
        [
            document.number,
            document.kind,
            "" if document.dated is None else document.dated.isoformat(),
            "" if document.amount is None else bare(document.amount, row.currency),
            "yes" if document.is_counted else "no",
            document.note,
        ]
        for document in row.documents
    ]
    if row.documents_left_out:
        rows.append([f"{row.documents_left_out:,} more", *[""] * 5])
    return rows


def traced_lines(table: LedgerTieOut, row: TracedDifference) -> list[str]:
    """Return what stands under the documents of a traced difference."""
    return traced_in_words(table.report.platform, row)


def documents_csv(tables: Sequence[LedgerTieOut]) -> str:
    """Return a line for each document of a customer of whom figures differ, in plain decimals."""
    out = io.StringIO()
    writer = csv.writer(out)
    head = ["connection", "as_of", "currency", "contact_id", "contact"]
    figures = ["here", "at_platform", "difference"]
    writer.writerow([*head, *figures, "kind", "id", "number", "dated", "amount", "counted", "note"])
    for table in tables:
        for row in table.traced:
            start = [
                no_formula(table.connection),
                table.report.as_of.isoformat(),
                row.currency,
                no_formula(row.contact_id),
                no_formula(row.contact),
                *map(_cell, (row.here, row.at_platform, row.difference)),
            ]
            for document in row.documents:
                writer.writerow(
                    [
                        *start,
                        document.kind,
                        no_formula(document.id),
                        no_formula(document.number),
                        "" if document.dated is None else document.dated.isoformat(),
                        _cell(document.amount),
                        "yes" if document.is_counted else "no",
                        no_formula(document.note),
                    ]
                )
    return out.getvalue()


def _cell(amount: Decimal | None) -> str:
    return "" if amount is None else plain(amount)
