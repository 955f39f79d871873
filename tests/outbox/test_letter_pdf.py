"""Letters as PDF: any Latin text without a font file, any other with one, never question marks."""

from __future__ import annotations

import re
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from arsync.errors import UserMistake
from arsync.mail import Letter, letter_pdf
from arsync.mail.pdf import FONT_FILES

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
LATIN = Letter("Overdue – final “notice”", "Dear Zoë Müller,\n\nplease pay EUR 10.\n" * 3, "")
POLISH = Letter("Łódź", "Dear Łukasz,\n\nproszę o zapłatę.\n", "")


def contents(pdf: bytes) -> bytes:
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    return b"".join(zlib.decompress(stream) for stream in streams if stream[:1] == b"x")


def test_a_latin_letter_needs_no_font_file() -> None:
    pdf = letter_pdf(
        LATIN, sender="Büro Ltd", to="Cafe Ltd", dated="15 October 2026", now=NOW, fonts=()
    )
    assert pdf.startswith(b"%PDF-")
    text = contents(pdf)
    assert "Zoë Müller".encode("latin-1") in text
    assert b'Overdue - final "notice"' in text
    assert b"Cafe Ltd" in text
    assert b"15 October 2026" in text


def test_the_same_letter_gives_the_same_file() -> None:
    first = letter_pdf(LATIN, sender="Büro Ltd", to="Cafe Ltd", dated="15 October 2026", now=NOW)
    assert first == letter_pdf(
        LATIN, sender="Büro Ltd", to="Cafe Ltd", dated="15 October 2026", now=NOW
    )


def test_letters_without_a_font_are_refused_with_advice() -> None:
    with pytest.raises(UserMistake, match=r"no font of this computer has: ę Ł ł ź\.") as caught:
        letter_pdf(POLISH, sender="X", to="Cafe Ltd", dated="15 October 2026", now=NOW, fonts=())
    assert "fonts-dejavu-core" in str(caught.value)


def test_with_the_systems_font_other_letters_are_written() -> None:
    if not any(file.is_file() for file in FONT_FILES):
        pytest.skip("this computer has no DejaVu Sans")
    pdf = letter_pdf(POLISH, sender="X", to="Cafe Ltd", dated="15 October 2026", now=NOW)
    assert b"DejaVu" in pdf


@pytest.mark.parametrize("name", ["株式会社テスト", "Acme 🎉 Ltd"])
def test_characters_that_the_font_lacks_refuse_the_letter(name: str) -> None:
    fonts = [file for file in FONT_FILES if file.name == "DejaVuSans.ttf" and file.is_file()]
    if not fonts:
        pytest.skip("this computer has no DejaVu Sans")
    with pytest.raises(UserMistake, match="no font of this computer has: "):
        letter_pdf(LATIN, sender="X", to=name, dated="15 October 2026", now=NOW, fonts=fonts)


def test_a_font_path_that_is_absent_is_passed_over() -> None:
    with pytest.raises(UserMistake):
        letter_pdf(
            POLISH,
            sender="X",
            to="Cafe Ltd",
            dated="15 October 2026",
            now=NOW,
            fonts=(Path("/nowhere/DejaVuSans.ttf"),),
        )


def test_a_long_letter_flows_onto_more_pages() -> None:
    long = Letter("Many", "\n".join(f"- Invoice INV-{n}: GBP 1.00" for n in range(200)), "")
    assert (
        letter_pdf(long, sender="X", to="Cafe Ltd", dated="15 October 2026", now=NOW).count(
            b"/Type /Page\n"
        )
        >= 3
    )
