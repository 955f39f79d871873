"""Decisions about credit: what the rulebook proposes and why, and what a person makes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from arsync.application.credit.credit_applications import Applicant, numbered
from arsync.application.decisions.approval_limits import needs_two
from arsync.application.organisation.account_reading import accounts_on
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext, organisations
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.persons_words import name_line, reason_line
from arsync.core.credit.acceptance import (
    NO_CONTACT,
    OUTCOME_WORDS,
    ProposedDecision,
    RuleRead,
    propose,
    rules_read,
)
from arsync.core.ledger.agreements.credit_applications import (
    FINAL_OUTCOMES,
    AgreedCredit,
    ApplicationState,
    CreditApplication,
    CreditOutcome,
)
from arsync.core.ledger.money import ZERO, shown
from arsync.core.ledger.payment_terms import CASH, read_terms
from arsync.core.planning.assessment import Assessor
from arsync.core.rulebook.customer_matching import customer_of
from arsync.core.rulebook.facts import Field, Row, contact_row
from arsync.core.rulebook.facts.application_facts import ApplicationOnDay
from arsync.core.rulebook.model import Customer
from arsync.errors import UserMistake
from arsync.store.agreements.credit_applications import DecisionRow, FirstWord, NewDecision
from arsync.translation import SaidText, saying


class DecidedByHand(NamedTuple):
    """What a person decides; what is left out is as the rulebook proposes."""

    outcome: CreditOutcome | None = None
    limit: Decimal | None = None
    """In the rulebook's currency."""
    terms: str | None = None
    until: date | None = None
    review_on: date | None = None
    reason: str = ""

    @property
    def changes(self) -> bool:
        """Return whether it says anything besides a reason and an end."""
        return any(
            value is not None for value in (self.outcome, self.limit, self.terms, self.review_on)
        )


class ExplainedApplication(NamedTuple):
    """An application, what the rulebook makes of it today, and what was decided."""

    organisation: OrganisationContext
    application: CreditApplication
    proposed: ProposedDecision
    decisions: Sequence[DecisionRow]
    """The latest first."""
    rules: Sequence[RuleRead] = ()
    """Every rule of `acceptance`, in its order, with its answer."""
    entry: Customer | None = None
    """What the rulebook's `customers` say of the customer, where they do."""
    first_word: FirstWord | None = None

    @property
    def state(self) -> str:
        """Return what it came to: `open`, `accepted`, `cash on delivery`, `refused`."""
        latest = next((decision for decision in self.decisions if decision.stands), None)
        if latest is None:
            return ApplicationState.OPEN
        return OUTCOME_WORDS[latest.agreed.outcome]

    def sources_of(self, field: Field) -> str:
        """Return which sources said what a fact of the application goes by; empty: it has none."""
        if field.sources is None or field.of != "application":
            return ""
        currency = self.organisation.rulebook.currency
        return field.sources(ApplicationOnDay(self.application, self.organisation.today, currency))

    @property
    def overruled(self) -> str:
        """Return that the rulebook's own entry counts before what was decided; empty: no."""
        if self.entry is None or self.entry.limit_on(self.organisation.today) is None:
            return ""
        place = self.entry.place
        return f"the limit of {place.file}:{place.line} counts before what is decided here"


def explained(
    actor: Actor, container: Container, number: int, *, connection: Chosen = None
) -> ExplainedApplication:
    """Return an application with what the rulebook makes of it today, and why.

    Raises:
        UserMistake: there is no such application, or the rulebook cannot be read.
    """
    permit(actor, Permission.READ)
    return _explained(numbered(container, number, connection))


def listed(
    actor: Actor, container: Container, *, state: str = "", connection: Chosen = None
) -> list[ExplainedApplication]:
    """Return all applications, the latest first; with `state`, those that came to it.

    Raises:
        UserMistake: a rulebook cannot be read.
    """
    permit(actor, Permission.READ)
    explanations = [
        _explained(Applicant(organisation, application))
        for organisation in organisations(container, connection)
        for application in organisation.store.credit.all(organisation.id)
    ]
    return [each for each in explanations if not state or each.state == state]


def _explained(applicant: Applicant) -> ExplainedApplication:
    organisation, application, _ = applicant
    row, entry = _of_customer(organisation, application)
    store = organisation.store.credit
    return ExplainedApplication(
        organisation,
        application,
        propose(organisation.rulebook, application, organisation.today, row),
        store.decisions(organisation.id, [application.number]),
        rules_read(organisation.rulebook, application, organisation.today, row),
        entry,
        store.first_word(application.number),
    )


