"""One run of one connection: its lock, its row in the store, and what stopped it, as a result."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from arsync.application.connections.outage_text import outage_words
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.results import RunResult
from arsync.application.runs.day_budget import day_budget
from arsync.clock import in_words
from arsync.errors import (
    ArsyncError,
    LockLost,
    NeedsReconnect,
    RetryLater,
    Stopping,
    Unreachable,
    UserMistake,
)
from arsync.logs import log_fields
from arsync.store.admin.schedules import UNAUTHORISED_SECONDS
from arsync.store.models import ConnectionState, OutageRow
from arsync.telemetry import NO_SPAN, TraceSpan, span

WAIT_TOLD_SECONDS_MIN = 120.0
"""A shorter wait is over with the next run, and not worth a word."""

MESSAGE_CHARACTERS_MAX = 2_000

RUNS_BETWEEN_REMOVALS = 50
"""Of rows of quiet runs."""

SCHEDULED_KIND = "sync"
"""The kind of run that the schedule asks for; one that a person starts counts as well."""

Stop = Callable[[], bool]


class RecordedRun:
    """A run, as a `with` block that begins with `begin()` and leaves its result behind.

    What ends the run in a way that arsync knows ends the block, and stands in the result. A bug
    marks the run as failed and goes on to the caller.
    """

    def __init__(
        self, organisation: OrganisationContext, kind: str, *, stop: Stop = lambda: False
    ) -> None:
        """Prepare a run; nothing is held and nothing is recorded yet.

        Args:
            organisation: whose.
            kind: `pull`, `rebuild`, `plan`, `apply`, `sync` or `undo`.
            stop: True ends the run in good order.
        """
        self._organisation = organisation
        self._stop = stop
        self._lock = ExitStack()
        self._about = ExitStack()
        self._span: TraceSpan = NO_SPAN
        self._began: datetime | None = None
        self._calls_before = organisation.calls_made
        self._outage_before: OutageRow | None = None
        self.result = new_result(organisation, kind)

    def __enter__(self) -> Self:
        name, kind = self._organisation.name, self.result.kind
        self._about.enter_context(log_fields(connection=name))
        attributes = {"arsync.connection": name, "arsync.kind": kind}
        self._span = self._about.enter_context(span(f"run {kind}", attributes))
        return self

    def begin(self, *, if_due: bool = False) -> None:
        """Take the connection's lock and record that the run begins.

        Args:
            if_due: only if the schedule asks for it, and without a wait for the lock: whoever takes
                from the schedule has other ledgers to serve.

        Raises:
            RunningElsewhere: another run holds the lock; it ends the block.
            NotDue: so does that.
            ArsyncError: the store is away, full or gone; so does that.
        """
        organisation = self._organisation
        runs, schedules = organisation.store.runs, organisation.store.schedules
        wait_seconds = 0.0 if if_due else organisation.container.lock_wait_seconds
        try:
            self._lock.enter_context(runs.lock(organisation.id, wait_seconds=wait_seconds))
        except RetryLater as busy:
            raise RunningElsewhere(str(busy)) from busy
        if if_due:
            self._began = schedules.begin_if_due(organisation.id)
            if self._began is None:
                raise NotDue
        elif self.result.kind == SCHEDULED_KIND:
            self._began = schedules.begin(organisation.id)
        self._outage_before = organisation.store.outages.get(organisation.id)
        self.result.run_id = runs.start(organisation.id, self.result.kind)
        self._about.enter_context(log_fields(run=self.result.run_id))
        self._span.set_attribute("arsync.run", self.result.run_id)

    def stop_between_writes(self) -> bool:
        """Return whether to stop a wait: what a write has begun is brought to its end."""
        applied = self.result.applied
        return self._stop() and not (applied is not None and applied.in_hand)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        with self._about:
            return self._leave(error)

    def _leave(self, error: BaseException | None) -> bool:
        """End the run; returns whether nothing is left to be raised."""
        if isinstance(error, RunningElsewhere):
            self.result.stopped, self.result.elsewhere = str(error), True
            return True
        try:
            with self._lock:
                if isinstance(error, NotDue):
                    self.result.not_due = True
                    return True
                return self._ended(error)
        except ArsyncError as store_error:
            # The store itself is away, full or gone: what it could not take is said, and ends here.
            self._broken_by(store_error)
            return error is None or isinstance(error, ArsyncError)

    def _ended(self, error: BaseException | None) -> bool:
        """Close the run; returns whether nothing is left to be raised."""
        runs, run_id = self._organisation.store.runs, self.result.run_id
        self.result.calls = self._organisation.calls_made - self._calls_before
        if error is not None and not isinstance(error, ArsyncError):
            error = self._lost_lock() or error
        if isinstance(error, ArsyncError):
            self._note(error)
        elif error is not None:
            if run_id is not None and isinstance(error, Exception):
                message = f"an internal error: {type(error).__name__}"
                runs.finish(run_id, outcome="failed", message=message)
                self._served()
            # A death that is no exception leaves the row as it is: the next run finds it.
            return False
        if run_id is not None:
            self._close(run_id)
            self._served()
        return True

    def _lost_lock(self) -> LockLost | None:
        """Return that another run may write beside this one: then what went wrong is no bug."""
        if self.result.run_id is None:
            return None
        try:
            self._organisation.store.runs.ensure_lock_held(self._organisation.id)
        except LockLost as lost:
            return lost
        return None

    def _broken_by(self, error: ArsyncError) -> None:
        result = self.result
        if str(error) not in result.all_problems:
            result.problems.append(str(error))
        result.broke = True
        result.mistake = result.mistake or isinstance(error, UserMistake)

    def _note(self, error: BaseException) -> None:
        """Turn what ended the run into words of its result."""
        result, organisation = self.result, self._organisation
        if isinstance(error, Stopping):
            result.cut()
            return
        if str(error) not in result.all_problems:
            result.problems.append(str(error))
        result.broke = True
        if isinstance(error, NeedsReconnect):
            organisation.store.connections.set_state(
                organisation.id, ConnectionState.NEEDS_RECONNECT
            )
            result.lost_authorisation = str(error)
        elif isinstance(error, UserMistake):
            result.mistake = True
        elif isinstance(error, Unreachable):
            result.unreachable = str(error)
        elif isinstance(error, RetryLater) and error.after_seconds > WAIT_TOLD_SECONDS_MIN:
            result.waits_until = organisation.clock.now() + timedelta(seconds=error.after_seconds)
            result.problems[-1] += f" It waits until {in_words(result.waits_until, result.zone)}."

    def _close(self, run_id: int) -> None:
        """Say what is to be said of the run, and record how it ended."""
        result, organisation = self.result, self._organisation
        self._note_outage()
        clock_reads = organisation.container.clock_reads(organisation.connection.platform)
        result.problems.extend(clock.text for clock in clock_reads if clock.is_off)
        applied = result.applied
        # Under the lock still, so that two runs never mail the owner of the same thing.
        if result.lost_authorisation or (applied is not None and applied.needs_reconnect):
            from arsync.application.telling.notifications import notify_of_lost_authorisation

            reason = result.lost_authorisation or (applied.problems[-1] if applied else "")
            notify_of_lost_authorisation(organisation, reason)
        if applied is not None:
            from arsync.application.telling.alert_telling import tell_alerts
            from arsync.application.telling.notifications import notify_of_open_outcomes

            notify_of_open_outcomes(organisation)
            tell_alerts(organisation)
        result.awaiting = organisation.decisions_waiting
        outcome = "failed" if result.broke else "part failed" if result.failed else "done"
        # Not a failure: the next run continues, and nobody has to look.
        if outcome == "done" and result.cut_short:
            outcome = "stopped"
        message = "; ".join([*result.all_problems, *result.waits])[:MESSAGE_CHARACTERS_MAX]
        self._span.set_attribute("arsync.outcome", outcome)
        organisation.store.runs.finish(
            run_id,
            outcome=outcome,
            counts=result.counts(),
            message=message,
            quiet=result.quiet,
        )

    def _served(self) -> None:
        """Let the schedule know when the next run is due."""
        if self._began is None:
            return
        result, applied = self.result, self.result.applied
        waits_until, put_off = result.waits_until, applied.put_off_until if applied else None
        if put_off is not None and put_off - self._began > timedelta(seconds=WAIT_TOLD_SECONDS_MIN):
            waits_until = max(put_off, waits_until or put_off)
        if result.lost_authorisation or (applied is not None and applied.needs_reconnect):
            waits_until = self._organisation.clock.now() + timedelta(seconds=UNAUTHORISED_SECONDS)
        self._organisation.store.schedules.served(
            self._organisation.id,
            self._began,
            unreached=bool(result.unreachable or (applied and applied.unreachable)),
            not_before=waits_until,
            cut_short=result.cut_short,
            pace_seconds=self._pace_seconds(),
        )

    def _pace_seconds(self) -> int:
        """Return a longer pace than usual, where the day's calls do not reach; 0: they do."""
        budget = day_budget(self._organisation)
        return budget.pace_seconds if budget is not None and budget.is_slower else 0

    def _note_outage(self) -> None:
        """Remember that the platform could not be reached, or that it was."""
        result, outages = self.result, self._organisation.store.outages
        reason = result.unreachable or (result.applied.unreachable if result.applied else "")
        if reason:
            outage = outages.failed(self._organisation.id, reason)
            if outage.retry_at is not None:
                result.waits_until = outage.retry_at
                result.problems.append(outage_words(self._organisation, outage))
        # Only a pull proves that the platform answers again: a plan makes no call.
        elif self._outage_before is not None and result.pulled is not None:
            outages.over(self._organisation.id)


