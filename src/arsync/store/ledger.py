"""The ledger: the normalised copy of each platform's documents, and how far it was pulled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from arsync.connector import Page
from arsync.core.records import Account, Contact, DocumentProblem, Invoice, RecordKind
from arsync.store.values import PageResult, Sweep, Total


class Ledger:
    """Records of all connections. A page is one transaction: rows, cursor and problems together."""

    def cursor(self, connection_id: int) -> str | None:
        """Return where the next pull starts, None for the beginning."""
        raise NotImplementedError

    def pulled_at(self, connection_id: int) -> datetime | None:
        """Return when a pull was last completed."""
        raise NotImplementedError

    def apply(
        self, connection_id: int, page: Page, now: datetime, *, moves_cursor: bool = True
    ) -> PageResult:
        """Store a page in one transaction; rows that are the same already are left alone.

        A record that does not fit (an amount too large, a NUL character) is kept out and becomes a
        problem. `moves_cursor=False` is for pages of `Connector.read`.
        """
        raise NotImplementedError

    def sweeps(self, connection_id: int) -> list[Sweep]:
        """Return the sweeps that ended and are not settled."""
        raise NotImplementedError

    def stale_open(self, connection_id: int, sweep: str) -> list[str]:
        """Return invoices whose stored balance differs from what the sweep saw.

        Also those that are open in the store and absent from the sweep, and those the sweep saw
        and the store does not have.
        """
        raise NotImplementedError

    def unseen(self, connection_id: int, kind: RecordKind, sweep: str) -> list[str]:
        """Return stored records, not yet gone, that no page of the full read showed."""
        raise NotImplementedError

    def settle_sweep(self, connection_id: int, sweep: str) -> None:
        """Forget a sweep: what it found has been read again."""
        raise NotImplementedError

    def mark_gone(self, connection_id: int, kind: RecordKind, ids: Sequence[str]) -> int:
        """Mark records as deleted by the platform, and return how many were not yet."""
        raise NotImplementedError

    def missing_contacts(self, connection_id: int) -> list[str]:
        """Return contacts that documents name and the store does not have."""
        raise NotImplementedError

    def problems(self, connection_id: int) -> list[DocumentProblem]:
        """Return the documents that could not be understood, and still cannot."""
        raise NotImplementedError

    def accounts(
        self, connection_id: int, contact_ids: Sequence[str] | None = None
    ) -> Iterator[Account]:
        """Yield every debtor with everything the rules need, in the order of contact ids.

        All from one moment's view of the store, some thousand rows in memory at a time. With
        `contact_ids`, only the debtors to whom these contacts belong.
        """
        raise NotImplementedError

    def invoice(self, connection_id: int, number_or_id: str) -> Invoice:
        """Return one invoice.

        Raises:
            UserMistake: none has this number (with a guess at what was meant), or several have.
        """
        raise NotImplementedError

    def contact(self, connection_id: int, name_or_id: str) -> Contact:
        """Return one contact; capitals do not matter.

        Raises:
            UserMistake: none has this name (with a guess at what was meant), or several have.
        """
        raise NotImplementedError

    def totals(self, connection_id: int) -> list[Total]:
        """Return what each contact owes, by currency."""
        raise NotImplementedError

    def counts(self, connection_id: int) -> dict[RecordKind, int]:
        """Return how many records of each kind are stored and not gone."""
        raise NotImplementedError

    def clear(self, connection_id: int) -> None:
        """Empty the copy and its cursor, so that the next pull rebuilds it.

        What people recorded and what arsync did is not part of the copy and stays.
        """
        raise NotImplementedError
