"""How measures stand to goals: of the whole ledger, in its base currency."""

from __future__ import annotations

from datetime import UTC, date
from decimal import Decimal

from tests.builders.records import a_debtor, an_invoice

from arsync.core.analytics.goal_states import goal_in_words, goal_states, home_figures
from arsync.core.analytics.measure_sums import MeasuringWindow
from arsync.core.analytics.measures import Figures, Measuring
from arsync.core.ledger.records import Invoice
from arsync.core.rulebook.model import Goal, Place

DAY, BEFORE = date(2026, 11, 30), date(2026, 10, 31)
PLACE = Place("rules/a.yaml", 7, 3)


def figures(*invoices: Invoice) -> list[Figures]:
    windows = [MeasuringWindow(BEFORE), MeasuringWindow(DAY)]
    measuring = Measuring(windows, zone=UTC, base_currency="GBP")
    measuring.add(a_debtor(*invoices))
    return measuring.figures()


def test_a_goal_has_a_point_for_each_day() -> None:
    rows = figures(an_invoice("i1", issued_on=date(2026, 9, 10), due_on=date(2026, 11, 10)))
    most = Goal("overdue_percent", Decimal(15), at_least=False, place=PLACE)
    (state,) = goal_states([most], rows, "GBP")
    assert [(point.as_of, point.figure, point.missed) for point in state.points] == [
        (BEFORE, Decimal(0), False),
        (DAY, Decimal(100), True),
    ]
    assert (state.now.missed, state.rule) == (True, "rules/a.yaml:7")


def test_more_is_better_where_the_goal_says_so() -> None:
    goal = Goal("cei", Decimal(85), at_least=True)
    missed = [goal.is_missed_by(Decimal(text)) for text in ("84.9", "85", "90")]
    assert missed == [True, False, False]


def test_what_is_not_known_misses_nothing() -> None:
    rows = figures(an_invoice("i1", issued_on=date(2026, 9, 10)))
    (state,) = goal_states([Goal("days_to_pay", Decimal(1), at_least=False)], rows, "GBP")
    assert state.now.figure is None
    assert not state.now.missed
    assert "not known" in goal_in_words("days_to_pay", None, Decimal(1), "Days to pay")


def test_several_currencies_count_converted() -> None:
    dollars = an_invoice("u1", currency="USD", rate=Decimal("0.5"), issued_on=DAY, due_on=DAY)
    (home,) = home_figures(figures(an_invoice("i1", issued_on=DAY, due_on=DAY), dollars), "GBP")[
        -1:
    ]
    assert (home.in_base, home.receivable) == (True, Decimal(150))


def test_an_empty_ledger_has_no_states() -> None:
    assert goal_states([Goal("dso", Decimal(40), at_least=False)], [], "GBP") == ()


def test_a_goal_is_said_in_words() -> None:
    words = goal_in_words("dso", Decimal("52.123"), Decimal("40.0"), "DSO")
    assert words == "DSO is 52.1 days, the goal is at most 40 days"
