"""Whatever workers, wishes, deaths and rescues come in whatever order, each ledger is served.

The store, its schedule and locks, the queue and its turns are the real ones; `crew` lets one
process work at a time. On SQLite the processes take from the schedule themselves, as `arsync run`
does.

While it goes on:
    a run begins for a reason, past the run lock alone, and not while its ledger is left alone.
When everybody has been rescued:
    each wish was followed by a run that began after it, each effect stands once, nothing is due,
    and a new wish brings one run.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from procrastinate.sql import queries
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.builders.books import NOW, ORGANISATION
from tests.builders.queue_store import a_queue_schema, empty
from tests.builders.stores import new_store, put_store, share_statements
from tests.builders.worker_process import a_workplace

from arsync.clock import SetClock
from arsync.connector_sdk import Token
from arsync.store import Keys, Store, open_store
from arsync.store.models import ConnectionState, Mode
from arsync.workers.queue_schema import QueueTables, open_queue
from arsync.workers.queue_turns import Times, end_lost, take_turn

from . import profile
from .accidents import Tally
from .conftest import Count
from .crew import TO_THE_END, Platform, Process, Run

PACE_SECONDS = 900
LEDGERS = 2
PROCESSES = 3
STRIDES = (1, 2, 4, 9, 20, TO_THE_END)
"""So many points a process goes on before another may work."""
STEP_MINUTES = (0.5, 2.0, 20.0, 150.0)
ROUNDS_MAX = 12
"""So many routine runs after the last accident, and all effects stand."""
AT_ONCE = Times(wishes=0, routine=0, rescue=0)
SILENT_SECONDS = 60
SERVED_WRITES = 2


STORIES = 12
STEPS = 40
SHARE = 0.05
"""Of the long profile's time, for each kind of store."""


class Workshop(NamedTuple):
    """What all stories of one test share."""

    store: Store
    tables: QueueTables | None
    """None: there is no queue, and each process takes from the schedule."""
    clock: SetClock
    platforms: dict[int, Platform]
    processes: list[Process]


class Ledger:
    """What ought to be known of a ledger."""

    def __init__(self, number: int, name: str, platform: Platform) -> None:
        self.id = number
        self.name = name
        self.platform = platform
        self.next_at = NOW
        self.wishes = self.begun_at = self.served_upto = 0
        self.reasons = {"it is new"}
        """Why a run may begin."""
        self.begun: Run | None = None
        """The last that began."""
        self.runs = 0
        self.left_alone = ""


