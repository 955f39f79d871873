"""Colours of letters can be read: contrast as WCAG 2.2 computes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arsync.mail.colours import (
    READABLE,
    WHITE,
    contrast,
    readable_on_dark,
    readable_on_white,
)

COLOURS = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


@pytest.mark.parametrize(
    ("first", "second", "ratio"),
    [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48), ("#0b5c7a", "#0b5c7a", 1.0)],
)
def test_contrast_is_as_the_guidelines_say(first: str, second: str, ratio: float) -> None:
    assert contrast(first, second) == pytest.approx(ratio, abs=0.01)


@given(COLOURS)
def test_any_colour_can_be_read(colour: str) -> None:
    assert contrast(readable_on_white(colour), WHITE) >= READABLE
    assert contrast(readable_on_dark(colour, "#15191d"), "#15191d") >= READABLE


def test_a_colour_that_can_be_read_stays() -> None:
    assert readable_on_white("#0b5c7a") == "#0b5c7a"
    assert readable_on_dark("#e0e0e0", "#15191d") == "#e0e0e0"
