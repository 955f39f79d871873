"""Where customers and organisations that do not exist are: streets and towns by country."""

from __future__ import annotations

from typing import NamedTuple

HOUSES = 180
"""The highest number of a house."""


class Place(NamedTuple):
    """An address without its country."""

    street: str
    city: str
    region: str
    postcode: str


class _Country(NamedTuple):
    streets: tuple[str, ...]
    """With `#` for the number of the house."""
    towns: tuple[tuple[str, str, str], ...]
    """Town, region and postcode."""


_ENGLISH = ("# High Street", "# Mill Lane", "# Station Road", "# Church Row", "# Quayside")
_ELSEWHERE = _Country(_ENGLISH, (("Anytown", "", "10101"),))

_COUNTRIES = {
    "GB": _Country(
        _ENGLISH,
        (
            ("London", "", "EC1A 1BB"),
            ("Leeds", "West Yorkshire", "LS1 4AP"),
            ("Bristol", "", "BS1 4DJ"),
            ("Glasgow", "", "G1 3SL"),
            ("Norwich", "Norfolk", "NR2 1NH"),
            ("Cardiff", "", "CF10 1EP"),
            ("Belfast", "", "BT1 5GS"),
        ),
    ),
    "IE": _Country(_ENGLISH, (("Dublin", "", "D02 X285"), ("Ennis", "Co. Clare", "V95 X2AB"))),
    "US": _Country(
        ("# Main Street", "# Oak Avenue", "# 2nd Street"),
        (("Bayshore", "CA", "94326"), ("Albany", "NY", "12207"), ("Austin", "TX", "78701")),
    ),
    "CA": _Country(_ENGLISH, (("Ottawa", "ON", "K1A 0B1"), ("Halifax", "NS", "B3J 1S9"))),
    "AU": _Country(_ENGLISH, (("Sydney", "NSW", "2000"), ("Hobart", "TAS", "7000"))),
    "NZ": _Country(_ENGLISH, (("Auckland", "", "1010"), ("Nelson", "", "7010"))),
    "DE": _Country(
        ("Hauptstraße #", "Bahnhofstraße #", "Am Markt #"),
        (("Berlin", "", "10115"), ("Köln", "", "50667"), ("Jena", "Thüringen", "07743")),
    ),
    "AT": _Country(("Ringstraße #", "Hauptplatz #"), (("Wien", "", "1010"), ("Graz", "", "8010"))),
    "FR": _Country(
        ("# rue du Moulin", "# quai Sud"), (("Paris", "", "75001"), ("Lyon", "", "69002"))
    ),
    "ES": _Country(
        ("Calle Mayor #", "Plaza Nueva #"), (("Madrid", "", "28001"), ("Getafe", "Madrid", "28901"))
    ),
    "IT": _Country(
        ("Via Roma #", "Corso Italia #"), (("Milano", "MI", "20121"), ("Bologna", "BO", "40121"))
    ),
    "NL": _Country(
        ("Kerkstraat #", "Havenweg #"), (("Amsterdam", "", "1012 AB"), ("Utrecht", "", "3511 LV"))
    ),
}


def place(country: str, index: int) -> Place:
    """Return an address in a country: the same for the same number, and no chance is drawn.

    Args:
        country: ISO 3166 alpha-2.
        index: whose it is.
    """
    streets, towns = _COUNTRIES.get(country, _ELSEWHERE)
    street = streets[index % len(streets)].replace("#", str(index % HOUSES + 1))
    return Place(street, *towns[index // len(streets) % len(towns)])
