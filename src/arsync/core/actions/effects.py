"""The stepper: an account after what was planned for it was done, as the store would record it.

Whoever plays a rulebook forward (scenarios, simulation, backtest) takes its next state from here;
the store reads its own history through the same `steps_taken`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date

from msgspec.structs import replace

from arsync.core.actions import (
    Action,
    ActionKind,
    CreditHoldPayload,
    HoldReasonsPayload,
    PlacementPayload,
    ReminderLevelPayload,
    TaskPayload,
    TermsPayload,
    payload_of,
    step_subject,
)
from arsync.core.actions.registry import HOLD_KINDS, LIFTING_KINDS, STEP_KINDS
from arsync.core.ledger.records import (
    CLOSED_BY_ITSELF,
    Account,
    BilledCharge,
    HoldOrigin,
    LetterSent,
    PlacedDebt,
    Placement,
    SentStep,
    ShownLevel,
    StandingHold,
    TaskRecord,
)


def leaves_on(action: Action, today: date) -> bool:
    """Return whether an approved action is carried out on the day, or waits for a business day."""
    return action.not_before is None or action.not_before.date() <= today


def steps_taken(action: Action, on: date) -> list[SentStep]:
    """Return the steps that an action takes: a reminder's, or a task's inside a cadence."""
    if action.kind not in STEP_KINDS and action.kind is not ActionKind.TASK:
        return []
    if charges_billed(action):
        # A month's charge is a step of no cadence.
        return []
    message = action.key if action.batch_id else ""
    return [
        SentStep(
            invoice_id=ref.id,
            episode=ref.episode,
            cadence=ref.cadence or action.payload.cadence_name or action.because.rule,
            day=ref.day,
            step=ref.step or action.step,
            on=on,
            # A task has no moment: a telephone call keeps no email waiting.
            moment=action.batch_id,
            slot=ref.slot,
            message=message,
        )
        for ref in action.invoices
        if action.kind in STEP_KINDS or ref.step
    ]


def letters_sent(action: Action, on: date | None) -> list[LetterSent]:
    """Return the letter about the account that an action is, as a list; none for all others."""
    if action.kind is not ActionKind.ACCOUNT_LETTER:
        return []
    # Of one whose day is lost nobody knows whether it was of late: it keeps no other waiting.
    day = on or date.min
    letter, rule = action.payload.title, action.because.rule
    return [LetterSent(action.key, action.contact_id, letter, day, action.batch_id, rule)]


def task_opened(action: Action, on: date) -> TaskRecord:
    """Return the task that an action opens on a day."""
    return TaskRecord(
        action.key,
        action.contact_id,
        action.payload.cadence_name or action.because.rule,
        steps=tuple(steps_taken(action, on)),
        invoice_ids=tuple(ref.id for ref in action.invoices),
        opened_on=on,
        escalates=TASK_OPEN_DAYS in action.because.facts,
        text=action.payload.title,
        is_alert=isinstance(action.payload, TaskPayload) and action.payload.is_alert,
    )


TASK_OPEN_DAYS = "task_open_days"
"""The fact on which a rule passes on what stays undone: such a task is not counted by it."""


def standing_hold(action: Action, since: date | None, *, terms_changed: bool) -> StandingHold:
    """Return the hold in force that an action placed."""
    payload, because = payload_of(action, CreditHoldPayload), action.because
    return StandingHold(
        action.contact_id,
        since or date.min,
        action.episode,
        terms_changed,
        reasons=payload.reasons,
        ever=payload.reasons,
        origin=HoldOrigin(because.file, because.line, because.rule) if because.file else None,
        children=payload.children,
        mailed=payload.tell,
    )


def with_reasons(hold: StandingHold, action: Action) -> StandingHold:
    """Return a hold after its reasons were written anew."""
    payload = payload_of(action, HoldReasonsPayload)
    return hold._replace(
        reasons=payload.reasons,
        ever=tuple(dict.fromkeys((*hold.ever, *payload.reasons))),
        updates=hold.updates + 1,
        # A child that cannot be written to at present has the hold all the same.
        children=tuple(dict.fromkeys((*hold.children, *payload.children))),
        mailed=tuple(dict.fromkeys((*hold.mailed, *payload.tell))),
    )


def with_level(shown: ShownLevel | None, action: Action) -> ShownLevel:
    """Return the level that a contact's record shows after an action changed it."""
    changes = shown.changes if shown is not None else 0
    return ShownLevel(payload_of(action, ReminderLevelPayload).level, changes + 1)


def charges_billed(action: Action) -> list[BilledCharge]:
    """Return what an action bills of interest and fixed sums, by invoice."""
    return [
        BilledCharge(action.key, line.invoice_id, line.last, line.compensation > 0)
        for line in action.payload.charged
    ]


def placement_made(action: Action, on: date | None) -> list[Placement]:
    """Return the placement that an action makes, as a list; none when it ends one."""
    payload = action.payload
    if not isinstance(payload, PlacementPayload) or payload.ended_as:
        return []
    debts = tuple(PlacedDebt(ref.id, ref.amount_due, ref.currency) for ref in action.invoices)
    return [Placement(action.key, payload.agency, on or date.min, debts)]


