"""Nothing is chased that is not owed, whatever happens between the plan and the message."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

import pytest

from arsync.core.actions import ActionKind, ActionState

from .conftest import PLATFORMS, START, World, contact_row, invoice_row

RULES = """\
version: 1
name: Not owed
currency: GBP
reminders:
  - name: Polite
    skip_invoices_when: {amount_due: {less_than: 10}}
    steps:
      - {day: 1, email: first reminder, approval: required}
      - {day: 14, email: second reminder, approval: required}
sending:
  days: every day
  between: 00:00-23:59
"""
TODAY = START.date()


class Case(NamedTuple):
    """What a person does after the message was approved, and the words that tell of it."""

    does: Callable[[World, str], object]
    why: str


def person(do: str, *about: str, **arguments: str) -> Callable[[World, str], object]:
    """Return an edit in the platform itself, of INV-0001 or of its customer."""

    def edit(world: World, name: str) -> object:
        ids = {
            "invoice_id": lambda: world.invoice_id(name, "INV-0001"),
            "contact_id": lambda: world.contact_id(name, "Ada"),
        }
        named = {one: ids[one]() for one in about}
        return world.control.person(name, do, **named, **arguments)

    return edit


def credited_in_full(world: World, name: str) -> object:
    return person("credit", "contact_id", "invoice_id", amount="100")(world, name)


CASES = {
    "paid": Case(person("pay", "invoice_id", amount="100", on="2026-11-18"), "is paid"),
    "paid but for a little": Case(
        person("pay", "invoice_id", amount="95", on="2026-11-18"), "skipped: amount_due"
    ),
    "voided": Case(person("void", "invoice_id"), "was voided"),
    "credited": Case(credited_in_full, "is paid"),
    "covered by a prepayment": Case(
        person("prepay", "contact_id", amount="150"), "covered by unallocated credit"
    ),
    "covered by a credit note": Case(
        person("credit", "contact_id", amount="100"), "covered by unallocated credit"
    ),
    "contact archived": Case(person("archive", "contact_id"), "the contact is archived"),
    "re-dated": Case(person("set_due_date", "invoice_id", on="2026-12-24"), "no longer asks"),
    "disputed": Case(
        lambda world, name: world.app.dispute("INV-0001", reason="broken", connection=name),
        "dispute open",
    ),
    "promised": Case(
        lambda world, name: world.app.promise(
            "INV-0001", TODAY + timedelta(days=7), connection=name
        ),
        "promise_to_pay open until 2026-11-25",
    ),
}


def approved(world: World, name: str) -> None:
    """Plan a reminder, and have it approved by a person."""
    world.load(
        name,
        contacts=[contact_row("c1", "Ada")],
        invoices=[invoice_row(1, "c1", overdue=5)],
    )
    world.rules(RULES)
    world.connect(name)
    world.app.pull(name)
    world.app.prepare(name)
    (waiting,) = world.app.waiting(name)
    world.app.approve([waiting.row.key], who="a person")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", PLATFORMS)
@pytest.mark.parametrize("command", ["apply", "sync"])
def test_what_is_not_owed_any_more_is_not_sent(
    world: World, name: str, case: str, command: str
) -> None:
    approved(world, name)
    CASES[case].does(world, name)
    (result,) = world.app.apply(name) if command == "apply" else world.app.sync(name)
    assert result.all_problems == []
    assert not world.control.state(name)["emails"]
    row = world.row_of(name, ActionKind.REMINDER)
    assert row.state is ActionState.WITHDRAWN, row.reason
    assert CASES[case].why in row.reason
