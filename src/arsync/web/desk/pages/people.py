"""People: who may sign in, as what, and in which browsers they are."""

from __future__ import annotations

from flask import Response as FlaskResponse
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from arsync.application.people.managing import (
    CHOOSES_PASSWORD,
    Handed,
    PersonLine,
    RoleWanted,
    approves,
    end_sessions,
    hand_link,
    invite,
    people,
    remove_role,
    scope_names,
    scope_words,
    set_disabled,
    set_role,
    take_second_factor,
)
from arsync.application.people.shown_once import keep_to_show, shown_once
from arsync.application.people.signing_in import INVITED, PASSWORD
from arsync.application.permissions import ROLES, Permission, Role
from arsync.core.ledger.money import plain
from arsync.errors import UserMistake
from arsync.store.people.users import ALL, CONNECTION, LABEL, ScopedRole, UserRow
from arsync.translation import ReaderText, gettext
from arsync.web.desk.guard import own_address
from arsync.web.desk.routing import Routes
from arsync.web.desk.terms import term
from arsync.web.desk.visit import Visit

routes = Routes()

TEXT_MAX = 300

WHO_MAY = (
    (ReaderText("See customers, figures, letters"), Permission.READ),
    (ReaderText("Record a promise, a plan, a dispute"), Permission.AGREE),
    (ReaderText("Log a call or a note, complete a task"), Permission.LOG),
    (ReaderText("Approve and refuse"), Permission.APPROVE),
    (ReaderText("Place and release holds"), Permission.HOLD),
    (ReaderText("Edit letters, try a policy"), Permission.TEXTS),
    (ReaderText("Put a rulebook live"), Permission.PUSH_RULES),
    (ReaderText("Stop everything"), Permission.STOP),
    (ReaderText("Start again, change the mode, connect"), Permission.CONNECT),
    (ReaderText("Change people"), Permission.PEOPLE),
    (ReaderText("Read the audit log"), Permission.AUDIT),
)
"""What the page says of the table of permissions, in its order."""


@routes.page("/people", Permission.PEOPLE)
def show_all(visit: Visit) -> Response:
    """Show everybody, and what each role may."""
    lines = people(visit.actor, visit.container)
    table = [
        (words, ", ".join(gettext(role) for role in Role if role in ROLES[permission]))
        for words, permission in WHO_MAY
    ]
    return visit.page(
        "people.html",
        lines=lines,
        names=scope_names(visit.actor, visit.container),
        scope_words=scope_words,
        approves=approves,
        table=table,
        sessions=sum(line.sessions for line in lines),
        today=visit.today,
    )


@routes.page("/people/invite", Permission.PEOPLE)
def ask_invite(visit: Visit) -> Response:
    """Ask who is to come in."""
    return _invite_page(visit)


@routes.act("/people/invite", Permission.PEOPLE, audited="invited")
def send_invitation(visit: Visit) -> Response:
    """Add somebody, and show the link by which they come in."""
    form = visit.request.form
    email, new_role = form.get("email", "")[:TEXT_MAX], _wanted(visit)
    try:
        name = form.get("name", "")[:TEXT_MAX]
        handed = invite(visit.actor, visit.container, email, name, [new_role])
    except UserMistake as mistake:
        _blame(visit, mistake, "email")
        return _invite_page(visit, 422)
    visit.about = handed.user.email
    visit.log_words = f"{new_role.role}, {new_role.scope} {new_role.value}".strip()
    return _show_link(visit, handed)


@routes.page("/people/<int:user_id>", Permission.PEOPLE)
def show_one(visit: Visit, user_id: int) -> Response:
    """Show somebody, with everything that may be changed of them."""
    return _person_page(visit, user_id)


@routes.page("/people/<int:user_id>/link/<token>", Permission.PEOPLE)
def show_link(visit: Visit, user_id: int, token: str) -> Response:
    """Show a link to whoever made it."""
    assert visit.person is not None
    values = shown_once(visit.container, visit.person, token)
    if not values:
        return visit.see(f"/people/{user_id}")
    return visit.page("person_link.html", person=_user(visit, user_id), shown=values)


