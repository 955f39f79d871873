"""Applications for credit as events: what was asked for, who spoke for it, what was decided."""

from __future__ import annotations

from collections.abc import Iterator

from arsync.application.timeline.events import TimelineEvent, TimelineSubject
from arsync.core.ledger.agreements.credit_applications import CreditApplication, CreditReference
from arsync.core.ledger.money import shown
from arsync.core.planning.credit_planner import agreed_in_words

APPLICATION, REFERENCE, DECISION = "application for credit", "reference", "credit decision"
CREDIT_KINDS = frozenset({APPLICATION, REFERENCE, DECISION})


def credit_events_of(subject: TimelineSubject) -> Iterator[TimelineEvent]:
    """Yield each application with its references, and each decision with its end."""
    organisation = subject.organisation
    store = organisation.store.credit
    applications = store.all(organisation.id, list(subject.ids))
    if not applications:
        return
    own_letters = {row.key for row in subject.actions}
    for application in applications:
        yield TimelineEvent(application.applied_on, APPLICATION, _asked_for(application))
        for reference in application.references:
            yield from _of_reference(application, reference, own_letters)
    for decision in store.decisions(organisation.id, [each.number for each in applications]):
        agreed = decision.agreed
        rule = f" ({agreed.rule})" if agreed.rule else ""
        yield TimelineEvent(
            agreed.decided_on,
            DECISION,
            f"{agreed_in_words(agreed)}{rule}",
            decision.decided_at,
            agreed.decided_by,
        )
        if decision.ended_at is not None:
            yield TimelineEvent(
                subject.day_of(decision.ended_at),
                DECISION,
                f"no longer stands: {decision.ended_why}",
                decision.ended_at,
                decision.ended_by,
            )


def _asked_for(application: CreditApplication) -> str:
    amount = application.limit_asked
    limit = f" with a limit of {shown(amount, application.currency)}" if amount is not None else ""
    terms = f", terms {application.terms_asked}" if application.terms_asked else ""
    return f"applied for credit{limit}{terms}"


def _of_reference(
    application: CreditApplication, reference: CreditReference, own_letters: set[str]
) -> Iterator[TimelineEvent]:
    # Letters that left while it was no customer yet are none of its actions.
    letters = (
        (reference.letter_key, reference.asked_on, "asked"),
        (reference.reminder_key, reference.reminded_on, "reminded"),
    )
    for key, day, done in letters:
        if day is not None and key not in own_letters:
            yield TimelineEvent(day, REFERENCE, f"{reference.name} was {done}")
    if reference.answer is not None and reference.answered_on is not None:
        granted = reference.limit_granted
        words = [
            f"{reference.name} answered: {reference.answer}",
            f"has known it for {reference.known_for}" if reference.known_for else "",
            f"grants {shown(granted, application.currency)}" if granted is not None else "",
            f"pays {reference.pays}" if reference.pays else "",
        ]
        text = ", ".join(filter(None, words))
        yield TimelineEvent(reference.answered_on, REFERENCE, text)
