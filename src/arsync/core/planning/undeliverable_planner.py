"""Tasks about addresses that take no mail: a person asks the customer for another one.

The rulebook need not ask for it: whoever is not reached is not reminded, and nobody would see it.
"""

from __future__ import annotations

from msgspec.structs import replace

from arsync.core.actions import Action, Because, TaskPayload, reopened_subject
from arsync.core.ledger.records import Contact, TaskRecord, UndeliverableAddress
from arsync.core.ledger.undeliverable_addresses import (
    cannot_be_reached,
    of_contact,
    phone_words,
)
from arsync.core.planning.assessment import Assessment, DunnedParty
from arsync.core.planning.plan_decisions import NOTHING, Decisions, acting
from arsync.core.planning.planning_context import Planning, not_written_to

UNDELIVERABLE = "undeliverable address"
"""The rule of these tasks, which is no rulebook's."""


def plan_undeliverable(planning: Planning, assessment: Assessment, party: DunnedParty) -> Decisions:
    """Plan a task for each address of a contact that takes no mail."""
    if not assessment.account.undeliverable or not_written_to(party):
        return NOTHING
    contact, done_keys = party.view.contact, assessment.account.done_keys
    tasks = [
        _task(planning, assessment, contact, undeliverable)
        for undeliverable in of_contact(assessment.account, contact.id)
    ]
    return acting(*(task for task in tasks if not planning.is_done(task.key, done_keys)))


def undeliverable_task_gone(
    planning: Planning, assessment: Assessment, party: DunnedParty, task: TaskRecord
) -> str:
    """Return why the task about an address is over; empty while it stands."""
    contact = party.view.contact
    for undeliverable in of_contact(assessment.account, contact.id):
        if _task(planning, assessment, contact, undeliverable).key == task.key:
            return ""
    return "the address in the books was changed, or is tried again"


def _task(
    planning: Planning,
    assessment: Assessment,
    contact: Contact,
    undeliverable: UndeliverableAddress,
) -> Action:
    text = (
        f"Ask for another email address: {cannot_be_reached(undeliverable)}{phone_words(contact)}"
    )
    # The number, and not the address: a subject is kept when a customer is forgotten.
    subject = f"undeliverable {undeliverable.number}"
    task = Action(
        payload=TaskPayload(text, is_call=True),
        connection=planning.connection,
        contact_id=contact.id,
        contact_name=contact.name,
        because=Because("", 0, UNDELIVERABLE, {"number": undeliverable.number}),
        subject=subject,
        note=f"Task opened: {text}.",
    )
    closed, times = assessment.account.closed_tasks, 0
    while closed and task.key in closed:
        times += 1
        task = replace(task, subject=reopened_subject(subject, times))
    return task
