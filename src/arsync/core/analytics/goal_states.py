"""How the measures of a ledger stand to the goals of its rulebook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from msgspec import Struct

from arsync.core.analytics.measures import Figures
from arsync.core.rulebook.model import GOALS, Goal


class GoalPoint(Struct, frozen=True):
    """Where a measure stood on a day."""

    as_of: date
    figure: Decimal | None
    """With six places; None: not known."""
    missed: bool


class GoalState(Struct, frozen=True, kw_only=True):
    """A goal, and how the measure of the whole ledger stood to it on some days."""

    measure: str
    goal: Decimal
    at_least: bool
    """Whether more is better; otherwise less is."""
    currency: str
    """In which the figures are: the base currency, all others converted."""
    points: tuple[GoalPoint, ...]
    """By day."""
    rule: str
    """File and line of the goal."""

    @property
    def now(self) -> GoalPoint:
        """Return the last one."""
        return self.points[-1]


def home_figures(rows: Iterable[Figures], base_currency: str) -> list[Figures]:
    """Return, by day, the figures of a whole ledger in its base currency."""
    by_day: dict[date, Figures] = {}
    for row in rows:
        # Where everything is in the base currency, nothing was converted.
        if row.in_base or (row.currency == base_currency and row.as_of not in by_day):
            by_day[row.as_of] = row
    return [by_day[day] for day in sorted(by_day)]


def goal_states(
    goals: Iterable[Goal], rows: Sequence[Figures], base_currency: str
) -> tuple[GoalState, ...]:
    """Return how a ledger stands to its goals.

    Args:
        goals: of the rulebook.
        rows: the figures of the whole ledger, of one day or several.
        base_currency: the organisation's.

    Returns:
        Nothing where nothing was ever sold or owed.
    """
    days = home_figures(rows, base_currency)
    if not days:
        return ()
    return tuple(
        GoalState(
            measure=goal.measure,
            goal=goal.value,
            at_least=goal.at_least,
            currency=base_currency,
            points=tuple(
                GoalPoint(row.as_of, figure, goal.is_missed_by(figure))
                for row in days
                for figure in (getattr(row, goal.measure),)
            ),
            rule=f"{goal.place.file}:{goal.place.line}",
        )
        for goal in goals
    )


def goal_in_words(measure: str, figure: Decimal | None, goal: Decimal, label: str) -> str:
    """Return how a measure stands to its goal: `DSO is 52.1 days, the goal is at most 40`."""
    kind = GOALS[measure]
    unit = "%" if kind.in_percent else " days"
    bound = "at least" if kind.at_least else "at most"
    stands = "is not known" if figure is None else f"is {figure:.1f}{unit}"
    return f"{label} {stands}, the goal is {bound} {goal.normalize():f}{unit}"
