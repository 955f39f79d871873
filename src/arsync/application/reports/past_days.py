"""Which days have figures: today and those before it."""

from __future__ import annotations

from datetime import date

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.errors import UserMistake


def past_day(organisation: OrganisationContext, as_of: date | None) -> date:
    """Return a day that has figures; None: today.

    Raises:
        UserMistake: it is in the future.
    """
    today = organisation.today
    if as_of is not None and as_of > today:
        raise UserMistake(f"{as_of.isoformat()} is in the future: it has no figures yet.")
    return as_of or today
