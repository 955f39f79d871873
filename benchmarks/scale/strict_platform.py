"""A platform that counts for itself, in fixed windows that begin when it likes."""

from __future__ import annotations

from array import array

from benchmarks.scale.assumptions import Ledger

PLATFORM_MINUTE_MAX = {"organisation": {"xero": 60, "quickbooks": 500}, "app": {"xero": 10_000}}
"""What the platforms write, of which arsync stays a little below."""
PLATFORM_DAY_MAX = {"xero": 5_000}


class StrictPlatform:
    """Counts calls by second for the application, and by its own minutes for an organisation."""

    def __init__(self, name: str, begins: float, ends: float) -> None:
        self._begins = begins
        self._minute_max = PLATFORM_MINUTE_MAX["organisation"][name]
        self._app_minute_max = PLATFORM_MINUTE_MAX["app"].get(name, 0)
        self._day_max = PLATFORM_DAY_MAX.get(name, 0)
        self._refused = 0
        self.by_second = array("l", [0]) * (int(ends - begins) + 600)
        self._minutes: dict[Ledger, tuple[int, int]] = {}
        self.organisation_peak = 0
        """The most calls of one organisation in one of its minutes."""
        self.calls = 0

    def take(self, ledger: Ledger, moment: float, calls: int, latency: float) -> None:
        """Count calls that leave one after the other."""
        self.calls += calls
        ledger.calls_today += calls
        for number in range(calls):
            left = moment + number * latency
            self.by_second[min(int(left - self._begins), len(self.by_second) - 1)] += 1
            # The minutes of an organisation begin at a moment of its own.
            minute = int(left + ledger.number * 7.3) // 60
            current, count = self._minutes.get(ledger, (minute, 0))
            count = count + 1 if current == minute else 1
            self._minutes[ledger] = (minute, count)
            self.organisation_peak = max(self.organisation_peak, count)
            self._refused += count > self._minute_max
        if self._day_max:
            self._refused += min(calls, max(0, ledger.calls_today - self._day_max))

    def day_left(self, ledger: Ledger) -> int | None:
        """Return what the platform's answers say is left of a ledger's day; None: nothing."""
        return max(0, self._day_max - ledger.calls_today) if self._day_max else None

    def refused(self) -> int:
        """Return how many calls were beyond what the platform allows."""
        if not self._app_minute_max:
            return self._refused
        minutes = (
            sum(self.by_second[second : second + 60])
            for second in range(0, len(self.by_second), 60)
        )
        return self._refused + sum(max(0, calls - self._app_minute_max) for calls in minutes)

    def app_peak(self) -> int:
        """Return the most calls of the application within any 60 seconds."""
        window = peak = sum(self.by_second[:60])
        for second in range(60, len(self.by_second)):
            window += self.by_second[second] - self.by_second[second - 60]
            peak = max(peak, window)
        return peak
