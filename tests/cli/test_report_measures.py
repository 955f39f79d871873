"""`report measures`: exact figures for programs, short ones for people, and their documents."""

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
    folder = tmp_path_factory.mktemp("measures")
    with a_desk(folder):
        return folder / "config.toml"


def printed_by(
    config: Path, *arguments: str, fails: bool = False, command: str = "measures"
) -> str:
    day = () if "--as-of" in arguments else ("--as-of", "2026-11-20")
    result = CliRunner().invoke(
        report, [command, *arguments, *day, "--config", str(config)], standalone_mode=False
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


def test_every_figure_is_given_with_its_definition(config: Path) -> None:
    ((table),) = json.loads(printed_by(config, "--by", "currency", "--json"))
    (row,) = table["rows"]
    for name in (
        "sales receivable current dso dso_countback_monthly dso_countback_daily bpdso add cei"
        " days_to_pay days_to_pay_weighted days_late dbt dbt_with_early overdue_percent"
        " disputed_percent promised_percent promises_kept_percent promises_kept_amount_percent"
    ).split():
        assert row[name] is None or row[name].partition(".")[2].isdigit(), name
        assert len((row[name] or ".000000").partition(".")[2]) == 6
        assert table["definitions"][name]["formula"]
    assert row["window_days"] == 90
    assert table["worklist"].keys() == {"done", "closed_by_itself", "open", "percent"}


def test_a_figure_names_what_it_is_made_of(config: Path) -> None:
    documents = json.loads(printed_by(config, "--explain", "cei", "--json"))
    named = {document["figure"] for document in documents}
    assert named == {"opening", "sales", "receivable", "current"}
    assert "total" in printed_by(config, "--explain", "dso")
    assert "hint: sales" in printed_by(config, "--explain", "days_sold", fails=True)


def test_a_customers_documents_add_up_to_its_figure(config: Path) -> None:
    ((table),) = json.loads(printed_by(config, "--by", "customer", "--json"))
    options = ("--by", "customer", "--explain", "receivable")
    documents = json.loads(printed_by(config, *options, "--json"))
    owed: dict[str, Decimal] = {}
    for document in documents:
        assert document["contact_id"] == document["group_id"]
        assert document["contact"] == document["group"]
        assert len(document["amount"].partition(".")[2]) == 6
        owed[document["group_id"]] = owed.get(document["group_id"], Decimal(0)) + Decimal(
            document["amount"]
        )
    assert owed == {
        row["group_id"]: Decimal(row["receivable"])
        for row in table["rows"]
        if Decimal(row["receivable"])
    }


def test_documents_come_in_every_form(config: Path, tmp_path: Path) -> None:
    options = ("--explain", "overdue_percent")
    rows = list(csv.DictReader(io.StringIO(printed_by(config, *options, "--format", "csv"))))
    named = json.loads(printed_by(config, *options, "--json"))
    assert [row["number"] for row in rows] == [document["number"] for document in named]
    assert {row["figure"] for row in rows} == {"overdue", "receivable"}
    assert not any(row["contact"].startswith(("=", "+", "@")) for row in rows)
    file = tmp_path / "overdue.html"
    printed_by(config, *options, "--html", str(file))
    page = file.read_text(encoding="utf-8")
    assert rows[0]["number"] in page
    assert "<img" not in page
    assert "customer" in printed_by(config, *options)
    assert "one day" in printed_by(config, *options, "--by", "month", fails=True)
    assert "leave out --explain" in printed_by(config, *options, "--known-then", fails=True)
    for form in ("table", "html"):
        none = printed_by(config, *options, "--as-of", "2020-01-01", "--format", form)
        assert "No document is behind this figure: it is zero." in none


def test_a_page_of_months_stands_alone(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "measures.html"
    printed_by(config, "--by", "month", "--html", str(file))
    page = file.read_text(encoding="utf-8")
    assert 'role="img"' in page
    assert "17,799.57" in page
    assert "<script" not in page
    assert "http" not in page


def test_customers_in_a_page_are_text(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "customers.html"
    printed_by(config, "--by", "customer", "--html", str(file))
    assert "<img" not in file.read_text(encoding="utf-8")


def test_ages_take_bands_of_ones_own(config: Path) -> None:
    usual, own = (
        json.loads(printed_by(config, *options, "--json", command="ageing"))[0]["totals"][0]
        for options in ((), ("--bands", "7,14", "--by-date", "issued"))
    )
    assert list(own["ages"]) == ["0-7", "8-14", "14+"]
    assert sum(round(float(amount) * 100) for amount in own["ages"].values()) == 1779957
    assert own["overdue"] == usual["overdue"]
    options = ("--bands", "7,14", "--by-date", "issued")
    assert "2026-11-20, by issue date" in printed_by(config, *options, command="ageing")
    none = printed_by(config, "--as-of", "2020-01-01", command="ageing")
    assert "as of 2020-01-01: nothing is owed." in none
    assert "hint: 30,60,90" in printed_by(config, "--bands", "9,1", command="ageing", fails=True)
    assert "not whole" in printed_by(config, "--bands", "week", command="ageing", fails=True)


def test_what_was_known_then_is_told_apart(config: Path) -> None:
    ((anew,), (then,)) = (
        json.loads(printed_by(config, *options, "--json")) for options in ((), ("--known-then",))
    )
    assert anew["rows"] == then["rows"]
    assert (len(anew["known_at"]), len(then["known_at"])) == (0, 1)
    assert "as it was known then; kept" in printed_by(config, "--known-then")
    assert "added up anew" in printed_by(config)
    refused = printed_by(config, "--known-then", "--window", "30", fails=True)
    assert "--window 90 alone" in refused
