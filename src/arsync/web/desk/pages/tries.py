"""Trying the rulebook, or a draft of it: on the ledger as it was, or from today on."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from arsync.application.desk.tries import (
    DAYS_MAX,
    TryResult,
    TrySettings,
    ask_for,
    result_of,
    settings_of,
    tries_of,
    try_numbered,
)
from arsync.application.desk.try_runner import start_try
from arsync.application.permissions import Permission
from arsync.core.ledger.sanitising import no_formula
from arsync.core.trials.simulation import Debtors
from arsync.errors import UserMistake
from arsync.store.policy.tries import TryKind, TryRow
from arsync.translation import ReaderText, gettext
from arsync.web.desk.answers import file_answer
from arsync.web.desk.routing import Routes
from arsync.web.desk.try_views import verdict, week_chart
from arsync.web.desk.visit import Visit

routes = Routes()

ROWS_SHOWN = 50

USUAL_DAYS = 92
"""So many days are offered: three months."""

WAIT_SECONDS = 1.0
"""On a small ledger it is done by then, and the page that is sent for has the result."""

DEBTORS = (
    (Debtors.AS_BEFORE, ReaderText("as late as in the last year")),
    (Debtors.NEVER, ReaderText("never")),
    (Debtors.ON_PROMISE, ReaderText("only what they promised")),
)


@routes.page("/c/<connection>/tries")
def tries(visit: Visit) -> Response:
    """List what was tried, and offer to try the live rulebook or the draft."""
    return _list(visit, 200)


@routes.act("/c/<connection>/tries", Permission.PREPARE)
def begin(visit: Visit) -> Response:
    """Begin to play a rulebook."""
    form, today = visit.request.form, visit.organisation.today
    kind = TryKind.SIMULATION if form.get("how") == "forward" else TryKind.BACKTEST
    draft = visit.organisation.store.drafts.get(visit.organisation.id)
    if form.get("what") != "draft" or not visit.may(Permission.PUSH_RULES):
        draft = None
    if kind is TryKind.BACKTEST:
        first, last = _day(visit, "first"), _day(visit, "last")
    else:
        first, last = today, today + timedelta(_days(visit) - 1)
    if first is None or last is None or visit.field_errors:
        return _list(visit, 422)
    title = (draft.reason or gettext("the draft")) if draft is not None else ""
    debtors = form.get("debtors", "") if kind is TryKind.SIMULATION else ""
    try:
        number = ask_for(
            visit.actor,
            visit.organisation,
            kind,
            TrySettings(first, last, debtors),
            rules=draft.text if draft is not None else None,
            title=title,
            worker=visit.long_work.worker,
        )
    except UserMistake as mistake:
        visit.field_errors["first" if kind is TryKind.BACKTEST else "days"] = str(mistake)
        return _list(visit, 422)
    job = start_try(visit.container, visit.long_work, visit.organisation.id, number)
    job.wait(WAIT_SECONDS)
    return visit.see(visit.address(f"tries/{number}"))


@routes.page("/c/<connection>/tries/<int:number>")
def shown(visit: Visit, number: int) -> Response:
    """Show how far a try is, or what it showed."""
    row = _row(visit, number)
    result = result_of(visit.actor, visit.organisation, row, TryResult)
    return visit.page(
        "try.html",
        row=row,
        kind=TryKind,
        settings=settings_of(row),
        result=result,
        verdict=verdict(visit.words, result) if result is not None else None,
        chart=week_chart(visit.words, result) if result is not None else None,
        home=visit.organisation.connection.organisation.base_currency,
    )


@routes.act("/c/<connection>/tries/<int:number>/cancel", Permission.PREPARE)
def cancel(visit: Visit, number: int) -> Response:
    """Cancel one that waits or runs."""
    row = _row(visit, number)
    was_open = visit.organisation.store.tries.cancel(visit.organisation.id, row.id)
    return visit.see(
        visit.address(f"tries/{number}"),
        gettext("Cancelled.") if was_open else gettext("It had ended already."),
    )


@routes.page("/c/<connection>/tries/<int:number>/actions")
def actions(visit: Visit, number: int) -> Response:
    """List every letter, hold and task of a try by day."""
    row = _row(visit, number)
    result = _result(visit, row)
    start = visit.request.args.get("after", 0, type=int)
    start = min(max(start, 0), len(result.actions))
    return visit.page(
        "try_actions.html",
        row=row,
        result=result,
        rows=result.actions[start : start + ROWS_SHOWN],
        start=start,
        further=start + ROWS_SHOWN if start + ROWS_SHOWN < len(result.actions) else None,
    )


@routes.page("/c/<connection>/tries/<int:number>/actions.csv")
def actions_csv(visit: Visit, number: int) -> Response:
    """Return every letter, hold and task of a try as CSV; no cell of it is a formula."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["day", "customer", "what", "invoices", "file", "line", "needless"])
    for action in _result(visit, _row(visit, number)).actions:
        cells = (action.day.isoformat(), action.customer, action.what, action.invoices, action.file)
        needless = "" if action.needless is None else "yes" if action.needless else "no"
        writer.writerow([*map(no_formula, cells), action.line, needless])
    return file_answer(file.getvalue(), "text/csv", f"try-{number}.csv")


def _list(visit: Visit, status: int) -> Response:
    today = visit.organisation.today
    draft = visit.organisation.store.drafts.get(visit.organisation.id)
    form = visit.request.form
    return visit.page(
        "tries.html",
        status,
        rows=[(row, settings_of(row)) for row in tries_of(visit.actor, visit.organisation)],
        kind=TryKind,
        debtors=[(str(debtors), label) for debtors, label in DEBTORS],
        draft=draft if visit.may(Permission.PUSH_RULES) else None,
        what=form.get("what") or visit.request.args.get("what", ""),
        first=form.get("first") or (today - timedelta(USUAL_DAYS)).isoformat(),
        last=form.get("last") or (today - timedelta(1)).isoformat(),
        days=form.get("days", "90"),
        chosen_debtors=form.get("debtors", ""),
    )


def _row(visit: Visit, number: int) -> TryRow:
    row = try_numbered(visit.actor, visit.organisation, number)
    if row is None:
        raise NotFound(gettext("there is no try %(number)s.", number=number))
    return row


def _result(visit: Visit, row: TryRow) -> TryResult:
    result = result_of(visit.actor, visit.organisation, row, TryResult)
    if result is None:
        raise NotFound(gettext("try %(id)s has no result.", id=row.id))
    return result


def _day(visit: Visit, name: str) -> date | None:
    try:
        return date.fromisoformat(visit.request.form.get(name, ""))
    except ValueError:
        visit.field_errors[name] = gettext("Give a day, as 2026-08-01.")
        return None


def _days(visit: Visit) -> int:
    text = visit.request.form.get("days", "")
    if text.isdecimal() and 1 <= int(text[:5]) <= DAYS_MAX:
        return int(text)
    visit.field_errors["days"] = gettext("Give a number of days, 1 to %(limit)s.", limit=DAYS_MAX)
    return 1
