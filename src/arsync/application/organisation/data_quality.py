"""How far the data of one connection can be relied on, for pauses and warnings."""

from __future__ import annotations

from datetime import date, datetime

from arsync.core.ledger.missing_documents import missing_from_totals
from arsync.core.planning.send_blocks import Circumstances
from arsync.store import Store
from arsync.store.models import ConnectionRow


def data_quality(
    store: Store,
    connection: ConnectionRow,
    *,
    now: datetime,
    today: date,
    platform_label: str,
    untrusted_clock: str,
) -> Circumstances:
    """Return what is known of a connection's data.

    Args:
        store: holds the copy.
        connection: whose, as its last pull left it.
        now: the moment.
        today: the organisation's day.
        platform_label: the platform as people call it.
        untrusted_clock: why this computer's clock cannot tell the day; empty when it can.
    """
    ledger = store.ledger
    return Circumstances(
        now=now,
        today=today,
        platform=platform_label,
        base_currency=connection.organisation.base_currency,
        pulled_at=ledger.pulled_at(connection.id),
        paid_on=ledger.youngest_payment(connection.id, today),
        own_reminders=connection.organisation.own_reminders,
        differences=tuple(ledger.differences(connection.id)),
        unplaced=tuple(ledger.unplaced_money(connection.id)),
        missing=missing_from_totals(ledger.problems(connection.id)),
        clock=untrusted_clock,
    )
