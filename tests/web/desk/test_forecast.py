"""What will come in, and what may be lost, in a browser."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from decimal import Decimal

from flask.testing import FlaskClient
from tests.builders.desk import DeskDriver, add_person

from arsync.application.permissions import Role


def test_few_paid_invoices_are_told(reader: FlaskClient) -> None:
    page = reader.get("/c/books/measures/forecast").text
    assert "under 50 there are no habits" in page
    assert "Due by week" in page
    assert 'role="img"' in page
    assert "/c/books/invoices/" in page


def test_the_measures_lead_to_it(reader: FlaskClient) -> None:
    page = reader.get("/c/books/measures?currency=GBP").text
    assert "/c/books/measures/forecast?currency=GBP" in page


def test_a_currency_without_debts_says_so(reader: FlaskClient) -> None:
    page = reader.get("/c/books/measures/forecast?as_of=2001-01-01").text
    assert "Nothing is owed in GBP" in page
    assert reader.get("/c/books/measures/forecast?as_of=2199-01-01").status_code == 422


def test_the_month_end_has_its_provision(reader: FlaskClient) -> None:
    page = reader.get("/c/books/close/2026-11").text
    assert "Provision for expected losses" in page
    assert "not known" in page
    assert "/c/books/measures/provision.csv" in page
    assert "--interest" not in page


def test_downloads_add_up(reader: FlaskClient) -> None:
    answer = reader.get("/c/books/measures/forecast.csv")
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    one_week = timedelta(6)
    parts = [
        Decimal(row["amount"])
        for row in rows
        if row["figure"] in {"later", "never", "disputed"}
        or (
            row["figure"] == "expected"
            and date.fromisoformat(row["last"]) - date.fromisoformat(row["first"]) == one_week
        )
    ]
    (owed,) = [Decimal(row["amount"]) for row in rows if row["figure"] == "owed"]
    assert sum(parts) == owed
    losses = list(csv.DictReader(io.StringIO(reader.get("/c/books/measures/provision.csv").text)))
    assert {row["figure"] for row in losses} >= {"expected_loss", "provision"}


def test_without_amounts_there_is_no_forecast(desk: DeskDriver) -> None:
    client = desk.signed_in(
        add_person(desk.container, "Nora Blind", Role.READER, sees_amounts=False)
    )
    for path in ("forecast", "forecast.csv", "provision.csv"):
        assert client.get(f"/c/books/measures/{path}").status_code == 403
