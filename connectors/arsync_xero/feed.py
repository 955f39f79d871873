"""Pulling without loss: pages by id, a watermark from the start, and sweeps for what goes unsaid.

Xero's change feed is incomplete: it does not tell of all edits to due dates, group members or
balances. So a pull that finds the last sweep older than `SWEEP_AFTER` also reads all contacts and
a summary of all open invoices.

Xero lists at most 100,000 documents at once. A list that is longer is read by the documents'
dates, in parts that are halved until they fit. A document whose date is changed meanwhile comes
with the next pull; a part that shrank under the reading is read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from arsync.connector_sdk import Page, Record
from arsync.core.ledger.records import (
    DocumentProblem,
    OpenBalance,
    Organisation,
    OwnBalance,
    RecordKind,
)
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
    ContactDocument,
    Endpoint,
    Rows,
)
from arsync_xero.errors import TooManyRows
from arsync_xero.records import (
    to_balance,
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
_FIRST_DAY = "1990-01-01"
"""Hardly anything is dated before: where lists are read by dates, that is one part."""
_ALL_DAYS: dict[str, Any] = {"page": 1, "items": 0, "dated_from": "", "dated_before": ""}
PAGES_MAX = 10_000
"""A list that claims more pages is refused: it would be read for days, or never end."""

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
    dated: bool = True
    """Whether a list that is too long can be read by the documents' dates."""


