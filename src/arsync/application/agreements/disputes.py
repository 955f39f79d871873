"""Disputes, as people record, change and settle them.

A person's word and the note about it are kept in one transaction: a process that dies between the
two would leave a dispute that the books never hear of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from msgspec import UNSET, Struct, UnsetType

from arsync.application.customers.name_search import invoice_numbered
from arsync.application.organisation.account_reading import accounts_on
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext, organisations
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.persons_words import (
    Recorded,
    contact_name,
    invoice_ref,
    name_line,
    reason_line,
    recorded,
)
from arsync.core.actions import Action, Because, DisputePayload
from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.agreements.dispute_reasons import (
    DISPUTE_REASONS,
    UNSPECIFIED,
    nearest_reason,
    reason_said,
    reason_word,
)
from arsync.core.ledger.agreements.disputes import (
    SHOWN_BY_PLATFORM,
    as_settled_by_books,
    awaits_credit,
    credited_since,
    dispute_reason,
    is_standing,
    to_credit,
)
from arsync.core.ledger.money import shown
from arsync.core.ledger.records import Account, Contact, Dispute, DisputeOutcome, Invoice
from arsync.errors import UserMistake
from arsync.store.agreements.disputes import DisputedInvoice
from arsync.store.models import DisputeRow, DisputeTerms
from arsync.translation import SaidText, saying

SHOWN_IN_BOOKS = "the books"
"""Who settled a dispute whose agreed credit was seen."""


class DisputeWords(NamedTuple):
    """What a person says of a dispute; None: nothing is said of it."""

    reason: str | None = None
    reason_code: str | None = None
    """A code of UN/EDIFACT 4465, or its word in one of the languages."""
    amount: Decimal | None = None
    """In the invoice's currency."""
    is_whole: bool = False
    """All of the invoice is disputed."""
    owner: str | None = None
    needs: str | None = None


class DisputeSettled(NamedTuple):
    """What came of settling a dispute."""

    recorded: Recorded
    is_settled: bool
    """False: it stays open until the books show its credit."""


def open_dispute(
    actor: Actor,
    container: Container,
    invoice_number: str,
    words: DisputeWords,
    *,
    connection: Chosen = None,
) -> Recorded:
    """Record a dispute about an invoice: what is disputed is not asked for while it is open.

    Raises:
        UserMistake: there is no such invoice, no reason is given, more is disputed than is due, or
            a dispute is open already.
    """
    permit(actor, Permission.AGREE)
    (opened,) = dispute_together(actor, container, [invoice_number], words, connection=connection)
    return opened


def dispute_together(
    actor: Actor,
    container: Container,
    invoice_numbers: Sequence[str],
    words: DisputeWords,
    *,
    connection: Chosen = None,
) -> list[Recorded]:
    """Record a dispute about each of several invoices, in one transaction: all of them, or none.

    Raises:
        UserMistake: see `open_dispute`; or a part is disputed of several, or they are of several
            organisations.
    """
    permit(actor, Permission.AGREE)
    numbers = list(dict.fromkeys(invoice_numbers))
    matches = [invoice_numbered(container, number, connection) for number in numbers]
    if len({organisation.id for organisation, _ in matches}) > 1:
        raise UserMistake("invoices of several organisations are disputed each by itself.")
    if len(matches) > 1 and words.amount is not None:
        raise UserMistake("a part is disputed of one invoice: name that one alone.")
    if not reason_line(words.reason or "") and not words.reason_code:
        raise UserMistake("a dispute needs a reason: --reason TEXT, or --reason-code WORD.")
    organisation, invoices = matches[0][0], [invoice for _, invoice in matches]
    notings = [_noting(organisation, invoice) for invoice in invoices]
    rows = container.store.disputes.record_together(
        organisation.id,
        [
            DisputedInvoice(
                invoice,
                _opening_terms(actor, words, invoice),
                None if organisation.observes else note_of,
            )
            for invoice, note_of in zip(invoices, notings, strict=True)
        ],
        opened_on=organisation.today,
        who=name_line(actor.name),
    )
    return [
        recorded(
            organisation,
            saying("Dispute about %(what)s recorded.", what=_what(row, invoice)).then(
                _not_asked(row, invoice)
            ),
            note_of(row),
        )
        for row, invoice, note_of in zip(rows, invoices, notings, strict=True)
    ]


def _opening_terms(actor: Actor, words: DisputeWords, invoice: Invoice) -> DisputeTerms:
    return DisputeTerms(
        reason_line(words.reason or ""),
        _amount(words, invoice),
        _code(words.reason_code or ""),
        # Somebody has to answer it: without another name that is who took the customer's call.
        name_line(words.owner or "") or name_line(actor.name),
        reason_line(words.needs or ""),
    )


