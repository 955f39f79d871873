"""Who was told of each alert and credit hold: once, whatever dies and however often it runs.

A telling is marked as leaving before the mail server or the webhook is called. The caller holds the
connection's run lock.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, insert, or_, select, update

from arsync.core.actions import ActionKind, ActionState
from arsync.store.actions.action_rows import add_events
from arsync.store.db.bulk import one_of
from arsync.store.db.database import Database
from arsync.store.db.tables import actions, alert_tellings

REASON_CHARACTERS_MAX = 1_000

_COLUMNS = alert_tellings.c


class TellingState(StrEnum):
    """How far a telling has come."""

    WAITING = "waiting"
    LEAVING = "leaving"
    TOLD = "told"
    UNKNOWN = "unknown"
    """It may have left: it is not repeated."""
    GIVEN_UP = "given up"
    OVER = "over"
    """What it is about ended before anybody could be told."""


class AlertTelling(NamedTuple):
    """One alert, or what was done about a credit hold, to one address."""

    action_key: str
    way: str
    """`mail` or `webhook`."""
    address: str
    """Of a webhook empty: the setting says it."""
    tries: int = 0
    since: datetime | None = None
    """What was told before this moment was told of an earlier life of the action."""


class FailedTelling(NamedTuple):
    """A telling that was given up."""

    action_key: str
    way: str
    address: str
    failure: str
    tried_at: datetime | None
    kind: ActionKind
    """Of the action: a task is an alert's."""