def _of_customer(
    organisation: OrganisationContext, application: CreditApplication
) -> tuple[Row, Customer | None]:
    """Return the facts of the customer that applies, and what the rulebook says of it."""
    if not application.contact_id:
        return NO_CONTACT, None
    account = next(iter(accounts_on(organisation, None, [application.contact_id])), None)
    if account is None:
        return NO_CONTACT, None
    rulebook = organisation.rulebook
    books = organisation.connection.organisation
    assessor = Assessor(
        rulebook, books, organisation.today, organisation.bank_days, organisation.ledger_due
    )
    assessment = assessor.assess(account)
    party = assessment.party_of(application.contact_id)
    fields = {field for rule in rulebook.acceptance for field in rule.when.fields}
    positions = sorted(field.position for field in fields if field.of == "contact")
    entry = customer_of(rulebook.by_contact(), party.view.contact, account)
    return contact_row(party.view, positions), entry


class CreditDecided(NamedTuple):
    """What came of deciding."""

    message: SaidText
    decision: int | None
    """Its number; None: it is the first of two approvals."""


def decide_credit(
    actor: Actor,
    container: Container,
    number: int,
    by_hand: DecidedByHand = DecidedByHand(),  # noqa: B008 - a frozen value
    *,
    seen: int | None = None,
    connection: Chosen = None,
) -> CreditDecided:
    """Decide about an application: as the rulebook proposes, or as a person says.

    Above what the actor may approve alone it is the first of two approvals, until somebody else
    decides the same.

    Args:
        actor: decides.
        container: holds the ledgers.
        number: the application's.
        by_hand: what a person says; by default it is as proposed.
        seen: the latest decision that the actor saw; None: whichever is the latest.
        connection: only this connection's.

    Raises:
        UserMistake: there is no such application; the rulebook asks a person and nothing is said;
            a limit, terms or a reason is missing; the rulebook says another limit for the customer.
    """
    permit(actor, Permission.DECIDE_CREDIT)
    explanation = _explained(numbered(container, number, connection))
    agreed, reason = _agreed(actor, explanation, by_hand)
    organisation, application = explanation.organisation, explanation.application
    _refuse_contradiction(explanation, agreed)
    store, first = organisation.store.credit, ""
    if needs_two(actor, _in_books(organisation, agreed)):
        digest = _digest(application, agreed)
        word = explanation.first_word
        if word is None or word.digest != digest or word.user_id == actor.user_id:
            assert actor.user_id is not None, "only people who sign in have a limit"
            store.say_first(number, FirstWord(actor.user_id, name_line(actor.name), digest))
            first_of_two = saying(
                "It is the first of two approvals: somebody else has to decide the same."
            )
            return CreditDecided(_agreed_words(application, agreed).then(first_of_two), None)
        first = word.name
    latest = explanation.decisions[0].agreed.number if explanation.decisions else 0
    decision = store.decide(
        organisation.id,
        NewDecision(application, agreed, explanation.proposed.facts, reason, first),
        who=name_line(actor.name),
        over=latest if seen is None else seen,
    )
    return CreditDecided(_told(explanation, agreed), decision)


def take_credit_back(
    actor: Actor, container: Container, number: int, *, reason: str, connection: Chosen = None
) -> SaidText:
    """Take the standing decision about an application back; it is open again.

    What it brought into the books stays until it is undone.

    Raises:
        UserMistake: there is no such application, no decision stands, or no reason is given.
    """
    permit(actor, Permission.DECIDE_CREDIT)
    explanation = _explained(numbered(container, number, connection))
    line = reason_line(reason)
    if not line:
        raise UserMistake("taking a decision back needs a reason.")
    standing = next((decision for decision in explanation.decisions if decision.stands), None)
    organisation, name = explanation.organisation, explanation.application.name
    if standing is None or not organisation.store.credit.end(
        organisation.id, standing.agreed.number, who=name_line(actor.name), why=line
    ):
        raise UserMistake(f"no decision about application {number} stands.")
    return saying(
        "%(name)s: the decision of %(day)s is taken back.",
        name=name,
        day=standing.agreed.decided_on.isoformat(),
    ).then(
        saying(
            "Payment terms that it brought into the books stay: `arsync undo` puts back what they"
            " were."
        )
    )


def _agreed(
    actor: Actor, explanation: ExplainedApplication, by_hand: DecidedByHand
) -> tuple[AgreedCredit, str]:
    """Return what is decided, and the person's reason."""
    proposed, organisation = explanation.proposed, explanation.organisation
    outcome = by_hand.outcome or proposed.outcome
    if outcome not in FINAL_OUTCOMES:
        doubt = f" ({proposed.why_asked})" if proposed.why_asked else ""
        by = f", for {proposed.by}" if proposed.by else ""
        raise UserMistake(
            f"the rulebook leaves it to a person{by}{doubt}."
            "\n    hint: --accept --limit AMOUNT, --cash, or --refuse"
        )
    reason = reason_line(by_hand.reason)
    settled = proposed.outcome in FINAL_OUTCOMES
    if settled and by_hand.changes and not reason:
        words = OUTCOME_WORDS[proposed.outcome]
        raise UserMistake(f"the rulebook proposes otherwise ({words}): say why with --reason.")
    limit, terms = _limit_and_terms(explanation, outcome, by_hand)
    today = organisation.today
    for day in (by_hand.until, by_hand.review_on):
        if day is not None and day <= today:
            raise UserMistake(f"{day} is not in the future.")
    rule = proposed.rule
    follows = rule is not None and not by_hand.changes
    place = rule.place if rule is not None and follows else None
    review_on = by_hand.review_on or proposed.review_on
    return AgreedCredit(
        0,
        explanation.application.contact_id,
        outcome,
        today,
        name_line(actor.name),
        limit,
        organisation.rulebook.currency,
        by_hand.until if outcome is CreditOutcome.ACCEPT else None,
        review_on if outcome is not CreditOutcome.REFUSE else None,
        terms,
        rule.name if rule is not None and follows else "",
        place.file if place else "",
        place.line if place else 0,
    ), reason