_STAGES = (
    _Stage(
        "contacts",
        CONTACTS,
        RecordKind.CONTACTS,
        lambda document, _: to_contact(document),
        {"includeArchived": "true", "order": "ContactID ASC"},
        swept="daily",
        dated=False,
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
    dated_from: str = ""
    """Documents of these days are being read, where all at once are too many (YYYY-MM-DD, the
    first included, the last not); empty for no end."""
    dated_before: str = ""
    items: int = 0
    """How many documents of these days the last page told of."""
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
    def dated(self) -> bool:
        """Whether only the documents of some days are being read."""
        return bool(self.dated_from or self.dated_before)

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

    def credits_since(self, text: str) -> Iterator[Page]:
        """Yield the credits that changed since the pull that ended at a cursor: three calls."""
        cursor = read_cursor(text)
        if not cursor.since or cursor.stage:
            return  # no pull was completed: nothing is said to anyone on such a copy
        cursor = msgspec.structs.replace(cursor, start=cursor.since, sweeping=False)
        for stage in _STAGES:
            if stage.kind == RecordKind.CREDITS:
                for page, _ in self._stage(stage, cursor):
                    yield page._replace(cursor="", complete=False)

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
        if cursor.stage != stage.name:
            cursor = msgspec.structs.replace(cursor, stage=stage.name, **_ALL_DAYS)
        before: list[Any] = []
        while True:
            try:
                rows = self._api.rows(
                    stage.endpoint,
                    params=_params(stage, cursor),
                    since="" if whole else cursor.since,
                )
            except TooManyRows:
                if stage.dated:
                    cursor = fewer_days(cursor)
                    continue
                if whole and cursor.since:
                    whole, cursor = False, msgspec.structs.replace(cursor, page=1)
                    continue
                # Contacts cannot be asked for in parts. An empty sweep has those that are stored
                # read again by their ids, and those that documents name follow when the pull
                # ends; the others owe nothing.
                whole = True
                rows = Rows([], [], 0, None)
            if cursor.dated and rows.item_count < cursor.items:
                # A document was given another date: what moved up into its place was not seen.
                cursor = msgspec.structs.replace(cursor, page=1, items=0)
                continue
            more_pages = cursor.page < rows.page_count
            if more_pages:
                _refuse_endless(stage, rows, before)
                before = rows.documents
            last = not more_pages and not cursor.dated_before
            if more_pages:
                following = msgspec.structs.replace(
                    cursor, page=cursor.page + 1, items=rows.item_count
                )
            elif last:
                following = self._following(stage, cursor)
            else:
                following = later_days(cursor)
            yield _page(stage, rows, cursor, following, whole=whole, last=last), following
            if last:
                return
            cursor = following

    def _following(self, stage: _Stage, cursor: Cursor) -> Cursor:
        stages = _wanted(cursor)
        index = stages.index(stage) + 1
        if index < len(stages):
            return msgspec.structs.replace(cursor, stage=stages[index].name, **_ALL_DAYS)
        start = _moment(cursor.start)
        assert start is not None, "a running pull knows when it began"
        return Cursor(
            since=_text(start - OVERLAP),
            swept=cursor.start if cursor.sweeping else cursor.swept,
            base=cursor.base,
        )


def _refuse_endless(stage: _Stage, rows: Rows[Any], before: list[Any]) -> None:
    """Refuse a page that others are to follow, when they would never end.

    Raises:
        Rejected: it says why.
    """
    if rows.page_count > PAGES_MAX:
        raise Rejected(f"Xero claims more than {PAGES_MAX:,} pages of {stage.name}; none is read.")
    if not rows.documents and not rows.problems:
        raise Rejected(f"Xero gave an empty page of {stage.name} and says that more follow.")
    if rows.documents and rows.documents == before:
        raise Rejected(f"Xero gave the same page twice, of {stage.name}; the rest cannot be read.")


def fewer_days(cursor: Cursor) -> Cursor:
    """Return the cursor of the first half of its days: those together are too many documents.

    Raises:
        Rejected: it is one day already.
    """
    start = date.fromisoformat(cursor.dated_from or _FIRST_DAY)
    end = date.fromisoformat(cursor.dated_before) if cursor.dated_before else _last_day(cursor)
    days = max(0, (end - start).days) // 2
    if not days:
        raise Rejected(
            f"Xero: the {cursor.stage} dated {start.isoformat()} alone are more than it lists at"
            " once; they cannot be read."
        )
    return msgspec.structs.replace(
        cursor, page=1, items=0, dated_before=(start + timedelta(days)).isoformat()
    )


def later_days(cursor: Cursor) -> Cursor:
    """Return the cursor of the days that follow: twice as many, for these were few enough."""
    start = date.fromisoformat(cursor.dated_before)
    days = (start - date.fromisoformat(cursor.dated_from or _FIRST_DAY)).days
    end = start + 2 * timedelta(days)
    return msgspec.structs.replace(
        cursor,
        page=1,
        items=0,
        dated_from=cursor.dated_before,
        dated_before=end.isoformat() if end < _last_day(cursor) else "",
    )


def _last_day(cursor: Cursor) -> date:
    """Return a day after which hardly anything is dated."""
    return date.fromisoformat(cursor.start[:10]) + timedelta(366)


def _params(stage: _Stage, cursor: Cursor) -> dict[str, str]:
    """Return the query of a page."""
    where = [f"({stage.params['where']})"] if "where" in stage.params and cursor.dated else []
    for sign, text in ((">=", cursor.dated_from), ("<", cursor.dated_before)):
        if text:
            day = date.fromisoformat(text)
            where.append(f"Date{sign}DateTime({day.year},{day.month:02},{day.day:02})")
    params = {**stage.params, "page": str(cursor.page), "pageSize": str(PAGE_SIZE)}
    return {**params, "where": " AND ".join(where)} if where else params


def _wanted(cursor: Cursor) -> list[_Stage]:
    """Return the stages of a pull: a full one has seen the open balances already."""
    sweeps_balances = cursor.sweeping and not cursor.full
    return [stage for stage in _STAGES if sweeps_balances or stage.swept != "only daily"]


def one_organisation(rows: Rows[Any], own_reminders: bool | None) -> Organisation:
    """Return the organisation of an answer.

    Raises:
        Rejected: it cannot be understood, so nothing else could be.
    """
    made = [to_organisation(document, own_reminders=own_reminders) for document in rows.documents]
    problems = [
        *rows.problems,
        *(
            document_problem
            for document_problem in made
            if isinstance(document_problem, DocumentProblem)
        ),
    ]
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
        balances=balances_of(rows) if stage.endpoint is CONTACTS else (),
    )


def balances_of(rows: Rows[ContactDocument]) -> list[OwnBalance]:
    """Return what Xero itself says that the contacts of an answer owe."""
    made = (to_balance(document) for document in rows.documents)
    return [own_balance for own_balance in made if own_balance is not None]


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
