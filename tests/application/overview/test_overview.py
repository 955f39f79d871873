"""The overview: each connection by the worst that it needs, in words, with the totals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from tests.builders.books import NOW, RULES
from tests.builders.many_ledgers import PACE_SECONDS, WAYS, fill, owed_by, statements

from arsync.application.organisation.container import Container
from arsync.application.overview.overview import Need, duration_in_words, overview
from arsync.application.permissions import Actor, Role
from arsync.cli.json_output import json_text
from arsync.cli.render_overview import LINES_PER_NEED_MAX, show_overview
from arsync.clock import SetClock
from arsync.config import load_config

READER = Actor("Rita", Role.READER)


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Container]:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "standard.yaml").write_text(RULES)
    (tmp_path / "config.toml").write_text('[tokens]\nkeyring = "off"\n')
    with Container(load_config(tmp_path / "config.toml", {}), clock=SetClock(NOW)) as container:
        yield container


def test_the_worst_stands_first_in_words(practice: Container) -> None:
    fill(practice.store, range(len(WAYS)), NOW)
    lines = overview(READER, practice).connections
    assert [(line.name.partition("-")[0], line.need, line.reasons) for line in lines] == [
        ("reconnect", Need.RECONNECT, ("its authorisation has ended: arsync connect xero",)),
        ("away", Need.FAILING, ("not reached 3 times: it did not answer",)),
        ("failing", Need.FAILING, ("run 8 failed: the platform refused Ridge & Co",)),
        ("unknown", Need.UNKNOWN, ("1 unknown outcome: arsync resolve",)),
        ("safety", Need.SAFETY, ("2 actions over a safety limit", "2 decisions to approve")),
        ("paused", Need.PAUSED, ("paused by Olga since 2026-11-20: leaves us",)),
        ("late", Need.LATE, ("late by 1 hour",)),
        ("unreadable", Need.DATA, ("1 unreadable document",)),
        ("waiting", Need.WAITING, ("1 decision to approve, 1 task",)),
        ("well", Need.NONE, ()),
    ]


def test_totals_add_up_over_all(practice: Container) -> None:
    fill(practice.store, range(30), NOW)
    whole = overview(READER, practice)
    totals = whole.totals
    assert totals.needs == {**dict.fromkeys(Need, 3), Need.FAILING: 6}
    assert (totals.connections, totals.late, totals.awaiting) == (30, 3, 9)
    assert (totals.unknown, totals.open_tasks) == (3, 3)
    # Number 27 waits longest; who is paused or cannot be reached is not late.
    assert totals.latest_seconds == PACE_SECONDS + 3600 + 27
    assert totals.owed == {"GBP": owed_by(30)}
    names = [line.name for line in whole.connections if line.need is Need.LATE]
    assert names == ["late-027", "late-017", "late-007"], "the latest first"


def test_its_own_settings_that_are_wrong_are_a_failure(practice: Container) -> None:
    fill(practice.store, range(1), NOW)
    folder = practice.config.folder / "connections"
    folder.mkdir()
    (folder / "well-000.toml").write_text('[smtp]\nsendr = "x"\n')
    (line,) = overview(READER, practice).connections
    assert line.need is Need.FAILING
    assert "sendr" in line.reasons[0]


def test_money_of_tomorrow_is_not_owed_yet(practice: Container) -> None:
    fill(practice.store, range(1), NOW)
    (line,) = overview(READER, practice).connections
    assert line.owed == {"GBP": Decimal(100)}
    assert isinstance(practice.clock, SetClock)
    practice.clock.advance(-timedelta(days=400))
    (line,) = overview(READER, practice).connections
    assert line.owed == {}, "it was issued later"


def test_three_hundred_fit_on_a_few_screens(
    practice: Container, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(practice.store, range(300), NOW)
    with statements(practice.store) as sent:
        whole = overview(READER, practice)
    assert len(sent) < 30
    show_overview(whole, full=False)
    out = capsys.readouterr().out.splitlines()
    assert len(out) < 9 * (LINES_PER_NEED_MAX + 3)
    assert out[0].startswith("300 connections: 30 need a new authorisation, 60 fail, ")
    assert f"  and {60 - LINES_PER_NEED_MAX} more" in out
    assert not [line for line in out if line.startswith("  well-")]
    show_overview(whole, full=True)
    assert len(capsys.readouterr().out.splitlines()) > 300
    streamed = json.loads(json_text({"connections": iter(whole.connections)}))
    assert len(streamed["connections"]) == 300


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 second"), (119, "1 minute"), (7200, "2 hours"), (200_000, "2 days")],
)
def test_a_length_of_time_is_told_in_one_unit(seconds: int, words: str) -> None:
    assert duration_in_words(seconds) == words
