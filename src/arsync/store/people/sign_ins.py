"""Sessions of browsers, links that open once, tokens of the API, and failed tries.

Each is known by a random text of 32 bytes that only its holder has; the store keeps a hash of it,
so that who reads the store cannot sign in.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography.fernet import MultiFernet
from sqlalchemy import Connection, delete, func, insert, or_, select, tuple_, update

from arsync.clock import Clock
from arsync.errors import UserMistake
from arsync.store.admin.encryption_keys import Keys
from arsync.store.db.database import Database
from arsync.store.db.people_tables import (
    api_tokens,
    form_answers,
    one_time_links,
    sign_in_tries,
    users,
    web_sessions,
)

TOKEN_BYTES = 32

SEEN_EVERY_SECONDS = 60
"""When somebody was last seen is written no more often: a read stays a read."""

AGENT_CHARACTERS_MAX = 200

SESSIONS_MAX = 20
"""Of one person; the longest unseen one ends when another begins."""

SWEPT_AT_ONCE = 1_000
"""So many rows of each table that nobody needs any more are removed when somebody signs in: a table
that grew for a year must not keep them waiting."""

TRIES_KEPT = timedelta(days=1)
LINKS_KEPT = timedelta(days=1)
"""Whoever opens a used link a little later is told that it was used."""
FORMS_KEPT = timedelta(days=2)
"""Answers to forms are needed for as long as somebody may click twice."""


class SessionRow(NamedTuple):
    """A signed-in browser."""

    token_hash: str
    user_id: int
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    agent: str
    address: str
    half_open: bool
    """The password was right, the second factor is still to come."""


class LinkRow(NamedTuple):
    """A link that was opened."""

    purpose: str
    user_id: int | None
    made_by: str
    kept: str


class StandingLink(NamedTuple):
    """A link that nobody has opened yet."""

    user_id: int
    purpose: str
    made_by: str
    expires_at: datetime


class TokenRow(NamedTuple):
    """A token of the API; its text is nowhere."""

    id: int
    user_id: int
    name: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


_SESSION = [web_sessions.c[name] for name in SessionRow._fields]
_TOKEN = [api_tokens.c[name] for name in TokenRow._fields]


def hash_of(token: str) -> str:
    """Return under what a random text is kept. It is long enough to need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


