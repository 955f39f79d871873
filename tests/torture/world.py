"""One world for torture: sandbox, application and both clocks in one thread, with a watcher.

Everything that outlives a process passes one of five points: a commit of the store has happened, a
request is about to leave, a request has taken effect, a letter is about to leave, a letter was
taken. `WatchedWorld.at_point` is told of each; what it does there is the schedule.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from msgspec.structs import replace
from sqlalchemy import Connection, event
from tests.builders.driver import App
from tests.builders.effects import standing
from tests.builders.in_process import InProcess, in_process
from tests.builders.stores import STORE
from tests.builders.world import ON_THE_WAY, READING_POSTS, START, Control, World

from arsync.application.organisation.letter_making import PostOffice
from arsync.application.results import RunResult
from arsync.channels import Message, MessageTrace
from arsync.config import load_config
from arsync.connector_sdk import Receipt
from arsync.core.actions import ActionKind, ActionState, Via
from arsync.mail.typesetting import LetterDocument
from arsync.store.models import ActionRow, ConnectionRow, ConnectionState
from arsync_sandbox.clock import SandboxClock
from arsync_sandbox.server import Sandbox
from arsync_sandbox.text_messages import ACCOUNT, SENDER, TOKEN

from . import press
from .mail_wire import mail_in_process

NOBODY_LISTENS = 1
"""The sandbox's address has this port: what is not answered in process, fails at once."""
POST = "post"
"""The post folder, beside the store."""
ROUNDS_MAX = 60
"""So many runs, an hour apart, and a connection must be quiet."""
QUARTERS = 4
DUE_MINUTES_MAX = 150
"""A platform that is away is left alone for two hours at most; then a run is due by the pace."""


class Point(NamedTuple):
    """A moment at which a process can die and leave something else behind than a moment before."""

    number: int
    kind: str
    """`commit`, `before` and `answer` of a request, `mail` and `mailed`, `delivery` and `delivered`
    by another way."""
    what: str
    lasting: bool
    """False: what outlives the process is as it was at the point before this one."""

    @property
    def is_leaving(self) -> bool:
        """Whether a change or a letter is about to leave: nothing is asked any more before it."""
        return self.kind == "mail" or (self.kind == "before" and is_change(self.what))

    def __str__(self) -> str:
        return f"point {self.number} ({self.kind} {self.what})"


def is_change(request: str) -> bool:
    """Say whether a request in words, `PUT /api.xro/2.0/Contacts`, changes something."""
    method, _, path = request.partition(" ")
    return method != "GET" and not path.endswith(READING_POSTS)


