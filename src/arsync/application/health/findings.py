"""What an examination finds."""

from __future__ import annotations

from msgspec import Struct

OK = "ok"
NOTE = "note"
"""Worth knowing; nothing is wrong."""
WRONG = "wrong"


class Finding(Struct, frozen=True):
    """One thing that was checked."""

    about: str
    verdict: str
    """`ok`, `note` or `wrong`."""
    message: str
