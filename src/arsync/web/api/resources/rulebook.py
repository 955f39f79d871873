"""The rulebook: what counts now, what a text would be worth, and what counted before."""

from __future__ import annotations

from operator import attrgetter
from typing import Annotated

from msgspec import Meta, Struct
from werkzeug.exceptions import NotFound

from arsync.application.desk.rules_versions import live_rules, version_of
from arsync.application.desk.text_checking import check_text
from arsync.application.permissions import NotPermitted, Permission
from arsync.application.rules.rule_checking import (
    EffectiveRulesView,
    effective_rules,
    effective_rules_view,
)
from arsync.application.rules.rule_files import CheckView, check_view
from arsync.application.rules.rulebook_versions import (
    KeptRulebookView,
    VersionView,
    kept_rulebook,
    kept_rulebook_view,
    rulebook_versions,
    version_view,
)
from arsync.errors import UserMistake
from arsync.web.api.operations import Operations, Paged, PageQuery, page_of, rows_after
from arsync.web.caller import Caller

operations = Operations("rulebook")

TEXT_CHARACTERS_MAX = 500_000

RulebookHash = Annotated[
    str, Meta(pattern="^[0-9a-f]{64}$", description="The hash of a rulebook, all of it.")
]


class TextBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A rulebook's text, as one file."""

    text: Annotated[str, Meta(min_length=1, max_length=TEXT_CHARACTERS_MAX)]


@operations.read("/connections/{connection}/rulebook", policy=True)
def get_rulebook(caller: Caller) -> EffectiveRulesView:
    """Get the rulebook that counts now, with the place of each part."""
    name = caller.organisation.name
    rulebook, text = effective_rules(caller.actor, caller.container, connection=name)
    return effective_rules_view(rulebook, text)


@operations.act("/connections/{connection}/rulebook/check", Permission.READ, policy=True)
def check_rulebook(caller: Caller, body: TextBody) -> CheckView:
    """Check a text as this connection's rulebook; nothing is kept."""
    return check_view(check_text(caller.actor, caller.organisation, body.text))


@operations.read("/connections/{connection}/rulebook/versions", policy=True)
def list_connections_versions(caller: Caller, query: PageQuery) -> Paged[VersionView]:
    """List the rulebooks by which something was planned here, the latest first."""
    versions = live_rules(caller.actor, caller.organisation).versions
    rows = rows_after(versions, query, attrgetter("hash"))
    return page_of(rows, query, version_view, attrgetter("hash"))


@operations.read("/connections/{connection}/rulebook/versions/{version}", policy=True)
def get_connections_version(caller: Caller, version: RulebookHash) -> KeptRulebookView:
    """Get a rulebook by which something was planned here, with all its text."""
    try:
        return kept_rulebook_view(version_of(caller.actor, caller.organisation, version))
    except UserMistake as mistake:
        raise NotFound(str(mistake)) from None


@operations.read("/rulebook/versions", policy=True)
def list_rulebook_versions(caller: Caller, query: PageQuery) -> Paged[VersionView]:
    """List the rulebooks that were gone by, the latest first."""
    _refuse_unless_everywhere(caller)
    rows = rows_after(rulebook_versions(caller.actor, caller.container), query, attrgetter("hash"))
    return page_of(rows, query, version_view, attrgetter("hash"))


@operations.read("/rulebook/versions/{version}", policy=True)
def get_rulebook_version(caller: Caller, version: RulebookHash) -> KeptRulebookView:
    """Get a rulebook of the past with all its text."""
    _refuse_unless_everywhere(caller)
    return kept_rulebook_view(kept_rulebook(caller.actor, caller.container, version))


def _refuse_unless_everywhere(caller: Caller) -> None:
    """Refuse who is something to single connections: the versions are of all of them."""
    if caller.person is None or caller.person.actor() is None:
        raise NotPermitted(
            f"{caller.actor.name} may see the rulebooks of single connections alone."
        )
