"""What people record about one customer: a promise, a dispute, a call, a task, a hold, a statement.

Each form keeps what was typed when something is wrong, and carries over what was ticked.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from werkzeug.wrappers import Response

from arsync.application.agreements.disputes import DisputeWords, dispute_together
from arsync.application.agreements.promises import PromiseToPay, promise
from arsync.application.customers.contact_log import LogEntry, log
from arsync.application.customers.customer_pauses import leave_alone, no_longer_leave_alone
from arsync.application.customers.hold_customer import hold_customer
from arsync.application.customers.name_search import ContactId
from arsync.application.customers.release_customer import release_customer
from arsync.application.desk.customer_forms import FormSubject, form_subject
from arsync.application.letters.asking import send_statement
from arsync.application.letters.statements import SentBy, statement, statement_pdf
from arsync.application.permissions import Permission
from arsync.application.tasks.tasks import NewTask, open_task
from arsync.core.actions import Via
from arsync.core.ledger.agreements.dispute_reasons import DISPUTE_REASONS
from arsync.core.ledger.records import LogKind
from arsync.errors import UserMistake
from arsync.translation import gettext, in_readers_words
from arsync.web.desk.answers import file_answer
from arsync.web.desk.fields import amount_of, day_of, refusal, text_of
from arsync.web.desk.routing import Routes
from arsync.web.desk.terms import term
from arsync.web.desk.visit import Visit

routes = Routes()

COVERS = ("ticked", "overdue", "all")
PROMISED_DAYS_AHEAD = 7
"""A promise's day is filled in so far ahead."""

BASE = "/c/<connection>/customers/<customer>"


def subject_of(visit: Visit, customer: str) -> FormSubject:
    """Return whom a form is about, with what was ticked on the page before."""
    ids = (*visit.request.args.getlist("invoice"), *visit.request.form.getlist("invoice"))
    subject = form_subject(visit.actor, visit.organisation, customer, ids)
    visit.about = subject.contact.name
    return subject


def covers_of(visit: Visit, subject: FormSubject) -> str:
    """Return what was chosen; at first what was ticked, or else all that is overdue."""
    covers = visit.request.values.get("covers", "")
    if covers in COVERS and (covers != "ticked" or subject.ticked):
        return covers
    return "ticked" if subject.ticked else "overdue" if subject.overdue else "all"


def names_of(subject: FormSubject, covers: str) -> list[str]:
    """Return by what a use case knows what is covered."""
    if covers == "all":
        return [ContactId(subject.contact.id)]
    return [invoice.id for invoice in subject.chosen(covers)]


def form_page(
    visit: Visit, template: str, subject: FormSubject, status: int = 200, **values: Any
) -> Response:
    """Return a form, with the values that were typed."""
    organisation = visit.organisation
    return visit.page(
        template,
        status,
        subject=subject,
        contact=subject.contact,
        base=visit.address(f"customers/{subject.contact.id}"),
        home=organisation.connection.organisation.base_currency,
        today=organisation.today,
        tomorrow=organisation.today + timedelta(days=1),
        label=organisation.label,
        observes=organisation.observes,
        typed=visit.request.values,
        **values,
    )


def back_to(visit: Visit, subject: FormSubject, message: str) -> Response:
    """Go on to the customer's page, and say there what was recorded."""
    visit.log_words = str(message)
    shown = visit.words.told(
        without_commands(in_readers_words(message)), today=visit.organisation.today
    )
    return visit.see(visit.address(f"customers/{subject.contact.id}"), shown)


_SENTENCE_OF_A_COMMAND = re.compile(r"[^.`]*`arsync [^`]*`[^.]*\.\s*")


def without_commands(message: str) -> str:
    """Return what a use case says, without what names a command of the shell."""
    return _SENTENCE_OF_A_COMMAND.sub("", message).strip()


# -- a promise ------------------------------------------------------------------------------------


@routes.page(f"{BASE}/promise", Permission.AGREE)
def ask_promise(visit: Visit, customer: str) -> Response:
    """Ask what was promised."""
    return _promise_page(visit, subject_of(visit, customer))


@routes.act(f"{BASE}/promise", Permission.AGREE, audited="recorded a promise")
def record_promise(visit: Visit, customer: str) -> Response:
    """Record a promise."""
    subject = subject_of(visit, customer)
    day = day_of(visit, "day", gettext("Which day was promised?"))
    amount, note = amount_of(visit, "amount"), text_of(visit, "note")
    if day is not None and day < visit.organisation.today:
        visit.field_errors["day"] = gettext("That day is past.")
    if not visit.field_errors and day is not None:
        promised = PromiseToPay(day, amount, note, also="also" in visit.request.form)
        names = names_of(subject, covers_of(visit, subject))
        try:
            row = promise(
                visit.actor, visit.container, names, promised, connection=visit.organisation.name
            )
        except UserMistake as mistake:
            visit.field_errors["amount" if amount else "day"] = refusal(mistake)
        else:
            return back_to(visit, subject, row.message)
    return _promise_page(visit, subject, 422)


