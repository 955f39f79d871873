"""A rulebook's text, checked as a connection's before it counts."""

from __future__ import annotations

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.organisation.rules_reading import ReadRules
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.rules.rule_files import CheckedRules, checked_rules
from arsync.core.rulebook.rules_text import RuleFile, RulesText
from arsync.rules_source.tree import TextTree

FILE = "rulebook.yaml"
"""How problems name the text."""


def check_text(actor: Actor, organisation: OrganisationContext, text: str) -> CheckedRules:
    """Check a text as the rulebook of a connection; nothing is kept.

    What it extends is read as it is shipped now, and its letters are those that count now.
    """
    permit(actor, Permission.READ)
    live = organisation.rules.text
    letters = live.letters if live is not None else ()
    rules = TextTree(RulesText("", (RuleFile(FILE, text),), letters)).read()
    tried = OrganisationContext(
        organisation.container, organisation.connection, ReadRules(rules, FILE)
    )
    return checked_rules([rules], list(tried.misfits), [], [])
