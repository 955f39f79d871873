"""Connecting an organisation, and its first reading."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from flask import Response as FlaskResponse
from werkzeug.wrappers import Response

from arsync.application.desk.consent import (
    CALLBACK_PATH,
    Answered,
    ask_consent,
    connect_chosen,
    offers,
    organisations_of,
    take_answer,
)
from arsync.application.desk.first_reading import (
    OLD_DEBTS,
    FirstAnswers,
    begin_reading,
    reading_of,
    save_answers,
    saved_answers,
)
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.people.persons import Person
from arsync.application.people.shown_once import keep_to_show, shown_once
from arsync.application.permissions import Permission
from arsync.errors import UserMistake
from arsync.translation import ReaderText, gettext
from arsync.web.desk.guard import own_address
from arsync.web.desk.routing import DESK, Routes
from arsync.web.desk.visit import Visit

routes = Routes()

READS = {
    "xero": ReaderText("contacts, invoices, credit notes, payments"),
    "quickbooks": ReaderText("customers, invoices, credit memos, payments"),
}
WRITES = {
    "xero": ReaderText("notes, terms, contact groups, expected payment dates"),
    "quickbooks": ReaderText("notes, terms, customer types"),
}
NAMES = {"xero": "Xero", "quickbooks": "Intuit"}
"""Who asks for consent."""

OLD_DEBT_WORDS = (
    (
        OLD_DEBTS[0],
        ReaderText("Kindly, at the first step"),
        ReaderText("Nobody gets a final notice as the first thing they hear."),
    ),
    (
        OLD_DEBTS[1],
        ReaderText("Spread over 10 days"),
        ReaderText("The same, a few customers a day."),
    ),
    (
        OLD_DEBTS[2],
        ReaderText("By hand"),
        ReaderText("The first step of each old debt waits for you."),
    ),
)


@routes.page("/connect", Permission.CONNECT)
def show(visit: Visit) -> Response:
    """Show what can be connected."""
    return _connect_page(visit)


@routes.act("/connect/<platform>", Permission.CONNECT, audited="asked for consent")
def begin(visit: Visit, platform: str) -> Response:
    """Begin an attempt, and go on to the platform's page."""
    visit.about = platform
    return _go_on(visit, platform, None)


@routes.page("/connect/go/<token>", Permission.CONNECT)
def go_on(visit: Visit, token: str) -> Response:
    """Lead to the platform's page.

    A form of the desk may not end elsewhere (CSP, `form-action`), so a page stands between.
    """
    shown = shown_once(visit.container, _person(visit), token)
    if not shown:
        return visit.see("/connect")
    response = visit.page("connect_go.html", shown=shown)
    response.headers["Refresh"] = f"0; url={shown['address']}"
    return response


@routes.page(CALLBACK_PATH, Permission.CONNECT)
def come_back(visit: Visit) -> Response:
    """Take the platform's answer, which OAuth brings by a GET; its state makes it count once."""
    query = visit.request.query_string.decode("ascii", "replace")
    answered = take_answer(visit.actor, visit.container, _person(visit), query)
    if answered.problem:
        return _connect_page(visit, answered, status=422)
    if answered.choice:
        return visit.see(f"/connect/choose/{answered.choice}")
    return _begin_reading(visit, answered.connected)


@routes.page("/connect/choose/<choice>", Permission.CONNECT)
def ask_choice(visit: Visit, choice: str) -> Response:
    """Ask which of several organisations are meant."""
    return _choice_page(visit, choice)


@routes.act("/connect/choose/<choice>", Permission.CONNECT)
def choose(visit: Visit, choice: str) -> Response:
    """Connect the organisations that somebody chose."""
    chosen = visit.request.form.getlist("organisation")
    try:
        connected = connect_chosen(visit.actor, visit.container, _person(visit), choice, chosen)
    except UserMistake as mistake:
        visit.field_errors["organisation"] = str(mistake).split("\n", maxsplit=1)[0]
        return _choice_page(visit, choice, status=422)
    return _begin_reading(visit, connected)


@routes.act("/c/<connection>/connect-again", Permission.CONNECT, audited="asked for consent")
def begin_again(visit: Visit) -> Response:
    """Ask for the consent of a connection anew."""
    return _go_on(visit, visit.organisation.connection.platform, visit.organisation.id)


@routes.page("/c/<connection>/first", Permission.CONNECT)
def show_first(visit: Visit) -> Response:
    """Show how far the first reading is, and ask three questions meanwhile."""
    return _first_page(visit)


