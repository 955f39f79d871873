"""Payments and deposits: what money is applied to, and what is in the bank."""

from __future__ import annotations

import copy
from decimal import Decimal

from arsync_sandbox.quickbooks import faults
from arsync_sandbox.quickbooks.company import UNDEPOSITED_FUNDS, SandboxCompany, currency_ref
from arsync_sandbox.quickbooks.ledger import QuickBooksLedger, Target, allocations
from arsync_sandbox.quickbooks.sales import VOIDED, tidy
from arsync_sandbox.quickbooks.wire import NAMESPACE, ZERO, Doc, money

CREDIT_NOTE_TEXT = "Created by QB Online to link credits to charges."
"""The PrivateNote of the payment of nothing that applies a credit memo."""

_FROZEN_ONCE_DEPOSITED = ("TotalAmt", "DepositToAccountRef", "CurrencyRef", "CustomerRef")


class Payments:
    """What makes a payment or a deposit complete.

    Args:
        ledger: the books.
        company: for currencies and days.
    """

    def __init__(self, ledger: QuickBooksLedger, company: SandboxCompany) -> None:
        self._ledger = ledger
        self._company = company

    def require(self, entity: str, doc: Doc) -> None:
        """Refuse a payment or deposit without what each needs.

        Raises:
            Refusal: 2020.
        """
        if entity == "Payment":
            if not (doc.get("CustomerRef") or {}).get("value"):
                raise faults.missing("CustomerRef")
            if doc.get("TotalAmt") is None:
                raise faults.missing("TotalAmt")
        elif not doc.get("Line"):
            raise faults.missing("Line")
        elif not (doc.get("DepositToAccountRef") or {}).get("value"):
            raise faults.missing("DepositToAccountRef")
        for line in doc.get("Line") or ():
            if line.get("Amount") is None:
                raise faults.missing("Line.Amount")

    def complete(self, doc: Doc, before: Doc | None) -> None:
        """Fill in a payment and check what it is applied to.

        Raises:
            Refusal: 6000 when more is applied than is there or than is open.
        """
        doc.setdefault("TxnDate", self._company.today().isoformat())
        doc.setdefault("DepositToAccountRef", {"value": UNDEPOSITED_FUNDS})
        doc.setdefault("ProcessPayment", False)
        doc["CurrencyRef"] = currency_ref(
            (doc.get("CurrencyRef") or {}).get("value") or self.currency_of(doc)
        )
        if self._company.multicurrency:
            doc["ExchangeRate"] = Decimal(doc.get("ExchangeRate") or 1)
        else:
            doc.pop("ExchangeRate", None)
        doc["TotalAmt"] = money(doc["TotalAmt"])
        doc["Line"] = [tidy(line) for line in doc.get("Line") or ()]
        if before is None or before.get("Line") != doc["Line"]:
            doc["Line"] = [self._line(line, before) for line in doc["Line"]]
        doc["UnappliedAmt"] = money(self.unapplied(doc))
        if doc["UnappliedAmt"] < 0:
            raise faults.business("More is applied than was paid")
        self._check_targets(doc, before)

    def currency_of(self, doc: Doc) -> str:
        """The currency of a document's customer."""
        customer = self._ledger.get("Customer", doc["CustomerRef"]["value"]) or {}
        code: str = (customer.get("CurrencyRef") or {}).get("value", self._company.home_currency)
        return code

    def _line(self, line: Doc, before: Doc | None) -> Doc:
        amount = money(line["Amount"])
        links = line.get("LinkedTxn") or []
        whole: Doc = {"Amount": amount, "LinkedTxn": links}
        if links:
            target = (
                self._ledger.get(links[0]["TxnType"], links[0]["TxnId"])
                if (links[0]["TxnType"] in {"Invoice", "CreditMemo"})
                else None
            )
            own = allocations(before) if before else {}
            whole["LineEx"] = {"any": line_extras(links[0], target, own)}
        return whole

    def unapplied(self, doc: Doc) -> Decimal:
        """What is left of a payment; lines to credit memos bring money."""
        amount = Decimal(doc["TotalAmt"])
        for line in doc["Line"]:
            links = line.get("LinkedTxn") or []
            is_credit = bool(links) and links[0]["TxnType"] == "CreditMemo"
            amount += line["Amount"] if is_credit else -line["Amount"]
        return amount

    def _check_targets(self, doc: Doc, before: Doc | None) -> None:
        own = allocations(before) if before else {}
        family = self._root(doc["CustomerRef"]["value"])
        for target, amount in allocations(doc).items():
            entity, id_ = target
            against = self._ledger.get(entity, id_)
            if against is None:
                continue
            if self._root(against["CustomerRef"]["value"]) != family:
                raise faults.business(f"{entity} {id_} belongs to another customer")
            if against["CurrencyRef"]["value"] != doc["CurrencyRef"]["value"]:
                raise faults.business(f"{entity} {id_} is in another currency")
            # Its own share is not in the open balance: an update that repeats it asks for no more.
            was = own.get(target, ZERO)
            if amount != was and amount > Decimal(against["Balance"]) + was:
                raise faults.business(f"More is applied to {entity} {id_} than is open on it")

    def _root(self, customer: str) -> str:
        return list(self._ledger.lineage(customer))[-1]

    def check_not_deposited(self, doc: Doc, after: Doc | None) -> None:
        """Refuse to change money that is in the bank.

        Raises:
            Refusal: 6540.
        """
        if not any(link["TxnType"] == "Deposit" for link in doc.get("LinkedTxn", ())):
            return
        if after is None or any(doc.get(n) != after.get(n) for n in _FROZEN_ONCE_DEPOSITED):
            raise faults.deposited()

    def void(self, doc: Doc) -> Doc:
        """Make a payment void: nothing paid, nothing applied."""
        note = doc.get("PrivateNote")
        doc["PrivateNote"] = f"{VOIDED} - {note}" if note else VOIDED
        doc["TotalAmt"] = doc["UnappliedAmt"] = ZERO
        doc["Line"] = []
        return doc

    def release(self, target: Target) -> None:
        """Take all payments off a document that is voided or deleted."""
        for id_ in list(self._ledger.applied.get(target, {})):
            payment = self._ledger.get("Payment", id_)
            if payment is None:
                continue
            # The document itself is changed by whoever asked for this, once.
            payment["Line"] = [line for line in payment["Line"] if not _leads_to(line, target)]
            before = copy.deepcopy(payment)
            self._trim(payment)
            payment["UnappliedAmt"] = money(self.unapplied(payment))
            self._ledger.applied[target].pop(id_, None)
            if not payment["TotalAmt"] and _no_debts(payment):
                # A payment of nothing only tied the two together: with one gone, so is it.
                self._ledger.allocate(id_, before, None)
                self._ledger.drop("Payment", id_)
            else:
                self._ledger.allocate(id_, before, payment)
                self._ledger.change("Payment", payment)
        self._ledger.settled.pop(target, None)

    def _trim(self, payment: Doc) -> None:
        """Apply less where a credit that paid for it is gone, from the last line upwards."""
        for line in reversed(payment["Line"]):
            short = -self.unapplied(payment)
            if short <= 0:
                break
            if not any(link["TxnType"] == "CreditMemo" for link in line["LinkedTxn"]):
                line["Amount"] = money(max(ZERO, line["Amount"] - short))
        payment["Line"] = [line for line in payment["Line"] if line["Amount"]]

    # Deposits

    def complete_deposit(self, doc: Doc) -> None:
        """Fill in a deposit."""
        doc.setdefault("TxnDate", self._company.today().isoformat())
        doc["CurrencyRef"] = currency_ref(
            (doc.get("CurrencyRef") or {}).get("value") or self._company.home_currency
        )
        doc["Line"] = [tidy(line) for line in doc["Line"]]
        for line in doc["Line"]:
            line["Amount"] = money(line["Amount"])
        doc["TotalAmt"] = money(sum((line["Amount"] for line in doc["Line"]), ZERO))

    def bank(self, deposit: Doc, before: Doc | None) -> None:
        """Show on each payment that it was deposited, or is no more."""
        old = payments_in(before) if before else []
        new = payments_in(deposit) if deposit.get("Line") else []
        for id_ in dict.fromkeys([*old, *new]):
            payment = self._ledger.get("Payment", id_)
            if payment is None or (id_ in old and id_ in new):
                continue
            links = [link for link in payment.get("LinkedTxn", ()) if link["TxnType"] != "Deposit"]
            if id_ in new:
                links.append({"TxnId": deposit["Id"], "TxnType": "Deposit"})
            payment["LinkedTxn"] = links
            self._ledger.change("Payment", payment)


