"""The key that encrypts tokens is renewed without a token being lost, and without being shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from arsync.clock import SystemClock
from arsync.config import example_config
from arsync.connector_sdk import Token
from arsync.errors import UserMistake
from arsync.store import Store, open_store
from arsync.store.admin.encryption_keys import Keys

from ..cli.conftest import Shell  # noqa: TID252 - tests are no installed package

ENDS = datetime(2027, 1, 1, tzinfo=UTC)
TOKEN = Token("access-1", "refresh-1", ENDS)


def opened(folder: Path, value: str = "") -> Store:
    keys = Keys(value, file=folder / "arsync.key")
    return open_store(f"sqlite:///{folder / 'arsync.db'}", clock=SystemClock(), keys=keys)


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARSYNC_TOKENS_KEYRING", "off")
    (tmp_path / "config.toml").write_text(example_config())
    return Shell(tmp_path, capsys)


def test_a_renewed_key_makes_the_old_one_useless(shell: Shell) -> None:
    with opened(shell.folder) as store:
        grant = store.tokens.create("xero", TOKEN)
    old = (shell.folder / "arsync.key").read_text().strip()
    done = shell("keys", "renew")
    assert done.code == 0, done.err
    assert "1 token encrypted with the new key in" in done.err
    new = (shell.folder / "arsync.key").read_text().strip()
    assert len(new) == len(old) == 44
    assert new != old
    assert old not in done.err + done.out
    assert new not in done.err + done.out
    with opened(shell.folder) as store:
        assert store.tokens.load(grant) == TOKEN
    with opened(shell.folder, value=old) as store, pytest.raises(UserMistake, match="another key"):
        store.tokens.load(grant)


def test_a_process_running_meanwhile_continues_with_the_new_key(tmp_path: Path) -> None:
    with opened(tmp_path) as running, opened(tmp_path) as second:
        grant = running.tokens.create("xero", TOKEN)
        assert second.tokens.renew_key() == (1, str(tmp_path / "arsync.key"))
        assert running.tokens.load(grant) == TOKEN
        second.tokens.renew_key()
        fresh = TOKEN._replace(access_token="access-2", expires_at=ENDS + timedelta(hours=1))
        running.tokens.refreshed(grant, TOKEN, lambda _: fresh)
        second.tokens.renew_key()
    with opened(tmp_path) as store:
        assert store.tokens.load(grant) == fresh


def test_an_interrupted_key_change_leaves_every_token_readable(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        grant = store.tokens.create("xero", TOKEN)
    Keys(file=tmp_path / "arsync.key").put_new_first()
    with opened(tmp_path) as store:
        assert store.tokens.load(grant) == TOKEN
        assert store.tokens.renew_key()[0] == 1
        assert store.tokens.load(grant) == TOKEN
    assert len((tmp_path / "arsync.key").read_text().split()) == 1


def test_a_key_from_a_variable_is_changed_by_hand(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    with opened(shell.folder, value=old) as store:
        grant = store.tokens.create("xero", TOKEN)
    monkeypatch.setenv("ARSYNC_TOKENS_KEY", old)
    refused = shell("keys", "renew")
    assert refused.code == 2
    assert "Put a new one before it" in refused.err
    monkeypatch.setenv("ARSYNC_TOKENS_KEY", f"{new} {old}")
    done = shell("keys", "renew")
    assert "remove the old key from ARSYNC_TOKENS_KEY" in done.err
    with opened(shell.folder, value=new) as store:
        assert store.tokens.load(grant) == TOKEN


def test_without_a_key_there_is_nothing_to_renew(shell: Shell) -> None:
    done = shell("keys", "renew")
    assert done.code == 2
    assert "is in none of" in done.err
    assert not (shell.folder / "arsync.key").exists()
