"""Reading payables: a feed beside the pull, for rulebooks that ask what is owed to suppliers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from arsync.core.ledger.payables import Payable
from arsync.core.ledger.records import DocumentProblem

WHOLE_AFTER = timedelta(hours=20)
"""Payables are all read again when the last time is so long ago: no platform reports every
change, and a little less than a day keeps a nightly schedule from being late by one."""


class BillsPage(NamedTuple):
    """One page of open bills and credits, stored in one transaction together with its cursor."""

    payables: Sequence[Payable]
    """Bills on which something is owed, and credits of which something is left, or may be."""
    cursor: str
    """Opaque; `bills(cursor)` continues after this page."""
    settled: Sequence[str] = ()
    """Ids of bills on which nothing is owed any more, and of credits of which nothing is left."""
    problems: tuple[DocumentProblem, ...] = ()
    """What cannot be read: `kind` tells a bill from a credit, `contact_id` names the supplier."""
    whole: str = ""
    """Names a reading of all payables: once it is complete, those it did not show are settled."""
    complete: bool = False
    """True on the last page: `cursor` is then where the next reading starts."""
    suppliers_are_contacts: bool = False
    """Whether the platform keeps one record for both: then a supplier's id is its contact's."""
