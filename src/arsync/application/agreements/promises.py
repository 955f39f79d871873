"""Promises to pay, as people record them.

A person's word and the note about it are kept in one transaction: a process that dies between the
two would leave a promise that the books never hear of.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from msgspec import Struct

from arsync.application.customers.name_search import subject_anywhere
from arsync.application.organisation.account_reading import accounts_on
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext, organisations
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.persons_words import (
    Recorded,
    invoice_ref,
    name_line,
    reason_line,
    recorded,
    words_of_promise,
)
from arsync.core.actions import Action, Because, PromisePayload
from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.agreements.promises import BROKEN, OPEN, JudgedPromise
from arsync.core.ledger.money import ZERO, shown
from arsync.core.ledger.records import Contact, Invoice, Promise
from arsync.core.ledger.unapplied_cash import payers
from arsync.errors import UserMistake
from arsync.store.agreements.promises import MadePromise
from arsync.store.models import PromiseRow
from arsync.translation import SaidText, saying

PROMISE_DAYS_MAX = 366
"""A promise for a later day is a slip of a key: it would stop all reminders until then."""

NOTED_INVOICES_MAX = 20
"""On so many invoices, the oldest, a promise of all that a customer owes is noted."""

NAMED_INVOICES_MAX = 3
"""So many invoices are named in words; a longer list is cut short."""


class PromiseToPay(NamedTuple):
    """What a customer said."""

    promised_on: date
    """The day the money is to come."""
    amount: Decimal | None = None
    """None for all that is due."""
    note: str = ""
    """Anything to remember."""
    also: bool = False
    """Beside what was promised before; otherwise it takes the place of that."""


class PromisedDebt(NamedTuple):
    """What is promised: some invoices of one customer."""

    contact: Contact
    invoices: tuple[Invoice, ...]
    """The oldest due date first; what is due on each is net of unapplied cash."""
    is_all: bool
    """The customer was named, and it is all that it owes."""
    view: AccountView

    @property
    def due(self) -> Decimal:
        """Return what is due on them, where they are in one currency."""
        return sum((invoice.amount_due for invoice in self.invoices), ZERO)

    @property
    def words(self) -> str:
        """Return what they are called: `INV-1, INV-2`, `Alpha Ltd (3 invoices)`."""
        numbers = [invoice.number or invoice.id for invoice in self.invoices]
        if self.is_all:
            count = len(numbers)
            return f"{self.contact.name} ({count} {'invoice' if count == 1 else 'invoices'})"
        more = len(numbers) - NAMED_INVOICES_MAX
        named = ", ".join(numbers[:NAMED_INVOICES_MAX])
        return named + (f" and {more} more" if more > 0 else "")


def promise(
    actor: Actor,
    container: Container,
    names: Sequence[str],
    promised: PromiseToPay,
    *,
    connection: Chosen = None,
) -> Recorded:
    """Record a promise to pay, and have it noted in the accounting system by the next run.

    Args:
        actor: who records it.
        container: holds the ledgers.
        names: the numbers of one customer's invoices, or the customer's name for all that it owes.
        promised: what the customer said.
        connection: where; None: wherever the first name is found.

    Raises:
        UserMistake: something is not found, the day is past or too far ahead, or the amount is not
            above zero or more than is owed.
    """
    permit(actor, Permission.AGREE)
    organisation, debt = debt_named(container, names, connection)
    _refuse_slips(organisation, debt, promised)
    about = frozenset(invoice.id for invoice in debt.invoices)
    earlier = [
        judged
        for judged in debt.view.judged_promises
        if not about.isdisjoint(judged.promise.invoice_ids) and not judged.promise.by_platform
    ]
    standing = [judged for judged in earlier if judged.state == OPEN]
    if promised.also:
        _refuse_too_much(debt, promised, standing)
    note_of = partial(_promise_note, organisation.name, debt)
    row = container.store.promises.record(
        organisation.id,
        MadePromise(
            [invoice.id for invoice in debt.invoices],
            promised.promised_on,
            organisation.today,
            promised.amount,
            reason_line(promised.note),
            debt.contact.id if debt.is_all else "",
            promised.also,
            [
                judged.promise.number
                for judged in standing
                if not promised.also and about.issuperset(judged.promise.invoice_ids)
            ],
        ),
        who=name_line(actor.name),
        noted_by=None if organisation.observes else note_of,
    )
    message = saying("Promise to pay recorded: %(promise)s.", promise=_promise_words(row, debt))
    of_earlier = _of_earlier(debt, earlier, promised.amount, also=promised.also)
    return recorded(organisation, message.then(*of_earlier), note_of(row))


class PromiseView(Struct, frozen=True):
    """A promise that is open or broken, for people and as JSON."""

    connection: str
    customer: str
    invoices: tuple[str, ...]
    """Their numbers, the oldest due date first."""
    promised_on: date
    made_on: date
    amount: Decimal | None
    """None: all that is due."""
    currency: str
    state: str
    """`open` or `broken`."""
    by_platform: bool
    """Entered in the accounting system."""


def listed_promises(
    actor: Actor, container: Container, connection: Chosen = None
) -> list[PromiseView]:
    """Return the open and the broken promises about what is owed, the earliest day first."""
    permit(actor, Permission.READ)
    views = [
        view
        for organisation in organisations(container, connection)
        for view in promises_of(organisation)
    ]
    return sorted(views, key=lambda view: (view.promised_on, view.connection, view.invoices))


def promises_of(organisation: OrganisationContext) -> Iterator[PromiseView]:
    """Yield the open and the broken promises of one ledger."""
    # Most customers have none, and are not read.
    promisers = organisation.store.ledger.promisers(organisation.id)
    for account in accounts_on(organisation, None, promisers) if promisers else ():
        view = organisation.account_view(account)
        names = {contact.id: contact.name for contact in account.contacts}
        for judged in view.judged_promises:
            promised = judged.promise
            owed = [view.owed_by_id[id_] for id_ in promised.invoice_ids if id_ in view.owed_by_id]
            if judged.state in {OPEN, BROKEN} and owed:
                yield PromiseView(
                    organisation.name,
                    names.get(owed[0].contact_id, ""),
                    tuple(invoice.number or invoice.id for invoice in owed),
                    promised.promised_on,
                    promised.made_on,
                    promised.amount,
                    owed[0].currency,
                    str(judged.state),
                    promised.by_platform,
                )


def debt_named(
    container: Container, names: Sequence[str], connection: Chosen
) -> tuple[OrganisationContext, PromisedDebt]:
    """Return what some invoices' numbers, or a customer's name, stand for.

    Raises:
        UserMistake: something is not found, or they are of several customers.
    """
    organisation, (contact, invoice) = subject_anywhere(container, names[0], connection)
    invoices = [invoice] if invoice is not None else []
    for name in names[1:]:
        other_organisation, (other_contact, another) = subject_anywhere(container, name, connection)
        if invoice is None or another is None:
            raise UserMistake(
                f"name invoices, or one customer alone: {names[0]} and {name} do not go together."
                "\n    hint: a customer's name is for all that it owes"
            )
        if (other_organisation.id, other_contact.id) != (organisation.id, contact.id):
            raise UserMistake(
                f"{names[0]} is owed by {contact.name}, {name} by {other_contact.name}: a promise"
                " is one customer's.\n    hint: record one for each customer"
            )
        invoices.append(another)
    (account,) = organisation.store.ledger.accounts(organisation.id, [contact.id])
    view = organisation.account_view(account)
    if invoice is None:
        pays = payers(account.contacts)
        owed = [
            document
            for document in view.owed
            if pays.get(document.contact_id, document.contact_id) == contact.id
        ]
        if not owed:
            raise UserMistake(f"{contact.name} owes nothing: there is nothing to promise.")
    else:
        unique = {document.id: document for document in invoices}.values()
        net = [view.owed_by_id.get(document.id, document) for document in unique]
        owed = sorted(net, key=lambda document: (document.due_on, document.number, document.id))
    return organisation, PromisedDebt(contact, tuple(owed), invoice is None, view)


def _refuse_slips(
    organisation: OrganisationContext, debt: PromisedDebt, promised: PromiseToPay
) -> None:
    if (promised.promised_on - organisation.today).days > PROMISE_DAYS_MAX:
        raise UserMistake(
            f"{promised.promised_on.isoformat()} is more than {PROMISE_DAYS_MAX} days ahead: until"
            " then nobody would be reminded."
            "\n    hint: check the year; an agreement for longer is recorded again each year"
        )
    if promised.amount is None:
        return
    if len({invoice.currency for invoice in debt.invoices}) > 1:
        raise UserMistake(
            f"{debt.words} are in several currencies: an amount cannot be promised for all of them."
            "\n    hint: leave the amount out for all that is due, or name invoices of one currency"
        )
    if promised.amount > debt.due:
        owed = shown(debt.due, debt.invoices[0].currency)
        raise UserMistake(
            f"{debt.words} is due {owed}: a promise cannot be for more."
            "\n    hint: leave the amount out for all that is due"
        )


def _refuse_too_much(
    debt: PromisedDebt, promised: PromiseToPay, standing: list[JudgedPromise]
) -> None:
    """Refuse to promise the same money twice."""
    amounts = [judged.missing for judged in standing]
    if standing and (promised.amount is None or None in amounts):
        words = words_of_promise(standing[0], debt.invoices[0].currency)
        raise UserMistake(
            f"{words} stands: beside a promise there can only be one of"
            " another part, and both need an amount."
            "\n    hint: without --also, the new promise takes the place of the earlier one"
        )
    already = sum((amount for amount in amounts if amount is not None), ZERO)
    if promised.amount is not None and promised.amount + already > debt.due:
        currency = debt.invoices[0].currency
        raise UserMistake(
            f"{debt.words} is due {shown(debt.due, currency)}, and {shown(already, currency)} of it"
            " is promised already."
            f"\n    hint: at most {shown(debt.due - already, currency)} more can be promised"
        )


def _of_earlier(
    debt: PromisedDebt, earlier: list[JudgedPromise], amount: Decimal | None, *, also: bool
) -> list[SaidText]:
    """Return what becomes of earlier promises about the same invoices, in sentences."""
    about = frozenset(invoice.id for invoice in debt.invoices)
    sentences = []
    for judged in earlier:
        words = words_of_promise(judged, debt.invoices[0].currency)
        if judged.state == BROKEN:
            broken = words.capitalize()
            sentences.append(
                saying("%(promise)s was broken; this one counts from now on.", promise=broken)
            )
        elif judged.state == OPEN and also:
            sentences.append(saying("It stands beside %(promise)s.", promise=words))
        elif judged.state == OPEN and about.issuperset(judged.promise.invoice_ids):
            sentences.append(saying("It replaces %(promise)s.", promise=words))
            sentences.append(_to_keep_both(debt, judged.promise, amount))
        elif judged.state == OPEN:
            sentences.append(
                saying(
                    "It replaces %(promise)s for %(debt)s alone.", promise=words, debt=debt.words
                )
            )
    return sentences


def _to_keep_both(debt: PromisedDebt, earlier: Promise, amount: Decimal | None) -> SaidText:
    """Return how a promise that was replaced is kept beside the one that replaced it."""
    if amount is None or earlier.amount is None:
        return saying(
            "If both were meant, each needs an amount: `arsync promise INVOICE DATE AMOUNT --also`"
            " records one beside the other."
        )
    if amount + earlier.amount > debt.due:
        return saying("Together they would be more than is due.")
    owed = debt.view.owed_by_id
    numbers = [owed[id_].number or id_ for id_ in earlier.invoice_ids if id_ in owed]
    return saying(
        "If both were meant: `arsync promise %(names)s %(day)s %(amount)s --also` puts that one"
        " beside it.",
        names=shlex.join([debt.contact.name] if debt.is_all else numbers),
        day=earlier.promised_on.isoformat(),
        amount=str(earlier.amount),
    )


def _promise_note(connection: str, debt: PromisedDebt, row: PromiseRow) -> Action:
    return Action(
        payload=PromisePayload(row.promised_on, row.amount),
        connection=connection,
        contact_id=debt.contact.id,
        contact_name=debt.contact.name,
        because=Because("", 0, "promise to pay"),
        invoices=tuple(invoice_ref(invoice) for invoice in debt.invoices[:NOTED_INVOICES_MAX]),
        subject=f"{debt.invoices[0].id} promise {row.id}",
        note=f"Promise to pay {_promise_words(row, debt)}, recorded by {row.recorded_by}."
        + (f" {row.note}" if row.note else ""),
    )


def _promise_words(row: PromiseRow, debt: PromisedDebt) -> SaidText:
    currency = debt.invoices[0].currency
    day = row.promised_on.isoformat()
    if row.amount is None:
        return saying("all that is due of %(debt)s by %(day)s", debt=debt.words, day=day)
    amount = shown(row.amount, currency)
    return saying("%(amount)s of %(debt)s by %(day)s", amount=amount, debt=debt.words, day=day)
