"""The parts that writes are made of: each can tell whether it stands, and make it stand."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from xero_python.accounting import (
    Contact,
    ContactGroup,
    ContactGroups,
    Contacts,
    CurrencyCode,
    HistoryRecord,
    HistoryRecords,
    Invoice,
    Invoices,
    LineItem,
    RequestEmpty,
)

from arsync.core.money import shown
from arsync.errors import OutcomeUnknown, Rejected, RetryLater
from arsync_xero.api import Api
from arsync_xero.dates import day_of, moment_of
from arsync_xero.documents import (
    ATTACHMENTS,
    CONTACTS,
    GROUPS,
    HISTORY,
    INVOICES,
    ORGANISATION,
    ContactDocument,
    HistoryRow,
    Term,
)
from arsync_xero.feed import STATUSES, one_organisation
from arsync_xero.records import is_cash_on_delivery
from arsync_xero.sdk import Sdk

GROUP_NAME = "Credit hold"
EMAIL_REPEAT_SECONDS = 300
"""Xero keeps an answer by its Idempotency-Key for six minutes: within five of the first attempt the
same email may be asked for again, and leaves once."""
EMAILS_FULL_SECONDS = 6 * 3600.0
"""How long to wait when the organisation has sent its emails of the day."""
CLOCK_MARGIN = timedelta(minutes=2)
"""How far Xero's clock and the outbox's may lie apart."""
CASH_ON_DELIVERY = {"Day": 0, "Type": "DAYSAFTERBILLDATE"}
FEE_AMOUNT_MAX = Decimal(10) ** 10
"""A larger late fee is a mistake, and would not pass through the SDK's floats unharmed."""
ATTACHMENT_BYTES_MAX = 10 * 1024 * 1024
REFERENCE_LENGTH_MAX = 255

_TELLS_OF_EMAIL = re.compile(r"\b(e-?mail|e-?mailed|sent)\b", re.IGNORECASE)
_DAY_IS_FULL = re.compile(
    r"\b(daily|per day|a day)\b.*\blimit|\blimit\b.*\b(daily|day|emails?)\b", re.IGNORECASE
)
"""Nobody could verify the words in which Xero refuses one email too many."""
_OUR_MARK = "[arsync:"
_BAD_IN_FILE_NAMES = re.compile(r'[<>:"/\\|?*+\[\]\x00-\x1f]')


class Tools(NamedTuple):
    """What every part works with."""

    api: Api
    sdk: Sdk
    mark: str
    """The marker of the write."""


class Part:
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

    def found(self) -> str:
        """Look whether it stands at Xero; returns Xero's id of it, or an empty text."""
        raise NotImplementedError

    def make(self, key: str) -> str:
        """Write it, under an idempotency key; returns Xero's id of it."""
        raise NotImplementedError

    @property
    def detail(self) -> str:
        """A few words for people."""
        raise NotImplementedError


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
        return {one.contact_id or "" for group in groups for one in group.contacts or ()}

    def _create(self, key: str) -> str:
        groups = ContactGroups(contact_groups=[ContactGroup(name=GROUP_NAME)])
        what = f'the contact group "{GROUP_NAME}"'
        body = self.tools.sdk.call("create_contact_group", groups, what=what, key=key)
        made = GROUPS.rows(body).documents
        if not made or not made[0].contact_group_id:
            raise OutcomeUnknown(f"Xero: {what}: the answer names no group")
        return made[0].contact_group_id