def payments_in(deposit: Doc) -> list[str]:
    """The ids of the payments that a deposit took to the bank."""
    return [
        link["TxnId"]
        for line in deposit.get("Line", ())
        for link in line.get("LinkedTxn", ())
        if link["TxnType"] == "Payment"
    ]


def line_extras(link: Doc, target: Doc | None, own: dict[Target, Decimal]) -> list[Doc]:
    """The name-value pairs by which a payment line tells what it was applied to."""
    pairs = {"txnId": link["TxnId"]}
    if target is not None:
        open_before = Decimal(target["Balance"]) + own.get((link["TxnType"], target["Id"]), ZERO)
        pairs["txnOpenBalance"] = f"{open_before:.2f}"
        if target.get("DocNumber"):
            pairs["txnReferenceNumber"] = target["DocNumber"]
    return [
        {
            "name": f"{{{NAMESPACE}}}NameValue",
            "declaredType": "com.intuit.schema.finance.v3.NameValue",
            "scope": "javax.xml.bind.JAXBElement$GlobalScope",
            "value": {"Name": name, "Value": value},
            "nil": False,
            "globalScope": True,
            "typeSubstituted": False,
        }
        for name, value in pairs.items()
    ]


def credit_application(
    customer: str, currency: str, amount: Decimal, invoice: str, credit: str
) -> Doc:
    """The payment of nothing that uses up a credit memo on an invoice."""
    return {
        "CustomerRef": {"value": customer},
        "CurrencyRef": {"value": currency},
        "TotalAmt": ZERO,
        "PrivateNote": CREDIT_NOTE_TEXT,
        "Line": [
            {"Amount": amount, "LinkedTxn": [{"TxnId": invoice, "TxnType": "Invoice"}]},
            {"Amount": amount, "LinkedTxn": [{"TxnId": credit, "TxnType": "CreditMemo"}]},
        ],
    }


def _leads_to(line: Doc, target: Target) -> bool:
    return any((link["TxnType"], link["TxnId"]) == target for link in line.get("LinkedTxn", ()))


def _no_debts(payment: Doc) -> bool:
    """Whether nothing is left in a payment but credits."""
    return all(
        link["TxnType"] == "CreditMemo"
        for line in payment["Line"]
        for link in line.get("LinkedTxn", ())
    )
