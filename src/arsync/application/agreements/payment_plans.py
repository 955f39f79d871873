"""Payment plans: what a customer agreed to pay by instalments, and what has come of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from msgspec import Struct

from arsync.application.customers.name_search import CustomerId, contact_named, invoice_numbered
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
    words_of_promise,
)
from arsync.core.actions import Action, Because, InstalmentLine, PaymentPlanPayload
from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.agreements.payment_plans import JudgedPlan, PaymentPlanState
from arsync.core.ledger.agreements.plan_terms import Agreement, Terms, TermsRefused, agreement
from arsync.core.ledger.agreements.promises import BROKEN, OPEN
from arsync.core.ledger.as_of import as_issued
from arsync.core.ledger.money import shown
from arsync.core.ledger.records import Account, Invoice, PaymentPlan
from arsync.errors import UserMistake
from arsync.store.agreements.payment_plans import EndedPlan
from arsync.translation import as_saying, saying

_OVER = frozenset({PaymentPlanState.COMPLETED, PaymentPlanState.CANCELLED})


class Subject(NamedTuple):
    """Who agrees, and on what."""

    organisation: OrganisationContext
    contact_id: str
    invoices: tuple[Invoice, ...]
    """Empty: on all that the customer owes."""

    @property
    def account(self) -> Account:
        """Return the customer's account as it is known today.

        Raises:
            UserMistake: the customer has none.
        """
        ledger = self.organisation.store.ledger
        account = next(ledger.accounts(self.organisation.id, [self.contact_id]), None)
        if account is None:
            raise UserMistake("the customer has no account: `arsync pull` reads the ledger.")
        return as_issued(account, self.organisation.today)


class Schedule(NamedTuple):
    """A plan as it was agreed, or would be."""

    organisation: OrganisationContext
    customer: str
    agreement: Agreement


class ListedPlan(NamedTuple):
    """A plan and what has come of it."""

    connection: str
    customer: str
    numbers: tuple[str, ...]
    """Of its invoices."""
    judged: JudgedPlan

    @property
    def is_over(self) -> bool:
        """Return whether it is completed, or was ended."""
        return self.judged.state in _OVER


class InstalmentView(Struct, frozen=True):
    """The JSON view of an instalment."""

    due_on: date
    amount: Decimal
    outstanding: Decimal
    missed: bool


class PaymentPlanView(Struct, frozen=True):
    """The JSON view of a payment plan."""

    id: int
    connection: str
    customer: str
    invoices: tuple[str, ...]
    made_on: date
    by: str
    state: str
    currency: str
    total: Decimal
    outstanding: Decimal
    next_on: date | None
    instalments_missed: int
    instalments: tuple[InstalmentView, ...]


def payment_plan_view(listed: ListedPlan) -> PaymentPlanView:
    """Return the JSON view of a payment plan."""
    judged = listed.judged
    following = judged.following
    return PaymentPlanView(
        judged.plan.id,
        listed.connection,
        listed.customer,
        listed.numbers,
        judged.plan.made_on,
        judged.plan.by,
        judged.state.value,
        judged.plan.currency,
        judged.plan.total,
        judged.outstanding,
        following.due_on if following else None,
        judged.missed,
        tuple(
            InstalmentView(
                instalment.due_on,
                instalment.amount,
                instalment.outstanding,
                instalment.is_missed,
            )
            for instalment in judged.instalments
        ),
    )


def subject_named(container: Container, names: Sequence[str], connection: Chosen) -> Subject:
    """Return whom and what the names mean: invoices of one customer, or a customer.

    Raises:
        UserMistake: nothing is called so, there are several, or they are of several customers.
    """
    if len(names) == 1 and isinstance(names[0], CustomerId):
        organisation, contact = contact_named(container, str(names[0]), connection)
        return Subject(organisation, contact.id, ())
    if len(names) == 1:
        try:
            organisation, invoice = invoice_numbered(container, names[0], connection)
        except UserMistake as no_invoice:
            try:
                organisation, contact = contact_named(container, names[0], connection)
            except UserMistake as no_contact:
                raise UserMistake(f"{no_contact}\n{no_invoice}") from None
            return Subject(organisation, contact.id, ())
        return Subject(organisation, invoice.contact_id, (invoice,))
    matches = [invoice_numbered(container, name, connection) for name in names]
    organisation, first = matches[0]
    for other_organisation, invoice in matches[1:]:
        if other_organisation.id != organisation.id or invoice.contact_id != first.contact_id:
            raise UserMistake(
                f"{first.number} and {invoice.number} are not of one customer."
                "\n    hint: a plan is agreed with one customer"
            )
    return Subject(organisation, first.contact_id, tuple(invoice for _, invoice in matches))


def preview(
    actor: Actor,
    container: Container,
    names: Sequence[str],
    terms: Terms,
    *,
    replaces: bool = False,
    connection: Chosen = None,
) -> Schedule:
    """Return the plan that would be recorded; records nothing.

    Args:
        actor: who asks.
        container: holds the ledgers.
        names: a customer, or invoices of one.
        terms: the instalments; its invoices are left empty.
        replaces: it takes the place of the plan that stands.
        connection: where to look; None: everywhere.

    Raises:
        UserMistake: the names mean nothing, or the terms do not fit the debt.
    """
    permit(actor, Permission.AGREE, only_looks=True)
    subject = subject_named(container, names, connection)
    return _schedule(actor, subject, terms, _replaced(subject, names) if replaces else None)


def agree(
    actor: Actor,
    container: Container,
    names: Sequence[str],
    terms: Terms,
    *,
    note: str = "",
    replaces: bool = False,
    connection: Chosen = None,
) -> tuple[Schedule, Recorded]:
    """Record a payment plan, and have it noted in the accounting system by the next run.

    With `replaces` the plan that stands ends in the same transaction: new terms were agreed.

    Raises:
        UserMistake: see `preview`.
    """
    permit(actor, Permission.AGREE)
    subject = subject_named(container, names, connection)
    ended = _replaced(subject, names) if replaces else None
    schedule = _schedule(actor, subject, terms, ended)
    organisation = subject.organisation
    note_of = partial(_note, organisation, schedule.customer, schedule.agreement.covered)
    rulebook = organisation.rules.rulebook
    replaced = [*_replaced_promises(subject, schedule.agreement)]
    person = name_line(actor.name)
    if ended is not None:
        replaced.append(f"It takes the place of the plan of {ended.made_on}.")
    plan = container.store.payment_plans.record(
        organisation.id,
        schedule.agreement.plan._replace(
            # As the rulebook says now: a line that comes later writes to nobody about old plans.
            is_confirmed=rulebook is not None and rulebook.payment_plans.confirms
        ),
        note=reason_line(note),
        noted_by=None if organisation.observes else note_of,
        ends=None
        if ended is None
        else EndedPlan(
            ended.id,
            organisation.today,
            person,
            None if organisation.observes else _ending(subject, ended, person),
        ),
    )
    message = saying("Payment plan recorded: %(plan)s.", plan=_plan_words(plan))
    message = message.then(*map(as_saying, replaced))
    return schedule, recorded(organisation, message, note_of(plan))


def cancel(
    actor: Actor, container: Container, names: Sequence[str], *, connection: Chosen = None
) -> Recorded:
    """End the plan of a customer, or of an invoice: what it covers is chased again.

    Raises:
        UserMistake: there is none, or there are several.
    """
    permit(actor, Permission.AGREE)
    subject = subject_named(container, names, connection)
    organisation, plan = subject.organisation, _replaced(subject, names)
    person = name_line(actor.name)
    note_of = _ending(subject, plan, person)
    container.store.payment_plans.cancel(
        organisation.id,
        plan.id,
        cancelled_on=organisation.today,
        who=person,
        noted_by=None if organisation.observes else note_of,
    )
    customer = contact_name(organisation, plan.contact_id)
    message = saying(
        "Payment plan of %(day)s with %(customer)s ended.", day=plan.made_on, customer=customer
    )
    return recorded(organisation, message, note_of(plan))


def _replaced(subject: Subject, names: Sequence[str]) -> PaymentPlan:
    """Return the plan that stands, of a customer or of some invoices.

    Raises:
        UserMistake: there is none, or there are several.
    """
    ids = {invoice.id for invoice in subject.invoices}
    standing = [
        judged.plan
        for judged in _view(subject.organisation, subject.account).payment_plans
        if judged.state not in _OVER and (not ids or ids.intersection(judged.plan.invoice_ids))
    ]
    if not standing:
        raise UserMistake(
            f"{' and '.join(names)} has no payment plan.\n    hint: `arsync agree` lists all plans"
        )
    if len(standing) > 1:
        raise UserMistake(
            f"{' and '.join(names)} has {len(standing)} payment plans."
            "\n    hint: name an invoice of the one that ends"
        )
    return standing[0]


def _ending(subject: Subject, plan: PaymentPlan, person: str) -> Callable[[PaymentPlan], Action]:
    """Return what makes the note about a plan's end."""
    organisation = subject.organisation
    covered = [invoice for invoice in subject.account.invoices if invoice.id in plan.invoice_ids]
    customer = contact_name(organisation, plan.contact_id)
    return partial(_end_note, organisation, customer, covered, person)


