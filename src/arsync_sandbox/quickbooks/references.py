"""References from one document to another: do they exist, and what are they called?"""

from __future__ import annotations

from typing import Any

from arsync_sandbox.quickbooks import faults
from arsync_sandbox.quickbooks.entities import ENTITIES
from arsync_sandbox.quickbooks.ledger import QuickBooksLedger
from arsync_sandbox.quickbooks.wire import Doc

TARGETS = {
    "CustomerRef": "Customer",
    "ParentRef": "Customer",
    "CustomerTypeRef": "CustomerType",
    "SalesTermRef": "Term",
    "ItemRef": "Item",
    "DepositToAccountRef": "Account",
    "IncomeAccountRef": "Account",
    "PaymentMethodRef": "PaymentMethod",
}
"""Which list a reference points into; others are taken as they come."""

LINKABLE = frozenset({"Invoice", "CreditMemo", "Payment", "Deposit"})
"""Transactions that are kept here; a link to another kind is taken as it comes."""


def check_references(doc: Any, ledger: QuickBooksLedger) -> None:
    """Refuse references to what never existed or can be used no more.

    Raises:
        Refusal: 2500 when it never existed, 610 when it was deleted or made inactive.
    """
    if isinstance(doc, list):
        for each in doc:
            check_references(each, ledger)
        return
    if not isinstance(doc, dict):
        return
    for name, value in doc.items():
        if name in TARGETS and value is not None:
            check_target(TARGETS[name], value.get("value"), name, ledger)
        elif name == "LinkedTxn":
            for link in value or ():
                for needed in ("TxnId", "TxnType"):
                    if not link.get(needed):
                        raise faults.missing(f"LinkedTxn.{needed}")
                if link.get("TxnType") in LINKABLE:
                    check_target(link["TxnType"], link.get("TxnId"), "TxnId", ledger)
        elif isinstance(value, dict | list):
            check_references(value, ledger)


def check_target(entity: str, id_: Any, name: str, ledger: QuickBooksLedger) -> None:
    """Check one reference.

    Raises:
        Refusal: 2500 or 610.
    """
    table = ledger.tables[entity]
    row = table.row(str(id_))
    if row is None:
        raise faults.gone() if id_ in table.tombstones else faults.bad_reference(name, id_)
    if ENTITIES[entity].name_list and row.columns[0] is False:
        raise faults.gone()


def name_references(doc: Doc, ledger: QuickBooksLedger) -> None:
    """Write the present name beside the id of each reference."""
    for name, value in doc.items():
        if name in TARGETS and isinstance(value, dict):
            target = ledger.get(TARGETS[name], value["value"])
            if target is not None and name not in {"DepositToAccountRef", "ParentRef"}:
                doc[name] = {"value": value["value"], "name": name_of(target)}
            else:
                doc[name] = {"value": value["value"]}
        elif isinstance(value, dict):
            name_references(value, ledger)
        elif isinstance(value, list):
            for each in value:
                if isinstance(each, dict):
                    name_references(each, ledger)


def name_of(doc: Doc) -> str:
    """What a member of a list is called in references."""
    return str(doc.get("DisplayName") or doc.get("Name") or "")
