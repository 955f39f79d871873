"""The page about webhooks has the limits, the addresses and a proxy that fits both."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from arsync.application.organisation.webhook_writer import (
    ANSWER_SECONDS_MAX,
    COUNTS_SECONDS,
    GROUP_MAX,
    WAITING_MAX,
)
from arsync.application.runs.webhooks import webhook_readers
from arsync.config.typed_settings import WebSettings
from arsync.connector_sdk.webhooks import WEBHOOK_EVENTS_MAX
from arsync.store.admin.schedules import WISH_SETTLE_SECONDS
from arsync.web.app import BODY_BYTES_MAX
from arsync.web.server import (
    CONNECTIONS_MAX,
    DRAIN_SECONDS_MAX,
    HEADER_BYTES_MAX,
    REQUEST_SECONDS_MAX,
)

from .conftest import ROOT, blocks

FILE = ROOT / "docs" / "webhooks.md"
PAGE = FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "words",
    [
        f"within {ANSWER_SECONDS_MAX:.0f} seconds | 503",
        f"begins {WISH_SETTLE_SECONDS:.0f} seconds after the first",
        f"More than {WEBHOOK_EVENTS_MAX:,} events",
        f"for at most {DRAIN_SECONDS_MAX} seconds",
        f"written every {COUNTS_SECONDS:.0f} seconds",
        f"| `[web] threads`, {WebSettings().threads} |",
        f"| connections at the same time | {CONNECTIONS_MAX} |",
        f"arrive whole | {REQUEST_SECONDS_MAX} seconds |",
        f"| headers | {HEADER_BYTES_MAX:,} bytes |",
        f"| body | {BODY_BYTES_MAX:,} bytes |",
        f"wait for the store | {WAITING_MAX:,} |",
        f"in one transaction | {GROUP_MAX} |",
    ],
)
def test_the_page_has_the_limits(words: str) -> None:
    assert words in PAGE


def test_the_page_names_each_platforms_address_and_setting() -> None:
    for name, reader in webhook_readers().items():
        assert f"https://YOUR-HOST/webhooks/{name}" in PAGE
        assert f"`[{name}] {reader.secret_setting}`" in PAGE


@pytest.mark.parametrize("language", ["nginx", "caddy"])
def test_a_proxy_passes_on_the_addresses_alone(language: str) -> None:
    (block,) = blocks(Path(FILE), language)
    assert block.text.count("{") == block.text.count("}")
    assert f"127.0.0.1:{WebSettings().port}" in block.text
    assert all(name in block.text for name in webhook_readers())
    (size,) = re.findall(r"(?:client_max_body_size|max_size) (\d+)m", block.text, re.IGNORECASE)
    assert int(size) * 1_000_000 >= BODY_BYTES_MAX
    assert "404" in block.text
