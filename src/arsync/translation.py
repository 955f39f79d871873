"""Texts in the reader's language: English, where no catalogue says otherwise.

A request chooses the catalogue of its reader; everything that it says is looked up there. What
runs for nobody, as a schedule or a program does, speaks English.
"""

from __future__ import annotations

from contextvars import ContextVar
from gettext import NullTranslations
from typing import Any

ENGLISH = NullTranslations()

_catalogue: ContextVar[NullTranslations] = ContextVar("_catalogue", default=ENGLISH)


class ReaderText(str):
    """A text that stands before anybody asks for it; where it is shown it is looked up."""

    __slots__ = ()


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
