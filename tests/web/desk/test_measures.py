"""Figures in a browser: of one currency, of one day, with the documents behind each."""

from __future__ import annotations

import csv
import io

from flask.testing import FlaskClient
from tests.builders.desk import HOSTILE, DeskDriver, add_person

from arsync.application.permissions import Role


def test_the_page_shows_what_is_owed_and_how_fast(reader: FlaskClient) -> None:
    page = reader.get("/c/books/measures").text
    assert "£17,799.57" in page
    assert "/c/books/measures/overdue/documents?currency=GBP" in page
    assert "does not show that letters did it" in page
    assert 'role="img"' in page


def test_a_figure_lists_its_documents(reader: FlaskClient) -> None:
    page = reader.get("/c/books/measures/current/documents?currency=GBP").text
    assert "INV-8" in page
    assert "£500.00" in page
    assert reader.get("/c/books/measures/nonsense/documents").status_code == 422


def test_a_past_day_has_its_own_figures(reader: FlaskClient) -> None:
    page = reader.get("/c/books/measures?as_of=2026-08-20").text
    assert "20 August" in page
    assert reader.get("/c/books/measures?as_of=2199-01-01").status_code == 422
    assert reader.get("/c/books/measures?as_of=soon").status_code == 422


def test_downloads_are_attachments(reader: FlaskClient) -> None:
    answer = reader.get("/c/books/measures/ageing.csv")
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert sum(row["contact"] == HOSTILE for row in rows) == 1
    months = list(csv.DictReader(io.StringIO(reader.get("/c/books/measures/measures.csv").text)))
    assert {row["currency"] for row in months} == {"GBP"}


def test_a_month_rolls_from_opening_to_closing(reader: FlaskClient) -> None:
    answer = reader.get("/c/books/close")
    assert answer.headers["Location"] == "/c/books/close/2026-10"
    page = reader.get("/c/books/close/2026-10").text
    assert "Month end: Oct 2026" in page
    assert "Month after" in page
    assert "This month is not over" in reader.get("/c/books/close/2026-11").text
    assert reader.get("/c/books/close/2026-13").status_code == 422
    assert reader.get("/c/books/close/2027-03").status_code == 422


def test_without_amounts_there_are_no_figures(desk: DeskDriver) -> None:
    user = add_person(desk.container, "Nora Blind", Role.READER, sees_amounts=False)
    client = desk.signed_in(user)
    for path in ("measures", "measures/ageing", "measures/ageing.csv", "close/2026-10"):
        assert client.get(f"/c/books/{path}").status_code == 403
