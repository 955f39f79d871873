"""Explain: why something is done to a contact or an invoice, or why it is not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from arsync.core.actions import Action
from arsync.core.ledger.account_view import HISTORY_DAYS, AccountView
from arsync.core.ledger.agreements.disputes import is_standing
from arsync.core.ledger.agreements.placements import recovered, state_of
from arsync.core.ledger.agreements.promises import BROKEN, OPEN
from arsync.core.ledger.business_days import Calendar, days_in_words
from arsync.core.ledger.late_debt import LateDebt
from arsync.core.ledger.late_payment_law import LatePayment, compensation, interest
from arsync.core.ledger.money import shown
from arsync.core.ledger.records import Account, Invoice, Organisation
from arsync.core.ledger.unapplied_cash import less_cash
from arsync.core.planning.assessment import Assessment, Assessor, DunnedParty
from arsync.core.planning.cadence_steps import Due, cadence_for, cadence_of, next_step
from arsync.core.planning.due_steps import covered_words, dispute_words, is_for, waiting_words
from arsync.core.planning.placement_planner import placement_words
from arsync.core.planning.plan import Plan
from arsync.core.planning.plan_coverage import plan_in_full
from arsync.core.planning.rules_read import ReasonLine, rules_read
from arsync.core.planning.taking_over import passed_over
from arsync.core.rulebook.facts.payable_facts import owed_to_them
from arsync.core.rulebook.model import (
    Rulebook,
)

_SHOWN = (
    "balance",
    "overdue_amount",
    "exposure",
    "credit_limit",
    "oldest_days_overdue",
    "average_days_late",
    "promise_to_pay",
    "dispute",
    "on_hold",
)
_SHOWN_OF_CASH = ("gross_balance", "unapplied_cash")
"""What makes the balance a net one; shown where there is cash."""


def explain(
    account: Account,
    rulebook: Rulebook,
    plan: Plan,
    *,
    organisation: Organisation,
    contact_id: str = "",
    invoice_id: str = "",
    calendar: Calendar | None = None,
) -> list[ReasonLine]:
    """Return, line by line, the rules read in order, what matched, and what comes next.

    Args:
        account: the debtor.
        rulebook: what is read.
        plan: of this account, for its day.
        organisation: for its base currency.
        contact_id: which of the account's contacts; empty: the parent.
        invoice_id: which invoice; empty: all open ones.
        calendar: the days on which banks work; None: no public holidays are known.
    """
    # Assessed again: a plan keeps its decisions, but not the facts they rest on.
    assessor = Assessor(rulebook, organisation, plan.as_of, calendar, plan.ledger_due)
    assessment = assessor.assess(account)
    # As it is assessed, if it is: a discount that was taken is not owed.
    invoices = (*assessment.account.invoices, *account.invoices)
    invoice = next(
        (open_invoice for open_invoice in invoices if open_invoice.id == invoice_id), None
    )
    party = _party(assessment, contact_id or (invoice.contact_id if invoice else ""))
    cash = _SHOWN_OF_CASH if assessment.account_view.cash else ()
    lines = [
        ReasonLine("facts", f"{name} {assessor.fact_in_words(party, name)}")
        for name in (_SHOWN[0], *cash, *_SHOWN[1:])
    ]
    lines += rules_read(assessor, assessment, party, invoice_id)
    for open_invoice in [invoice] if invoice else party.view.documents:
        lines += _invoice(assessor, assessment, party, open_invoice)
    owed = owed_to_them(party.view)
    if owed is not None and not invoice_id:
        lines.append(ReasonLine("payables", owed.words))
    lines += _disputes(party, invoice_id)
    lines += _promises(party, invoice_id)
    lines += _payment_plans(party, invoice_id)
    lines += _placements(assessment, party, invoice_id)
    lines += _open_tasks(assessment, party, plan, invoice_id)
    lines += _late_payment(party, invoice)
    # A hold is placed on the parent, and explains its children as well.
    ids = {party.view.contact.id, assessment.root.view.contact.id}
    for action in plan.actions:
        about = not invoice_id or not action.invoices
        if action.contact_id in ids and (
            about or any(ref.id == invoice_id for ref in action.invoices)
        ):
            lines.append(
                ReasonLine("planned", action.note.removesuffix(".") + _when(action), answer=True)
            )
    for held in plan.held_back:
        if held.contact_id in ids and held.invoice_id in {"", invoice_id or held.invoice_id}:
            number = f"{held.invoice_number}: " if held.invoice_number else ""
            after = f"; again on {held.next_date}" if held.next_date else ""
            lines.append(ReasonLine("held back", f"{number}{held.why}{after}", answer=False))
    return lines


def _open_tasks(
    assessment: Assessment, party: DunnedParty, plan: Plan, invoice_id: str
) -> list[ReasonLine]:
    """Return the open tasks, and why those end whose reason is gone."""
    ended = {task.key: task.reason for task in plan.ended_tasks}
    lines: list[ReasonLine] = []
    for task in assessment.account.tasks:
        about = not invoice_id or not task.invoice_ids or invoice_id in task.invoice_ids
        if task.done_on is not None or not about or not party.view.counts(task.contact_id):
            continue
        tried = f"; tried: {task.outcome}" if task.outcome else ""
        end = f"; ends: {ended[task.key]}" if task.key in ended else ""
        lines.append(ReasonLine("tasks", f"{task.text}, open since {task.opened_on}{tried}{end}"))
    return lines


def _when(action: Action) -> str:
    from_ = f"from {action.not_before:%Y-%m-%d %H:%M}" if action.not_before else ""
    if from_ and action.payload.waits_for_holidays:
        from_ += f" ({action.payload.waits_for_holidays})"
    conditions = [condition for condition in (from_, _once_approved(action)) if condition]
    return f"; {', '.join(conditions)}" if conditions else ""


def _once_approved(action: Action) -> str:
    if not action.approvers:
        return "once approved" if action.needs_approval else ""
    return f"once approved by {' and '.join(action.approvers)}"


def _party(assessment: Assessment, contact_id: str) -> DunnedParty:
    for party in assessment.parties:
        covers = party.view.covers
        if contact_id == party.view.contact.id or (covers is not None and contact_id in covers):
            return party
    return assessment.root


def _invoice(
    assessor: Assessor, assessment: Assessment, party: DunnedParty, invoice: Invoice
) -> list[ReasonLine]:
    today = assessor.today
    days = (today - invoice.due_on).days
    age = f"{days_in_words(days)} overdue" if days > 0 else f"due on {invoice.due_on}"
    owed = shown(invoice.amount_due, invoice.currency)
    if invoice.issued_on > today:
        text = f"{invoice.number}: {owed}, dated {invoice.issued_on}: it counts from that day on"
        return [ReasonLine("invoice", text)]
    owed = _owed_words(assessment.account_view, invoice)
    lines = [ReasonLine("invoice", f"{invoice.number}: {owed}, {age}, {invoice.status}")]
    taken_steps = assessment.account_view.sent.get(invoice.id, ())
    lines += [
        ReasonLine("sent", f"{invoice.number}: step {sent_step.step} on {sent_step.on}")
        for sent_step in taken_steps
    ]
    cadences, _ = assessor.cadences(party)
    cadence = cadence_of(cadences, assessment.account_view, invoice)
    if cadence is None or all(invoice.id != owed.id for owed in party.view.owed):
        return lines
    cadence = cadence_for(cadence, invoice.id, assessment.account)
    passed = passed_over(
        assessor.rulebook.take_over,
        cadence,
        invoice,
        assessment.account,
        today=today,
        taken_steps=taken_steps,
        asks=lambda step: is_for(assessor, step, party, invoice),
    )
    due = next_step(
        cadence,
        invoice,
        today=today,
        taken_steps=taken_steps,
        refused=passed,
        tasks=assessment.account.tasks,
        broken_on=assessment.account_view.broken_on(invoice.id),
        seen_on=assessment.account.first_seen.get(invoice.id),
        asks=lambda step: is_for(assessor, step, party, invoice),
    )
    if passed:
        take_over = assessor.rulebook.take_over.text
        skipped = ", ".join(cadence.steps[index].text for index in passed)
        lines.append(
            ReasonLine("take_over", f"{invoice.number}: {take_over}, so not with: {skipped}")
        )
    text = "no step is left" if due is None else _next_words(assessor, due, party, invoice)
    place = due.step.place if due else cadence.place
    lines.append(ReasonLine("next", f"{invoice.number}: {text}", place=place))
    return lines


def _payment_plans(party: DunnedParty, invoice_id: str) -> Iterator[ReasonLine]:
    """Yield the payment plans, the newest first, and what has come of them."""
    view = party.view.account_view
    for judged in reversed(view.payment_plans):
        ids = judged.plan.invoice_ids
        own = any(document_id in party.view.own_invoice_ids for document_id in ids)
        if own and invoice_id in {"", *ids}:
            yield ReasonLine("payment plan", plan_in_full(judged))


def _promises(party: DunnedParty, invoice_id: str) -> Iterator[ReasonLine]:
    """Yield the promises, and what became of each."""
    view = party.view.account_view
    invoices = {invoice.id: invoice for invoice in view.account.invoices}
    for judged in view.judged_promises:
        promise = judged.promise
        own = [invoices[id_] for id_ in promise.invoice_ids if id_ in party.view.own_invoice_ids]
        if not own or invoice_id not in {"", *promise.invoice_ids}:
            continue
        numbers = ", ".join(invoice.number or invoice.id for invoice in own)
        currency = own[0].currency
        amount = "all that is due" if promise.amount is None else shown(promise.amount, currency)
        words = f"{numbers}: {amount} by {promise.promised_on}: {judged.state}"
        if judged.state == OPEN and judged.missing is not None and judged.missing != promise.amount:
            words += f", {shown(judged.missing, currency)} still to come"
        if judged.broken_on is not None:
            words += f"{'' if judged.state == BROKEN else ', broken'} on {judged.broken_on}"
        elif judged.state == OPEN and view.today > promise.promised_on:
            words += f", money counts that is paid until {judged.until}"
        yield ReasonLine("promises", words)


def _disputes(party: DunnedParty, invoice_id: str) -> Iterator[ReasonLine]:
    """Yield the open disputes, with who answers them and what is needed."""
    view = party.view.account_view
    for invoice in party.view.documents if view.disputes else ():
        dispute = view.disputes.get(invoice.id)
        if dispute is None or invoice_id not in {"", invoice.id}:
            continue
        if not is_standing(dispute, view.today):
            continue
        days = days_in_words((view.today - dispute.opened_on).days)
        words = [dispute_words(view, invoice), days]
        words += [f"answered by {dispute.owner}"] if dispute.owner else []
        words += [f"needed: {dispute.needs}"] if dispute.needs else []
        yield ReasonLine("disputes", f"{invoice.number or invoice.id}: {', '.join(words)}")


def _next_words(assessor: Assessor, due: Due, party: DunnedParty, invoice: Invoice) -> str:
    """Return which step comes next, on which day, and what it depends on."""
    step, text = due.step, f"{due.step.text} {_from(due.on, assessor.today)}"
    if due.waits_for is not None:
        text += f", {waiting_words(due.waits_for)}"
    elif step.when is not None and due.on > assessor.today:
        # Its condition is asked on its day; what it says today may be another answer by then.
        text += f", if it is for this invoice then: {assessor.words(step.when, party, invoice)}"
    elif due.is_unsure and step.when is not None:
        text += f", if it is for this invoice: {assessor.unknowns(step.when, party, invoice)}"
    return text


def _placements(
    assessment: Assessment, party: DunnedParty, invoice_id: str
) -> Iterator[ReasonLine]:
    """Yield the latest placement of each invoice that was placed, and what it brought."""
    account_view = assessment.account_view
    invoices = {invoice.id: invoice for invoice in assessment.account.invoices}
    for placed_id, placement in account_view.placements.items():
        invoice = invoices.get(placed_id)
        if invoice is None or not party.view.counts(invoice.contact_id):
            continue
        if invoice_id in {"", placed_id}:
            state = state_of(placement, [invoice], assessment.account)
            money = recovered(placement, assessment.account)
            sums = " and ".join(shown(amount, currency) for currency, amount in money.items())
            words = f"{placement_words(state, placement.agency)}, placed on {placement.placed_on}"
            text = f"{invoice.number or placed_id}: {words}, {sums or 'nothing'} recovered"
            yield ReasonLine("placed", text)


def _late_payment(party: DunnedParty, invoice: Invoice | None) -> list[ReasonLine]:
    """Return what the law gives for each invoice that was paid late, or is late, in a year."""
    view = party.view.account_view
    law = view.statutory
    if law is None:
        return []
    invoices = (
        [invoice]
        if invoice
        else [x for x in view.account.invoices if party.view.counts(x.contact_id)]
    )
    lines = []
    for late in invoices:
        debt = view.late_debt(late)
        last = debt.until(view.today)
        is_recent = (view.today - last).days < HISTORY_DAYS
        if last > debt.due_on and is_recent and late.currency == law.currency:
            lines.append(ReasonLine("late payment", _by_law(law, late, debt, view.today)))
    return lines


def _by_law(law: LatePayment, invoice: Invoice, debt: LateDebt, today: date) -> str:
    extra, fixed = interest(law, debt, today), compensation(law, debt, today)
    ran = ", ".join(
        f"{shown(late_part.amount, invoice.currency)} for "
        f"{days_in_words(((late_part.until or today) - debt.due_on).days)}"
        for late_part in debt.parts
    )
    sums = [
        "interest unknown" if extra is None else f"interest {shown(extra, law.currency)} ({ran})",
        "" if fixed is None else f"fixed sum {shown(fixed, law.currency)}",
    ]
    text = f"{invoice.number or invoice.id}: {', '.join(filter(None, sums))}, by {law.law}"
    if not debt.is_complete:
        text += "; not all of its payments are known: it may be more, and is not less"
    return text


def _owed_words(account_view: AccountView, invoice: Invoice) -> str:
    """Return what is due on an invoice, what covers it, and what of it is disputed."""
    due = shown(invoice.amount_due, invoice.currency)
    net = less_cash(invoice, account_view.cash_covers)
    if net.amount_due == invoice.amount_due:
        words = f"{due} due"
    elif net.amount_due == 0:
        return f"{due} due, {covered_words(account_view, invoice)}"
    else:
        cash = ", ".join(cover.cash.words for cover in account_view.cash_covers[invoice.id])
        words = f"{shown(net.amount_due, invoice.currency)} due net: {due} less {cash}"
    if invoice.id not in account_view.in_dispute:
        return words
    amount = account_view.as_asked_for(net).amount_due
    asked_for = f"{shown(amount, invoice.currency)} is asked for" if amount else "none is asked for"
    return f"{words}, {dispute_words(account_view, invoice)}, so {asked_for}"


def _from(day: date, today: date) -> str:
    return f"due since {day}" if day <= today else f"on {day}"
