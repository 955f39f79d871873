"""Where the key that encrypts tokens comes from."""

from __future__ import annotations

import os
import re
import secrets
import stat
from pathlib import Path
from typing import NoReturn

from cryptography.fernet import Fernet, MultiFernet

from arsync.config import Config
from arsync.errors import UserMistake
from arsync.files import OWNER_ONLY, refuse_foreign_link, write_private

KEYRING_SERVICE = "arsync"
KEYRING_NAME = "tokens key"
VALUE_NAME = "ARSYNC_TOKENS_KEY"
"""The variable that can hold the key, or several."""

KEYS_MAX = 20
"""More keys than this in one place are a mistake, not a rotation of keys."""


class Keys:
    """Finds the key: the given value, the system's keyring, or a file; makes one if there is none.

    A value or file can hold several keys, separated by spaces, commas or lines: the first encrypts,
    all decrypt. That is how a key is changed: the new one is put first, everything is encrypted
    again, and the old one is dropped (`Tokens.renew_key`).
    """

    def __init__(
        self, value: str = "", *, file: Path | None = None, use_keyring: bool = False
    ) -> None:
        """Say where to look; the key is looked for when it is first needed.

        Args:
            value: the key itself; takes precedence.
            file: a key file, of mode 0600.
            use_keyring: whether to ask the system's keyring before the file.
        """
        self._value = value
        self._file = file
        self._use_keyring = use_keyring
        self._cipher: MultiFernet | None = None

    @classmethod
    def from_config(cls, config: Config) -> Keys:
        """Return the keys that the section `[tokens]` describes."""
        return cls(
            config.tokens.key,
            file=config.key_file,
            use_keyring=config.tokens.keyring == "auto",
        )

    def cipher(self, *, create: bool) -> MultiFernet:
        """Return the cipher.

        Args:
            create: make a key where there is none. Reading tokens never makes one: while the
                keyring is locked, a new key would take the place of the one that opens them.

        Raises:
            UserMistake: there is no key, it is not a key, or others can read the file.
        """
        if self._cipher is None:
            text, where = self._found() or (self._made() if create else self._nowhere())
            self._cipher = _cipher(text, where)
        return self._cipher

    def _found(self) -> tuple[str, str] | None:
        if self._value.strip():
            return self._value, VALUE_NAME
        if self._use_keyring and (text := _from_keyring()):
            return text, "the system's keyring"
        if self._file is not None and self._file.exists():
            return _read_private(self._file), str(self._file)
        return None

    def forget(self) -> None:
        """Look for the key again when it is next needed: another process may have changed it."""
        self._cipher = None

    def put_new_first(self) -> str:
        """Make a new key, put it before the existing ones, and return where they are kept.

        A key that is given as a value cannot be changed from here: its owner has to put the new
        one first.

        Raises:
            UserMistake: there is no key yet, or the value holds only one.
        """
        text, where = self._found() or self._nowhere()
        if self._value.strip():
            if len(_parts(text)) < 2:
                raise UserMistake(
                    f"{where} holds one key. Put a new one before it, with a blank between them,"
                    " and run this again."
                    "\n    hint: python -c 'from cryptography.fernet import Fernet;"
                    " print(Fernet.generate_key().decode())' makes one"
                )
        else:
            self._put(" ".join([Fernet.generate_key().decode(), *_parts(text)]), where)
        self.forget()
        return where

    def drop_old(self) -> None:
        """Keep only the first key; keys that are given as a value are left to their owner."""
        text, where = self._found() or self._nowhere()
        if not self._value.strip():
            self._put(_parts(text)[0], where)
        self.forget()

    def _put(self, text: str, where: str) -> None:
        if self._file is not None and where == str(self._file):
            try:
                write_private(self._file, text + "\n")
            except OSError as error:
                raise UserMistake(
                    f"{where}: the key cannot be written: {error.strerror}."
                ) from None
        elif not _into_keyring(text):
            raise UserMistake(f"{where} does not take the new key. Nothing was changed.")

    def _made(self) -> tuple[str, str]:
        key = Fernet.generate_key().decode()
        if self._use_keyring and _into_keyring(key):
            return key, "the system's keyring"
        if self._file is None:
            self._nowhere()
        # Another process made one at the same moment: its key may have encrypted a token already.
        if not _make_private(self._file, key):
            return _read_private(self._file), str(self._file)
        return key, str(self._file)

    def _nowhere(self) -> NoReturn:
        places = [VALUE_NAME]
        if self._use_keyring:
            places.append("the system's keyring")
        if self._file is not None:
            places.append(str(self._file))
        raise UserMistake(f"the key that encrypts the tokens is in none of: {', '.join(places)}.")


def _parts(text: str) -> list[str]:
    return [key for key in re.split(r"[\s,]+", text) if key]


def _cipher(text: str, where: str) -> MultiFernet:
    keys = _parts(text)
    if not 1 <= len(keys) <= KEYS_MAX:
        raise UserMistake(f"{where}: from 1 to {KEYS_MAX} keys are expected, not {len(keys)}.")
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError:
        # Never the text itself: it may be a key with one character missing.
        raise UserMistake(
            f"{where}: that is not a key. A key is 32 bytes in URL-safe base64, 44 characters."
        ) from None


def _make_private(file: Path, key: str) -> bool:
    """Create the file, complete from the start; return False when there is one already.

    Of two first connections at the same time, the second must find the first one's whole key.
    """
    # An unpredictable name: a link that somebody put under it would carry the key elsewhere.
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    try:
        number = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
        try:
            with os.fdopen(number, "w", encoding="ascii") as opened:
                opened.write(key + "\n")
                opened.flush()
                os.fsync(opened.fileno())
            # Unlike a rename, a link fails when the name is taken: the first key stays.
            os.link(draft, file)
        finally:
            draft.unlink()
    except FileExistsError:
        return False
    except OSError as error:
        raise UserMistake(f"{file}: the key cannot be written: {error.strerror}.") from None
    return True


def _read_private(file: Path) -> str:
    refuse_foreign_link(file)
    try:
        mode = file.stat().st_mode
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise UserMistake(f"{file}: others can read this key. Run: chmod 600 {file}")
        return file.read_text(encoding="ascii")
    except OSError as error:
        raise UserMistake(f"{file}: the key cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise UserMistake(f"{file}: that is not a key file.") from None


def _from_keyring() -> str | None:
    # Imported late: it searches for its back ends, which takes longer than most commands.
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(KEYRING_SERVICE, KEYRING_NAME)
    except KeyringError:
        # No keyring here, or a locked one: the file is next.
        return None


def _into_keyring(key: str) -> bool:
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(KEYRING_SERVICE, KEYRING_NAME, key)
        # The `null` back end accepts every password and keeps none.
        return keyring.get_password(KEYRING_SERVICE, KEYRING_NAME) == key
    except KeyringError:
        return False
