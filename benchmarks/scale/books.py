"""What a simulation notes, and the figures that come of it."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence

from benchmarks.scale.assumptions import HOUR, PLATFORMS, Ledger

LARGE_SHARE = 0.01
"""The largest one in a hundred of the ledgers are called large, the smaller half small."""


class Books:
    """Notes of one simulation."""

    def __init__(self, begins: float, ends: float) -> None:
        self._seconds = ends - begins
        self.late = {"routine": array("f"), "wanted": array("f")}
        self.late_by_hour = [array("f") for _ in range(int((ends - 1) // HOUR) + 1)]
        self.runs = 0
        self.busy_seconds = 0.0
        self.running = self.running_peak = 0
        self.waiting_peak = 0
        self.webhooks = 0
        self.rescued = 0
        self.waited_for_room = 0.0
        self.waits = Counter({"minute": 0, "day": 0})
        """How often a run had to wait for calls of a minute, or was put off until another day."""
        self.count_transactions = dict.fromkeys(PLATFORMS, 0)
        self._begins = begins
        self.app_row_by_minute = array("l", [0]) * (int((ends - begins) // 60) + 2)

    def began(self, ledger: Ledger, late: float, *, wanted: bool) -> None:
        """Note the start of a run, and how late it is."""
        self.runs += 1
        self.running += 1
        self.running_peak = max(self.running_peak, self.running)
        ledger.runs += 1
        ledger.late_sum += late
        self.late["wanted" if wanted else "routine"].append(late)
        hour = min(int(ledger.began_at // HOUR), len(self.late_by_hour) - 1)
        self.late_by_hour[hour].append(late)

    def counted(self, platform: str, now: float) -> None:
        """Note a transaction that counts calls; Xero's locks the row of the application."""
        self.count_transactions[platform] += 1
        if platform == "xero":
            self.app_row_by_minute[int((now - self._begins) // 60)] += 1

    def ended(self, began: float, now: float) -> None:
        """Note the end of a run."""
        self.running -= 1
        self.busy_seconds += now - began

    def waiting(self, jobs: int) -> None:
        """Note how many jobs wait."""
        self.waiting_peak = max(self.waiting_peak, jobs)

    def threads_busy(self) -> float:
        """Return how many threads were busy on average."""
        return self.busy_seconds / self._seconds


def quantiles(values: Sequence[float]) -> dict[str, float]:
    """Return the median, two high percentiles and the maximum, in seconds."""
    if not values:
        return dict.fromkeys(("p50", "p95", "p99", "max"), 0.0)
    ordered = sorted(values)
    last = len(ordered) - 1
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {name: round(ordered[int(share * last)], 1) for name, share in shares.items()}


def gini(values: Sequence[float]) -> float:
    """Return how unequal values are: 0 when all are the same, towards 1 when one has all."""
    ordered, total = sorted(values), sum(values)
    if not total:
        return 0.0
    weighted = sum(place * value for place, value in enumerate(ordered, start=1))
    count = len(ordered)
    return round(2 * weighted / (count * total) - (count + 1) / count, 3)


def by_size(ledgers: Sequence[Ledger]) -> tuple[list[Ledger], list[Ledger]]:
    """Return the smaller half and the large ones."""
    ordered = sorted(ledgers, key=lambda ledger: ledger.invoices)
    large = max(1, int(len(ordered) * LARGE_SHARE))
    return ordered[: len(ordered) // 2], ordered[-large:]
