"""Filling the books: rows of CSV files, and documents as the platform writes them."""

from __future__ import annotations

import gc
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from arsync_sandbox.platform import ContactRow, InvoiceRow, PaymentRow
from arsync_sandbox.quickbooks.company import SandboxCompany, currency_ref, term
from arsync_sandbox.quickbooks.entities import ENTITIES
from arsync_sandbox.quickbooks.ledger import QuickBooksLedger, allocations
from arsync_sandbox.quickbooks.payments import line_extras
from arsync_sandbox.quickbooks.sales import number_lines
from arsync_sandbox.quickbooks.wire import ZERO, Doc, as_int, money, noon, stamp
from arsync_sandbox.quickbooks.writing import DocumentWriter

NUMBER_MAX = 21
"""The longest DocNumber, in characters; of a longer one the end is kept."""

CUSTOM_FIELD_MAX = 31
"""The longest text of a custom field, in characters."""

GROUP_NAME_MAX = 15
"""The longest name of a customer type, in characters."""

_IN_USD = {
    "AUD": "0.66",
    "CAD": "0.73",
    "CHF": "1.13",
    "EUR": "1.09",
    "GBP": "1.27",
    "INR": "0.012",
    "JPY": "0.0067",
    "NZD": "0.60",
    "USD": "1",
}
"""What a unit of each currency is taken to be worth when loaded rows name no rate."""

_AMOUNTS = frozenset(
    {
        "TotalAmt",
        "Balance",
        "BalanceWithJobs",
        "UnappliedAmt",
        "Amount",
        "HomeTotalAmt",
        "HomeBalance",
        "RemainingCredit",
        "Deposit",
    }
)
# A kind comes after those that it refers to: customers before invoices, invoices before money.
_LIST_ORDER = (
    "Account",
    "PaymentMethod",
    "Item",
    "Term",
    "CustomerType",
    "Vendor",
    "Employee",
    "Customer",
    "Invoice",
    "CreditMemo",
    "Payment",
    "Bill",
    "VendorCredit",
    "Deposit",
    "Attachable",
    "CompanyInfo",
    "Preferences",
)


