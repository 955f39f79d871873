"""Xero's dates: `/Date(1539993600000+0000)/`, and the plain form beside it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

_MS_DATE = re.compile(r"/Date\((-?\d+)(?:([+-])(\d\d)(\d\d))?\)/")
_IN_UTC = "+0000)/"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment_of(text: str | None) -> datetime | None:
    """Return a moment in UTC; None for an absent or unreadable one.

    The milliseconds count from 1970 in UTC whatever offset follows them.
    """
    if not text:
        return None
    try:
        if text.endswith(_IN_UTC) and text.startswith("/Date("):
            # Nearly all have this form, and a page has thousands: no pattern is needed for them.
            return _EPOCH + timedelta(milliseconds=int(text[6:-7]))
        match = _MS_DATE.fullmatch(text)
        if match:
            return _EPOCH + timedelta(milliseconds=int(match[1]))
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


@lru_cache(maxsize=4096)
def day_of(plain: str | None, text: str | None) -> date | None:
    """Return a calendar day; None when both forms are absent.

    Args:
        plain: `2018-10-20T00:00:00`, which is unambiguous; preferred.
        text: the form in milliseconds; an offset in it says in which zone the day begins.

    Raises:
        ValueError: there is a date that cannot be read.
    """
    if plain:
        return date.fromisoformat(plain[:10])
    if not text:
        return None
    match = _MS_DATE.fullmatch(text)
    if not match:
        return date.fromisoformat(text[:10])
    moment = moment_of(text)
    if moment is None:
        raise ValueError(f"{text!r} is no date")
    # `/Date(ms+1300)/` is midnight in New Zealand: in UTC it would be the day before.
    if match[2]:
        offset = timedelta(hours=int(match[3]), minutes=int(match[4]))
        moment += offset if match[2] == "+" else -offset
    return moment.date()
