"""When each connection is due: the one list that the loop and the workers take from.

Each connection has places in the routine, one in every pace, offset by a hash of its number: the
offset spreads thousands of ledgers over the pace and survives a restart. Something may want a run
sooner: a webhook, a person, a new authorisation.

    begin          takes the wish and notes the start    a wish that comes later stays: one more run
    begin_if_due   the same, if a run is due still       another process may have served it just now
    served         notes the end and the next place      a run that died never comes here

A run that died is told by its start without an end; the run lock tells it from one that goes on.
The row comes and goes with the connection; its pace is given by `keep`.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BindParameter,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    union,
    update,
)

from arsync.clock import Clock
from arsync.store.admin.outages import PAUSE_SECONDS_MAX
from arsync.store.db.column_types import Moment
from arsync.store.db.database import Database
from arsync.store.db.tables import connections, outages, schedules
from arsync.store.models import ConnectionState, DueLedger, ScheduleRow

INTERRUPTED_SECONDS = 60.0
"""A run that began so long ago and has not ended may have died: whoever is free looks at its
lock."""

UNREACHED_SECONDS = 300.0
"""A connection that could not reach its platform is tried again this soon, however slow the pace: a
token whose renewal was lost has to be renewed again while the platform still takes the old one."""

UNAUTHORISED_SECONDS = 6 * 3600.0
"""A connection whose authorisation has ended is tried again so rarely: platforms have refused valid
tokens by mistake, and a process that stood still may have come with an expired one."""

NOT_BEFORE_SECONDS_MAX = 24 * 3600.0
"""No platform is left alone for longer without another look: a limit may have been raised, and this
computer's clock may have been ahead when the wait was noted."""

UNPACED_SECONDS = 900
"""The pace of a connection to which no process has given one yet."""

WISH_SETTLE_SECONDS = 20.0
"""A run that a webhook wants begins so long after the first event: bookkeepers change several
documents in a row, and each run costs calls."""

WANTED_WHY_CHARACTERS_MAX = 200

CUT_SHORT = "its last run was cut short"

EPOCH = datetime.fromtimestamp(0, UTC)

_COLUMNS = schedules.c


