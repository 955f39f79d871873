"""A list is read whole, whatever is edited, made or deleted meanwhile, in any order it comes."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from arsync.connector_sdk import HttpResponse, Page
from arsync.core.ledger.records import RecordKind
from arsync.errors import Rejected, RetryLater
from arsync_quickbooks import by_creation
from arsync_quickbooks.connector import QuickBooksConnector
from arsync_quickbooks.documents import ROWS_MAX

BEGAN = datetime(2026, 5, 5, tzinfo=UTC)
PREFERENCES = {"CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": {"value": "USD"}}}
START = {"time": "2026-05-05T02:12:08-07:00"}
SELECT = re.compile(
    r"SELECT (?P<what>\*|COUNT\(\*\)) FROM (?P<entity>\w+)(?: WHERE (?P<where>.*?))?"
    r"(?: ORDERBY (?P<order>MetaData\.CreateTime))?(?: STARTPOSITION (?P<start>\d+) MAXRESULTS .*)?"
)
BOUND = re.compile(r"MetaData\.CreateTime (>=|<) '([^']+)'")
MODES = ["sorts", "refuses", "ignores"]


@dataclass
class Ledger:
    """Invoices by id with the second they were made in; `between` edits them after each page."""

    made: dict[int, int]
    mode: str = "sorts"
    between: Callable[[Ledger, int], None] = lambda _ledger, _calls: None
    seed: int = 0
    pages: int = 0
    counts: int = 0
    updated: dict[int, int] = field(default_factory=dict)

    def request(
        self, method: str, url: str, *, params: Mapping[str, str] | None = None, **_: Any
    ) -> HttpResponse:
        assert method == "GET"
        path = url.rsplit("/", 2)
        if path[-2] == "companyinfo":
            return answer({"CompanyInfo": {"CompanyName": "Acme"}})
        if path[-1] == "preferences":
            return answer({"Preferences": PREFERENCES})
        asked = SELECT.fullmatch((params or {})["query"])
        assert asked, params
        if asked["entity"] != "Invoice":
            return answer({"QueryResponse": {}})
        found = self.found(asked["where"] or "")
        if asked["what"] != "*":
            self.counts += 1
            return answer({"QueryResponse": {"totalCount": len(found)}})
        if asked["order"] and self.mode == "refuses":
            error = {"Message": "Invalid query", "Detail": "it is not sortable", "code": "4001"}
            return HttpResponse(400, {}, json.dumps({"Fault": {"Error": [error]}}).encode())
        self.pages += 1
        start = int(asked["start"])
        page = self.ordered(found, asked["order"])[start - 1 : start - 1 + ROWS_MAX]
        rows = [self.row(row_id) for row_id in page]
        self.between(self, self.pages)
        return answer({"QueryResponse": {"Invoice": rows} if rows else {}})

    def row(self, row_id: int) -> dict[str, Any]:
        at = BEGAN + timedelta(seconds=self.made[row_id])
        return {"Id": str(row_id), "MetaData": {"CreateTime": at.isoformat()}}

    def found(self, where: str) -> list[int]:
        low, high = -1.0, float("inf")
        for sign, text in BOUND.findall(where):
            second = (datetime.fromisoformat(text) - BEGAN).total_seconds()
            low, high = (second, high) if sign == ">=" else (low, second)
        return [row_id for row_id, made in self.made.items() if low <= made < high]

    def ordered(self, found: list[int], order: str | None) -> list[int]:
        # Rows of one moment come in another order each time.
        random.Random(self.seed + self.pages).shuffle(found)
        if order and self.mode == "sorts":
            return sorted(found, key=lambda row_id: self.made[row_id])
        return sorted(found, key=lambda row_id: -self.updated.get(row_id, self.made[row_id]))


def answer(body: dict[str, Any]) -> HttpResponse:
    return HttpResponse(200, {}, json.dumps({**body, **START}).encode())


def read_through(ledger: Ledger, cursor: str | None = None) -> list[Page]:
    connector = QuickBooksConnector(ledger, "1", {"api_url": "https://example.test"})
    return [page for page in connector.pull(cursor) if page.kind == RecordKind.INVOICES]


def shown(pages: list[Page]) -> list[int]:
    """The documents are odd on purpose (they lack nearly everything): problems name them."""
    return [int(problem.id) for page in pages for problem in page.problems]


def each_second(total: int) -> dict[int, int]:
    return {number: number for number in range(1, total + 1)}


def edits(chance: random.Random) -> Callable[[Ledger, int], None]:
    """Return edits, deletions and new invoices as they come in while a list is read."""

    def edit(ledger: Ledger, _: int) -> None:
        listed = list(ledger.made)
        now = 1_000_000 + ledger.pages
        for row_id in chance.sample(listed, chance.choice((0, 1, 300))):
            ledger.updated[row_id] = now
        for row_id in chance.sample(listed, chance.choice((0, 1, 30))):
            del ledger.made[row_id]
        newest = max(listed)
        for row_id in range(newest + 1, newest + 1 + chance.choice((0, 5, 200))):
            ledger.made[row_id] = now

    return edit


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(6))
def test_no_row_is_lost_or_doubled_by_edits(mode: str, seed: int) -> None:
    chance = random.Random(seed)
    # Imported in bursts: many of one second, and some seconds with hundreds.
    made = {number: chance.choice((number, number // 50, number // 700)) for number in range(4200)}
    ledger = Ledger(made, mode, edits(chance), seed)
    before = set(ledger.made)
    counted = Counter(shown(read_through(ledger)))
    assert before & set(ledger.made) <= set(counted)
    assert set(counted.values()) == {1}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(3))
def test_a_second_with_more_rows_than_a_page(mode: str, seed: int) -> None:
    made = {number: 7 if 500 <= number < 3300 else number for number in range(1, 4000)}
    ledger = Ledger(made, mode, seed=seed)
    if mode == "sorts":
        # By chance in each page: some are missed at first, and a count tells.
        pages = read_twice_if_put_off(ledger)
    else:
        ledger.updated = {number: number for number in made}
        pages = read_through(ledger)
    assert sorted(set(shown(pages))) == list(range(1, 4000))


def read_twice_if_put_off(ledger: Ledger) -> list[Page]:
    """Read through; rows of one second in another order each time may need another run."""
    pages: list[Page] = []
    connector = QuickBooksConnector(ledger, "1", {"api_url": "https://example.test"})
    cursor: str | None = None
    for _ in range(10):
        with suppress(RetryLater):
            for page in connector.pull(cursor):
                pages += [page] if page.kind == RecordKind.INVOICES else []
                cursor = page.cursor
            return pages
    raise AssertionError("it never ends")


@pytest.mark.parametrize("total", [0, 1, 999, 1000, 1001, 1999, 2000, 5000])
def test_a_quiet_read_costs_one_call_per_thousand_rows(total: int) -> None:
    ledger = Ledger(each_second(total))
    assert shown(read_through(ledger)) == list(range(1, total + 1))
    assert ledger.pages <= total // (ROWS_MAX - 1) + 1
    assert ledger.counts == (1 if total >= ROWS_MAX else 0), "the order is proven once"


@pytest.mark.parametrize("mode", ["refuses", "ignores"])
def test_a_read_without_order_costs_a_few_times_that(mode: str) -> None:
    ledger = Ledger(each_second(20_000), mode)
    assert sorted(shown(read_through(ledger))) == list(range(1, 20_001))
    assert ledger.pages <= 4 * 20_000 // ROWS_MAX


def test_an_order_that_only_looks_right_is_found_out() -> None:
    """The usual order, of the latest change, happens to rise by creation too."""
    ledger = Ledger(each_second(2500), "ignores")
    ledger.updated = {number: 10_000 - number for number in range(1000, 2001)}
    assert sorted(shown(read_through(ledger))) == list(range(1, 2501))


@pytest.mark.parametrize("mode", MODES)
def test_a_read_resumed_at_any_page_goes_on_there(mode: str) -> None:
    whole = read_through(Ledger(each_second(3500), mode))
    for number, page in enumerate(whole[:-1]):
        pages = read_through(Ledger(each_second(3500), mode), page.cursor)
        assert sorted(shown(pages)) == sorted(shown(whole[number + 1 :]))
        assert {page.sweep for page in pages} == {page.sweep for page in whole}


def test_rows_that_were_not_asked_for_end_the_read() -> None:
    ledger = Ledger(each_second(2500))
    ledger.found = lambda where: list(ledger.made)  # type: ignore[method-assign]
    with pytest.raises(Rejected, match="rows that were not asked for"):
        read_through(ledger)


def test_a_list_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_creation, "ROWS_READ_MAX", 3000)
    with pytest.raises(Rejected, match="more than 3,000 Invoice rows"):
        read_through(Ledger(each_second(5000)))
