"""Public holidays by place: never too few."""

from __future__ import annotations

from datetime import date

import pytest

from arsync.rules_source.folder import holidays_in, holidays_known

EASTER_MONDAY, LAST_MONDAY_OF_AUGUST = date(2026, 4, 6), date(2026, 8, 31)


@pytest.mark.parametrize("place", ["UK", "GB", "GB-ENG", "UK-ENG"])
def test_the_united_kingdom_has_its_bank_holidays(place: str) -> None:
    is_holiday = holidays_in(place)
    assert is_holiday is not None
    assert holidays_known(place)
    assert is_holiday(EASTER_MONDAY)
    assert is_holiday(LAST_MONDAY_OF_AUGUST)


def test_scotland_keeps_its_own_days() -> None:
    is_holiday = holidays_in("GB-SCT")
    assert is_holiday is not None
    assert not is_holiday(EASTER_MONDAY)
    assert is_holiday(date(2026, 11, 30))
