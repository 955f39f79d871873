"""The count of calls that all processes share: one short transaction for each block of calls."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from arsync.clock import Clock
from arsync.connector_sdk import RateLimits
from arsync.connector_sdk.rate_window import Taken, Tally, Wish
from arsync.store.db.database import Database
from arsync.store.db.tables import paces


class Paces:
    """The table of counts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock

    def of(self, application: str, organisation: str, limits: RateLimits) -> SharedCount:
        """Return the count of one organisation's calls and of its application's.

        Args:
            application: names the platform and the application's id there.
            organisation: its id at the platform.
            limits: how fast both may be called.
        """
        return SharedCount(self._database, self._clock, application, organisation, limits)

    def reads_this_month(self, application: str) -> int:
        """Return how many calls that read an application has made this month."""
        with self._database.read() as connection:
            found = connection.scalar(select(paces.c.tally).where(paces.c.name == application))
        tally = Tally.from_text(found or "")
        tally.read(0, self._clock.now().timestamp())
        return tally.reads


class SharedCount:
    """Counts the calls of every process on the store. Implements `rate_window.Allowance`."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        application: str,
        organisation: str,
        limits: RateLimits,
    ) -> None:
        """Remember what to count; nothing is read yet."""
        self._database = database
        self._clock = clock
        self._organisation = f"{application}|{organisation}"
        shared = limits.app_calls_per_minute or limits.reads_per_month
        self._application = application if shared else ""
        self._limits = limits
        self._app_limits = RateLimits(limits.app_calls_per_minute, 0)

    def take(self, wish: Wish) -> Taken:
        """Settle the last block and lend another."""

        def lend(mine: Tally, app: Tally, now: float) -> Taken:
            ends = app.month_ends(wish, self._limits, now)
            if ends is not None:
                return Taken(month_ends_seconds=ends)
            taken = mine.room(wish, self._limits, now)
            if not taken.calls or not self._app_limits.calls_per_minute:
                return self._lent(mine, wish, taken, now)
            of_app = app.room(wish, self._app_limits, now)
            if not of_app.calls:
                return of_app._replace(day_left=taken.day_left)
            taken = taken._replace(calls=min(taken.calls, of_app.calls))
            app.lend(wish.holder, taken.calls, now)
            return self._lent(mine, wish, taken, now)

        return self._change(wish, lend)

    def give_back(self, wish: Wish) -> None:
        """Settle the last block: the caller is done."""
        self._change(wish, lambda *_: Taken())

    def day_is_over(self, seconds: float) -> None:
        """Note that the platform takes no more calls today."""

        def close(mine: Tally, _: Tally, now: float) -> Taken:
            mine.set_day(0, now + seconds)
            return Taken()

        self._change(None, close)

    def rest(self, seconds: float) -> None:
        """Note that the platform asks everyone for a pause."""

        def pause(mine: Tally, _: Tally, now: float) -> Taken:
            mine.rest_until = max(mine.rest_until, now + seconds)
            return Taken()

        self._change(None, pause)

    @staticmethod
    def _lent(mine: Tally, wish: Wish, taken: Taken, now: float) -> Taken:
        if taken.calls:
            mine.lend(wish.holder, taken.calls, now)
        return taken

    def _change(self, wish: Wish | None, change: Callable[[Tally, Tally, float], Taken]) -> Taken:
        # What a power cut undoes of the count, the platform's own count puts right.
        with self._database.write(repeatable=True) as connection:
            mine = _tally(connection, self._organisation)
            app = _tally(connection, self._application) if self._application else Tally()
            now = self._clock.now().timestamp()
            if wish is not None:
                mine.settle(wish, now)
                mine.learn(wish, self._limits, now)
                app.settle(wish, now)
                app.read(wish.reads, now)
                app.learn_minute(wish.app_minute_left, self._app_limits, now)
            taken = change(mine, app, now)
            _save(connection, self._organisation, mine)
            if self._application:
                _save(connection, self._application, app)
        return taken


def _tally(connection: Connection, name: str) -> Tally:
    """Return a count, and keep every other process from it until the transaction ends."""
    query = select(paces.c.tally).where(paces.c.name == name).with_for_update()
    found = connection.scalar(query)
    if found is None:
        make = sqlite if connection.dialect.name == "sqlite" else postgresql
        fresh = make.insert(paces).values(name=name, tally="")
        connection.execute(fresh.on_conflict_do_nothing())
        found = connection.scalar(query)
    return Tally.from_text(found or "")


def _save(connection: Connection, name: str, tally: Tally) -> None:
    connection.execute(update(paces).where(paces.c.name == name).values(tally=tally.text()))
