"""The calls that read: one object, a query, the change feed. Answers stay undecoded bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import NamedTuple, TypeVar

import msgspec
from msgspec import Raw

from arsync.connector_sdk import HttpResponse, Transport
from arsync.connector_sdk.reading import whole_pdf
from arsync.errors import RetryLater
from arsync_quickbooks import documents, errors
from arsync_quickbooks.records import moment
from arsync_quickbooks.settings import LABEL

MINOR_VERSION = 75
"""The lowest since August 2025; new fields no longer make a new version."""

QUERY_CHARACTERS_MAX = 1_500
"""A longer select travels in a body: addresses have limits on the way."""

OLDEST_FIRST = "MetaData.CreateTime"
NEWEST_FIRST = "MetaData.CreateTime DESC"

# QuickBooks answers in XML unless JSON is asked for.
_HEADERS = {"Accept": "application/json"}
_ARRAY = ord("[")
# Every time that QuickBooks was seen to send is US Pacific; daylight saving does not matter here,
# since the offset is written out.
_PACIFIC = timezone(timedelta(hours=-8))
D = TypeVar("D", bound=documents.Header)


class ChangeFeedAnswer(NamedTuple):
    """An answer of the change feed."""

    rows: Mapping[str, Raw]
    """The changed objects, by entity; entities without changes are absent."""
    at: datetime
    """The server's time."""


class _Counted(msgspec.Struct, frozen=True):
    total_count: int | None = msgspec.field(name="totalCount", default=None)


# Made as the module is loaded: msgspec ends the process if two threads at once are the first to
# decode a type.
_COUNTS = msgspec.json.Decoder(_Counted)


