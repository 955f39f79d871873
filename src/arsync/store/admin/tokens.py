"""Tokens: encrypted at rest, saved before use, refreshed by one process at a time.

Both platforms replace the refresh token with each renewal and accept the old one only for a while
(Xero for half an hour, QuickBooks probably for a day). A renewal that two processes make, or whose
answer is not saved, can lose the authorisation, and only the owner can give it again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime

from cryptography.fernet import InvalidToken, MultiFernet
from sqlalchemy import Connection, delete, insert, select, update

from arsync.clock import Clock
from arsync.connector_sdk import Token
from arsync.errors import NeedsReconnect, UserMistake
from arsync.store.admin.encryption_keys import Keys
from arsync.store.db.database import Database, inserted_id
from arsync.store.db.locks import Locks
from arsync.store.db.people_tables import one_time_links, users
from arsync.store.db.tables import connections, grants
from arsync.store.models import ConnectionState

REFRESH_WAIT_SECONDS_MAX = 120.0
"""How long a process waits for another one's renewal: longer than any single call may take."""


@dataclass
class Telling:
    """What the owner is to be notified of: organisations whose authorisation has ended."""

    names: tuple[str, ...]
    """The connections of which the owner was not notified yet; perhaps none."""
    done: bool = False


KEY_LOCK = "key"
"""Held while the key is changed, and while a new authorisation is saved."""


