"""Checklist: SyncToken, sparse and full updates, and the order of the checks."""

from __future__ import annotations

from typing import Any

import pytest


def test_a_change_raises_the_token_and_moves_the_stamp(company: Any) -> None:
    invoice = company.invoice(company.customer()["Id"])
    company.later(minutes=5)
    changed = company.change("invoice", invoice, PrivateNote="promised")
    assert changed["SyncToken"] == "1"
    assert changed["sparse"] is False
    assert changed["MetaData"]["CreateTime"] == invoice["MetaData"]["CreateTime"]
    assert changed["MetaData"]["LastUpdatedTime"] == "2026-06-01T05:05:00-07:00"
    assert company.one("invoice", invoice["Id"]) == changed


def test_a_change_of_nothing_changes_nothing(company: Any) -> None:
    invoice = company.invoice(company.customer()["Id"], PrivateNote="x")
    company.later(minutes=5)
    again = company.change("invoice", invoice, PrivateNote="x", DueDate=invoice["DueDate"])
    assert again == invoice


def test_an_old_token_is_refused_as_stale(company: Any) -> None:
    invoice = company.invoice(company.customer()["Id"])
    company.change("invoice", invoice, PrivateNote="first")
    head = {"Id": invoice["Id"], "SyncToken": "0", "sparse": True, "PrivateNote": "second"}
    answer = company.ask("invoice", head)
    error = answer.json()["Fault"]["Error"][0]
    assert (answer.status_code, error["code"]) == (400, "5010")
    assert error["Message"] == "Stale Object Error"
    assert company.one("invoice", invoice["Id"])["PrivateNote"] == "first"


def test_sparse_updates_keep_other_fields_and_full_ones_clear(company: Any) -> None:
    customer = company.customer(Notes="Pays late", PrimaryEmailAddr={"Address": "a@b.example"})
    sparse = company.change("customer", customer, GivenName="Ann")
    assert sparse["Notes"] == "Pays late"
    head = {"Id": sparse["Id"], "SyncToken": sparse["SyncToken"], "DisplayName": "Acme"}
    full = company.post("customer", head)
    assert "Notes" not in full
    assert "PrimaryEmailAddr" not in full
    assert "GivenName" not in full
    assert full["Active"] is True
    assert full["Balance"] == 0


def test_null_and_empty_text_clear_a_property(company: Any) -> None:
    invoice = company.invoice(company.customer()["Id"], PrivateNote="x")
    cleared = company.change("invoice", invoice, PrivateNote="")
    assert "PrivateNote" not in cleared
    noted = company.change("invoice", cleared, PrivateNote="y")
    assert "PrivateNote" not in company.change("invoice", noted, PrivateNote=None)


def test_lines_are_all_or_nothing(company: Any) -> None:
    invoice = company.invoice(company.customer()["Id"], "100.00")
    lines = company.invoice_body("", "30.00")["Line"] + company.invoice_body("", "5.00")["Line"]
    changed = company.change("invoice", invoice, Line=lines)
    assert (changed["TotalAmt"], changed["Balance"]) == (35, 35)
    assert [line.get("Id") for line in changed["Line"]] == ["1", "2", None]
    assert changed["Line"][-1]["DetailType"] == "SubTotalLineDetail"
    head = {"Id": invoice["Id"], "SyncToken": changed["SyncToken"]}
    full = {**head, "CustomerRef": invoice["CustomerRef"]}
    assert company.refused("invoice", full) == "2020"


def test_read_only_properties_are_ignored(company: Any) -> None:
    invoice = company.invoice(company.customer()["Id"], "100.00")
    changed = company.change("invoice", invoice, Balance=0, TotalAmt=1, PrivateNote="x")
    assert (changed["Balance"], changed["TotalAmt"]) == (100, 100)


def test_totals_know_discounts_and_taxes(company: Any) -> None:
    body = company.invoice_body(company.customer()["Id"], "200.00")
    body["Line"].append(
        {
            "DetailType": "DiscountLineDetail",
            "DiscountLineDetail": {"PercentBased": True, "DiscountPercent": 10},
        }
    )
    body["TxnTaxDetail"] = {"TotalTax": 14.4}
    invoice = company.post("invoice", body)
    assert str(invoice["TotalAmt"]) == "194.40"


