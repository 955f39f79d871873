"""Facts of applications: each from what was recorded, unknown where nobody said."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from arsync.core.ledger.agreements.credit_applications import (
    CreditApplication,
    CreditDatum,
    CreditReference,
    DatumKind,
    ReferenceAnswer,
    ReferenceKind,
    SignedTerms,
)
from arsync.core.rulebook.facts import APPLICATION_BY_NAME, APPLICATION_FIELDS, application_row
from arsync.core.rulebook.facts.application_facts import ApplicationOnDay

TODAY = date(2026, 11, 20)
EMPTY = CreditApplication(1, "Northwind Ltd", TODAY)


def told(kind: DatumKind, value: str, days_ago: int = 0) -> CreditDatum:
    return CreditDatum(kind, value, "bureau", TODAY - timedelta(days_ago))


def answers(*given: ReferenceAnswer | None) -> tuple[CreditReference, ...]:
    return tuple(
        CreditReference(number, ReferenceKind.TRADE, "Acme", answer=answer)
        for number, answer in enumerate(given)
    )


FULL = EMPTY._replace(
    contact_id="c1",
    registration_number="00445790",
    vat_number="GB123",
    country="GB",
    limit_asked=Decimal(4000),
    currency="GBP",
    terms_asked="30 days",
    trading_since=date(2020, 11, 21),
    references=answers(ReferenceAnswer.GOOD, ReferenceAnswer.BAD, ReferenceAnswer.MIXED, None),
    signed=SignedTerms("terms.pdf", "a" * 64, date(2026, 11, 10), "V2"),
    data=(
        told(DatumKind.SCORE, "90", 40),
        told(DatumKind.SCORE, "71", 10),
        told(DatumKind.RATING, "B"),
        told(DatumKind.INSOLVENCY, "no"),
        told(DatumKind.STATUS, "Active"),
        told(DatumKind.VAT_VALID, "yes"),
    ),
)


@pytest.mark.parametrize(
    ("name", "value", "without"),
    [
        ("score", 71, None),
        ("days_since_score", 10, None),
        ("rating", "b", None),
        ("insolvency", False, None),
        ("vat_number_valid", True, None),
        ("company_status", "active", None),
        ("years_trading", 5, None),
        ("country", "gb", None),
        ("registration_number", "00445790", None),
        ("vat_number", "gb123", None),
        ("limit_asked", Decimal(4000), None),
        ("terms_days_asked", 30, None),
        ("signed_terms", True, False),
        ("signed_version", "v2", None),
        ("days_since_signed", 10, None),
        ("references", 4, 0),
        ("references_answered", 3, 0),
        ("references_good", 1, 0),
        ("references_bad", 2, 0),
        ("in_ledger", True, False),
    ],
)
def test_a_fact_is_what_was_recorded(name: str, value: Any, without: Any) -> None:
    position = APPLICATION_BY_NAME[name].position
    assert application_row(ApplicationOnDay(FULL, TODAY, "GBP"))[position] == value
    assert application_row(ApplicationOnDay(EMPTY, TODAY, "GBP"))[position] == without


def test_every_fact_is_tried() -> None:
    (marks,) = (
        mark for mark in test_a_fact_is_what_was_recorded.pytestmark if mark.name == "parametrize"
    )
    assert {row[0] for row in marks.args[1]} == {field.name for field in APPLICATION_FIELDS}


def test_what_can_be_unknown_says_why() -> None:
    row = application_row(ApplicationOnDay(EMPTY, TODAY, "GBP"))
    for field in APPLICATION_FIELDS:
        assert (row[field.position] is None) is bool(field.unknown), field.name


def test_a_limit_in_another_currency_is_unknown() -> None:
    row = application_row(ApplicationOnDay(FULL, TODAY, "EUR"))
    assert row[APPLICATION_BY_NAME["limit_asked"].position] is None


def test_the_register_tells_since_when_it_trades() -> None:
    application = EMPTY._replace(data=(told(DatumKind.INCORPORATED_ON, "2016-11-20"),))
    row = application_row(ApplicationOnDay(application, TODAY, "GBP"))
    assert row[APPLICATION_BY_NAME["years_trading"].position] == 10
