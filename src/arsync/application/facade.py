"""The application, as commands see it: one plain method each, with a typed result."""

from __future__ import annotations

import getpass
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

from arsync import outbox
from arsync.application import queries, runs, scheduler, undoing, unknown_outcomes
from arsync.application.container import Parts
from arsync.application.personal_data import forget_one
from arsync.application.results import ConnectionStatus, History, Listed, RunResult, Why
from arsync.core.actions import ActionKind, ActionState
from arsync.core.analytics.ageing import Ageing
from arsync.core.ledger.records import Account, Contact, Invoice
from arsync.core.planning.planner import Plan
from arsync.errors import UserMistake
from arsync.outbox import Recorded
from arsync.store.admin.privacy import Forgotten
from arsync.store.models import ActionRow, ConnectionRow, Mode
from arsync.sync.pull import Progress

T = TypeVar("T")


def person() -> str:
    """Return the name under which this person's decisions are kept."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "a person"


class App(Parts):
    """The application for one config. `connection` is a connection's name; None means all."""

    # -- every day ----------------------------------------------------------------------------

    def pull(
        self,
        connection: str | None = None,
        *,
        progress: Callable[[Progress], None] | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> list[RunResult]:
        """Bring the copies of the ledgers up to date."""
        pull = partial(runs.pull_one, progress=progress, stop=stop)
        return self._until_stopped("pull", pull, connection, stop)

    def rebuild(
        self,
        connection: str | None = None,
        *,
        progress: Callable[[Progress], None] | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> list[RunResult]:
        """Copy the ledgers anew; what people recorded and what arsync did stays."""
        rebuild = partial(runs.rebuild_one, progress=progress, stop=stop)
        return self._until_stopped("rebuild", rebuild, connection, stop)

    def plan(self, connection: str | None = None, *, as_of: date | None = None) -> list[Plan]:
        """Return what the rulebooks would do; changes nothing."""
        return [queries.plan_of(self, row, as_of) for row in self.connections(connection)]

    def prepare(self, connection: str | None = None) -> list[RunResult]:
        """Plan, and save the plans as actions that can be approved; nothing is sent."""
        return [runs.prepare_one(self, row) for row in self.connections(connection)]

    def apply(
        self,
        connection: str | None = None,
        *,
        progress: Callable[[Progress], None] | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> list[RunResult]:
        """Carry out the approved actions."""
        apply = partial(runs.apply_one, progress=progress, stop=stop)
        return self._until_stopped("apply", apply, connection, stop)

    def _until_stopped(
        self,
        kind: str,
        run: Callable[[App, ConnectionRow], RunResult],
        connection: str | None,
        stop: Callable[[], bool],
    ) -> list[RunResult]:
        """Run one connection after the other; those after the stop are not begun."""
        return [
            runs.not_begun(self, row, kind) if stop() else run(self, row)
            for row in self.connections(connection)
        ]

    def sync(
        self,
        connection: str | None = None,
        *,
        progress: Callable[[Progress], None] | None = None,
        stop: Callable[[], bool] = lambda: False,
        now: bool = False,
    ) -> Iterator[RunResult]:
        """Pull, plan, approve by the rulebook and carry out; several connections at a time.

        With `now` also those that are left alone because their platform could not be reached.
        """
        rows = self.connections(connection)
        return scheduler.sync_all(self, rows, progress=progress, stop=stop, now=now)

    def run_forever(
        self,
        *,
        every_seconds: float | None = None,
        stop: threading.Event,
        connections: Sequence[str] | None = None,
        report: Callable[[RunResult], None] = lambda _: None,
    ) -> int:
        """Sync again and again until `stop` is set (see `stop_on_signals`); returns the rounds."""
        every = self.config.every_seconds if every_seconds is None else every_seconds
        return scheduler.run_forever(
            self, every_seconds=every, stop=stop, names=connections, report=report
        )

    # -- people -------------------------------------------------------------------------------

    def waiting(self, connection: str | None = None) -> list[Listed]:
        """Return the actions that wait for a person's approval."""
        return self.actions(connection, states={ActionState.AWAITING_APPROVAL})

    def approve(
        self,
        keys: Sequence[str] | None = None,
        *,
        connection: str | None = None,
        who: str | None = None,
    ) -> list[Listed]:
        """Let waiting actions go.

        Args:
            keys: keys, or enough of each one's beginning; None for all that wait.
            connection: with `keys=None`, only this connection's.
            who: the person; by default the computer's user.

        Raises:
            UserMistake: a key is not known or does not wait, or the connection only observes.
        """
        rows = self._chosen(keys, connection)
        done = outbox.approve(self.store, rows, who=who or person(), clock=self.clock)
        return self._named(done)

    def reject(
        self,
        keys: Sequence[str],
        *,
        why: str,
        who: str | None = None,
    ) -> list[Listed]:
        """Refuse actions that wait or have not left yet.

        They are not planned again, unless that is taken back.
        """
        unsent = {ActionState.AWAITING_APPROVAL, ActionState.APPROVED}
        rows = self._chosen(keys, None, states=unsent)
        done = outbox.reject(self.store, rows, who=who or person(), why=why, clock=self.clock)
        return self._named(done)

    def take_back(self, keys: Sequence[str], *, why: str, who: str | None = None) -> list[Listed]:
        """Take refusals back: what still has its reason is planned again by the next run.

        Args:
            keys: keys, or enough of each one's beginning.
            why: the reason; it is kept with the action.
            who: the person; by default the computer's user.

        Raises:
            UserMistake: a key is not known or not refused, or the connection only observes.
        """
        rows = self._chosen(keys, None, states={ActionState.REJECTED})
        done = outbox.take_back(self.store, rows, who=who or person(), why=why, clock=self.clock)
        return self._named(done)

    def unsettled(
        self, connection: str | None = None, *, key: str | None = None
    ) -> list[unknown_outcomes.Unsettled]:
        """Return the actions whose outcome only a person can settle, with what to look at.

        Raises:
            UserMistake: `key` names none, or one whose outcome is known.
        """
        if key is None:
            rows = self.connections(connection)
            return [one for row in rows for one in unknown_outcomes.unsettled(self, row)]
        action = outbox.unsettled(self.store.actions.get(key))
        owner = self.store.connections.by_id(action.connection_id)
        return [unknown_outcomes.explained(self, owner, action)]

    def resolve(self, key: str, *, sent: bool, note: str = "", who: str | None = None) -> Listed:
        """Settle an unknown outcome by a person's word.

        Args:
            key: the action's, or enough of its beginning.
            sent: True counts it as done; False lets it be tried again.
            note: how the person knows.
            who: the person; by default the computer's user.

        Raises:
            UserMistake: the key names none, or one whose outcome is known.
        """
        row = self.store.actions.get(key)
        done = outbox.resolve(
            self.store, row, sent=sent, note=note, who=who or person(), clock=self.clock
        )
        return self._named([done])[0]

    def undo_plan(
        self, keys: Sequence[str] = (), *, run_id: int | None = None
    ) -> list[undoing.UndoPlan]:
        """Return what undoing these actions would do, read afresh; changes nothing.

        Args:
            keys: the actions', or enough of each one's beginning.
            run_id: instead of keys: everything that this run did.

        Raises:
            UserMistake: a key or the run is not known, or the run did nothing.
        """
        return undoing.undo_plan(self, undoing.chosen(self, keys, run_id))

    def undo(
        self,
        plans: Sequence[undoing.UndoPlan],
        *,
        reason: str = "",
        who: str | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> list[undoing.Undone]:
        """Put back what the plans say, each in a run of its own.

        Raises:
            UserMistake: a connection only observes.
        """
        for plan in plans:
            outbox.check_writes(plan.connection)
        name = who or person()
        going = [plan for plan in plans if plan.going]
        return [undoing.undo_one(self, plan, who=name, reason=reason, stop=stop) for plan in going]

    def allow_again(
        self, keys: Sequence[str], *, reason: str = "", who: str | None = None
    ) -> list[Listed]:
        """Let holds and changes of terms that were undone be planned again.

        Raises:
            UserMistake: one was not undone.
        """
        name = who or person()
        rows = [self.store.actions.get(key) for key in keys]
        return self._named(
            [
                outbox.allow_again(self.store, row, who=name, reason=reason, clock=self.clock)
                for row in rows
            ]
        )

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
        """Record a promise to pay; the note goes to the platform with the next run."""
        row, found = self._invoice(invoice, connection)
        return outbox.record_promise(
            self.store,
            row,
            found,
            promised_on=promised_on,
            amount=amount,
            note=note,
            today=self.today(row),
            who=who or person(),
        )

    def dispute(
        self,
        invoice: str,
        *,
        reason: str = "",
        settled: bool = False,
        connection: str | None = None,
        who: str | None = None,
    ) -> Recorded:
        """Record a dispute about an invoice, or that it is settled."""
        row, found = self._invoice(invoice, connection)
        return outbox.record_dispute(
            self.store,
            row,
            found,
            reason=reason,
            settled=settled,
            today=self.today(row),
            who=who or person(),
        )

    def tasks(self, connection: str | None = None) -> list[Listed]:
        """Return the tasks that wait for a person."""
        return [
            Listed(row.name, task)
            for row in self.connections(connection)
            for task in self.store.actions.open_tasks(row.id)
        ]

    def done(self, key: str, *, outcome: str, who: str | None = None) -> Recorded:
        """Record that a task is done."""
        task = self.store.actions.get(key)
        row = self.store.connections.by_id(task.connection_id)
        return outbox.complete_task(
            self.store, row, task.key, outcome=outcome, who=who or person(), clock=self.clock
        )

    # -- personal data ------------------------------------------------------------------------

    def export_contact(self, contact: str, *, connection: str | None = None) -> dict[str, Any]:
        """Return everything held of one customer, for JSON."""
        row, found = self._contact(contact, connection)
        return {"connection": row.name, **self.store.privacy.export(row.id, found.id)}

    def forget_contact(
        self, contact: str, *, connection: str | None = None, who: str | None = None
    ) -> Forgotten:
        """Make what arsync recorded about one customer nameless, and remember who asked for it."""
        row, found = self._contact(contact, connection)
        return forget_one(self, row, found.id, who=who or person())

    # -- look ---------------------------------------------------------------------------------

    def actions(
        self,
        connection: str | None = None,
        *,
        states: Collection[ActionState] | None = None,
        kinds: Collection[ActionKind] | None = None,
        rows_max: int = 10_000,
    ) -> list[Listed]:
        """Return actions and what became of them."""
        rows = self.connections(connection)
        return queries.listed(self, rows, states=states, kinds=kinds, rows_max=rows_max)

    def history(self, key: str) -> History:
        """Return one action with its events, by its key or enough of the beginning."""
        row = self.store.actions.get(key)
        return queries.history(self, self.store.connections.by_id(row.connection_id).name, row)

    def why(self, about: str, *, connection: str | None = None, as_of: date | None = None) -> Why:
        """Explain what is done about a customer or an invoice, what is not, and why.

        Raises:
            UserMistake: nothing is called so, or something in several connections is.
        """
        whies: list[Why] = []
        mistakes: list[str] = []
        for row in self.connections(connection):
            try:
                whies.append(queries.why(self, row, about, as_of))
            except queries.NotFound as mistake:
                mistakes.append(str(mistake))
        if not whies:
            raise UserMistake("\n".join(dict.fromkeys(mistakes)))
        if len(whies) > 1:
            names = ", ".join(one.connection for one in whies)
            raise UserMistake(
                f"{about} is in several connections: {names}.\n    hint: choose with --connection"
            )
        return whies[0]

    def status(self, connection: str | None = None) -> list[ConnectionStatus]:
        """Return where each connection stands."""
        return [queries.status(self, row) for row in self.connections(connection)]

    def report(
        self, connection: str | None = None, *, as_of: date | None = None
    ) -> list[tuple[ConnectionRow, Ageing]]:
        """Return the ageing of receivables, for a past day as it stood then."""
        return [(row, queries.report(self, row, as_of)) for row in self.connections(connection)]

    def accounts(self, connection: ConnectionRow, as_of: date | None = None) -> Iterator[Account]:
        """Yield every debtor of a connection with its records, for a past day as it stood then."""
        return queries.accounts(self, connection, as_of)

    # -- small change -------------------------------------------------------------------------

    def _chosen(
        self,
        keys: Sequence[str] | None,
        connection: str | None,
        *,
        states: Collection[ActionState] = (ActionState.AWAITING_APPROVAL,),
    ) -> list[ActionRow]:
        if keys is None:
            observers = {
                row.name for row in self.connections(connection) if row.mode == Mode.OBSERVE
            }
            return [
                listed.row
                for listed in self.waiting(connection)
                if listed.connection not in observers
            ]
        rows = [self.store.actions.get(key) for key in keys]
        for row in rows:
            owner = self.store.connections.by_id(row.connection_id)
            if owner.mode == Mode.OBSERVE:
                raise UserMistake(
                    f"{owner.name} only observes."
                    f"\n    hint: arsync connections {owner.name} --mode approve"
                )
            if row.state not in states:
                asked = "is not refused" if ActionState.REJECTED in states else "does not wait"
                refused = row.state is ActionState.REJECTED
                hint = f"\n    hint: {outbox.TAKE_BACK_HINT}" if refused else ""
                raise UserMistake(f"{row.key[:12]} {asked}: it is {row.state.value}.{hint}")
        return rows

    def _named(self, rows: Sequence[ActionRow]) -> list[Listed]:
        names = {row.id: row.name for row in self.store.connections.all()}
        return [Listed(names.get(row.connection_id, ""), row) for row in rows]

    def _contact(self, text: str, connection: str | None) -> tuple[ConnectionRow, Contact]:
        """Return the one customer of that name, a deleted one too, in whichever connection."""
        look_up = partial(self.store.ledger.contact, also_gone=True)
        return self._only_one(text, connection, look_up)

    def _invoice(self, text: str, connection: str | None) -> tuple[ConnectionRow, Invoice]:
        """Return the one invoice of that number, in whichever connection it is."""
        return self._only_one(text, connection, self.store.ledger.invoice)

    def _only_one(
        self, text: str, connection: str | None, look_up: Callable[[int, str], T]
    ) -> tuple[ConnectionRow, T]:
        found: list[tuple[ConnectionRow, T]] = []
        mistakes: list[str] = []
        for row in self.connections(connection):
            try:
                found.append((row, look_up(row.id, text)))
            except UserMistake as mistake:
                mistakes.append(str(mistake))
        if len(found) > 1:
            names = ", ".join(row.name for row, _ in found)
            raise UserMistake(
                f"{text} is in several connections: {names}.\n    hint: choose with --connection"
            )
        if not found:
            raise UserMistake("\n".join(dict.fromkeys(mistakes)))
        return found[0]
