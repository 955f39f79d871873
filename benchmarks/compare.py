"""Compare what the store holds with the platform's own ledger, invoice by invoice.

python -m benchmarks.compare URL PLATFORM DATABASE
"""

from __future__ import annotations

import json
import sqlite3
import sys
from decimal import Decimal
from typing import Any

from arsync.demo.world import World
from arsync.store.db.column_types import from_units

STATUS = {"AUTHORISED": "open", "SUBMITTED": "draft"}
"""Xero's words for ours; the others are the same in small letters."""


def differences(ledger: dict[str, Any], database: str) -> dict[str, int]:
    """Count invoices that are lost, too many, or different, and the same for payments."""
    platform_invoices = {
        row["id"]: (STATUS.get(row["status"], row["status"].lower()), Decimal(row["amount_due"]))
        for row in ledger["invoices"]
        if row["status"] != "DELETED" and row.get("type", "ACCREC") == "ACCREC"
    }
    with sqlite3.connect(database) as db:
        rows = db.execute(
            "SELECT id, status, amount_due FROM invoices WHERE status != 'deleted'"
        ).fetchall()
        payments = db.execute("SELECT count(*) FROM payments WHERE status = 'active'").fetchone()[0]
    stored_invoices = {row[0]: (row[1], from_units(row[2])) for row in rows}
    paid = {row["id"] for row in ledger["payments"] if row["status"] in {"AUTHORISED", "paid"}}
    # In QuickBooks money outlives the invoice that it was for.
    paid |= {row["id"] for row in ledger["credits"] if row["kind"] == "unapplied payment"}
    both = platform_invoices.keys() & stored_invoices.keys()
    return {
        "invoices": len(platform_invoices),
        "lost": len(platform_invoices.keys() - stored_invoices.keys()),
        "doubled": len(rows)
        - len(stored_invoices)
        + len(stored_invoices.keys() - platform_invoices.keys()),
        "different": sum(
            platform_invoices[invoice_id] != stored_invoices[invoice_id] for invoice_id in both
        ),
        "payments": len(paid),
        "payments_off": abs(len(paid) - payments),
    }


def main() -> None:
    """Print the differences as JSON."""
    url, platform, database = sys.argv[1:]
    world = World(url, 0)
    state = world.get(f"/_sandbox/state?platform={platform}")[platform]
    print(json.dumps(differences(state, database)))


if __name__ == "__main__":
    main()
