"""A desk on a ledger that was read once, and browsers of people of each role."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from tests.builders.desk import DeskDriver, a_desk, add_everybody
from tests.builders.mail_server import AnyPort, Sink

from arsync.application.permissions import Role
from arsync.store.people.users import UserRow


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[DeskDriver]:
    with a_desk(tmp_path) as opened:
        yield opened


@pytest.fixture
def people(desk: DeskDriver) -> dict[Role, UserRow]:
    return add_everybody(desk.container)


@pytest.fixture
def owner(desk: DeskDriver, people: dict[Role, UserRow]) -> FlaskClient:
    return desk.signed_in(people[Role.OWNER])


@pytest.fixture
def controller(desk: DeskDriver, people: dict[Role, UserRow]) -> FlaskClient:
    return desk.signed_in(people[Role.CONTROLLER])


@pytest.fixture
def accountant(desk: DeskDriver, people: dict[Role, UserRow]) -> FlaskClient:
    return desk.signed_in(people[Role.ACCOUNTANT])


@pytest.fixture
def reader(desk: DeskDriver, people: dict[Role, UserRow]) -> FlaskClient:
    return desk.signed_in(people[Role.READER])


@pytest.fixture
def mail_server() -> Iterator[Sink]:
    sink = Sink()
    controller = AnyPort(sink, hostname="127.0.0.1", port=0)
    controller.start()
    sink.port = controller.port
    yield sink
    controller.stop()