def change_dispute(
    actor: Actor,
    container: Container,
    invoice_number: str,
    words: DisputeWords,
    *,
    connection: Chosen = None,
) -> Recorded:
    """Change what an open dispute is about; what is not said of it stays as it is.

    Raises:
        UserMistake: there is no such invoice or no open dispute about it, nothing is to be changed,
            or the amount is more than is due.
    """
    permit(actor, Permission.AGREE)
    organisation, invoice = invoice_numbered(container, invoice_number, connection)
    if words == DisputeWords():
        raise UserMistake(
            "say what changes: --amount, --reason-code, --reason, --owner or --needs."
            "\n    hint: --amount all is about the whole invoice"
        )
    before = container.store.disputes.open_one(organisation.id, invoice.id)
    says_amount = words.is_whole or words.amount is not None
    terms = DisputeTerms(
        before.reason if words.reason is None else reason_line(words.reason),
        _amount(words, invoice) if says_amount else before.amount,
        before.code if words.reason_code is None else _code(words.reason_code),
        before.owner if words.owner is None else name_line(words.owner),
        before.needs if words.needs is None else reason_line(words.needs),
    )
    note_of = _noting(organisation, invoice)
    row = container.store.disputes.change(
        organisation.id,
        invoice.id,
        terms,
        who=name_line(actor.name),
        noted_by=None if organisation.observes else note_of,
    )
    changed = saying("Dispute about %(what)s changed.", what=_what(row, invoice))
    message = changed.then(_not_asked(row, invoice))
    return recorded(organisation, message, note_of(row))


def settle_dispute(
    actor: Actor,
    container: Container,
    invoice_number: str,
    *,
    outcome: DisputeOutcome | None = None,
    note: str = "",
    connection: Chosen = None,
) -> DisputeSettled:
    """Record what came of a dispute.

    A dispute is credited only as far as the books show it. Before that the credit is agreed: the
    dispute stays open, and the next run that sees the credit settles it.

    Args:
        actor: who says so.
        container: of the use cases.
        invoice_number: what is disputed.
        outcome: what came of it; None: nobody says, and all of it is owed again.
        note: anything to remember.
        connection: which connections to look in.

    Raises:
        UserMistake: there is no such invoice, or no dispute about it was recorded here.
    """
    permit(actor, Permission.AGREE)
    organisation, invoice = invoice_numbered(container, invoice_number, connection)
    # The next pull would show the platform's dispute again: it is settled there.
    _refuse_to_settle_platforms(organisation, invoice)
    row = container.store.disputes.open_one(organisation.id, invoice.id)
    note_of = _noting(organisation, invoice)
    noted_by = None if organisation.observes else note_of
    person = name_line(actor.name)
    if outcome is DisputeOutcome.CREDITED:
        credited = credited_since(row.record, _account_of(organisation, invoice), invoice)
        needed = to_credit(row.record, invoice)
        if credited < needed:
            row = container.store.disputes.agree_credit(
                organisation.id,
                invoice.id,
                agreed_on=organisation.today,
                who=person,
                note=reason_line(note),
                noted_by=noted_by,
            )
            message = _waits_for_credit(row, invoice, credited, needed)
            return DisputeSettled(recorded(organisation, message, note_of(row)), is_settled=False)
    row = container.store.disputes.settle(
        organisation.id,
        invoice.id,
        settled_on=organisation.today,
        who=person,
        outcome=outcome.value if outcome else "",
        note=reason_line(note),
        noted_by=noted_by,
    )
    message = _settled_words(row, invoice)
    return DisputeSettled(recorded(organisation, message, note_of(row)), is_settled=True)


def _waits_for_credit(
    row: DisputeRow, invoice: Invoice, credited: Decimal, needed: Decimal
) -> SaidText:
    return saying(
        "Not settled yet: since %(day)s the books show %(credited)s credited on "
        "%(invoice)s, and %(disputed)s is disputed. The dispute waits for the credit note, "
        "and is settled by the run that sees it.",
        day=row.opened_on,
        credited=shown(credited, invoice.currency),
        invoice=invoice.number,
        disputed=shown(needed, invoice.currency),
    )


def _settled_words(row: DisputeRow, invoice: Invoice) -> SaidText:
    message = (
        saying(
            "Dispute about %(invoice)s settled: %(outcome)s.",
            invoice=invoice.number,
            outcome=saying(row.outcome),
        )
        if row.outcome
        else saying("Dispute about %(invoice)s settled.", invoice=invoice.number)
    )
    if invoice.disputed_on is None:
        return message
    return message.then(
        saying(
            "%(invoice)s is not chased yet: %(why)s.",
            invoice=invoice.number,
            why=SHOWN_BY_PLATFORM,
        )
    )


