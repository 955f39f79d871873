"""Promises that people entered in the accounting system, as the day on which money is expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import date

from arsync.core.ledger.records import Account, DocumentStatus, Invoice, Promise

_ISSUED = frozenset({DocumentStatus.OPEN, DocumentStatus.PAID})


def with_expected_dates(
    account: Account, recorded_days: Mapping[str, AbstractSet[date]]
) -> Account:
    """Return the account with the promises that stand in the accounting system alone.

    Args:
        account: with the promises that were recorded in arsync.
        recorded_days: by invoice, the days of all promises ever recorded there, replaced and
            withdrawn ones too. arsync writes its own promises into the same field: a day of its own
            that it reads back is no second promise.
    """
    entered = tuple(_entered(account, recorded_days))
    return account._replace(promises=(*account.promises, *entered)) if entered else account


def _entered(account: Account, recorded_days: Mapping[str, AbstractSet[date]]) -> Iterator[Promise]:
    for invoice in account.invoices:
        day = invoice.expected_on
        if day is None or invoice.status not in _ISSUED:
            continue
        if day in recorded_days.get(invoice.id, ()):
            continue
        newest = max(
            (promise for promise in account.promises if invoice.id in promise.invoice_ids),
            key=lambda promise: (promise.made_on, promise.promised_on),
            default=None,
        )
        # Which of two was said last cannot be told: the later day counts, for the customer.
        if newest is not None and newest.promised_on > day:
            continue
        made_on = _made_on(invoice, day) if newest is None else newest.made_on
        yield Promise((invoice.id,), day, None, made_on, by_platform=True)


def _made_on(invoice: Invoice, day: date) -> date:
    """Return the last day on which it can have been entered: nobody dates it."""
    changed = invoice.issued_on if invoice.updated_at is None else invoice.updated_at.date()
    return min(changed, day)