class SignIns:
    """Sessions, links, tokens and tries."""

    def __init__(self, database: Database, clock: Clock, keys: Keys | None) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock
        self._keys = keys

    # -- sessions -----------------------------------------------------------------------------

    def begin(
        self, user_id: int, *, lasts: timedelta, agent: str, address: str, half_open: bool = False
    ) -> str:
        """Sign a browser in and return the text of its cookie."""
        token, now = secrets.token_urlsafe(TOKEN_BYTES), self._clock.now()
        with self._database.write() as db:
            db.execute(
                insert(web_sessions).values(
                    token_hash=hash_of(token),
                    user_id=user_id,
                    created_at=now,
                    seen_at=now,
                    expires_at=now + lasts,
                    agent=agent[:AGENT_CHARACTERS_MAX],
                    address=address,
                    half_open=half_open,
                )
            )
            _end_the_oldest(db, user_id)
            _sweep(db, now)
        return token

    def session(self, token: str) -> SessionRow | None:
        """Return the session of a cookie, if it goes on; being seen is noted now and then."""
        now = self._clock.now()
        query = (
            select(*_SESSION)
            .join(users, users.c.id == web_sessions.c.user_id)
            .where(
                web_sessions.c.token_hash == hash_of(token),
                web_sessions.c.expires_at > now,
                users.c.disabled_at.is_(None),
            )
        )
        with self._database.read() as db:
            stored = db.execute(query).one_or_none()
        if stored is None:
            return None
        row = SessionRow(*stored)
        if abs((now - row.seen_at).total_seconds()) > SEEN_EVERY_SECONDS:
            with self._database.write() as db:
                this = web_sessions.c.token_hash == row.token_hash
                db.execute(update(web_sessions).where(this).values(seen_at=now))
        return row

    def sessions(self, user_id: int) -> list[SessionRow]:
        """Return somebody's sessions, the last seen first."""
        columns = web_sessions.c
        query = (
            select(*_SESSION)
            .where(columns.user_id == user_id, columns.expires_at > self._clock.now())
            .order_by(columns.seen_at.desc(), columns.token_hash)
        )
        with self._database.read() as db:
            return [SessionRow(*row) for row in db.execute(query)]

    def open_sessions(self) -> dict[int, int]:
        """Return how many sessions each person has, by their number."""
        columns = web_sessions.c
        query = (
            select(columns.user_id, func.count())
            .where(columns.expires_at > self._clock.now(), columns.half_open.is_(False))
            .group_by(columns.user_id)
        )
        with self._database.read() as db:
            return dict(db.execute(query).all())

    def end(self, token_hash: str, *, user_id: int) -> bool:
        """End a session of somebody; returns whether there was one."""
        columns = web_sessions.c
        with self._database.write() as db:
            this = (columns.token_hash == token_hash, columns.user_id == user_id)
            return bool(db.execute(delete(web_sessions).where(*this)).rowcount)

    def end_all(self, user_id: int | None = None, *, but: str = "") -> int:
        """End all sessions of somebody, or of everybody, but one; returns how many."""
        columns = web_sessions.c
        ended = delete(web_sessions).where(columns.token_hash != but)
        if user_id is not None:
            ended = ended.where(columns.user_id == user_id)
        with self._database.write() as db:
            return db.execute(ended).rowcount

    def say_once(self, token_hash: str, message: str) -> None:
        """Keep what the next page of a session says."""
        this = web_sessions.c.token_hash == token_hash
        with self._database.write() as db:
            db.execute(update(web_sessions).where(this).values(message=message))

    def said_once(self, token_hash: str) -> str:
        """Return what is to be said, and forget it."""
        this = web_sessions.c.token_hash == token_hash
        with self._database.read() as db:
            message = db.scalar(select(web_sessions.c.message).where(this)) or ""
        if message:
            self.say_once(token_hash, "")
        return message

    # -- links --------------------------------------------------------------------------------

    def make_link(
        self,
        purpose: str,
        *,
        lasts: timedelta,
        user_id: int | None = None,
        made_by: str = "",
        kept: str = "",
    ) -> str:
        """Make a link that opens once and return its token; earlier ones for the same end.

        Args:
            purpose: what it is for.
            lasts: for how long.
            user_id: for whom.
            made_by: who made it.
            kept: what the one who opens it needs; encrypted.
        """
        token, now = secrets.token_urlsafe(TOKEN_BYTES), self._clock.now()
        columns = one_time_links.c
        with self._database.write() as db:
            if not kept:
                same = columns.user_id == user_id if user_id else columns.user_id.is_(None)
                db.execute(delete(one_time_links).where(columns.purpose == purpose, same))
            db.execute(
                insert(one_time_links).values(
                    token_hash=hash_of(token),
                    purpose=purpose,
                    user_id=user_id,
                    made_by=made_by,
                    kept=self._cipher(create=True).encrypt(kept.encode()) if kept else None,
                    created_at=now,
                    expires_at=now + lasts,
                )
            )
        return token

    def look_at_link(self, purpose: str, token: str) -> LinkRow | None:
        """Return a link that still opens, without opening it."""
        columns = one_time_links.c
        query = select(columns.purpose, columns.user_id, columns.made_by, columns.kept).where(
            columns.token_hash == hash_of(token),
            columns.purpose == purpose,
            columns.used_at.is_(None),
            columns.expires_at > self._clock.now(),
        )
        with self._database.read() as db:
            stored = db.execute(query).one_or_none()
        if stored is None:
            return None
        kept = self._cipher(create=False).decrypt(stored.kept).decode() if stored.kept else ""
        return LinkRow(stored.purpose, stored.user_id, stored.made_by, kept)

    def standing_links(self, purpose: str) -> list[StandingLink]:
        """Return the links for somebody that still open."""
        columns = one_time_links.c
        query = select(columns.user_id, columns.purpose, columns.made_by, columns.expires_at).where(
            columns.purpose == purpose,
            columns.user_id.is_not(None),
            columns.used_at.is_(None),
            columns.expires_at > self._clock.now(),
        )
        with self._database.read() as db:
            return [StandingLink(*row) for row in db.execute(query)]

    def open_link(self, purpose: str, token: str) -> LinkRow | None:
        """Open a link; None: it was opened before, is too old, or never was one."""
        link = self.look_at_link(purpose, token)
        if link is None:
            return None
        columns = one_time_links.c
        with self._database.write() as db:
            opened = (
                update(one_time_links)
                .where(columns.token_hash == hash_of(token), columns.used_at.is_(None))
                .values(used_at=self._clock.now())
            )
            return link if db.execute(opened).rowcount else None

    # -- tokens of the API --------------------------------------------------------------------

    def make_token(self, user_id: int, name: str, *, expires_at: datetime | None) -> str:
        """Make a token for programs of somebody and return its text, which is kept nowhere."""
        token = f"arsync_{secrets.token_urlsafe(TOKEN_BYTES)}"
        with self._database.write() as db:
            db.execute(
                insert(api_tokens).values(
                    user_id=user_id,
                    name=name,
                    token_hash=hash_of(token),
                    created_at=self._clock.now(),
                    expires_at=expires_at,
                )
            )
        return token

    def token(self, text: str) -> TokenRow | None:
        """Return whose token this is, if it holds."""
        columns, now = api_tokens.c, self._clock.now()
        query = (
            select(*_TOKEN)
            .join(users, users.c.id == columns.user_id)
            .where(
                columns.token_hash == hash_of(text),
                columns.revoked_at.is_(None),
                or_(columns.expires_at.is_(None), columns.expires_at > now),
                users.c.disabled_at.is_(None),
            )
        )
        with self._database.read() as db:
            stored = db.execute(query).one_or_none()
        if stored is None:
            return None
        row = TokenRow(*stored)
        if row.last_used_at is None or (now - row.last_used_at).seconds > SEEN_EVERY_SECONDS:
            with self._database.write() as db:
                db.execute(update(api_tokens).where(columns.id == row.id).values(last_used_at=now))
        return row

    def tokens(self, user_id: int) -> list[TokenRow]:
        """Return somebody's tokens that hold."""
        columns = api_tokens.c
        query = (
            select(*_TOKEN)
            .where(columns.user_id == user_id, columns.revoked_at.is_(None))
            .order_by(columns.id)
        )
        with self._database.read() as db:
            return [TokenRow(*row) for row in db.execute(query)]

    def revoke_token(self, user_id: int, token_id: int) -> bool:
        """Revoke a token of somebody; returns whether it held."""
        columns = api_tokens.c
        with self._database.write() as db:
            this = (columns.id == token_id, columns.user_id == user_id)
            revoked = (
                update(api_tokens)
                .where(*this, columns.revoked_at.is_(None))
                .values(revoked_at=self._clock.now())
            )
            return bool(db.execute(revoked).rowcount)

    # -- tries --------------------------------------------------------------------------------

    def failed(self, key: str, *, within: timedelta) -> int:
        """Return how often a key failed within a time."""
        columns = sign_in_tries.c
        query = select(columns.failed).where(
            columns.key == hash_of(key), columns.began_at > self._clock.now() - within
        )
        with self._database.read() as db:
            return int(db.scalar(query) or 0)

    def note_failure(self, key: str, *, within: timedelta) -> int:
        """Count a failure and return how many there are within the time."""
        columns, now = sign_in_tries.c, self._clock.now()
        this = columns.key == hash_of(key)
        with self._database.write() as db:
            db.execute(delete(sign_in_tries).where(this, columns.began_at <= now - within))
            counted = update(sign_in_tries).where(this).values(failed=columns.failed + 1)
            if not db.execute(counted).rowcount:
                db.execute(insert(sign_in_tries).values(key=hash_of(key), failed=1, began_at=now))
            return int(db.scalar(select(columns.failed).where(this)) or 0)

    def forget_failures(self, key: str) -> None:
        """Begin to count anew."""
        with self._database.write() as db:
            db.execute(delete(sign_in_tries).where(sign_in_tries.c.key == hash_of(key)))

    def _cipher(self, *, create: bool) -> MultiFernet:
        if self._keys is None:
            raise UserMistake("this store was opened without the key that encrypts.")
        return self._keys.cipher(create=create)


