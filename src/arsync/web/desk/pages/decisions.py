"""Approving and refusing from the desk: one, or many that were shown together."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from werkzeug.wrappers import Response

from arsync.application.desk.deciding import (
    DecidedAlready,
    ManyDecided,
    approve_many,
    refuse_many,
    shown_together,
    undo_one,
)
from arsync.application.desk.waiting_list import WaitingDecision, WaitingList, waiting_list
from arsync.application.permissions import Permission
from arsync.store.models import ActionRow
from arsync.translation import gettext
from arsync.web.desk.pages.decided_words import when_words
from arsync.web.desk.rendering import plural
from arsync.web.desk.routing import Routes
from arsync.web.desk.visit import Visit

routes = Routes()

REASON_CHARACTERS_MAX = 500

KEPT = ("sort", "up_to", "group", "as_at", "after")
"""By these parts of an address a list is shown again as it was."""

MANY_MAX = 200
"""So many are decided together at most: each is a line of the list that is read before."""


@routes.act("/c/<connection>/approvals/<key>/undo", Permission.APPROVE, audited="took back")
def undo(visit: Visit, key: str) -> Response:
    """Take an approval or a refusal back."""
    try:
        row = undo_one(visit.actor, visit.organisation, key)
    except DecidedAlready as decided:
        return decided_page(visit, decided)
    note_decision(visit, row)
    return visit.see(way_back(visit, row.key))


@routes.page("/c/<connection>/approvals/many", Permission.APPROVE)
def ask_many(visit: Visit) -> Response:
    """Ask once about many, with the list."""
    chosen = _chosen(visit)
    decisions = chosen.decisions(chosen.first(MANY_MAX))
    return _many_page(visit, chosen, decisions, visit.request.args.get("do", "approve"))


@routes.act("/c/<connection>/approvals/many", Permission.APPROVE, audited="decided many")
def decide_many(visit: Visit) -> Response:
    """Approve or refuse what the page before has shown, and nothing else."""
    form = visit.request.form
    chosen = _chosen(visit)
    decisions = chosen.decisions(chosen.first(MANY_MAX))
    do = form.get("do", "approve")
    if shown_together(decisions) != form.get("shown"):
        visit.field_errors["list"] = gettext(
            "The list has changed since you saw it. This is how it is now."
        )
        return _many_page(visit, chosen, decisions, do, 422)
    keys = [decision.key for decision in decisions]
    if do == "refuse":
        reason = form.get("reason", "").strip()[:REASON_CHARACTERS_MAX]
        if not reason:
            visit.field_errors["reason"] = gettext(
                "Say why: the customer's page and the log show it."
            )
            return _many_page(visit, chosen, decisions, do, 422)
        decided = refuse_many(visit.actor, visit.organisation, keys, reason=reason)
        done = plural(decided.approved, "%(number)s action refused.", "%(number)s actions refused.")
    else:
        decided = approve_many(visit.actor, visit.organisation, keys)
        done = plural(
            decided.approved, "%(number)s action approved.", "%(number)s actions approved."
        )
    visit.about = ", ".join(decision.action.contact_name for decision in decisions[:10])
    return visit.see(visit.address(_then(visit)), _many_words(done, decided))


def decided_page(visit: Visit, decided: DecidedAlready) -> Response:
    """Say that somebody else was first."""
    row = decided.row
    return visit.page(
        "decided.html",
        409,
        row=row,
        who=decided.who,
        leaves=when_words(visit, row.not_before),
        back=visit.address(_then(visit)),
    )


def _many_words(done: str, decided: ManyDecided) -> str:
    lines = [done]
    if decided.first_of_two:
        lines.append(
            plural(
                decided.first_of_two,
                "%(number)s action above your limit: your yes is the first of two.",
                "%(number)s actions above your limit: your yes is the first of two.",
            )
        )
    if decided.overtaken:
        lines.append(
            plural(
                decided.overtaken,
                "%(number)s action had been decided or withdrawn meanwhile.",
                "%(number)s actions had been decided or withdrawn meanwhile.",
            )
        )
    return "\n".join(lines)


def _chosen(visit: Visit) -> WaitingList:
    """Return what is ticked, or all of a sort, most money first."""
    values = visit.request.values
    keys, sort = set(values.getlist("key")), values.get("sort", "")
    every = waiting_list(visit.actor, visit.organisation)
    if keys:
        return every.of_keys(keys)
    return every.of_sort(sort) if sort else every


def _many_page(
    visit: Visit,
    chosen: WaitingList,
    decisions: Sequence[WaitingDecision],
    do: str,
    status: int = 200,
) -> Response:
    return visit.page(
        "many.html",
        status,
        decisions=decisions,
        do="refuse" if do == "refuse" else "approve",
        beyond=max(0, chosen.in_all - MANY_MAX),
        sums=chosen.of_keys({decision.key for decision in decisions}).sums(),
        shown=shown_together(decisions),
        home=visit.organisation.connection.organisation.base_currency,
        keys=visit.request.values.getlist("key"),
        sort=visit.request.values.get("sort", ""),
        then=_then(visit),
        reason=visit.request.form.get("reason", ""),
        two=sum(decision.needs_two and decision.first is None for decision in decisions),
        letters=all(decision.sort == "letters" for decision in decisions),
    )


def note_decision(visit: Visit, row: ActionRow) -> None:
    """Say in the audit log what the decision is about."""
    action = row.action
    visit.about = f"{action.contact_name}, {action.step or action.kind.value.replace('_', ' ')}"
    visit.log_words = f"{row.key[:12]} is {row.state.value}"


def _then(visit: Visit) -> str:
    return "today" if visit.request.values.get("then", "").endswith("today") else "approvals"


def way_back(visit: Visit, key: str) -> str:
    """Return where the reader goes on: the list, which offers to take the decision back."""
    then, query = _then(visit), {"decided": key}
    for name in KEPT:
        value = visit.request.form.get(name, "")
        if value:
            query[name] = value
    row = visit.request.form.get("next", "")
    path = f"approvals/{row}" if then == "approvals" and row.isalnum() else then
    return f"{visit.address(path)}?{urlencode(query)}"
