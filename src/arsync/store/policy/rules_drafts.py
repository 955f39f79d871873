"""Drafts of rulebooks: one for each connection, kept beside the live text it was begun from."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, insert, select

from arsync.clock import Clock
from arsync.core.rulebook.rules_text import RulesText
from arsync.errors import Overtaken, UserMistake
from arsync.store.admin.rulebook_versions import packed, unpacked
from arsync.store.db.database import Database
from arsync.store.db.policy_tables import rules_drafts

DRAFT_BYTES_MAX = 4_000_000
"""A rulebook with its letters; a larger one is written in the folder."""

REASON_CHARACTERS_MAX = 300


class DraftRow(NamedTuple):
    """A draft."""

    base: RulesText
    """The live text that it was begun from."""
    text: RulesText
    reason: str
    saved_by: str
    saved_at: datetime


class RulesDrafts:
    """The table `rules_drafts`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock

    def get(self, connection_id: int) -> DraftRow | None:
        """Return a connection's draft; None: there is none, or it is damaged."""
        query = select(rules_drafts).where(rules_drafts.c.connection_id == connection_id)
        with self._database.read() as db:
            row = db.execute(query).one_or_none()
        if row is None:
            return None
        base, text = unpacked(row.base), unpacked(row.content)
        if base is None or text is None:
            return None
        return DraftRow(base, text, row.reason, row.saved_by, row.saved_at)

    def save(
        self,
        connection_id: int,
        text: RulesText,
        *,
        base: RulesText,
        reason: str,
        who: str,
        over: str,
    ) -> None:
        """Keep a draft in place of the one before.

        Args:
            connection_id: whose.
            text: the draft.
            base: the live text that it goes from.
            reason: of the change, in words.
            who: saves it.
            over: the `whole_hash` of the draft that was opened; empty: there was none.

        Raises:
            Overtaken: somebody else saved a draft meanwhile.
            UserMistake: it is too large.
        """
        content, kept_base = packed(text, DRAFT_BYTES_MAX), packed(base, DRAFT_BYTES_MAX)
        if content is None or kept_base is None:
            raise UserMistake(
                f"the rulebook is larger than {DRAFT_BYTES_MAX:,} bytes: change it in its folder."
            )
        columns = rules_drafts.c
        with self._database.write() as db:
            row = db.execute(
                select(columns.content)
                .where(columns.connection_id == connection_id)
                .with_for_update()
            ).one_or_none()
            before = unpacked(row.content) if row is not None else None
            if before is not None and before.whole_hash != over:
                raise Overtaken("somebody else saved the draft meanwhile.")
            db.execute(delete(rules_drafts).where(columns.connection_id == connection_id))
            db.execute(
                insert(rules_drafts).values(
                    connection_id=connection_id,
                    base=kept_base,
                    content=content,
                    reason=reason[:REASON_CHARACTERS_MAX],
                    saved_by=who,
                    saved_at=self._clock.now(),
                )
            )

    def drop(self, connection_id: int) -> bool:
        """Throw a draft away; return whether there was one."""
        with self._database.write() as db:
            this = rules_drafts.c.connection_id == connection_id
            return bool(db.execute(delete(rules_drafts).where(this)).rowcount)
