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


def test_changes_are_grouped_by_kind_in_the_requested_order(busy: Any) -> None:
    groups = busy.cdc("Payment,Invoice,CreditMemo,Customer", SINCE)
    assert [
        sorted(set(group) - {"startPosition", "maxResults", "totalCount"}) for group in groups
    ] == [
        [],
        ["Invoice"],
        [],
        ["Customer"],
    ]
    assert groups[0] == {}
    assert groups[2] == {}


def test_changed_rows_come_whole_and_deleted_ones_as_tombstones(busy: Any) -> None:
    (group,) = busy.cdc("Invoice", SINCE)
    assert (group["startPosition"], group["maxResults"], group["totalCount"]) == (1, 2, 2)
    by_id = {row["Id"]: row for row in group["Invoice"]}
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
    (group,) = busy.cdc("Invoice", since)
    assert group["maxResults"] == 2


def test_since_may_be_a_day(busy: Any) -> None:
    (group,) = busy.cdc("Invoice", "2026-06-01")
    assert group["maxResults"] == 3


def test_inactive_customers_are_among_the_changes(busy: Any) -> None:
    customer = busy.one("customer", busy.acme["Id"])
    busy.change("customer", customer, Active=False)
    (group,) = busy.cdc("Customer", SINCE)
    assert group["Customer"][0]["Active"] is False


def test_changes_are_known_for_thirty_days(busy: Any) -> None:
    assert busy.get("cdc", entities="Invoice", changedSince="2026-05-02T12:11:00Z").ok
    old = {"entities": "invoice,CUSTOMER,Bill", "changedSince": "2020-01-01"}
    answer = busy.get("cdc", **old)
    assert answer.ok, "what is older is just not there"
    assert len(answer.json()["CDCResponse"][0]["QueryResponse"]) == 3
    busy.settings(quickbooks_cdc_refuses_old=True)
    assert busy.get("cdc", **old).status_code == 400


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
    groups = company.cdc("Customer,Vendor", "2026-06-01T11:00:00Z")
    assert [group.get("maxResults", 0) for group in groups] == rows


def test_a_thousand_rows_is_the_cap(company: Any) -> None:
    docs = [{"Id": str(n), "DisplayName": f"C{n}"} for n in range(1, 1102)]
    company.book.load_documents({"Customer": docs})
    (group,) = company.cdc("Customer", "2026-06-01T11:00:00Z")
    assert group["maxResults"] == 1000


def test_a_false_tombstone_can_be_provoked(busy: Any) -> None:
    busy.settings(quickbooks_cdc_false_deleted=True)
    (group,) = busy.cdc("Invoice", SINCE)
    false = [row for row in group["Invoice"] if row["Id"] == busy.new["Id"]]
    assert false[0]["status"] == "Deleted"
    assert busy.one("invoice", busy.new["Id"])["Balance"] == 30
