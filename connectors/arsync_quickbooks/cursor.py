"""How far a pull is, as it is stored between two pages."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from arsync_quickbooks.by_creation import Place

CURSOR_VERSION = 5
_CUSTOMERS = "Customer"
_CUSTOMERS_SAY_LESS = frozenset({3, 4})
"""Customers that were read under these versions have no postal addresses, and under the first no
telephone numbers and no names of people."""

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Cursor(Struct, omit_defaults=True):
    """How far a pull is; opaque to everything else."""

    since: datetime
    """The change feed is asked from here."""
    # How the books are kept, and the names of types and terms: a pull with nothing new need not
    # read them again, and notices when they have changed.
    home: str
    multicurrency: bool
    organisation_at: datetime
    names_at: datetime
    read_at: datetime
    """When the last full read began."""
    version: int = 0
    country: str = ""
    """The company's."""
    types: dict[str, str] = {}
    terms: dict[str, str] = {}
    todo: list[str] = []
    """Entities still to be read in full."""
    again: list[str] = []
    """Entities that the next pull reads in full, because their records now say more."""
    sweep: str = ""
    place: Place = msgspec.field(default_factory=Place)
    """How far the first of them was read."""

    def text(self) -> str:
        """Return the cursor as it is stored."""
        return msgspec.json.encode(self).decode()


# Made as the module is loaded: msgspec ends the process if two threads at once are the first to
# decode a type.
_CURSORS = msgspec.json.Decoder(Cursor)


def read_cursor(text: str | None) -> Cursor | None:
    """Read the opaque form; None for one that cannot be read: then everything is read."""
    try:
        cursor = _CURSORS.decode(text or "")
    except msgspec.DecodeError:
        return None
    if cursor.version in _CUSTOMERS_SAY_LESS:
        cursor.version, cursor.again = CURSOR_VERSION, [_CUSTOMERS]
        # The company's country is not known either: the next pull begins with the company.
        cursor.organisation_at = _NEVER
    # A cursor of another version is not guessed at: a full read is always right.
    return cursor if cursor.version == CURSOR_VERSION else None
