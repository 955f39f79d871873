"""Letters about payment plans: the agreement, an instalment that is due, one that did not come.

Each leaves once, by mail with arsync's own words, and by the rules of every message: the days
between messages, the hours, holidays and pauses. They are steps of no cadence.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from arsync.core.actions import (
    Action,
    ActionKind,
    Because,
    InstalmentLine,
    InvoiceRef,
    PaymentPlanPayload,
    PlanNotice,
    ReminderPayload,
    Via,
)
from arsync.core.actions.message_words import sent_words
from arsync.core.ledger.account_view import days_overdue
from arsync.core.ledger.agreements.payment_plans import (
    PLAN_SLOT,
    JudgedInstalment,
    JudgedPlan,
    PaymentPlanState,
)
from arsync.core.ledger.money import shown
from arsync.core.ledger.records import Invoice
from arsync.core.planning.assessment import Assessment, DunnedParty
from arsync.core.planning.letter_stops import (
    LetterStop,
    another_leaves,
    what_leaves_first,
    what_stops_letters,
)
from arsync.core.planning.plan import HeldBack
from arsync.core.planning.plan_decisions import NOTHING, Decisions, acting, held, holding_back
from arsync.core.planning.planning_context import (
    Planning,
    cited,
    not_written_to,
    what_is_uncertain,
)
from arsync.core.planning.ways import envelope_of, missing_way
from arsync.core.rulebook.model import (
    INSTALMENT_DUE,
    INSTALMENT_MISSED,
    NOWHERE,
    PLAN_AGREED,
    PaymentPlanRules,
    Step,
    StepKind,
)

RULE = "payment plan"
"""What plans and notes name as the rule of these letters."""


class PlanLetter(NamedTuple):
    """A letter that a plan is due."""

    text: str
    judged: JudgedPlan
    about: JudgedInstalment
    key: str
    """Of `payment_plans`: what asks for it."""


def plan_instalment_letters(
    planning: Planning, assessment: Assessment, party: DunnedParty, reminders: Decisions
) -> Decisions:
    """Plan one contact's letters about its payment plans, after its reminders of the day."""
    if not assessment.account.payment_plans:
        return NOTHING
    due = [
        letter
        for letter in letters_due(planning, assessment, party)
        if not planning.is_done(
            plan_letter_action(planning, party, letter).key, assessment.account.done_keys
        )
    ]
    if not due:
        return NOTHING
    stop = _stopped(planning, assessment, party, reminders)
    # One message at a time: the agreement first, then what did not come.
    first, *later = due
    if stop is not None:
        return holding_back(*(_held(planning, party, letter, *stop) for letter in due))
    others = (_held(planning, party, letter, *another_leaves(planning)) for letter in later)
    return acting(plan_letter_action(planning, party, first)) + holding_back(*others)


def plan_next_days(planning: Planning, assessment: Assessment, party: DunnedParty) -> Decisions:
    """Plan to note which instalment comes next, once those before it have come.

    The first one was noted when the plan was recorded.
    """
    if not assessment.account.payment_plans or not_written_to(party):
        return NOTHING
    noted = (
        _next_noted(planning, party, judged, following)
        for judged in assessment.account_view.payment_plans
        if judged.state is PaymentPlanState.KEPT
        and (following := judged.following) is not None
        and following.number > 1
        and judged.plan.contact_id == party.view.contact.id
    )
    done_keys = assessment.account.done_keys
    return acting(
        *(action for action in noted if action and not planning.is_done(action.key, done_keys))
    )


def _next_noted(
    planning: Planning, party: DunnedParty, judged: JudgedPlan, following: JudgedInstalment
) -> Action | None:
    plan = judged.plan
    invoices = owed_of(party, judged)
    if not invoices:
        return None
    lines = (
        InstalmentLine(instalment.due_on, instalment.amount) for instalment in plan.instalments
    )
    amount = shown(following.outstanding, plan.currency)
    return Action(
        payload=PaymentPlanPayload(plan.id, plan.currency, tuple(lines), next_on=following.due_on),
        connection=planning.connection,
        contact_id=plan.contact_id,
        contact_name=party.view.contact.name,
        because=Because("", 0, RULE),
        invoices=tuple(
            InvoiceRef(invoice.id, invoice.number, invoice.amount_due, invoice.currency)
            for invoice in invoices
        ),
        subject=f"plan {plan.id} next {following.number}",
        note=(
            f"Payment plan kept so far: instalment {following.number} of"
            f" {len(plan.instalments)}, {amount}, is due on {following.due_on}."
        ),
    )


def owed_of(party: DunnedParty, judged: JudgedPlan) -> list[Invoice]:
    """Return what is owed still of a plan's invoices, in its order."""
    owed = party.view.account_view.owed_by_id
    return [owed[invoice_id] for invoice_id in judged.plan.invoice_ids if invoice_id in owed]