class Loader:
    """Puts ledgers from outside into the books.

    Args:
        ledger: the books.
        company: whose books.
        writer: for rows that come when people work here already.
        is_history: whether the loaded rows are older than the first request.
    """

    def __init__(
        self,
        ledger: QuickBooksLedger,
        company: SandboxCompany,
        writer: DocumentWriter,
        is_history: Callable[[], bool],
    ) -> None:
        self._ledger = ledger
        self._company = company
        self._writer = writer
        self._is_history = is_history
        self.ids: dict[tuple[str, str], str] = {}
        """The id here of each row that had to take another one."""
        self._names: set[str] = set()
        self._contacts_seen: set[str] = set()

    def id_of(self, entity: str, given: str) -> str:
        """The id here of a row's id."""
        return self.ids.get((entity, given), given)

    def _id_for(self, entity: str, given: str) -> str:
        # QuickBooks' ids are numbers; rows of a CSV file may have any.
        if self._ledger.id_is_free(entity, given):
            return given
        self.ids[entity, given] = new = self._ledger.next_id(entity)
        return new

    def _moment(self, day: date) -> int:
        now = as_int(self._ledger.now())
        return min(now, as_int(noon(day))) if self._is_history() else now

    def _put(self, entity: str, doc: Doc, at: int) -> None:
        stamped = stamp(at)
        doc["domain"], doc["sparse"], doc["SyncToken"] = "QBO", False, "0"
        doc["MetaData"] = {"CreateTime": stamped, "LastUpdatedTime": stamped}
        if self._is_history():
            self._ledger.take(entity, doc)
        else:
            self._ledger.add(entity, doc)

    # Contacts

    def contacts(self, rows: Iterable[ContactRow]) -> None:
        """Load customers; a row that is there already changes it."""
        place = self._ledger.tables["Customer"].columns.index("DisplayName")
        self._names = {row.columns[place].casefold() for row in self._ledger.tables["Customer"]}
        with _bulk(self._ledger):
            for row in rows:
                stored = self._ledger.get("Customer", self.id_of("Customer", row.id))
                if stored is not None and row.id in self._contacts_seen:
                    self._change_customer(stored, row)
                else:
                    self._new_customer(row)
                self._contacts_seen.add(row.id)

    def _new_customer(self, row: ContactRow) -> None:
        name, number = row.name, 1
        # Display names are unique at QuickBooks; ledgers from outside need not have such names.
        while name.casefold() in self._names:
            number += 1
            name = f"{row.name} ({number})"
        self._names.add(name.casefold())
        doc = {
            "Id": self._id_for("Customer", row.id),
            "Taxable": False,
            "Job": False,
            "BillWithParent": False,
            "IsProject": False,
            "Balance": ZERO,
            "BalanceWithJobs": ZERO,
            "PreferredDeliveryMethod": "Email" if row.email else "Print",
            "FullyQualifiedName": name,
            "DisplayName": name,
            "CompanyName": name,
            "PrintOnCheckName": name,
            "Active": True,
            **self._customer(row),
        }
        self._put("Customer", doc, self._moment(row.created_on or self._company.today()))

    def _change_customer(self, known: Doc, row: ContactRow) -> None:
        changes = self._customer(row)
        if known["DisplayName"] != row.name and row.name.casefold() not in self._names:
            self._names.add(row.name.casefold())
            changes["DisplayName"] = row.name
        head = {"Id": known["Id"], "SyncToken": known["SyncToken"], "sparse": True}
        self._writer.write("Customer", {**head, **changes})

    def _customer(self, row: ContactRow) -> Doc:
        currency = row.currency or self._company.home_currency
        self._allow(currency)
        doc: Doc = {"CurrencyRef": currency_ref(currency)}
        if row.email:
            doc["PrimaryEmailAddr"] = {"Address": row.email}
        for name, part in zip(("GivenName", "FamilyName"), row.person_names, strict=True):
            if part:
                doc[name] = part
        for name, number in (("PrimaryPhone", row.phone), ("Mobile", row.mobile)):
            if number:
                doc[name] = {"FreeFormNumber": number}
        if row.has_address:
            place = (row.street, row.city, row.region, row.postcode, row.country)
            doc["BillAddr"] = address_doc(*place)
        if row.contact_group:
            name = row.contact_group[:GROUP_NAME_MAX]
            doc["CustomerTypeRef"] = {"value": self.group(name), "name": name}
        if row.terms_days is not None:
            id_, name = self.terms(row.terms_days)
            doc["SalesTermRef"] = {"value": id_, "name": name}
        return doc

    def _allow(self, currency: str) -> None:
        if currency != self._company.home_currency and not self._company.multicurrency:
            self._company.prefer("CurrencyPrefs", MultiCurrencyEnabled=True)

    def group(self, name: str) -> str:
        """The customer type of this name, made where there is none."""
        table = self._ledger.tables["CustomerType"]
        place = table.columns.index("Name")
        for row in table:
            if row.columns[place] == name:
                return row.id
        id_ = self._ledger.next_id("CustomerType")
        doc = {"Id": id_, "Name": name, "Active": True}
        self._put("CustomerType", doc, as_int(self._ledger.now()))
        return id_

    def terms(self, days: int) -> tuple[str, str]:
        """Id and name of terms of so many days, made where there are none."""
        table = self._ledger.tables["Term"]
        due, name = table.columns.index("DueDays"), table.columns.index("Name")
        for row in table:
            if row.columns[due] == days:
                return row.id, row.columns[name]
        id_, title = self._ledger.next_id("Term"), f"Net {days}"
        self._put("Term", {"Id": id_, **term(title, days)}, as_int(self._ledger.now()))
        return id_, title

    # Invoices

    def invoices(self, rows: Iterable[InvoiceRow]) -> None:
        """Load invoices; QuickBooks has no drafts, so those are left out."""
        with _bulk(self._ledger):
            customers: dict[str, Doc] = {}
            for row in rows:
                if row.status != "draft":
                    self._invoice(row, customers)

    def _invoice(self, row: InvoiceRow, customers: dict[str, Doc]) -> None:
        customer_id = self.id_of("Customer", row.contact_id)
        customer = customers.get(customer_id)
        if customer is None:
            stored = self._ledger.get("Customer", customer_id)
            if stored is None:
                raise LookupError(f"invoice {row.id} names no customer: {row.contact_id}")
            customer = customers[customer_id] = stored
        currency = row.currency or customer["CurrencyRef"]["value"]
        doc = self._form(row, customer, currency)
        self._note_number(doc)
        at = self._moment(row.issued_on)
        if row.status == "voided":
            self._writer.sales.void(doc)
        elif row.status == "paid":
            doc["Balance"] = ZERO
            self._ledger.settled["Invoice", doc["Id"]] = doc["TotalAmt"]
        self._put("Invoice", doc, at)
        if row.status == "deleted":
            with self._ledger.at(at):
                self._ledger.drop("Invoice", doc["Id"])

    def _form(self, row: InvoiceRow, customer: Doc, currency: str) -> Doc:
        total = money(row.total)
        due = row.due_on or row.issued_on + timedelta(days=30)
        doc = {
            "Id": self._id_for("Invoice", row.id),
            "AllowIPNPayment": False,
            "AllowOnlinePayment": False,
            "AllowOnlineCreditCardPayment": False,
            "AllowOnlineACHPayment": False,
            "CustomField": order_number(row.purchase_order),
            "TxnDate": row.issued_on.isoformat(),
            "CurrencyRef": currency_ref(currency),
            "LinkedTxn": [],
            "Line": _one_line(total),
            "TxnTaxDetail": {"TotalTax": ZERO},
            "CustomerRef": {"value": customer["Id"], "name": customer["DisplayName"]},
            "FreeFormAddress": True,
            "DueDate": due.isoformat(),
            "TotalAmt": total,
            "ApplyTaxAfterDiscount": False,
            "PrintStatus": "NeedToPrint",
            "EmailStatus": "NotSet",
            "Balance": total,
        }
        if row.number:
            doc["DocNumber"] = row.number[-NUMBER_MAX:]
        if "PrimaryEmailAddr" in customer:
            doc["BillEmail"] = {"Address": customer["PrimaryEmailAddr"]["Address"]}
        if "SalesTermRef" in customer:
            doc["SalesTermRef"] = customer["SalesTermRef"]
        self._add_rate(doc, currency)
        return doc

    def _add_rate(self, doc: Doc, currency: str) -> None:
        self._allow(currency)
        if not self._company.multicurrency:
            return
        doc.setdefault("ExchangeRate", rate(currency, self._company.home_currency))
        if "Balance" in doc:
            doc.setdefault("HomeTotalAmt", money(doc["TotalAmt"] * doc["ExchangeRate"]))
            doc.setdefault("HomeBalance", money(doc["Balance"] * doc["ExchangeRate"]))

    def _note_number(self, doc: Doc) -> None:
        # QuickBooks' next number follows the highest; a long one, such as a date, is no count.
        number = doc.get("DocNumber", "")
        if number.isdecimal() and len(number) < 10:
            sales = self._writer.sales
            sales.last_number = max(sales.last_number, int(number))

    # Payments

    def payments(self, rows: Iterable[PaymentRow]) -> None:
        """Load payments; what exceeds the invoice stays unapplied."""
        with _bulk(self._ledger):
            for row in rows:
                self.payment(row.id, self.id_of("Invoice", row.invoice_id), row.paid_on, row.amount)

    def payment(self, given_id: str, invoice_id: str, on: date, amount: Decimal) -> str:
        """Enter one payment of an invoice; returns its id."""
        invoice = self._ledger.get("Invoice", invoice_id)
        if invoice is None:
            raise LookupError(f"payment {given_id} names no invoice: {invoice_id}")
        target = ("Invoice", invoice_id)
        settled = self._ledger.settled.get(target, ZERO)
        applied = money(min(amount, Decimal(invoice["Balance"]) + settled))
        if settled:
            # The invoice was loaded as paid; this row is the payment that it did not have.
            self._ledger.settled[target] = settled - min(settled, applied)
        total = money(amount)
        link = {"TxnId": invoice_id, "TxnType": "Invoice"}
        line = {
            "Amount": applied,
            "LinkedTxn": [link],
            "LineEx": {"any": line_extras(link, invoice, {})},
        }
        doc = {
            "Id": self._id_for("Payment", given_id),
            "CustomerRef": invoice["CustomerRef"],
            "DepositToAccountRef": {"value": "4"},
            "TotalAmt": total,
            "UnappliedAmt": money(total - applied),
            "ProcessPayment": False,
            "TxnDate": on.isoformat(),
            "CurrencyRef": invoice["CurrencyRef"],
            "Line": [line] if applied else [],
        }
        if "ExchangeRate" in invoice:
            doc["ExchangeRate"] = invoice["ExchangeRate"]
        at = self._moment(on)
        self._put("Payment", doc, at)
        with self._ledger.at(at if self._is_history() else None):
            self._ledger.allocate(doc["Id"], None, doc)
        return str(doc["Id"])

    # Documents

    def documents(self, documents: dict[str, list[Doc]]) -> None:
        """Load documents as they are; amounts that do not add up are kept.

        Raises:
            ValueError: for a kind that is not kept here.
        """
        by_entity = {_entity_name(name): docs for name, docs in documents.items()}
        with _bulk(self._ledger):
            for entity in _LIST_ORDER:
                for doc in by_entity.get(entity, ()):
                    self._document(entity, _exact(doc))
            for doc in by_entity.get("Payment", ()):
                for target, amount in allocations(_exact(doc)).items():
                    self._ledger.applied.setdefault(target, {})[str(doc["Id"])] = amount
            for entity in ("Invoice", "CreditMemo"):
                for doc in by_entity.get(entity, ()):
                    self._settle(entity, _exact(doc))
        for doc in by_entity.get("Customer", ()):
            self._declare(_exact(doc))

    def _document(self, entity: str, doc: Doc) -> None:
        if entity in {"CompanyInfo", "Preferences"}:
            self._company_document(entity, doc)
            return
        now = stamp(as_int(self._ledger.now()))
        doc.setdefault("Id", self._ledger.next_id(entity))
        doc.setdefault("domain", "QBO")
        doc.setdefault("sparse", False)
        doc.setdefault("SyncToken", "0")
        meta = {"CreateTime": now, "LastUpdatedTime": now, **doc.get("MetaData", {})}
        doc["MetaData"] = meta
        if ENTITIES[entity].name_list:
            doc.setdefault("Active", True)
        if entity == "Customer":
            doc.setdefault("FullyQualifiedName", doc["DisplayName"])
            doc.setdefault("Balance", ZERO)
            doc.setdefault("BalanceWithJobs", ZERO)
        if entity in {"Invoice", "CreditMemo", "Payment", "Bill", "VendorCredit"}:
            doc.setdefault("CurrencyRef", currency_ref(self._company.home_currency))
            doc.setdefault("Line", [])
            self._allow(doc["CurrencyRef"]["value"])
        if entity in {"Invoice", "CreditMemo", "Payment"}:
            # A bill has the supplier's own number.
            self._note_number(doc)
        if entity in {"Invoice", "CreditMemo", "Bill", "VendorCredit"}:
            doc.setdefault("TotalAmt", money(number_lines(doc["Line"])[1]))
            doc.setdefault("Balance", doc["TotalAmt"])
        if entity == "Payment":
            doc.setdefault("UnappliedAmt", money(self._writer.payments.unapplied(doc)))
        self._ledger.take(entity, doc)
        if entity == "Customer":
            self._ledger.set_parent(doc["Id"], (doc.get("ParentRef") or {}).get("value", ""))

    def _company_document(self, entity: str, doc: Doc) -> None:
        current = self._company.info() if entity == "CompanyInfo" else self._company.preferences()
        for name, value in doc.items():
            if name not in {"Id", "SyncToken", "MetaData"}:
                merges = isinstance(value, dict)
                current[name] = {**current.get(name, {}), **value} if merges else value
        self._ledger.change(entity, current)

    def _settle(self, entity: str, doc: Doc) -> None:
        """Take what a document says is paid, but no payment explains, as paid."""
        stored = self._ledger.get(entity, str(doc["Id"]))
        if stored is None:
            return
        target = (entity, stored["Id"])
        paid = Decimal(stored["TotalAmt"]) - Decimal(stored["Balance"])
        unexplained = paid - Decimal(stored.get("Deposit") or 0) - self._ledger.allocated(target)
        if "Balance" in doc:
            if unexplained:
                self._ledger.settled[target] = unexplained
        else:
            self._ledger.refresh(entity, stored)
            self._ledger.rewrite(entity, stored)

    def _declare(self, doc: Doc) -> None:
        if "Balance" in doc:
            own = Decimal(doc["Balance"])
            self._ledger.declare(str(doc["Id"]), own, Decimal(doc.get("BalanceWithJobs", own)))


