"""What a platform refused for a time happens once its cause is gone, over real HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from tests.builders.ledgers import contact_row, invoice_row
from tests.builders.world import World

from arsync.core.actions import ActionKind, ActionState
from arsync.errors import HealsWhen

RULES = """\
version: 1
name: Refusals
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
"""

NO_HOLDS = RULES.replace("limit: 50", "limit: 50000")


def ready(world: World, *, customers: int = 1, rules: str = RULES, **contact: Any) -> None:
    numbers = range(1, customers + 1)
    world.load(
        "quickbooks",
        contacts=[contact_row(f"c{n}", f"Customer {n}", **contact) for n in numbers],
        invoices=[invoice_row(n, f"c{n}", overdue=5) for n in numbers],
    )
    world.rules(rules)
    world.connect("quickbooks")


def states(world: World, kind: ActionKind) -> list[str]:
    return [str(row.state) for row in world.rows("quickbooks") if row.action.kind is kind]


def emails(world: World) -> int:
    return len(world.control.state("quickbooks")["emails"])


def test_a_renewed_subscription_lets_everything_go_on(world: World) -> None:
    ready(world)
    world.control.person("quickbooks", "subscribe", status="EXPIRED")
    for _ in range(3):
        result = world.sync("quickbooks")
        assert any("subscription" in each for each in [*result.all_problems, *result.waits])
        world.advance(hours=8)
    assert emails(world) == 0
    (status,) = world.app.status("quickbooks")
    (refused,) = status.refused
    assert refused.startswith("1 action was refused: QuickBooks refused: Invalid Company Status")
    assert refused.endswith("it is tried again when the subscription is active")
    world.control.person("quickbooks", "subscribe", status="SUBSCRIBED")
    world.sync("quickbooks")
    assert states(world, ActionKind.CREDIT_HOLD) == ["confirmed"]
    assert states(world, ActionKind.REMINDER) == ["confirmed"]
    assert emails(world) == 1
    (status,) = world.app.status("quickbooks")
    assert status.refused == ()


def test_emails_beyond_a_days_cap_leave_tomorrow(world: World) -> None:
    ready(world, customers=5, rules=NO_HOLDS)
    world.control.settings(limits=True, quickbooks_emails_per_day=2)
    result = world.sync("quickbooks")
    assert result.applied is not None
    (held_up,) = result.applied.held_up
    assert "No more than 2 emails can be sent a day" in held_up
    assert emails(world) == 2
    before = world.control.last_request()
    world.advance(hours=2)
    world.sync("quickbooks")
    assert world.control.writes(before) == [], "on the same day no email is tried"
    for expected in (4, 5):
        world.advance(days=1)
        world.sync("quickbooks")
        assert emails(world) == expected
    assert states(world, ActionKind.REMINDER) == ["confirmed"] * 5


def test_a_corrected_record_brings_what_was_refused_back(world: World) -> None:
    ready(world)
    customer = world.contact_id("quickbooks", "Customer 1")
    world.control.person("quickbooks", "set_notes", contact_id=customer, text="long " * 200)
    for _ in range(3):
        world.sync("quickbooks")
        world.advance(days=1)
    row = world.row_of("quickbooks", ActionKind.CREDIT_HOLD)
    assert (row.state, row.heals_when) == (ActionState.REJECTED, HealsWhen.RECORD)
    assert row.attempts == row.generation == 1, "nothing is tried while nothing changes"
    world.control.person("quickbooks", "set_notes", contact_id=customer, text="short")
    world.sync("quickbooks")
    assert states(world, ActionKind.CREDIT_HOLD) == ["confirmed"]
    assert "hold" in str(world.control.state("quickbooks")["contacts"][0]["notes"])


@pytest.mark.parametrize("status", [200, 400])
def test_a_severe_code_is_looked_up_and_nothing_doubled(world: World, status: int) -> None:
    ready(world, rules=NO_HOLDS)
    text = "Unexpected Internal Error. (-30003)"
    error = {"Message": text, "Detail": text, "code": "-30003"}
    world.control.fault(
        path="/send", effect=True, status=status, body={"Fault": {"Error": [error]}}
    )
    world.sync("quickbooks")
    assert emails(world) == 1
    assert states(world, ActionKind.REMINDER) == ["confirmed"]
