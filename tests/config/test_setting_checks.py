"""A value that would make letters wrong is refused when it is read, with what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arsync.config import load_config
from arsync.config.setting_checks import LOGO_BYTES_MAX
from arsync.core.ledger.bank_account import iban_problem
from arsync.errors import UserMistake

IBANS = (
    "GB82 WEST 1234 5698 7654 32",
    "DE89370400440532013000",
    "FR14 2004 1010 0505 0001 3M02 606",
    "NO9386011117947",
    "MT84MALT011000012345MTLCAST001S",
)
"""As the registry of ISO 13616 gives them for examples."""


def problem(folder: Path, setting: str, value: str) -> str:
    section, key = setting.split(".")
    (folder / "config.toml").write_text(f"[{section}]\n{key} = '{value}'\n")
    try:
        load_config(folder / "config.toml", {})
    except UserMistake as mistake:
        return str(mistake)
    return ""


@pytest.mark.parametrize("iban", IBANS)
def test_an_iban_with_right_digits_is_taken(tmp_path: Path, iban: str) -> None:
    assert problem(tmp_path, "letters.iban", iban) == ""


@given(st.sampled_from(IBANS), st.integers(0, 33), st.sampled_from("0123456789"))
def test_each_wrong_digit_of_an_iban_is_noticed(iban: str, at: int, digit: str) -> None:
    plain = iban.replace(" ", "")
    at %= len(plain)
    wrong = plain[:at] + digit + plain[at + 1 :]
    # Digits that differ by a multiple of 97 would pass; one digit cannot.
    assert (not iban_problem(wrong)) is (wrong == plain)


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("letters.iban", "GB82", "which is no IBAN"),
        ("letters.iban", "GB82 WEST 1234 5698 7654 ²2", "which is no IBAN"),
        ("letters.bic", "DEUT", "8 or 11 capital letters"),
        ("letters.colour", "blue", "write it like #0b5c7a"),
        ("letters.email", "Accounts", "it must be a mail address"),
        ("letters.payment_link", "pay.example.com", "it must begin with https://"),
        ("alerts.webhook", "http://example.com/alerts", "it must begin with https://"),
        ("alerts.webhook", "https:///alerts", "it must begin with https://"),
        ("letters.payment_link", "javascript:alert(1)", "it must begin with https://"),
        ("letters.payment_link", "https://a.example/{invoise}", "{invoise} is not known"),
        ("letters.payment_link", "https://a.example/{invoice", "a brace is not closed"),
        ("letters.payment_link", "https://a.example/{invoice.x}", "is not known"),
        ("letters.payment_link", "https://a.example/{invoice!r}", "is not known"),
        ("letters.notice_number", "N-{year}", "lacks {number}"),
        ("letters.notice_number", "{no}", "{no} is not known"),
        ("letters.logo", "nowhere.png", "cannot be read: No such file"),
        ("letters.logo", ".", "cannot be read: Is a directory"),
        ("smtp.sender", "Accounts", "it must hold a mail address"),
        ("smtp.reply_to", "a b@c", "it must hold a mail address"),
        ("smtp.copy_to", "a@b.example, c@d.example", "it must be a mail address"),
        ("runs.notify", "owner", "it must be a mail address"),
        ("runs.notify_at", "7am", "write it like 07:00"),
    ],
)
def test_a_wrong_value_is_refused_with_its_line(
    tmp_path: Path, setting: str, value: str, words: str
) -> None:
    text = problem(tmp_path, setting, value)
    assert text.startswith(f"{tmp_path}/config.toml:2: [{setting.replace('.', '] ')}")
    assert words in text


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("letters.payment_link", "https://a.example/{invoice}?c={customer_number}&s={amount}"),
        ("letters.notice_number", "{year}/{number}"),
        ("alerts.webhook", "https://example.com/alerts"),
        ("alerts.webhook", "http://127.0.0.1:8080/alerts"),
        ("smtp.reply_to", "Jo <jo@example.com>"),
        ("letters.iban", ""),
        ("letters.logo", ""),
    ],
)
def test_a_right_value_is_taken(tmp_path: Path, setting: str, value: str) -> None:
    assert problem(tmp_path, setting, value) == ""


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x89PNG\r\n\x1a\n", ""),
        (b"\xff\xd8\xff\xe0", ""),
        (b'<?xml version="1.0"?><svg/>', ""),
        (b"GIF89a", "no picture that letters can bear"),
        (b"\x89PNG\r\n\x1a\n" + bytes(LOGO_BYTES_MAX), "at most 1,000,000 are taken"),
    ],
)
def test_a_logo_is_a_picture_of_bounded_size(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "logo").write_bytes(content)
    text = problem(tmp_path, "letters.logo", "logo")
    assert words in text if words else text == ""
