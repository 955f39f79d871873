"""Ledgers from files, from JSON and from the generator."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from arsync_sandbox.generate import INVOICES_MAX, generate
from arsync_sandbox.load import PROBLEMS_MAX, LoadProblem, rows_from_folder, rows_from_json
from arsync_sandbox.platform import ContactRow, InvoiceRow, PaymentRow
from arsync_sandbox.server import Sandbox
from arsync_sandbox.timeline import LoadedRows

CONTACTS = """id,name,email,currency,country,contact_group,terms_days,created_on
c1,"Ridgeway, University",pay@ridgeway.example,GBP,GB,Key accounts,30,2024-02-29
c2,Zoë & Søn,,,,,,
"""
INVOICES = """id,number,contact_id,issued_on,due_on,currency,total,status
i1,INV-1,c1,2026-05-01,2026-05-31,GBP,1234.50,open
i2,INV-2,c2,2026-07-01,,EUR,0.10,
"""
PAYMENTS = """id,invoice_id,paid_on,amount
p1,i1,2026-06-01,1000.00
"""


def folder_of(path: Path, **files: str) -> Path:
    texts = {"contacts": CONTACTS, "invoices": INVOICES, "payments": PAYMENTS} | files
    for name, text in texts.items():
        (path / f"{name}.csv").write_text(text, encoding="utf-8")
    return path


def made(seed: int, contacts: int, invoices: int) -> LoadedRows:
    return generate(
        seed=seed,
        contacts=contacts,
        invoices=invoices,
        today=date(2026, 6, 1),
        currency="GBP",
        country="GB",
    )


def test_a_folder_of_csv_files_becomes_rows(tmp_path: Path) -> None:
    rows = rows_from_folder(folder_of(tmp_path))
    assert rows.contacts == [
        ContactRow(
            "c1",
            "Ridgeway, University",
            "pay@ridgeway.example",
            "GBP",
            "GB",
            "Key accounts",
            30,
            date(2024, 2, 29),
        ),
        ContactRow("c2", "Zoë & Søn"),
    ]
    assert rows.invoices[1] == InvoiceRow(
        "i2", "INV-2", "c2", date(2026, 7, 1), None, "EUR", Decimal("0.10"), "open"
    )
    assert rows.payments == [PaymentRow("p1", "i1", date(2026, 6, 1), Decimal("1000.00"))]


def test_columns_may_be_reordered_and_optional_ones_missing(tmp_path: Path) -> None:
    folder_of(tmp_path, contacts="name,id\r\nA,c1\r\n\r\nB,c2\r\n")
    (tmp_path / "payments.csv").unlink()
    rows = rows_from_folder(tmp_path)
    assert rows.contacts == [ContactRow("c1", "A"), ContactRow("c2", "B")]
    assert rows.payments == []


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"contacts": "id,name\nc1,\nc2,B\n"}, "contacts.csv:2: name is empty"),
        ({"contacts": "id,nam\n"}, "contacts.csv:1: column 'name' is missing"),
        ({"contacts": "id,nam\n"}, "contacts.csv:1: unknown column 'nam'"),
        ({"contacts": "id,name\nc1,A\nc1,B\n"}, "contacts.csv:3: id 'c1' is there twice"),
        ({"contacts": "id,name\nc1,A,x\n"}, "contacts.csv:2: 3 values for 2 columns"),
        (
            {"contacts": "id,name,terms_days\nc1,A,net 30\n"},
            "2: terms_days 'net 30' is not a whole",
        ),
        ({"invoices": INVOICES.replace("1234.50", "1,234")}, "invoices.csv:2: 9 values"),
        ({"invoices": INVOICES.replace("1234.50", "12x")}, "2: total '12x' is not an amount"),
        ({"invoices": INVOICES.replace("1234.50", "NaN")}, "2: total 'NaN' is not an amount"),
        (
            {"invoices": INVOICES.replace("2026-05-01", "1/5/26")},
            "issued_on '1/5/26' is not a date",
        ),
        ({"invoices": INVOICES.replace("open", "lost")}, "status 'lost' is not one of"),
        (
            {"invoices": INVOICES.replace("c2", "c9")},
            "invoices.csv:3: contact_id 'c9' is not among",
        ),
        (
            {"payments": PAYMENTS.replace("i1", "i9")},
            "payments.csv:2: invoice_id 'i9' is not among",
        ),
    ],
)
def test_a_wrong_line_is_named_with_file_and_line(
    tmp_path: Path, files: dict[str, str], said: str
) -> None:
    with pytest.raises(LoadProblem) as caught:
        rows_from_folder(folder_of(tmp_path, **files))
    assert said in str(caught.value)


def test_an_unreadable_or_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LoadProblem, match="no such folder"):
        rows_from_folder(tmp_path / "nowhere")
    folder_of(tmp_path)
    (tmp_path / "invoices.csv").unlink()
    (tmp_path / "contacts.csv").write_bytes(b"id,name\nc1,\xff\xfe\n")
    with pytest.raises(LoadProblem) as caught:
        rows_from_folder(tmp_path)
    assert "contacts.csv:" in str(caught.value)
    assert "invoices.csv: no such file" in str(caught.value)


def test_all_problems_are_reported_together_up_to_a_limit(tmp_path: Path) -> None:
    folder_of(tmp_path, contacts="id,name\n" + "c,\n" * 1000)
    with pytest.raises(LoadProblem) as caught:
        rows_from_folder(tmp_path)
    assert len(str(caught.value).splitlines()) == PROBLEMS_MAX + 1


def test_json_rows_may_refer_to_rows_loaded_before() -> None:
    rows = rows_from_json(
        {"invoices": [{"id": "i", "contact_id": "c", "issued_on": "2026-01-01", "total": 10}]}
    )
    assert rows.invoices[0].total == Decimal(10)
    with pytest.raises(LoadProblem, match=r"payments\[0\]: amount is empty|not an amount"):
        rows_from_json({"payments": [{"id": "p", "invoice_id": "i", "paid_on": "2026-01-01"}]})
    with pytest.raises(LoadProblem, match=r"contacts\[0\]: unknown column 'nmae'"):
        rows_from_json({"contacts": [{"id": "c", "nmae": "C"}]})


def test_a_seed_always_generates_the_same_ledger() -> None:
    assert made(1, 50, 500) == made(1, 50, 500)
    assert made(1, 50, 500) != made(2, 50, 500)


def test_a_generated_ledger_looks_like_a_business() -> None:
    rows = made(1, 200, 3000)
    names = Counter(row.name for row in rows.contacts)
    assert max(names.values()) == 1
    assert all(row.email.endswith(".example") for row in rows.contacts if row.email)
    assert {row.currency for row in rows.contacts} == {"GBP", "EUR", "USD", "AUD"}
    assert any(row.contact_group == "Key accounts" for row in rows.contacts)
    assert {"open", "draft", "voided"} == {row.status for row in rows.invoices}
    total = {row.id: row.total for row in rows.invoices}
    paid: Counter[str] = Counter()
    for payment in rows.payments:
        assert 0 < payment.amount <= total[payment.invoice_id]
        assert payment.paid_on <= date(2026, 6, 1)
        paid[payment.invoice_id] += 1
    overdue = [
        row
        for row in rows.invoices
        if row.status == "open"
        and not paid[row.id]
        and row.due_on
        and row.due_on < date(2026, 6, 1)
    ]
    assert 0.02 < len(overdue) / len(rows.invoices) < 0.3
    issued = [row.issued_on for row in rows.invoices]
    assert (date(2026, 6, 1) - min(issued)).days > 300
    assert issued == sorted(issued)


def test_a_generated_ledger_has_limits() -> None:
    with pytest.raises(ValueError, match="at most"):
        made(1, 1, INVOICES_MAX + 1)
    assert made(1, 0, 10) == LoadedRows([], [], [])


def test_rows_written_as_csv_are_read_back_identically(
    tmp_path: Path, start_little: Callable[..., Sandbox]
) -> None:
    rows = made(1, 1_000, 5_000)
    for name, table in rows._asdict().items():
        with (tmp_path / f"{name}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(table[0]._fields)
            writer.writerows(table)
    sandbox = start_little(start=date(2026, 6, 1))
    read = rows_from_folder(tmp_path)
    sandbox.load(read)
    assert read == rows
    book: Any = sandbox.books["little"]
    assert len(book.invoices) == 5_000
