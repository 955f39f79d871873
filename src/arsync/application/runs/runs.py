"""The runs of one connection: each is idempotent, under the connection's lock, and recorded."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime

from arsync import outbox
from arsync.application.connections.outage_text import outage_words
from arsync.application.connections.own_reminders import OwnReminders
from arsync.application.credit.credit_applications import bind_applicants
from arsync.application.credit.credit_references import reference_gone, remind_references
from arsync.application.customers.customer_data import forget_expired
from arsync.application.customers.customer_entries import bind_customers
from arsync.application.decisions.plan_changes import remember
from arsync.application.decisions.supplier_watching import (
    SupplierPlan,
    plan_suppliers,
    tell_of_suppliers,
)
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.organisation.packed_plan import and_more
from arsync.application.organisation.rulebook_notes import rulebook_notes
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.reports.figure_keeping import keep_figures
from arsync.application.results import RunResult
from arsync.application.rules.rulebook_versions import keep_rulebook
from arsync.application.runs.bill_reading import bind_suppliers, read_bills
from arsync.application.runs.mailbox import note_mail
from arsync.application.runs.pulling import UNWATCHED, RunWatch, not_begun, update_copy
from arsync.application.runs.recorded_run import RecordedRun, new_result, remove_quiet_runs
from arsync.application.runs.undo_bookkeeping import end_decisions, settle_undone
from arsync.application.tasks.ending_tasks import end_tasks
from arsync.connector_sdk import Connector
from arsync.core.actions import ActionKind, ActionState
from arsync.core.planning.plan import Plan
from arsync.core.planning.send_blocks import Circumstances, Pause, pauses
from arsync.errors import ArsyncError, Stopping, UserMistake
from arsync.logs import log_fields
from arsync.store.actions.claims import mode_changed
from arsync.store.models import OutageRow
from arsync.sync.pull import Progress
from arsync.telemetry import span

PLANS_PER_RUN_MAX = 3
"""So often a run plans when people change the mode or the rulebook meanwhile; then it ends."""

OVER_SAFETY = "over a safety limit: needs approval"

_LOG = logging.getLogger(__name__)


def prepare(actor: Actor, organisation: OrganisationContext) -> RunResult:
    """Plan, and save the plan as actions that can be approved; nothing is sent."""
    permit(actor, Permission.PREPARE)
    with RecordedRun(organisation, "plan") as run:
        run.begin()
        _ = organisation.rulebook  # what is wrong with it is said before the ledger is read
        _tell_unread(organisation, run.result)
        _take_back_healed(organisation)
        _plan(actor, organisation, organisation.circumstances(), run.result)
        if not organisation.observes:
            _save_plan(organisation, run.result)
    return run.result


def apply(
    actor: Actor, organisation: OrganisationContext, watch: RunWatch = UNWATCHED
) -> RunResult:
    """Carry out the approved actions, on a copy of the ledger that is fresh.

    The invoices of a message are read again by themselves; unapplied cash shows only in a pull.
    """
    permit(actor, Permission.RUN)
    if watch.stop():
        return not_begun(organisation, "apply")
    with RecordedRun(organisation, "apply", stop=watch.stop) as run:
        run.begin()
        keep_rulebook(actor, organisation)  # without one nothing is asked of the platform
        _tell_unread(organisation, run.result)
        # A person let these go: also what is read for them may use the reserve of the day's calls.
        with organisation.open_connector(
            writing=lambda: True, stop=run.stop_between_writes
        ) as connector:
            # Without approved actions there is nothing to protect, and no call is spent.
            if _has_approved(organisation):
                update_copy(organisation, connector, run.result, watch)
            _carry_out(organisation, connector, run.result, organisation.circumstances(), watch)
            _cut_if_overtaken(run.result)
    return run.result


def sync(
    actor: Actor,
    organisation: OrganisationContext,
    watch: RunWatch = UNWATCHED,
    *,
    now: bool = False,
    if_due: bool = False,
) -> RunResult:
    """Pull, plan, approve by the rulebook, and carry out, for one connection.

    One whose platform could not be reached of late is left alone until its pause is over, unless it
    is to be tried `now`. A bug met in one ledger is a result too: it must not stop the others.

    Args:
        actor: who asks for it, or the schedule.
        organisation: whose ledger.
        watch: looks on.
        now: also while it is left alone.
        if_due: only if the schedule asks for it; see `scheduling.sync_if_due`.
    """
    permit(actor, Permission.RUN)
    run = RecordedRun(organisation, "sync", stop=watch.stop)
    try:
        if watch.stop():
            return not_begun(organisation, "sync")
        outage = organisation.outage()
        if (
            outage is not None
            and not (now or if_due)
            and not _is_over(outage, organisation.clock.now())
        ):
            return _left_alone(organisation, outage)
        with run:
            run.begin(if_due=if_due)
            _ = organisation.rulebook  # without one nothing is asked of the platform
            _tell_unread(organisation, run.result)
            approved, result = _has_approved(organisation), run.result
            with organisation.open_connector(
                # The re-check is part of the message, so it may use the calls reserved for writes.
                writing=lambda: approved or result.applied is not None,
                stop=run.stop_between_writes,
            ) as connector:
                update_copy(organisation, connector, result, watch)
                read_bills(organisation, connector, result)
                # Before the plan: an address that came to take no mail is not written to again.
                note_mail(actor, organisation)
                _plan_and_carry_out(actor, organisation, connector, result, watch)
            forget_expired(actor, organisation)
            remove_quiet_runs(actor, organisation, result)
            if result.pulled is not None and result.pulled.complete and not result.broke:
                keep_figures(actor, organisation, changed=not result.quiet)
    except ArsyncError as error:
        # The store is away or gone before the run has begun.
        result = new_result(organisation, "sync")
        result.problems.append(str(error))
        result.broke, result.mistake = True, isinstance(error, UserMistake)
        return result
    except Exception as error:  # noqa: BLE001 - see above
        with log_fields(connection=organisation.name, run=run.result.run_id):
            _LOG.exception("%s: the run failed", organisation.name)
        result = new_result(organisation, "sync")
        result.problems.append(f"an internal error ({type(error).__name__}), see the log.")
        result.broke = True
        return result
    return run.result


def _tell_unread(organisation: OrganisationContext, result: RunResult) -> None:
    """Say which files are not read: until that is settled, nothing that rules plan leaves."""
    known_problems = set(result.problems)
    unread = map(str, organisation.unread_files)
    result.problems += [file for file in unread if file not in known_problems]
    result.mistake = result.mistake or bool(organisation.unread_files)


def _is_over(outage: OutageRow, now: datetime) -> bool:
    return outage.retry_at is None or outage.retry_at <= now


def _left_alone(organisation: OrganisationContext, outage: OutageRow) -> RunResult:
    result = new_result(organisation, "sync")
    result.waits_until = outage.retry_at
    result.problems.append(outage_words(organisation, outage))
    result.broke = True
    return result


def _has_approved(organisation: OrganisationContext) -> bool:
    counts = organisation.store.actions.counts(organisation.id)
    return bool(counts.get(ActionState.APPROVED))


# -- plan -------------------------------------------------------------------------------------


@span("plan")
def _plan(
    actor: Actor, organisation: OrganisationContext, circumstances: Circumstances, result: RunResult
) -> SupplierPlan:
    """Bind the rulebook's customers, plan the ledger with them, and look at suppliers."""
    keep_rulebook(actor, organisation)
    bound = bind_customers(organisation)
    bind_suppliers(organisation, bound)
    bind_applicants(organisation)
    result.notices = rulebook_notes(organisation, bound)
    accounts = organisation.store.ledger.accounts(organisation.id)
    result.plan = organisation.plan(accounts, circumstances, also=result.notices)
    result.notices += result.plan.notices
    suppliers = plan_suppliers(organisation, result)
    remember(organisation, result.plan)
    organisation.store.limits.record(organisation.id, result.plan, actor.name)
    organisation.store.conditions.save(organisation.id, result.plan)
    result.ended_tasks += end_tasks(organisation, result.plan)
    if not organisation.container.platform_clocks.untrusted(organisation.connection.platform):
        # On a wrong day a promise would be shown as broken.
        organisation.store.promises.save(organisation.id, result.plan.promises)
    return suppliers


