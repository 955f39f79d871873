"""The loop serves what the schedule in the store asks for, and nothing twice.

It goes on when its store comes back, and ends when the store is gone.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import Envelope
from sqlalchemy import make_url
from tests.builders.books import NOW, ORGANISATION, RULES, Books, BooksPlatform
from tests.builders.driver import App
from tests.builders.mail_server import AnyPort, Sink
from tests.builders.relay import Relay

from arsync.application.results import RunResult
from arsync.clock import SetClock, SystemClock
from arsync.config import Config, example_config, load_config
from arsync.errors import EXIT_DONE, EXIT_MISTAKE, StoreGone
from arsync.store.admin.outages import FAILURES_MAX, PAUSE_SECONDS
from arsync.store.admin.schedules import next_place
from arsync.store.models import ConnectionRow
from arsync.workers.embedded_loop import KEEP_SECONDS, WISH_LOOK_SECONDS

PACE = 1200


def a_config(folder: Path, url: str, more: Mapping[tuple[str, str], str] = {}) -> Config:
    (folder / "rules").mkdir()
    (folder / "rules" / "standard.yaml").write_text(RULES)
    values = {("store", "url"): url, ("tokens", "keyring"): "off", **more}
    (folder / "config.toml").write_text(example_config(values))
    return load_config(folder / "config.toml", {})


@pytest.fixture
def make_app(tmp_path: Path) -> Iterator[Callable[[str], App]]:
    apps: list[App] = []

    def make(url: str) -> App:
        app = App(
            a_config(tmp_path, url),
            clock=SystemClock(),
            platforms=lambda _: BooksPlatform(Books()),
        )
        app.store.connections.add("books", platform="books", organisation=ORGANISATION)
        apps.append(app)
        return app

    yield make
    for app in apps:
        app.close()


def test_the_loop_waits_for_a_database_that_is_away(
    make_app: Callable[[str], App],
    postgresql_store: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = make_url(postgresql_store)
    stop, away = threading.Event(), threading.Event()
    results: list[RunResult] = []
    with Relay(server.host or "127.0.0.1", server.port or 5432) as relay:
        url = server.set(host="127.0.0.1", port=relay.port)
        app = make_app(url.render_as_string(hide_password=False))

        class Watching(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                if "Trying again until it is back" in record.getMessage() and not away.is_set():
                    away.set()
                    relay.mend()

        logger = logging.getLogger("arsync.workers")
        logger.addHandler(handler := Watching())

        def report(result: RunResult) -> None:
            results.append(result)
            if not away.is_set():
                relay.cut()
            elif result.exit_code == EXIT_DONE:
                stop.set()

        try:
            app.run_forever(every_seconds=1, stop=stop, report=report)
        finally:
            logger.removeHandler(handler)
    assert away.is_set()
    assert results[-1].exit_code == EXIT_DONE
    said = [problem for result in results for problem in result.all_problems]
    assert not [problem for problem in said if "internal error" in problem]
    assert [record for record in caplog.records if "can be used again" in record.getMessage()]
    assert not [record for record in caplog.records if record.exc_info]


def test_the_loop_ends_when_its_store_is_gone(
    make_app: Callable[[str], App], tmp_path: Path
) -> None:
    app = make_app("sqlite:///arsync.db")
    results: list[RunResult] = []

    def report(result: RunResult) -> None:
        results.append(result)
        if len(results) == 1:
            (tmp_path / "arsync.db").rename(tmp_path / "kept.db")

    with pytest.raises(StoreGone, match="deleted or replaced while arsync was running"):
        app.run_forever(every_seconds=1, stop=threading.Event(), report=report)
    assert results[0].exit_code == EXIT_DONE
    assert {result.exit_code for result in results[1:]} <= {EXIT_MISTAKE}


def test_the_loop_mails_the_owner_beside_its_runs(tmp_path: Path) -> None:
    stop = threading.Event()

    class StopsTheLoop(Sink):
        async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
            stop.set()
            return await super().handle_DATA(server, session, envelope)

    sink = StopsTheLoop()
    controller = AnyPort(sink, hostname="127.0.0.1", port=0)
    controller.start()
    mail = {
        ("runs", "notify"): "owner@example.com",
        ("runs", "notify_at"): "00:00",
        ("smtp", "url"): f"smtp://127.0.0.1:{controller.port}",
        ("smtp", "sender"): "accounts@example.com",
    }
    config = a_config(tmp_path, "sqlite:///arsync.db", mail)
    (tmp_path / "rules" / "standard.yaml").write_text("version: 1\nbad: 1\n")
    with App(config, clock=SystemClock(), platforms=lambda _: BooksPlatform(Books())) as app:
        app.store.connections.add("books", platform="books", organisation=ORGANISATION)
        app.run_forever(every_seconds=1, stop=stop)
    controller.stop()
    assert [envelope.rcpt_tos for envelope in sink.envelopes] == [["owner@example.com"]]


class PassingTime(threading.Event):
    """Time that passes only while the loop waits; it ends after so many seconds."""

    def __init__(self, app: App, seconds: float) -> None:
        super().__init__()
        self._clock = app.clock
        self._ends_at = seconds
        self.passed = 0.0
        self.waits = 0
        self.at: dict[float, Callable[[], object]] = {}
        """What happens after so many seconds."""

    def monotonic(self) -> float:
        return self.passed

    def wait(self, timeout: float | None = None) -> bool:
        assert isinstance(self._clock, SetClock)
        assert timeout is not None
        self.waits += 1
        self.passed += timeout
        self._clock.advance(timedelta(seconds=timeout))
        for moment in [moment for moment in self.at if moment <= self.passed]:
            self.at.pop(moment)()
        if self.passed >= self._ends_at:
            self.set()
        return self.is_set()


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def app(tmp_path: Path, books: Books) -> Iterator[App]:
    """An application on its own time, with one connection, that works on one at a time."""
    config = a_config(tmp_path, "sqlite:///arsync.db", {("runs", "parallel"): "1"})
    with App(config, clock=SetClock(NOW), platforms=lambda _: BooksPlatform(books)) as made:
        add(made, "books")
        yield made


def add(app: App, name: str) -> ConnectionRow:
    organisation = ORGANISATION._replace(id=name)
    return app.store.connections.add(name, platform="books", organisation=organisation)


def looped(app: App, seconds: float, at: Mapping[float, Callable[[], object]] = {}) -> PassingTime:
    """Run the loop for so many seconds of its own time, at a pace of `PACE`."""
    passing = PassingTime(app, seconds)
    passing.at |= at
    app.run_forever(every_seconds=PACE, stop=passing, monotonic=passing.monotonic)
    return passing


def begins(app: App, name: str = "books") -> list[datetime]:
    """Return when a connection's runs began, earliest first."""
    number = app.store.connections.get(name).id
    return sorted(run.started_at for run in app.store.runs.latest(number))


