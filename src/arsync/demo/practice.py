"""The play of a practice: many ledgers, served by whoever takes from the schedule, day by day."""

from __future__ import annotations

import contextlib
import csv
import importlib.util
import io
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import Struct

from arsync.application.connections import connecting, connection_import
from arsync.application.connections.connection_changes import ConnectionChange, change_connections
from arsync.application.decisions import approvals
from arsync.application.organisation.container import Container
from arsync.application.organisation.oauth_authorisation import authorise
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.overview.overview import Overview, overview
from arsync.application.permissions import SCHEDULE
from arsync.clock import SystemClock
from arsync.config import load_config
from arsync.core.actions import ActionState
from arsync.core.actions.registry import KINDS, MESSAGE_KINDS
from arsync.demo.file_clock import FileClock
from arsync.demo.letters import POST_FOLDER
from arsync.demo.play import ACCOUNTANT, PLATFORMS, SEED, START, Say
from arsync.demo.practice_servers import KilledWorker, LoopServer, Servers, started_workers
from arsync.demo.reconcile import LedgerSide, compare
from arsync.demo.world import World, config_text, free_port, sandbox
from arsync.errors import UserMistake
from arsync.files import write_private
from arsync.store import open_store
from arsync.store.admin.schedules import WISH_SETTLE_SECONDS
from arsync.web.server import serve

DAYS = 5
CONTACTS = 12
INVOICES = 60
"""Of each ledger, to begin with."""

SERVED_SECONDS_MAX = 300.0
"""What is due of one day has been served by then, on the slowest computer."""

LOOK_SECONDS = 0.1
"""How often the demo looks whether the day's runs are done."""

CLOCK_FILE = "clock"
STORE_FILES = ("arsync.db", "arsync.db-wal", "arsync.db-shm", "arsync.key")


class Client(NamedTuple):
    """One ledger of the practice."""

    name: str
    platform: str
    organisation: str
    mode: str
    labels: tuple[str, ...]


class Kill(Struct, frozen=True):
    """What came of killing a worker."""

    server: str
    at_work_on: tuple[str, ...]
    served_seconds: float
    """After so long the others had served its ledgers, in real time."""


class Burst(Struct, frozen=True):
    """Changes at many organisations at once, told by webhooks."""

    changes: int
    ledgers_wanted: int
    served_seconds: float


class PracticeOutcome(Struct, frozen=True, kw_only=True):
    """What the practice ends with; also its JSON view."""

    agrees: bool
    """Whether every ledger agrees with the sandbox's books, and no run had a problem."""
    ledgers: int
    days: int
    served_by: str
    runs: Mapping[str, int]
    """By who did them."""
    calls: Mapping[str, int]
    """By platform."""
    messages: Mapping[str, int]
    """What was sent to customers, by kind."""
    killed: Kill | None
    burst: Burst
    overview: Overview
    sides: tuple[LedgerSide, ...]
    problems: tuple[str, ...]
    config: Path


