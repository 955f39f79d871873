"""The count of calls that all processes share: one short transaction for each block of calls."""

from __future__ import annotations

from collections.abc import Callable, Collection

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from arsync.clock import Clock
from arsync.connector_sdk import RateLimits
from arsync.connector_sdk.fair_share import Sharing, leave, note_reads, plan_reads, reserve_shared
from arsync.connector_sdk.rate_window import (
    DAY_SECONDS,
    AcquireRequest,
    CallCount,
    DayLeft,
    Permit,
    app_limits,
)
from arsync.store.db.database import Database
from arsync.store.db.tables import paces

NAMED_MAX = 500
"""The counts of more organisations are read with all of their application."""

_Change = Callable[[CallCount, CallCount, float], Permit]
"""Changes the count of an organisation and that of its application, at a moment."""


class RateCounters:
    """The table of counts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock

    def of(
        self, application: str, organisation: str, limits: RateLimits, *, ledgers: int = 1
    ) -> SharedRateLimiter:
        """Return the count of one organisation's calls and of its application's.

        Args:
            application: names the platform and the application's id there.
            organisation: its id at the platform.
            limits: how fast both may be called.
            ledgers: how many share the application.
        """
        sharing = Sharing(organisation, limits, ledgers)
        return SharedRateLimiter(self._database, self._clock, application, sharing)

    def left_today(
        self, application: str, organisations: Collection[str], calls_per_day: int
    ) -> dict[str, DayLeft]:
        """Return what is left of the day's calls of several organisations, by one query.

        Args:
            application: names the platform and the application's id there.
            organisations: their ids at the platform.
            calls_per_day: what a day begins with; 0: the day is not limited.
        """
        if not calls_per_day:
            return {}
        names = {f"{application}|{organisation}": organisation for organisation in organisations}
        query = select(paces.c.name, paces.c.tally).where(
            paces.c.name.startswith(f"{application}|", autoescape=True)
        )
        if len(names) <= NAMED_MAX:
            query = select(paces.c.name, paces.c.tally).where(paces.c.name.in_(names))
        with self._database.read() as db:
            tallies = {row.name: row.tally for row in db.execute(query)}
        now = self._clock.now().timestamp()
        return {
            organisation: CallCount.from_text(tallies.get(name, "")).day_left_at(calls_per_day, now)
            for name, organisation in names.items()
        }

    def reads_this_month(self, application: str) -> int:
        """Return how many calls that read an application has made this month."""
        with self._database.read() as db:
            stored = db.scalar(select(paces.c.tally).where(paces.c.name == application))
        count = CallCount.from_text(stored or "")
        count.read(0, self._clock.now().timestamp())
        return count.reads

    def reads_left_today(self, application: str, sharing: Sharing) -> tuple[DayLeft, int]:
        """Return what is left of a ledger's share of the day's reads, and the share."""
        name = f"{application}|{sharing.organisation}"
        query = select(paces.c.name, paces.c.tally).where(paces.c.name.in_([name, application]))
        with self._database.read() as db:
            tallies = {row.name: row.tally for row in db.execute(query)}
        now = self._clock.now().timestamp()
        own, app = (CallCount.from_text(tallies.get(key, "")) for key in (name, application))
        own.read(0, now)
        share = plan_reads(app, sharing.limits, sharing.ledgers, now).share
        day_left = DayLeft(max(0, share - own.reads_today), DAY_SECONDS - now % DAY_SECONDS)
        return day_left, share


class SharedRateLimiter:
    """Counts the calls of every process on the store. Implements `rate_window.RateLimiter`."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        application: str,
        sharing: Sharing,
    ) -> None:
        """Remember what to count; the store is not read yet."""
        limits = sharing.limits
        self._database = database
        self._clock = clock
        self._organisation = f"{application}|{sharing.organisation}"
        self._sharing = sharing
        shared = limits.app_calls_per_minute or limits.reads_per_month
        self._application = application if shared else ""
        self._limits = limits
        self._app_limits = app_limits(limits)

    def acquire(self, request: AcquireRequest) -> Permit:
        """Release the last block and reserve another."""

        def reserve(own: CallCount, app: CallCount, now: float) -> Permit:
            return reserve_shared(own, app, self._sharing, request, now)

        return self._change(request, reserve)

    def release(self, request: AcquireRequest) -> None:
        """Release the last block: the caller is done."""

        def close(_: CallCount, app: CallCount, __: float) -> Permit:
            leave(app, self._sharing)
            return Permit()

        self._change(request, close)

    def day_is_over(self, seconds: float) -> None:
        """Note that the platform takes no more calls today."""

        def close(own: CallCount, _: CallCount, now: float) -> Permit:
            own.set_day(0, now + seconds)
            return Permit()

        self._change(None, close)

    def rest(self, seconds: float) -> None:
        """Note that the platform asks everyone for a pause."""

        def pause(own: CallCount, _: CallCount, now: float) -> Permit:
            own.rest_until = max(own.rest_until, now + seconds)
            return Permit()

        self._change(None, pause)

    def _change(self, request: AcquireRequest | None, change: _Change) -> Permit:
        # What a power cut undoes of the count, the platform's own count corrects. The row of the
        # organisation is always locked first, so that no two processes wait for each other.
        with self._database.write(repeatable=True) as db:
            own = _stored_count(db, self._organisation)
            app = _stored_count(db, self._application) if self._application else CallCount()
            now = self._clock.now().timestamp()
            if request is not None:
                own.release(request, now)
                own.learn(request, self._limits, now)
                app.release(request, now)
                note_reads(own, app, self._sharing, request.reads, now)
                app.learn_minute(request.app_minute_left, self._app_limits, now)
            permit = change(own, app, now)
            _save(db, self._organisation, own)
            if self._application:
                _save(db, self._application, app)
        return permit


def _stored_count(db: Connection, name: str) -> CallCount:
    """Return a count, and lock it against every other process until the transaction ends."""
    query = select(paces.c.tally).where(paces.c.name == name).with_for_update()
    stored = db.scalar(query)
    if stored is None:
        # Inserted, then read again: another process may be inserting the same first row.
        make = sqlite if db.dialect.name == "sqlite" else postgresql
        fresh = make.insert(paces).values(name=name, tally="")
        db.execute(fresh.on_conflict_do_nothing())
        stored = db.scalar(query)
    return CallCount.from_text(stored or "")


def _save(db: Connection, name: str, count: CallCount) -> None:
    db.execute(update(paces).where(paces.c.name == name).values(tally=count.text()))
