"""The formal notice names the law and the sums only when all of them are known."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from tests.builders.actions import a_payload

from arsync.config import load_config
from arsync.core.actions import Action, ActionKind, Because, InvoiceRef
from arsync.core.ledger.late_payment_law import LatePayment
from arsync.core.ledger.records import Account, Contact, Invoice, Organisation
from arsync.mail import Letters, letter_context
from arsync.rules_source.folder import read_rules

TODAY = date(2026, 8, 31)


def letters_of(folder: Path, pack: str) -> Letters:
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "rules" / "own.yaml").write_text(f"version: 1\nextends: {pack}\n")
    rules = read_rules(load_config(folder / "config.toml", {}))
    assert rules.problems == ()
    return rules.letters


def an_invoice(number: int, due: date, currency: str = "GBP") -> Invoice:
    return Invoice(
        f"i{number}",
        "c1",
        f"INV-{number}",
        "open",
        date(2026, 7, 1),
        due,
        currency,
        Decimal(1),
        Decimal(1500),
        Decimal(1200),
    )


def notice(letters: Letters, law: LatePayment | None, *invoices: Invoice) -> str:
    action = Action(
        payload=a_payload(ActionKind.LETTER),
        connection="c",
        contact_id="c1",
        contact_name="Acme",
        because=Because("r.yaml", 1, "Cadence"),
        step="formal notice",
        invoices=tuple(
            InvoiceRef(invoice.id, invoice.number, invoice.amount_due, invoice.currency)
            for invoice in invoices
        ),
    )
    account = Account((Contact("c1", "Acme", email="a@x.test"),), invoices)
    context = letter_context(
        action,
        account,
        Organisation("o", "Example Ltd", "GBP"),
        TODAY,
        spoken=letters.language,
        law=law,
    )
    return " ".join(letters.render("formal notice", context).text.split())


@pytest.fixture
def config_folder(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text("")
    return tmp_path


def test_the_notice_claims_what_the_law_gives_on_all_its_invoices(config_folder: Path) -> None:
    letters = letters_of(config_folder, "uk-standard")
    two = (an_invoice(1, date(2026, 8, 1)), an_invoice(2, date(2026, 8, 21)))
    text = notice(letters, letters.law, *two)
    assert "Late Payment of Commercial Debts (Interest) Act 1998" in text
    assert "GBP 15.45" in text  # 11.59 and 3.86
    assert "GBP 140.00" in text
    assert "GBP 155.45" in text
    assert "within fourteen days" in text


@pytest.mark.parametrize(
    "invoices",
    [
        (an_invoice(1, date(2026, 8, 1)), an_invoice(2, date(2022, 8, 1))),
        (an_invoice(1, date(2026, 8, 1)), an_invoice(2, date(2026, 8, 1), "EUR")),
        (an_invoice(1, TODAY),),
    ],
)
def test_it_claims_nothing_when_one_sum_is_unknown_or_nothing_is_late(
    config_folder: Path, invoices: tuple[Invoice, ...]
) -> None:
    letters = letters_of(config_folder, "uk-standard")
    text = notice(letters, letters.law, *invoices)
    assert "Act 1998" not in text
    assert "formal notice" in text


def test_without_a_table_it_claims_nothing(config_folder: Path) -> None:
    letters = letters_of(config_folder, "us-standard")
    assert letters.law is None
    assert "interest" not in notice(letters, None, an_invoice(1, date(2026, 8, 1), "USD"))
