"""The measures of a ledger as they were known on each day, and the goals that were missed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import msgspec
from sqlalchemy import delete, func, insert, or_, select, update

from arsync.clock import Clock
from arsync.core.analytics.measures import Figures
from arsync.store.db.database import Database
from arsync.store.db.measure_tables import goal_misses, measure_snapshots

SNAPSHOT_DAYS_MAX = 3_660
"""So many days are kept, ten years; what is older goes with the next snapshot."""

MISSES_KEPT_DAYS = 800
"""So long it is kept that a goal was missed: two years and a bit."""

_figures = msgspec.json.Decoder(Figures)


class Snapshot(NamedTuple):
    """The measures of one day in one currency."""

    figures: Figures
    recomputed: bool
    """Added up later, for a day on which nobody looked; False: from what was known on the day."""
    taken_at: datetime


class GoalMiss(NamedTuple):
    """A goal that was missed in a month."""

    measure: str
    month: date
    """Its first day."""
    missed_on: date
    figure: Decimal
    goal: Decimal


class MeasureSnapshots:
    """The tables `measure_snapshots` and `goal_misses`. A rebuild of the copy keeps them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock

    def keep(self, connection_id: int, rows: Sequence[Figures], *, today: date) -> None:
        """Keep figures, in place of those that were kept of their days.

        What is of another day than today was not looked at on its day: it is marked so, and never
        takes the place of what was known then.

        Args:
            connection_id: whose.
            rows: of the whole ledger.
            today: the organisation's day.
        """
        columns = measure_snapshots.c
        now = self._clock.now()
        with self._database.write() as db:
            days = {row.as_of for row in rows}
            days_known = set(
                db.scalars(
                    select(columns.day).where(
                        columns.connection_id == connection_id,
                        columns.day.in_(sorted(days - {today})),
                        columns.recomputed.is_(False),
                    )
                )
            )
            new = [row for row in rows if row.as_of not in days_known]
            oldest = today - timedelta(days=SNAPSHOT_DAYS_MAX)
            gone = or_(columns.day.in_(sorted({row.as_of for row in new})), columns.day < oldest)
            own = columns.connection_id == connection_id
            db.execute(delete(measure_snapshots).where(own, gone))
            values = [
                {
                    "connection_id": connection_id,
                    "day": row.as_of,
                    "currency": row.currency,
                    "in_base": row.in_base,
                    "recomputed": row.as_of != today,
                    "figures": msgspec.json.encode(row).decode(),
                    "taken_at": now,
                }
                for row in new
                if row.as_of >= oldest
            ]
            if values:
                db.execute(insert(measure_snapshots), values)

    def of_days(self, connection_id: int, days: Sequence[date]) -> list[Snapshot]:
        """Return what is kept of some days, by day, converted figures last."""
        columns = measure_snapshots.c
        query = (
            select(columns.figures, columns.recomputed, columns.taken_at)
            .where(columns.connection_id == connection_id, columns.day.in_(list(days)))
            .order_by(columns.day, columns.in_base, columns.currency)
        )
        with self._database.read() as db:
            rows = db.execute(query).all()
        return [
            Snapshot(_figures.decode(row.figures), row.recomputed, row.taken_at) for row in rows
        ]

    def days_kept(self, connection_id: int, days: Sequence[date]) -> set[date]:
        """Return of which of some days anything is kept."""
        columns = measure_snapshots.c
        own = columns.connection_id == connection_id
        query = select(columns.day).distinct().where(own, columns.day.in_(list(days)))
        with self._database.read() as db:
            return set(db.scalars(query))

    def taken_at(self, connection_id: int, day: date) -> datetime | None:
        """Return when a run last kept the figures of a day; None: none did on the day itself."""
        columns = measure_snapshots.c
        query = select(func.max(columns.taken_at)).where(
            columns.connection_id == connection_id,
            columns.day == day,
            columns.recomputed.is_(False),
        )
        with self._database.read() as db:
            taken_at: datetime | None = db.scalar(query)
        return taken_at

    def latest_known(self, connection_id: int, until: date) -> date | None:
        """Return the last day up to one of which it is kept what was known."""
        columns = measure_snapshots.c
        query = select(func.max(columns.day)).where(
            columns.connection_id == connection_id,
            columns.day <= until,
            columns.recomputed.is_(False),
        )
        with self._database.read() as db:
            day: date | None = db.scalar(query)
        return day

    # -- goals --------------------------------------------------------------------------------

    def missed(self, connection_id: int, misses: Sequence[GoalMiss]) -> list[GoalMiss]:
        """Keep the misses that their months do not have yet, and return these."""
        columns = goal_misses.c
        own = columns.connection_id == connection_id
        new: list[GoalMiss] = []
        with self._database.write() as db:
            for miss in misses:
                has = select(columns.measure).where(
                    own, columns.measure == miss.measure, columns.month == miss.month
                )
                if db.scalar(has) is None:
                    db.execute(
                        insert(goal_misses).values(
                            connection_id=connection_id,
                            measure=miss.measure,
                            month=miss.month,
                            missed_on=miss.missed_on,
                            figure=str(miss.figure),
                            goal=str(miss.goal),
                        )
                    )
                    new.append(miss)
            if new:
                oldest = new[0].missed_on - timedelta(days=MISSES_KEPT_DAYS)
                db.execute(delete(goal_misses).where(own, columns.missed_on < oldest))
        return new

    def misses_to_tell(self, connection_id: int, day: date) -> list[GoalMiss]:
        """Return the misses that no mail of another day told of, as they were found."""
        columns = goal_misses.c
        query = (
            select(*(columns[name] for name in GoalMiss._fields))
            .where(
                columns.connection_id == connection_id,
                or_(columns.told_on.is_(None), columns.told_on == day),
            )
            .order_by(columns.missed_on, columns.measure)
        )
        with self._database.read() as db:
            rows = db.execute(query).all()
        return [
            GoalMiss(measure, month, missed_on, Decimal(figure), Decimal(goal))
            for measure, month, missed_on, figure, goal in rows
        ]

    def misses_told(self, connection_ids: Sequence[int], day: date) -> None:
        """Note that the mail of a day told of all that was to be told."""
        columns = goal_misses.c
        with self._database.write() as db:
            db.execute(
                update(goal_misses)
                .where(columns.connection_id.in_(list(connection_ids)), columns.told_on.is_(None))
                .values(told_on=day)
            )
