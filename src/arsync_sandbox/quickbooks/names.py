"""Customers and the other name lists: unique names, parents, inactive rows."""

from __future__ import annotations

from arsync_sandbox.platform import Frame
from arsync_sandbox.quickbooks import faults
from arsync_sandbox.quickbooks.company import SandboxCompany, currency_ref
from arsync_sandbox.quickbooks.ledger import QuickBooksLedger
from arsync_sandbox.quickbooks.wire import ZERO, Doc

DELETED_SUFFIX = " (deleted)"
"""What an inactive customer's names end with."""

LEVELS_MAX = 5
"""How deep customers nest, the parent included."""

PEOPLE = ("Customer", "Vendor", "Employee")
"""The lists that share one set of names."""

DELIVERY_METHODS = frozenset({"Print", "Email", "None"})
"""What Customer.PreferredDeliveryMethod may be."""

_NAME_PARTS = ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")
_WITH_CUSTOMER = ("Invoice", "CreditMemo", "Payment")


class NameRules:
    """What makes a customer, vendor, employee, term or item complete.

    Args:
        frame: for the switches.
        ledger: the books.
        company: for the home currency.
    """

    def __init__(self, frame: Frame, ledger: QuickBooksLedger, company: SandboxCompany) -> None:
        self._frame = frame
        self._ledger = ledger
        self._company = company

    def require(self, entity: str, doc: Doc) -> None:
        """Refuse a row without a name.

        Raises:
            Refusal: 2020, or 2170 for a way of delivery that does not exist.
        """
        if entity not in PEOPLE:
            if not doc.get("Name"):
                raise faults.missing("Name")
            if entity == "Item" and not (doc.get("IncomeAccountRef") or {}).get("value"):
                raise faults.missing("IncomeAccountRef")
            return
        if not doc.get("DisplayName"):
            doc["DisplayName"] = " ".join(str(doc[n]) for n in _NAME_PARTS if doc.get(n))
        if not doc["DisplayName"]:
            raise faults.missing("DisplayName")
        method = doc.get("PreferredDeliveryMethod")
        if method is not None and method not in DELIVERY_METHODS:
            raise faults.invalid_value("PreferredDeliveryMethod", method)

    def check_unique(self, entity: str, doc: Doc, before: Doc | None) -> None:
        """Refuse a name that another row has.

        Raises:
            Refusal: 6240.
        """
        # Customers, vendors and employees share one set of names.
        key = "DisplayName" if entity in PEOPLE else "Name"
        if before is not None and before[key] == doc[key]:
            return
        name = doc[key].casefold()
        for each in PEOPLE if entity in PEOPLE else (entity,):
            place = self._ledger.tables[each].columns.index(key)
            for row in self._ledger.tables[each]:
                same_row = each == entity and row.id == doc.get("Id")
                if not same_row and str(row.columns[place]).casefold() == name:
                    raise faults.duplicate_name()

    def complete(self, entity: str, doc: Doc, before: Doc | None) -> None:
        """Fill in what the platform works out.

        Raises:
            Refusal: 6000 for a parent or currency that cannot be.
        """
        doc.setdefault("Active", True)
        if entity == "Term":
            doc.setdefault("DueDays", 0)
            doc["Type"] = "DateDriven" if doc.get("DayOfMonthDue") else "Standard"
        if entity == "Item":
            doc.setdefault("Type", "Service")
            doc.setdefault("FullyQualifiedName", doc["Name"])
        if entity not in PEOPLE:
            return
        self._mark_inactive(doc, before)
        doc.setdefault("PrintOnCheckName", doc["DisplayName"])
        if entity == "Customer":
            self._complete_customer(doc, before)

    def _mark_inactive(self, doc: Doc, before: Doc | None) -> None:
        was_active = before is None or before.get("Active", True)
        if was_active and not doc["Active"]:
            doc["DisplayName"] = doc["DisplayName"].removesuffix(DELETED_SUFFIX) + DELETED_SUFFIX
        elif not was_active and doc["Active"]:
            doc["DisplayName"] = doc["DisplayName"].removesuffix(DELETED_SUFFIX)

    def _complete_customer(self, doc: Doc, before: Doc | None) -> None:
        doc.setdefault("Taxable", False)
        doc.setdefault("BillWithParent", False)
        doc.setdefault("IsProject", False)
        doc.setdefault("PreferredDeliveryMethod", "Print")
        doc.setdefault("Balance", ZERO)
        doc.setdefault("BalanceWithJobs", ZERO)
        self._currency(doc, before)
        # The schema has the field; whether an app may write it is not documented: a switch.
        if not self._frame.setting("quickbooks_customer_type_writable"):
            doc.pop("CustomerTypeRef", None)
            if before is not None and "CustomerTypeRef" in before:
                doc["CustomerTypeRef"] = before["CustomerTypeRef"]
        self._place(doc)

    def _currency(self, doc: Doc, before: Doc | None) -> None:
        home = self._company.home_currency
        sent = (doc.get("CurrencyRef") or {}).get("value")
        was = (before.get("CurrencyRef") or {}).get("value", home) if before else home
        code = sent or was
        if code != home and not self._company.multicurrency:
            raise faults.business("Multicurrency is off")
        if before is not None and code != was and self.is_used(doc["Id"]):
            raise faults.business("The currency of a customer is fixed once used")
        doc["CurrencyRef"] = currency_ref(code)

    def is_used(self, customer: str) -> bool:
        """Whether any document names this customer."""
        return next(self._ledger.documents(_WITH_CUSTOMER, customer), None) is not None

    def _place(self, doc: Doc) -> None:
        parent_id = (doc.get("ParentRef") or {}).get("value", "")
        doc["Job"] = bool(parent_id)
        if not parent_id:
            doc.pop("Level", None)
            doc["FullyQualifiedName"] = doc["DisplayName"]
            return
        lineage = list(self._ledger.lineage(parent_id))
        if doc.get("Id") in lineage:
            raise faults.business("A customer cannot be below itself")
        if len(lineage) >= LEVELS_MAX:
            raise faults.business(f"Customers nest {LEVELS_MAX} levels deep at most")
        parent = self._ledger.get("Customer", parent_id) or {}
        doc["Level"] = len(lineage)
        doc["FullyQualifiedName"] = f"{parent['FullyQualifiedName']}:{doc['DisplayName']}"

    def spread(self, doc: Doc, before: Doc | None) -> None:
        """Carry a customer's place and name to its balances, jobs and documents."""
        id_ = doc["Id"]
        self._ledger.set_parent(id_, (doc.get("ParentRef") or {}).get("value", ""))
        if before is None:
            return
        if before["FullyQualifiedName"] != doc["FullyQualifiedName"]:
            for child in self._ledger.children.get(id_, ()):
                job = self._ledger.get("Customer", child)
                if job is not None:
                    old = {**job}
                    self._place(job)
                    self._ledger.change("Customer", job, raise_token=False)
                    self.spread(job, old)
        if before["DisplayName"] != doc["DisplayName"]:
            # References show the present name; that is no change of the document.
            name = {"value": id_, "name": doc["DisplayName"]}
            for entity, form in list(self._ledger.documents(_WITH_CUSTOMER, id_)):
                form["CustomerRef"] = name
                self._ledger.rewrite(entity, form)
