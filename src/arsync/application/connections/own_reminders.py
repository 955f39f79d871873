"""The platform's own reminders, asked for before ours leave: customers are not reminded twice."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.connector_sdk import Capability, Connector
from arsync.core.actions import ActionKind, ActionState
from arsync.core.rulebook.model import HOLD_BACK
from arsync.errors import Rejected

ASKED_EVERY = timedelta(minutes=5)
"""Somebody may switch them on while our messages leave; a call before each would be too many."""

_LOG = logging.getLogger(__name__)


class OwnReminders:
    """Whether the platform's own reminders are on, as far as it reports that."""

    def __init__(self, organisation: OrganisationContext, connector: Connector) -> None:
        """Begin with the answer that is stored; no call is made."""
        self._organisation = organisation
        self._connector = connector
        self._asks = Capability.OWN_REMINDERS in connector.capabilities.offers
        self._asked_at: datetime | None = None
        stored = organisation.store.connections.by_id(organisation.id)
        self.on = stored.organisation.own_reminders
        """None: not known."""

    def before_messages(self) -> bool | None:
        """Return whether they are on; asked anew where a reminder of ours may leave.

        Raises:
            RetryLater, NeedsReconnect: as `Transport.request`; then no message leaves either.
        """
        now = self._organisation.clock.now()
        if self._asked_at is None or now - self._asked_at >= ASKED_EVERY:
            self._asked_at = now
            if self._matters():
                self.ask()
        return self.on

    def ask(self) -> None:
        """Ask the platform, and remember its answer."""
        if not self._asks:
            return
        try:
            answer = self._connector.own_reminders()
        except Rejected as error:
            # What is not told is not known: the last answer stays.
            _LOG.warning("%s: %s", self._organisation.name, error)
            return
        if answer is None or answer == self.on:
            return
        self.on = answer
        store = self._organisation.store
        store.connections.set_own_reminders(self._organisation.name, on=answer)

    def _matters(self) -> bool:
        rulebook = self._organisation.rulebook
        if not self._asks or rulebook.safety.platform_reminders != HOLD_BACK:
            return False
        approved = self._organisation.store.actions.list(
            self._organisation.id,
            states={ActionState.APPROVED},
            kinds={ActionKind.REMINDER},
            rows_max=1,
        )
        return bool(approved)
