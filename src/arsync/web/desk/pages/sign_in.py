"""Signing in and out, the first owner, and links by which a password is chosen."""

from __future__ import annotations

from flask import Response as FlaskResponse
from werkzeug.wrappers import Response

from arsync.application.people.signing_in import (
    FIRST,
    PASSWORD_CHARACTERS_MIN,
    SignedIn,
    choose_password,
    give_code,
    looked_at,
    open_first_link,
    open_session,
    sign_in,
)
from arsync.errors import UserMistake
from arsync.store.people.users import UserRow
from arsync.web.desk.guard import safe_path
from arsync.web.desk.routing import Routes, cookie_name
from arsync.web.desk.visit import Visit

routes = Routes()

TEXT_MAX = 1_000
"""Characters of a field that are looked at: a password of a megabyte is not hashed."""


@routes.page("/sign-in", None, public=True)
def show(visit: Visit) -> Response:
    """Show the form."""
    if visit.person is not None:
        return visit.see("/")
    return _form(visit, visit.request.args.get("then", ""))


@routes.act("/sign-in", None, public=True)
def check(visit: Visit) -> Response:
    """Sign in by a password."""
    form = visit.request.form
    try:
        signed_in = sign_in(
            visit.container,
            form.get("email", "")[:TEXT_MAX],
            form.get("password", "")[:TEXT_MAX],
            agent=str(visit.request.user_agent),
            address=visit.request.remote_addr or "",
        )
    except UserMistake as mistake:
        visit.field_errors["password"] = str(mistake)
        return _form(visit, form.get("then", ""), status=422)
    if signed_in.needs_code:
        response = visit.page("sign_in_code.html", then=form.get("then", ""))
        return _with_cookie(visit, response, signed_in.token)
    return _with_cookie(visit, visit.see(safe_path(form.get("then", "/") or "/")), signed_in.token)


@routes.act("/sign-in/code", None, public=True)
def check_code(visit: Visit) -> Response:
    """Sign in fully, by the code of a second factor."""
    form = visit.request.form
    secure = is_secure(visit)
    try:
        signed_in = give_code(
            visit.container,
            visit.request.cookies.get(cookie_name(is_secure=secure), ""),
            form.get("code", "")[:TEXT_MAX],
            agent=str(visit.request.user_agent),
            address=visit.request.remote_addr or "",
        )
    except UserMistake as mistake:
        visit.field_errors["code"] = str(mistake)
        return visit.page("sign_in_code.html", 422, then=form.get("then", ""))
    return _with_cookie(visit, visit.see(safe_path(form.get("then", "/") or "/")), signed_in.token)


@routes.act("/sign-out", None, audited="signed out")
def sign_out(visit: Visit) -> Response:
    """End this session."""
    assert visit.person is not None
    visit.container.store.sign_ins.end(visit.person.session, user_id=visit.person.user.id)
    response = visit.see("/sign-in")
    response.delete_cookie(
        cookie_name(is_secure=is_secure(visit)), secure=is_secure(visit), httponly=True
    )
    return response


@routes.page("/first/<token>", None, public=True)
def show_link(visit: Visit, token: str) -> Response:
    """Show the form behind a link that opens once."""
    link = looked_at(visit.container, token)
    if link is None:
        return visit.page(
            "mistake.html",
            410,
            title="This link opens nothing",
            words_lines=["It was used already, or it is too old. Ask for a new one."],
            back="/sign-in",
            back_words="Sign in",
            number="",
        )
    return _password_form(visit, is_first=link.purpose == FIRST, user_id=link.user_id)


@routes.act("/first/<token>", None, public=True)
def open_link(visit: Visit, token: str) -> Response:
    """Make the first owner, or set a password; who opened the link is signed in."""
    form = visit.request.form
    link = looked_at(visit.container, token)
    password = form.get("password", "")[:TEXT_MAX]
    try:
        user = (
            open_first_link(
                visit.container,
                token,
                email=form.get("email", "")[:TEXT_MAX],
                name=form.get("name", "")[:TEXT_MAX],
                password=password,
            )
            if link is not None and link.purpose == FIRST
            else choose_password(visit.container, token, password)
        )
    except UserMistake as mistake:
        name = "email" if "email address" in str(mistake) else "password"
        visit.field_errors[name] = str(mistake)
        return _password_form(
            visit,
            is_first=link is not None and link.purpose == FIRST,
            user_id=link.user_id if link else None,
            status=422,
        )
    return _with_cookie(visit, visit.see("/"), _opened(visit, user).token)


def _opened(visit: Visit, user: UserRow) -> SignedIn:
    # A new password opens no second factor: whoever has one gives its code at the next sign-in.
    return open_session(
        visit.container,
        user,
        agent=str(visit.request.user_agent),
        address=visit.request.remote_addr or "",
        half_open=user.has_totp,
    )


def _form(visit: Visit, then: str, status: int = 200) -> Response:
    return visit.page(
        "sign_in.html",
        status,
        email=visit.request.form.get("email", ""),
        then=safe_path(then) if then else "",
        oidc_label="",
    )


def _password_form(
    visit: Visit, *, is_first: bool, user_id: int | None, status: int = 200
) -> Response:
    form = visit.request.form
    email = visit.container.store.users.get(user_id).email if user_id else form.get("email", "")
    return visit.page(
        "choose_password.html",
        status,
        is_first=is_first,
        title="Make your account" if is_first else "Choose a password",
        button="Make the account" if is_first else "Keep the password",
        name=form.get("name", ""),
        email=email,
        shortest=PASSWORD_CHARACTERS_MIN,
    )


def is_secure(visit: Visit) -> bool:
    """Return whether the desk is reached over https."""
    return visit.container.config.desk.url.startswith("https://")


def _with_cookie(visit: Visit, response: FlaskResponse, token: str) -> Response:
    # Lax: a link from a mail opens the page signed in; forms are checked by where they come from.
    response.set_cookie(
        cookie_name(is_secure=is_secure(visit)),
        token,
        max_age=visit.container.config.desk.session_hours * 3_600,
        secure=is_secure(visit),
        httponly=True,
        samesite="Lax",
        path="/",
    )
    return response
