"""Recipients: who gets a copy of a message, from whom it goes, and what goes along."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from arsync.core.ledger.enclosures import Enclosure
from arsync.core.rulebook.conditions import Condition


class AddressedTo(StrEnum):
    """Whose address a message goes to."""

    INVOICE_ADDRESS = "invoice address"
    """The address on the invoice, where it has its own; otherwise the contact's."""
    CONTACT_PERSON = "contact person"
    """The contact's, whatever stands on the invoice."""


class CopyRule(NamedTuple):
    """An address that gets a copy, for the customers that match."""

    address: str
    """An email address; empty: see `role`."""
    role: str = ""
    """The name of a role, which has an address for the customer."""
    when: Condition | None = None
    """None: for every customer."""


class SenderRule(NamedTuple):
    """From whom messages go, for the customers that match."""

    address: str
    name: str = ""
    when: Condition | None = None

    @property
    def text(self) -> str:
        """Return it as a mail names its sender: `Berlin accounts <berlin@example.com>`."""
        return f"{self.name} <{self.address}>" if self.name else self.address


ATTACHMENTS = tuple(word.value for word in Enclosure)
"""What can go along with a message."""
