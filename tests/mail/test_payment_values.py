"""How a customer can pay: bank details, what to quote, and links that lead nowhere else."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from arsync.mail.language import language
from arsync.mail.letter_facts import BankDetails, SenderDetails
from arsync.mail.payment_values import (
    REFERENCE_CHARACTERS_MAX,
    AskedFor,
    pay_links,
    payment_reference,
    payment_values,
)

FIRST = AskedFor("INV 1/2", Decimal("1940.5"), "GBP")
SECOND = AskedFor("INV-2", Decimal(60), "GBP")
LINK = "https://pay.example.com/{customer_number}?ref={invoice}&amount={amount}"


def values(
    *asked: AskedFor, link: str = "", bank: BankDetails | None = None, country: str = ""
) -> dict[str, Any]:
    return payment_values(
        asked,
        SenderDetails(bank=bank or BankDetails(), payment_link=link),
        holder="Example Ltd",
        customer_number="K&7",
        spoken=language("de"),
        country=country,
    )


def test_the_link_is_filled_in_and_escaped() -> None:
    expected = "https://pay.example.com/K%267?ref=INV%201%2F2&amount=1940.50"
    assert values(FIRST, link=LINK)["payment_link"] == expected


def test_each_of_several_invoices_has_its_own_link() -> None:
    assert values(FIRST, SECOND, link=LINK)["payment_link"] == ""
    links = pay_links((FIRST, SECOND), LINK, "K&7")
    assert [link.partition("ref=")[2] for link in links] == [
        "INV%201%2F2&amount=1940.50",
        "INV-2&amount=60.00",
    ]


def test_a_link_without_invoice_pays_all() -> None:
    link = "https://pay.example.com/?amount={amount}"
    assert values(FIRST, SECOND, link=link)["payment_link"].endswith("?amount=2000.50")
    assert pay_links((FIRST, SECOND), link, "") == ("", "")


def test_sums_of_two_currencies_are_in_no_link() -> None:
    euros = AskedFor("INV-3", Decimal(10), "EUR")
    assert values(FIRST, euros, link="https://pay.example.com/?a={amount}")["payment_link"] == ""


@pytest.mark.parametrize("link", ["javascript:alert(1)", "http://pay.example.com/", "pay me"])
def test_no_unsafe_link_is_shown(link: str) -> None:
    assert values(FIRST, link=link)["payment_link"] == ""


def test_the_bank_details_have_words_of_the_language() -> None:
    shown = values(FIRST, bank=BankDetails(iban="DE89 3704 0044 0532 0130 00", bic="COBADEFF"))
    assert shown["bank_lines"] == (
        ("Kontoinhaber", "Example Ltd"),
        ("IBAN", "DE89 3704 0044 0532 0130 00"),
        ("BIC", "COBADEFF"),
        ("Verwendungszweck", "INV 1/2"),
    )


def test_without_an_account_nothing_is_said_of_a_bank() -> None:
    shown = values(FIRST, bank=BankDetails(name="Example Bank", bic="COBADEFF"))
    assert shown["bank"] == {}
    assert shown["bank_lines"] == ()


def test_a_customer_quotes_its_number_for_several_invoices() -> None:
    assert payment_reference(["INV-1"], "K7") == "INV-1"
    assert payment_reference(["INV-1", "INV-2"], "K7") == "K7"
    assert payment_reference(["INV-1", "INV-2"], "") == "INV-1, INV-2"
    many = payment_reference([f"INV-{n}" for n in range(200)], "")
    assert len(many) <= REFERENCE_CHARACTERS_MAX
    assert many.startswith("INV-0, INV-1, ")


def test_a_banks_number_has_its_countrys_name() -> None:
    bank = BankDetails(sort_code="021000021", account_number="123456")
    labels = [line.label for line in values(FIRST, bank=bank, country="US")["bank_lines"]]
    assert "Routing number" in labels
    labels = [line.label for line in values(FIRST, bank=bank)["bank_lines"]]
    assert "Bankleitzahl" in labels