class Practice:
    """A practice in a folder. `play` runs it to the end."""

    def __init__(
        self, folder: Path, rulebook: str, *, ledgers: int, days: int, store: str, say: Say
    ) -> None:
        """Prepare a practice; nothing is started.

        Args:
            folder: gets the config, the rulebook, the list of clients, and the store if in SQLite.
            rulebook: the rulebook's text.
            ledgers: how many, half of them at each platform.
            days: how many days to play after the first runs.
            store: the URL of an empty store in PostgreSQL, for two workers; empty: SQLite, and the
                loop.
            say: prints a line for people.
        """
        self._folder = folder
        self._rulebook = rulebook
        self._clients = clients(ledgers)
        self._days = days
        self._store = store
        self._say = say
        self._clock = FileClock(folder / CLOCK_FILE)
        self._paused_state: Mapping[str, Any] = {}
        self._killed: Kill | None = None
        self._burst = Burst(0, 0, 0.0)

    def play(self) -> PracticeOutcome:
        """Play all days and compare every ledger with the sandbox's books.

        Raises:
            UserMistake: the folder or the store cannot be used, the sandbox or a worker does not
                start, or a day's runs do not end.
        """
        besides = empty_store(self._store) if self._store else {}
        self._make_folder()
        with (
            sandbox(
                self._folder,
                start=START,
                seed=SEED,
                contacts=CONTACTS,
                invoices=INVOICES,
                keep=False,
                organisations=list(dict.fromkeys(row.organisation for row in self._clients)),
            ) as world,
            self._container(world, besides) as container,
            self._servers(container) as servers,
        ):
            world.set_clock(self._clock.now())
            self._connect(container, world)
            self._first_runs(container, servers)
            for number in range(1, self._days + 1):
                self._day(container, world, servers, number)
            return self._outcome(container, world, servers)

    # -- before the first day -------------------------------------------------------------------

    def _make_folder(self) -> None:
        try:
            (self._folder / "rules").mkdir(parents=True, exist_ok=True)
            # Only the demo's own files: the folder may hold other work.
            for name in STORE_FILES:
                (self._folder / name).unlink(missing_ok=True)
            (self._folder / "rules" / "standard.yaml").write_text(self._rulebook, encoding="utf-8")
        except OSError as error:
            raise UserMistake(f"{self._folder}: {error.strerror}.") from None
        self._clock.set(START)

    def _container(self, world: World, besides: Mapping[tuple[str, str], str]) -> Container:
        settings = {
            ("xero", "webhook_key"): "sandbox-xero-webhook-key",
            ("quickbooks", "webhook_token"): "sandbox-quickbooks-verifier",
            ("runs", "every"): "24h",
            **besides,
        }
        file = self._folder / "config.toml"
        write_private(file, config_text(world, via_port=free_port(), besides=settings))
        # Variables of the reader's own set-up must not lead the demo to real books.
        return Container(load_config(file, {}), clock=self._clock)

    @contextlib.contextmanager
    def _servers(self, container: Container) -> Iterator[Servers]:
        if not self._store:
            yield LoopServer(container)
            return
        config_file = self._folder / "config.toml"
        with started_workers(self._folder, config_file, self._folder / CLOCK_FILE) as servers:
            yield servers

    def _connect(self, container: Container, world: World) -> None:
        """Connect all clients by the list that a practice would keep."""
        file = self._folder / "clients.csv"
        write_private(file, as_list(self._clients))
        plan = connection_import.plan_import(ACCOUNTANT, container, file)
        for platform in plan.platforms:
            names = [row.organisation for row in plan.to_connect(platform)]
            at_once = platform in connection_import.ONE_CONSENT_FOR_ALL
            for chosen in [",".join(names)] if at_once else names:
                world.post("/_sandbox/settings", {"consent_organisations": chosen})
                grant = authorise(
                    container.authoriser(platform),
                    redirect_url=container.config.get(platform, "redirect_url"),
                    say=lambda _: None,
                    open_browser=world.give_consent,
                )
                connection_import.connect_listed(ACCOUNTANT, container, plan, platform, grant)
            consents = "one consent" if at_once else f"{len(names)} consents"
            label = container.platform(platform).label
            self._say(f"Connected {len(names)} organisations at {label} by {consents}.")
        # What `connect` asks the owner where the platform does not report it.
        unknown = [
            organisation
            for organisation in connecting.connections(ACCOUNTANT, container)
            if organisation.connection.organisation.own_reminders is None
        ]
        change_connections(ACCOUNTANT, unknown, ConnectionChange(own_reminders=False))

    def _first_runs(self, container: Container, servers: Servers) -> None:
        began = time.monotonic()
        with servers.at_work():
            self._until_served(container, servers)
        seconds = time.monotonic() - began
        self._say(f"All {len(self._clients)} ledgers are pulled, after {seconds:.1f} s.")

    # -- day by day -----------------------------------------------------------------------------

    def _day(self, container: Container, world: World, servers: Servers, number: int) -> None:
        if number == 1:
            self._pause_last(container, world)
        waiting = approvals.waiting(ACCOUNTANT, container)
        if waiting:
            approvals.approve(ACCOUNTANT, container, [listed.row.key for listed in waiting])
        began = time.monotonic()
        # The sandbox first: a pull of the new day must not meet the books of the old one.
        world.set_clock(self._clock.now() + timedelta(days=1))
        self._clock.advance(timedelta(days=1))
        with servers.at_work():
            is_time = self._killed is None and number >= (self._days + 1) // 2
            if is_time and servers.can_spare_one:
                self._kill_one(container, servers)
            self._until_served(container, servers)
        seconds = time.monotonic() - began
        approved = f"{len(waiting)} approved by a person, " if waiting else ""
        self._say(f"Day {number} {self._clock.now():%a %d %b}  {approved}served in {seconds:.1f} s")
        if number == self._days:
            self._burst = self._meet_a_burst(container, world, servers)

    def _pause_last(self, container: Container, world: World) -> None:
        """Pause a client, and keep what its books and the mail were then."""
        client = self._clients[-1]
        paused = connecting.connections(ACCOUNTANT, container, client.name)
        reason = "the client changes its accountant"
        change_connections(ACCOUNTANT, paused, ConnectionChange(paused=True, reason=reason))
        self._paused_state = state_of(world, paused[0])
        self._say(f"{client.name} is paused: {reason}.")

    def _kill_one(self, container: Container, servers: Servers) -> None:
        killed: list[KilledWorker] = []

        def try_to_kill() -> None:
            if not killed and (worker := servers.kill_one_at_work()) is not None:
                killed.append(worker)

        self._until_served(container, servers, each_look=try_to_kill, enough=lambda: bool(killed))
        if not killed:
            return  # the day was over before one was met at work: the next day has its own
        began = time.monotonic()
        self._until_served(container, servers)
        worker, seconds = killed[0], round(time.monotonic() - began, 1)
        self._killed = Kill(worker.server, worker.at_work_on, seconds)
        ledgers = ", ".join(worker.at_work_on)
        self._say(
            f"{worker.server} was killed (kill -9) in the middle of {ledgers}; its ledgers were"
            f" served {seconds} s later."
        )

    def _meet_a_burst(self, container: Container, world: World, servers: Servers) -> Burst:
        """Rename a customer of every ledger at its platform, and serve what webhooks tell of it."""
        working = self._working(container)
        with listening(container, world):
            for organisation in working:
                rename_a_customer(world, organisation)
            self._until_delivered(world)
        with_wishes = [each for each in working if _is_wanted(container, each)]
        settled = timedelta(seconds=WISH_SETTLE_SECONDS)
        world.set_clock(self._clock.now() + settled)
        self._clock.advance(settled)
        began = time.monotonic()
        with servers.at_work():
            self._until_served(container, servers)
        burst = Burst(len(working), len(with_wishes), round(time.monotonic() - began, 1))
        self._say(
            f"A burst of webhooks: {burst.changes} changes, {burst.ledgers_wanted} ledgers wanted,"
            f" served in {burst.served_seconds} s."
        )
        return burst

    def _until_delivered(self, world: World) -> None:
        ends = time.monotonic() + SERVED_SECONDS_MAX
        while world.get("/_sandbox/webhooks")["waiting"]:
            if time.monotonic() > ends:
                raise UserMistake("the sandbox's webhooks were not delivered in time.")
            time.sleep(LOOK_SECONDS)

    def _until_served(
        self,
        container: Container,
        servers: Servers,
        *,
        each_look: Callable[[], object] = lambda: None,
        enough: Callable[[], bool] = lambda: False,
    ) -> None:
        ends = time.monotonic() + SERVED_SECONDS_MAX
        while (late := self._late(container)) and not enough():
            servers.check()
            each_look()
            if time.monotonic() > ends:
                raise UserMistake(
                    f"not served within {SERVED_SECONDS_MAX:.0f} s: {', '.join(late)}."
                )
            time.sleep(LOOK_SECONDS)

    def _late(self, container: Container) -> list[str]:
        """Return who is due or being served."""
        return [each.name for each in self._working(container) if not _is_served(container, each)]

    def _working(self, container: Container) -> list[OrganisationContext]:
        every = connecting.connections(ACCOUNTANT, container)
        return [organisation for organisation in every if organisation.connection.paused is None]

    # -- the end --------------------------------------------------------------------------------

    def _outcome(self, container: Container, world: World, servers: Servers) -> PracticeOutcome:
        sides = [
            self._side(container, world, organisation)
            for organisation in connecting.connections(ACCOUNTANT, container)
        ]
        runs = servers.runs()
        problems = [f"{run.connection}: {text}" for run in runs for text in run.problems]
        return PracticeOutcome(
            agrees=not problems and not any(side.differences for side in sides),
            ledgers=len(self._clients),
            days=self._days,
            served_by=servers.title,
            runs=dict(sorted(Counter(run.server for run in runs).items())),
            calls=calls_at_platforms(world),
            messages=messages_by_kind(container),
            killed=self._killed,
            burst=self._burst,
            overview=overview(ACCOUNTANT, container),
            sides=tuple(sides),
            problems=tuple(dict.fromkeys(problems)),
            config=self._folder / "config.toml",
        )

    def _side(
        self, container: Container, world: World, organisation: OrganisationContext
    ) -> LedgerSide:
        post = self._folder / POST_FOLDER / organisation.name
        state = state_of(world, organisation)
        if organisation.connection.paused is None:
            return compare(container.store, organisation.name, state, post)
        # The store stands as of the pause, and nothing was written since.
        side = compare(container.store, organisation.name, self._paused_state, post)
        today = compare(container.store, organisation.name, state, post)
        if (today.emails, today.notes, today.held) != (side.emails, side.notes, side.held):
            side.differences.append("something was written to it while it was paused")
        return side


