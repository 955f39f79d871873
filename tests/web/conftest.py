"""An installation that takes the webhooks of both platforms, with a ledger at each."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from tests.builders.posted import QUICKBOOKS_TOKEN, XERO_KEY, Posted
from werkzeug.test import TestResponse

from arsync.application.organisation.container import Container
from arsync.clock import SetClock
from arsync.config import example_config, load_config
from arsync.core.ledger.records import Organisation
from arsync.store.models import ScheduleRow
from arsync.web.app import make_app

NOW = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)
TENANT, REALM = "t-1", "310687"


def installation(folder: Path, *, secrets: bool = True) -> Container:
    """Return an installation with a connection to each platform, of which no run is wanted."""
    settings = {("tokens", "keyring"): "off"}
    if secrets:
        settings |= {
            ("xero", "webhook_key"): XERO_KEY,
            ("quickbooks", "webhook_token"): QUICKBOOKS_TOKEN,
        }
    file = folder / "config.toml"
    file.write_text(example_config(settings))
    container = Container(load_config(file, {}), clock=SetClock(NOW))
    for platform, organisation in (("xero", TENANT), ("quickbooks", REALM)):
        container.store.connections.add(
            platform, platform=platform, organisation=Organisation(organisation, platform, "GBP")
        )
    container.store.schedules.keep(900)
    for row in container.store.connections.all():
        began = container.store.schedules.begin(row.id)
        container.store.schedules.served(row.id, began)
    return container


def schedule_of(container: Container, name: str) -> ScheduleRow:
    """Return a connection's schedule."""
    row = container.store.schedules.get(container.store.connections.get(name).id)
    assert row is not None
    return row


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an installation, to be copied: making a store takes longer than most tests."""
    folder = tmp_path_factory.mktemp("installed")
    installation(folder).close()
    return folder


@pytest.fixture
def container(tmp_path: Path, installed: Path) -> Iterator[Container]:
    shutil.copytree(installed, tmp_path, dirs_exist_ok=True)
    with Container(load_config(tmp_path / "config.toml", {}), clock=SetClock(NOW)) as opened:
        yield opened


@pytest.fixture
def client(container: Container) -> FlaskClient:
    return make_app(container).test_client()


def post(
    client: FlaskClient, posted: Posted, *, content_type: str = "application/json"
) -> TestResponse:
    """Deliver what a platform posts."""
    return client.post(
        f"/webhooks/{posted.platform}",
        data=posted.body,
        headers=posted.headers,
        content_type=content_type,
    )
