"""Letters that come back in the demo: an address takes no mail, until somebody calls the customer.

The sandbox's mail server takes letters to it, and reports them to their sender; arsync reads that
in the mailbox, and writes there no more. On the telephone the customer hears of it, and puts its
mailbox right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.core.actions import Action, ActionKind
from arsync.core.ledger.mail_addresses import folded_address
from arsync.core.ledger.records import Account, Contact, is_owed
from arsync.core.planning.undeliverable_planner import UNDELIVERABLE
from arsync.demo.world import World
from arsync.store import Store
from arsync.store.models import ActionRow

GROUPS = frozenset({"Trade", "Wholesale"})
"""Whose letters go by mail."""

_LETTER = re.compile(r"<arsync\.([0-9a-f]{32})@")


def who_lost_its_mailbox(organisation: OrganisationContext) -> Contact | None:
    """Return whose address takes no mail: of those who get letters, who owes on most invoices."""
    candidates = [
        (sum(map(is_owed, account.invoices)), account.contacts[0].id, account.contacts[0])
        for account in organisation.store.ledger.accounts(organisation.id)
        if _is_written_to(account)
    ]
    return max(candidates, default=(0, "", None))[2]


def _is_written_to(account: Account) -> bool:
    contact = account.contacts[0]
    is_reached = bool(contact.phones) and "@" in contact.email and not contact.more_emails
    return is_reached and not GROUPS.isdisjoint(contact.groups)


def take_no_mail(world: World, contacts: Iterable[Contact]) -> None:
    """Let letters to these customers come back."""
    addresses = ",".join(contact.email for contact in contacts)
    world.post("/_sandbox/settings", {"bouncing_addresses": addresses})


def asks_for_address(task: Action) -> bool:
    """Return whether a task is to ask a customer for another address."""
    return task.kind is ActionKind.TASK and task.because.rule == UNDELIVERABLE


def different_returns(
    store: Store,
    connection_id: int,
    rows: Iterable[ActionRow],
    returned: Iterable[Mapping[str, Any]],
    until: datetime,
) -> Iterator[str]:
    """Yield each report that was not read, each that nobody made, and each that led to no task.

    Args:
        store: arsync's.
        connection_id: whose letters.
        rows: its actions.
        returned: what came back, as the sandbox tells it, of all connections.
        until: when the last run began: it read the mailbox before it sent, and what came back of
            its own letters is still in there.
    """
    by_key = {row.key: row for row in rows}
    reports: dict[str, set[str]] = {}
    read: set[str] = set()
    for report in returned:
        letter = _LETTER.match(report["about"])
        if report["kind"] == "report" and letter and letter[1] in by_key:
            reports.setdefault(letter[1], set()).add(folded_address(report["address"]))
            if datetime.fromisoformat(report["at"]) < until:
                read.add(letter[1])
    for key in sorted(read):
        reports_kept = [
            event for event in store.actions.events(key) if "came back from" in event.reason
        ]
        if len(reports_kept) != 1:
            yield f"{key[:12]} came back, which its history says {len(reports_kept)} times"
    tasks = [row.action for row in by_key.values() if asks_for_address(row.action)]
    for address in store.undeliverable.recorded(connection_id):
        if folded_address(address.address) not in reports.get(address.action_key, set()):
            yield f"{address.address} takes no mail, of which the mail server knows nothing"
        texts = [task.payload.title for task in tasks if task.contact_id == address.contact_id]
        if not any(address.address in text and "phone: " in text for text in texts):
            yield f"{address.address} takes no mail, and no task says whom to call"