def settle_credited(organisation: OrganisationContext) -> int:
    """Settle the disputes whose agreed credit shows in the books now, and return how many."""
    store = organisation.store
    waiting = {
        row.invoice_id: row
        for row in store.disputes.open_ones(organisation.id)
        if awaits_credit(row.record)
    }
    settled = 0
    for view, invoice, dispute in _disputed_invoices(organisation, waiting):
        row = waiting[invoice.id]
        if as_settled_by_books(dispute, view.account, organisation.today).settled_on is None:
            continue
        note_of = _noting(organisation, invoice, view.account)
        store.disputes.settle(
            organisation.id,
            invoice.id,
            settled_on=organisation.today,
            who=SHOWN_IN_BOOKS,
            outcome=DisputeOutcome.CREDITED.value,
            note=row.outcome_note,
            noted_by=None if organisation.observes else note_of,
        )
        settled += 1
    return settled


class DisputeView(Struct, frozen=True):
    """The JSON view of an open dispute."""

    connection: str
    contact: str
    invoice: str
    opened_on: str
    days: int
    amount: Decimal
    """What of it is still due and disputed."""
    currency: str
    reason: str
    code: str
    word: str
    """The code's."""
    owner: str
    needs: str
    waits_for_credit: bool
    by_platform: bool
    """The accounting system shows it, and nobody recorded it here."""
    disputed: str
    """`all` of the invoice, or a `part`."""
    due: Decimal | UnsetType = UNSET
    """What is due on the invoice, where that is more."""


def open_disputes(
    actor: Actor, container: Container, connection: Chosen = None
) -> list[DisputeView]:
    """Return the open disputes about what is owed, the oldest first."""
    permit(actor, Permission.READ)
    views = [
        _view(organisation, view, invoice, dispute)
        for organisation in organisations(container, connection)
        for view, invoice, dispute in _disputed_invoices(organisation)
    ]
    return sorted(views, key=lambda view: (view.opened_on, view.connection, view.invoice))


def count_disputes(organisation: OrganisationContext) -> int:
    """Return how many disputes about what is owed are open in one ledger."""
    return sum(1 for _ in _disputed_invoices(organisation))


def _disputed_invoices(
    organisation: OrganisationContext, rows: Mapping[str, DisputeRow] | None = None
) -> Iterator[tuple[AccountView, Invoice, Dispute]]:
    """Yield the open disputes with their customers, the platform's too if no rows are named."""
    store = organisation.store
    if rows is None:
        invoice_ids = {row.invoice_id for row in store.disputes.open_ones(organisation.id)}
        invoice_ids |= set(store.ledger.disputed(organisation.id))
    else:
        invoice_ids = set(rows)
    if not invoice_ids:
        return
    contact_ids = store.ledger.owners(organisation.id, sorted(invoice_ids))
    today = organisation.today
    for account in accounts_on(organisation, None, sorted(set(contact_ids.values()))):
        invoices = {invoice.id: invoice for invoice in account.invoices}
        base = organisation.connection.organisation.base_currency
        view = AccountView(account, today, currency=base, base=base)
        disputes = view.disputes
        if rows is not None:
            disputes = {row.invoice_id: row.record for row in rows.values()}
        for invoice_id, dispute in disputes.items():
            if invoice_id in invoices and is_standing(dispute, today):
                yield view, invoices[invoice_id], dispute


def _view(
    organisation: OrganisationContext, view: AccountView, invoice: Invoice, dispute: Dispute
) -> DisputeView:
    amount = view.disputed_amounts.get(invoice.id, Decimal(0))
    contacts = {contact.id: contact for contact in view.account.contacts}
    return DisputeView(
        organisation.name,
        contacts[invoice.contact_id].name if invoice.contact_id in contacts else "",
        invoice.number or invoice.id,
        dispute.opened_on.isoformat(),
        (organisation.today - dispute.opened_on).days,
        amount,
        invoice.currency,
        dispute.reason,
        dispute.code,
        reason_word(dispute.code),
        dispute.owner,
        dispute.needs,
        awaits_credit(dispute),
        by_platform=not dispute.number,
        disputed="part" if amount < invoice.amount_due else "all",
        due=invoice.amount_due if amount < invoice.amount_due else UNSET,
    )


def _account_of(organisation: OrganisationContext, invoice: Invoice) -> Account:
    accounts = accounts_on(organisation, None, [invoice.contact_id])
    alone = Account((Contact(invoice.contact_id, invoice.contact_id),), (invoice,))
    return next(iter(accounts), alone)


