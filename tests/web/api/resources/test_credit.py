"""Applications for credit by the API: recorded, decided, taken back; sums are for who sees them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from tests.builders.desk import DeskDriver, add_person
from tests.builders.programs import Program, said

from arsync.application.permissions import Role

POLICY = """
acceptance:
  - {name: Known, when: {score: {at_least: 70}}, decide: accept, limit: limit_asked,
     terms: 14 days, review: every 12 months}
  - {name: The rest, decide: ask, by: finance director}
"""
LIST = "/connections/books/credit-applications"


@pytest.fixture
def owner(desk: DeskDriver) -> Program:
    (Path(desk.container.config.rules_folder) / "acceptance.yaml").write_text(POLICY)
    user = add_person(desk.container, "Hannah Reid", Role.OWNER)
    return Program(desk.app, desk.container, user)


def applied(program: Program, name: str = "Nova Ltd", limit: str = "3000") -> str:
    """Record an application, and return its address."""
    made = said(program.post(LIST, applicant=name, limit=limit, terms="30 days"))
    return f"{LIST}/{made['number']}"


def test_an_application_is_decided_as_proposed(owner: Program) -> None:
    one = applied(owner)
    assert owner.read(one)["proposed"]["decide"] == "ask"
    assert said(owner.post(f"{one}/data", source="Bureau", values={"score": "82"})) == {"new": 1}
    proposed = owner.read(one)["proposed"]
    assert (proposed["decide"], proposed["limit"], proposed["terms"]) == (
        "accept",
        "3000.00",
        "14 days",
    )
    assert (proposed["because"]["rule"], proposed["because"]["facts"]) == ("Known", {"score": 82})
    decided = said(owner.post(f"{one}/decide", latest_seen=0))
    assert decided["application"]["state"] == "accepted"
    late = owner.post(f"{one}/decide", decide="refuse", reason="late", latest_seen=0)
    assert (late.status_code, owner.read(one)["state"]) == (422, "accepted")
    back = said(owner.post(f"{one}/take-back", reason="a slip"))
    assert (back["application"]["state"], back["decision"]) == ("open", None)


def test_applications_are_listed_in_parts_by_state(owner: Program) -> None:
    for number in range(3):
        applied(owner, f"Prospect {number}")
    said(owner.post(f"{LIST}/2/decide", decide="refuse", reason="too young"))
    rows = owner.read_in_parts(LIST, 2)
    assert [row["applicant"] for row in rows] == ["Prospect 2", "Prospect 1", "Prospect 0"]
    assert [row["number"] for row in owner.read(LIST, state="refused")["items"]] == [2]
    assert owner.get(f"{LIST}/9").status_code == 404


def test_references_and_changes_are_recorded(owner: Program) -> None:
    one = applied(owner)
    asked = said(owner.post(f"{one}/references", name="Acme", kind="bank"))
    assert (asked["kind"], asked["answer"]) == ("bank", None)
    said(owner.post(f"{one}/references", name="Acme", answer="good", highest_credit="900"))
    said(owner.post(one, people=["Jane Doe, director"], country="GB"))
    shown = owner.read(one)
    assert shown["references"][0]["highest_credit"] == "900.00"
    assert (shown["people"][0]["name"], shown["country"]) == ("Jane Doe", "GB")


def test_signed_terms_are_recorded_by_their_hash(owner: Program) -> None:
    one = applied(owner)
    signed = {"file_name": "terms.pdf", "sha256": "0a" * 32, "version": "2026"}
    said(owner.post(one, signed={**signed, "signed_on": "2026-11-02"}))
    assert owner.read(one)["signed"] == {**signed, "signed_on": "2026-11-02"}
    wrong = owner.post(one, signed={**signed, "sha256": "0a"})
    assert wrong.status_code in {400, 422}


def test_a_reference_is_asked_by_letter_once_agreed(owner: Program) -> None:
    one = applied(owner)
    said(owner.post(f"{one}/references", name="Acme", email="accounts@acme.example"))
    assert "agreed" in said(owner.post(f"{one}/references/ask", name="Acme"))["detail"]
    said(owner.post(one, consented_on="2026-11-02"))
    letter = said(owner.post(f"{one}/references/ask", name="Acme"))["action"]
    assert owner.read(one)["references"][0]["letter_key"] == letter["key"]
    back = said(owner.post(f"{one}/references/take-back", name="Acme"))
    assert (back["action"], "back" in back["message"]) == (None, True)


def test_two_decide_above_what_one_may(desk: DeskDriver, owner: Program) -> None:
    one = applied(owner)
    words = {"decide": "accept", "limit": "3000", "terms": "14 days", "reason": "known"}
    small = Decimal(500)
    first, second = (
        Program(
            desk.app,
            desk.container,
            add_person(desk.container, name, Role.CONTROLLER, approves_up_to=small),
        )
        for name in ("Tom Okafor", "Lou Marsh")
    )
    assert said(first.post(f"{one}/decide", **words))["decision"] is None
    assert said(second.post(f"{one}/decide", **words))["application"]["state"] == "accepted"
    assert owner.read(one)["decisions"][0]["first_approved_by"] == "Tom Okafor"


def test_a_reader_without_amounts_sees_no_limit(owner: Program, blind: Program) -> None:
    one = applied(owner)
    seen = blind.read(one)
    assert (seen["limit_asked"], seen["terms_asked"]) == (None, "30 days")


def test_the_explanation_keeps_sums_from_the_blind(desk: DeskDriver, owner: Program) -> None:
    policy = Path(desk.container.config.rules_folder) / "acceptance.yaml"
    policy.write_text(POLICY.replace("score: {at_least: 70}", "limit_asked: {at_most: 5432}"))
    one = f"{applied(owner, limit='3210')}/why"
    seen = owner.read(one)
    (asked,) = seen["rules"][0]["conditions"]
    assert (asked["value"], asked["expectation"]) == ("3210.00", "at most 5,432")
    user = add_person(desk.container, "Bo Dahl", Role.READER, sees_amounts=False)
    hidden = Program(desk.app, desk.container, user).get(one)
    assert "3210" not in hidden.text
    assert said(hidden)["rules"][0]["conditions"][0]["value"] is None