def keys_of_steps(action: Action) -> frozenset[str]:
    """Return the action's key, and the keys that its other invoices' steps would have alone."""
    is_placement = action.kind is ActionKind.PLACEMENT
    if len(action.invoices) < 2 or not (is_placement or any(ref.step for ref in action.invoices)):
        return frozenset({action.key})
    # One letter about three invoices is one action. Refusing it refuses all three steps: otherwise
    # the other two would be asked for one by one. So it is with debts that are placed together.
    alone = (
        replace(
            action,
            subject=ref.id if is_placement else step_subject(ref.id, ref.day, ref.slot),
            episode=ref.episode,
        )
        for ref in action.invoices
    )
    return frozenset({action.key, *(step_alone.key for step_alone in alone)})


def after(account: Account, actions: Iterable[Action], today: date) -> Account:
    """Return the account after the actions, all of them its own, were done on a day."""
    done = list(actions)
    if not done:
        return account
    hold, last = account.hold, account.last_hold_episode
    keys = account.done_keys | {action.key for action in done}
    tasks = {task.key: task for task in account.tasks}
    levels = dict(account.shown_levels)
    placements = list(account.placements)
    for action in done:
        placements += placement_made(action, today)
        if action.kind is ActionKind.CREDIT_HOLD:
            # Its terms may have been changed before it: they need an approval of their own.
            terms = replace(action, payload=TermsPayload()).key in keys
            hold = standing_hold(action, today, terms_changed=terms)
            last = max(last, action.episode)
        elif action.kind is ActionKind.HOLD_REASONS and hold is not None:
            hold = with_reasons(hold, action)
        elif action.kind is ActionKind.LIFT_CREDIT_HOLD:
            hold = None
        elif action.kind in {ActionKind.TERMS, ActionKind.RESTORE_TERMS} and hold is not None:
            hold = hold._replace(terms_changed=action.kind is ActionKind.TERMS)
        elif action.kind is ActionKind.REMINDER_LEVEL:
            levels[action.contact_id] = with_level(levels.get(action.contact_id), action)
        elif action.kind is ActionKind.TASK:
            tasks.setdefault(action.key, task_opened(action, today))
    return account._replace(
        sent=account.sent + tuple(step for action in done for step in steps_taken(action, today)),
        charges=(*account.charges, *(line for action in done for line in charges_billed(action))),
        hold=hold,
        last_hold_episode=last,
        tasks=tuple(tasks.values()),
        done_keys=keys,
        shown_levels=levels,
        placements=tuple(placements),
        letters=account.letters
        + tuple(letter for action in done for letter in letters_sent(action, today)),
    )


def after_refusal(account: Account, actions: Iterable[Action]) -> Account:
    """Return the account after a person refused the actions: none is planned again.

    A hold and its terms come again once their reason was gone, and their lifting once a reason
    stood again: see `after_reasons`.
    """
    refused_actions = list(actions)
    return account._replace(
        done_keys=account.done_keys.union(*map(keys_of_steps, refused_actions)),
        charges=(
            *account.charges,
            *(line for action in refused_actions for line in charges_billed(action)),
        ),
        refused=account.refused.union(
            action.key for action in refused_actions if action.kind in HOLD_KINDS | LIFTING_KINDS
        ),
    )


def after_reasons(account: Account, over: Iterable[str]) -> Account:
    """Return the account after the reasons of what was refused or undone are gone.

    Args:
        account: whose.
        over: keys, as a plan names them: see `Plan.ended_refusals`.
    """
    gone = frozenset(over)
    if not gone:
        return account
    return account._replace(
        done_keys=account.done_keys - gone,
        refused=account.refused - gone,
        undone={key: words for key, words in account.undone.items() if key not in gone},
    )


def after_task_done(account: Account, keys: Iterable[str], today: date) -> Account:
    """Return the account after the tasks with these keys were done on a day."""
    done = frozenset(keys)
    if done.isdisjoint(account.open_tasks):
        return account
    return account._replace(
        tasks=tuple(
            task._replace(done_on=today) if task.key in done and task.done_on is None else task
            for task in account.tasks
        )
    )


def still_taken(sent: Iterable[SentStep], closed: Collection[SentStep]) -> tuple[SentStep, ...]:
    """Return the steps that count as taken, where the tasks of some of them closed themselves.

    Theirs are to be taken should their reason come back. What a later step of the same cadence has
    passed is not: a task that was replaced by a later one would open again and again.
    """
    if not closed:
        return tuple(sent)
    steps = tuple(sent)
    passed = {
        (step.invoice_id, step.episode, step.cadence): step.on
        for step in sorted(steps, key=lambda step: step.on)
        if step not in closed
    }
    return tuple(
        step
        for step in steps
        if step not in closed
        or step.on < passed.get((step.invoice_id, step.episode, step.cadence), step.on)
    )


def after_tasks_closed(account: Account, keys: Iterable[str], today: date) -> Account:
    """Return the account after tasks ended because their reason was gone: theirs are not taken."""
    closed = frozenset(keys)
    if closed.isdisjoint(account.open_tasks):
        return account
    steps = [step for task in account.tasks if task.key in closed for step in task.steps]
    return account._replace(
        sent=still_taken(account.sent, steps),
        tasks=tuple(
            task._replace(done_on=today, outcome=CLOSED_BY_ITSELF) if task.key in closed else task
            for task in account.tasks
        ),
    )
