"""Reading bills: a feed beside the pull, for rulebooks that ask for what is owed to customers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from arsync.core.ledger.payables import Bill
from arsync.core.ledger.records import DocumentProblem

WHOLE_AFTER = timedelta(hours=20)
"""Open bills are all read again when the last time is so long ago: no platform reports every
change, and a little less than a day keeps a nightly schedule from being late by one."""


class BillsPage(NamedTuple):
    """One page of open bills, stored in one transaction together with its cursor."""

    bills: Sequence[Bill]
    """On which something is owed."""
    cursor: str
    """Opaque; `bills(cursor)` continues after this page."""
    settled: Sequence[str] = ()
    """Ids of bills on which nothing is owed any more."""
    problems: tuple[DocumentProblem, ...] = ()
    """Bills that cannot be read; `contact_id` names the supplier."""
    whole: str = ""
    """Names a reading of all open bills: once it is complete, those it did not show are settled."""
    complete: bool = False
    """True on the last page: `cursor` is then where the next reading starts."""
    suppliers_are_contacts: bool = False
    """Whether the platform keeps one record for both: then a supplier's id is its contact's."""
