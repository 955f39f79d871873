"""Public holidays by place: never too few."""

from __future__ import annotations

from datetime import date

import pytest
from tests.builders.rulebooks import a_rulebook

from arsync.rules_source.folder import holidays_in, holidays_known
from arsync.rules_source.holiday_regions import region_warnings, regions_by_country

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


def test_a_country_counts_the_days_of_its_regions() -> None:
    anywhere, nowhere = holidays_in("AU-*"), holidays_in("XX-*")
    assert nowhere is None
    assert anywhere is not None
    melbourne_cup, labour_day_of_sydney = date(2026, 11, 3), date(2026, 10, 5)
    assert anywhere(melbourne_cup)
    assert anywhere(labour_day_of_sydney)
    american = holidays_in("US-*")
    assert american is not None
    assert not american(date(2026, 3, 2)), "Texas alone: there are too many of these"


def warned(sending: str) -> list[str]:
    return [
        f"{problem.line}: {problem.message} {problem.hint}"
        for problem in region_warnings(a_rulebook(f"version: 1\ncurrency: GBP\n{sending}\n"))
    ]


def test_a_countrys_regions_are_listed_in_a_warning() -> None:
    for place in ("GB", "UK"):
        (british,) = warned(f"sending: {{holidays: {place}}}")
        assert british == (
            f"3: the public holidays of {place} differ by region; those of England count. write the"
            " region: GB-ENG, GB-NIR, GB-SCT, GB-WLS"
        )
    (australian,) = warned("customers: [{contact: Acme Ltd, holidays: AU}]")
    assert "only those of the whole country count" in australian
    assert "AU-NSW" in australian
    (german,) = warned("sending: {holidays: DE}")
    assert german.endswith(" and 8 more")


@pytest.mark.parametrize("place", ["GB-ENG", "DE-BY", "US", "IE", "NL", "SE"])
def test_no_warning_where_no_region_is_missing(place: str) -> None:
    assert warned(f"sending: {{holidays: {place}}}") == []
    assert set(regions_by_country()["GB"]) == {"ENG", "NIR", "SCT", "WLS"}
