"""Exporting whole ledgers: the same columns everywhere, and each row as the store has it."""

from __future__ import annotations

import csv
import json
import stat
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from arsync.application.reports.exported_decisions import EXPORTED_TABLES
from arsync.application.reports.ledger_export import ENTITIES

from .conftest import TODAY, Shell


def lines(shell: Shell, entity: str, *words: str) -> list[dict[str, Any]]:
    done = shell("export", "--entity", entity, "--format", "jsonl", *words)
    assert done.code == 0
    return [json.loads(line) for line in done.out.splitlines()]


def test_everything_is_exported_into_a_new_folder(shell: Shell) -> None:
    shell("promise", "INV-1", str(TODAY + timedelta(30)), "--connection", "xero")
    shell("agree", "INV-3", "--on", f"{TODAY + timedelta(30)}:5", "--connection", "xero")
    done = shell("export", "--all", "--output", "books")
    assert done.code == 0
    folder = shell.folder / "books"
    assert {file.name for file in folder.iterdir()} == {f"{name}.csv" for name in ENTITIES}
    for entity in ENTITIES.values():
        file = folder / f"{entity.name}.csv"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        with file.open(newline="", encoding="utf-8") as opened:
            header, *rows = csv.reader(opened)
        assert header == list(entity.header)
        assert {len(row) for row in rows} <= {len(header)}
        assert rows or entity.name in {
            "payments",
            "credits",
            "allocations",
            "unreadable",
            "disputes",
            "placements",
            "undeliverable_addresses",
            "contact_log",
            "actions",
            "letters",
            "notices",
        }.union(exported.name for exported in EXPORTED_TABLES)
    again = shell("export", "--all", "--output", "books")
    assert again.code == 2
    assert "this folder is not empty" in again.err


def test_both_platforms_give_the_same_rows(shell: Shell) -> None:
    by_platform = {
        name: {row["number"]: row for row in lines(shell, "invoices", "--connection", name)}
        for name in ("xero", "quickbooks")
    }
    assert set(by_platform["xero"]) == {f"INV-{number}" for number in range(1, 6)}
    for number, invoice in by_platform["xero"].items():
        twin = by_platform["quickbooks"][number]
        same = ("status", "issued_on", "due_on", "currency", "total", "amount_due")
        assert [invoice[name] for name in same] == [twin[name] for name in same]
    assert Decimal(by_platform["xero"]["INV-2"]["amount_due"]) == Decimal("1200.50")


def test_a_name_like_a_formula_is_shown_not_calculated(shell: Shell) -> None:
    done = shell("export", "--entity", "contacts", "--connection", "xero")
    assert done.out.startswith("connection,id,name,status")
    assert "[red] Shoes" in done.out


def test_each_action_tells_its_rule(shell: Shell) -> None:
    shell("connections", "xero", "--mode", "approve")
    shell("sync", "--connection", "xero")
    actions = lines(shell, "actions")
    assert {row["state"] for row in actions} == {"awaiting approval"}
    assert all(row["file"].endswith("little.yaml") and row["line"] > 0 for row in actions)
    assert any(
        row["invoices"] == ["INV-1", "INV-2"] or "INV-1" in row["invoices"] for row in actions
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["export"], "name a customer, or say --entity NAME, or --all --output FOLDER."),
        (["export", "Late & Sons", "--all"], "name a customer, or say --entity NAME"),
        (["export", "--all"], "--all and --output FOLDER belong together."),
        (["export", "--entity", "invoces"], "there is no entity 'invoces'. There are: contacts"),
    ],
)
def test_an_unclear_export_is_refused(shell: Shell, words: list[str], message: str) -> None:
    done = shell(*words)
    assert done.code == 2
    assert message in done.err
