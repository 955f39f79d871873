"""Pulling without loss: pages by id, a watermark from the start, and sweeps for what goes unsaid.

Xero's change feed is incomplete: it does not tell of all edits to due dates, group members or
balances. So a pull that finds the last sweep older than `SWEEP_AFTER` also reads all contacts and
a summary of all open invoices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from arsync.connector import Page, Record
from arsync.core.records import DocumentProblem, OpenBalance, Organisation, RecordKind
from arsync.errors import Rejected
from arsync_xero.api import PAGE_SIZE, Api
from arsync_xero.documents import (
    CONTACTS,
    CREDIT_NOTES,
    INVOICES,
    ORGANISATION,
    OVERPAYMENTS,
    PAYMENTS,
    PREPAYMENTS,
    Endpoint,
    Rows,
)
from arsync_xero.records import (
    to_contact,
    to_credit,
    to_invoice,
    to_open_balance,
    to_organisation,
    to_payment,
)

CURSOR_VERSION = 1
OVERLAP = timedelta(minutes=2)
"""The next pull begins this long before the start of the last: clocks and commits are not exact."""
SWEEP_AFTER = timedelta(hours=20)
"""A little less than a day, so that a nightly schedule is never late by a day."""
PAGES_MAX = 10_000
"""A list that claims more pages is not believed."""

STATUSES = "DRAFT,SUBMITTED,AUTHORISED,PAID,VOIDED,DELETED"
_EVERY_CREDIT_NOTE = " OR ".join(f'Status=="{status}"' for status in STATUSES.split(","))
"""All statuses by name: whether an unfiltered list holds deleted documents is not known, and a
document that leaves the list while its pages are read would move its neighbours."""


@dataclass(frozen=True, slots=True)
class _Stage:
    """One list to read in a pull."""

    name: str
    endpoint: Endpoint[Any]
    kind: RecordKind
    convert: Callable[[Any, str], Any]
    params: dict[str, str]
    swept: str = "full"
    """When it is read whole: `full` pulls only, `daily` sweeps too; `only daily` in no other."""
    ends_kind: bool = True
    """False when another stage goes on with the same kind."""


_STAGES = (
    _Stage(
        "contacts",
        CONTACTS,
        RecordKind.CONTACTS,
        lambda document, _: to_contact(document),
        {"includeArchived": "true", "order": "ContactID ASC"},
        swept="daily",
    ),
    _Stage(
        "invoices",
        INVOICES,
        RecordKind.INVOICES,
        to_invoice,
        {"where": 'Type=="ACCREC"', "Statuses": STATUSES, "order": "InvoiceID ASC"},
    ),
    _Stage(
        "credit notes",
        CREDIT_NOTES,
        RecordKind.CREDITS,
        to_credit,
        {"where": _EVERY_CREDIT_NOTE, "order": "CreditNoteID ASC"},
        ends_kind=False,
    ),
    _Stage(
        "prepayments",
        PREPAYMENTS,
        RecordKind.CREDITS,
        to_credit,
        {"order": "PrepaymentID ASC"},
        ends_kind=False,
    ),
    _Stage(
        "overpayments",
        OVERPAYMENTS,
        RecordKind.CREDITS,
        to_credit,
        {"order": "OverpaymentID ASC"},
    ),
    _Stage("payments", PAYMENTS, RecordKind.PAYMENTS, to_payment, {"order": "PaymentID ASC"}),
    _Stage(
        "open balances",
        INVOICES,
        RecordKind.INVOICES,
        lambda document, _: to_open_balance(document),
        {
            "where": 'Type=="ACCREC"',
            "Statuses": "AUTHORISED",
            "summaryOnly": "true",
            "order": "InvoiceID ASC",
        },
        swept="only daily",
    ),
)


class Cursor(msgspec.Struct, frozen=True):
    """Where a pull stands. Between pulls `stage` is empty."""

    version: int = CURSOR_VERSION
    stage: str = ""
    page: int = 1
    since: str = ""
    """What changed after this moment is read; empty for everything."""
    start: str = ""
    """Xero's moment when the running pull began."""
    swept: str = ""
    """Xero's moment when the last sweep began."""
    sweeping: bool = False
    """The running pull sweeps too."""
    base: str = ""
    """The organisation's currency."""

    @property
    def full(self) -> bool:
        """Whether the running pull reads everything."""
        return not self.since

    def text(self) -> str:
        """Return the opaque form."""
        return msgspec.json.encode(self).decode()


def read_cursor(text: str | None) -> Cursor:
    """Read the opaque form; one that cannot be read begins anew, with everything."""
    try:
        cursor = msgspec.json.decode(text or "", type=Cursor)
    except msgspec.DecodeError:
        return Cursor()
    known = {"", *(stage.name for stage in _wanted(cursor))}
    return cursor if cursor.version == CURSOR_VERSION and cursor.stage in known else Cursor()


