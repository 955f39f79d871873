"""Approvals: what waits for a yes, each with the letter as it will leave and with its reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from arsync.application.decisions.personal_lines import PERSONAL_LINE_CHARACTERS_MAX
from arsync.application.desk.approval_queue import (
    QueuePage,
    ShownDecision,
    queue_page,
    shown_decision,
)
from arsync.application.desk.deciding import (
    DecidedAlready,
    approve_one,
    put_line,
    refuse_one,
    waiting_row,
)
from arsync.application.desk.waiting_list import HOLDS, LETTERS, OTHERS, WaitingFilter
from arsync.application.letters.previewing import LetterPreview, LetterWanted, preview_letter
from arsync.application.permissions import Permission
from arsync.core.actions import MessagePayload
from arsync.errors import UserMistake
from arsync.translation import ReaderText, gettext
from arsync.web.desk.answers import file_answer, framed_letter
from arsync.web.desk.pages.decided_words import decided_words
from arsync.web.desk.pages.decisions import KEPT, decided_page, note_decision, way_back
from arsync.web.desk.routing import Routes
from arsync.web.desk.visit import Visit

routes = Routes()

SORTS = (
    ("", ReaderText("Everything")),
    (LETTERS, ReaderText("Letters")),
    (HOLDS, ReaderText("Credit holds")),
    (OTHERS, ReaderText("Others")),
)

REASON_CHARACTERS_MAX = 500


@routes.page("/c/<connection>/approvals")
def queue(visit: Visit) -> Response:
    """List what waits, with the first of it beside the list."""
    return _page(visit, "")


@routes.page("/c/<connection>/approvals/<key>")
def one(visit: Visit, key: str) -> Response:
    """Show one beside the list."""
    return _page(visit, key)


@routes.page("/c/<connection>/approvals/<key>/letter", amounts=True)
def as_email(visit: Visit, key: str) -> Response:
    """Return the letter as an email program shows it; for a frame."""
    return framed_letter(_preview(visit, key).letter.html)


@routes.page("/c/<connection>/approvals/<key>/letter.pdf", amounts=True)
def as_pdf(visit: Visit, key: str) -> Response:
    """Return the letter as it is printed."""
    return file_answer(_preview(visit, key).pdf(), "application/pdf", "letter.pdf")


@routes.page("/c/<connection>/approvals/<key>/refuse", Permission.APPROVE)
def ask_refuse(visit: Visit, key: str) -> Response:
    """Ask why, and until when."""
    return _refuse_page(visit, key)


@routes.act("/c/<connection>/approvals/<key>/refuse", Permission.APPROVE, audited="refused")
def refuse(visit: Visit, key: str) -> Response:
    """Refuse one: once, until a day, or until its reason is gone."""
    form = visit.request.form
    reason = form.get("reason", "").strip()[:REASON_CHARACTERS_MAX]
    until, today = None, visit.organisation.today
    if not reason:
        visit.field_errors["reason"] = gettext("Say why: the customer's page and the log show it.")
    if form.get("until") == "date":
        try:
            until = datetime.fromisoformat(form.get("day", "")).date()
        except ValueError:
            visit.field_errors["day"] = gettext("Give a day, such as 2026-12-24.")
        if until is not None and until <= today:
            visit.field_errors["day"] = gettext("Give a day after today.")
    elif form.get("until") == "tomorrow":
        until = today + timedelta(days=1)
    if visit.field_errors:
        return _refuse_page(visit, key, 422)
    try:
        row = refuse_one(visit.actor, visit.organisation, key, reason=reason, until=until)
    except DecidedAlready as decided:
        return decided_page(visit, decided)
    note_decision(visit, row)
    visit.log_words = reason + (
        gettext(", until %(isoformat)s", isoformat=until.isoformat()) if until else ""
    )
    return visit.see(way_back(visit, row.key))


@routes.act("/c/<connection>/approvals/<key>/approve", Permission.APPROVE, audited="approved")
def approve(visit: Visit, key: str) -> Response:
    """Approve one, with the line that was typed; it can be taken back until it leaves."""
    line = visit.request.form.get("line")
    try:
        row = approve_one(visit.actor, visit.organisation, key, line=line)
    except DecidedAlready as decided:
        return decided_page(visit, decided)
    except UserMistake as mistake:
        if line is None:
            raise
        visit.field_errors["line"] = str(mistake)
        return _page(visit, key, 422)
    note_decision(visit, row)
    return visit.see(way_back(visit, row.key))


@routes.act(
    "/c/<connection>/approvals/<key>/line", Permission.APPROVE, audited="put a personal line"
)
def put_line_above(visit: Visit, key: str) -> Response:
    """Put a personal line above the letter, which is then shown with it."""
    text = visit.request.form.get("line", "")
    try:
        row = put_line(visit.actor, visit.organisation, key, text)
    except DecidedAlready as decided:
        return decided_page(visit, decided)
    except UserMistake as mistake:
        visit.field_errors["line"] = str(mistake)
        return _page(visit, key, 422)
    note_decision(visit, row)
    visit.log_words = f"“{' '.join(text.split())}”" if text.strip() else "taken away"
    query = {name: visit.request.form.get(name, "") for name in KEPT}
    return visit.see(f"{visit.address(f'approvals/{row.key}', **query)}#shown")


def _page(visit: Visit, key: str, status: int = 200) -> Response:
    query = visit.request.values
    chosen = _filter(visit)
    shown = queue_page(visit.actor, visit.organisation, chosen, query.get("after", ""))
    selected = _selected(visit, shown, key)
    keys = [decision.key for decision in shown.rows]
    following = ""
    if selected is not None and selected.row.key in keys[:-1]:
        following = keys[keys.index(selected.row.key) + 1]
    kept = _kept(chosen)
    return visit.page(
        "approvals.html",
        status,
        shown=shown,
        selected=selected,
        following=following,
        sorts=SORTS,
        chosen=chosen,
        up_to=query.get("up_to", ""),
        kept=kept,
        row_query=kept | {"after": query.get("after", "")},
        home=visit.organisation.connection.organisation.base_currency,
        decided=decided_words(visit),
        amounts_of=_amounts_of,
        line_max=PERSONAL_LINE_CHARACTERS_MAX,
    )


def _selected(visit: Visit, shown: QueuePage, key: str) -> ShownDecision | None:
    if key:
        try:
            return shown_decision(visit.actor, visit.organisation, key)
        except UserMistake as mistake:
            raise NotFound(str(mistake)) from None
    if not shown.rows:
        return None
    return shown_decision(visit.actor, visit.organisation, shown.rows[0].key)


def _filter(visit: Visit) -> WaitingFilter:
    query = visit.request.values
    sort, up_to, until = query.get("sort", ""), None, visit.organisation.clock.now()
    try:
        amount = Decimal(query.get("up_to", "").replace(",", ""))
        up_to = amount if amount.is_finite() else None
    except ArithmeticError:
        up_to = None
    try:
        moment = datetime.fromisoformat(query.get("as_at", ""))
        until = moment if moment.tzinfo else until
    except ValueError:
        pass
    known_sorts = {LETTERS, HOLDS, OTHERS}
    return WaitingFilter(
        sort if sort in known_sorts else "", up_to, query.get("group", "")[:200], until
    )


def _kept(chosen: WaitingFilter) -> dict[str, str]:
    """Return the query by which the next page shows the same list."""
    return {
        "sort": chosen.sort,
        "up_to": "" if chosen.up_to is None else f"{chosen.up_to}",
        "group": chosen.group,
        "as_at": chosen.until.isoformat() if chosen.until else "",
    }


def _amounts_of(sums: Mapping[str, Decimal]) -> str:
    """Return sums for the script that adds what is ticked, as JSON with exact texts."""
    return json.dumps({currency: f"{amount:.4f}" for currency, amount in sums.items()})


def _refuse_page(visit: Visit, key: str, status: int = 200) -> Response:
    row = waiting_row(visit.actor, visit.organisation, key)
    form = visit.request.form
    is_message = isinstance(row.action.payload, MessagePayload)
    return visit.page(
        "refuse.html",
        status,
        row=row,
        reason=form.get("reason", ""),
        until=form.get("until", "gone"),
        day_given=form.get("day", ""),
        is_message=is_message,
        then=visit.request.values.get("then", ""),
        following=visit.request.values.get("next", ""),
        kept={name: visit.request.values.get(name, "") for name in KEPT},
    )


def _preview(visit: Visit, key: str) -> LetterPreview:
    try:
        row = waiting_row(visit.actor, visit.organisation, key)
        chosen = LetterWanted(row.key)
        return preview_letter(visit.actor, visit.container, chosen, visit.organisation.name)
    except UserMistake as mistake:
        raise NotFound(str(mistake)) from None
