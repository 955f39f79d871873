"""Every path of the published contract that the sandbox serves answers as the contract says."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

ACME = "11111111-1111-4111-8111-111111111111"
OPEN = "aaaaaaaa-0000-4000-8000-000000000001"
LATE = "aaaaaaaa-0000-4000-8000-000000000002"

NOT_SERVED = ("CISSettings", "PaymentServices", "/RepeatingInvoices/{RepeatingInvoiceID}/")
"""Tax settings of one country, payment buttons, and what hangs on templates: no use to arsync."""

BYTES = ("/pdf", "{FileName}")


def test_every_get_of_the_contract_is_answered_by_it(xero: Any, contract_document: Any) -> None:
    if contract_document is None:
        pytest.skip("the contract is not beside the project in shared/contracts")
    repeating = {"RepeatingInvoiceID": ACME, "Type": "ACCREC", "Status": "DRAFT"}
    xero.book.load_documents({"RepeatingInvoices": [repeating]})
    group = xero.get("/ContactGroups")["ContactGroups"][0]["ContactGroupID"]
    theme = xero.get("/BrandingThemes")["BrandingThemes"][0]["BrandingThemeID"]
    names = {
        "InvoiceID": LATE,
        "ContactID": ACME,
        "PaymentID": xero.pay(LATE, "1")["PaymentID"],
        "CreditNoteID": xero.book.credit(ACME, Decimal(5), LATE),
        "PrepaymentID": xero.book.prepay(ACME, Decimal(5)),
        "OverpaymentID": overpayment(xero),
        "ContactGroupID": group,
        "BrandingThemeID": theme,
        "RepeatingInvoiceID": ACME,
    }
    requests_made = 0
    for path, operations in contract_document["paths"].items():
        if "get" not in operations or any(excluded in path for excluded in (*NOT_SERVED, *BYTES)):
            continue
        filled = re.sub(r"\{(\w+)\}", lambda match: names[match[1]], path)
        before = xero.checked
        assert xero.call("GET", filled).status_code == 200, path
        assert xero.checked == before + 1
        requests_made += 1
    assert requests_made >= 30


def overpayment(xero: Any) -> str:
    xero.book.pay(OPEN, Decimal("110.10"), date(2026, 3, 2))
    id_: str = xero.get("/Overpayments", page=1)["Overpayments"][0]["OverpaymentID"]
    return id_


def test_the_contract_refuses_what_it_does_not_say(xero: Any, contract: Any) -> None:
    if contract is None:
        pytest.skip("the contract is not beside the project in shared/contracts")
    with pytest.raises(Exception, match="validation error"):
        xero.call("POST", f"/Invoices/{OPEN}", {"Invoices": [{"AmountDue": 1}]})
