"""What was known of a ledger is kept, and never mistaken for what was added up later."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from decimal import Decimal

from tests.builders.records import a_debtor, an_invoice

from arsync.clock import SetClock
from arsync.core.analytics.measure_sums import MeasuringWindow
from arsync.core.analytics.measures import Figures, measures
from arsync.store import Store
from arsync.store.ledger.measure_snapshots import (
    MISSES_KEPT_DAYS,
    SNAPSHOT_DAYS_MAX,
    GoalMiss,
)
from arsync.store.models import ConnectionRow

TODAY = date(2026, 11, 22)
MONTH = date(2026, 11, 1)


def figures(day: date, amount: int = 100) -> list[Figures]:
    account = a_debtor(an_invoice("i1", issued_on=day, due_on=day, total=amount))
    return measures([account], MeasuringWindow(day), zone=UTC, base_currency="GBP")


def test_figures_come_back_as_they_were(store: Store, connection: ConnectionRow) -> None:
    rows = figures(TODAY)
    store.snapshots.keep(connection.id, rows, today=TODAY)
    ((kept),) = store.snapshots.of_days(connection.id, [TODAY])
    assert kept.figures == rows[0]
    assert not kept.recomputed
    assert store.snapshots.taken_at(connection.id, TODAY) == kept.taken_at


def test_the_last_of_a_day_counts(store: Store, connection: ConnectionRow) -> None:
    store.snapshots.keep(connection.id, figures(TODAY), today=TODAY)
    store.snapshots.keep(connection.id, figures(TODAY, 250), today=TODAY)
    ((kept),) = store.snapshots.of_days(connection.id, [TODAY])
    assert kept.figures.receivable == 250


def test_what_was_known_is_never_replaced(store: Store, connection: ConnectionRow) -> None:
    store.snapshots.keep(connection.id, figures(TODAY), today=TODAY)
    later = TODAY + timedelta(days=9)
    old = TODAY - timedelta(days=30)
    store.snapshots.keep(
        connection.id, [*figures(TODAY, 250), *figures(old), *figures(later)], today=later
    )
    kept = store.snapshots.of_days(connection.id, [old, TODAY, later])
    assert [(row.figures.as_of, row.figures.receivable, row.recomputed) for row in kept] == [
        (old, Decimal(100), True),
        (TODAY, Decimal(100), False),
        (later, Decimal(100), False),
    ]
    assert store.snapshots.latest_known(connection.id, later - timedelta(days=1)) == TODAY
    assert store.snapshots.taken_at(connection.id, old) is None
    assert store.snapshots.days_kept(connection.id, [old, MONTH]) == {old}


def test_old_days_go(store: Store, connection: ConnectionRow) -> None:
    store.snapshots.keep(connection.id, figures(TODAY), today=TODAY)
    later = TODAY + timedelta(days=SNAPSHOT_DAYS_MAX)
    store.snapshots.keep(connection.id, figures(later), today=later)
    assert store.snapshots.days_kept(connection.id, [TODAY, later]) == {TODAY, later}
    store.snapshots.keep(connection.id, figures(later), today=later + timedelta(days=1))
    assert store.snapshots.days_kept(connection.id, [TODAY, later]) == {later}


def a_miss(day: date = TODAY, measure: str = "dso") -> GoalMiss:
    return GoalMiss(measure, day.replace(day=1), day, Decimal("52.123456"), Decimal(40))


def test_a_goal_is_missed_once_a_month(store: Store, connection: ConnectionRow) -> None:
    assert store.snapshots.missed(connection.id, [a_miss()]) == [a_miss()]
    again = a_miss(TODAY + timedelta(days=2))
    other = a_miss(TODAY + timedelta(days=2), "cei")
    assert store.snapshots.missed(connection.id, [again, other]) == [other]
    next_month = a_miss(TODAY + timedelta(days=12))
    assert store.snapshots.missed(connection.id, [next_month]) == [next_month]


def test_a_miss_is_told_in_one_mail(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    store.snapshots.missed(connection.id, [a_miss()])
    assert store.snapshots.misses_to_tell(connection.id, TODAY) == [a_miss()]
    store.snapshots.misses_told([connection.id], TODAY)
    # The mail of the same day is made again where it could not be sent.
    assert store.snapshots.misses_to_tell(connection.id, TODAY) == [a_miss()]
    assert store.snapshots.misses_to_tell(connection.id, TODAY + timedelta(days=1)) == []


def test_old_misses_go(store: Store, connection: ConnectionRow) -> None:
    store.snapshots.missed(connection.id, [a_miss()])
    later = TODAY + timedelta(days=MISSES_KEPT_DAYS + 1)
    store.snapshots.missed(connection.id, [a_miss(later)])
    assert store.snapshots.misses_to_tell(connection.id, later) == [a_miss(later)]
