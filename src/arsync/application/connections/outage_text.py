"""A platform that could not be reached, in words."""

from __future__ import annotations

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.clock import in_words
from arsync.store.models import OutageRow


def outage_words(organisation: OrganisationContext, outage: OutageRow) -> str:
    """Return since when a platform could not be reached, why, and when it is tried again."""
    cause = outage.reason.rstrip(".")
    times = "once" if outage.failures == 1 else f"{outage.failures:,} times in a row"
    failed_at = in_words(outage.failed_at, organisation.zone)
    words = f"{organisation.label} was not reached {times}, last at {failed_at} ({cause})"
    if outage.retry_at is None:
        return f"{words}; the next run tries again."
    return (
        f"{words}. The next attempt is at {in_words(outage.retry_at, organisation.zone)};"
        f" `arsync sync --now --connection {organisation.name}` tries at once."
    )
