"""The papers of a pack: exact amounts, and no cell that a spreadsheet would calculate."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from arsync.application.agreements.pack_papers import table


def test_a_table_runs_nothing_and_rounds_nothing() -> None:
    rows = [
        ("=cmd()", Decimal("-1234.5"), date(2026, 11, 20), None),
        ("@x", Decimal("0.0001"), 7, ""),
    ]
    assert table(("a", "b", "c", "d"), rows).decode().splitlines() == [
        "a,b,c,d",
        "'=cmd(),-1234.50,2026-11-20,",
        "'@x,0.0001,7,",
    ]