def _plan_and_carry_out(
    actor: Actor,
    organisation: OrganisationContext,
    connector: Connector,
    result: RunResult,
    watch: RunWatch,
) -> None:
    """Plan and carry out; anew whenever a person changes the mode or the rulebook meanwhile."""
    for _ in range(PLANS_PER_RUN_MAX):
        # Read again: a person may have changed the mode during the pull, or the plan before.
        _carry_out_one_plan(actor, organisation.refreshed(), connector, result, watch)
        if result.applied is None or not result.applied.overtaken:
            return
        _LOG.info("%s: %s; planning anew", organisation.name, result.applied.overtaken)
    _cut_if_overtaken(result)


def _carry_out_one_plan(
    actor: Actor,
    organisation: OrganisationContext,
    connector: Connector,
    result: RunResult,
    watch: RunWatch,
) -> None:
    if watch.stop():
        raise Stopping
    _tell_unread(organisation, result)  # a file may have come, or gone, since the run began
    circumstances = organisation.circumstances()
    _take_back_healed(organisation)
    suppliers = _plan(actor, organisation, circumstances, result)
    if not organisation.observes:
        tell_of_suppliers(organisation, suppliers)
        _save_plan(organisation, result)
        _carry_out(organisation, connector, result, circumstances, watch)


