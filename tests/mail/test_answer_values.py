"""The link by which a customer answers: to the right address, and nothing can be added to it."""

from __future__ import annotations

import html
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arsync.mail import Letters, languages, sample_context
from arsync.mail.answer_values import answer_link
from arsync.mail.language import language
from arsync.mail.payment_values import REFERENCE_CHARACTERS_MAX

OFFICE = "Accounts <accounts@example.com>"
ENGLISH = language("en")


def test_the_subject_names_the_invoice_and_the_customer() -> None:
    link = answer_link(OFFICE, ["INV-1"], "C-104", ENGLISH)
    assert link == (
        "mailto:accounts@example.com?subject=Invoice%20INV-1%2C%20Customer%20number%20C-104"
    )
    assert answer_link(OFFICE, ["INV-1"], "", ENGLISH).endswith("=Invoice%20INV-1")
    assert answer_link(OFFICE, [], "", ENGLISH) == "mailto:accounts@example.com"


@pytest.mark.parametrize("nobody", ["", "Accounts", "accounts@", "a@x.example?cc=b@x.example"])
def test_without_an_address_there_is_no_link(nobody: str) -> None:
    assert answer_link(nobody, ["INV-1"], "C-104", ENGLISH) == ""


@given(st.text(min_size=1, max_size=50), st.text(max_size=50))
def test_no_number_adds_to_the_mail(number: str, customer: str) -> None:
    number, customer = (text.encode("utf-8", "replace").decode() for text in (number, customer))
    address = urlsplit(answer_link(OFFICE, [number], customer, ENGLISH))
    assert address.path == "accounts@example.com"
    assert address.fragment == ""
    fields = parse_qs(address.query, strict_parsing=True)
    assert list(fields) == ["subject"]
    assert number in fields["subject"][0]


def test_many_invoices_are_cut_at_a_number() -> None:
    numbers = [f"INV-{number}" for number in range(1, 200)]
    subject = parse_qs(urlsplit(answer_link(OFFICE, numbers, "", ENGLISH)).query)["subject"][0]
    assert len(subject) <= len("Invoice ") + REFERENCE_CHARACTERS_MAX
    assert subject.rpartition(", ")[2] in numbers


@pytest.mark.parametrize("code", languages())
def test_the_check_says_where_to_answer(code: str) -> None:
    letters = Letters(code=code)
    context = sample_context(letters.language, "satisfaction check")
    link, words = context["answer_link"], letters.language.words["report_problem"]
    letter = letters.render("satisfaction check", context)
    assert f"{link}\n" in letter.text
    asks, _, behind = letter.text.partition(f"\n\n{words}")
    assert " ".join(asks.split()).endswith(" ".join(letter.closing.split())), "it is asked first"
    assert letters.language.words["regards"] in behind
    assert f'href="{link}"' in html.unescape(letter.html)
    assert "mailto:" not in letter.opening + letter.closing, "on paper nobody follows a link"
    bare = letters.render("satisfaction check", {**context, "answer_link": ""})
    assert words not in bare.text + html.unescape(bare.html)
    assert "mailto:" not in letters.render("first reminder", context).text
