"""The log of what people changed. Lines are added, and never edited or removed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, insert, or_, select

from arsync.clock import Clock
from arsync.store.db.database import Database
from arsync.store.db.people_tables import audit_log
from arsync.store.db.tables import connections

WORDS_CHARACTERS_MAX = 500

CHOICES_OF_ROWS = 20_000
"""Who and what can be chosen from is taken of so many of the newest lines."""

CHOICES_MAX = 200

ROWS_AT_ONCE = 1_000


class AuditRow(NamedTuple):
    """One line."""

    id: int
    at: datetime
    who: str
    source: str
    """desk, api, command line or schedule."""
    address: str
    connection: str
    """Its name; empty: of no connection."""
    what: str
    about: str
    words: str
    rules_hash: str


class AuditEntry(NamedTuple):
    """A line to be added."""

    who: str
    source: str
    what: str
    about: str = ""
    words: str = ""
    connection_id: int | None = None
    rules_hash: str = ""
    address: str = ""


class AuditFilter(NamedTuple):
    """Which lines."""

    connection_ids: Collection[int] | None = None
    """Of these alone; None: all, and those of no connection."""
    who: str = ""
    what: str = ""
    about: str = ""
    before_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None


class AuditLog:
    """The table `audit_log`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock

    def add(self, entry: AuditEntry) -> None:
        """Add a line."""
        values = entry._asdict() | {
            "at": self._clock.now(),
            "about": entry.about[:WORDS_CHARACTERS_MAX],
            "words": entry.words[:WORDS_CHARACTERS_MAX],
        }
        with self._database.write() as db:
            db.execute(insert(audit_log).values(**values))

    def page(self, wanted: AuditFilter, rows_max: int) -> list[AuditRow]:
        """Return the newest lines before `before_id`."""
        columns = audit_log.c
        fields = [
            connections.c.name.label("connection") if name == "connection" else columns[name]
            for name in AuditRow._fields
        ]
        query = (
            select(*fields)
            .select_from(audit_log.outerjoin(connections))
            .order_by(columns.id.desc())
            .limit(rows_max)
        )
        if wanted.connection_ids is not None:
            query = query.where(columns.connection_id.in_(wanted.connection_ids))
        for name in ("who", "what"):
            if text := getattr(wanted, name):
                query = query.where(columns[name] == text)
        if wanted.about:
            in_about = columns.about.contains(wanted.about, autoescape=True)
            query = query.where(
                or_(in_about, columns.words.contains(wanted.about, autoescape=True))
            )
        if wanted.before_id is not None:
            query = query.where(columns.id < wanted.before_id)
        if wanted.since is not None:
            query = query.where(columns.at >= wanted.since)
        if wanted.until is not None:
            query = query.where(columns.at < wanted.until)
        with self._database.read() as db:
            return [
                AuditRow(**(row._asdict() | {"connection": row.connection or ""}))
                for row in db.execute(query)
            ]

    def choices(self) -> tuple[list[str], list[str]]:
        """Return who stands in the newest lines, and what, in the order of the alphabet."""
        columns = audit_log.c
        with self._database.read() as db:
            newest = db.scalar(select(func.max(columns.id))) or 0
            recent = columns.id > newest - CHOICES_OF_ROWS
            names, changes = (
                list(
                    db.scalars(
                        select(column).where(recent).distinct().order_by(column).limit(CHOICES_MAX)
                    )
                )
                for column in (columns.who, columns.what)
            )
        return names, changes

    def every(self, wanted: AuditFilter) -> Iterator[AuditRow]:
        """Yield all lines, the newest first, a page at a time."""
        rows = self.page(wanted, ROWS_AT_ONCE)
        while rows:
            yield from rows
            rows = self.page(wanted._replace(before_id=rows[-1].id), ROWS_AT_ONCE)
