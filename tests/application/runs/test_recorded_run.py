"""A run's block: what ends it stands in its result, and only a bug goes on to the caller."""

from __future__ import annotations

import io
import json
import logging
from datetime import timedelta

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.builders.books import NOW, ORGANISATION, Books, Fault
from tests.builders.records import a_contact

from arsync.application.connections import connecting
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import SCHEDULE
from arsync.application.runs.recorded_run import RUNS_BETWEEN_REMOVALS, RecordedRun
from arsync.application.runs.runs import prepare, sync
from arsync.clock import SetClock
from arsync.connector_sdk import Token
from arsync.errors import (
    EXIT_MISTAKE,
    ArsyncError,
    NeedsReconnect,
    RetryLater,
    Stopping,
    UserMistake,
)
from arsync.logs import log_handler
from arsync.telemetry import trace_to

DAY = timedelta(days=1)


@pytest.fixture
def organisation(container: Container) -> OrganisationContext:
    (context,) = connecting.connections(SCHEDULE, container)
    return context


def ended_by(organisation: OrganisationContext, error: Exception | None) -> RecordedRun:
    with RecordedRun(organisation, "pull") as run:
        run.begin()
        if error is not None:
            raise error
    return run


def outcome(organisation: OrganisationContext) -> str:
    last = organisation.store.runs.last(organisation.id)
    assert last is not None
    return last.outcome


@pytest.mark.parametrize(
    ("error", "recorded"),
    [
        (None, "done"),
        (Stopping(), "stopped"),
        (UserMistake("the rulebook is none"), "failed"),
        (RetryLater("away", after_seconds=1), "failed"),
        (NeedsReconnect("expired"), "failed"),
    ],
    ids=repr,
)
def test_how_a_run_ended_is_recorded(
    organisation: OrganisationContext, error: ArsyncError | None, recorded: str
) -> None:
    run = ended_by(organisation, error)
    assert outcome(organisation) == recorded
    assert run.result.broke is (recorded == "failed")
    assert run.result.mistake is isinstance(error, UserMistake)


def test_a_bug_is_recorded_and_goes_on(organisation: OrganisationContext) -> None:
    with pytest.raises(ZeroDivisionError):
        ended_by(organisation, ZeroDivisionError())
    last = organisation.store.runs.last(organisation.id)
    assert last is not None
    assert (last.outcome, last.message) == ("failed", "an internal error: ZeroDivisionError")


def test_the_lock_is_free_after_every_end(organisation: OrganisationContext) -> None:
    organisation.container.lock_wait_seconds = 0.0
    for error in (None, UserMistake("no"), ZeroDivisionError()):
        try:
            run = ended_by(organisation, error)
        except ZeroDivisionError:
            continue
        assert run.result.run_id is not None


def test_a_store_that_is_gone_ends_the_run(
    organisation: OrganisationContext,
) -> None:
    file = organisation.store._database.file
    with RecordedRun(organisation, "sync") as run:
        run.begin()
        file.rename(file.with_name("kept.db"))
        organisation.store.connections.all()
    (problem,) = run.result.all_problems
    assert "was deleted or replaced" in problem
    assert (run.result.exit_code, run.result.broke) == (EXIT_MISTAKE, True)
    with RecordedRun(organisation, "sync") as later:
        later.begin()
    assert later.result.all_problems == [problem]


def test_what_goes_wrong_beside_another_run_is_no_bug(organisation: OrganisationContext) -> None:
    with RecordedRun(organisation, "sync") as run:
        run.begin()
        (lock,) = organisation.store._database.file.parent.glob("*-lock-run-*")
        lock.unlink()
        raise ZeroDivisionError
    (problem,) = run.result.all_problems
    assert "the lock that keeps other runs away is gone" in problem
    assert outcome(organisation) == "failed"


def test_a_run_beside_another_does_nothing(organisation: OrganisationContext) -> None:
    organisation.container.lock_wait_seconds = 0.0
    with RecordedRun(organisation, "pull") as run:
        run.begin()
        beside = ended_by(organisation, ZeroDivisionError())
    assert "another run of books is going on" in beside.result.stopped
    assert beside.result.run_id is None
    assert not run.result.stopped


