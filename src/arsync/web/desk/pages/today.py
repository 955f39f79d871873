"""Today: what leaves next, what waits for whom, and what is in the way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import current_app
from werkzeug.wrappers import Response

from arsync.application.desk.next_letter import AHEAD_DAYS_MAX, begin_next_letter
from arsync.application.desk.today import OPEN_ROWS, Today, today
from arsync.web.desk.pages.decided_words import decided_words, when_words
from arsync.web.desk.pages.today_problems import problem_lines
from arsync.web.desk.routing import Routes
from arsync.web.desk.visit import FIGURES_WAIT_SECONDS, Visit

routes = Routes()

SHARE_OF_WAIT = 0.3
"""So much of the usual time a page waits for the next letter: it reads much besides."""


@routes.page("/c/<connection>/today")
def show(visit: Visit) -> Response:
    """Show what leaves next and what waits."""
    shown = today(visit.actor, visit.organisation)
    letters = shown.letters
    stand_open, folded = letters.shown[:OPEN_ROWS], letters.shown[OPEN_ROWS:]
    return visit.page(
        "today.html",
        today=shown,
        home=visit.organisation.connection.organisation.base_currency,
        stand_open=stand_open,
        folded=folded,
        more=letters.in_all - len(letters.shown),
        customers=shown.letters_about.customers,
        planned_customers=len({letter.contact_id for letter in shown.planned}),
        leaving=shown.leaving,
        when=when_words(visit, shown.leaves_at),
        problems=list(problem_lines(visit, shown)),
        decided=decided_words(visit),
        **_next_letter(visit, shown),
    )


def _next_letter(visit: Visit, shown: Today) -> dict[str, Any]:
    """Return when the next letter is due, where Today has none; it is looked for beside the page.

    The page waits for it a little while alone.
    """
    organisation = visit.organisation
    empty = not (shown.letters.in_all or shown.on_their_way.in_all or shown.planned)
    if not empty or organisation.rules.rulebook is None or organisation.misfits:
        return {"next_letter": None, "looks_ahead": False}
    job = begin_next_letter(visit.actor, organisation, visit.long_work)
    job.wait(current_app.extensions[FIGURES_WAIT_SECONDS] * SHARE_OF_WAIT)
    # Why it failed stands above: what is in the way of a plan is in the way of the next run.
    job.is_told = True
    return {
        "next_letter": None if job.is_open or job.has_failed else job.result(),
        "looks_ahead": job.is_open,
        "tomorrow": organisation.today + timedelta(1),
        "ahead_days": AHEAD_DAYS_MAX,
    }
