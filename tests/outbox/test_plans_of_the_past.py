"""A plan of a past day knows what was done and refused by then, and nothing that came later."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from tests.builders.books import Books, BooksWorld

from arsync.core.actions import ActionKind

HOLD = ActionKind.CREDIT_HOLD
REMINDER = ActionKind.REMINDER


@pytest.fixture
def careful(books: Books, make_world: Callable[..., BooksWorld]) -> BooksWorld:
    """Return a world in which everything waits, with one debtor deep in debt."""
    world = make_world(books, mode="approve")
    books.add_invoice(books.add_contact(1), 1, overdue=5, amount="6000")
    world.sync()
    return world


def planned(world: BooksWorld, day: date) -> tuple[set[ActionKind], list[str]]:
    """Return what a plan of the day does, and what it holds back."""
    (plan,) = world.app.plan(world.name, as_of=day)
    return {action.kind for action in plan.actions}, [held_back.why for held_back in plan.held_back]


def test_a_refusal_counts_from_its_day_until_withdrawn(careful: BooksWorld) -> None:
    first = careful.clock.now().date()
    key = careful.the_row(HOLD).key
    careful.advance(days=1)
    careful.app.reject([key], why="they always pay", who="Jane")
    careful.advance(days=1)
    careful.app.take_back([key], why="they do not", who="Jane")
    careful.advance(days=1)
    days = [date.fromordinal(first.toordinal() + ahead) for ahead in range(4)]
    placed = [HOLD in planned(careful, day)[0] for day in days]
    assert placed == [True, False, True, True]
    assert any("the credit hold was refused" in reason for reason in planned(careful, days[1])[1])


def test_a_since_lifted_hold_counts_in_a_past_plan(careful: BooksWorld) -> None:
    careful.app.approve(who="Jane")
    careful.sync()
    placed = careful.clock.now().date()
    careful.advance(days=1)
    held = careful.clock.now().date()
    careful.advance(days=1)
    careful.books.pay(careful.books.invoices["i1"])
    careful.sync()
    careful.app.approve(who="Jane")
    careful.sync()
    careful.advance(days=1)
    assert careful.books.keys(ActionKind.LIFT_CREDIT_HOLD), "it is lifted by now"
    for day in (placed, held):
        kinds, _ = planned(careful, day)
        assert HOLD not in kinds, "it stood already"


def test_a_reminder_refused_that_day_is_not_planned_again(
    careful: BooksWorld,
) -> None:
    first = careful.clock.now().date()
    careful.app.reject([careful.the_row(REMINDER).key], why="a friend", who="Jane")
    careful.advance(days=1)
    kinds, reasons = planned(careful, first)
    assert REMINDER not in kinds
    assert any("the step was refused" in reason for reason in reasons)
