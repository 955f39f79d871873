"""Tables of decisions are read portion by portion, each row once and of one connection alone."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import insert
from tests.store.conftest import fill_every_table

from arsync.application.reports.exported_decisions import EXPORTED_TABLES, ExportedTable
from arsync.store import Store
from arsync.store.admin.table_reader import ROWS_AT_ONCE
from arsync.store.db.tables import customer_entries
from arsync.store.models import ConnectionRow


@pytest.mark.parametrize("exported", EXPORTED_TABLES, ids=lambda exported: exported.name)
def test_each_exported_table_gives_its_rows(store: Store, exported: ExportedTable) -> None:
    with store.engine.begin() as db:
        fill_every_table(db)
    names = [line.strip().partition(":")[0] for line in exported.columns.strip().splitlines()]
    (row,) = store.tables.rows(exported.table, 1, names)
    assert len(row) == len(names)
    assert list(store.tables.rows(exported.table, 2, names)) == []


def test_many_rows_come_once_each(store: Store, connection: ConnectionRow) -> None:
    count = 2 * ROWS_AT_ONCE + 1
    rows = [
        {
            "connection_id": connection.id,
            "entry": f"customer {number:05}",
            "contact_id": f"c{number}",
            "matched_on": date(2026, 11, 20),
        }
        for number in range(count)
    ]
    with store.engine.begin() as db:
        db.execute(insert(customer_entries), rows)
    read = list(store.tables.rows("customer_entries", connection.id, ["contact_id"]))
    assert read == [(f"c{number}",) for number in range(count)]
