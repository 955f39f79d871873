"""The books: documents, ids, change stamps, allocations and what each customer owes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from arsync_sandbox.quickbooks.entities import ENTITIES
from arsync_sandbox.quickbooks.table import EntityTable
from arsync_sandbox.quickbooks.wire import ZERO, Doc, as_int, money, stamp

Target = tuple[str, str]
"""The kind and id of a document that money is allocated to."""


class EntityChange(NamedTuple):
    """A change of a document, as webhooks report it."""

    entity: str
    id: str
    operation: str
    deleted_id: str = ""


class QuickBooksLedger:
    """One company's documents and the sums that follow from them.

    Args:
        now: the present moment.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.tables = {name: EntityTable(name, kind.columns) for name, kind in ENTITIES.items()}
        self._same_sequence: dict[str, list[EntityTable]] = {}
        for name, table in self.tables.items():
            self._same_sequence.setdefault(_sequence(name), []).append(table)
        self.applied: dict[Target, dict[str, Decimal]] = {}
        """Per invoice or credit memo: payment id -> amount, in the order they came."""
        self.settled: dict[Target, Decimal] = {}
        """Money that loaded documents say is paid although no payment was loaded for it."""
        self.parents: dict[str, str] = {}
        self.children: dict[str, list[str]] = {}
        self.changes: list[EntityChange] = []
        self.revision = 0
        # Sums are kept up to date with each change: computed on each read, a page of a thousand
        # customers would go through all invoices a thousand times.
        self._own: dict[str, Decimal] = {}
        self._subtree: dict[str, Decimal] = {}
        self._open: dict[Target, tuple[str, Decimal]] = {}
        self._unsettled: set[str] = set()
        self._last_ids: dict[str, int] = {}
        self._at: int | None = None
        self.quiet = False
        """Whether balances move without a stamp, while history is loaded."""

    # Time and ids

    def moment(self) -> int:
        """The second that changes are stamped with."""
        return as_int(self.now()) if self._at is None else self._at

    @contextmanager
    def at(self, seconds: int | None) -> Iterator[None]:
        """Stamp changes with another moment, for history that is loaded."""
        before, self._at = self._at, seconds
        try:
            yield
        finally:
            self._at = before

    def next_id(self, entity: str) -> str:
        """The next free id; all transactions share one sequence."""
        sequence = _sequence(entity)
        self._last_ids[sequence] = self._last_ids.get(sequence, 0) + 1
        return str(self._last_ids[sequence])

    def id_is_free(self, entity: str, id_: str) -> bool:
        """Whether a loaded document may keep its id."""
        if not (id_.isdecimal() and id_.isascii() and str(int(id_)) == id_):
            return False
        tables = self._same_sequence[_sequence(entity)]
        return not any(id_ in table or id_ in table.tombstones for table in tables)

    # Documents

    def get(self, entity: str, id_: str) -> Doc | None:
        """A fresh copy of a document."""
        return self.tables[entity].get(id_)

    def add(self, entity: str, doc: Doc) -> Doc:
        """Add a new document with its id, token and stamps."""
        now = stamp(self.moment())
        head = {
            "domain": "QBO",
            "sparse": False,
            "Id": doc.get("Id") or self.next_id(entity),
            "SyncToken": "0",
            "MetaData": {"CreateTime": now, "LastUpdatedTime": now},
        }
        whole = {**doc, **head}
        self._keep(entity, whole)
        self.changes.append(EntityChange(entity, whole["Id"], "Create"))
        return whole

    def take(self, entity: str, doc: Doc) -> None:
        """Add a document exactly as it is."""
        self._keep(entity, doc)

    def change(
        self, entity: str, doc: Doc, operation: str = "Update", *, raise_token: bool = True
    ) -> Doc:
        """Replace a document; its SyncToken rises and LastUpdatedTime moves."""
        doc["MetaData"] = {**doc["MetaData"], "LastUpdatedTime": stamp(self.moment())}
        if raise_token:
            doc["SyncToken"] = str(int(doc["SyncToken"]) + 1)
        doc["sparse"] = False
        self._keep(entity, doc)
        self.changes.append(EntityChange(entity, doc["Id"], operation))
        return doc

    def rewrite(self, entity: str, doc: Doc) -> None:
        """Replace a document without a trace of change, as names in references do."""
        self._keep(entity, doc)

    def drop(self, entity: str, id_: str) -> None:
        """Delete a document and leave a tombstone."""
        self.tables[entity].remove(id_, self.moment())
        self._owe(entity, id_, "", ZERO)
        self.applied.pop((entity, id_), None)
        self.settled.pop((entity, id_), None)
        self.revision += 1
        self.changes.append(EntityChange(entity, id_, "Delete"))

    def _keep(self, entity: str, doc: Doc) -> None:
        # Also for ids that were brought along: the next one must be free.
        row = self.tables[entity].put(doc)
        sequence = _sequence(entity)
        self._last_ids[sequence] = max(self._last_ids.get(sequence, 0), row.number)
        self.revision += 1
        if entity in _OPEN_AMOUNT:
            name, sign = _OPEN_AMOUNT[entity]
            customer = doc.get("CustomerRef", {}).get("value", "")
            self._owe(entity, row.id, customer, sign * Decimal(doc.get(name) or 0))

    # What customers owe

    def _owe(self, entity: str, id_: str, customer: str, amount: Decimal) -> None:
        before_customer, before = self._open.get((entity, id_), (customer, ZERO))
        if before_customer == customer and before == amount:
            return
        if amount:
            self._open[entity, id_] = (customer, amount)
        else:
            self._open.pop((entity, id_), None)
        self._add_owed(before_customer, -before)
        self._add_owed(customer, amount)

    def _add_owed(self, customer: str, amount: Decimal) -> None:
        if not customer or not amount:
            return
        self._own[customer] = self._own.get(customer, ZERO) + amount
        self._roll_up(customer, amount)

    def _roll_up(self, customer: str, amount: Decimal) -> None:
        for id_ in self.lineage(customer):
            self._subtree[id_] = self._subtree.get(id_, ZERO) + amount
            self._unsettled.add(id_)

    def lineage(self, customer: str) -> Iterator[str]:
        """A customer, its parent, and so on up to the root."""
        while customer:
            yield customer
            customer = self.parents.get(customer, "")

    def set_parent(self, customer: str, parent: str) -> None:
        """Put a customer, with all that it owes, under another one."""
        before = self.parents.get(customer, "")
        if before == parent:
            return
        owed = self._subtree.get(customer, ZERO)
        if before:
            self._roll_up(before, -owed)
            self.children[before].remove(customer)
        self.parents.pop(customer, None)
        if parent:
            self.parents[customer] = parent
            self.children.setdefault(parent, []).append(customer)
            self._roll_up(parent, owed)

    def balances(self, customer: str) -> tuple[Decimal, Decimal]:
        """What a customer owes, alone and together with its jobs."""
        return money(self._own.get(customer, ZERO)), money(self._subtree.get(customer, ZERO))

    def declare(self, customer: str, own: Decimal, together: Decimal) -> None:
        """Take a loaded customer's balances as they are, also where no document explains them."""
        self._own[customer], self._subtree[customer] = own, together
        doc = self.get("Customer", customer)
        if doc is not None:
            doc["Balance"], doc["BalanceWithJobs"] = own, together
            self.rewrite("Customer", doc)

    def settle_customers(self) -> None:
        """Write changed balances into the customers: a new LastUpdatedTime, the same SyncToken."""
        for id_ in sorted(self._unsettled):
            doc = self.get("Customer", id_)
            if doc is None:
                continue
            own, together = self.balances(id_)
            if doc.get("Balance") == own and doc.get("BalanceWithJobs") == together:
                continue
            doc["Balance"], doc["BalanceWithJobs"] = own, together
            # As recorded: a balance that moves bumps LastUpdatedTime, and leaves the SyncToken.
            if not self.quiet:
                doc["MetaData"]["LastUpdatedTime"] = stamp(self.moment())
            self.tables["Customer"].put(doc)
            self.revision += 1
        self._unsettled.clear()

    # Allocations

    def allocated(self, target: Target) -> Decimal:
        """How much of a document is used up by payments."""
        return sum(self.applied.get(target, {}).values(), self.settled.get(target, ZERO))

    def allocate(self, payment: str, before: Doc | None, after: Doc | None) -> None:
        """Move allocations from a payment's old lines to its new ones; both sides show it."""
        old = allocations(before) if before else {}
        new = allocations(after) if after else {}
        for target in dict.fromkeys((*old, *new)):
            if old.get(target) != new.get(target):
                self._apply(target, payment, new.get(target))

    def _apply(self, target: Target, payment: str, amount: Decimal | None) -> None:
        shares = self.applied.setdefault(target, {})
        if amount is None:
            shares.pop(payment, None)
        else:
            shares[payment] = amount
        doc = self.get(*target)
        if doc is not None:
            self.refresh(target[0], doc)
            self.change(target[0], doc)

    def refresh(self, entity: str, doc: Doc) -> None:
        """Compute what is open on an invoice or credit memo, and its links."""
        target = (entity, doc["Id"])
        still_open = money(
            Decimal(doc["TotalAmt"]) - self.allocated(target) - Decimal(doc.get("Deposit") or 0)
        )
        doc["Balance"] = still_open
        if entity == "CreditMemo":
            doc["RemainingCredit"] = still_open
        else:
            others = [link for link in doc.get("LinkedTxn", ()) if link["TxnType"] != "Payment"]
            paid_by = self.applied.get(target, {})
            doc["LinkedTxn"] = others + [
                {"TxnId": payment, "TxnType": "Payment"} for payment in paid_by
            ]
        if "HomeTotalAmt" in doc:
            doc["HomeBalance"] = money(still_open * Decimal(doc["ExchangeRate"]))

    def documents(self, entities: Iterable[str], customer: str) -> Iterator[tuple[str, Doc]]:
        """All documents of some kinds that belong to a customer."""
        for entity in entities:
            place = ENTITIES[entity].filters.index("CustomerRef")
            for row in self.tables[entity].in_order():
                if row.columns[place] == customer:
                    yield entity, row.doc()


_OPEN_AMOUNT = {
    "Invoice": ("Balance", 1),
    "CreditMemo": ("Balance", -1),
    "Payment": ("UnappliedAmt", -1),
}
"""The amount of a document that counts in the customer's balance, with its sign."""


def allocations(payment: Doc) -> dict[Target, Decimal]:
    """What a payment's lines allocate to which document."""
    amounts: dict[Target, Decimal] = {}
    for line in payment.get("Line", ()):
        for link in line.get("LinkedTxn", ()):
            if link["TxnType"] in {"Invoice", "CreditMemo"}:
                target = (link["TxnType"], link["TxnId"])
                amounts[target] = amounts.get(target, ZERO) + Decimal(line["Amount"])
    return amounts


def _sequence(entity: str) -> str:
    return "transaction" if ENTITIES[entity].transaction else entity
