"""What each measure is called, how it is counted and whose formula it is: stands beside figures."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class Unit(StrEnum):
    """What a measure is counted in."""

    MONEY = "money"
    DAYS = "days"
    PERCENT = "percent"


class Definition(NamedTuple):
    """One measure, in words."""

    label: str
    unit: Unit
    formula: str
    """S: sales of the window; N: its days."""
    source: str = ""
    """Whose formula it is; empty: arsync's own."""


CRF = "Credit Research Foundation, Measurements of receivables performance"

DEFINITIONS: Mapping[str, Definition] = {
    "sales": Definition(
        "Sales", Unit.MONEY, "S: invoices issued in the window, less credit notes issued in it"
    ),
    "receivable": Definition(
        "Owed", Unit.MONEY, "due on open invoices at the end of the day; unapplied cash not off"
    ),
    "current": Definition(
        "Not due", Unit.MONEY, "the part of what is owed whose due date had not passed"
    ),
    "overdue": Definition("Overdue", Unit.MONEY, "owed less not due"),
    "overdue_percent": Definition("Overdue share", Unit.PERCENT, "overdue / owed * 100"),
    "dso": Definition("DSO", Unit.DAYS, "owed / S * N", CRF),
    "dso_countback_monthly": Definition(
        "DSO counted back by month",
        Unit.DAYS,
        "each month's sales are taken off what is owed, the latest first, and its days counted; the"
        " last month in part",
        CRF,
    ),
    "dso_countback_daily": Definition(
        "DSO counted back by day", Unit.DAYS, "the same, day by day", CRF
    ),
    "bpdso": Definition("Best possible DSO", Unit.DAYS, "not due / S * N", CRF),
    "add": Definition("Average days delinquent", Unit.DAYS, "DSO less best possible DSO", CRF),
    "cei": Definition(
        "Collection effectiveness",
        Unit.PERCENT,
        "(owed at the start + S - owed) / (owed at the start + S - not due) * 100",
        CRF,
    ),
    "days_to_pay": Definition(
        "Days to pay", Unit.DAYS, "mean days from issue to settlement of what was settled"
    ),
    "days_to_pay_weighted": Definition(
        "Days to pay, by amount", Unit.DAYS, "the same, weighted by amount"
    ),
    "days_late": Definition(
        "Days late", Unit.DAYS, "mean days from due date to settlement, early ones negative"
    ),
    "dbt": Definition(
        "Days beyond terms",
        Unit.DAYS,
        "sum(amount * days late) / sum(amount), early ones as 0",
        "days beyond terms, as credit bureaus define it",
    ),
    "dbt_with_early": Definition(
        "Days beyond terms, early ones negative",
        Unit.DAYS,
        "sum(amount * days late) / sum(amount), early ones negative",
    ),
    "disputed_percent": Definition("Disputed share", Unit.PERCENT, "disputed / owed * 100"),
    "promised_percent": Definition(
        "Promised share", Unit.PERCENT, "promised for a day that is not past / owed * 100"
    ),
    "promises_kept_percent": Definition(
        "Promises kept",
        Unit.PERCENT,
        "of the promises whose last day passed in the window, those kept, by number",
    ),
    "promises_kept_amount_percent": Definition(
        "Promises kept, by amount",
        Unit.PERCENT,
        "the same, by the amount promised",
    ),
}
"""By the name of the figure, in the order in which they are shown."""
