"""The desk's part of the application: its routes, its guard, and what it answers to mistakes."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, TooManyRequests
from werkzeug.middleware.proxy_fix import ProxyFix

from arsync.application.customers.name_search import NotFound
from arsync.application.desk.long_work import LongWork, StillAtWork
from arsync.application.organisation.container import Container
from arsync.application.permissions import NotPermitted
from arsync.errors import ArsyncError, Overtaken, RetryLater, UserMistake
from arsync.translation import ENGLISH, ReaderText, gettext, speak
from arsync.web.api.problems import problem
from arsync.web.api.serving import serve_api
from arsync.web.desk.assets import serve_assets
from arsync.web.desk.catalogues import CATALOGUES, SHIPPED
from arsync.web.desk.guard import GUARD_SECONDS, guard, is_api
from arsync.web.desk.pages import ALL
from arsync.web.desk.routing import visit_of
from arsync.web.desk.visit import FIGURES_WAIT_SECONDS, LONG_WORK, Visit

_LOG = logging.getLogger(__name__)

WAIT_SECONDS = 0.1
"""So long a page waits for its figures; small ledgers need less."""

CONTAINER = "arsync.container"
"""Under which the application knows its installation."""

TITLES = {
    400: ReaderText("That address is not right"),
    403: ReaderText("Nothing was done"),
    404: ReaderText("There is no such page"),
    405: ReaderText("There is no such page"),
    413: ReaderText("That is too large"),
    429: ReaderText("That was too fast"),
}


def make_desk(
    container: Container, *, wait_seconds: float = WAIT_SECONDS, catalogues: Path = SHIPPED
) -> Flask:
    """Return the application of the desk; nothing is opened before the first request.

    Args:
        container: the installation.
        catalogues: where the texts of each language stand.
        wait_seconds: how long a page waits for figures that are still being added up.
    """
    from arsync.web.app import BODY_BYTES_MAX

    app = Flask("arsync.desk", static_folder=None, template_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_MAX
    app.config["MAX_FORM_MEMORY_SIZE"] = BODY_BYTES_MAX
    settings = container.config.desk
    if settings.proxies:
        hops = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    guard(app, is_secure=settings.is_secure)
    serve_assets(app)
    app.extensions[CONTAINER] = container
    app.extensions[LONG_WORK] = LongWork(container.at_close)
    app.extensions[FIGURES_WAIT_SECONDS] = wait_seconds
    app.extensions[CATALOGUES] = catalogues
    # Threads answer one request after the other: what the last one spoke is forgotten.
    app.before_request(lambda: speak(ENGLISH))
    for routes in ALL:
        routes.register(app, container)
    serve_api(app, container)
    app.register_error_handler(ArsyncError, _mistake)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(Exception, _fault)
    return app


def _mistake(error: ArsyncError) -> Response:
    if isinstance(error, NotPermitted):
        return _page(403, gettext("This is not yours to do"), str(error))
    if isinstance(error, RetryLater):
        if isinstance(error, StillAtWork):
            return _retried(error, str(error))
        _LOG.warning("a page was answered 503: %s", error)
        return _retried(error, gettext("Another process is busy, or the store is away. Try again."))
    if isinstance(error, NotFound):
        return _page(404, gettext("There is no such page"), str(error))
    if isinstance(error, Overtaken):
        return _page(409, gettext("That was decided already"), str(error))
    if isinstance(error, UserMistake):
        return _page(422, gettext("That did not work"), str(error))
    return _fault(error)


def _retried(error: RetryLater, words: str) -> Response:
    response = _page(503, gettext("Not just now"), words)
    response.headers["Retry-After"] = str(max(1, round(error.after_seconds)))
    return response


def _refused(error: HTTPException) -> Response:
    status = error.code or 500
    words = error.description or ""
    if status == 403 and not is_api(request.path):
        words = gettext(
            "Another page sent this form, or your browser is too old to say where it came from."
        )
    response = _page(status, TITLES.get(status, error.name), words)
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(error.retry_after or GUARD_SECONDS)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def _fault(error: Exception) -> Response:
    # The number leads from what a person reads to what the log says; the page itself tells nothing.
    number = secrets.token_hex(4)
    _LOG.error("a page could not be made (%s)", number, exc_info=error)
    words = gettext(
        "This page could not be made. The fault is ours. Nothing was sent or changed by it."
    )
    return _page(500, gettext("The fault is ours"), words, number=number)


def _page(status: int, title: str, text: str, *, number: str = "") -> Response:
    if is_api(request.path):
        return problem(status, text or title, number=number)
    visit: Visit = g.get("desk_visit") or visit_of(current_app.extensions[CONTAINER])
    lines = [line.strip().removeprefix("hint: ") for line in text.split("\n") if line.strip()]
    response = visit.page(
        "mistake.html",
        status,
        title=title,
        words_lines=lines,
        back=_back(),
        back_words=gettext("Back"),
        number=number,
    )
    if request.headers.get("HX-Request"):
        # htmx would put the whole page into the middle of another: it replaces that one instead.
        response.headers["HX-Retarget"] = "body"
        response.headers["HX-Reswap"] = "innerHTML"
    return response


def _back() -> str:
    came_from = request.referrer or ""
    host = request.host_url
    return "/" + came_from.removeprefix(host) if came_from.startswith(host) else ""
