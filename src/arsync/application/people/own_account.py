"""What people change of themselves: name, looks, password, second factor, sessions, tokens.

It needs no permission: each changes what is theirs, and nothing by which they may do more.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import pyotp
from babel import Locale, UnknownLocaleError

from arsync.application.organisation.container import Container
from arsync.application.people.persons import Person
from arsync.application.people.signing_in import (
    TRIES_MAX,
    TRIES_WITHIN,
    TooManyTries,
    check_password,
    hashed,
    is_password,
    takes_code,
)
from arsync.core.ledger.sanitising import one_line
from arsync.errors import UserMistake
from arsync.store.people.users import NAME_CHARACTERS_MAX, UserRow

THEMES = ("auto", "light", "dark")
SHORTCUTS = ("on", "alt", "off")

TOKEN_DAYS = (30, 90, 365)
"""How long a token of the API may hold; one without an end is nobody's to forget."""

TOKENS_MAX = 20
"""Of one person."""

TOKEN_NAME_CHARACTERS_MAX = 60

ISSUER = "arsync"
"""Under which name an app lists the second factor."""

SECRET_CHARACTERS = 32
"""Base32: 20 bytes, as long as the hash of HMAC-SHA-1 (RFC 4226, 4)."""


class OwnLooks(NamedTuple):
    """How the desk is to look and sound to somebody."""

    name: str
    locale: str
    """As `en_GB`; empty: the browser's."""
    theme: str
    shortcuts: str


def change_looks(container: Container, person: Person, looks: OwnLooks) -> UserRow:
    """Keep how the desk looks to somebody.

    Raises:
        UserMistake: the name is empty, or a choice is none that is offered.
    """
    name = one_line(looks.name).strip()[:NAME_CHARACTERS_MAX]
    if not name:
        raise UserMistake("The name is empty. It stands beside what you decide.")
    if looks.theme not in THEMES or looks.shortcuts not in SHORTCUTS:
        raise UserMistake("That choice is none that is offered.")
    if looks.locale:
        try:
            Locale.parse(looks.locale)
        except (ValueError, UnknownLocaleError):
            raise UserMistake(f"{looks.locale[:20]!r} is no locale.") from None
    return container.store.users.change(person.user.id, looks._replace(name=name)._asdict())


def change_password(container: Container, person: Person, *, old: str, new: str) -> int:
    """Change the password; returns how many other sessions that ended.

    Raises:
        UserMistake: the old one is wrong, or the new one is too easy.
        TooManyTries: of the old one.
    """
    _confirm(container, person.user, old)
    check_password(new, person.user.email)
    container.store.users.set_password_hash(person.user.id, hashed(new), end_sessions=False)
    return container.store.sign_ins.end_all(person.user.id, but=person.session)


def new_secret() -> str:
    """Return the secret of a second factor that is being set up; nothing is kept."""
    return pyotp.random_base32(SECRET_CHARACTERS)


def is_secret(text: str) -> bool:
    """Return whether a text may be a secret that `new_secret` made."""
    alphabet = set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    return len(text) == SECRET_CHARACTERS and alphabet.issuperset(text)


def setup_address(person: Person, secret: str) -> str:
    """Return what a QR code says to an app: `otpauth://totp/...`."""
    return pyotp.TOTP(secret).provisioning_uri(name=person.user.email, issuer_name=ISSUER)


def set_up_second_factor(container: Container, person: Person, secret: str, code: str) -> None:
    """Keep a second factor once its app has shown a right code. Other sessions end.

    Raises:
        UserMistake: the code is wrong, or there is one already.
    """
    if person.user.has_totp:
        raise UserMistake("There is a code already: take it away first.")
    if not is_secret(secret):
        raise UserMistake("That took too long. Begin again.")
    if not takes_code(container, person.user.id, code, secret):
        raise UserMistake("The code is wrong. Take the one that the app shows now.")
    container.store.users.set_totp_secret(person.user.id, secret)
    container.store.sign_ins.end_all(person.user.id, but=person.session)


def end_second_factor(container: Container, person: Person, code: str) -> None:
    """Take the second factor away, by a code of it.

    Raises:
        UserMistake: the code is wrong.
        TooManyTries: too many wrong codes.
    """
    sign_ins, key = container.store.sign_ins, f"code {person.user.id}"
    if sign_ins.failed(key, within=TRIES_WITHIN) >= TRIES_MAX:
        raise _waits()
    if not takes_code(container, person.user.id, code):
        sign_ins.note_failure(key, within=TRIES_WITHIN)
        raise UserMistake("The code is wrong, or it was used already. Take the next one.")
    sign_ins.forget_failures(key)
    container.store.users.set_totp_secret(person.user.id, "")


def new_token(container: Container, person: Person, name: str, days: int) -> str:
    """Make a token by which a program acts as this person, and return its text.

    Raises:
        UserMistake: it has no name, holds too long, or there are too many.
    """
    plain = one_line(name).strip()[:TOKEN_NAME_CHARACTERS_MAX]
    if not plain:
        raise UserMistake("Say what the token is for.")
    if days not in TOKEN_DAYS:
        raise UserMistake(f"A token holds for {', '.join(map(str, TOKEN_DAYS))} days.")
    sign_ins = container.store.sign_ins
    if len(sign_ins.tokens(person.user.id)) >= TOKENS_MAX:
        raise UserMistake(f"There are {TOKENS_MAX} tokens already. Revoke one first.")
    ends = container.clock.now() + timedelta(days=days)
    return sign_ins.make_token(person.user.id, plain, expires_at=ends)


def _confirm(container: Container, user: UserRow, password: str) -> None:
    """Refuse whoever sits at somebody's open browser and does not know the password."""
    sign_ins, key = container.store.sign_ins, f"email {user.email}"
    if sign_ins.failed(key, within=TRIES_WITHIN) >= TRIES_MAX:
        raise _waits()
    kept = container.store.users.password_hash(user.id)
    if not kept:
        raise UserMistake("You sign in without a password. An owner can make a link for one.")
    if not is_password(password, kept):
        sign_ins.note_failure(key, within=TRIES_WITHIN)
        raise UserMistake("The present password is wrong.")
    sign_ins.forget_failures(key)


def _waits() -> TooManyTries:
    minutes = int(TRIES_WITHIN.total_seconds() // 60)
    return TooManyTries(f"Too many tries. Wait {minutes} minutes.")