@routes.act("/c/<connection>/first", Permission.CONNECT, audited="answered the first questions")
def keep_answers(visit: Visit) -> Response:
    """Keep the answers where rules and settings of the connection stand."""
    try:
        files = save_answers(visit.actor, visit.organisation, _answers(visit))
    except UserMistake as mistake:
        text = str(mistake)
        name = "replies_to" if "email address" in text else "old_debts"
        visit.field_errors[name] = " ".join(text.split())
        return _first_page(visit, status=422)
    visit.log_words = ", ".join(file.name for file in files)
    written = " and ".join(f"{file.parent.name}/{file.name}" for file in files)
    return visit.see(
        visit.address("first"),
        gettext("Kept in %(written)s. The next plan goes by it.", written=written),
    )


@routes.act("/c/<connection>/first/read", Permission.CONNECT)
def read_on(visit: Visit) -> Response:
    """Begin the reading again, where it ended early."""
    begin_reading(visit.actor, visit.organisation, visit.long_work)
    return visit.see(visit.address("first"))


def _person(visit: Visit) -> Person:
    assert visit.person is not None, "only whoever is signed in comes here"
    return visit.person


def _redirect_url(visit: Visit) -> str:
    return own_address(visit.container, visit.request) + CALLBACK_PATH


def _go_on(visit: Visit, platform: str, connection_id: int | None) -> FlaskResponse:
    try:
        address = ask_consent(
            visit.actor,
            visit.container,
            _person(visit),
            platform,
            redirect_url=_redirect_url(visit),
            connection_id=connection_id,
        )
    except UserMistake as mistake:
        return _connect_page(visit, Answered(problem=str(mistake)), status=422)
    values = {"address": address, "name": NAMES.get(platform, platform)}
    token = keep_to_show(visit.container, _person(visit), values)
    return visit.see(f"/connect/go/{token}")


def _begin_reading(visit: Visit, connected: Sequence[OrganisationContext]) -> Response:
    for organisation in connected:
        visit.organisation_at_hand = organisation
        visit.about = organisation.connection.organisation.name
        visit.audit(DESK, "connected")
        begin_reading(visit.actor, organisation, visit.long_work)
    names = [organisation.connection.organisation.name for organisation in connected]
    first = connected[0]
    page = "first" if first.store.ledger.pulled_at(first.id) is None else "connection"
    where = f"/c/{quote(first.name, safe='')}/{page}" if len(connected) == 1 else "/clients"
    return visit.see(where, gettext("Connected: %(join)s.", join=", ".join(names)))


def _connect_page(
    visit: Visit, answered: Answered | None = None, *, status: int = 200
) -> FlaskResponse:
    lines = (answered.problem if answered else "").split("\n")
    return visit.page(
        "connect.html",
        status,
        offers=offers(visit.actor, visit.container, _redirect_url(visit)),
        reads=READS,
        writes=WRITES,
        consent_names=NAMES,
        problem=lines[0],
        remedy=" ".join(line.strip().removeprefix("hint: ") for line in lines[1:]),
    )


def _choice_page(visit: Visit, choice: str, status: int = 200) -> Response:
    refs = organisations_of(visit.actor, visit.container, _person(visit), choice)
    if not refs:
        return _connect_page(
            visit,
            Answered(problem=gettext("That took too long. Nothing was connected.")),
            status=410,
        )
    names = {row.organisation_id: row.name for row in visit.container.store.connections.all()}
    return visit.page("connect_choose.html", status, refs=refs, known=names)


def _answers(visit: Visit) -> FirstAnswers:
    form = visit.request.form
    return FirstAnswers(
        form.get("old_debts", ""), form.get("never", "")[:20_000], form.get("replies_to", "")[:254]
    )


def _first_page(visit: Visit, status: int = 200) -> Response:
    form, organisation = visit.request.form, visit.organisation
    reading = reading_of(visit.actor, organisation, visit.long_work)
    name = organisation.connection.platform
    days = visit.container.calls_left_today(name, [organisation.connection.organisation_id])
    per_day = visit.container.rate_limits(name).calls_per_day
    day_left = days.get(organisation.connection.organisation_id)
    calls = per_day - day_left.calls if day_left else 0
    used = (
        gettext(
            "%(calls)s of the %(per_day)s", calls=format(calls, ","), per_day=format(per_day, ",")
        )
        if calls > 0
        else ""
    )
    saved = saved_answers(visit.actor, organisation)
    return visit.page(
        "first_reading.html",
        status,
        reading=reading,
        used=used,
        old_debt_words=OLD_DEBT_WORDS,
        old_debts=form.get("old_debts", saved.old_debts),
        never=form.get("never", saved.never),
        replies_to=form.get("replies_to", saved.replies_to),
    )
