"""What people recorded: promises to pay and disputes. Arsync's own data; a rebuild keeps them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from arsync.store.values import DisputeRow, PromiseRow


class People:
    """Promises and disputes, by invoice."""

    def promise(
        self,
        connection_id: int,
        invoice_id: str,
        *,
        promised_on: date,
        made_on: date,
        who: str,
        amount: Decimal | None = None,
        note: str = "",
    ) -> PromiseRow:
        """Record a promise; an older one still open for the invoice is replaced by it.

        Raises:
            UserMistake: the day is past, or the amount is not above zero.
        """
        raise NotImplementedError

    def promises(self, connection_id: int, invoice_id: str | None = None) -> list[PromiseRow]:
        """Return promises, oldest first, replaced ones too."""
        raise NotImplementedError

    def review(self, connection_id: int, today: date) -> list[PromiseRow]:
        """Judge open promises by the ledger, and return those that changed.

        Kept: the invoice is owed no longer, or by at least the promised amount less. Broken: the
        day has passed and it is not so.
        """
        raise NotImplementedError

    def settle_promise(self, promise_id: int, *, kept: bool) -> None:
        """Say by hand whether a promise was kept."""
        raise NotImplementedError

    def dispute(
        self, connection_id: int, invoice_id: str, *, opened_on: date, reason: str, who: str
    ) -> DisputeRow:
        """Record a dispute.

        Raises:
            UserMistake: one is open for the invoice already.
        """
        raise NotImplementedError

    def disputes(self, connection_id: int, invoice_id: str | None = None) -> list[DisputeRow]:
        """Return disputes, oldest first."""
        raise NotImplementedError

    def settle_dispute(
        self, connection_id: int, invoice_id: str, *, settled_on: date, who: str
    ) -> DisputeRow:
        """Settle the open dispute of an invoice.

        Raises:
            UserMistake: none is open.
        """
        raise NotImplementedError
