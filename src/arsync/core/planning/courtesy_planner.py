"""Thanks for payments, and letters some days after an invoice was issued."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from arsync.core.actions import LetterOccasion
from arsync.core.ledger.money import ZERO, shown
from arsync.core.ledger.records import DocumentStatus, Invoice, Payment
from arsync.core.planning.account_letters import LetterDue, is_in_time
from arsync.core.planning.assessment import Assessment, DunnedParty
from arsync.core.planning.planning_context import Planning
from arsync.core.rulebook.conditions import Answer
from arsync.core.rulebook.facts.invoice_facts import payments_of
from arsync.core.rulebook.model import AfterIssue, EvenIf, OncePer, ThankYou

LIVE = frozenset({DocumentStatus.OPEN, DocumentStatus.PAID})
_STANDING = frozenset({"open", "part"})


def thanks_due(
    planning: Planning, assessment: Assessment, party: DunnedParty
) -> Iterator[LetterDue]:
    """Yield the thanks that a contact is due: one letter for what it paid on a day."""
    rule = planning.assessor.rulebook.thank_you
    if rule is None:
        return
    for invoices in paid_lately(assessment, party, planning.today).values():
        letter = thanks_for(planning, assessment, party, rule, invoices)
        if letter is not None:
            yield letter


def paid_lately(
    assessment: Assessment, party: DunnedParty, today: date, *, whenever_begun: bool = False
) -> dict[date, list[Invoice]]:
    """Return what a contact paid in full, and may be thanked for still, by the day."""
    began = date.min if whenever_begun else assessment.account.taken_over_on or today
    by_day: dict[date, list[Invoice]] = {}
    for invoice in assessment.account.invoices:
        paid_on = invoice.paid_on
        if (
            paid_on is not None
            and invoice.status == DocumentStatus.PAID
            and is_in_time(paid_on, today)
            # What was paid before the connection began its work is not thanked for.
            and paid_on >= began
            and party.view.counts(invoice.contact_id)
        ):
            by_day.setdefault(paid_on, []).append(invoice)
    return by_day


def thanks_for(
    planning: Planning,
    assessment: Assessment,
    party: DunnedParty,
    rule: ThankYou,
    invoices: list[Invoice],
) -> LetterDue | None:
    """Return the thanks for what was paid in full on one day; None: there are none."""
    assessor, paid_on = planning.assessor, invoices[0].paid_on
    payments = payments_of(party.view, paid_on) if paid_on is not None else []
    # A credit note settles an invoice, and is nothing to thank for.
    if paid_on is None or not payments:
        return None
    unknown = ""
    # Who paid one invoice in time and another late that day is not thanked for either.
    for invoice in invoices:
        answer = rule.when.test(party.row, assessor.invoice_row(party, invoice))
        if answer is False:
            return None
        if answer is None:
            unknown = unknown or assessor.unknowns(rule.when, party, invoice)
    amount, currency = _sum_of(payments)
    return LetterDue(
        rule.email,
        rule.name,
        rule.place,
        f"paid {paid_on}",
        assessor.evidence(rule.when, party, invoices[0]),
        rule.via,
        rule.attach,
        rule.approval,
        amount if currency == assessor.rulebook.currency else None,
        tuple(invoices),
        occasion=LetterOccasion(amount_paid=amount, paid_on=paid_on, currency=currency),
        stop=unknown or keeps_quiet(assessment, party, rule.even_if),
    )


def _sum_of(payments: list[Payment]) -> tuple[Decimal | None, str]:
    """Return what was paid that day, and its currency; nothing where there are several."""
    currencies = {payment.currency for payment in payments}
    if len(currencies) > 1:
        return None, ""
    return sum((payment.amount for payment in payments), ZERO), currencies.pop()


def keeps_quiet(assessment: Assessment, party: DunnedParty, even_if: frozenset[str]) -> str:
    """Return why a customer is neither thanked nor asked now; empty where nothing keeps it."""
    view = party.view
    if EvenIf.OVERDUE not in even_if and view.overdue:
        first = view.overdue[0]
        return f"{first.number} is overdue: {shown(first.amount_due, first.currency)}"
    states = view.account_view.dispute_state
    disputed = [invoice for invoice in view.documents if states(invoice.id) in _STANDING]
    if EvenIf.DISPUTED not in even_if and disputed:
        return f"{disputed[0].number} is disputed"
    if EvenIf.HELD not in even_if and assessment.account.hold is not None:
        return "the customer is on hold"
    return ""


def after_issue_due(
    planning: Planning, assessment: Assessment, party: DunnedParty
) -> Iterator[LetterDue]:
    """Yield the letters that a contact is due some days after an invoice was issued."""
    for rule in planning.assessor.rulebook.after_issue:
        for invoice in asked_about(rule, assessment, party, planning.today):
            answer = rule.when.test(party.row, planning.assessor.invoice_row(party, invoice))
            if answer is not False:
                yield letter_after_issue(planning, assessment, party, rule, invoice, answer)


def asked_about(
    rule: AfterIssue, assessment: Assessment, party: DunnedParty, today: date
) -> Iterator[Invoice]:
    """Yield the invoices whose day it is by a rule, whatever its condition says of them."""
    began = assessment.account.taken_over_on or today
    for invoice in assessment.account.invoices:
        if (
            invoice.status in LIVE
            # What was issued before the connection began its work is not asked about.
            and began <= invoice.issued_on <= today
            and party.view.counts(invoice.contact_id)
            and is_in_time(invoice.issued_on + timedelta(rule.days), today)
            and (rule.once_per is OncePer.INVOICE or is_first(assessment, party, invoice))
        ):
            yield invoice


def letter_after_issue(
    planning: Planning,
    assessment: Assessment,
    party: DunnedParty,
    rule: AfterIssue,
    invoice: Invoice,
    answer: Answer,
) -> LetterDue:
    """Return the letter of a rule about an invoice, given what its condition says of it."""
    assessor = planning.assessor
    unknown = assessor.unknowns(rule.when, party, invoice) if answer is None else ""
    return LetterDue(
        rule.email,
        rule.name,
        rule.place,
        "first invoice" if rule.once_per is OncePer.CUSTOMER else invoice.id,
        assessor.evidence(rule.when, party, invoice),
        rule.via,
        rule.attach,
        rule.approval,
        party.view.account_view.converter.amount(
            invoice.total, invoice.currency, invoice.rate, invoice.number
        ),
        (invoice,),
        stop=unknown or keeps_quiet(assessment, party, rule.even_if),
    )


def is_first(assessment: Assessment, party: DunnedParty, invoice: Invoice) -> bool:
    """Return whether no other invoice of the contact is older."""
    own = (
        (issued.issued_on, issued.number, issued.id)
        for issued in assessment.account.invoices
        if issued.status in LIVE and party.view.counts(issued.contact_id)
    )
    return min(own) == (invoice.issued_on, invoice.number, invoice.id)
