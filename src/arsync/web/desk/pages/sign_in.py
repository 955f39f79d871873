"""Signing in and out, the first owner, and links by which a password is chosen."""

from __future__ import annotations

from flask import Response as FlaskResponse
from werkzeug.wrappers import Response

from arsync.application.people.audit import AuditEntry, note
from arsync.application.people.identity_provider import (
    ATTEMPT_FOR,
    CALLBACK_PATH,
    ask_provider,
    take_provider_answer,
)
from arsync.application.people.signing_in import (
    FIRST,
    PASSWORD_CHARACTERS_MIN,
    SignedIn,
    TooManyTries,
    choose_password,
    give_code,
    looked_at,
    open_first_link,
    open_session,
    sign_in,
)
from arsync.errors import UserMistake
from arsync.store.people.users import UserRow
from arsync.translation import gettext
from arsync.web.desk.guard import own_address, safe_path
from arsync.web.desk.routing import DESK, Routes, cookie_name
from arsync.web.desk.visit import Visit

routes = Routes()

PROVIDER_COOKIE = "arsync-provider"
"""Ties an attempt at the identity provider to the browser that began it."""

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
        if not isinstance(mistake, TooManyTries):
            _note(visit, "could not sign in", None, "wrong address or password")
        visit.field_errors["password"] = str(mistake)
        return _form(visit, form.get("then", ""), status=422)
    if signed_in.needs_code:
        response = visit.page("sign_in_code.html", then=form.get("then", ""))
        return _with_cookie(visit, response, signed_in.token)
    _note(visit, "signed in", signed_in.user, "by password")
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
    _note(visit, "signed in", signed_in.user, "with a code")
    return _with_cookie(visit, visit.see(safe_path(form.get("then", "/") or "/")), signed_in.token)


@routes.page("/sign-in/provider", None, public=True)
def go_to_provider(visit: Visit) -> Response:
    """Go on to the identity provider's page.

    A GET, because a form of the desk may not end elsewhere; what it keeps is gone in minutes.
    """
    if visit.person is not None:
        return visit.see("/")
    then = visit.request.args.get("then", "")[:TEXT_MAX]
    try:
        attempt = ask_provider(visit.container, _provider_callback(visit), safe_path(then or "/"))
    except UserMistake as mistake:
        return _not_let_in(visit, mistake)
    response = FlaskResponse("", 303)
    response.headers["Location"] = attempt.address
    response.set_cookie(
        PROVIDER_COOKIE,
        attempt.browser,
        max_age=int(ATTEMPT_FOR.total_seconds()),
        secure=is_secure(visit),
        httponly=True,
        samesite="Lax",
        path=CALLBACK_PATH,
    )
    return response


@routes.page(CALLBACK_PATH, None, public=True)
def come_from_provider(visit: Visit) -> Response:
    """Sign in whom the provider let in, if they are known here."""
    try:
        answered = take_provider_answer(
            visit.container,
            _provider_callback(visit),
            visit.request.query_string.decode("ascii", "replace"),
            visit.request.cookies.get(PROVIDER_COOKIE, ""),
        )
    except UserMistake as mistake:
        return _not_let_in(visit, mistake)
    signed_in = _opened(visit, answered.user)
    if signed_in.needs_code:
        response = visit.page("sign_in_code.html", then=answered.then)
    else:
        _note(visit, "signed in", answered.user, visit.container.config.oidc.label)
        response = visit.see(safe_path(answered.then))
    response.delete_cookie(PROVIDER_COOKIE, path=CALLBACK_PATH)
    return _with_cookie(visit, response, signed_in.token)


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
            title=gettext("This link opens nothing"),
            words_lines=[gettext("It was used already, or it is too old. Ask for a new one.")],
            back="/sign-in",
            back_words=gettext("Sign in"),
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


def _provider_callback(visit: Visit) -> str:
    return own_address(visit.container, visit.request) + CALLBACK_PATH


def _not_let_in(visit: Visit, mistake: UserMistake) -> Response:
    visit.field_errors["email"] = str(mistake)
    return _form(visit, "", status=422)


def _note(visit: Visit, what: str, user: UserRow | None, words: str) -> None:
    """Write into the audit log who came in, or who tried to."""
    note(
        visit.container,
        AuditEntry(
            who=(user.name or user.email) if user else "unknown",
            source=DESK,
            what=what,
            about=user.email if user else visit.request.form.get("email", "")[:TEXT_MAX],
            words=words,
            address=visit.request.remote_addr or "",
        ),
    )


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
        oidc_label=visit.container.config.oidc.label if visit.container.config.oidc.issuer else "",
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
        title=gettext("Make your account") if is_first else gettext("Choose a password"),
        button=gettext("Make the account") if is_first else gettext("Keep the password"),
        name=form.get("name", ""),
        email=email,
        shortest=PASSWORD_CHARACTERS_MIN,
    )


def is_secure(visit: Visit) -> bool:
    """Return whether the desk is reached over https."""
    return visit.container.config.desk.is_secure


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
