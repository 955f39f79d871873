"""How far a pull is, as it is stored between two pages, and how days are divided."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
from msgspec.structs import replace

from arsync.errors import Rejected

CURSOR_VERSION = 3
WITHOUT_ADDRESSES = 2
"""Contacts that were read under this version have no postal addresses and no customer numbers."""
_FIRST_DAY = "1990-01-01"
"""Hardly any document has an earlier date: where lists are read by dates, those are one part."""


class Cursor(msgspec.Struct, frozen=True):
    """How far a pull is. Between pulls `stage` is empty."""

    version: int = CURSOR_VERSION
    stage: str = ""
    page: int = 1
    dated_from: str = ""
    """Documents of these days are being read, where a whole list is too long (YYYY-MM-DD, the first
    included, the last not); empty for no limit."""
    dated_before: str = ""
    document_count: int = msgspec.field(default=0, name="items")
    """How many documents of these days the last page counted."""
    since: str = ""
    """What changed after this moment is read; empty for everything."""
    start: str = ""
    """Xero's moment when the running pull began."""
    swept: str = ""
    """Xero's moment when the last sweep began."""
    sweeping: bool = False
    """The running pull sweeps too."""
    base: str = ""
    """The organisation's currency."""
    home: str = ""
    """Its country."""

    @property
    def dated(self) -> bool:
        """Whether only the documents of some days are being read."""
        return bool(self.dated_from or self.dated_before)

    @property
    def full(self) -> bool:
        """Whether the running pull reads everything."""
        return not self.since

    def text(self) -> str:
        """Return the opaque form."""
        return msgspec.json.encode(self).decode()


def fewer_days(cursor: Cursor) -> Cursor:
    """Return the cursor of the first half of its days, which together have too many documents.

    Raises:
        Rejected: it is one day already.
    """
    start = date.fromisoformat(cursor.dated_from or _FIRST_DAY)
    end = date.fromisoformat(cursor.dated_before) if cursor.dated_before else _last_day(cursor)
    # Halved rather than cut to a fixed size: how many documents a day has differs by a thousand.
    days = max(0, (end - start).days) // 2
    if not days:
        raise Rejected(
            f"Xero: the {cursor.stage} dated {start.isoformat()} alone are more than it lists at"
            " once; they cannot be read."
        )
    return replace(
        cursor, page=1, document_count=0, dated_before=(start + timedelta(days)).isoformat()
    )


def later_days(cursor: Cursor) -> Cursor:
    """Return the cursor of the days that follow: twice as many, for these were few enough."""
    start = date.fromisoformat(cursor.dated_before)
    days = (start - date.fromisoformat(cursor.dated_from or _FIRST_DAY)).days
    end = start + 2 * timedelta(days)
    return replace(
        cursor,
        page=1,
        document_count=0,
        dated_from=cursor.dated_before,
        dated_before=end.isoformat() if end < _last_day(cursor) else "",
    )


def _last_day(cursor: Cursor) -> date:
    """Return a day after which hardly anything is dated."""
    return date.fromisoformat(cursor.start[:10]) + timedelta(366)
