"""Programs of people of each role, on a ledger that was read once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.builders.desk import DeskDriver, a_desk, add_everybody, add_person
from tests.builders.programs import Program

from arsync.application.permissions import Role
from arsync.store.people.users import UserRow


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[DeskDriver]:
    with a_desk(tmp_path) as opened:
        yield opened


@pytest.fixture
def people(desk: DeskDriver) -> dict[Role, UserRow]:
    return add_everybody(desk.container)


def _program(desk: DeskDriver, user: UserRow) -> Program:
    return Program(desk.app, desk.container, user)


@pytest.fixture
def owner(desk: DeskDriver, people: dict[Role, UserRow]) -> Program:
    return _program(desk, people[Role.OWNER])


@pytest.fixture
def controller(desk: DeskDriver, people: dict[Role, UserRow]) -> Program:
    return _program(desk, people[Role.CONTROLLER])


@pytest.fixture
def reader(desk: DeskDriver, people: dict[Role, UserRow]) -> Program:
    return _program(desk, people[Role.READER])


@pytest.fixture
def blind(desk: DeskDriver) -> Program:
    """A program of a reader who sees no amounts."""
    return _program(desk, add_person(desk.container, "Bo Dahl", Role.READER, sees_amounts=False))
