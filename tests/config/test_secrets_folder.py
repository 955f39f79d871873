"""Secrets come from a folder of files, as systemd and containers hand them over."""

from __future__ import annotations

from pathlib import Path

import pytest

from arsync.config import SECRET_FILE_BYTES_MAX, SECRETS_FOLDER_VARIABLE, Config, load_config
from arsync.errors import UserMistake


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (tmp_path / "config.toml").write_text('[xero]\nclient_secret = "of the file"\n')
    return folder


def config_with(secrets: Path, **variables: str) -> Config:
    environ = {SECRETS_FOLDER_VARIABLE: str(secrets), **variables}
    return load_config(secrets.parent / "config.toml", environ)


def test_a_secret_file_wins_over_the_config_file(secrets: Path) -> None:
    (secrets / "ARSYNC_XERO_CLIENT_SECRET").write_text("s3cret\n")
    (secrets / "postgres_password").write_text("another program's")
    assert config_with(secrets).xero.client_secret == "s3cret"


def test_a_variable_wins_over_a_secret_file(secrets: Path) -> None:
    (secrets / "ARSYNC_XERO_CLIENT_SECRET").write_text("s3cret")
    config = config_with(secrets, ARSYNC_XERO_CLIENT_SECRET="of the variable")
    assert config.xero.client_secret == "of the variable"


def test_a_misspelt_secret_file_is_named(secrets: Path) -> None:
    (secrets / "ARSYNC_XERO_CLIENT_SECRT").write_text("s3cret")
    with pytest.raises(UserMistake) as caught:
        config_with(secrets)
    assert "ARSYNC_XERO_CLIENT_SECRT: no setting has this name." in str(caught.value)
    assert "did you mean 'ARSYNC_XERO_CLIENT_SECRET'?" in str(caught.value)


@pytest.mark.parametrize("value", ["s3cret" * SECRET_FILE_BYTES_MAX, "s3cret\0".encode("utf-16")])
def test_an_unusable_secret_file_is_refused_unshown(secrets: Path, value: str | bytes) -> None:
    file = secrets / "ARSYNC_XERO_CLIENT_SECRET"
    file.write_bytes(value.encode() if isinstance(value, str) else value)
    with pytest.raises(UserMistake, match=r"CLIENT_SECRET: (larger than|not UTF-8)") as caught:
        config_with(secrets)
    assert "s3cret" not in str(caught.value)


def test_a_missing_secrets_folder_is_a_mistake(secrets: Path) -> None:
    secrets.rmdir()
    with pytest.raises(UserMistake, match=rf"{SECRETS_FOLDER_VARIABLE}: .* is no folder"):
        config_with(secrets)