def _amount(words: DisputeWords, invoice: Invoice) -> Decimal | None:
    """Return the part that is disputed; None for all of it.

    Raises:
        UserMistake: it is more than is due.
    """
    if words.amount is None or words.is_whole or words.amount == invoice.amount_due:
        return None
    if words.amount > invoice.amount_due:
        due = shown(invoice.amount_due, invoice.currency)
        raise UserMistake(
            f"{invoice.number or invoice.id} is due {due}: no more can be disputed."
            "\n    hint: leave --amount out for all that is due"
        )
    return words.amount


def _code(text: str) -> str:
    """Return the code that a person means; empty when nothing was said.

    Raises:
        UserMistake: it is no code and no word of one.
    """
    if not text.strip():
        return ""
    reason = reason_said(text)
    if reason is not None:
        return reason.code
    nearest = nearest_reason(text)
    words = ", ".join(f"{one_reason.en} ({one_reason.code})" for one_reason in DISPUTE_REASONS)
    hint = f"did you mean {nearest.en!r} ({nearest.code})?" if nearest else f"known: {words}"
    raise UserMistake(f"there is no reason {text!r}.\n    hint: {hint}")


def _refuse_to_settle_platforms(organisation: OrganisationContext, invoice: Invoice) -> None:
    """Refuse to settle a dispute that only the accounting system tells of."""
    rows = organisation.store.disputes.recorded(organisation.id, invoice.id)
    if invoice.disputed_on is not None and all(row.settled_on is not None for row in rows):
        raise UserMistake(
            f"no dispute is recorded about {invoice.number} here: {SHOWN_BY_PLATFORM}"
            f" since {invoice.disputed_on}.\n    hint: it ends here when it ends there"
        )


def _noting(
    organisation: OrganisationContext, invoice: Invoice, account: Account | None = None
) -> partial[Action]:
    """Return what makes the note of a dispute about an invoice."""
    names = {contact.id: contact.name for contact in account.contacts} if account else {}
    name = names.get(invoice.contact_id) or contact_name(organisation, invoice.contact_id)
    return partial(_dispute_note, organisation.name, invoice, name)


def _dispute_note(connection: str, invoice: Invoice, contact_name: str, row: DisputeRow) -> Action:
    return Action(
        payload=DisputePayload(
            row.reason, row.settled_on, row.amount, row.code or UNSPECIFIED, row.outcome
        ),
        connection=connection,
        contact_id=invoice.contact_id,
        contact_name=contact_name,
        because=Because("", 0, "dispute"),
        invoices=(invoice_ref(invoice),),
        subject=f"{invoice.id} dispute {row.id} {_life(row)}",
        note=_note(row, invoice),
    )


def _life(row: DisputeRow) -> str:
    """Return what tells one note about a dispute from another."""
    if row.settled_on is not None:
        return "settled"
    if row.credit_agreed_on is not None:
        return f"credit agreed {row.changes}" if row.changes else "credit agreed"
    return f"changed {row.changes}" if row.changes else "opened"


def _note(row: DisputeRow, invoice: Invoice) -> str:
    number = invoice.number or invoice.id
    ending = f" {row.outcome_note}" if row.outcome_note else ""
    if row.settled_on is not None:
        settled = f"Dispute about {number} settled on {row.settled_on}{_outcome_words(row)}"
        return f"{settled}, recorded by {row.settled_by}.{ending}"
    if row.credit_agreed_on is not None:
        agreed = f"Dispute about {_what(row, invoice)}: a credit is agreed"
        return f"{agreed}, recorded by {row.settled_by}.{ending}"
    changed = " changed" if row.changes else ""
    needs = f" Needed: {row.needs}." if row.needs else ""
    owner = f" Answered by {row.owner}." if row.owner and row.owner != row.recorded_by else ""
    reason = dispute_reason(row.record).rstrip(".")
    return (
        f"Dispute about {_what(row, invoice)}{changed}: {reason}."
        f" Recorded by {row.recorded_by}.{owner}{needs}"
    )


def _what(row: DisputeRow, invoice: Invoice) -> str:
    """Return what is disputed: `INV-1`, `GBP 200.00 of INV-1`."""
    number = invoice.number or invoice.id
    return number if row.amount is None else f"{shown(row.amount, invoice.currency)} of {number}"


def _not_asked(row: DisputeRow, invoice: Invoice) -> SaidText:
    if row.amount is None:
        return saying("No reminder is sent while it is open.")
    rest_due = shown(invoice.amount_due - row.amount, invoice.currency)
    return saying("While it is open only %(amount)s is asked for.", amount=rest_due)


def _outcome_words(row: DisputeRow) -> str:
    return f": {row.outcome}" if row.outcome else ""
