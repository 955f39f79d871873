"""The log of what people changed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from arsync.application.people.audit import AuditFilter, AuditRow, audit_page
from arsync.application.permissions import Permission
from arsync.web.api.operations import PAGE_ROWS, PAGE_ROWS_MAX, Operations, Paged
from arsync.web.api.problems import FieldMistake, FieldsRefused
from arsync.web.caller import Caller

operations = Operations("audit log")


LineNumber = Annotated[
    int, Meta(ge=1, le=2_147_483_647, description="The `next` of the part before.")
]
Moment = Annotated[
    str,
    Meta(
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$",
        description="A moment with its offset: `2026-11-30T09:00:00+00:00`.",
    ),
]


class AuditQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which lines."""

    after: LineNumber | None = None
    limit: Annotated[int, Meta(ge=1, le=PAGE_ROWS_MAX, description="So many at most.")] = PAGE_ROWS
    since: Moment | None = None
    until: Moment | None = None
    who: Annotated[str, Meta(max_length=200, description="The whole name.")] = ""
    what: Annotated[str, Meta(max_length=200, description="As a line says it.")] = ""
    about: Annotated[str, Meta(max_length=200, description="A part of what it is about.")] = ""


class AuditLineView(Struct, frozen=True):
    """One line of the log."""

    id: int
    at: datetime
    who: str
    source: str
    """desk, api, command line or schedule."""
    address: str
    connection: str
    what: str
    about: str
    words: str
    rules_hash: str


@operations.read("/audit", Permission.AUDIT)
def list_audit_lines(caller: Caller, query: AuditQuery) -> Paged[AuditLineView]:
    """List what people changed, everywhere, the newest first."""
    return _paged(caller, query, None)


@operations.read("/connections/{connection}/audit", Permission.AUDIT)
def list_audit_lines_of_connection(caller: Caller, query: AuditQuery) -> Paged[AuditLineView]:
    """List what people changed about a connection, the newest first."""
    return _paged(caller, query, caller.organisation.id)


def _paged(caller: Caller, query: AuditQuery, connection_id: int | None) -> Paged[AuditLineView]:
    some = None if connection_id is None else [connection_id]
    lines = audit_page(
        caller.actor,
        caller.container,
        AuditFilter(
            some,
            who=query.who,
            what=query.what,
            about=query.about,
            before_id=query.after,
            since=_moment(query.since, "/since"),
            until=_moment(query.until, "/until"),
        ),
        rows_max=query.limit + 1,
    )
    shown = lines[: query.limit]
    following = str(shown[-1].id) if len(lines) > query.limit else None
    return Paged([_view(line) for line in shown], following)


def _view(line: AuditRow) -> AuditLineView:
    return AuditLineView(**line._asdict())


def _moment(text: str | None, pointer: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text is not None else None
    except ValueError:
        raise FieldsRefused(FieldMistake(pointer, "there is no such moment")) from None
