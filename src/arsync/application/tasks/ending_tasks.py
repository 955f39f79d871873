"""Ending tasks whose reason is gone: in the store, and with a note in the books."""

from __future__ import annotations

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.core.actions import Action, ActionState, Because, TaskDonePayload
from arsync.core.planning.plan import EndedTask, Plan
from arsync.store.models import ActionRow, Mode


def end_tasks(organisation: OrganisationContext, plan: Plan) -> tuple[EndedTask, ...]:
    """End the open tasks whose reason a plan found gone, and return those that were open.

    A person's decision that came meanwhile stands.
    """
    platform_clocks, platform = (
        organisation.container.platform_clocks,
        organisation.connection.platform,
    )
    # On a wrong day a step might not be due yet, or a promise still open.
    if not plan.ended_tasks or platform_clocks.untrusted(platform):
        return ()
    by_key = {ended.key: ended for ended in plan.ended_tasks}
    # In this mode every write waits for a person, a note too.
    waits = organisation.mode == Mode.APPROVE
    closed = organisation.store.tasks.close(
        {key: ended.reason for key, ended in by_key.items()},
        on=organisation.today,
        now=organisation.clock.now(),
        # While it only observes, nothing is written to the books, not even a note.
        noted_by=lambda row, _: None if organisation.observes else _note(row),
        note_state=ActionState.AWAITING_APPROVAL if waits else ActionState.APPROVED,
    )
    return tuple(by_key[row.key] for row in closed)


def _note(row: ActionRow) -> Action:
    task, action = row.action.payload.title, row.action
    return Action(
        payload=TaskDonePayload(task, row.outcome),
        connection=action.connection,
        contact_id=action.contact_id,
        contact_name=action.contact_name,
        because=Because("", 0, "task closed"),
        invoices=action.invoices,
        subject=row.key,
        note=f"Task {row.outcome}: {task}.",
    )
