"""A payment plan: what it covers, the instalments as a preview, and recording just these."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from werkzeug.wrappers import Response

from arsync.application.agreements.payment_plans import Schedule, agree, preview
from arsync.application.desk.customer_forms import FormSubject
from arsync.application.desk.work import task_of
from arsync.application.permissions import Permission
from arsync.application.tasks.tasks import CallReport, complete_task
from arsync.core.ledger.agreements.payment_plans import INSTALMENTS_MAX, Every, JudgedPlan
from arsync.core.ledger.agreements.plan_terms import Terms
from arsync.core.ledger.records import Instalment
from arsync.errors import UserMistake
from arsync.translation import ReaderText, gettext
from arsync.web.desk.fields import parsed_amount, refusal
from arsync.web.desk.pages.customer_forms import (
    BASE,
    back_to,
    form_page,
    names_of,
    subject_of,
)
from arsync.web.desk.pages.ending_agreements import plan_of
from arsync.web.desk.routing import Routes
from arsync.web.desk.terms import term
from arsync.web.desk.visit import Visit

routes = Routes()

USUAL_PARTS = 3
FIRST_DAYS_AHEAD = 14

HOW = (
    ReaderText("by phone"),
    ReaderText("by email"),
    ReaderText("in person"),
    ReaderText("in writing"),
)


class PreviewLine(NamedTuple):
    """One instalment of a preview."""

    due_on: date
    amount: Decimal
    remaining: Decimal
    """Of the plan, after it."""


@routes.page(f"{BASE}/plan", Permission.AGREE)
def ask_plan(visit: Visit, customer: str) -> Response:
    """Ask what was agreed, and show the instalments once there are terms."""
    subject = _picked(visit, subject_of(visit, customer))
    terms = _terms(visit) if "parts" in visit.request.args else None
    return _plan_page(visit, subject, terms)


@routes.act(f"{BASE}/plan", Permission.AGREE, audited="recorded a payment plan")
def record_plan(visit: Visit, customer: str) -> Response:
    """Record the plan that was shown; one that became another is shown again first."""
    subject = _picked(visit, subject_of(visit, customer))
    terms = _terms(visit)
    if terms is None or visit.field_errors:
        return _plan_page(visit, subject, None, 422)
    schedule = _previewed(visit, subject, terms)
    if schedule is None:
        return _plan_page(visit, subject, terms, 422)
    if _mark(schedule) != visit.request.form.get("previewed", ""):
        visit.field_errors["preview"] = gettext(
            "What is owed changed meanwhile, or the terms did: this is the plan now. "
            "Nothing was recorded yet."
        )
        return _plan_page(visit, subject, terms, 422)
    instalments = schedule.agreement.plan.instalments
    _, recorded = agree(
        visit.actor,
        visit.container,
        names_of(subject, _covers(visit)),
        Terms(listed=instalments),
        note=_note(visit),
        replaces=_replaced(visit, subject) is not None,
        connection=visit.organisation.name,
    )
    task = visit.request.form.get("task", "")
    if task:
        return _task_done(visit, task, recorded.message)
    return back_to(visit, subject, recorded.message)


def _task_done(visit: Visit, task: str, message: str) -> Response:
    """End the call in which the instalments were agreed, and go on to the next one."""
    row = task_of(visit.organisation, task)
    report = CallReport("spoke", "instalments agreed")
    try:
        complete_task(visit.actor, visit.container, row.key, report)
    except UserMistake as mistake:
        message = gettext(
            "%(message)s The task stays as it is: %(mistake)s", message=message, mistake=mistake
        )
    visit.log_words = message
    shown = visit.words.told(message, today=visit.organisation.today)
    return visit.see(visit.address("worklist", done=row.key), shown)


def _picked(visit: Visit, subject: FormSubject) -> FormSubject:
    """Return the subject with what the plan covers ticked.

    The page comes filled: with what was ticked on the page before, or else all that is overdue, or
    all that is owed.
    """
    values = visit.request.values
    covers = values.get("covers", "")
    if covers == "overdue" or ("covers" not in values and not subject.ticked):
        return subject._replace(ticked=subject.overdue or subject.owed)
    if covers != "all" and not subject.ticked:
        visit.field_errors["invoice"] = gettext("Tick what it covers, or choose the whole balance.")
    return subject


def _covers(visit: Visit) -> str:
    return "all" if visit.request.values.get("covers") == "all" else "ticked"


def _terms(visit: Visit) -> Terms | None:
    """Return the terms that were typed; None where they are none, with what is wrong."""
    values = visit.request.values
    own_lines = values.get("lines", "").strip()
    if own_lines:
        listed = _listed(visit, own_lines)
        return Terms(listed=listed) if listed else None
    count, first = values.get("parts", "").strip(), values.get("first", "").strip()
    every = values.get("every", Every.MONTH.value)
    if not count.isdecimal() or not 1 <= int(count[:6]) <= INSTALMENTS_MAX:
        visit.field_errors["parts"] = gettext(
            "A whole number from 1 to %(limit)s.", limit=INSTALMENTS_MAX
        )
        return None
    try:
        day = date.fromisoformat(first)
    except ValueError:
        visit.field_errors["first"] = gettext("On which day is the first one due?")
        return None
    if every not in {each.value for each in Every}:
        every = Every.MONTH.value
    return Terms(equal_parts=int(count), every=Every(every), first=day)


def _listed(visit: Visit, text: str) -> tuple[Instalment, ...]:
    instalments: list[Instalment] = []
    for number, line in enumerate(text.splitlines()[:INSTALMENTS_MAX], start=1):
        if not line.strip():
            continue
        day_text, _, amount_text = line.strip().partition(" ")
        amount = parsed_amount(visit, amount_text.strip())
        try:
            day = date.fromisoformat(day_text)
        except ValueError:
            day = None
        if day is None or amount is None or amount <= 0:
            visit.field_errors["lines"] = gettext(
                "Line %(number)s: “%(strip)s” is no day and amount. Write it as 2026-12-15 "
                "3000.00.",
                number=number,
                strip=line.strip()[:40],
            )
            return ()
        instalments.append(Instalment(day, amount))
    return tuple(instalments)


def _previewed(visit: Visit, subject: FormSubject, terms: Terms) -> Schedule | None:
    names = names_of(subject, _covers(visit))
    try:
        return preview(
            visit.actor,
            visit.container,
            names,
            terms,
            replaces=_replaced(visit, subject) is not None,
            connection=visit.organisation.name,
        )
    except UserMistake as mistake:
        visit.field_errors["lines" if terms.listed else "parts"] = refusal(mistake)
        return None


def _replaced(visit: Visit, subject: FormSubject) -> JudgedPlan | None:
    """Return the plan whose place new terms take; None: none is named, or it is over."""
    return plan_of(subject, visit.request.values.get("replaces", ""))


def _mark(schedule: Schedule) -> str:
    """Return the plan as the form carries it: what was shown is what is recorded."""
    plan = schedule.agreement.plan
    instalments = ",".join(
        f"{instalment.due_on.isoformat()}={instalment.amount}" for instalment in plan.instalments
    )
    return f"{plan.currency} {' '.join(plan.invoice_ids)} {instalments}"


def _note(visit: Visit) -> str:
    form = visit.request.form
    person, how = form.get("person", "").strip(), form.get("how", "")
    words = " ".join(
        filter(
            None, (person and gettext("with %(person)s", person=person), how if how in HOW else "")
        )
    )
    note = form.get("note", "").strip()
    agreed = gettext("Agreed %(words)s.", words=words) if words else ""
    return " ".join(filter(None, (agreed, note)))


def _plan_page(
    visit: Visit, subject: FormSubject, terms: Terms | None, status: int = 200
) -> Response:
    schedule = (
        _previewed(visit, subject, terms) if terms and not _has_typing_mistake(visit) else None
    )
    if visit.field_errors and status == 200:
        status = 422
    people = subject.contact.people
    first = visit.organisation.today + timedelta(days=FIRST_DAYS_AHEAD)
    rulebook = visit.organisation.rules.rulebook
    return form_page(
        visit,
        "form_plan.html",
        subject,
        status,
        covers=_covers(visit),
        replaced=_replaced(visit, subject),
        every=[(each.value, term(each.value)) for each in Every],
        how=[(str(words), words) for words in HOW],
        usual_parts=USUAL_PARTS,
        usual_first=first.isoformat(),
        usual_person=people[0] if people else "",
        schedule=schedule,
        lines=_lines(schedule.agreement.plan.instalments) if schedule else (),
        mark=_mark(schedule) if schedule else "",
        rules=rulebook.payment_plans if rulebook else None,
    )


def _has_typing_mistake(visit: Visit) -> bool:
    return any(name != "preview" for name in visit.field_errors)


def _lines(instalments: Sequence[Instalment]) -> list[PreviewLine]:
    remaining = sum((instalment.amount for instalment in instalments), Decimal(0))
    lines: list[PreviewLine] = []
    for instalment in instalments:
        remaining -= instalment.amount
        lines.append(PreviewLine(instalment.due_on, instalment.amount, remaining))
    return lines
