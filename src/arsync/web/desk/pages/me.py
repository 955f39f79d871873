"""`/me`: what people change of themselves."""

from __future__ import annotations

import segno
from markupsafe import Markup
from werkzeug.wrappers import Response

from arsync.application.people.own_account import (
    SHORTCUTS,
    THEMES,
    TOKEN_DAYS,
    OwnLooks,
    change_looks,
    change_password,
    end_second_factor,
    is_secret,
    new_secret,
    new_token,
    set_up_second_factor,
    setup_address,
)
from arsync.application.people.persons import Person
from arsync.application.people.shown_once import keep_to_show, shown_once
from arsync.application.people.signing_in import PASSWORD_CHARACTERS_MIN
from arsync.errors import UserMistake
from arsync.translation import ReaderText, gettext
from arsync.web.desk.routing import Routes
from arsync.web.desk.visit import Visit

routes = Routes()

TEXT_MAX = 1_000

LOCALES = (
    ("", ReaderText("As the browser says")),
    ("en_GB", "English (United Kingdom)"),
    ("en_IE", "English (Ireland)"),
    ("en_US", "English (United States)"),
    ("en_CA", "English (Canada)"),
    ("en_AU", "English (Australia)"),
    ("en_NZ", "English (New Zealand)"),
    ("en_ZA", "English (South Africa)"),
    ("en_SG", "English (Singapore)"),
    ("en_IN", "English (India)"),
    ("de_DE", "Deutsch (Deutschland)"),
    ("de_AT", "Deutsch (Österreich)"),
    ("de_CH", "Deutsch (Schweiz)"),
    ("fr_FR", "Français (France)"),
    ("nl_NL", "Nederlands (Nederland)"),
    ("es_ES", "Español (España)"),
    ("it_IT", "Italiano (Italia)"),
    ("pl_PL", "Polski (Polska)"),
)
"""How numbers and days may be written."""

THEME_WORDS = dict(
    zip(
        THEMES,
        (ReaderText("As the system says"), ReaderText("Light"), ReaderText("Dark")),
        strict=True,
    )
)

SHORTCUT_WORDS = dict(
    zip(
        SHORTCUTS,
        (ReaderText("On"), ReaderText("With Alt held down"), ReaderText("Off")),
        strict=True,
    )
)

LIGHT, DARK = "#ffffff", "#000000"
"""Of a QR code: cameras read dark on light, whatever the theme is."""


@routes.page("/me", None)
def show(visit: Visit) -> Response:
    """Show everything that somebody may change of themselves."""
    return _own_page(visit)


@routes.act("/me", None)
def keep_looks(visit: Visit) -> Response:
    """Keep the name, and how the desk looks."""
    form = visit.request.form
    looks = OwnLooks(
        *(form.get(name, "")[:TEXT_MAX] for name in ("name", "locale", "theme", "shortcuts"))
    )
    try:
        change_looks(visit.container, _person(visit), looks)
    except UserMistake as mistake:
        visit.field_errors["name"] = str(mistake)
        return _own_page(visit, 422)
    return visit.see("/me", gettext("Kept."))


@routes.act("/me/password", None, audited="changed the own password")
def keep_password(visit: Visit) -> Response:
    """Change the password; every other session ends."""
    form = visit.request.form
    try:
        ended = change_password(
            visit.container,
            _person(visit),
            old=form.get("password", "")[:TEXT_MAX],
            new=form.get("new_password", "")[:TEXT_MAX],
        )
    except UserMistake as mistake:
        text = str(mistake)
        is_old = "present" in text or "tries" in text
        visit.field_errors["password" if is_old else "new_password"] = text
        return _own_page(visit, 422)
    visit.about = _person(visit).user.email
    others = gettext(" Signed out elsewhere: %(ended)s.", ended=ended) if ended else ""
    return visit.see("/me", gettext("The password is changed.%(others)s", others=others))


@routes.page("/me/code", None)
def show_code(visit: Visit) -> Response:
    """Show the QR code by which an app is set up."""
    return _code_page(visit, new_secret())


@routes.act("/me/code", None, audited="set up a second factor")
def keep_code(visit: Visit) -> Response:
    """Keep the second factor, once the app shows a right code."""
    form, person = visit.request.form, _person(visit)
    secret = form.get("secret", "")[:TEXT_MAX]
    try:
        set_up_second_factor(visit.container, person, secret, form.get("code", "")[:TEXT_MAX])
    except UserMistake as mistake:
        visit.field_errors["code"] = str(mistake)
        # Of what is no secret no picture can be made: the app is set up anew.
        return _code_page(visit, secret if is_secret(secret) else new_secret(), 422)
    visit.about = person.user.email
    return visit.see("/me", gettext("From now on you sign in with a code from the app."))


