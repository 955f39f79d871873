"""The next page is fetched while one is stored; whatever happens, in order and by one thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from arsync.connector_sdk import Page
from arsync.core.ledger.records import RecordKind
from arsync.errors import RetryLater
from arsync.sync.reading_ahead import pages_ahead

WAIT_SECONDS_MAX = 20


class Feed:
    """Pages as they are asked for; says which were begun and whether it was closed."""

    def __init__(
        self, count: int, *, sweep_ends_at: int = -1, breaks_at: int = -1, holds_from: int = 99
    ) -> None:
        self.count = count
        self.sweep_ends_at = sweep_ends_at
        self.breaks_at = breaks_at
        self.threads: list[str] = []
        self.begun = [threading.Event() for _ in range(count)]
        self.holds_from = holds_from
        self.may_answer = threading.Event()

    def pages(self) -> Iterator[Page]:
        for number in range(self.count):
            self.threads.append(threading.current_thread().name)
            self.begun[number].set()
            assert number < self.holds_from or self.may_answer.wait(WAIT_SECONDS_MAX)
            if number == self.breaks_at:
                raise RetryLater("the platform is away")
            yield Page(
                RecordKind.INVOICES, (), str(number), sweep_ends=number == self.sweep_ends_at
            )


def test_the_next_page_is_fetched_meanwhile() -> None:
    feed = Feed(3)
    with closing(pages_ahead(feed.pages())) as coming:
        assert next(coming).cursor == "0"
        assert feed.begun[1].wait(WAIT_SECONDS_MAX), "before anybody asks for it"
        assert not feed.begun[2].is_set(), "one page ahead at most"
        assert [page.cursor for page in coming] == ["1", "2"]
    assert feed.threads[0] == "MainThread"
    assert len(set(feed.threads[1:])) == 1


def test_nothing_is_fetched_while_a_sweep_settles() -> None:
    feed = Feed(2, sweep_ends_at=0)
    with closing(pages_ahead(feed.pages())) as coming:
        next(coming)
        assert not feed.begun[1].is_set()
        assert next(coming).cursor == "1"
    assert set(feed.threads) == {"MainThread"}


def test_a_failure_comes_after_the_pages_before_it() -> None:
    feed = Feed(3, breaks_at=2)
    coming = pages_ahead(feed.pages())
    assert [next(coming).cursor, next(coming).cursor] == ["0", "1"]
    with pytest.raises(RetryLater, match="away"):
        next(coming)


def test_leaving_early_waits_for_the_call_under_way() -> None:
    feed = Feed(3, holds_from=1)

    with closing(pages_ahead(feed.pages())) as coming:
        next(coming)
        assert feed.begun[1].wait(WAIT_SECONDS_MAX)
        threading.Timer(0.05, feed.may_answer.set).start()
    assert feed.may_answer.is_set(), "the call was waited for"
    assert not any(thread.name.startswith("next-page") for thread in threading.enumerate())
