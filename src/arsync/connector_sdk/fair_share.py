"""Sharing what an application may call among its organisations. Pure: counts and a moment go in.

Two budgets belong to the application and not to an organisation: its calls a minute (Xero) and its
reads a month (QuickBooks). Each organisation is sure of a share of both; what the others leave is
for whoever wants more.

The minute: nobody is held back while nobody has to wait. Who had to wait of late has a part of the
minute kept, at most its share, and may use all that is kept for no other. The first in a queue goes
first.

The month: what is left is planned evenly over its days, and each day over the ledgers. Beyond its
share a ledger may borrow of what the others are not expected to need until the month ends, and of
that a part each day: a first pull neither eats the month nor stands still beside an idle budget.
"""

from __future__ import annotations

import calendar
from datetime import UTC, datetime
from typing import NamedTuple

from arsync.connector_sdk import RateLimits
from arsync.connector_sdk.call_window import MINUTE_SECONDS
from arsync.connector_sdk.contenders import Contender
from arsync.connector_sdk.rate_window import (
    DAY_SECONDS,
    TURN_SECONDS,
    AcquireRequest,
    CallCount,
    Permit,
    app_limits,
)

FAIR_TURN_SECONDS = 1.0
"""Whoever had its share of the minute while others wait asks again after this time."""

LENT_PART = 0.5
"""Of what nobody is expected to need, so much can be borrowed in a day: the rest is for those who
come tomorrow."""

NEW_SHARE = 0.5
"""Of the shares, how much is expected to be needed before a day has shown it."""


class Sharing(NamedTuple):
    """Who shares an application's budgets, and by which limits."""

    organisation: str
    limits: RateLimits
    ledgers: int = 1
    """How many ledgers share them."""


class ReadsPlan(NamedTuple):
    """How the reads of one day are planned."""

    budget: int
    """Of all ledgers together."""
    share: int
    """That each ledger is sure of."""
    borrowable: int
    """What ledgers may still have beyond their shares, all together."""


def reserve_shared(
    own: CallCount, app: CallCount, sharing: Sharing, request: AcquireRequest, now: float
) -> Permit:
    """Reserve a block of calls of an organisation and of its application, or say how long to wait.

    Args:
        own: the organisation's count.
        app: the application's.
        sharing: who asks, and the limits.
        request: what is asked; its report has been noted already.
        now: seconds on the clock of both counts.
    """
    limits = sharing.limits
    refused, reads = _reads_left(own, app, sharing, request, now)
    if refused is not None:
        return refused
    # The organisation first: where it has no room, nothing is reserved of the application's calls,
    # which all organisations share.
    permit = own.room(request, limits, now)
    if not permit.calls:
        return permit
    calls = permit.calls if reads is None else min(permit.calls, reads)
    if limits.app_calls_per_minute:
        of_app = _minute_left(own, app, sharing, request, now)
        if not of_app.calls:
            return of_app._replace(day_left=permit.day_left)
        calls = min(calls, of_app.calls)
    if limits.app_calls_per_minute or limits.reads_per_month:
        app.reserve(request.holder, calls, now)
    own.reserve(request.holder, calls, now)
    return permit._replace(calls=calls)


# -- the minute -----------------------------------------------------------------------------------


def _minute_left(
    own: CallCount, app: CallCount, sharing: Sharing, request: AcquireRequest, now: float
) -> Permit:
    """Return how many of the application's calls an organisation may have now; reserves none."""
    of_app = app_limits(sharing.limits)
    app.contenders.forget(now)
    before = app.contenders.pop(sharing.organisation)
    since = before.since if before is not None and before.since else now
    used = own.within(MINUTE_SECONDS, now)
    permit = app.room(request, of_app, now)
    most = min(permit.calls, _turn(app, of_app, used, since, now))
    if most > 0:
        if before is not None:
            served = Contender(0.0, now + MINUTE_SECONDS, used + most)
            app.contenders.add(sharing.organisation, served)
        return permit._replace(calls=most)
    pause = permit.pause_seconds or FAIR_TURN_SECONDS
    until = now + pause + MINUTE_SECONDS
    app.contenders.add(sharing.organisation, Contender(since, until, used))
    return Permit(pause_seconds=pause)