class RunningElsewhere(Exception):
    """Another run of the connection is at work: this one has nothing to do."""


class NotDue(Exception):
    """The schedule asks for no run any more: another process was quicker, or it was paused."""


def remove_quiet_runs(actor: Actor, organisation: OrganisationContext, result: RunResult) -> None:
    """Remove rows of old quiet runs, of all connections; most runs leave it to another.

    Args:
        actor: who runs.
        organisation: whose run it is.
        result: the run's, which has a number.
    """
    permit(actor, Permission.RUN)
    container = organisation.container
    days = container.config.store.quiet_runs_days
    assert result.run_id is not None
    # By its number, so that nobody has to remember when rows were last removed. One run removes
    # more rows than all those add of which it is the only one that looks.
    if not days or result.run_id % RUNS_BETWEEN_REMOVALS:
        return
    # On a wrong day rows would go too early.
    if not container.platform_clocks.untrusted(organisation.connection.platform):
        organisation.store.runs.remove_quiet(organisation.clock.now() - timedelta(days=days))


def new_result(organisation: OrganisationContext, kind: str) -> RunResult:
    """Return the result of a run that begins now."""
    return RunResult(
        organisation.name,
        kind,
        str(organisation.mode),
        organisation.clock.now(),
        zone=organisation.zone,
    )
