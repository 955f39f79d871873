"""Conditions as people say them, for what is written into the books."""

from __future__ import annotations

from string import Formatter
from typing import Any

import pytest
from tests.builders.rulebooks import a_rulebook

from arsync.core.ledger.records import Account, Organisation
from arsync.core.planning.assessment import Assessor
from arsync.core.rulebook.facts import CONTACT_BY_NAME, FIELDS, FactKind, Field

Desk = Any
LIMIT = "credit_limits:\n  - {name: Everyone, limit: 5000}\n"


def said(desk: Desk, when: str, account: Account) -> str:
    text = f"{desk.head}{LIMIT}credit_holds:\n  - name: R\n    when: {when}\n"
    rulebook = a_rulebook(text)
    assessor = Assessor(rulebook, Organisation("o1", "Acme", "GBP"), desk.today)
    return assessor.spoken(rulebook.credit_holds[0].when, assessor.assess(account).root)


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("{oldest_days_overdue: {at_least: 60}}", "81 days overdue, 60 allowed"),
        (
            "{over_limit_percent: {more_than: 10}}",
            "20% over the limit of GBP 5,000.00, 10% allowed",
        ),
        ("{overdue_amount: {at_least: 500}}", "GBP 6,000.00 overdue, GBP 500.00 allowed"),
        ("{open_invoices: {at_least: 1}}", "1 open invoice, 1 allowed"),
        ("{oldest_days_overdue: {at_least: 90}}", "81 days overdue, 90 allowed"),
        ("{customer_for_days: {less_than: 180}}", "a customer for 111 days (less than 180)"),
        ("{headroom: {less_than: 0}}", "GBP -1,000.00 of the limit left, GBP 0.00 needed"),
        (
            "{limit_used_percent: {at_least: 90, less_than: 130}}",
            "120% of the limit of GBP 5,000.00 used (at least 90%, less than 130%)",
        ),
        ("{agreed_limit: unknown}", "agreed limit unknown"),
        ("{on_hold: no}", "not on credit hold"),
        ("{promise_to_pay: none}", "promise to pay: none"),
        (
            "{exposure: {more_than: credit_limit}}",
            "an exposure of GBP 6,000.00, GBP 5,000.00 allowed",
        ),
        ("{not: {oldest_days_overdue: {less_than: 60}}}", "81 days overdue, 60 needed"),
        (
            "{any: [{oldest_days_overdue: {at_least: 60}}, {overdue_invoices: {at_least: 3}}]}",
            "81 days overdue, 60 allowed",
        ),
        # An exception that does not apply is no reason, and one that does ends it.
        (
            "{oldest_days_overdue: {at_least: 60}, not: {promise_to_pay: open}}",
            "81 days overdue, 60 allowed",
        ),
        (
            "{oldest_days_overdue: {at_least: 60}, not: {promise_to_pay: none}}",
            "promise to pay: none",
        ),
        ("{average_days_late: {at_least: 5}}", ""),
    ],
)
def test_what_decided_is_said_in_words(desk: Desk, when: str, words: str) -> None:
    assert said(desk, when, desk.account(desk.invoice("i1", 81, "6000"))) == words


@pytest.mark.parametrize("field", FIELDS, ids=[f"{field.of} {field.name}" for field in FIELDS])
def test_every_fact_has_words(field: Field) -> None:
    names = {name for _, name, _, _ in Formatter().parse(field.phrase) if name}
    assert names <= set(CONTACT_BY_NAME)
    phrases = field.phrase.split("|")
    if field.kind is FactKind.YES_NO:
        assert len(phrases) == 2
        assert all(phrases)
    else:
        assert all("{}" in phrase for phrase in phrases)
