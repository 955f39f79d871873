"""What the law gives for late payment, as a letter claims it: all of it known, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from arsync.core.actions import Action
from arsync.core.ledger.late_debt import LateDebt
from arsync.core.ledger.late_payment_law import LatePayment, compensation, interest
from arsync.core.ledger.money import ZERO
from arsync.mail.language import Language


def statutory_values(
    law: LatePayment | None,
    action: Action,
    debts: Mapping[str, tuple[str, LateDebt]],
    today: date,
    spoken: Language,
) -> dict[str, str]:
    """Return what the law gives on all the invoices; nothing unless it is known for each."""
    if law is None:
        return {}
    interests, sums = ZERO, ZERO
    for ref in action.invoices:
        currency, debt = debts.get(ref.id, ("", None))
        # A sum over some of the invoices would look like one over all of them.
        if debt is None or currency != law.currency:
            return {}
        extra, fixed = interest(law, debt, today), compensation(law, debt, today)
        if extra is None or fixed is None:
            return {}
        interests, sums = interests + extra, sums + fixed
    if interests + sums == 0:
        return {}
    return {
        "law": law.law,
        "interest": spoken.amount(interests, law.currency),
        "compensation": spoken.amount(sums, law.currency),
        "total": spoken.amount(interests + sums, law.currency),
    }
