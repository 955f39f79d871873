"""Segments: the contact groups of customers."""

from __future__ import annotations

from arsync.core.ledger.records import Contact

NO_SEGMENT = "no group"
"""The segment of customers without a contact group."""

HOLD_GROUP = "Credit hold"
"""The group in which arsync shows a hold in Xero. Who is in it today belongs to another one."""


def segment_of(contact: Contact) -> str:
    """Return the segment of a customer; of several the first one, so that none counts twice."""
    return next((group for group in contact.groups if group != HOLD_GROUP), NO_SEGMENT)
