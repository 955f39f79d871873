"""A task whose reason is gone ends by itself, and the books, the run and the plan say so."""

from __future__ import annotations

import pytest
from tests.builders.books import RULES, TODAY, Books

from arsync.application.connections import connecting
from arsync.application.decisions import approvals, plans
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Role
from arsync.application.results import RunResult
from arsync.application.runs import pulling, runs
from arsync.application.tasks import tasks
from arsync.core.actions import ActionKind, ActionState

OWNER = Actor("Olga", Role.OWNER)
CALLS = RULES.replace(
    RULES[RULES.index("reminders:") : RULES.index("sending:")],
    """reminders:
  - name: Calls
    steps:
      - {day: 2, task: Call the customer}
""",
)


def now(container: Container) -> OrganisationContext:
    (organisation,) = connecting.connections(OWNER, container)
    return organisation


def sync(container: Container) -> RunResult:
    return runs.sync(OWNER, now(container))


@pytest.fixture
def called(container: Container, books: Books) -> Container:
    """A customer is to be called about an invoice, which is paid then."""
    (now(container).config.rules_folder / "standard.yaml").write_text(CALLS)
    invoice = books.add_invoice(books.add_contact(1), 1, overdue=5)
    pulling.pull_ledger(OWNER, now(container))
    connecting.set_mode(OWNER, now(container), "auto")
    sync(container)
    assert len(tasks.tasks(OWNER, container)) == 1
    books.pay(invoice)
    return container


WORDS = "INV-1 was paid on 2026-11-20"


def test_a_paid_invoice_ends_its_call(called: Container, books: Books) -> None:
    (task,) = tasks.tasks(OWNER, called)
    result = sync(called)
    assert [(ended.text, ended.reason) for ended in result.ended_tasks] == [
        ("Call the customer", WORDS)
    ]
    assert tasks.tasks(OWNER, called) == []
    row = now(called).store.actions.get(task.row.key)
    assert (row.outcome, row.outcome_code, row.done_on) == (f"closed: {WORDS}", "closed", TODAY)
    notes = [done.write.text for done in books.done if done.kind is ActionKind.TASK_DONE]
    assert notes == [f"Task closed: {WORDS}: Call the customer."]
    assert sync(called).ended_tasks == ()


def test_a_plan_says_which_tasks_would_end(called: Container) -> None:
    pulling.pull_ledger(OWNER, now(called))
    plan = plans.plan(OWNER, now(called), None)
    assert [ended.reason for ended in plan.ended_tasks] == [WORDS]
    assert len(tasks.tasks(OWNER, called)) == 1


def test_the_note_waits_where_every_write_does(called: Container, books: Books) -> None:
    connecting.set_mode(OWNER, now(called), "approve")
    sync(called)
    assert tasks.tasks(OWNER, called) == []
    waiting = now(called).store.actions.list(states={ActionState.AWAITING_APPROVAL})
    assert [row.action.kind for row in waiting] == [ActionKind.TASK_DONE]
    assert not [done for done in books.done if done.kind is ActionKind.TASK_DONE]
    approvals.approve(OWNER, called)
    runs.apply(OWNER, now(called))
    assert [done for done in books.done if done.kind is ActionKind.TASK_DONE]


def test_observing_ends_tasks_without_a_note(called: Container, books: Books) -> None:
    connecting.set_mode(OWNER, now(called), "observe")
    assert sync(called).ended_tasks
    assert tasks.tasks(OWNER, called) == []
    connecting.set_mode(OWNER, now(called), "auto")
    sync(called)
    assert not [done for done in books.done if done.kind is ActionKind.TASK_DONE]
