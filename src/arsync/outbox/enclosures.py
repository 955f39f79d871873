"""What the platform gives to go along with a message: its own PDF of each invoice.

Read before the attempt is recorded: nothing is asked for once a message may have left. What does
not fit, or cannot be had, is online instead, and the letter says so.
"""

from __future__ import annotations

from typing import Protocol

from arsync.connector_sdk import Capabilities, Capability
from arsync.core.actions import Action
from arsync.errors import Rejected, RetryLater
from arsync.outbox.types import LetterExtras

INVOICES_ATTACHED_MAX = 10
"""So many invoices go along with one message; each takes a call."""

BYTES_ATTACHED_MAX = 6_000_000
"""All of them together: encoded for mail they grow by a third, and many servers take 10 MB."""

TRIES_MAX = 3
"""So often a message waits for a PDF that cannot be read; then it leaves without it."""

NO_ROOM = "it does not fit"
NOT_OFFERED = "the accounting system does not give it"


class HasPapers(Protocol):
    """What is asked of a connector here."""

    capabilities: Capabilities

    def invoice_pdf(self, invoice_id: str, /) -> bytes:
        """Return the platform's PDF of an invoice."""
        ...


def with_invoice_pdfs(
    extras: LetterExtras, action: Action, connector: HasPapers, tries: int
) -> LetterExtras:
    """Return what a message is given, with the platform's PDF of each invoice that it names.

    Args:
        extras: what it has.
        action: names the invoices, the most important ones first.
        connector: the platform.
        tries: how often it was tried, with this time.

    Raises:
        RetryLater, NeedsReconnect: the platform cannot be asked now.
    """
    if Capability.INVOICE_PDF not in connector.capabilities.offers:
        return extras._replace(not_attached={ref.id: NOT_OFFERED for ref in action.invoices})
    pdfs: dict[str, bytes] = {}
    not_attached: dict[str, str] = {}
    room = BYTES_ATTACHED_MAX
    for ref in action.invoices:
        if len(pdfs) >= INVOICES_ATTACHED_MAX:
            not_attached[ref.id] = NO_ROOM
            continue
        try:
            pdf = connector.invoice_pdf(ref.id)
        except Rejected as refused:
            not_attached[ref.id] = str(refused)
            continue
        except RetryLater as later:
            if tries <= TRIES_MAX:
                raise
            not_attached[ref.id] = str(later)
            continue
        if len(pdf) > room:
            not_attached[ref.id] = NO_ROOM
            continue
        pdfs[ref.id] = pdf
        room -= len(pdf)
    return extras._replace(invoice_pdfs=pdfs, not_attached=not_attached)
