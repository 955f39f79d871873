"""What is owed to a customer that is a supplier too: shown beside what it owes, never taken off."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from arsync.core.ledger.account_view import ContactView
from arsync.core.ledger.payable_sums import PayableSums, payable_sums
from arsync.core.rulebook.facts.field import ANY_NUMBER, FROM_0, Bounds, FactKind, Field, Value
from arsync.core.rulebook.facts.movement import STILL


class OwedToThem(NamedTuple):
    """What stands open with one customer as a supplier."""

    sums: PayableSums
    """Of suppliers of whom it is certain that they are the same party."""
    currency: str
    likely_suppliers: tuple[str, ...]
    """Suppliers that may be the same party, of whom nobody has said so: not in the sums."""

    @property
    def words(self) -> str:
        """Return it as one line."""
        sums = self.sums.in_words(self.currency)
        sentences = [f"{sums}; never taken off what the customer owes"] if sums else []
        sentences += [
            f"the supplier {name!r} may be the same party: write it under suppliers: of the"
            " customer's entry if it is"
            for name in self.likely_suppliers
        ]
        return "; ".join(sentences)


def owed_to_them(view: ContactView) -> OwedToThem | None:
    """Return what stands open with a contact as a supplier; None: nothing, or nothing is read."""
    payables = view.account_view.account.payables or ()
    own = [to_it for to_it in payables if view.counts(to_it.contact_id)]
    if not own:
        return None
    certain = [to_it.payable for to_it in own if to_it.is_certain]
    likely = {to_it.payable.supplier.name for to_it in own if not to_it.is_certain}
    sums = payable_sums(certain, view.account_view.converter)
    return OwedToThem(sums, view.account_view.currency, tuple(sorted(likely)))


def _sums(view: ContactView) -> PayableSums | None:
    """Return what stands open with the contact as a supplier; None while that is not certain."""
    payables = view.account_view.account.payables
    if payables is None:
        return None
    own = [to_it for to_it in payables if view.counts(to_it.contact_id)]
    # Nobody has said that they are the same party, so no rule may rest on it.
    if any(not to_it.is_certain for to_it in own):
        return None
    return payable_sums((to_it.payable for to_it in own), view.account_view.converter)


def _of_sums(part: Callable[[PayableSums], Decimal | None]) -> Callable[[ContactView], Value]:
    def compute(view: ContactView) -> Value:
        sums = _sums(view)
        return None if sums is None else part(sums)

    return compute


_UNKNOWN = (
    "bills are not read, a supplier may be the same party and nobody has said so, one cannot be"
    " read, or no exchange rate was recorded"
)


def _field(
    name: str,
    description: str,
    source: str,
    part: Callable[[PayableSums], Decimal | None],
    *,
    phrase: str,
    bounds: Bounds,
    unknown: str = _UNKNOWN,
) -> Field:
    return Field(
        name,
        "contact",
        FactKind.AMOUNT,
        description,
        source,
        _of_sums(part),
        phrase=phrase,
        bounds=bounds,
        moves=STILL,
        unknown=unknown,
        example="{more_than: 0}",
    )


CONTACT_PAYABLES: tuple[Field, ...] = (
    _field(
        "payable_to_them",
        "what you owe to the customer as a supplier: `bills_from_them` less `credits_from_them`,"
        " below 0 where these are more; never taken off what it owes",
        "open bills and supplier credits",
        lambda sums: sums.net,
        phrase="{} owed to it as a supplier",
        bounds=ANY_NUMBER,
    ),
    _field(
        "bills_from_them",
        "what is open on the bills of the customer as a supplier; nothing is taken off",
        "open bills",
        lambda sums: sums.bills,
        phrase="{} open on its bills",
        bounds=FROM_0,
    ),
    _field(
        "credits_from_them",
        "what the customer owes back as a supplier: what is left of its credit notes, and of"
        " prepayments and overpayments to it",
        "supplier credits",
        lambda sums: sums.credits,
        phrase="{} left of its credits",
        bounds=FROM_0,
        unknown=f"{_UNKNOWN}; or the accounting system does not tell what is left of one",
    ),
)