class PaymentTerms(Part):
    """Payment terms for sales: to cash on delivery, or back to what they were."""

    def __init__(
        self, tools: Tools, contact_id: str, sales: dict[str, Any] | None, *, restores: bool
    ) -> None:
        """Take the terms to set.

        Args:
            tools: what every part works with.
            contact_id: the contact.
            sales: Xero's terms for sales; None for none.
            restores: True to leave the terms alone that a person has set meanwhile.
        """
        super().__init__(tools)
        self._contact_id = contact_id
        self._sales = sales
        self._restores = restores

    @property
    def detail(self) -> str:
        return "payment terms restored" if self._restores else "payment terms: cash on delivery"

    def found(self) -> str:
        contact = read_contact(self.tools.api, self._contact_id)
        sales = contact.payment_terms.sales if contact.payment_terms else None
        left_alone = self._restores and not is_cash_on_delivery(sales)
        return self._contact_id if left_alone or term_fields(sales) == self._sales else ""

    def make(self, key: str) -> str:
        contact = read_contact(self.tools.api, self._contact_id)
        terms = contact.payment_terms
        if self._restores and not is_cash_on_delivery(terms.sales if terms else None):
            return self._contact_id
        # Plain JSON: the SDK's enum would refuse terms of a type it does not know. Bills go along,
        # because leaving them out may clear them.
        bills = term_fields(terms.bills if terms else None)
        wanted = {"Sales": self._sales or self._organisations_own()}
        body = {
            "Contacts": [
                {
                    "ContactID": self._contact_id,
                    "PaymentTerms": {**wanted, "Bills": bills} if bills else wanted,
                }
            ]
        }
        self.tools.sdk.call("update_contact", self._contact_id, body, what="payment terms", key=key)
        return self._contact_id

    def _organisations_own(self) -> dict[str, Any]:
        """Return the terms that hold for a contact without any: Xero cannot be told "none".

        Raises:
            Rejected: the organisation has none either.
        """
        rows = self.tools.api.rows(ORGANISATION)
        own = rows.documents[0].payment_terms if rows.documents else None
        sales = term_fields(own.sales if own else None)
        if sales is None:
            raise Rejected(
                "The contact had no payment terms before, and Xero cannot take them off through its"
                " API: take them off in Xero."
            )
        return sales


class ExpectedDate(Part):
    """The day on which money is expected, shown by Xero on the invoice."""

    optional = True

    def __init__(self, tools: Tools, invoice_id: str, day: date) -> None:
        super().__init__(tools)
        self._invoice_id = invoice_id
        self._day = day

    @property
    def detail(self) -> str:
        return f"expected on {self._day.isoformat()}"

    def found(self) -> str:
        rows = self.tools.api.one(INVOICES, f"Invoices/{self._invoice_id}")
        days = [day_of(None, one.expected_payment_date) for one in (rows.documents if rows else [])]
        return self._invoice_id if self._day in days else ""

    def make(self, key: str) -> str:
        invoice = Invoice(invoice_id=self._invoice_id, expected_payment_date=self._day)
        self.tools.sdk.call(
            "update_invoice",
            self._invoice_id,
            Invoices(invoices=[invoice]),
            what="the expected payment date",
            key=key,
        )
        return self._invoice_id


class Attachment(Part):
    """Our letter, attached to an invoice under a name of its own."""

    def __init__(
        self, tools: Tools, invoice_id: str, file_name: str, file_type: str, content: bytes
    ) -> None:
        super().__init__(tools)
        self._invoice_id = invoice_id
        path = PurePosixPath(_BAD_IN_FILE_NAMES.sub("-", file_name) or "letter.pdf")
        # The same name would overwrite an older letter, and could not be told from it.
        self._name = (
            f"{path.stem}-{tools.mark.strip('[]').removeprefix('arsync:')[:8]}{path.suffix}"
        )
        self._type = file_type or "application/octet-stream"
        self._content = content

    @property
    def detail(self) -> str:
        return f"attached {self._name}"

    def found(self) -> str:
        rows = self.tools.api.one(ATTACHMENTS, f"Invoices/{self._invoice_id}/Attachments")
        files = {one.file_name: one.attachment_id or "" for one in (rows.documents if rows else [])}
        return files.get(self._name, "")

    def make(self, key: str) -> str:
        if len(self._content) > ATTACHMENT_BYTES_MAX:
            raise Rejected(f"{self._name} is larger than {ATTACHMENT_BYTES_MAX:,} bytes.")
        body = self.tools.sdk.call(
            "create_invoice_attachment_by_file_name",
            self._invoice_id,
            self._name,
            self._content,
            what="an attachment",
            key=key,
            file_type=self._type,
            include_online=True,
        )
        made = ATTACHMENTS.rows(body).documents
        return (made[0].attachment_id if made else None) or self._name


