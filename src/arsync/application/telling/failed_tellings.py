"""Who could not be told of an alert or a credit hold, as the doctor and the daily mail say it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.telling.hold_telling import TOLD_KINDS, TOLD_WITHIN_DAYS


def failures_to_tell(organisation: OrganisationContext) -> Iterator[str]:
    """Yield who could not be told of what, in words: of alerts that stand, and of late holds."""
    oldest = organisation.clock.now() - timedelta(TOLD_WITHIN_DAYS)
    for failed in organisation.store.alerts.given_up(organisation.id):
        is_hold = failed.kind in TOLD_KINDS
        if is_hold and failed.tried_at is not None and failed.tried_at < oldest:
            continue
        what = "a credit hold" if is_hold else "an alert"
        to = f" to {failed.address}" if failed.address else ""
        yield f"{what} could not be told by {failed.way}{to}: {failed.failure}"
