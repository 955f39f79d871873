"""Workers of which one works at a time: each stops wherever it is told, goes on, or dies there.

A run has the real lock, schedule and record, and a small outbox, in a thread of its own. The thread
stops where something that outlives a process has changed, after a commit and around each call at
the platform, until the test lets it go on. Nothing waits in real time, and the same order of steps
is the same story.

Whoever dies writes nothing more and calls nobody: its next statement or call ends its thread, and
with it the session that holds its run lock, as the server ends it.
"""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event, make_url, text
from tests.builders.books import Books, BooksPlatform, Killed
from tests.builders.stores import share_statements

from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import organisation_by_id
from arsync.application.results import RunResult
from arsync.application.runs.recorded_run import SCHEDULED_KIND, RecordedRun
from arsync.clock import SetClock
from arsync.config import Config
from arsync.errors import Unreachable
from arsync.store import Keys, open_store

TO_THE_END = 1_000_000
STEP_SECONDS_MAX = 60.0
"""A thread that has not stopped again by then waits for another, and would do so for ever."""

_AT_WORK = threading.local()


class Run:
    """A run of a ledger in one process; it begins when it is first let go on."""

    def __init__(self, ledger: int, work: Callable[[Run], RunResult]) -> None:
        self.ledger = ledger
        self.is_over = self.is_dead = self.has_lost_lock = self.is_to_stop = False
        self.schedule_writes = 0
        """The first is its begin, the second its end."""
        self.began_at = 0
        """How much had been wished for by then."""
        self.result: RunResult | None = None
        self.error: BaseException | None = None
        self._points_left = 0
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        threading.Thread(target=self._play, args=(work,), daemon=True).start()

    def go_on(self, points: int = TO_THE_END) -> None:
        """Let it go on past so many points, or to its end."""
        if self.is_over:
            return
        self._points_left = points
        self._go.release()
        assert self._stopped.acquire(timeout=STEP_SECONDS_MAX), "it waits for another"

    def die(self) -> None:
        """Let its process die where it is."""
        self.is_dead = True
        self.go_on()

    def point(self) -> None:
        """Stop here, if it is time; its own thread calls this."""
        self._points_left -= 1
        if self._points_left <= 0 and not self.is_dead:
            self._stopped.release()
            self._go.acquire()

    def ensure_alive(self) -> None:
        if self.is_dead:
            raise Killed

    def _play(self, work: Callable[[Run], RunResult]) -> None:
        self._go.acquire()
        _AT_WORK.run = self
        try:
            self.ensure_alive()
            self.result = work(self)
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001 - raised in the test's thread
            self.error = error
        self.is_over = True
        self._stopped.release()


def run_here() -> Run | None:
    """Return the run whose thread this is."""
    return getattr(_AT_WORK, "run", None)


@dataclass
class Platform:
    """The books of one ledger; who calls them can stop or die before the effect and after it."""

    documents: list[str] = field(default_factory=list)
    effects: Counter[str] = field(default_factory=Counter)
    """How often each document was written to."""
    away: bool = False

    def call(self) -> None:
        """Stop or die here, or meet a platform that does not answer."""
        run = run_here()
        assert run is not None
        run.point()
        run.ensure_alive()
        if self.away:
            raise Unreachable("the platform does not answer", after_seconds=30)


def short_sync(run: Run, container: Container, platform: Platform) -> RunResult:
    """Do a run with all that the schedule and the lock see of one, and a small outbox."""
    organisation = organisation_by_id(container, run.ledger)
    with RecordedRun(organisation, SCHEDULED_KIND) as recorded:
        recorded.begin(if_due=True)
        platform.call()
        for document in list(platform.documents):
            if run.is_to_stop:
                recorded.result.cut()
                break
            platform.call()
            # Right before the write, as the outbox does; nobody comes between the two.
            container.store.runs.ensure_lock_held(run.ledger)
            if not platform.effects[document]:
                platform.effects[document] += 1
            platform.call()
    return recorded.result