def test_numbers_are_given_unless_users_give_them(company: Any) -> None:
    customer = company.customer()["Id"]
    first, second = company.invoice(customer), company.invoice(customer)
    assert int(second["DocNumber"]) == int(first["DocNumber"]) + 1
    assert company.invoice(customer, DocNumber="LATE-1")["DocNumber"] == "LATE-1"
    company.prefer("SalesFormsPrefs", CustomTxnNumbers=True)
    assert "DocNumber" not in company.invoice(customer)
    auto = company.invoice(customer, DocNumber="AUTO_GENERATE")
    assert auto["DocNumber"].isdecimal()


def test_a_due_date_comes_from_terms_or_thirty_days(company: Any) -> None:
    plain = company.customer()
    assert company.invoice(plain["Id"], TxnDate="2026-05-01")["DueDate"] == "2026-05-31"
    cod = company.post("term", {"Name": "COD", "DueDays": 0})
    cash = company.customer("Cash", SalesTermRef={"value": cod["Id"]})
    invoice = company.invoice(cash["Id"], TxnDate="2026-05-01")
    assert invoice["DueDate"] == "2026-05-01"
    assert invoice["SalesTermRef"] == {"value": cod["Id"], "name": "COD"}
    sixty = {"SalesTermRef": {"value": "4"}}
    kept = company.change("invoice", invoice, **sixty)
    assert kept["DueDate"] == "2026-05-01"
    company.settings(quickbooks_terms_move_due_date=True)
    fifteen = company.change("invoice", kept, SalesTermRef={"value": "2"})
    assert fifteen["DueDate"] == "2026-05-16"


@pytest.mark.parametrize(
    ("kind", "field", "length"),
    [
        ("invoice", "PrivateNote", 4000),
        ("invoice", "DocNumber", 21),
        ("customer", "Notes", 2000),
        ("attachable", "Note", 2000),
        ("term", "Name", 31),
    ],
)
def test_texts_have_a_longest_length(company: Any, kind: str, field: str, length: int) -> None:
    customer = company.customer()["Id"]
    bodies = {
        "invoice": company.invoice_body(customer),
        "customer": {"DisplayName": "Long"},
        "attachable": {},
        "term": {},
    }
    assert company.refused(kind, {**bodies[kind], field: "x" * (length + 1)}) == "2050"
    assert company.post(kind, {**bodies[kind], field: "x" * length})[field] == "x" * length


def test_a_customer_message_has_at_most_1000_characters(company: Any) -> None:
    body = company.invoice_body(company.customer()["Id"])
    assert company.refused("invoice", {**body, "CustomerMemo": {"value": "x" * 1001}}) == "2050"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Colour": "red"}, "2010"),
        ({"BillEmail": {"Adress": "a@b.example"}}, "2010"),
        ({"EmailStatus": "Later"}, "2170"),
        ({"DueDate": "soon"}, "2170"),
        ({"Line": [{"Amount": "much", "DetailType": "SalesItemLineDetail"}]}, "2080"),
        ({"Line": []}, "2020"),
        ({"CustomerRef": {"value": "999"}}, "2500"),
        ({"SalesTermRef": {"value": "999"}}, "2500"),
    ],
)
def test_a_wrong_property_has_its_own_code(company: Any, change: Any, code: str) -> None:
    body = company.invoice_body(company.customer()["Id"])
    assert company.refused("invoice", {**body, **change}) == code


def test_an_unknown_property_is_named(company: Any) -> None:
    answer = company.ask("customer", {"DisplayName": "X", "BadJson": 1})
    error = answer.json()["Fault"]["Error"][0]
    assert error["Message"] == "Request has invalid or unsupported property"
    assert error["Detail"].startswith('Property Name:Unrecognized field "BadJson"')
    assert answer.json()["Fault"]["type"] == "ValidationFault"


@pytest.fixture
def trapped(company: Any) -> Any:
    """A company in which one update can break every rule there is."""
    customer = company.customer()
    payment = company.payment(customer["Id"], "5.00")
    company.post(
        "deposit",
        {
            "DepositToAccountRef": {"value": "35"},
            "Line": [
                {
                    "Amount": 5,
                    "LinkedTxn": [{"TxnId": payment["Id"], "TxnType": "Payment"}],
                }
            ],
        },
    )
    company.invoice(customer["Id"], DocNumber="TAKEN")
    company.book.load_documents(
        {
            "Preferences": [{"AccountingInfoPrefs": {"BookCloseDate": "2026-12-31"}}],
            "CompanyInfo": [{"NameValue": [{"Name": "SubscriptionStatus", "Value": "EXPIRED"}]}],
        }
    )
    company.paid = company.one("payment", payment["Id"])
    company.billed = company.one("invoice", company.ids("select * from Invoice")[0])
    return company


