"""The days of statements: the last one due, and the next."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from arsync.core.ledger.business_days import Calendar
from arsync.core.planning.statement_days import (
    latest_statement,
    next_statement_day,
    statement_before,
)
from arsync.core.rulebook.model import MONDAY_TO_FRIDAY, StatementDay
from arsync.core.rulebook.reading.letter_sections import StatementDayShape
from arsync.core.rulebook.reading.value_types import Source
from arsync.core.rulebook.reading.yaml_nodes import Problems, composed

NEW_YEAR = frozenset({date(2027, 1, 1), date(2026, 12, 25)})
CALENDAR = Calendar(MONDAY_TO_FRIDAY, NEW_YEAR.__contains__)


def on(text: str) -> StatementDay:
    problems = Problems()
    node = composed("r.yaml", f"on: {text}", problems)
    assert node is not None
    day = StatementDayShape().read(node.value[0][1], Source("r.yaml", problems), "'on'")
    assert day is not None, problems.found
    return day


@pytest.mark.parametrize(
    ("words", "today", "due", "following"),
    [
        ("1st business day", "2027-01-03", "2026-12-01", "2027-01-04"),
        ("1st business day", "2027-01-04", "2027-01-04", "2027-02-01"),
        ("3rd business day", "2026-11-20", "2026-11-04", "2026-12-03"),
        ("last business day", "2026-11-30", "2026-11-30", "2026-12-31"),
        ("15", "2026-11-14", "2026-10-15", "2026-11-15"),
        ("31", "2026-11-30", "2026-11-30", "2026-12-31"),
        ("last day", "2027-02-28", "2027-02-28", "2027-03-31"),
        ("monday", "2026-11-22", "2026-11-16", "2026-11-23"),
        ("Monday every 2 weeks", "2026-11-30", "2026-11-30", "2026-12-14"),
        ("monday every 2 weeks", "2026-12-13", "2026-11-30", "2026-12-14"),
    ],
)
def test_the_day_that_is_meant(words: str, today: str, due: str, following: str) -> None:
    day = date.fromisoformat(today)
    assert latest_statement(on(words), day, CALENDAR).on == date.fromisoformat(due)
    assert next_statement_day(on(words), day, CALENDAR) == date.fromisoformat(following)


@pytest.mark.parametrize(
    "words",
    [
        "1st business day",
        "10th business day",
        "last business day",
        "29",
        "31",
        "sunday every 3 weeks",
    ],
)
def test_each_day_follows_the_one_before(words: str) -> None:
    rule, day, periods = on(words), date(2026, 1, 1), set()
    for _ in range(40):
        following = next_statement_day(rule, day, CALENDAR)
        assert following > day
        due = latest_statement(rule, following, CALENDAR)
        assert due.on == following
        assert latest_statement(rule, following - timedelta(1), CALENDAR).on <= day
        assert statement_before(rule, due, CALENDAR).on < following
        periods.add(due.period)
        day = following
    assert len(periods) == 40