@routes.act("/people/<int:user_id>/role", Permission.PEOPLE, audited="changed a role")
def change_role(visit: Visit, user_id: int) -> Response:
    """Let somebody be something to a scope."""
    user, new_role = _user(visit, user_id), _wanted(visit)
    try:
        set_role(visit.actor, visit.container, user, new_role)
    except UserMistake as mistake:
        _blame(visit, mistake, "role")
        return _person_page(visit, user_id, 422)
    limit = f", approves up to {new_role.approves_up_to}" if new_role.approves_up_to else ""
    visit.log_words = f"{new_role.role}, {new_role.scope} {new_role.value}".strip() + limit
    return _done(visit, user, gettext("The role is kept."))


@routes.act("/people/<int:user_id>/role/remove", Permission.PEOPLE, audited="took a role away")
def drop_role(visit: Visit, user_id: int) -> Response:
    """Let somebody be nothing to a scope any more."""
    form, user = visit.request.form, _user(visit, user_id)
    scope, value = form.get("scope", ""), form.get("value", "")
    try:
        remove_role(visit.actor, visit.container, user, scope, value)
    except UserMistake as mistake:
        _blame(visit, mistake, "role")
        return _person_page(visit, user_id, 422)
    visit.log_words = f"{scope} {value}".strip()
    return _done(visit, user, gettext("The role is taken away."))


@routes.act("/people/<int:user_id>/disable", Permission.PEOPLE, audited="disabled a person")
def disable(visit: Visit, user_id: int) -> Response:
    """Let somebody sign in no more."""
    user = _user(visit, user_id)
    try:
        set_disabled(visit.actor, visit.container, user, disabled=True)
    except UserMistake as mistake:
        _blame(visit, mistake, "disable")
        return _person_page(visit, user_id, 422)
    return _done(visit, user, gettext("%(called)s may sign in no more.", called=_called(user)))


@routes.act("/people/<int:user_id>/enable", Permission.PEOPLE, audited="enabled a person")
def enable(visit: Visit, user_id: int) -> Response:
    """Let somebody sign in again."""
    user = _user(visit, user_id)
    set_disabled(visit.actor, visit.container, user, disabled=False)
    return _done(visit, user, gettext("%(called)s may sign in again.", called=_called(user)))


@routes.act("/people/<int:user_id>/link", Permission.PEOPLE, audited="made a link for a password")
def make_link(visit: Visit, user_id: int) -> Response:
    """Make a link by which somebody chooses a password."""
    user = _user(visit, user_id)
    visit.about = user.email
    purpose = PASSWORD if user.has_password else INVITED
    return _show_link(visit, hand_link(visit.actor, visit.container, user, purpose))


@routes.act("/people/<int:user_id>/code", Permission.PEOPLE, audited="took a second factor away")
def take_code(visit: Visit, user_id: int) -> Response:
    """Take somebody's second factor away."""
    user = _user(visit, user_id)
    take_second_factor(visit.actor, visit.container, user)
    return _done(
        visit, user, gettext("%(called)s signs in without a code now.", called=_called(user))
    )


@routes.act("/people/<int:user_id>/sessions", Permission.PEOPLE, audited="ended sessions")
def end_one(visit: Visit, user_id: int) -> Response:
    """Sign somebody out, in one browser or in all."""
    user = _user(visit, user_id)
    session = visit.request.form.get("session", "")[:TEXT_MAX]
    ended = end_sessions(visit.actor, visit.container, user, session=session)
    visit.log_words = f"{ended} sessions"
    return _done(visit, user, gettext("Ended: %(ended)s.", ended=ended))


@routes.page("/people/sessions", Permission.PEOPLE)
def ask_end_all(visit: Visit) -> Response:
    """Ask whether everybody is to sign in again."""
    lines = [line for line in people(visit.actor, visit.container) if line.sessions]
    return visit.page("end_sessions.html", lines=lines)


@routes.act("/people/sessions", Permission.PEOPLE, audited="ended all sessions")
def end_all(visit: Visit) -> Response:
    """Sign everybody out, but for this browser."""
    assert visit.person is not None
    ended = end_sessions(visit.actor, visit.container, None, but=visit.person.session)
    return visit.see("/people", gettext("Ended: %(ended)s. Yours goes on.", ended=ended))


