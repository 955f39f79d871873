"""How alerts are told, as the doctor sees it: what the rulebook asks for and no setting gives."""

from __future__ import annotations

from collections.abc import Iterator

from arsync.application.health.findings import OK, WRONG, Finding
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.telling.failed_tellings import failures_to_tell
from arsync.core.rulebook.model import TellBy

HOLDS_UNTOLD = (
    "the rulebook mails colleagues of credit holds, but [smtp] url is empty: nobody is told."
)


def alert_findings(organisation: OrganisationContext) -> Iterator[Finding]:
    """Yield whether the alerts of a connection's rulebook can be told as it says."""
    rulebook = organisation.rules.rulebook
    if rulebook is None or organisation.settings_problem:
        return
    ways = frozenset[TellBy]().union(*(rule.by for rule in rulebook.every_alert))
    mails_holds = any(rule.tell for rule in rulebook.credit_holds)
    if not ways and not mails_holds:
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
    if mails_holds and not mailing:
        yield Finding(about, WRONG, HOLDS_UNTOLD)
    for failure in failures_to_tell(organisation):
        yield Finding(about, WRONG, failure)
    if ways and not missing:
        named = " and ".join(sorted(ways))
        yield Finding(about, OK, f"they are told by task, and by {named} where a rule says so.")
