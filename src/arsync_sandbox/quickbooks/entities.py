"""The kinds of documents: what may be asked of each, and how it is treated."""

from __future__ import annotations

from dataclasses import dataclass

META = ("Id", "MetaData.CreateTime", "MetaData.LastUpdatedTime")


@dataclass(frozen=True)
class EntityKind:
    """One kind of document."""

    name: str
    filters: tuple[str, ...]
    """Properties that a WHERE or ORDERBY may name, beside those of every kind."""
    name_list: bool = False
    """Has `Active`; inactive rows are hidden from queries."""
    transaction: bool = False
    """Shares one sequence of ids with all other transactions."""
    writes: frozenset[str] = frozenset()
    """What may be done to it: create, update, delete, void, send."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The filters, kept beside each document's bytes."""
        return self.filters


_ALL = frozenset({"create", "update", "delete", "void", "send"})
_NAMED = frozenset({"create", "update"})
_SALES = ("Balance", "HomeBalance", "TxnDate", "DueDate", "DocNumber", "CustomerRef", "TotalAmt")

ENTITIES: dict[str, EntityKind] = {
    entity.name: entity
    for entity in (
        EntityKind("Invoice", _SALES, transaction=True, writes=_ALL),
        EntityKind("CreditMemo", _SALES, transaction=True, writes=_ALL - {"void"}),
        EntityKind(
            "Payment",
            ("TxnDate", "CustomerRef", "TotalAmt", "PaymentRefNum"),
            transaction=True,
            writes=_ALL,
        ),
        EntityKind(
            "Deposit",
            ("TxnDate", "TotalAmt"),
            transaction=True,
            writes=frozenset({"create", "update", "delete"}),
        ),
        EntityKind(
            "JournalEntry",
            ("TxnDate", "DocNumber"),
            transaction=True,
            writes=frozenset({"create", "update", "delete"}),
        ),
        EntityKind(
            "Customer",
            (
                "Active",
                "DisplayName",
                "FullyQualifiedName",
                "GivenName",
                "FamilyName",
                "CompanyName",
                "Balance",
                "BalanceWithJobs",
                "Job",
                "ParentRef",
            ),
            name_list=True,
            writes=_NAMED,
        ),
        # arsync only reads payables, so no request may write one: a person enters and settles them.
        EntityKind(
            "Bill",
            ("Balance", "HomeBalance", "TxnDate", "DueDate", "DocNumber", "VendorRef", "TotalAmt"),
            transaction=True,
        ),
        EntityKind(
            "VendorCredit",
            ("Balance", "TxnDate", "DocNumber", "VendorRef", "TotalAmt"),
            transaction=True,
        ),
        EntityKind("Vendor", ("Active", "DisplayName"), name_list=True, writes=_NAMED),
        EntityKind("Employee", ("Active", "DisplayName"), name_list=True, writes=_NAMED),
        EntityKind("Term", ("Active", "Name", "DueDays"), name_list=True, writes=_NAMED),
        EntityKind("CustomerType", ("Active", "Name"), name_list=True),
        EntityKind(
            "Item",
            ("Active", "Name", "Type", "Sku", "FullyQualifiedName"),
            name_list=True,
            writes=_NAMED,
        ),
        EntityKind("Account", ("Active", "Name", "AccountType"), name_list=True),
        EntityKind("TaxCode", ("Active", "Name"), name_list=True),
        EntityKind("PaymentMethod", ("Active", "Name"), name_list=True),
        EntityKind(
            "Attachable",
            (
                "AttachableRef.EntityRef.type",
                "AttachableRef.EntityRef.value",
                "FileName",
                "Note",
            ),
            writes=frozenset({"create", "update", "delete"}),
        ),
        EntityKind("CompanyInfo", ("CompanyName",)),
        EntityKind("Preferences", ()),
    )
}
"""Every kind of document that the sandbox keeps."""

BY_PATH = {name.lower(): entity for name, entity in ENTITIES.items()}
"""The kinds by the lower-case name that stands in a path."""

NOT_KEPT = {
    name.lower(): name
    for name in (
        "BillPayment Budget Class CompanyCurrency CreditCardPayment Department Estimate"
        " ExchangeRate JournalCode Purchase PurchaseOrder RefundReceipt SalesReceipt TaxAgency"
        " TaxRate TimeActivity Transfer"
    ).split()
}
"""Kinds that QuickBooks has and this company has none of: lists of them are empty."""

WITHOUT_CDC = frozenset({"JournalCode", "TaxAgency", "TimeActivity", "TaxCode", "TaxRate"})
"""Kinds that change data capture refuses."""
