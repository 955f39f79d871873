"""A prompt-payment discount that a customer took is credited, or asked for, once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.builders.ledgers import contact_row, invoice_row
from tests.builders.world import PLATFORMS, START, World

from arsync.application.permissions import Actor, Role
from arsync.application.rules.rule_checking import check_rules
from arsync.core.actions import ActionKind, ActionState, payload_words

RULES = """\
version: 1
name: Discounts
currency: GBP
discounts:
  - {name: Prompt payment, percent: 2%, within: 10 days, as: credit note draft}
reminders:
  - {name: Standard, steps: [{day: 1, email: first reminder}]}
sending: {days: every day, between: 00:00-23:59}
"""


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_discount_taken_is_settled_once(world: World, name: str) -> None:
    # Issued 33 days ago, due three days ago, paid nine days after its issue.
    invoices = [invoice_row(1, "c1", overdue=3, total="1000.00")]
    world.load(name, contacts=[contact_row("c1", "Prompt Ltd")], invoices=invoices)
    invoice_id = world.invoice_id(name, "INV-0001")
    paid_on = (START.date() - timedelta(24)).isoformat()
    world.control.person(name, "pay", invoice_id=invoice_id, amount="980", on=paid_on)
    world.rules(RULES)
    world.connect(name)
    if name == "quickbooks":
        a_task_for_the_bookkeeper(world, name)
    else:
        a_draft_after_approval(world, name)
    # Days later it is neither done again nor chased.
    before = world.standing(name)
    world.move_to(datetime(2026, 12, 8, 10, tzinfo=UTC))
    world.sync_until_quiet(name)
    assert world.standing(name) == before
    assert not [words for words in before if words.startswith("email")]
    (plan,) = world.app.plan(name)
    held = [held.why for held in plan.held_back]
    assert held == ["prompt-payment discount of GBP 20.00 taken"]


def a_task_for_the_bookkeeper(world: World, name: str) -> None:
    world.sync_until_quiet(name)
    (task,) = world.app.tasks(name)
    words = payload_words(task.row.action.payload)
    assert words["task"] == "Give INV-0001 its prompt-payment discount of GBP 20.00"
    said = "offers no draft credit note: each discount becomes a task"
    (plan,) = world.app.plan(name)
    assert any(said in problem for problem in plan.problems)
    checked = check_rules(Actor("Olga", Role.OWNER), world.app)
    assert any(said in warning for warning in checked.warnings)


def a_draft_after_approval(world: World, name: str) -> None:
    world.sync_until_quiet(name)
    row = world.row_of(name, ActionKind.CREDIT_NOTE)
    assert row.state is ActionState.AWAITING_APPROVAL
    assert world.control.state(name)["credits"] == []
    world.app.approve([row.key], connection=name)
    # Its answer is lost after it took effect.
    world.control.fault(path="CreditNotes", method="PUT", drop="after", times=1)
    world.sync_until_quiet(name)
    world.move_to(datetime(2026, 12, 1, 10, tzinfo=UTC))
    world.sync_until_quiet(name)
    assert [row for row in world.control.journal() if row["fault"]], "no request was hit"
    assert world.row_of(name, ActionKind.CREDIT_NOTE).state is ActionState.CONFIRMED
    (credit,) = world.control.state(name)["credits"]
    assert (credit["status"], credit["remaining"]) == ("DRAFT", "20.00")


def test_an_undone_draft_is_deleted_and_stays_so(world: World) -> None:
    name = "xero"
    invoices = [invoice_row(1, "c1", overdue=3, total="1000.00")]
    world.load(name, contacts=[contact_row("c1", "Prompt Ltd")], invoices=invoices)
    invoice_id = world.invoice_id(name, "INV-0001")
    paid_on = (START.date() - timedelta(24)).isoformat()
    world.control.person(name, "pay", invoice_id=invoice_id, amount="980", on=paid_on)
    world.rules(RULES.replace("as:", "approval: none, as:"))
    world.connect(name)
    world.sync_until_quiet(name)
    row = world.row_of(name, ActionKind.CREDIT_NOTE)
    world.app.undo(world.app.undo_plan([row.key]), who="Jane")
    world.sync_until_quiet(name)
    world.move_to(datetime(2026, 12, 1, 10, tzinfo=UTC))
    world.sync_until_quiet(name)
    assert [credit["status"] for credit in world.control.state(name)["credits"]] == ["DELETED"]
