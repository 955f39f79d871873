"""What people do about tasks: what came of them, whose they are, when they come back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import NamedTuple

from arsync.application.agreements.disputes import DisputeWords, open_dispute
from arsync.application.agreements.promises import PromiseToPay, promise
from arsync.application.customers.name_search import CustomerId, subject_anywhere
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import (
    OrganisationContext,
    organisation_by_id,
    organisations,
)
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.persons_words import (
    Recorded,
    invoice_ref,
    name_line,
    reason_line,
    recorded,
)
from arsync.application.results import Listed
from arsync.core.actions import Action, Because, TaskDonePayload, TaskPayload
from arsync.core.actions.posting import POSTED, letter_to_post
from arsync.core.collections.call_outcomes import (
    CALL_OUTCOMES,
    Follows,
    SaidOutcome,
    said_outcome,
)
from arsync.core.ledger.agreements.grace import NO_HOLIDAYS
from arsync.core.ledger.records import Contact, ContactStatus, RecordKind
from arsync.core.planning.undeliverable_planner import UNDELIVERABLE
from arsync.errors import UserMistake
from arsync.store.agreements.tasks import TaskArrangement, TaskOutcome
from arsync.store.models import ActionRow
from arsync.translation import SaidText, as_saying, saying

NEXT_DAYS_MAX = 366
"""A task that comes back later than in a year is a slip of a key."""


WORDS_HEX_DIGITS = 16
"""So much of a hash tells apart the tasks that are opened for one customer on one day."""


class NewTask(NamedTuple):
    """What a person wants done."""

    text: str
    owner: str = ""
    """Whose it is; empty: nobody's in particular."""
    due_on: date | None = None


class CallReport(NamedTuple):
    """What a person says came of a task."""

    outcome: str
    """A code of `CALL_OUTCOMES`, with words after a colon, or words alone."""
    note: str = ""
    """Anything to remember besides."""
    promised_on: date | None = None
    """With `promised`: the day."""
    amount: Decimal | None = None
    """With `promised` or `dispute`: of a part; None: all."""
    invoice: str = ""
    """The number of one of its invoices; empty: all of them."""
    next_on: date | None = None
    """It is not done: it comes back on this day."""
    corrects: bool = False
    """It takes the place of what was recorded before."""


def tasks(actor: Actor, container: Container, connection: Chosen = None) -> list[Listed]:
    """Return the tasks that wait for a person."""
    permit(actor, Permission.READ)
    return [
        Listed(organisation.name, task)
        for organisation in organisations(container, connection)
        for task in container.store.actions.open_tasks(organisation.id)
    ]


def open_task(
    actor: Actor, container: Container, name: str, task: NewTask, *, connection: Chosen = None
) -> Recorded:
    """Open a task about a customer or an invoice, which only a person ends.

    Args:
        actor: who opens it.
        container: holds the ledgers.
        name: the customer's, or an invoice's number.
        task: what is to be done.
        connection: where to look; None: everywhere.

    Raises:
        UserMistake: nothing is called so, it has no words, its day is past or too far ahead, or the
            same task was opened today already.
    """
    permit(actor, Permission.COMPLETE_TASKS)
    organisation, (contact, invoice) = subject_anywhere(container, name, connection)
    text, person = reason_line(task.text), name_line(actor.name)
    if not text:
        raise UserMistake('say what is to be done: --open "Call about the contract"')
    _check_day(organisation, task.due_on)
    _refuse_inactive(contact)
    # A subject is kept when a customer is forgotten: it tells tasks apart without their words.
    words = sha256(text.encode()).hexdigest()[:WORDS_HEX_DIGITS]
    action = Action(
        payload=TaskPayload(text, name_line(task.owner)),
        connection=organisation.name,
        contact_id=contact.id,
        contact_name=contact.name,
        because=Because("", 0, "task by hand"),
        invoices=(invoice_ref(invoice),) if invoice else (),
        subject=f"{invoice.id if invoice else ''} {organisation.today} {words}".lstrip(),
        note=f"Task opened by {person}: {text}.",
    )
    row = container.store.tasks.open(
        organisation.id,
        action,
        due_on=task.due_on,
        who=person,
        now=container.clock.now(),
        # While it only observes, nothing is written to the books, not even a note.
        kept_here_on=organisation.today if organisation.observes else None,
    )
    message = saying("Task opened: %(task)s.", task=text)
    if organisation.observes:
        follows = saying(
            "%(name)s only observes: no note goes to the accounting system, and the task is kept "
            "here alone.",
            name=organisation.name,
        )
    else:
        follows = saying("It is listed once the next run has noted it.")
    message = message.then(follows)
    return Recorded(row, message)


