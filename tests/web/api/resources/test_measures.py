"""Figures, the documents behind them, months and the tie-out."""

from __future__ import annotations

from decimal import Decimal

from tests.builders.desk import CUSTOMERS, DeskDriver
from tests.builders.programs import Program

from arsync.web.desk.visit import FIGURES_WAIT_SECONDS

BOOKS = "/connections/books"


def test_the_documents_of_a_figure_add_up_to_it(reader: Program) -> None:
    (figures,) = reader.read(f"{BOOKS}/measures")["items"]
    overdue = sum(Decimal(amount) for _, owed in CUSTOMERS for late, amount in owed if late > 0)
    assert Decimal(figures["overdue"]) == overdue
    documents = reader.read(f"{BOOKS}/measures/overdue/documents", limit=200)["items"]
    assert sum(Decimal(document["amount"]) for document in documents) == overdue
    assert documents[0]["amount"] == "6000.00"


def test_documents_and_customers_come_in_parts(reader: Program) -> None:
    for path, name in (("measures/overdue/documents", "id"), ("measures", "group_id")):
        more = {"by": "customer"} if path == "measures" else {}
        whole = reader.read(f"{BOOKS}/{path}", limit=200, **more)["items"]
        parts = reader.read_in_parts(f"{BOOKS}/{path}", 3, **more)
        assert [row[name] for row in parts] == [row[name] for row in whole]


def test_a_month_ends_with_what_the_next_opens(reader: Program) -> None:
    (before,) = reader.read(f"{BOOKS}/months/2026-09")["currencies"]
    (after,) = reader.read(f"{BOOKS}/months/2026-10")["currencies"]
    assert before["closing"] == after["opening"]
    assert after["closing"] == str(
        Decimal(after["opening"]) + Decimal(after["sold"]) - Decimal(after["settled"])
    )


def test_the_ledger_ties_out(reader: Program) -> None:
    (currency,) = reader.read(f"{BOOKS}/tie-out")["currencies"]
    owed = sum(Decimal(amount) for _, invoices in CUSTOMERS for _, amount in invoices)
    assert Decimal(currency["ageing"]) == owed


def test_figures_that_are_added_up_are_asked_again(desk: DeskDriver, reader: Program) -> None:
    desk.app.extensions[FIGURES_WAIT_SECONDS] = 0
    answer = reader.get(f"{BOOKS}/measures")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json is not None
    assert answer.json["detail"] == "the figures are being added up."


def test_a_day_without_figures_is_refused(reader: Program) -> None:
    for day in ("0001-01-01", "2999-01-01"):
        assert reader.get(f"{BOOKS}/measures", as_of=day).status_code == 422
