"""Alerts that stand, as pages show them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.core.actions import TaskPayload
from arsync.core.ledger.records import Account
from arsync.core.rulebook.model import Place
from arsync.store.models import ActionRow


class OpenAlert(NamedTuple):
    """One alert whose task is open."""

    key: str
    contact_id: str
    customer: str
    rule: str
    observation: str
    """What was seen, in words."""
    invoices: tuple[str, ...]
    """Their numbers, of an alert about an invoice."""
    recipients: tuple[str, ...]
    """Whom it tells."""
    since: date | None
    place: Place
    is_about_supplier: bool = False


def is_alert(row: ActionRow) -> bool:
    """Return whether a task is an alert's."""
    return isinstance(row.action.payload, TaskPayload) and row.action.payload.is_alert


def open_alert(row: ActionRow) -> OpenAlert:
    """Return an alert's task as pages show it."""
    action, payload = row.action, row.action.payload
    assert isinstance(payload, TaskPayload), "an alert is a task"
    return OpenAlert(
        row.key,
        action.contact_id,
        action.contact_name,
        action.because.rule,
        payload.observation,
        tuple(ref.number or ref.id for ref in action.invoices),
        payload.recipients,
        row.sent_on,
        Place(action.because.file, action.because.line, 1),
        action.is_about_supplier,
    )


def open_alerts(
    organisation: OrganisationContext, account: Account, contact_id: str
) -> Iterator[OpenAlert]:
    """Yield the alerts about one customer of an account, the oldest first."""
    keys = [
        task.key
        for task in account.tasks
        if task.is_alert and task.done_on is None and task.contact_id == contact_id
    ]
    for row in organisation.store.actions.rows(keys):
        yield open_alert(row)
