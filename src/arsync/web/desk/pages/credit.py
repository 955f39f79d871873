"""Credit: who applied, what the rulebook proposes and why, and what somebody decides."""

from __future__ import annotations

from collections.abc import Sequence

from werkzeug.wrappers import Response

from arsync.application.credit.credit_applications import (
    ReferenceWords,
    record_data,
    record_reference,
)
from arsync.application.credit.credit_decisions import (
    DecidedByHand,
    decide_credit,
    explained,
    listed,
    take_credit_back,
)
from arsync.application.credit.credit_sources import allowed_sources, source_label
from arsync.application.permissions import Permission
from arsync.core.credit.acceptance import OUTCOME_WORDS
from arsync.core.credit.reference_letters import waits, why_not_asked
from arsync.core.ledger.agreements.credit_applications import (
    FINAL_OUTCOMES,
    CreditOutcome,
    DatumKind,
    ReferenceAnswer,
    ReferenceKind,
)
from arsync.core.planning.credit_planner import agreed_in_words
from arsync.core.rulebook.conditions import Evidence
from arsync.core.rulebook.facts import in_words
from arsync.errors import UserMistake
from arsync.translation import ReaderText, gettext, in_readers_words
from arsync.web.desk.fields import amount_of, day_of, refusal, text_of
from arsync.web.desk.pages.customer_forms import without_commands
from arsync.web.desk.routing import Routes
from arsync.web.desk.visit import Visit

routes = Routes()

STATES = ("open", "accepted", ReaderText("cash on delivery"), "refused")
SHOWN_MAX = 200
"""So many applications one page lists."""

LIST = "/c/<connection>/credit"
ONE = "/c/<connection>/credit/<int:number>"


@routes.page(LIST)
def applications(visit: Visit) -> Response:
    """List applications, the latest first."""
    state = visit.request.args.get("state", "")
    explanations = listed(
        visit.actor,
        visit.container,
        state=state if state in STATES else "",
        connection=visit.organisation.name,
    )
    return visit.page(
        "credit.html",
        shown=explanations[:SHOWN_MAX],
        left_out=max(len(explanations) - SHOWN_MAX, 0),
        states=STATES,
        state=state,
        outcomes=OUTCOME_WORDS,
        has_policy=bool(visit.organisation.rulebook.acceptance),
        today=visit.organisation.today,
        home=_home(visit),
    )


@routes.page(ONE)
def one_application(visit: Visit, number: int) -> Response:
    """Show an application, what the rulebook proposes and why, and what was decided."""
    return application_page(visit, number)


@routes.act(f"{ONE}/decide", Permission.DECIDE_CREDIT, audited="decided about credit")
def decide(visit: Visit, number: int) -> Response:
    """Decide as the rulebook proposes, or as somebody says."""
    outcome = visit.request.form.get("outcome", "")
    by_hand = DecidedByHand()
    if outcome != "proposed":
        by_hand = DecidedByHand(
            CreditOutcome(outcome) if outcome in {*FINAL_OUTCOMES} else None,
            amount_of(visit, "limit"),
            text_of(visit, "terms") or None,
            day_of(visit, "until"),
            day_of(visit, "review"),
            text_of(visit, "reason"),
        )
        if by_hand.outcome is None:
            visit.field_errors["outcome"] = gettext("What is decided? Choose one.")
    seen_decision = visit.request.form.get("seen", "")
    if not visit.field_errors:
        try:
            decision = decide_credit(
                visit.actor,
                visit.container,
                number,
                by_hand,
                seen=int(seen_decision) if seen_decision.isdecimal() else None,
                connection=visit.organisation.name,
            )
        except UserMistake as mistake:
            visit.field_errors["outcome"] = refusal(mistake)
        else:
            return back_to(visit, number, decision.message)
    return application_page(visit, number, 422)


@routes.act(f"{ONE}/take-back", Permission.DECIDE_CREDIT, audited="took a credit decision back")
def take_decision_back(visit: Visit, number: int) -> Response:
    """Take the standing decision back."""
    reason = text_of(visit, "back_reason", gettext("Say why."))
    if not visit.field_errors:
        name = visit.organisation.name
        message = take_credit_back(
            visit.actor, visit.container, number, reason=reason, connection=name
        )
        return back_to(visit, number, message)
    return application_page(visit, number, 422)


