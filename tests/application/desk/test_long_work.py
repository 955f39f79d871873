"""Work beside the requests: begun once, found later, told when it fails, ended with the process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from tests.builders.records import a_debtor

from arsync.application.desk.long_work import (
    KEPT_MAX,
    Lane,
    LongJob,
    LongWork,
    NotWantedAnyMore,
    WorkProgress,
)
from arsync.errors import UserMistake

WAIT_SECONDS = 10


@pytest.fixture
def work() -> Iterator[LongWork]:
    with ExitStack() as at_close:
        yield LongWork(at_close)


def test_a_second_click_finds_the_first_ones_work(work: LongWork) -> None:
    go, made = threading.Event(), list[int]()

    def make(job: LongJob[str]) -> str:
        made.append(1)
        job.say(WorkProgress(3, 5))
        go.wait(WAIT_SECONDS)
        return "done"

    first = work.begin(Lane.FIGURES, "a", make)
    assert not first.wait(0.01)
    assert work.begin(Lane.FIGURES, "a", make) is first
    go.set()
    assert first.wait(WAIT_SECONDS)
    assert work.begin(Lane.FIGURES, "a", make).result() == "done"
    assert first.progress == WorkProgress(3, 5)
    assert made == [1]


def fails(_: LongJob[str]) -> str:
    raise UserMistake("there is no such day.\n    hint: 2026-11-30")


def succeeds(_: LongJob[str]) -> str:
    return "better"


def test_a_failure_is_told_before_it_is_tried_again(work: LongWork) -> None:
    assert work.begin(Lane.FIGURES, "a", fails).wait(WAIT_SECONDS)
    left = work.begin(Lane.FIGURES, "a", succeeds)
    assert left.problem == "there is no such day."
    with pytest.raises(UserMistake, match="no such day"):
        left.result()
    again = work.begin(Lane.FIGURES, "a", succeeds)
    assert again.wait(WAIT_SECONDS)
    assert again.result() == "better"


def test_somebody_may_ask_for_another_attempt(work: LongWork) -> None:
    assert work.begin(Lane.READINGS, "a", fails).wait(WAIT_SECONDS)
    again = work.begin(Lane.READINGS, "a", succeeds, again=True)
    assert again.wait(WAIT_SECONDS)
    assert again.result() == "better"


def test_a_failure_keeps_nothing_open(work: LongWork) -> None:
    closed = threading.Event()

    def reads() -> Iterator[int]:
        try:
            yield 1
        finally:
            closed.set()

    def make(_: LongJob[str]) -> str:
        rows = reads()
        raise UserMistake(f"row {next(rows)} is odd")

    job = work.begin(Lane.FIGURES, "reads", make)
    assert job.wait(WAIT_SECONDS)
    assert (job.problem, closed.is_set()) == ("row 1 is odd", True)


def test_figures_do_not_wait_for_rulebooks_that_play(work: LongWork) -> None:
    go = threading.Event()
    plays = [work.begin(Lane.TRIES, n, lambda _: go.wait(WAIT_SECONDS)) for n in range(3)]
    figures = work.begin(Lane.FIGURES, "figures", succeeds)
    assert figures.wait(WAIT_SECONDS)
    assert all(job.is_open for job in plays)
    go.set()


def test_customers_are_counted_as_they_come_by(
    work: LongWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arsync.application.desk.long_work.WORK_SECONDS", 0.0)

    def make(job: LongJob[int]) -> int:
        return len(list(job.watched(iter([a_debtor()] * 4), in_all=9)))

    job = work.begin(Lane.FIGURES, "a", make)
    assert job.wait(WAIT_SECONDS)
    assert job.result() == 4
    assert job.progress == WorkProgress(4, 9)


def test_all_ends_with_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arsync.application.desk.long_work.WORK_SECONDS", 0.0)
    running, told = threading.Event(), list[str]()

    def for_ever(job: LongJob[int]) -> int:
        def accounts() -> Iterator[object]:
            while True:
                running.set()
                yield a_debtor()

        return len(list(job.watched(accounts(), in_all=0)))  # type: ignore[arg-type]

    with ExitStack() as at_close:
        work = LongWork(at_close)
        work.when_ended("told", lambda: told.append("ended"))
        work.when_ended("told", lambda: told.append("ended"))
        at_work = work.begin(Lane.TRIES, "a", for_ever)
        waiting = work.begin(Lane.TRIES, "b", for_ever)
        assert running.wait(WAIT_SECONDS)
    for job in (at_work, waiting):
        assert job.wait(0)
        with pytest.raises(NotWantedAnyMore):
            job.result()
    assert told == ["ended"]


def test_only_so_many_results_are_kept(work: LongWork) -> None:
    for number in range(KEPT_MAX + 20):
        assert work.begin(Lane.FIGURES, number, succeeds).wait(WAIT_SECONDS)
    assert work.find(0) is None
    assert work.find(KEPT_MAX + 19) is not None
