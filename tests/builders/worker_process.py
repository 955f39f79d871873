"""A worker as a process of its own, at a platform whose answers take their time.

The platform keeps its effects in a file, a line each, and so do all processes together: what was
written outlives who wrote it.
"""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import make_url
from tests.builders.books import ORGANISATION, RULES, Books, BooksConnector, BooksPlatform
from tests.builders.processes import arsync_environment
from tests.builders.records import a_contact, an_invoice

from arsync.application.organisation.container import Container
from arsync.application.permissions import SCHEDULE
from arsync.clock import SystemClock
from arsync.config import Config, example_config, load_config
from arsync.connector_sdk import Connector, Page, Receipt, Transport, Write

ROOT = Path(__file__).parents[2]


class SlowConnector(BooksConnector):
    """Answers a pull after a while, and writes what takes effect into the file."""

    def __init__(self, books: Books, organisation_id: str, platform: SlowPlatform) -> None:
        super().__init__(books, organisation_id)
        self._platform = platform

    def pull(self, cursor: str | None) -> Iterator[Page]:
        self._platform.log("began", self.organisation_id)
        time.sleep(self._platform.seconds)
        yield from super().pull(cursor)
        self._platform.log("ended", self.organisation_id)

    def perform(self, write: Write) -> Receipt:
        # As a platform that knows no idempotency key: each call takes effect.
        self._platform.log("effect", self.organisation_id, write.key)
        return Receipt(f"r-{write.key[:8]}", "done")

    def find(self, write: Write) -> Receipt | None:
        stands = any(line.key == write.key for line in read_lines(self._platform.file))
        return Receipt(f"r-{write.key[:8]}", "found") if stands else None


class SlowPlatform(BooksPlatform):
    """Each organisation has one customer with one invoice that is five days late."""

    def __init__(self, file: Path, seconds: float) -> None:
        books = Books()
        contact = a_contact("c1", "Customer 1", email="c1@x.example")
        books.contacts[contact.id] = contact
        today = datetime.now(UTC).date()  # noqa: TID251 - the process has the computer's clock
        due_on = today - timedelta(days=5)
        issued_on = today - timedelta(days=35)
        invoice = an_invoice(
            "i1", "c1", issued_on=issued_on, due_on=due_on, rate=1, total="100", sent=True
        )
        books.invoices[invoice.id] = invoice
        super().__init__(books)
        self.file = file
        self.seconds = seconds

    def open(
        self, transport: Transport, organisation_id: str, settings: Mapping[str, str]
    ) -> Connector:
        return SlowConnector(self.books, organisation_id, self)

    def log(self, event: str, organisation_id: str, key: str = "-") -> None:
        with self.file.open("a") as opened:
            fcntl.flock(opened, fcntl.LOCK_EX)
            opened.write(f"{time.monotonic():.6f} {event} {organisation_id} {key}\n")


class Line(NamedTuple):
    """What happened at the platform."""

    at: float
    """By the machine's monotonic clock, which all processes share."""
    event: str
    organisation: str
    key: str


def read_lines(file: Path) -> list[Line]:
    """Return what happened at the platform so far."""
    if not file.exists():
        return []
    words = [line.split(" ") for line in file.read_text().splitlines()]
    return [Line(float(at), event, organisation, key) for at, event, organisation, key in words]


class Workplace(NamedTuple):
    """A store in PostgreSQL with ledgers, and the platform's file."""

    folder: Path
    config: Config
    url: str

    @property
    def file(self) -> Path:
        return self.folder / "platform"

    def lines(self, event: str) -> list[Line]:
        return [line for line in read_lines(self.file) if line.event == event]

    def effects(self) -> Counter[str]:
        """Return how often each key took effect."""
        return Counter(line.key for line in self.lines("effect"))

    def container(self, seconds: float = 0.0) -> Container:
        """Return an installation of this process."""
        platform = SlowPlatform(self.file, seconds)
        return Container(self.config, clock=SystemClock(), platforms=lambda _: platform)

    def named(self, application_name: str) -> Workplace:
        """Return the same under a name by which the server tells its sessions."""
        url = make_url(self.url).update_query_dict({"application_name": application_name})
        return self._with_url(url.render_as_string(hide_password=False))

    def on_sqlite(self) -> Workplace:
        """Return another, whose store is a file."""
        return self._with_url("sqlite:///arsync.db")

    def _with_url(self, url: str) -> Workplace:
        file = self.folder / "config.toml"
        file.write_text(file.read_text().replace(self.url, url))
        return Workplace(self.folder, load_config(file, {}), url)

    def add_ledgers(self, count: int) -> None:
        with self.container() as container:
            connections = container.store.connections
            for number in range(1, count + 1):
                name = f"client-{number:03}"
                organisation = ORGANISATION._replace(id=name, name=name.title())
                connections.add(name, platform="books", organisation=organisation)
                connections.set_mode(name, "auto")

    @contextmanager
    def worker(
        self, *, threads: int = 4, seconds: float = 0.2, times: Mapping[str, float] | None = None
    ) -> Iterator[subprocess.Popen[str]]:
        """Start a worker as a process, and see to it that it is gone at the end."""
        words = [str(self.folder), str(threads), str(seconds), json.dumps(times or {})]
        with (self.folder / "log").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.builders.worker_process", *words],
                env=arsync_environment(self.folder) | {"PYTHONPATH": str(ROOT)},
                cwd=self.folder,
                stdout=subprocess.DEVNULL,
                stderr=log,
                text=True,
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def a_workplace(folder: Path, url: str, queue: str, every: str = "24h") -> Workplace:
    """Return a store with its rules, and without ledgers."""
    (folder / "rules").mkdir()
    (folder / "rules" / "standard.yaml").write_text(RULES)
    values = {
        ("store", "url"): url,
        ("workers", "schema"): queue,
        ("runs", "every"): every,
        ("runs", "pace"): "off",
        ("tokens", "keyring"): "off",
    }
    (folder / "config.toml").write_text(example_config(values))
    return Workplace(folder, load_config(folder / "config.toml", {}), url)


def until(true: Callable[[], Any], seconds: float = 20.0) -> None:
    """Wait for something to become true."""
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it did not come true in time"
        time.sleep(0.05)


def main() -> None:
    """Be a worker: folder, threads, seconds of a pull, times."""
    import logging

    from arsync.workers.queue_turns import Times
    from arsync.workers.stop_signals import stop_on_signals
    from arsync.workers.worker import prepare_worker, run_worker

    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    folder, threads, seconds, times = sys.argv[1:]
    config = load_config(Path(folder) / "config.toml", {})
    workplace = Workplace(Path(folder), config, config.store_url)
    with workplace.container(float(seconds)) as container, stop_on_signals() as stop:
        tables, _ = prepare_worker(SCHEDULE, container, int(threads))
        run_worker(
            SCHEDULE,
            container,
            tables,
            threads=int(threads),
            stop=stop,
            times=Times(**json.loads(times)),
        )
    assert threading.active_count() == 1, "a thread was left behind"


if __name__ == "__main__":
    main()
