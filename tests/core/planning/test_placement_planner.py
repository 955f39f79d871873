"""Placements: proposed by rule, never what is disputed; meanwhile nothing else chases them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from arsync.core.actions import Action, ActionKind, PlacementPayload, payload_of
from arsync.core.actions.effects import after, after_refusal
from arsync.core.ledger.records import Account, Dispute, PlacedDebt, Placement, Promise
from arsync.core.planning.plan import Plan

Desk = Any

AGENCY = (
    "placements:\n"
    "  - name: To the agency\n"
    "    when: {days_overdue: {at_least: 90}, net_amount_due: {at_least: 500}, steps_left: no}\n"
    "    to: Example Collections\n"
)
LAWYER = "  - {name: To court, when: {placed: returned}, to: Example Lawyers}\n"
LAST_STEP = {"day": 30, "days_ago": 65, "step": "final notice"}


def placements(plan: Plan) -> list[Action]:
    return [action for action in plan.actions if action.kind is ActionKind.PLACEMENT]


def at_the_end(desk: Desk, *numbers: str, overdue: int = 95, **fields: Any) -> Account:
    """Return a debtor whose invoices have had every step."""
    invoices = [
        desk.invoice(number, overdue - index, "800.00") for index, number in enumerate(numbers)
    ]
    sent = tuple(desk.sent(number, **LAST_STEP) for number in numbers)
    account: Account = desk.account(*invoices, sent=sent, **fields)
    return account


def planned(desk: Desk, account: Account, text: str = AGENCY, **values: Any) -> Plan:
    plan: Plan = desk.plan(desk.head + desk.steps + text, account, **values)
    return plan


def a_placement(desk: Desk, *numbers: str, days_ago: int = 5, **fields: Any) -> Placement:
    debts = tuple(PlacedDebt(number, Decimal(800), "GBP") for number in numbers)
    on = desk.today - timedelta(days_ago)
    return Placement("k1", "Example Collections", on, debts, **fields)


def test_debts_at_the_end_of_their_cadence_are_proposed(desk: Desk) -> None:
    (action,) = placements(planned(desk, at_the_end(desk, "i1", "i2")))
    assert payload_of(action, PlacementPayload).agency == "Example Collections"
    assert [ref.number for ref in action.invoices] == ["I1", "I2"]
    assert action.needs_approval
    assert action.note == (
        "Placed with Example Collections: 2 invoices, GBP 1,600.00 due in all "
        "(test.yaml:11, To the agency)."
    )


@pytest.mark.parametrize(
    ("overdue", "amount", "steps"), [(89, "800", True), (95, "499.99", True), (95, "800", False)]
)
def test_age_amount_and_steps_left_are_conditions(
    desk: Desk, overdue: int, amount: str, steps: bool
) -> None:
    sent = (desk.sent("i1", **LAST_STEP),) if steps else ()
    account = desk.account(desk.invoice("i1", overdue, amount), sent=sent)
    assert not placements(planned(desk, account))


def test_what_is_disputed_is_left_out_and_named(desk: Desk) -> None:
    dispute = Dispute("i1", date(2026, 6, 1), "wrong price")
    plan = planned(desk, at_the_end(desk, "i1", "i2", disputes=(dispute,)))
    (action,) = placements(plan)
    assert [ref.number for ref in action.invoices] == ["I2"]
    reasons = [held.why for held in plan.held_back if held.invoice_id == "i1"]
    assert (
        "not placed with Example Collections: dispute open since 2026-06-01 (wrong price)"
        in reasons
    )


def test_an_open_promise_keeps_a_debt_here(desk: Desk) -> None:
    promise = Promise(("i1",), desk.today + timedelta(3), None, desk.today)
    plan = planned(desk, at_the_end(desk, "i1", promises=(promise,)))
    assert not placements(plan)
    assert any("not placed with Example Collections" in held.why for held in plan.held_back)


def test_uncertain_figures_place_nothing(desk: Desk) -> None:
    assert not placements(planned(desk, at_the_end(desk, "i1", doubts=("money is unreadable",))))


def test_who_is_left_alone_is_not_placed(desk: Desk) -> None:
    alone = "leave_alone: [{name: Legal, when: {contact: Name c1}}]\n"
    assert not placements(planned(desk, at_the_end(desk, "i1"), AGENCY + alone))


def test_nothing_chases_what_is_placed(desk: Desk) -> None:
    text = AGENCY + (
        "follow_ups:\n"
        "  - {name: Old, when: {days_overdue: {at_least: 60}}, task: Call}\n"
        "  - {name: Late, when: {overdue_amount: {at_least: 1}}, task: Write}\n"
        "charges: [{name: Interest, interest: 1% a month}]\n"
    )
    account = desk.account(desk.invoice("i1", 95, "800.00"), placements=(a_placement(desk, "i1"),))
    plan = planned(desk, account, text)
    assert not plan.actions
    assert [held.why for held in plan.held_back if held.invoice_id] == [
        "placed with Example Collections since 2026-11-15",
        "placed with Example Collections since 2026-11-15",
    ]


def test_a_task_meant_for_placed_debts_opens(desk: Desk) -> None:
    text = "follow_ups: [{name: Ask, when: {days_placed: {at_least: 5}}, task: Ask the agency}]\n"
    account = desk.account(desk.invoice("i1", 95, "800.00"), placements=(a_placement(desk, "i1"),))
    (task,) = planned(desk, account, text).actions
    assert task.payload.title == "Ask the agency"


def test_new_invoices_are_chased_as_ever(desk: Desk) -> None:
    account = desk.account(
        desk.invoice("i1", 95, "800.00"),
        desk.invoice("i2", 2),
        placements=(a_placement(desk, "i1"),),
    )
    (reminder,) = planned(desk, account).actions
    assert [ref.number for ref in reminder.invoices] == ["I2"]


def test_money_covers_first_what_is_still_chased_here(desk: Desk) -> None:
    account = desk.account(
        desk.invoice("i1", 95, "800.00"),
        desk.invoice("i2", 2),
        placements=(a_placement(desk, "i1"),),
        payments=(desk.payment("100.00", unallocated="100.00"),),
    )
    assert not planned(desk, account).actions


def test_a_recalled_debt_is_chased_again_not_placed(desk: Desk) -> None:
    ended = a_placement(desk, "i1", ended_on=desk.today, ended_as="recalled")
    account = desk.account(desk.invoice("i1", 95, "800.00"), placements=(ended,))
    assert [action.kind for action in planned(desk, account).actions] == [ActionKind.REMINDER]
    assert not placements(planned(desk, at_the_end(desk, "i1", placements=(ended,))))


def test_a_rule_may_ask_for_what_came_back(desk: Desk) -> None:
    ended = a_placement(desk, "i1", ended_on=desk.today, ended_as="returned")
    account = at_the_end(desk, "i1", placements=(ended,))
    (action,) = placements(planned(desk, account, AGENCY + LAWYER))
    assert (action.payload.title, action.episode) == ("with Example Lawyers", 2)


def test_a_refused_placement_is_refused_for_each_debt(desk: Desk) -> None:
    account = at_the_end(desk, "i1", "i2")
    refused = after_refusal(account, placements(planned(desk, account)))
    assert not placements(planned(desk, refused))
    only_second = refused._replace(invoices=refused.invoices[1:])
    assert not placements(planned(desk, only_second))


def test_what_was_placed_is_not_proposed_again(desk: Desk) -> None:
    account = at_the_end(desk, "i1", "i2")
    placed = after(account, placements(planned(desk, account)), desk.today)
    assert [debt.invoice_id for debt in placed.placements[0].debts] == ["i1", "i2"]
    tomorrow = planned(desk, placed, today=desk.today + timedelta(1))
    assert not tomorrow.actions


def test_an_uncertain_cadence_leaves_steps_unknown(desk: Desk) -> None:
    steps = "steps: [{day: 1, email: first reminder}]"
    text = f"reminders: [{{name: Few, when: {{credit_limit: {{at_least: 1}}}}, {steps}}}]\n"
    plan: Plan = desk.plan(
        desk.head + text + AGENCY, desk.account(desk.invoice("i1", 95, "800.00"))
    )
    assert not placements(plan)
    assert any("steps_left is unknown" in held.why for held in plan.held_back)


def test_the_undisputed_rest_is_placed(desk: Desk) -> None:
    dispute = Dispute("i1", date(2026, 6, 1), "wrong price", amount=Decimal(200))
    (action,) = placements(planned(desk, at_the_end(desk, "i1", disputes=(dispute,))))
    (debt,) = action.invoices
    assert (debt.amount_due, debt.disputed) == (Decimal(600), Decimal(200))
    assert "GBP 600.00 due" in action.note
