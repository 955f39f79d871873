"""A field that cannot be taken as it is says so; nothing is guessed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from arsync.connector_sdk.reading import (
    PERSON_CHARACTERS_MAX,
    PHONE_CHARACTERS_MAX,
    PHONES_MAX,
    UnusableField,
    day,
    document_problem,
    is_money,
    iso_day,
    money,
    one_of,
    optional_id,
    people,
    phone,
    phones,
    record_id,
    required,
)
from arsync.core.ledger.money import AMOUNT_MAX
from arsync.core.ledger.records import DocumentProblem, Phone, RecordKind
from arsync.core.ledger.sanitising import ID_CHARACTERS_MAX


@pytest.mark.parametrize("value", [None, ""])
def test_a_required_value_that_is_absent_is_named(value: str | None) -> None:
    with pytest.raises(UnusableField, match=r"^Name is missing$"):
        required(value, "Name")


@pytest.mark.parametrize("value", ["Acme", 0, Decimal(0), False])
def test_a_required_value_is_returned_unchanged(value: Any) -> None:
    assert required(value, "Name") is value


def test_an_id_must_be_there_and_harmless() -> None:
    assert record_id("1a-2", "Id") == "1a-2"
    with pytest.raises(UnusableField, match=r"^Id is missing$"):
        record_id("", "Id")
    with pytest.raises(UnusableField, match=r"^Id is no id: '1/2'$"):
        record_id("1/2", "Id")


def test_an_optional_id_may_be_empty_and_no_more() -> None:
    assert optional_id("", "ParentRef") == ""
    with pytest.raises(UnusableField, match="ParentRef is no id"):
        optional_id("a b", "ParentRef")


def test_a_long_odd_id_is_shown_in_part() -> None:
    with pytest.raises(UnusableField) as raised:
        optional_id("/" * 10_000, "Id")
    assert len(str(raised.value)) < ID_CHARACTERS_MAX + 30


@pytest.mark.parametrize("text", ["0", "-0.0001", "1234.5600", "0.1", "1E+2"])
def test_money_is_returned_exactly(text: str) -> None:
    amount = money(Decimal(text), "Total")
    assert amount == Decimal(text)
    assert is_money(amount)


@pytest.mark.parametrize(
    ("amount", "message"),
    [
        (None, "Total is missing"),
        (Decimal("NaN"), "Total is out of range: NaN"),
        (Decimal("-Infinity"), "Total is out of range: -Infinity"),
        (AMOUNT_MAX, f"Total is out of range: {AMOUNT_MAX}"),
        (-AMOUNT_MAX, f"Total is out of range: -{AMOUNT_MAX}"),
        (Decimal("0.12345"), "Total has more than 4 decimals: 0.12345"),
    ],
)
def test_money_that_cannot_be_kept_is_refused(amount: Decimal | None, message: str) -> None:
    with pytest.raises(UnusableField) as raised:
        money(amount, "Total")
    assert str(raised.value) == message
    assert amount is None or not is_money(amount)


def test_a_word_means_what_the_table_says() -> None:
    meanings = {"PAID": 1}
    assert one_of("PAID", meanings, "Status") == 1
    with pytest.raises(UnusableField, match=r"^unknown Status 'paid'$"):
        one_of("paid", meanings, "Status")
    with pytest.raises(UnusableField, match=r"^Status is missing$"):
        one_of(None, meanings, "Status")


def test_a_day_is_read_in_iso_form_only() -> None:
    assert day("2026-02-28", "TxnDate") == date(2026, 2, 28)
    assert iso_day("2026-02-30") is None
    with pytest.raises(UnusableField, match=r"^TxnDate is not a day: '28/02/2026'$"):
        day("28/02/2026", "TxnDate")
    with pytest.raises(UnusableField, match=r"^TxnDate is missing$"):
        day(None, "TxnDate")


def test_a_problem_names_its_document_in_clean_words() -> None:
    whose = ("c\n1", ("i1",))
    problem = document_problem(RecordKind.INVOICES, None, "INV\x1b-1", "no\nday", whose)
    assert problem == DocumentProblem("invoices", "", "INV -1", "no day", "c 1", ("i1",))


def test_a_number_is_put_together_and_never_cut() -> None:
    assert phone("", "20", "7946 0018", country_code="44") == Phone("+44 20 7946 0018")
    assert phone("direct", "1", country_code="0044") == Phone("0044 1", "direct")
    assert phone("", "", " ", country_code="44") is None
    assert phone("", "5" * PHONE_CHARACTERS_MAX) == Phone("5" * PHONE_CHARACTERS_MAX)
    assert phone("", "5" * (PHONE_CHARACTERS_MAX + 1)) is None


def test_numbers_and_names_come_once_and_few() -> None:
    main, mobile = Phone("1"), Phone("1", "mobile")
    assert phones([main, None, mobile, Phone("2")]) == (main, Phone("2"))
    assert len(phones(Phone(str(n)) for n in range(PHONES_MAX + 5))) == PHONES_MAX
    long = "x" * (PERSON_CHARACTERS_MAX + 1)
    assert people([("Ann", "Lee"), (None, None), ("", "Ann Lee"), (long, "")]) == ("Ann Lee",)
