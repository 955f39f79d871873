"""How long the desk's pages take on the server, and what fifty people at once feel.

python -m benchmarks.desk [--quick] [--store postgresql+psycopg://user@host/database]

On a database of its own at that server; left out, on SQLite. A ledger of 10,000 customers and
100,000 open invoices; each page of the desk is asked for several times, through the application
itself, and the shortest time is told, with the processor time of this process: on a machine that
others share, any other is longer for their sake. The pages whose length is that of the plan are
asked for once more when every tenth customer is to be written to, and when every customer is to be
put on hold besides. In between the desk is served as `arsync desk` serves it, and fifty people go
from page to page, with five seconds between two clicks. Figures that are added up beside the
requests are waited for first.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import requests
from sqlalchemy import text

from arsync.application.connections.connecting import connections
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.people.signing_in import open_session
from arsync.application.permissions import SCHEDULE, Role
from arsync.config import load_config
from arsync.core.actions.registry import MESSAGE_KINDS
from arsync.core.planning.plan import Plan
from arsync.store.models import Mode
from arsync.store.people.users import ALL, ScopedRole
from arsync.web.desk.desk_app import make_desk
from arsync.web.desk.routing import COOKIE
from arsync.web.desk.visit import LONG_WORK
from arsync.web.server import WebServer, desk_and_machines
from benchmarks.report import Row, Section
from benchmarks.sections import Scale
from benchmarks.store_rate import fresh_postgresql

CUSTOMERS, INVOICES = 10_000, 100_000

PAGE_MS_MAX = 200
"""The aim for each page, on the server."""

TIMES = 9

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

PLANNED_PAGES = ("today", "worklist", "approvals", "customers", "customers/c000007")
"""Those asked for again when thousands of decisions wait."""

LETTERS, EVERYTHING = " (1,000 letters wait)", " (11,000 decisions wait)"

WORK_SECONDS_MAX = 300
"""So long what is worked on beside the requests is waited for."""


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


def main(server: str = "", *, seconds: int = SECONDS) -> tuple[list[PageTime], Load]:
    """Measure both.

    Args:
        server: the URL of a PostgreSQL server; empty: on SQLite.
        seconds: for so long fifty people click.
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
        pages = [*(f"/c/bench/{page}" for page in PAGES), *OTHER_PAGES]
        times = page_times(container, token, pages)
        planned_pages = [f"/c/bench/{page}" for page in PLANNED_PAGES]
        organisation, plan = planned(container)
        letters = [action for action in plan.actions if action.kind in MESSAGE_KINDS]
        let_wait(organisation, replace(plan, actions=tuple(letters)))
        times += page_times(container, token, planned_pages, LETTERS)
        felt = load(container, token, seconds)
        let_wait(organisation, plan)
        times += page_times(container, token, planned_pages, EVERYTHING)
        return times, felt


@contextmanager
def filled(folder: Path, url: str = "") -> Iterator[Container]:
    """Yield an installation whose ledger is large, in the database of this URL or a file."""
    arguments = [str(folder), str(CUSTOMERS), str(INVOICES), *filter(None, [url])]
    subprocess.run([sys.executable, "-m", "benchmarks.fill", *arguments], check=True)
    # As behind a proxy: each of the fifty has an address of their own, as one address has a limit.
    behind_proxy = {"ARSYNC_DESK_PROXIES": "1"}
    with Container(load_config(folder / "config.toml", behind_proxy)) as container:
        yield container


def planned(container: Container) -> tuple[OrganisationContext, Plan]:
    """Return a plan of the whole ledger, and whose it is."""
    container.store.connections.set_mode("bench", Mode.APPROVE)
    (organisation,) = connections(SCHEDULE, container, "bench")
    accounts = organisation.store.ledger.accounts(organisation.id)
    return organisation, organisation.plan(accounts, organisation.circumstances())