def _end_the_oldest(db: Connection, user_id: int) -> None:
    """End the sessions of one person beyond their limit."""
    columns = web_sessions.c
    kept = (
        select(columns.token_hash)
        .where(columns.user_id == user_id)
        .order_by(columns.seen_at.desc(), columns.created_at.desc())
        .limit(SESSIONS_MAX)
    )
    newest = set(db.scalars(kept))
    db.execute(
        delete(web_sessions).where(columns.user_id == user_id, columns.token_hash.not_in(newest))
    )


def _sweep(db: Connection, now: datetime) -> None:
    """Remove some of what is over, the rest the next time."""
    links, tries, forms = one_time_links.c, sign_in_tries.c, form_answers.c
    for table, key, is_over in (
        (web_sessions, (web_sessions.c.token_hash,), web_sessions.c.expires_at <= now),
        (
            one_time_links,
            (links.token_hash,),
            or_(links.expires_at <= now, links.used_at < now - LINKS_KEPT),
        ),
        (sign_in_tries, (tries.key,), tries.began_at < now - TRIES_KEPT),
        (form_answers, (forms.user_id, forms.form_id), forms.begun_at < now - FORMS_KEPT),
    ):
        over = select(*key).where(is_over).limit(SWEPT_AT_ONCE)
        db.execute(delete(table).where(tuple_(*key).in_(over)))
