"""A letter as a PDF: the same bytes each time, for archives and screen readers, never a blank."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders.pdf_pages import flowing_text, metadata_of, page_texts, tags_of
from tests.builders.pictures import noise
from tests.builders.printed_letters import printed_letter, values

from arsync.core.ledger.sanitising import cleaned
from arsync.errors import UserMistake
from arsync.mail.typesetting import PDF_BYTES_MAX, Letterhead


def test_the_same_letter_is_the_same_file() -> None:
    assert printed_letter(values()) == printed_letter(values())


def test_it_is_for_archives_and_screen_readers() -> None:
    about = metadata_of(printed_letter(values("de")))
    assert about["{http://www.aiim.org/pdfa/ns/id/}part"] == "3"
    assert about["{http://www.aiim.org/pdfa/ns/id/}conformance"] == "A"
    assert about["{http://www.aiim.org/pdfua/ns/id/}part"] == "1"
    assert about["language"] == "de"
    assert about["marked"] == "True"
    title = about["{http://purl.org/dc/elements/1.1/}title"]
    assert title.startswith("Förmliche Zahlungsaufforderung")
    assert about["{http://ns.adobe.com/xap/1.0/}CreateDate"] == "2026-11-22T09:30:00+00:00"


def test_its_parts_are_tagged() -> None:
    tags = tags_of(printed_letter(values()))
    assert tags.count("H1") == 1
    assert tags.count("Table") == tags.count("THead") == tags.count("TFoot") == 1
    assert tags.count("TH") == 5
    assert tags.count("Link") == 3
    assert tags.count("P") > 5


@pytest.mark.parametrize(
    "name",
    ["Büro Łódź ąęźż", "Αθήνα Πάππου", "Київ і Москва", "Café Ñandú – “Zoë”", "İstanbul ŞİŞLİ"],
)
def test_latin_greek_and_cyrillic_need_no_other_font(name: str) -> None:
    context = values(customer={"name": name, "first_name": ""})
    assert name in flowing_text(printed_letter(context))


@pytest.mark.parametrize("name", ["株式会社テスト", "Acme 🎉 Ltd", "חברה", "شركة"])
def test_a_character_without_a_font_refuses_the_letter(name: str) -> None:
    context = values(customer={"name": name, "first_name": ""})
    with pytest.raises(UserMistake, match=r"no font of this computer has: .+ \(U\+") as refused:
        printed_letter(context)
    assert "hint: install a font" in str(refused.value)


@pytest.mark.parametrize(
    "name",
    ['#read("/etc/passwd") *x*', "$x^2$ _a_ `b` @c <d> \\e", "= Head // no #import", "~ -- ---"],
)
def test_what_looks_like_code_prints_as_it_is(name: str) -> None:
    context = values(customer={"name": name, "first_name": ""})
    assert name in flowing_text(printed_letter(context))


def test_forty_invoices_repeat_their_head() -> None:
    pages = page_texts(printed_letter(values(invoices=40)))
    assert len(pages) == 4
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of 4" in page
        assert ("Amount due" in page) == ("INV-" in page)


def test_two_hundred_invoices_are_all_there() -> None:
    text = flowing_text(printed_letter(values(invoices=200)))
    assert all(f"INV-{number} " in text for number in range(1, 201))
    assert "Total due GBP 3,240.00" in text


def test_a_letter_that_is_too_large_is_refused() -> None:
    logo = noise(side=1_400)
    assert len(logo) > PDF_BYTES_MAX
    with pytest.raises(UserMistake, match="the letter is larger than 5,000,000 bytes"):
        printed_letter(values(), letterhead=Letterhead(logo=logo))


@settings(max_examples=40)
@given(st.data())
def test_any_text_is_set_or_refused_in_words(drawn: st.DataObject) -> None:
    """What people write comes in cleaned of what cannot be printed, and as anything else."""
    texts = st.text(st.characters(max_codepoint=0x52F), max_size=60).map(cleaned)
    context = values(customer={"name": drawn.draw(texts), "first_name": ""}, greeting="")
    context["organisation"] |= {"name": drawn.draw(texts), "address": (drawn.draw(texts),)}
    first, second = context["invoices"]
    odd = first._replace(number=drawn.draw(texts), reference=drawn.draw(texts))
    context |= {"invoices": (odd, second), "notice_number": drawn.draw(texts)}
    try:
        outcome = printed_letter(context, letterhead=Letterhead(footer=drawn.draw(texts)))[:5]
    except UserMistake as refused:
        outcome = str(refused).encode()
    assert outcome == b"%PDF-" or b"no font of this computer has" in outcome
