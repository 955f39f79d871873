"""People who may sign in, and what they are to which connections."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from cryptography.fernet import MultiFernet
from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from arsync.clock import Clock
from arsync.errors import UserMistake
from arsync.store.admin.encryption_keys import Keys
from arsync.store.db.database import Database, inserted_id
from arsync.store.db.people_tables import one_time_links, user_roles, users, web_sessions

NAME_CHARACTERS_MAX = 80

EMAIL_CHARACTERS_MAX = 254
"""RFC 5321, 4.5.3.1.3, less the brackets of a path."""

ALL, CONNECTION, LABEL = "all", "connection", "label"
"""What a role holds for: every connection, one, or those with a label."""


class ScopedRole(NamedTuple):
    """What somebody is to some connections."""

    scope: str
    """`all`, `connection` or `label`."""
    value: str
    """The connection's number as a text, or the label; empty for all."""
    role: str
    sees_amounts: bool = True
    approves_up_to: Decimal | None = None
    """In the organisation's currency; None: no limit."""


class UserRow(NamedTuple):
    """A person who may sign in; nothing secret."""

    id: int
    name: str
    email: str
    has_password: bool
    has_totp: bool
    oidc_subject: str
    locale: str
    theme: str
    shortcuts: str
    """Of the keyboard: on, alt or off."""
    created_at: datetime
    disabled_at: datetime | None
    roles: tuple[ScopedRole, ...] = ()
    last_seen_at: datetime | None = None


_PLAIN: list[ColumnElement[Any]] = [
    users.c.id,
    users.c.name,
    users.c.email,
    (users.c.password_hash != "").label("has_password"),
    users.c.totp_key.is_not(None).label("has_totp"),
    users.c.oidc_subject,
    users.c.locale,
    users.c.theme,
    users.c.shortcuts,
    users.c.created_at,
    users.c.disabled_at,
]

CHANGEABLE = frozenset({"name", "locale", "theme", "shortcuts", "oidc_subject"})
"""What a change of a user may set; the rest has a method of its own."""


class Users:
    """The tables `users` and `user_roles`."""

    def __init__(self, database: Database, clock: Clock, keys: Keys | None) -> None:
        """Work on this database; the keys encrypt the secrets of second factors."""
        self._database = database
        self._clock = clock
        self._keys = keys

    def count(self) -> int:
        """Return how many there are, disabled ones too."""
        with self._database.read() as db:
            return int(db.scalar(select(func.count()).select_from(users)) or 0)

    def add(self, email: str, name: str, roles: Iterable[ScopedRole]) -> UserRow:
        """Add somebody, without a password.

        Raises:
            UserMistake: the address is known already, or is none.
        """
        address = normal_email(email)
        with self._database.write() as db:
            if db.scalar(select(users.c.id).where(users.c.email == address)) is not None:
                raise UserMistake(f"{address} is known already.")
            values = {
                "email": address,
                "name": name.strip()[:NAME_CHARACTERS_MAX],
                "created_at": self._clock.now(),
            }
            user_id = inserted_id(db.execute(insert(users).values(values)))
            _set_roles(db, user_id, roles)
            return _user(db, user_id)

    def all(self) -> list[UserRow]:
        """Return everybody, by name."""
        with self._database.read() as db:
            roles = _roles(db)
            sessions = web_sessions.c
            seen_at = select(sessions.user_id, func.max(sessions.seen_at)).group_by(
                sessions.user_id
            )
            last_seen = dict(db.execute(seen_at).all())
            query = select(*_PLAIN).order_by(func.lower(users.c.name), users.c.email)
            return [
                _row(row, roles.get(row.id, ()), last_seen.get(row.id)) for row in db.execute(query)
            ]

    def get(self, user_id: int) -> UserRow:
        """Return one.

        Raises:
            UserMistake: there is none of this number.
        """
        with self._database.read() as db:
            return _user(db, user_id)

    def by_email(self, email: str) -> UserRow | None:
        """Return who has this address, however it is written; None: nobody."""
        with self._database.read() as db:
            query = select(users.c.id).where(users.c.email == email.strip().lower())
            user_id = db.scalar(query)
            return None if user_id is None else _user(db, user_id)

    def by_subject(self, subject: str) -> UserRow | None:
        """Return whom the identity provider calls so; None: nobody."""
        with self._database.read() as db:
            user_id = db.scalar(select(users.c.id).where(users.c.oidc_subject == subject))
            return None if user_id is None or not subject else _user(db, user_id)

    def change(self, user_id: int, values: Mapping[str, str]) -> UserRow:
        """Change what `CHANGEABLE` names."""
        assert values.keys() <= CHANGEABLE, "the rest has methods of its own"
        with self._database.write() as db:
            db.execute(update(users).where(users.c.id == user_id).values(**values))
            return _user(db, user_id)

    def set_roles(self, user_id: int, roles: Iterable[ScopedRole]) -> UserRow:
        """Replace what somebody is.

        Raises:
            UserMistake: nobody would be left who may change people.
        """
        with self._database.write() as db:
            _set_roles(db, user_id, roles)
            _keep_an_owner(db)
            return _user(db, user_id)

    def set_disabled(self, user_id: int, *, disabled: bool) -> UserRow:
        """Let somebody sign in no more, or again; open sessions and links end at once.

        Raises:
            UserMistake: nobody would be left who may change people.
        """
        moment = self._clock.now() if disabled else None
        with self._database.write() as db:
            db.execute(update(users).where(users.c.id == user_id).values(disabled_at=moment))
            if disabled:
                db.execute(delete(web_sessions).where(web_sessions.c.user_id == user_id))
                db.execute(delete(one_time_links).where(one_time_links.c.user_id == user_id))
            _keep_an_owner(db)
            return _user(db, user_id)

    # -- secrets ------------------------------------------------------------------------------

    def password_hash(self, user_id: int) -> str:
        """Return the hash of the password; empty: there is none."""
        with self._database.read() as db:
            stored = db.scalar(select(users.c.password_hash).where(users.c.id == user_id))
        return stored or ""

    def set_password_hash(
        self, user_id: int, password_hash: str, *, end_sessions: bool = True
    ) -> None:
        """Keep the hash of a new password; whoever was signed in with the old one is not."""
        with self._database.write() as db:
            this = users.c.id == user_id
            db.execute(update(users).where(this).values(password_hash=password_hash))
            if end_sessions:
                db.execute(delete(web_sessions).where(web_sessions.c.user_id == user_id))

    def totp_secret(self, user_id: int) -> str:
        """Return the secret of the second factor; empty: there is none."""
        with self._database.read() as db:
            stored = db.scalar(select(users.c.totp_key).where(users.c.id == user_id))
        return self._cipher(create=False).decrypt(stored).decode() if stored else ""

    def set_totp_secret(self, user_id: int, secret: str) -> None:
        """Keep the secret of a second factor, encrypted; empty takes it away."""
        kept = self._cipher(create=True).encrypt(secret.encode()) if secret else None
        with self._database.write() as db:
            this = users.c.id == user_id
            db.execute(update(users).where(this).values(totp_key=kept, totp_step=0))

    def take_totp_step(self, user_id: int, step: int) -> bool:
        """Return whether no code of this time step or a later one was taken yet, and take it."""
        with self._database.write() as db:
            statement = (
                update(users)
                .where(users.c.id == user_id, users.c.totp_step < step)
                .values(totp_step=step)
            )
            return bool(db.execute(statement).rowcount)

    def _cipher(self, *, create: bool) -> MultiFernet:
        assert self._keys is not None, "a store that is opened without keys keeps no secrets"
        return self._keys.cipher(create=create)


