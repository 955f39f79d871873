"""Webhooks: which events have come, the runs that they ask for, and how many deliveries came.

An event that came before asks for nothing: a platform repeats what it holds for lost, and so does
somebody who has recorded a delivery. However many events come, a ledger has one wish.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from arsync.clock import Clock
from arsync.store.admin.schedules import want_when_settled
from arsync.store.db.bulk import one_of
from arsync.store.db.database import Database
from arsync.store.db.tables import connections, webhook_counts, webhook_events

COUNTS_KEPT_DAYS = 90
"""Counts of earlier days are deleted."""

FORGOTTEN_BESIDES_MAX = 1_000
"""With each write so many events that need not be known any more are deleted, and as many again as
it adds: the table shrinks in the end, and no delivery waits for a long deletion."""


class WebhookOutcome(StrEnum):
    """What became of a delivery; the value ends the sentence "a delivery ..."."""

    WISHED = "asked for a run"
    REPEATED = "had come before"
    PAUSED = "was about a paused connection"
    NO_CONNECTION = "was about no connection here"
    OUT_OF_TIME = "was about another time"
    """Its events are older than a platform repeats them, or lie in the future."""
    OF_NO_CONCERN = "was about nothing that is read"
    EMPTY = "held no event"
    UNREADABLE = "could not be read"
    BAD_SIGNATURE = "had a wrong signature"
    NOT_STORED = "could not be stored in time"


_BEST_FIRST = (
    WebhookOutcome.WISHED,
    WebhookOutcome.REPEATED,
    WebhookOutcome.PAUSED,
    WebhookOutcome.NO_CONNECTION,
)
"""A delivery with events of several ledgers is counted by the best of them."""


class ReceivedEvent(NamedTuple):
    """An event, as it is told from others."""

    organisation_id: str
    digest: str
    """A hash of all that makes the event, its platform and organisation among it."""


class ReceivedDelivery(NamedTuple):
    """A delivery with events, verified and read."""

    platform: str
    events: Sequence[ReceivedEvent]
    forget_at: datetime
    """Until when its events are known again."""
    reason: str
    """Of the run that it asks for."""


class WebhookCount(NamedTuple):
    """How many deliveries of a platform had an outcome on one day (UTC)."""

    platform: str
    day: date
    outcome: WebhookOutcome
    deliveries: int
    last_at: datetime


Tally = Mapping[tuple[str, WebhookOutcome], int]
"""Deliveries by platform and outcome."""


class Webhooks:
    """The tables of events and counts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock

    def record(
        self,
        deliveries: Sequence[ReceivedDelivery],
        tally: Tally,
    ) -> list[WebhookOutcome]:
        """Record deliveries in one transaction: their events, the runs they ask for, the counts.

        Args:
            deliveries: verified ones.
            tally: further deliveries, which are only counted.

        Returns:
            What became of each delivery.

        Raises:
            RetryLater: the store is busy or away; nothing was recorded.
        """
        now = self._clock.now()
        make = sqlite if self._database.is_sqlite else postgresql
        # What a power cut undoes, the schedule makes good: the next run in the routine reads it.
        with self._database.write(repeatable=True) as db:
            news = _News(db, deliveries)
            outcomes = [news.outcome_of(delivery) for delivery in deliveries]
            for reason, connection_ids in news.wanted.items():
                want_when_settled(db, connection_ids, reason, now)
            rows = [{"event": digest, "forget_at": at} for digest, at in sorted(news.fresh.items())]
            if rows:
                db.execute(make.insert(webhook_events).on_conflict_do_nothing(), rows)
            counts = dict(tally)
            for delivery, outcome in zip(deliveries, outcomes, strict=True):
                counted = delivery.platform, outcome
                counts[counted] = counts.get(counted, 0) + 1
            _count(db, make, counts, now)
            _forget(db, now, FORGOTTEN_BESIDES_MAX + 2 * len(rows))
        return outcomes

    def counts(self, since: date) -> list[WebhookCount]:
        """Return the counts of a day (UTC) and of all after it."""
        columns = [webhook_counts.c[name] for name in WebhookCount._fields]
        query = select(*columns).where(webhook_counts.c.day >= since).order_by(*columns[:3])
        with self._database.read() as db:
            rows = db.execute(query).all()
        return [
            WebhookCount._make(row)._replace(outcome=WebhookOutcome(row.outcome)) for row in rows
        ]

    def last_at(self) -> dict[str, datetime]:
        """Return when each platform's last delivery came, forged ones aside."""
        query = (
            select(webhook_counts.c.platform, func.max(webhook_counts.c.last_at).label("last_at"))
            .where(webhook_counts.c.outcome != WebhookOutcome.BAD_SIGNATURE.value)
            .group_by(webhook_counts.c.platform)
        )
        with self._database.read() as db:
            return {row.platform: row.last_at for row in db.execute(query)}


