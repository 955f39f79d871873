"""The page of one customer: what it owes, what comes next and why, and everything that happened."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from arsync.application.desk.alerts import OpenAlert, open_alerts
from arsync.application.desk.customer_figures import (
    Age,
    Assessed,
    CustomerFigures,
    CustomerReader,
    ages_of,
    figures_of,
    sums_of,
)
from arsync.application.desk.waiting import Waiting, waiting_about
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.timeline.credit import CREDIT_KINDS
from arsync.application.timeline.customer_timeline import kept_events
from arsync.application.timeline.events import TimelineEvent, TimelineSubject
from arsync.core.actions.registry import MESSAGE_KINDS
from arsync.core.ledger.account_view import HISTORY_DAYS
from arsync.core.ledger.agreements.disputes import is_standing
from arsync.core.ledger.agreements.payment_plans import JudgedPlan
from arsync.core.ledger.agreements.promises import BROKEN, OPEN, JudgedPromise
from arsync.core.ledger.likely_queries import likely_queries
from arsync.core.ledger.records import Contact, Dispute, Invoice, LogKind, RecordKind
from arsync.core.planning.explanation import explain
from arsync.core.planning.plan import HeldBack, Plan
from arsync.core.planning.rules_read import ReasonLine
from arsync.core.rulebook.facts import contact_figures
from arsync.core.rulebook.facts.payable_facts import OwedToThem, owed_to_them
from arsync.core.rulebook.model import Place
from arsync.errors import UserMistake
from arsync.store.agreements.pinned_entries import Pin
from arsync.translation import ReaderText, gettext

INVOICES_SHOWN = 10
EVENTS_SHOWN = 30

_PROMISED = {OPEN: ReaderText("promised"), BROKEN: ReaderText("promise broken")}
EVENTS_MAX = 500
EXPLAINED_MAX = 200
"""With more open invoices than these, what comes next is not worked out for each of them."""


class OpenInvoice(NamedTuple):
    """One open invoice; its amount due is net of unapplied cash."""

    invoice: Invoice
    days: int
    """Past its due date; below 1: it is not."""
    last_step: str
    last_on: date | None
    next: str
    """In words what comes next; empty: it was not worked out."""
    state: str
    """`promised`, `disputed`, `payment plan`, `placed with ...`; empty: none of them."""
    queries: tuple[str, ...] = ()
    """What the customer will ask about it before it pays, in words."""


class OpenDispute(NamedTuple):
    """A dispute that stands, and its invoice."""

    invoice: Invoice
    dispute: Dispute


class CustomerAgreements(NamedTuple):
    """What was agreed with the customer and is not over."""

    promises: tuple[JudgedPromise, ...]
    plans: tuple[JudgedPlan, ...]
    disputes: tuple[OpenDispute, ...]
    kept: int
    """Promises within a year."""
    broken: int


class TreatmentLine(NamedTuple):
    """One line of how the rulebook treats the customer."""

    name: str
    words: str
    place: Place | None = None


class NextSteps(NamedTuple):
    """What comes next."""

    waits: tuple[Waiting, ...]
    """What is stored: for a person, or on its way."""
    held: HeldBack | None
    """The first thing that is held back and comes again on a day, where nothing waits."""
    problem: str
    """Why it cannot be said; empty: it can."""


class PinnedEvent(NamedTuple):
    """An entry that is kept on top."""

    event: TimelineEvent
    pin: Pin


class CustomerPage(NamedTuple):
    """Everything the page shows."""

    contact: Contact
    assessed: Assessed
    figures: CustomerFigures
    ages: tuple[Age, ...]
    since: date | None
    parent: Contact | None
    children: tuple[Contact, ...]
    invoices: tuple[OpenInvoice, ...]
    invoices_left_out: int
    owed: dict[str, Decimal]
    """By currency, net."""
    next: NextSteps
    agreements: CustomerAgreements
    treatment: tuple[TreatmentLine, ...]
    events: tuple[TimelineEvent, ...]
    """The newest first."""
    events_left_out: int
    pinned: tuple[PinnedEvent, ...]
    """What somebody keeps on top, whatever is shown below; the newest first."""
    platform_page: str
    """Where people see it at the platform; empty: nowhere."""
    doubts: tuple[str, ...]
    alerts: tuple[OpenAlert, ...] = ()
    owed_to_them: OwedToThem | None = None
    """What is owed to it as a supplier; None: nothing, or bills are not read."""
    application: int | None = None
    """The number of its newest application for credit; None: it never applied."""


EVENT_GROUPS = {
    "letters": frozenset(kind.value.replace("_", " ") for kind in MESSAGE_KINDS) | {"mail"},
    "money": frozenset({"invoice", "payment", "credit", "late fee", "credit note"}),
    "people": frozenset(kind.value for kind in LogKind)
    | {"promise", "dispute", "payment plan", "placement", "task", "task done"},
    "credit": frozenset(
        {"credit hold", "lift credit hold", "hold reasons", "terms", "restore terms"}
        | {"hold by hand", "credit limit"}
        | CREDIT_KINDS
    ),
}
"""Which kinds of event each filter of the timeline shows."""


def found_contact(organisation: OrganisationContext, contact_id: str) -> Contact:
    """Return a customer by its id.

    Raises:
        UserMistake: there is none of that id.
    """
    stored = organisation.store.ledger.records(organisation.id, RecordKind.CONTACTS, [contact_id])
    if contact_id not in stored:
        raise UserMistake(
            gettext(
                "there is no customer %(contact_id)s in %(name)s.",
                contact_id=repr(contact_id[:60]),
                name=organisation.name,
            )
        )
    contact: Contact = stored[contact_id]
    return contact


def customer_read(organisation: OrganisationContext, contact_id: str) -> Assessed:
    """Return a customer of today.

    Raises:
        UserMistake: there is none of that id.
    """
    people = CustomerReader(organisation).some([contact_id])
    if contact_id not in people:
        found_contact(organisation, contact_id)
        raise UserMistake(gettext("this customer has no account: the next run reads the ledger."))
    return people[contact_id]


def customer_page(
    actor: Actor,
    organisation: OrganisationContext,
    contact_id: str,
    *,
    events_of: str = "",
    all_invoices: bool = False,
    all_events: bool = False,
) -> CustomerPage:
    """Return the page of a customer.

    Args:
        actor: who looks.
        organisation: whose customer.
        contact_id: its id at the platform.
        events_of: one of `EVENT_GROUPS`; empty: everything.
        all_invoices: also those that are left out at first.
        all_events: also the earlier ones, up to `EVENTS_MAX`.

    Raises:
        UserMistake: there is no such customer.
    """
    permit(actor, Permission.READ)
    assessed = customer_read(organisation, contact_id)
    contact, view = assessed.contact, assessed.view
    waits = waiting_about(organisation, [contact_id]).get(contact_id, [])
    plan, lines, problem = _planned(organisation, assessed)
    shown = view.owed if all_invoices else view.owed[:INVOICES_SHOWN]
    nexts = {line.text.partition(": ")[0]: line.text for line in lines if line.section == "next"}
    every_event = _events(organisation, assessed)
    kinds = EVENT_GROUPS.get(events_of)
    events = [event for event in every_event if kinds is None or event.kind in kinds]
    pins = organisation.store.pins.of(organisation.id, contact_id)
    newest = events[: EVENTS_MAX if all_events else EVENTS_SHOWN]
    members = assessed.account.contacts
    by_id = {member.id: member for member in members}
    return CustomerPage(
        contact,
        assessed,
        figures_of(assessed),
        ages_of(assessed),
        contact_figures.customer_since(view),
        by_id.get(contact.parent_id),
        tuple(member for member in members if member.parent_id == contact.id),
        tuple(open_invoice(assessed, invoice, nexts) for invoice in shown),
        len(view.owed) - len(shown),
        sums_of(view.owed),
        NextSteps(tuple(waits), _held(plan, contact_id), problem),
        _agreements(assessed),
        tuple(_treatment(assessed, CustomerReader(organisation))),
        tuple(newest),
        len(events) - len(newest),
        tuple(
            PinnedEvent(event, pins[event.mark])
            for event in (every_event if pins else ())
            if event.mark in pins
        ),
        platform_page(organisation, RecordKind.CONTACTS, contact.id),
        assessed.account.doubts,
        tuple(open_alerts(organisation, assessed.account, contact_id)),
        owed_to_them(view),
        _newest_application(organisation, assessed),
    )


def _newest_application(organisation: OrganisationContext, assessed: Assessed) -> int | None:
    standing = assessed.account.credit_of(assessed.contact.id)
    if standing is None:
        return None
    applications = organisation.store.credit.all(organisation.id, [standing.contact_id])
    return max((application.number for application in applications), default=None)


def _planned(
    organisation: OrganisationContext, assessed: Assessed
) -> tuple[Plan | None, list[ReasonLine], str]:
    """Return the plan of this customer alone, its explanation, or why there is none."""
    try:
        plan = organisation.replan_one(assessed.account)
        if len(assessed.view.owed) > EXPLAINED_MAX:
            return plan, [], ""
        lines = explain(
            assessed.account,
            organisation.rulebook,
            plan,
            organisation=organisation.connection.organisation,
            contact_id=assessed.contact.id,
            calendar=organisation.bank_days,
        )
    except UserMistake as mistake:
        return None, [], str(mistake).splitlines()[0]
    return plan, lines, ""


def _held(plan: Plan | None, contact_id: str) -> HeldBack | None:
    if plan is None:
        return None
    held = [held_back for held_back in plan.held_back if held_back.contact_id == contact_id]
    dated = [held_back for held_back in held if held_back.next_date is not None]
    return min(
        dated, key=lambda held_back: held_back.next_date or date.max, default=next(iter(held), None)
    )


def open_invoice(assessed: Assessed, invoice: Invoice, nexts: dict[str, str]) -> OpenInvoice:
    """Return an open invoice with the last step taken, and what comes next by its number."""
    view = assessed.account_view
    steps = view.sent.get(invoice.id, [])
    last = steps[-1] if steps else None
    number = invoice.number or invoice.id
    return OpenInvoice(
        invoice,
        (view.today - invoice.due_on).days,
        last.step if last else "",
        last.on if last else None,
        nexts.get(number, "").partition(": ")[2],
        _state(assessed, invoice),
        tuple(likely_queries(view.document_of(invoice), view.account.invoices, view.today)),
    )


def _state(assessed: Assessed, invoice: Invoice) -> str:
    view = assessed.account_view
    if not view.has_agreements:
        return ""
    if invoice.id in view.in_dispute:
        return ReaderText("disputed")
    judged_plan = view.plan_of.get(invoice.id)
    if judged_plan is not None and judged_plan.is_standing:
        return ReaderText("payment plan")
    placement = view.placed(invoice.id)
    if placement is not None:
        return gettext("with %(agency)s", agency=placement.agency)
    judged = view.promises.get(invoice.id)
    if judged is None:
        return ""
    return _PROMISED.get(judged.state, "")


def _agreements(assessed: Assessed) -> CustomerAgreements:
    view, own = assessed.account_view, assessed.view.own_invoice_ids
    judged = [each for each in view.judged_promises if own.intersection(each.promise.invoice_ids)]
    recent = view.today - timedelta(days=HISTORY_DAYS)
    of_year = [each for each in judged if each.promise.made_on >= recent]
    standing = [
        OpenDispute(invoice, view.disputes[invoice.id])
        for invoice in (assessed.view.documents if view.disputes else ())
        if invoice.id in view.disputes and is_standing(view.disputes[invoice.id], view.today)
    ]
    return CustomerAgreements(
        tuple(each for each in judged if each.state in {OPEN, BROKEN}),
        tuple(plan for plan in view.payment_plans if plan.is_standing),
        tuple(standing),
        sum(each.state == "kept" for each in of_year),
        sum(each.broken_on is not None for each in of_year),
    )


def _treatment(assessed: Assessed, reader: CustomerReader) -> Iterator[TreatmentLine]:
    contact, assessment = assessed.contact, assessed.assessment
    if assessment is not None and reader.assessor is not None:
        party = assessment.party_of(contact.id)
        if party.left_alone is not None:
            rule = party.left_alone.rule
            yield TreatmentLine(gettext("Left alone"), rule.name, rule.place)
        if party.paused_by is not None:
            entry = party.paused_by
            words = "; ".join(
                f"{pause.by}: {pause.reason}"
                for pause in assessed.account.pauses
                if pause.until == entry.pause_until
            )
            text = gettext("until %(pause_until)s", pause_until=entry.pause_until) + (
                f" ({words})" if words else ""
            )
            yield TreatmentLine(gettext("Left alone"), text, entry.place)
        cadences, _ = reader.assessor.cadences(party)
        for cadence in cadences[:1]:
            yield TreatmentLine(gettext("Cadence"), cadence.name, cadence.place)
        if assessment.limit_rule is not None:
            yield TreatmentLine(
                gettext("Limit"), assessment.limit_rule.name, assessment.limit_rule.place
            )
        for reason in assessment.reasons:
            yield TreatmentLine(gettext("Hold reason"), reason.name, reason.place)
    decision = assessed.account.hold_decision
    if decision is not None and decision.stands_on(assessed.account_view.today):
        yield TreatmentLine(gettext("By hand"), decision.words)
    if contact.terms:
        yield TreatmentLine(gettext("Terms"), contact.terms)
    addresses = ", ".join(filter(None, (contact.email, *contact.more_emails)))
    yield TreatmentLine(gettext("Letters to"), addresses or gettext("no email address"))


def _events(organisation: OrganisationContext, assessed: Assessed) -> list[TimelineEvent]:
    contact = assessed.contact
    merged = [m.id for m in assessed.account.contacts if m.merged_into == contact.id]
    today = assessed.account_view.today
    subject = TimelineSubject(organisation, contact, (contact.id, *merged), today)
    return list(reversed(kept_events(subject)))


def platform_page(organisation: OrganisationContext, kind: RecordKind, record_id: str) -> str:
    """Return the address at which people see a record at the platform; empty: none."""
    if organisation.settings_problem:
        return ""
    return organisation.platform.record_page(
        kind,
        record_id,
        organisation.connection.organisation_id,
        organisation.platform_settings,
    )
