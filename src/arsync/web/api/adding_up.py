"""Figures that the whole ledger has to be read for: added up beside the requests, then kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from flask import current_app

from arsync.application.desk.long_work import Lane, StillAtWork
from arsync.errors import UserMistake
from arsync.web.caller import Caller
from arsync.web.desk.long_work_at_hand import long_work
from arsync.web.desk.visit import FIGURES_WAIT_SECONDS

FIRST_DAY = date(1970, 1, 1)
"""No ledger reaches back further; the windows before a day need room."""

Result = TypeVar("Result")


def refuse_before_ledgers(day: date | None) -> None:
    """Return if figures of a day can be asked for.

    Raises:
        UserMistake: it is before all ledgers.
    """
    if day is not None and day < FIRST_DAY:
        raise UserMistake(f"{day} is before {FIRST_DAY}: it has no figures.")


def added_up(caller: Caller, key: tuple[object, ...], make: Callable[[], Result]) -> Result:
    """Return figures once they are added up; they are kept until the ledger is read again.

    Args:
        caller: who asks, of which ledger.
        key: what is asked, with all that changes the answer.
        make: adds up.

    Raises:
        StillAtWork: they are being added up.
    """
    organisation = caller.organisation
    read_at = organisation.store.ledger.pulled_at(organisation.id)
    whole_key = ("api", organisation.id, organisation.today, read_at, *key)
    job = long_work().begin(Lane.FIGURES, whole_key, lambda _: make())
    if not job.wait(current_app.extensions[FIGURES_WAIT_SECONDS]):
        raise StillAtWork
    return job.result()
