"""Read by plain SQL what measures are made of: each row of each document once, without arsync.

python -m benchmarks.plain_reading FILE
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing

READINGS = {
    "invoices": "id, contact_id, status, issued_on, due_on, currency, rate, total, amount_due,"
    " paid_on, updated_at",
    "payments": "id, contact_id, status, paid_on, currency, amount, unallocated, allocations,"
    " updated_at",
    "credits": "id, contact_id, kind, status, issued_on, currency, rate, total, unallocated,"
    " allocations, updated_at",
}


def main() -> None:
    """Read all of it, and say how much there was."""
    count = 0
    with closing(sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)) as db:
        for table, columns in READINGS.items():
            for _ in db.execute(f"SELECT {columns} FROM {table}"):
                count += 1
    print(count)


if __name__ == "__main__":
    main()
