"""Recording an application for credit, and what is said of it later."""

from __future__ import annotations

from werkzeug.wrappers import Response

from arsync.application.credit.credit_applications import (
    ApplicantWords,
    SignedFile,
    apply_for_credit,
    change_application,
    signed_content,
)
from arsync.application.credit.credit_decisions import explained
from arsync.application.permissions import Permission
from arsync.core.ledger.agreements.credit_applications import CreditApplication
from arsync.errors import UserMistake
from arsync.translation import gettext
from arsync.web.app import BODY_BYTES_MAX
from arsync.web.desk.fields import amount_of, day_of, refusal, text_of
from arsync.web.desk.pages.credit import LIST, ONE, back_to
from arsync.web.desk.routing import Routes
from arsync.web.desk.visit import Visit

routes = Routes()

MEGABYTES_MAX = BODY_BYTES_MAX // 1_000_000 - 1
"""So large a signed file may be: with it come the other fields."""


@routes.page(f"{LIST}/new", Permission.APPLY_FOR_CREDIT)
def ask_application(visit: Visit) -> Response:
    """Ask who applies, and for what."""
    return _page(visit)


@routes.act(f"{LIST}/new", Permission.APPLY_FOR_CREDIT, audited="recorded an application")
def record_application(visit: Visit) -> Response:
    """Record an application."""
    name = text_of(visit, "name", gettext("Who applies?"))
    words = _words(visit)
    if not visit.field_errors:
        try:
            applicant = apply_for_credit(
                visit.actor, visit.container, name, words, connection=visit.organisation.name
            )
        except UserMistake as mistake:
            visit.field_errors["name"] = refusal(mistake)
        else:
            application = applicant.application
            visit.about = application.name
            message = gettext("The application of %(name)s is recorded.", name=application.name)
            return visit.see(visit.address(f"credit/{application.number}"), message)
    return _page(visit, status=422)


@routes.page(f"{ONE}/change", Permission.APPLY_FOR_CREDIT)
def ask_change(visit: Visit, number: int) -> Response:
    """Ask what is said of an application now."""
    return _page(visit, _application(visit, number))


@routes.act(f"{ONE}/change", Permission.APPLY_FOR_CREDIT, audited="changed an application")
def change(visit: Visit, number: int) -> Response:
    """Record what is said of an application now; what is left empty stays."""
    application = _application(visit, number)
    visit.about = application.name
    words = _words(visit)
    if not visit.field_errors:
        try:
            change_application(
                visit.actor, visit.container, number, words, connection=visit.organisation.name
            )
        except UserMistake as mistake:
            visit.field_errors["limit"] = refusal(mistake)
        else:
            return back_to(visit, number, gettext("The application is changed."))
    return _page(visit, application, status=422)


def _application(visit: Visit, number: int) -> CreditApplication:
    connection = visit.organisation.name
    return explained(visit.actor, visit.container, number, connection=connection).application


def _words(visit: Visit) -> ApplicantWords:
    return ApplicantWords(
        registration_number=text_of(visit, "registration"),
        vat_number=text_of(visit, "vat"),
        country=text_of(visit, "country"),
        limit=amount_of(visit, "limit"),
        terms=text_of(visit, "terms"),
        trading_since=day_of(visit, "since"),
        people=tuple(filter(None, map(str.strip, text_of(visit, "people").splitlines()))),
        signed_file=_signed(visit),
        signed_on=day_of(visit, "signed_on"),
        signed_version=text_of(visit, "version"),
    )


def _signed(visit: Visit) -> SignedFile | None:
    """Return what is kept of the signed terms; None where no file was chosen."""
    file = visit.request.files.get("signed")
    if file is None or not file.filename:
        return None
    try:
        return signed_content(file.filename, file.read())
    except UserMistake as mistake:
        visit.field_errors["signed"] = refusal(mistake)
        return None


def _page(
    visit: Visit, application: CreditApplication | None = None, *, status: int = 200
) -> Response:
    return visit.page(
        "credit_new.html",
        status,
        application=application,
        megabytes=MEGABYTES_MAX,
        typed=visit.request.values,
        today=visit.organisation.today,
    )
