"""Webhook deliveries: queued in order, tried again by the sandbox's clock."""

from __future__ import annotations

import http.client
import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

from .settings import Settings

QUEUE_LENGTH_MAX = 10_000
"""How many webhooks wait; the oldest are dropped first."""

DELIVERIES_MAX = 10_000
"""How many attempts are remembered."""

MINUTE, HOUR = 60, 3600

RETRY_AFTER_SECONDS: dict[str, tuple[int, ...]] = {
    "xero": (0, *(15 * MINUTE,) * 96),
    "quickbooks": (
        *(10, 20, 30, 5 * MINUTE, 20 * MINUTE, 2 * HOUR, 4 * HOUR, 6 * HOUR),
        *(6 * HOUR,) * 116,
    ),
}
"""The pause before each attempt. Xero gives a delivery up after a day, QuickBooks after 30."""

TIMEOUT_SECONDS: dict[str, float] = {"xero": 5, "quickbooks": 3}
"""How long a receiver may take."""

WAITS_BEHIND_A_FAILURE = frozenset({"quickbooks"})
"""Platforms whose later events wait until an earlier one was accepted."""


class Clocked(Protocol):
    """What the deliveries need of the sandbox."""

    lock: Any
    settings: Settings

    def now(self) -> datetime: ...


@dataclass(eq=False)
class WebhookDelivery:
    """A webhook on its way."""

    url_setting: str
    body: bytes
    headers: dict[str, str]
    due: datetime
    attempts: int = 0

    @property
    def platform(self) -> str:
        """The platform that sends it."""
        return self.url_setting.split("_", 1)[0]


@dataclass
class Attempt:
    """One try to hand a webhook over."""

    at: datetime
    platform: str
    attempt: int
    status: int
    """The receiver's answer; 0: none in time."""
    body: bytes = field(repr=False, default=b"")

    def as_json(self) -> dict[str, Any]:
        """The attempt for `GET /_sandbox/webhooks`."""
        return {
            "at": self.at.isoformat(timespec="milliseconds"),
            "platform": self.platform,
            "attempt": self.attempt,
            "status": self.status,
            "body": self.body.decode("utf-8", "replace"),
        }


class WebhookQueue:
    """The queue and the one thread that empties it."""

    def __init__(self, sandbox: Clocked) -> None:
        self._sandbox = sandbox
        self._wake = threading.Condition()
        self._waiting: deque[WebhookDelivery] = deque(maxlen=QUEUE_LENGTH_MAX)
        self._attempts: deque[Attempt] = deque(maxlen=DELIVERIES_MAX)
        self._thread: threading.Thread | None = None
        self._running = False
        self._busy = False

    def queue(self, url_setting: str, body: bytes, headers: dict[str, str]) -> None:
        """Queue a delivery; without an address there is none, as on the platforms."""
        settings = self._sandbox.settings
        if not settings[url_setting]:
            return
        with self._wake:
            # Both platforms deliver at least once: a receiver must recognise what it has seen.
            for _ in range(2 if settings["webhook_duplicates"] else 1):
                delivery = WebhookDelivery(url_setting, body, dict(headers), self._sandbox.now())
                self._waiting.append(delivery)
            self._wake.notify_all()

    def poke(self) -> None:
        """Look at the clock again: it was moved."""
        with self._wake:
            self._wake.notify_all()

    def clear(self) -> None:
        """Forget what waits and what was tried."""
        with self._wake:
            self._waiting.clear()
            self._attempts.clear()

    def settle(self, timeout_seconds: float = 10) -> bool:
        """Wait until nothing is due any more; tells whether that came in time."""
        with self._wake:
            return self._wake.wait_for(
                lambda: not self._busy and self._next() is None, timeout_seconds
            )

    def start(self) -> None:
        """Start delivering."""
        self._running = True
        self._thread = threading.Thread(target=self._run, name="sandbox-webhooks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop delivering; what waits is kept."""
        with self._wake:
            self._running = False
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def as_json(self) -> dict[str, Any]:
        """What waits and what was tried."""
        with self._wake:
            return {
                "waiting": [
                    {
                        "platform": delivery.platform,
                        "attempts": delivery.attempts,
                        "due": delivery.due.isoformat(timespec="milliseconds"),
                    }
                    for delivery in self._waiting
                ],
                "attempts": [attempt.as_json() for attempt in self._attempts],
            }

    def _next(self) -> WebhookDelivery | None:
        """Return the delivery to try now; the caller holds the condition."""
        now = self._sandbox.now()
        held: set[str] = set()
        due = []
        for delivery in self._waiting:
            if delivery.platform in held:
                continue
            if delivery.due > now:
                if delivery.platform in WAITS_BEHIND_A_FAILURE:
                    held.add(delivery.platform)
                continue
            due.append(delivery)
        if not due:
            return None
        return due[-1] if self._sandbox.settings["webhook_out_of_order"] else due[0]

    def _run(self) -> None:
        while True:
            with self._wake:
                delivery = self._next() if self._running else None
                while self._running and delivery is None:
                    self._wake.notify_all()
                    self._wake.wait(1)
                    delivery = self._next()
                if not self._running or delivery is None:
                    return
                self._busy = True
            try:
                self._attempt(delivery)
            finally:
                with self._wake:
                    self._busy = False
                    self._wake.notify_all()

    def _attempt(self, delivery: WebhookDelivery) -> None:
        platform = delivery.platform
        url = self._sandbox.settings[delivery.url_setting]
        status = (
            post(url, delivery.body, delivery.headers, TIMEOUT_SECONDS.get(platform, 5))
            if url
            else 0
        )
        with self._wake:
            delivery.attempts += 1
            at = self._sandbox.now()
            self._attempts.append(Attempt(at, platform, delivery.attempts, status, delivery.body))
            pauses = RETRY_AFTER_SECONDS.get(platform, ())
            if status == 200 or delivery.attempts > len(pauses):
                if delivery in self._waiting:
                    self._waiting.remove(delivery)
                return
            delivery.due = at + timedelta(seconds=pauses[delivery.attempts - 1])


def post(url: str, body: bytes, headers: dict[str, str], timeout_seconds: float) -> int:
    """Post a body and return the status, 0 when nobody answered in time."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(
        address.hostname or "localhost", address.port, timeout=timeout_seconds
    )
    target = (address.path or "/") + (f"?{address.query}" if address.query else "")
    try:
        connection.request("POST", target, body, headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
