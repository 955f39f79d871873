"""What a run did, as people read it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from arsync.application.results import RunResult
from arsync.cli.render import show_result
from arsync.core.planning.plan import EndedTask

NOW = datetime(2026, 12, 7, 9, tzinfo=UTC)


def test_a_run_says_which_tasks_it_closed(capsys: pytest.CaptureFixture[str]) -> None:
    ended = EndedTask("k", "c1", "Acme Ltd", "Call the customer", "INV-5 was paid on 2026-12-07")
    show_result(RunResult("acme", "sync", "auto", NOW, ended_tasks=(ended,)))
    line = "  - task closed: Acme Ltd, Call the customer: INV-5 was paid on 2026-12-07\n"
    assert line in capsys.readouterr().out
