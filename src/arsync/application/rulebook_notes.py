"""What in a rulebook its ledger does not have, and what is odd in its text: told by every command.

None of it stops anything, and each line may tell of a rule that protects nobody.
"""

from __future__ import annotations

from arsync.application.organisation_context import OrganisationContext
from arsync.core.rulebook.customer_matching import Matching
from arsync.core.rulebook.ledger_words import unknown_words
from arsync.core.rulebook.model import Problem

NOTES_MAX = 20
"""Commands tell so many lines of one rulebook in passing; `rules check` tells all."""


def rulebook_problems(organisation: OrganisationContext, customers: Matching) -> list[Problem]:
    """Return a warning for each word that nobody in the ledger has, by file and line.

    Args:
        organisation: whose rulebook.
        customers: whom its entries are about.
    """
    rulebook = organisation.rules.rulebook
    if rulebook is None or not organisation.store.ledger.cursor(organisation.id):
        # Before the first pull there is nobody whom a word could be about.
        return []
    words = unknown_words(rulebook, organisation.store.customers.contacts(organisation.id))
    return sorted((*customers.problems, *words), key=lambda problem: problem[:4])


def rulebook_notes(organisation: OrganisationContext, customers: Matching) -> tuple[str, ...]:
    """Return what commands tell in passing, a line each, of a sound rulebook.

    Args:
        organisation: whose rulebook.
        customers: whom its entries are about.
    """
    problems = rulebook_problems(organisation, customers)
    odd = [problem.replace(".\n    hint: ", ": ") for problem in organisation.rules.problems]
    notes = list(dict.fromkeys([*odd, *(problem.in_a_line for problem in problems)]))
    if len(notes) > NOTES_MAX:
        more = f"{len(notes) - NOTES_MAX:,} more doubts about the rulebook: `arsync rules check`"
        return (*notes[:NOTES_MAX], more)
    return tuple(notes)
