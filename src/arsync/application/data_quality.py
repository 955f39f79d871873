"""Circumstances: how far the data of one connection can be relied on, for pauses and warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arsync.application.clock_drift import untrusted
from arsync.core.actions import ActionKind
from arsync.core.planning.send_blocks import Circumstances, Pause, pauses
from arsync.core.rulebook import Rulebook
from arsync.store.models import ConnectionRow

if TYPE_CHECKING:
    from arsync.application.container import Parts


def circumstances(parts: Parts, connection: ConnectionRow) -> Circumstances:
    """Return what is known of a connection's data now."""
    ledger = parts.store.ledger
    # What the platform says of its reminders may have come with the last pull.
    organisation = parts.store.connections.by_id(connection.id).organisation
    today = parts.today(connection)
    return Circumstances(
        now=parts.clock.now(),
        today=today,
        platform=parts.platform(connection.platform).label,
        base_currency=organisation.base_currency,
        pulled_at=ledger.pulled_at(connection.id),
        paid_on=ledger.youngest_payment(connection.id, today),
        own_reminders=organisation.own_reminders,
        differences=tuple(ledger.differences(connection.id)),
        unplaced=tuple(ledger.unplaced_money(connection.id)),
        clock=untrusted(parts, connection.platform),
    )


def paused(parts: Parts, connection: ConnectionRow, rulebook: Rulebook) -> tuple[Pause, ...]:
    """Return what does not leave now."""
    return pauses(rulebook, circumstances(parts, connection))


def paused_kinds(
    parts: Parts, connection: ConnectionRow, rulebook: Rulebook
) -> frozenset[ActionKind]:
    """Return the kinds of action that do not leave now."""
    return frozenset().union(*(pause.kinds for pause in paused(parts, connection, rulebook)))
