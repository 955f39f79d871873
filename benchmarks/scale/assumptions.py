"""What the simulation takes for granted, each figure with where it comes from."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import NamedTuple

from arsync.connector_sdk import RateLimits
from arsync_quickbooks.settings import LIMITS as QUICKBOOKS_LIMITS
from arsync_xero.settings import LIMITS as XERO_LIMITS

HOUR = 3_600.0
PLATFORMS: dict[str, RateLimits] = {
    "xero": XERO_LIMITS,
    # The month's reads are a matter of money: they are counted, and the page says what they cost.
    "quickbooks": QUICKBOOKS_LIMITS._replace(reads_per_month=0),
}
QUIET_CALLS = {"xero": 7, "quickbooks": 1}
"""Of a run in which nothing is new: measured against the sandbox (docs/benchmarks.md)."""
CHANGED_CALLS = {"xero": 4, "quickbooks": 1}
"""More of a run that a change asked for: the documents, and the balances compared again."""
LETTER_CALLS = 6
"""Of a letter: the customer and its invoices read again, the email, its note, the look-up."""
LETTERS_MAX = 300
"""Of a ledger a day: `safety: emails` of the standard rulebook."""
INVOICES_OF_A_LETTER = 100
"""A ledger sends one letter a day for so many open invoices."""
EVENTS_OF_AN_INVOICE = 0.02
EVENTS_MIN = 3.0
"""Changes a day that the platform reports: so many for each open invoice, and at least so many."""

PROCESSOR_SECONDS = {"xero": 0.13, "quickbooks": 0.08}
PROCESSOR_SECONDS_OF_AN_INVOICE = 0.0001
"""Of a quiet run in a worker that lives, and more for each open invoice: measured."""
STATEMENTS = {"xero": 84, "quickbooks": 61}
"""Of a quiet run on PostgreSQL: measured."""
CALL_SECONDS = (0.15, 0.45)
"""How long a platform takes to answer; an even draw."""
AWAY_SECONDS, PROBE_SECONDS = 30.0, 10.0
"""How long a run takes to give up a platform that is away: with retries, and once it knows."""

WISHES_TURN_SECONDS, ROUTINE_TURN_SECONDS = 5.0, 15.0
"""Between two looks of the workers for what is wanted, and for what is due by its pace."""
HEARTBEAT_LIMIT_SECONDS, RESCUE_TURN_SECONDS = 30.0, 10.0
"""A worker without a sign of life for so long has died; its jobs are looked for so often."""

MEDIAN_INVOICES = 150.0
SPREAD = 1.5
"""Open invoices of a ledger are log-normal: half have fewer than the median, one in a hundred
5,000, the largest of 20,000 about 60,000."""
TIME_ZONES = (0, 0, 0, -5, -8, 11)
"""Hours from UTC; the letters of a ledger leave at nine of its own."""
WORKING_HOURS = (8, 18)


class Practice(NamedTuple):
    """What is simulated."""

    ledgers: int = 20_000
    xero_share: float = 0.5
    workers: int = 20
    threads: int = 10
    every_seconds: int = 900
    hours: float = 24.0
    webhooks: bool = True
    letters: bool = True
    outage: tuple[float, float] | None = None
    """Xero is away from this hour to that one."""
    worker_lost_at: float | None = None
    """The hour at which one worker dies; it is started again half an hour later."""
    app_calls_per_minute: int = XERO_LIMITS.app_calls_per_minute
    seed: int = 20_261_201


@dataclass(slots=True, eq=False)
class Ledger:
    """One connection, and what the simulation knows of it. Moments are seconds of the day."""

    number: int
    platform: str
    invoices: int
    next_at: float = 0.0
    wanted_at: float | None = None
    began_at: float = 0.0
    retry_at: float = 0.0
    letters_at: float = math.inf
    good_at: float = 0.0
    longest_gap: float = 0.0
    late_sum: float = 0.0
    failures: int = 0
    runs: int = 0
    calls_today: int = 0
    queued: bool = False
    running: bool = False


def ledgers(practice: Practice, draw: random.Random) -> list[Ledger]:
    """Draw the ledgers of a practice."""
    drawn = []
    for number in range(1, practice.ledgers + 1):
        platform = "xero" if number <= practice.ledgers * practice.xero_share else "quickbooks"
        invoices = int(draw.lognormvariate(math.log(MEDIAN_INVOICES), SPREAD))
        ledger = Ledger(number, platform, invoices)
        if practice.letters:
            zone = draw.choice(TIME_ZONES)
            ledger.letters_at = ((9 - zone) % 24) * HOUR
        drawn.append(ledger)
    return drawn
