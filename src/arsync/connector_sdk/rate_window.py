"""Counting calls: how many may leave now, for one organisation or one application. No I/O.

A sliding minute instead of a bucket that starts full: the platforms count in fixed windows that
start at times unknown to us, and only a sliding minute never exceeds such a window.

Calls are reserved in small blocks, so that processes that share a count need not report each call.
A block counts as if all of it left at the last moment at which it may; when the holder releases it,
it reports how much of it was used, and when.
"""

from __future__ import annotations

import heapq
import json
import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from arsync.connector_sdk import RateLimits
from arsync.connector_sdk.call_window import MINUTE_SECONDS, CallWindow
from arsync.connector_sdk.contenders import Contenders

DAY_SECONDS = 86_400.0
DAY_LIMIT_WAIT_SECONDS = 3_600.0
"""How long a used-up day is believed without a new call: no platform says when its day ends."""
DAY_RISE_CALLS_MIN = 20
"""The platform's count of the day differs from ours by calls under way; when it rises by more, a
new day has begun."""
BLOCK_SECONDS = 2.0
"""Reserved calls leave within this time, or not at all."""
BLOCK_CALLS_MAX = 8
ROOM_SHARE = 4
"""One block takes at most a fourth of the room: other processes want to call too."""
CALL_SECONDS_MAX = 150.0
"""A call that lasts longer no longer counts as under way: its process may have died in it."""
QUEUE_SECONDS = 3.0
"""A caller in the queue for a call at once asks again within this time, or has left it."""
TURN_SECONDS = 0.1
"""How long to wait before asking again for one of the calls at once."""


class AcquireRequest(NamedTuple):
    """A caller's request, with its report since the one before."""

    holder: str
    """Names the caller; it makes one call at a time."""
    calls: int = 1
    changes: bool = False
    """For a write, or a read that a write depends on: it may use the reserve of the day's calls."""
    used: int = 0
    """How many calls of the last block left."""
    used_ago_seconds: float = 0.0
    """When the last of them left."""
    minute_left: int | None = None
    """What is left of the minute by the platform's last answer, less the calls made since then."""
    day_left: int | None = None
    app_minute_left: int | None = None
    reads: int = 0
    """How many calls that only read were answered."""
    learned_ago_seconds: float = 0.0
    """When the platform said so."""


class Permit(NamedTuple):
    """The reserved calls. Without any, it says how long to wait, or that the day is over."""

    calls: int = 0
    pause_seconds: float = 0.0
    day_left: int | None = None
    day_ends_seconds: float | None = None
    """The day's calls are used up for so long; None when they are not."""
    month_ends_seconds: float | None = None
    """The month's reads are used up for so long; None when they are not."""
    share_ends_seconds: float | None = None
    """The ledger has had its share of the day's reads, and asks again after so long."""


class DayLeft(NamedTuple):
    """What is left of a day's calls of one organisation."""

    calls: int
    seconds: float
    """Until the day ends, as far as is known."""


class RateLimiter(Protocol):
    """Where calls are counted: in memory for one process, in the store for all of them."""

    def acquire(self, request: AcquireRequest) -> Permit:
        """Release the last block and reserve another."""
        ...

    def release(self, request: AcquireRequest) -> None:
        """Release the last block: the caller is done."""
        ...

    def day_is_over(self, seconds: float) -> None:
        """Note that the platform takes no more calls today."""
        ...

    def rest(self, seconds: float) -> None:
        """Note that the platform asks everyone for a pause."""
        ...


# The count is kept as JSON that processes of several versions may share, so it keeps the names
# under which it was first written.
_STORED_NAMES = {"reserved": "lent", "in_flight": "flying"}
_FIELD_NAMES = {stored: name for name, stored in _STORED_NAMES.items()}


