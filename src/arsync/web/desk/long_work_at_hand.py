"""What this application works on beside its requests, for whoever answers one."""

from __future__ import annotations

from flask import current_app

from arsync.application.desk.long_work import LongWork
from arsync.web.desk.visit import LONG_WORK


def long_work() -> LongWork:
    """Return it."""
    work: LongWork = current_app.extensions[LONG_WORK]
    return work
