"""Figures in a browser: of one currency, of one day, with the documents behind each."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from tests.builders.desk import HOSTILE, DeskDriver, add_person

from arsync.application.permissions import Role
from arsync.core.ledger.records import Account
from arsync.errors import UserMistake
from arsync.store.ledger.ledger_store import Ledger
from arsync.web.desk.visit import FIGURES_WAIT_SECONDS


def test_the_page_shows_what_is_owed_and_how_fast(reader: FlaskClient) -> None:
    page = reader.get("/c/books/measures").text
    assert "£17,799.57" in page
    assert "/c/books/measures/overdue/documents?currency=GBP" in page
    assert "does not show that letters did it" in page
    assert 'role="img"' in page


def test_the_page_shows_on_whom_it_hangs(desk: DeskDriver) -> None:
    rules = desk.container.config.rules_folder / "standard.yaml"
    before = rules.read_text()
    user = add_person(desk.container, "Rita Risk", Role.READER)
    page = desk.signed_in(user).get("/c/books/measures").text
    assert "Concentration" in page
    assert "customers who owe the same (Herfindahl index" in page
    assert "needs a rate: provision: {interest: 8%} in the rulebook" in page
    rules.write_text(f"{before}provision: {{interest: 8%}}\n")
    try:
        page = desk.signed_in(user).get("/c/books/measures").text
    finally:
        rules.write_text(before)
    assert "at 8% a year, in 90 days" in page
    assert "of what was sold in 90 days" in page


def test_goals_are_shown_month_by_month(desk: DeskDriver) -> None:
    rules = desk.container.config.rules_folder / "standard.yaml"
    before = rules.read_text()
    rules.write_text(f"{before}goals: {{overdue_percent: 15, days_to_pay: 30}}\n")
    try:
        user = add_person(desk.container, "Gil Goals", Role.READER)
        page = desk.signed_in(user).get("/c/books/measures").text
    finally:
        rules.write_text(before)
    assert "Missed" in page
    assert "at most 15%" in page
    assert "Not known" in page
    assert 'class="goal"' in page


def test_the_chart_says_what_was_added_up_later(reader: FlaskClient) -> None:
    assert "added up later, from the documents" in reader.get("/c/books/measures").text


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


class SlowLedger:
    """A ledger whose customers come when the test says so, or do not come at all."""

    def __init__(self, desk: DeskDriver) -> None:
        self.desk = desk
        self.problem = ""
        self.go = threading.Event()
        self.read = Ledger.accounts
        desk.app.extensions[FIGURES_WAIT_SECONDS] = 0.0

    def accounts(self, *args: Any, **kwargs: Any) -> Iterator[Account]:
        assert self.go.wait(30)
        if self.problem:
            raise UserMistake(self.problem)
        return self.read(self.desk.container.store.ledger, *args, **kwargs)

    def read_on(self) -> None:
        """Let the customers come, and pages wait for what is made of them."""
        self.go.set()
        self.desk.app.extensions[FIGURES_WAIT_SECONDS] = 30.0


@pytest.fixture
def slow(desk: DeskDriver, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowLedger]:
    ledger = SlowLedger(desk)
    monkeypatch.setattr(Ledger, "accounts", lambda _, *args, **more: ledger.accounts(*args, **more))
    yield ledger
    ledger.go.set()


@pytest.mark.parametrize("path", ["measures", "measures/ageing", "close/2026-10"])
def test_a_large_ledger_is_added_up_meanwhile(
    slow: SlowLedger, reader: FlaskClient, path: str
) -> None:
    for _ in range(2):
        page = reader.get(f"/c/books/{path}").text
        assert "You can leave this page" in page
    slow.read_on()
    answer = reader.get(f"/c/books/{path}")
    assert answer.status_code == 200
    assert "You can leave this page" not in answer.text


def test_why_figures_failed_is_told_once(slow: SlowLedger, reader: FlaskClient) -> None:
    assert "You can leave this page" in reader.get("/c/books/measures").text
    slow.problem = "the copy of the ledger is damaged."
    slow.read_on()
    answer = reader.get("/c/books/measures")
    assert answer.status_code == 422
    assert "the copy of the ledger is damaged" in answer.text
    slow.problem = ""
    assert "£17,799.57" in reader.get("/c/books/measures").text
