"""What people said and decided, as events: the log, promises, disputes, holds by hand, limits."""

from __future__ import annotations

from collections.abc import Iterator

from arsync.application.timeline.events import TimelineEvent, TimelineSubject
from arsync.core.ledger.agreements.dispute_reasons import reason_word
from arsync.core.ledger.money import shown


def log_events(subject: TimelineSubject) -> Iterator[TimelineEvent]:
    """Yield each entry of the customer's log."""
    organisation = subject.organisation
    for entry in organisation.store.log.of(organisation.id, subject.ids):
        numbers = subject.numbers([entry.invoice_id] if entry.invoice_id else [])
        about = f" ({numbers[0]})" if numbers else ""
        ended = ""
        if entry.taken_back_at is not None:
            ended = f" [taken back by {entry.taken_back_by}: {entry.taken_back_why}]"
        yield TimelineEvent(
            entry.happened_on,
            str(entry.kind),
            f"{entry.id}: {entry.text}{about}{ended}",
            entry.recorded_at,
            entry.recorded_by,
            invoices=numbers,
        )


PROMISED_NUMBERS_MAX = 3
"""How many invoices of a promise are named; a longer list is cut short."""


def promise_events(subject: TimelineSubject) -> Iterator[TimelineEvent]:
    """Yield each promise to pay on the day it was made, with what became of it."""
    organisation = subject.organisation
    for promise in organisation.store.promises.recorded(organisation.id):
        invoices = [subject.invoices[id_] for id_ in promise.invoice_ids if id_ in subject.invoices]
        if not invoices:
            continue
        currency = invoices[0].currency
        amount = shown(promise.amount, currency) if promise.amount else "all that is due"
        numbers = tuple(invoice.number for invoice in invoices)
        about = ", ".join(numbers[:PROMISED_NUMBERS_MAX])
        if len(numbers) > PROMISED_NUMBERS_MAX:
            about += f" and {len(numbers) - PROMISED_NUMBERS_MAX} more"
        state = {None: "open", True: "kept", False: "broken"}[promise.kept]
        state = "replaced or withdrawn" if promise.replaced else state
        note = f" {promise.note}" if promise.note else ""
        yield TimelineEvent(
            promise.made_on,
            "promise",
            f"{amount} of {about} by {promise.promised_on}: {state}.{note}",
            promise.recorded_at,
            promise.recorded_by,
            invoices=numbers,
        )


def dispute_events(subject: TimelineSubject) -> Iterator[TimelineEvent]:
    """Yield when each dispute was opened, and when it was settled."""
    organisation = subject.organisation
    for dispute in organisation.store.disputes.recorded(organisation.id):
        invoice = subject.invoices.get(dispute.invoice_id)
        if invoice is None:
            continue
        numbers = (invoice.number,)
        disputed = f", {shown(dispute.amount, invoice.currency)} of it" if dispute.amount else ""
        code = f" ({reason_word(dispute.code)})" if dispute.code else ""
        owner = f"; {dispute.owner} answers" if dispute.owner else ""
        yield TimelineEvent(
            dispute.opened_on,
            "dispute",
            f"{invoice.number}{disputed}: {dispute.reason}{code}{owner}",
            dispute.recorded_at,
            dispute.recorded_by,
            invoices=numbers,
        )
        if dispute.settled_on is not None:
            note = f": {dispute.outcome_note}" if dispute.outcome_note else ""
            outcome = f", {dispute.outcome}" if dispute.outcome else ""
            yield TimelineEvent(
                dispute.settled_on,
                "dispute",
                f"{invoice.number}: settled{outcome}{note}",
                by=dispute.settled_by,
                invoices=numbers,
                ends=True,
            )


def payment_plan_events(subject: TimelineSubject) -> Iterator[TimelineEvent]:
    """Yield when each payment plan was agreed, and when it was ended."""
    organisation = subject.organisation
    rows = {row.id: row for row in organisation.store.payment_plans.rows(organisation.id)}
    for plan in organisation.store.payment_plans.recorded(organisation.id):
        if plan.contact_id not in subject.ids:
            continue
        numbers, row = subject.numbers(plan.invoice_ids), rows[plan.id]
        count = len(plan.instalments)
        text = (
            f"{shown(plan.total, plan.currency)} for {', '.join(numbers)} in {count:,} parts"
            f" from {plan.instalments[0].due_on} to {plan.instalments[-1].due_on}"
        )
        note = f": {row.note}" if row.note else ""
        yield TimelineEvent(
            plan.made_on,
            "payment plan",
            f"{plan.id}: {text}{note}",
            row.recorded_at,
            row.recorded_by,
            invoices=numbers,
        )
        if plan.cancelled_on is not None:
            text = f"{plan.id}: ended"
            yield TimelineEvent(
                plan.cancelled_on,
                "payment plan",
                text,
                by=row.cancelled_by,
                invoices=numbers,
                ends=True,
            )


def placement_events(subject: TimelineSubject) -> Iterator[TimelineEvent]:
    """Yield when debts were placed with somebody, and when the placement ended."""
    organisation = subject.organisation
    for placement in organisation.store.placements.rows(organisation.id, subject.ids):
        numbers = subject.numbers(debt.invoice_id for debt in placement.debts)
        yield TimelineEvent(
            placement.placed_on,
            "placement",
            f"{', '.join(numbers)} placed with {placement.agency}",
            placement.recorded_at,
            placement.recorded_by,
            placement.key,
            numbers,
        )
        if placement.ended_on is not None:
            reason = f": {placement.ended_why}" if placement.ended_why else ""
            yield TimelineEvent(
                placement.ended_on,
                "placement",
                f"{placement.ended_as} by {placement.agency}{reason}"
                if placement.ended_as == "returned"
                else f"{placement.ended_as} from {placement.agency}{reason}",
                by=placement.ended_by,
                invoices=numbers,
                ends=True,
            )


def hold_events(subject: TimelineSubject) -> Iterator[TimelineEvent]:
    """Yield each hold or release by hand, and its end before its day."""
    organisation = subject.organisation
    for decision in organisation.store.holds.of(organisation.id, subject.ids):
        what = "to be held" if decision.is_hold else "to be released"
        until = f" until {decision.until}" if decision.until else ""
        yield TimelineEvent(
            decision.made_on,
            "hold by hand",
            f"{what}{until}: {decision.reason}",
            decision.decided_at,
            decision.decided_by,
        )
        if decision.ended_at is not None:
            yield TimelineEvent(
                subject.day_of(decision.ended_at),
                "hold by hand",
                f"no longer {what}: {decision.ended_why}",
                decision.ended_at,
                decision.ended_by,
            )


def limit_events(subject: TimelineSubject) -> Iterator[TimelineEvent]:
    """Yield each credit limit that the customer came to have."""
    organisation = subject.organisation
    rulebook = organisation.rules.rulebook
    currency = rulebook.currency if rulebook else ""
    for limit in organisation.store.limits.of(organisation.id, subject.ids):
        if limit.amount is not None:
            amount = shown(limit.amount, currency)
        else:
            amount = "no limit" if limit.is_unlimited else "none that is known"
        until = f" until {limit.until}" if limit.until else ""
        rule = f": {limit.rule}" if limit.rule else ""
        yield TimelineEvent(
            limit.since,
            "credit limit",
            f"{amount}{until}{rule}",
            limit.recorded_at,
            limit.recorded_by,
        )
