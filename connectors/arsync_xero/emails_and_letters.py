"""Messages to the customer: Xero's own email, and our letter attached to the invoice."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import PurePosixPath

from xero_python.accounting import RequestEmpty

from arsync.errors import HealsWhen, OutcomeUnknown, Rejected
from arsync_xero.dates import moment_of
from arsync_xero.documents import ATTACHMENTS, INVOICES, HistoryRow
from arsync_xero.write_client import WriteClient, WriteStep, history

EMAIL_REPEAT_SECONDS = 300
"""Xero keeps an answer by its Idempotency-Key for six minutes: within five of the first attempt the
same email may be requested again, and leaves once."""
CLOCK_MARGIN = timedelta(minutes=2)
"""How far Xero's clock and the outbox's may differ."""
ATTACHMENT_BYTES_MAX = 10 * 1024 * 1024
"""One of Xero's pages says 25 MB, another 10: the smaller is safe under both."""
_TELLS_OF_EMAIL = re.compile(r"\b(e-?mail|e-?mailed|sent)\b", re.IGNORECASE)
_DAY_IS_FULL = re.compile(
    r"\b(daily|per day|a day)\b.*\blimit|\blimit\b.*\b(daily|day|emails?)\b", re.IGNORECASE
)
"""A guess: the words in which Xero refuses one email too many are not documented."""
_OUR_MARK = "[arsync:"
_BAD_IN_FILE_NAMES = re.compile(r'[<>:"/\\|?*+\[\]\x00-\x1f]')


class PlatformEmail(WriteStep):
    """Xero's own email of an invoice."""

    def __init__(
        self,
        write_client: WriteClient,
        invoice_id: str,
        key: str,
        sent_before: bool,
        started_at: str,
    ) -> None:
        """Take what is needed to recognise the email later.

        Args:
            write_client: what every step works with.
            invoice_id: the invoice.
            key: its idempotency key, the same for every generation: within Xero's six minutes a
                repetition is answered and not sent again.
            sent_before: whether the invoice counted as sent before the first attempt.
            started_at: when the earliest attempt of unknown outcome began, or an empty text.
        """
        super().__init__(write_client)
        self._invoice_id = invoice_id
        self._key = key
        self._sent_before = sent_before
        self._started_at = moment_of(started_at)

    @property
    def detail(self) -> str:
        return "emailed by Xero"

    def found(self) -> str:
        """Look whether it was sent since the first attempt of unknown outcome.

        Raises:
            OutcomeUnknown: there is no sign of it, and it is too late to ask again safely.
        """
        if self._started_at is None:
            return ""
        # While Xero keeps its answer, the same key asks again safely; later only the invoice's
        # history or its sent mark decides, and failing that, a person.
        since = self._started_at - CLOCK_MARGIN
        for row in history(self.write_client.api, "Invoices", self._invoice_id):
            at = moment_of(row.date_utc)
            if at is not None and at >= since and _tells_of_email(row):
                return self._invoice_id
        if self._turned_sent():
            return self._invoice_id
        age = self.write_client.api.now() - self._started_at
        if age <= timedelta(seconds=EMAIL_REPEAT_SECONDS):
            return ""
        raise OutcomeUnknown(
            "Xero does not report whether the email was sent. Ask the customer, or check the "
            "invoice in Xero."
        )

    def _turned_sent(self) -> bool:
        # The mark says nothing about an invoice that had it before: this may be another email.
        if self._sent_before:
            return False
        rows = self.write_client.api.read_one(INVOICES, f"Invoices/{self._invoice_id}")
        return bool(rows and rows.documents and rows.documents[0].sent_to_contact)

    def make(self, key: str) -> str:
        try:
            self.write_client.sdk.call(
                "email_invoice", self._invoice_id, RequestEmpty(), what="an email", key=self._key
            )
        except Rejected as error:
            # Xero has a cap of emails a day (1,000; in a trial 20), and refuses the next with 400
            # like any bad request.
            if _DAY_IS_FULL.search(str(error)):
                raise Rejected(str(error), heals_when=HealsWhen.DAY) from None
            raise
        return self._invoice_id


class LetterAttachment(WriteStep):
    """Our letter, attached to an invoice under a name of its own."""

    def __init__(
        self,
        write_client: WriteClient,
        invoice_id: str,
        file_name: str,
        file_type: str,
        content: bytes,
    ) -> None:
        super().__init__(write_client)
        self._invoice_id = invoice_id
        path = PurePosixPath(_BAD_IN_FILE_NAMES.sub("-", file_name) or "letter.pdf")
        # The same name would overwrite an older letter, and could not be told from it.
        self._name = (
            f"{path.stem}-{write_client.mark.strip('[]').removeprefix('arsync:')[:8]}{path.suffix}"
        )
        self._type = file_type or "application/octet-stream"
        self._content = content

    @property
    def detail(self) -> str:
        return f"attached {self._name}"

    def found(self) -> str:
        rows = self.write_client.api.read_one(
            ATTACHMENTS, f"Invoices/{self._invoice_id}/Attachments"
        )
        files = {
            attachment_row.file_name: attachment_row.attachment_id or ""
            for attachment_row in (rows.documents if rows else [])
        }
        return files.get(self._name, "")

    def make(self, key: str) -> str:
        if len(self._content) > ATTACHMENT_BYTES_MAX:
            raise Rejected(f"{self._name} is larger than {ATTACHMENT_BYTES_MAX:,} bytes.")
        body = self.write_client.sdk.call(
            "create_invoice_attachment_by_file_name",
            self._invoice_id,
            self._name,
            self._content,
            what="an attachment",
            key=key,
            file_type=self._type,
            include_online=True,
        )
        attachment_rows = ATTACHMENTS.rows(body).documents
        return (attachment_rows[0].attachment_id if attachment_rows else None) or self._name


def _tells_of_email(row: HistoryRow) -> bool:
    text = f"{row.changes or ''} {row.details or ''}"
    # Our own notes speak of emails, too.
    return _OUR_MARK not in text and _TELLS_OF_EMAIL.search(text) is not None
