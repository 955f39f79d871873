"""The desk's routes: each says who may open it, and its view is only called for them.

A view parses, calls one use case with the actor, renders. Everything that holds for all of them
stands here: who is signed in, as what they act on the connection in the address, the form that was
sent twice, the line in the audit log, and what is answered to a mistake.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from flask import Flask, Request, Response, current_app, g, request
from werkzeug.wrappers import Response as AnyResponse

from arsync.application.organisation.container import Container
from arsync.application.people.signing_in import person
from arsync.application.permissions import Permission
from arsync.translation import speak
from arsync.web.desk.catalogues import CATALOGUES, catalogue_of
from arsync.web.desk.rendering import render
from arsync.web.desk.visit import Visit

FORM_ID = "form_id"
"""The field with a form's number."""

FORM_ID_CHARACTERS_MAX = 64

COOKIE = "arsync"
SECURE_COOKIE = "__Host-arsync"
"""A browser takes this name over https alone, from this host alone."""

DESK = "desk"
"""The source of what the audit log says."""


class Route(NamedTuple):
    """One address of the desk."""

    rule: str
    method: str
    permission: Permission | None
    """None: whoever is signed in."""
    view: Callable[..., AnyResponse]
    name: str
    audited: str = ""
    """What the log says of it; empty: it changes nothing that anybody has to answer for."""
    public: bool = False
    """Whether it is for somebody who is not signed in."""
    amounts: bool = False
    """Whether it is nothing but sums: readers without amounts may not open it."""


class Routes:
    """The routes of one module of pages."""

    def __init__(self) -> None:
        """Begin without any."""
        self.all: list[Route] = []

    def page(
        self,
        rule: str,
        permission: Permission | None = Permission.READ,
        *,
        public: bool = False,
        amounts: bool = False,
    ) -> Callable[[Callable[..., AnyResponse]], Callable[..., AnyResponse]]:
        """Let a view answer a GET; it changes nothing."""
        return self._add(rule, "GET", permission, public=public, amounts=amounts)

    def act(
        self,
        rule: str,
        permission: Permission | None,
        *,
        audited: str = "",
        public: bool = False,
    ) -> Callable[[Callable[..., AnyResponse]], Callable[..., AnyResponse]]:
        """Let a view answer a POST."""
        return self._add(rule, "POST", permission, audited=audited, public=public)

    def _add(
        self, rule: str, method: str, permission: Permission | None, **more: Any
    ) -> Callable[[Callable[..., AnyResponse]], Callable[..., AnyResponse]]:
        def added(view: Callable[..., AnyResponse]) -> Callable[..., AnyResponse]:
            name = f"{view.__module__.rpartition('.')[2]}.{view.__name__}"
            self.all.append(Route(rule, method, permission, view, name, **more))
            return view

        return added

    def register(self, app: Flask, container: Container) -> None:
        """Let an application answer them."""
        for route in self.all:
            app.add_url_rule(
                route.rule,
                endpoint=f"desk.{route.name}",
                view_func=_answering(route, container),
                methods=[route.method],
            )


def cookie_name(*, is_secure: bool) -> str:
    """Return the name of the session's cookie."""
    return SECURE_COOKIE if is_secure else COOKIE


def _answering(route: Route, container: Container) -> Callable[..., AnyResponse]:
    def answer(connection: str = "", **parts: Any) -> AnyResponse:
        visit = visit_of(container)
        if visit.person is None and not route.public:
            return _sign_in_first(visit)
        if visit.person is not None:
            visit.enter(connection, route.permission, amounts=route.amounts)
        if route.method == "GET":
            return route.view(visit, **parts)
        return _once(visit, route, parts)

    return answer


def visit_of(container: Container) -> Visit:
    """Return this request, and who makes it."""
    visit = Visit(container, request, _rendered)
    g.desk_visit = visit
    visit.person = person(container, _cookie(container))
    speak(catalogue_of(visit.locale, current_app.extensions[CATALOGUES]))
    return visit


def _rendered(visit: Visit, template: str, values: Mapping[str, Any]) -> str:
    return render(visit, template, **values)


def _cookie(container: Container) -> str:
    name = cookie_name(is_secure=container.config.desk.is_secure)
    return request.cookies.get(name, "")


def _sign_in_first(visit: Visit) -> Response:
    requested = visit.request.full_path.rstrip("?") if visit.request.method == "GET" else ""
    target = "/sign-in" + (
        f"?{urlencode({'then': requested})}" if requested not in {"", "/"} else ""
    )
    if visit.request.headers.get("HX-Request"):
        # A fragment would put the sign-in page into the middle of another page.
        response = Response("", 204)
        response.headers["HX-Redirect"] = target
        return response
    if visit.request.method != "GET":
        return visit.page("signed_out.html", 401, form=visit.request.form)
    return visit.see(target)


def _once(visit: Visit, route: Route, parts: dict[str, Any]) -> AnyResponse:
    """Answer a form; sent twice, it does one thing, and both get the same answer."""
    form_id = visit.request.form.get(FORM_ID, "")[:FORM_ID_CHARACTERS_MAX]
    if visit.person is None or not form_id:
        return _done(visit, route, parts)
    forms, user_id = visit.container.store.forms, visit.person.user.id
    earlier = visit.answered_before(form_id, _digest(visit.request))
    if earlier is not None:
        return visit.see(earlier.location or "/", earlier.message)
    try:
        response = _done(visit, route, parts)
    except BaseException:
        forms.give_up(user_id, form_id)
        raise
    if response.status_code == 303:
        forms.answer(user_id, form_id, response.headers["Location"], visit.message)
    else:
        forms.give_up(user_id, form_id)
    return response


def _done(visit: Visit, route: Route, parts: dict[str, Any]) -> AnyResponse:
    response = route.view(visit, **parts)
    if route.audited and response.status_code < 400:
        visit.audit(DESK, route.audited)
    return response


def _digest(asked: Request) -> str:
    """Return what tells one content of a form from another."""
    lines = [asked.path, *(f"{key}={value}" for key, value in _fields(asked))]
    return hashlib.sha256("\x00".join(lines).encode()).hexdigest()


def _fields(asked: Request) -> Iterator[tuple[str, str]]:
    for key, values in sorted(asked.form.lists()):
        for value in values:
            yield key, value
