"""The last plan of each connection: its day, its rulebook and its actions, in short."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from itertools import islice
from typing import NamedTuple

from sqlalchemy import delete, insert, select

from arsync.core.planning.plan import Planned
from arsync.store.db.database import Database
from arsync.store.db.tables import last_plans


class LastPlan(NamedTuple):
    """What is kept of the plan that a connection's last run made."""

    as_of: date
    rulebook_hash: str
    rulebook: str
    """The effective rulebook as YAML."""
    actions: Iterable[Planned]
    """Unpacked one at a time, each time they are gone through."""
    at: datetime | None = None
    """The moment of planning; None when an older version kept the plan."""


class LastPlans:
    """The table of last plans: one row for each connection."""

    def __init__(self, database: Database) -> None:
        """Work on this database."""
        self._database = database

    def save(
        self,
        connection_id: int,
        *,
        as_of: date,
        at: datetime,
        rulebook_hash: str,
        rulebook: str,
        actions: Iterable[Planned],
    ) -> None:
        """Keep a plan in place of the one before."""
        content = _packed({"rulebook": rulebook, "at": at.isoformat()}, actions)
        with self._database.write() as db:
            db.execute(delete(last_plans).where(last_plans.c.connection_id == connection_id))
            db.execute(
                insert(last_plans).values(
                    connection_id=connection_id,
                    as_of=as_of,
                    rulebook_hash=rulebook_hash,
                    content=content,
                )
            )

    def get(self, connection_id: int) -> LastPlan | None:
        """Return the last plan; None before the first run."""
        query = select(last_plans).where(last_plans.c.connection_id == connection_id)
        with self._database.read() as db:
            row = db.execute(query).one_or_none()
        if row is None:
            return None
        head = json.loads(next(_lines(row.content)))
        if isinstance(head, str):  # from a version that kept no moment
            head = {"rulebook": head}
        at = datetime.fromisoformat(head["at"]) if "at" in head else None
        return LastPlan(row.as_of, row.rulebook_hash, head["rulebook"], _Actions(row.content), at)

    def forget(self, connection_id: int, contact_id: str) -> None:
        """Forget the plan when it names the contact; the next run keeps its own."""
        last = self.get(connection_id)
        if last is not None and any(action.contact_id == contact_id for action in last.actions):
            with self._database.write() as db:
                db.execute(delete(last_plans).where(last_plans.c.connection_id == connection_id))


def _packed(head: Mapping[str, str], actions: Iterable[Planned]) -> bytes:
    """Return one line of JSON for what all share and for each action, compressed as they come."""
    # A large ledger's plan can have a hundred thousand actions; only packed bytes are in memory.
    packer = zlib.compressobj()
    chunks = [packer.compress(f"{json.dumps(head)}\n".encode())]
    chunks += [packer.compress(f"{json.dumps(action)}\n".encode()) for action in actions]
    chunks.append(packer.flush())
    return b"".join(chunks)


class _Actions:
    """The actions of a kept plan."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[Planned]:
        for line in islice(_lines(self._content), 1, None):
            yield Planned(*json.loads(line))


_UNPACKED_AT_ONCE = 8_192
"""How many packed bytes are unpacked at a time; unpacked, that is 100,000 to 200,000."""


def _lines(content: bytes) -> Iterator[bytes]:
    """Yield the lines of what was packed, without unpacking all of it at once."""
    unpacker, unfinished = zlib.decompressobj(), b""
    for start in range(0, len(content), _UNPACKED_AT_ONCE):
        unfinished += unpacker.decompress(content[start : start + _UNPACKED_AT_ONCE])
        *whole, unfinished = unfinished.split(b"\n")
        yield from whole
    if unfinished:
        yield unfinished
