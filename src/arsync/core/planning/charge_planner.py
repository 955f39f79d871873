"""Charges: interest and fixed sums for late payment, one bill for each customer and month.

A bill holds the days up to the end of the last month that no earlier bill holds, so a missed run
bills them later, and none twice. Interest runs on the debt as it ran, net (`late_debt`); a fee of
arsync's own bears none.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from arsync.core.actions import Action, ChargeLine, InvoiceRef, LateFeePayload
from arsync.core.ledger.account_view import days_overdue
from arsync.core.ledger.as_of import as_it_stood
from arsync.core.ledger.late_debt import LateDebt
from arsync.core.ledger.late_payment_law import LatePayment, compensation, interest_after
from arsync.core.ledger.money import ZERO, minor_digits, rounded, shown
from arsync.core.ledger.records import DocumentStatus, Invoice
from arsync.core.planning.assessment import Assessment, Assessor, DunnedParty
from arsync.core.planning.due_steps import agreed_stop
from arsync.core.planning.plan_coverage import plan_stop
from arsync.core.planning.plan_decisions import NOTHING, Decisions, acting, held, holding_back
from arsync.core.planning.planning_context import (
    Planning,
    approval_asked,
    because,
    cited,
    left_alone_words,
    not_written_to,
    what_is_uncertain,
)
from arsync.core.rulebook.conditions import ALWAYS
from arsync.core.rulebook.model import Charge

LATE_FEE = "late fee"
"""The text of `Capability`, which lives above the core."""


class ChargedInvoice(NamedTuple):
    """What one invoice is charged."""

    rule: Charge
    invoice: Invoice
    line: ChargeLine


def plan_charges(planning: Planning, assessment: Assessment, party: DunnedParty) -> Decisions:
    """Plan one customer's bills for the months that have ended."""
    rules = planning.assessor.rulebook.charges
    if not rules or not_written_to(party) or party.paused_by is not None:
        return NOTHING
    if left_alone_words(planning, party):
        return NOTHING
    looked = _Month(planning, assessment, party)
    bills: dict[tuple[str, str], list[ChargedInvoice]] = {}
    decisions = NOTHING
    for invoice in looked.late_invoices():
        outcome = looked.charge(invoice)
        if isinstance(outcome, Decisions):
            decisions += outcome
        else:
            bills.setdefault((outcome.rule.name, invoice.currency), []).append(outcome)
    stopped = planning.lacks(LATE_FEE) or what_is_uncertain(planning, assessment.account)
    for charged in bills.values():
        if stopped:
            reason = because(charged[0].rule.place, charged[0].rule.name)
            decisions += holding_back(held(party, stopped, because=reason))
            continue
        action = _action(planning, party, charged, looked.last)
        if not planning.is_done(action.key, assessment.account.done_keys):
            decisions += acting(action)
    return decisions


class _Month:
    """One look at what is late of one customer, at the end of the last month."""

    def __init__(self, planning: Planning, assessment: Assessment, party: DunnedParty) -> None:
        self.planning = planning
        self.assessment = assessment
        self.party = party
        account = assessment.account
        self.last = planning.today.replace(day=1) - timedelta(1)
        """The last day that is billed."""
        begin = self.last.replace(day=1)
        # Debts that were settled before arsync had any say are nobody's surprise later.
        self.paid_since = max(begin, account.taken_over_on or planning.today)
        by_day = sorted(account.charges, key=lambda billed: billed.last)
        self.billed = {billed.invoice_id: billed.last for billed in by_day}
        self.compensated = {line.invoice_id for line in account.charges if line.compensation}

    def late_invoices(self) -> Iterator[Invoice]:
        """Yield what was late in the months that ended, and may be charged."""
        account = self.assessment.account
        for invoice in account.invoices:
            if not self.party.view.counts(invoice.contact_id) or invoice.due_on >= self.last:
                continue
            if invoice.id in account.fees:
                continue  # interest bears no interest
            paid_late = (
                invoice.status == DocumentStatus.PAID
                and invoice.paid_on is not None
                and invoice.paid_on > invoice.due_on
                # What was charged before is charged to its end, however long ago it was paid.
                and (invoice.id in self.billed or invoice.paid_on >= self.paid_since)
            )
            if invoice.status == DocumentStatus.OPEN or paid_late:
                yield invoice

    def charge(self, invoice: Invoice) -> ChargedInvoice | Decisions:
        """Return what one invoice is charged, or why it is not."""
        account_view = self.assessment.account_view
        agreed = agreed_stop(self.assessment, invoice, self.planning.today)
        if agreed is None and account_view.set_aside:
            # Which part of a debt bore how much interest, no bill could tell apart.
            agreed = plan_stop(account_view, invoice, in_part=True)
        for rule in self.planning.assessor.rulebook.charges:
            answer = self.matches(rule, invoice)
            if answer is False:
                continue
            reason = because(rule.place, rule.name)
            if answer is None:
                unknown = self.planning.assessor.unknowns(rule.when, self.party, invoice)
                words = f"not charged by {rule.name!r}: {unknown}"
                return holding_back(held(self.party, words, invoice=invoice, because=reason))
            line = self.line(rule, invoice)
            if isinstance(line, str):
                return holding_back(held(self.party, line, invoice=invoice, because=reason))
            if line is None:
                return NOTHING
            if agreed:
                until = agreed[1]
                stop = held(self.party, agreed[0], invoice=invoice, next_date=until, because=reason)
                return holding_back(stop)
            return ChargedInvoice(rule, invoice, line)
        return NOTHING

    def matches(self, rule: Charge, invoice: Invoice) -> bool | None:
        """Return whether a rule charges an invoice, or did while it was owed."""
        if rule.when.tree == ALWAYS.tree or invoice.id in self.billed:
            return True
        assessor = self.planning.assessor
        if invoice.status == DocumentStatus.OPEN:
            return rule.when.test(self.party.row, assessor.invoice_row(self.party, invoice))
        assert invoice.paid_on is not None, "of paid invoices only those of a known day are asked"
        # Paid, it is not late any more: it is asked as of the last evening on which it was owed.
        day = invoice.paid_on - timedelta(1)
        past = as_it_stood(self.assessment.account, day, zone=self.planning.zone)
        then = Assessor(assessor.rulebook, self.planning.organisation, day, assessor.calendar)
        assessment = then.assess(past)
        contact_id = self.party.view.contact.id
        for party in assessment.parties:
            for owed in party.view.owed:
                if owed.id == invoice.id and party.view.contact.id == contact_id:
                    return rule.when.test(party.row, then.invoice_row(party, owed))
        return False

    def line(self, rule: Charge, invoice: Invoice) -> ChargeLine | str | None:
        """Return what is billed on an invoice; None: nothing; a text: why it is not known."""
        view = self.party.view.account_view
        law = view.statutory
        debt = view.late_debt(invoice)
        free_until = invoice.due_on + timedelta(rule.after_days)
        until = debt.until(self.last)
        if until <= free_until:
            return None
        by_law = rule.is_statutory or rule.compensation
        if by_law and (law is None or law.currency != invoice.currency):
            return f"not charged by {rule.name!r}: no table of the law is in {invoice.currency}"
        after = max(free_until, self.billed.get(invoice.id, free_until))
        amount = self.interest(rule, debt, after, law)
        if amount is None:
            return f"not charged by {rule.name!r}: the law's rate of a half-year is not known"
        fixed = ZERO
        if rule.compensation and law is not None and invoice.id not in self.compensated:
            fixed = compensation(law, debt, self.last) or ZERO
        amount = rounded(amount, invoice.currency)
        if amount + fixed <= 0:
            return None
        number = invoice.number or invoice.id
        first = min(after + timedelta(1), until)
        return ChargeLine(invoice.id, number, first, until, amount, fixed)

    def interest(
        self, rule: Charge, debt: LateDebt, after: date, law: LatePayment | None
    ) -> Decimal | None:
        """Return the interest for the days after the last billed one; None: not known."""
        rate = law if rule.is_statutory else rule.percent_a_year
        return ZERO if rate is None else interest_after(rate, debt, after, self.last)