@dataclass
class Process:
    """A process of its own: its sessions, and what it is at."""

    config: Config
    clock: SetClock
    platforms: Mapping[int, Platform]
    """By ledger."""
    url: str
    on_schedule: Callable[[Run], None] = lambda _: None
    """Is told when its run has written to the schedule."""
    run: Run | None = None
    job: int | None = None
    """Of the queue."""
    number: int = 0
    """By which the queue knows it."""
    is_silent: bool = False
    doubted: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.name = f"arsync-{secrets.token_hex(6)}"
        url = make_url(self.url)
        self.is_sqlite = url.get_backend_name() == "sqlite"
        if not self.is_sqlite:
            url = url.update_query_dict({"application_name": self.name})
        shown = url.render_as_string(hide_password=False)
        keys = Keys.from_config(self.config)
        self.container = Container(
            self.config, clock=self.clock, platforms=lambda _: BooksPlatform(Books())
        )
        store = open_store(shown, clock=self.clock, keys=keys)
        self.container.__dict__["store"] = store
        share_statements(store.engine)
        event.listen(store.engine, "before_cursor_execute", self._statement)
        event.listen(store.engine, "after_cursor_execute", self._executed)
        event.listen(store.engine, "commit", self._commit)
        event.listen(store.engine, "checkin", self._checkin)
        self._wrote: list[str] = []

    def take(self, ledger: int) -> None:
        """Begin a run, as a worker and the loop do; it stands before its first step."""
        self.run = Run(ledger, self._sync)

    def lose_lock(self) -> None:
        """Have the run lock taken away, as a server does that restarts, or whoever tidies up."""
        assert self.run is not None
        if self.is_sqlite:
            file = Path(make_url(self.url).database or "")
            file.with_name(f"{file.name}-lock-run-{self.run.ledger}").unlink(missing_ok=True)
        else:
            self._end_sessions()
        self.run.has_lost_lock = True

    def begin_anew(self) -> None:
        """Die wherever it is; whoever starts it again knows nothing of that."""
        if self.run is not None:
            self.run.die()
        self.run = self.job = None
        self.number, self.is_silent = 0, False
        self.doubted = set()

    def close(self) -> None:
        self.begin_anew()
        self.container.close()

    def _sync(self, run: Run) -> RunResult:
        return short_sync(run, self.container, self.platforms[run.ledger])

    def _end_sessions(self) -> None:
        engine = create_engine(make_url(self.url), isolation_level="AUTOCOMMIT")
        ended = """
            SELECT pg_terminate_backend(pid, 5000) FROM pg_locks JOIN pg_stat_activity USING (pid)
             WHERE locktype = 'advisory' AND application_name = :name
        """
        with engine.connect() as db:
            db.execute(text(ended), {"name": self.name})
        engine.dispose()

    def _statement(self, db: Connection, _: Any, statement: str, *__: Any) -> None:
        run, table = run_here(), _table_written(statement)
        if run is not None and table:
            run.ensure_alive()
            if self.is_sqlite:
                db.info.setdefault("arsync_writes", []).append((table, _changes(db)))

    def _executed(self, db: Connection, cursor: Any, statement: str, *_: Any) -> None:
        table = _table_written(statement)
        if run_here() is not None and table and not self.is_sqlite and cursor.rowcount:
            alone = db.get_execution_options().get("isolation_level") == "AUTOCOMMIT"
            wrote = self._wrote if alone else db.info.setdefault("arsync_tables", [])
            wrote.append(table)

    def _commit(self, db: Connection) -> None:
        # The event comes before the commit; when the connection comes back it is over.
        if self.is_sqlite:
            writes = db.info.pop("arsync_writes", [])
            afters = [*(before for _, before in writes[1:]), _changes(db)]
            self._wrote = [
                table
                for (table, before), after in zip(writes, afters, strict=False)
                if after != before
            ]
        else:
            self._wrote = db.info.pop("arsync_tables", [])

    def _checkin(self, *_: Any) -> None:
        run, wrote = run_here(), self._wrote
        self._wrote = []
        if run is None or not wrote:
            return
        if "UPDATE schedules" in wrote:
            run.schedule_writes += 1
            self.on_schedule(run)
        run.point()


def _table_written(statement: str) -> str:
    """Return the verb and the table of a statement that writes; empty: it writes nothing."""
    verb, _, rest = statement.lstrip().partition(" ")
    is_writing = verb in {"INSERT", "UPDATE", "DELETE"}
    return f"{verb} {rest.split(None, 1)[0]}" if is_writing else ""


def _changes(db: Connection) -> int:
    """Return how many rows a session of SQLite has changed, but for its last statement.

    Its driver counts the rows of a statement that returns them only when they have been read.
    """
    driver: Any = db.connection.driver_connection
    return int(driver.total_changes)