def letters_due(
    planning: Planning, assessment: Assessment, party: DunnedParty
) -> Iterator[PlanLetter]:
    """Yield the letters that are due today, whether they left before or not."""
    rules, today = planning.assessor.rulebook.payment_plans, planning.today
    counting = {judged.plan.id: judged for judged in assessment.account_view.plan_of.values()}
    for judged in counting.values():
        following = judged.following
        if following is None or judged.plan.contact_id != party.view.contact.id:
            continue
        # Of invoices that cannot be read nobody is written to.
        if not owed_of(party, judged):
            continue
        if judged.plan.is_confirmed:
            yield PlanLetter(PLAN_AGREED, judged, following, "confirm")
        is_late = judged.state is PaymentPlanState.LATE
        since = chased_since(rules, following.due_on)
        if is_late and since is not None and since <= today <= following.in_time_until:
            yield PlanLetter(INSTALMENT_MISSED, judged, following, "chase")
        since = announced_since(rules, following.due_on)
        if since is not None and since <= today <= following.due_on:
            yield PlanLetter(INSTALMENT_DUE, judged, following, "announce")


def announced_since(rules: PaymentPlanRules, due_on: date) -> date | None:
    """Return the first day on which an instalment is announced; None: it is not."""
    return None if rules.announce_days is None else due_on - timedelta(rules.announce_days)


def chased_since(rules: PaymentPlanRules, due_on: date) -> date | None:
    """Return the first day on which an instalment is chased by itself; None: it is not."""
    return None if rules.chase_days is None else due_on + timedelta(rules.chase_days)


def _stopped(
    planning: Planning, assessment: Assessment, party: DunnedParty, reminders: Decisions
) -> LetterStop | None:
    """Return what keeps every letter to the contact today."""
    stop = what_stops_letters(planning, party, what_is_uncertain(planning, assessment.account))
    if stop is not None:
        return stop
    # They are courtesies: where no mail can carry their words, nothing leaves, and no task opens.
    reason = missing_way(planning, Via.SMTP) if party.view.email() else "no email address"
    if reason:
        return LetterStop(reason)
    return what_leaves_first(planning, assessment, party, reminders)


def _held(
    planning: Planning,
    party: DunnedParty,
    letter: PlanLetter,
    reason: str,
    next_date: date | None,
) -> HeldBack:
    return held(
        party,
        f"{letter.text}: {reason}",
        next_date=next_date,
        because=_because(planning, letter),
    )


def _because(planning: Planning, letter: PlanLetter) -> Because:
    rules = planning.assessor.rulebook.payment_plans
    place = rules.places.get(letter.key, rules.place)
    facts = {
        "payment_plan": letter.judged.state.value,
        "next_instalment_on": letter.about.due_on.isoformat(),
        "instalment_amount": str(letter.about.outstanding),
    }
    return Because(place.file, place.line, RULE, facts)


def plan_letter_action(planning: Planning, party: DunnedParty, letter: PlanLetter) -> Action:
    """Return a letter about a plan as the action that it becomes."""
    contact, judged = party.view.contact, letter.judged
    invoices = owed_of(party, judged)
    leaving = planning.places.leaving(contact, party.customer)
    reason = _because(planning, letter)
    step = Step(0, StepKind.EMAIL, letter.text, NOWHERE)
    envelope = envelope_of(planning, party, invoices[0], step, Via.SMTP)
    which = "" if letter.text == PLAN_AGREED else f" {letter.about.number}"
    return Action(
        payload=ReminderPayload(
            cadence=RULE,
            language=planning.places.language(contact, party.customer),
            waits_for=leaving.waits_for,
            about_plan=PlanNotice(
                judged.plan.id,
                letter.about.number,
                letter.about.in_time_until,
                attaches_letter=letter.text == PLAN_AGREED,
            ),
            **envelope._asdict(),
        ),
        connection=planning.connection,
        contact_id=contact.id,
        contact_name=contact.name,
        because=reason,
        invoices=tuple(_ref(planning, invoice, letter) for invoice in invoices),
        subject=f"plan {judged.plan.id} {letter.text}{which}",
        step=letter.text,
        # No platform's own email can say it.
        via=Via.SMTP,
        not_before=leaving.not_before,
        batch_id=f"{contact.id} {leaving.not_before.date()}",
        note=f"{_sent_words(letter)} ({cited(reason)}).",
    )


def _ref(planning: Planning, invoice: Invoice, letter: PlanLetter) -> InvoiceRef:
    return InvoiceRef(
        invoice.id,
        invoice.number,
        invoice.amount_due,
        invoice.currency,
        step=letter.text,
        day=letter.about.number,
        days_overdue=days_overdue(invoice, planning.today),
        slot=f"{PLAN_SLOT} {letter.judged.plan.id}",
    )


def _sent_words(letter: PlanLetter) -> str:
    plan, about = letter.judged.plan, letter.about
    count = len(plan.instalments)
    text = sent_words(ActionKind.REMINDER, letter.text, Via.SMTP)
    if letter.text == PLAN_AGREED:
        return f"{text}: {shown(plan.total, plan.currency)} in {count} instalments"
    amount = shown(about.outstanding, plan.currency)
    return f"{text}: instalment {about.number} of {count}, {amount} due on {about.due_on}"