def _action(
    planning: Planning, party: DunnedParty, charged: list[ChargedInvoice], last: date
) -> Action:
    rule, invoice = charged[0].rule, charged[0].invoice
    lines = tuple(one_charge.line for one_charge in charged)
    total = sum((line.interest + line.compensation for line in lines), ZERO)
    amount = total.quantize(Decimal(1).scaleb(-minor_digits(invoice.currency)))
    contact = party.view.contact
    facts = {"months_until": last.isoformat(), "amount": str(amount)}
    reason = because(rule.place, rule.name, facts)
    billed = shown(amount, invoice.currency)
    waits = approval_asked(party, rule.approval, amount, invoice)
    return Action(
        payload=LateFeePayload(
            amount=amount,
            currency=invoice.currency,
            description=_description(rule, lines, invoice.currency),
            lines=lines,
            is_draft=planning.offers_drafts,
        ),
        connection=planning.connection,
        contact_id=contact.id,
        contact_name=contact.name,
        because=reason,
        invoices=tuple(_ref(planning, party, one_charge.invoice) for one_charge in charged),
        # The month, not its days: what changes in it is still the same bill.
        subject=f"{invoice.currency} {last:%Y-%m}",
        # `as: draft` promises that a person looks at it first.
        needs_approval=waits.needed or not planning.offers_drafts,
        approvers=waits.roles,
        note=f"{rule.name} billed up to {last}: {billed} ({cited(reason)}).",
    )


DESCRIPTION_LINES_MAX = 40
"""So many invoices are named on a bill; the rest is counted. Both platforms cut longer texts."""


def _description(rule: Charge, lines: tuple[ChargeLine, ...], currency: str) -> str:
    texts = [f"{line.number}: {_words(line, currency)}" for line in lines[:DESCRIPTION_LINES_MAX]]
    if len(lines) > DESCRIPTION_LINES_MAX:
        texts.append(f"and {len(lines) - DESCRIPTION_LINES_MAX:,} more invoices")
    what = f"Interest ({rule.text})" if rule.text else "Compensation"
    return f"{what} for late payment: {'; '.join(texts)}"


def _words(line: ChargeLine, currency: str) -> str:
    words = []
    if line.interest:
        words.append(f"{shown(line.interest, currency)} from {line.first} to {line.last}")
    if line.compensation:
        words.append(f"fixed sum {shown(line.compensation, currency)}")
    return ", ".join(words)


def _ref(planning: Planning, party: DunnedParty, invoice: Invoice) -> InvoiceRef:
    view = party.view.account_view
    owed = next((owed for owed in party.view.asked_for if owed.id == invoice.id), None)
    return InvoiceRef(
        invoice.id,
        invoice.number,
        ZERO if owed is None else owed.amount_due,
        invoice.currency,
        days_overdue=0 if owed is None else days_overdue(owed, planning.today),
        document_amount_due=None if owed is None else view.document_due(owed),
        disputed=view.in_dispute.get(invoice.id),
    )
