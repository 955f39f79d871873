"""Whether a customer signed the terms of trade is a fact of every rule: yes, no, or unknown."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from typing import Any

import pytest

from arsync.core.ledger.agreements.credit_applications import ApplicationState, CreditStanding
from arsync.core.ledger.as_of import as_it_stood, event_days
from arsync.core.ledger.records import Organisation
from arsync.core.planning.explanation import explain

Desk = Any

RULES = """follow_ups:
  - {name: Never signed, when: {signed_terms: no}, task: Have the terms signed}
  - {name: Nobody knows, when: {signed_terms: unknown}, task: Ask for the contract}
"""
SIGNED = {"c1": date(2026, 11, 1)}
APPLIED = {"c1": CreditStanding("c1", ApplicationState.OPEN)}


@pytest.mark.parametrize(
    ("known", "task"),
    [
        ({"terms_signed": SIGNED}, ""),
        ({"terms_signed": SIGNED, "credit": APPLIED}, ""),
        ({"credit": APPLIED}, "Have the terms signed"),
        ({}, "Ask for the contract"),
    ],
)
def test_it_is_yes_no_or_unknown(desk: Desk, known: dict[str, Any], task: str) -> None:
    account = desk.account(desk.invoice("i1", 5), **known)
    actions = desk.plan(desk.head + RULES, account).actions
    assert [action.payload.title for action in actions] == ([task] if task else [])


def test_a_merge_carries_the_signature_on(desk: Desk) -> None:
    contacts = (desk.contact("c1"), desk.contact("c0", status="merged", merged_into="c1"))
    account = desk.account(
        desk.invoice("i1", 5), contacts=contacts, terms_signed={"c0": desk.today}
    )
    assert not desk.plan(desk.head + RULES, account).actions


def test_why_says_what_is_unknown(desk: Desk) -> None:
    text = desk.head + RULES
    account = desk.account(desk.invoice("i1", 5))
    books = Organisation("o1", "Acme", "GBP")
    lines = explain(account, desk.rulebook(text), desk.plan(text, account), organisation=books)
    texts = [str(line) for line in lines if line.section == "follow_ups"]
    assert texts == [
        "follow_ups: Never signed: unknown, signed_terms unknown (no) (rules/test.yaml:4)",
        "follow_ups: Nobody knows: yes, signed_terms unknown (unknown) (rules/test.yaml:5)",
    ]


def test_a_past_day_knows_no_later_signature(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 5), terms_signed=SIGNED)
    before = as_it_stood(account, SIGNED["c1"] - timedelta(1), zone=UTC)
    assert before.terms_signed == {}
    assert as_it_stood(account, SIGNED["c1"], zone=UTC).terms_signed == SIGNED
    assert SIGNED["c1"] in set(event_days(account, UTC))
