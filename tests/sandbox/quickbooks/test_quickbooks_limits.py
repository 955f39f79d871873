"""Checklist: limits of section 4, the CorePlus counter, forms of a 429."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import fault_code


@pytest.fixture
def limited(start_company: Any) -> Any:
    company = start_company(limits=True)
    company.pass_time(seconds=5)
    return company


def test_ten_calls_a_second(limited: Any) -> None:
    limited.sandbox.clock._elapsed = lambda: 0.0
    limited.sandbox.clock.set(limited.sandbox.now())
    statuses = [limited.get("preferences").status_code for _ in range(11)]
    assert statuses == [200] * 10 + [429]
    limited.pass_time(seconds=1.1)
    assert limited.get("preferences").ok


def calls(company: Any, count: int, path: str = "preferences") -> list[int]:
    statuses = []
    for _ in range(count):
        company.pass_time(seconds=0.11)
        statuses.append(company.get(path).status_code)
    return statuses


def test_five_hundred_calls_a_minute(limited: Any) -> None:
    limited.sandbox.clock._elapsed = lambda: 0.0
    limited.sandbox.clock.set(limited.sandbox.now())
    statuses = calls(limited, 501)
    assert (statuses[499], statuses[500]) == (200, 429)
    limited.pass_time(seconds=60)
    assert limited.get("preferences").ok


def test_forty_batches_a_minute(limited: Any) -> None:
    body: dict[str, Any] = {"BatchItemRequest": []}
    statuses = []
    for _ in range(41):
        limited.pass_time(seconds=0.2)
        statuses.append(limited.ask("batch", body).status_code)
    assert statuses == [200] * 40 + [429]
    assert limited.get("preferences").ok


def test_two_hundred_reports_a_minute(limited: Any) -> None:
    limited.sandbox.clock._elapsed = lambda: 0.0
    limited.sandbox.clock.set(limited.sandbox.now())
    statuses = calls(limited, 201, "reports/CustomerBalance")
    assert (statuses[199], statuses[200]) == (200, 429)


def test_limits_can_be_switched_off(company: Any) -> None:
    assert {company.get("preferences").status_code for _ in range(15)} == {200}


def test_reads_are_blocked_until_next_month_while_writes_continue(
    start_company: Any,
) -> None:
    company = start_company(limits=True, quickbooks_core_plus_quota=3)
    company.later(seconds=5)
    assert company.book.api.limits.core_plus == 0
    customer = company.customer()
    assert company.get(f"customer/{customer['Id']}").ok
    assert company.get("invoice/999").status_code == 400
    assert company.query("select * from Customer")
    assert company.cdc("Invoice", "2026-06-01T00:00:00Z") == [{}]
    assert company.book.api.limits.core_plus == 3
    assert company.get("preferences").status_code == 429
    assert company.customer("Still writing")
    company.later(days=30)
    assert company.get("preferences").ok


@pytest.mark.parametrize(("meter", "counted"), [("call", 0), ("items", 2)])
def test_a_batch_of_queries_counts_or_not(company: Any, meter: str, counted: int) -> None:
    company.settings(quickbooks_batch_meter=meter)
    query = {"Query": "select * from Term"}
    company.ask("batch", {"BatchItemRequest": [{"bId": "1", **query}, {"bId": "2", **query}]})
    assert company.book.api.limits.core_plus == counted


@pytest.fixture
def throttled(start_company: Any) -> Any:
    company = start_company(limits=True, quickbooks_core_plus_quota=0)
    company.later(seconds=5)
    return company


def test_a_429_is_a_fault_with_code_3001(throttled: Any) -> None:
    answer = throttled.get("preferences")
    error = answer.json()["Fault"]["Error"][0]
    assert (answer.status_code, error["code"]) == (429, "3001")
    assert error["Message"] == "message=ThrottleExceeded; errorCode=003001; statusCode=429"
    assert error["Detail"] == "The request limit was reached.  Try again later"
    assert answer.json()["Fault"]["type"] == "SERVICE"
    assert "Retry-After" not in answer.headers
    throttled.settings(quickbooks_retry_after=True)
    assert throttled.get("preferences").headers["Retry-After"] == "60"


@pytest.mark.parametrize(
    ("form", "start"), [("lower", b'{"warnings":null'), ("html", b"<html>"), ("empty", b"")]
)
def test_a_429_may_look_otherwise(throttled: Any, form: str, start: bytes) -> None:
    throttled.settings(quickbooks_throttle_body=form)
    answer = throttled.get("preferences")
    assert answer.status_code == 429
    assert answer.content.startswith(start)
    assert bool(answer.content) == bool(start)


def test_ten_at_once_may_be_the_limit_instead(start_company: Any) -> None:
    from concurrent.futures import ThreadPoolExecutor

    company = start_company(limits=True, quickbooks_concurrent=True)
    company.settings(answer_delay_seconds=1.5)  # all eleven have begun before the first has ended
    with ThreadPoolExecutor(11) as pool:
        answers = list(pool.map(lambda _: company.get("preferences"), range(11)))
    assert sorted(answer.status_code for answer in answers) == [200] * 10 + [429]


@pytest.mark.parametrize("status", [429, 503])
def test_a_gateway_may_answer_in_html(company: Any, status: int) -> None:
    page = "<html>busy</html>"
    company.sandbox.faults.add({"path": "/query", "status": status, "body": page, "times": 1})
    answer = company.get("query", query="select * from Term")
    assert (answer.status_code, answer.text) == (status, page)
    assert company.ids("select * from Term")


def test_a_throttled_write_changes_nothing(limited: Any) -> None:
    limited.sandbox.clock._elapsed = lambda: 0.0
    limited.sandbox.clock.set(limited.sandbox.now())
    answers = [limited.ask("customer", {"DisplayName": f"C{n}"}) for n in range(11)]
    assert fault_code(answers[-1]) == "3001"
    limited.pass_time(seconds=2)
    assert limited.query("select count(*) from Customer") == {"totalCount": 10}
