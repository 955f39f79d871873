"""What an operator's systems ask over HTTP, in the words they read, and always in time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from tests.builders.books import NOW
from tests.builders.many_ledgers import fill
from tests.builders.stores import new_store

from arsync.application.organisation.container import Container
from arsync.application.overview.metrics import METRICS
from arsync.clock import SetClock
from arsync.config import Config, load_config
from arsync.store.db.migrate import REVISIONS
from arsync.web.app import make_app
from arsync.web.ops_routes import Bounded, TooSlow, ops_routes


def a_config(folder: Path, url: str = "sqlite:///arsync.db") -> Config:
    (folder / "config.toml").write_text(f'[store]\nurl = "{url}"\n[tokens]\nkeyring = "off"\n')
    return load_config(folder / "config.toml", {})


@pytest.fixture
def container(tmp_path: Path) -> Iterator[Container]:
    with Container(a_config(tmp_path), clock=SetClock(NOW)) as opened:
        yield opened


@pytest.fixture
def client(container: Container) -> FlaskClient:
    return make_app(container).test_client()


def test_prometheus_can_read_every_metric(container: Container, client: FlaskClient) -> None:
    fill(container.store, range(20), NOW)
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    named = {metric.name.removesuffix("_total"): metric for metric in METRICS}
    assert families.keys() <= named.keys()
    for name, family in families.items():
        assert family.documentation == named[name].help
        assert family.type == ("counter" if named[name].is_counter else "gauge")
    states = {sample.labels["state"]: sample.value for sample in families["arsync_ledgers"].samples}
    assert states == {"working": 14, "needs reconnect": 2, "paused": 2, "away": 2}


def test_health_is_told_without_the_store(container: Container, client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert "store" not in vars(container)


def test_ready_is_a_store_that_is_current(container: Container, client: FlaskClient) -> None:
    assert client.get("/readyz").text == "ready\n"
    for revision in (REVISIONS[-2], "9999"):
        with container.store.engine.begin() as db:
            db.execute(text("UPDATE alembic_version SET version_num = :r"), {"r": revision})
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert str(container.config.folder) not in answer.text
    (container.config.folder / "arsync.db").unlink()
    assert client.get("/readyz").status_code == 503
    assert client.get("/metrics").status_code == 503


def test_a_reason_holds_no_secret(tmp_path: Path) -> None:
    url = "postgresql+psycopg://arsync:hunter2hunter@127.0.0.1:1/none"
    with Container(a_config(tmp_path, url), clock=SetClock(NOW)) as container:
        answer = make_app(container).test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.text == "the store cannot be used: see the log, or run arsync doctor\n"


def test_a_database_that_hangs_delays_no_answer(tmp_path: Path, postgresql_server: str) -> None:
    with (
        new_store(postgresql_server) as url,
        Container(a_config(tmp_path, url), clock=SetClock(NOW)) as container,
    ):
        app = make_app(container)
        routes = ops_routes(container, answer_seconds=0.3)
        routes.name = "hurried"
        app.register_blueprint(routes, url_prefix="/hurried")
        client = app.test_client()
        assert client.get("/metrics").status_code == 200
        with container.store.engine.begin() as db:
            db.execute(text("LOCK TABLE connections, alembic_version IN ACCESS EXCLUSIVE MODE"))
            began = time.monotonic()
            answers = [client.get(f"/hurried/{path}") for path in ("metrics", "readyz", "healthz")]
            assert time.monotonic() - began < 5
        assert [answer.status_code for answer in answers] == [503, 503, 200]
        assert "has not answered within 0.3 seconds" in answers[0].text
        # Whoever asks next gets the answer that was awaited, and then a new one.
        while client.get("/hurried/metrics").status_code != 200:
            assert time.monotonic() - began < 60
        while client.get("/hurried/readyz").status_code != 200:
            assert time.monotonic() - began < 60


def test_nobody_piles_up_behind_a_silent_store() -> None:
    asked, silent = [], threading.Event()

    def ask() -> int:
        asked.append(1)
        silent.wait(20)
        return len(asked)

    bounded = Bounded(ask, 0.05)
    for _ in range(5):
        with pytest.raises(TooSlow):
            bounded()
    assert len(asked) == 1, "all wait for one answer"
    silent.set()
    patient = Bounded(ask, 20)
    assert patient() == 2


def test_what_goes_wrong_is_told_to_whoever_waits() -> None:
    def ask() -> int:
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        Bounded(ask, 5)()
