"""The doctor says whether webhooks arrive, and what is conspicuous about them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from arsync.application.health.findings import NOTE, OK
from arsync.application.health.webhook_health import webhook_findings
from arsync.application.organisation.container import Container
from arsync.application.permissions import SCHEDULE
from arsync.clock import SetClock
from arsync.config import example_config, load_config
from arsync.store.admin.webhooks import WebhookOutcome

NOW = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)


@pytest.fixture
def container(tmp_path: Path) -> Iterator[Container]:
    file = tmp_path / "config.toml"
    file.write_text(example_config({("tokens", "keyring"): "off", ("xero", "webhook_key"): "k"}))
    with Container(load_config(file, {}), clock=SetClock(NOW)) as opened:
        yield opened


def test_the_doctor_tells_of_webhooks(container: Container) -> None:
    (silent,) = webhook_findings(SCHEDULE, container)
    assert (silent.about, silent.verdict) == ("webhooks of Xero", NOTE)
    assert "https://YOUR-HOST/webhooks/xero" in silent.message
    tally = {WebhookOutcome.EMPTY: 2, WebhookOutcome.BAD_SIGNATURE: 1}
    container.store.webhooks.record([], {("xero", outcome): n for outcome, n in tally.items()})
    came, forged = webhook_findings(SCHEDULE, container)
    assert (came.verdict, came.message) == (OK, "the last came 2026-11-30 09:30 UTC; 3 today.")
    assert forged.message.startswith("1 delivery of today had a wrong signature. Compare [xero]")
