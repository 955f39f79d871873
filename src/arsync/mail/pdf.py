"""A letter as PDF, from the same text as the message.

Letters in Latin script need no font file. Any other script is written with the first font of this
computer that has all its characters; without one the letter is refused rather than printed with
question marks or empty boxes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from arsync.errors import UserMistake
from arsync.mail.letters import Letter

if TYPE_CHECKING:
    from fpdf import FPDF

PDF_BYTES_MAX = 5_000_000
"""Larger letters are refused: Xero takes attachments up to 10 MB, mail servers often less."""

FONT_FILES = (
    Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
    Path("/usr/share/fonts/dejavu/DejaVuSans.ttf"),
    Path("/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf"),
    Path("/usr/share/fonts/TTF/DejaVuSans.ttf"),
    Path("/Library/Fonts/DejaVuSans.ttf"),
    Path("/usr/local/share/fonts/DejaVuSans.ttf"),
    Path("/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf"),
    Path("/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf"),
    Path("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc"),
    Path("/Library/Fonts/Arial Unicode.ttf"),
    Path("C:/Windows/Fonts/arial.ttf"),
)
"""Where systems keep fonts of many scripts; the first that has every character is used."""

_TYPOGRAPHIC = str.maketrans(
    {
        "‘": "'",
        "’": "'",
        "“": '"',
        "”": '"',
        "–": "-",
        "—": "-",
        "…": "...",
        "€": "EUR",
        "\u2009": " ",
        "\u202f": " ",
        "\u2011": "-",
        "•": "-",
    }
)
"""What the built-in font lacks but has a plain way of writing."""


def letter_pdf(
    letter: Letter,
    *,
    sender: str,
    to: str,
    dated: str,
    now: datetime,
    fonts: Sequence[Path] = FONT_FILES,
) -> bytes:
    """Return the letter as a PDF; the same letter at the same moment gives the same bytes.

    Args:
        letter: subject and text.
        sender: the organisation's name, shown at the top.
        to: the customer's name.
        dated: the organisation's day, in words.
        now: the document's moment.
        fonts: where to look for fonts.

    Raises:
        UserMistake: the letter needs a font that the computer lacks, or is too large.
    """
    from fpdf import FPDF  # a third of a second: only a process that prints should wait for it

    pdf = FPDF(format="A4")
    # Not the computer's clock: repeating a write must upload the same bytes.
    pdf.set_creation_date(now)
    pdf.set_margin(25)
    pdf.set_auto_page_break(True, margin=25)
    pdf.set_title(letter.subject)
    pdf.set_author(sender)
    pdf.set_creator("arsync")
    pdf.add_page()
    family, written = font_for(pdf, (sender, to, dated, letter.subject, letter.text), fonts)
    for text, size, gap in zip(written[:4], (15, 11, 11, 12), (10, 2, 10, 4), strict=True):
        pdf.set_font(family, size=size)
        pdf.multi_cell(0, 6, text, align="L", new_x="LMARGIN", new_y="NEXT")
        pdf.ln(gap)
    pdf.set_font(family, size=11)
    for paragraph in re.split(r"\n{2,}", written[4].strip()):
        pdf.multi_cell(0, 5.5, _flowing(paragraph), align="L", new_x="LMARGIN", new_y="NEXT")
        pdf.ln(3)
    content = bytes(pdf.output())
    if len(content) > PDF_BYTES_MAX:
        raise UserMistake(f"the letter is larger than {PDF_BYTES_MAX:,} bytes as a PDF.")
    return content


def font_for(pdf: FPDF, texts: Sequence[str], fonts: Sequence[Path]) -> tuple[str, tuple[str, ...]]:
    """Return a font that has every character of some texts, and the texts as it writes them.

    Raises:
        UserMistake: no font of this computer has them all.
    """
    plain = tuple(text.translate(_TYPOGRAPHIC) for text in texts)
    # The built-in fonts know Latin-1 alone.
    odd = sorted({char for text in plain for char in text if ord(char) > 0xFF})
    if not odd:
        return "helvetica", plain
    # Left out of a page, such a character shows as an empty box: nobody could read the name.
    needed = {ord(char) for text in texts for char in text if not char.isspace()}
    lacking = odd
    for file in fonts:
        if not file.is_file():
            continue
        pdf.add_font(file.stem, fname=str(file))
        absent = needed - pdf.fonts[file.stem.lower()].cmap.keys()
        if not absent:
            return file.stem, tuple(texts)
        lacking = sorted(map(chr, absent))
    raise UserMistake(
        "the letter holds characters that no font of this computer has:"
        f" {' '.join(lacking[:10])}."
        "\n    hint: install DejaVu Sans (package fonts-dejavu-core), for Chinese, Japanese and"
        " Korean fonts-droid-fallback"
    )


def _flowing(paragraph: str) -> str:
    """Undo the wrapping of running text, keep the lines of a list."""
    lines = paragraph.split("\n")
    listed = any(line.startswith(("- ", "  ")) for line in lines) or all(
        len(line) < 60 for line in lines
    )
    return paragraph if listed else " ".join(line.strip() for line in lines)
