"""The moment of a simulation, which several processes read from one file."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from arsync.files import write_private


class FileClock:
    """A clock that shows the moment in a file; one process sets it, all others follow."""

    def __init__(self, file: Path) -> None:
        """Follow this file; `set` makes it."""
        self._file = file

    def now(self) -> datetime:
        """Return the moment in the file, aware, in UTC."""
        return datetime.fromisoformat(self._file.read_text(encoding="ascii"))

    def set(self, moment: datetime) -> None:
        """Put the clock somewhere; whoever reads meanwhile gets the old moment or the new one."""
        write_private(self._file, moment.isoformat())

    def advance(self, step: timedelta) -> None:
        """Move the clock."""
        self.set(self.now() + step)
