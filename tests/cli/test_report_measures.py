"""`report measures`: exact figures for programs, short ones for people, and their documents."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.builders.desk import a_desk

from arsync.cli.report_commands import report


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("measures")
    with a_desk(folder):
        return folder / "config.toml"


def printed_by(config: Path, *arguments: str, fails: bool = False) -> str:
    day = () if "--as-of" in arguments else ("--as-of", "2026-11-20")
    result = CliRunner().invoke(
        report, ["measures", *arguments, *day, "--config", str(config)], standalone_mode=False
    )
    assert (result.exception is not None) == fails, result.exception
    return str(result.exception) if fails else result.stdout


def test_json_has_six_places(config: Path) -> None:
    ((table),) = json.loads(printed_by(config, "--json"))
    (row,) = table["rows"]
    assert row["receivable"] == "17799.570000"
    assert row["dso"] == f"{17799.57 / float(row['sales']) * 90:.6f}"
    assert row["days_to_pay"] is None
    assert row["as_of"] == "2026-11-20"


def test_documents_add_up_to_their_figure(config: Path) -> None:
    ((table),) = json.loads(printed_by(config, "--json"))
    documents = json.loads(printed_by(config, "--explain", "overdue", "--json"))
    total = sum(round(float(document["amount"]) * 100) for document in documents)
    assert total == round(float(table["rows"][0]["overdue"]) * 100)


def test_customers_with_formula_names_are_safe(config: Path) -> None:
    rows = list(
        csv.DictReader(io.StringIO(printed_by(config, "--by", "customer", "--format", "csv")))
    )
    assert {row["currency"] for row in rows} == {"GBP"}
    assert len(rows) == 8
    assert not any(row["group"].startswith(("=", "+", "@")) for row in rows)


def test_a_year_of_months_is_shown(config: Path) -> None:
    shown = printed_by(config, "--by", "month")
    assert "2026-11-20" in shown
    assert "2026-10-31" in shown


def test_the_future_has_no_figures(config: Path) -> None:
    assert "in the future" in printed_by(config, "--as-of", "2199-01-01", fails=True)