def _promise_page(visit: Visit, subject: FormSubject, status: int = 200) -> Response:
    day = visit.organisation.today + timedelta(days=PROMISED_DAYS_AHEAD)
    judged = subject.assessed.account_view.judged_promises
    return form_page(
        visit,
        "form_promise.html",
        subject,
        status,
        covers=covers_of(visit, subject),
        usual_day=day.isoformat(),
        has_promise=any(each.state == "open" for each in judged),
    )


# -- a dispute ------------------------------------------------------------------------------------


@routes.page(f"{BASE}/dispute", Permission.AGREE)
def ask_dispute(visit: Visit, customer: str) -> Response:
    """Ask what is disputed."""
    return _dispute_page(visit, subject_of(visit, customer))


@routes.act(f"{BASE}/dispute", Permission.AGREE, audited="recorded a dispute")
def record_dispute(visit: Visit, customer: str) -> Response:
    """Record a dispute about each ticked invoice: all of them, or none."""
    subject = subject_of(visit, customer)
    reason = text_of(visit, "reason")
    code = text_of(visit, "code")
    amount = amount_of(visit, "amount")
    if not subject.ticked:
        visit.field_errors["invoice"] = gettext("Tick what is disputed.")
    elif amount is not None and len(subject.ticked) > 1:
        visit.field_errors["amount"] = gettext(
            "A part is disputed of one invoice: tick that one alone."
        )
    if not reason and not code:
        visit.field_errors["reason"] = gettext("What does the customer say?")
    words = DisputeWords(
        reason or None,
        code or None,
        amount,
        owner=text_of(visit, "owner") or None,
        needs=text_of(visit, "needs") or None,
    )
    if visit.field_errors:
        return _dispute_page(visit, subject, 422)
    ids = [invoice.id for invoice in subject.ticked]
    try:
        opened = dispute_together(
            visit.actor, visit.container, ids, words, connection=visit.organisation.name
        )
    except UserMistake as mistake:
        visit.field_errors["invoice"] = f"{refusal(mistake)} {gettext('Nothing was recorded.')}"
        return _dispute_page(visit, subject, 422)
    return back_to(visit, subject, "\n".join(row.message for row in opened))


def _dispute_page(visit: Visit, subject: FormSubject, status: int = 200) -> Response:
    reasons = [
        ("", gettext("not said")),
        *((reason.code, term(reason.en)) for reason in DISPUTE_REASONS),
    ]
    return form_page(visit, "form_dispute.html", subject, status, reasons=reasons)


# -- a call, a task -------------------------------------------------------------------------------


@routes.page(f"{BASE}/call", Permission.LOG)
def ask_call(visit: Visit, customer: str) -> Response:
    """Ask what happened."""
    return _call_page(visit, subject_of(visit, customer))


@routes.act(f"{BASE}/call", Permission.LOG, audited="logged what happened")
def record_call(visit: Visit, customer: str) -> Response:
    """Keep what happened in the customer's log."""
    subject = subject_of(visit, customer)
    text = text_of(visit, "text", gettext("What happened?"))
    day = day_of(visit, "day")
    kind = visit.request.form.get("kind", "")
    if not visit.field_errors:
        kinds = {each.value for each in LogKind}
        entry = LogEntry(
            text,
            LogKind(kind) if kind in kinds else LogKind.NOTE,
            day,
            visit.request.form.get("about", ""),
        )
        try:
            kept = log(
                visit.actor,
                visit.container,
                ContactId(customer),
                entry,
                connection=visit.organisation.name,
            )
        except UserMistake as mistake:
            visit.field_errors["day" if day else "text"] = refusal(mistake)
        else:
            return back_to(visit, subject, kept.message)
    return _call_page(visit, subject, 422)


def _call_page(visit: Visit, subject: FormSubject, status: int = 200) -> Response:
    kinds = [(kind.value, term(kind.value)) for kind in LogKind]
    return form_page(visit, "form_call.html", subject, status, kinds=kinds)


@routes.page(f"{BASE}/task", Permission.COMPLETE_TASKS)
def ask_task(visit: Visit, customer: str) -> Response:
    """Ask what is to be done."""
    return form_page(visit, "form_task.html", subject_of(visit, customer))


@routes.act(f"{BASE}/task", Permission.COMPLETE_TASKS, audited="opened a task")
def record_task(visit: Visit, customer: str) -> Response:
    """Open a task."""
    subject = subject_of(visit, customer)
    text = text_of(visit, "text", gettext("What is to be done?"))
    due_on = day_of(visit, "day")
    if not visit.field_errors:
        about = visit.request.form.get("about", "") or ContactId(customer)
        try:
            opened = open_task(
                visit.actor,
                visit.container,
                about,
                NewTask(text, text_of(visit, "owner"), due_on),
                connection=visit.organisation.name,
            )
        except UserMistake as mistake:
            visit.field_errors["day" if due_on else "text"] = refusal(mistake)
        else:
            return back_to(visit, subject, opened.message)
    return form_page(visit, "form_task.html", subject, 422)


# -- a hold, a release ----------------------------------------------------------------------------