def test_one_organisations_refusal_reports_only_that_one(
    container: Container, caplog: pytest.LogCaptureFixture
) -> None:
    store = container.store
    grant = store.tokens.create("books", Token("access", "refresh", NOW))
    for name in ("first", "second"):
        organisation = ORGANISATION._replace(id=name)
        store.connections.add(name, platform="books", organisation=organisation, grant_id=grant)
    lost: list[str] = []
    for name in ("first", "first", "second"):
        (context,) = connecting.connections(SCHEDULE, container, name)
        ended_by(context, NeedsReconnect("Books answers 403."))
        lost += [str(row.state) for row in store.connections.all() if row.name == "second"]
    assert lost == ["connected", "connected", "needs reconnect"]
    assert [record.getMessage() for record in caplog.records] == [
        f"{name}: Books answers 403. Run `arsync connect books` again."
        for name in ("first", "second")
    ]


def test_what_a_run_logs_names_it(organisation: OrganisationContext, books: Books) -> None:
    stream = io.StringIO()
    handler, logger = log_handler(stream, as_json=True), logging.getLogger("arsync.application")
    logger.addHandler(handler)
    books.faults.append(Fault("pull", ZeroDivisionError("a bug")))
    result = sync(SCHEDULE, organisation)
    logger.removeHandler(handler)
    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert (line["connection"], line["run"]) == ("books", result.run_id or 1)
    assert line["exception"][0]["exc_type"] == "ZeroDivisionError"


def test_a_trace_shows_a_run_with_its_phases(
    organisation: OrganisationContext, books: Books
) -> None:
    exporter = InMemorySpanExporter()
    end = trace_to(exporter)
    organisation.store.connections.set_mode("books", "auto")
    books.add_invoice(books.add_contact(1), 1, overdue=5)
    result = sync(SCHEDULE, organisation.refreshed())
    end()
    *phases, run = exporter.get_finished_spans()
    assert [phase.name for phase in phases] == ["pull", "plan", "apply"]
    assert run.context is not None
    assert {phase.parent and phase.parent.span_id for phase in phases} == {run.context.span_id}
    assert dict(run.attributes or {}) == {
        "arsync.connection": "books",
        "arsync.kind": "sync",
        "arsync.run": result.run_id,
        "arsync.outcome": "done",
    }


@pytest.fixture
def clock(container: Container) -> SetClock:
    assert isinstance(container.clock, SetClock)
    return container.clock


def kept(organisation: OrganisationContext) -> set[int]:
    rows = organisation.store.runs.latest(organisation.id, rows_max=1_000)
    return {row.id for row in rows}


def run(organisation: OrganisationContext) -> int:
    number = sync(SCHEDULE, organisation.refreshed()).run_id
    assert number is not None
    return number


def pass_to_a_removal(organisation: OrganisationContext) -> None:
    """Let other runs take the numbers up to one that removes rows."""
    runs = organisation.store.runs
    while runs.start(organisation.id, "plan") % RUNS_BETWEEN_REMOVALS != RUNS_BETWEEN_REMOVALS - 1:
        pass


def test_old_runs_without_any_news_are_removed(
    organisation: OrganisationContext, clock: SetClock, books: Books
) -> None:
    books.contacts["c1"] = a_contact()
    busy = run(organisation)
    quiet = run(organisation)
    planned = prepare(SCHEDULE, organisation.refreshed()).run_id
    clock.advance(29 * DAY)
    later = run(organisation)
    pass_to_a_removal(organisation)
    clock.advance(DAY + timedelta(hours=1))
    last = run(organisation)
    assert last % RUNS_BETWEEN_REMOVALS == 0
    numbers = kept(organisation)
    assert quiet not in numbers
    assert {busy, planned, later, last} <= numbers


def test_the_last_run_of_a_ledger_stays(
    organisation: OrganisationContext, clock: SetClock, books: Books
) -> None:
    books.contacts["c1"] = a_contact()
    run(organisation)
    quiet = run(organisation)
    clock.advance(365 * DAY)
    assert organisation.store.runs.remove_quiet(clock.now()) == 0
    assert quiet in kept(organisation)
