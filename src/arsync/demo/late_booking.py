"""A promise that is kept in time, while nobody has booked its payment yet."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from arsync.application.agreements import promises
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor
from arsync.core.ledger.records import Account, Invoice, is_owed
from arsync.demo.world import World

PROMISED_ON_DAY = 24
"""On this day somebody names a day on the telephone."""

PROMISED_DAYS = 2
"""The money is to come after so many days, and does."""

BOOKED_ON_DAY = 36
"""Only on this day the bookkeeper enters the payment, with the day of the bank's statement."""


class LateBooking(NamedTuple):
    """A promise whose payment waits to be booked."""

    number: int
    """Of the promise."""
    invoice_id: str
    promised_on: date


def promise_of_the_oldest(
    actor: Actor, container: Container, organisation: OrganisationContext
) -> LateBooking | None:
    """Record a promise about the oldest invoice about which nothing is agreed; None without one."""
    free = [
        invoice
        for account in organisation.store.ledger.accounts(organisation.id)
        for invoice in account.invoices
        if _is_free(account, invoice, organisation.today)
    ]
    if not free:
        return None
    oldest = min(free, key=lambda invoice: (invoice.due_on, invoice.number))
    promised_on = organisation.today + timedelta(PROMISED_DAYS)
    promised = promises.PromiseToPay(promised_on, note="on the telephone")
    promises.promise(actor, container, [oldest.number], promised, connection=organisation.name)
    row = organisation.store.promises.recorded(organisation.id, oldest.id)[-1]
    return LateBooking(row.id, oldest.id, promised_on)


def _is_free(account: Account, invoice: Invoice, today: date) -> bool:
    """Return whether an overdue invoice is owed, and nothing is agreed with its customer."""
    agreed = account.promises or account.disputes or account.payment_plans or account.placements
    return is_owed(invoice) and invoice.due_on < today and not agreed


def book(world: World, organisation: OrganisationContext, late: LateBooking) -> bool:
    """Enter the payment in the platform; returns False where somebody has paid since."""
    invoice = organisation.store.ledger.invoice(organisation.id, late.invoice_id)
    if not is_owed(invoice):
        return False
    payment = {"invoice_id": invoice.id, "amount": str(invoice.amount_due)}
    dated = {"on": late.promised_on.isoformat()}
    world.post("/_sandbox/people", {"platform": organisation.name, "do": "pay", **payment, **dated})
    return True


def is_kept(organisation: OrganisationContext, late: LateBooking) -> bool | None:
    """Return how the promise was judged last; None while it is open."""
    rows = organisation.store.promises.recorded(organisation.id, late.invoice_id)
    return next(row.kept for row in rows if row.id == late.number)
