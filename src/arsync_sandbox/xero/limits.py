"""Xero's rate limits: fixed windows per tenant and app, counted whether or not they refuse."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .errors import Refused

CONCURRENT_MAX = 5
"""Calls under way at once, per tenant and app."""

PER_MINUTE_MAX = 60
"""Calls a minute, per tenant and app."""

PER_DAY_MAX = {"starter": 1_000}
PER_DAY_DEFAULT = 5_000
"""Calls a day, per tenant and app, on every tier but those above."""

APP_PER_MINUTE_MAX = 10_000
"""Calls a minute of one app, over all tenants."""

MINUTE, DAY = 60, 86_400

API_PATH = "/api.xro/2.0"


@dataclass
class _Window:
    number: int = -1
    used: int = 0


class Limits:
    """Counts calls and says when there were too many."""

    def __init__(self) -> None:
        self.windows: dict[tuple[str, str, int], _Window] = {}

    def _window(self, who: tuple[str, str], seconds: int, now: datetime) -> tuple[_Window, int]:
        """The window that is open now and the seconds until it closes."""
        offset = zlib.crc32("|".join(who).encode()) % seconds
        number, spent = divmod(int(now.timestamp()) + offset, seconds)
        window = self.windows.setdefault((*who, seconds), _Window())
        if window.number != number:
            window.number, window.used = number, 0
        return window, seconds - spent

    def count(
        self, app: str, tenant: str, now: datetime, *, tier: str, enforced: bool
    ) -> dict[str, str]:
        """Count a call and return the headers of its answer.

        Raises:
            Refused: 429, empty, when a window is full and limits are enforced.
        """
        day_max = PER_DAY_MAX.get(tier, PER_DAY_DEFAULT)
        problems = (
            ("day", (app, tenant), DAY, day_max),
            ("minute", (app, tenant), MINUTE, PER_MINUTE_MAX),
            ("appminute", (app, ""), MINUTE, APP_PER_MINUTE_MAX),
        )
        windows = [(*problem, *self._window(problem[1], problem[2], now)) for problem in problems]
        for name, _, _, most, window, seconds_left in windows:
            if enforced and window.used >= most:
                headers = self._headers(windows)
                headers["X-Rate-Limit-Problem"] = name
                if name != "appminute":
                    headers["Retry-After"] = str(seconds_left)
                raise Refused(429, "", headers)
        for *_, window, _ in windows:
            window.used += 1
        return self._headers(windows)

    @staticmethod
    def _headers(windows: list[tuple[str, Any, int, int, _Window, int]]) -> dict[str, str]:
        left = [str(max(0, most - window.used)) for _, _, _, most, window, _ in windows]
        return {
            "X-DayLimit-Remaining": left[0],
            "X-MinLimit-Remaining": left[1],
            "X-AppMinLimit-Remaining": left[2],
        }


def check_concurrency(in_flight: list[dict[str, Any]], environ: dict[str, Any]) -> None:
    """Refuse a call while too many of the same app and tenant are under way.

    Raises:
        Refused: 429, empty and without Retry-After.
    """
    same = [
        other
        for other in in_flight
        if other.get("PATH_INFO", "").startswith(API_PATH)
        and other.get("HTTP_AUTHORIZATION") == environ.get("HTTP_AUTHORIZATION")
        and other.get("HTTP_XERO_TENANT_ID") == environ.get("HTTP_XERO_TENANT_ID")
    ]
    if len(same) > CONCURRENT_MAX:
        raise Refused(429, "", {"X-Rate-Limit-Problem": "concurrent"})