def payment_plans(
    actor: Actor,
    container: Container,
    connection: Chosen = None,
    *,
    also_over: bool = False,
) -> list[ListedPlan]:
    """Return the payment plans and what has come of them.

    Args:
        actor: who asks.
        container: holds them.
        connection: of these connections; None: of all.
        also_over: also those that are completed or were ended.
    """
    permit(actor, Permission.READ)
    return [
        listed
        for organisation in organisations(container, connection)
        for listed in plans_of(organisation)
        if also_over or not listed.is_over
    ]


def plans_of(organisation: OrganisationContext) -> list[ListedPlan]:
    """Return the payment plans of one ledger, the oldest first."""
    plans = organisation.store.payment_plans.recorded(organisation.id)
    ids = list(dict.fromkeys(plan.contact_id for plan in plans))
    listed: list[ListedPlan] = []
    for account in organisation.store.ledger.accounts(organisation.id, ids) if ids else ():
        names = {contact.id: contact.name for contact in account.contacts}
        numbers = {invoice.id: invoice.number for invoice in account.invoices}
        listed += [
            ListedPlan(
                organisation.name,
                names.get(judged.plan.contact_id, judged.plan.contact_id),
                tuple(numbers.get(id_) or id_ for id_ in judged.plan.invoice_ids),
                judged,
            )
            for judged in _view(organisation, as_issued(account, organisation.today)).payment_plans
        ]
    return sorted(listed, key=lambda plan: plan.judged.plan.id)