def clients(count: int) -> list[Client]:
    """Return the practice's clients: half at each platform, half of each in `auto`."""
    listed = []
    for number in range(count):
        index, platform = number // 2 + 1, PLATFORMS[number % 2]
        mode = ("auto", "approve")[index % 2]
        labels = ("north" if index % 3 else "south", platform)
        client = Client(f"{platform}-{index:02}", platform, f"Client {index:02} Ltd", mode, labels)
        listed.append(client)
    return listed


def as_list(listed: list[Client]) -> str:
    """Return the list of clients as a spreadsheet saves it, for `connections import`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Client._fields)
    for client in listed:
        writer.writerow([*client[:-1], "; ".join(client.labels)])
    return text.getvalue()


def empty_store(url: str) -> dict[tuple[str, str], str]:
    """Make sure that a store in PostgreSQL is empty, and return the settings that name it.

    Raises:
        UserMistake: it is no PostgreSQL, cannot be reached, or holds connections.
    """
    if not url.startswith("postgresql"):
        raise UserMistake(
            "--store takes PostgreSQL, such as postgresql+psycopg://user@host/database: workers"
            " need it. Without --store the practice plays on SQLite."
        )
    if importlib.util.find_spec("procrastinate") is None:
        raise UserMistake(
            "workers need the engine of their queue. Install it: pip install 'arsync[workers]'"
        )
    from arsync.workers.queue_schema import queue_tables

    with open_store(url, clock=SystemClock()) as store:
        names = [row.name for row in store.connections.all()]
        # Beside the store's: two demos in one database are in nobody's way.
        queue = f"{queue_tables(store, 'arsync').home}_queue"
    if names:
        raise UserMistake(
            f"the store of --store holds {len(names):,} connections already ({names[0]}, ...)."
            " The demo takes an empty database only: create one, and name that."
        )
    return {("store", "url"): url, ("workers", "schema"): queue}


@contextlib.contextmanager
def listening(container: Container, world: World) -> Iterator[None]:
    """Listen for webhooks in a thread, and have the sandbox post them, until the block ends."""
    server, stop = serve(SCHEDULE, container, port=0), threading.Event()
    thread = threading.Thread(target=server.run, args=(stop,), name="webhooks")
    thread.start()
    try:
        urls = {f"{name}_webhook_url": f"{server.url}/webhooks/{name}" for name in PLATFORMS}
        world.post("/_sandbox/settings", urls)
        yield
    finally:
        world.post("/_sandbox/settings", {f"{name}_webhook_url": "" for name in PLATFORMS})
        stop.set()
        thread.join()


def rename_a_customer(world: World, organisation: OrganisationContext) -> None:
    """Change a customer at the platform, as a bookkeeper does."""
    row = organisation.connection
    accounts = organisation.store.ledger.accounts(organisation.id)
    contact = min(contact for account in accounts for contact in account.contacts)
    edit = {"platform": row.platform, "organisation": row.organisation_id, "do": "rename"}
    renamed = {"contact_id": contact.id, "name": f"{contact.name} (renamed)"}
    world.post("/_sandbox/people", {**edit, **renamed})


def state_of(world: World, organisation: OrganisationContext) -> dict[str, Any]:
    """Return one organisation's ledger, and all mail."""
    row = organisation.connection
    query = f"platform={row.platform}&organisation={row.organisation_id}"
    state: dict[str, Any] = world.get(f"/_sandbox/state?{query}")
    return state