def _limit_and_terms(
    explanation: ExplainedApplication, outcome: CreditOutcome, by_hand: DecidedByHand
) -> tuple[Decimal | None, str]:
    proposed = explanation.proposed
    if outcome is CreditOutcome.REFUSE:
        return None, ""
    if outcome is CreditOutcome.CASH:
        return ZERO, CASH
    # What the rule gives with another decision is nothing to accept with.
    suggests = proposed.rule is not None and proposed.rule.decide in {outcome, CreditOutcome.ASK}
    suggested = proposed.limit if suggests else None
    limit = by_hand.limit if by_hand.limit is not None else suggested
    if limit is None or limit <= 0:
        raise UserMistake("accepting needs a limit above nothing: --limit AMOUNT")
    words = proposed.terms if suggests else ""
    terms = by_hand.terms if by_hand.terms is not None else words
    terms = " ".join(terms.split())
    if terms and read_terms(terms) is None:
        raise UserMistake(f"{terms!r} are no payment terms: write them as in 30 days.")
    return limit, terms


def _refuse_contradiction(explanation: ExplainedApplication, agreed: AgreedCredit) -> None:
    """Refuse a limit that the rulebook's own entry for the customer contradicts.

    Raises:
        UserMistake: it does.
    """
    entry, organisation = explanation.entry, explanation.organisation
    written = entry.limit_on(organisation.today) if entry is not None else None
    if entry is None or written is None or agreed.outcome is CreditOutcome.REFUSE:
        return
    if written.amount != agreed.limit:
        place = f"{entry.place.file}:{entry.place.line}"
        raise UserMistake(
            f"the rulebook agrees on {shown(written.amount, agreed.currency)} with"
            f" {entry.contact} ({place}), which counts first."
            "\n    hint: change it there, or take it out; then decide here"
        )


def _in_books(organisation: OrganisationContext, agreed: AgreedCredit) -> Decimal | None:
    """Return the limit in the currency of the books; None: what it is worth there is not known."""
    if not agreed.limit:
        return ZERO
    base = organisation.connection.organisation.base_currency
    return agreed.limit if agreed.currency == base else None


def _digest(application: CreditApplication, agreed: AgreedCredit) -> str:
    """Return what tells a decision from another about the same application."""
    terms = (application.number, agreed.outcome, agreed.limit, agreed.currency, agreed.until)
    text = "\x00".join(map(str, (*terms, agreed.review_on, agreed.terms)))
    return hashlib.sha256(text.encode()).hexdigest()


def _told(explanation: ExplainedApplication, agreed: AgreedCredit) -> SaidText:
    organisation, application = explanation.organisation, explanation.application
    message = _agreed_words(application, agreed)
    if agreed.review_on:
        review = saying("To be reviewed on %(day)s.", day=agreed.review_on.isoformat())
        message = message.then(review)
    if agreed.outcome is CreditOutcome.REFUSE:
        return message
    if not application.contact_id:
        return message.then(
            saying(
                "It counts once a contact of the accounting system is called %(name)s.",
                name=application.name,
            )
        )
    if organisation.observes:
        return message.then(
            saying("%(name)s only observes: nothing goes to the books.", name=organisation.name)
        )
    return message.then(saying("The next run brings it to the books."))


def _agreed_words(application: CreditApplication, agreed: AgreedCredit) -> SaidText:
    """Say what was agreed, as `agreed_in_words` does in the books."""
    name = application.name
    if agreed.outcome is CreditOutcome.CASH:
        return saying("%(name)s: cash on delivery.", name=name)
    if agreed.outcome is CreditOutcome.REFUSE:
        return saying("%(name)s: refused.", name=name)
    accepted = saying("%(name)s: accepted", name=name)
    if agreed.limit is not None:
        limit = shown(agreed.limit, agreed.currency)
        accepted = saying("%(name)s: accepted, limit %(limit)s", name=name, limit=limit)
        if agreed.until:
            accepted = saying(
                "%(name)s: accepted, limit %(limit)s until %(day)s",
                name=name,
                limit=limit,
                day=agreed.until.isoformat(),
            )
    if agreed.terms:
        return saying("%(accepted)s, terms %(terms)s.", accepted=accepted, terms=agreed.terms)
    return saying("%(accepted)s.", accepted=accepted)