def _view(organisation: OrganisationContext, account: Account) -> AccountView:
    base = organisation.connection.organisation.base_currency
    return AccountView(
        account,
        organisation.today,
        currency=base,
        base=base,
        unapplied_cash=organisation.cash_counts,
        instalments_in_time=organisation.instalments_in_time,
    )


def _schedule(
    actor: Actor, subject: Subject, terms: Terms, replaced: PaymentPlan | None = None
) -> Schedule:
    organisation, account = subject.organisation, subject.account
    if replaced is not None:
        ended = replaced._replace(cancelled_on=organisation.today)
        plans = (ended if plan.id == ended.id else plan for plan in account.payment_plans)
        account = account._replace(payment_plans=tuple(plans))
    named = terms._replace(invoice_ids=tuple(invoice.id for invoice in subject.invoices))
    view = _view(organisation, account)
    try:
        agreed = agreement(account, subject.contact_id, named, view, name_line(actor.name))
    except TermsRefused as refusal:
        hint = f"\n    hint: {refusal.hint}" if refusal.hint else ""
        raise UserMistake(f"{refusal}{hint}") from None
    return Schedule(organisation, contact_name(organisation, subject.contact_id), agreed)


def _replaced_promises(subject: Subject, agreed: Agreement) -> Iterator[str]:
    """Yield what becomes of earlier promises about the invoices of a plan, in sentences."""
    numbers = {invoice.id: invoice.number or invoice.id for invoice in agreed.covered}
    for judged in subject.organisation.account_view(subject.account).judged_promises:
        promised_ids = judged.promise.invoice_ids
        shared = [numbers[id_] for id_ in promised_ids if id_ in numbers]
        words = words_of_promise(judged, agreed.plan.currency)
        if shared and judged.state == BROKEN:
            yield f"{words.capitalize()} was broken; the plan counts from now on."
        elif shared and judged.state == OPEN:
            # The promise stands for its other invoices.
            alone = "" if len(shared) == len(promised_ids) else f" for {', '.join(shared)} alone"
            yield f"It takes the place of {words}{alone}."


def _note(
    organisation: OrganisationContext,
    customer: str,
    covered: Iterable[Invoice],
    plan: PaymentPlan,
) -> Action:
    due = ", ".join(
        f"{shown(instalment.amount, plan.currency)} on {instalment.due_on}"
        for instalment in plan.instalments
    )
    return Action(
        payload=PaymentPlanPayload(
            plan.id, plan.currency, _lines(plan), next_on=plan.instalments[0].due_on
        ),
        connection=organisation.name,
        contact_id=plan.contact_id,
        contact_name=customer,
        because=Because("", 0, "payment plan"),
        invoices=tuple(map(invoice_ref, covered)),
        subject=f"plan {plan.id}",
        note=f"Payment plan agreed: {due}. Recorded by {plan.by}.",
    )


def _end_note(
    organisation: OrganisationContext,
    customer: str,
    covered: Iterable[Invoice],
    who: str,
    plan: PaymentPlan,
) -> Action:
    return Action(
        payload=PaymentPlanPayload(plan.id, plan.currency, _lines(plan)),
        connection=organisation.name,
        contact_id=plan.contact_id,
        contact_name=customer,
        because=Because("", 0, "payment plan"),
        invoices=tuple(map(invoice_ref, covered)),
        subject=f"plan {plan.id} ended",
        note=f"Payment plan of {plan.made_on} ended by {who}.",
    )


def _lines(plan: PaymentPlan) -> tuple[InstalmentLine, ...]:
    return tuple(
        InstalmentLine(instalment.due_on, instalment.amount) for instalment in plan.instalments
    )


def _plan_words(plan: PaymentPlan) -> str:
    count = len(plan.instalments)
    first, last = plan.instalments[0], plan.instalments[-1]
    instalments = "1 instalment" if count == 1 else f"{count} instalments"
    until = f" to {last.due_on}" if count > 1 else ""
    return f"{instalments}, {shown(plan.total, plan.currency)} in all, {first.due_on}{until}"
