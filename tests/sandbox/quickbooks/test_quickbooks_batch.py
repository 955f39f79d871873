"""Checklist: batch, requestid, and answers that are lost."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from .conftest import fault_code


def items(answer: requests.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return {row["bId"]: row for row in answer.json()["BatchItemResponse"]}


def test_a_batch_is_200_with_an_answer_per_item(company: Any) -> None:
    invoice = company.invoice(company.customer()["Id"], BillEmail={"Address": "a@b.example"})
    head = {"Id": invoice["Id"], "SyncToken": "0", "sparse": True}
    since = "2026-06-01T00:00:00Z"
    body = {
        "BatchItemRequest": [
            {"bId": "1", "operation": "update", "Invoice": {**head, "PrivateNote": "x"}},
            {"bId": "2", "operation": "update", "Invoice": {**head, "PrivateNote": "y"}},
            {"bId": "3", "operation": "delete", "Invoice": {"Id": "999", "SyncToken": "0"}},
            {"bId": "4", "operation": "create", "Customer": {"DisplayName": "Zeta"}},
            {"bId": "5", "Query": "select * from Term maxresults 1"},
            {"bId": "6", "Query": "select * from Custmoer"},
            {"bId": "7", "CDCQuery": {"Entities": "Invoice", "ChangedSince": since}},
            {"bId": "8", "operation": "merge", "Customer": {"DisplayName": "Q"}},
            {"bId": "9", "operation": "create", "Colour": {}},
            {"bId": "10", "operation": "send", "Invoice": {"Id": invoice["Id"]}},
        ]
    }
    answers = items(company.ask("batch", body))
    assert answers["1"]["Invoice"]["PrivateNote"] == "x"
    codes = {
        key: answer["Fault"]["Error"][0]["code"]
        for key, answer in answers.items()
        if "Fault" in answer
    }
    assert codes == {"2": "5010", "3": "610", "6": "4001", "8": "500", "9": "2010"}
    assert answers["4"]["Customer"]["DisplayName"] == "Zeta"
    assert answers["5"]["QueryResponse"]["maxResults"] == 1
    assert answers["7"]["CDCResponse"]["QueryResponse"][0]["maxResults"] == 1
    assert answers["10"]["Invoice"]["EmailStatus"] == "EmailSent"


def test_no_item_sees_what_an_earlier_one_did(company: Any) -> None:
    body = {
        "BatchItemRequest": [
            {"bId": "1", "operation": "create", "Customer": {"DisplayName": "New"}},
            {"bId": "2", "Query": "select * from Customer"},
        ]
    }
    assert items(company.ask("batch", body))["2"] == {"QueryResponse": {}, "bId": "2"}


def test_options_reach_an_item(company: Any) -> None:
    customer = company.customer()
    payment = company.payment(customer["Id"], "5.00")
    invoice = company.invoice(customer["Id"])
    void = {"Id": payment["Id"], "SyncToken": "0", "sparse": True}
    body = {
        "BatchItemRequest": [
            {"bId": "1", "operation": "update", "optionsData": "include=void", "Payment": void},
            {
                "bId": "2",
                "operation": "void",
                "Invoice": {"Id": invoice["Id"], "SyncToken": "0"},
            },
        ]
    }
    answers = items(company.ask("batch", body))
    assert answers["1"]["Payment"]["PrivateNote"] == "Voided"
    assert answers["2"]["Invoice"]["TotalAmt"] == 0


def test_thirty_items_and_not_one_more(company: Any) -> None:
    query = {"Query": "select * from Term"}
    assert (
        len(
            items(
                company.ask(
                    "batch", {"BatchItemRequest": [{"bId": str(n), **query} for n in range(30)]}
                )
            )
        )
        == 30
    )
    many = {"BatchItemRequest": [{"bId": str(n), **query} for n in range(31)]}
    answer = company.ask("batch", many)
    assert (answer.status_code, fault_code(answer)) == (400, "1040")
    assert "30" in answer.json()["Fault"]["Error"][0]["Detail"]


@pytest.mark.parametrize(("requestid", "key"), [("r" * 37, "1"), ("r", "b" * 11)])
def test_a_batch_with_requestid_has_short_keys(company: Any, requestid: str, key: str) -> None:
    body = {"BatchItemRequest": [{"bId": key, "Query": "select * from Term"}]}
    assert company.refused("batch", body, requestid=requestid) == "2050"


def test_a_repeated_requestid_repeats_the_answer_and_does_nothing(company: Any) -> None:
    body = company.invoice_body(company.customer()["Id"])
    first = company.ask("invoice", body, requestid="r-1")
    again = company.ask("invoice", body, requestid="r-1")
    assert again.content == first.content
    assert company.query("select count(*) from Invoice") == {"totalCount": 1}
    effects = [entry.took_effect for entry in company.sandbox.journal._entries][-3:-1]
    assert effects == [True, False]


def test_the_answer_is_repeated_even_after_deletion(company: Any) -> None:
    body = company.invoice_body(company.customer()["Id"])
    first = company.post("invoice", body, requestid="r-1")
    company.post("invoice", {"Id": first["Id"], "SyncToken": "0"}, operation="delete")
    assert company.post("invoice", body, requestid="r-1")["Id"] == first["Id"]
    assert company.query("select count(*) from Invoice") == {"totalCount": 0}
    assert company.post("invoice", body, requestid="r-2")["Id"] != first["Id"]


def test_a_whole_batch_is_repeated(company: Any) -> None:
    creation = {"bId": "1", "operation": "create", "Customer": {"DisplayName": "Once"}}
    body = {"BatchItemRequest": [creation]}
    first = company.ask("batch", body, requestid="b-1")
    assert company.ask("batch", body, requestid="b-1").content == first.content


def test_a_requestid_has_at_most_fifty_characters(company: Any) -> None:
    assert company.refused("customer", {"DisplayName": "A"}, requestid="r" * 51) == "2050"
    assert company.post("customer", {"DisplayName": "A"}, requestid="r" * 50)["Id"]


def test_a_refusal_is_repeated_or_not(company: Any) -> None:
    company.customer("Acme")
    body = {"DisplayName": "Acme"}
    assert company.refused("customer", body, requestid="r-1") == "6240"
    company.settings(quickbooks_requestid_keeps_faults=True)
    assert company.refused("customer", body, requestid="r-2") == "6240"
    company.change("customer", company.one("customer", "1"), DisplayName="Old")
    assert company.refused("customer", body, requestid="r-2") == "6240"
    assert company.post("customer", body, requestid="r-1")["DisplayName"] == "Acme"


@pytest.mark.parametrize(("honoured", "emails"), [(False, 2), (True, 1)])
def test_requestid_guards_send_or_not(company: Any, honoured: bool, emails: int) -> None:
    company.settings(quickbooks_requestid_on_send=honoured)
    invoice = company.invoice(company.customer()["Id"], BillEmail={"Address": "a@b.example"})
    for _ in range(2):
        assert company.send("invoice", invoice["Id"], requestid="s-1").ok
    assert len(company.sandbox.mailbox.emails) == emails


def test_a_requestid_may_be_forgotten_after_some_days(company: Any) -> None:
    company.settings(quickbooks_requestid_days=2)
    body = company.invoice_body(company.customer()["Id"])
    first = company.post("invoice", body, requestid="r-1")
    company.later(days=1)
    assert company.post("invoice", body, requestid="r-1")["Id"] == first["Id"]
    company.later(days=2)
    assert company.post("invoice", body, requestid="r-1")["Id"] != first["Id"]


def test_a_lost_answer_is_found_again_by_its_requestid(company: Any) -> None:
    body = company.invoice_body(company.customer()["Id"])
    company.sandbox.faults.add({"path": "/invoice", "drop": "after", "times": 1})
    with pytest.raises(requests.ConnectionError):
        company.ask("invoice", body, requestid="r-1")
    assert company.query("select count(*) from Invoice") == {"totalCount": 1}
    assert company.post("invoice", body, requestid="r-1")
    assert company.query("select count(*) from Invoice") == {"totalCount": 1}
