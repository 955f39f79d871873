"""How long the desk's pages take on the server, and what fifty people at once feel.

python -m benchmarks.desk [--quick] [--store postgresql+psycopg://user@host/database]

On a database of its own at that server; left out, on SQLite. A ledger of 10,000 customers and
100,000 open invoices; each page of the desk is asked for several times, through the application
itself, and the middle of the times is told, with the processor time of this process: on a machine
that others share, the first is long for their sake. Then the desk is served as `arsync desk` serves
it, and fifty people go from page to page, with five seconds between two clicks.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import requests

from arsync.application.container import Container
from arsync.application.people.signing_in import open_session
from arsync.application.permissions import Role
from arsync.config import load_config
from arsync.store.people.users import ALL, ScopedRole
from arsync.web.desk.desk_app import make_desk
from arsync.web.desk.routing import COOKIE
from arsync.web.server import WebServer, desk_and_machines
from benchmarks.store_rate import fresh_postgresql

CUSTOMERS, INVOICES = 10_000, 100_000

PAGE_MS_MAX = 200
"""The aim for each page, on the server."""

TIMES = 5

PEOPLE = 50

CLICK_SECONDS = 5.0
"""Between two clicks of one person."""

SECONDS = 300
QUICK_SECONDS = 20

PAGES = (
    "today",
    "worklist",
    "approvals",
    "customers",
    "customers/c000007",
    "invoices/00000007",
    "search?q=Customer+12",
    "search?q=INV-0123",
    "rules",
    "letters",
    "measures",
    "close",
    "connection",
    "mode",
    "stop",
)
"""Below `/c/bench/`."""

OTHER_PAGES = ("/clients", "/people", "/audit", "/me")


class PageTime(NamedTuple):
    """How long a page took."""

    path: str
    status: int
    milliseconds: float
    cpu_milliseconds: float
    """Of this process; what PostgreSQL uses is not in it."""
    kilobytes: float


class Load(NamedTuple):
    """What fifty people felt."""

    answers: int
    errors: int
    median_ms: float
    p95_ms: float
    seconds: float


def main(server: str = "", *, quick: bool = False) -> tuple[list[PageTime], Load]:
    """Measure both.

    Args:
        server: the URL of a PostgreSQL server; empty: on SQLite.
        quick: fifty people for seconds instead of minutes.
    """
    with (
        TemporaryDirectory() as name,
        fresh_postgresql(server) if server else nullcontext("") as url,
        filled(Path(name), url) as container,
    ):
        user = container.store.users.add(
            "bench@example.com", "Bench", [ScopedRole(ALL, "", Role.OWNER)]
        )
        token = open_session(container, user).token
        times = page_times(container, token)
        return times, load(container, token, QUICK_SECONDS if quick else SECONDS)


@contextmanager
def filled(folder: Path, url: str = "") -> Iterator[Container]:
    """Yield an installation whose ledger is large, in the database of this URL or a file."""
    arguments = [str(folder), str(CUSTOMERS), str(INVOICES), *filter(None, [url])]
    subprocess.run([sys.executable, "-m", "benchmarks.fill", *arguments], check=True)
    # As behind a proxy: each of the fifty has an address of their own, as one address has a limit.
    behind_proxy = {"ARSYNC_DESK_PROXIES": "1"}
    with Container(load_config(folder / "config.toml", behind_proxy)) as container:
        yield container


def page_times(container: Container, token: str) -> list[PageTime]:
    """Return the middle of several times of each page; the first one warms up."""
    client = make_desk(container).test_client()
    client.set_cookie(COOKIE, token)
    times = []
    for path in [*(f"/c/bench/{page}" for page in PAGES), *OTHER_PAGES]:
        client.get(path)
        taken, worked = [], []
        for _ in range(TIMES):
            start, worked_before = time.perf_counter(), time.process_time()
            answer = client.get(path)
            taken.append((time.perf_counter() - start) * 1_000)
            worked.append((time.process_time() - worked_before) * 1_000)
        size = len(answer.data) / 1_000
        median, cpu = statistics.median(taken), statistics.median(worked)
        times.append(PageTime(path, answer.status_code, median, cpu, size))
    return times


def load(container: Container, token: str, seconds: int) -> Load:
    """Let people go from page to page for so long."""
    server = WebServer(desk_and_machines(container), host="127.0.0.1", port=0, threads=8)
    stop, taken, errors = threading.Event(), list[float](), list[str]()
    serving = threading.Thread(target=server.run, args=(stop,))
    serving.start()
    until = time.monotonic() + seconds
    people = [
        threading.Thread(target=_click, args=(server.url, token, number, until, taken, errors))
        for number in range(PEOPLE)
    ]
    for person in people:
        person.start()
    for person in people:
        person.join()
    stop.set()
    serving.join()
    for line, count in Counter(errors).most_common(5):
        print(f"{count} x {line}")
    ordered = sorted(taken)
    return Load(
        len(ordered),
        len(errors),
        statistics.median(ordered),
        ordered[int(len(ordered) * 0.95)],
        seconds,
    )


def _click(
    url: str, token: str, number: int, until: float, taken: list[float], errors: list[str]
) -> None:
    with requests.Session() as browser:
        browser.trust_env = False
        browser.cookies.set(COOKIE, token)
        browser.headers["X-Forwarded-For"] = f"192.0.2.{number + 1}"
        turn = number
        while time.monotonic() < until:
            page = PAGES[turn % len(PAGES)]
            turn += 1
            start = time.perf_counter()
            answer = browser.get(f"{url}/c/bench/{page}", timeout=60)
            taken.append((time.perf_counter() - start) * 1_000)
            if answer.status_code >= 400:
                errors.append(f"{answer.status_code} {page}")
            time.sleep(CLICK_SECONDS)


if __name__ == "__main__":
    store = sys.argv[sys.argv.index("--store") + 1] if "--store" in sys.argv else ""
    page_list, felt = main(store, quick="--quick" in sys.argv)
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for page in page_list:
        mark = "" if page.milliseconds <= PAGE_MS_MAX else "  above the aim"
        figures = f"{page.milliseconds:8.1f} ms, {page.cpu_milliseconds:8.1f} ms of processor time"
        print(f"{page.path:32} {page.status} {figures} {page.kilobytes:8.1f} kB{mark}")
    print(felt)
