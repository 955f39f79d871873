"""Reasons of disputes: codes of UN/EDIFACT 4465, in the words of six languages."""

from __future__ import annotations

import pytest

from arsync.core.ledger.agreements.dispute_reasons import (
    BY_CODE,
    DISPUTE_REASONS,
    nearest_reason,
    reason_said,
    reason_word,
)
from arsync.core.planning.customer_locale import LANGUAGES


def test_each_reason_has_one_word_in_each_language() -> None:
    for language in LANGUAGES:
        words = [reason.word(language) for reason in DISPUTE_REASONS]
        assert all(words)
        assert len({word.casefold() for word in words}) == len(BY_CODE) == len(DISPUTE_REASONS)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_reason_is_known_by_code_and_by_word(language: str) -> None:
    for reason in DISPUTE_REASONS:
        assert reason_said(reason.code) is reason
        assert reason_said(f" {reason.word(language).upper()} ") is reason


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("wrong-price", "wrong price"),
        ("beschadigt", "damaged"),
        ("qualitatsmangel", "poor quality"),
        ("livraison_tardive", "late delivery"),
    ],
)
def test_accents_and_dashes_make_no_difference(text: str, word: str) -> None:
    reason = reason_said(text)
    assert reason is not None
    assert reason.en == word


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("wrong prise", "wrong price"),
        ("quantity", "short delivery"),
        ("POD", "proof of delivery"),
        ("not deliverd", "not delivered"),
        ("colour of the sky", None),
    ],
)
def test_a_near_miss_leads_to_the_word(text: str, word: str | None) -> None:
    assert reason_said(text) is None
    nearest = nearest_reason(text)
    assert (nearest.en if nearest else None) == word


def test_a_code_of_nobody_is_unspecified() -> None:
    assert reason_word("", "de") == "nicht angegeben"
    assert reason_word("999") == "unspecified"