def _refuse_inactive(contact: Contact) -> None:
    """Refuse a task whose note could not be written: it would wait, and nobody would see it."""
    if contact.status != ContactStatus.ACTIVE:
        raise UserMistake(
            f"{contact.name} is {contact.status}: no note is written about it, and no task."
            '\n    hint: arsync log CUSTOMER "..." keeps it here'
        )


def complete_task(actor: Actor, container: Container, key: str, report: CallReport) -> Recorded:
    """Record what came of a task, and have it noted.

    A promise or a dispute is recorded first: should the second half fail, the task stays open, and
    ends by itself with the next run.

    Args:
        actor: who did it.
        container: holds it.
        key: the task's, or enough of its beginning.
        report: what came of it.

    Raises:
        UserMistake: it is not a task, not open yet, or done already; no outcome is given; or what
            follows from the outcome cannot be recorded.
    """
    permit(actor, Permission.COMPLETE_TASKS)
    answer = _said(report)
    task = container.store.actions.get(key)
    organisation = organisation_by_id(container, task.connection_id)
    container.store.tasks.refuse_unless_fitting(task.key, corrects=report.corrects)
    followed = _follow(actor, container, organisation, task, report, answer)
    outcome = _outcome(organisation, task, report, answer)
    name, notes = name_line(actor.name), list[Action]()

    def noted_by(row: ActionRow, number: int) -> Action | None:
        notes.append(_note(row, outcome, name, number, corrects=report.corrects))
        # While it only observes, nothing is written to the books, not even a note; nor is there a
        # customer of whom an alert about a supplier could be noted.
        is_unnoted = organisation.observes or row.action.is_about_supplier
        return None if is_unnoted else notes[-1]

    if outcome.ends:
        _try_again(container, task, name)
    row = container.store.tasks.complete(
        task.key,
        outcome,
        who=name,
        now=container.clock.now(),
        noted_by=noted_by,
        corrects=report.corrects,
    )
    letter = letter_to_post(row.action)
    if letter and outcome.code == POSTED:
        words, now = f"posted, says {name}" if name else "posted", container.clock.now()
        container.store.claims.record_lookup(letter, who=name, why=words, now=now)
    message = _message(row, outcome).then(*map(as_saying, followed))
    if row.action.is_about_supplier:
        return Recorded(None, message)
    return recorded(organisation, message, notes[-1])


def arrange_task(
    actor: Actor,
    container: Container,
    key: str,
    *,
    owner: str | None = None,
    due_on: date | None = None,
    next_on: date | None = None,
) -> ActionRow:
    """Settle whose an open task is, by when it is due, or when it comes back.

    Raises:
        UserMistake: it is not an open task, nothing is settled, or a day is past or too far ahead.
    """
    permit(actor, Permission.COMPLETE_TASKS)
    task = container.store.actions.get(key)
    organisation = organisation_by_id(container, task.connection_id)
    name = None if owner is None else name_line(owner)
    arrangement = TaskArrangement(name, due_on, next_on)
    if arrangement == TaskArrangement():
        raise UserMistake("nothing to settle: give --owner NAME, --due DATE or --next DATE.")
    for day in (due_on, next_on):
        _check_day(organisation, day)
    return container.store.tasks.arrange(
        task.key, arrangement, who=name_line(actor.name), now=container.clock.now()
    )


def _check_day(organisation: OrganisationContext, day: date | None) -> None:
    if day is None:
        return
    if day < organisation.today:
        raise UserMistake(f"{day.isoformat()} is past.")
    if (day - organisation.today).days > NEXT_DAYS_MAX:
        raise UserMistake(
            f"{day.isoformat()} is more than {NEXT_DAYS_MAX} days ahead.\n    hint: check the year"
        )


def _try_again(container: Container, task: ActionRow, who: str) -> None:
    """Clear the address that a task is about: who is done with it has asked the customer.

    Should it be wrong still, the next letter comes back too, and opens the next task.
    """
    if task.action.because.rule == UNDELIVERABLE:
        number = int(task.action.because.facts["number"])
        now = container.clock.now()
        container.store.undeliverable.clear(task.connection_id, number, who=who, now=now)


# -- what was said --------------------------------------------------------------------------------


def _said(report: CallReport) -> SaidOutcome:
    line = reason_line(report.outcome)
    if not line and report.next_on is None:
        codes = ", ".join(CALL_OUTCOMES)
        raise UserMistake(
            "a task needs an outcome: --outcome says what came of it, for whoever comes next."
            f"\n    hint: {codes}, or words of yours"
        )
    try:
        answer = said_outcome(line)
    except ValueError:
        raise UserMistake(f"{line!r} names a day that is none. Write it as 2026-12-31.") from None
    words = " ".join(filter(None, (answer.words, reason_line(report.note))))
    answer = answer._replace(words=words, promised_on=report.promised_on or answer.promised_on)
    follows = answer.outcome.follows if answer.outcome else Follows.NOTHING
    if follows is not Follows.PROMISE and answer.promised_on is not None:
        raise UserMistake("a day is promised only with --outcome promised.")
    if follows is Follows.PROMISE and answer.promised_on is None:
        raise UserMistake(
            'promised for which day?\n    hint: --outcome "will pay on 2026-12-10", or --on DATE'
        )
    if follows is Follows.DISPUTE and not answer.words:
        raise UserMistake(
            'what is disputed, and why?\n    hint: --outcome dispute --note "wrong price"'
        )
    return answer


