"""Applications for credit: recorded, explained by the rulebook, decided by who may."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

from arsync.application.credit.credit_applications import (
    LIMIT_MAX,
    PEOPLE_MAX,
    ApplicantWords,
    ReferenceWords,
    SignedFile,
    apply_for_credit,
    change_application,
    record_data,
    record_reference,
)
from arsync.application.credit.credit_decisions import (
    DecidedByHand,
    ExplainedApplication,
    decide_credit,
    explained,
    listed,
    take_credit_back,
)
from arsync.application.credit.credit_references import ask_reference, take_reference_back
from arsync.application.credit.credit_views import (
    ApplicationView,
    ApplicationWhyView,
    ReferenceView,
    application_view,
    application_why_view,
    reference_view,
)
from arsync.application.permissions import Permission
from arsync.application.persons_words import RecordedView
from arsync.core.ledger.agreements.credit_applications import (
    CreditOutcome,
    DatumKind,
    ReferenceAnswer,
    ReferenceKind,
)
from arsync.core.planning.plan_views import action_view
from arsync.web.api.operations import (
    Amount,
    Line,
    Operations,
    Paged,
    PageQuery,
    Reason,
    number_key,
    page_of,
    rows_after,
)
from arsync.web.caller import Caller

operations = Operations("credit applications")

BASE = "/connections/{connection}/credit-applications"

ONE = f"{BASE}/{{application}}"

ApplicationNumber = Annotated[
    int, Meta(ge=1, le=2_147_483_647, description="An application's number.")
]
Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]
Words = Annotated[str, Meta(max_length=200)]
SeenDecision = Annotated[int, Meta(ge=0, le=2_147_483_647)]


class ApplicationsQuery(PageQuery, frozen=True, forbid_unknown_fields=True):
    """Which applications."""

    state: Annotated[
        Literal["open", "accepted", "cash on delivery", "refused"] | None,
        Meta(description="Left out: all."),
    ] = None


class SignedTermsBody(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The terms of trade that the applicant signed; the file itself is never sent."""

    file_name: Name
    sha256: Annotated[
        str, Meta(pattern="^[0-9a-f]{64}$", description="Of the file, as hexadecimal digits.")
    ]
    signed_on: Annotated[date | None, Meta(description="Left out: today.")] = None
    version: Words = ""


