"""Fill a store with open invoices and make it ready for `arsync plan`.

python -m benchmarks.fill FOLDER CONTACTS INVOICES [STORE]

STORE: the URL of an empty database; left out, a file in the folder.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import arsync_rulebooks
from arsync.application.organisation.container import Container
from arsync.clock import SystemClock
from arsync.config import example_config, load_config
from arsync.connector_sdk import Page
from arsync.core.ledger.records import Contact, Invoice, Organisation, RecordKind

PAGE = 1_000


def main() -> None:
    """Make the folder."""
    folder, contacts, invoices = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    (folder / "rules").mkdir(parents=True, exist_ok=True)
    (folder / "rules" / "standard.yaml").write_text(arsync_rulebooks.text("standard"))
    file = folder / "config.toml"
    settings = {("tokens", "keyring"): "off"}
    if len(sys.argv) > 4:
        settings["store", "url"] = sys.argv[4]
    file.write_text(example_config(settings))
    now = SystemClock().now()
    with Container(load_config(file, {})) as container:
        row = container.store.connections.add(
            "bench", platform="xero", organisation=Organisation("o1", "Bench", "GBP", "GB")
        )
        people = [
            Contact(f"c{number:06}", f"Customer {number}", email=f"accounts@c{number}.example")
            for number in range(contacts)
        ]
        owed = [_invoice(number, contacts, now) for number in range(invoices)]
        kinds: Sequence[tuple[RecordKind, list[Any]]] = (
            (RecordKind.CONTACTS, people),
            (RecordKind.INVOICES, owed),
        )
        run = container.store.runs.start(row.id, "pull")
        for kind, records in kinds:
            for start in range(0, len(records), PAGE):
                chunk = records[start : start + PAGE]
                last = kind is RecordKind.INVOICES and start + PAGE >= len(records)
                container.store.ledger.apply(row.id, Page(kind, chunk, "c", complete=last), now)
        container.store.ledger.refresh_statistics()  # as a pull does
        container.store.runs.finish(run, outcome="done")


def _invoice(number: int, contacts: int, now: datetime) -> Invoice:
    """Return an open invoice, issued some time in the last 150 days and due 30 days later."""
    issued = (now - timedelta(days=number % 150)).date()
    total = Decimal(number % 100_000 + 100) / 100
    return Invoice(
        id=f"{number:08x}",
        contact_id=f"c{number * 7 % contacts:06}",
        number=f"INV-{number:06}",
        status="open",
        issued_on=issued,
        due_on=issued + timedelta(days=30),
        currency="GBP",
        rate=Decimal(1),
        total=total,
        amount_due=total,
        sent=True,
        updated_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


if __name__ == "__main__":
    main()