class LateFee(Part):
    """A draft invoice for a person to look at, found again by its reference."""

    always_look = True

    def __init__(
        self,
        tools: Tools,
        contact_id: str,
        *,
        amount: Decimal,
        currency: str,
        description: str,
        about: str,
        account: str,
    ) -> None:
        super().__init__(tools)
        self._contact_id = contact_id
        self._amount = amount
        self._currency = currency
        self._description = description
        self._account = account
        words = f"Late fee {about}".replace('"', "").replace("\\", "")
        self._reference = f"{words[: REFERENCE_LENGTH_MAX - len(tools.mark) - 1]} {tools.mark}"

    @property
    def detail(self) -> str:
        return f"draft invoice for a late fee of {shown(self._amount, self._currency)}"

    def found(self) -> str:
        """Return the draft's id; also of one that a person has approved, voided or deleted."""
        params = {
            "where": f'Type=="ACCREC" AND Reference=="{self._reference}"',
            "Statuses": STATUSES,
            "page": "1",
            "pageSize": "10",
        }
        documents = self.tools.api.rows(INVOICES, params=params).documents
        return (documents[0].invoice_id or "") if documents else ""

    def make(self, key: str) -> str:
        if not 0 < self._amount < FEE_AMOUNT_MAX:
            raise Rejected(f"A late fee of {self._amount} is refused.")
        try:
            currency = CurrencyCode(self._currency)
        except ValueError:
            raise Rejected(f"A late fee in {self._currency!r} is refused.") from None
        organisation = one_organisation(self.tools.api.rows(ORGANISATION), None)
        zone = ZoneInfo(organisation.time_zone or "UTC")
        today = self.tools.api.now().astimezone(zone).date()
        line = LineItem(
            description=self._description,
            quantity=1,
            unit_amount=self._amount,
            account_code=self._account,
            tax_type="NONE",
        )
        draft = Invoice(
            type="ACCREC",
            status="DRAFT",
            contact=Contact(contact_id=self._contact_id),
            date=today,
            due_date=today,
            reference=self._reference,
            currency_code=currency,
            line_items=[line],
        )
        body = self.tools.sdk.call(
            "create_invoices",
            Invoices(invoices=[draft]),
            what="a late fee",
            key=key,
            summarize_errors=False,
            unitdp=4,
        )
        made = INVOICES.rows(body).documents
        if not made or not made[0].invoice_id:
            raise OutcomeUnknown("Xero: a late fee: the answer names no invoice")
        return made[0].invoice_id


def history(api: Api, record: str, id_: str) -> list[HistoryRow]:
    """Read the history of an invoice or a contact; nothing for one that is not there."""
    rows = api.one(HISTORY, f"{record}/{id_}/History")
    return rows.documents if rows else []


def read_contact(api: Api, contact_id: str) -> ContactDocument:
    """Read a contact.

    Raises:
        Rejected: there is no such contact.
    """
    rows = api.one(CONTACTS, f"Contacts/{contact_id}")
    if rows is None or not rows.documents:
        raise Rejected(f"Xero: there is no contact {contact_id}.")
    return rows.documents[0]


def term_fields(term: Term | None) -> dict[str, Any] | None:
    """Return a term as Xero writes it; None for none."""
    if term is None or term.type is None or term.day is None:
        return None
    return {"Day": term.day, "Type": term.type}


def _tells_of_email(row: HistoryRow) -> bool:
    text = f"{row.changes or ''} {row.details or ''}"
    return _OUR_MARK not in text and _TELLS_OF_EMAIL.search(text) is not None
