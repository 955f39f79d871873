"""`report steps`: what followed each step, or that it is not known."""

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
    folder = tmp_path_factory.mktemp("steps")
    with a_desk(folder):
        return folder / "config.toml"


def printed_by(config: Path, *arguments: str, fails: bool = False) -> str:
    day = () if "--as-of" in arguments else ("--as-of", "2026-11-20")
    result = CliRunner().invoke(
        report, ["steps", *arguments, *day, "--config", str(config)], standalone_mode=False
    )
    assert (result.exception is not None) == fails, result.exception
    return str(result.exception) if fails else result.stdout


def test_what_is_not_known_is_no_number(config: Path) -> None:
    (table,) = json.loads(printed_by(config, "--json"))
    assert [step["step"] for step in table["steps"]][:2] == ["first reminder", "second reminder"]
    for step in table["steps"]:
        assert [within["days"] for within in step["horizons"]] == [7, 14, 30]
        assert {within["difference"] for within in step["horizons"]} == {None}
        assert all("30 are needed" in within["why_unknown"] for within in step["horizons"])
    assert "not its effect" in table["note"]
    assert (table["cases_min"], table["trials"]) == (30, [])


def test_people_are_told_why_it_is_not_known(config: Path) -> None:
    shown = printed_by(config)
    assert "not known" in shown
    assert shown.count("first reminder (Standard cadence), 7, 14 and 30 days: ") == 1
    assert "What follows a message is not its effect" in shown


def test_a_spreadsheet_gets_empty_cells(config: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(printed_by(config, "--format", "csv"))))
    assert {row["paid_percent"] for row in rows} == {""}
    assert {row["cadence"] for row in rows} == {"Standard cadence"}


def test_a_file_needs_a_format(config: Path, tmp_path: Path) -> None:
    assert "--format" in printed_by(config, "--output", str(tmp_path / "s.csv"), fails=True)
    assert "in the future" in printed_by(config, "--as-of", "2199-01-01", fails=True)
