"""One company at QuickBooks Online: the Book for the frame, and people's edits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import wraps
from typing import Any, ClassVar, ParamSpec, TypeVar

from flask import Blueprint

from arsync_sandbox.platform import (
    ContactRow,
    Frame,
    InvoiceRow,
    PaymentRow,
    SandboxOrganisation,
    SandboxSetting,
    Unpaid,
)
from arsync_sandbox.quickbooks import webhooks
from arsync_sandbox.quickbooks.api import QuickBooksApi
from arsync_sandbox.quickbooks.auth import IntuitAuth
from arsync_sandbox.quickbooks.company import DEFAULT_REALM, SandboxCompany
from arsync_sandbox.quickbooks.ledger import EntityChange, QuickBooksLedger
from arsync_sandbox.quickbooks.limits import API_PATH
from arsync_sandbox.quickbooks.loading import Loader, address_doc, rate
from arsync_sandbox.quickbooks.payments import credit_application
from arsync_sandbox.quickbooks.state import ledger_state
from arsync_sandbox.quickbooks.switches import SWITCHES
from arsync_sandbox.quickbooks.wire import Doc, money, stamp
from arsync_sandbox.quickbooks.writing import DocumentWriter

P = ParamSpec("P")
T = TypeVar("T")

FILES_PATH = "/v3/files/"

_WITH_CUSTOMER = ("Invoice", "CreditMemo", "Payment")
_NUMBERED = {"Bill": "S", "VendorCredit": "SC"}
"""How the numbers of vendors' documents begin."""


def _told(edit: Callable[P, T]) -> Callable[P, T]:
    """Pass the changes of a person's edit to the webhooks."""

    @wraps(edit)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return edit(*args, **kwargs)
        finally:
            book = args[0]
            assert isinstance(book, QuickBooksBook), "only its methods are wrapped"
            book.flush()

    return wrapped


