"""Who may sign in, and as what: owners decide it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from arsync.application.organisation.container import Container
from arsync.application.people.signing_in import INVITED, link_for
from arsync.application.permissions import ROLES, Actor, Permission, Role, permit
from arsync.core.ledger.money import typed_amount
from arsync.core.ledger.sanitising import one_line
from arsync.errors import ArsyncError, UserMistake
from arsync.store.people.users import ALL, CONNECTION, LABEL, ScopedRole, UserRow

CHOOSES_PASSWORD = "/first/"  # noqa: S105 - the beginning of an address
"""Where a link for a password leads, before its token."""


class PersonLine(NamedTuple):
    """One person, as a list shows them."""

    user: UserRow
    sessions: int
    """Browsers in which they are signed in."""
    invited_by: str = ""
    """Who sent the invitation that still opens; empty: there is none."""
    invited_until: datetime | None = None

    @property
    def is_invited(self) -> bool:
        """Return whether they never came in: no password yet, and no provider that knows them."""
        return not self.user.has_password and not self.user.oidc_subject

    @property
    def is_disabled(self) -> bool:
        """Return whether they may sign in no more."""
        return self.user.disabled_at is not None


class RoleWanted(NamedTuple):
    """What somebody is to be, as it was typed."""

    role: str
    scope: str = ALL
    """`all`, `connection` or `label`."""
    value: str = ""
    """The connection's name, or the label."""
    sees_amounts: bool = True
    approves_up_to: str = ""
    """An amount in the organisation's currency; empty: no limit."""


class Handed(NamedTuple):
    """A link that was made for somebody, and whether they got it by mail."""

    user: UserRow
    token: str
    mailed: bool = False
    not_mailed_because: str = ""


def people(actor: Actor, container: Container) -> list[PersonLine]:
    """Return everybody, by name."""
    permit(actor, Permission.PEOPLE, only_looks=True)
    store = container.store
    sessions = store.sign_ins.open_sessions()
    links = {link.user_id: link for link in store.sign_ins.standing_links(INVITED)}
    lines = []
    for user in store.users.all():
        link = links.get(user.id)
        count = sessions.get(user.id, 0)
        lines.append(
            PersonLine(user, count, link.made_by, link.expires_at)
            if link is not None
            else PersonLine(user, count)
        )
    return lines


def scope_names(actor: Actor, container: Container) -> Mapping[str, str]:
    """Return the organisations by the connection's number, as roles keep it."""
    permit(actor, Permission.PEOPLE, only_looks=True)
    return {str(row.id): row.organisation.name for row in container.store.connections.all()}


def invite(
    actor: Actor, container: Container, email: str, name: str, roles: Sequence[RoleWanted]
) -> Handed:
    """Add somebody, and make the link by which they choose a password.

    It is mailed to them where `[smtp]` sends and `[desk] url` says where they come in.

    Raises:
        UserMistake: the address is known or is none, or a role is none.
    """
    permit(actor, Permission.PEOPLE)
    scoped = [_scoped(container, new_role) for new_role in roles]
    if not container.store.users.count() and not any(
        (role.scope, role.role) == (ALL, Role.OWNER) for role in scoped
    ):
        raise UserMistake("the first person has to be an owner of everything.")
    user = container.store.users.add(email, one_line(name).strip(), scoped)
    return _hand(actor, container, user, INVITED)


def hand_link(actor: Actor, container: Container, user: UserRow, purpose: str) -> Handed:
    """Make a new link by which somebody chooses a password, and mail it as `invite` does.

    Args:
        actor: an owner.
        container: knows them.
        user: for whom.
        purpose: `INVITED` or `PASSWORD`.

    Raises:
        UserMistake: they are disabled.
    """
    permit(actor, Permission.PEOPLE)
    if user.disabled_at is not None:
        raise UserMistake(f"{user.email} is disabled: enable them first.")
    return _hand(actor, container, user, purpose)


def set_role(actor: Actor, container: Container, user: UserRow, wanted: RoleWanted) -> UserRow:
    """Let somebody be something to all connections, to one or to a label; others stay.

    Raises:
        UserMistake: the role or the amount is none, or nobody would be left who may change people.
    """
    permit(actor, Permission.PEOPLE)
    new = _scoped(container, wanted)
    others = [role for role in user.roles if (role.scope, role.value) != (new.scope, new.value)]
    return container.store.users.set_roles(user.id, [*others, new])


