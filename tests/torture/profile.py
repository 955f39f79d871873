"""How much torture: a minute in CI (`make test`), as long as you like with `make torture`.

ARSYNC_TORTURE_PROFILE   ci (by default) or long
ARSYNC_TORTURE_SECONDS   in the long profile: when it is time to stop choosing new schedules
"""

from __future__ import annotations

import os
import time

LONG = os.environ.get("ARSYNC_TORTURE_PROFILE", "ci") == "long"
SECONDS = float(os.environ.get("ARSYNC_TORTURE_SECONDS", "3600"))
SEED = int(os.environ.get("ARSYNC_TORTURE_SEED", "1"))
JOBS = (os.cpu_count() or 1) if LONG else 1


def ends_at(share: float = 1.0) -> float:
    """Return the `time.monotonic()` at which one test stops choosing, given its share of all."""
    return time.monotonic() + SECONDS * share if LONG else float("inf")
