"""How alerts are told, as the doctor sees it: what the rulebook asks for and no setting gives."""

from __future__ import annotations

from collections.abc import Iterator

from arsync.application.health.findings import OK, WRONG, Finding
from arsync.application.organisation_context import OrganisationContext
from arsync.core.rulebook.model import TellBy


def alert_findings(organisation: OrganisationContext) -> Iterator[Finding]:
    """Yield whether the alerts of a connection's rulebook can be told as it says."""
    rulebook = organisation.rules.rulebook
    if rulebook is None or organisation.settings_problem:
        return
    ways = frozenset[TellBy]().union(*(rule.by for rule in rulebook.alerts))
    if not ways:
        return
    config, about = organisation.config, f"alerts of {organisation.name}"
    mailing = organisation.container.config.smtp.url or config.smtp.url
    missing = []
    if TellBy.MAIL in ways and not mailing:
        missing.append("the rulebook mails alerts, but [smtp] url is empty")
    if TellBy.WEBHOOK in ways and not config.alerts.webhook:
        missing.append("the rulebook posts alerts, but [alerts] webhook is empty")
    elif TellBy.WEBHOOK in ways and not config.alerts.secret:
        missing.append("[alerts] secret is empty: nothing is posted that is not signed")
    for words in missing:
        yield Finding(about, WRONG, f"{words}: only their tasks tell of them.")
    for failed in organisation.store.alerts.given_up(organisation.id):
        to = f" to {failed.address}" if failed.address else ""
        yield Finding(about, WRONG, f"one could not be told by {failed.way}{to}: {failed.failure}")
    if not missing:
        named = " and ".join(sorted(ways))
        yield Finding(about, OK, f"they are told by task, and by {named} where a rule says so.")
