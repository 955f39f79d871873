"""Invoices and credit memos: lines, totals, numbers and due dates."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from arsync_sandbox.platform import Frame
from arsync_sandbox.quickbooks import faults
from arsync_sandbox.quickbooks.company import SandboxCompany, currency_ref
from arsync_sandbox.quickbooks.ledger import QuickBooksLedger
from arsync_sandbox.quickbooks.wire import ZERO, Doc, money

VOIDED = "Voided"
"""What a voided document's PrivateNote begins with; there is no status."""

_DEFAULTS: Doc = {
    "AllowIPNPayment": False,
    "AllowOnlinePayment": False,
    "AllowOnlineCreditCardPayment": False,
    "AllowOnlineACHPayment": False,
    "ApplyTaxAfterDiscount": False,
    "FreeFormAddress": True,
    "PrintStatus": "NeedToPrint",
    "EmailStatus": "NotSet",
    "CustomField": [],
}
_PAYABLE_ONLINE = ("AllowOnlineCreditCardPayment", "AllowOnlineACHPayment", "AllowOnlinePayment")


class SalesRules:
    """What makes a sales form complete.

    Args:
        frame: for the switches.
        ledger: the books.
        company: for currencies, days and numbering.
    """

    def __init__(self, frame: Frame, ledger: QuickBooksLedger, company: SandboxCompany) -> None:
        self._frame = frame
        self._ledger = ledger
        self._company = company
        self.last_number = 1000

    def require(self, doc: Doc) -> None:
        """Refuse a form without what every form needs.

        Raises:
            Refusal: 2020.
        """
        if not (doc.get("CustomerRef") or {}).get("value"):
            raise faults.missing("CustomerRef")
        if not doc.get("Line"):
            raise faults.missing("Line")
        for line in doc["Line"]:
            if not line.get("DetailType"):
                raise faults.missing("Line.DetailType")
            if line["DetailType"] == "SalesItemLineDetail":
                if line.get("Amount") is None:
                    raise faults.missing("Line.Amount")
                if not line.get("SalesItemLineDetail"):
                    raise faults.missing("Line.SalesItemLineDetail")

    def complete(self, entity: str, doc: Doc, before: Doc | None) -> None:
        """Fill in what the platform works out: totals, dates, currency, defaults."""
        for name, value in _DEFAULTS.items():
            if entity == "Invoice" or not name.startswith("Allow"):
                doc.setdefault(name, value)
        doc.setdefault("TxnDate", self._company.today().isoformat())
        self._currency(doc)
        if before is None or before.get("Line") != doc["Line"] or "TotalAmt" not in doc:
            doc["Line"], subtotal = number_lines(doc["Line"])
            tax = doc.get("TxnTaxDetail") or {"TotalTax": ZERO}
            doc["TxnTaxDetail"] = {**tax, "TotalTax": money(tax.get("TotalTax") or ZERO)}
            doc["TotalAmt"] = money(subtotal + doc["TxnTaxDetail"]["TotalTax"])
        elif before.get("TxnTaxDetail") != doc.get("TxnTaxDetail"):
            tax = (doc.get("TxnTaxDetail") or {}).get("TotalTax") or ZERO
            doc["TotalAmt"] = money(total_of(doc["Line"]) + tax)
        if entity == "Invoice":
            self._due_date(doc, before)
            doc.setdefault("LinkedTxn", [])
        else:
            doc.pop("DueDate", None)
            doc.pop("LinkedTxn", None)
        self._home_amounts(doc)
        self._open_amount(entity, doc, before)
        self._email(doc, before)

    def _currency(self, doc: Doc) -> None:
        customer = self._ledger.get("Customer", doc["CustomerRef"]["value"]) or {}
        home = self._company.home_currency
        own = (customer.get("CurrencyRef") or {}).get("value", home)
        code = (doc.get("CurrencyRef") or {}).get("value", own)
        if code != own:
            raise faults.business(
                f"Currency {code} is not the one of the customer ({own}); it is fixed once used"
            )
        doc["CurrencyRef"] = currency_ref(code)
        if self._company.multicurrency:
            # The trap of the real service: without a rate it books one to one, silently.
            doc["ExchangeRate"] = Decimal(doc.get("ExchangeRate") or 1)
        else:
            doc.pop("ExchangeRate", None)

    def _home_amounts(self, doc: Doc) -> None:
        if self._company.multicurrency:
            doc["HomeTotalAmt"] = money(Decimal(doc["TotalAmt"]) * doc["ExchangeRate"])
        else:
            doc.pop("HomeTotalAmt", None)
            doc.pop("HomeBalance", None)

    def _due_date(self, doc: Doc, before: Doc | None) -> None:
        # Whether a change of terms moves the due date is not documented: the switch gives either.
        terms_moved = (
            before is not None
            and doc.get("SalesTermRef") != before.get("SalesTermRef")
            and doc.get("DueDate") == before.get("DueDate")
            and self._frame.setting("quickbooks_terms_move_due_date")
        )
        if doc.get("DueDate") and not terms_moved:
            return
        customer = self._ledger.get("Customer", doc["CustomerRef"]["value"]) or {}
        ref = doc.get("SalesTermRef") or customer.get("SalesTermRef")
        days = int(self._frame.setting("quickbooks_default_due_days"))
        if ref:
            terms = self._ledger.get("Term", ref["value"]) or {}
            days = int(terms.get("DueDays", days))
            doc["SalesTermRef"] = ref
        due = date.fromisoformat(doc["TxnDate"]) + timedelta(days=days)
        doc["DueDate"] = due.isoformat()

    def _open_amount(self, entity: str, doc: Doc, before: Doc | None) -> None:
        if before is None:
            doc["Balance"] = money(Decimal(doc["TotalAmt"]) - Decimal(doc.get("Deposit") or 0))
            if entity == "CreditMemo":
                doc["RemainingCredit"] = doc["Balance"]
            if "HomeTotalAmt" in doc:
                doc["HomeBalance"] = money(doc["Balance"] * doc["ExchangeRate"])
            return
        self._ledger.refresh(entity, doc)
        if doc["Balance"] < 0 <= Decimal(doc["TotalAmt"]):
            raise faults.business("The total would be less than what is paid already")

    def _email(self, doc: Doc, before: Doc | None) -> None:
        to_send = doc["EmailStatus"] == "NeedToSend"
        if to_send and not (doc.get("BillEmail") or {}).get("Address"):
            raise faults.business("EmailStatus NeedToSend needs a BillEmail address")
        if to_send and (before is None or before.get("EmailStatus") != "NeedToSend"):
            doc["DeliveryInfo"] = {"DeliveryType": "Email"}

    def number(self, entity: str, doc: Doc, *, allow_duplicates: bool) -> None:
        """Give a new form its number, or check the one it brings.

        Raises:
            Refusal: 6140 when another document of its kind has it.
        """
        number = doc.get("DocNumber")
        if number and number != "AUTO_GENERATE":
            if not allow_duplicates and self.number_taken(entity, number, doc.get("Id")):
                raise faults.duplicate_number(number)
            return
        # A company that numbers by hand gets no number at all when none is sent.
        if number == "AUTO_GENERATE" or not self._company.custom_numbers:
            doc["DocNumber"] = self.next_number()

    def number_taken(self, entity: str, number: str, own_id: str | None) -> bool:
        """Whether another document of this kind has the number."""
        table = self._ledger.tables[entity]
        place = table.columns.index("DocNumber")
        return any(row.columns[place] == number and row.id != own_id for row in table)

    def next_number(self) -> str:
        """The next number that the platform gives by itself."""
        # Numbers that people gave by hand may be in the way.
        while True:
            self.last_number += 1
            number = str(self.last_number)
            if not self.number_taken("Invoice", number, None):
                return number

    def void(self, doc: Doc) -> Doc:
        """Make a form void: everything zero, and the note says so."""
        note = doc.get("PrivateNote")
        doc["PrivateNote"] = f"{VOIDED} - {note}" if note else VOIDED
        # The one recorded void had neither quantity nor price, so what happens to them is a switch.
        keep = self._frame.setting("quickbooks_void_keeps_quantity")
        for line in doc["Line"]:
            line["Amount"] = ZERO
            detail = line.get("SalesItemLineDetail")
            if detail and not keep:
                detail.update({name: ZERO for name in ("Qty", "UnitPrice") if name in detail})
        doc["TxnTaxDetail"] = {"TotalTax": ZERO}
        for name in ("TotalAmt", "Balance", "HomeTotalAmt", "HomeBalance", "Deposit"):
            if name in doc:
                doc[name] = ZERO
        return doc


