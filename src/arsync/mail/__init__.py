"""Mail: letters in words, as messages, as PDF, and handed to a mail server."""

from arsync.mail.context import INVOICES_PER_LETTER_MAX, letter_context, sample_context
from arsync.mail.language import DEFAULT_LANGUAGE, Language, language, languages
from arsync.mail.letters import TEXT_NAMES, Letter, Letters, TextProblem, known_texts
from arsync.mail.message import KEY_HEADER, Outgoing, addresses, compose, is_address, message_id
from arsync.mail.pdf import letter_pdf
from arsync.mail.smtp import Accepted, SmtpServer, send, smtp_server

__all__ = [
    "DEFAULT_LANGUAGE", "INVOICES_PER_LETTER_MAX", "KEY_HEADER", "TEXT_NAMES", "Accepted",
    "Language", "Letter", "Letters", "Outgoing", "SmtpServer", "TextProblem", "addresses",
    "compose", "is_address", "known_texts", "language", "languages", "letter_context",
    "letter_pdf", "message_id", "sample_context", "send", "smtp_server",
]  # fmt: skip
