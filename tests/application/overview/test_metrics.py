"""The metrics: every one of the table is told, with the right figures and without names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.builders.books import NOW
from tests.builders.many_ledgers import PACE_SECONDS, fill

from arsync.application.organisation.container import Container
from arsync.application.overview.metrics import LATE_LEDGERS_MAX, METRICS, metrics
from arsync.application.permissions import Actor, Role
from arsync.clock import SetClock
from arsync.config import load_config
from arsync.connector_sdk.rate_window import AcquireRequest

READER = Actor("Rita", Role.READER)


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Container]:
    (tmp_path / "config.toml").write_text('[tokens]\nkeyring = "off"\n[xero]\nclient_id = "id"\n')
    with Container(load_config(tmp_path / "config.toml", {}), clock=SetClock(NOW)) as container:
        yield container


def values(container: Container) -> dict[tuple[str, ...], float]:
    return {
        (sample.metric.name, *sample.labels): sample.value for sample in metrics(READER, container)
    }


def test_figures_are_those_of_the_store(practice: Container) -> None:
    fill(practice.store, range(30), NOW)
    told = values(practice)
    states = {state: told["arsync_ledgers", state] for state in ("working", "away", "paused")}
    assert states == {"working": 21, "away": 3, "paused": 3}
    assert told["arsync_ledgers", "needs reconnect"] == 3
    assert (told["arsync_ledgers_late",], told["arsync_ledgers_due",]) == (3, 3)
    latest = PACE_SECONDS + 3600 + 27
    assert told["arsync_ledgers_latest_late_seconds",] == latest
    late = {
        labels[1]: value for labels, value in told.items() if labels[0].endswith("r_late_seconds")
    }
    assert len(late) == 3
    assert late["28"] == latest, "by its number"
    assert told["arsync_runs", "1h", "failed"] == 3
    assert told["arsync_actions", "awaiting approval"] == told["arsync_approvals_waiting",] == 9
    assert told["arsync_ledgers_stopped_by_safety",] == 3
    assert told["arsync_tasks_open",] == 3
    assert told["arsync_daily_mail_failed",] == 0


def test_no_more_late_ledgers_are_named_than_allowed(practice: Container) -> None:
    fill(practice.store, range(7, 300, 10), NOW)
    told = values(practice)
    assert told["arsync_ledgers_late",] > LATE_LEDGERS_MAX
    assert sum(key[0] == "arsync_ledger_late_seconds" for key in told) == LATE_LEDGERS_MAX


def test_what_is_left_of_a_platforms_limits_is_told(practice: Container) -> None:
    limits = practice.rate_limits("xero")
    for app in ("id", "an app of before"):
        limiter = practice.store.paces.of(f"xero|{app}", "org", limits)
        limiter.acquire(AcquireRequest("me", calls=1, day_left=900 if app == "id" else 1))
    told = values(practice)
    assert told["arsync_organisation_calls_left_day_min", "xero"] == 899
    assert told["arsync_app_calls_left_minute", "xero"] == limits.app_calls_per_minute - 1


def test_no_name_of_a_client_or_customer_is_told(practice: Container) -> None:
    fill(practice.store, range(30), NOW)
    told = " ".join(" ".join(key) for key in values(practice))
    for name in ("Client", "Ridge", "well-0", "late-0", "Olga"):
        assert name not in told


def test_names_are_as_prometheus_wants_them() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    for metric in METRICS:
        assert metric.name.startswith("arsync_")
        assert metric.name.endswith("_total") == metric.is_counter
        assert metric.help.endswith(".")
