"""Where things stand on the page, measured in millimetres by a reader that did not set it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.builders.pdf_pages import Word, flowing_text, page_texts, paper_of, words_on
from tests.builders.printed_letters import ADDRESS, printed_letter, values

from arsync.mail.typesetting import Letterhead

WINDOWS = {
    "DIN 5008 B": (20, 45, 105, 90),
    "UK C5 and DL": (20, 55, 100, 80),
}
"""Left, top, right and bottom of what an envelope's window shows, however the sheet has slipped."""

RIGHT_WINDOWS = {
    "French DL": (100, 45, 190, 80),
    "Swiss C5/6": (118, 46, 190, 84),
}
US_NUMBER_10 = (22, 63, 111, 81)
MARGIN_LEFT, MARGIN_RIGHT, MARGIN_BOTTOM = 25.0, 20.0, 9.0

AMOUNT = re.compile(r"[\u2212-]?GBP.[\d,]+\.\d\d$")


def customer(*address: str, name: str = "Acme Ltd") -> dict[str, Any]:
    return {"name": name, "first_name": "", "number": "C-10482", "address": address}


def address_words(pdf: bytes, lines: tuple[str, ...]) -> list[Word]:
    """Return the runs of text of an address, each once."""
    words = [word for word in words_on(pdf) if word.text in lines and 40 < word.top < 95]
    assert [word.text for word in words] == list(lines)
    return words


def assert_inside(words: list[Word], window: tuple[float, float, float, float]) -> None:
    left, top, right, bottom = window
    for word in words:
        assert left <= word.left, word
        assert word.right <= right, word
        assert top - 0.5 <= word.top, word
        assert word.bottom <= bottom, word


@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
@pytest.mark.parametrize("lines", [2, 4, 5])
def test_the_address_stands_in_the_left_window(
    lines: int, window: tuple[float, float, float, float]
) -> None:
    address = ("Accounts payable", *ADDRESS)[:lines]
    pdf = printed_letter(values(customer=customer(*address)))
    assert_inside(address_words(pdf, ("Acme Ltd", *address)), window)


@pytest.mark.parametrize("window", RIGHT_WINDOWS.values(), ids=RIGHT_WINDOWS)
def test_the_address_stands_in_the_right_window(
    window: tuple[float, float, float, float],
) -> None:
    look = Letterhead(address_window="right")
    pdf = printed_letter(values(customer=customer(*ADDRESS)), letterhead=look)
    assert_inside(address_words(pdf, ("Acme Ltd", *ADDRESS)), window)


def test_on_us_paper_the_address_stands_lower() -> None:
    look = Letterhead(paper="us-letter")
    address = ("Accounts payable", "200 W Main St", "Springfield IL 62701")
    pdf = printed_letter(values(customer=customer(*address)), letterhead=look)
    assert paper_of(pdf) == pytest.approx((215.9, 279.4), abs=0.1)
    assert_inside(address_words(pdf, ("Acme Ltd", *address)), US_NUMBER_10)


def test_a_long_address_gets_smaller_and_stays_inside() -> None:
    address = (
        "Attn. The Head of the Accounts Payable Department of the Northern Division",
        "Building 14, Third Floor, Entrance B behind the Old Brewery Yard",
        "1234 Avenue of the Very Long Names That Nobody Can Abbreviate",
        "Industrial Estate North",
        "Wakefield WF1 1AB",
        "UNITED KINGDOM",
        "Planet Earth",
    )
    name = "The Worshipful Company of Makers of Playing Cards and Sundry Papers Limited"
    pdf = printed_letter(values(customer=customer(*address, name=name)))
    assert all(line.split()[0] in page_texts(pdf)[0] for line in (name, *address))
    words = [word for word in words_on(pdf) if 53 < word.top < 90 and word.left < 105]
    assert len(words) >= 7
    assert_inside(words, WINDOWS["UK C5 and DL"])


@pytest.mark.parametrize("code", ["en", "de"])
def test_amounts_end_at_one_edge(code: str) -> None:
    pdf = printed_letter(values(code, invoices=40))
    for page in range(len(page_texts(pdf)) - 1):
        edges = {
            round(word.right, 0)
            for word in words_on(pdf, page)
            if re.search(r"\d\d.GBP$|^[\u2212-]?GBP.[\d.,]+\d$", word.text) and word.right > 150
        }
        assert edges == {190.0}


@pytest.mark.parametrize("paper", ["a4", "us-letter"])
@pytest.mark.parametrize("name", ["formal notice", "payment plan agreed"])
def test_nothing_stands_beyond_the_margins(name: str, paper: Any) -> None:
    context = values(invoices=40)
    first, *others = context["invoices"]
    long = first._replace(number="INV/" + "0123456789" * 8, reference="PO-" + "ABCDEFGHIJ" * 12)
    context |= {"invoices": (long, *others)}
    pdf = printed_letter(
        context, name, letterhead=Letterhead(paper=paper, footer="Registered " * 30)
    )
    width, height = paper_of(pdf)
    for page in range(len(page_texts(pdf))):
        for word in words_on(pdf, page):
            assert word.left >= MARGIN_LEFT - 0.5, word
            assert word.right <= width - MARGIN_RIGHT + 1, word
            assert word.bottom <= height - MARGIN_BOTTOM, word


def test_long_numbers_break_and_lose_nothing() -> None:
    context = values()
    first, second = context["invoices"]
    number = "INV/" + "0123456789" * 8
    text = flowing_text(
        printed_letter({**context, "invoices": (first._replace(number=number), second)})
    )
    assert number in text.replace(" ", "")


def test_a_name_never_stands_alone_on_a_page() -> None:
    for invoices in range(1, 30):
        last = page_texts(printed_letter(values(invoices=invoices)))[-1]
        assert "please ignore this letter" in last
