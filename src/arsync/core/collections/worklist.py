"""The worklist: what is worth doing first, and one sentence why."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from arsync.core.ledger.account_view import AccountView, Agreed, ContactView
from arsync.core.ledger.business_days import days_in_words
from arsync.core.ledger.money import rounded, shown
from arsync.core.ledger.records import Contact, Invoice
from arsync.core.ledger.unapplied_cash import payers
from arsync.core.rulebook.facts import contact_figures as figures

USUAL_DAYS_LATE = 10
"""How late a customer is taken to pay, in days, of whom no paid invoice is known."""

COLLECTED_BY_AGE = (
    (0, Decimal("94.9")),
    (30, Decimal("89.9")),
    (60, Decimal("81.3")),
    (90, Decimal("69.6")),
    (182, Decimal("52.1")),
    (273, Decimal("39.1")),
    (365, Decimal("22.8")),
    (730, Decimal("9.3")),
)
"""Days overdue, and the percentage of such debts between businesses that is still collected.

A survey of the Commercial Collection Agency Association (of the Commercial Law League of America)
of 18 October 2004, as http://qbpros.net/2011/09/collections-due-accounts-receivable-time-side/
tells it. Other surveys of theirs differ by a few points; the order of a worklist hardly does."""

BROKEN_WEIGHT = Decimal("0.25")
"""A broken promise makes a debt worth a quarter more of attention..."""

BROKEN_MAX = 4
"""...up to four of them: more say nothing new."""


class Dues(NamedTuple):
    """What a task is about, as it is owed now."""

    contact: Contact
    invoices: tuple[Invoice, ...]
    """The open ones of the task, or of the customer; `amount_due` is net, less a disputed part."""
    overdue: Decimal | None
    """Of these, net, in the organisation's currency; None without an exchange rate."""
    oldest_days: int
    """Days since the oldest due date of these."""
    days_late: int | None
    """How late the customer pays on average; None: nothing was paid within a year."""
    broken: int
    """How many promises were broken within the rulebook's window."""
    currency: str
    """Of `overdue`."""


def dues_of(view: AccountView, contact_id: str, invoice_ids: Collection[str] = ()) -> Dues | None:
    """Return what a customer owes of some invoices, or of all; None when it is not here."""
    contacts = view.account.contacts
    contact = next((contact for contact in contacts if contact.id == contact_id), None)
    if contact is None:
        return None
    contact_view = ContactView(view, contact, agreed=Agreed(), covers=_covers(contacts, contact))
    # A part that is disputed is not what a person is to collect.
    invoices = tuple(
        view.less_disputed_part(invoice) if invoice.id in view.in_dispute else invoice
        for invoice in contact_view.owed
        if not invoice_ids or invoice.id in invoice_ids
    )
    late = [invoice for invoice in invoices if invoice.due_on < view.today]
    return Dues(
        contact,
        invoices,
        view.total_due(late),
        max(((view.today - invoice.due_on).days for invoice in late), default=0),
        figures.average([days_late for _, days_late in contact_view.paid]),
        figures.broken_promises(contact_view),
        view.currency,
    )


def _covers(contacts: Iterable[Contact], contact: Contact) -> frozenset[str] | None:
    """Return the contacts whose invoices one answers for; None: all of the account."""
    family = tuple(contacts)
    if contact is family[0]:
        pays = payers(family)
        others = {member.id for member in family[1:] if pays.get(member.id) != contact.id}
        return None if not others else frozenset({m.id for m in family} - others)
    pays = payers(family)
    return frozenset({contact.id, *(child for child, payer in pays.items() if payer == contact.id)})


def expected_value(dues: Dues) -> Decimal | None:
    """Return what doing it now is worth, in the organisation's currency; None: unknown.

    value = overdue x collected(age) x (1 - by itself) x (1 + broken / 4)

    - *overdue*: the net amount past its due date. What is not due needs nobody.
    - *collected(age)*: the share of debts of this age that is collected at all; see
      `COLLECTED_BY_AGE`. Old debts are worth less, however large.
    - *by itself*: late / (late + days overdue), where late is how late the customer pays on
      average. Who always pays ten days late will most likely pay by itself on day five, and
      hardly any more on day sixty. Who pays in time, and has not, needs a call at once.
    - *broken*: promises that were broken, at most four: words alone did not bring the money.
    """
    if dues.overdue is None:
        return None
    late = Decimal(USUAL_DAYS_LATE if dues.days_late is None else dues.days_late)
    days = Decimal(dues.oldest_days)
    by_itself = late / (late + days) if late + days else Decimal(0)
    broken = 1 + BROKEN_WEIGHT * min(dues.broken, BROKEN_MAX)
    worth = dues.overdue * collected(dues.oldest_days) * (1 - by_itself) * broken
    return rounded(worth, dues.currency)


def collected(days_overdue: int) -> Decimal:
    """Return the share of debts of an age that is collected: a straight line between the points."""
    points = COLLECTED_BY_AGE
    if days_overdue >= points[-1][0]:
        return points[-1][1] / 100
    for (first, high), (last, low) in pairwise(points):
        if days_overdue < last:
            share = Decimal(days_overdue - first) / (last - first)
            return (high - share * (high - low)) / 100
    raise AssertionError("the last point is handled above")


def sentence(dues: Dues) -> str:
    """Return in one sentence why it stands where it stands."""
    if dues.overdue is None:
        return "What is overdue is unknown: an exchange rate is missing."
    if not dues.overdue:
        return "Nothing is overdue."
    words = [f"{shown(dues.overdue, dues.currency)} overdue for {days_in_words(dues.oldest_days)}"]
    if dues.days_late is None:
        words.append("nothing was paid within a year")
    elif dues.days_late:
        words.append(f"pays {days_in_words(dues.days_late)} late on average")
    else:
        words.append("usually pays in time")
    if dues.broken:
        words.append(f"{dues.broken} broken promise{'s' if dues.broken > 1 else ''}")
    return ", ".join(words) + "."
