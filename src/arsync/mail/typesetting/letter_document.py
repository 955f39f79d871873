"""From a rendered letter and what it can show to the document that is set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from arsync.core.ledger.enclosures import Enclosure
from arsync.mail.enclosed_words import enclosed_words
from arsync.mail.letters import Letter
from arsync.mail.typesetting.document import LabelledLine, LetterDocument, paragraphs_of
from arsync.mail.typesetting.letter_tables import filled, tables_of
from arsync.mail.typesetting.letterhead import PLAIN, Letterhead

ADDRESS_LINES_MAX = 6
"""An envelope's window shows no more; further lines join the one before."""


def letter_document(
    letter: Letter,
    context: Mapping[str, Any],
    *,
    moment: datetime,
    letterhead: Letterhead = PLAIN,
) -> LetterDocument:
    """Return a letter as it is set.

    Args:
        letter: rendered with the context.
        context: from `letter_context`.
        moment: the document's own.
        letterhead: how the organisation's letters look.
    """
    words = context["words"]
    sender, customer = context["organisation"], context["customer"]
    document = LetterDocument(
        moment=moment,
        language=context["language"],
        sender=sender["name"],
        sender_lines=tuple(sender["address"]),
        recipient=in_window((customer["name"], *customer["address"])),
        date=context["today"],
        references=tuple(_references(context)),
        title=letter.subject,
        # A mail's subject names the sender, which stands at the top of a page.
        subject=letter.subject.removesuffix(f" - {sender['name']}"),
        opening=paragraphs_of(letter.opening, keeps_lines=letter.is_whole),
        tables=tuple(table for name in letter.drawn for table in tables_of(name, context)),
        closing=paragraphs_of(letter.closing, keeps_lines=letter.is_whole),
        page_words=words["page"],
        **letterhead._replace(footer=letterhead.footer or _about_the_sender(context))._asdict(),
    )
    if "payment" in letter.drawn:
        document = replace(document, **_payment(context))
    return document if letter.is_whole else replace(document, **_around(context))


def _about_the_sender(context: Mapping[str, Any]) -> str:
    """Return who writes by the books, for a page whose settings say nothing at its foot."""
    words, sender = context["words"], context["organisation"]
    numbers = (
        f"{words[name]}{words['colon']} {sender[name]}"
        for name in ("registration_number", "tax_number")
        if sender[name]
    )
    return " · ".join(filled(sender["legal_name"], *numbers))


def _payment(context: Mapping[str, Any]) -> dict[str, Any]:
    words, lines = context["words"], context["bank_lines"]
    return {
        "payment_title": words["pay_to"] if lines else "",
        "payment": tuple(LabelledLine(line.label, line.value) for line in lines),
        "payment_link": context["payment_link"],
        "payment_link_label": words["pay_online"],
    }


def _around(context: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stands around a text that says only what it is about."""
    words, sender = context["words"], context["organisation"]
    return {
        "greeting": context["greeting"],
        "enclosed": _enclosed(context),
        "regards": words["regards"],
        "signature": filled(sender["signed_by"], sender["name"]),
    }


def _enclosed(context: Mapping[str, Any]) -> str:
    """Return what goes along with the letter, which does not enclose itself."""
    words = context["words"]
    others = enclosed_words(
        [name for name in context["attachments"] if name != Enclosure.LETTER],
        words,
        invoices=len(context["invoices"]),
    )
    return f"{words['enclosed']}{words['colon']} {', '.join(others)}" if others else ""


def in_window(lines: Sequence[str]) -> tuple[str, ...]:
    """Return a name and an address in as many lines as a window shows."""
    kept = [line for line in lines if line]
    if len(kept) <= ADDRESS_LINES_MAX:
        return tuple(kept)
    # The last line is the town or the country: it stays by itself.
    crowded = ", ".join(kept[ADDRESS_LINES_MAX - 2 : -1])
    return (*kept[: ADDRESS_LINES_MAX - 2], crowded, kept[-1])


def _references(context: Mapping[str, Any]) -> Iterator[LabelledLine]:
    words, sender = context["words"], context["organisation"]
    named = (
        ("date", context["today"]),
        ("customer_number", context["customer"]["number"]),
        ("notice_number", context["notice_number"]),
        ("our_contact", sender["signed_by"]),
        ("phone", sender["phone"]),
        ("email", sender["email"]),
    )
    for word, text in named:
        if text:
            yield LabelledLine(words[word], text)
