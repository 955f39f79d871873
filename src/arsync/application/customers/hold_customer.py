"""Putting a customer on hold by hand, whatever the rules say."""

from __future__ import annotations

from datetime import date

from arsync.application.customers.hold_decisions import HoldDecided, decide
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.permissions import Actor


def hold_customer(
    actor: Actor,
    container: Container,
    contact: str,
    *,
    reason: str,
    until: date | None = None,
    connection: Chosen = None,
) -> HoldDecided:
    """Hold a customer until a day, or until somebody releases it: no rule lifts that.

    Raises:
        UserMistake: there is no such customer, no reason is given, the day is past, or nothing can
            be written to the customer.
    """
    return decide(
        actor,
        container,
        contact,
        is_hold=True,
        reason=reason,
        until=until,
        connection=connection,
    )
