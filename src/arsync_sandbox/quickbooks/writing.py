"""Creating, updating, deleting and voiding documents, with every check in QuickBooks' order.

The order is part of the behaviour: a request with two mistakes is refused for the first one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from arsync_sandbox.platform import Frame
from arsync_sandbox.quickbooks import faults, journal
from arsync_sandbox.quickbooks.company import SandboxCompany
from arsync_sandbox.quickbooks.entities import ENTITIES
from arsync_sandbox.quickbooks.ledger import QuickBooksLedger
from arsync_sandbox.quickbooks.names import PEOPLE, NameRules
from arsync_sandbox.quickbooks.payments import Payments
from arsync_sandbox.quickbooks.references import check_references, check_target, name_references
from arsync_sandbox.quickbooks.sales import SalesRules, is_voided
from arsync_sandbox.quickbooks.schema import read_body
from arsync_sandbox.quickbooks.wire import ZERO, Doc

SALES = frozenset({"Invoice", "CreditMemo"})
MONEY = frozenset({"Payment", "Deposit"})

_HEAD = {"Id", "SyncToken", "MetaData", "domain", "sparse", "status"}
_READ_ONLY: dict[str, set[str]] = {
    "Invoice": {
        "TotalAmt",
        "Balance",
        "HomeBalance",
        "HomeTotalAmt",
        "DeliveryInfo",
        "EInvoiceStatus",
        "ECloudStatusTimeStamp",
        "InvoiceLink",
        "AttachableRef",
    },
    "CreditMemo": {
        "TotalAmt",
        "Balance",
        "HomeBalance",
        "HomeTotalAmt",
        "DeliveryInfo",
        "RemainingCredit",
        "AttachableRef",
    },
    "Payment": {"UnappliedAmt", "LinkedTxn", "AttachableRef"},
    "Deposit": {"TotalAmt", "HomeTotalAmt", "LinkedTxn", "AttachableRef"},
    "Customer": {
        "Balance",
        "BalanceWithJobs",
        "FullyQualifiedName",
        "Level",
        "Job",
        "V4IDPseudonym",
        "AttachableRef",
    },
    "Term": {"Type"},
    "Attachable": {"FileAccessUri", "TempDownloadUri", "Size"},
}
"""What a request may repeat but not change."""

_KEPT_ON_FULL_UPDATE = {"Line", "TxnDate", "LinkedTxn", "CustomField", "Active"}
"""Properties that never become null: they fall back to what the platform gives by itself."""

TEXT_MAX = {
    "DocNumber": 21,
    "CustomerMemo": 1000,
    "BillEmail": 100,
    "BillEmailCc": 100,
    "BillEmailBcc": 100,
}
"""Lengths of texts, in characters."""

_TEXT_MAX_BY_SWITCH = {
    ("Invoice", "PrivateNote"): "quickbooks_private_note_max",
    ("CreditMemo", "PrivateNote"): "quickbooks_private_note_max",
    ("Payment", "PrivateNote"): "quickbooks_private_note_max",
    ("Customer", "Notes"): "quickbooks_customer_notes_max",
    ("Attachable", "Note"): "quickbooks_note_max",
}
TERM_NAME_MAX = 31
"""The longest name of payment terms, in characters."""

DUE_DAYS_MAX = 999
"""The longest payment terms, in days."""


class DocumentWriter:
    """Carries out what a request asks of one document.

    Args:
        frame: for the switches.
        ledger: the books.
        company: whose books these are.
    """

    def __init__(self, frame: Frame, ledger: QuickBooksLedger, company: SandboxCompany) -> None:
        self._frame = frame
        self.ledger = ledger
        self._company = company
        self.sales = SalesRules(frame, ledger, company)
        self.payments = Payments(ledger, company)
        self.names = NameRules(frame, ledger, company)

    def write(self, entity: str, body: Any, operation: str = "", include: str = "") -> Doc:
        """Create or update a document, or delete or void it.

        Args:
            entity: its kind.
            body: the decoded request.
            operation: from the query or batch item: `delete`, `void`, `update`, ...
            include: the options of the request, e.g. `void`, `allowduplicatedocnum`.

        Returns:
            The document afterwards, or a tombstone.

        Raises:
            Refusal: for the first mistake that the platform finds.
        """
        fields = read_body(entity, body)
        options = set(include.split(","))
        voids = operation == "void" or (operation == "update" and "void" in options)
        verb = "void" if voids else operation if operation == "delete" else ""
        if operation not in {"", "create", "update", "delete", "void"}:
            raise faults.unsupported(f"Operation {operation} is not supported for {entity}")
        if operation == "create" and fields.get("Id"):
            raise faults.invalid_id(fields["Id"])
        verb = verb or ("update" if fields.get("Id") or operation == "update" else "create")
        if verb not in ENTITIES[entity].writes:
            raise faults.unsupported(f"Operation {verb} is not supported for {entity}")
        if verb == "create":
            done = self._create(entity, fields, options)
        else:
            before = self._stored(entity, fields) if verb != "update" else None
            if verb == "delete":
                assert before is not None, "read above"
                done = self._delete(entity, before)
            elif verb == "void":
                assert before is not None, "read above"
                done = self._void(entity, before)
            else:
                done = self._update(entity, fields, options)
        self.ledger.settle_customers()
        return done

    # Checks

    def _check_lengths(self, entity: str, given: Doc) -> None:
        for name, value in given.items():
            switch = _TEXT_MAX_BY_SWITCH.get((entity, name))
            limit = int(self._frame.setting(switch)) if switch else TEXT_MAX.get(name)
            if entity == "Term" and name == "Name":
                limit = TERM_NAME_MAX
            text = value.get("value", value.get("Address")) if isinstance(value, dict) else value
            if limit is not None and isinstance(text, str) and len(text) > limit:
                raise faults.too_long(name, limit, len(text))
        days = given.get("DueDays")
        if entity == "Term" and days is not None and not 0 <= days <= DUE_DAYS_MAX:
            raise faults.invalid_value("DueDays", days)

    def _stored(self, entity: str, given: Doc) -> Doc:
        """The document that a request means, if it means its present version."""
        for name in ("Id", "SyncToken"):
            if given.get(name) is None:
                raise faults.missing(name)
        if not given["Id"].isdecimal():
            raise faults.invalid_id(given["Id"])
        stored = self.ledger.get(entity, given["Id"])
        if stored is None:
            raise faults.gone()
        if given["SyncToken"] != stored["SyncToken"]:
            raise faults.stale()
        return stored

    def _check_company(self, entity: str, docs: Iterable[Doc]) -> None:
        if self._company.read_only:
            raise faults.read_only_company()
        closed = self._company.closed_until
        if closed and ENTITIES[entity].transaction:
            for doc in docs:
                if str(doc.get("TxnDate") or self._company.today()) <= closed:
                    raise faults.period_closed(closed)

    def _require(self, entity: str, doc: Doc) -> None:
        if entity in SALES:
            self.sales.require(doc)
        elif entity in MONEY:
            self.payments.require(entity, doc)
        elif entity == "JournalEntry":
            journal.require(doc)
        elif entity == "Attachable":
            if not (doc.get("Note") or doc.get("FileName")):
                raise faults.missing("Note")
        else:
            self.names.require(entity, doc)

    def _require_currency(self, entity: str, given: Doc, *, sparse: bool) -> None:
        needed = entity in {*SALES, *MONEY} and self._company.multicurrency
        if sparse and not self._frame.setting("quickbooks_currency_on_sparse"):
            needed = False
        if needed and not (given.get("CurrencyRef") or {}).get("value"):
            raise faults.missing("CurrencyRef")

    def _check_references(self, entity: str, given: Doc) -> None:
        check_references(given, self.ledger)
        for each in given.get("AttachableRef") or () if entity == "Attachable" else ():
            ref = each.get("EntityRef") or {}
            kinds = {name.lower(): name for name in ENTITIES}
            kind = kinds.get(str(ref.get("type", "")).lower())
            if kind is None:
                raise faults.bad_reference("EntityRef", ref.get("type"))
            check_target(kind, ref.get("value"), "EntityRef", self.ledger)
            ref["type"] = kind

    # Verbs

    def _create(self, entity: str, given: Doc, options: set[str]) -> Doc:
        self._check_lengths(entity, given)
        doc = self._writable(entity, given)
        self._require(entity, doc)
        self._require_currency(entity, doc, sparse=False)
        self._check_references(entity, doc)
        self._finish(entity, doc, None, options)
        stored = self.ledger.add(entity, doc)
        self._after(entity, stored, None)
        return self._fresh(entity, stored)

    def _update(self, entity: str, given: Doc, options: set[str]) -> Doc:
        self._check_lengths(entity, given)
        for name in ("Id", "SyncToken"):
            if given.get(name) is None:
                raise faults.missing(name)
        sparse = bool(given.get("sparse"))
        changes = self._writable(entity, given)
        # QuickBooks checks the form of a request before it looks whether the document is there and
        # current, so a bad request for a missing document is refused as bad.
        peek = self.ledger.get(entity, given["Id"]) if given["Id"].isdecimal() else None
        doc = self._merged(entity, peek or {}, changes, sparse=sparse)
        if peek is not None or not sparse:
            self._require(entity, doc)
        self._require_currency(entity, changes, sparse=sparse)
        self._check_references(entity, changes)
        before = self._stored(entity, given)
        self._finish(entity, doc, before, options)
        # An update that changes nothing raises no SyncToken and moves no LastUpdatedTime.
        if _same(doc, before):
            return before
        stored = self.ledger.change(entity, doc)
        self._after(entity, stored, before)
        return self._fresh(entity, stored)

    def _writable(self, entity: str, given: Doc) -> Doc:
        # Read-only fields are ignored, not refused: a client may send back what it has read.
        closed = _HEAD | _READ_ONLY.get(entity, set())
        return {
            name: value
            for name, value in given.items()
            if name not in closed and not (name == "LinkedTxn" and not value)
        }

    def _merged(self, entity: str, before: Doc, changes: Doc, *, sparse: bool) -> Doc:
        kept = _HEAD | _READ_ONLY.get(entity, set()) | _KEPT_ON_FULL_UPDATE
        # The trap of a full update: a writable field that it leaves out becomes null.
        base = before if sparse else {n: value for n, value in before.items() if n in kept}
        if not sparse and entity in SALES | MONEY and "Line" not in changes:
            # All lines or none: a full update without them names no lines at all.
            base = {n: value for n, value in base.items() if n != "Line"}
        merged = {**base, **changes}
        return {name: value for name, value in merged.items() if value is not None}

    def _finish(self, entity: str, doc: Doc, before: Doc | None, options: set[str]) -> None:
        """The checks that come last, and all that the platform works out by itself."""
        fields = {name: value for name, value in doc.items() if value is not None}
        doc.clear()
        doc.update(fields)
        if entity in SALES and (before is None or before.get("DocNumber") != doc.get("DocNumber")):
            duplicates = "allowduplicatedocnum" in options
            if before is None or doc.get("DocNumber"):
                self.sales.number(entity, doc, allow_duplicates=duplicates)
        if entity in {*PEOPLE, "Term", "Item"}:
            self.names.check_unique(entity, doc, before)
        self._check_company(entity, [doc] if before is None else [before, doc])
        if entity == "Payment" and before is not None:
            self.payments.check_not_deposited(before, doc)
        if entity in SALES:
            self.sales.complete(entity, doc, before)
        elif entity == "Payment":
            self.payments.complete(doc, before)
        elif entity == "Deposit":
            self.payments.complete_deposit(doc)
        elif entity == "JournalEntry":
            journal.complete(doc, self._company)
        elif entity != "Attachable":
            self.names.complete(entity, doc, before)
        name_references(doc, self.ledger)

    def _after(self, entity: str, doc: Doc, before: Doc | None) -> None:
        if entity == "Payment":
            self.ledger.allocate(doc["Id"], before, doc)
        elif entity == "Deposit":
            self.payments.bank(doc, before)
        elif entity == "Customer":
            self.names.spread(doc, before)

    def _fresh(self, entity: str, doc: Doc) -> Doc:
        return self.ledger.get(entity, doc["Id"]) or doc

    def _delete(self, entity: str, before: Doc) -> Doc:
        self._check_company(entity, [before])
        if entity == "Payment":
            self.payments.check_not_deposited(before, None)
        id_ = before["Id"]
        if entity in SALES:
            self.payments.release((entity, id_))
        elif entity == "Payment":
            self.ledger.allocate(id_, before, None)
        elif entity == "Deposit":
            self.payments.bank({"Id": id_}, before)
        self.ledger.drop(entity, id_)
        return {"domain": "QBO", "status": "Deleted", "Id": id_}

    def _void(self, entity: str, before: Doc) -> Doc:
        self._check_company(entity, [before])
        if is_voided(before) or (entity == "Payment" and _voided_payment(before)):
            return before
        if entity == "Payment":
            self.payments.check_not_deposited(before, None)
            voided = self.payments.void({**before})
            stored = self.ledger.change(entity, voided, "Void")
            self.ledger.allocate(before["Id"], before, voided)
        else:
            # Its payments stay, unapplied: the customer's money is not voided with the invoice.
            self.payments.release((entity, before["Id"]))
            others = [link for link in before["LinkedTxn"] if link["TxnType"] != "Payment"]
            before["LinkedTxn"] = others
            stored = self.ledger.change(entity, self.sales.void(before), "Void")
        return self._fresh(entity, stored)


def _voided_payment(doc: Doc) -> bool:
    return doc["TotalAmt"] == ZERO and not doc["Line"] and is_voided({**doc, "Balance": ZERO})


def _same(doc: Doc, before: Doc) -> bool:
    moving = {"MetaData", "SyncToken", "sparse"}
    names = {*doc, *before} - moving
    return all(doc.get(name) == before.get(name) for name in names)
