"""Invoices and contacts written: what is accepted, refused, and replaced as a whole."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

ACME = "11111111-1111-4111-8111-111111111111"
BETA = "22222222-2222-4222-8222-222222222222"
OPEN = "aaaaaaaa-0000-4000-8000-000000000001"
LATE = "aaaaaaaa-0000-4000-8000-000000000002"
PAID = "aaaaaaaa-0000-4000-8000-000000000003"
DRAFT = "aaaaaaaa-0000-4000-8000-000000000004"

HAS_MONEY = "This document cannot be edited as it has a payment or credit note allocated to it."
NOT_NOW = "Invoice not of valid status for modification"


def fee(**more: Any) -> dict[str, Any]:
    line = {"Description": "Late fee", "Quantity": 1, "UnitAmount": 25, "AccountCode": "200"}
    return {
        "Type": "ACCREC",
        "Status": "DRAFT",
        "Contact": {"ContactID": ACME},
        "Date": "2026-03-01",
        "DueDate": "2026-03-31",
        "Reference": "Late fee S-2 arsync:8f3c2",
        "LineItems": [{**line, "TaxType": "NONE"}],
        **more,
    }


def edit(xero: Any, id_: str, **fields: Any) -> Any:
    return xero.post(f"/Invoices/{id_}", {"Invoices": [{"InvoiceID": id_, **fields}]})


def refusals(xero: Any, id_: str, **fields: Any) -> list[str]:
    messages: list[str] = xero.refused("POST", f"/Invoices/{id_}", {"InvoiceID": id_, **fields})
    return messages


def test_a_late_fee_draft_is_numbered_and_added_up(xero: Any) -> None:
    body = {"Invoices": [fee(Url="https://arsync.example/fee/8f3c2")]}
    invoice = xero.put("/Invoices", body, summarizeErrors="false", unitdp=4)["Invoices"][0]
    assert invoice["StatusAttributeString"] == "OK"
    assert invoice["InvoiceNumber"] == "INV-0001"
    assert (invoice["Status"], invoice["Total"]) == ("DRAFT", Decimal("25.00"))
    assert invoice["LineItems"][0]["UnitAmount"] == Decimal("25.0000")
    listed = xero.get("/Invoices", page=1, where='Reference=="Late fee S-2 arsync:8f3c2"')
    assert len(listed["Invoices"]) == 1


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"Type": "SALE"}, "Invoice type must be"),
        ({"Contact": {"Foo": 1}}, "must contain at least 1 of the following elements"),
        ({"Contact": {"ContactID": OPEN}}, "could not be found"),
        ({"Date": "yesterday"}, "not a valid date"),
        ({"Url": "https://xero.example"}, "Url"),
        ({"LineItems": [{"Description": ""}]}, "Description must be 1 to 4000"),
        ({"LineItems": [{"Description": "x" * 4001}]}, "Description must be 1 to 4000"),
        ({"LineItems": [{"Description": "x", "AccountCode": "299"}]}, "Account code '299'"),
        ({"LineItems": [], "Status": "AUTHORISED"}, "At least one line item"),
        ({"InvoiceNumber": "S-1"}, "Invoice # must be unique."),
        ({"CurrencyCode": "JPY"}, "not subscribed to currency"),
        ({"SentToContact": True}, "only on approved"),
        ({"Status": "PAID"}, "not valid for a new document"),
        ({"Reference": "x" * 256}, "no longer than 255"),
    ],
)
def test_what_a_new_invoice_may_not_say(xero: Any, more: dict[str, Any], message: str) -> None:
    messages = xero.refused("PUT", "/Invoices", {"Invoices": [fee(**more)]}, check=False)
    assert any(message in text for text in messages), messages


def test_errors_of_a_contact_stand_inside_it(xero: Any) -> None:
    body = {"Invoices": [fee(Contact={"ContactID": OPEN})]}
    answer = xero.call("PUT", "/Invoices", body).json()
    assert (answer["ErrorNumber"], answer["Type"]) == (10, "ValidationException")
    element = answer["Elements"][0]
    assert element["ValidationErrors"] == []
    assert element["Reference"] == "Late fee S-2 arsync:8f3c2"
    assert "could not be found" in element["Contact"]["ValidationErrors"][0]["Message"]


def test_tax_is_rounded_per_line_and_then_summed(xero: Any) -> None:
    lines = [
        {"Description": "a", "Quantity": 1, "UnitAmount": 0.13, "TaxType": "OUTPUT2"},
        {"Description": "b", "Quantity": 1, "UnitAmount": 0.13, "TaxType": "OUTPUT2"},
    ]
    invoice = xero.put("/Invoices", {"Invoices": [fee(LineItems=lines)]})["Invoices"][0]
    assert (invoice["SubTotal"], invoice["TotalTax"]) == (Decimal("0.26"), Decimal("0.06"))
    inclusive = fee(LineItems=[{**lines[0], "UnitAmount": 120}], LineAmountTypes="Inclusive")
    invoice = xero.put("/Invoices", {"Invoices": [inclusive]})["Invoices"][0]
    assert (invoice["SubTotal"], invoice["Total"]) == (Decimal("100.00"), Decimal("120.00"))


def test_unit_amounts_are_rounded_to_cents_unless_asked_otherwise(xero: Any) -> None:
    line = {"Description": "a", "Quantity": 1000, "UnitAmount": 0.0125, "TaxType": "NONE"}
    body = {"Invoices": [fee(LineItems=[line])]}
    assert xero.put("/Invoices", body)["Invoices"][0]["Total"] == Decimal("10.00")
    assert xero.put("/Invoices", body, unitdp=4)["Invoices"][0]["Total"] == Decimal("12.50")


@pytest.mark.parametrize(
    ("steps", "allowed"),
    [
        (["SUBMITTED", "DRAFT", "AUTHORISED", "VOIDED"], True),
        (["DELETED"], True),
        (["SUBMITTED", "DELETED"], True),
        (["AUTHORISED", "DRAFT"], False),
        (["AUTHORISED", "DELETED"], False),
        (["VOIDED"], False),
        (["AUTHORISED", "VOIDED", "AUTHORISED"], False),
        (["DELETED", "DRAFT"], False),
        (["AUTHORISED", "PAID"], False),
    ],
)
def test_statuses_change_only_as_xero_lets_them(xero: Any, steps: list[str], allowed: bool) -> None:
    *before, last = steps
    for status in before:
        assert edit(xero, DRAFT, Status=status)["Invoices"][0]["Status"] == status
    if allowed:
        assert edit(xero, DRAFT, Status=last)["Invoices"][0]["Status"] == last
    else:
        assert refusals(xero, DRAFT, Status=last) == [NOT_NOW]


def test_a_voided_invoice_owes_nothing(xero: Any) -> None:
    invoice = edit(xero, OPEN, Status="VOIDED")["Invoices"][0]
    assert (invoice["AmountDue"], invoice["Total"]) == (0, Decimal("100.10"))


def test_an_edit_keeps_the_lines_it_omits(xero: Any) -> None:
    before = xero.invoice(OPEN)
    after = edit(xero, OPEN, ExpectedPaymentDate="2026-03-20", DueDate="2026-03-10")["Invoices"][0]
    assert after["LineItems"] == before["LineItems"]
    assert after["ExpectedPaymentDate"] == "/Date(1773964800000+0000)/"
    assert after["DueDateString"] == "2026-03-10T00:00:00"


def test_lines_without_their_id_are_deleted_and_made_anew(xero: Any) -> None:
    before = xero.invoice(OPEN)["LineItems"][0]
    line = {"Description": "New", "Quantity": 2, "UnitAmount": 10, "AccountCode": "200"}
    kept = {"LineItemID": before["LineItemID"], "Description": "Kept"}
    after = edit(xero, OPEN, LineItems=[kept, line])["Invoices"][0]
    assert after["LineItems"][0]["LineItemID"] == before["LineItemID"]
    assert after["LineItems"][0]["UnitAmount"] == before["UnitAmount"]
    assert (after["Total"], after["AmountDue"]) == (Decimal("120.10"), Decimal("120.10"))
    again = edit(xero, OPEN, LineItems=[line])["Invoices"][0]
    ids = {row["LineItemID"] for row in after["LineItems"]}
    assert again["LineItems"][0]["LineItemID"] not in ids


def test_a_part_paid_invoice_refuses_edits(xero: Any) -> None:
    xero.pay(LATE, "50")
    for fields in (
        {"ExpectedPaymentDate": "2026-04-01"},
        {"DueDate": "2026-04-01"},
        {"Reference": "x"},
        {"Status": "VOIDED"},
    ):
        assert refusals(xero, LATE, **fields) == [HAS_MONEY]


def test_a_part_paid_invoice_accepts_the_switchs_edits(
    start_xero: Callable[..., Any],
) -> None:
    xero = start_xero(xero_part_paid_edits="DueDate, ExpectedPaymentDate, SentToContact")
    xero.pay(LATE, "50")
    before = xero.invoice(LATE)
    quiet = edit(xero, LATE, DueDate="2026-04-01", SentToContact=True)["Invoices"][0]
    assert quiet["UpdatedDateUTC"] == before["UpdatedDateUTC"]
    loud = edit(xero, LATE, ExpectedPaymentDate="2026-04-01")["Invoices"][0]
    assert loud["UpdatedDateUTC"] > before["UpdatedDateUTC"]
    assert refusals(xero, LATE, Reference="x") == [HAS_MONEY]


def test_nothing_up_to_the_lock_date_can_be_edited(start_xero: Callable[..., Any]) -> None:
    xero = start_xero(xero_end_of_year_lock_date="2026-02-01")
    message = "The document date cannot be before the period lock date"
    assert refusals(xero, OPEN, Reference="x")[0].startswith(message)
    messages = xero.refused("PUT", "/Invoices", {"Invoices": [fee(Date="2026-02-01")]})
    assert messages[0].startswith(message)
    payment = {"Invoice": {"InvoiceID": OPEN}, "Account": {"Code": "970"}, "Amount": 1}
    body = {"Payments": [{**payment, "Date": "2026-01-31"}]}
    assert xero.refused("PUT", "/Payments", body)[0].startswith(message)


def test_numbers_are_unique_and_never_used_again(xero: Any) -> None:
    edit(xero, DRAFT, Status="DELETED")
    body = {"Invoices": [fee(InvoiceNumber="S-4")]}
    assert xero.refused("PUT", "/Invoices", body) == [NOT_NOW]
    body = {"Invoices": [fee(InvoiceNumber="N-1"), fee(InvoiceNumber="N-1")]}
    assert xero.refused("PUT", "/Invoices", body) == ["Invoice # must be unique."]


def test_post_with_a_known_number_updates_that_invoice(xero: Any) -> None:
    body = {"Invoices": [{"Type": "ACCREC", "InvoiceNumber": "S-1", "Reference": "by number"}]}
    assert xero.post("/Invoices", body)["Invoices"][0]["InvoiceID"] == OPEN


def test_an_unknown_id_is_404_except_in_batches(xero: Any) -> None:
    assert xero.call("POST", f"/Invoices/{ACME}", {"InvoiceID": ACME}).status_code == 404
    body = {"Invoices": [{"InvoiceID": ACME, "Reference": "x"}]}
    assert "not found" in xero.refused("POST", "/Invoices", body)[0]


def test_read_only_fields_of_the_sdk_are_ignored(xero: Any) -> None:
    echo = {"InvoiceID": OPEN, "HasAttachments": False, "HasErrors": False, "Reference": "r"}
    answer = xero.call("POST", f"/Invoices/{OPEN}", {"Invoices": [echo]}, check=False)
    assert answer.json()["Invoices"][0]["Reference"] == "r"


def test_terms_set_a_due_date_only_by_the_switch(start_xero: Callable[..., Any]) -> None:
    body = {"Invoices": [{**fee(), "DueDate": None}]}
    xero = start_xero()
    plain = xero.call("PUT", "/Invoices", body, check=False).json()["Invoices"][0]
    assert "DueDate" not in plain
    xero.sandbox.change_settings({"xero_terms_set_due_date": True})
    invoice = xero.call("PUT", "/Invoices", body, check=False).json()["Invoices"][0]
    assert invoice["DueDateString"] == "2026-03-31T00:00:00"


def test_contact_names_are_unique_among_active_contacts(xero: Any) -> None:
    message = (
        "The contact name Acme Ltd is already assigned to another contact. The contact name must "
        "be unique across all active contacts."
    )
    body = {"Contacts": [{"Name": "Acme Ltd"}]}
    assert xero.refused("PUT", "/Contacts", body) == [message]
    duplicate = {"Contacts": [{"ContactID": BETA, "Name": "acme ltd"}]}
    assert xero.refused("POST", "/Contacts", duplicate)[0].startswith("The contact name acme ltd")
    xero.post(f"/Contacts/{ACME}", {"ContactID": ACME, "ContactStatus": "ARCHIVED"})
    assert xero.put("/Contacts", body)["Contacts"][0]["ContactID"] != ACME


def test_payment_terms_are_written_for_sales_and_bills(
    start_xero: Callable[..., Any],
) -> None:
    xero = start_xero()
    bills = {"Bills": {"Day": 10, "Type": "OFFOLLOWINGMONTH"}}
    sales = {"Sales": {"Day": 0, "Type": "DAYSAFTERBILLDATE"}}

    def write(terms: Any) -> Any:
        body = {"Contacts": [{"ContactID": ACME, "PaymentTerms": terms}]}
        return xero.post("/Contacts", body, summarizeErrors="false")["Contacts"][0]["PaymentTerms"]

    assert write({**bills, **sales}) == {**bills, **sales}
    assert write(sales) == {**bills, **sales}
    xero.sandbox.change_settings({"xero_clears_omitted_terms": True})
    assert write(sales) == sales
    for wrong in ({"Day": 32, "Type": "OFCURRENTMONTH"}, {"Day": 1, "Type": "SOON"}):
        body = {"Contacts": [{"ContactID": ACME, "PaymentTerms": {"Sales": wrong}}]}
        assert "Payment terms" in xero.refused("POST", "/Contacts", body, check=False)[0]


def test_contact_persons_are_replaced_and_at_most_five(xero: Any) -> None:
    def person(number: int) -> dict[str, Any]:
        return {"FirstName": f"P{number}", "EmailAddress": f"p{number}@acme.example"}

    path = f"/Contacts/{ACME}"
    xero.post(path, {"ContactID": ACME, "ContactPersons": [person(1), person(2)]})
    after = xero.post(path, {"ContactID": ACME, "ContactPersons": [person(3)]})["Contacts"][0]
    assert [row["FirstName"] for row in after["ContactPersons"]] == ["P3"]
    untouched = xero.post(path, {"ContactID": ACME, "FirstName": "A"})["Contacts"][0]
    assert len(untouched["ContactPersons"]) == 1
    six = {"ContactID": ACME, "ContactPersons": [person(i) for i in range(6)]}
    assert "at most 5" in xero.refused("POST", path, six)[0]


def test_contact_fields_inside_an_invoice_update_the_contact(
    xero: Any,
) -> None:
    persons = [{"FirstName": "P", "EmailAddress": "p@acme.example"}]
    xero.post(f"/Contacts/{ACME}", {"ContactID": ACME, "ContactPersons": persons})
    edit(xero, OPEN, Contact={"ContactID": ACME})
    assert len(xero.contact(ACME)["ContactPersons"]) == 1
    edit(xero, OPEN, Contact={"ContactID": ACME, "FirstName": "Ann"})
    contact = xero.contact(ACME)
    assert (contact["FirstName"], contact["ContactPersons"]) == ("Ann", [])


def test_a_contacts_bad_address_stops_saving_its_invoices(xero: Any) -> None:
    body = {"ContactID": ACME, "EmailAddress": "jürgen@acme.example"}
    assert "not valid" in xero.refused("POST", f"/Contacts/{ACME}", body)[0]
    xero.book.set_email(ACME, "no address")
    assert "not valid" in refusals(xero, OPEN, Contact={"ContactID": ACME})[0]


def test_a_new_name_creates_a_duplicate_contact(xero: Any) -> None:
    invoice = xero.put("/Invoices", {"Invoices": [fee(Contact={"Name": "Acme Limited"})]})
    assert invoice["Invoices"][0]["Contact"]["ContactID"] != ACME
    assert len(xero.get("/Contacts", page=1)["Contacts"]) == 3


def test_a_merged_contact_is_archived_and_names_the_other(xero: Any) -> None:
    xero.book.merge(BETA, ACME)
    gone = xero.contact(BETA)
    assert (gone["ContactStatus"], gone["MergedToContactID"]) == ("ARCHIVED", ACME)
    assert xero.invoice(PAID)["Contact"]["ContactID"] == ACME
    names = [row["Name"] for row in xero.get("/Contacts", page=1)["Contacts"]]
    assert names == ["Acme Ltd"]


def test_one_bad_element_refuses_the_whole_call_by_default(xero: Any) -> None:
    body = {"Invoices": [{"InvoiceID": OPEN, "Reference": "x"}, fee(InvoiceNumber="S-2", Type="X")]}
    answer = xero.call("POST", "/Invoices", body, check=False)
    assert (answer.status_code, len(answer.json()["Elements"])) == (400, 1)
    assert xero.invoice(OPEN)["Reference"] == ""


def test_with_summarize_errors_false_each_element_stands_alone(xero: Any) -> None:
    xero.pay(LATE, "1")
    body = {
        "Invoices": [
            {"InvoiceID": OPEN, "Reference": "x"},
            {"InvoiceID": LATE, "Reference": "y"},
        ]
    }
    rows = xero.post("/Invoices", body, summarizeErrors="false")["Invoices"]
    assert [row["StatusAttributeString"] for row in rows] == ["OK", "ERROR"]
    assert rows[1]["InvoiceID"] == LATE
    assert rows[1]["HasErrors"] is True
    assert rows[1]["ValidationErrors"] == [{"Message": HAS_MONEY}]
    assert xero.invoice(OPEN)["Reference"] == "x"


def test_bodies_that_are_no_documents_are_refused(xero: Any) -> None:
    for body in (b"{not json", b"[]", b"3", b'{"Invoices":[1]}'):
        answer = xero.call("POST", "/Invoices", body, check=False)
        assert answer.status_code == 400
    large = b'{"Invoices":[{"Reference":"' + b"x" * 3_600_000 + b'"}]}'
    assert "larger" in xero.call("POST", "/Invoices", large, check=False).json()["Message"]
