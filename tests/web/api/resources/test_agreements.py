"""Promises, plans, disputes, placements and customers left alone, in parts."""

from __future__ import annotations

from typing import Any

import pytest
from tests.builders.programs import Program, said

BOOKS = "/connections/books"

RECORDED: dict[str, list[dict[str, Any]]] = {
    "promises": [{"customer": f"c{place}", "promised_on": "2026-12-31"} for place in (1, 2, 3)],
    "disputes": [{"invoice": f"i{place}", "reason": "not delivered"} for place in (1, 4, 5)],
    "payment-plans": [
        {"customer": customer, "equal": {"number": 2, "first_on": "2026-12-31"}}
        for customer in ("c1", "c3", "c4")
    ],
}


@pytest.mark.parametrize("what", RECORDED)
def test_agreements_come_in_parts(controller: Program, what: str) -> None:
    for body in RECORDED[what]:
        recorded = controller.post(f"{BOOKS}/{what}", **body)
        assert recorded.status_code == 200, recorded.text
    whole = controller.read(f"{BOOKS}/{what}")["items"]
    assert len(whole) == 3
    assert controller.read_in_parts(f"{BOOKS}/{what}", 1) == whole


def test_what_ends_meanwhile_moves_nothing(controller: Program) -> None:
    for body in RECORDED["disputes"]:
        controller.post(f"{BOOKS}/disputes", **body)
    whole = controller.read(f"{BOOKS}/disputes")["items"]
    first = controller.read(f"{BOOKS}/disputes", limit=1)
    ids = {"INV-1": "i1", "INV-4": "i4", "INV-5": "i5"}
    ended = controller.post(f"{BOOKS}/disputes/settle", invoice=ids[whole[0]["invoice"]])
    assert ended.status_code == 200
    rest = controller.read(f"{BOOKS}/disputes", after=first["next"])["items"]
    assert rest == whole[1:]


def test_a_placement_is_made_ended_and_listed(controller: Program, blind: Program) -> None:
    customer = f"{BOOKS}/customers/c8/placement"
    placed = controller.post(customer, agency="Example Collections")
    assert placed.status_code == 200, placed.text
    controller.post(f"{customer}/cost", cost="150.00")
    ended = controller.post(f"{customer}/end", returned=True, reason="moved away")
    assert ended.status_code == 200
    (view,) = controller.read(f"{BOOKS}/placements", customer="c8")["items"]
    assert (view["state"], view["placed"], view["cost"]) == (
        "returned",
        {"GBP": "7413.35"},
        "150.00",
    )
    (hidden,) = blind.read(f"{BOOKS}/placements")["items"]
    assert (hidden["placed"], hidden["cost"]) == ({"GBP": None}, None)


def test_a_customer_is_left_alone_and_no_longer(controller: Program) -> None:
    for customer in ("c2", "c1"):
        path = f"{BOOKS}/customers/{customer}/leave-alone"
        assert controller.post(path, until="2026-12-31", reason="bereaved").status_code == 200
    listed = controller.read(f"{BOOKS}/left-alone", limit=1)
    assert [row["customer"] for row in listed["items"]] == ["Elmhurst Tools"]
    rest = controller.read(f"{BOOKS}/left-alone", after=listed["next"])["items"]
    assert [(row["customer_id"], row["reason"]) for row in rest] == [("c2", "bereaved")]
    controller.post(f"{BOOKS}/customers/c1/leave-alone/end")
    assert len(controller.read(f"{BOOKS}/left-alone")["items"]) == 1
    again = controller.post(f"{BOOKS}/customers/c1/leave-alone/end")
    assert again.status_code == 422
    assert "by hand" in said(again)["detail"]