def test_each_connection_runs_at_its_place_in_every_pace(app: App) -> None:
    names = ["books", *(add(app, f"books-{number}").name for number in range(2))]
    passing = looped(app, 2 * PACE)
    for name in names:
        first, second, third = begins(app, name)
        number = app.store.connections.get(name).id
        assert first == NOW, "a new one runs at once"
        assert second == next_place(number, PACE, NOW)
        assert third == second + timedelta(seconds=PACE)
    assert len({begins(app, name)[1] for name in names}) == len(names), "spread over the pace"
    assert passing.waits <= 2 * PACE / WISH_LOOK_SECONDS + 2 * PACE / KEEP_SECONDS + 4 * len(names)


def test_a_restart_syncs_nothing_that_is_not_due(app: App) -> None:
    looped(app, 1)
    for _ in range(5):
        looped(app, 1)
    assert begins(app) == [NOW]


def test_a_new_connection_is_served_within_seconds(app: App) -> None:
    looped(app, 90, {20: partial(add, app, "later")})
    (began,) = begins(app, "later")
    assert began - NOW <= timedelta(seconds=20 + WISH_LOOK_SECONDS)
    schedule = app.store.schedules.get(app.store.connections.get("later").id)
    assert schedule is not None
    assert schedule.every_seconds == PACE


def test_a_wish_is_served_within_seconds(app: App) -> None:
    number = app.store.connections.get("books").id
    looped(app, 60, {20: lambda: app.store.schedules.want([number], "a hook came")})
    first, second = begins(app)
    assert second - first <= timedelta(seconds=20 + WISH_LOOK_SECONDS)


def test_a_wish_waits_for_no_queue(app: App, books: Books) -> None:
    looped(app, 1)
    rows = [add(app, f"books-{number}") for number in range(6)]
    for row in rows:
        app.store.schedules.served(row.id, app.store.schedules.begin(row.id))
    assert isinstance(app.clock, SetClock)
    app.clock.advance(timedelta(seconds=2 * PACE))
    order: list[str] = []
    last = app.store.schedules.due()[-1].connection_id
    passing = PassingTime(app, 1)

    def report(result: RunResult) -> None:
        order.append(result.connection)
        if len(order) == 1:
            app.store.schedules.want([last], "a hook came")

    app.run_forever(every_seconds=PACE, stop=passing, report=report, monotonic=passing.monotonic)
    assert len(order) == len(set(order)) == 7
    assert order[1] == app.store.connections.by_id(last).name