class AlertTellings:
    """The tellings of all connections."""

    def __init__(self, database: Database) -> None:
        """Work on this database."""
        self._database = database

    def begin(self, connection_id: int, wanted: Iterable[AlertTelling]) -> None:
        """Keep what is to be told; what is known already stays as it is."""
        by_identity = {telling[:3]: telling for telling in wanted}
        if not by_identity:
            return
        with self._database.write() as db:
            keys = sorted({key for key, _, _ in by_identity})
            query = select(
                _COLUMNS.action_key, _COLUMNS.way, _COLUMNS.address, _COLUMNS.tried_at
            ).where(one_of(db, _COLUMNS.action_key, keys))
            kept = {tuple(row[:3]): row.tried_at for row in db.execute(query)}
            for identity, telling in by_identity.items():
                tried_at = kept.get(identity)
                if telling.since is not None and tried_at is not None and tried_at < telling.since:
                    # A hold that was undone and is placed again is told again.
                    anew = {"tries": 0, "failure": "", "next_at": None}
                    self._set(db, telling, TellingState.WAITING, **anew)
            new = [
                {
                    "action_key": telling.action_key,
                    "way": telling.way,
                    "address": telling.address,
                    "connection_id": connection_id,
                    "state": TellingState.WAITING.value,
                    "tries": 0,
                }
                for identity, telling in by_identity.items()
                if identity not in kept
            ]
            if new:
                db.execute(insert(alert_tellings), new)

    def due(self, connection_id: int, now: datetime) -> Sequence[AlertTelling]:
        """Return what is to be told now, the oldest tasks first."""
        query = (
            select(_COLUMNS.action_key, _COLUMNS.way, _COLUMNS.address, _COLUMNS.tries)
            .join(actions, actions.c.key == _COLUMNS.action_key)
            .where(
                _COLUMNS.connection_id == connection_id,
                _COLUMNS.state == TellingState.WAITING.value,
                or_(_COLUMNS.next_at.is_(None), _COLUMNS.next_at <= now),
            )
            .order_by(actions.c.created_at, actions.c.key, _COLUMNS.way, _COLUMNS.address)
        )
        with self._database.read() as db:
            return [AlertTelling(*row) for row in db.execute(query)]

    def interrupted(self, connection_id: int) -> Sequence[AlertTelling]:
        """Return what was leaving when a process died."""
        query = select(_COLUMNS.action_key, _COLUMNS.way, _COLUMNS.address, _COLUMNS.tries).where(
            _COLUMNS.connection_id == connection_id,
            _COLUMNS.state == TellingState.LEAVING.value,
        )
        with self._database.read() as db:
            return [AlertTelling(*row) for row in db.execute(query)]

    def leaves(self, tellings: Sequence[AlertTelling], now: datetime) -> None:
        """Note that they leave now."""
        with self._database.write() as db:
            for telling in tellings:
                values = {"tries": telling.tries + 1, "tried_at": now}
                self._set(db, telling, TellingState.LEAVING, **values)

    def put_off(self, tellings: Sequence[AlertTelling], why: str, next_at: datetime | None) -> None:
        """Note that they surely did not leave, or may be repeated, and when they are tried next."""
        with self._database.write() as db:
            for telling in tellings:
                values = {"failure": why[:REASON_CHARACTERS_MAX], "next_at": next_at}
                self._set(db, telling, TellingState.WAITING, **values)

    def ended(
        self,
        tellings: Sequence[AlertTelling],
        state: TellingState,
        words: str,
        *,
        who: str,
        now: datetime,
    ) -> None:
        """Note how they ended, here and in the history of each alert."""
        words = words[:REASON_CHARACTERS_MAX]
        with self._database.write() as db:
            for telling in tellings:
                failure = "" if state is TellingState.TOLD else words
                self._set(db, telling, state, failure=failure, next_at=None)
                at = db.scalar(select(actions.c.state).where(actions.c.key == telling.action_key))
                if at is not None:
                    stands = ActionState(at)
                    add_events(db, [(telling.action_key, now, who, stands, stands, words)])

    def reached(
        self, connection_id: int, contact_ids: Collection[str]
    ) -> dict[tuple[str, int], frozenset[str]]:
        """Return by contact and episode whom the mails about its credit holds reached.

        Addresses that were told, or may have been.
        """
        reached: dict[tuple[str, int], set[str]] = defaultdict(set)
        with self._database.read() as db:
            query = (
                select(actions.c.contact_id, actions.c.episode, _COLUMNS.address)
                .join(actions, actions.c.key == _COLUMNS.action_key)
                .where(
                    _COLUMNS.connection_id == connection_id,
                    _COLUMNS.state.in_([TellingState.TOLD.value, TellingState.UNKNOWN.value]),
                    actions.c.connection_id == connection_id,
                    actions.c.kind.in_(
                        [ActionKind.CREDIT_HOLD.value, ActionKind.HOLD_REASONS.value]
                    ),
                    one_of(db, actions.c.contact_id, sorted(contact_ids)),
                    _COLUMNS.tried_at >= actions.c.first_sent_at,
                )
            )
            for contact_id, episode, address in db.execute(query):
                reached[contact_id, episode].add(address)
        return {hold: frozenset(addresses) for hold, addresses in reached.items()}

    def given_up(self, connection_id: int) -> Sequence[FailedTelling]:
        """Return what was given up of alerts whose tasks are open, and of holds."""
        query = (
            select(
                _COLUMNS.action_key,
                _COLUMNS.way,
                _COLUMNS.address,
                _COLUMNS.failure,
                _COLUMNS.tried_at,
                actions.c.kind,
            )
            .join(actions, actions.c.key == _COLUMNS.action_key)
            .where(
                _COLUMNS.connection_id == connection_id,
                _COLUMNS.state.in_([TellingState.GIVEN_UP.value, TellingState.UNKNOWN.value]),
                actions.c.done_at.is_(None),
            )
            .order_by(actions.c.created_at, _COLUMNS.action_key, _COLUMNS.way, _COLUMNS.address)
        )
        with self._database.read() as db:
            return [
                FailedTelling(key, way, address, failure, tried_at, ActionKind(kind))
                for key, way, address, failure, tried_at, kind in db.execute(query)
            ]

    @staticmethod
    def _set(db: Connection, telling: AlertTelling, state: TellingState, **values: Any) -> None:
        of_telling = and_(
            _COLUMNS.action_key == telling.action_key,
            _COLUMNS.way == telling.way,
            _COLUMNS.address == telling.address,
        )
        db.execute(update(alert_tellings).where(of_telling).values(state=state.value, **values))
