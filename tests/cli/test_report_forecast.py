"""`report forecast`: exact figures for programs, short ones for people, and what is behind them."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.builders.desk import a_desk

from arsync.cli.report_commands import report


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("forecast")
    with a_desk(folder):
        return folder / "config.toml"


def printed_by(config: Path, *arguments: str, fails: bool = False) -> str:
    day = () if "--as-of" in arguments else ("--as-of", "2026-11-20")
    result = CliRunner().invoke(
        report, ["forecast", *arguments, *day, "--config", str(config)], standalone_mode=False
    )
    assert (result.exception is not None) == fails, result.exception
    return str(result.exception) if fails else result.stdout


def test_few_paid_invoices_are_told(config: Path) -> None:
    shown = printed_by(config)
    assert "under 50 there are no habits" in shown
    assert "2026-11-21 to 2026-11-27" in shown


def test_json_has_six_places_and_definitions(config: Path) -> None:
    ((table),) = json.loads(printed_by(config, "--json"))
    (row,) = table["currencies"]
    sums = [week["expected"] for week in row["weeks"]]
    assert {len(amount.partition(".")[2]) for amount in sums} == {6}
    parts = (*sums, row["later"], row["never"], row["disputed"])
    assert sum(map(Decimal, parts)) == Decimal(row["owed"])
    assert table["definitions"]["expected"]["source"].startswith("Kaplan")
    assert row["errors"]["beats_both"] is None


def test_documents_add_up_to_what_is_owed(config: Path) -> None:
    ((table),) = json.loads(printed_by(config, "--json", "--explain"))
    (row,) = table["currencies"]
    documents = row["documents"]
    assert sum(Decimal(document["amount"]) for document in documents) == Decimal(row["owed"])
    assert "INV-8" in printed_by(config, "--explain")


def test_csv_tells_what_each_figure_is(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "forecast.csv"
    printed_by(config, "--format", "csv", "--output", str(file))
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))
    assert {row["figure"] for row in rows} >= {"expected", "by_due_date", "owed", "never"}
    assert all(row["definition"] and row["source"] and row["window"] for row in rows)


def test_a_spreadsheet_gets_each_weeks_share_of_an_invoice(config: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(printed_by(config, "--explain", "--format", "csv"))))
    ((table),) = json.loads(printed_by(config, "--explain", "--json"))
    documents = table["currencies"][0]["documents"]
    assert [row["number"] for row in rows] == [document["number"] for document in documents]
    for row in rows:
        weeks = [Decimal(row[f"week_{number}"]) for number in range(1, 14)]
        assert sum(weeks) + Decimal(row["later"]) + Decimal(row["never"]) == Decimal(row["amount"])
    assert "What will come in" in printed_by(config, "--format", "html")


@pytest.mark.parametrize("arguments", [("--as-of", "2199-01-01"), ("--output", "x.txt")])
def test_what_cannot_be_given_is_refused(config: Path, arguments: tuple[str, str]) -> None:
    assert printed_by(config, *arguments, fails=True)
