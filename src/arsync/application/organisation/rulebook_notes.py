"""What in a rulebook its ledger does not have, and what is odd in its text: told by every command.

None of it stops anything, and each line may tell of a rule that protects nobody.
"""

from __future__ import annotations

from datetime import timedelta

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.connector_sdk import Capability
from arsync.core.actions import Via
from arsync.core.planning.ways import not_set_up_words
from arsync.core.rulebook.customer_matching import Matching
from arsync.core.rulebook.ledger_words import unknown_words
from arsync.core.rulebook.model import PaymentPlanRules, Place, Problem, Rulebook, StepKind

NEW_CUSTOMER_DAYS = 90
"""So many days after its first invoice a customer is new."""

NEW_NAMED_MAX = 5
"""So many new customers are named; the others are counted."""

LIKELY_NAMED_MAX = 20
"""So many suppliers are named that may be customers."""

NOTES_MAX = 20
"""Commands tell so many lines of one rulebook in passing; `rules check` tells all."""


def rulebook_problems(organisation: OrganisationContext, customers: Matching) -> list[Problem]:
    """Return a warning for each word that nobody in the ledger has, and each rule not done as said.

    They are in the order of file and line.

    Args:
        organisation: whose rulebook.
        customers: whom its entries are about.
    """
    rulebook = organisation.rules.rulebook
    if rulebook is None:
        return []
    otherwise = [*_done_otherwise(organisation, rulebook), *_not_sent(organisation, rulebook)]
    if not organisation.store.ledger.cursor(organisation.id):
        # Before the first pull there is nobody whom a word could be about.
        return otherwise
    otherwise += _likely_suppliers(organisation, rulebook)
    words = unknown_words(rulebook, organisation.store.customers.contacts(organisation.id))
    return sorted((*customers.problems, *words, *otherwise), key=lambda problem: problem[:4])


def _likely_suppliers(organisation: OrganisationContext, rulebook: Rulebook) -> list[Problem]:
    """Return a warning for each supplier that may be a customer, and nobody has said so."""
    if rulebook.bills_asked_at is None:
        return []
    return [
        Problem(
            *rulebook.bills_asked_at,
            f"the supplier {party.supplier_name!r} may be the customer {party.contact_name!r}: a"
            " name or an address is the same. Nothing rests on it until you say so.",
            f"write suppliers: [{party.supplier_name}] in the customer's entry if it is",
            "warning",
        )
        for party in organisation.store.payables.likely_parties(
            organisation.id, at_most=LIKELY_NAMED_MAX
        )
    ]


def _done_otherwise(organisation: OrganisationContext, rulebook: Rulebook) -> list[Problem]:
    """Return a warning where the accounting system makes something else of a rule."""
    if not rulebook.discounts or Capability.CREDIT_NOTES in organisation.offers:
        return []
    place = rulebook.discounts[0].place
    platform = f"{organisation.label} ({organisation.name})"
    message = f"{platform} offers no {Capability.CREDIT_NOTES}: each discount becomes a task."
    return [Problem(*place, message, severity="warning")]


def _not_applied(organisation: OrganisationContext) -> list[Problem]:
    """Return a warning about customers who are new and never applied for credit.

    Only where the rulebook says what becomes of applications.
    """
    rulebook = organisation.rules.rulebook
    if rulebook is None or not rulebook.acceptance:
        return []
    since = organisation.today - timedelta(NEW_CUSTOMER_DAYS)
    names = organisation.store.credit.not_applied(organisation.id, since)
    if not names:
        return []
    more = len(names) - NEW_NAMED_MAX
    named = ", ".join(names[:NEW_NAMED_MAX]) + (f" and {more:,} more" if more > 0 else "")
    verb = "customer is" if len(names) == 1 else "customers are"
    message = f"{len(names):,} {verb} new and without an application for credit: {named}."
    return [Problem(*rulebook.acceptance[0].place, message, severity="warning")]


def _not_sent(organisation: OrganisationContext, rulebook: Rulebook) -> list[Problem]:
    """Return a warning where mail is to leave, and the config names no mail server."""
    if organisation.config.smtp.url:
        return []
    if rulebook.sending.via == Via.SMTP:
        place, effect = rulebook.sending.place, "'via: smtp' sends no message"
    elif rulebook.payment_plans.texts:
        place, effect = _letters_place(rulebook.payment_plans), "no letter of a payment plan leaves"
    elif by_mail := rulebook.account_letters_by("smtp"):
        place, effect = by_mail[0], "no statement and no other letter about the account leaves"
    else:
        return []
    message = f"{effect}: [smtp] url in the config names no mail server."
    hint = 'url = "smtp://user:password@mail.example.com:587"'
    return [Problem(*place, message, hint, severity="warning")]


def steps_without_way(organisation: OrganisationContext) -> list[Problem]:
    """Return a warning for each step whose own way is not set up: a person gets it as a task."""
    rulebook, ways = organisation.rules.rulebook, organisation.sends.ways
    if rulebook is None or ways is None:
        return []
    by_letter = ways & {Via.SMTP, Via.POST}
    return [
        Problem(
            *step.place,
            f"{step.text!r} becomes a task: {not_set_up_words(step.via)}.",
            severity="warning",
        )
        for cadence in rulebook.reminders
        for step in cadence.steps
        if step.repeat == 1
        and (
            (step.via and step.via not in ways)
            or (step.kind is StepKind.LETTER and not step.via and not by_letter)
        )
    ]


def _letters_place(rules: PaymentPlanRules) -> Place:
    """Return the line of the first letter that plans send."""
    sends = {
        "confirm": rules.confirms,
        "announce": rules.announce_days is not None,
        "chase": rules.chase_days is not None,
    }
    return next((rules.places[key] for key, sent in sends.items() if sent), rules.place)


def rulebook_notes(organisation: OrganisationContext, customers: Matching) -> tuple[str, ...]:
    """Return what commands tell in passing, a line each, of a sound rulebook.

    Args:
        organisation: whose rulebook.
        customers: whom its entries are about.
    """
    problems = rulebook_problems(organisation, customers)
    odd = [problem.replace(".\n    hint: ", ": ") for problem in organisation.rules.problems]
    problems = [*problems, *_not_applied(organisation)]
    notes = list(dict.fromkeys([*odd, *(problem.in_a_line for problem in problems)]))
    if len(notes) > NOTES_MAX:
        more = f"{len(notes) - NOTES_MAX:,} more doubts about the rulebook: `arsync rules check`"
        return (*notes[:NOTES_MAX], more)
    return tuple(notes)