def normal_email(email: str) -> str:
    """Return an address as it is kept.

    Raises:
        UserMistake: it is none.
    """
    address = email.strip().lower()
    local, at, domain = address.rpartition("@")
    plain = address.isprintable() and not any(char in address for char in " <>,;\"'")
    if not (local and at and domain) or not plain or len(address) > EMAIL_CHARACTERS_MAX:
        raise UserMistake(f"{email.strip()[:60]!r} is no email address.")
    return address


def _set_roles(db: Connection, user_id: int, roles: Iterable[ScopedRole]) -> None:
    db.execute(delete(user_roles).where(user_roles.c.user_id == user_id))
    rows = [
        {
            "user_id": user_id,
            "scope": role.scope,
            "scope_value": role.value,
            "role": role.role,
            "sees_amounts": role.sees_amounts,
            "approves_up_to": role.approves_up_to,
        }
        for role in roles
    ]
    if rows:
        db.execute(insert(user_roles), rows)


def _keep_an_owner(db: Connection) -> None:
    """Refuse a change that leaves nobody who may change people."""
    query = (
        select(users.c.id)
        .join(user_roles, user_roles.c.user_id == users.c.id)
        .where(
            users.c.disabled_at.is_(None), user_roles.c.scope == ALL, user_roles.c.role == "owner"
        )
        .limit(1)
    )
    if db.scalar(query) is None:
        raise UserMistake(
            "the last owner stays: nobody would be left who may change people.\n"
            "    hint: make somebody else an owner of all connections first"
        )


def _roles(
    db: Connection, user_ids: Collection[int] | None = None
) -> dict[int, tuple[ScopedRole, ...]]:
    columns = user_roles.c
    query = select(user_roles).order_by(columns.user_id, columns.scope, columns.scope_value)
    if user_ids is not None:
        query = query.where(columns.user_id.in_(user_ids))
    by_user: dict[int, tuple[ScopedRole, ...]] = {}
    for row in db.execute(query):
        role = ScopedRole(
            row.scope, row.scope_value, row.role, row.sees_amounts, row.approves_up_to
        )
        by_user[row.user_id] = (*by_user.get(row.user_id, ()), role)
    return by_user


def _user(db: Connection, user_id: int) -> UserRow:
    row = db.execute(select(*_PLAIN).where(users.c.id == user_id)).one_or_none()
    if row is None:
        raise UserMistake(f"there is no person {user_id}.")
    return _row(row, _roles(db, [user_id]).get(user_id, ()))


def _row(
    row: Row[Any], roles: tuple[ScopedRole, ...], last_seen_at: datetime | None = None
) -> UserRow:
    return UserRow(**row._asdict(), roles=roles, last_seen_at=last_seen_at)
