"""What is on the other side of each channel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from arsync.config import Config, load_config
from arsync_sandbox.server import Sandbox
from arsync_sandbox.text_messages import ACCOUNT, SENDER, TOKEN

SMTP_PASSWORD = "smtp-secret-7788"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """The sandbox's mail server and text messages; its clock stands where the messages are made."""
    with Sandbox(("xero",), start=datetime(2026, 11, 30, 9, 30, tzinfo=UTC)) as served:
        yield served


@pytest.fixture
def configured(tmp_path: Path) -> Callable[[str], Config]:
    """Return settings from a text, and from its folder."""

    def read(text: str) -> Config:
        file = tmp_path / "config.toml"
        file.write_text(text)
        return load_config(file, {})

    return read


def smtp_section(sandbox: Sandbox) -> str:
    """Return the section of the sandbox's mail server."""
    url = f"smtp://127.0.0.1:{sandbox.smtp_port}"
    return f'[smtp]\nurl = "{url}"\nsender = "Accounts <accounts@example.com>"\n'


def sms_section(sandbox: Sandbox, *, token: str = TOKEN) -> str:
    """Return the section of the sandbox's text messages."""
    return (
        f'[sms]\naccount = "{ACCOUNT}"\ntoken = "{token}"\nsender = "{SENDER}"\n'
        f'api_url = "{sandbox.url}"\n'
    )