@routes.act("/me/code/end", None, audited="took the own second factor away")
def end_code(visit: Visit) -> Response:
    """Take the second factor away."""
    try:
        code = visit.request.form.get("code", "")[:TEXT_MAX]
        end_second_factor(visit.container, _person(visit), code)
    except UserMistake as mistake:
        visit.field_errors["code"] = str(mistake)
        return _own_page(visit, 422)
    visit.about = _person(visit).user.email
    return visit.see("/me", gettext("You sign in by your password alone now."))


@routes.act("/me/sessions", None, audited="ended own sessions")
def end_session(visit: Visit) -> Response:
    """Sign out in another browser, or in all others."""
    person, sign_ins = _person(visit), visit.container.store.sign_ins
    session = visit.request.form.get("session", "")[:TEXT_MAX]
    ended = (
        int(sign_ins.end(session, user_id=person.user.id))
        if session
        else sign_ins.end_all(person.user.id, but=person.session)
    )
    return visit.see("/me", gettext("Signed out elsewhere: %(ended)s.", ended=ended))


@routes.act("/me/tokens", None, audited="made a token of the API")
def make_token(visit: Visit) -> Response:
    """Make a token, which the next page shows."""
    form, person = visit.request.form, _person(visit)
    name = form.get("token_name", "")[:TEXT_MAX]
    try:
        days = form.get("days", "")
        token = new_token(visit.container, person, name, int(days) if days.isdecimal() else 0)
    except UserMistake as mistake:
        visit.field_errors["token_name"] = str(mistake)
        return _own_page(visit, 422)
    visit.about = name
    shown = keep_to_show(visit.container, person, {"token": token, "name": name})
    return visit.see(f"/me/tokens/{shown}")


@routes.page("/me/tokens/<token>", None)
def show_token(visit: Visit, token: str) -> Response:
    """Show the text of a token to whoever made it."""
    values = shown_once(visit.container, _person(visit), token)
    if not values:
        return visit.see("/me")
    return visit.page("token.html", shown=values)


@routes.act("/me/tokens/<int:token_id>/revoke", None, audited="revoked a token of the API")
def revoke_token(visit: Visit, token_id: int) -> Response:
    """Let a token hold no more."""
    held = visit.container.store.sign_ins.revoke_token(_person(visit).user.id, token_id)
    visit.about = f"token {token_id}"
    return visit.see(
        "/me", gettext("The token is revoked.") if held else gettext("It held no more already.")
    )


def _person(visit: Visit) -> Person:
    assert visit.person is not None, "only whoever is signed in comes here"
    return visit.person


def _own_page(visit: Visit, status: int = 200) -> Response:
    person, form = _person(visit), visit.request.form
    sign_ins, now = visit.container.store.sign_ins, visit.container.clock.now()
    tokens = sign_ins.tokens(person.user.id)
    return visit.page(
        "me.html",
        status,
        user=person.user,
        name=form.get("name", person.user.name),
        token_name=form.get("token_name", ""),
        locales=LOCALES,
        themes=THEME_WORDS.items(),
        shortcuts=SHORTCUT_WORDS.items(),
        token_days=[(str(days), gettext("%(days)s days", days=days)) for days in TOKEN_DAYS],
        sessions=sign_ins.sessions(person.user.id),
        own_session=person.session,
        tokens=[token for token in tokens if token.expires_at is None or token.expires_at > now],
        today=visit.today,
        zone=visit.zone,
        shortest=PASSWORD_CHARACTERS_MIN,
    )


def _code_page(visit: Visit, secret: str, status: int = 200) -> Response:
    code = segno.make(setup_address(_person(visit), secret), error="m", micro=False)
    # Inline, and drawn by attributes alone: the page's policy lets no style and no other file in.
    picture = code.svg_inline(
        scale=4, border=4, dark=DARK, light=LIGHT, svgclass="qr", omitsize=True
    )
    return visit.page(
        "second_factor.html",
        status,
        picture=Markup(picture),  # noqa: S704 - made of a QR code's squares alone
        secret=secret,
        spelt=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
    )