def address_doc(street: str, city: str, region: str, postcode: str, country: str) -> Doc:
    """An address with the fields that are filled in, as QuickBooks writes it."""
    fields = {
        "Line1": street,
        "City": city,
        "Country": country,
        "CountrySubDivisionCode": region,
        "PostalCode": postcode,
    }
    return {name: value for name, value in fields.items() if value}


def order_number(number: str) -> list[Doc]:
    """The custom fields of an invoice: the customer's order number, where it has one."""
    if not number:
        return []
    field = {"DefinitionId": "1", "Name": "P.O. Number", "Type": "StringType"}
    return [{**field, "StringValue": number[:CUSTOM_FIELD_MAX]}]


def rate(currency: str, home: str) -> Decimal:
    """Home units for one unit of a currency, for rows that name no rate."""
    if currency == home:
        return Decimal(1)
    return (_in_usd(currency) / _in_usd(home)).quantize(Decimal("0.000001")).normalize() + ZERO


def _in_usd(currency: str) -> Decimal:
    """What a unit is worth; for a currency of no fixed rate a made-up one, the same each time.

    Never 1: that is what the real service books by mistake, and would hide just this mistake.
    """
    fixed = _IN_USD.get(currency)
    if fixed is not None:
        return Decimal(fixed)
    return Decimal(50 + zlib.crc32(currency.encode()) % 900) / 1000


