"""Sets a letter as PDF/A-3a and PDF/UA-1: for archives, and for screen readers."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from arsync.errors import UserMistake
from arsync.mail.colours import readable_on_white
from arsync.mail.typesetting.document import LetterDocument
from arsync.mail.typesetting.engine import all_fonts, as_input, compiled, own_fonts, template

PDF_BYTES_MAX = 5_000_000
"""Larger letters are refused: Xero takes attachments up to 10 MB, mail servers often less."""

_NO_FONT = re.compile(r'the text `"(.+?)"` could not be displayed', re.DOTALL)


def typeset(document: LetterDocument, *, system_fonts: bool = True) -> bytes:
    """Return a letter as a PDF; the same document gives the same bytes.

    Args:
        document: what stands on it.
        system_fonts: look for characters that arsync's fonts lack in those of this computer.

    Raises:
        UserMistake: a character that no font has, or the letter is too large.
    """
    import typst  # only a process that prints should wait for it

    inputs = _inputs(document)
    lacking = ""
    for fonts in (own_fonts, all_fonts) if system_fonts else (own_fonts,):
        try:
            content = compiled(template("letter.typ"), inputs, fonts(), document.moment)
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


def _inputs(document: LetterDocument) -> dict[str, str]:
    values: dict[str, Any] = msgspec.to_builtins(document)
    del values["logo"], values["moment"]
    values["accent"] = readable_on_white(document.colour)
    inputs = {"letter": msgspec.json.encode(values).decode()}
    if document.logo:
        inputs["logo"] = as_input(document.logo)
    return inputs
