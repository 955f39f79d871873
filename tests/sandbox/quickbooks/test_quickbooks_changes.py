"""Checklist: change data capture."""

from __future__ import annotations

from typing import Any

import pytest

SINCE = "2026-06-01T12:05:00Z"


@pytest.fixture
def busy(company: Any) -> Any:
    """Old rows of noon, and changes of ten past."""
    company.acme = company.customer()
    company.old = company.invoice(company.acme["Id"], "10.00")
    company.doomed = company.invoice(company.acme["Id"], "20.00")
    company.later(minutes=10)
    company.new = company.invoice(company.acme["Id"], "30.00")
    head = {"Id": company.doomed["Id"], "SyncToken": "0"}
    company.post("invoice", head, operation="delete")
    return company


def test_one_element_a_kind_in_the_order_asked_and_empty_where_nothing_changed(busy: Any) -> None:
    parts = busy.cdc("Payment,Invoice,CreditMemo,Customer", SINCE)
    assert [
        sorted(set(part) - {"startPosition", "maxResults", "totalCount"}) for part in parts
    ] == [
        [],
        ["Invoice"],
        [],
        ["Customer"],
    ]
    assert parts[0] == {}
    assert parts[2] == {}


def test_changed_rows_come_whole_and_deleted_ones_as_tombstones(busy: Any) -> None:
    (part,) = busy.cdc("Invoice", SINCE)
    assert (part["startPosition"], part["maxResults"], part["totalCount"]) == (1, 2, 2)
    by_id = {row["Id"]: row for row in part["Invoice"]}
    assert by_id[busy.new["Id"]] == busy.new
    assert by_id[busy.doomed["Id"]] == {
        "domain": "QBO",
        "status": "Deleted",
        "Id": busy.doomed["Id"],
        "MetaData": {"LastUpdatedTime": "2026-06-01T05:10:00-07:00"},
    }
    assert busy.old["Id"] not in by_id


def test_the_answer_has_the_servers_time(busy: Any) -> None:
    answer = busy.get("cdc", entities="Invoice", changedSince=SINCE).json()
    assert answer["time"].startswith("2026-06-01T05:10:0")


@pytest.mark.parametrize("since", ["2026-06-01T05:05:00-07:00", "2026-06-01T05:05:00"])
def test_since_may_have_an_offset_or_none(busy: Any, since: str) -> None:
    (part,) = busy.cdc("Invoice", since)
    assert part["maxResults"] == 2


def test_since_may_be_a_day(busy: Any) -> None:
    (part,) = busy.cdc("Invoice", "2026-06-01")
    assert part["maxResults"] == 3


def test_inactive_customers_are_among_the_changes(busy: Any) -> None:
    customer = busy.one("customer", busy.acme["Id"])
    busy.change("customer", customer, Active=False)
    (part,) = busy.cdc("Customer", SINCE)
    assert part["Customer"][0]["Active"] is False


def test_changes_are_known_for_thirty_days(busy: Any) -> None:
    assert busy.get("cdc", entities="Invoice", changedSince="2026-05-02T12:11:00Z").ok
    late = busy.get("cdc", entities="Invoice", changedSince="2026-05-02T12:00:00Z")
    assert late.status_code == 400


@pytest.mark.parametrize("entities", ["TaxCode", "Invoice,TimeActivity", "Custmoer", ""])
def test_some_kinds_have_no_changes(busy: Any, entities: str) -> None:
    answer = busy.get("cdc", entities=entities, changedSince=SINCE)
    assert answer.status_code == 400


@pytest.mark.parametrize(("cap", "rows"), [("total", [3, 0]), ("entity", [3, 2])])
def test_the_cap_is_for_all_kinds_or_for_each(
    start_company: Any, cap: str, rows: list[int]
) -> None:
    company = start_company(quickbooks_cdc_cap=cap, quickbooks_cdc_rows_max=3)
    for name in "ABCD":
        company.customer(name)
    for name in "EF":
        company.post("vendor", {"DisplayName": name})
    parts = company.cdc("Customer,Vendor", "2026-06-01T11:00:00Z")
    assert [part.get("maxResults", 0) for part in parts] == rows


def test_a_thousand_rows_is_the_cap(company: Any) -> None:
    docs = [{"Id": str(n), "DisplayName": f"C{n}"} for n in range(1, 1102)]
    company.book.load_documents({"Customer": docs})
    (part,) = company.cdc("Customer", "2026-06-01T11:00:00Z")
    assert part["maxResults"] == 1000


def test_a_false_tombstone_can_be_provoked(busy: Any) -> None:
    busy.settings(quickbooks_cdc_false_deleted=True)
    (part,) = busy.cdc("Invoice", SINCE)
    false = [row for row in part["Invoice"] if row["Id"] == busy.new["Id"]]
    assert false[0]["status"] == "Deleted"
    assert busy.one("invoice", busy.new["Id"])["Balance"] == 30
