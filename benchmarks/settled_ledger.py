"""Fill a store with three years of a ledger, of which one invoice in twenty is open.

python -m benchmarks.settled_ledger FOLDER CONTACTS INVOICES
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from arsync.application.organisation.container import Container
from arsync.clock import SystemClock
from arsync.config import example_config, load_config
from arsync.connector_sdk import Page
from arsync.core.ledger.credit_kinds import CreditKind
from arsync.core.ledger.records import (
    Allocation,
    Contact,
    Credit,
    Invoice,
    Organisation,
    Payment,
    RecordKind,
)

PAGE = 5_000
DAYS = 1_095
TERMS = timedelta(days=30)
OPEN_EACH = 20
EURO_EACH = 8
CREDITED_EACH = 50
EURO = Decimal("0.85")
NOTHING = Decimal(0)


def main() -> None:
    """Make the folder."""
    folder, contacts, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    (folder / "rules").mkdir(parents=True, exist_ok=True)
    rules = "version: 1\ncurrency: GBP\ngoals: {dso: 40}\n"
    (folder / "rules" / "standard.yaml").write_text(rules)
    file = folder / "config.toml"
    file.write_text(example_config({("tokens", "keyring"): "off"}))
    now = SystemClock().now()
    with Container(load_config(file, {})) as container:
        row = container.store.connections.add(
            "bench", platform="xero", organisation=Organisation("o1", "Bench", "GBP", "GB")
        )
        ledger = container.store.ledger
        people = [Contact(f"c{number:06}", f"Customer {number}") for number in range(contacts)]
        for start in range(0, contacts, PAGE):
            ledger.apply(row.id, Page(RecordKind.CONTACTS, people[start : start + PAGE], "c"), now)
        for start in range(0, count, PAGE):
            numbers = range(start, min(count, start + PAGE))
            for kind, records in _documents(numbers, contacts, now.date()).items():
                ledger.apply(row.id, Page(kind, records, "c"), now)
        ledger.refresh_statistics()


def _documents(numbers: Sequence[int], contacts: int, today: date) -> dict[RecordKind, list[Any]]:
    """Return invoices and what paid them: 1 in 20 is open, 1 in 50 credited, 1 in 8 in euros."""
    pages: dict[RecordKind, list[Any]] = {
        RecordKind.INVOICES: [],
        RecordKind.PAYMENTS: [],
        RecordKind.CREDITS: [],
    }
    for number in numbers:
        issued = today - timedelta(days=number * 7 % DAYS)
        paid_on = issued + timedelta(days=5 + number * 13 % 70)
        total = Decimal(number % 100_000 + 100) / 100
        is_open = number % OPEN_EACH == 0 or paid_on > today
        currency, rate = ("EUR", EURO) if number % EURO_EACH == 0 else ("GBP", Decimal(1))
        name, contact = f"{number:08x}", f"c{number * 7 % contacts:06}"
        moment = datetime(paid_on.year, paid_on.month, paid_on.day, 12, tzinfo=UTC)
        pages[RecordKind.INVOICES].append(
            Invoice(
                id=name,
                contact_id=contact,
                number=f"INV-{number:06}",
                status="open" if is_open else "paid",
                issued_on=issued,
                due_on=issued + TERMS,
                currency=currency,
                rate=rate,
                total=total,
                amount_due=total if is_open else NOTHING,
                paid_on=None if is_open else paid_on,
                updated_at=moment,
            )
        )
        if is_open:
            continue
        matched = (Allocation(name, total, paid_on),)
        if number % CREDITED_EACH == 1:
            pages[RecordKind.CREDITS].append(
                Credit(
                    f"cr{name}",
                    contact,
                    CreditKind.CREDIT_NOTE,
                    f"CN-{number}",
                    "paid",
                    paid_on,
                    currency,
                    rate,
                    total,
                    NOTHING,
                    matched,
                    updated_at=moment,
                )
            )
        else:
            pages[RecordKind.PAYMENTS].append(
                Payment(
                    f"p{name}",
                    contact,
                    "active",
                    paid_on,
                    currency,
                    rate,
                    total,
                    NOTHING,
                    matched,
                    updated_at=moment,
                )
            )
    return pages


if __name__ == "__main__":
    main()
