"""Texts in the reader's language."""

from __future__ import annotations

from pathlib import Path

import pytest
from babel import Locale

from arsync.translation import (
    ENGLISH,
    ReaderText,
    as_saying,
    gettext,
    in_readers_words,
    ngettext,
    saying,
    speak,
)
from arsync.web.desk.catalogues import catalogue_of

POLISH = r"""
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\n"
"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n<5 ? 1 : 2);\n"

msgid "Today"
msgstr "Dziś"

#, python-format
msgid "%(number)s letter"
msgid_plural "%(number)s letters"
msgstr[0] "%(number)s list"
msgstr[1] "%(number)s listy"
msgstr[2] "%(number)s listów"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "pl" / "LC_MESSAGES" / "arsync.po"
    path.parent.mkdir(parents=True)
    path.write_text(POLISH, encoding="utf-8")
    return tmp_path


def letters(number: int) -> str:
    return ngettext("%(number)s letter", "%(number)s letters", number, number=number)


def test_without_a_catalogue_everything_is_english(folder: Path) -> None:
    assert catalogue_of(Locale.parse("de_AT"), folder) is ENGLISH
    speak(ENGLISH)
    assert [letters(number) for number in (1, 2)] == ["1 letter", "2 letters"]
    assert gettext("100% of %(name)s") == "100% of %(name)s"


def test_a_language_has_the_forms_that_it_needs(folder: Path) -> None:
    speak(catalogue_of(Locale.parse("pl_PL"), folder))
    try:
        assert [letters(number) for number in (1, 2, 5)] == ["1 list", "2 listy", "5 listów"]
        assert gettext(ReaderText("Today")) == "Dziś"
        assert gettext("Tomorrow") == "Tomorrow"
    finally:
        speak(ENGLISH)


def test_a_saying_is_english_until_a_page_says_it() -> None:
    whole = saying("It replaces %(promise)s.", promise=saying("a promise of %(day)s", day="today"))
    said = whole.then(saying("See `arsync promise`."), as_saying("Noted 100%"))
    assert said == "It replaces a promise of today. See `arsync promise`. Noted 100%"
    assert in_readers_words(said) == "It replaces a promise of today. Noted 100%"
    assert in_readers_words("as it is") == "as it is"
