"""The parts that writes are made of: each can tell whether it stands, and make it stand."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from datetime import timedelta
from typing import NamedTuple

from xero_python.accounting import (
    Contact,
    ContactGroup,
    ContactGroups,
    Contacts,
    HistoryRecord,
    HistoryRecords,
    RequestEmpty,
)

from arsync.errors import OutcomeUnknown, Rejected, RetryLater
from arsync_xero.api import Api
from arsync_xero.dates import moment_of
from arsync_xero.documents import (
    GROUPS,
    HISTORY,
    INVOICES,
    HistoryRow,
)
from arsync_xero.sdk import Sdk

GROUP_NAME = "Credit hold"
EMAIL_REPEAT_SECONDS = 300
"""Xero keeps an answer by its Idempotency-Key for six minutes: within five of the first attempt the
same email may be asked for again, and leaves once."""
EMAILS_FULL_SECONDS = 6 * 3600.0
"""How long to wait when the organisation has sent its emails of the day."""
CLOCK_MARGIN = timedelta(minutes=2)
"""How far Xero's clock and the outbox's may lie apart."""

_TELLS_OF_EMAIL = re.compile(r"\b(e-?mail|e-?mailed|sent)\b", re.IGNORECASE)
_DAY_IS_FULL = re.compile(
    r"\b(daily|per day|a day)\b.*\blimit|\blimit\b.*\b(daily|day|emails?)\b", re.IGNORECASE
)
"""Nobody could verify the words in which Xero refuses one email too many."""
_OUR_MARK = "[arsync:"


class Tools(NamedTuple):
    """What every part works with."""

    api: Api
    sdk: Sdk
    mark: str
    """The marker of the write."""


class Part(ABC):
    """One thing that a write changes."""

    always_look = False
    """Look before writing even on a first attempt."""
    optional = False
    """Refused: the write goes on without it."""
    best_effort = False
    """Not written after what counts was written: the write stands all the same."""

    def __init__(self, tools: Tools) -> None:
        """Make a part; no call is made."""
        self.tools = tools

    @abstractmethod
    def found(self) -> str:
        """Look whether it stands at Xero; returns Xero's id of it, or an empty text."""

    @abstractmethod
    def make(self, key: str) -> str:
        """Write it, under an idempotency key; returns Xero's id of it."""

    @property
    @abstractmethod
    def detail(self) -> str:
        """A few words for people."""


class Note(Part):
    """A History record on an invoice or a contact."""

    def __init__(
        self, tools: Tools, record: str, id_: str, text: str, *, best_effort: bool = False
    ) -> None:
        super().__init__(tools)
        self._record = record
        self._id = id_
        self._text = text
        self.best_effort = best_effort

    @property
    def detail(self) -> str:
        return "note on the invoice" if self._record == "Invoices" else "note on the contact"

    def found(self) -> str:
        rows = history(self.tools.api, self._record, self._id)
        return self._id if any(self.tools.mark in (row.details or "") for row in rows) else ""

    def make(self, key: str) -> str:
        records = HistoryRecords(history_records=[HistoryRecord(details=self._text)])
        invoice = self._record == "Invoices"
        method = "create_invoice_history" if invoice else "create_contact_history"
        self.tools.sdk.call(method, self._id, records, what=f"a {self.detail}", key=key)
        return self._id


