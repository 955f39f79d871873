"""Refusals that heal: how long each waits, what waits with it, and when it is taken back.

A refusal is about one action, about all emails of a day, or about the whole organisation. Of what
is wrong with all of them only one is tried now and then; the others wait without being tried. A
refusal about the customer's record stays `refused`, so that the cadence goes on with calls and
letters, and is taken back when the record changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from arsync.core.actions import Action, ActionKind, ActionState, leaves_by_channel
from arsync.core.actions.registry import LETTER_KINDS
from arsync.core.ledger.records import Contact, Invoice, RecordKind
from arsync.errors import HealsWhen
from arsync.outbox.ports import ActionReading, LedgerCopy
from arsync.outbox.types import WHO
from arsync.store import Store
from arsync.store.models import ActionRow, ConnectionRow

WAIT_SECONDS: Mapping[HealsWhen, float] = {
    HealsWhen.FREE: 60.0,
    HealsWhen.SUBSCRIPTION: 3600.0,
    HealsWhen.PERMISSION: 3600.0,
    HealsWhen.SETTING: 3600.0,
}
"""The pause before the next attempt, which grows with each; a day's cap lasts until tomorrow."""

WAITING = frozenset({*WAIT_SECONDS, HealsWhen.DAY})
"""Refusals after which an action stays approved, and is tried again by itself."""

TAKEN_BACK_TIMES_MAX = 20
"""So many lives may one action have by changes of its customer's record; then it is final."""

_OF_ALL = frozenset({HealsWhen.DAY, HealsWhen.SUBSCRIPTION, HealsWhen.PERMISSION})


class Obstacle(NamedTuple):
    """A refusal that stands in the way of other actions as well."""

    heals_when: HealsWhen
    kind: ActionKind
    until: datetime
    reason: str

    def stops(self, kind: ActionKind) -> bool:
        """Return whether it stops actions of a kind that leave by the platform."""
        if self.heals_when is HealsWhen.SUBSCRIPTION:
            return True
        if self.heals_when is HealsWhen.DAY:
            return kind is ActionKind.REMINDER
        return kind is self.kind

    @property
    def sentence(self) -> str:
        """Return what waits, and for what."""
        if self.heals_when is HealsWhen.SUBSCRIPTION:
            waiting = "everything but our own letters waits"
        elif self.heals_when is HealsWhen.DAY:
            waiting = "emails by the accounting system wait"
        else:
            waiting = f"every {self.kind.value.replace('_', ' ')} waits"
        return f"{waiting}: {self.reason}"


class Obstacles:
    """What the platform does not take for now, from earlier runs and from this one."""

    def __init__(self, actions: ActionReading, connection_id: int) -> None:
        """Read nothing yet."""
        self._actions = actions
        self._connection_id = connection_id
        self._met: list[Obstacle] | None = None

    def meet(self, obstacle: Obstacle) -> None:
        """Take in a refusal of this run."""
        if obstacle.heals_when in _OF_ALL:
            self._all.append(obstacle)

    def now(self, moment: datetime) -> list[Obstacle]:
        """Return what still stands in the way."""
        return [obstacle for obstacle in self._all if obstacle.until > moment]

    def kinds(self, kinds: Collection[ActionKind], moment: datetime) -> set[ActionKind]:
        """Return the kinds of which some may leave: messages may by a channel at any time."""
        standing = self.now(moment)
        return {
            kind
            for kind in kinds
            if kind in LETTER_KINDS or not any(each.stops(kind) for each in standing)
        }

    def stops_emails(self, moment: datetime) -> bool:
        """Return whether no message may leave by the platform."""
        return any(each.stops(ActionKind.REMINDER) for each in self.now(moment))

    @property
    def _all(self) -> list[Obstacle]:
        if self._met is None:
            # Once a run: refusals are rare, and the run's own are taken in as they come.
            rows = self._actions.refused(self._connection_id)
            self._met = [obstacle for row in rows if (obstacle := _obstacle(row))]
        return self._met


def _obstacle(row: ActionRow) -> Obstacle | None:
    if row.state is not ActionState.APPROVED or row.heals_when not in _OF_ALL:
        return None
    if row.not_before is None or leaves_by_channel(row.action):
        return None
    return Obstacle(row.heals_when, row.action.kind, row.not_before, row.reason)


def start_of_tomorrow(today: date, time_zone: str) -> datetime:
    """Return when the organisation's next day begins."""
    zone = ZoneInfo(time_zone or "UTC")
    return datetime.combine(today + timedelta(days=1), time(), tzinfo=zone).astimezone(UTC)


def record_mark(ledger: LedgerCopy, connection_id: int, action: Action) -> str:
    """Return how the records that an action depends on stand: the same mark, the same refusal."""
    contacts = ledger.records(connection_id, RecordKind.CONTACTS, [action.contact_id])
    ids = [ref.id for ref in action.invoices]
    invoices = ledger.records(connection_id, RecordKind.INVOICES, ids)
    return _mark(action, contacts, invoices)


def _mark(action: Action, contacts: Mapping[str, Any], invoices: Mapping[str, Any]) -> str:
    """Return a digest of what a person can put right; amounts and versions change by themselves."""
    contact: Contact | None = contacts.get(action.contact_id)
    about: list[Any] = []
    if contact is not None:
        about += [contact.status, contact.email, contact.more_emails, contact.note]
    for ref in action.invoices:
        invoice: Invoice | None = invoices.get(ref.id)
        about.append(None if invoice is None else [invoice.status, invoice.email, invoice.note])
    return hashlib.sha256(msgspec.json.encode(about)).hexdigest()[:16]


def take_back_healed(store: Store, connection: ConnectionRow, now: datetime) -> Sequence[str]:
    """Take refusals back whose customer's record has changed since, or whose day has come.

    Returns their keys. What a plan asked for is withdrawn, and so planned again while its reason
    stands; what a person asked for is tried again.
    """
    rows = [
        row
        for row in store.actions.refused(connection.id)
        if row.state is ActionState.REJECTED and row.generation <= TAKEN_BACK_TIMES_MAX
    ]
    if not rows:
        return ()
    day = now.astimezone(ZoneInfo(connection.organisation.time_zone or "UTC")).date()
    on_its_day = [row for row in rows if row.heals_when is HealsWhen.DATE]
    ended = [row for row in on_its_day if row.heals_mark <= day.isoformat()]
    for row in ended:
        reason = f"it was refused until {row.heals_mark}"
        store.decisions.take_back(row.key, who=WHO, why=reason, now=now)
    rows = [row for row in rows if row.heals_when is not HealsWhen.DATE]
    contacts = _records(store, connection, RecordKind.CONTACTS, (r.action.contact_id for r in rows))
    invoice_ids = (ref.id for row in rows for ref in row.action.invoices)
    invoices = _records(store, connection, RecordKind.INVOICES, invoice_ids)
    healed = [row for row in rows if _mark(row.action, contacts, invoices) != row.heals_mark]
    for row in healed:
        reason = "the customer's record has changed since it was refused"
        store.decisions.take_back(row.key, who=WHO, why=reason, now=now)
    return [row.key for row in (*ended, *healed)]


def _records(
    store: Store, connection: ConnectionRow, kind: RecordKind, ids: Iterable[str]
) -> Mapping[str, Any]:
    return store.ledger.records(connection.id, kind, sorted(set(ids)))
