"""From a rendered letter and what it can show to the document that is set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from arsync.mail.letters import Letter
from arsync.mail.typesetting.document import LabelledLine, LetterDocument, paragraphs_of
from arsync.mail.typesetting.letter_tables import tables_of
from arsync.mail.typesetting.letterhead import PLAIN, Letterhead

ADDRESS_LINES_MAX = 6
"""An envelope's window shows no more; further lines join the one before."""


def letter_document(
    letter: Letter,
    context: Mapping[str, Any],
    *,
    moment: datetime,
    letterhead: Letterhead = PLAIN,
    numbered: str = "",
) -> LetterDocument:
    """Return a letter as it is set.

    Args:
        letter: rendered with the context.
        context: from `letter_context`.
        moment: the document's own.
        letterhead: how the organisation's letters look.
        numbered: the notice's number, where it bears one.
    """
    words = context["words"]
    sender, customer = context["organisation"], context["customer"]
    return LetterDocument(
        moment=moment,
        language=context["language"],
        sender=sender["name"],
        sender_lines=tuple(sender.get("address", ())),
        recipient=_in_window((customer["name"], *customer.get("address", ()))),
        date=context["today"],
        references=tuple(_references(context, numbered)),
        title=letter.subject,
        # A mail's subject names the sender, which stands at the top of a page.
        subject=letter.subject.removesuffix(f" - {sender['name']}"),
        greeting="" if letter.is_whole else context["greeting"],
        opening=paragraphs_of(letter.opening, keeps_lines=letter.is_whole),
        tables=tuple(table for name in letter.tables for table in tables_of(name, context)),
        closing=paragraphs_of(letter.closing, keeps_lines=letter.is_whole),
        regards="" if letter.is_whole else words["regards"],
        signature=() if letter.is_whole else (sender["name"],),
        footer=letterhead.footer,
        page_words=words["page"],
        logo=letterhead.logo,
        colour=letterhead.colour,
        paper=letterhead.paper,
        address_window=letterhead.address_window,
    )


def _in_window(lines: Sequence[str]) -> tuple[str, ...]:
    kept = [line for line in lines if line]
    if len(kept) <= ADDRESS_LINES_MAX:
        return tuple(kept)
    # The last line is the town or the country: it stays by itself.
    crowded = ", ".join(kept[ADDRESS_LINES_MAX - 2 : -1])
    return (*kept[: ADDRESS_LINES_MAX - 2], crowded, kept[-1])


def _references(context: Mapping[str, Any], numbered: str) -> Iterator[LabelledLine]:
    words, sender = context["words"], context["organisation"]
    named = (
        ("date", context["today"]),
        ("customer_number", context["customer"].get("number", "")),
        ("notice_number", numbered),
        ("our_contact", sender.get("signed_by", "")),
        ("phone", sender.get("phone", "")),
        ("email", sender.get("email", "")),
    )
    for word, text in named:
        if text:
            yield LabelledLine(words[word], text)