def remove_role(
    actor: Actor, container: Container, user: UserRow, scope: str, value: str
) -> UserRow:
    """Let somebody be nothing to a scope any more.

    Raises:
        UserMistake: nobody would be left who may change people.
    """
    permit(actor, Permission.PEOPLE)
    others = [role for role in user.roles if (role.scope, role.value) != (scope, value)]
    return container.store.users.set_roles(user.id, others)


def remove_wanted_role(
    actor: Actor, container: Container, user: UserRow, wanted: RoleWanted
) -> UserRow:
    """Let somebody be nothing to a scope any more, as it was typed.

    Raises:
        UserMistake: there is no such connection, or nobody would be left who may change people.
    """
    permit(actor, Permission.PEOPLE)
    scoped = _scoped(container, wanted._replace(role=Role.READER, approves_up_to=""))
    return remove_role(actor, container, user, scoped.scope, scoped.value)


def set_disabled(actor: Actor, container: Container, user: UserRow, *, disabled: bool) -> UserRow:
    """Let somebody sign in no more, or again. Their sessions end at once.

    Raises:
        UserMistake: they are the last owner, or the one who asks.
    """
    permit(actor, Permission.PEOPLE)
    if disabled and user.id == actor.user_id:
        raise UserMistake("you cannot disable yourself: another owner can.")
    return container.store.users.set_disabled(user.id, disabled=disabled)


def take_second_factor(actor: Actor, container: Container, user: UserRow) -> None:
    """Take the second factor of somebody away who lost it; they sign in by the password alone."""
    permit(actor, Permission.PEOPLE)
    container.store.users.set_totp_secret(user.id, "")


def end_sessions(
    actor: Actor, container: Container, user: UserRow | None, *, session: str = "", but: str = ""
) -> int:
    """Sign browsers out at their next click; returns how many.

    Args:
        actor: an owner.
        container: knows the sessions.
        user: whose; None: everybody's.
        session: the hash of one session's token; empty: all of theirs.
        but: the hash of the one that goes on.
    """
    permit(actor, Permission.PEOPLE)
    sign_ins = container.store.sign_ins
    if user is not None and session:
        return int(sign_ins.end(session, user_id=user.id))
    return sign_ins.end_all(user.id if user is not None else None, but=but)


def person_of(actor: Actor, container: Container, email: str) -> UserRow:
    """Return who has an address.

    Raises:
        UserMistake: nobody has.
    """
    permit(actor, Permission.PEOPLE, only_looks=True)
    user = container.store.users.by_email(email)
    if user is None:
        raise UserMistake(f"nobody has the address {email!r}.\n    hint: `arsync users list`")
    return user


def scope_words(role: ScopedRole, names: Mapping[str, str]) -> str:
    """Return for what a role holds: `everything`, `only Acme Ltd`, `only the label west`."""
    if role.scope == CONNECTION:
        return f"only {names.get(role.value, 'a connection that is gone')}"
    return f"only the label {role.value}" if role.scope == LABEL else "everything"


def approves(role: ScopedRole) -> bool:
    """Return whether a role approves actions at all."""
    return Role(role.role) in ROLES[Permission.APPROVE]


def _scoped(container: Container, wanted: RoleWanted) -> ScopedRole:
    try:
        role = Role(wanted.role)
    except ValueError:
        raise UserMistake(f"{wanted.role!r} is no role.\n    hint: {', '.join(Role)}") from None
    value = ""
    if wanted.scope == CONNECTION:
        value = str(container.store.connections.get(wanted.value).id)
    elif wanted.scope == LABEL:
        value = one_line(wanted.value).strip()
        if not value:
            raise UserMistake("say which label.")
    elif wanted.scope != ALL:
        raise UserMistake(f"{wanted.scope!r} is nothing that a role holds for.")
    limit = typed_amount(wanted.approves_up_to) if wanted.approves_up_to.strip() else None
    return ScopedRole(wanted.scope, value, role, wanted.sees_amounts, limit)


def _hand(actor: Actor, container: Container, user: UserRow, purpose: str) -> Handed:
    token = link_for(actor, container, user, purpose=purpose)
    config = container.config
    if not config.smtp.url or not config.desk.url:
        return Handed(user, token)
    from arsync.application.people.inviting import mail_link

    try:
        mail_link(container, user, token, purpose=purpose, who=actor.name)
    except ArsyncError as error:
        # The link is good all the same: whoever made it hands it over.
        return Handed(user, token, not_mailed_because=str(error).split("\n", maxsplit=1)[0])
    return Handed(user, token, mailed=True)
