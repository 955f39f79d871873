"""Who serves the demo's practice: the loop in this process, or two workers of their own."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec import Struct

from arsync.application.organisation.container import Container
from arsync.application.permissions import SCHEDULE
from arsync.application.results import RunResult
from arsync.errors import UserMistake
from arsync.workers.embedded_loop import run_forever

WORKERS = 2

START_SECONDS_MAX = 60.0
"""How long a worker may take to be ready."""

STOP_SECONDS_MAX = 20.0

START_LOOK_SECONDS = 0.05


class ServedRun(Struct, frozen=True):
    """A run that has ended, and who did it."""

    server: str
    connection: str
    problems: tuple[str, ...]


class KilledWorker(Struct, frozen=True):
    """A worker that was killed in the middle of its runs."""

    server: str
    at_work_on: tuple[str, ...]
    """The connections whose runs it left unfinished."""


class Servers(Protocol):
    """Serve whatever is due."""

    title: str
    """Who they are, in words."""
    can_spare_one: bool
    """Whether one of them may be killed, and the others go on."""

    def at_work(self) -> AbstractContextManager[None]:
        """Serve at least until the block ends."""
        ...

    def check(self) -> None:
        """Make sure that somebody serves.

        Raises:
            UserMistake: nobody does any more.
        """
        ...

    def runs(self) -> list[ServedRun]:
        """Return every run that has ended so far."""
        ...

    def kill_one_at_work(self) -> KilledWorker | None:
        """Kill one in the middle of a run; None: it is in none just now."""
        ...


class LoopServer:
    """The loop, in a thread of this process; it is stopped when a day's work is done."""

    title = "the loop, in one process on SQLite"
    can_spare_one = False

    def __init__(self, container: Container) -> None:
        """Serve this installation."""
        self._container = container
        self._runs: list[ServedRun] = []
        self._loop: Future[int] | None = None

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Serve until the block ends."""
        stop = threading.Event()
        every_seconds = self._container.config.every_seconds
        with ThreadPoolExecutor(1, "loop") as pool:
            self._loop = pool.submit(
                run_forever,
                SCHEDULE,
                self._container,
                every_seconds=every_seconds,
                stop=stop,
                report=self._report,
            )
            try:
                yield
            finally:
                stop.set()
            self._loop.result()

    def check(self) -> None:
        """Raise what has ended the loop."""
        if self._loop is not None and self._loop.done():
            self._loop.result()

    def runs(self) -> list[ServedRun]:
        """Return every run that has ended so far."""
        return list(self._runs)

    def kill_one_at_work(self) -> KilledWorker | None:
        """Kill none: there is no other."""
        return None

    def _report(self, result: RunResult) -> None:
        self._runs.append(ServedRun("the loop", result.connection, tuple(result.all_problems)))


class WorkerLine(Struct, frozen=True):
    """What a worker's process tells, a line each."""

    event: str
    """`ready`, `began` or `ended`."""
    connection: str = ""
    ran: bool = False
    """Of `ended`: there was a run to do."""
    problems: tuple[str, ...] = ()


class WorkerProcess:
    """One worker, and what it tells."""

    def __init__(self, name: str, folder: Path, config_file: Path, clock_file: Path) -> None:
        """Start it.

        Args:
            name: for people.
            folder: gets its lines and its log.
            config_file: the installation's.
            clock_file: of the `FileClock` by which it goes.
        """
        self.name = name
        self._lines = folder / f"{name}.jsonl"
        self._log = folder / f"{name}.log"
        files = str(config_file), str(clock_file)
        command = [sys.executable, "-m", "arsync.demo.practice_worker", *files]
        with self._lines.open("wb") as lines, self._log.open("wb") as log:
            # A session of its own: Ctrl-C in the terminal must not end it before the demo does.
            self._process = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
                command, stdout=lines, stderr=log, start_new_session=True
            )

    @property
    def is_alive(self) -> bool:
        """Return whether it still runs."""
        return self._process.poll() is None

    @property
    def log(self) -> str:
        """Return the end of what it logged."""
        return self._log.read_text(encoding="utf-8")[-2000:]

    def lines(self) -> list[WorkerLine]:
        """Return what it has told so far; a line that is not whole yet is left out."""
        whole = self._lines.read_bytes().split(b"\n")[:-1]
        return [msgspec.json.decode(line, type=WorkerLine) for line in whole]

    def at_work_on(self) -> list[str]:
        """Return the connections whose runs have begun and not ended."""
        begun: list[str] = []
        for line in self.lines():
            if line.event == "began":
                begun.append(line.connection)
            elif line.event == "ended":
                begun.remove(line.connection)
        return begun

    def kill(self) -> None:
        """End it as `kill -9` does: it can do nothing about it."""
        self._process.kill()
        self._process.wait()

    def kill_if_at_work(self) -> list[str]:
        """Kill it in the middle of runs, and return whose; empty: it is in none and lives on."""
        # It stands still while it is looked at: else its run might end just before it is killed.
        self._process.send_signal(signal.SIGSTOP)
        names = self.at_work_on()
        if names:
            self.kill()
        else:
            self._process.send_signal(signal.SIGCONT)
        return names

    def stop(self) -> None:
        """Ask it to stop, and wait for it."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()


class WorkerServers:
    """Two workers, each a process of its own; they serve all the time."""

    title = "two workers on PostgreSQL"
    can_spare_one = True

    def __init__(self, workers: list[WorkerProcess]) -> None:
        """Take workers that are ready; see `started_workers`."""
        self._workers = workers

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Do nothing: they are at work."""
        yield

    def check(self) -> None:
        """Make sure that one of them lives.

        Raises:
            UserMistake: none does; the message quotes a log.
        """
        if not any(worker.is_alive for worker in self._workers):
            raise UserMistake(f"no worker is left:\n{self._workers[-1].log}")

    def runs(self) -> list[ServedRun]:
        """Return every run that has ended so far."""
        return [
            ServedRun(worker.name, line.connection, line.problems)
            for worker in self._workers
            for line in worker.lines()
            if line.ran
        ]

    def kill_one_at_work(self) -> KilledWorker | None:
        """Kill the first that is in the middle of a run."""
        for worker in self._workers:
            if names := worker.kill_if_at_work():
                return KilledWorker(worker.name, tuple(names))
        return None


@contextmanager
def started_workers(folder: Path, config_file: Path, clock_file: Path) -> Iterator[WorkerServers]:
    """Start the workers, wait until they are ready, and stop them at the end.

    Raises:
        UserMistake: one does not start; the message quotes its log.
    """
    with ExitStack() as stack:
        workers = []
        for number in range(1, WORKERS + 1):
            worker = WorkerProcess(f"worker {number}", folder, config_file, clock_file)
            stack.callback(worker.stop)
            workers.append(worker)
        ends = time.monotonic() + START_SECONDS_MAX
        for worker in workers:
            while not worker.lines():
                if not worker.is_alive or time.monotonic() > ends:
                    raise UserMistake(f"{worker.name} did not start:\n{worker.log}")
                time.sleep(START_LOOK_SECONDS)
        yield WorkerServers(workers)
