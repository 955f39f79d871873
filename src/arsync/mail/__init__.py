"""Mail: letters in words, as messages, as PDF, and handed to a mail server.

The names below are imported on first use: checking a rulebook needs no mail server.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# At once: a module and its function share a name, and the function must be what stands here.
from arsync.mail.language import DEFAULT_LANGUAGE, Language, language, languages

if TYPE_CHECKING:
    from arsync.mail.context import letter_context
    from arsync.mail.invoice_values import INVOICES_PER_LETTER_MAX
    from arsync.mail.letter_facts import EarlierLetter, LetterFacts, sender_details
    from arsync.mail.letters import Letter, Letters
    from arsync.mail.message import (
        KEY_HEADER,
        Attachment,
        Outgoing,
        addresses,
        compose,
        message_id,
    )
    from arsync.mail.own_texts import OwnTexts, TextProblem, known_texts
    from arsync.mail.sample import sample_context
    from arsync.mail.smtp import Accepted, SmtpServer, send, smtp_server
    from arsync.mail.statement import Statement, statement_pdf
    from arsync.mail.text_names import (
        ACCOUNT_TEXT_NAMES,
        PLAN_TEXT_NAMES,
        SHIPPED_NAMES,
        TEXT_NAMES,
    )
    from arsync.mail.threads import EarlierMail, can_be_declined, conversation

__all__ = [
    "ACCOUNT_TEXT_NAMES",
    "DEFAULT_LANGUAGE",
    "INVOICES_PER_LETTER_MAX",
    "KEY_HEADER",
    "PLAN_TEXT_NAMES",
    "SHIPPED_NAMES",
    "TEXT_NAMES",
    "Accepted",
    "Attachment",
    "EarlierLetter",
    "EarlierMail",
    "Language",
    "Letter",
    "LetterFacts",
    "Letters",
    "Outgoing",
    "OwnTexts",
    "SmtpServer",
    "Statement",
    "TextProblem",
    "addresses",
    "can_be_declined",
    "compose",
    "conversation",
    "known_texts",
    "language",
    "languages",
    "letter_context",
    "message_id",
    "sample_context",
    "send",
    "sender_details",
    "smtp_server",
    "statement_pdf",
]

_NAMES = {
    "context": "letter_context",
    "invoice_values": "INVOICES_PER_LETTER_MAX",
    "letter_facts": "EarlierLetter LetterFacts sender_details",
    "letters": "Letter Letters",
    "own_texts": "OwnTexts TextProblem known_texts",
    "message": "KEY_HEADER Attachment Outgoing addresses compose is_address message_id",
    "statement": "Statement statement_pdf",
    "text_names": "ACCOUNT_TEXT_NAMES PLAN_TEXT_NAMES SHIPPED_NAMES TEXT_NAMES",
    "sample": "sample_context",
    "smtp": "Accepted SmtpServer send smtp_server",
    "threads": "EarlierMail can_be_declined conversation",
}
_WHERE = {name: module for module, names in _NAMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for."""
    if name not in _WHERE:
        raise AttributeError(name)
    exported = getattr(import_module(f"arsync.mail.{_WHERE[name]}"), name)
    globals()[name] = exported
    return exported
