"""Checklist: the query language with its errors."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def shop(company: Any) -> Any:
    """Twelve customers named A to L, numbered 1 to 12, the third of them inactive."""
    docs = [
        {"Id": str(n), "DisplayName": letter, "Active": n != 3}
        for n, letter in enumerate("ABCDEFGHIJKL", 1)
    ]
    company.book.load_documents({"Customer": docs})
    return company


def test_a_page_is_100_rows_and_at_most_1000(company: Any) -> None:
    docs = [{"Id": str(n), "DisplayName": f"C{n}"} for n in range(1, 1202)]
    company.book.load_documents({"Customer": docs})
    assert len(company.ids("select * from Customer")) == 100
    assert len(company.ids("select * from Customer maxresults 1000")) == 1000
    last = company.query("select * from Customer startposition 1001 maxresults 1000")
    assert (last["startPosition"], last["maxResults"]) == (1001, 201)
    assert company.query("select * from Customer startposition 1202 maxresults 1000") == {}


@pytest.mark.parametrize(
    ("select", "code", "detail"),
    [
        (
            "select * from Invoice startposition 0",
            "4001",
            "QueryValidationError: value 0 is too small. Min allowed value is 1",
        ),
        (
            "select * from Invoice maxresults 1001",
            "4001",
            "QueryValidationError: value 1001 is too large. Max allowed value is 1000",
        ),
        (
            "select * from Custmoer",
            "4001",
            "QueryValidationError: invalid context declaration: Custmoer",
        ),
    ],
)
def test_what_cannot_be_answered_is_4001(company: Any, select: str, code: str, detail: str) -> None:
    assert company.refused_query(select) == (code, detail)


@pytest.mark.parametrize(
    "select",
    [
        "",
        "select",
        "select * from Customer where",
        "select * from Customer where Id = '1' or Id = '2'",
        "select * from Customer where DisplayName = 'O'Brien'",
        "select * from Customer group by Id",
        "select * from Customer, Invoice",
        "select * from Customer where (Id = '1')",
        "select * from Customer where Id != '1'",
        "select * from Customer maxresults 10 maxresults 10",
        "delete from Customer",
    ],
)
def test_what_cannot_be_read_is_4000(company: Any, select: str) -> None:
    code, detail = company.refused_query(select)
    assert code == "4000"
    assert detail.startswith("QueryParserError: ")


@pytest.mark.parametrize(
    "condition",
    [
        "PrivateNote = 'x'",
        "Colour = 'red'",
        "Balance > 'much'",
        "TxnDate > 'soon'",
        "Id > 'x'",
        "MetaData.LastUpdatedTime > '2026-05-01T00:00:00-0700'",
        "MetaData.LastUpdatedTime > 'yesterday'",
    ],
)
def test_what_cannot_be_filtered_or_compared_is_4001(company: Any, condition: str) -> None:
    code, _ = company.refused_query(f"select * from Invoice where {condition}")
    assert code == "4001"


def test_names_are_taken_in_any_case(shop: Any) -> None:
    select = "select * from customer where active = true and displayname > 'F'"
    answer = shop.query(f"{select} orderby metadata.createtime maxresults 2 startposition 2")
    assert [row["DisplayName"] for row in answer["Customer"]] == ["H", "I"]
    assert (answer["startPosition"], answer["maxResults"]) == (2, 2)


def test_the_latest_change_comes_first_unless_asked_otherwise(shop: Any) -> None:
    shop.pass_time(minutes=1)
    shop.change("customer", shop.one("customer", "5"), Notes="new")
    assert shop.ids("select * from Customer")[0] == "5"
    assert shop.ids("select * from Customer orderby Id")[0] == "1"


@pytest.mark.parametrize("path", ["Id", "MetaData.CreateTime"])
def test_a_property_can_stop_being_sortable(shop: Any, path: str) -> None:
    shop.settings(quickbooks_unsortable=path)
    select = f"select * from Customer orderby {path.lower()} desc"
    assert shop.refused_query(select) == (
        "4001",
        f"QueryValidationError: property '{path}' is not sortable",
    )
    shop.settings(quickbooks_ignores_unsortable=True)
    assert shop.ids(select) == shop.ids("select * from Customer")


def test_a_payment_cannot_be_found_by_its_number(company: Any) -> None:
    assert company.refused_query("select * from Payment where DocNumber = '1'")[0] == "4001"


def test_inactive_rows_are_hidden_unless_asked_for(shop: Any) -> None:
    assert "3" not in shop.ids("select * from Customer")
    assert shop.query("select count(*) from Customer") == {"totalCount": 11}
    both = "select * from Customer where Active IN (true, false)"
    assert "3" in shop.ids(both)
    assert shop.ids("select * from Customer where Active = false") == ["3"]
    assert shop.ids("select * from Customer where Active = 'false'") == ["3"]


def test_quotes_are_escaped_by_a_backslash(company: Any) -> None:
    customer = company.customer("O'Brien & Söhne")
    ids = company.ids(r"select * from Customer where DisplayName = 'O\'Brien & Söhne'")
    assert ids == [customer["Id"]]


def test_operators_compare_by_the_kind_of_the_property(shop: Any) -> None:
    assert shop.ids("select * from Customer where Id >= '10'") == ["10", "11", "12"]
    assert shop.ids("select * from Customer where Id > '10' and Id < '12'") == ["11"]
    assert shop.ids("select * from Customer where Id IN ('12', '2')") == ["2", "12"]
    assert shop.ids("select * from Customer where DisplayName LIKE 'A%'") == ["1"]
    assert shop.ids("select * from Customer where GivenName = ' ' maxresults 1") == ["1"]
    assert shop.ids("select * from Customer where Balance > 0") == []


def test_ids_can_be_text(shop: Any) -> None:
    assert shop.ids("select * from Customer orderby Id")[:3] == ["1", "2", "4"]
    shop.settings(quickbooks_ids_as_text=True)
    assert shop.ids("select * from Customer orderby Id")[:4] == ["1", "10", "11", "12"]
    assert shop.ids("select * from Customer where Id > '4'")[0] == "5"
    assert "10" not in shop.ids("select * from Customer where Id > '4'")


def test_orderby_can_be_written_apart_and_reversed(shop: Any) -> None:
    names = "select DisplayName from Customer orderby DisplayName desc maxresults 2"
    assert shop.ids(names) == ["12", "11"]
    assert shop.ids(names.replace("orderby", "ORDER BY")) == ["12", "11"]


def test_filters_of_invoices(company: Any) -> None:
    first_customer, second_customer = company.customer("One"), company.customer("Two")
    first = company.invoice(first_customer["Id"], "10.00", TxnDate="2026-05-01")
    second = company.invoice(second_customer["Id"], "20.00", TxnDate="2026-05-20")
    company.payment(first_customer["Id"], "10.00", ("Invoice", first["Id"], "10.00"))
    assert company.ids("select * from Invoice where Balance > '0'") == [second["Id"]]
    assert company.ids("select * from Invoice where Balance = 0") == [first["Id"]]
    by_customer = f"select * from Invoice where CustomerRef = '{first_customer['Id']}'"
    assert company.ids(by_customer) == [first["Id"]]
    number = second["DocNumber"]
    assert company.ids(f"select * from Invoice where DocNumber = '{number}'") == [second["Id"]]
    assert company.ids("select * from Invoice where TxnDate > '2026-05-10'") == [second["Id"]]


def test_changes_are_found_by_moments_with_and_without_offset(company: Any) -> None:
    customer = company.customer()
    company.later(hours=1)
    invoice = company.invoice(customer["Id"])
    for since in ("2026-06-01T05:30:00-07:00", "2026-06-01T12:30:00Z", "2026-06-01T05:30:00"):
        for name in ("MetaData", "Metadata"):
            select = f"select * from Invoice where {name}.LastUpdatedTime > '{since}'"
            assert company.ids(select) == [invoice["Id"]]
    late = "select * from Invoice where MetaData.LastUpdatedTime > '2026-06-01T14:00:00Z'"
    assert company.ids(late) == []


def test_paging_by_update_time_loses_a_row_that_moves(company: Any) -> None:
    customer = company.customer()
    invoices = []
    for _ in range(4):
        company.later(minutes=1)
        invoices.append(company.invoice(customer["Id"]))
    page = "select * from Invoice orderby MetaData.LastUpdatedTime startposition {} maxresults 2"
    ids = company.ids(page.format(1))
    company.later(minutes=1)
    company.change("invoice", invoices[0], PrivateNote="moved")
    ids += company.ids(page.format(3))
    assert invoices[2]["Id"] not in ids
    safe = "select * from Invoice where Id > '{}' orderby Id maxresults 2"
    first = company.ids(safe.format(0))
    company.change("invoice", company.one("invoice", first[0]), PrivateNote="again")
    assert len(first + company.ids(safe.format(first[-1]))) == 4


@pytest.mark.parametrize("content_type", ["application/text", "text/plain"])
def test_a_select_can_be_posted(shop: Any, content_type: str) -> None:
    answer = shop.send_bytes("query", b"select * from Customer maxresults 1", content_type)
    assert answer.json()["QueryResponse"]["Customer"][0]["DisplayName"] == "A"
    wrong = shop.send_bytes("query", b"select * from Customer", "application/json")
    assert wrong.status_code == 400


def test_pages_of_a_large_ledger_cost_only_themselves(company: Any) -> None:
    docs = [{"Id": str(n), "DisplayName": f"C{n}"} for n in range(1, 5001)]
    company.book.load_documents({"Customer": docs})
    table = company.book.ledger.tables["Customer"]
    select = "select * from Customer where Active IN (true, false) orderby Id maxresults 1000"
    company.ids(select)
    question = next(iter(table._results))
    rows = table._results[question][1]
    company.ids(f"{select.replace(' maxresults', ' startposition 1001 maxresults')}")
    assert table._results[question][1] is rows