class WatchedWorld(World):
    """The acceptance tests' world, without a socket, and with a watcher."""

    name: str
    """The platform, and its connection."""
    wire: InProcess

    def __init__(
        self, sandbox: Sandbox, folder: Path, name: str, *, store_url: str = "", zone: str = ""
    ) -> None:
        self.name = name
        self.store_url = store_url
        self.zone = zone
        self.skew = timedelta()
        """How much this host's clock is ahead of the platform's."""
        self.at_point: Callable[[Point], None] | None = None
        self.points = 0
        self.is_running = False
        self.by_schedule = False
        """True: runs are those that the schedule asks for, whenever it does."""
        self.tells_before_commit = False
        """True: for an exception, which cannot be raised while a connection is given back."""
        self._wrote = ""
        self._moved: Path | None = None
        super().__init__(sandbox, Control(sandbox.url), folder)

    # -- the application ----------------------------------------------------------------------

    def configured(self, **more: str) -> Any:
        if self.store_url:
            more.setdefault("store_url", self.store_url)
        if self.zone:
            more.setdefault("runs_time_zone", self.zone)
        return super().configured(**more)

    def new_app(self, **options: Any) -> App:
        app = super().new_app(**options, post=lambda *made_of: WatchedPost(self, *made_of))
        app.lock_wait_seconds = 0.0
        engine = app.store.engine
        # The engine shares its dialect with others; connections are made by its own.
        event.listen(engine.pool._dialect, "do_connect", self._elsewhere)
        event.listen(engine, "before_cursor_execute", self._statement)
        event.listen(engine, "commit", self._commit)
        event.listen(engine, "checkin", self._checkin)
        return app

    def _elsewhere(self, _dialect: Any, _record: Any, arguments: list[Any], _: Any) -> None:
        if self._moved is not None:
            arguments[0] = str(self._moved / STORE)

    def _statement(self, connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        words = statement.split(None, 3)
        if words[0] in {"INSERT", "UPDATE", "DELETE"}:
            table = words[2] if words[0] != "UPDATE" else words[1]
            connection.info["arsync_wrote"] = f"{words[0]} {table}"

    def _commit(self, connection: Connection) -> None:
        if connection.get_execution_options().get("arsync_writes"):
            what = connection.info.pop("arsync_wrote", "nothing")
            if self.tells_before_commit:
                self.point("commit", what, lasting=what != "nothing")
            else:
                self._wrote = what

    def _checkin(self, _raw: Any, _record: Any) -> None:
        # The commit event comes before the commit; when the connection comes back it is over.
        if self._wrote:
            what, self._wrote = self._wrote, ""
            self.point("commit", what, lasting=what != "nothing")

    # -- points -------------------------------------------------------------------------------

    def point(self, kind: str, what: str, *, lasting: bool) -> None:
        """Tell the schedule that a moment has come."""
        self.points += 1
        if self.at_point is not None:
            self.at_point(Point(self.points, kind, what, lasting))

    def on_the_wire(self, kind: str, request: str) -> None:
        """Hear of a request."""
        if not request.partition(" ")[2].startswith("/_sandbox"):
            self.point(kind, request, lasting=is_change(request) and kind == "answer")

    # -- mail ---------------------------------------------------------------------------------

    def with_mail(self) -> None:
        """Name the sandbox's mail server in the config."""
        self.config = self.configured(smtp_url=f"smtp://127.0.0.1:{NOBODY_LISTENS}")
        self.restart()

    def with_every_way(self) -> None:
        """Name the mail server, the post folder and the provider of text messages."""
        (self.folder / POST).mkdir()
        self.config = self.configured(
            smtp_url=f"smtp://127.0.0.1:{NOBODY_LISTENS}",
            letters_post_folder=POST,
            sms_account=ACCOUNT,
            sms_token=TOKEN,
            sms_sender=SENDER,
            sms_api_url=self.control.url,
        )
        self.restart()

    @property
    def home(self) -> Path:
        """Return the folder in which a copy of this process does its work."""
        return self._moved or self.folder

    # -- time ---------------------------------------------------------------------------------

    def move_to(self, moment: datetime) -> None:
        """Set the platform's clock, and this host's, which may be wrong."""
        super().move_to(moment)
        self.clock.moment = moment + self.skew

    def advance(self, **step: float) -> None:
        self.move_to(self.sandbox.now() + timedelta(**step))

    def set_skew(self, **step: float) -> None:
        """Put this host's clock ahead of the platform's (negative: behind)."""
        self.skew = timedelta(**step)
        self.move_to(self.sandbox.now())

    # -- deaths -------------------------------------------------------------------------------

    def photograph(self, folder: Path) -> Path:
        """Copy the store's file as a dying process leaves it, and return the copy."""
        copy = folder / f"store{self.points}-{time.monotonic_ns()}.db"
        source = sqlite3.connect((self._moved or self.folder) / STORE)
        target = sqlite3.connect(copy)
        source.backup(target)
        source.close()
        target.close()
        if (self.home / POST).exists():
            shutil.copytree(self.home / POST, copy.with_suffix(".post"))
        return copy

    def reborn(self, store: Path) -> None:
        """Begin a new process on what the dead one left; of its memory nothing is used.

        Nothing of the old application is closed: a dead process closes nothing. Its locks are gone.
        """
        for number, _ in _locks_held():
            # Whatever still stands in memory of the dead may close it; it locks nothing.
            _lead_to(number, Path(os.devnull))
        self._begin_in(self._folder_for(store))

    def go_on_with(self, store: Path) -> None:
        """Let the run that is going on, in a copy of its process, go on with a copy of its store.

        The run after it is a new process, as under a scheduler.
        """
        import fcntl  # where processes fork, it is there

        self._moved = self._folder_for(store)
        for number, name in _locks_held():
            # A copy of a process shares its locks with the original: this one gets its own.
            _lead_to(number, self._moved / name)
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The locks are beside the store: those of the original would keep its copies waiting.
        database = self.app.store._database
        database.url = database.url.set(database=str(self._moved / STORE))
        database.remember_file()
        self.app.store.engine.dispose(close=False)

    def _begin_in(self, folder: Path) -> None:
        self.at_point = None
        self._moved = None
        self._wrote = ""
        self.folder = folder
        self.config = load_config(self.folder / "config.toml", {})
        self.app = self.new_app()

    def _folder_for(self, store: Path) -> Path:
        folder = store.with_suffix("")
        folder.mkdir()
        store.rename(folder / STORE)
        for name in ("config.toml", "arsync.key"):
            shutil.copy(self.folder / name, folder)
        shutil.copytree(self.folder / "rules", folder / "rules")
        if store.with_suffix(".post").exists():
            store.with_suffix(".post").rename(folder / POST)
        return folder

    # -- runs ---------------------------------------------------------------------------------

    def run(self) -> RunResult:
        """Do what the scheduler does."""
        if self._moved is not None:
            schedule = self.at_point
            self._begin_in(self._moved)
            self.at_point = schedule
        self.is_running = True
        try:
            return self._run_when_due() if self.by_schedule else self.sync(self.name)
        finally:
            self.is_running = False

    def _run_when_due(self) -> RunResult:
        """Wait as `arsync run` and the workers do, and serve what is due."""
        schedules = self.app.store.schedules
        for _ in range(DUE_MINUTES_MAX):
            if schedules.due():
                result = self.app.sync_if_due(self.name)
                if result is not None:
                    return result
            self.advance(minutes=1)
        row, state = schedules.get(self.mine().id), self.mine().state
        raise AssertionError(f"not due within {DUE_MINUTES_MAX} minutes: {row}, {state}")

    def run_until_quiet(self, *, hours: float = 1.0) -> int:
        """Run as a scheduler does until nothing is on the way any more; returns the runs.

        Or until nothing goes on without a person's consent.
        """
        problems: list[list[str]] = []
        for number in range(1, ROUNDS_MAX + 1):
            before = self.writes_seen()
            result = self.run()
            problems.append(result.all_problems)
            stopped = self.mine().state == ConnectionState.NEEDS_RECONNECT
            quiet = not self.my_rows(*ON_THE_WAY) and self.writes_seen() == before
            # A run that broke off before it planned has nothing on the way either.
            if (quiet and not result.broke) or stopped:
                return number
            # The scheduler's own pace first, then a larger one: pauses grow.
            self.advance(hours=min(hours, 0.25) if number <= QUARTERS else hours)
        rows = [(row.action.kind, row.state, row.reason) for row in self.my_rows(*ON_THE_WAY)]
        raise AssertionError(f"not quiet after {ROUNDS_MAX} runs: {rows}; {problems[-3:]}")

    def writes_seen(self) -> int:
        """Return how many requests that change a ledger the platform has had."""
        rows = self.sandbox.journal.page(0)["requests"]
        return sum(
            row["method"] != "GET"
            and not row["path"].partition("?")[0].endswith((*READING_POSTS, "/token", "/bearer"))
            for row in rows
        )

    def my_rows(self, *states: ActionState) -> list[ActionRow]:
        return self.rows(self.name, *states)

    def mine(self) -> ConnectionRow:
        return self.connection(self.name)

    # -- the platform's own ledger ------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return the platform's ledger, and the mail that left."""
        with self.sandbox.lock:
            assert not self.sandbox.errors, "\n".join(self.sandbox.errors)
            books = self.sandbox.books[self.name].state()
            emails, texts = self.sandbox.mailbox.as_json(), self.sandbox.text_messages.as_json()
            return {**books, "emails": emails, "text_messages": texts}

    def stands(self) -> dict[str, int]:
        """Return everything arsync wrote that stands, in words, each with how often."""
        state = self.state()
        effects = dict(standing(state, self.name))
        for email in state["emails"]:
            if email["origin"] == "smtp":
                # A statement is of the day on which it leaves: after an accident of another one.
                subject = re.sub(r", \d{1,2} \w+ \d{4}", "", email["subject"])
                words = f"letter to {', '.join(email['to'])}: {subject}"
                # A platform that fails for long may keep an invoice's PDF; a statement is ours.
                has_file = email["headers"]["Content-Type"].startswith("multipart/mixed")
                if has_file and subject.startswith("Statement of account"):
                    words += ", with its PDF"
                effects[words] = effects.get(words, 0) + 1
        for message in state["text_messages"]:
            words = f"text message: {message['body'].splitlines()[0]}"
            effects[words] = effects.get(words, 0) + 1
        for file in (self.home / POST).glob("*/*/0*.pdf"):
            # By number and key: after an accident it may be another day.
            words = f"printed: {file.name.split(' ', 1)[1]}"
            effects[words] = effects.get(words, 0) + 1
        return effects

    def reconnect_as_a_person(self) -> int:
        """Give consent anew where a run said that it is needed; returns how often."""
        if self.mine().state != ConnectionState.NEEDS_RECONNECT:
            return 0
        self.connect(self.name)
        self.run_until_quiet()
        return 1

    def settle_as_a_person(self) -> int:
        """Say of each unknown outcome what the platform shows; returns how many there were."""
        rows = self.my_rows(ActionState.UNKNOWN)
        for row in rows:
            assert row.reason, "an unknown outcome says why"
            by_mail = row.action.via == Via.SMTP
            asked = by_mail or row.action.kind is ActionKind.REMINDER
            assert asked, f"{row.action.kind} can be looked up"
            self.app.resolve(row.key, sent=self.has_left(row))
        if rows:
            self.run_until_quiet()
        return len(rows)

    def has_left(self, row: ActionRow) -> bool:
        """Say whether a message left, as whoever looks into the outbox would."""
        emails = self.state()["emails"]
        ids = {ref.id for ref in row.action.invoices}
        since = row.created_at - self.skew - timedelta(seconds=1)
        return any(
            email["headers"].get("X-Arsync-Key") == row.key
            if email["origin"] == "smtp"
            else email["invoice_id"] in ids and datetime.fromisoformat(email["at"]) >= since
            for email in emails
        )


def _locks_held() -> list[tuple[int, str]]:
    """Return the open lock files of this process, as number and name."""
    locks = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            target = link.readlink().name
        except OSError:  # the folder's own
            continue
        if target.startswith(f"{STORE}-lock-"):
            locks.append((int(link.name), target))
    return locks


def _lead_to(number: int, file: Path) -> None:
    """Let an open file be another one."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    os.dup2(descriptor, number)
    os.close(descriptor)


class WatchedPost(PostOffice):
    """The real post office, with a watcher at its door."""

    def __init__(self, world: WatchedWorld, *parts: Any) -> None:
        super().__init__(*parts)
        self._world = world

    def _typeset(self, document: LetterDocument) -> bytes:
        return press.printed(document)

    def look_up(self, via: str, trace: MessageTrace) -> Receipt | None:
        self._config = replace(self._config, folder=self._world.home)
        return super().look_up(via, trace)

    def deliver(self, via: str, message: Message) -> Receipt:
        self._config = replace(self._config, folder=self._world.home)
        words = message.customer
        by_mail = via == Via.SMTP
        self._world.point("mail" if by_mail else "delivery", words, lasting=False)
        receipt = super().deliver(via, message)
        self._world.point("mailed" if by_mail else "delivered", words, lasting=True)
        return receipt


@contextmanager
def a_world(
    folder: Path,
    name: str,
    *,
    start: datetime = START,
    store_url: str = "",
    zone: str = "",
    switches: Mapping[str, Any] = MappingProxyType({}),
) -> Iterator[WatchedWorld]:
    """Make an empty sandbox and an application that is connected to nothing yet.

    `switches` are settings of the sandbox: what nobody could verify about a platform.
    """
    sandbox = Sandbox(
        (name,),
        port=NOBODY_LISTENS,
        smtp_port=None,
        start=start,
        settings={"consent": "allow", "limits": False, **switches},
    )
    # Time stands unless it is moved: the same schedule gives the same run.
    sandbox.clock = SandboxClock(start.astimezone(UTC), elapsed=lambda: 0.0)
    sandbox.timeline.move_to(start)
    worlds: list[WatchedWorld] = []

    def watcher(kind: str, request: str) -> None:
        if worlds:
            worlds[0].on_the_wire(kind, request)

    with in_process(sandbox, watcher) as wire, mail_in_process(sandbox):
        world = WatchedWorld(sandbox, folder, name, store_url=store_url, zone=zone)
        world.move_to(start)
        worlds.append(world)
        world.wire = wire
        try:
            yield world
        finally:
            world.close()
            world.control.close()