def _outcome(
    organisation: OrganisationContext, task: ActionRow, report: CallReport, answer: SaidOutcome
) -> TaskOutcome:
    """Return what is kept: whether the task is done with it, or when it comes back."""
    today, row = organisation.today, answer.outcome
    code = row.code if row else ""
    promised = f"will pay on {answer.promised_on}" if answer.promised_on else ""
    words = ": ".join(filter(None, (promised or code, answer.words)))
    if report.next_on is not None:
        _check_day(organisation, report.next_on)
        return TaskOutcome(words, today, code, ends=False, next_on=report.next_on)
    tries = task.tries - (1 if report.corrects and task.done_at is None else 0)
    if row is None or row.ends(tries):
        return TaskOutcome(words, today, code)
    back_on = NO_HOLIDAYS.after(today, row.back_after)
    return TaskOutcome(words, today, code, ends=False, next_on=back_on)


# -- what follows ---------------------------------------------------------------------------------


def _follow(
    actor: Actor,
    container: Container,
    organisation: OrganisationContext,
    task: ActionRow,
    report: CallReport,
    answer: SaidOutcome,
) -> list[str]:
    """Record the promise or the dispute that an outcome tells of, and return the words."""
    row = answer.outcome
    if row is None or row.follows is Follows.NOTHING:
        if report.amount is not None or report.invoice:
            raise UserMistake("an amount or an invoice goes only with a promise or a dispute.")
        return []
    if row.follows is Follows.PROMISE:
        assert answer.promised_on is not None, "a promise has its day"
        # A task about the customer as a whole is about all that it owes.
        names = _open_ids(organisation, task, report.invoice) or [
            CustomerId(task.action.contact_id)
        ]
        promised = PromiseToPay(answer.promised_on, report.amount, answer.words)
        return [promise(actor, container, names, promised, connection=organisation.name).message]
    invoice_ids = _open_ids(organisation, task, report.invoice)
    if not invoice_ids:
        raise UserMistake(
            "this task is about the customer as a whole.\n    hint: --invoice NUMBER says which"
        )
    if report.amount is not None and len(invoice_ids) > 1:
        raise UserMistake(
            "an amount is disputed of one invoice.\n    hint: --invoice NUMBER says of which"
        )
    words = DisputeWords(answer.words, amount=report.amount)
    return [
        open_dispute(actor, container, invoice_id, words, connection=organisation.name).message
        for invoice_id in invoice_ids
    ]


def _open_ids(organisation: OrganisationContext, task: ActionRow, number: str) -> list[str]:
    """Return the ids of the task's open invoices, or of the one named; none: it names none."""
    ledger = organisation.store.ledger
    if number:
        return [ledger.invoice(organisation.id, number).id]
    ids = [ref.id for ref in task.action.invoices]
    stored = ledger.records(organisation.id, RecordKind.INVOICES, ids) if ids else {}
    still_open = [key for key in ids if key in stored and stored[key].amount_due > 0]
    if ids and not still_open:
        raise UserMistake("nothing is owed on its invoices any more.")
    return still_open


# -- words ----------------------------------------------------------------------------------------


def _message(row: ActionRow, outcome: TaskOutcome) -> SaidText:
    title = row.action.payload.title
    if outcome.ends:
        return saying("Task done: %(task)s.", task=title)
    return saying(
        "Task tried: %(task)s. It comes back on %(day)s.", task=title, day=outcome.next_on
    )


def _note(
    row: ActionRow, outcome: TaskOutcome, done_by: str, number: int, *, corrects: bool
) -> Action:
    task = row.action.payload.title
    by = f" by {done_by}" if done_by else ""
    did = "Task done" if outcome.ends else "Task tried"
    head = f"{did}{by}" + (", corrected" if corrects else "")
    back = f". It comes back on {outcome.next_on}." if outcome.next_on else ""
    return Action(
        payload=TaskDonePayload(task, row.outcome),
        connection=row.action.connection,
        contact_id=row.action.contact_id,
        contact_name=row.action.contact_name,
        because=Because("", 0, "task done"),
        invoices=row.action.invoices,
        # A task can be tried, done and corrected: each has a note of its own.
        subject=f"{row.key} {number}",
        note=f"{head}: {task}." + (f" Outcome: {row.outcome}{back}" if row.outcome else back[1:]),
    )
