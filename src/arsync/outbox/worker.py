"""The worker: approved actions out to the platform, each exactly once.

Every step ends in one commit of the store, so that a process may die between any two of them:

1. claim: `approved -> sending`, with a lease;
2. re-check the reason on fresh data, and save what `prepare` found;
3. the write itself;
4. `sending -> sent`, with the receipt;
5. read back: `sent -> confirmed`.

Who dies in 1 or 2 has done nothing; who dies in 3 leaves an unknown outcome, which the next run
looks up before anything else. A message by a channel has two effects, the delivery and what is told
of it in the books: the delivery is saved (4) before the note is written (5).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

from arsync.connector_sdk import MailReceipt, Receipt
from arsync.core.actions import Action, ActionKind, ActionState, Via, leaves_by_channel
from arsync.core.actions.posting import is_posted_by_hand, task_to_post
from arsync.core.ledger.records import UndeliverableAddress
from arsync.core.planning.plan_views import action_view
from arsync.errors import (
    ArsyncError,
    HealsWhen,
    LockLost,
    NeedsReconnect,
    OutcomeUnknown,
    Overtaken,
    Rejected,
    RetryLater,
    Stopping,
    Unreachable,
    UserMistake,
)
from arsync.outbox.approval_events import approved_by_person
from arsync.outbox.daily_count import SentToday, kinds_by
from arsync.outbox.deliver import Delivery
from arsync.outbox.healing import (
    WAIT_SECONDS,
    WAITING,
    Obstacle,
    Obstacles,
    record_mark,
    start_of_tomorrow,
)
from arsync.outbox.recheck import Gone, NotYet, Ready, Recheck
from arsync.outbox.restored import (
    FOUND_AFTER_RESTORE,
    LOOK_FIRST,
    decided_before_restore,
    may_have_left,
)
from arsync.outbox.types import WHO, ApplyResult, Effect, OutboxContext
from arsync.store.actions.action_rows import StateChange
from arsync.store.models import ActionRow, ConnectionRow, ConnectionState, Mode, Refusal

MISTAKE_PAUSE_SECONDS = 3600.0
"""After a wrong setting or text, the pause that grows with each attempt."""

BUG_PAUSE_SECONDS = 3600.0

NOT_THERE = "it is not at the accounting system"

_LOG = logging.getLogger(__name__)
_S = ActionState


class Outbox:
    """The outbox of one connection, for one run. The caller holds the connection's run lock."""

    def __init__(
        self,
        context: OutboxContext,
        *,
        only: Collection[str] | None = None,
        paused: Callable[[], Collection[ActionKind]] = frozenset,
        result: ApplyResult | None = None,
    ) -> None:
        """Make the outbox; nothing is read or written.

        Args:
            context: whose actions, and what carries them out.
            only: keys; other actions are left for another run. None for all.
            paused: the kinds that do not leave now; asked before each action.
            result: what an earlier plan of the same run did, to be gone on with.
        """
        self._only = only
        self._paused = paused
        self._store = context.store
        self._connection = context.connection
        self._connector = context.connector
        self._clock = context.clock
        self._today = context.today
        self._limits = context.limits
        self._recheck = Recheck(context)
        self._delivery = Delivery(context)
        self._sent_today = SentToday(context.store.actions, context.connection.id)
        self._obstacles = Obstacles(context.store.actions, context.connection.id)
        self._ensure_unchanged = context.ensure_unchanged
        self._post = context.post
        self._failures: Counter[str] = Counter()
        """In a row, by way."""
        self._stopped_ways: set[str] = set()
        self._lost: list[str] = []
        self.result = result or ApplyResult()
        self.result.overtaken = ""
        self._emails = sum(
            effect.state is _S.SENT and _is_message(effect.action) for effect in self.result.effects
        )

    def run(self, *, stop: Callable[[], bool] = lambda: False) -> ApplyResult:
        """Settle what is unknown, send what is approved, read back what was sent.

        Args:
            stop: asked between two actions; True ends the run in good order.
        """
        if self._connection.mode == Mode.OBSERVE:
            return self.result
        try:
            # The run lock is ours, so whoever claimed these is dead.
            self._store.claims.end_leases(
                self._connection.id, now=self._clock.now(), all_of_them=True
            )
            self._settle(stop)
            self._send(stop)
            if self._lost:
                # At once: some platforms repeat a lost email safely only for a few minutes.
                self._settle(stop, only=frozenset(self._lost))
                self._send(stop)
            self._confirm(stop)
        except Stopping:
            self.result.stopped = True
        except NeedsReconnect as error:
            self._lost_consent(error)
        except RetryLater as error:
            self._put_off(error)
        except LockLost as error:
            self.result.problems.append(str(error))
            return self.result
        except Overtaken as error:
            self.result.overtaken = str(error)
            return self.result
        self._note_waiting()
        return self.result

    # -- settle what is unknown ---------------------------------------------------------------

    def _settle(self, stop: Callable[[], bool], only: frozenset[str] | None = None) -> None:
        for row in self._rows(_S.UNKNOWN):
            if stop():
                raise Stopping
            if only is None or row.key in only:
                self._settle_one(row)

    def _settle_one(self, row: ActionRow) -> None:
        doubted = may_have_left(self._connection, row, self._today(), self._clock.now())
        if not row.before and not doubted:
            # What `prepare` finds is saved before every first attempt: there was none.
            self._change(row, _S.APPROVED, "the process ended before anything was tried")
            return
        try:
            receipt = self._delivery.look_up(row, since=_since(self._connection, row))
        except OutcomeUnknown as error:
            self._looked(row, str(error))
            return
        except (NeedsReconnect, RetryLater, LockLost):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the other customers' go on
            problem = self._went_wrong(row, error, "the look-up")
            self._looked(row, f"it could not be looked up: {problem}")
            self.result.problems.append(f"{_title(row)}: cannot be looked up: {problem}")
            return
        if receipt is None and row.receipt is not None:
            # The platform took it once. Somebody may have removed it: that is for a person to say.
            self._looked(row, NOT_THERE)
            return
        try:
            self._settled(row, receipt)
        except UserMistake:
            # Somebody settled it by hand while it was looked up; their word stands.
            _LOG.info("%s was settled meanwhile", _title(row))

    def _settled(self, row: ActionRow, receipt: Receipt | None) -> None:
        if receipt is not None:
            self._change(row, _S.SENT, f"found {_whereabouts(row)}", receipt=receipt)
        else:
            # A new life: to the old idempotency key the platform would repeat its first answer.
            self._store.claims.raise_generation(row.key)
            state = _S.APPROVED
            if decided_before_restore(self._connection, row):
                state = _S.AWAITING_APPROVAL
            self._change(row, state, f"looked up: it is not {_whereabouts(row)}")

    def _looked(self, row: ActionRow, reason: str) -> None:
        self._store.claims.record_lookup(row.key, who=WHO, why=reason, now=self._clock.now())

    def _note_waiting(self) -> None:
        """Say what only a person can settle, and what waits for the platform."""
        for obstacle in self._obstacles.now(self._clock.now()):
            if obstacle.heals_when is HealsWhen.DAY:
                self.result.held_up.append(obstacle.sentence)
            else:
                self.result.waits.append(obstacle.sentence)
        for row in self._rows(_S.UNKNOWN):
            doubt = "it was sent, and" if row.receipt else "it may have been sent or not, and"
            tells = "does not show" if row.receipt else "it cannot be determined which"
            self.result.waits.append(
                f"{_title(row)}: {doubt} {tells} ({row.reason}):"
                f" `arsync resolve {row.key[:12]}` shows what to check."
            )

    # -- send what is approved ----------------------------------------------------------------

    def _send(self, stop: Callable[[], bool]) -> None:
        self._sent_today.forget()  # a look-up may have shown that something never left
        for _ in range(self._limits.actions_per_run_max):
            if stop():
                raise Stopping
            self._ensure_unchanged()
            row = self._store.claims.claim_next(
                self._connection.id,
                now=self._clock.now(),
                lease_seconds=self._limits.lease_seconds,
                closed_ways=self._closed_ways(),
                keys=self._only,
                # Paused kinds stay approved: a day without a connection must lose no approval.
                kinds=self._obstacles.kinds(
                    set(ActionKind).difference(self._paused()), self._clock.now()
                ),
                today=self._today(),
                mode=self._connection.mode,
            )
            if row is None:
                break
            self._one(row)
            self._sent_today.note(self.result.effects[-1], row.sent_on)
        self._count_left_over()

    def _closed_ways(self) -> Collection[str]:
        """Return in which ways no more messages may leave now."""
        ways = self._ways()
        if self._emails >= self._limits.emails_per_run_max:
            return {*ways, *self._stopped_ways}
        full = {via for via, most in ways.items() if not self._one_more_by(via, most)}
        return full | self._stopped_ways

    def _ways(self) -> dict[str, int]:
        """Return the ways that there are, with how many messages each takes on a day."""
        # Of the platform's own emails alone: our letters leave past it.
        platform_max = self._connector.capabilities.emails_per_day_max
        most = min(self._limits.emails_per_day_max, platform_max or self._limits.emails_per_day_max)
        channels = self._post.messages_per_day() if self._post is not None else {}
        return {Via.PLATFORM.value: most, **channels}

    def _one_more_by(self, via: str, most: int) -> bool:
        if via == Via.PLATFORM and self._obstacles.stops_emails(self._clock.now()):
            return False
        return not most or self._sent_today.count(via, self._today()) < most

    def _count_left_over(self) -> None:
        closed, now = self._closed_ways(), self._clock.now()
        self.result.emails_left_over = sum(
            row.not_before is None or row.not_before <= now
            for row in self._rows(_S.APPROVED)
            if _is_message(row.action) and row.action.via in closed
        )

    def _one(self, row: ActionRow) -> None:
        """Do one claimed action, and leave it in a state that says what became of it."""
        if row.attempts > self._limits.attempts_max:
            self._give_up(row)
            return
        ready = self._ready(row)
        if ready is None:
            return
        if action_view(ready.action) != action_view(row.action):
            self._store.claims.revise(row.key, ready.action)
            row = row._replace(action=ready.action)
        if not self._is_first(row):
            return
        by_channel = False
        try:
            with self._in_hand():
                prepared = self._delivery.prepare(row, ready)
                by_channel = leaves_by_channel(row.action)
                receipt = self._delivery.perform(prepared)
        except LockLost:
            # Another run may look this action up right now: it stays as it is.
            raise
        except Overtaken as error:
            # Right before it left: what a person has said since counts for it, too.
            self._change(row, _S.APPROVED, str(error))
            raise
        except Rejected as error:
            self._refused(row, error)
        except OutcomeUnknown as error:
            self._change(row, _S.UNKNOWN, str(error))
            self._lost.append(row.key)
        except RetryLater as error:
            self._back(row, error.after_seconds, str(error))
            # A busy platform is busy for every action; a mail server may have put off one letter.
            if not by_channel:
                raise
            self._put_off_by(row.action.via, error)
        except UserMistake as error:
            self._back(row, MISTAKE_PAUSE_SECONDS, str(error))
            self._mistake(row, error)
        except NeedsReconnect as error:
            # Nothing happened: without an authorisation no write has left.
            self._change(row, _S.APPROVED, str(error))
            raise
        except Exception as error:  # noqa: BLE001
            # A bug must not stop the other customers' actions; what this one did is unknown.
            _LOG.exception("%s failed", _title(row))
            self._change(row, _S.UNKNOWN, f"an internal error: {type(error).__name__}")
            self.result.problems.append(f"{_title(row)}: an internal error, see the log.")
        else:
            self._change(row, _S.SENT, receipt.detail or "done", receipt=receipt)
            # At once, so that its note leaves in the same run.
            self._open_posting(row, receipt)
            if isinstance(receipt, MailReceipt):
                self._keep_undeliverable(row, receipt.undeliverable)
            if _is_message(row.action):
                self._emails += 1
                self._failures[row.action.via] = 0

    def _is_first(self, row: ActionRow) -> bool:
        """Return whether nothing of it stands; after a restore, the platform is asked.

        Otherwise the action was put away: it has left before, or a person has to say.
        """
        if not may_have_left(self._connection, row, self._today(), self._clock.now()):
            return True
        try:
            receipt = self._delivery.look_up(row, since=_since(self._connection, row))
        except (RetryLater, NeedsReconnect) as error:
            after = error.after_seconds if isinstance(error, RetryLater) else 0.0
            self._back(row, after, str(error))
            raise
        except (OutcomeUnknown, Rejected) as error:
            if approved_by_person(self._store.actions.events(row.key)):
                return True
            self._change(row, _S.AWAITING_APPROVAL, f"{LOOK_FIRST}: {error}")
            return False
        if receipt is not None:
            self._change(row, _S.SENT, FOUND_AFTER_RESTORE, receipt=receipt)
        return receipt is None

    def _refused(self, row: ActionRow, error: Rejected) -> None:
        """Keep a refusal: for good, until a record changes, or until another attempt."""
        heals_when, reason = error.heals_when, str(error)
        self._keep_undeliverable(row, error.undeliverable)
        again = f"; it is tried again {heals_when.words}" if heals_when.words else ""
        if again:
            reason = f"{reason.rstrip('.')}{again}"
        refused = "refused" if again else "refused permanently"
        self.result.problems.append(f"{_title(row)}: {refused}: {reason}")
        if heals_when not in WAITING:
            mark = ""
            if heals_when is HealsWhen.RECORD:
                mark = record_mark(self._store.ledger, self._connection.id, row.action)
            self._change(row, _S.REJECTED, reason, refusal=Refusal(heals_when, mark))
            return
        if heals_when is HealsWhen.DAY:
            until = start_of_tomorrow(self._today(), self._connection.organisation.time_zone)
        else:
            pause = self._pause_seconds(row, WAIT_SECONDS[heals_when])
            until = self._clock.now() + timedelta(seconds=pause)
        self._change(row, _S.APPROVED, reason, not_before=until, refusal=Refusal(heals_when))
        if not leaves_by_channel(row.action):
            self._obstacles.meet(Obstacle(heals_when, row.action.kind, until, reason))

    def _keep_undeliverable(self, row: ActionRow, answers: Mapping[str, str]) -> None:
        """Keep which of a message's addresses take no mail."""
        for address, answer in answers.items():
            undeliverable = UndeliverableAddress(
                row.action.contact_id, address, self._today(), answer
            )
            self._store.undeliverable.record(
                self._connection.id, undeliverable, action_key=row.key, now=self._clock.now()
            )

    def _give_up(self, row: ActionRow) -> None:
        """Stop trying. What a plan asked for is not refused: the next plan may ask for it again."""
        reason = f"given up after {self._limits.attempts_max} attempts"
        events = self._store.actions.events(row.key)
        # Nobody plans again what a person asked for.
        self._change(row, _S.REJECTED if row.by_person else _S.WITHDRAWN, reason)
        put_off = [event.reason for event in events if event.from_state is _S.SENDING]
        last = f"; the last time: {put_off[-1]}" if put_off else ""
        self.result.problems.append(f"{_title(row)}: {reason}{last}")

    def _ready(self, row: ActionRow) -> Ready | None:
        """Re-check the reason; None when the action was put away instead."""
        try:
            verdict = self._recheck.of(row)
        except LockLost:
            raise
        except (RetryLater, NeedsReconnect) as error:
            after = error.after_seconds if isinstance(error, RetryLater) else 0.0
            self._back(row, after, str(error))
            raise
        except ArsyncError as error:
            self._back(row, MISTAKE_PAUSE_SECONDS, str(error))
            self.result.problems.append(f"{_title(row)}: {error}")
            return None
        except Exception as error:  # noqa: BLE001 - as below
            _LOG.exception("%s: the re-check failed", _title(row))
            self._back(row, BUG_PAUSE_SECONDS, f"an internal error: {type(error).__name__}")
            self.result.problems.append(f"{_title(row)}: an internal error, see the log.")
            return None
        if isinstance(verdict, Gone):
            self._change(row, _S.WITHDRAWN, verdict.reason)
            return None
        if isinstance(verdict, NotYet):
            self._change(row, _S.APPROVED, verdict.reason, not_before=verdict.not_before)
            return None
        return verdict

    def _put_off_by(self, via: str, error: RetryLater) -> None:
        self._failures[via] += 1
        if self._failures[via] >= self._limits.mail_failures_max:
            self._stopped_ways.add(via)
            self.result.problems.append(str(error))

    def _mistake(self, row: ActionRow, error: UserMistake) -> None:
        if leaves_by_channel(row.action):
            # The same setting would fail for every message.
            self._stopped_ways.add(row.action.via)
        self.result.problems.append(f"{_title(row)}: {error}")

    def _back(self, row: ActionRow, after_seconds: float, reason: str) -> None:
        """Nothing happened: approved again, after a pause that grows with each attempt."""
        pause = self._pause_seconds(row, after_seconds)
        self._change(
            row, _S.APPROVED, reason, not_before=self._clock.now() + timedelta(seconds=pause)
        )

    def _pause_seconds(self, row: ActionRow, after_seconds: float) -> float:
        growing = 60.0 * 2 ** min(row.attempts - 1, 20) if row.attempts > 1 else 0.0
        return min(max(after_seconds, growing), max(after_seconds, self._limits.pause_seconds_max))

    # -- read back what was sent --------------------------------------------------------------

    def _confirm(self, stop: Callable[[], bool]) -> None:
        rows = self._rows(_S.SENT)[: self._limits.confirms_per_run_max]
        # In one query: a run may confirm thousands.
        self._delivery.read_histories(rows)
        for row in rows:
            if stop():
                raise Stopping
            # Again: a process may have died right after the letter was printed.
            self._open_posting(row, row.receipt)
            try:
                with self._in_hand():
                    receipt = self._delivery.read_back(row)
            except OutcomeUnknown as error:
                # It is sent; that it cannot be seen (or not yet) takes nothing away from that.
                self._unseen(row, str(error))
                continue
            except (NeedsReconnect, RetryLater, LockLost):
                raise
            except Rejected as error:
                self.result.problems.append(f"{_title(row)}: {error}")
                if error.heals_when in WAITING:
                    self._unseen(row, str(error))
                else:
                    self._confirmed(row, f"sent; the note about it was refused: {error}")
                continue
            except Exception as error:  # noqa: BLE001 - it is sent, and the others go on
                problem = self._went_wrong(row, error, "the read-back")
                self.result.problems.append(f"{_title(row)}: cannot be read back: {problem}")
                self._unseen(row, problem)
                continue
            if receipt is None:
                self.result.problems.append(
                    f"{_title(row)}: it was sent, but does not show at the accounting system."
                )
                self._unseen(row, NOT_THERE)
                continue
            self._confirmed(row, f"read back: {receipt.detail or receipt.reference}")

    def _open_posting(self, row: ActionRow, receipt: Receipt | None) -> None:
        """Ask a person to post what was printed."""
        if is_posted_by_hand(row.action):
            task = task_to_post(row.action, receipt.reference if receipt else "")
            now = self._clock.now()
            self._store.tasks.open_once(self._connection.id, task, who=WHO, now=now)

    def _unseen(self, row: ActionRow, reason: str) -> None:
        """Give up looking for what was sent and has not shown for days, and say so."""
        days = self._limits.confirm_days_max
        if self._clock.now() - row.changed_at < timedelta(days=days):
            return
        events = self._store.actions.events(row.key)
        event_row = next(
            event for event in reversed(events) if event.from_state is not event.to_state
        )
        if row.action.kind is ActionKind.REMINDER or leaves_by_channel(row.action):
            # The message has left, or a person says so: only the note about it is missing.
            reason = f"sent; the note about it has not shown for {days} days: {reason}"
            self._confirmed(row, reason)
            self.result.problems.append(f"{_title(row)}: {reason}")
        elif event_row.to_state is _S.SENT and event_row.actor != WHO:
            self._confirmed(row, f"{event_row.reason}; it has not shown for {days} days: {reason}")
        else:
            # Somebody may have removed it on purpose, so only a person can have it repeated.
            self._change(row, _S.UNKNOWN, f"sent, but not visible for {days} days: {reason}")

    def _confirmed(self, row: ActionRow, reason: str) -> None:
        self._change(row, _S.CONFIRMED, reason)

    def _went_wrong(self, row: ActionRow, error: Exception, doing: str) -> str:
        """Return an error in words; a bug goes to the log with its trace."""
        if isinstance(error, ArsyncError):
            return str(error)
        _LOG.error("%s: %s failed", _title(row), doing, exc_info=error)
        return f"an internal error ({type(error).__name__}), see the log."

    # -- small change -------------------------------------------------------------------------

    @contextmanager
    def _in_hand(self) -> Iterator[None]:
        """Say for as long that a write is under way."""
        self.result.in_hand = True
        try:
            yield
        finally:
            self.result.in_hand = False

    def _rows(self, state: ActionState) -> list[ActionRow]:
        rows = self._store.actions.list(self._connection.id, states={state})
        return [row for row in rows if self._only is None or row.key in self._only]

    def _change(
        self,
        row: ActionRow,
        state: ActionState,
        reason: str,
        *,
        receipt: Receipt | None = None,
        not_before: datetime | None = None,
        refusal: Refusal | None = None,
    ) -> None:
        reason = reason or "no reason was given"
        change = StateChange(row.state, state, WHO, reason, self._clock.now())
        try:
            self._store.claims.advance(
                row, change, receipt=receipt, not_before=not_before, refusal=refusal
            )
        except UserMistake:
            # Perhaps another run has taken over: then what that one found counts.
            self._store.runs.ensure_lock_held(self._connection.id)
            raise
        self.result.effects.append(Effect(row.key, row.action, state, reason))

    def _lost_consent(self, error: NeedsReconnect) -> None:
        self._store.connections.set_state(self._connection.id, ConnectionState.NEEDS_RECONNECT)
        self.result.needs_reconnect = True
        self.result.problems.append(str(error))

    def _put_off(self, error: RetryLater) -> None:
        self.result.put_off_until = self._clock.now() + timedelta(seconds=error.after_seconds)
        self.result.problems.append(str(error))
        if isinstance(error, Unreachable):
            self.result.unreachable = str(error)


def _since(connection: ConnectionRow, row: ActionRow) -> datetime | None:
    """Return when a first attempt may have begun that the store knows nothing of."""
    return connection.restored.as_of if connection.restored and not row.before else None


def _whereabouts(row: ActionRow) -> str:
    """Return where it was looked for."""
    by_channel = leaves_by_channel(row.action)
    return f"among what left by {row.action.via}" if by_channel else "at the accounting system"


def _is_message(action: Action) -> bool:
    return action.kind in kinds_by(action.via)


def _title(row: ActionRow) -> str:
    """Return an action in a few words: `reminder to Acme Ltd about INV-7`."""
    numbers = ", ".join(ref.number for ref in row.action.invoices[:3])
    kind = row.action.kind.value.replace("_", " ")
    return f"{kind} for {row.action.contact_name}" + (f" about {numbers}" if numbers else "")
