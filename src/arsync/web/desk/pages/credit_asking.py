"""Asking about an applicant: references by letter, registers and bureaus by a click."""

from __future__ import annotations

from collections.abc import Callable

from werkzeug.wrappers import Response

from arsync.application.credit.credit_applications import ApplicantWords, change_application
from arsync.application.credit.credit_references import ask_reference, take_reference_back
from arsync.application.credit.credit_sources import ask_source
from arsync.application.permissions import Permission
from arsync.errors import ArsyncError, UserMistake
from arsync.translation import gettext, ngettext
from arsync.web.desk.fields import day_of, refusal, text_of
from arsync.web.desk.pages.credit import ONE, application_page, back_to
from arsync.web.desk.routing import Routes
from arsync.web.desk.visit import Visit

routes = Routes()


@routes.act(f"{ONE}/consent", Permission.APPLY_FOR_CREDIT, audited="recorded a consent")
def consent(visit: Visit, number: int) -> Response:
    """Record the day on which the applicant agreed that its references are asked."""
    day = day_of(visit, "consented")
    if day is None and not visit.field_errors:
        visit.field_errors["consented"] = gettext("On which day?")
    if not visit.field_errors:
        try:
            change_application(
                visit.actor,
                visit.container,
                number,
                ApplicantWords(consented_on=day),
                connection=visit.organisation.name,
            )
        except UserMistake as mistake:
            visit.field_errors["consented"] = refusal(mistake)
        else:
            return back_to(visit, number, gettext("The consent is recorded."))
    return application_page(visit, number, 422)


@routes.act(f"{ONE}/ask", Permission.APPLY_FOR_CREDIT, audited="asked a reference by letter")
def ask(visit: Visit, number: int) -> Response:
    """Have a reference asked by letter with the next run."""

    def asked(name: str) -> str:
        connection = visit.organisation.name
        return ask_reference(
            visit.actor, visit.container, number, name, connection=connection
        ).message

    return _about_reference(visit, number, asked)


@routes.act(f"{ONE}/reference-back", Permission.APPLY_FOR_CREDIT, audited="took a reference back")
def take_back(visit: Visit, number: int) -> Response:
    """Take a letter back that waits, or else the answer."""

    def taken_back(name: str) -> str:
        connection = visit.organisation.name
        return take_reference_back(
            visit.actor, visit.container, number, name, connection=connection
        )

    return _about_reference(visit, number, taken_back)


def _about_reference(visit: Visit, number: int, act: Callable[[str], str]) -> Response:
    """Do something about the reference that the form names, and say what came of it."""
    name = text_of(visit, "asked", gettext("Who is the reference?"))
    if not visit.field_errors:
        try:
            message = act(name)
        except UserMistake as mistake:
            visit.field_errors["asked"] = refusal(mistake)
        else:
            return back_to(visit, number, message)
    return application_page(visit, number, 422)


@routes.act(f"{ONE}/ask-source", Permission.APPLY_FOR_CREDIT, audited="asked a register or bureau")
def ask_a_source(visit: Visit, number: int) -> Response:
    """Ask one source one question, and keep what it says."""
    name = text_of(visit, "ask", gettext("Which source?"))
    if not visit.field_errors:
        try:
            answer = ask_source(
                visit.actor, visit.container, number, name, connection=visit.organisation.name
            )
        # Away, busy, a wrong key: nothing was kept, and the person is told which it was.
        except ArsyncError as error:
            visit.field_errors["ask"] = refusal(error)
        else:
            new = ngettext("%(num)s new value.", "%(num)s new values.", answer.new)
            visit.about = answer.applicant
            remark = answer.remark or f"{answer.label}: {new}"
            return back_to(visit, number, remark)
    return application_page(visit, number, 422)
