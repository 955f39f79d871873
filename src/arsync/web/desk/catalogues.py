"""The catalogues of translated texts: files that translators' programs write, read as they are."""

from __future__ import annotations

from functools import cache
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from arsync.translation import ENGLISH

DOMAIN = "arsync"

CATALOGUES = "arsync.catalogues"
"""Under which an application knows where they stand."""

SHIPPED = Path(__file__).parent / "locale"
"""Where a language has its catalogue: `de/LC_MESSAGES/arsync.po`."""


@cache
def catalogue_of(locale: Locale, folder: Path = SHIPPED) -> NullTranslations:
    """Return the texts of a locale, else those of its language, else English."""
    for name in (str(locale), locale.language):
        path = folder / name / "LC_MESSAGES" / f"{DOMAIN}.po"
        if path.is_file():
            with path.open("rb") as file:
                messages = read_po(file, locale=name)
            compiled = BytesIO()
            write_mo(compiled, messages)
            compiled.seek(0)
            return Translations(compiled, domain=DOMAIN)
    return ENGLISH