def mend(company: Any, section: str) -> None:
    if section == "company":
        settings = [{"Name": "SubscriptionStatus", "Value": "SUBSCRIBED"}]
        company.book.load_documents({"CompanyInfo": [{"NameValue": settings}]})
    else:
        company.prefer("AccountingInfoPrefs", BookCloseDate="2026-01-01")


def test_checks_come_in_the_platforms_order(trapped: Any) -> None:
    body: dict[str, Any] = {
        "Id": "777",
        "SyncToken": "9",
        "sparse": True,
        "BadJson": 1,
        "CustomerRef": {"value": "999"},
        "TotalAmt": None,
    }
    assert trapped.refused("payment", body) == "2010"
    del body["BadJson"]
    token = body.pop("SyncToken")
    assert trapped.refused("payment", body) == "2020"
    body["SyncToken"] = token
    assert trapped.refused("payment", body) == "2500"
    del body["CustomerRef"], body["TotalAmt"]
    assert trapped.refused("payment", body) == "610"
    body["Id"] = trapped.paid["Id"]
    assert trapped.refused("payment", body) == "5010"
    body["SyncToken"] = trapped.paid["SyncToken"]
    body["TotalAmt"] = 6
    assert trapped.refused("payment", body) == "6190"
    mend(trapped, "company")
    assert trapped.refused("payment", body) == "6210"
    mend(trapped, "period")
    assert trapped.refused("payment", body) == "6540"


def test_a_duplicate_number_is_checked_between_staleness_and_company(trapped: Any) -> None:
    customer = trapped.billed["CustomerRef"]["value"]
    body = trapped.invoice_body(customer, DocNumber="TAKEN")
    stale = {"Id": trapped.billed["Id"], "SyncToken": "9", "sparse": True, "DocNumber": "TAKEN"}
    assert trapped.refused("invoice", stale) == "5010"
    assert trapped.refused("invoice", body) == "6140"
    assert trapped.refused("invoice", body, include="allowduplicatedocnum") == "6190"
    mend(trapped, "company")
    mend(trapped, "period")
    twin = trapped.post("invoice", body, include="allowduplicatedocnum")
    assert twin["DocNumber"] == "TAKEN"


@pytest.mark.parametrize("other", ["vendor", "employee", "customer"])
def test_names_are_unique_across_customers_vendors_and_employees(company: Any, other: str) -> None:
    company.post(other, {"DisplayName": "Acme"})
    answer = company.ask("customer", {"DisplayName": "acme"})
    error = answer.json()["Fault"]["Error"][0]
    assert (error["code"], error["Message"]) == ("6240", "Duplicate Name Exists Error")
    assert error["Detail"] == "The name supplied already exists. : null"


def test_a_missing_or_inactive_reference_is_610_or_2500(company: Any) -> None:
    gone = company.customer("Gone")
    company.change("customer", gone, Active=False)
    assert company.refused("invoice", company.invoice_body(gone["Id"])) == "610"
    assert company.refused("invoice", company.invoice_body("999")) == "2500"


def test_a_company_whose_subscription_ended_can_be_read(trapped: Any) -> None:
    assert trapped.one("invoice", trapped.billed["Id"])["DocNumber"] == "TAKEN"
    assert trapped.refused("customer", {"DisplayName": "New"}) == "6190"
    send = trapped.send("invoice", trapped.billed["Id"], sendTo="a@b.example")
    assert send.json()["Fault"]["Error"][0]["code"] == "6190"


def test_customer_types_are_read_only_but_assignable(company: Any) -> None:
    assert company.refused("customertype", {"Name": "Key"}) == "500"
    company.book.load_documents({"CustomerType": [{"Id": "2", "Name": "Key"}]})
    customer = company.customer(CustomerTypeRef={"value": "2"})
    assert customer["CustomerTypeRef"] == {"value": "2", "name": "Key"}
    company.settings(quickbooks_customer_type_writable=False)
    assert "CustomerTypeRef" not in company.customer("B", CustomerTypeRef={"value": "2"})


def test_body_and_content_type_must_be_json(company: Any) -> None:
    broken = company.send_bytes("customer", b"{", "application/json")
    assert broken.json()["Fault"]["Error"][0]["code"] == "500"
    form = company.send_bytes("customer", b"{}", "text/plain")
    assert form.json()["Fault"]["Error"][0]["code"] == "500"
