"""Signing in: passwords, second factors, sessions and links that open once."""

from __future__ import annotations

import threading
import unicodedata
from datetime import timedelta
from typing import NamedTuple

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from arsync.application.organisation.container import Container
from arsync.application.people.persons import Person
from arsync.application.permissions import Actor, Permission, Role, permit
from arsync.errors import UserMistake
from arsync.store.people.sign_ins import LinkRow
from arsync.store.people.users import ALL, ScopedRole, UserRow

PASSWORD_CHARACTERS_MIN = 12
"""NIST SP 800-63B-4, 3.1.1.2, asks for 15 where a password stands alone and 8 beside a second
factor; length counts, and no mixture of signs is asked for."""

PASSWORD_CHARACTERS_MAX = 200

TRIES_MAX = 5
"""So often an address may be mistyped within `TRIES_WITHIN`; then it waits."""

NETWORK_TRIES_MAX = 30
"""So often any address may be mistyped from one network within `TRIES_WITHIN`."""

TRIES_WITHIN = timedelta(minutes=15)

HALF_OPEN = timedelta(minutes=10)
"""So long the second factor may take."""

FIRST_LINK = timedelta(days=1)
INVITATION = timedelta(days=7)
PASSWORD_LINK = timedelta(hours=2)

TOTP_SECONDS = 30
"""RFC 6238, 5.2: the time step."""

TOTP_STEPS_LATE_MAX = 1
"""RFC 6238, 5.2: at most one step is allowed for a clock that differs."""

FIRST, INVITED, PASSWORD = "first owner", "invitation", "new password"
"""What links are for."""

_WRONG = "The address or the password is wrong."

# A try takes some 64 MiB: two at a time are enough for people, and too few to fill a machine.
_HASHER = PasswordHasher()
_AT_ONCE = threading.BoundedSemaphore(2)

_NOBODYS = _HASHER.hash("nobody's password")
"""Compared with when an address is unknown, so that the time taken tells nothing."""


class SignedIn(NamedTuple):
    """A password was right."""

    user: UserRow
    token: str
    """The text of the session's cookie."""
    needs_code: bool
    """The second factor is still to come."""


class TooManyTries(UserMistake):
    """Somebody has to wait before the next try."""


def sign_in(
    container: Container, email: str, password: str, *, agent: str = "", address: str = ""
) -> SignedIn:
    """Sign somebody in by a password.

    Args:
        container: knows them.
        email: as it was typed.
        password: as it was typed.
        agent: what the browser calls itself.
        address: from where.

    Raises:
        TooManyTries: of this address or from this network.
        UserMistake: wrong; whether the address exists is not told.
    """
    sign_ins = container.store.sign_ins
    address_key, network_key = f"email {email.strip().lower()}", f"network {address}"
    if (
        sign_ins.failed(address_key, within=TRIES_WITHIN) >= TRIES_MAX
        or sign_ins.failed(network_key, within=TRIES_WITHIN) >= NETWORK_TRIES_MAX
    ):
        raise _waits()
    user = container.store.users.by_email(email)
    kept = container.store.users.password_hash(user.id) if user else ""
    right = is_password(password, kept or _NOBODYS) and bool(kept)
    if user is None or not right or user.disabled_at is not None:
        sign_ins.note_failure(network_key, within=TRIES_WITHIN)
        tries_left = TRIES_MAX - sign_ins.note_failure(address_key, within=TRIES_WITHIN)
        if tries_left <= 0:
            raise _waits()
        tries = "1 try is" if tries_left == 1 else f"{tries_left} tries are"
        raise UserMistake(f"{_WRONG} {tries} left.")
    sign_ins.forget_failures(address_key)
    if _HASHER.check_needs_rehash(kept):
        renewed = hashed(password)
        container.store.users.set_password_hash(user.id, renewed, end_sessions=False)
    return open_session(container, user, agent=agent, address=address, half_open=user.has_totp)


def open_session(
    container: Container,
    user: UserRow,
    *,
    agent: str = "",
    address: str = "",
    half_open: bool = False,
) -> SignedIn:
    """Begin a session; a half-open one waits for the second factor."""
    lasts = HALF_OPEN if half_open else timedelta(hours=container.config.desk.session_hours)
    token = container.store.sign_ins.begin(
        user.id, lasts=lasts, agent=agent, address=address, half_open=half_open
    )
    return SignedIn(user, token, half_open)


def give_code(
    container: Container, token: str, code: str, *, agent: str = "", address: str = ""
) -> SignedIn:
    """Sign in fully, by the code of a second factor; the session gets another token.

    Raises:
        TooManyTries: too many wrong codes.
        UserMistake: the code is wrong or was used, or the half-open session is over.
    """
    sign_ins, users = container.store.sign_ins, container.store.users
    row = sign_ins.session(token)
    if row is None or not row.half_open:
        raise UserMistake("That took too long. Sign in again.")
    key = f"code {row.user_id}"
    if sign_ins.failed(key, within=TRIES_WITHIN) >= TRIES_MAX:
        raise _waits()
    if not takes_code(container, row.user_id, code):
        if sign_ins.note_failure(key, within=TRIES_WITHIN) >= TRIES_MAX:
            raise _waits()
        raise UserMistake("The code is wrong, or it was used already. Take the next one.")
    sign_ins.forget_failures(key)
    sign_ins.end(row.token_hash, user_id=row.user_id)
    return open_session(container, users.get(row.user_id), agent=agent, address=address)


