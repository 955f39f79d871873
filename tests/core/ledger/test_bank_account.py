"""Account numbers are read as people write them, and a mistyped one is noticed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arsync.core.ledger.bank_account import grouped_iban, iban_problem

# The examples of the registry of ISO 13616.
GENUINE = (
    "GB29 NWBK 6016 1331 9268 19",
    "DE89370400440532013000",
    "fr14 2004 1010 0505 0001 3m02 606",
    "NL91ABNA0417164300",
    "NO93 8601 1117 947",
    "MT84MALT011000012345MTLCAST001S",
)


@pytest.mark.parametrize("iban", GENUINE)
def test_a_genuine_iban_has_no_problem(iban: str) -> None:
    assert iban_problem(iban) == ""


def test_no_iban_is_no_mistake() -> None:
    assert iban_problem("  ") == ""
    assert grouped_iban("") == ""


@given(st.sampled_from(GENUINE), st.integers(4, 14), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(iban: str, place: int, shift: int) -> None:
    plain = "".join(iban.split()).upper()
    character = plain[place]
    if not character.isdigit():
        return
    wrong = plain[:place] + str((int(character) + shift) % 10) + plain[place + 1 :]
    assert "check digits" in iban_problem(wrong)


@pytest.mark.parametrize("text", ["31926819", "GB29", "GB29 NWBK-6016", "GB２9NWBK60161331926819"])
def test_what_is_no_iban_is_said_so(text: str) -> None:
    assert "begins with a country" in iban_problem(text)


def test_an_iban_is_shown_in_groups_of_four() -> None:
    assert grouped_iban("de89370400440532013000") == "DE89 3704 0044 0532 0130 00"