def _done(visit: Visit, user: UserRow, message: str) -> FlaskResponse:
    visit.about = user.email
    return visit.see(f"/people/{user.id}", message)


def _user(visit: Visit, user_id: int) -> UserRow:
    try:
        return visit.container.store.users.get(user_id)
    except UserMistake:
        raise NotFound(gettext("there is no person %(user_id)s.", user_id=user_id)) from None


def _called(user: UserRow) -> str:
    return user.name or user.email


def _wanted(visit: Visit) -> RoleWanted:
    form = visit.request.form
    scope, _, value = form.get("scope", ALL)[:TEXT_MAX].partition(":")
    return RoleWanted(
        role=form.get("role", "")[:TEXT_MAX],
        scope=scope,
        value=value,
        sees_amounts=form.get("sees_amounts") == "on",
        approves_up_to=form.get("approves_up_to", "")[:TEXT_MAX],
    )


def _blame(visit: Visit, mistake: UserMistake, field: str) -> None:
    text = str(mistake)
    name = "approves_up_to" if "is not an amount" in text else field
    visit.field_errors[name] = " ".join(line.strip() for line in text.split("\n"))


def _scopes(visit: Visit) -> list[tuple[str, str]]:
    rows = visit.container.store.connections.all()
    labels = visit.container.store.connections.labels()
    return [
        (ALL, "everything"),
        *(
            (f"{CONNECTION}:{row.name}", gettext("only %(name)s", name=row.organisation.name))
            for row in rows
        ),
        *(
            (f"{LABEL}:{label}", gettext("only the label %(label)s", label=label))
            for label in labels
        ),
    ]


def _role_values(visit: Visit, user: UserRow | None = None) -> dict[str, object]:
    """Return what the fields of a role hold: typed, else as they are, else usual."""
    scopes = _scopes(visit)
    roles = user.roles if user is not None else ()
    role = roles[0] if roles else ScopedRole(ALL, "", Role.READER)
    new_role = (
        _wanted(visit)
        if "role" in visit.request.form
        else RoleWanted(
            role.role,
            role.scope,
            _scope_name(visit, role),
            role.sees_amounts,
            plain(role.approves_up_to) if role.approves_up_to is not None else "",
        )
    )
    return {
        "roles": [(role.value, term(role.value)) for role in Role],
        "scopes": scopes,
        "role": new_role.role,
        "scope": f"{new_role.scope}:{new_role.value}" if new_role.value else new_role.scope,
        "sees_amounts": new_role.sees_amounts,
        "approves_up_to": new_role.approves_up_to,
    }


def _scope_name(visit: Visit, role: ScopedRole) -> str:
    """Return what a role holds for, as the field names it."""
    if role.scope != CONNECTION:
        return role.value
    rows = visit.container.store.connections.all()
    return next((row.name for row in rows if str(row.id) == role.value), "")


def _invite_page(visit: Visit, status: int = 200) -> Response:
    form = visit.request.form
    return visit.page(
        "invite.html",
        status,
        email=form.get("email", ""),
        name=form.get("name", ""),
        mails=bool(visit.container.config.smtp.url and visit.container.config.desk.url),
        **_role_values(visit),
    )


def _person_page(visit: Visit, user_id: int, status: int = 200) -> Response:
    user = _user(visit, user_id)
    assert visit.person is not None
    return visit.page(
        "person.html",
        status,
        line=PersonLine(user, 0),
        person=user,
        called=_called(user),
        names=scope_names(visit.actor, visit.container),
        scope_words=scope_words,
        approves=approves,
        sessions=visit.container.store.sign_ins.sessions(user.id),
        own_session=visit.person.session,
        today=visit.today,
        **_role_values(visit, user),
    )


def _show_link(visit: Visit, handed: Handed) -> Response:
    assert visit.person is not None
    values = {
        "link": own_address(visit.container, visit.request) + CHOOSES_PASSWORD + handed.token,
        "mailed": "yes" if handed.mailed else "",
        "not_mailed_because": handed.not_mailed_because,
    }
    token = keep_to_show(visit.container, visit.person, values)
    return visit.see(f"/people/{handed.user.id}/link/{token}")