@dataclass
class CallCount:
    """The calls of one organisation, or of one application, of late.

    Moments are seconds on one clock, the same for all callers that share the count.
    """

    used: CallWindow = field(default_factory=CallWindow)
    """Moments and how many calls left then, at the latest."""
    reserved: dict[str, tuple[float, int]] = field(default_factory=dict)
    """By holder: until when, how many calls. The first to end comes first."""
    in_flight: dict[str, float] = field(default_factory=dict)
    """Callers that may have a call under way: by holder, until when that is believed; in order."""
    queue: dict[str, float] = field(default_factory=dict)
    """Callers that wait for a call at once: by holder, when it asked last. First come first."""
    ceiling: int | None = None
    """The calls a minute that the platform's own count leaves to us; None: the limit."""
    day_left: int | None = None
    day_until: float = 0.0
    """Until when `day_left` is believed; 0: it was never set."""
    own_day: bool = False
    """`day_left` was counted here, from the setting: the platform has not given it yet."""
    rest_until: float = 0.0
    month: str = ""
    """The month of `reads`, by UTC: no platform says in which zone it is counted."""
    reads: int = 0
    day: str = ""
    """The day of `reads_today`, by UTC."""
    reads_today: int = 0
    borrowed_today: int = 0
    """Of an application: how many of them were beyond the share of their ledger."""
    usual_reads: int | None = None
    """Of an application: how many reads of the day before were within shares."""
    contenders: Contenders = field(default_factory=Contenders)
    """Of an application: the organisations that had to wait for its minute of late."""
    day_began: float = 0.0
    """When the platform's day of calls began, as far as its own count shows; 0: not known."""
    day_figure: int | None = None
    """The last known `day_left`; it is kept when the other is believed no longer."""
    _reserved_calls: int = field(default=0, compare=False)
    """The sum of `reserved`."""
    _noted_at: float = field(default=-math.inf, compare=False)
    """Up to when what is over was dropped; later than now: the order has to be looked at."""

    @classmethod
    def from_text(cls, text: str) -> CallCount:
        """Read what `text` wrote; an empty text is a fresh count."""
        tree: dict[str, Any] = json.loads(text) if text else {}
        count = cls(**{_FIELD_NAMES.get(name, name): value for name, value in tree.items()})
        count.used = CallWindow(tree.get("used", ()))
        count.reserved = {
            holder: (until, calls) for holder, (until, calls) in count.reserved.items()
        }
        count.contenders = Contenders(tree.get("contenders"))
        count._reserved_calls = sum(calls for _, calls in count.reserved.values())
        count._noted_at = math.inf
        return count

    def text(self) -> str:
        """Return it as JSON, to be kept."""
        # Not `asdict`: it would copy every entry, for each block of calls.
        tree = {
            _STORED_NAMES.get(name, name): value
            for name, value in vars(self).items()
            if not name.startswith("_")
        }
        tree |= {"used": list(self.used), "contenders": self.contenders.by_name()}
        return json.dumps(tree, separators=(",", ":"))

    def release(self, request: AcquireRequest, now: float) -> None:
        """Take back the holder's block, and note how much of it was used."""
        self.in_flight.pop(request.holder, None)
        # A block that ran out before it was released is counted in full already.
        if self._take_back(request.holder) and request.used:
            self.used.add(now - request.used_ago_seconds, request.used)
        self._forget(now)

    def learn(self, request: AcquireRequest, limits: RateLimits, now: float) -> None:
        """Believe the platform's own count of what is left."""
        self.learn_minute(request.minute_left, limits, now)
        if request.day_left is not None:
            learned_at = now - request.learned_ago_seconds
            self._note_day(request.day_left, learned_at)
            self.set_day(request.day_left, learned_at + DAY_LIMIT_WAIT_SECONDS)

    def learn_minute(self, minute_left: int | None, limits: RateLimits, now: float) -> None:
        """Believe the platform's own count of what is left of the minute."""
        if minute_left is not None and limits.calls_per_minute:
            # Other programs of the same app call too: all that we can have is what is left, and our
            # own calls of this minute. At least one, or no answer would ever correct it.
            ceiling = self.within(MINUTE_SECONDS, now) + minute_left
            self.ceiling = max(1, min(limits.calls_per_minute, ceiling))

    def set_day(self, day_left: int, until: float) -> None:
        """Note what is left of the day's calls, and until when that is believed."""
        self.day_left, self.day_until, self.own_day = day_left, until, False
        self.day_figure = day_left

    def read(self, calls: int, now: float) -> None:
        """Count calls that read, in the month and the day of `now`."""
        day = _day_of(now // DAY_SECONDS)
        if day != self.day:
            # Of a day without any, or before a pause of days, nothing is concluded.
            if self.reads_today:
                self.usual_reads = self.reads_today - self.borrowed_today
            self.day, self.reads_today, self.borrowed_today = day, 0, 0
        if day[:7] != self.month:
            self.month, self.reads = day[:7], 0
        self.reads += calls
        self.reads_today += calls

    @property
    def outstanding(self) -> int:
        """Return how many calls are reserved or under way, and not reported yet."""
        return sum(self.reserved.get(holder, (0.0, 1))[1] for holder in self.in_flight)

    def day_left_at(self, calls_per_day: int, now: float) -> DayLeft:
        """Return what is left of the day's calls, as far as is known.

        Args:
            calls_per_day: what a day begins with.
            now: seconds on the count's clock.
        """
        since = now - self.day_began
        if not self.day_began or self.day_figure is None or not 0 <= since < DAY_SECONDS:
            # A day of which nothing is known yet is taken for one that begins.
            return DayLeft(calls_per_day, DAY_SECONDS)
        return DayLeft(min(self.day_figure, calls_per_day), DAY_SECONDS - since)

    def _note_day(self, day_left: int, at: float) -> None:
        """Note when the day of calls begins anew: no platform says it, but its count rises then."""
        rose = self.day_figure is not None and day_left > self.day_figure + DAY_RISE_CALLS_MIN
        if rose or not 0 <= at - self.day_began < DAY_SECONDS:
            self.day_began = at

    def left_of_day(self, now: float) -> int | None:
        """Return what is left of the day's calls; None when that is not known any more."""
        return self.day_left if now < self.day_until <= now + 2 * DAY_SECONDS else None

    def calls_within(self, seconds: float, now: float) -> int:
        """Return how many calls left, or may leave, within a time up to now."""
        return self.within(seconds, now)

    def month_ends(self, request: AcquireRequest, limits: RateLimits, now: float) -> float | None:
        """Return for how long nothing more is read; None when there are reads left."""
        self.read(0, now)
        most = limits.reads_per_month
        if not most or request.changes or self.reads < most - limits.reads_reserve:
            return None
        # Day 1 plus 32 days is in the next month, whatever the month.
        day = datetime.fromtimestamp(now, UTC).replace(
            day=1, hour=0, minute=0, second=0, microsecond=0
        )
        return (day + timedelta(days=32)).replace(day=1).timestamp() - now

    def room(self, request: AcquireRequest, limits: RateLimits, now: float) -> Permit:
        """Return how many calls could be reserved; reserves none."""
        ends = self._day_ends(request, limits, now)
        if ends is not None:
            return Permit(day_left=self.day_left, day_ends_seconds=ends)
        # After the day: the end of a day is reported even during a pause, since it lasts longer.
        if self.rest_until > now:
            return Permit(pause_seconds=self.rest_until - now)
        room, pause = request.calls * ROOM_SHARE, 0.0
        for most, seconds in (
            (min(limits.calls_per_minute, self.ceiling or limits.calls_per_minute), MINUTE_SECONDS),
            (limits.calls_per_second, 1.0),
        ):
            if most:
                calls_left = most - self.within(seconds, now)
                room = min(room, calls_left)
                if calls_left <= 0:
                    pause = max(pause, self._until_room(calls_left, seconds, now))
        if pause > 0:
            return Permit(pause_seconds=pause)
        if limits.calls_at_once and not self._has_turn(request.holder, limits.calls_at_once, now):
            return Permit(pause_seconds=TURN_SECONDS)
        # Never all the room there is: a single caller would then starve those that come next.
        calls = max(1, min(request.calls, room // ROOM_SHARE))
        if self.day_left is not None:
            reserve = 0 if request.changes else limits.reserve_per_day
            calls = min(calls, self.day_left - reserve)
        return Permit(calls, day_left=self.day_left)

    def reserve(self, holder: str, calls: int, now: float) -> None:
        """Reserve a block; a single call leaves at once, so its use need not be reported first."""
        # A block counts from its end, when the last of its calls may still leave: counted from its
        # start, the platform could see more calls in a minute than it allows.
        if calls == 1:
            self.used.add(now, 1)
        else:
            self._take_back(holder)
            self.reserved[holder] = (now + BLOCK_SECONDS, calls)
            self._reserved_calls += calls
        self.in_flight.pop(holder, None)
        self.in_flight[holder] = now + BLOCK_SECONDS + CALL_SECONDS_MAX
        self.queue.pop(holder, None)
        if self.day_left is not None:
            self.day_left = max(0, self.day_left - calls)
            self.day_figure = self.day_left

    def _day_ends(self, request: AcquireRequest, limits: RateLimits, now: float) -> float | None:
        old = not now < self.day_until <= now + 2 * DAY_SECONDS
        if limits.calls_per_day and (not self.day_until or (old and self.own_day)):
            self._note_day(limits.calls_per_day, now)
            self.set_day(limits.calls_per_day, now + DAY_SECONDS)
            self.own_day = True
        elif old:
            # The platform's figure is old: one call goes out to learn what it says today.
            self.day_left = None
        if self.day_left is None:
            return None
        reserve = 0 if request.changes else limits.reserve_per_day
        return self.day_until - now if self.day_left <= reserve else None

    def minute_room(self, limits: RateLimits, now: float) -> int:
        """Return how many calls the minute has left."""
        most = min(limits.calls_per_minute, self.ceiling or limits.calls_per_minute)
        return most - self.within(MINUTE_SECONDS, now)

    def within(self, seconds: float, now: float) -> int:
        """Return how many calls left in the last seconds, or may leave yet."""
        since = now - seconds
        first = next(iter(self.reserved.values()), None)
        if first is None or first[0] > since:
            return self.used.within(since) + self._reserved_calls
        reserved = sum(calls for until, calls in self.reserved.values() if until > since)
        return self.used.within(since) + reserved

    def _until_room(self, calls_left: int, seconds: float, now: float) -> float:
        """Return how long it takes until a call may leave; `calls_left` below 0 are too many."""
        # The oldest calls leave the window first: the wait ends when enough of them have.
        for at, calls in heapq.merge(self.used, self.reserved.values()):
            if at > now - seconds:
                calls_left += calls
                if calls_left > 0:
                    return at + seconds - now
        return 0.0

    def _has_turn(self, holder: str, most: int, now: float) -> bool:
        """Return whether a call may leave now; a caller that has to wait joins the queue."""
        # First come, first served: otherwise a busy process could overtake another for hours.
        in_flight = sum(until > now for name, until in self.in_flight.items() if name != holder)
        before = list(self.queue)
        ahead = before.index(holder) if holder in before else len(before)
        if in_flight + ahead < most:
            return True
        self.queue[holder] = now
        return False

    def _take_back(self, holder: str) -> bool:
        """Return whether a caller had reserved calls; it has none then."""
        _, calls = self.reserved.pop(holder, (0.0, 0))
        self._reserved_calls -= calls
        return bool(calls)

    def _forget(self, now: float) -> None:
        """Drop what no limit needs any more."""
        if now < self._noted_at:
            self._put_in_order(now)
        self._noted_at = now
        # What ends first comes first, so that nobody looks at what stays.
        while self.reserved:
            holder, (until, calls) = next(iter(self.reserved.items()))
            if until > now:
                break
            # Its holder has died or is slow: all of its calls may have left.
            self._take_back(holder)
            self.used.add(until, calls)
        while self.in_flight:
            holder, believed_until = next(iter(self.in_flight.items()))
            if believed_until > now:
                break
            del self.in_flight[holder]
        self.used.forget(now, now + BLOCK_SECONDS)
        if self.queue:
            self.queue = {
                name: min(at, now) for name, at in self.queue.items() if at > now - QUEUE_SECONDS
            }
        # No pause of a day or more is real: it was noted before the clock was set back.
        self.rest_until = min(self.rest_until, now + DAY_SECONDS)

    def _put_in_order(self, now: float) -> None:
        """Correct moments that a clock set back left ahead, or that another process noted."""
        latest = now + BLOCK_SECONDS
        reserved = sorted(self.reserved.items(), key=lambda row: row[1][0])
        self.reserved = {holder: (min(at, latest), calls) for holder, (at, calls) in reserved}
        horizon = latest + CALL_SECONDS_MAX
        in_flight = sorted(self.in_flight.items(), key=lambda row: row[1])
        self.in_flight = {holder: min(at, horizon) for holder, at in in_flight}


@lru_cache(maxsize=4)
def _day_of(number: float) -> str:
    """Return a day of UTC by its number from 1970."""
    return f"{datetime.fromtimestamp(number * DAY_SECONDS, UTC):%Y-%m-%d}"


def app_limits(limits: RateLimits) -> RateLimits:
    """Return the limits of an application over all its organisations."""
    return RateLimits(limits.app_calls_per_minute, 0)
