"""Reports: ageing of what is owed, by contact and currency, and in the base currency."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct

from arsync.core.ledger.age_buckets import USUAL_BANDS, AgeBands
from arsync.core.ledger.money import ZERO, rounded
from arsync.core.ledger.records import Account, DocumentStatus, Invoice, PaymentStatus, is_owed


class AgeingRow(NamedTuple):
    """What one contact owes in one currency, by age. Totals have no contact."""

    contact_id: str
    contact_name: str
    currency: str
    buckets: tuple[Decimal, ...]
    """In the order of the bands."""
    unallocated: Decimal = ZERO
    """Unapplied cash; not taken off the buckets."""
    invoices: int = 0
    overdue: Decimal = ZERO
    """What is past its due date, whatever the bands go by."""

    @property
    def total(self) -> Decimal:
        """Return all that is owed."""
        return sum(self.buckets, ZERO)

    @property
    def net(self) -> Decimal:
        """Return all that is owed, less unapplied cash; below 0 when there is more of that."""
        return self.total - self.unallocated


class Ageing(NamedTuple):
    """The ageing report."""

    as_of: date
    base_currency: str
    rows: tuple[AgeingRow, ...]
    """By contact name, then currency."""
    totals: tuple[AgeingRow, ...]
    """One for each currency."""
    base_total: AgeingRow
    """Everything in the base currency, at the rates the platform recorded."""
    unrated: tuple[str, ...]
    """Documents that are missing in `base_total`: no rate was recorded."""
    bands: AgeBands = USUAL_BANDS


_RENAMED = {"days_1_30": "1-30", "days_31_60": "31-60", "days_61_90": "61-90", "older": "90+"}


class AgeingRowView(Struct, frozen=True, rename=_RENAMED):
    """The JSON view of a row."""

    contact_id: str
    contact: str
    currency: str
    current: Decimal
    days_1_30: Decimal
    days_31_60: Decimal
    days_61_90: Decimal
    older: Decimal
    total: Decimal
    overdue: Decimal
    unallocated: Decimal
    net: Decimal
    invoices: int


class OwnBandsRowView(Struct, frozen=True):
    """The JSON view of a row of an ageing with other bands than the usual ones."""

    contact_id: str
    contact: str
    currency: str
    ages: dict[str, Decimal]
    """By the name of the band, the youngest first."""
    total: Decimal
    overdue: Decimal
    unallocated: Decimal
    net: Decimal
    invoices: int


class AgeingView(Struct, frozen=True, kw_only=True):
    """The JSON view of the report."""

    as_of: date
    base_currency: str
    rows: tuple[AgeingRowView, ...]
    totals: tuple[AgeingRowView, ...]
    base_total: AgeingRowView
    unrated: tuple[str, ...]


def own_bands_row_view(row: AgeingRow, bands: AgeBands) -> OwnBandsRowView:
    """Return the JSON view of a row of an ageing with these bands."""
    return OwnBandsRowView(
        contact_id=row.contact_id,
        contact=row.contact_name,
        currency=row.currency,
        ages=dict(zip(bands.names, row.buckets, strict=True)),
        total=row.total,
        overdue=row.overdue,
        unallocated=row.unallocated,
        net=row.net,
        invoices=row.invoices,
    )


def ageing_row_view(row: AgeingRow) -> AgeingRowView:
    """Return the JSON view of a row; its bands are the usual ones."""
    current, days_1_30, days_31_60, days_61_90, older = row.buckets
    return AgeingRowView(
        contact_id=row.contact_id,
        contact=row.contact_name,
        currency=row.currency,
        current=current,
        days_1_30=days_1_30,
        days_31_60=days_31_60,
        days_61_90=days_61_90,
        older=older,
        total=row.total,
        overdue=row.overdue,
        unallocated=row.unallocated,
        net=row.net,
        invoices=row.invoices,
    )


def ageing_view(report: Ageing) -> AgeingView:
    """Return the JSON view of the report."""
    return AgeingView(
        as_of=report.as_of,
        base_currency=report.base_currency,
        rows=tuple(map(ageing_row_view, report.rows)),
        totals=tuple(map(ageing_row_view, report.totals)),
        base_total=ageing_row_view(report.base_total),
        unrated=report.unrated,
    )


class _Sums:
    """Buckets while they are added up."""

    def __init__(self, bands: AgeBands) -> None:
        self.bands = bands
        self.buckets = [ZERO] * len(bands.names)
        self.unallocated = ZERO
        self.invoices = 0
        self.overdue = ZERO

    def add(self, invoice: Invoice, amount: Decimal, today: date) -> None:
        self.buckets[self.bands.place(invoice.issued_on, invoice.due_on, today)] += amount
        self.invoices += 1
        if invoice.due_on < today:
            self.overdue += amount

    def add_all(self, others: _Sums) -> None:
        self.buckets = [a + b for a, b in zip(self.buckets, others.buckets, strict=True)]
        self.unallocated += others.unallocated
        self.invoices += others.invoices
        self.overdue += others.overdue

    def row(self, contact_id: str, name: str, currency: str) -> AgeingRow:
        return AgeingRow(
            contact_id,
            name,
            currency,
            tuple(self.buckets),
            self.unallocated,
            self.invoices,
            self.overdue,
        )


def ageing(
    accounts: Iterable[Account],
    *,
    base_currency: str,
    today: date,
    bands: AgeBands = USUAL_BANDS,
) -> Ageing:
    """Return the ageing of everything owed.

    Args:
        accounts: as they stand; for a past day, rewound (`arsync.core.ledger.as_of`).
        base_currency: the organisation's.
        today: ages are counted to this day.
        bands: of days, and what they are counted from.
    """
    rows: list[AgeingRow] = []
    totals: dict[str, _Sums] = {}
    base = _Sums(bands)
    unrated: list[str] = []
    for account in accounts:
        sums = _sums_of(account, today, bands)
        names = {contact.id: contact.name for contact in account.contacts}
        for (contact_id, currency), sums_of_contact in sums.items():
            rows.append(
                sums_of_contact.row(contact_id, names.get(contact_id, contact_id), currency)
            )
            totals.setdefault(currency, _Sums(bands)).add_all(sums_of_contact)
        _add_in_base(account, base_currency, today, base, unrated)
    return Ageing(
        as_of=today,
        base_currency=base_currency,
        rows=tuple(
            sorted(
                rows,
                key=lambda sums_of_contact: (
                    sums_of_contact.contact_name.casefold(),
                    sums_of_contact.currency,
                ),
            )
        ),
        totals=tuple(
            totals[sums_of_contact].row("", "Total", sums_of_contact)
            for sums_of_contact in sorted(totals)
        ),
        base_total=base.row("", "Total", base_currency),
        unrated=tuple(unrated),
        bands=bands,
    )


def _in_hand(account: Account) -> Iterable[tuple[str, str, Decimal, Decimal | None, str]]:
    for credit in account.credits:
        if credit.status == DocumentStatus.OPEN and credit.unallocated > 0:
            number = credit.number or credit.id
            yield credit.contact_id, credit.currency, credit.unallocated, credit.rate, number
    for payment in account.payments:
        if payment.status == PaymentStatus.ACTIVE and payment.unallocated > 0:
            number = payment.reference or payment.id
            yield payment.contact_id, payment.currency, payment.unallocated, payment.rate, number


def _sums_of(account: Account, today: date, bands: AgeBands) -> dict[tuple[str, str], _Sums]:
    sums: dict[tuple[str, str], _Sums] = {}
    for invoice in account.invoices:
        if is_owed(invoice):
            contact_sums = sums.setdefault((invoice.contact_id, invoice.currency), _Sums(bands))
            contact_sums.add(invoice, invoice.amount_due, today)
    for contact_id, currency, amount, _, _ in _in_hand(account):
        sums.setdefault((contact_id, currency), _Sums(bands)).unallocated += amount
    return sums


def _add_in_base(
    account: Account, base_currency: str, today: date, base: _Sums, unrated: list[str]
) -> None:
    for invoice in account.invoices:
        if not is_owed(invoice):
            continue
        rate = Decimal(1) if invoice.currency == base_currency else invoice.rate
        if rate is None:
            # Left out and named: a guessed rate would make the total wrong without a word.
            unrated.append(f"{invoice.number or invoice.id} ({invoice.currency})")
            continue
        amount = rounded(invoice.amount_due * rate, base_currency)
        base.add(invoice, amount, today)
    for _, currency, amount, recorded, number in _in_hand(account):
        rate = Decimal(1) if currency == base_currency else recorded
        if rate is None:
            unrated.append(f"{number} ({currency})")
        else:
            base.unallocated += rounded(amount * rate, base_currency)
