"""Movement: how a fact changes with time alone, while nothing happens to the account.

A backtest plans only the days on which an answer can be another one. It asks here, so a fact that
says too few days makes a trial wrong; one that says too many only makes it slower.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from msgspec import Struct

from arsync.core.ledger.account_view import HISTORY_DAYS, ContactView
from arsync.core.ledger.records import Invoice

NEVER = date.max
"""The day on which what does not move by itself changes."""

DAY = timedelta(1)

NextDay = Callable[[ContactView, Any], date]
"""Of a contact, and the invoice for an invoice's fact: the next day after today, or `NEVER`."""

Anchor = Callable[[ContactView, Any], date | None]
"""Of the same two: the day from which, or up to which, a fact counts; None: it does not count."""


class Still(Struct, frozen=True):
    """It changes only with documents and with what is done."""


class OnDays(Struct, frozen=True):
    """It changes on single days."""

    next_day: NextDay


class CountsUp(Struct, frozen=True):
    """It counts the days since a day."""

    since: Anchor | None = None
    """None: only its value says from which day on."""


class CountsDown(Struct, frozen=True):
    """It counts the days until a day."""

    until: Anchor


class GrowsByInterest(Struct, frozen=True):
    """It is statutory interest: it grows daily, by the same each day of a half-year at least."""


class MovesWithLedger(Struct, frozen=True):
    """It changes with what all customers together are due, whoever of them pays or buys."""

    value_with: Callable[[ContactView, Decimal | None], Any]
    """Its value if the whole ledger were due another sum, the customer's own staying the same."""


Movement = Still | OnDays | CountsUp | CountsDown | GrowsByInterest | MovesWithLedger

STILL = Still()
GROWS = GrowsByInterest()


def next_overdue(view: ContactView, _: object) -> date:
    """Return the day on which the next invoice is overdue on which something is asked for."""
    today = view.account_view.today
    # They are in the order of due dates, so the first that is not late yet is the next.
    return next(
        (invoice.due_on + DAY for invoice in view.asked_for if invoice.due_on >= today), NEVER
    )


def next_document_overdue(view: ContactView, _: object) -> date:
    """Return the day on which the next open invoice is overdue, whatever covers it."""
    today = view.account_view.today
    return next(
        (invoice.due_on + DAY for invoice in view.documents if invoice.due_on >= today), NEVER
    )


def own_overdue(view: ContactView, invoice: Invoice) -> date:
    """Return the day on which the invoice is overdue."""
    late = invoice.due_on + DAY
    return late if late > view.account_view.today else NEVER


def own_due(view: ContactView, invoice: Invoice) -> date:
    """Return the day on which the invoice falls due: what its cadence has before it lapses."""
    return invoice.due_on if invoice.due_on > view.account_view.today else NEVER


def agreed_limit_ends(view: ContactView, _: object) -> date:
    """Return the day after a temporary agreed limit."""
    return _day_after(view.agreed.limit_until)


def given_limit_ends(view: ContactView, _: object) -> date:
    """Return the day after a temporary limit, for a child its parent's."""
    return _day_after(view.limit.until)


def insured_limit_ends(view: ContactView, _: object) -> date:
    """Return the day after the last one of the credit insurance."""
    return _day_after(view.agreed.insured_until)


def _day_after(last: date | None) -> date:
    return NEVER if last is None else days_later(last, 1)


def payment_ages_out(view: ContactView, _: object) -> date:
    """Return the day on which a paid invoice is older than payment behaviour goes back."""
    paid = [
        invoice.paid_on
        for invoice in view.account_view.account.invoices
        if invoice.paid_on is not None
    ]
    return _next_aging_out(paid, view.account_view.today)


def sale_ages_out(view: ContactView, _: object) -> date:
    """Return the day on which an invoice or credit note is older than sales go back."""
    account = view.account_view.account
    issued = [invoice.issued_on for invoice in account.invoices]
    issued += [credit.issued_on for credit in account.credits]
    return _next_aging_out(issued, view.account_view.today)


def message_ages_out(view: ContactView, _: object) -> date:
    """Return the day on which a message to the customer is older than history goes back."""
    account_view = view.account_view
    sent = [step.on for step in account_view.account.sent if step.moment]
    return _next_aging_out(sent, account_view.today)


def dispute_ages_out(view: ContactView, _: object) -> date:
    """Return the day on which a dispute was opened before history goes back."""
    account_view = view.account_view
    opened = [dispute.opened_on for dispute in account_view.account.disputes]
    return _next_aging_out(opened, account_view.today)


def _next_aging_out(days: Iterable[date], today: date) -> date:
    last_days = (days_later(day, HISTORY_DAYS) for day in days)
    return min((day for day in last_days if day > today), default=NEVER)


def days_later(day: date, days: int) -> date:
    """Return a later or earlier day; the calendar's first or last when it has none."""
    try:
        return day + timedelta(days)
    except OverflowError:
        # A due date that was typed as 9999-12-31 must not end a whole trial.
        return NEVER if days > 0 else date.min
