"""Today: what leaves next, what waits for whom, and what is in the way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

from flask import current_app
from werkzeug.wrappers import Response

from arsync.application.desk.next_letter import AHEAD_DAYS_MAX, begin_next_letter
from arsync.application.desk.today import FOLDED_ROWS_MAX, OPEN_ROWS, Today, today
from arsync.application.desk.waiting_list import in_sum
from arsync.translation import gettext
from arsync.web.desk.pages.decided_words import decided_words, when_words
from arsync.web.desk.rendering import plural
from arsync.web.desk.routing import Routes
from arsync.web.desk.visit import FIGURES_WAIT_SECONDS, Visit

routes = Routes()

SHARE_OF_WAIT = 0.3
"""So much of the usual time a page waits for the next letter: it reads much besides."""

NAMED_MAX = 3
"""So many customers without an address are named."""


class ProblemLine(NamedTuple):
    """What needs the reader before all goes on as it should, with what mends it."""

    look: str
    bold: str
    text: str
    path: str = ""
    button: str = ""


@routes.page("/c/<connection>/today")
def show(visit: Visit) -> Response:
    """Show what leaves next and what waits."""
    shown = today(visit.actor, visit.organisation)
    letters = shown.letters
    stand_open = letters[:OPEN_ROWS]
    folded = letters[OPEN_ROWS : OPEN_ROWS + FOLDED_ROWS_MAX]
    return visit.page(
        "today.html",
        today=shown,
        home=visit.organisation.connection.organisation.base_currency,
        stand_open=stand_open,
        folded=folded,
        folded_sums=in_sum(letters[OPEN_ROWS:]),
        more=len(letters) - len(stand_open) - len(folded),
        all_sums=in_sum(letters),
        customers=len({decision.action.contact_id for decision in letters}),
        invoices=len({ref.id for decision in letters for ref in decision.action.invoices}),
        planned_customers=len({letter.contact_id for letter in shown.planned}),
        leaving=len({decision.action.contact_id for decision in shown.on_their_way}),
        when=when_words(visit, shown.leaves_at),
        problems=list(_problems(visit, shown)),
        decided=decided_words(visit),
        **_next_letter(visit, shown),
    )


def _next_letter(visit: Visit, shown: Today) -> dict[str, Any]:
    """Return when the next letter is due, where Today has none; it is looked for beside the page.

    The page waits for it a little while alone.
    """
    organisation = visit.organisation
    empty = not (shown.letters or shown.on_their_way or shown.planned)
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


def _problems(visit: Visit, shown: Today) -> Iterator[ProblemLine]:
    """Yield what is in the way, what stops the most first."""
    way, label, words = shown.in_the_way, visit.organisation.label, visit.words
    day = visit.organisation.today
    if way.rulebook:
        yield ProblemLine(
            "red",
            gettext("The rulebook cannot be used, so nothing leaves."),
            " ".join(way.rulebook),
            visit.address("rules"),
            gettext("Open the rulebook"),
        )
    if way.outage is not None:
        again = way.outage.retry_at
        yield ProblemLine(
            "red",
            gettext(
                "%(label)s was not reached %(moment)s.",
                label=label,
                moment=words.moment(way.outage.failed_at, today=day),
            ),
            way.outage.reason
            + (
                gettext(" The next attempt is at %(clock)s.", clock=words.clock(again))
                if again
                else ""
            ),
            visit.address("connection"),
            gettext("Look at the connection"),
        )
    elif way.failed_run is not None and not way.rulebook:
        yield ProblemLine(
            "red",
            gettext("The last run failed."),
            words.sentence(way.failed_run.message),
            visit.address("connection"),
            gettext("Look at the connection"),
        )
    if way.safety:
        yield ProblemLine(
            "amber",
            gettext("A safety limit stopped the plan."),
            gettext(
                "%(sentence)s. Nothing of it leaves unless you approve it.",
                sentence=words.sentence(way.safety),
            ),
            visit.address("approvals"),
            gettext("Look at what waits"),
        )
    for pause in way.pauses:
        yield ProblemLine("amber", gettext("For now:"), f"{words.sentence(pause)}.")
    if way.unknown:
        yield ProblemLine(
            "amber",
            plural(
                way.unknown,
                "%(number)s outcome is not known.",
                "%(number)s outcomes are not known.",
            ),
            gettext(
                "It may have left or not: look in %(label)s, then say which. It is not sent again.",
                label=label,
            ),
            visit.address("connection"),
            gettext("Settle it"),
        )
    for alert in shown.alerts:
        numbers = f", {', '.join(alert.invoices)}" if alert.invoices else ""
        since = (
            gettext(", since %(day)s", day=words.day(alert.since, today=day)) if alert.since else ""
        )
        observation = words.told(alert.observation, today=day)
        yield ProblemLine(
            "amber",
            f"{alert.customer}{numbers}: {alert.rule}.",
            gettext(
                "%(observation)s%(since)s; for %(recipients)s.",
                observation=observation[:1].upper() + observation[1:],
                since=since,
                recipients=", ".join(alert.recipients),
            ),
            visit.address(f"customers/{quote(alert.contact_id, safe='')}"),
            gettext("Open the customer"),
        )
    if shown.alert_count > len(shown.alerts):
        yield ProblemLine(
            "amber",
            plural(
                shown.alert_count - len(shown.alerts),
                "%(number)s more alert.",
                "%(number)s more alerts.",
            ),
            gettext("They are in the worklist."),
            visit.address("worklist"),
            gettext("Open the worklist"),
        )
    lacking = way.no_address
    if lacking:
        names = ", ".join(customer.name for customer in lacking[:NAMED_MAX])
        more = len(lacking) - NAMED_MAX
        yield ProblemLine(
            "amber",
            plural(
                len(lacking),
                "%(number)s customer has no email address.",
                "%(number)s customers have no email address.",
            ),
            f"{names}{f' and {more:,} more' if more > 0 else ''} owe and cannot be written to. "
            f"Enter an address in {label}.",
            visit.address(f"customers/{lacking[0].contact_id}") if len(lacking) == 1 else "",
            gettext("Open the customer"),
        )
