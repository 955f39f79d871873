"""The sandbox as a process of its own with a generated ledger, and what was asked of it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import psutil
import requests

from arsync.demo.world import World, free_port
from benchmarks.measure import MEGABYTE, Cost, Failed

START_SECONDS_MAX = 180.0
STOP_SECONDS_MAX = 10.0
CALL_SECONDS_MAX = 120.0
REDIRECT_URL = "http://localhost:1/callback"
PEER_APP = ("sandbox-web-app", "sandbox-web-secret")
SCOPES = {
    "xero": "offline_access accounting.transactions.read accounting.contacts.read "
    "accounting.settings.read",
    "quickbooks": "com.intuit.quickbooks.accounting",
}
AUTHORISE = {"xero": "/identity/connect/authorize", "quickbooks": "/connect/oauth2"}
TOKEN = {"xero": "/connect/token", "quickbooks": "/oauth2/v1/tokens/bearer"}


class Asked(NamedTuple):
    """What a client asked of the sandbox, and what answering took."""

    calls: int
    bytes: int
    """Of the bodies, as sent: compressed where the client takes that."""
    cpu_seconds: float


class Pulled(NamedTuple):
    """One client's run: its own cost, and what it asked."""

    cost: Cost
    asked: Asked


class Ledger(World):
    """A running sandbox with one platform."""

    def __init__(self, url: str, smtp_port: int, platform: str, pid: int) -> None:
        super().__init__(url, smtp_port)
        self.platform = platform
        self._process = psutil.Process(pid)

    def last_request(self) -> int:
        """Return the number of the newest request."""
        since = 0
        while True:
            page = self.get(f"/_sandbox/journal?since={since}")
            since = page["next"]
            if not page["more"]:
                return int(since)

    @contextlib.contextmanager
    def asked(self) -> Iterator[list[Asked]]:
        """Count what is asked within the block; the list holds it afterwards."""
        askeds: list[Asked] = []
        since, cpu = self.last_request(), self._cpu_seconds()
        yield askeds
        took = self._cpu_seconds() - cpu
        calls = size = 0
        more = True
        while more:
            page = self.get(f"/_sandbox/journal?since={since}")
            calls += len(page["requests"])
            size += sum(row["bytes"] for row in page["requests"])
            since, more = page["next"], page["more"]
        askeds.append(Asked(calls, size, took))

    def forward(self, step: timedelta) -> None:
        """Let time pass: what was loaded or edited just now is then old for everybody."""
        now = datetime.fromisoformat(self.get("/_sandbox/clock")["now"])
        self.set_clock(now + step)

    def peer_grant(self) -> dict[str, Any]:
        """Give a peer the owner's consent; returns its tokens, and `organisation`."""
        with requests.Session() as session:
            session.trust_env = False
            question = {
                "response_type": "code",
                "client_id": PEER_APP[0],
                "redirect_uri": REDIRECT_URL,
                "scope": SCOPES[self.platform],
                "state": "bench",
            }
            page = session.get(
                self.url + AUTHORISE[self.platform],
                params=question,
                allow_redirects=False,
                timeout=CALL_SECONDS_MAX,
            )
            answer = parse_qs(urlsplit(page.headers["Location"]).query)
            query = {
                "grant_type": "authorization_code",
                "code": answer["code"][0],
                "redirect_uri": REDIRECT_URL,
            }
            tokens: dict[str, Any] = session.post(
                self.url + TOKEN[self.platform],
                data=query,
                auth=PEER_APP,
                timeout=CALL_SECONDS_MAX,
            ).json()
            if self.platform == "quickbooks":
                return {**tokens, "organisation": answer["realmId"][0]}
            bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
            tenants = session.get(
                f"{self.url}/connections", headers=bearer, timeout=CALL_SECONDS_MAX
            ).json()
            return {**tokens, "organisation": tenants[0]["tenantId"]}

    def memory_mb(self) -> float:
        """Return what the sandbox occupies now."""
        occupied: int = self._process.memory_info().rss
        return occupied / MEGABYTE

    def _cpu_seconds(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)


@contextlib.contextmanager
def ledger(folder: Path, platform: str, *, contacts: int, invoices: int) -> Iterator[Ledger]:
    """Run a sandbox with a generated ledger until the block ends.

    Raises:
        Failed: it did not start.
    """
    port, smtp_port = free_port(), free_port()
    command = [
        sys.executable,
        "-m",
        "arsync_sandbox",
        "--platform",
        platform,
        "--port",
        str(port),
        "--smtp-port",
        str(smtp_port),
        "--imap-port",
        "0",
        "--contacts",
        str(contacts),
        "--invoices",
        str(invoices),
        "--no-limits",
        "--no-debtors",
    ]
    log = folder / f"sandbox-{platform}-{invoices}.log"
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    world = Ledger(f"http://127.0.0.1:{port}", smtp_port, platform, process.pid)
    try:
        _await(world, process, log)
        world.post("/_sandbox/settings", {"consent": "allow"})
        if platform == "xero":
            # Xero refuses lists of more than 100,000 rows; people add some to just as many.
            world.post("/_sandbox/settings", {"xero_high_volume_rows": 2 * invoices})
        yield world
    finally:
        world.close()
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS_MAX)
        if process.poll() is None:
            process.kill()
            process.wait()


def _await(world: World, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(requests.ConnectionError):
            world.get("/_sandbox/settings")
            return
        time.sleep(0.1)
    raise Failed(f"the sandbox did not start:\n{log.read_text()[-2000:]}")
