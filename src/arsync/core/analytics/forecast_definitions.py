"""What each figure of the forecast and its kin is, in a sentence, and where its formula is from."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct


class FigureDefinition(Struct, frozen=True):
    """What stands beside a figure."""

    definition: str
    source: str
    window: str
    """Which days it looks at."""


_OWN = "arsync, docs/forecast.md"
_AS_OF = "the end of the day"
_NEXT = "the 13 weeks after the day"
_PAST = "the 40 weeks before the day, each as it was known then"

FORECAST: Mapping[str, FigureDefinition] = {
    "owed": FigureDefinition("open on invoices that are issued, less unapplied cash", _OWN, _AS_OF),
    "disputed": FigureDefinition("of what is owed, disputed and not counted on", _OWN, _AS_OF),
    "expected": FigureDefinition(
        "each open amount times the share of invoices of its age that were paid in so many days, "
        "moved by how late the customer pays; promises and instalments as often as they are kept",
        "Kaplan and Meier 1958; Aalen and Johansen 1978",
        _NEXT,
    ),
    "by_due_date": FigureDefinition(
        "the same invoices if all were paid on their due date, overdue ones at once", _OWN, _NEXT
    ),
    "band": FigureDefinition(
        "P10, P50, P90: the forecast moved by its own past errors, in today's spread, the further "
        "apart the fewer of them do not overlap; `held` of `checked` past sums lay between P10 and "
        "P90",
        "Hyndman and Fan 1996, definition 6",
        _PAST,
    ),
    "later": FigureDefinition("expected after the weeks shown and within a year", _OWN, "a year"),
    "never": FigureDefinition(
        "not expected within a year: unpaid, credited or voided", _OWN, "a year"
    ),
    "errors": FigureDefinition(
        "sum of |expected - paid| over sum of paid, of forecasts made from past days; beside it "
        "the errors of due dates and of due dates plus the customer's average days late",
        _OWN,
        _PAST,
    ),
}

_MATRIX = "IFRS 9 B5.5.35, roll-rate method"
_LOSSES = "three years before the day"

PROVISION: Mapping[str, FigureDefinition] = {
    "owed": FigureDefinition(
        "open on invoices that are issued, less unapplied cash, by days past due", _OWN, _AS_OF
    ),
    "rates": FigureDefinition(
        "the share of a bucket that is lost: the roll rates from it to the last bucket, times what "
        "of the last one was credited, voided, or open a year after its due date; moved by the "
        "outlook",
        _MATRIX,
        _LOSSES,
    ),
    "rolls": FigureDefinition(
        "the share of what reached a bucket that was still open when the next one began, weighed "
        "by amount in the base currency",
        _MATRIX,
        _LOSSES,
    ),
    "expected_loss": FigureDefinition("owed times its loss rate", _MATRIX, _AS_OF),
    "provision": FigureDefinition(
        "the sum of the expected losses; not known where one of them is not", _MATRIX, _AS_OF
    ),
    "sales_at_risk": FigureDefinition(
        "invoices less credit notes of the window, to customers who owe something more than 60 "
        "days past due at its end",
        _OWN,
        "`window_days` before the day",
    ),
    "interest_cost": FigureDefinition(
        "what was past due on each day of the window, at the rate of a year given, by 365",
        _OWN,
        "`window_days` before the day",
    ),
}

CONCENTRATION: Mapping[str, FigureDefinition] = {
    "owed": FigureDefinition("open on invoices that are issued, less unapplied cash", _OWN, _AS_OF),
    "largest_percent": FigureDefinition("what the ten largest debtors owe of all", _OWN, _AS_OF),
    "herfindahl": FigureDefinition(
        "the sum of the squared shares of all customers, 0 to 1", "Hirschman 1964", _AS_OF
    ),
    "equal_customers": FigureDefinition(
        "1 / Herfindahl: so many customers that owe alike are as concentrated",
        "Adelman 1969",
        _AS_OF,
    ),
}

_TODAY = "today: the platform tells its balances of no other day"

TIE_OUT: Mapping[str, FigureDefinition] = {
    "ageing": FigureDefinition("amounts due on invoices that are issued", _OWN, _TODAY),
    "our_total": FigureDefinition(
        "the ageing, with invoices dated later, less unapplied cash where the platform takes it "
        "off, less customers that cannot be compared",
        _OWN,
        _TODAY,
    ),
    "platform_total": FigureDefinition(
        "the sum of the platform's own balances of its customers", "the platform", _TODAY
    ),
    "difference": FigureDefinition("platform_total less our_total", _OWN, _TODAY),
}
