"""Segments: the contact groups of customers."""

from __future__ import annotations

from arsync.core.ledger.records import Contact

NO_SEGMENT = "no group"
"""The segment of customers without a contact group."""

HOLD_GROUP = "Credit hold"
"""The group in which arsync shows a hold in Xero. Who is in it today belongs to another one."""


def segments_of(contact: Contact) -> tuple[str, ...]:
    """Return every segment of a customer, in the order of the books; at least one."""
    return tuple(group for group in contact.groups if group != HOLD_GROUP) or (NO_SEGMENT,)


def segment_of(contact: Contact) -> str:
    """Return the segment of a customer; of several the first one, so that none counts twice."""
    return segments_of(contact)[0]