def takes_code(container: Container, user_id: int, code: str, secret: str = "") -> bool:
    """Return whether a code is right and new, and take it.

    Args:
        container: keeps the secret.
        user_id: whose.
        code: six digits; blanks do not matter.
        secret: one that is being set up; empty: the one that is kept.
    """
    secret = secret or container.store.users.totp_secret(user_id)
    if not secret:
        return False
    digits = "".join(code.split())
    now = int(container.clock.now().timestamp()) // TOTP_SECONDS
    one_time = pyotp.TOTP(secret)
    for step in range(now - TOTP_STEPS_LATE_MAX, now + TOTP_STEPS_LATE_MAX + 1):
        if pyotp.utils.strings_equal(digits, one_time.generate_otp(step)):
            return container.store.users.take_totp_step(user_id, step)
    return False


def person(container: Container, token: str) -> Person | None:
    """Return who a session's cookie belongs to; None: nobody, or the second factor is missing."""
    row = container.store.sign_ins.session(token) if token else None
    if row is None or row.half_open:
        return None
    return Person(container.store.users.get(row.user_id), row.token_hash)


def program(container: Container, token: str) -> Person | None:
    """Return whose program sends a token of the API; None: nobody's."""
    row = container.store.sign_ins.token(token) if token else None
    return None if row is None else Person(container.store.users.get(row.user_id))


# -- links that open once ---------------------------------------------------------------------


def first_link(actor: Actor, container: Container) -> str:
    """Return the token of the link by which the first owner makes an account; empty: there is one.

    The latest link alone opens.
    """
    permit(actor, Permission.PEOPLE, only_looks=True)
    if container.store.users.count():
        return ""
    return container.store.sign_ins.make_link(FIRST, lasts=FIRST_LINK, made_by=actor.name)


def link_for(actor: Actor, container: Container, user: UserRow, *, purpose: str) -> str:
    """Return the token of a link by which somebody chooses a password; earlier ones are void."""
    permit(actor, Permission.PEOPLE)
    lasts = INVITATION if purpose == INVITED else PASSWORD_LINK
    return container.store.sign_ins.make_link(
        purpose, lasts=lasts, user_id=user.id, made_by=actor.name
    )


def looked_at(container: Container, token: str) -> LinkRow | None:
    """Return what a link is for, without opening it; None: it opens nothing any more."""
    for purpose in (FIRST, INVITED, PASSWORD):
        link = container.store.sign_ins.look_at_link(purpose, token)
        if link is not None:
            return link
    return None


def open_first_link(
    container: Container, token: str, *, email: str, name: str, password: str
) -> UserRow:
    """Make the first owner.

    Raises:
        UserMistake: the link opens nothing, the address is none, or the password is too short.
    """
    check_password(password, email)
    store = container.store
    if store.sign_ins.look_at_link(FIRST, token) is None or store.users.count():
        raise _void()
    hashed_password = hashed(password)
    # Checked before the link is used up: a mistyped address must not cost the only link.
    owner = store.users.add(email, name, [ScopedRole(ALL, "", Role.OWNER)])
    if store.sign_ins.open_link(FIRST, token) is None:
        raise _void()
    store.users.set_password_hash(owner.id, hashed_password)
    return store.users.get(owner.id)


def choose_password(container: Container, token: str, password: str) -> UserRow:
    """Set the password of whom a link was made for; their sessions end.

    Raises:
        UserMistake: the link opens nothing, or the password is too short.
    """
    link = looked_at(container, token)
    if link is None or link.user_id is None:
        raise _void()
    user = container.store.users.get(link.user_id)
    check_password(password, user.email)
    hashed_password = hashed(password)
    if container.store.sign_ins.open_link(link.purpose, token) is None:
        raise _void()
    container.store.users.set_password_hash(user.id, hashed_password)
    return container.store.users.get(user.id)


# -- passwords --------------------------------------------------------------------------------


def check_password(password: str, email: str) -> None:
    """Refuse a password that is too easy to guess.

    Raises:
        UserMistake: it is too short, too long, or is the address.
    """
    length = len(password)
    if length < PASSWORD_CHARACTERS_MIN:
        raise UserMistake(
            f"The password has {length} characters. Use {PASSWORD_CHARACTERS_MIN} or more: "
            "several words are easy to remember."
        )
    if length > PASSWORD_CHARACTERS_MAX:
        raise UserMistake(f"The password is longer than {PASSWORD_CHARACTERS_MAX} characters.")
    if password.casefold() in {email.casefold(), email.casefold() * 2} or len(set(password)) < 5:
        raise UserMistake("That password is too easy to guess. Use several words.")


def hashed(password: str) -> str:
    """Return the hash of a password, as argon2 writes it."""
    with _AT_ONCE:
        return _HASHER.hash(_normal(password))


def is_password(password: str, kept: str) -> bool:
    """Return whether a password has this hash."""
    try:
        with _AT_ONCE:
            return _HASHER.verify(kept, _normal(password[: PASSWORD_CHARACTERS_MAX + 1]))
    except (VerificationError, InvalidHashError):
        return False


def _normal(password: str) -> str:
    # RFC 8265: keyboards write the same letters in different ways.
    return unicodedata.normalize("NFC", password)


def _waits() -> TooManyTries:
    minutes = int(TRIES_WITHIN.total_seconds() // 60)
    return TooManyTries(f"Too many tries. Wait {minutes} minutes, or ask an owner for a new link.")


def _void() -> UserMistake:
    return UserMistake("This link was used already, or it is too old. Ask for a new one.")
