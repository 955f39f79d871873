"""Work beside the requests: begun once, found later, bounded."""

from __future__ import annotations

import threading

import pytest

from arsync.web.desk.background import KEPT_MAX, Background


def test_a_page_does_not_wait_for_long_work() -> None:
    background, go = Background(wait_seconds=0.01), threading.Event()
    made: list[int] = []

    def make() -> str:
        made.append(1)
        go.wait(10)
        return "done"

    assert background.get("a", make) is None
    assert background.get("a", make) is None
    go.set()
    patient = Background(wait_seconds=10)
    patient._kept = background._kept
    assert patient.get("a", make) == "done"
    assert made == [1]
    background.close()


def test_a_failure_is_raised_and_tried_again() -> None:
    background = Background(wait_seconds=10)

    def fail() -> str:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        background.get("a", fail)
    assert background.get("a", lambda: "better") == "better"
    background.close()


def test_only_so_many_results_are_kept() -> None:
    background = Background(wait_seconds=10)
    for number in range(KEPT_MAX + 20):
        background.get(number, lambda: "x")
    assert len(background._kept) == KEPT_MAX
    background.close()
