"""Addresses stand as the post of their country reads them, or are left out."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arsync.core.ledger.postal_addresses import (
    ADDRESS_LINE_CHARACTERS_MAX,
    ADDRESS_LINES_MAX,
    PostalAddress,
    address_lines,
)


@pytest.mark.parametrize(
    ("country", "place", "lines"),
    [
        ("GB", ("London", "", "SW1A 1AA"), ("London", "SW1A 1AA")),
        ("GB", ("Reading", "Berkshire", "RG1 1AA"), ("Reading", "Berkshire", "RG1 1AA")),
        ("IE", ("Ennis", "Co. Clare", "V95 X2AB"), ("Ennis", "Co. Clare", "V95 X2AB")),
        ("DE", ("Berlin", "", "10115"), ("10115 Berlin",)),
        ("DE", ("München", "Bayern", "80331"), ("80331 München",)),
        ("DE", ("", "Berlin", "10115"), ("10115 Berlin",)),
        ("FR", ("Paris", "Île-de-France", "75001"), ("75001 Paris",)),
        ("IT", ("Bologna", "BO", "40121"), ("40121 Bologna BO",)),
        ("ES", ("Getafe", "Madrid", "28901"), ("28901 Getafe", "Madrid")),
        ("ES", ("Madrid", "MADRID", "28001"), ("28001 Madrid",)),
        ("NL", ("Amsterdam", "", "1012 AB"), ("1012 AB Amsterdam",)),
        ("US", ("Anytown", "NY", "10101"), ("Anytown, NY 10101",)),
        ("US", ("Anytown", "", "10101"), ("Anytown 10101",)),
        ("CA", ("Ottawa", "ON", "K1A 0B1"), ("Ottawa ON K1A 0B1",)),
        ("AU", ("Sydney", "NSW", "2000"), ("Sydney NSW 2000",)),
        ("NZ", ("Auckland", "", "1010"), ("Auckland 1010",)),
        ("Ruritania", ("Strelsau", "Middle", "1"), ("Strelsau", "Middle", "1")),
        ("", ("Anytown", "", ""), ("Anytown",)),
    ],
)
def test_each_country_has_its_order(
    country: str, place: tuple[str, str, str], lines: tuple[str, ...]
) -> None:
    city, region, postcode = place
    written = PostalAddress(("1 High Street", None), city, region, postcode)
    assert address_lines(written, country) == ("1 High Street", *lines)


def test_an_address_without_a_place_is_none() -> None:
    assert address_lines(PostalAddress(attention="Ann Lee"), "GB") == ()
    assert address_lines(PostalAddress((" ", "\n", None), "", " ", None, "Ann Lee"), "GB") == ()


def test_the_person_it_is_for_stands_first() -> None:
    written = PostalAddress(("1 High Street",), "London", attention="Accounts\r\nAnn Lee")
    assert address_lines(written, "GB") == ("Accounts", "Ann Lee", "1 High Street", "London")


def test_the_name_is_not_written_twice() -> None:
    written = PostalAddress(("ACME Ltd", "1 High Street"), "London", attention="Acme ltd")
    assert address_lines(written, "GB", name="Acme Ltd") == ("1 High Street", "London")


def test_several_lines_in_one_field_are_lines() -> None:
    written = PostalAddress(("Unit 7\n\nMill Lane\x0bNorth Side",), "Leeds")
    assert address_lines(written, "GB") == ("Unit 7", "Mill Lane", "North Side", "Leeds")


def test_a_long_line_goes_on_a_long_address_not() -> None:
    words = "Building " * 20
    lines = address_lines(PostalAddress((words,), "Leeds"), "GB")
    assert len(lines) == 3
    assert " ".join(lines[:-1]) == words.strip()
    assert max(map(len, lines)) <= ADDRESS_LINE_CHARACTERS_MAX
    streets = tuple(f"Line {number}" for number in range(ADDRESS_LINES_MAX))
    assert len(address_lines(PostalAddress(streets[1:], "Leeds"), "GB")) == ADDRESS_LINES_MAX
    assert address_lines(PostalAddress(streets, "Leeds"), "GB") == ()


_TEXT = st.none() | st.text(max_size=600)


@given(
    street=st.lists(_TEXT, max_size=5),
    place=st.tuples(_TEXT, _TEXT, _TEXT, _TEXT),
    country=st.sampled_from(["", "GB", "DE", "IT", "ES", "US", "NZ", "XX", "Ruritania"]),
)
def test_no_line_commands_or_breaks_anything(
    street: list[str | None], place: tuple[str | None, ...], country: str
) -> None:
    city, region, postcode, attention = place
    lines = address_lines(
        PostalAddress(tuple(street), city, region, postcode, attention), country, name="Acme"
    )
    assert len(lines) <= ADDRESS_LINES_MAX
    for line in lines:
        assert 0 < len(line) <= ADDRESS_LINE_CHARACTERS_MAX
        assert line == line.strip()
        # Control characters, marks of direction, separators of lines and paragraphs.
        assert not any(unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp"} for char in line)
