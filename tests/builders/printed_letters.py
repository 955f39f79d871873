"""Letters as they are set, with what a customer and an organisation can have."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from arsync.mail import Letters, language, sample_context
from arsync.mail.typesetting import PLAIN, LetterDocument, Letterhead, letter_document, typeset

MOMENT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
ADDRESS = ("Attn. Jane Hill", "The Old Brewery, Unit 4", "17 Kirkgate", "Wakefield WF1 1AB")
SENDER = {
    "name": "Mill Lane Trading Ltd",
    "address": ("12 Mill Lane", "Leeds LS1 4DL"),
    "phone": "0113 496 0000",
    "email": "accounts@mill-lane.example",
}


def values(
    code: str = "en",
    *,
    invoices: int = 2,
    customer: Mapping[str, Any] | None = None,
    **changed: Any,
) -> dict[str, Any]:
    """Return what a letter can show, with so many invoices, and this of the customer."""
    context = sample_context(language(code))
    context["organisation"] = {**context["organisation"], **SENDER}
    numbered = {"number": "C-10482", "address": ADDRESS}
    context["customer"] = {**context["customer"], **numbered, **(customer or {})}
    first, second = context["invoices"]
    context["invoices"] = (
        first,
        *(second._replace(number=f"INV-{number}") for number in range(2, invoices + 1)),
    )
    return {**context, "notice_number": "N-17", **changed}


def document(
    context: Mapping[str, Any],
    name: str = "formal notice",
    *,
    letterhead: Letterhead = PLAIN,
    letters: Letters | None = None,
) -> LetterDocument:
    """Return a shipped letter with these values, as it is set."""
    letters = letters or Letters(code=context["language"])
    letter = letters.render(name, context)
    return letter_document(letter, context, moment=MOMENT, letterhead=letterhead)


def printed_letter(
    context: Mapping[str, Any], name: str = "formal notice", *, letterhead: Letterhead = PLAIN
) -> bytes:
    """Return a shipped letter with these values as a PDF, in arsync's own fonts."""
    return typeset(document(context, name, letterhead=letterhead), system_fonts=False)
