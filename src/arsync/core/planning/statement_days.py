"""The days of statements: on which one is due, and on which the next one is."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import NamedTuple

from arsync.core.ledger.business_days import DAY_FIRST, Calendar
from arsync.core.rulebook.model import StatementDay

_WEEK = 7


class StatementDue(NamedTuple):
    """One statement of a rule."""

    on: date
    period: str
    """What tells it apart from all others of the rule: `2026-11`, or a week's day."""


def latest_statement(on: StatementDay, today: date, calendar: Calendar) -> StatementDue:
    """Return the statement that was due last, today at the latest.

    Args:
        on: as the rule says it.
        today: the organisation's day.
        calendar: its business days.
    """
    if on.weekday is not None:
        day = _weekly(on, today)
        return StatementDue(day, day.isoformat())
    this_month = _in_month(on, today.replace(day=1), calendar)
    # A month's day may lie ahead still.
    month = today.replace(day=1)
    if this_month > today:
        month = (month - timedelta(1)).replace(day=1)
    return StatementDue(_in_month(on, month, calendar), f"{month:%Y-%m}")


def statement_before(on: StatementDay, due: StatementDue, calendar: Calendar) -> StatementDue:
    """Return the statement that comes before one."""
    return latest_statement(on, due.on - timedelta(1), calendar)


def next_statement_day(on: StatementDay, today: date, calendar: Calendar) -> date:
    """Return the day after today on which a statement is due."""
    if on.weekday is not None:
        return _weekly(on, today) + timedelta(_WEEK * on.weeks)
    month = today.replace(day=1)
    this_month = _in_month(on, month, calendar)
    if this_month > today:
        return this_month
    return _in_month(on, (month + timedelta(monthrange(month.year, month.month)[1])), calendar)


def _weekly(on: StatementDay, today: date) -> date:
    """Return the rule's day of the week, today's or the last before it."""
    assert on.weekday is not None, "a rule of a weekday"
    day = today - timedelta((today.weekday() - on.weekday) % _WEEK)
    # Weeks are counted from a fixed day, so that the same weeks are meant for ever.
    weeks = (day - DAY_FIRST).days // _WEEK
    return day - timedelta(_WEEK * (weeks % on.weeks))


def _in_month(on: StatementDay, first: date, calendar: Calendar) -> date:
    last = first.replace(day=monthrange(first.year, first.month)[1])
    if on.business_day < 0:
        return _last_open(last, calendar)
    if on.business_day:
        return _nth_open(first, on.business_day, calendar)
    return first.replace(day=min(on.day_of_month or 1, last.day))


def _nth_open(first: date, number: int, calendar: Calendar) -> date:
    return calendar.after(first, number - 1)


def _last_open(last: date, calendar: Calendar) -> date:
    day, is_open = last, calendar.is_open
    while not is_open(day) and day.day > 1:
        day -= timedelta(1)
    return day
