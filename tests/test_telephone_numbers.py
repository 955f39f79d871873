"""Telephone numbers are compared however they were written."""

from __future__ import annotations

import pytest

from arsync.telephone_numbers import dialled, folded_number


@pytest.mark.parametrize(
    ("number", "country", "folded"),
    [
        ("07911 123456", "GB", "+447911123456"),
        ("+44 7911-123456", "", "+447911123456"),
        ("0171 1234567", "DE", "+491711234567"),
        ("ext. 4711", "", "4711"),
        ("07911 123456", "", "07911123456"),
        ("ask at the desk", "GB", ""),
    ],
)
def test_a_number_is_compared_as_it_is_dialled(number: str, country: str, folded: str) -> None:
    assert folded_number(number, country) == folded


def test_only_some_numbers_take_text_messages() -> None:
    assert dialled("020 7946 0018", "GB") == "+442079460018"
    assert dialled("020 7946 0018", "GB", mobile_only=True) == ""
    assert dialled("07911 123456", "GB", mobile_only=True) == "+447911123456"
