"""People: who may sign in and as what, invitations, and the browsers they are in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct
from werkzeug.exceptions import NotFound

from arsync.application.people.managing import (
    CHOOSES_PASSWORD,
    Handed,
    PersonLine,
    RoleWanted,
    end_sessions,
    hand_link,
    invite,
    people,
    remove_wanted_role,
    scope_names,
    scope_words,
    set_disabled,
    set_role,
    take_second_factor,
)
from arsync.application.people.signing_in import INVITED, PASSWORD
from arsync.application.permissions import Permission, Role
from arsync.errors import UserMistake
from arsync.store.people.users import UserRow
from arsync.web.api.operations import (
    Amount,
    NoBody,
    Operations,
    Paged,
    PageQuery,
    number_key,
    page_by_key,
)
from arsync.web.caller import Caller
from arsync.web.desk.guard import own_address

operations = Operations("people")

PersonNumber = Annotated[int, Meta(ge=1, le=2_147_483_647, description="A person's number.")]


class ScopeBody(Struct, frozen=True, forbid_unknown_fields=True):
    """For what a role holds."""

    scope: Literal["all", "connection", "label"] = "all"
    value: Annotated[
        str, Meta(max_length=200, description="The connection's name, or the label.")
    ] = ""


class RoleBody(ScopeBody, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What somebody is to be."""

    role: Role
    sees_amounts: bool = True
    approves_up_to: Annotated[
        Amount | None, Meta(description="In the organisation's currency; left out: no limit.")
    ] = None


class InvitationBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is to come in, and as what."""

    email: Annotated[str, Meta(min_length=3, max_length=300)]
    role: RoleBody
    name: Annotated[str, Meta(max_length=200)] = ""


class SessionsBody(Struct, frozen=True, forbid_unknown_fields=True):
    """In which browser somebody is signed out."""

    session: Annotated[
        str | None, Meta(description="The id of one session; left out: all of theirs.")
    ] = None


class RoleView(Struct, frozen=True):
    """What somebody is to some connections."""

    role: Role
    scope: str
    """all, connection or label."""
    value: str
    """The connection's number, or the label."""
    words: str
    """`everything`, `only Acme Ltd`."""
    sees_amounts: bool
    approves_up_to: Decimal | None
    """Null: no limit."""


class OwnView(Struct, frozen=True):
    """Whose token it is."""

    id: int
    email: str
    name: str
    roles: tuple[RoleView, ...]


class PersonView(OwnView, frozen=True, kw_only=True):
    """Somebody who may sign in."""

    disabled: bool
    has_second_factor: bool
    never_came_in: bool
    """Neither a password nor the identity provider lets them in yet."""
    invited_by: str
    """Who sent the invitation that still opens; empty: there is none."""
    invited_until: datetime | None
    sessions: int
    """Browsers in which they are signed in."""
    last_seen_at: datetime | None


class SessionView(Struct, frozen=True):
    """A browser in which somebody is signed in."""

    id: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    browser: str
    address: str


class HandedView(Struct, frozen=True):
    """A link that was made for somebody."""

    person: OwnView
    link: str | None
    """It opens once. It is in this answer alone: null where the same request is sent again."""
    mailed: bool
    not_mailed_because: str


class EndedView(Struct, frozen=True):
    """How many browsers were signed out."""

    ended: int


@operations.read("/me", None, policy=True)
def get_me(caller: Caller) -> OwnView:
    """Get whose token it is, and what they are."""
    assert caller.person is not None, "somebody's token came along"
    user = caller.person.user
    connections = {str(row.id): row.organisation.name for row in caller.connections()}
    return OwnView(user.id, user.email, user.name, _roles(user, connections))


@operations.read("/people", Permission.PEOPLE, policy=True)
def list_people(caller: Caller, query: PageQuery) -> Paged[PersonView]:
    """List everybody who may sign in, in the order of their numbers."""
    names = scope_names(caller.actor, caller.container)
    return page_by_key(
        people(caller.actor, caller.container),
        query,
        lambda line: _person_view(line, names),
        lambda line: number_key(line.user.id),
    )


@operations.read("/people/{person}", Permission.PEOPLE, policy=True)
def get_person(caller: Caller, person: PersonNumber) -> PersonView:
    """Get somebody."""
    return _person(caller, person)


@operations.read("/people/{person}/sessions", Permission.PEOPLE)
def list_sessions(caller: Caller, person: PersonNumber, query: PageQuery) -> Paged[SessionView]:
    """List the browsers in which somebody is signed in."""
    user = _user(caller, person)
    views = [
        SessionView(
            row.token_hash,
            row.created_at,
            row.seen_at,
            row.expires_at,
            row.agent,
            row.address,
        )
        for row in caller.container.store.sign_ins.sessions(user.id)
    ]
    return page_by_key(views, query, lambda view: view, lambda view: view.id)


@operations.act(
    "/people", Permission.PEOPLE, audited="invited", policy=True, told_once=frozenset({"link"})
)
def invite_person(caller: Caller, body: InvitationBody) -> HandedView:
    """Invite somebody: the link by which they choose a password is mailed where mail is set up."""
    role_wanted = _wanted(body.role)
    handed = invite(caller.actor, caller.container, body.email, body.name, [role_wanted])
    caller.log_words = _words(role_wanted)
    return _handed_view(caller, handed)


