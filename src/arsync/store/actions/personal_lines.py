"""The line that a person puts above the text of one letter."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, exists, insert, not_, select

from arsync.core.actions import ActionState
from arsync.store.actions.action_rows import add_events, locked_row
from arsync.store.db.database import Database
from arsync.store.db.tables import action_events, personal_lines


class PersonalLine(NamedTuple):
    """What stands above the text of one letter."""

    line: str
    who: str
    """Who added it."""
    added_at: datetime


class PersonalLines:
    """The table `personal_lines`.

    A line lives as long as its action stands: one that was withdrawn comes back without.
    """

    def __init__(self, database: Database) -> None:
        """Work on this database."""
        self._database = database

    def of(self, keys: Sequence[str]) -> dict[str, PersonalLine]:
        """Return the lines of those of these actions that have one, by their keys."""
        columns = personal_lines.c
        was_withdrawn = exists().where(
            action_events.c.key == columns.action_key,
            action_events.c.to_state == ActionState.WITHDRAWN.value,
            action_events.c.at >= columns.added_at,
        )
        query = select(columns.action_key, columns.line, columns.who, columns.added_at).where(
            columns.action_key.in_(list(keys)), not_(was_withdrawn)
        )
        with self._database.read() as db:
            return {row[0]: PersonalLine(*row[1:]) for row in db.execute(query)}

    def put(self, key: str, line: str, *, who: str, now: datetime) -> bool:
        """Put a line above a letter that waits for approval, in place of the one before.

        Args:
            key: the whole key.
            line: empty takes the line away.
            who: puts it there.
            now: when.

        Returns:
            False where the action waits no more; nothing was done.
        """
        waits = ActionState.AWAITING_APPROVAL
        with self._database.write() as db:
            # Held until the end: somebody who approves at the same moment comes before or after.
            if locked_row(db, key).state != waits.value:
                return False
            gone = db.execute(delete(personal_lines).where(personal_lines.c.action_key == key))
            if line:
                values = {"action_key": key, "line": line, "who": who, "added_at": now}
                db.execute(insert(personal_lines).values(**values))
            if line or gone.rowcount:
                words = f"a personal line, added by {who}: “{line}”" if line else "no personal line"
                add_events(db, [(key, now, who, waits, waits, words)])
            return True
