"""Xero's rate limits: fixed windows per tenant and app, counted whether or not they refuse."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from .errors import XeroRefused

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

LONG_WORDS = {"minute": "Minute limit", "day": "DayLimit"}
"""Other spellings of `X-Rate-Limit-Problem` that are claimed."""

API_PATH = "/api.xro/2.0"


@dataclass
class _Window:
    number: int = -1
    used: int = 0


class Open(NamedTuple):
    """A window that is open now."""

    name: str
    most: int
    window: _Window
    seconds_left: int


class XeroLimits:
    """Counts calls and says when there were too many."""

    def __init__(self) -> None:
        self.windows: dict[tuple[str, str, int], _Window] = {}

    def _window(self, who: tuple[str, str], seconds: int, now: datetime) -> tuple[_Window, int]:
        """The window that is open now and the seconds until it closes."""
        # Windows begin at different times for each tenant, so a client cannot rely on full minutes.
        offset = zlib.crc32("|".join(who).encode()) % seconds
        number, spent = divmod(int(now.timestamp()) + offset, seconds)
        window = self.windows.setdefault((*who, seconds), _Window())
        if window.number != number:
            window.number, window.used = number, 0
        return window, seconds - spent

    def open_windows(self, app: str, tenant: str, now: datetime, tier: str) -> list[Open]:
        """The windows that a call falls into: day, minute, and the app's own minute."""
        per_day = PER_DAY_MAX.get(tier, PER_DAY_DEFAULT)
        return [
            Open("day", per_day, *self._window((app, tenant), DAY, now)),
            Open("minute", PER_MINUTE_MAX, *self._window((app, tenant), MINUTE, now)),
            Open("appminute", APP_PER_MINUTE_MAX, *self._window((app, ""), MINUTE, now)),
        ]

    @staticmethod
    def check(windows: list[Open], *, long_words: bool) -> None:
        """Refuse a call for which there is no room.

        Raises:
            Refused: 429, empty, when a window is full.
        """
        for row in windows:
            if row.window.used >= row.most:
                word = LONG_WORDS.get(row.name, row.name) if long_words else row.name
                headers = {**XeroLimits.headers(windows), "X-Rate-Limit-Problem": word}
                # Retry-After comes with the minute and the day alone.
                if row.name != "appminute":
                    headers["Retry-After"] = str(row.seconds_left)
                raise XeroRefused(429, "", headers)

    @staticmethod
    def count(windows: list[Open]) -> None:
        """Count a call that is let in."""
        for row in windows:
            row.window.used += 1

    @staticmethod
    def headers(windows: list[Open]) -> dict[str, str]:
        """What is left, for every answer."""
        remaining = [str(max(0, row.most - row.window.used)) for row in windows]
        return {
            "X-DayLimit-Remaining": remaining[0],
            "X-MinLimit-Remaining": remaining[1],
            "X-AppMinLimit-Remaining": remaining[2],
        }


def check_concurrency(in_flight: list[dict[str, Any]], environ: dict[str, Any]) -> None:
    """Refuse a call while too many of the same app and tenant are under way.

    Raises:
        Refused: 429, empty and without Retry-After.
    """
    same = [
        call
        for call in in_flight
        if call.get("PATH_INFO", "").startswith(API_PATH)
        and call.get("HTTP_AUTHORIZATION") == environ.get("HTTP_AUTHORIZATION")
        and call.get("HTTP_XERO_TENANT_ID") == environ.get("HTTP_XERO_TENANT_ID")
    ]
    if len(same) > CONCURRENT_MAX:
        raise XeroRefused(429, "", {"X-Rate-Limit-Problem": "concurrent"})
