"""A letter that nobody planned, for looking at: any text for any customer, from its own records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import NamedTuple

from msgspec.structs import replace

from arsync.application.letters.made_up_occasions import about_the_account
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.core.actions import (
    Action,
    Because,
    InvoiceRef,
    PlanNotice,
    ReminderPayload,
    Via,
    is_our_letter,
)
from arsync.core.actions.notices import text_of
from arsync.core.actions.payloads import MessagePayload
from arsync.core.credit.reference_letters import LetterWish, addressee_of, reference_letter
from arsync.core.ledger.account_view import AccountView, days_overdue
from arsync.core.ledger.agreements.credit_applications import (
    CreditApplication,
    CreditReference,
    ReferenceKind,
)
from arsync.core.ledger.records import (
    Account,
    Contact,
    DocumentStatus,
    Instalment,
    Invoice,
    PaymentPlan,
)
from arsync.core.planning.assessment import Assessor
from arsync.core.planning.customer_locale import LANGUAGES
from arsync.core.rulebook.model import (
    ACCOUNT_LETTERS,
    PLAN_AGREED,
    REFERENCE_LETTERS,
    REFERENCE_REMINDER,
)
from arsync.mail.own_texts import text_name
from arsync.mail.sample import sample_account
from arsync.mail.text_names import PLAN_TEXT_NAMES

LATEST_SHOWN = 3
"""Of a customer who owes nothing, so many of its latest invoices stand in a letter."""

INSTALMENTS_SHOWN = 3
"""A payment plan that is made up has so many parts."""

RULE = "a preview"


MADE_UP_REFERENCE = ("Acme Supply Ltd", "accounts@example.com")


class MadeUp(NamedTuple):
    """A letter to look at, the records it is made from, and what is not as it seems."""

    action: Action
    account: Account
    remarks: tuple[str, ...] = ()
    is_planned: bool = False
    """Whether the plan of today has it."""


def letter_for(
    organisation: OrganisationContext, account: Account, contact: Contact, text: str, language: str
) -> MadeUp:
    """Return a customer's letter of a text: the planned one, or else one that is made up.

    Args:
        organisation: whose customer it is.
        account: the customer's records.
        contact: who is written to.
        text: the name of the text.
        language: its code; empty: the customer's.
    """
    planned = _planned(organisation, account, contact, text)
    if planned is not None and is_our_letter(planned):
        return MadeUp(in_language(planned, language), account, is_planned=True)
    remarks: tuple[str, ...] = ()
    if planned is not None:
        words = f"By the rulebook {organisation.label} emails the invoice in its own words:"
        remarks = (f"{words} the customer does not read this text.",)
    if text in REFERENCE_LETTERS:
        return _to_reference(organisation, contact, text, language)
    if text in ACCOUNT_LETTERS:
        invoices, payload, more = about_the_account(organisation, account, contact, text)
    else:
        account, invoices, more = _invoices(organisation, account, contact)
        payload = ReminderPayload()
    refs = _refs(organisation, account, invoices, text)
    action = Action(
        payload=payload,
        connection=organisation.name,
        contact_id=contact.id,
        contact_name=contact.name,
        because=Because("", 0, RULE),
        invoices=refs,
        subject=f"preview {text}",
        step=text,
        via=Via.SMTP,
    )
    if text in PLAN_TEXT_NAMES:
        account, action, said = _with_plan(organisation, account, action, contact)
        more += said
    code = language or _language(organisation, account, contact)
    return MadeUp(in_language(action, code), account, (*remarks, *more))


def _planned(
    organisation: OrganisationContext, account: Account, contact: Contact, text: str
) -> Action | None:
    if organisation.rules.rulebook is None:
        return None
    written = [
        action
        for action in organisation.replan_one(account).actions
        if action.contact_id == contact.id
        and isinstance(action.payload, MessagePayload)
        and text_name(text_of(action)) == text
    ]
    return next((action for action in written if is_our_letter(action)), next(iter(written), None))


def _to_reference(
    organisation: OrganisationContext, contact: Contact, text: str, language: str
) -> MadeUp:
    """Return the letter to a reference that a customer names; without one, it is made up."""
    today = organisation.today
    applied = organisation.store.credit.all(organisation.id, [contact.id])
    named = [(each, reference) for each in applied for reference in each.references]
    remarks: tuple[str, ...] = ()
    if named:
        application, reference = named[0]
    else:
        remarks = (f"{contact.name} names no reference: the letter shows one that is made up.",)
        application = CreditApplication(0, contact.name, today, contact.id)
        reference = CreditReference(0, ReferenceKind.TRADE, *MADE_UP_REFERENCE)
    wish = LetterWish(
        organisation.name,
        language or organisation.rulebook.sending.language,
        Because("", 0, RULE),
        is_reminder=text == REFERENCE_REMINDER,
    )
    asked_before = reference._replace(asked_on=reference.asked_on or today)
    agreed = application._replace(consented_on=application.consented_on or today)
    action = reference_letter(agreed, asked_before, wish)
    return MadeUp(action, addressee_of(action), remarks)


def in_language(action: Action, language: str) -> Action:
    """Return a message in a language; empty: as it is."""
    payload = action.payload
    if not language or not isinstance(payload, MessagePayload):
        return action
    return replace(action, payload=replace(payload, language=language))


def _language(organisation: OrganisationContext, account: Account, contact: Contact) -> str:
    """Return the language of the customer's letters; empty: the letters' own."""
    rulebook = organisation.rules.rulebook
    if rulebook is None:
        return ""
    assessor = Assessor(
        rulebook, organisation.connection.organisation, organisation.today, organisation.bank_days
    )
    for party in assessor.assess(account).parties:
        if party.view.contact.id == contact.id and party.customer and party.customer.language:
            return party.customer.language
    if "language" in rulebook.sending.by_customers_country:
        return LANGUAGES.get(contact.country) or rulebook.sending.language
    return rulebook.sending.language


def _invoices(
    organisation: OrganisationContext, account: Account, contact: Contact
) -> tuple[Account, list[Invoice], tuple[str, ...]]:
    """Return what the letter is about: what is overdue, else open, else the latest of all."""
    today = organisation.today
    view = organisation.account_view(account)
    asked_for = [
        view.as_asked_for(invoice) for invoice in view.asked_for if invoice.contact_id == contact.id
    ]
    overdue = [invoice for invoice in asked_for if days_overdue(invoice, today)]
    if overdue:
        return account, overdue, ()
    if asked_for:
        words = f"{contact.name} has nothing overdue: the letter names what is open."
        return account, asked_for, (words,)
    own = [
        invoice
        for invoice in account.invoices
        if invoice.contact_id == contact.id
        and invoice.status not in {DocumentStatus.DELETED, DocumentStatus.VOIDED}
    ]
    words = f"{contact.name} owes nothing: the letter names its latest invoices as if unpaid."
    if not own:
        words = f"{contact.name} has no invoice: the letter names invoices that are made up."
        own = [invoice._replace(contact_id=contact.id) for invoice in sample_account().invoices]
    latest = sorted(own, key=lambda invoice: invoice.due_on)[-LATEST_SHOWN:]
    unpaid = [
        invoice._replace(status=DocumentStatus.OPEN, amount_due=invoice.total) for invoice in latest
    ]
    shown = account._replace(invoices=tuple(unpaid), payments=(), credits=())
    return shown, unpaid, (words,)


def _refs(
    organisation: OrganisationContext, account: Account, invoices: Sequence[Invoice], text: str
) -> tuple[InvoiceRef, ...]:
    view: AccountView = organisation.account_view(account)
    return tuple(
        InvoiceRef(
            invoice.id,
            invoice.number,
            invoice.amount_due,
            invoice.currency,
            account.episodes.get(invoice.id, 1),
            step=text,
            days_overdue=days_overdue(invoice, organisation.today),
            document_amount_due=view.document_due(invoice),
            disputed=view.disputed_amounts.get(invoice.id),
        )
        for invoice in invoices
    )


def _with_plan(
    organisation: OrganisationContext, account: Account, action: Action, contact: Contact
) -> tuple[Account, Action, tuple[str, ...]]:
    """Return a letter about the customer's payment plan, which is made up where there is none."""
    judged = organisation.account_view(account).payment_plans
    own = [plan for plan in judged if plan.plan.contact_id == contact.id and plan.following]
    remarks: tuple[str, ...] = ()
    if own:
        following = own[-1].following
        assert following is not None, "those without one were left out"
        plan, number, due_on = own[-1].plan, following.number, following.due_on
    else:
        plan, number = _made_up_plan(organisation.today, action, contact), 1
        due_on = plan.instalments[0].due_on
        account = account._replace(payment_plans=(plan,))
        remarks = (f"{contact.name} has no payment plan: the letter shows one that is made up.",)
    in_time = organisation.instalments_in_time(due_on)
    is_agreed = text_of(action) == PLAN_AGREED
    notice = PlanNotice(plan.id, number, in_time, attaches_letter=is_agreed)
    return account, replace(action, payload=ReminderPayload(about_plan=notice)), remarks


def _made_up_plan(today: date, action: Action, contact: Contact) -> PaymentPlan:
    currency = action.invoices[0].currency
    refs = [ref for ref in action.invoices if ref.currency == currency]
    total = sum((ref.amount_due for ref in refs), Decimal(0))
    instalment = (total / INSTALMENTS_SHOWN).quantize(Decimal("0.01"), ROUND_DOWN)
    amounts = [instalment] * (INSTALMENTS_SHOWN - 1)
    amounts.append(total - sum(amounts, Decimal(0)))
    return PaymentPlan(
        0,
        contact.id,
        tuple(ref.id for ref in refs),
        currency,
        today,
        RULE,
        tuple(
            Instalment(today + timedelta(30 * number), amount)
            for number, amount in enumerate(amounts, 1)
        ),
    )