class _News:
    """What is new among deliveries, and whom it concerns."""

    def __init__(self, db: Connection, deliveries: Sequence[ReceivedDelivery]) -> None:
        self._connections = dict(_concerned(db, deliveries))
        self._known = _known(db, self._of_live_connections(deliveries))
        self.fresh: dict[str, datetime] = {}
        """Events that had not come before, and until when they are to be known."""
        self.wanted: dict[str, set[int]] = {}
        """By reason, of which connections a run is wanted."""

    def outcome_of(self, delivery: ReceivedDelivery) -> WebhookOutcome:
        """Take a delivery in, after those before it."""
        outcomes = {self._take_in(delivery, event) for event in delivery.events}
        return next(outcome for outcome in _BEST_FIRST if outcome in outcomes)

    def _take_in(self, delivery: ReceivedDelivery, event: ReceivedEvent) -> WebhookOutcome:
        connection = self._connections.get((delivery.platform, event.organisation_id))
        if connection is None:
            return WebhookOutcome.NO_CONNECTION
        if connection.paused_at is not None:
            return WebhookOutcome.PAUSED
        if event.digest in self._known:
            return WebhookOutcome.REPEATED
        self._known.add(event.digest)
        self.fresh[event.digest] = delivery.forget_at
        self.wanted.setdefault(delivery.reason, set()).add(connection.id)
        return WebhookOutcome.WISHED

    def _of_live_connections(self, deliveries: Sequence[ReceivedDelivery]) -> Iterator[str]:
        for delivery in deliveries:
            for event in delivery.events:
                if (delivery.platform, event.organisation_id) in self._connections:
                    yield event.digest


def _concerned(
    db: Connection, deliveries: Iterable[ReceivedDelivery]
) -> Iterator[tuple[tuple[str, str], Any]]:
    """Yield the connections to the organisations that deliveries are about, by platform and id."""
    columns = connections.c
    organisations: dict[str, set[str]] = {}
    for delivery in deliveries:
        ids = organisations.setdefault(delivery.platform, set())
        ids.update(event.organisation_id for event in delivery.events)
    for platform, ids in organisations.items():
        query = select(columns.id, columns.organisation_id, columns.paused_at).where(
            columns.platform == platform,
            one_of(db, columns.organisation_id, sorted(ids)),
            columns.removed_at.is_(None),
        )
        for row in db.execute(query):
            yield (platform, row.organisation_id), row


def _known(db: Connection, digests: Iterable[str]) -> set[str]:
    """Return those of some events that have come before."""
    event = webhook_events.c.event
    return set(db.scalars(select(event).where(one_of(db, event, sorted(set(digests))))))


def _count(db: Connection, make: Any, counts: Tally, now: datetime) -> None:
    today = now.date()
    rows = [
        {
            "platform": platform,
            "day": today,
            "outcome": outcome.value,
            "deliveries": deliveries,
            "last_at": now,
        }
        for (platform, outcome), deliveries in sorted(counts.items())
    ]
    if not rows:
        return
    statement = make.insert(webhook_counts)
    further = webhook_counts.c.deliveries + statement.excluded.deliveries
    db.execute(
        statement.on_conflict_do_update(
            index_elements=list(webhook_counts.primary_key),
            set_={"deliveries": further, "last_at": statement.excluded.last_at},
        ),
        rows,
    )


def _forget(db: Connection, now: datetime, rows_max: int) -> None:
    """Delete events that no platform repeats any more, and old counts."""
    old = (
        select(webhook_events.c.event)
        .where(webhook_events.c.forget_at < now)
        .order_by(webhook_events.c.forget_at)
        .limit(rows_max)
    )
    db.execute(delete(webhook_events).where(webhook_events.c.event.in_(old.scalar_subquery())))
    first_kept = now.date() - timedelta(days=COUNTS_KEPT_DAYS)
    db.execute(delete(webhook_counts).where(webhook_counts.c.day < first_kept))
