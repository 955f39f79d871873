"""What needs the reader before all goes on as it should, a line each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote

from arsync.application.desk.alerts import OpenAlert
from arsync.application.desk.today import InTheWay, Today
from arsync.store.models import UnmailedCustomers
from arsync.translation import gettext
from arsync.web.desk.rendering import plural
from arsync.web.desk.visit import Visit


class ProblemLine(NamedTuple):
    """What needs the reader, with what mends it."""

    look: str
    bold: str
    text: str
    path: str = ""
    button: str = ""


def problem_lines(visit: Visit, shown: Today) -> Iterator[ProblemLine]:
    """Yield what is in the way, what stops the most first."""
    way = shown.in_the_way
    yield from _rulebook(visit, way)
    yield from _platform(visit, way)
    yield from _held_back(visit, way)
    yield from _unknown(visit, way)
    yield from _alerts(visit, shown)
    yield from _no_address(visit, way.no_address)


def _rulebook(visit: Visit, way: InTheWay) -> Iterator[ProblemLine]:
    if way.rulebook:
        yield ProblemLine(
            "red",
            gettext("The rulebook cannot be used, so nothing leaves."),
            " ".join(way.rulebook),
            visit.address("rules"),
            gettext("Open the rulebook"),
        )


def _platform(visit: Visit, way: InTheWay) -> Iterator[ProblemLine]:
    """Yield that it was not reached, or that the last run failed for another reason."""
    label, words, today = visit.organisation.label, visit.words, visit.organisation.today
    if way.outage is not None:
        moment = words.moment(way.outage.failed_at, today=today)
        bold = gettext("%(label)s was not reached %(moment)s.", label=label, moment=moment)
        text = way.outage.reason
        if way.outage.retry_at:
            text = gettext(
                "%(reason)s The next attempt is at %(clock)s.",
                reason=way.outage.reason,
                clock=words.clock(way.outage.retry_at),
            )
    elif way.failed_run is not None and not way.rulebook:
        bold, text = gettext("The last run failed."), words.sentence(way.failed_run.message)
    else:
        return
    button = gettext("Look at the connection")
    yield ProblemLine("red", bold, text, visit.address("connection"), button)


def _held_back(visit: Visit, way: InTheWay) -> Iterator[ProblemLine]:
    """Yield why a plan, or some of it, does not leave for the time being."""
    words = visit.words
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


def _unknown(visit: Visit, way: InTheWay) -> Iterator[ProblemLine]:
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
                label=visit.organisation.label,
            ),
            visit.address("connection"),
            gettext("Settle it"),
        )


def _alerts(visit: Visit, shown: Today) -> Iterator[ProblemLine]:
    for alert in shown.alerts:
        yield _alert(visit, alert)
    more = shown.alert_count - len(shown.alerts)
    if more > 0:
        yield ProblemLine(
            "amber",
            plural(more, "%(number)s more alert.", "%(number)s more alerts."),
            gettext("They are in the worklist."),
            visit.address("worklist"),
            gettext("Open the worklist"),
        )


def _alert(visit: Visit, alert: OpenAlert) -> ProblemLine:
    words, today = visit.words, visit.organisation.today
    about = ", ".join((alert.customer, *alert.invoices))
    observation = words.told(alert.observation, today=today)
    observation = observation[:1].upper() + observation[1:]
    recipients = ", ".join(alert.recipients)
    text = (
        gettext(
            "%(observation)s, since %(day)s; for %(recipients)s.",
            observation=observation,
            day=words.day(alert.since, today=today),
            recipients=recipients,
        )
        if alert.since
        else gettext(
            "%(observation)s; for %(recipients)s.", observation=observation, recipients=recipients
        )
    )
    return ProblemLine(
        "amber",
        f"{about}: {alert.rule}.",
        text,
        # A supplier has no page of its own: the worklist has the task.
        visit.address("worklist")
        if alert.is_about_supplier
        else _customer(visit, alert.contact_id),
        gettext("Open the worklist") if alert.is_about_supplier else gettext("Open the customer"),
    )


def _no_address(visit: Visit, lacking: UnmailedCustomers) -> Iterator[ProblemLine]:
    if not lacking.in_all:
        return
    label, names = visit.organisation.label, ", ".join(name for _, name in lacking.named)
    more = lacking.in_all - len(lacking.named)
    text = (
        gettext(
            "No letter can be sent to %(names)s and %(number)s more. "
            "Enter an address in %(label)s.",
            names=names,
            number=format(more, ","),
            label=label,
        )
        if more
        else gettext(
            "No letter can be sent to %(names)s. Enter an address in %(label)s.",
            names=names,
            label=label,
        )
    )
    yield ProblemLine(
        "amber",
        plural(
            lacking.in_all,
            "%(number)s customer has no email address.",
            "%(number)s customers have no email address.",
        ),
        text,
        _customer(visit, lacking.named[0][0]) if lacking.in_all == 1 else "",
        gettext("Open the customer"),
    )


def _customer(visit: Visit, contact_id: str) -> str:
    return visit.address(f"customers/{quote(contact_id, safe='')}")
