"""The formal notice names the law and the sums only when all of them are known."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from tests.builders.actions import an_action, refs_to
from tests.builders.records import a_contact, a_debtor, an_invoice

from arsync.config import load_config
from arsync.core.actions import ActionKind
from arsync.core.ledger.late_payment_law import LatePayment
from arsync.core.ledger.records import Invoice, Organisation
from arsync.mail import LetterFacts, Letters, letter_context
from arsync.rules_source.folder import read_rules

TODAY = date(2026, 8, 31)


def letters_of(folder: Path, pack: str) -> Letters:
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "rules" / "own.yaml").write_text(f"version: 1\nextends: {pack}\n")
    rules = read_rules(load_config(folder / "config.toml", {}))
    assert rules.problems == ()
    return rules.letters


def billed(number: int, due: date, currency: str = "GBP") -> Invoice:
    return an_invoice(
        f"i{number}",
        issued_on=date(2026, 7, 1),
        due_on=due,
        currency=currency,
        rate=1,
        total=1500,
        amount_due=1200,
    )


def notice(letters: Letters, law: LatePayment | None, *invoices: Invoice) -> str:
    action = an_action(
        ActionKind.LETTER, contact_name="Acme", step="formal notice", invoices=refs_to(*invoices)
    )
    account = a_debtor(*invoices, contacts=(a_contact(name="Acme"),))
    context = letter_context(
        action,
        account,
        Organisation("o", "Example Ltd", "GBP"),
        TODAY,
        spoken=letters.language,
        facts=LetterFacts(law=law),
    )
    return " ".join(letters.render("formal notice", context).text.split())


@pytest.fixture
def config_folder(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text("")
    return tmp_path


def test_the_notice_claims_legal_sums_on_all_its_invoices(config_folder: Path) -> None:
    letters = letters_of(config_folder, "uk-standard")
    two = (billed(1, date(2026, 8, 1)), billed(2, date(2026, 8, 21)))
    text = notice(letters, letters.law, *two)
    assert "Late Payment of Commercial Debts (Interest) Act 1998" in text
    assert "GBP 15.45" in text  # 11.59 and 3.86
    assert "GBP 140.00" in text
    assert "GBP 155.45" in text
    assert "by 14 September 2026" in text


@pytest.mark.parametrize(
    "invoices",
    [
        (billed(1, date(2026, 8, 1)), billed(2, date(2022, 8, 1))),
        (billed(1, date(2026, 8, 1)), billed(2, date(2026, 8, 1), "EUR")),
        (billed(1, TODAY),),
    ],
)
def test_it_claims_nothing_when_a_sum_is_unknown(
    config_folder: Path, invoices: tuple[Invoice, ...]
) -> None:
    letters = letters_of(config_folder, "uk-standard")
    text = notice(letters, letters.law, *invoices)
    assert "Act 1998" not in text
    assert "formal notice" in text


def test_without_a_table_it_claims_nothing(config_folder: Path) -> None:
    letters = letters_of(config_folder, "us-standard")
    assert letters.law is None
    assert "entitled to" not in notice(letters, None, billed(1, date(2026, 8, 1), "USD"))