def _take_back_healed(organisation: OrganisationContext) -> None:
    """Let the plan ask again for what was refused, where the customer's record has changed."""
    if not organisation.observes:
        store, now = organisation.store, organisation.clock.now()
        outbox.take_back_healed(store, organisation.connection, now)


def _cut_if_overtaken(result: RunResult) -> None:
    if result.applied is not None and result.applied.overtaken:
        result.cut(f"{result.applied.overtaken}: the next run plans anew")


def _save_plan(organisation: OrganisationContext, result: RunResult) -> None:
    """Save the result's plan as actions, approved as the mode and the rulebook say."""
    assert result.plan is not None, "a plan is saved after it is made"
    store, connection = organisation.store, organisation.connection
    settle_undone(store, connection, organisation.today)
    end_decisions(organisation, result.plan.ended_refusals)
    if result.plan.ended_releases:
        organisation.store.holds.end(
            organisation.id,
            result.plan.ended_releases,
            who=outbox.WHO,
            why="no rule asks for a hold any more",
        )
    interrupted = outbox.interrupted_batches(
        store, connection, result.plan, organisation.replan_one
    )
    if interrupted:
        actions = and_more(result.plan.actions, interrupted)
        result.plan = replace(result.plan, actions=actions)
    still_approved = _withdraw_unapproved(organisation, result.plan)
    absent = outbox.absent_from(store, connection, result.plan, organisation.undecided)
    result.saved = store.actions.save_plan(
        connection.id,
        result.plan,
        mode=connection.mode,
        now=organisation.clock.now(),
        run_id=result.run_id,
        why_gone=absent.why_gone,
        undecided=absent.undecided,
        renewed=still_approved,
    )
    remind_references(organisation)


def _withdraw_unapproved(organisation: OrganisationContext, plan: Plan) -> set[str]:
    """Withdraw what no person approved and now has to; saving the plan then lets it wait for one.

    Returns the keys of what is approved still, and not by a person.
    """
    actions = organisation.store.actions
    need_approval = {action.key for action in plan.actions if action.needs_approval}
    still_approved: set[str] = set()
    approved = actions.waiting_keys(organisation.id, {ActionState.APPROVED})
    for row, events in actions.with_events(approved):
        # A person's approval is for the text it was given for; only the rulebook's lapses.
        if outbox.approved_by_person(events):
            continue
        if plan.safety.exceeded:
            reason = OVER_SAFETY
        elif organisation.mode == "approve":
            reason = outbox.ALL_WAIT
        elif row.key in need_approval:
            reason = outbox.RULEBOOK_ASKS
        else:
            still_approved.add(row.key)
            continue
        actions.change(
            row.key,
            ActionState.WITHDRAWN,
            who=outbox.WHO,
            why=reason,
            now=organisation.clock.now(),
            from_state=ActionState.APPROVED,
        )
    return still_approved


# -- carry out --------------------------------------------------------------------------------


@span("apply")
def _carry_out(
    organisation: OrganisationContext,
    connector: Connector,
    result: RunResult,
    circumstances: Circumstances,
    watch: RunWatch,
) -> None:
    store, container = organisation.store, organisation.container
    own_reminders = OwnReminders(organisation, connector)

    def paused(*, own: bool | None) -> tuple[Pause, ...]:
        # Asked of the store once a run; but the data grow old while messages leave.
        now = organisation.clock.now()
        current = circumstances._replace(now=now, own_reminders=own)
        return pauses(organisation.rulebook, current)

    def paused_kinds() -> frozenset[ActionKind]:
        standing = paused(own=own_reminders.before_messages())
        return frozenset[ActionKind]().union(*(pause.kinds for pause in standing))

    context = outbox.OutboxContext(
        store,
        organisation.connection,
        connector,
        organisation.clock,
        today=lambda: organisation.today,
        replan=organisation.replan_one,
        undecided=organisation.undecided,
        reference_gone=lambda action: reference_gone(organisation, action),
        true_still=organisation.true_still,
        post=container.post(organisation.letter_source),
        limits=container.limits,
        changed=organisation.rules_changed,
    )
    worker = outbox.Outbox(context, paused=paused_kinds, result=result.applied)
    result.applied = worker.result

    def stop_now() -> bool:
        if watch.progress is not None:
            count = len({effect.key for effect in worker.result.effects})
            watch.progress(Progress("actions", 0, count, doing="carrying out"))
        return watch.stop()

    worker.run(stop=stop_now)
    if worker.result.stopped:
        result.cut()
    elif not worker.result.overtaken:
        new_mode = organisation.refreshed().connection.mode
        if new_mode != organisation.connection.mode:
            worker.result.overtaken = mode_changed(organisation.connection.mode, new_mode)
    result.paused = paused(own=own_reminders.on)
    result.later = store.actions.later(organisation.id, organisation.clock.now())
    settle_undone(store, organisation.connection, organisation.today)
