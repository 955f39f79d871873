"""Letters on paper: a document as plain data, and the typesetter that makes a PDF of it."""

from arsync.mail.typesetting.document import (
    LEFT,
    RIGHT,
    LabelledLine,
    LetterDocument,
    LetterRow,
    LetterSum,
    LetterTable,
    paragraphs_of,
)
from arsync.mail.typesetting.letter_document import in_window, letter_document
from arsync.mail.typesetting.letterhead import PLAIN, Letterhead, checked_logo, letterhead_of
from arsync.mail.typesetting.mail_logo import mail_logo_of, with_logo
from arsync.mail.typesetting.typesetter import PDF_BYTES_MAX, typeset

__all__ = [
    "LEFT",
    "PDF_BYTES_MAX",
    "PLAIN",
    "RIGHT",
    "LabelledLine",
    "LetterDocument",
    "LetterRow",
    "LetterSum",
    "LetterTable",
    "Letterhead",
    "checked_logo",
    "in_window",
    "letter_document",
    "letterhead_of",
    "mail_logo_of",
    "paragraphs_of",
    "typeset",
    "with_logo",
]
