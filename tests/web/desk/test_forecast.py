"""What will come in, and what may be lost, in a browser."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, timedelta
from decimal import Decimal

from flask.testing import FlaskClient
from tests.builders.books import NOW
from tests.builders.desk import DeskDriver, add_person
from tests.builders.records import a_contact, a_payment, an_invoice

from arsync.application.permissions import Role
from arsync.connector_sdk import Page
from arsync.core.analytics.projection import WEEKS
from arsync.core.ledger.records import Allocation, DocumentStatus, RecordKind


def test_few_paid_invoices_are_told(reader: FlaskClient) -> None:
    page = reader.get("/c/books/measures/forecast").text
    assert "under 50 there are no habits" in page
    assert "Due by week" in page
    assert 'role="img"' in page
    assert "/c/books/invoices/" in page


def add_habits(desk: DeskDriver) -> None:
    """Add a customer who has paid an invoice every third day, five to nine days late."""
    store = desk.container.store
    (row,) = store.connections.all()
    invoices, payments = [], []
    for number in range(110):
        due_on = date(2026, 11, 18) - timedelta(3 * number)
        paid_on = due_on + timedelta(5 + number % 5)
        is_paid = paid_on <= date(2026, 11, 18)
        total = Decimal(100 + number)
        invoices.append(
            an_invoice(
                f"h{number}",
                "habit",
                issued_on=due_on - timedelta(30),
                due_on=due_on,
                total=total,
                amount_due=Decimal(0) if is_paid else total,
                status=DocumentStatus.PAID if is_paid else DocumentStatus.OPEN,
                paid_on=paid_on if is_paid else None,
                rate=Decimal(1),
            )
        )
        if is_paid:
            payments.append(
                a_payment(
                    f"hp{number}",
                    "habit",
                    paid_on=paid_on,
                    amount=total,
                    unallocated=Decimal(0),
                    allocations=(Allocation(f"h{number}", total, paid_on),),
                )
            )
    for kind, records in (
        (RecordKind.CONTACTS, (a_contact("habit", "Punctual & Sons"),)),
        (RecordKind.INVOICES, tuple(invoices)),
        (RecordKind.PAYMENTS, tuple(payments)),
    ):
        store.ledger.apply(row.id, Page(kind, records, "9"), NOW)


def test_habits_give_bands_and_errors(desk: DeskDriver, reader: FlaskClient) -> None:
    add_habits(desk)
    page = reader.get("/c/books/measures/forecast").text
    while "being added up" in page:
        page = reader.get("/c/books/measures/forecast").text
    assert "Expected payments a week" in page
    assert "in 4 of 5 cases" in page
    assert "It beats both." in page
    assert re.search(r"The band of the first week held in \d+ of \d+ past weeks", page)
    assert "The band of the 13 weeks together is that of their sum" in page
    assert page.count('<rect class="band"') == WEEKS
    assert "Punctual &amp; Sons" in page
    assert "usually 7 days late" in page


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
