"""Rules folders that were pushed: with `[rules] source = "store"` the last one counts."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import delete, func, insert, select

from arsync.clock import Clock
from arsync.core.rulebook.rules_text import RulesText
from arsync.errors import Overtaken, UserMistake
from arsync.store.admin.rulebook_versions import packed, unpacked
from arsync.store.db.database import Database
from arsync.store.db.tables import pushed_rules
from arsync.store.models import PushRow

PUSHED_BYTES_MAX = 50_000_000
"""A rules folder of a practice: 5,000 clients with 10,000 bytes of rules each."""

PUSHES_KEPT_MAX = 20
"""So many pushes are kept; the rulebooks that older ones gave stand in `rulebook_versions`."""


class Pushed(NamedTuple):
    """A push: what is known of it, and what was pushed."""

    row: PushRow
    text: RulesText


class PushedRules:
    """The table of pushed rules folders."""

    def __init__(
        self, database: Database, clock: Clock, *, bytes_max: int = PUSHED_BYTES_MAX
    ) -> None:
        """Work on this database; the limit is smaller in tests."""
        self._database = database
        self._clock = clock
        self._bytes_max = bytes_max

    def last_id(self) -> int | None:
        """Return the number of the last push; None before the first."""
        with self._database.read() as db:
            last: int | None = db.scalar(select(func.max(pushed_rules.c.id)))
        return last

    def last(self) -> Pushed | None:
        """Return the last push; None before the first.

        Raises:
            UserMistake: it is damaged.
        """
        columns = pushed_rules.c
        query = select(
            columns.id,
            columns.hash,
            columns.pushed_at,
            columns.pushed_by,
            columns.source,
            columns.content,
        )
        with self._database.read() as db:
            row = db.execute(query.order_by(columns.id.desc()).limit(1)).one_or_none()
        if row is None:
            return None
        text = unpacked(row.content)
        if text is None:
            raise UserMistake(
                f"the rules of push {row.id} are damaged.\n    hint: push again: arsync rules push"
            )
        return Pushed(PushRow(*row[:-1]), text)

    def push(self, text: RulesText, *, who: str, source: str, after: int | None = None) -> PushRow:
        """Put a rules folder into the store; from now on it is the one that counts.

        Args:
            text: all of it.
            who: asked for it.
            source: where it was read.
            after: only if this push is still the last one.

        Raises:
            Overtaken: something else was pushed meanwhile.
            UserMistake: it is too large.
        """
        content = packed(text, self._bytes_max)
        if content is None:
            raise UserMistake(f"the rules folder is larger than {self._bytes_max:,} bytes.")
        now, columns = self._clock.now(), pushed_rules.c
        values = {"hash": text.whole_hash, "pushed_at": now, "pushed_by": who, "source": source}
        with self._database.write() as db:
            if after is not None:
                # PostgreSQL: whoever comes second waits here, and then sees what the first pushed.
                db.execute(select(columns.id).where(columns.id == after).with_for_update())
                if db.scalar(select(func.max(columns.id))) != after:
                    raise Overtaken("other rules were pushed meanwhile.")
            done = db.execute(insert(pushed_rules).values(content=content, **values))
            assert done.inserted_primary_key is not None
            number = int(done.inserted_primary_key[0])
            db.execute(delete(pushed_rules).where(columns.id <= number - PUSHES_KEPT_MAX))
        return PushRow(number, text.whole_hash, now, who, source)
