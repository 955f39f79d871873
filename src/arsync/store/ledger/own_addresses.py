"""Under which addresses a customer is reached, as they are compared."""

from __future__ import annotations

from collections.abc import Iterable

from arsync.core.ledger.mail_addresses import mailboxes_in
from arsync.core.ledger.records import Contact, Invoice
from arsync.telephone_numbers import folded_number


def own_addresses(
    contact: Contact, invoices: Iterable[Invoice], home: str | None
) -> frozenset[str]:
    """Return the addresses of a customer, and those of what it still owes.

    Args:
        contact: the customer's record.
        invoices: its own.
        home: the sender's country; None: telephone numbers are not asked for.
    """
    fields = [contact.email, *contact.more_emails]
    fields += [invoice.email for invoice in invoices if invoice.email and invoice.amount_due > 0]
    mailboxes = frozenset[str]().union(*map(mailboxes_in, fields))
    if home is None:
        return mailboxes
    country = contact.country or home
    numbers = (folded_number(phone.number, country) for phone in contact.phones)
    return mailboxes | frozenset(filter(None, numbers))
