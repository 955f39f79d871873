"""Xero names time zones as Windows does; days are computed with IANA names."""

from __future__ import annotations

import re

from babel.core import get_global

_UTC_OFFSET = re.compile(r"UTC([+-])(\d{1,2})")
_NO_LETTER_OR_DIGIT = re.compile(r"[^A-Z0-9]")

_OTHER_NAMES = {
    # CLDR keeps the name that a zone had first. These are IANA's present names, which people know,
    # and which exist where a system leaves the old names out.
    "America/Buenos_Aires": "America/Argentina/Buenos_Aires",
    "America/Indianapolis": "America/Indiana/Indianapolis",
    "Asia/Calcutta": "Asia/Kolkata",
    "Asia/Katmandu": "Asia/Kathmandu",
    "Asia/Rangoon": "Asia/Yangon",
}
_LEFT_OUT = {"KAMCHATKA": "Asia/Kamchatka", "MIDATLANTIC": "Etc/GMT+2"}
"""Zones that Windows, and CLDR with it, has dropped and Xero still names."""


def _folded(windows_name: str) -> str:
    # Xero writes the names in capitals and without spaces, dots, brackets and signs.
    return _NO_LETTER_OR_DIGIT.sub("", windows_name.upper()).replace("STANDARDTIME", "")


_IANA: dict[str, str] = _LEFT_OUT | {
    _folded(windows_name): _OTHER_NAMES.get(zone, zone)
    for windows_name, zone in get_global("windows_zone_mapping").items()
}


def iana_name(windows_name: str) -> str:
    """Return the IANA name of a time zone, or an empty text when it is not known.

    Args:
        windows_name: `NEWZEALANDSTANDARDTIME`, `New Zealand Standard Time`, `UTC+13`, ...
    """
    name = re.sub(r"[^A-Z0-9+-]", "", windows_name.upper())
    if match := _UTC_OFFSET.fullmatch(name):
        # POSIX counts west of Greenwich as positive: UTC+13 is Etc/GMT-13.
        sign = "-" if match[1] == "+" else "+"
        return f"Etc/GMT{sign}{int(match[2])}" if 0 < int(match[2]) <= 14 else "Etc/UTC"
    return _IANA.get(_folded(windows_name), "")
