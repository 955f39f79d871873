"""Releasing a customer from its hold by hand, whatever the rules say."""

from __future__ import annotations

from datetime import date

from arsync.application.customers.hold_decisions import HoldDecided, decide
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.permissions import Actor


def release_customer(
    actor: Actor,
    container: Container,
    contact: str,
    *,
    reason: str,
    until: date | None = None,
    connection: Chosen = None,
) -> HoldDecided:
    """Release a customer until a day, or until no rule asks for a hold any more.

    A hold by hand ends with it; no rule places a hold meanwhile.

    Raises:
        UserMistake: there is no such customer, no reason is given, the day is past, or nothing can
            be written to the customer.
    """
    return decide(
        actor,
        container,
        contact,
        is_hold=False,
        reason=reason,
        until=until,
        connection=connection,
    )
