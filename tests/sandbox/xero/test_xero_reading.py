"""Lists and documents: paging, forms, filters and what changed since."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from arsync_sandbox.platform import ContactRow, InvoiceRow

ACME = "11111111-1111-4111-8111-111111111111"
BETA = "22222222-2222-4222-8222-222222222222"
OPEN = "aaaaaaaa-0000-4000-8000-000000000001"
LATE = "aaaaaaaa-0000-4000-8000-000000000002"
PAID = "aaaaaaaa-0000-4000-8000-000000000003"
DRAFT = "aaaaaaaa-0000-4000-8000-000000000004"


def numbers(body: Any) -> list[str]:
    return [row["InvoiceNumber"] for row in body["Invoices"]]


def many(xero: Any, count: int) -> None:
    rows = (
        InvoiceRow(
            f"row-{i}", f"M-{i:04}", ACME, date(2026, 1, 1), date(2026, 2, 1), "GBP", Decimal(i + 1)
        )
        for i in range(count)
    )
    xero.book.load_invoices(rows)


def test_json_is_answered_only_when_asked_for_by_name(xero: Any) -> None:
    answer = xero.call("GET", "/Invoices", headers={"Accept": "*/*"}, check=False, page=1)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/xml")
    assert answer.text.startswith("<?xml")
    assert "<InvoiceNumber>S-1</InvoiceNumber>" in answer.text


def test_a_paged_list_has_pagination_and_line_items(xero: Any) -> None:
    body = xero.get("/Invoices", page=1)
    assert body["pagination"] == {"page": 1, "pageSize": 100, "pageCount": 1, "itemCount": 4}
    assert body["Invoices"][0]["LineItems"][0]["UnitAmount"] == Decimal("100.10")
    assert body["Invoices"][0]["Contact"]["Addresses"] == []


def test_an_unpaged_list_omits_details(xero: Any) -> None:
    body = xero.get("/Invoices")
    assert "pagination" not in body
    assert all("LineItems" not in row for row in body["Invoices"])
    assert body["Invoices"][0]["Contact"] == {"ContactID": ACME, "Name": "Acme Ltd"}


@pytest.mark.parametrize(("asked", "given"), [(5000, 1000), (0, 1), (7, 7)])
def test_page_size_is_clamped(xero: Any, asked: int, given: int) -> None:
    assert xero.get("/Invoices", page=1, pageSize=asked)["pagination"]["pageSize"] == given


def test_page_size_in_snake_case_is_ignored(xero: Any) -> None:
    answer = xero.call("GET", "/Invoices", check=False, page=1, page_size=2).json()
    assert answer["pagination"]["pageSize"] == 100


def test_pages_together_hold_each_invoice_once(xero: Any) -> None:
    many(xero, 250)
    ids: list[str] = []
    for page in (1, 2, 3):
        body = xero.get("/Invoices", page=page, order="InvoiceID")
        ids += [row["InvoiceID"] for row in body["Invoices"]]
    assert len(ids) == len(set(ids)) == 254
    assert ids == sorted(ids)
    assert xero.get("/Invoices", page=4)["Invoices"] == []


def test_summary_only_forces_paging_and_drops_fields(xero: Any) -> None:
    body = xero.get("/Invoices", summaryOnly="true")
    assert body["pagination"]["itemCount"] == 4
    dropped = {"LineItems", "Payments", "CreditNotes", "HasAttachments"}
    assert not any(dropped & set(row) for row in body["Invoices"])
    contact = xero.get("/Contacts", summaryOnly="true")["Contacts"][0]
    assert not {"IsCustomer", "IsSupplier", "Balances"} & set(contact)


def test_python_spellings_of_booleans_are_accepted(xero: Any) -> None:
    body = xero.call("GET", "/Invoices", check=False, summaryOnly="True").json()
    assert "pagination" in body


def test_updated_rows_move_to_the_default_orders_end(xero: Any) -> None:
    assert numbers(xero.get("/Invoices", page=1))[0] == "S-1"
    xero.post(f"/Invoices/{OPEN}", {"InvoiceID": OPEN, "Reference": "moved"})
    assert numbers(xero.get("/Invoices", page=1))[-1] == "S-1"


def test_orders_and_their_direction(xero: Any) -> None:
    by_due = xero.get("/Invoices", page=1, order="AmountDue DESC, InvoiceNumber ASC")
    assert numbers(by_due) == ["S-2", "S-1", "S-4", "S-3"]
    assert xero.call("GET", "/Invoices", page=1, order="Nonsense").status_code == 400


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ('Type=="ACCREC" AND AmountDue>0', ["S-1", "S-2", "S-4"]),
        ('Status=="AUTHORISED" && AmountDue>=250.00', ["S-2"]),
        ('Status=="PAID" || Status=="DRAFT"', ["S-3", "S-4"]),
        ("DueDate<DateTime(2026,02,10)", ["S-2"]),
        ("DueDate>=DateTime(2026, 3, 3)", ["S-1", "S-3", "S-4"]),
        (f'Contact.ContactID==Guid("{BETA}")', ["S-3", "S-4"]),
        (f'Contact.ContactID=Guid("{BETA.upper()}")', ["S-3", "S-4"]),
        ('(Contact.Name=="Acme Ltd" OR Status=="PAID") AND AmountDue!=250', ["S-1", "S-3"]),
        ('InvoiceNumber.StartsWith("S-") AND !(AmountPaid==0)', ["S-3"]),
        ("FullyPaidOnDate!=null", ["S-3"]),
        ("SentToContact==false", ["S-4"]),
        (f'InvoiceID==Guid("{LATE}")', ["S-2"]),
    ],
)
def test_where_filters(xero: Any, where: str, expected: list[str]) -> None:
    assert sorted(numbers(xero.get("/Invoices", page=1, where=where))) == expected


@pytest.mark.parametrize(
    "where",
    [
        "Nonsense==1",
        'Type=="ACCREC" AND',
        "Type==",
        'InvoiceID==Guid("x")',
        "(Status==1",
        "%%",
        f'InvoiceID>Guid("{OPEN}")',
        "DueDate>DateTime(2026,13,1)",
        "(" * 60,
    ],
)
def test_a_where_that_cannot_be_read_is_refused(xero: Any, where: str) -> None:
    answer = xero.call("GET", "/Invoices", page=1, where=where)
    assert answer.status_code == 400
    assert answer.json()["Type"] == "QueryParseException"


def test_comma_lists_filter_invoices(xero: Any) -> None:
    assert sorted(numbers(xero.get("/Invoices", page=1, IDs=f"{OPEN},{PAID}"))) == ["S-1", "S-3"]
    assert numbers(xero.get("/Invoices", page=1, Statuses="PAID,VOIDED")) == ["S-3"]
    assert numbers(xero.get("/Invoices", page=1, InvoiceNumbers="S-2")) == ["S-2"]
    assert len(numbers(xero.get("/Invoices", page=1, ContactIDs=ACME))) == 2
    assert numbers(xero.get("/Invoices", page=1, searchTerm="s-4")) == ["S-4"]


def test_only_the_apps_own_invoices_on_request(xero: Any) -> None:
    body = {"Type": "ACCREC", "Contact": {"ContactID": ACME}, "LineItems": [{"Description": "x"}]}
    invoice = xero.put("/Invoices", {"Invoices": [body]})["Invoices"][0]
    mine = xero.get("/Invoices", page=1, createdByMyApp="true")["Invoices"]
    assert [row["InvoiceID"] for row in mine] == [invoice["InvoiceID"]]


def test_deleted_invoices_are_listed_by_the_switch(start_xero: Callable[..., Any]) -> None:
    xero = start_xero(xero_lists_deleted=False)
    xero.post(f"/Invoices/{DRAFT}", {"InvoiceID": DRAFT, "Status": "DELETED"})
    xero.post(f"/Invoices/{OPEN}", {"InvoiceID": OPEN, "Status": "VOIDED"})
    assert sorted(numbers(xero.get("/Invoices", page=1))) == ["S-1", "S-2", "S-3"]
    assert numbers(xero.get("/Invoices", page=1, Statuses="DELETED")) == ["S-4"]
    assert numbers(xero.get("/Invoices", page=1, where='Status=="DELETED"')) == ["S-4"]
    xero.sandbox.change_settings({"xero_lists_deleted": True})
    assert len(numbers(xero.get("/Invoices", page=1))) == 4


def test_archived_contacts_appear_only_on_request(xero: Any) -> None:
    xero.post(f"/Contacts/{BETA}", {"ContactID": BETA, "ContactStatus": "ARCHIVED"})
    assert len(xero.get("/Contacts", page=1)["Contacts"]) == 1
    assert len(xero.get("/Contacts", page=1, includeArchived="true")["Contacts"]) == 2


def test_a_url_of_too_many_ids_is_refused(xero: Any) -> None:
    ids = ",".join(f"aaaaaaaa-0000-4000-8000-{i:012}" for i in range(40))
    assert xero.call("GET", "/Invoices", page=1, IDs=ids).status_code == 200
    more = ",".join(f"aaaaaaaa-0000-4000-8000-{i:012}" for i in range(60))
    assert xero.call("GET", "/Invoices", page=1, IDs=more, check=False).status_code == 414


@pytest.mark.parametrize(
    "form",
    ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S+00:00", "%a, %d %b %Y %H:%M:%S GMT"],
)
def test_modified_since_is_read_in_three_formats(xero: Any, form: str) -> None:
    xero.sandbox.clock.set(xero.sandbox.now() + timedelta(minutes=10))
    since = xero.sandbox.now().strftime(form)
    xero.post(f"/Invoices/{LATE}", {"InvoiceID": LATE, "Reference": "new"})
    header = {"If-Modified-Since": since}
    body = xero.call("GET", "/Invoices", headers=header, page=1).json()
    assert numbers(body) == ["S-2"]
    wrong = {"If-Modified-Since": "/Date(what)/"}
    assert xero.call("GET", "/Invoices", headers=wrong, page=1).status_code == 400


@pytest.mark.parametrize(("inclusive", "count"), [(True, 1), (False, 0)])
def test_modified_since_includes_its_own_second_or_not(
    start_xero: Callable[..., Any], inclusive: bool, count: int
) -> None:
    xero = start_xero(contacts=False, xero_modified_since_inclusive=inclusive)
    xero.book.load_documents(
        {"Contacts": [{"ContactID": ACME, "Name": "A", "UpdatedDateUTC": "2026-01-01T10:00:00"}]}
    )
    header = {"If-Modified-Since": "2026-01-01T10:00:00"}
    assert len(xero.call("GET", "/Contacts", headers=header, page=1).json()["Contacts"]) == count


def test_balances_change_without_moving_the_contact(xero: Any) -> None:
    before = xero.contact(ACME)
    xero.pay(LATE, "50")
    after = xero.contact(ACME)
    assert after["UpdatedDateUTC"] == before["UpdatedDateUTC"]
    assert before["Balances"]["AccountsReceivable"] == {
        "Outstanding": Decimal("350.10"),
        "Overdue": Decimal("250.00"),
    }
    assert after["Balances"]["AccountsReceivable"]["Outstanding"] == Decimal("300.10")


def test_a_part_paid_invoices_due_date_moves_without_trace(xero: Any) -> None:
    xero.pay(LATE, "50")
    before = xero.invoice(LATE)
    xero.book.set_due_date(LATE, date(2026, 4, 1))
    after = xero.invoice(LATE)
    assert after["DueDateString"] == "2026-04-01T00:00:00"
    assert after["UpdatedDateUTC"] == before["UpdatedDateUTC"]


def test_dates_come_in_milliseconds_with_string_companions(xero: Any) -> None:
    invoice = xero.invoice(OPEN)
    assert invoice["Date"] == "/Date(1769904000000+0000)/"
    assert invoice["DateString"] == "2026-02-01T00:00:00"
    assert invoice["DueDateString"] == "2026-03-03T00:00:00"
    assert invoice["UpdatedDateUTCString"].endswith("Z")


def test_money_has_two_decimals_and_unit_amounts_four(xero: Any) -> None:
    text = xero.call("GET", f"/Invoices/{OPEN}").text
    assert '"AmountDue":100.10,' in text
    assert '"UnitAmount":100.10,' in text
    assert '"UnitAmount":100.1000,' in xero.call("GET", f"/Invoices/{OPEN}", unitdp=4).text
    assert '"UnitAmount":100.1000,' in xero.call("GET", "/Invoices", page=1, unitdp=4).text


def test_an_invoice_number_in_the_path_works_too(xero: Any) -> None:
    body = xero.call("GET", "/Invoices/S-2", check=False).json()
    assert body["Invoices"][0]["InvoiceID"] == LATE
    missing = xero.call("GET", f"/Invoices/{ACME}")
    assert (missing.status_code, missing.headers["Content-Type"][:10]) == (404, "text/plain")


def test_a_contact_number_in_the_path_works_too(xero: Any) -> None:
    xero.book.load_contacts([ContactRow("C-100", "Gamma")])
    body = xero.call("GET", "/Contacts/C-100", check=False).json()
    assert body["Contacts"][0]["ContactNumber"] == "C-100"


def test_unpaged_contacts_drop_terms_but_keep_balances(xero: Any) -> None:
    paged = xero.get("/Contacts", page=1)["Contacts"][0]
    unpaged = xero.get("/Contacts")["Contacts"][0]
    assert {"Balances", "PaymentTerms", "ContactPersons"} <= set(paged)
    assert {"Balances", "ContactPersons"} <= set(unpaged)
    assert "PaymentTerms" not in unpaged


def test_balances_are_left_out_when_nothing_is_owed(xero: Any) -> None:
    def balances() -> dict[str, Any]:
        rows = xero.get("/Contacts", page=1)["Contacts"]
        return {row["Name"]: row.get("Balances") for row in rows}

    assert balances()["Acme Ltd"]["AccountsReceivable"]["Outstanding"] > 0
    for invoice in xero.get("/Invoices", page=1, Statuses="AUTHORISED")["Invoices"]:
        xero.pay(invoice["InvoiceID"], str(invoice["AmountDue"]))
    assert set(balances().values()) == {None}
    assert "Balances" not in xero.get(f"/Contacts/{ACME}")["Contacts"][0]


def test_only_an_invoice_that_was_sent_says_so(xero: Any) -> None:
    line = {"Description": "Work", "Quantity": 1, "UnitAmount": 10, "AccountCode": "200"}
    written = xero.post(
        "/Invoices",
        {"Type": "ACCREC", "Status": "AUTHORISED", "Contact": {"ContactID": ACME}}
        | {"Date": "2026-01-05", "DueDate": "2026-02-05", "LineItems": [line]},
    )["Invoices"][0]
    assert written["SentToContact"] is False
    assert "SentToContact" not in xero.invoice(written["InvoiceID"])
    xero.call("POST", f"/Invoices/{written['InvoiceID']}/Email", {})
    assert xero.invoice(written["InvoiceID"])["SentToContact"] is True


def test_contacts_filter_by_where_ids_and_term(xero: Any) -> None:
    def names(**query: Any) -> list[str]:
        return [row["Name"] for row in xero.get("/Contacts", page=1, **query)["Contacts"]]

    assert names(where='EmailAddress=="pay@beta.example"') == ["Beta BV"]
    assert names(IDs=ACME) == ["Acme Ltd"]
    assert names(searchTerm="acme") == ["Acme Ltd"]
    assert names(order="Name DESC") == ["Beta BV", "Acme Ltd"]


def test_payments_show_their_invoice_without_amounts(xero: Any) -> None:
    payment = xero.pay(LATE, "50")
    listed = xero.get("/Payments", page=1)["Payments"][0]
    assert listed["PaymentID"] == payment["PaymentID"]
    assert (listed["PaymentType"], listed["Amount"]) == ("ACCRECPAYMENT", Decimal("50.00"))
    assert listed["Invoice"]["Contact"] == {"ContactID": ACME, "Name": "Acme Ltd"}
    assert not {"Total", "AmountDue"} & set(listed["Invoice"])
    payment_read = xero.get(f"/Payments/{payment['PaymentID']}")["Payments"][0]
    assert payment_read["Status"] == "AUTHORISED"
    payments = xero.get("/Payments", page=1, where='PaymentType=="ACCRECPAYMENT"')
    assert len(payments["Payments"]) == 1


def test_too_many_rows_are_a_high_volume_exception(
    start_xero: Callable[..., Any],
) -> None:
    xero = start_xero(xero_high_volume_rows=20)
    many(xero, 30)
    for query in ({}, {"where": 'CurrencyCode=="EUR"'}, {"order": "AmountDue"}):
        answer = xero.call("GET", "/Invoices", page=1, **query)
        assert (answer.status_code, answer.json()["ErrorNumber"]) == (400, 51)
    assert len(xero.get("/Invoices", page=1, where='Status=="DRAFT"')["Invoices"]) == 1


def test_unknown_enum_values_turn_up_on_request(start_xero: Callable[..., Any]) -> None:
    xero = start_xero(xero_odd_documents=True)
    many(xero, 200)
    rows = xero.call("GET", "/Invoices", check=False, page=1, pageSize=1000).json()["Invoices"]
    assert {row["Status"] for row in rows} > {"UNDERREVIEW"}
    assert "" in {row["CurrencyCode"] for row in rows}


def test_the_organisation_says_where_and_what_it_is(start_xero: Callable[..., Any]) -> None:
    xero = start_xero(xero_plan="demo", xero_period_lock_date="2025-12-31")
    organisation = xero.get("/Organisation")["Organisations"][0]
    assert organisation["Timezone"] == "GMTSTANDARDTIME"
    assert organisation["IsDemoCompany"] is True
    assert organisation["PeriodLockDate"] == "/Date(1767139200000+0000)/"
    assert organisation["BaseCurrency"] == "GBP"


def test_actions_tell_what_is_allowed(start_xero: Callable[..., Any]) -> None:
    xero = start_xero(xero_actions_not_allowed="UseMulticurrency")
    actions = {row["Name"]: row["Status"] for row in xero.get("/Organisation/Actions")["Actions"]}
    assert actions["UseMulticurrency"] == "NOT-ALLOWED"
    assert actions["CreateDraftInvoice"] == "ALLOWED"


def test_small_unpaged_lists(xero: Any) -> None:
    themes = xero.get("/BrandingThemes")["BrandingThemes"]
    assert themes[0]["SortOrder"] == 0
    theme = xero.get(f"/BrandingThemes/{themes[1]['BrandingThemeID']}")["BrandingThemes"]
    assert theme == [themes[1]]
    assert {row["Code"] for row in xero.get("/Currencies")["Currencies"]} == {"GBP", "EUR"}
    assert any(row["Code"] == "200" for row in xero.get("/Accounts")["Accounts"])
    assert xero.get("/InvoiceReminders/Settings")["InvoiceReminders"] == [{"Enabled": False}]
    assert xero.get("/RepeatingInvoices")["RepeatingInvoices"] == []
    assert xero.get("/BatchPayments")["BatchPayments"] == []
    assert xero.call("GET", "/Nothing", check=False).status_code == 404


def test_online_invoice_and_pdf(xero: Any) -> None:
    online = xero.get(f"/Invoices/{OPEN}/OnlineInvoice")["OnlineInvoices"][0]
    assert online["OnlineInvoiceUrl"].startswith("https://in.xero.com/")
    assert xero.get(f"/Invoices/{DRAFT}/OnlineInvoice")["OnlineInvoices"] == []
    for path in (f"/Invoices/{OPEN}/pdf", f"/Invoices/{OPEN}"):
        answer = xero.call("GET", path, headers={"Accept": "application/pdf"}, check=False)
        assert answer.content.startswith(b"%PDF-1.4")
        assert answer.headers["Content-Type"] == "application/pdf"
        assert b"S-1" in answer.content


def test_aged_receivables_of_one_contact(xero: Any) -> None:
    path = "/Reports/AgedReceivablesByContact"
    report = xero.get(path, contactId=ACME, date="2026-03-02")["Reports"][0]
    rows = report["Rows"][1]["Rows"]
    assert [row["Cells"][3]["Value"] for row in rows] == ["0", "22"]
    assert xero.call("GET", path).status_code == 400
