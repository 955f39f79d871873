"""Several sources speak of one business: whose word counts."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from arsync.core.ledger.agreements.credit_applications import (
    ApplicationState,
    CreditApplication,
    CreditDatum,
    CreditStanding,
    DatumKind,
    is_insolvent,
    sources_in_words,
    words_of_sources,
)

TODAY = date(2026, 11, 20)
REGISTER, BUREAU = "Companies House", "Bureau"


def said(
    value: str, source: str, days_ago: int, kind: DatumKind = DatumKind.INSOLVENCY
) -> CreditDatum:
    return CreditDatum(kind, value, source, TODAY - timedelta(days_ago))


@pytest.mark.parametrize(
    ("data", "insolvent"),
    [
        ([], None),
        ([said("no", BUREAU, 3)], False),
        ([said("yes", REGISTER, 90), said("no", BUREAU, 1)], True),
        ([said("no", BUREAU, 1), said("yes", REGISTER, 90)], True),
        ([said("yes", REGISTER, 90), said("no", BUREAU, 1), said("no", REGISTER, 0)], False),
        ([said("no", REGISTER, 9), said("no", BUREAU, 1)], False),
        ([said("not clear", REGISTER, 9), said("no", BUREAU, 1)], None),
        ([said("not clear", REGISTER, 9)], None),
        ([said("yes", REGISTER, 5), said("no", REGISTER, 5)], False),
        ([said("yes", "companies house", 5), said("no", REGISTER, 4)], False),
        ([said("no", REGISTER, 4), said("yes", REGISTER, 9)], False),
    ],
)
def test_one_source_that_reports_insolvency_is_enough(
    data: list[CreditDatum], insolvent: bool | None
) -> None:
    assert is_insolvent(words_of_sources(data, DatumKind.INSOLVENCY)) is insolvent


def test_words_of_a_later_day_do_not_count_yet() -> None:
    data = [said("no", REGISTER, 9), said("yes", REGISTER, 2)]
    words = words_of_sources(data, DatumKind.INSOLVENCY, TODAY - timedelta(5))
    assert sources_in_words(words) == "Companies House said no on 2026-11-11"


def test_of_one_day_the_score_recorded_last_counts() -> None:
    scores = [
        said("80", BUREAU, 5, DatumKind.SCORE),
        said("60", REGISTER, 5, DatumKind.SCORE),
        said("75", BUREAU, 5, DatumKind.SCORE),
        said("99", BUREAU, 6, DatumKind.SCORE),
    ]
    application = CreditApplication(1, "Nova Ltd", TODAY, data=tuple(scores))
    newest = application.newest(DatumKind.SCORE)
    assert newest is not None
    assert (newest.value, newest.source) == ("75", BUREAU)
    standing = CreditStanding("c1", ApplicationState.OPEN, readings=tuple(scores))
    assert [each.value for each in standing.said_by(DatumKind.SCORE, TODAY)] == ["99", "60", "75"]
