"""The application as tests drive it: a container, with each use case asked by an owner."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from tests.builders.stores import share_statements

from arsync.application.agreements import disputes, payment_plans, promises
from arsync.application.connections import connecting
from arsync.application.customers import contact_log, customer_data
from arsync.application.decisions import action_history, approvals, plans, unknown_outcomes
from arsync.application.decisions.why import why_anywhere
from arsync.application.health import deep_check, doctor
from arsync.application.health.findings import Finding
from arsync.application.organisation.account_reading import accounts_on
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext, organisations
from arsync.application.overview.status import status
from arsync.application.permissions import SCHEDULE, Actor, Role, person_at_the_shell
from arsync.application.persons_words import Recorded
from arsync.application.reports.ageing_report import ageing_report
from arsync.application.results import ActionHistory, ConnectionStatus, Listed, RunResult, Why
from arsync.application.runs import pulling, runs, scheduling, undoing
from arsync.application.runs.pulling import RunWatch
from arsync.application.tasks import tasks
from arsync.connector_sdk import Connector, Grant, OrganisationRef
from arsync.core.actions import ActionKind, ActionState
from arsync.core.analytics.ageing import Ageing
from arsync.core.ledger.agreements.plan_terms import Terms
from arsync.core.ledger.records import Account, DisputeOutcome, Instalment
from arsync.core.planning.planner import Plan
from arsync.store import Store
from arsync.store.admin.privacy import Forgotten
from arsync.store.models import ConnectionRow
from arsync.sync.pull import Progress
from arsync.workers import embedded_loop

Stop = Callable[[], bool]
Watch = Callable[[Progress], None] | None


def never() -> bool:
    return False


def an_owner(name: str | None) -> Actor:
    """Return an owner; without a name, the person at the shell."""
    return Actor(name, Role.OWNER) if name else person_at_the_shell()


def examine(app: Container) -> Iterator[Finding]:
    return doctor.examine(an_owner(None), app)


def examine_deeply(app: Container) -> Iterator[Finding]:
    return deep_check.examine_deeply(an_owner(None), app)


class App(Container):
    """Everything one config describes, and each use case as a method."""

    @cached_property
    def store(self) -> Store:
        store = super().store
        share_statements(store.engine)
        return store

    def contexts(self, connection: str | None = None) -> list[OrganisationContext]:
        return organisations(self, connection)

    def context(self, connection: ConnectionRow) -> OrganisationContext:
        return OrganisationContext(self, connection)

    def _named(self, connection: str) -> OrganisationContext:
        return self.contexts(connection)[0]

    def connections(self, connection: str | None = None) -> list[ConnectionRow]:
        return [context.connection for context in self.contexts(connection)]

    def today(self, connection: ConnectionRow) -> date:
        return self.context(connection).today

    def open(self, connection: ConnectionRow) -> AbstractContextManager[Connector]:
        return self.context(connection).open_connector()

    def accounts(self, connection: ConnectionRow, as_of: date | None = None) -> Iterator[Account]:
        return accounts_on(self.context(connection), as_of)

    # -- runs ---------------------------------------------------------------------------------

    def pull(
        self, connection: str | None = None, *, progress: Watch = None, stop: Stop = never
    ) -> list[RunResult]:
        watch = RunWatch(progress, stop)
        return [
            pulling.pull_ledger(an_owner(None), context, watch)
            for context in self.contexts(connection)
        ]

    def rebuild(
        self, connection: str | None = None, *, progress: Watch = None, stop: Stop = never
    ) -> list[RunResult]:
        watch = RunWatch(progress, stop)
        return [
            pulling.rebuild_ledger(an_owner(None), context, watch)
            for context in self.contexts(connection)
        ]

    def plan(self, connection: str | None = None, *, as_of: date | None = None) -> list[Plan]:
        return [plans.plan(an_owner(None), context, as_of) for context in self.contexts(connection)]

    def prepare(self, connection: str | None = None) -> list[RunResult]:
        return [runs.prepare(an_owner(None), context) for context in self.contexts(connection)]

    def apply(
        self, connection: str | None = None, *, progress: Watch = None, stop: Stop = never
    ) -> list[RunResult]:
        watch = RunWatch(progress, stop)
        return [runs.apply(an_owner(None), context, watch) for context in self.contexts(connection)]

    def sync(
        self,
        connection: str | None = None,
        *,
        progress: Watch = None,
        stop: Stop = never,
        now: bool = False,
    ) -> Iterator[RunResult]:
        watch = RunWatch(progress, stop)
        return embedded_loop.sync_all(an_owner(None), self, connection, watch, now=now)

    def sync_if_due(self, connection: str) -> RunResult | None:
        return scheduling.sync_if_due(SCHEDULE, self._named(connection))

    def run_forever(
        self,
        *,
        every_seconds: int,
        stop: threading.Event,
        connections: Sequence[str] | None = None,
        report: Callable[[RunResult], None] = lambda _: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> int:
        return embedded_loop.run_forever(
            an_owner(None),
            self,
            every_seconds=every_seconds,
            stop=stop,
            names=connections,
            report=report,
            monotonic=monotonic,
        )

    # -- people -------------------------------------------------------------------------------

    def waiting(self, connection: str | None = None) -> list[Listed]:
        return approvals.waiting(an_owner(None), self, connection)

    def approve(
        self,
        keys: Sequence[str] | None = None,
        *,
        connection: str | None = None,
        who: str | None = None,
    ) -> list[Listed]:
        return approvals.approve(an_owner(who), self, keys, connection=connection)

    def reject(self, keys: Sequence[str], *, why: str, who: str | None = None) -> list[Listed]:
        return approvals.reject(an_owner(who), self, keys, reason=why)

    def take_back(self, keys: Sequence[str], *, why: str, who: str | None = None) -> list[Listed]:
        return approvals.take_back(an_owner(who), self, keys, reason=why)

    def unsettled(
        self, connection: str | None = None, *, key: str | None = None
    ) -> list[unknown_outcomes.Unsettled]:
        outcomes = unknown_outcomes.unsettled(an_owner(None), self, connection, key=key)
        return [outcome for _, outcome in outcomes]

    def resolve(self, key: str, *, sent: bool, note: str = "", who: str | None = None) -> Listed:
        return unknown_outcomes.resolve(an_owner(who), self, key, sent=sent, note=note)

    def undo_plan(
        self, keys: Sequence[str] = (), *, run_id: int | None = None
    ) -> list[undoing.UndoPlan]:
        return undoing.undo_plan(an_owner(None), self, keys, run_id=run_id)

    def undo(
        self,
        undo_plans: Sequence[undoing.UndoPlan],
        *,
        reason: str = "",
        who: str | None = None,
        stop: Stop = never,
    ) -> list[undoing.UndoResult]:
        return undoing.undo(an_owner(who), undo_plans, reason=reason, stop=stop)

    def allow_again(
        self, keys: Sequence[str], *, reason: str = "", who: str | None = None
    ) -> list[Listed]:
        return undoing.allow_again(an_owner(who), self, keys, reason=reason)

    def promise(
        self,
        invoice: str,
        promised_on: date,
        *,
        amount: Decimal | None = None,
        note: str = "",
        connection: str | None = None,
        who: str | None = None,
    ) -> Recorded:
        promised = promises.PromiseToPay(promised_on, amount, note)
        return promises.promise(an_owner(who), self, [invoice], promised, connection=connection)

    def agree(
        self,
        *names: str,
        on: Mapping[date, str],
        connection: str | None = None,
        who: str | None = None,
    ) -> Recorded:
        """Agree instalments, each of an amount on its day."""
        listed = tuple(Instalment(day, Decimal(amount)) for day, amount in on.items())
        _, recorded = payment_plans.agree(
            an_owner(who), self, names, Terms(listed=listed), connection=connection
        )
        return recorded

    def end_plan(self, *names: str, who: str | None = None) -> Recorded:
        return payment_plans.cancel(an_owner(who), self, names)

    def payment_plans(self) -> list[payment_plans.ListedPlan]:
        return payment_plans.payment_plans(an_owner(None), self)

    def dispute(
        self,
        invoice: str,
        *,
        reason: str = "",
        settled: bool = False,
        outcome: DisputeOutcome | None = None,
        connection: str | None = None,
        who: str | None = None,
        **words: Any,
    ) -> Recorded:
        actor = an_owner(who)
        if settled or outcome is not None:
            return disputes.settle_dispute(
                actor, self, invoice, outcome=outcome, connection=connection
            ).recorded
        said = disputes.DisputeWords(reason, **words)
        return disputes.open_dispute(actor, self, invoice, said, connection=connection)

    def log(
        self, customer: str, text: str, *, connection: str | None = None, who: str | None = None
    ) -> contact_log.Logged:
        entry = contact_log.LogEntry(text)
        return contact_log.log(an_owner(who), self, customer, entry, connection=connection)

    def tasks(self, connection: str | None = None) -> list[Listed]:
        return tasks.tasks(an_owner(None), self, connection)

    def done(self, key: str, *, outcome: str, who: str | None = None, **words: Any) -> Recorded:
        report = tasks.CallReport(outcome, **words)
        return tasks.complete_task(an_owner(who), self, key, report)

    def export_contact(self, contact: str, *, connection: str | None = None) -> dict[str, Any]:
        return customer_data.export_contact(an_owner(None), self, contact, connection=connection)

    def forget_contact(
        self, contact: str, *, connection: str | None = None, who: str | None = None
    ) -> Forgotten:
        return customer_data.forget_contact(an_owner(who), self, contact, connection=connection)

    # -- looking ------------------------------------------------------------------------------

    def actions(
        self,
        connection: str | None = None,
        *,
        states: Collection[ActionState] | None = None,
        kinds: Collection[ActionKind] | None = None,
    ) -> list[Listed]:
        choice = action_history.ActionFilter(states, kinds)
        return action_history.actions(an_owner(None), self, connection, choice)

    def history(self, key: str) -> ActionHistory:
        return action_history.action_history(an_owner(None), self, key)[1]

    def why(self, about: str, *, connection: str | None = None, as_of: date | None = None) -> Why:
        return why_anywhere(an_owner(None), self, about, connection=connection, as_of=as_of)[1]

    def status(self, connection: str | None = None) -> list[ConnectionStatus]:
        return [status(an_owner(None), context) for context in self.contexts(connection)]

    def report(
        self, connection: str | None = None, *, as_of: date | None = None
    ) -> list[tuple[ConnectionRow, Ageing]]:
        return [
            (context.connection, ageing_report(an_owner(None), context, as_of).report)
            for context in self.contexts(connection)
        ]

    # -- connecting ---------------------------------------------------------------------------

    def add_connections(
        self, platform: str, grant: Grant, chosen: Sequence[tuple[OrganisationRef, str]]
    ) -> list[ConnectionRow]:
        added = connecting.add_connections(an_owner(None), self, platform, grant, chosen)
        return [context.connection for context in added]

    def disconnect(self, name: str) -> str:
        return connecting.disconnect(an_owner(None), self._named(name))

    def set_mode(self, name: str, mode: str) -> ConnectionRow:
        return connecting.set_mode(an_owner(None), self._named(name), mode).connection

    def set_own_reminders(self, name: str, *, on: bool) -> ConnectionRow:
        return connecting.set_own_reminders(an_owner(None), self._named(name), on=on).connection
