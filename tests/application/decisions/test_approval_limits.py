"""Above an amount one approval is the first of two, in the currency of the books."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from tests.builders.books import Books
from tests.builders.desk import DeskDriver, a_desk, add_person

from arsync.application.decisions import approvals
from arsync.application.decisions.approval_limits import amounts_in_books
from arsync.application.permissions import Actor, Role
from arsync.application.runs import runs
from arsync.core.actions import ActionKind, ActionState
from arsync.store.models import ActionRow

REMINDER, HOLD = ActionKind.REMINDER, ActionKind.CREDIT_HOLD
OWNER = Actor("Olga", Role.OWNER)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[DeskDriver]:
    with a_desk(tmp_path) as opened:
        yield opened


def limited(desk: DeskDriver, name: str, up_to: int) -> Actor:
    amount = Decimal(up_to)
    user = add_person(desk.container, name, Role.CONTROLLER, approves_up_to=amount)
    return Actor(name, Role.CONTROLLER, approves_up_to=amount, user_id=user.id)


def about(desk: DeskDriver, number: str) -> ActionRow:
    rows = desk.container.store.actions.list(kinds={REMINDER})
    return next(row for row in rows if any(ref.number == number for ref in row.action.invoices))


def in_dollars(books: Books, rate: Decimal | None) -> None:
    books.invoices["i7"] = books.invoices["i7"]._replace(currency="USD", rate=rate)


@pytest.mark.parametrize(("rate", "amount"), [("0.5", Decimal("1051.16")), (None, None)])
def test_foreign_amounts_are_converted_by_their_rate(
    desk: DeskDriver, rate: str | None, amount: Decimal | None
) -> None:
    in_dollars(desk.books, Decimal(rate) if rate else None)
    (organisation,) = desk.container.contexts()
    runs.sync(OWNER, organisation)
    row = about(desk, "INV-7")
    assert amounts_in_books(organisation, [row])[row.key] == amount
    up_to_2000 = limited(desk, "Tom", 2000)
    (listed,) = approvals.approve(up_to_2000, desk.container, [row.key])
    waits = ActionState.AWAITING_APPROVAL
    assert listed.row.state is (waits if amount is None else ActionState.APPROVED)


def test_a_hold_is_about_all_that_is_owed(desk: DeskDriver) -> None:
    (organisation,) = desk.container.contexts()
    holds = desk.container.store.actions.list(kinds={HOLD})
    amounts = amounts_in_books(organisation, holds)
    assert sorted(map(str, amounts.values())) == ["6350.55", "7413.35"]


def test_everything_at_once_obeys_the_limit_too(desk: DeskDriver) -> None:
    tom, ann = limited(desk, "Tom", 1000), limited(desk, "Ann", 1000)
    first = approvals.approve(tom, desk.container)
    states = [listed.row.state for listed in first]
    assert states.count(ActionState.APPROVED) == 6
    assert states.count(ActionState.AWAITING_APPROVAL) == 9
    second = approvals.approve(ann, desk.container)
    assert {listed.row.state for listed in second} == {ActionState.APPROVED}
    assert second[0].row.reason == "approved by Ann as controller and Tom"


def test_whoever_has_no_limit_approves_alone(desk: DeskDriver) -> None:
    row = about(desk, "INV-12")
    approvals.approve(limited(desk, "Tom", 1000), desk.container, [row.key])
    (listed,) = approvals.approve(OWNER, desk.container, [row.key])
    assert (listed.row.state, listed.row.reason) == (ActionState.APPROVED, "approved by Olga")


def test_an_approval_names_the_persons_own_role(desk: DeskDriver) -> None:
    row = about(desk, "INV-12")
    tom = limited(desk, "Tom", 1_000_000)
    (listed,) = approvals.approve(tom, desk.container, [row.key])
    assert listed.row.reason == "approved by Tom as controller"
