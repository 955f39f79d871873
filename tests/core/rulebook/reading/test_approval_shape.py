"""`approval:` is read in one way everywhere, and roles have addresses."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.builders.records import a_contact
from tests.builders.rulebooks import a_rulebook

from arsync.core.rulebook import read_rulebook
from arsync.core.rulebook.roles import APPROVAL, NO_APPROVAL, Approval

HEAD = "version: 1\ncurrency: GBP\n"
STEP = "reminders: [{name: A, steps: [{day: 7, email: first reminder, approval: VALUE}]}]\n"
HOLD = "credit_holds: [{name: A, when: {on_hold: no}, approval: VALUE}]\n"
CHARGE = "charges: [{name: A, interest: 8% a year, approval: VALUE}]\n"
DISCOUNT = "discounts: [{name: A, percent: 2%, within: 10 days, approval: VALUE}]\n"


@pytest.mark.parametrize("place", [STEP, HOLD, CHARGE, DISCOUNT])
@pytest.mark.parametrize(
    ("text", "approval"),
    [
        ("required", APPROVAL),
        ("none", NO_APPROVAL),
        ("{over: '5,000'}", Approval(required=True, over=Decimal(5000))),
        ("{by: finance director}", Approval(required=True, by="finance director")),
        ("{over: 50.50, by: owner}", Approval(required=True, over=Decimal("50.50"), by="owner")),
    ],
)
def test_approval_is_read_alike_everywhere(place: str, text: str, approval: Approval) -> None:
    rulebook = a_rulebook(HEAD + place.replace("VALUE", text))
    asked = [step.approval for cadence in rulebook.reminders for step in cadence.steps]
    asked += [hold.approval for hold in rulebook.credit_holds]
    asked += [charge.approval for charge in rulebook.charges]
    asked += [discount.approval for discount in rulebook.discounts]
    assert asked == [approval]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("yes", "write approval: required"),
        ("5000", "write approval: {over: 5000}"),
        ("over 5000", "write approval: {over: 5000}"),
        (
            "finance director",
            "write approval: {by: finance director}",
        ),
        ("never", "write approval: none"),
        ("[a, b]", "write approval: required"),
        ("{above: 5000}", "write over: 5000"),
        ("{role: owner}", "write by: finance director"),
        ("{}", "write approval: required, or approval: {over: 5000}"),
        ("{over: -5}", "amounts are not negative"),
    ],
)
def test_what_people_write_for_approval_leads_on(text: str, hint: str) -> None:
    _, problems = read_rulebook([("r.yaml", HEAD + STEP.replace("VALUE", text))])
    assert any(hint in problem.hint for problem in problems), [str(each) for each in problems]
    assert problems[0].line == 3


def test_a_role_is_an_address_or_one_by_group() -> None:
    text = (
        "roles:\n  finance director: fd@example.com\n"
        "  account manager: {by_contact_group: {North: jo@example.com, South: sam@example.com}}\n"
    )
    rulebook = a_rulebook(HEAD + text)
    director, manager = rulebook.role("Finance Director"), rulebook.role("account manager")
    assert director is not None
    assert manager is not None
    north, nowhere = a_contact("c1", groups=("Key", "north")), a_contact("c2")
    assert director.address_for(nowhere) == "fd@example.com"
    assert manager.address_for(north) == "jo@example.com"
    assert manager.address_for(nowhere) == ""
    assert rulebook.role("credit control") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("roles: {owner: nobody}", "it must be an email address"),
        ("roles: {owner: {by_branch: {North: a@example.com}}}", "unknown key 'by_branch'"),
        ("roles: {owner: {}}", "is an empty block"),
        ("roles: [owner]", "must be a block of keys"),
        ("roles: {owner: {by_contact_group: {North: jo}}}", "the address for 'North' is 'jo'"),
        (f"roles: {{{', '.join(f'r{n}: a@example.com' for n in range(101))}}}", "at most 100"),
    ],
)
def test_a_mistake_in_a_role_is_named(text: str, message: str) -> None:
    _, problems = read_rulebook([("r.yaml", HEAD + text)])
    assert [message in str(problem) for problem in problems] == [True]


def test_a_layer_changes_one_role_alone() -> None:
    below = f"{HEAD}name: Base\nroles: {{owner: a@example.com, clerk: b@example.com}}\n"
    own = "roles: {owner: c@example.com}\n"
    rulebook, problems = read_rulebook([("own.yaml", own)], shared=[("base.yaml", below)])
    assert rulebook is not None, problems
    assert {role.name: role.address for role in rulebook.roles} == {
        "clerk": "b@example.com",
        "owner": "c@example.com",
    }


def test_two_addresses_for_a_role_contradict() -> None:
    files = [(f"{name}.yaml", f"roles: {{owner: {name}@example.com}}\n") for name in ("a", "b")]
    _, problems = read_rulebook([*files, ("c.yaml", HEAD)])
    assert "'owner' has another value in a.yaml:1" in str(problems[0])
