"""The facts of suppliers: what rules of `supplier_alerts` ask for, and no others do."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from arsync.core.ledger.money import ZERO
from arsync.core.ledger.supplier_standing import SupplierOnDay
from arsync.core.rulebook.facts.contact_figures import percent
from arsync.core.rulebook.facts.field import (
    ANY_NUMBER,
    FROM_0,
    PERCENTAGE,
    Bounds,
    FactKind,
    Field,
    Value,
)
from arsync.core.rulebook.facts.movement import STILL
from arsync.core.rulebook.facts.names import FoldedName
from arsync.core.rulebook.facts.watching_facts import (
    insolvency_said,
    newest_score,
    score_change_said,
)

SCOPE = "supplier"
"""What these facts are of; in a condition they stand where an invoice's would."""

_UNREADABLE = "a bill cannot be read, or no exchange rate was recorded"
_NOBODY_SAID = "no source told, or the credit data do not bear its name"
_BILLS = "open bills"
_OUTSIDE = "the newest that a source outside said, or a person recorded"


def _names(view: SupplierOnDay) -> Value:
    supplier = view.standing.supplier
    names = (supplier.id, supplier.name, supplier.company_name)
    return frozenset(FoldedName(name) for name in names if name)


def _groups(view: SupplierOnDay) -> Value:
    return frozenset(FoldedName(name) for name in view.standing.groups)


def _payables_percent(view: SupplierOnDay) -> Value:
    bills, everything = view.sums.bills, view.all_payable
    if bills == ZERO:
        return ZERO
    if bills is None or not everything:
        return None
    return min(percent(bills, everything), Decimal(100))


def _when_dated(part: Callable[[SupplierOnDay], Value]) -> Callable[[SupplierOnDay], Value]:
    """Return a fact that rests on when bills fall due; unknown where one does not tell."""
    return lambda view: part(view) if view.is_dated else None


def _amount(
    name: str,
    description: str,
    compute: Callable[[SupplierOnDay], Value],
    phrase: str,
    *,
    bounds: Bounds = FROM_0,
    unknown: str = _UNREADABLE,
) -> Field:
    return Field(
        name,
        SCOPE,
        FactKind.AMOUNT,
        description,
        _BILLS,
        compute,
        phrase=phrase,
        bounds=bounds,
        moves=STILL,
        unknown=unknown,
        example="{more_than: 5000}",
    )


def _number(
    name: str,
    kind: FactKind,
    description: str,
    compute: Callable[[SupplierOnDay], Value],
    phrase: str,
    *,
    source: str = _BILLS,
    bounds: Bounds = FROM_0,
    unknown: str = "",
    example: str = "{at_least: 1}",
) -> Field:
    return Field(
        name,
        SCOPE,
        kind,
        description,
        source,
        compute,
        phrase=phrase,
        bounds=bounds,
        moves=STILL,
        unknown=unknown,
        example=example,
    )


SUPPLIER_FACTS: tuple[Field, ...] = (
    Field(
        "supplier",
        SCOPE,
        FactKind.TEXTS,
        "its name, its registered name or its id",
        "the accounting system",
        _names,
        phrase="the supplier {}",
        moves=STILL,
        example="[Northwind Print, Acme Paper]",
    ),
    Field(
        "contact_group",
        SCOPE,
        FactKind.TEXTS,
        "the contact groups it is in; QuickBooks has none for vendors",
        "the accounting system",
        _groups,
        phrase="in the group {}",
        moves=STILL,
        example="Key suppliers",
    ),
    Field(
        "is_customer",
        SCOPE,
        FactKind.YES_NO,
        "whether it is known to be a customer too",
        "the accounting system, or the rulebook's suppliers:",
        lambda view: bool(view.standing.contact_id),
        phrase="a customer too|no customer",
        moves=STILL,
        example="yes",
    ),
    _amount(
        "payable_to_them",
        "what you owe it: `bills_from_them` less `credits_from_them`, below 0 where these are more",
        lambda view: view.sums.net,
        "{} owed to it",
        bounds=ANY_NUMBER,
    ),
    _amount(
        "bills_from_them",
        "what is open on its bills; nothing is taken off",
        lambda view: view.sums.bills,
        "{} open on its bills",
    ),
    _amount(
        "credits_from_them",
        "what it owes back: what is left of its credit notes, and of prepayments and overpayments",
        lambda view: view.sums.credits,
        "{} left of its credits",
        unknown=f"{_UNREADABLE}, or the accounting system does not tell what is left of a credit",
    ),
    _amount(
        "overdue_bills_amount",
        "what is open on bills whose due day has passed",
        _when_dated(lambda view: view.overdue.bills),
        "{} of its bills overdue",
    ),
    _number(
        "open_bills",
        FactKind.COUNT,
        "bills on which something is owed",
        lambda view: view.sums.bill_count,
        "{} open bill|{} open bills",
    ),
    _number(
        "overdue_bills",
        FactKind.COUNT,
        "open bills whose due day has passed",
        _when_dated(lambda view: view.overdue.bill_count),
        "{} overdue bill|{} overdue bills",
        unknown="a bill does not tell when it falls due",
    ),
    _number(
        "oldest_bill_days_overdue",
        FactKind.DAYS,
        "days since the oldest open bill fell due; 0 where none is overdue",
        _when_dated(lambda view: view.oldest_days_overdue),
        "the oldest bill {} overdue",
        unknown="a bill does not tell when it falls due",
        example="{at_least: 14}",
    ),
    _number(
        "payables_percent",
        FactKind.PERCENT,
        "its part of what is open on the bills of all suppliers",
        _payables_percent,
        "{} of all open bills",
        bounds=PERCENTAGE,
        unknown=f"of any supplier: {_UNREADABLE}",
        example="{at_least: 25}",
    ),
    _number(
        "score",
        FactKind.COUNT,
        "its credit score; what is good depends on the source",
        lambda view: newest_score(view.standing.credit, view.today),
        "a score of {}",
        source=_OUTSIDE,
        unknown=_NOBODY_SAID,
        example="{less_than: 40}",
    ),
    _number(
        "score_change",
        FactKind.COUNT,
        "by how much its newest score differs from the one before it, of the same source",
        lambda view: score_change_said(view.standing.credit, view.today),
        "a score changed by {}",
        source=_OUTSIDE,
        bounds=ANY_NUMBER,
        unknown=f"{_NOBODY_SAID}, or only one score is known",
        example="{at_most: -10}",
    ),
    Field(
        "insolvency",
        SCOPE,
        FactKind.YES_NO,
        "whether a source reports that it is insolvent",
        _OUTSIDE,
        lambda view: insolvency_said(view.standing.credit, view.today),
        phrase="insolvent|not insolvent",
        moves=STILL,
        unknown=_NOBODY_SAID,
        example="yes",
    ),
)
