"""A country is written where a letter leaves the sender's, and as the sender's post reads it."""

from __future__ import annotations

import pytest

from arsync.mail.postal_lines import lines_abroad

LINES = ("Hauptstraße 1", "10115 Berlin")


@pytest.mark.parametrize(
    ("country", "home", "last"),
    [
        ("DE", "GB", "GERMANY"),
        ("DE", "FR", "ALLEMAGNE"),
        ("DE", "IT", "GERMANIA"),
        # Several languages: the international one.
        ("DE", "BE", "GERMANY"),
        ("DE", "", "GERMANY"),
        ("DE", "DE", "10115 Berlin"),
        ("", "GB", "10115 Berlin"),
        ("Ruritania", "GB", "RURITANIA"),
    ],
)
def test_the_country_stands_last_and_in_capitals(country: str, home: str, last: str) -> None:
    assert lines_abroad(LINES, country, home)[-1] == last


def test_no_address_has_no_country() -> None:
    assert lines_abroad((), "DE", "GB") == ()
