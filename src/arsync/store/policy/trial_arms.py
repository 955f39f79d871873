"""Which customers are in which half of a trial of cadences; one row from the first day on."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import insert, select

from arsync.core.analytics.trial_results import TrialArm
from arsync.store.db.database import Database
from arsync.store.db.measure_tables import trial_arms

ROWS_AT_ONCE = 1_000


class TrialArms:
    """The table `trial_arms`. A rebuild of the copy keeps it."""

    def __init__(self, database: Database) -> None:
        """Work on this database."""
        self._database = database

    def record(self, connection_id: int, arms: Iterable[TrialArm]) -> int:
        """Keep the customers that are new in a trial, and return how many.

        Whoever was recorded stays in its half, whatever the share is now: a result that counted
        people where they did not begin would tell nothing.
        """
        recorded = {(arm.trial, arm.contact_id) for arm in self.of(connection_id)}
        new = [arm for arm in arms if (arm.trial, arm.contact_id) not in recorded]
        for start in range(0, len(new), ROWS_AT_ONCE):
            rows = [
                {"connection_id": connection_id, **arm._asdict()}
                for arm in new[start : start + ROWS_AT_ONCE]
            ]
            with self._database.write() as db:
                db.execute(insert(trial_arms), rows)
        return len(new)

    def of(self, connection_id: int) -> list[TrialArm]:
        """Return every customer of every trial of a connection."""
        columns = trial_arms.c
        query = select(*(columns[name] for name in TrialArm._fields)).where(
            columns.connection_id == connection_id
        )
        with self._database.read() as db:
            return [TrialArm(*row) for row in db.execute(query)]
