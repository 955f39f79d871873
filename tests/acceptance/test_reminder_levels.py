"""The reminder level is shown in the books and kept true, beside what people keep there."""

from __future__ import annotations

from typing import Any

import pytest
from tests.builders.ledgers import contact_row, invoice_row
from tests.builders.world import PLATFORMS, World

from arsync.core.actions import ActionKind

RULES = """\
version: 1
name: Levels
currency: GBP
credit_limits:
  - {name: Everyone, limit: 50}
credit_holds:
  - name: Over the limit
    when: {over_limit_percent: {more_than: 10}}
reminders:
  - name: Polite
    steps:
      - {day: 1, email: first reminder}
      - {day: 14, email: second reminder}
sending:
  days: every day
  between: 00:00-23:59
  reminder_level: shown
"""
OWN_WORDS = "Ask for Jim.\nNot before ten."
LEVEL_PATHS = {"xero": "/ContactGroups/.+/Contacts", "quickbooks": "/customer"}


def ready(world: World, name: str) -> dict[str, Any]:
    """Connect a ledger with one late customer; returns the customer as people keep it."""
    world.load(
        name,
        contacts=[contact_row("c1", "Ada", contact_group="Friends")],
        invoices=[invoice_row(1, "c1", overdue=5)],
    )
    world.control.person(
        name, "set_notes", contact_id=world.contact_id(name, "Ada"), text=OWN_WORDS
    )
    world.rules(RULES)
    world.connect(name)
    return customer(world, name)


def customer(world: World, name: str) -> dict[str, Any]:
    state = world.control.state(name)
    (contact,) = state["contacts"]
    groups = sorted(group["name"] for group in state["groups"] if group["members"])
    return {"notes": contact["notes"], "groups": groups}


def shown(world: World, name: str) -> list[str]:
    """Return the levels that the customer's record shows."""
    found = customer(world, name)
    lines = [*found["groups"], *(found["notes"] or "").splitlines()]
    words = [line.replace("--- arsync: ", "").partition(" [")[0].casefold() for line in lines]
    return [word for word in words if word in {"reminder level 1", "reminder level 2"}]


def level_actions(world: World, name: str) -> list[tuple[str, str]]:
    return [
        (row.action.payload.title, str(row.state))
        for row in world.rows(name)
        if row.action.kind is ActionKind.REMINDER_LEVEL
    ]


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_level_rises_and_goes_with_the_debt(world: World, name: str) -> None:
    as_kept = ready(world, name)
    world.sync_until_quiet(name)
    assert shown(world, name) == ["reminder level 1"]
    world.advance(days=14)
    world.sync(name)
    before = world.control.last_request()
    world.sync(name)
    assert shown(world, name) == ["reminder level 2"]
    hold = "Credit hold" if name == "xero" else "--- arsync: credit hold"
    assert hold in str(customer(world, name))
    assert all(
        "Contact" in row["path"] or "customer" in row["path"]
        for row in world.control.writes(before)
    )
    before = world.control.last_request()
    world.sync(name)
    assert world.control.writes(before) == []
    world.control.person(
        name, "pay", invoice_id=world.invoice_id(name, "INV-0001"), amount="100", on="2026-12-02"
    )
    world.sync_until_quiet(name)
    assert shown(world, name) == []
    assert customer(world, name) == as_kept
    assert sorted(level_actions(world, name)) == [
        ("1: first reminder", "confirmed"),
        ("2: second reminder", "confirmed"),
        ("none any more, it was 2", "confirmed"),
    ]


@pytest.mark.parametrize("drop", ["before", "after"])
@pytest.mark.parametrize("name", PLATFORMS)
def test_a_lost_answer_leaves_one_level(world: World, name: str, drop: str) -> None:
    ready(world, name)
    world.sync(name)
    world.control.fault(method="PUT|POST", path=LEVEL_PATHS[name], drop=drop)
    world.sync_until_quiet(name)
    assert [row for row in world.control.journal() if row["fault"]], "no request was hit"
    assert shown(world, name) == ["reminder level 1"]
    assert level_actions(world, name) == [("1: first reminder", "confirmed")]


def test_observing_shows_no_level(world: World) -> None:
    ready(world, "xero")
    world.sync("xero")
    world.app.set_mode("xero", "observe")
    before = world.control.last_request()
    world.sync("xero")
    assert world.control.writes(before) == []
    assert level_actions(world, "xero") == []
    world.app.set_mode("xero", "approve")
    world.sync("xero")
    assert level_actions(world, "xero") == [("1: first reminder", "awaiting approval")]
