"""Whether this installation can work now: for whoever starts processes and sends them requests."""

from __future__ import annotations

import logging

from arsync.application.organisation.container import Container
from arsync.errors import ArsyncError, UserMistake

READY_SECONDS_MAX = 3.0
"""No statement of the question takes longer."""

_LOG = logging.getLogger(__name__)


def why_not_ready(container: Container) -> str:
    """Return why not; empty: it is ready.

    The answer goes to whoever can reach the port, so it names no host, user or file; the log does.
    """
    try:
        is_current = container.store.is_current(READY_SECONDS_MAX)
    except UserMistake as mistake:
        _LOG.warning("not ready: %s", mistake)
        return "the store cannot be used: see the log, or run arsync doctor"
    except ArsyncError as error:
        _LOG.warning("not ready: %s", error)
        return "the store is away"
    return "" if is_current else "the store's tables are of another version of arsync"