class ApplicantBody(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is said of an application; what is left out stays as it is."""

    registration_number: Words = ""
    vat_number: Words = ""
    country: Annotated[str, Meta(max_length=2, description="ISO 3166-1: `GB`.")] = ""
    limit: Annotated[
        Amount | None, Meta(description=f"In the rulebook's currency, below {LIMIT_MAX:,.0f}.")
    ] = None
    terms: Annotated[Words, Meta(description="`30 days`.")] = ""
    trading_since: date | None = None
    people: Annotated[
        tuple[Words, ...],
        Meta(max_length=PEOPLE_MAX, description="`Jane Doe, director, jane@example.com`."),
    ] = ()
    applied_on: Annotated[date | None, Meta(description="Left out: today.")] = None
    consented_on: Annotated[
        date | None, Meta(description="When it agreed that its references are asked.")
    ] = None
    signed: SignedTermsBody | None = None

    @property
    def said(self) -> ApplicantWords:
        """Return it for the use cases."""
        signed = self.signed
        return ApplicantWords(
            self.registration_number,
            self.vat_number,
            self.country,
            _decimal(self.limit),
            self.terms,
            self.trading_since,
            self.people,
            self.applied_on,
            signed_file=SignedFile(signed.file_name, signed.sha256) if signed else None,
            signed_on=signed.signed_on if signed else None,
            signed_version=signed.version if signed else "",
            consented_on=self.consented_on,
        )


class ApplicationBody(ApplicantBody, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who applies, and what for."""

    applicant: Annotated[
        Name, Meta(description="A customer's name or id, or the name of who is none yet.")
    ]


class CreditDecisionBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What is decided; an empty body decides as the rulebook proposes."""

    decide: Annotated[
        Literal["accept", "cash on delivery", "refuse"] | None,
        Meta(description="Left out: as the rulebook proposes."),
    ] = None
    limit: Annotated[Amount | None, Meta(description="In the rulebook's currency.")] = None
    terms: Annotated[Words | None, Meta(description="`14 days`.")] = None
    until: Annotated[date | None, Meta(description="The last day of the limit.")] = None
    review_on: Annotated[date | None, Meta(description="On that day a task is opened.")] = None
    reason: Line = ""
    latest_seen: Annotated[
        SeenDecision | None,
        Meta(
            description="The number of the latest decision that was read, 0 for none: a later one "
            "is not decided over. Left out: whichever is the latest."
        ),
    ] = None


class DecisionBackBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Why a decision is taken back."""

    reason: Reason


class ReferenceBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Whom an applicant names, that they were asked, or what they answered."""

    name: Name
    kind: ReferenceKind = ReferenceKind.TRADE
    email: Words = ""
    asked_on: date | None = None
    answer: ReferenceAnswer | None = None
    answered_on: Annotated[date | None, Meta(description="Left out: today.")] = None
    highest_credit: Amount | None = None
    words: Line = ""
    known_for: Annotated[Words, Meta(description="How long it has known the applicant.")] = ""
    limit_granted: Amount | None = None
    pays: Annotated[Words, Meta(description="How the applicant pays it.")] = ""


class NamedReferenceBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Which reference of the application."""

    name: Name


class CreditDataBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What a source outside said of an applicant."""

    source: Name
    values: Annotated[dict[DatumKind, Words], Meta(min_length=1)]
    as_of: Annotated[date | None, Meta(description="Left out: today.")] = None


class CreditDecidedView(Struct, frozen=True):
    """What came of deciding."""

    message: str
    decision: int | None
    """Its number; null: it is the first of two approvals, and somebody else decides the same."""
    application: ApplicationView


class CreditDataView(Struct, frozen=True):
    """How much of what was said is new."""

    new: int


@operations.read(BASE)
def list_credit_applications(caller: Caller, query: ApplicationsQuery) -> Paged[ApplicationView]:
    """List applications with what the rulebook makes of them today, the latest first."""
    explanations = listed(
        caller.actor,
        caller.container,
        state=query.state or "",
        connection=caller.organisation.name,
    )
    return page_of(rows_after(explanations, query, _key), query, application_view, _key)


@operations.act(BASE, Permission.APPLY_FOR_CREDIT, audited="recorded an application")
def record_credit_application(caller: Caller, body: ApplicationBody) -> ApplicationView:
    """Record an application, of a customer or of a business that is none yet."""
    applicant = apply_for_credit(
        caller.actor,
        caller.container,
        body.applicant,
        body.said,
        connection=caller.organisation.name,
    )
    return _view(caller, applicant.application.number)


@operations.read(ONE)
def get_credit_application(caller: Caller, application: ApplicationNumber) -> ApplicationView:
    """Get an application, what the rulebook makes of it today and why, and what was decided."""
    return _view(caller, application)


@operations.read(f"{ONE}/why")
def explain_credit_application(
    caller: Caller, application: ApplicationNumber
) -> ApplicationWhyView:
    """Get an application with every rule of acceptance: its place, its answer, what it found."""
    name = caller.organisation.name
    explanation = explained(caller.actor, caller.container, application, connection=name)
    return application_why_view(explanation)


@operations.act(ONE, Permission.APPLY_FOR_CREDIT, audited="changed an application")
def change_credit_application(
    caller: Caller, application: ApplicationNumber, body: ApplicantBody
) -> ApplicationView:
    """Record what is said of an application now."""
    name = caller.organisation.name
    change_application(caller.actor, caller.container, application, body.said, connection=name)
    return _view(caller, application)


@operations.act(f"{ONE}/decide", Permission.DECIDE_CREDIT, audited="decided about credit")
def decide_credit_application(
    caller: Caller, application: ApplicationNumber, body: CreditDecisionBody
) -> CreditDecidedView:
    """Decide as the rulebook proposes or as somebody says; the next run brings it to the books.

    Above what one person may approve it is the first of two decisions.
    """
    by_hand = DecidedByHand(
        CreditOutcome(body.decide) if body.decide else None,
        _decimal(body.limit),
        body.terms,
        body.until,
        body.review_on,
        body.reason,
    )
    decided = decide_credit(
        caller.actor,
        caller.container,
        application,
        by_hand,
        seen=body.latest_seen,
        connection=caller.organisation.name,
    )
    caller.log_words = decided.message
    return CreditDecidedView(str(decided.message), decided.decision, _view(caller, application))


@operations.act(f"{ONE}/take-back", Permission.DECIDE_CREDIT, audited="took a credit decision back")
def take_credit_decision_back(
    caller: Caller, application: ApplicationNumber, body: DecisionBackBody
) -> CreditDecidedView:
    """Take the standing decision back: the application is open again."""
    message = take_credit_back(
        caller.actor,
        caller.container,
        application,
        reason=body.reason,
        connection=caller.organisation.name,
    )
    caller.log_words = message
    return CreditDecidedView(str(message), None, _view(caller, application))


@operations.act(f"{ONE}/references", Permission.APPLY_FOR_CREDIT, audited="recorded a reference")
def record_credit_reference(
    caller: Caller, application: ApplicationNumber, body: ReferenceBody
) -> ReferenceView:
    """Record a reference, that it was asked, or what it answered."""
    words = ReferenceWords(
        body.answer,
        body.answered_on,
        _decimal(body.highest_credit),
        body.words,
        body.asked_on,
        body.known_for,
        _decimal(body.limit_granted),
        body.pays,
    )
    reference = record_reference(
        caller.actor,
        caller.container,
        application,
        body.name,
        kind=body.kind,
        email=body.email,
        said=words,
        connection=caller.organisation.name,
    )
    caller.about = f"application {application}, {reference.name}"
    return reference_view(reference)


@operations.act(
    f"{ONE}/references/ask", Permission.APPLY_FOR_CREDIT, audited="asked a reference by letter"
)
def ask_credit_reference(
    caller: Caller, application: ApplicationNumber, body: NamedReferenceBody
) -> RecordedView:
    """Have a reference asked by letter with the next run, once the applicant has agreed."""
    name = caller.organisation.name
    letter = ask_reference(caller.actor, caller.container, application, body.name, connection=name)
    caller.about, caller.log_words = f"application {application}, {body.name}", letter.message
    return RecordedView(letter.message, action_view(letter.row.action, letter.row.state))


@operations.act(
    f"{ONE}/references/take-back", Permission.APPLY_FOR_CREDIT, audited="took a reference back"
)
def take_credit_reference_back(
    caller: Caller, application: ApplicationNumber, body: NamedReferenceBody
) -> RecordedView:
    """Take a letter to a reference back that has not left, or else the answer."""
    name = caller.organisation.name
    message = take_reference_back(
        caller.actor, caller.container, application, body.name, connection=name
    )
    caller.about, caller.log_words = f"application {application}, {body.name}", message
    return RecordedView(message, None)


@operations.act(f"{ONE}/data", Permission.APPLY_FOR_CREDIT, audited="recorded credit data")
def record_credit_data(
    caller: Caller, application: ApplicationNumber, body: CreditDataBody
) -> CreditDataView:
    """Record what a source said; each value is kept with its source and day."""
    new = record_data(
        caller.actor,
        caller.container,
        application,
        list(body.values.items()),
        source=body.source,
        as_of=body.as_of,
        connection=caller.organisation.name,
    )
    caller.about = f"application {application}, {body.source}"
    return CreditDataView(new)


def _view(caller: Caller, application: int) -> ApplicationView:
    name = caller.organisation.name
    explanation = explained(caller.actor, caller.container, application, connection=name)
    caller.about = explanation.application.name
    return application_view(explanation)


def _key(explanation: ExplainedApplication) -> str:
    return number_key(explanation.application.number)


def _decimal(amount: str | None) -> Decimal | None:
    return None if amount is None else Decimal(amount)
