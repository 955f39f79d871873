"""`/audit`: who did what, when and from where."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from werkzeug.wrappers import Response

from arsync.application.people.audit import (
    PAGE_ROWS,
    AuditFilter,
    AuditRow,
    audit_choices,
    audit_lines,
    audit_page,
)
from arsync.application.permissions import Permission
from arsync.core.ledger.sanitising import no_formula
from arsync.translation import gettext
from arsync.web.desk.answers import file_answer
from arsync.web.desk.reader_locale import ReaderLocale
from arsync.web.desk.routing import Routes
from arsync.web.desk.visit import Visit

routes = Routes()

TEXT_MAX = 200

COLUMNS = ("at", "who", "what", "about", "words", "connection", "rules_hash", "source", "address")
"""Of the downloads, in this order."""


@routes.page("/audit", Permission.AUDIT)
def show(visit: Visit) -> Response:
    """Show the newest lines that are asked for."""
    choice = _wanted(visit)
    rows = audit_page(visit.actor, visit.container, choice, rows_max=PAGE_ROWS + 1)
    shown, filters = rows[:PAGE_ROWS], _asked(visit)
    older = urlencode(filters | {"before": shown[-1].id}) if len(rows) > PAGE_ROWS else ""
    whos, whats = audit_choices(visit.actor, visit.container)
    values = {name: visit.request.args.get(name, "")[:TEXT_MAX] for name in FILTERS}
    return visit.page(
        "audit.html",
        rows=shown,
        older=older,
        is_older_page="before" in visit.request.args,
        asked=urlencode(filters),
        whos=[("", gettext("Everybody")), *((name, name) for name in whos)],
        whats=[("", gettext("Everything")), *((what, what) for what in whats)],
        zone=visit.zone,
        today=visit.today,
        chosen=values,
    )


@routes.page("/audit.csv", Permission.AUDIT)
def download_csv(visit: Visit) -> Response:
    """Hand the lines out as a table; what a spreadsheet would calculate is made a text."""
    lines = audit_lines(visit.actor, visit.container, _wanted(visit))
    return file_answer(_as_csv(visit.words, lines), "text/csv", "audit-log.csv")


@routes.page("/audit.json", Permission.AUDIT)
def download_json(visit: Visit) -> Response:
    """Hand the lines out as an array of objects."""
    lines = audit_lines(visit.actor, visit.container, _wanted(visit))
    return file_answer(_as_json(visit.words, lines), "application/json", "audit-log.json")


FILTERS = ("who", "what", "since", "until", "about")


def _asked(visit: Visit) -> dict[str, str]:
    args = visit.request.args
    return {name: args[name][:TEXT_MAX] for name in FILTERS if args.get(name)}


def _wanted(visit: Visit) -> AuditFilter:
    args = visit.request.args
    before = args.get("before", "")
    until = _day(args.get("until", ""))
    return AuditFilter(
        who=args.get("who", "")[:TEXT_MAX],
        what=args.get("what", "")[:TEXT_MAX],
        about=args.get("about", "").strip()[:TEXT_MAX],
        before_id=int(before) if before.isascii() and before.isdecimal() else None,
        since=_begins(visit, _day(args.get("since", ""))),
        until=_begins(visit, until + timedelta(days=1) if until else None),
    )


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 <= day.year < 9999 else None


def _begins(visit: Visit, day: date | None) -> datetime | None:
    return datetime.combine(day, time(), visit.zone) if day is not None else None


def _values(words: ReaderLocale, row: AuditRow) -> dict[str, str]:
    values = row._asdict() | {"at": row.at.isoformat()}
    # The log quotes what was decided, sums among it: whoever may not see them sees none here.
    return {name: words.sentence(str(values[name])) for name in COLUMNS}


def _as_csv(words: ReaderLocale, lines: Iterator[AuditRow]) -> Iterator[str]:
    yield _csv_line(COLUMNS)
    for row in lines:
        yield _csv_line([no_formula(cell) for cell in _values(words, row).values()])


def _csv_line(cells: tuple[str, ...] | list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()


def _as_json(words: ReaderLocale, lines: Iterator[AuditRow]) -> Iterator[str]:
    yield "["
    for number, row in enumerate(lines):
        yield ("," if number else "") + "\n" + json.dumps(_values(words, row), ensure_ascii=False)
    yield "\n]\n"
