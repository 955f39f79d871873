"""Write-offs: a task with the figures, for the person who decides; never a booking."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from arsync.core.actions import ActionKind
from arsync.core.ledger.records import Dispute, PlacedDebt, Placement

Desk = Any

SMALL = (
    "write_offs:\n"
    "  - name: Too small\n"
    "    when: {net_amount_due: {less_than: 20}, days_overdue: {at_least: 180}}\n"
    "  - {name: Not to be had, when: {placed: returned}, propose_to: finance director}\n"
)


def test_a_small_old_debt_is_proposed_with_its_figures(desk: Desk) -> None:
    sent = (desk.sent("i1", 1, 180), desk.sent("i1", 14, 150))
    account = desk.account(desk.invoice("i1", 190, "12.50"), sent=sent)
    (task,) = desk.plan(desk.head + SMALL, account).actions
    assert task.kind is ActionKind.TASK
    assert (task.payload.title, task.payload.owner) == (
        "Decide whether to write off I1",
        "bookkeeper",
    )
    assert task.note == (
        "Task opened: Decide whether to write off I1: GBP 12.50 net, 190 days overdue, 2 messages, "
        "the last on 2026-06-23 (test.yaml:4, Too small)."
    )
    assert task.because.facts["messages"] == 2


def test_the_result_of_the_placement_is_told(desk: Desk) -> None:
    debt = PlacedDebt("i1", Decimal(800), "GBP")
    placement = Placement(
        "k1",
        "Example Collections",
        desk.today - timedelta(60),
        (debt,),
        ended_on=desk.today,
        ended_as="returned",
    )
    account = desk.account(desk.invoice("i1", 190, "800.00"), placements=(placement,))
    (task,) = desk.plan(desk.head + SMALL, account).actions
    assert "returned by Example Collections, nothing recovered" in task.note
    assert task.payload.owner == "finance director"


def test_what_is_disputed_is_not_written_off(desk: Desk) -> None:
    dispute = Dispute("i1", desk.today, "damaged")
    account = desk.account(desk.invoice("i1", 190, "12.50"), disputes=(dispute,))
    plan = desk.plan(desk.head + SMALL, account)
    assert not plan.actions
    assert plan.held_back[0].why.startswith("not proposed to be written off: dispute open")


def test_what_is_paid_is_not_proposed(desk: Desk) -> None:
    account = desk.account(
        desk.invoice("i1", 190, "12.50"), payments=(desk.payment("12.50", unallocated="12.50"),)
    )
    assert not desk.plan(desk.head + SMALL, account).actions
