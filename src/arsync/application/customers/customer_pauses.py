"""Leaving a customer alone for a while, and going by the rulebook again."""

from __future__ import annotations

from datetime import date

from arsync.application.customers.name_search import contact_named
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.persons_words import name_line, reason_line
from arsync.core.ledger.records import CustomerPause
from arsync.errors import UserMistake
from arsync.translation import saying

PAUSE_DAYS_MAX = 366
"""Longer is for the rulebook's `leave_alone`, where everybody sees it."""


def leave_alone(
    actor: Actor,
    container: Container,
    customer: str,
    *,
    until: date,
    reason: str,
    connection: Chosen = None,
) -> str:
    """Let nothing be done about a customer up to a day, and return what was recorded.

    What waits about it is withdrawn by the next run. A parent's children are left alone with it.

    Raises:
        UserMistake: there is no such customer, no reason is given, or the day is past or too far
            ahead.
    """
    permit(actor, Permission.AGREE)
    organisation, contact = contact_named(container, customer, connection)
    line, today = reason_line(reason), organisation.today
    if not line:
        raise UserMistake("leaving a customer alone needs a reason.")
    if until < today:
        raise UserMistake(f"{until} is past.")
    if (until - today).days > PAUSE_DAYS_MAX:
        raise UserMistake(
            f"{until} is more than {PAUSE_DAYS_MAX} days ahead: for longer there is the rulebook's"
            " leave_alone."
        )
    pause = CustomerPause(contact.id, until, name_line(actor.name), line, today)
    organisation.store.pauses.begin(organisation.id, pause)
    return saying(
        "%(customer)s is left alone until %(day)s: %(why)s.",
        customer=contact.name,
        day=until,
        why=line,
    )


def no_longer_leave_alone(
    actor: Actor, container: Container, customer: str, *, connection: Chosen = None
) -> str:
    """Go by the rulebook again, and return what was recorded.

    Raises:
        UserMistake: there is no such customer, or nobody leaves it alone.
    """
    permit(actor, Permission.AGREE)
    organisation, contact = contact_named(container, customer, connection)
    if not organisation.store.pauses.end(organisation.id, contact.id, name_line(actor.name)):
        raise UserMistake(f"nobody leaves {contact.name} alone by hand.")
    return saying("%(customer)s is treated by the rulebook again.", customer=contact.name)