def leave(app: CallCount, sharing: Sharing) -> None:
    """Keep nothing of the minute for an organisation whose run is over."""
    app.contenders.pop(sharing.organisation)


def _turn(app: CallCount, of_app: RateLimits, used: int, since: float, now: float) -> int:
    """Return how many calls an organisation may have beside the others that want some.

    Args:
        app: the application's count, without the organisation among the contenders.
        of_app: the application's limits.
        used: the organisation's calls of the last minute.
        since: when it began to wait.
        now: seconds on the count's clock.
    """
    room, others = app.minute_room(of_app, now), app.contenders
    if not others:
        return room
    share = max(1, of_app.calls_per_minute // (len(others) + 1))
    # Of its share it is sure; one call is left for each that came before, so that whoever waits
    # longest is served whoever else asks. Beyond it, what is kept for the others is left to them.
    first, kept = others.before(since), others.kept(share)
    return max(min(room - first, share - used), room - max(kept, first))


# -- the month ------------------------------------------------------------------------------------


def plan_reads(app: CallCount, limits: RateLimits, ledgers: int, now: float) -> ReadsPlan:
    """Return how the reads of today (a day of UTC) are planned.

    Args:
        app: the application's count; it is brought to the day of `now`.
        limits: with the reads of a month.
        ledgers: how many share them, at least 1.
        now: seconds on the count's clock.
    """
    app.read(0, now)
    day = datetime.fromtimestamp(now, UTC)
    days_left = calendar.monthrange(day.year, day.month)[1] - day.day + 1
    left_this_morning = limits.reads_per_month - limits.reads_reserve - app.reads + app.reads_today
    budget = max(0, left_this_morning) // days_left
    usual = budget * NEW_SHARE if app.usual_reads is None else min(budget, app.usual_reads)
    spare = left_this_morning - usual * days_left
    borrowable = max(0, int(spare * LENT_PART) - app.borrowed_today)
    return ReadsPlan(budget, max(1, budget // max(1, ledgers)), borrowable)


def note_reads(own: CallCount, app: CallCount, sharing: Sharing, reads: int, now: float) -> None:
    """Count calls that read, for the month, the day, and what was borrowed of the day."""
    own.read(0, now)
    if not reads:
        return
    if sharing.limits.reads_per_month:
        share = plan_reads(app, sharing.limits, sharing.ledgers, now).share
        app.borrowed_today += reads - max(0, min(reads, share - own.reads_today))
    own.read(reads, now)
    app.read(reads, now)


def _reads_left(
    own: CallCount, app: CallCount, sharing: Sharing, request: AcquireRequest, now: float
) -> tuple[Permit | None, int | None]:
    """Return what refuses to read, or how many calls may read now; None: not metered."""
    limits = sharing.limits
    if not limits.reads_per_month or request.changes:
        return None, None
    ends = app.month_ends(request, limits, now)
    if ends is not None:
        return Permit(month_ends_seconds=ends), None
    plan = plan_reads(app, limits, sharing.ledgers, now)
    # First its share, which then counts as needed; what it may borrow is known only after that.
    allowed = max(0, plan.share - own.reads_today) or plan.borrowable
    # Whoever is alone takes nothing from anybody.
    if allowed <= 0 and sharing.ledgers > 1:
        return Permit(share_ends_seconds=DAY_SECONDS - now % DAY_SECONDS), None
    # What others have reserved and not reported may have read as well.
    left_of_month = limits.reads_per_month - limits.reads_reserve - app.reads - app.outstanding
    if left_of_month <= 0:
        return Permit(pause_seconds=TURN_SECONDS), None
    return None, min(allowed, left_of_month) if sharing.ledgers > 1 else left_of_month
