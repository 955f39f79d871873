"""The page of an invoice, and why something is done about it."""

from __future__ import annotations

from flask.testing import FlaskClient
from tests.builders.desk import DeskDriver, add_person

from arsync.application.permissions import Role
from arsync.core.planning.rules_read import SECTIONS_READ
from arsync.web.desk.pages.invoices import SECTIONS


def test_an_invoice_shows_steps_and_leads_on(desk: DeskDriver, owner: FlaskClient) -> None:
    invoice = next(iter(desk.books.invoices.values()))
    text = owner.get(f"/c/books/invoices/{invoice.id}").text
    assert "£1,250.00" in text
    assert "5 days overdue" in text
    assert "https://books.example/" in text
    assert f"/why/{invoice.id}?of=invoice" in text
    assert "first reminder" in text
    assert owner.get("/c/books/invoices/none").status_code == 422


def test_why_reads_the_rulebook_in_order(desk: DeskDriver, owner: FlaskClient) -> None:
    text = owner.get("/c/books/why/c1").text
    assert "Standard cadence" in text
    assert "Over the limit" in text
    assert "standard.yaml" in text
    assert text.index("Planned") < text.index("Credit limit")
    invoice = next(iter(desk.books.invoices.values()))
    assert invoice.number in owner.get(f"/c/books/why/{invoice.id}?of=invoice").text
    assert owner.get("/c/books/why/nobody").status_code == 422


def test_who_sees_no_amounts_reads_none(desk: DeskDriver) -> None:
    client = desk.signed_in(add_person(desk.container, "Sam", Role.READER, sees_amounts=False))
    invoice = next(iter(desk.books.invoices.values()))
    for path in (f"invoices/{invoice.id}", f"why/{invoice.id}?of=invoice", "why/c1"):
        text = client.get(f"/c/books/{path}").text
        for sum_shown in ("1,250", "6,350", "5,000", "4,300"):
            assert sum_shown not in text, path


def test_every_section_that_is_read_has_a_heading() -> None:
    assert set(SECTIONS_READ) <= set(SECTIONS)
