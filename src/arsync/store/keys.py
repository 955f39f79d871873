"""Where the key that encrypts tokens comes from."""

from __future__ import annotations

from pathlib import Path

from cryptography.fernet import MultiFernet

from arsync.config import Config


class Keys:
    """Finds the key: the given value, the system's keyring, a file; makes one when there is none.

    A value or file can hold several keys, separated by spaces, commas or lines: the first encrypts,
    all decrypt. That is how a key is changed: put the new one first, run `Tokens.reencrypt`, drop
    the old one.
    """

    def __init__(
        self, value: str = "", *, file: Path | None = None, use_keyring: bool = False
    ) -> None:
        raise NotImplementedError

    @classmethod
    def from_config(cls, config: Config) -> Keys:
        """Return the keys that the section `[tokens]` describes."""
        raise NotImplementedError

    def cipher(self, *, create: bool) -> MultiFernet:
        """Return the cipher.

        Args:
            create: make a key where there is none. Reading tokens never makes one.

        Raises:
            UserMistake: there is no key, it is not a key, or others can read the file.
        """
        raise NotImplementedError