@operations.act(
    "/people/{person}/link",
    Permission.PEOPLE,
    audited="made a link for a password",
    policy=True,
    told_once=frozenset({"link"}),
)
def make_password_link(caller: Caller, person: PersonNumber, body: NoBody) -> HandedView:
    """Make a new link by which somebody chooses a password; earlier ones open nothing more."""
    user = _user(caller, person)
    purpose = PASSWORD if user.has_password else INVITED
    return _handed_view(caller, hand_link(caller.actor, caller.container, user, purpose))


@operations.act("/people/{person}/role", Permission.PEOPLE, audited="changed a role", policy=True)
def change_role(caller: Caller, person: PersonNumber, body: RoleBody) -> PersonView:
    """Let somebody be something to all connections, to one or to a label; other roles stay."""
    role_wanted = _wanted(body)
    set_role(caller.actor, caller.container, _user(caller, person), role_wanted)
    caller.log_words = _words(role_wanted)
    return _person(caller, person)


@operations.act(
    "/people/{person}/role/remove", Permission.PEOPLE, audited="took a role away", policy=True
)
def take_role(caller: Caller, person: PersonNumber, body: ScopeBody) -> PersonView:
    """Let somebody be nothing to all connections, to one or to a label any more."""
    role_wanted = RoleWanted(Role.READER, body.scope, body.value)
    remove_wanted_role(caller.actor, caller.container, _user(caller, person), role_wanted)
    caller.log_words = f"{body.scope} {body.value}".strip()
    return _person(caller, person)


@operations.act(
    "/people/{person}/disable", Permission.PEOPLE, audited="disabled a person", policy=True
)
def disable_person(caller: Caller, person: PersonNumber, body: NoBody) -> PersonView:
    """Let somebody sign in no more; their sessions and tokens end at once."""
    set_disabled(caller.actor, caller.container, _user(caller, person), disabled=True)
    return _person(caller, person)


@operations.act(
    "/people/{person}/enable", Permission.PEOPLE, audited="enabled a person", policy=True
)
def enable_person(caller: Caller, person: PersonNumber, body: NoBody) -> PersonView:
    """Let somebody sign in again."""
    set_disabled(caller.actor, caller.container, _user(caller, person), disabled=False)
    return _person(caller, person)


@operations.act(
    "/people/{person}/second-factor/remove",
    Permission.PEOPLE,
    audited="took a second factor away",
    policy=True,
)
def take_persons_second_factor(caller: Caller, person: PersonNumber, body: NoBody) -> PersonView:
    """Take the second factor of somebody away who lost it."""
    take_second_factor(caller.actor, caller.container, _user(caller, person))
    return _person(caller, person)


@operations.act("/people/{person}/sessions/end", Permission.PEOPLE, audited="ended sessions")
def end_persons_sessions(caller: Caller, person: PersonNumber, body: SessionsBody) -> EndedView:
    """Sign somebody out, in one browser or in all; tokens go on."""
    user = _user(caller, person)
    ended = end_sessions(caller.actor, caller.container, user, session=body.session or "")
    return _ended(caller, ended)


@operations.act("/people/sessions/end", Permission.PEOPLE, audited="ended all sessions")
def end_all_sessions(caller: Caller, body: NoBody) -> EndedView:
    """Sign everybody out, in every browser; tokens go on."""
    return _ended(caller, end_sessions(caller.actor, caller.container, None))


def _ended(caller: Caller, ended: int) -> EndedView:
    caller.log_words = f"{ended} sessions"
    return EndedView(ended)


def _user(caller: Caller, person: int) -> UserRow:
    try:
        user = caller.container.store.users.get(person)
    except UserMistake:
        raise NotFound(f"there is no person {person}.") from None
    caller.about = user.email
    return user


def _person(caller: Caller, person: int) -> PersonView:
    """Return somebody as they are now."""
    user = _user(caller, person)
    names = scope_names(caller.actor, caller.container)
    lines = people(caller.actor, caller.container)
    line = next((line for line in lines if line.user.id == user.id), PersonLine(user, 0))
    return _person_view(line, names)


def _person_view(line: PersonLine, names: Mapping[str, str]) -> PersonView:
    user = line.user
    return PersonView(
        user.id,
        user.email,
        user.name,
        _roles(user, names),
        disabled=line.is_disabled,
        has_second_factor=user.has_totp,
        never_came_in=line.is_invited,
        invited_by=line.invited_by,
        invited_until=line.invited_until,
        sessions=line.sessions,
        last_seen_at=user.last_seen_at,
    )


def _roles(user: UserRow, names: Mapping[str, str]) -> tuple[RoleView, ...]:
    return tuple(
        RoleView(
            Role(role.role),
            role.scope,
            role.value,
            scope_words(role, names),
            role.sees_amounts,
            role.approves_up_to,
        )
        for role in user.roles
    )


def _wanted(body: RoleBody) -> RoleWanted:
    limit = body.approves_up_to or ""
    return RoleWanted(body.role, body.scope, body.value, body.sees_amounts, limit)


def _words(wanted: RoleWanted) -> str:
    limit = f", approves up to {wanted.approves_up_to}" if wanted.approves_up_to else ""
    return f"{wanted.role}, {wanted.scope} {wanted.value}".strip() + limit


def _handed_view(caller: Caller, handed: Handed) -> HandedView:
    user = handed.user
    caller.about = user.email
    names = scope_names(caller.actor, caller.container)
    return HandedView(
        OwnView(user.id, user.email, user.name, _roles(user, names)),
        own_address(caller.container, caller.request) + CHOOSES_PASSWORD + handed.token,
        handed.mailed,
        handed.not_mailed_because,
    )