@routes.act(f"{ONE}/reference", Permission.APPLY_FOR_CREDIT, audited="recorded a reference")
def reference(visit: Visit, number: int) -> Response:
    """Record a reference, or what it answered."""
    name = text_of(visit, "reference", gettext("Who is the reference?"))
    answer = visit.request.form.get("answer", "")
    kind = visit.request.form.get("kind", "")
    words = ReferenceWords(
        ReferenceAnswer(answer) if answer in set(ReferenceAnswer) else None,
        words=text_of(visit, "words"),
        known_for=text_of(visit, "known_for"),
        limit_granted=amount_of(visit, "granted"),
        pays=text_of(visit, "pays"),
    )
    if not visit.field_errors:
        try:
            recorded = record_reference(
                visit.actor,
                visit.container,
                number,
                name,
                kind=ReferenceKind(kind) if kind in set(ReferenceKind) else ReferenceKind.TRADE,
                email=text_of(visit, "email"),
                said=words,
                connection=visit.organisation.name,
            )
        except UserMistake as mistake:
            visit.field_errors["reference"] = refusal(mistake)
        else:
            return back_to(
                visit, number, gettext("The reference %(name)s is recorded.", name=recorded.name)
            )
    return application_page(visit, number, 422)


@routes.act(f"{ONE}/data", Permission.APPLY_FOR_CREDIT, audited="recorded credit data")
def data(visit: Visit, number: int) -> Response:
    """Record what a source said."""
    kind, value = (
        visit.request.form.get("datum", ""),
        text_of(visit, "value", gettext("What did it say?")),
    )
    source, as_of = text_of(visit, "source", gettext("Who said it?")), day_of(visit, "as_of")
    if not visit.field_errors:
        try:
            record_data(
                visit.actor,
                visit.container,
                number,
                [(kind, value)],
                source=source,
                as_of=as_of,
                connection=visit.organisation.name,
            )
        except UserMistake as mistake:
            visit.field_errors["value"] = refusal(mistake)
        else:
            return back_to(visit, number, gettext("Recorded what %(source)s said.", source=source))
    return application_page(visit, number, 422)


def _home(visit: Visit) -> str:
    return visit.organisation.connection.organisation.base_currency


def back_to(visit: Visit, number: int, message: str) -> Response:
    """Lead back to an application, with what was done."""
    visit.log_words = str(message)
    shown = visit.words.told(
        without_commands(in_readers_words(message)), today=visit.organisation.today
    )
    return visit.see(visit.address(f"credit/{number}"), shown)


def application_page(visit: Visit, number: int, status: int = 200) -> Response:
    """Return the page of one application."""
    explanation = explained(
        visit.actor, visit.container, number, connection=visit.organisation.name
    )
    visit.about = explanation.application.name
    standing = next((row for row in explanation.decisions if row.stands), None)
    return visit.page(
        "credit_application.html",
        status,
        it=explanation,
        application=explanation.application,
        proposed=explanation.proposed,
        facts=_facts(visit, explanation.proposed.evidence),
        rules=[
            (read, [f"{name}: {value}" for name, value, _ in _facts(visit, read.evidence)])
            for read in explanation.rules
        ],
        decisions=[(row, agreed_in_words(row.agreed)) for row in explanation.decisions],
        standing=standing,
        latest=explanation.decisions[0].agreed.number if explanation.decisions else 0,
        outcomes=OUTCOME_WORDS,
        final=FINAL_OUTCOMES,
        kinds=tuple(ReferenceKind),
        answers=tuple(ReferenceAnswer),
        datum_kinds=tuple(DatumKind),
        may_ask={
            each.name: not why_not_asked(explanation.application, each)
            for each in explanation.application.references
        },
        waits=waits,
        source_label=source_label,
        sources=allowed_sources(visit.actor, visit.organisation),
        currency=visit.organisation.rulebook.currency,
        today=visit.organisation.today,
        home=_home(visit),
        typed=visit.request.form,
    )


def _facts(visit: Visit, evidence_read: Sequence[Evidence]) -> list[tuple[str, str, str]]:
    """Return what the rule asked: the fact, its value and what was wanted, in words."""
    currency = visit.organisation.rulebook.currency
    return [
        (
            evidence.field.name.replace("_", " "),
            in_words(evidence.field, evidence.value, currency),
            evidence.expectation,
        )
        for evidence in evidence_read
        if visit.words.shows_amounts or evidence.field.kind.value != "amount"
    ]