class QuickBooksBook:
    """A company's ledger, served as QuickBooks Online serves it.

    Args:
        frame: the server.
        organisation: whose ledger.
    """

    name = "quickbooks"
    settings: ClassVar[tuple[SandboxSetting, ...]] = SWITCHES

    def __init__(
        self, frame: Frame, organisation: SandboxOrganisation, oauth: IntuitAuth | None = None
    ) -> None:
        self._frame = frame
        self.oauth = oauth or IntuitAuth(frame)
        realm = organisation.id or str(int(DEFAULT_REALM) + len(self.oauth.companies))
        self.organisation = replace(organisation, id=realm)
        self.oauth.companies.append(self.organisation)
        self.ledger = QuickBooksLedger(frame.now)
        self.company = SandboxCompany(self.ledger, self.organisation)
        self.writer = DocumentWriter(frame, self.ledger, self.company)
        self.api = QuickBooksApi(
            frame, self.ledger, self.company, self.writer, self.oauth, flush=self.flush
        )
        self.loader = Loader(self.ledger, self.company, self.writer, lambda: not self.api.served)
        # The company's own accounts and items were there before anyone could hear of them.
        self.ledger.changes.clear()

    def beside(self, organisation: SandboxOrganisation) -> QuickBooksBook:
        """Another company behind the same sign-in."""
        return QuickBooksBook(self._frame, organisation, self.oauth)

    def asked_for(self, environ: Mapping[str, Any]) -> str:
        """The realm in the path of an API call, or of a file's link."""
        path: str = environ.get("PATH_INFO", "")
        for prefix in (API_PATH, FILES_PATH):
            if path.startswith(prefix):
                return path.removeprefix(prefix).partition("/")[0]
        return ""

    def blueprint(self) -> Blueprint:
        """The routes of QuickBooks Online."""
        return self.api.blueprint()

    def setting_changed(self, name: str) -> None:
        """Follow a switch that is kept elsewhere."""
        if name == "quickbooks_refresh_grace":
            self.oauth.keep_grace(kept=bool(self._frame.setting(name)))

    def flush(self) -> None:
        """Tell the webhooks what has changed since the last time."""
        changes = list(self.ledger.changes)
        self.ledger.changes.clear()
        webhooks.tell(self._frame, self.company.realm, changes)

    # Loading

    def load_contacts(self, rows: Iterable[ContactRow]) -> None:
        """Load customers; a group becomes a CustomerType, terms a Term."""
        self._loaded(lambda: self.loader.contacts(rows))

    def load_invoices(self, rows: Iterable[InvoiceRow]) -> None:
        """Load invoices; an id that is no free number takes the next one."""
        self._loaded(lambda: self.loader.invoices(rows))

    def load_payments(self, rows: Iterable[PaymentRow]) -> None:
        """Load payments of invoices."""
        self._loaded(lambda: self.loader.payments(rows))

    def load_documents(self, documents: dict[str, list[dict[str, Any]]]) -> None:
        """Load documents as QuickBooks writes them: `{"Invoice": [...], "Payment": [...]}`.

        `Preferences` and `CompanyInfo` need only say what differs.
        """
        self._loaded(lambda: self.loader.documents(documents))

    def _loaded(self, load: Callable[[], None]) -> None:
        # Before the first request, rows are history: no webhook, and stamps of their own days.
        history = not self.api.served
        self.ledger.quiet = history
        try:
            load()
        finally:
            self.ledger.quiet = False
            if history:
                self.ledger.changes.clear()
            else:
                self.flush()

    # Debtors

    def unpaid(self) -> list[Unpaid]:
        """Every invoice with something open."""
        table = self.ledger.tables["Invoice"]
        balance = table.columns.index("Balance")
        return [self._unpaid(row.doc()) for row in table.in_order() if row.columns[balance]]

    def _unpaid(self, doc: Doc) -> Unpaid:
        return Unpaid(
            invoice_id=doc["Id"],
            contact_id=doc["CustomerRef"]["value"],
            number=doc.get("DocNumber", ""),
            issued_on=date.fromisoformat(doc["TxnDate"]),
            due_on=date.fromisoformat(doc.get("DueDate") or doc["TxnDate"]),
            currency=doc["CurrencyRef"]["value"],
            total=Decimal(doc["TotalAmt"]),
            amount_due=Decimal(doc["Balance"]),
            emails_received=self.api.sender.received.get(doc["Id"], 0),
        )

    @_told
    def pay(self, invoice_id: str, amount: Decimal, on: date) -> str:
        """Record a customer's payment as the bank feed would; returns the payment's id."""
        invoice = self._stored("Invoice", invoice_id)
        if amount > Decimal(invoice["Balance"]):
            raise ValueError(f"invoice {invoice_id} has only {invoice['Balance']} open")
        link = {"TxnId": invoice["Id"], "TxnType": "Invoice"}
        return self._create(
            "Payment",
            {
                "CustomerRef": {"value": invoice["CustomerRef"]["value"]},
                "CurrencyRef": {"value": invoice["CurrencyRef"]["value"]},
                **_rate_of(invoice),
                "TotalAmt": money(amount),
                "TxnDate": on.isoformat(),
                "Line": [{"Amount": money(amount), "LinkedTxn": [link]}],
            },
        )

    @_told
    def void(self, invoice_id: str) -> None:
        """Void an invoice."""
        self._again("Invoice", invoice_id, "void")

    def state(self) -> dict[str, Any]:
        """The ledger in the words that both platforms share."""
        return ledger_state(self.ledger)

    # What a person does in QuickBooks itself

    def _stored(self, entity: str, id_: str) -> Doc:
        doc = self.ledger.get(entity, self.loader.id_of(entity, id_))
        if doc is None:
            raise LookupError(f"there is no {entity} {id_}")
        return doc

    def _day_rate(self, currency: str) -> Doc:
        """The rate that QuickBooks' own screens fill in; who writes by the API has to name one."""
        if not self.company.multicurrency:
            return {}
        return {"ExchangeRate": rate(currency, self.company.home_currency)}

    def _create(self, entity: str, body: Doc) -> str:
        return str(self.writer.write(entity, body)["Id"])

    def _again(self, entity: str, id_: str, operation: str, **changes: Any) -> Doc:
        doc = self._stored(entity, id_)
        body = {"Id": doc["Id"], "SyncToken": doc["SyncToken"], "sparse": True, **changes}
        return self.writer.write(entity, body, operation)

    @_told
    def credit(self, contact_id: str, amount: Decimal, invoice_id: str = "") -> str:
        """Issue a credit memo, applied to the invoice where one is named; returns its id."""
        customer = self._stored("Customer", contact_id)
        currency = customer["CurrencyRef"]["value"]
        invoice = self._stored("Invoice", invoice_id) if invoice_id else None
        line = {
            "Amount": money(amount),
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
        }
        body = {
            "CustomerRef": {"value": customer["Id"]},
            "CurrencyRef": {"value": currency},
            **(_rate_of(invoice) or self._day_rate(currency)),
            "Line": [line],
        }
        credit = self._create("CreditMemo", body)
        if invoice is not None:
            used = money(min(amount, Decimal(invoice["Balance"])))
            applied = credit_application(customer["Id"], currency, used, invoice["Id"], credit)
            self._create("Payment", {**applied, **_rate_of(invoice)})
        return credit

    @_told
    def prepay(self, contact_id: str, amount: Decimal) -> str:
        """Receive money that belongs to no invoice yet; returns the payment's id."""
        customer = self._stored("Customer", contact_id)
        currency = customer["CurrencyRef"]["value"]
        return self._create(
            "Payment",
            {
                "CustomerRef": {"value": customer["Id"]},
                "CurrencyRef": {"value": currency},
                **self._day_rate(currency),
                "TotalAmt": money(amount),
            },
        )

    @_told
    def delete_payment(self, payment_id: str) -> None:
        """Take a payment back; the invoice is owed again."""
        self._again("Payment", payment_id, "delete")

    @_told
    def rename(self, contact_id: str, name: str) -> None:
        """Give a customer another display name."""
        self._again("Customer", contact_id, "update", DisplayName=name)

    @_told
    def set_email(self, contact_id: str, email: str) -> None:
        """Change a customer's address; issued invoices keep theirs."""
        self._again("Customer", contact_id, "update", PrimaryEmailAddr={"Address": email})

    @_told
    def set_address(self, contact_id: str, street: str, city: str, postcode: str) -> None:
        """Change where a customer's invoices go, within its country."""
        customer = self.ledger.get("Customer", contact_id) or {}
        country = customer.get("BillAddr", {}).get("Country", "")
        address = address_doc(street, city, "", postcode, country)
        self._again("Customer", contact_id, "update", BillAddr=address)

    @_told
    def archive(self, contact_id: str) -> None:
        """Make a customer inactive."""
        self._again("Customer", contact_id, "update", Active=False)

    @_told
    def merge(self, contact_id: str, into_id: str) -> None:
        """Merge a customer into another one, which takes its documents; it is gone then."""
        loser, winner = self._stored("Customer", contact_id), self._stored("Customer", into_id)
        if loser["Id"] == winner["Id"]:
            raise ValueError("a customer cannot be merged into itself")
        for entity, doc in list(self.ledger.documents(_WITH_CUSTOMER, loser["Id"])):
            doc["CustomerRef"] = {"value": winner["Id"], "name": winner["DisplayName"]}
            self.ledger.change(entity, doc)
        for child in list(self.ledger.children.get(loser["Id"], ())):
            self._again("Customer", child, "update", ParentRef={"value": winner["Id"]})
        self.ledger.set_parent(loser["Id"], "")
        self.ledger.settle_customers()
        self.ledger.drop("Customer", loser["Id"])
        # A merge has an event of its own, which names both; to a query the loser is just gone.
        self.ledger.changes[-1] = EntityChange("Customer", winner["Id"], "Merge", loser["Id"])
        self.loader.ids["Customer", contact_id] = winner["Id"]

    @_told
    def set_due_date(self, invoice_id: str, on: date) -> None:
        """Agree on another due date."""
        self._again("Invoice", invoice_id, "update", DueDate=on.isoformat())

    @_told
    def move_invoice(self, invoice_id: str, contact_id: str) -> None:
        """Put an invoice under another customer."""
        customer = self._stored("Customer", contact_id)
        changes: Doc = {"CustomerRef": {"value": customer["Id"]}}
        if "PrimaryEmailAddr" in customer:
            # The form puts the customer's own address in when the customer is chosen.
            changes["BillEmail"] = customer["PrimaryEmailAddr"]
        self._again("Invoice", invoice_id, "update", **changes)

    @_told
    def set_notes(self, contact_id: str, text: str) -> None:
        """Write into Customer.Notes."""
        self._again("Customer", contact_id, "update", Notes=text)

    @_told
    def set_terms(self, contact_id: str, days: str) -> None:
        """Make a customer's invoices due this many days after their date."""
        terms = (row.doc() for row in self.ledger.tables["Term"].in_order())
        fitting = [term["Id"] for term in terms if str(term.get("DueDays")) == days]
        term = (
            fitting[0]
            if fitting
            else self._create("Term", {"Name": f"Net {days}", "DueDays": int(days)})
        )
        self._again("Customer", contact_id, "update", SalesTermRef={"value": term})

    @_told
    def set_private_note(self, invoice_id: str, text: str) -> None:
        """Write into Invoice.PrivateNote."""
        self._again("Invoice", invoice_id, "update", PrivateNote=text)

    @_told
    def set_einvoice_status(self, invoice_id: str, status: str) -> None:
        """Set Invoice.EInvoiceStatus, which no app can write; empty takes it away."""
        doc = dict(self._stored("Invoice", invoice_id))
        doc.pop("EInvoiceStatus", None)
        if status:
            changed_at = stamp(self.ledger.moment())
            doc |= {"EInvoiceStatus": status, "ECloudStatusTimeStamp": changed_at}
        if self._frame.setting("quickbooks_einvoice_status_is_a_change"):
            self.ledger.change("Invoice", doc)
        else:
            self.ledger.rewrite("Invoice", doc)

    @_told
    def delete_invoice(self, invoice_id: str) -> None:
        """Delete an invoice for good."""
        self._again("Invoice", invoice_id, "delete")

    @_told
    def create_invoice(self, contact_id: str, amount: Decimal, on: date, due_on: date) -> str:
        """Issue an invoice; returns its id."""
        customer = self._stored("Customer", contact_id)
        line = {
            "Amount": money(amount),
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {"ItemRef": {"value": "1"}, "Qty": 1, "UnitPrice": amount},
        }
        body = {
            "CustomerRef": {"value": customer["Id"]},
            "CurrencyRef": {"value": customer["CurrencyRef"]["value"]},
            **self._day_rate(customer["CurrencyRef"]["value"]),
            "TxnDate": on.isoformat(),
            "DueDate": due_on.isoformat(),
            "Line": [line],
        }
        if "PrimaryEmailAddr" in customer:
            body["BillEmail"] = customer["PrimaryEmailAddr"]
        return self._create("Invoice", body)

    @_told
    def enter_bill(self, contact_id: str, amount: Decimal, on: date, due_on: date) -> str:
        """Enter a bill of a customer that is a supplier too; returns its id."""
        days = {"TxnDate": on.isoformat(), "DueDate": due_on.isoformat()}
        bill = {**self._from_vendor("Bill", contact_id, amount), **days, "Balance": money(amount)}
        return str(self.ledger.add("Bill", bill)["Id"])

    @_told
    def enter_supplier_credit(
        self, contact_id: str, amount: Decimal, kind: str = "credit note"
    ) -> str:
        """Enter what a supplier owes back; returns its id."""
        if kind != "credit note":
            raise ValueError("QuickBooks has credits of vendors, and no other kind")
        credit = self._from_vendor("VendorCredit", contact_id, amount)
        credit["TxnDate"] = self.company.today().isoformat()
        if self._frame.setting("quickbooks_vendor_credit_balance"):
            credit["Balance"] = money(amount)
        return str(self.ledger.add("VendorCredit", credit)["Id"])

    @_told
    def use_supplier_credit(self, credit_id: str, bill_id: str, amount: Decimal) -> None:
        """Apply an amount of a vendor's credit to a bill, as a payment of nothing does."""
        credit, bill = self._stored("VendorCredit", credit_id), self._stored("Bill", bill_id)
        unapplied = Decimal(credit["Balance" if "Balance" in credit else "TotalAmt"])
        if not 0 < amount <= min(unapplied, Decimal(bill["Balance"])):
            raise ValueError(f"{amount} of {credit_id} cannot be applied to bill {bill_id}")
        if "Balance" in credit:
            credit = {**credit, "Balance": money(unapplied - amount)}
        self.ledger.change("VendorCredit", credit)
        owed = money(Decimal(bill["Balance"]) - amount)
        self.ledger.change("Bill", {**bill, "Balance": owed})

    def _from_vendor(self, entity: str, contact_id: str, amount: Decimal) -> Doc:
        """Return a document of the vendor that a customer is as well, without its days.

        Names are unique among customers and vendors together, so the vendor is called otherwise.
        """
        customer = self._stored("Customer", contact_id)
        name = f"{customer['DisplayName']} (supplier)"
        vendors = (row.doc() for row in self.ledger.tables["Vendor"].in_order())
        vendor = next((doc["Id"] for doc in vendors if doc["DisplayName"] == name), None)
        if vendor is None:
            company = {"DisplayName": name, "CompanyName": customer["DisplayName"]}
            vendor = self._create("Vendor", company)
        return {
            "VendorRef": {"value": vendor, "name": name},
            "CurrencyRef": customer["CurrencyRef"],
            **({"ExchangeRate": Decimal(1)} if self.company.multicurrency else {}),
            "DocNumber": f"{_NUMBERED[entity]}-{len(self.ledger.tables[entity]) + 1}",
            "TotalAmt": money(amount),
            "Line": [],
        }

    @_told
    def pay_bill(self, bill_id: str, amount: Decimal) -> str:
        """Record a payment to a supplier; returns the bill's id."""
        bill = self._stored("Bill", bill_id)
        if amount > Decimal(bill["Balance"]):
            raise ValueError(f"bill {bill_id} has only {bill['Balance']} open")
        left = money(Decimal(bill["Balance"]) - amount)
        return str(self.ledger.change("Bill", {**bill, "Balance": left})["Id"])

    @_told
    def subscribe(self, status: str) -> None:
        """Set the state of the subscription: `SUBSCRIBED`, or `EXPIRED` for a lapse."""
        self.company.subscribe(status)

    def disconnect(self) -> None:
        """Withdraw every app's access to this company."""
        self.oauth.end_of(self.organisation.id)


def _rate_of(doc: Doc | None) -> Doc:
    return {"ExchangeRate": doc["ExchangeRate"]} if doc and "ExchangeRate" in doc else {}