class PlatformEmail(Part):
    """Xero's own email of an invoice."""

    def __init__(
        self, tools: Tools, invoice_id: str, key: str, sent_before: bool, started_at: str
    ) -> None:
        """Take what is needed to recognise the email later.

        Args:
            tools: what every part works with.
            invoice_id: the invoice.
            key: its idempotency key, the same for every generation: within Xero's six minutes a
                repetition is answered and not sent again.
            sent_before: whether the invoice counted as sent before the first attempt.
            started_at: when the earliest attempt of unknown outcome began, or an empty text.
        """
        super().__init__(tools)
        self._invoice_id = invoice_id
        self._key = key
        self._sent_before = sent_before
        self._started_at = moment_of(started_at)

    @property
    def detail(self) -> str:
        return "emailed by Xero"

    def found(self) -> str:
        """Look whether it was sent since the first attempt of unknown outcome.

        Raises:
            OutcomeUnknown: nothing tells, and it is too late to ask again safely.
        """
        if self._started_at is None:
            return ""
        since = self._started_at - CLOCK_MARGIN
        for row in history(self.tools.api, "Invoices", self._invoice_id):
            at = moment_of(row.date_utc)
            if at is not None and at >= since and _tells_of_email(row):
                return self._invoice_id
        if self._turned_sent():
            return self._invoice_id
        age = self.tools.api.now() - self._started_at
        if age <= timedelta(seconds=EMAIL_REPEAT_SECONDS):
            return ""
        raise OutcomeUnknown(
            "Xero does not tell whether the email was sent. Ask the customer, or look at the"
            " invoice in Xero."
        )

    def _turned_sent(self) -> bool:
        if self._sent_before:
            return False
        rows = self.tools.api.one(INVOICES, f"Invoices/{self._invoice_id}")
        return bool(rows and rows.documents and rows.documents[0].sent_to_contact)

    def make(self, key: str) -> str:
        try:
            self.tools.sdk.call(
                "email_invoice", self._invoice_id, RequestEmpty(), what="an email", key=self._key
            )
        except Rejected as error:
            if _DAY_IS_FULL.search(str(error)):
                raise RetryLater(str(error), after_seconds=EMAILS_FULL_SECONDS) from None
            raise
        return self._invoice_id


class Members(Part):
    """Contacts in, or out of, the contact group of credit holds."""

    def __init__(self, tools: Tools, contact_ids: list[str], *, wanted: bool) -> None:
        super().__init__(tools)
        self._contact_ids = contact_ids
        self._wanted = wanted

    @property
    def detail(self) -> str:
        return f'{"added to" if self._wanted else "removed from"} "{GROUP_NAME}"'

    def found(self) -> str:
        group_id = self._group_id()
        members = self._members(group_id) if group_id else set()
        present = [id_ in members for id_ in self._contact_ids]
        stands = all(present) if self._wanted else not any(present)
        return (group_id or self._contact_ids[0]) if stands else ""

    def present(self) -> list[str]:
        """Return those of the contacts who are in the group."""
        group_id = self._group_id()
        members = self._members(group_id) if group_id else set()
        return [id_ for id_ in self._contact_ids if id_ in members]

    def make(self, key: str) -> str:
        group_id = self._group_id()
        if not self._wanted:
            members = self._members(group_id) if group_id else set()
            for id_ in self._contact_ids:
                if id_ in members:
                    what = f'removing from "{GROUP_NAME}"'
                    method = "delete_contact_group_contact"
                    self.tools.sdk.call(method, group_id, id_, what=what)
            return group_id or self._contact_ids[0]
        group_id = group_id or self._create(f"{key}-group")
        contacts = Contacts(contacts=[Contact(contact_id=id_) for id_ in self._contact_ids])
        what = f'adding to "{GROUP_NAME}"'
        method = "create_contact_group_contacts"
        self.tools.sdk.call(method, group_id, contacts, what=what, key=key)
        return group_id

    def _group_id(self) -> str:
        for group in self.tools.api.rows(GROUPS).documents:
            same = (group.name or "").casefold() == GROUP_NAME.casefold()
            if same and group.status == "ACTIVE" and group.contact_group_id:
                return group.contact_group_id
        return ""

    def _members(self, group_id: str) -> set[str]:
        rows = self.tools.api.one(GROUPS, f"ContactGroups/{group_id}")
        groups = rows.documents if rows else []
        return {contact.contact_id or "" for group in groups for contact in group.contacts or ()}

    def _create(self, key: str) -> str:
        groups = ContactGroups(contact_groups=[ContactGroup(name=GROUP_NAME)])
        what = f'the contact group "{GROUP_NAME}"'
        body = self.tools.sdk.call("create_contact_group", groups, what=what, key=key)
        made = GROUPS.rows(body).documents
        if not made or not made[0].contact_group_id:
            raise OutcomeUnknown(f"Xero: {what}: the answer names no group")
        return made[0].contact_group_id


def history(api: Api, record: str, id_: str) -> list[HistoryRow]:
    """Read the history of an invoice or a contact; nothing for one that is not there."""
    rows = api.one(HISTORY, f"{record}/{id_}/History")
    return rows.documents if rows else []


def _tells_of_email(row: HistoryRow) -> bool:
    text = f"{row.changes or ''} {row.details or ''}"
    return _OUR_MARK not in text and _TELLS_OF_EMAIL.search(text) is not None
