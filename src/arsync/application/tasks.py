"""Tasks: what waits for a person, and what came of it."""

from __future__ import annotations

from arsync.application.container import Container
from arsync.application.organisation_context import Chosen, organisation_by_id, organisations
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.persons_words import Recorded, name_line, reason_line, recorded
from arsync.application.results import Listed
from arsync.core.actions import Action, Because, TaskDonePayload
from arsync.errors import UserMistake
from arsync.store.agreements.tasks import TaskOutcome
from arsync.store.models import ActionRow


def tasks(actor: Actor, container: Container, connection: Chosen = None) -> list[Listed]:
    """Return the tasks that wait for a person."""
    permit(actor, Permission.READ)
    return [
        Listed(organisation.name, task)
        for organisation in organisations(container, connection)
        for task in container.store.actions.open_tasks(organisation.id)
    ]


def complete_task(actor: Actor, container: Container, key: str, *, outcome: str) -> Recorded:
    """Record that a person did a task, and have it noted.

    Args:
        actor: who did it.
        container: holds it.
        key: the task's, or enough of its beginning.
        outcome: what came of it.

    Raises:
        UserMistake: it is not a task, not open yet, or done already; or no outcome is given.
    """
    permit(actor, Permission.COMPLETE_TASKS)
    if not reason_line(outcome):
        raise UserMistake(
            "a task needs an outcome: --outcome TEXT says what came of it, for whoever comes next."
        )
    task = container.store.actions.get(key)
    organisation = organisation_by_id(container, task.connection_id)
    outcome_line, name = reason_line(outcome), name_line(actor.name)
    row = container.store.tasks.complete(
        task.key,
        TaskOutcome(outcome_line, organisation.today),
        who=name,
        now=container.clock.now(),
        # While it only observes, nothing is written to the books, not even a note.
        noted_by=lambda done, _: None if organisation.observes else _note(done, name),
    )
    message = f"Task done: {row.action.payload.title}."
    return recorded(organisation, message, _note(row, name))


def _note(row: ActionRow, done_by: str) -> Action:
    task = row.action.payload.title
    by = f" by {done_by}" if done_by else ""
    return Action(
        payload=TaskDonePayload(task, row.outcome),
        connection=row.action.connection,
        contact_id=row.action.contact_id,
        contact_name=row.action.contact_name,
        because=Because("", 0, "task done"),
        invoices=row.action.invoices,
        subject=row.key,
        note=f"Task done{by}: {task}." + (f" Outcome: {row.outcome}" if row.outcome else ""),
    )