@pytest.mark.parametrize("reason", ["paused", "removed", "away"])
def test_what_is_left_alone_costs_nothing(app: App, books: Books, reason: str) -> None:
    row = app.store.connections.get("books")
    if reason == "paused":
        app.store.connections.pause([row.id], who="Rita", why="year end")
    elif reason == "removed":
        app.store.connections.remove("books")
    else:
        for _ in range(FAILURES_MAX):
            app.store.outages.failed(row.id, "it is away")
    looped(app, PAUSE_SECONDS - 1)
    assert (app.store.runs.latest(row.id), books.calls) == ([], [])


def test_a_pause_that_ends_is_noticed_within_seconds(app: App) -> None:
    row = app.store.connections.get("books")
    app.store.connections.pause([row.id], who="Rita", why="year end")
    looped(app, 60, {20: lambda: app.store.connections.resume([row.id])})
    (began,) = begins(app)
    assert began - NOW <= timedelta(seconds=20 + WISH_LOOK_SECONDS)


def test_a_run_elsewhere_is_looked_at_now_and_then(app: App) -> None:
    row = app.store.connections.get("books")
    tries: list[float] = []
    passing = PassingTime(app, 60)
    lock = app.store.runs.lock

    def counted(connection_id: int, *, wait_seconds: float = 0.0) -> Any:
        assert wait_seconds == 0.0
        tries.append(passing.passed)
        return lock(connection_id, wait_seconds=wait_seconds)

    with lock(row.id):
        app.store.runs.lock = counted  # type: ignore[method-assign]
        app.run_forever(every_seconds=PACE, stop=passing, monotonic=passing.monotonic)
    assert begins(app) == []
    assert 60 / WISH_LOOK_SECONDS - 1 <= len(tries) <= 60 / WISH_LOOK_SECONDS + 1


def test_the_loop_serves_the_named_ones_alone(app: App) -> None:
    add(app, "other")
    passing = PassingTime(app, 30)
    app.run_forever(
        every_seconds=PACE, stop=passing, connections=["other"], monotonic=passing.monotonic
    )
    assert (begins(app), begins(app, "other")) == ([], [NOW])


LOOP = """
import sys, time
from pathlib import Path
from tests.builders.books import Books, BooksPlatform
from arsync.application.organisation.container import Container
from arsync.application.permissions import SCHEDULE
from arsync.config import load_config
from arsync.workers.embedded_loop import run_forever
from arsync.workers.stop_signals import stop_on_signals

books = Books()
books.before_call = lambda _: time.sleep(0.02)
config = load_config(Path(sys.argv[1]), {})
container = Container(config, platforms=lambda _: BooksPlatform(books))
with container, stop_on_signals() as stop:
    container.store
    print("ready", flush=True)
    input()
    run_forever(SCHEDULE, container, every_seconds=3600, stop=stop)
"""
"""Opens the store, and begins when it is told to."""


def test_two_loops_share_the_ledgers(tmp_path: Path, postgresql_store: str) -> None:
    config = a_config(tmp_path, postgresql_store, {("runs", "parallel"): "1"})
    with App(config) as app:
        numbers = [add(app, f"books-{number}").id for number in range(6)]
        loops = [
            subprocess.Popen(
                [sys.executable, "-c", LOOP, tmp_path / "config.toml"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        try:
            assert [process.stdout.readline() for process in loops if process.stdout] == [
                "ready\n",
                "ready\n",
            ]
            for process in loops:
                assert process.stdin is not None
                process.stdin.write("go\n")
                process.stdin.flush()
            wait_until(lambda: app.store.schedules.due() == [] and all_ended(app, numbers))
        finally:
            for process in loops:
                process.terminate()
                process.communicate(timeout=30)
        runs = [app.store.runs.latest(number) for number in numbers]
    assert [process.returncode for process in loops] == [0, 0]
    assert [len(of_one) for of_one in runs] == [1] * len(numbers)
    assert len({of_one[0].pid for of_one in runs}) == 2, "both had their share"


def all_ended(app: App, numbers: Collection[int]) -> bool:
    last = [app.store.runs.last(number) for number in numbers]
    return all(run is not None and run.outcome == "done" for run in last)


def wait_until(reached: Callable[[], bool], seconds: float = 60.0) -> None:
    ends_at = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < ends_at
        time.sleep(0.05)
