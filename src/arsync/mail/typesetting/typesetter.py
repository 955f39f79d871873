"""Sets a document with typst: PDF/A-3a and PDF/UA-1, in the fonts that arsync brings along."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

import msgspec

from arsync.errors import UserMistake
from arsync.mail.typesetting.colours import readable_on_white
from arsync.mail.typesetting.document import LetterDocument

if TYPE_CHECKING:
    import typst

PDF_BYTES_MAX = 5_000_000
"""Larger letters are refused: Xero takes attachments up to 10 MB, mail servers often less."""

STANDARDS = ("a-3a", "ua-1")
"""For archives and for screen readers. Under them typst names a character that no font has; without
them it would leave it out without a word."""

_NO_FONT = re.compile(r'the text `"(.+?)"` could not be displayed', re.DOTALL)

_FOLDER = files("arsync") / "templates" / "typst"


def typeset(document: LetterDocument, *, system_fonts: bool = True) -> bytes:
    """Return a letter as a PDF; the same document gives the same bytes.

    Args:
        document: what stands on it.
        system_fonts: look for characters that arsync's fonts lack in those of this computer.

    Raises:
        UserMistake: a character that no font has, or the letter is too large.
    """
    import typst  # only a process that prints should wait for it

    lacking = ""
    for whole_computer in (False, True) if system_fonts else (False,):
        try:
            content = _compiled(document, _fonts(whole_computer=whole_computer))
        except typst.TypstError as error:
            no_font = _NO_FONT.search(str(error))
            if no_font is None:
                raise
            lacking = no_font.group(1)
            continue
        if len(content) > PDF_BYTES_MAX:
            raise UserMistake(f"the letter is larger than {PDF_BYTES_MAX:,} bytes as a PDF.")
        return content
    raise UserMistake(
        f"the letter holds characters that no font of this computer has: {lacking}"
        f" ({', '.join(f'U+{ord(char):04X}' for char in lacking)})."
        "\n    hint: install a font that has them, for Chinese, Japanese and Korean the package"
        " fonts-noto-cjk; or write it in other letters in the accounting system"
    )


def _compiled(document: LetterDocument, fonts: typst.Fonts) -> bytes:
    import typst

    values: dict[str, Any] = msgspec.to_builtins(document)
    del values["logo"], values["moment"]
    values["accent"] = readable_on_white(document.colour)
    inputs = {"letter": msgspec.json.encode(values).decode()}
    if document.logo:
        # The inputs are texts; each character stands for one byte.
        inputs["logo"] = document.logo.decode("latin-1")
    content = typst.compile(
        _template(),
        font_paths=fonts,
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs=inputs,
        pdf_standards=list(STANDARDS),
        timestamp=document.moment,
    )
    assert isinstance(content, bytes)
    return content


@cache
def _template() -> bytes:
    return (_FOLDER / "letter.typ").read_bytes()


@cache
def _fonts(*, whole_computer: bool) -> typst.Fonts:
    """Return the fonts, read once: those of arsync alone look the same on every computer."""
    import typst

    with as_file(_FOLDER / "fonts") as folder:
        return typst.Fonts(
            include_system_fonts=whole_computer,
            include_embedded_fonts=False,
            font_paths=[str(folder)],
        )