class Story:
    """A few processes and ledgers, and anything may happen next."""

    def __init__(self, workshop: Workshop, seed: int, happened: Counter[str]) -> None:
        self.chance = random.Random(f"workers/{seed}")
        self.happened = happened
        """So often what stories are about."""
        self.told: list[str] = []
        self.store, self.tables, self.clock, self.platforms, self.crew = workshop
        self.broken: list[str] = []
        self.runs_at_work: list[Run] = []
        self.grant = 0
        self.ledgers: list[Ledger] = []
        for process in self.crew:
            process.on_schedule = self._schedule_was_written

    def play(self) -> None:
        """Tell it to its end, and check that all is done."""
        self.ledgers_are_connected()
        try:
            for _ in range(STEPS):
                (step,) = self.chance.choices(list(LIKELY), list(LIKELY.values()))
                self.told.append(step.__name__)
                step(self)
                self._check()
            self.everybody_is_rescued()
            self.everything_is_done()
        finally:
            for process in self.crew:
                process.begin_anew()
            empty(self.store, self.tables)

    @property
    def any_ledger(self) -> Ledger:
        return self.chance.choice(self.ledgers)

    def of(self, run: Run) -> Ledger:
        return next(ledger for ledger in self.ledgers if ledger.id == run.ledger)

    @property
    def any_process(self) -> Process:
        return self.chance.choice(self.crew)

    # -- what must hold while it goes on ------------------------------------------------------

    def _schedule_was_written(self, run: Run) -> None:
        ledger = self.of(run)
        if run.schedule_writes < SERVED_WRITES:
            self._began(run, ledger)
        else:
            ledger.served_upto = max(ledger.served_upto, run.began_at)
            row = self.store.schedules.get(ledger.id)
            assert row is not None
            ledger.next_at = row.next_at
            # By its place it would be served later all the same.
            if row.wanted_at is None and ledger.wishes > ledger.begun_at:
                self.broken.append(f"a wish for {ledger.name} was lost")
            if ledger.begun is run:
                ledger.begun = None

    def _began(self, run: Run, ledger: Ledger) -> None:
        outage = self.store.outages.get(ledger.id)
        if outage is not None and (outage.retry_at or self.clock.now()) > self.clock.now():
            self.broken.append(f"{ledger.name} was served although its platform is away")
        if ledger.left_alone:
            self.broken.append(f"{ledger.name} was served although it is {ledger.left_alone}")
        if not ledger.reasons and ledger.begun is None:
            self.broken.append(f"{ledger.name} was served for no reason")
        beside = [
            other
            for other in self.runs_at_work
            if other.ledger == run.ledger
            and other is not run
            and other.schedule_writes
            and not (other.is_over or other.is_dead or other.has_lost_lock)
        ]
        if beside:
            self.broken.append(f"{ledger.name} has two runs at the same time")
        ledger.reasons.clear()
        ledger.begun = run
        ledger.runs += 1
        run.began_at = ledger.begun_at = ledger.wishes
        self.happened["run"] += 1

    def _check(self) -> None:
        assert not self.broken, self.broken
        for run in self.runs_at_work:
            if run.error is not None:
                raise run.error
            internal = [] if run.result is None else run.result.all_problems
            assert not [problem for problem in internal if "internal" in problem], internal
        for ledger in self.ledgers:
            twice = [key for key, times in ledger.platform.effects.items() if times > 1]
            assert not twice, twice

    # -- what people and platforms do ---------------------------------------------------------

    def ledgers_are_connected(self) -> None:
        self.clock.moment = NOW
        self.platforms.clear()
        until = NOW + timedelta(days=365)
        self.grant = self.store.tokens.create("books", Token("access", "refresh", until))
        for number in range(LEDGERS):
            name = f"client-{number}"
            row = self.store.connections.add(
                name,
                platform="books",
                organisation=ORGANISATION._replace(id=name),
                mode=Mode.AUTO,
                grant_id=self.grant,
            )
            platform = self.platforms[row.id] = Platform()
            self.ledgers.append(Ledger(row.id, name, platform))
        self.store.schedules.keep(PACE_SECONDS)

    def an_event_comes(self) -> None:
        ledger = self.any_ledger
        documents = ledger.platform.documents
        documents.append(f"document {len(documents)}")
        self.wish(ledger)

    def wish(self, ledger: Ledger) -> None:
        self.tick()
        ledger.wishes += 1
        ledger.reasons.add("somebody wants it")
        self.store.schedules.want([ledger.id], "a webhook came")

    def tick(self, **step: float) -> None:
        self.clock.advance(timedelta(**(step or {"milliseconds": 1})))
        for ledger in self.ledgers:
            if ledger.next_at <= self.clock.now():
                ledger.reasons.add("its place has come")

    def time_passes(self) -> None:
        self.tick(minutes=self.chance.choice(STEP_MINUTES))

    def somebody_pauses_or_resumes(self) -> None:
        ledger = self.any_ledger
        if ledger.left_alone:
            self.resume(ledger)
        else:
            self.store.connections.pause([ledger.id], who="Jane", why="year end")
            ledger.left_alone = "paused"

    def an_authorisation_ends_or_comes(self) -> None:
        ledger = self.any_ledger
        if ledger.left_alone:
            self.resume(ledger)
        else:
            self.store.connections.set_state(ledger.id, ConnectionState.NEEDS_RECONNECT)
            ledger.left_alone = "unauthorised"

    def resume(self, ledger: Ledger) -> None:
        if ledger.left_alone == "paused":
            self.store.connections.resume([ledger.id])
        elif ledger.left_alone:
            self.store.connections.attach(ledger.id, self.grant)
            ledger.wishes += 1
            ledger.reasons.add("it was authorised again")
        ledger.left_alone = ""

    def a_platform_goes_away_or_comes_back(self) -> None:
        platform = self.any_ledger.platform
        platform.away = not platform.away

    # -- what processes do --------------------------------------------------------------------

    def somebody_takes_the_turn(self) -> None:
        if self.tables is not None:
            turn = take_turn(self.tables, self.store.schedules, AT_ONCE)
            assert turn is not None
            self.happened["rescued"] += turn.rescued
            self.happened["replaced"] += turn.replaced

    def a_process_goes_on(self) -> None:
        process = self.any_process
        self.tick()
        if process.run is None:
            self.take(process)
        elif process.run.is_over:
            self.end_job(process)
        else:
            self.sign_of_life(process)
            self.happened["awake without its job"] += not self.has_job(process)
            process.run.go_on(self.chance.choice(STRIDES))

    def a_process_dies(self) -> None:
        process = self.any_process
        if process.run is None:
            return
        self.happened["dead"] += 1
        process.run.die()
        self.silence(process)
        process.begin_anew()

    def one_dies_while_more_is_wanted(self) -> None:
        """By then a second job of its ledger waits in the queue."""
        at_work = [process for process in self.crew if process.run and not process.run.is_over]
        if at_work:
            process = self.chance.choice(at_work)
            assert process.run is not None
            process.run.go_on(self.chance.choice(STRIDES[:-1]))
            self.wish(self.of(process.run))
            self.somebody_takes_the_turn()
            process.run.die()
            self.silence(process)
            process.begin_anew()

    def a_process_stands_still(self) -> None:
        """It gives no sign of life until it goes on, and finds its job with another."""
        self.silence(self.any_process)

    def a_run_loses_its_lock(self) -> None:
        process = self.any_process
        if process.run is not None and process.run.schedule_writes and not process.run.is_over:
            self.happened["lock lost"] += 1
            process.lose_lock()

    def a_process_is_asked_to_stop(self) -> None:
        run = self.any_process.run
        if run is not None and not run.is_over:
            run.is_to_stop = True
            # What it leaves is wanted at once.
            ledger = self.of(run)
            ledger.reasons.add("it was cut short")
            run.go_on()
            ledger.reasons.add("it was cut short")

    def the_answer_to_a_fetch_is_lost(self) -> None:
        process = self.any_process
        if self.tables is not None and process.run is None:
            self.happened["fetch lost"] += self.fetch(process) is not None

    def a_worker_looks_for_lost_jobs(self) -> None:
        self.look_for_lost(self.any_process)

    # -- the queue ----------------------------------------------------------------------------

    def take(self, process: Process) -> None:
        """Let a process that is free take a ledger, if there is one."""
        if self.tables is None:
            at_work = [other.run.ledger for other in self.crew if other.run is not None]
            # Its own alone: of what others are at it knows nothing.
            due = self.store.schedules.due()
            free = [row.connection_id for row in due if row.connection_id not in at_work]
            numbers = free or [row.connection_id for row in due]
            if numbers:
                process.take(numbers[0])
        else:
            fetched = self.fetch(process)
            if fetched is not None:
                process.job, ledger = fetched
                process.take(ledger)
        if process.run is not None:
            self.runs_at_work.append(process.run)

    def fetch(self, process: Process) -> tuple[int, int] | None:
        self.sign_of_life(process)
        assert self.tables is not None
        query = """
            SELECT id, (args ->> 'connection_id')::integer
              FROM procrastinate_fetch_job_v2(NULL, :worker)
        """
        with self.tables.write() as db:
            job, ledger = db.execute(text(query), {"worker": process.number}).one()
        return None if job is None else (job, ledger)

    def end_job(self, process: Process) -> None:
        """Tell the queue, as procrastinate does: whoever has lost the job meanwhile fails."""
        if self.tables is not None:
            ended = {"job_id": process.job, "status": "succeeded", "delete_job": True}
            try:
                with self.tables.write() as db:
                    db.exec_driver_sql(queries["finish_job"], ended)
            except DBAPIError as error:
                if "Job was not found" not in str(error.orig):
                    raise
                self.happened["end of a job that is gone"] += 1
        process.run = process.job = None

    def has_job(self, process: Process) -> bool:
        if self.tables is None:
            return True
        query = "SELECT worker_id FROM procrastinate_jobs WHERE id = :job AND status = 'doing'"
        with self.tables.write() as db:
            return bool(db.scalar(text(query), {"job": process.job}) == process.number)

    def sign_of_life(self, process: Process) -> None:
        if self.tables is None or (process.number and not process.is_silent):
            return
        process.is_silent = False
        with self.tables.write() as db:
            if not process.number:
                added = "INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id"
                process.number = db.scalar(text(added))
            beat = "UPDATE procrastinate_workers SET last_heartbeat = now() WHERE id = :worker"
            db.execute(text(beat), {"worker": process.number})

    def silence(self, process: Process) -> None:
        if self.tables is None:
            return
        process.is_silent = True
        silent = """
            UPDATE procrastinate_workers SET last_heartbeat = now() - make_interval(secs => :silent)
             WHERE id = :worker
        """
        with self.tables.write() as db:
            db.execute(text(silent), {"silent": SILENT_SECONDS, "worker": process.number})

    def look_for_lost(self, process: Process) -> None:
        if self.tables is not None and process.number:
            running = set() if process.job is None else {process.job}
            process.doubted = end_lost(self.tables, process.number, running, process.doubted)

    # -- the end ------------------------------------------------------------------------------

    def everybody_is_rescued(self) -> None:
        """Let everything that was away come back, and time pass until all is done."""
        for ledger in self.ledgers:
            ledger.platform.away = False
            self.resume(ledger)
        for process in self.crew:
            if process.run is not None:
                self.sign_of_life(process)
                process.run.go_on()
                self.end_job(process)
            self.look_for_lost(process)
            self.look_for_lost(process)
        for _ in range(ROUNDS_MAX):
            self.tick(seconds=PACE_SECONDS)
            self.serve()
            if all(self.is_done(ledger) for ledger in self.ledgers):
                break

    def serve(self) -> None:
        """Let the processes serve whatever is due, and end."""
        for _ in range(3 * LEDGERS):
            self.somebody_takes_the_turn()
            took = False
            for process in self.crew:
                self.tick()
                self.take(process)
                if process.run is not None:
                    process.run.go_on()
                    self.end_job(process)
                    took = True
            self._check()
            if not took:
                return

    def is_done(self, ledger: Ledger) -> bool:
        platform = ledger.platform
        whole = all(platform.effects[document] for document in platform.documents)
        return whole and ledger.served_upto >= ledger.wishes

    def everything_is_done(self) -> None:
        for ledger in self.ledgers:
            platform = ledger.platform
            assert platform.effects == Counter(platform.documents), "an effect is missing"
            assert ledger.served_upto >= ledger.wishes, f"a wish for {ledger.name} was lost"
        before = [ledger.runs for ledger in self.ledgers]
        for ledger in self.ledgers:
            for _ in range(3):
                self.wish(ledger)
        self.serve()
        assert [ledger.runs for ledger in self.ledgers] == [runs + 1 for runs in before]
        assert self.store.schedules.due() == []
        for ledger in self.ledgers:
            row = self.store.schedules.get(ledger.id)
            assert row is not None
            assert (row.started_at, row.wanted_at) == (None, None)
        if self.tables is not None:
            with self.tables.write() as db:
                assert db.scalar(text("SELECT count(*) FROM procrastinate_jobs")) == 0


