"""Offset paging loses no row, whatever is deleted or added meanwhile, in either order of ids."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from arsync.connector_sdk import HttpResponse, Page
from arsync.core.ledger.records import RecordKind
from arsync.errors import RetryLater
from arsync_quickbooks.connector import QuickBooksConnector
from arsync_quickbooks.documents import ROWS_MAX
from arsync_quickbooks.feed import ANCHORS_KEPT, RESTARTS_MAX, STEP_BACK_ROWS

SELECT = re.compile(r"SELECT \* FROM (\w+)(?: WHERE .*)? ORDERBY Id STARTPOSITION (\d+) MAXRESULTS")
PREFERENCES = {"CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": {"value": "USD"}}}
START = {"time": "2026-05-05T02:12:08-07:00"}


@dataclass
class Ledger:
    """Invoices by id, served as QuickBooks pages them; `between` edits them after each page."""

    ids: list[int]
    as_text: bool = False
    between: Callable[[Ledger, int], None] = lambda _ledger, _calls: None
    calls: int = 0
    starts: list[int] = field(default_factory=list)

    def request(
        self, method: str, url: str, *, params: Mapping[str, str] | None = None, **_: Any
    ) -> HttpResponse:
        assert method == "GET"
        path = url.rsplit("/", 2)
        if path[-2] == "companyinfo":
            return answer({"CompanyInfo": {"CompanyName": "Acme"}})
        if path[-1] == "preferences":
            return answer({"Preferences": PREFERENCES})
        match = SELECT.match((params or {})["query"])
        assert match, params
        if match[1] != "Invoice":
            return answer({"QueryResponse": {}})
        self.calls += 1
        start = int(match[2])
        self.starts.append(start)
        listed = sorted(self.ids, key=str if self.as_text else None)
        page = listed[start - 1 : start - 1 + ROWS_MAX]
        self.between(self, self.calls)
        rows = [{"Id": str(row_id), "TxnDate": "2026-01-01"} for row_id in page]
        return answer({"QueryResponse": {"Invoice": rows} if rows else {}})


def answer(body: dict[str, Any]) -> HttpResponse:
    return HttpResponse(200, {}, json.dumps({**body, **START}).encode())


def read_through(ledger: Ledger, cursor: str | None = None) -> list[Page]:
    connector = QuickBooksConnector(ledger, "1", {"api_url": "https://example.test"})
    return [page for page in connector.pull(cursor) if page.kind == RecordKind.INVOICES]


def shown(pages: list[Page]) -> list[int]:
    """The documents are odd on purpose (they lack nearly everything): problems name them."""
    return [int(problem.id) for page in pages for problem in page.problems]


@pytest.mark.parametrize("as_text", [False, True], ids=["as numbers", "as texts"])
@pytest.mark.parametrize("seed", range(8))
def test_rows_that_stay_are_seen_whatever_goes_or_comes(seed: int, as_text: bool) -> None:
    chance = random.Random(seed)

    def edit(ledger: Ledger, _: int) -> None:
        listed = sorted(ledger.ids, key=str if as_text else None)
        for row_id in chance.sample(listed, chance.choice((0, 1, 30, 300))):
            ledger.ids.remove(row_id)
        around = chance.randrange(len(listed))
        for row_id in listed[around : around + chance.choice((0, 1, 25))]:
            if row_id in ledger.ids:
                ledger.ids.remove(row_id)
        ledger.ids += range(max(ledger.ids) + 1, max(ledger.ids) + 1 + chance.choice((0, 5, 200)))

    ledger = Ledger(list(range(1, 4200)), as_text, edit)
    before = set(ledger.ids)
    rows_shown = shown(read_through(ledger))
    assert before & set(ledger.ids) <= set(rows_shown)


@pytest.mark.parametrize("total", [0, 1, 999, 1000, 1001, 1999, 2000, 5000])
def test_a_quiet_read_costs_one_call_per_thousand_rows(total: int) -> None:
    ledger = Ledger(list(range(1, total + 1)))
    assert shown(read_through(ledger)) == list(range(1, total + 1))
    assert ledger.calls <= max(1, -(-total // ROWS_MAX)) + 1


def test_a_row_deleted_while_paging_costs_no_other_row() -> None:
    def delete(ledger: Ledger, calls: int) -> None:
        if calls == 1:
            ledger.ids.remove(1)
            ledger.ids.remove(ROWS_MAX)

    ledger = Ledger(list(range(1, 1501)), between=delete)
    assert set(shown(read_through(ledger))) >= set(range(2, 1501))
    assert ledger.starts == [1, ROWS_MAX, ROWS_MAX + 1 - STEP_BACK_ROWS]


def test_a_read_restarts_when_every_known_row_is_gone() -> None:
    def delete(ledger: Ledger, calls: int) -> None:
        if calls == 1:
            del ledger.ids[ROWS_MAX - ANCHORS_KEPT : ROWS_MAX]

    ledger = Ledger(list(range(1, 1501)), between=delete)
    rows_shown = shown(read_through(ledger))
    assert set(rows_shown) >= set(ledger.ids)
    assert ledger.starts.count(1) == 2


def test_a_ledger_shrinking_under_the_read_is_deferred() -> None:
    def delete(ledger: Ledger, _: int) -> None:
        del ledger.ids[:1000]

    ledger = Ledger(list(range(1, 50_000)), between=delete)
    with pytest.raises(RetryLater, match="faster than they can be read"):
        read_through(ledger)
    assert ledger.starts.count(1) == RESTARTS_MAX + 1


def test_a_read_resumed_at_any_page_goes_on_there() -> None:
    whole = read_through(Ledger(list(range(1, 3501))))
    for number, page in enumerate(whole[:-1]):
        pages = read_through(Ledger(list(range(1, 3501))), page.cursor)
        assert shown(pages) == shown(whole[number + 1 :])
        assert {page.sweep for page in pages} == {page.sweep for page in whole}