@routes.page(f"{BASE}/hold", Permission.HOLD)
def ask_hold(visit: Visit, customer: str) -> Response:
    """Ask why, and until when, and say what it does."""
    return form_page(visit, "form_hold.html", subject_of(visit, customer))


@routes.act(f"{BASE}/hold", Permission.HOLD, audited="put on hold")
def record_hold(visit: Visit, customer: str) -> Response:
    """Hold a customer by hand."""
    return _decided(visit, customer, "form_hold.html", hold_customer)


@routes.page(f"{BASE}/release", Permission.HOLD)
def ask_release(visit: Visit, customer: str) -> Response:
    """Ask why, and say what returns and which reason still stands."""
    return form_page(visit, "form_release.html", subject_of(visit, customer))


@routes.act(f"{BASE}/release", Permission.HOLD, audited="released from the hold")
def record_release(visit: Visit, customer: str) -> Response:
    """Release a customer by hand."""
    return _decided(visit, customer, "form_release.html", release_customer)


def _decided(visit: Visit, customer: str, template: str, decide: Any) -> Response:
    subject = subject_of(visit, customer)
    reason, until = text_of(visit, "reason", gettext("Say why.")), day_of(visit, "until")
    if not visit.field_errors:
        try:
            decided = decide(
                visit.actor,
                visit.container,
                ContactId(customer),
                reason=reason,
                until=until,
                connection=visit.organisation.name,
            )
        except UserMistake as mistake:
            visit.field_errors["until" if until else "reason"] = refusal(mistake)
        else:
            return back_to(visit, subject, decided.message)
    return form_page(visit, template, subject, 422)


@routes.page(f"{BASE}/leave-alone", Permission.AGREE)
def ask_leave_alone(visit: Visit, customer: str) -> Response:
    """Ask until when and why, and say what it means."""
    return _leave_alone_page(visit, subject_of(visit, customer))


@routes.act(f"{BASE}/leave-alone", Permission.AGREE, audited="left a customer alone, or no longer")
def record_leave_alone(visit: Visit, customer: str) -> Response:
    """Leave a customer alone until a day, or no longer."""
    subject, name = subject_of(visit, customer), visit.organisation.name
    actor, container, whom = visit.actor, visit.container, ContactId(customer)
    if "end" in visit.request.form:
        message = no_longer_leave_alone(actor, container, whom, connection=name)
        return back_to(visit, subject, message)
    reason = text_of(visit, "reason", gettext("Say why."))
    until = day_of(visit, "until", gettext("Until when?"))
    if not visit.field_errors and until is not None:
        try:
            message = leave_alone(
                actor, container, whom, until=until, reason=reason, connection=name
            )
        except UserMistake as mistake:
            visit.field_errors["until"] = refusal(mistake)
        else:
            return back_to(visit, subject, message)
    return _leave_alone_page(visit, subject, 422)


def _leave_alone_page(visit: Visit, subject: FormSubject, status: int = 200) -> Response:
    today = visit.organisation.today
    standing = [
        pause
        for pause in subject.assessed.account.pauses
        if pause.contact_id == subject.contact.id and pause.stands_on(today)
    ]
    return form_page(
        visit,
        "form_leave_alone.html",
        subject,
        status,
        standing=standing[0] if standing else None,
    )


# -- a statement ----------------------------------------------------------------------------------


@routes.page(f"{BASE}/statement", amounts=True)
def show_statement(visit: Visit, customer: str) -> Response:
    """Show the statement as it would leave, with what a person can do with it."""
    return _statement_page(visit, customer)


@routes.page(f"{BASE}/statement.pdf", amounts=True)
def statement_as_pdf(visit: Visit, customer: str) -> Response:
    """Return the statement as a file."""
    shown = statement(
        visit.actor, visit.container, ContactId(customer), connection=visit.organisation.name
    )
    return file_answer(statement_pdf(shown, SentBy()), "application/pdf", "statement.pdf")


@routes.act(f"{BASE}/statement", Permission.PREPARE, audited="sent a statement")
def record_statement(visit: Visit, customer: str) -> Response:
    """Have the statement sent by the next run."""
    subject = subject_of(visit, customer)
    shown = statement(
        visit.actor, visit.container, ContactId(customer), connection=visit.organisation.name
    )
    by_post = visit.request.form.get("via") == Via.POST
    try:
        sent = send_statement(visit.actor, shown, SentBy(via=Via.POST if by_post else Via.SMTP))
    except UserMistake as mistake:
        visit.field_errors["via"] = refusal(mistake)
        return _statement_page(visit, customer, 422)
    return back_to(visit, subject, sent.message)


def _statement_page(visit: Visit, customer: str, status: int = 200) -> Response:
    shown = statement(
        visit.actor, visit.container, ContactId(customer), connection=visit.organisation.name
    )
    ways = visit.organisation.sends.ways
    return form_page(
        visit,
        "form_statement.html",
        subject_of(visit, customer),
        status,
        shown=shown,
        ways=[
            (way.value, words)
            for way, words in ((Via.SMTP, gettext("by email")), (Via.POST, gettext("by post")))
            if ways is None or way in ways
        ],
    )
