"""Mail addresses: what is one, and which of them are the same mailbox."""

from __future__ import annotations

import re
from functools import lru_cache

FIELDS_REMEMBERED_MAX = 10_000
"""So many fields are remembered: a customer's invoices name one and the same address."""

# RFC 5321 allows a path of 256 characters, with its brackets.
ADDRESS_CHARACTERS_MAX = 254

# Narrower than RFC 5322: without quotes, comments and lists no address can smuggle in another.
_ADDRESS = re.compile(
    r"[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]{1,64}@"
    r"(?:[A-Za-z0-9\u0080-\U0010ffff](?:[A-Za-z0-9\u0080-\U0010ffff-]{0,61}[A-Za-z0-9\u0080-\U0010ffff])?\.)*"
    r"[A-Za-z0-9\u0080-\U0010ffff-]{2,63}"
)


def is_address(text: str) -> bool:
    """Return whether a text is one plain mail address."""
    if len(text) > ADDRESS_CHARACTERS_MAX or not _ADDRESS.fullmatch(text):
        return False
    local = text.rpartition("@")[0]
    return not (local.startswith(".") or local.endswith(".") or ".." in local)


def folded_address(text: str) -> str:
    """Return an address as it is compared: no mail server tells capital letters from small ones."""
    return text.strip().casefold()


def mailboxes_in(field: str) -> frozenset[str]:
    """Return the addresses of one field as they are compared."""
    return frozenset(map(folded_address, addresses_in(field)))


def addresses_in(field: str) -> list[str]:
    """Return the addresses of one field of the books, which may hold several."""
    return [entry.strip() for entry in re.split(r"[,;]", field) if entry.strip()]


@lru_cache(FIELDS_REMEMBERED_MAX)
def all_are_addresses(field: str) -> bool:
    """Return whether each entry of a field of the books is a mail address."""
    return all(map(is_address, addresses_in(field)))
