"""Texts in the reader's language: English, where no catalogue says otherwise.

A request chooses the catalogue of its reader; everything that it says is looked up there. What
runs for nobody, as a schedule or a program does, speaks English.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from gettext import NullTranslations
from typing import Any, Self

ENGLISH = NullTranslations()

_catalogue: ContextVar[NullTranslations] = ContextVar("_catalogue", default=ENGLISH)


class ReaderText(str):
    """A text that stands before anybody asks for it; where it is shown it is looked up."""

    __slots__ = ()


class SaidText(str):
    """Sentences in English, as logs and programs have them, that a page says in another language.

    A use case says what it did for whoever asked it, for the audit log and for the command line at
    once. Whole sentences stand with their values, so a page says each anew (`in_readers_words`).
    """

    __slots__ = ("sentences",)

    sentences: tuple[tuple[str, Mapping[str, Any]], ...]

    def __new__(cls, *sentences: tuple[str, Mapping[str, Any]]) -> Self:
        """Say sentences one after the other."""
        whole = super().__new__(
            cls, " ".join(text % values if values else text for text, values in sentences)
        )
        whole.sentences = sentences
        return whole

    def then(self, *more: SaidText) -> SaidText:
        """Return this with more behind it."""
        behind = [sentence for each in more for sentence in each.sentences]
        return SaidText(*self.sentences, *behind)


def saying(text: str, /, **values: Any) -> SaidText:
    """Return a sentence that pages say in the reader's language.

    Args:
        text: in English; `%(name)s` stands for the value of that name.
        values: what is filled in; one of them may be a saying, too.
    """
    return SaidText((text, values))


def as_saying(text: str) -> SaidText:
    """Return what a use case says; what is no saying yet stays as it is in every language."""
    return text if isinstance(text, SaidText) else SaidText(("%(text)s", {"text": text}))


def in_readers_words(text: str) -> str:
    """Return what a use case says in the reader's language, as far as it can be said anew.

    Sentences that name commands of the shell are left out.
    """
    if not isinstance(text, SaidText):
        return text
    return " ".join(
        gettext(sentence, **{name: _read(value) for name, value in values.items()})
        for sentence, values in text.sentences
        if "`arsync " not in sentence
    )


def _read(value: Any) -> Any:
    return in_readers_words(value) if isinstance(value, SaidText) else value


def speak(catalogue: NullTranslations) -> None:
    """Say everything in a language from now on, in this thread or task."""
    _catalogue.set(catalogue)


def gettext(text: str, /, **values: Any) -> str:
    """Return a text in the reader's language.

    Args:
        text: as it is in English; `%(name)s` stands for the value of that name.
        values: what is filled in; without any, a percent sign is one.
    """
    translated = _catalogue.get().gettext(text)
    return translated % values if values else translated


def ngettext(one: str, many: str, number: int, /, **values: Any) -> str:
    """Return the form of a text that a number asks for; languages have up to six.

    Args:
        one: in English, for one.
        many: in English, for any other number.
        number: decides.
        values: as of `gettext`.
    """
    translated = _catalogue.get().ngettext(one, many, number)
    return translated % values if values else translated