def let_wait(organisation: OrganisationContext, plan: Plan) -> None:
    """Let all of a plan wait for somebody's yes."""
    store, now = organisation.store, organisation.clock.now()
    store.actions.save_plan(organisation.id, plan, mode=Mode.APPROVE, now=now)
    with store.database.write() as db:
        if db.dialect.name == "postgresql":
            db.execute(text("ANALYZE actions"))  # it does so by itself within a minute


def page_times(
    container: Container, token: str, paths: Sequence[str], when: str = ""
) -> list[PageTime]:
    """Return the shortest of several times of each page; the first one warms up."""
    app = make_desk(container)
    client = app.test_client()
    client.set_cookie(COOKIE, token)
    times = []
    for path in paths:
        client.get(path)
        app.extensions[LONG_WORK].wait_for_all(WORK_SECONDS_MAX)
        taken, worked = [], []
        for _ in range(TIMES):
            start, worked_before = time.perf_counter(), time.process_time()
            answer = client.get(path)
            taken.append((time.perf_counter() - start) * 1_000)
            worked.append((time.process_time() - worked_before) * 1_000)
        size = len(answer.data) / 1_000
        times.append(PageTime(f"{path}{when}", answer.status_code, min(taken), min(worked), size))
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


def desk(scale: Scale, folder: Path) -> Sequence[Section]:
    """Measure the desk on both databases; the folder is not used: each fill makes its own."""
    del folder
    seconds = SECONDS if scale.judged else QUICK_SECONDS
    section = Section("Pages of the desk", "on PostgreSQL")
    times, felt = main(seconds=seconds)
    server = os.environ.get("ARSYNC_TEST_POSTGRESQL", "")
    others, other_felt = main(server, seconds=seconds) if server else ([], None)
    others_by_path = {page.path: page for page in others}
    for page in times:
        other = others_by_path.get(page.path)
        both = [page, other] if other else [page]
        section.add(
            Row(
                page.path,
                _figures(page),
                _figures(other) if other else "",
                aim=f"under {PAGE_MS_MAX} ms",
                met=all(each.milliseconds <= PAGE_MS_MAX for each in both),
            )
        )
    section.add(Row(f"{PEOPLE} people, 95 of 100 answers within", *_felt(felt, other_felt, "p95")))
    section.add(Row("half of them within", *_felt(felt, other_felt, "median")))
    section.add(Row("errors", *_felt(felt, other_felt, "errors")))
    section.notes.append(
        "On the left on SQLite, by the clock; in brackets the processor time of the desk's own "
        "process, in which PostgreSQL's is not."
    )
    section.notes.append(
        f"A page's own time, the shortest of {TIMES}; {PEOPLE} people click every "
        f"{CLICK_SECONDS:.0f} seconds for {seconds} seconds, on pages chosen in turn."
    )
    return [section]


def _figures(page: PageTime) -> str:
    return f"{page.milliseconds:.0f} ms ({page.cpu_milliseconds:.0f})"


def _felt(felt: Load, other: Load | None, what: str) -> tuple[str, str]:
    def said(load: Load | None) -> str:
        if load is None:
            return ""
        if what == "errors":
            return f"{load.errors} of {load.answers:,}"
        return f"{load.p95_ms if what == 'p95' else load.median_ms:,.0f} ms"

    return said(felt), said(other)


if __name__ == "__main__":
    store = sys.argv[sys.argv.index("--store") + 1] if "--store" in sys.argv else ""
    page_list, felt = main(store, seconds=QUICK_SECONDS if "--quick" in sys.argv else SECONDS)
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for page in page_list:
        mark = "" if page.milliseconds <= PAGE_MS_MAX else "  above the aim"
        figures = f"{page.milliseconds:8.1f} ms, {page.cpu_milliseconds:8.1f} ms of processor time"
        print(f"{page.path:32} {page.status} {figures} {page.kilobytes:8.1f} kB{mark}")
    print(felt)