def calls_at_platforms(world: World) -> dict[str, int]:
    """Return how many calls each platform answered."""
    calls: Counter[str] = Counter()
    page: dict[str, Any] = {"next": 0, "more": True}
    while page["more"]:
        page = world.get(f"/_sandbox/journal?since={page['next']}")
        calls.update(row["platform"] for row in page["requests"] if row["platform"] in PLATFORMS)
    return dict(sorted(calls.items()))


def messages_by_kind(container: Container) -> dict[str, int]:
    """Return what was sent to customers, by step or kind."""
    sent = Counter(
        row.action.step or KINDS[row.action.kind].done[0]
        for connection in container.store.connections.all()
        for row in container.store.actions.list(connection.id)
        if row.action.kind in MESSAGE_KINDS
        and row.state in {ActionState.SENT, ActionState.CONFIRMED}
    )
    return dict(sent.most_common())


def _is_served(container: Container, organisation: OrganisationContext) -> bool:
    row = container.store.schedules.get(organisation.id)
    if row is None or row.started_at is not None or row.wanted_at is not None:
        return False
    return row.next_at > container.clock.now()


def _is_wanted(container: Container, organisation: OrganisationContext) -> bool:
    row = container.store.schedules.get(organisation.id)
    return row is not None and row.wanted_at is not None