def is_voided(doc: Doc) -> bool:
    """Tell a voided invoice, as clients must, by its zeros and its note."""
    return (
        not doc.get("TotalAmt")
        and not doc.get("Balance")
        and str(doc.get("PrivateNote", "")).startswith(VOIDED)
    )


def number_lines(lines: list[Doc]) -> tuple[list[Doc], Decimal]:
    """Number the lines, add the subtotal line, and sum them up."""
    numbered: list[Doc] = []
    used = {line["Id"] for line in lines if line.get("Id")}
    following = 1
    for line in lines:
        if line.get("DetailType") == "SubTotalLineDetail":
            continue
        whole = tidy(line)
        if not whole.get("Id"):
            while str(following) in used:
                following += 1
            whole["Id"] = str(following)
            used.add(whole["Id"])
        whole["LineNum"] = int(whole.get("LineNum") or len(numbered) + 1)
        if whole.get("Amount") is not None:
            whole["Amount"] = money(whole["Amount"])
        if whole["DetailType"] == "SalesItemLineDetail":
            whole.setdefault("CustomExtensions", [])
        numbered.append(whole)
    subtotal = sum(
        (
            Decimal(line.get("Amount") or 0)
            for line in numbered
            if line["DetailType"] in {"SalesItemLineDetail", "GroupLineDetail"}
        ),
        ZERO,
    )
    numbered.append(
        {
            "Amount": money(subtotal),
            "DetailType": "SubTotalLineDetail",
            "SubTotalLineDetail": {},
        }
    )
    return numbered, total_of(numbered)


def total_of(lines: list[Doc]) -> Decimal:
    """The sum of a form's lines: items and groups, less discounts."""
    total = ZERO
    goods = ZERO
    for line in lines:
        amount = Decimal(line.get("Amount") or 0)
        if line["DetailType"] in {"SalesItemLineDetail", "GroupLineDetail"}:
            total += amount
            goods += amount
        elif line["DetailType"] == "DiscountLineDetail":
            detail = line.get("DiscountLineDetail") or {}
            if line.get("Amount") is None and detail.get("PercentBased"):
                amount = money(goods * Decimal(detail.get("DiscountPercent") or 0) / 100)
                line["Amount"] = amount
            total -= amount
    return total


def tidy(value: Any) -> Any:
    """Drop what is null and lists that hold nothing, as the platform does inside lines."""
    if isinstance(value, dict):
        return {
            name: tidy(each)
            for name, each in value.items()
            if each is not None and (each != [] or name == "CustomExtensions")
        }
    if isinstance(value, list):
        return [tidy(each) for each in value]
    return value


def payable_online(doc: Doc) -> bool:
    """Whether an invoice has what a payment link needs."""
    return any(doc.get(name) for name in _PAYABLE_ONLINE) and bool(
        (doc.get("BillEmail") or {}).get("Address")
    )
