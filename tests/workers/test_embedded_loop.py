"""The loop goes on when its store comes back, and ends when the store is gone."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import Envelope
from sqlalchemy import make_url
from tests.builders.books import ORGANISATION, RULES, Books, BooksPlatform
from tests.builders.driver import App
from tests.builders.mail_server import AnyPort, Sink
from tests.builders.relay import Relay

from arsync.application.results import RunResult
from arsync.clock import SystemClock
from arsync.config import Config, example_config, load_config
from arsync.errors import EXIT_DONE, EXIT_MISTAKE, StoreGone


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
    postgresql_schema: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = make_url(postgresql_schema)
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
            app.run_forever(every_seconds=0.05, stop=stop, report=report)
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
        app.run_forever(every_seconds=0.05, stop=threading.Event(), report=report)
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
        app.run_forever(every_seconds=0.05, stop=stop)
    controller.stop()
    assert [envelope.rcpt_tos for envelope in sink.envelopes] == [["owner@example.com"]]