class Tokens:
    """The grants. One authorisation can open several organisations, which then share a grant."""

    def __init__(self, database: Database, clock: Clock, locks: Locks, keys: Keys | None) -> None:
        """Work on this database, with the key that `keys` finds when it is first needed."""
        self._database = database
        self._clock = clock
        self._locks = locks
        self._keys = keys

    def create(self, platform: str, token: Token) -> int:
        """Save a new authorisation's token and return the grant's id."""
        # Under the key's lock: a token that is encrypted while the key is changed would be left
        # with the old key, which is dropped.
        with self._lock(KEY_LOCK):
            self._found_keys().forget()
            values = self._values(token, create=True)
            with self._database.write() as db:
                statement = insert(grants).values(platform=platform, **values)
                return inserted_id(db.execute(statement))

    def save(self, grant_id: int, token: Token) -> None:
        """Replace the grant's token.

        Raises:
            NeedsReconnect: the grant was removed meanwhile.
        """
        values = self._values(token, create=False)
        with self._database.write() as db:
            statement = update(grants).where(grants.c.id == grant_id).values(values)
            if not db.execute(statement).rowcount:
                raise NeedsReconnect("this authorisation was removed. Run `arsync connect` again.")

    def load(self, grant_id: int | None) -> Token:
        """Return the grant's token.

        Raises:
            NeedsReconnect: no token is stored. UserMistake: the key that encrypted it is missing.
        """
        with self._database.read() as db:
            secret = db.scalar(select(grants.c.secret).where(grants.c.id == grant_id))
        if secret is None:
            raise NeedsReconnect("no authorisation is stored. Run `arsync connect` again.")
        return self._decrypted(secret)

    def refreshed(self, grant_id: int, stale: Token, refresh: Callable[[Token], Token]) -> Token:
        """Return a token newer than `stale`, refreshing it unless another process just did.

        One process at a time: a second one waits, then finds the new token. The new token is
        saved before it is returned.

        Raises:
            NeedsReconnect: from `refresh`; every connection of the grant is marked so.
            RetryLater: from `refresh`, or another process took too long over it.
        """
        with self._lock(grant_id):
            # A key remembered from before may have been replaced: it would open no token any more.
            self._found_keys().forget()
            current = self.load(grant_id)
            if current.access_token != stale.access_token:
                return current
            lost_at = self._begin_renewal(grant_id)
            try:
                token = refresh(current)
            except NeedsReconnect as error:
                self._mark_needing_reconnect(grant_id)
                if lost_at is None:
                    raise
                raise NeedsReconnect(
                    f"{str(error).rstrip('.')}. The answer to a renewal at {lost_at:%Y-%m-%d %H:%M}"
                    " UTC was lost, and the token before it is no longer taken."
                ) from None
            self.save(grant_id, token)
            return token

    @contextmanager
    def telling(self, grant_id: int) -> Iterator[Telling]:
        """Hold the right to notify the owner that an authorisation has ended; one process has it.

        A refused refresh token ends it for every organisation of the grant, a refused call for one:
        those that are marked so, and of which nothing was said yet, are named. Without names there
        is nothing left to say. Set `done` once it is said.
        """
        busy = "another process is notifying the owner."
        wait = REFRESH_WAIT_SECONDS_MAX
        with self._locks.held(f"tell-{grant_id}", wait_seconds=wait, busy=busy):
            with self._database.read() as db:
                query = select(connections.c.name).where(
                    connections.c.grant_id == grant_id,
                    connections.c.state == ConnectionState.NEEDS_RECONNECT.value,
                    connections.c.told_at.is_(None),
                )
                telling = Telling(tuple(db.scalars(query.order_by(connections.c.name))))
            yield telling
            if telling.done and telling.names:
                with self._database.write() as db:
                    db.execute(
                        update(connections)
                        .where(connections.c.name.in_(telling.names))
                        .values(told_at=self._clock.now())
                    )

    def renew_key(self) -> tuple[int, str]:
        """Make a new key, encrypt every token with it, and drop the old one.

        Cut off at any point, every token can be read: the old key goes last. No process can renew a
        token meanwhile.

        Returns:
            How many tokens, and where the key is kept.

        Raises:
            UserMistake: there is no key yet, or it cannot be changed from here. RetryLater: a token
                is being renewed.
        """
        keys = self._found_keys()
        with ExitStack() as held:
            held.enter_context(self._lock(KEY_LOCK))
            with self._database.read() as db:
                ids = sorted(db.scalars(select(grants.c.id)))
            # All of them: a token renewed meanwhile would be encrypted with the key that goes.
            for grant_id in ids:
                held.enter_context(self._lock(grant_id))
            where = keys.put_new_first()
            count = self.reencrypt()
            keys.drop_old()
        return count, where

    def reencrypt(self) -> int:
        """Encrypt every token with the newest key, and return how many."""
        cipher = self._found_keys().cipher(create=False)
        with self._database.write() as db:
            rows = db.execute(select(grants.c.id, grants.c.secret)).all()
            for row in rows:
                try:
                    secret = cipher.rotate(row.secret.encode()).decode()
                except InvalidToken:
                    raise UserMistake(_OTHER_KEY) from None
                db.execute(update(grants).where(grants.c.id == row.id).values(secret=secret))
            _reencrypt_people(db, cipher)
        return len(rows)

    def _lock(self, grant_id: int | str) -> AbstractContextManager[object]:
        busy = "another process is renewing the access token."
        name = f"token-{grant_id}"
        return self._locks.held(name, wait_seconds=REFRESH_WAIT_SECONDS_MAX, busy=busy)

    def _values(self, token: Token, *, create: bool) -> dict[str, object]:
        fields = {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in token._asdict().items()
        }
        cipher = self._found_keys().cipher(create=create)
        return {
            "secret": cipher.encrypt(json.dumps(fields).encode()).decode(),
            "expires_at": token.expires_at,
            "saved_at": self._clock.now(),
            # With the answer, and in the same transaction: the renewal is no longer open.
            "renewal_at": None,
        }

    def _decrypted(self, secret: str) -> Token:
        keys = self._found_keys()
        try:
            plain = keys.cipher(create=False).decrypt(secret.encode())
        except InvalidToken:
            # Another process may have changed the key since it was last looked for.
            keys.forget()
            try:
                plain = keys.cipher(create=False).decrypt(secret.encode())
            except InvalidToken:
                raise UserMistake(_OTHER_KEY) from None
        fields = json.loads(plain)
        ends = fields.pop("refresh_expires_at")
        return Token(
            **fields | {"expires_at": datetime.fromisoformat(fields["expires_at"])},
            refresh_expires_at=datetime.fromisoformat(ends) if ends else None,
        )

    def _found_keys(self) -> Keys:
        if self._keys is None:
            raise UserMistake("no key for the tokens was given: the store was opened without one.")
        return self._keys

    def _begin_renewal(self, grant_id: int) -> datetime | None:
        """Note that a renewal begins; returns when an earlier one began whose answer never came."""
        this = grants.c.id == grant_id
        with self._database.write() as db:
            before = db.scalar(select(grants.c.renewal_at).where(this))
            if before is None:
                db.execute(update(grants).where(this).values(renewal_at=self._clock.now()))
        return before

    def _mark_needing_reconnect(self, grant_id: int) -> None:
        with self._database.write() as db:
            db.execute(
                update(connections)
                .where(connections.c.grant_id == grant_id)
                .values(state=ConnectionState.NEEDS_RECONNECT.value)
            )


_OTHER_KEY = (
    "the stored tokens were encrypted with another key. Give it back (ARSYNC_TOKENS_KEY, the "
    "keyring, or [tokens] key_file), or run `arsync connect` again."
)


def _reencrypt_people(db: Connection, cipher: MultiFernet) -> None:
    """Encrypt the secrets of second factors with the newest key; open attempts to connect end."""
    db.execute(delete(one_time_links).where(one_time_links.c.kept.is_not(None)))
    having = select(users.c.id, users.c.totp_key).where(users.c.totp_key.is_not(None))
    for row in db.execute(having).all():
        try:
            secret = cipher.rotate(row.totp_key)
        except InvalidToken:
            raise UserMistake(_OTHER_KEY) from None
        db.execute(update(users).where(users.c.id == row.id).values(totp_key=secret))