def _one_line(total: Decimal) -> list[Doc]:
    detail = {
        "ItemRef": {"value": "1", "name": "Services"},
        "UnitPrice": total,
        "Qty": 1,
        "ItemAccountRef": {"value": "82", "name": "Services"},
        "TaxCodeRef": {"value": "NON"},
    }
    return [
        {
            "Id": "1",
            "LineNum": 1,
            "Description": "Services",
            "Amount": total,
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": detail,
            "CustomExtensions": [],
        },
        {"Amount": total, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}},
    ]


def _entity_name(name: str) -> str:
    entity = name if name in ENTITIES else name.removesuffix("s")
    if entity not in ENTITIES:
        raise ValueError(f"QuickBooks keeps no {name}; there are: {', '.join(ENTITIES)}")
    return entity


def _exact(value: Any) -> Any:
    """A copy whose numbers are Decimal, whatever read them, and amounts have two places."""
    if isinstance(value, dict):
        return {
            name: money(str(each)) if name in _AMOUNTS and each is not None else _exact(each)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [_exact(each) for each in value]
    return Decimal(str(value)) if isinstance(value, float) else value


@contextmanager
def _bulk(ledger: QuickBooksLedger) -> Iterator[None]:
    """Write customers' balances once, and spare the garbage collector the growing heap."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
        ledger.settle_customers()
    finally:
        if collecting:
            gc.enable()
