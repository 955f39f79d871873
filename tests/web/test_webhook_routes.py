"""What a platform gets for an answer, and what an attacker gets."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from tests.builders.posted import (
    Posted,
    from_quickbooks,
    from_xero,
    signed_by_intuit,
    signed_by_xero,
    xero_event,
)

from arsync.application.organisation.container import Container
from arsync.application.organisation.webhook_writer import ANSWER_SECONDS_MAX
from arsync.application.permissions import SCHEDULE
from arsync.application.runs.webhooks import webhook_counts
from arsync.store.admin.schedules import WISH_SETTLE_SECONDS
from arsync.web.app import BODY_BYTES_MAX, make_app

from .conftest import NOW, REALM, TENANT, installation, post, schedule_of

INTUIT_WAITS_SECONDS = 3.0
FLOOD = 300


def a_change(record: str = "i-1", at: Any = NOW) -> Posted:
    return from_xero([xero_event(TENANT, at, record)])


def counted(container: Container, platform: str) -> dict[str, int]:
    """Return today's deliveries, after what waits was written."""
    container.at_close.close()
    views = {view.platform: view for view in webhook_counts(SCHEDULE, container)}
    return dict(views[platform].today)


@pytest.mark.parametrize(
    ("name", "posted"),
    [
        ("xero", a_change()),
        ("quickbooks", from_quickbooks(REALM, NOW)),
        ("quickbooks", from_quickbooks(REALM, NOW, old_form=True)),
    ],
    ids=["xero", "cloud events", "old form"],
)
def test_a_change_asks_for_a_run_of_its_ledger(
    container: Container, client: FlaskClient, name: str, posted: Posted
) -> None:
    answer = post(client, posted)
    assert (answer.status_code, answer.data) == (200, b"")
    assert "Set-Cookie" not in answer.headers
    row = schedule_of(container, name)
    assert row.wanted_at == NOW + timedelta(seconds=WISH_SETTLE_SECONDS)
    assert row.wanted_why in {"a webhook of Xero", "a webhook of QuickBooks Online"}
    other = "xero" if name == "quickbooks" else "quickbooks"
    assert schedule_of(container, other).wanted_at is None


def test_an_intent_to_receive_is_answered_rightly(
    container: Container, client: FlaskClient
) -> None:
    rightly = from_xero([])
    signature = rightly.headers["x-xero-signature"]
    wrongly = rightly._replace(headers={"x-xero-signature": f"/{signature[1:]}"})
    answers = [post(client, posted) for posted in (rightly, wrongly, rightly, wrongly)]
    assert [answer.status_code for answer in answers] == [200, 401, 200, 401]
    assert {answer.data for answer in answers} == {b""}
    assert schedule_of(container, "xero").wanted_at is None
    assert counted(container, "xero") == {"held no event": 2, "had a wrong signature": 2}


@pytest.mark.parametrize(
    "posted",
    [
        from_xero([xero_event(TENANT, NOW)], key="guessed"),
        a_change()._replace(headers={}),
        a_change()._replace(body=a_change("i-2").body),
        a_change()._replace(platform="quickbooks"),
        from_quickbooks(REALM, NOW)._replace(platform="xero"),
    ],
    ids=["another key", "none", "another body", "as the other platform's", "the other's"],
)
def test_what_is_forged_changes_nothing(
    container: Container, client: FlaskClient, posted: Posted
) -> None:
    answer = post(client, posted)
    assert (answer.status_code, answer.data) == (401, b"")
    assert schedule_of(container, "xero").wanted_at is None
    assert schedule_of(container, "quickbooks").wanted_at is None
    assert counted(container, posted.platform) == {"had a wrong signature": 1}


def test_a_replay_asks_for_nothing(container: Container, client: FlaskClient) -> None:
    row = container.store.connections.get("xero")
    for _ in range(3):
        assert post(client, a_change()).status_code == 200
    container.store.schedules.begin(row.id)
    assert post(client, a_change()).status_code == 200
    assert schedule_of(container, "xero").wanted_at is None
    assert counted(container, "xero") == {"asked for a run": 1, "had come before": 3}


@pytest.mark.parametrize("days", [-40, -2, 2])
def test_an_event_of_another_time_asks_for_nothing(
    container: Container, client: FlaskClient, days: int
) -> None:
    assert post(client, a_change(at=NOW + timedelta(days=days))).status_code == 200
    assert schedule_of(container, "xero").wanted_at is None
    assert counted(container, "xero") == {"was about another time": 1}


def test_the_order_of_events_does_not_matter(container: Container, client: FlaskClient) -> None:
    moments = [NOW - timedelta(minutes=number) for number in (1, 30, 2, 29)]
    for number, moment in enumerate(moments):
        assert post(client, a_change(f"i-{number}", moment)).status_code == 200
    assert schedule_of(container, "xero").wanted_at is not None
    assert counted(container, "xero") == {"asked for a run": 4}


