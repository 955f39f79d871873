"""Each shipped text in each language as a PDF: all of its words, and nothing twice or missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.builders.pdf_pages import flowing, flowing_text, metadata_of, tags_of
from tests.builders.printed_letters import ADDRESS, MOMENT, SENDER, document, values

from arsync.mail import SHIPPED_NAMES, Letters, languages
from arsync.mail.typesetting import Letterhead, letter_document, paragraphs_of, typeset


@pytest.mark.parametrize("name", SHIPPED_NAMES)
@pytest.mark.parametrize("code", languages())
def test_the_page_says_what_the_letter_says(code: str, name: str) -> None:
    context = values(code)
    foot = {"legal_name": "", "registration_number": "", "tax_number": ""}
    context["organisation"] |= foot
    letter = Letters(code=code).render(name, context)
    shown = letter_document(letter, context, moment=MOMENT)
    pdf = typeset(shown, system_fonts=False)
    about, tags = metadata_of(pdf), tags_of(pdf)
    last = int(about["{http://ns.adobe.com/xap/1.0/t/pg/}NPages"])
    words, text = context["words"], flowing_text(pdf)
    for page in range(1, last + 1):
        assert text.count(words["page"].format(page=page, pages=last)) == 1
        # A paragraph may go on behind the foot of a page and the head of the next.
        text = text.replace(words["page"].format(page=page, pages=last), "")
    text = flowing(text.replace(f"{SENDER['name']} {context['today']}", ""))
    for paragraph in (*paragraphs_of(letter.opening), *paragraphs_of(letter.closing)):
        assert text.count(flowing(paragraph)) == 1, paragraph
    for said in (context["greeting"], words["regards"], *ADDRESS, context["today"]):
        assert flowing(said) in text, said
    assert about["language"] == code
    assert tags.count("Table") == len(shown.tables)
    assert tags.count("TH") == sum(len(table.head) for table in shown.tables)
    for table in shown.tables:
        assert all(flowing(cell) in text for row in table.rows for cell in row.cells)
    for line in context["bank_lines"]:
        assert (f"{line.label} {line.value}" in text) is ("payment" in letter.drawn)


RUNNING = """this is running text that somebody wrapped by hand, and it goes on for
longer than a short line would."""

OWN_TEXT = f"""Subject: About {{{{ customer.name }}}}

Dear {{{{ customer.name }}}},

{RUNNING}

- first point
- second point

{{% include "invoices.txt" %}}

Yours
Jane
"""


def test_an_own_text_is_set_as_it_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "nudge.txt").write_text(OWN_TEXT, encoding="utf-8")
    letters, context = Letters(tmp_path), values()
    assert letters.problems == []
    shown = document(context, "nudge", letters=letters)
    assert shown.subject == "About Acme Ltd"
    assert shown.greeting == shown.regards == ""
    assert shown.opening == (
        "Dear Acme Ltd,",
        RUNNING.replace("\n", " "),
        "- first point\n- second point",
    )
    assert shown.closing == ("Yours\nJane",)
    assert [row.cells[0] for row in shown.tables[0].rows] == ["INV-1", "INV-2"]
    assert "Total due GBP 3,240.00 Yours Jane" in flowing_text(typeset(shown))


def test_what_a_letter_lacks_leaves_no_gap() -> None:
    context = values(
        customer={"name": "Acme Ltd", "number": "", "address": ()},
        notice_number="",
        bank_lines=(),
        payment_link="",
        attachments=(),
    )
    context["organisation"] |= {"address": (), "phone": "", "email": "", "signed_by": ""}
    letter = Letters().render("first reminder", context)
    shown = letter_document(letter, context, moment=MOMENT)
    assert shown.recipient == ("Acme Ltd",)
    assert [line.text for line in shown.references] == [context["today"]]
    assert (shown.payment_title, shown.payment, shown.enclosed) == ("", (), "")
    assert shown.signature == (SENDER["name"],)
    assert "Enclosed" not in flowing_text(typeset(shown))


def test_the_foot_of_a_page_says_who_writes() -> None:
    shown = document(values("de"))
    assert shown.footer == (
        "Example Limited · Registernummer: 01234567 · USt-IdNr. oder Steuernummer: GB 123 4567 89"
    )
    assert flowing_text(typeset(shown)).count(shown.footer) == 2
    assert document(values(), letterhead=Letterhead(footer="As we say")).footer == "As we say"
