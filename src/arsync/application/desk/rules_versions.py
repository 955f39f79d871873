"""The rulebook of a connection as it is gone by, and the ones before it."""

from __future__ import annotations

from typing import NamedTuple

from arsync.application.desk.rules_draft import CheckedDraft, check_draft, live_text
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.rules.rulebook_versions import KeptRulebook, kept_rulebook
from arsync.core.rulebook.rules_text import RulesText
from arsync.errors import UserMistake
from arsync.store.models import VersionRow
from arsync.translation import gettext


class LiveRules(NamedTuple):
    """The rulebook that a connection goes by."""

    text: RulesText
    source: str
    """Where it was read, for people: `push 3`."""
    checked: CheckedDraft
    versions: tuple[VersionRow, ...]
    """The rulebooks that planned something here, and the live one; the latest first."""

    @property
    def since(self) -> VersionRow | None:
        """Return the live one among the versions; None: nothing was done by it yet."""
        return next((row for row in self.versions if row.hash == self.text.hash), None)


def live_rules(actor: Actor, organisation: OrganisationContext) -> LiveRules:
    """Return the live rulebook with everything that is wrong with it, and those before it.

    Raises:
        UserMistake: there are no rules at all.
    """
    permit(actor, Permission.READ)
    text = live_text(organisation)
    versions = organisation.store.rulebooks.of_connection(organisation.id, {text.hash})
    checked = check_draft(actor, organisation, text)
    return LiveRules(text, organisation.rules_read.source, checked, tuple(versions))


def version_of(actor: Actor, organisation: OrganisationContext, prefix: str) -> KeptRulebook:
    """Return a rulebook by which something was planned here.

    Raises:
        UserMistake: there is none of that hash; those of other connections are not shown.
    """
    permit(actor, Permission.READ)
    kept = kept_rulebook(actor, organisation.container, prefix)
    live = organisation.rules.text
    hashes = {live.hash} if live is not None else set()
    rows = organisation.store.rulebooks.of_connection(organisation.id, hashes)
    if not any(row.hash == kept.row.hash for row in rows):
        raise UserMistake(
            gettext("nothing was planned here by a rulebook %(prefix)s.", prefix=prefix)
        )
    return kept