class Feed:
    """The pages of one pull."""

    def __init__(self, api: Api, own_reminders: Callable[[], bool | None]) -> None:
        """Prepare a pull; no call is made.

        Args:
            api: the organisation.
            own_reminders: asks whether Xero's own reminders are on.
        """
        self._api = api
        self._own_reminders = own_reminders

    def pages(self, text: str | None) -> Iterator[Page]:
        """Yield the pages from a cursor on."""
        cursor = read_cursor(text)
        if not cursor.stage:
            cursor, organisation = self._begin(cursor)
            if cursor.sweeping:
                # On other pulls the organisation is asked only for the time: what it says of
                # reminders costs another call, and without that the row would seem to change.
                yield Page(RecordKind.ORGANISATION, (organisation,), cursor.text())
        stages = _wanted(cursor)
        names = [stage.name for stage in stages]
        for stage in stages[names.index(cursor.stage) :]:
            for page, following in self._stage(stage, cursor):
                cursor = following
                yield page

    def _begin(self, last: Cursor) -> tuple[Cursor, Organisation]:
        rows = self._api.rows(ORGANISATION)
        now = self._api.now()
        swept = _moment(last.swept)
        sweeping = not last.since or swept is None or now - swept >= SWEEP_AFTER
        organisation = one_organisation(rows, self._own_reminders() if sweeping else None)
        cursor = Cursor(
            stage=_STAGES[0].name,
            since=last.since,
            start=_text(now),
            swept=last.swept,
            sweeping=sweeping,
            base=organisation.base_currency,
        )
        return cursor, organisation

    def _stage(self, stage: _Stage, cursor: Cursor) -> Iterator[tuple[Page, Cursor]]:
        whole = cursor.full or (cursor.sweeping and stage.swept == "daily")
        whole = whole or stage.swept == "only daily"
        page = cursor.page if cursor.stage == stage.name else 1
        while True:
            rows = self._api.rows(
                stage.endpoint,
                params={**stage.params, "page": str(page), "pageSize": str(PAGE_SIZE)},
                since="" if whole else cursor.since,
            )
            last = page >= rows.page_count or page >= PAGES_MAX
            following = self._following(stage, cursor, None if last else page + 1)
            yield _page(stage, rows, cursor, following, whole=whole, last=last), following
            if last:
                return
            page += 1

    def _following(self, stage: _Stage, cursor: Cursor, next_page: int | None) -> Cursor:
        if next_page is not None:
            return msgspec.structs.replace(cursor, stage=stage.name, page=next_page)
        wanted = _wanted(cursor)
        index = wanted.index(stage) + 1
        if index < len(wanted):
            return msgspec.structs.replace(cursor, stage=wanted[index].name, page=1)
        start = _moment(cursor.start)
        assert start is not None, "a running pull knows when it began"
        return Cursor(
            since=_text(start - OVERLAP),
            swept=cursor.start if cursor.sweeping else cursor.swept,
            base=cursor.base,
        )


def _wanted(cursor: Cursor) -> list[_Stage]:
    """Return the stages of a pull: a full one has seen the open balances already."""
    sweeps_balances = cursor.sweeping and not cursor.full
    return [one for one in _STAGES if sweeps_balances or one.swept != "only daily"]


def one_organisation(rows: Rows[Any], own_reminders: bool | None) -> Organisation:
    """Return the organisation of an answer.

    Raises:
        Rejected: it cannot be understood, so nothing else could be.
    """
    made = [to_organisation(one, own_reminders=own_reminders) for one in rows.documents]
    problems = [*rows.problems, *(one for one in made if isinstance(one, DocumentProblem))]
    if problems or not made:
        message = problems[0].message if problems else "the answer is empty"
        raise Rejected(f"Xero's organisation cannot be understood: {message}.")
    assert isinstance(made[0], Organisation)
    return made[0]


def converted(
    rows: Rows[Any], convert: Callable[[Any, str], Any], base: str
) -> tuple[list[Any], tuple[DocumentProblem, ...]]:
    """Return the records of a page, and its problems."""
    records: list[Any] = []
    problems = list(rows.problems)
    for document in rows.documents:
        record = convert(document, base)
        if isinstance(record, DocumentProblem):
            problems.append(record)
        elif record is not None:
            records.append(record)
    return records, tuple(problems)


def _page(
    stage: _Stage, rows: Rows[Any], cursor: Cursor, following: Cursor, *, whole: bool, last: bool
) -> Page:
    found, problems = converted(rows, stage.convert, cursor.base)
    balances: tuple[OpenBalance, ...] = ()
    records: list[Record] = found
    if stage.swept == "only daily":
        balances, records = tuple(found), []
    sweep = stage.name if stage.swept == "only daily" else str(stage.kind)
    return Page(
        kind=stage.kind,
        records=records,
        cursor=following.text(),
        problems=problems,
        open_balances=balances,
        sweep=f"{sweep} {cursor.start}" if whole else "",
        sweep_ends=whole and last and stage.ends_kind,
        complete=not following.stage,
    )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