@contextmanager
def a_workshop(folder: Path, server: str) -> Iterator[Workshop]:
    """Make a store, its queue if there is a server, and processes that are free."""
    clock = SetClock(NOW)
    platforms: dict[int, Platform] = {}
    with ExitStack() as stack:
        if server:
            url = stack.enter_context(new_store(server))
            schema = stack.enter_context(a_queue_schema(server))
        else:
            url, schema = f"sqlite:///{put_store(folder)}", "arsync_queue"
        config = a_workplace(folder, url, schema).config
        store = open_store(url, clock=clock, keys=Keys.from_config(config))
        stack.callback(store.close)
        share_statements(store.engine)
        tables = open_queue(store, schema) if server else None
        crew = []
        for _ in range(PROCESSES):
            crew.append(Process(config, clock, platforms, url))
            stack.callback(crew[-1].close)
        yield Workshop(store, tables, clock, platforms, crew)


LIKELY: Mapping[Callable[[Story], None], int] = {
    Story.a_process_goes_on: 12,
    Story.somebody_takes_the_turn: 6,
    Story.an_event_comes: 4,
    Story.time_passes: 2,
    Story.a_process_dies: 2,
    Story.one_dies_while_more_is_wanted: 2,
    Story.a_process_stands_still: 2,
    Story.a_run_loses_its_lock: 2,
    Story.the_answer_to_a_fetch_is_lost: 1,
    Story.a_worker_looks_for_lost_jobs: 1,
    Story.a_process_is_asked_to_stop: 1,
    Story.somebody_pauses_or_resumes: 1,
    Story.an_authorisation_ends_or_comes: 1,
    Story.a_platform_goes_away_or_comes_back: 1,
}
"""How often a step is the next, compared with the others."""


def test_each_ledger_is_served_whatever_workers_go_through(
    folder: Path, count: Count, server: str
) -> None:
    happened: Counter[str] = Counter()
    tally, ends_at = Tally(), profile.ends_at(SHARE)
    with a_workshop(folder, server) as workshop:
        while tally.schedules < STORIES or (profile.LONG and time.monotonic() < ends_at):
            seed = profile.SEED + tally.schedules
            story = Story(workshop, seed, happened)
            try:
                story.play()
            except Exception as error:
                error.add_note(f"story {seed}: {', '.join(story.told)}")
                raise
            tally.schedules += 1
    # Nothing that the stories are about is left out by chance.
    rare = ("dead", "lock lost") if not server else ("dead", "rescued", "replaced", "fetch lost")
    assert all(happened[event] for event in rare), happened
    where = "a queue" if server else "the schedule alone"
    count(f"stories of workers on {where}", tally)
