"""The demo's desk: its pages in a browser, with a person of each role and the sandbox behind them.

The days have been played; the desk goes on from there. Its clock begins at the demo's last day,
some days later, and moves on with the real one; a loop syncs as `arsync run` does, so what is
approved in the browser leaves, into the sandbox.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from arsync.application.connections import connecting
from arsync.application.organisation.container import Container
from arsync.application.people.signing_in import hashed
from arsync.application.permissions import SCHEDULE, Role
from arsync.config import load_config
from arsync.demo.world import World
from arsync.store.models import Mode
from arsync.store.people.users import ALL, ScopedRole
from arsync.web.server import WebServer, desk_and_machines
from arsync.workers.embedded_loop import run_forever, sync_all

DAYS_WITHOUT_ANYBODY = 6
"""So many days pass before somebody opens the desk: then something waits for approval."""

LOOP_SECONDS = 60
"""The pace of the loop behind the desk."""

PASSWORD_BYTES = 9


class DemoPerson(NamedTuple):
    """Somebody who signs in to the demo's desk."""

    email: str
    name: str
    role: Role
    approves_up_to: Decimal | None = None


PEOPLE = (
    DemoPerson("owner@demo.example", "Hannah Reid", Role.OWNER),
    DemoPerson("controller@demo.example", "Tom Okafor", Role.CONTROLLER, Decimal(5_000)),
    DemoPerson("accountant@demo.example", "Priya Nair", Role.ACCOUNTANT),
    DemoPerson("reader@demo.example", "Rita Lund", Role.READER),
)


@dataclass(frozen=True)
class RunningClock:
    """A clock that was put somewhere and goes on from there."""

    began_at: datetime
    began: float

    @classmethod
    def at(cls, moment: datetime) -> RunningClock:
        """Return a clock that shows this moment now."""
        return cls(moment, time.monotonic())

    def now(self) -> datetime:
        """Return the moment, aware, in UTC."""
        return self.began_at + timedelta(seconds=time.monotonic() - self.began)


class DemoDesk(NamedTuple):
    """A demo's desk that is open."""

    url: str
    password: str
    """Of everybody: it opens nothing but this demo."""
    people: tuple[DemoPerson, ...]


def open_desk(
    folder: Path,
    world: World,
    moment: datetime,
    *,
    port: int,
    stop: threading.Event,
    opened: Callable[[DemoDesk], object],
) -> None:
    """Serve a played demo's desk on this machine until `stop` is set.

    Args:
        folder: of the demo.
        world: its sandbox.
        moment: the demo's last one.
        port: 0 takes a free one.
        stop: ends it.
        opened: is told when it listens.

    Raises:
        UserMistake: the port is taken.
    """
    moment += timedelta(days=DAYS_WITHOUT_ANYBODY)
    world.set_clock(moment)
    clock = RunningClock.at(moment)
    # Variables of the reader's own set-up must not lead the demo to real books.
    with Container(load_config(folder / "config.toml", {}), clock=clock) as container:
        for organisation in connecting.connections(SCHEDULE, container):
            connecting.set_mode(SCHEDULE, organisation, Mode.APPROVE)
        list(sync_all(SCHEDULE, container))
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        _add_people(container, password)
        server = WebServer(desk_and_machines(container), host="127.0.0.1", port=port, threads=8)
        loop = threading.Thread(
            target=run_forever,
            args=(SCHEDULE, container),
            kwargs={"every_seconds": LOOP_SECONDS, "stop": stop},
        )
        loop.start()
        try:
            opened(DemoDesk(server.url, password, PEOPLE))
            server.run(stop)
        finally:
            stop.set()
            loop.join()


def _add_people(container: Container, password: str) -> None:
    password_hash = hashed(password)
    for person in PEOPLE:
        role = ScopedRole(ALL, "", person.role, approves_up_to=person.approves_up_to)
        users = container.store.users
        user = users.by_email(person.email) or users.add(person.email, person.name, [role])
        users.set_password_hash(user.id, password_hash)