def offset_seconds(connection_id: int, every_seconds: int) -> int:
    """Return where inside each pace a connection's place is, in seconds from 0 to the pace."""
    digest = hashlib.sha256(f"schedule|{connection_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % every_seconds


def next_place(connection_id: int, every_seconds: int, after: datetime) -> datetime:
    """Return a connection's first place in the routine after a moment."""
    offset = offset_seconds(connection_id, every_seconds)
    paces = math.floor((after.timestamp() - offset) / every_seconds) + 1
    return datetime.fromtimestamp(offset + paces * every_seconds, UTC)


class Schedules:
    """The table of schedules."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock
        self._kept_seconds = 0

    def keep(self, every_seconds: int, connection_ids: Collection[int] | None = None) -> None:
        """Let connections run at this pace.

        The first call of a process, and one with another pace, changes the pace of all. Later
        calls give a pace to those that have none. So two processes with different paces do not undo
        each other's: the one that started last decides. What is overdue stays so.

        A place that is further away than a pace is brought nearer: it was noted while a clock was
        ahead.

        Args:
            every_seconds: from one run to the next; 1 or more.
            connection_ids: only these.
        """
        now = self._clock.now()
        is_first = self._kept_seconds != every_seconds
        to_place = _COLUMNS.every_seconds.is_(None) | (
            _COLUMNS.next_at > now + timedelta(seconds=every_seconds)
        )
        if is_first:
            to_place |= _COLUMNS.every_seconds != every_seconds
        query = _only(select(schedules).where(to_place), connection_ids)
        with self._database.read() as db:
            nothing_to_do = db.execute(query.limit(1)).first() is None
        if not nothing_to_do:
            with self._database.write() as db:
                rows = db.execute(_locked(query)).all()
                placed = [_placed(row, every_seconds, now, anew=is_first) for row in rows]
                if placed:
                    db.execute(_PLACE, placed)
        self._kept_seconds = every_seconds

    def get(self, connection_id: int) -> ScheduleRow | None:
        """Return one connection's schedule; None: the connection was removed."""
        columns = [_COLUMNS[name] for name in ScheduleRow._fields]
        with self._database.read() as db:
            row = db.execute(select(*columns).where(_is(connection_id))).one_or_none()
        return None if row is None else ScheduleRow._make(row)

    def due(
        self,
        *,
        rows_max: int | None = None,
        connection_ids: Collection[int] | None = None,
        besides: Collection[int] = (),
    ) -> list[DueLedger]:
        """Return what is due now: the wanted first, then what is longest overdue.

        Left alone are the paused and removed ones, those whose platform is away or has no calls
        left, and those whose authorisation has ended, but for a try every few hours. One that began
        more than `INTERRUPTED_SECONDS` ago is among the due: its run lock tells whether that run
        still goes on.

        Args:
            rows_max: at most so many.
            connection_ids: only of these.
            besides: none of these: the caller knows that they are being served.
        """
        every_row = _only(select(schedules), connection_ids)
        if besides:
            every_row = every_row.where(_COLUMNS.connection_id.not_in(besides))
        # A union, because SQLite takes no index for several conditions of which one holds. Made
        # first, and only then joined: else a database that has never counted its rows may begin
        # with the thousands of connections.
        listed = union(*(every_row.where(is_due) for is_due in _SIGNS_OF_BEING_DUE))
        ledgers = listed.cte("ledgers").prefix_with("MATERIALIZED")
        wished_at = _wished_at(ledgers.c)
        order = wished_at.is_(None), func.coalesce(wished_at, ledgers.c.next_at)
        query = _live(ledgers.c).order_by(*order, ledgers.c.connection_id)
        moments = _moments(self._clock.now())
        with self._database.read(alone=True) as db:
            return [DueLedger(*row) for row in db.execute(query.limit(rows_max), moments)]

    def next_due_at(self, connection_ids: Collection[int] | None = None) -> datetime | None:
        """Return the next place in the routine that lies ahead; None: there is none.

        It may be the place of one that is left alone.
        """
        ahead = _COLUMNS.started_at.is_(None), _COLUMNS.next_at > self._clock.now()
        query = _only(select(_COLUMNS.next_at).where(*ahead), connection_ids)
        with self._database.read() as db:
            moment: datetime | None = db.scalar(query.order_by(_COLUMNS.next_at).limit(1))
        return moment

    def began(self, connection_ids: Collection[int]) -> dict[int, datetime]:
        """Return since when runs of these connections are at work, or died at it."""
        query = select(_COLUMNS.connection_id, _COLUMNS.started_at)
        query = _only(query.where(_COLUMNS.started_at.is_not(None)), connection_ids)
        with self._database.read(alone=True) as db:
            return {row.connection_id: row.started_at for row in db.execute(query)}

    def want(self, connection_ids: Collection[int], why: str) -> None:
        """Ask for a run as soon as one can be; of several wishes before it, the first is kept."""
        with self._database.write() as db:
            _wish_for(db, connection_ids, why, self._clock.now())

    def begin(self, connection_id: int) -> datetime:
        """Note, under the run lock, that a run begins; it takes every wish that has come.

        Returns:
            The moment, by which `served` knows its own run.
        """
        began = self._clock.now()
        with self._database.write(alone=True) as db:
            db.execute(_BEGIN, {"of": connection_id, "began": began})
        return began

    def begin_if_due(self, connection_id: int) -> datetime | None:
        """Note, under the run lock, that a run begins, if one is due.

        A start without an end is that of a run that died: whoever asks has the lock.

        Returns:
            See `begin`; None: another process has served it since it was listed, or it may not run
            any more.
        """
        began = self._clock.now()
        values = {"of": connection_id, "began": began} | _moments(began)
        with self._database.write(alone=True) as db:
            row = db.execute(_BEGIN_IF_DUE, values).one_or_none()
        return None if row is None else began

    def served(
        self,
        connection_id: int,
        began: datetime,
        *,
        unreached: bool = False,
        not_before: datetime | None = None,
        cut_short: bool = False,
        pace_seconds: float = 0.0,
    ) -> None:
        """Note that a run has ended, and when the next one is due.

        Nothing is noted when another run has begun since: the lock of this one was lost.

        Args:
            connection_id: whose.
            began: what `begin` returned.
            unreached: the platform could not be reached.
            not_before: until when the platform is to be left alone.
            cut_short: it was asked to stop before its end: what is left is wanted at once.
            pace_seconds: the least time to the next run of the routine; a wish comes before.
        """
        now = self._clock.now()
        # By the earlier of the two moments: the clock may have been set back meanwhile.
        start = min(began, now)
        if not_before is not None:
            not_before = min(not_before, now + timedelta(seconds=NOT_BEFORE_SECONDS_MAX))
        ended = {"of": connection_id, "began": began, "until": not_before}
        ended |= {"cut_short": cut_short, "now": now}

        def end(db: Connection, every_seconds: int | None) -> bool:
            place = next_place(connection_id, every_seconds or UNPACED_SECONDS, start)
            place = max(place, start + timedelta(seconds=pace_seconds))
            if unreached:
                place = min(place, start + timedelta(seconds=UNREACHED_SECONDS))
            at_pace = {"pace": every_seconds, "place": place}
            return db.execute(_END, ended | at_pace).rowcount == 1

        if self._kept_seconds:  # nearly always its pace is the one that this process gives
            with self._database.write(alone=True) as db:
                if end(db, self._kept_seconds):
                    return
        query = select(_COLUMNS.every_seconds).where(_is(connection_id))
        with self._database.write() as db:
            row = db.execute(_locked(query.where(_COLUMNS.started_at == began))).one_or_none()
            if row is not None:
                end(db, row.every_seconds)


def add_schedule(db: Connection, connection_id: int, now: datetime) -> None:
    """Give a new connection its row: it is wanted at once."""
    wish = {"wanted_at": now, "wanted_why": "it is new"}
    db.execute(insert(schedules).values(connection_id=connection_id, next_at=now, **wish))


def drop_schedule(db: Connection, connection_id: int) -> None:
    """Forget a connection's schedule, as the connection is removed."""
    db.execute(delete(schedules).where(_is(connection_id)))


def want_when_settled(
    db: Connection, connection_ids: Collection[int], why: str, now: datetime
) -> None:
    """Want a run `WISH_SETTLE_SECONDS` from now, so that it serves what comes meanwhile, too."""
    _wish_for(db, connection_ids, why, now + timedelta(seconds=WISH_SETTLE_SECONDS))


def want_anew(db: Connection, connection_id: int, why: str, now: datetime) -> None:
    """Want a run, and forget until when the platform was to be left alone."""
    _wish(db, _is(connection_id), why, now)
    db.execute(update(schedules).where(_is(connection_id)).values(not_before=None))


def _wish_for(db: Connection, connection_ids: Collection[int], why: str, at: datetime) -> None:
    db.execute(_locked(_only(select(_COLUMNS.connection_id), connection_ids)))
    _wish(db, _COLUMNS.connection_id.in_(connection_ids), why, at)


def _wish(db: Connection, these: ColumnElement[bool], why: str, at: datetime) -> None:
    is_first = or_(_COLUMNS.wanted_at.is_(None), _COLUMNS.wanted_at > at)
    wish = {
        # With its type: SQLite keeps moments as texts, which are compared.
        "wanted_at": case((is_first, literal(at, Moment)), else_=_COLUMNS.wanted_at),
        "wanted_why": case((is_first, why[:WANTED_WHY_CHARACTERS_MAX]), else_=_COLUMNS.wanted_why),
    }
    db.execute(update(schedules).where(these).values(wish))


_PLACE = (
    update(schedules)
    .where(_COLUMNS.connection_id == bindparam("of"))
    .values(every_seconds=bindparam("pace"), next_at=bindparam("place"))
)


def _placed(row: Any, every_seconds: int, now: datetime, *, anew: bool) -> dict[str, Any]:
    """Return the parameters of `_PLACE` for a row that has no pace, another one, or no place."""
    pace = every_seconds if anew or row.every_seconds is None else row.every_seconds
    place = min(row.next_at, next_place(row.connection_id, pace, now))
    return {"of": row.connection_id, "pace": pace, "place": place}


def _is(connection_id: int) -> ColumnElement[bool]:
    return _COLUMNS.connection_id == connection_id


def _only(query: Select[Any], connection_ids: Collection[int] | None) -> Select[Any]:
    if connection_ids is None:
        return query
    return query.where(_COLUMNS.connection_id.in_(connection_ids))


def _locked(query: Select[Any]) -> Select[Any]:
    """Lock the rows, always in the same order, so that no two processes wait for each other."""
    return query.order_by(_COLUMNS.connection_id).with_for_update()


def _after(seconds: float) -> BindParameter[datetime]:
    """Return, as a parameter, the moment so many seconds from now; see `_moments`."""
    assert seconds in _MOMENTS_SECONDS
    return bindparam(_name_of(seconds), type_=Moment)


def _name_of(seconds: float) -> str:
    return f"after_{seconds:.0f}".replace("-", "minus_")


_MOMENTS_SECONDS = (
    0.0,
    INTERRUPTED_SECONDS,
    -INTERRUPTED_SECONDS,
    WISH_SETTLE_SECONDS,
    NOT_BEFORE_SECONDS_MAX,
    PAUSE_SECONDS_MAX,
)


def _moments(now: datetime) -> dict[str, datetime]:
    """Return the parameters of statements that are made once and asked at many moments."""
    return {_name_of(seconds): now + timedelta(seconds=seconds) for seconds in _MOMENTS_SECONDS}


def _is_ahead(moment: Column[Any], seconds_max: float) -> ColumnElement[bool]:
    """Return whether a moment is to be waited for; one that is further away is a mistake."""
    return and_(moment > _after(0), moment <= _after(seconds_max))


_IS_WISHED = and_(
    # Not "is not null", for which SQLite takes no index.
    _COLUMNS.wanted_at > EPOCH,
    # What a webhook wants has to settle first.
    ~_is_ahead(_COLUMNS.wanted_at, WISH_SETTLE_SECONDS),
)
"""A run is wanted now."""

_SIGNS_OF_BEING_DUE: tuple[ColumnElement[bool], ...] = (
    _IS_WISHED,
    and_(_COLUMNS.started_at.is_(None), _COLUMNS.next_at <= _after(0)),
    _COLUMNS.started_at <= _after(-INTERRUPTED_SECONDS),
    # It was noted while a clock was ahead.
    _COLUMNS.started_at > _after(INTERRUPTED_SECONDS),
)
"""At least one of them holds for what is due; each has its index."""


def _wished_at(columns: Any) -> ColumnElement[Any]:
    """Return since when a run is wanted.

    A run that died kept why it was wanted, and is as urgent as before.
    """
    return func.coalesce(columns.wanted_at, case((columns.wanted_why != "", columns.started_at)))


def _live(columns: Any) -> Select[Any]:
    """Select, of schedules with these columns, those of connections that may run."""
    shown: list[ColumnElement[Any]] = [columns[name] for name in DueLedger._fields]
    shown[DueLedger._fields.index("wanted_at")] = _wished_at(columns)
    of_its_row = connections.c.id == columns.connection_id
    return select(*shown).join(connections, of_its_row).where(*_may_run(columns))


def _may_run(columns: Any) -> tuple[ColumnElement[bool], ...]:
    """Return what holds for a schedule with these columns, and its connection, that may run."""
    return (
        connections.c.removed_at.is_(None),
        connections.c.paused_at.is_(None),
        # Without a moment, nobody has said when to try one that is not authorised again.
        or_(
            connections.c.state == ConnectionState.CONNECTED.value,
            columns.not_before.is_not(None),
        ),
        or_(
            columns.not_before.is_(None),
            ~_is_ahead(columns.not_before, NOT_BEFORE_SECONDS_MAX),
        ),
        ~exists()
        .where(
            outages.c.connection_id == columns.connection_id,
            _is_ahead(outages.c.retry_at, PAUSE_SECONDS_MAX),
        )
        .correlate_except(outages),
    )


_OF = _COLUMNS.connection_id == bindparam("of")
_BEGAN = bindparam("began", type_=Moment)

_BEGIN = update(schedules).where(_OF).values(started_at=_BEGAN, wanted_at=None)

_BEGIN_IF_DUE = _BEGIN.where(
    or_(_IS_WISHED, _COLUMNS.started_at.is_not(None), _COLUMNS.next_at <= _after(0)),
    exists()
    .where(connections.c.id == _COLUMNS.connection_id, *_may_run(_COLUMNS))
    .correlate_except(connections),
).returning(_COLUMNS.connection_id)

_IS_UNWANTED = _COLUMNS.wanted_at.is_(None)
_IS_CUT_SHORT = bindparam("cut_short", type_=Boolean)

_END = (
    update(schedules)
    .where(
        _OF,
        _COLUMNS.started_at == _BEGAN,
        _COLUMNS.every_seconds.is_not_distinct_from(bindparam("pace", type_=Integer)),
    )
    .values(
        started_at=None,
        next_at=bindparam("place", type_=Moment),
        not_before=bindparam("until", type_=Moment),
        wanted_at=case(
            (and_(_IS_UNWANTED, _IS_CUT_SHORT), bindparam("now", type_=Moment)),
            else_=_COLUMNS.wanted_at,
        ),
        wanted_why=case(
            (_COLUMNS.wanted_at.is_not(None), _COLUMNS.wanted_why),
            (~_IS_CUT_SHORT, ""),
            (_COLUMNS.wanted_why == "", CUT_SHORT),
            else_=_COLUMNS.wanted_why,
        ),
    )
)
"""The end of a run; what came to be wanted meanwhile stays."""