@pytest.mark.parametrize(
    "posted",
    [
        signed_by_xero(b"<events/>"),
        signed_by_xero(b""),
        signed_by_intuit(b"\xff\xfe"),
        signed_by_intuit(b'[{"type":7}]'),
    ],
    ids=["xml", "nothing", "no text", "no event"],
)
def test_what_is_signed_and_unreadable_holds_nothing_back(
    container: Container, client: FlaskClient, posted: Posted
) -> None:
    assert post(client, posted).status_code == 200
    assert counted(container, posted.platform) == {"could not be read": 1}


@pytest.mark.parametrize("organisation", ["t-9", "t\x00", "\ud800", "t" * 5_000, REALM])
def test_events_of_strangers_are_counted_and_forgotten(
    container: Container, client: FlaskClient, organisation: str
) -> None:
    assert post(client, from_xero([xero_event(organisation, NOW)])).status_code == 200
    counts = counted(container, "xero")
    assert counts in ({"was about no connection here": 1}, {"could not be read": 1})


def test_the_signature_counts_and_not_the_content_type(
    container: Container, client: FlaskClient
) -> None:
    for number, kind in enumerate(["text/plain", "multipart/form-data", "", "x" * 500]):
        assert post(client, a_change(f"i-{number}"), content_type=kind).status_code == 200
    assert counted(container, "xero") == {"asked for a run": 4}


def test_without_a_secret_nothing_is_taken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with installation(tmp_path, secrets=False) as container:
        client = make_app(container).test_client()
        for _ in range(3):
            unsigned = from_xero([xero_event(TENANT, NOW)], key="")
            assert post(client, unsigned).status_code == 404
        assert schedule_of(container, "xero").wanted_at is None
    lines = [line for line in caplog.messages if "[xero] webhook_key is empty" in line]
    assert len(lines) == 1


def test_other_addresses_and_methods_are_refused(client: FlaskClient) -> None:
    assert client.post("/webhooks/sage", data=b"{}").status_code == 404
    assert client.post("/webhooks/xero/more", data=b"{}").status_code == 404
    assert client.get("/webhooks/xero").status_code == 405


def test_a_huge_body_is_refused_before_it_is_read(client: FlaskClient) -> None:
    huge = signed_by_xero(b" " * (BODY_BYTES_MAX + 1))
    assert post(client, huge).status_code == 413


def test_a_flood_of_forged_ones_writes_nothing(
    container: Container, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    forged = from_xero([xero_event(TENANT, NOW)], key="guessed")
    with caplog.at_level(logging.WARNING):
        answers = [post(client, forged).status_code for _ in range(FLOOD)]
    assert set(answers) == {401}
    assert len([line for line in caplog.messages if "wrong signature" in line]) == 1
    assert container.store.webhooks.counts(NOW.date()) == []
    assert counted(container, "xero") == {"had a wrong signature": FLOOD}


def test_a_busy_store_refuses_in_time_and_loses_nothing(
    container: Container, client: FlaskClient, tmp_path: Path
) -> None:
    assert post(client, a_change("i-0")).status_code == 200
    with closing(sqlite3.connect(tmp_path / "arsync.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        answer = post(client, a_change())
        took = time.monotonic() - began
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert ANSWER_SECONDS_MAX <= took < INTUIT_WAITS_SECONDS
        began = time.monotonic()
        assert post(client, a_change("i-2")).status_code == 503
        assert time.monotonic() - began < 1, "who comes next is not kept waiting"
        other.execute("ROLLBACK")
    answers = repeated(client, [a_change(), a_change("i-2")])
    assert answers == [200, 200]
    counts = counted(container, "xero")
    assert counts["could not be stored in time"] >= 2
    # The first of them was still in hand when its time was over.
    assert (counts["asked for a run"], counts["had come before"]) == (3, 1)


def repeated(client: FlaskClient, posts: Sequence[Posted]) -> list[int]:
    """Deliver again, as the platforms do, until the store has come back."""
    until = time.monotonic() + 20
    statuses: list[int] = []
    for posted in posts:
        status = post(client, posted).status_code
        while status == 503 and time.monotonic() < until:
            time.sleep(0.05)
            status = post(client, posted).status_code
        statuses.append(status)
    return statuses


def test_a_store_that_is_gone_is_an_answer(
    container: Container, client: FlaskClient, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert post(client, a_change("i-0")).status_code == 200
    (tmp_path / "arsync.db").rename(tmp_path / "elsewhere.db")
    assert post(client, a_change()).status_code == 503
    (tmp_path / "elsewhere.db").rename(tmp_path / "arsync.db")
    assert post(client, a_change()).status_code == 200
    assert any("cannot be recorded" in line for line in caplog.messages)
