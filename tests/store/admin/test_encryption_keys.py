"""The key of the tokens is found where it was put, and lies open to nobody else."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from cryptography.fernet import Fernet
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.backends.null import Keyring as NullKeyring

from arsync.config import load_config
from arsync.errors import UserMistake
from arsync.store import Keys
from arsync.store.admin.encryption_keys import KEYRING_NAME, KEYRING_SERVICE, KEYS_MAX


class MemoryKeyring(KeyringBackend):
    """A keyring that works, without a desktop."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def memory_keyring() -> Iterator[MemoryKeyring]:
    before = keyring.get_keyring()
    backend = MemoryKeyring()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


@pytest.fixture(params=[NoKeyring, NullKeyring])
def no_keyring(request: pytest.FixtureRequest) -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(request.param())
    yield
    keyring.set_keyring(before)


def works(keys: Keys, other: Keys) -> bool:
    """Return whether one can read what the other wrote."""
    secret = keys.cipher(create=False).encrypt(b"secret")
    return other.cipher(create=False).decrypt(secret) == b"secret"


def test_a_missing_key_file_is_created_private(tmp_path: Path) -> None:
    file = tmp_path / "arsync.key"
    keys = Keys(file=file)
    keys.cipher(create=True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert works(keys, Keys(file=file))
    assert [path.name for path in tmp_path.iterdir()] == ["arsync.key"]


def test_reading_never_makes_a_key(tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match=r"is in none of: ARSYNC_TOKENS_KEY, .*arsync\.key"):
        Keys(file=tmp_path / "arsync.key").cipher(create=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="file modes are a matter of POSIX")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "arsync.key"
    Keys(file=file).cipher(create=True)
    file.chmod(mode)
    with pytest.raises(UserMistake, match="chmod 600"):
        Keys(file=file).cipher(create=True)


def test_the_given_value_wins(tmp_path: Path, memory_keyring: MemoryKeyring) -> None:
    file = tmp_path / "arsync.key"
    Keys(file=file).cipher(create=True)
    value = Fernet.generate_key().decode()
    keys = Keys(value, file=file, use_keyring=True)
    assert works(keys, Keys(value))
    assert memory_keyring.kept == {}


def test_a_working_keyring_is_preferred_to_a_new_file(
    tmp_path: Path, memory_keyring: MemoryKeyring
) -> None:
    file = tmp_path / "arsync.key"
    keys = Keys(file=file, use_keyring=True)
    keys.cipher(create=True)
    assert list(memory_keyring.kept) == [(KEYRING_SERVICE, KEYRING_NAME)]
    assert not file.exists()
    assert works(keys, Keys(file=file, use_keyring=True))


@pytest.mark.usefixtures("no_keyring")
def test_without_a_keyring_it_is_the_file(tmp_path: Path) -> None:
    file = tmp_path / "arsync.key"
    keys = Keys(file=file, use_keyring=True)
    keys.cipher(create=True)
    assert works(keys, Keys(file=file))


def test_an_invalid_key_is_refused_without_showing_it() -> None:
    almost = Fernet.generate_key().decode()[:-2]
    with pytest.raises(UserMistake, match="that is not a key") as caught:
        Keys(almost).cipher(create=False)
    assert almost not in str(caught.value)


def test_there_are_at_most_so_many_keys() -> None:
    keys = [Fernet.generate_key().decode() for _ in range(KEYS_MAX + 1)]
    Keys(" ".join(keys[:-1])).cipher(create=False)
    with pytest.raises(UserMistake, match="from 1 to 20 keys"):
        Keys(" ".join(keys)).cipher(create=False)


def test_an_empty_or_unwritable_file_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "arsync.key"
    file.touch(mode=0o600)
    with pytest.raises(UserMistake, match="from 1 to 20 keys"):
        Keys(file=file).cipher(create=True)
    with pytest.raises(UserMistake, match="cannot be written"):
        Keys(file=tmp_path / "nowhere" / "arsync.key").cipher(create=True)


def test_the_configuration_says_where(tmp_path: Path) -> None:
    config = load_config(
        environ={"ARSYNC_TOKENS_KEYRING": "off", "ARSYNC_TOKENS_KEY_FILE": str(tmp_path / "k")}
    )
    Keys.from_config(config).cipher(create=True)
    assert (tmp_path / "k").exists()
