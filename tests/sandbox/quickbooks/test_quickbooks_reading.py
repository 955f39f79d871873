"""Checklist: paths, envelopes, Accept, arrays, decimals, headers."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest

QB = "{http://schema.intuit.com/finance/v3}"


def test_one_document_comes_in_an_envelope_with_the_time(company: Any) -> None:
    customer = company.customer()
    body = company.get(f"customer/{customer['Id']}", minorversion=75).json()
    assert set(body) == {"Customer", "time"}
    assert body["Customer"]["DisplayName"] == "Acme"
    assert body["time"].startswith("2026-06-01T05:00:")
    assert body["time"].endswith("-07:00")
    assert len(body["time"]) == len("2026-06-01T05:00:00.123-07:00")


def test_an_empty_query_response_has_no_entity_key(company: Any) -> None:
    assert company.query("select * from Invoice") == {}


def test_total_count_appears_only_with_a_complete_answer(company: Any) -> None:
    for name in ("A", "B", "C"):
        company.customer(name)
    assert company.query("select * from Customer")["totalCount"] == 3
    page = company.query("select * from Customer maxresults 2")
    assert (page["startPosition"], page["maxResults"]) == (1, 2)
    assert "totalCount" not in page
    company.settings(quickbooks_total_count=False)
    assert "totalCount" not in company.query("select * from Customer")


def test_without_accept_json_the_answer_is_xml(company: Any) -> None:
    customer = company.customer()
    company.session.headers["Accept"] = "*/*"
    answer = company.get(f"customer/{customer['Id']}")
    root = ET.fromstring(answer.content)
    assert answer.headers["Content-Type"].startswith("application/xml")
    assert root.tag == f"{QB}IntuitResponse"
    assert root.findtext(f"{QB}Customer/{QB}DisplayName") == "Acme"
    refusal = ET.fromstring(company.get("customer/999").content)
    assert refusal.findtext(f"{QB}Fault/{QB}Error/{QB}code") == "610"


@pytest.mark.parametrize("path", ["customer", "Customer", "CUSTOMER"])
def test_entities_in_paths_come_in_any_case(company: Any, path: str) -> None:
    customer = company.customer()
    assert company.get(f"{path}/{customer['Id']}").json()["Customer"]["DisplayName"] == "Acme"


@pytest.mark.parametrize("path", ["nonsense/1", "customer/1/2/3"])
def test_unknown_paths_fail(company: Any, path: str) -> None:
    company.customer()
    answer = company.get(path)
    assert answer.status_code == 400
    assert answer.json()["Fault"]["Error"][0]["code"] == "500"
    assert answer.json()["Fault"]["Error"][0]["Message"] == "Unsupported Operation"


def test_every_answer_names_itself(company: Any) -> None:
    good, bad = company.get("preferences"), company.get("invoice/1")
    assert good.headers["intuit_tid"] != bad.headers["intuit_tid"]
    assert good.headers["qbo-version"]
    assert good.headers["Date"]


def test_empty_lists_are_written_and_empty_scalars_are_not(company: Any) -> None:
    customer = company.customer()
    invoice = company.invoice(customer["Id"])
    payment = company.payment(customer["Id"], "5.00")
    assert invoice["LinkedTxn"] == []
    assert invoice["CustomField"] == []
    assert payment["Line"] == []
    assert "PrivateNote" not in invoice
    assert "Notes" not in customer


def test_amounts_keep_trailing_zeros_and_zero_has_decimals(company: Any) -> None:
    customer = company.customer()
    invoice = company.invoice(customer["Id"], "100")
    text = company.get(f"invoice/{invoice['Id']}").text
    assert '"TotalAmt":100.00,' in text
    assert '"TotalTax":0}' in text
    company.payment(customer["Id"], "100.00", ("Invoice", invoice["Id"], "100.00"))
    assert '"Balance":0,' in company.get(f"invoice/{invoice['Id']}").text


def test_quantities_are_printed_as_given(company: Any) -> None:
    line = {
        "Amount": 337.5,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": "1"}, "UnitPrice": 75, "Qty": 4.5},
    }
    customer = company.customer()
    company.invoice(customer["Id"], Line=[line])
    text = company.get("query", query="select * from Invoice").text
    assert '"Qty":4.5' in text
    assert '"UnitPrice":75' in text
    assert '"Amount":337.50' in text
    assert text.count("SubTotalLineDetail") == 2


def test_company_and_preferences_say_what_a_client_must_know(company: Any) -> None:
    company_info = company.get(f"companyinfo/{company.realm}").json()["CompanyInfo"]
    assert (company_info["CompanyName"], company_info["Country"]) == ("Craig's Landscaping", "USA")
    assert {"Name": "SubscriptionStatus", "Value": "SUBSCRIBED"} in company_info["NameValue"]
    prefs = company.get("preferences").json()["Preferences"]
    assert prefs["CurrencyPrefs"] == {
        "MultiCurrencyEnabled": False,
        "HomeCurrency": {"value": "USD"},
    }


def test_malformed_and_unknown_ids_are_told_apart(company: Any) -> None:
    bad = company.get("invoice/1.5").json()["Fault"]["Error"][0]
    assert bad["code"] == "2030"
    assert bad["element"] == "Id"
    assert bad["Detail"] == "Id should be a valid number. Supplied value:1.5"
    gone = company.get("invoice/77").json()["Fault"]["Error"][0]
    assert gone["code"] == "610"
    assert gone["Message"] == "Object Not Found"


def test_a_form_can_be_had_as_a_pdf(company: Any) -> None:
    invoice = company.invoice(company.customer()["Id"])
    answer = company.get(f"invoice/{invoice['Id']}/pdf")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-1.4")
    assert answer.content.rstrip().endswith(b"%%EOF")
    start = int(answer.content.split(b"startxref\n")[1].split(b"\n")[0])
    assert answer.content[start:].startswith(b"xref")
    assert company.get(f"customer/{invoice['CustomerRef']['value']}/pdf").status_code == 400


def test_reports_sum_what_is_open(company: Any) -> None:
    acme, zeta = company.customer(), company.customer("Zeta")
    company.invoice(acme["Id"], "10.00", DueDate="2026-05-31")
    company.invoice(acme["Id"], "5.00", DueDate="2026-03-01")
    company.invoice(zeta["Id"], "7.00", DueDate="2026-06-30")
    aged = company.get("reports/AgedReceivables", report_date="2026-06-01").json()
    rows = [[cell["value"] for cell in row["ColData"]] for row in aged["Rows"]["Row"][:-1]]
    assert rows == [
        ["Acme", "", "10.00", "", "", "5.00", "15.00"],
        ["Zeta", "7.00", "", "", "", "", "7.00"],
    ]
    balance = company.get("reports/CustomerBalance").json()
    total = balance["Rows"]["Row"][-1]["Summary"]["ColData"]
    assert [cell["value"] for cell in total] == ["TOTAL", "22.00"]
    earned = company.get("reports/ProfitAndLoss", start_date="2026-01-01").json()
    assert earned["Rows"]["Row"][0]["ColData"][1]["value"] == "22.00"
    assert company.get("reports/Nonsense").status_code == 400


def test_lists_that_clients_read_first_are_there(company: Any) -> None:
    codes = company.query("select * from TaxCode")["TaxCode"]
    assert [code["Name"] for code in codes] == ["California", "Tucson"]
    assert company.query("select * from bill") == {}
    assert company.get("bill/1").json()["Fault"]["Error"][0]["code"] == "610"


def test_an_exchange_rate_is_never_one(company: Any) -> None:
    for currency in ("EUR", "SEK", "KWD"):
        rate = company.get("exchangerate", sourcecurrencycode=currency).json()["ExchangeRate"]
        assert (rate["SourceCurrencyCode"], rate["TargetCurrencyCode"]) == (currency, "USD")
        assert rate["Rate"] != 1


def test_journal_entries_balance(company: Any) -> None:
    def entry(*amounts: int) -> dict[str, Any]:
        sides = zip(("Debit", "Credit"), ("35", "82"), amounts, strict=True)
        return {
            "Line": [
                {
                    "Amount": amount,
                    "DetailType": "JournalEntryLineDetail",
                    "JournalEntryLineDetail": {
                        "PostingType": side,
                        "AccountRef": {"value": account},
                    },
                }
                for side, account, amount in sides
            ]
        }

    kept = company.post("journalentry", entry(5, 5))
    assert company.one("journalentry", kept["Id"])["Line"][1]["Amount"] == 5
    assert company.refused("journalentry", entry(5, 4)) == "6000"
    gone = company.post("journalentry", kept, operation="delete")
    assert gone["status"] == "Deleted"