class Api:
    """One company at QuickBooks Online, to read from."""

    def __init__(self, transport: Transport, base_url: str, realm_id: str) -> None:
        self.transport = transport
        self.company_url = f"{base_url.rstrip('/')}/v3/company/{realm_id}"
        self.realm_id = realm_id

    def read(self, path: str, params: Mapping[str, str] | None = None) -> tuple[Tree, datetime]:
        """Make a reading call and return its answer and the server's time."""
        response = self.transport.request(
            "GET",
            f"{self.company_url}/{path}",
            params={**(params or {}), "minorversion": str(MINOR_VERSION)},
            headers=_HEADERS,
        )
        tree = errors.tree_of(response, changes=False)
        return tree, _server_time(tree, response)

    def read_one(
        self, entity: str, object_id: str, kind: type[D], include: str = ""
    ) -> D | documents.MalformedRow | None:
        """Read one object by its id; None when the company no longer has it."""
        raw = self.raw(entity, object_id, include)
        return None if raw is None else documents.decode_row(raw, kind)

    def raw(self, entity: str, object_id: str, include: str = "") -> Raw | None:
        """Read one object by its id, undecoded; None when the company no longer has it."""
        params = {"include": include} if include else None
        # Other ids are refused as invalid, not as unknown; such a document is not there either.
        if not object_id.isdigit():
            return None
        try:
            tree, _ = self.read(f"{entity.lower()}/{object_id}", params)
        except errors.QuickBooksRejected as refused:
            if refused.codes & {errors.NOT_FOUND, errors.INVALID_ID}:
                return None
            raise
        if entity not in tree:
            raise RetryLater(f"QuickBooks answered without the {entity} that was asked for.")
        return tree[entity]

    def pdf(self, entity: str, object_id: str) -> bytes:
        """Read one form as QuickBooks prints it.

        Raises:
            Rejected: in QuickBooks' words, or it is too large. RetryLater: the answer is no PDF.
        """
        if not object_id.isdigit():
            raise errors.QuickBooksRejected(f"QuickBooks has no {entity} {object_id!r}.")
        response = self.transport.request(
            "GET",
            f"{self.company_url}/{entity.lower()}/{object_id}/pdf",
            params={"minorversion": str(MINOR_VERSION)},
            headers={"Accept": "application/pdf"},
        )
        # A refusal is JSON, with status 400 or inside an answer of 200.
        if response.status >= 400 or response.body.lstrip().startswith(b"{"):
            errors.tree_of(response, changes=False)
        return whole_pdf(response.body, LABEL)

    def query(self, entity: str, where: str = "", *, start: int = 1, order: str = "") -> Raw | None:
        """Read one page of an entity's rows as one array; None when it is empty.

        Without an order they come as QuickBooks likes: a list longer than a page then needs
        `by_creation`.
        """
        # Without MAXRESULTS a page has 100 rows; with more than 1,000 the query is refused.
        clauses = ["SELECT * FROM", entity]
        clauses += ["WHERE", where] if where else []
        clauses += ["ORDERBY", order] if order else []
        clauses += ["STARTPOSITION", str(start), "MAXRESULTS", str(documents.ROWS_MAX)]
        return _rows_by_entity(self._select(" ".join(clauses))).get(entity)

    def count(self, entity: str, where: str = "") -> int | None:
        """Return how many rows match; None when QuickBooks does not tell."""
        clauses = ["SELECT COUNT(*) FROM", entity, *(["WHERE", where] if where else [])]
        answer = self._select(" ".join(clauses))
        total = None if answer is None else _COUNTS.decode(answer)
        return None if total is None else total.total_count

    def _select(self, select: str) -> Raw | None:
        params = {"minorversion": str(MINOR_VERSION)}
        url = f"{self.company_url}/query"
        if len(select) <= QUERY_CHARACTERS_MAX:
            params["query"] = select
            response = self.transport.request("GET", url, params=params, headers=_HEADERS)
        else:
            response = self.transport.request(
                "POST",
                url,
                params=params,
                headers={**_HEADERS, "Content-Type": "application/text"},
                body=select.encode(),
            )
        return errors.tree_of(response, changes=False).get("QueryResponse")

    def changes(self, entities: Sequence[str], since: datetime) -> ChangeFeedAnswer:
        """Ask the change feed what changed since a moment."""
        params = {"entities": ",".join(entities), "changedSince": stamp(since)}
        tree, at = self.read("cdc", params)
        # Each entity has an answer of its own, empty where nothing changed.
        changed: dict[str, Raw] = {}
        for response in _array(tree.get("CDCResponse")):
            for answer in _array(msgspec.json.decode(response, type=Tree).get("QueryResponse")):
                changed.update(_rows_by_entity(answer))
        return ChangeFeedAnswer({name: changed[name] for name in entities if name in changed}, at)


Tree = errors.Tree


def stamp(at: datetime) -> str:
    """Write a moment for a query or the change feed.

    Always with an offset, and never with a `+`, which some servers read as a blank.
    """
    return at.astimezone(_PACIFIC).isoformat(timespec="seconds")


def quoted(text: str) -> str:
    """Write a text for a select."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _array(raw: Raw | None) -> list[Raw]:
    return [] if raw is None else msgspec.json.decode(raw, type=list[Raw])


def _rows_by_entity(raw: Raw | None) -> dict[str, Raw]:
    """Return the arrays of a QueryResponse, which also holds counts."""
    if raw is None:
        return {}
    # Told apart by their first byte: decoding the rows here would decode each of them twice.
    keys = msgspec.json.decode(raw, type=Tree)
    return {key: value for key, value in keys.items() if memoryview(value)[0] == _ARRAY}


def _server_time(tree: Tree, response: HttpResponse) -> datetime:
    """Return the answer's `time`: ISO, or milliseconds since 1970; else the Date header."""
    time = msgspec.json.decode(tree["time"]) if "time" in tree else None
    try:
        if isinstance(time, str):
            return moment(time)
        if isinstance(time, int):
            return datetime.fromtimestamp(time / 1000, UTC)
        return parsedate_to_datetime(response.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError, OverflowError):
        raise RetryLater("QuickBooks answered without its time.") from None
