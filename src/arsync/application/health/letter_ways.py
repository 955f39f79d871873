"""The ways of letters, as the doctor sees them: which are set up, and what is in their way."""

from __future__ import annotations

from collections.abc import Iterator

from arsync.application.health.findings import OK, WRONG, Finding
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.channels import channel, channel_names


def way_findings(organisation: OrganisationContext) -> Iterator[Finding]:
    """Yield by which ways a connection's letters can leave, and what hinders them now."""
    if organisation.settings_problem:
        return
    config, about = organisation.config, f"letters of {organisation.name}"
    set_up, not_set_up = [f"{organisation.label}'s own email"], list[str]()
    for name in channel_names():
        way = channel(name)
        shown = f"{way.label} (via: {name})"
        (not_set_up if way.settings_problem(config) else set_up).append(shown)
    missing = f" Not set up: {', '.join(not_set_up)}." if not_set_up else ""
    yield Finding(about, OK, f"they can leave by {', '.join(set_up)}.{missing}")
    for name in channel_names():
        way = channel(name)
        obstacle = "" if way.settings_problem(config) else way.obstacle(config)
        if obstacle:
            yield Finding(about, WRONG, obstacle)
