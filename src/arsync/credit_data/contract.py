"""The contract between arsync and a source of credit data: the CreditSource protocol, its values.

A source is asked about one business and tells facts of a day. It stores and decides nothing.
Further ones are found through the entry point group `arsync.credit_data`; each entry is a
`CreditSource`. It is asked only while `[credit_data] sources` names it.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple, Protocol

from arsync.config import Config
from arsync.core.ledger.agreements.credit_applications import CreditDatum


class CreditQuery(NamedTuple):
    """The business that is asked about; empty: nobody said."""

    name: str
    today: date
    """The organisation's day, as which the answer counts where the source gives none."""
    registration_number: str = ""
    vat_number: str = ""
    country: str = ""
    """ISO 3166-1, two capital letters."""


class CreditAnswer(NamedTuple):
    """What a source said."""

    data: tuple[CreditDatum, ...] = ()
    """Only what it documents; empty: it does not know the business."""
    remark: str = ""
    """For people, where something is to be said: `no company of this number`."""


class CreditSource(Protocol):
    """A register or a bureau. No error may hold a key of the settings."""

    @property
    def name(self) -> str:
        """Return what `[credit_data] sources` and the data call it."""
        ...

    @property
    def label(self) -> str:
        """Return it for people: `Companies House`."""
        ...

    @property
    def sends(self) -> str:
        """Return what of an applicant leaves for it, in words: `the registration number`."""
        ...

    def settings_problem(self, config: Config) -> str:
        """Return which setting is missing, and what to do; empty: it can be asked."""
        ...

    def ask(self, config: Config, query: CreditQuery) -> CreditAnswer:
        """Ask about one business; nothing but what `sends` says leaves.

        Raises:
            UserMistake: the query lacks what it is found by, or several businesses fit.
            RetryLater: it is away or asks for patience; nothing was learnt.
            Rejected: it refuses, or its answer cannot be read; asking again would not help.
        """
        ...
