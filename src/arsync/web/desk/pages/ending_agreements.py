"""Ending what was agreed with a customer: a dispute settled, a plan ended, a promise withdrawn.

Each asks once, on a page that lists what happens. What has ended meanwhile says so.
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from arsync.application.agreements.disputes import settle_dispute
from arsync.application.agreements.payment_plans import cancel
from arsync.application.agreements.withdrawing_promises import withdraw_promise
from arsync.application.desk.customer_forms import FormSubject
from arsync.application.permissions import Permission
from arsync.core.ledger.agreements.disputes import is_standing
from arsync.core.ledger.agreements.payment_plans import JudgedPlan
from arsync.core.ledger.agreements.promises import BROKEN, OPEN, JudgedPromise
from arsync.core.ledger.records import Dispute, DisputeOutcome, Invoice
from arsync.errors import UserMistake
from arsync.translation import ReaderText, gettext
from arsync.web.desk.fields import refusal, text_of
from arsync.web.desk.pages.customer_forms import BASE, back_to, form_page, subject_of
from arsync.web.desk.routing import Routes
from arsync.web.desk.visit import Visit

routes = Routes()

OUTCOMES = (
    (
        DisputeOutcome.CREDITED.value,
        ReaderText("The customer is right: it is credited"),
        ReaderText("The dispute ends with the run that sees the credit in the books."),
    ),
    (DisputeOutcome.UPHELD.value, ReaderText("The claim stands"), ReaderText("All of it is owed.")),
    (
        DisputeOutcome.DROPPED.value,
        ReaderText("The customer no longer disputes it"),
        ReaderText("All of it is owed."),
    ),
)
"""What can come of a dispute, with what it means."""


# -- a dispute ------------------------------------------------------------------------------------


@routes.page(f"{BASE}/dispute/<invoice>/settle", Permission.AGREE)
def ask_settle(visit: Visit, customer: str, invoice: str) -> Response:
    """Ask what came of a dispute."""
    return _settle_page(visit, subject_of(visit, customer), invoice)


@routes.act(f"{BASE}/dispute/<invoice>/settle", Permission.AGREE, audited="settled a dispute")
def settle(visit: Visit, customer: str, invoice: str) -> Response:
    """Record what came of a dispute."""
    subject = subject_of(visit, customer)
    if _dispute(subject, invoice) is None:
        return _settle_page(visit, subject, invoice)
    outcome, note = visit.request.form.get("outcome", ""), text_of(visit, "note")
    if outcome not in set(DisputeOutcome):
        visit.field_errors["outcome"] = gettext("What came of it?")
    if not visit.field_errors:
        try:
            settled = settle_dispute(
                visit.actor,
                visit.container,
                invoice,
                outcome=DisputeOutcome(outcome),
                note=note,
                connection=visit.organisation.name,
            )
        except UserMistake as mistake:
            visit.field_errors["outcome"] = refusal(mistake)
        else:
            return back_to(visit, subject, settled.recorded.message)
    return _settle_page(visit, subject, invoice, 422)


def _settle_page(
    visit: Visit, subject: FormSubject, invoice_id: str, status: int = 200
) -> Response:
    disputed = _dispute(subject, invoice_id)
    if disputed is None:
        return _over(
            visit, subject, gettext("No dispute about that invoice is open here any more.")
        )
    return form_page(
        visit,
        "form_settle.html",
        subject,
        status,
        invoice=disputed[0],
        dispute=disputed[1],
        outcomes=OUTCOMES,
    )


def _dispute(subject: FormSubject, invoice_id: str) -> tuple[Invoice, Dispute] | None:
    """Return an open dispute that somebody recorded here, about an invoice of the customer."""
    view = subject.assessed.account_view
    dispute = view.disputes.get(invoice_id)
    invoices = {invoice.id: invoice for invoice in subject.assessed.view.documents}
    if dispute is None or invoice_id not in invoices or not dispute.number:
        return None
    return (invoices[invoice_id], dispute) if is_standing(dispute, view.today) else None


# -- a payment plan -------------------------------------------------------------------------------


@routes.page(f"{BASE}/plan/<number>/end", Permission.AGREE)
def ask_end_plan(visit: Visit, customer: str, number: str) -> Response:
    """Ask whether a payment plan ends."""
    return _end_page(visit, subject_of(visit, customer), number)


@routes.act(f"{BASE}/plan/<number>/end", Permission.AGREE, audited="ended a payment plan")
def end_plan(visit: Visit, customer: str, number: str) -> Response:
    """End a payment plan."""
    subject = subject_of(visit, customer)
    judged = plan_of(subject, number)
    if judged is None:
        return _end_page(visit, subject, number)
    try:
        ended = cancel(
            visit.actor,
            visit.container,
            [judged.plan.invoice_ids[0]],
            connection=visit.organisation.name,
        )
    except UserMistake as mistake:
        visit.field_errors["plan"] = refusal(mistake)
        return _end_page(visit, subject, number, 422)
    return back_to(visit, subject, ended.message)


def _end_page(visit: Visit, subject: FormSubject, number: str, status: int = 200) -> Response:
    judged = plan_of(subject, number)
    if judged is None:
        return _over(visit, subject, gettext("That payment plan has ended already."))
    return form_page(visit, "form_end_plan.html", subject, status, judged=judged)


def plan_of(subject: FormSubject, number: str) -> JudgedPlan | None:
    """Return a payment plan that stands, by its number; None: none does."""
    return next(
        (
            judged
            for judged in subject.assessed.account_view.payment_plans
            if str(judged.plan.id) == number and judged.is_standing
        ),
        None,
    )


# -- a promise ------------------------------------------------------------------------------------


@routes.page(f"{BASE}/promise/<number>/withdraw", Permission.AGREE)
def ask_withdraw(visit: Visit, customer: str, number: str) -> Response:
    """Ask whether a promise is withdrawn."""
    return _withdraw_page(visit, subject_of(visit, customer), number)


@routes.act(f"{BASE}/promise/<number>/withdraw", Permission.AGREE, audited="withdrew a promise")
def withdraw(visit: Visit, customer: str, number: str) -> Response:
    """Withdraw a promise."""
    subject = subject_of(visit, customer)
    judged = _promise(subject, number)
    if judged is None:
        return _withdraw_page(visit, subject, number)
    reason = text_of(visit, "reason", gettext("Say why."))
    if not visit.field_errors:
        try:
            withdrawn = withdraw_promise(
                visit.actor,
                visit.container,
                [_promised(subject, judged)[0].id],
                number=judged.promise.number,
                reason=reason,
                connection=visit.organisation.name,
            )
        except UserMistake as mistake:
            visit.field_errors["reason"] = refusal(mistake)
        else:
            return back_to(visit, subject, withdrawn.message)
    return _withdraw_page(visit, subject, number, 422)


def _withdraw_page(visit: Visit, subject: FormSubject, number: str, status: int = 200) -> Response:
    judged = _promise(subject, number)
    if judged is None:
        return _over(visit, subject, gettext("That promise stands no more."))
    return form_page(
        visit,
        "form_withdraw.html",
        subject,
        status,
        judged=judged,
        promised=_promised(subject, judged),
    )


def _promise(subject: FormSubject, number: str) -> JudgedPromise | None:
    return next(
        (
            judged
            for judged in subject.assessed.account_view.judged_promises
            if str(judged.promise.number) == number
            and not judged.promise.by_platform
            and judged.state in {OPEN, BROKEN}
            and _promised(subject, judged)
        ),
        None,
    )


def _promised(subject: FormSubject, judged: JudgedPromise) -> list[Invoice]:
    """Return what is still owed of a promise."""
    ids = set(judged.promise.invoice_ids)
    return [invoice for invoice in subject.owed if invoice.id in ids]


def _over(visit: Visit, subject: FormSubject, words: str) -> Response:
    """Say that there is nothing left to end."""
    status = 409 if visit.request.method == "POST" else 200
    return form_page(visit, "form_over.html", subject, status, words_of_end=words)
