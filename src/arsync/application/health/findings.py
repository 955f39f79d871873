"""What an examination finds."""

from __future__ import annotations

from typing import NamedTuple

OK = "ok"
NOTE = "note"
"""Worth knowing; nothing is wrong."""
WRONG = "wrong"


class Finding(NamedTuple):
    """One thing that was checked."""

    about: str
    verdict: str
    """`ok`, `note` or `wrong`."""
    message: str

    def as_json(self) -> dict[str, str]:
        """Return it as `doctor --json` prints it."""
        return self._asdict()
