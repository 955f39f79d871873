"""Tasks: what waits for people, and what came of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from operator import attrgetter
from typing import Annotated

from msgspec import Meta, Struct

from arsync.application.customers.name_search import CustomerId
from arsync.application.desk.record_pages import action_of_key, one_customer
from arsync.application.permissions import Permission
from arsync.application.persons_words import RecordedView, recorded_view
from arsync.application.tasks.tasks import CallReport, NewTask, complete_task, open_task
from arsync.application.tasks.worklist import (
    WorkChoice,
    WorkItem,
    WorkView,
    one_task,
    open_tasks,
    work_view,
    worklist,
)
from arsync.web.api.operations import (
    ActionKey,
    Amount,
    Line,
    Operations,
    Paged,
    PageQuery,
    Reason,
    RecordId,
    page_of,
    rows_after,
)
from arsync.web.caller import Caller

operations = Operations("tasks")

Owner = Annotated[str, Meta(max_length=100, description="A name or a role.")]


class WorkQuery(PageQuery, frozen=True, forbid_unknown_fields=True):
    """Which work."""

    owner: Owner = ""


class NewTaskBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be done, and about whom."""

    customer: RecordId
    text: Reason
    owner: Owner = ""
    due_on: date | None = None


class OutcomeBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What came of a task."""

    outcome: Annotated[
        str, Meta(max_length=1_000, description="A code as `promised`, or words of yours.")
    ]
    note: Line = ""
    promised_on: date | None = None
    amount: Annotated[Amount | None, Meta(description="Of a part; left out: all.")] = None
    invoice: Annotated[
        RecordId | None, Meta(description="The id of one of its invoices; left out: all.")
    ] = None
    next_on: Annotated[
        date | None, Meta(description="It is not done: it comes back on this day.")
    ] = None
    corrects: Annotated[
        bool, Meta(description="It takes the place of what was recorded before.")
    ] = False


@operations.read("/connections/{connection}/worklist")
def list_work(caller: Caller, query: WorkQuery) -> Paged[WorkView]:
    """List tasks and approvals that wait for people, the most worth first."""
    choice = WorkChoice(owner=query.owner)
    rows = worklist(caller.actor, caller.container, caller.organisation.name, choice)
    return _paged(rows, query)


@operations.read("/connections/{connection}/tasks")
def list_tasks(caller: Caller, query: WorkQuery) -> Paged[WorkView]:
    """List open tasks, the earliest day first."""
    choice = WorkChoice(owner=query.owner)
    rows = open_tasks(caller.actor, caller.container, caller.organisation.name, choice)
    return _paged(rows, query)


@operations.read("/connections/{connection}/tasks/{task}")
def get_task(caller: Caller, task: ActionKey) -> WorkView:
    """Get a task, open or not, with what is owed now and what to say."""
    row = action_of_key(caller.organisation, task)
    return work_view(one_task(caller.actor, caller.container, row.key))


@operations.act(
    "/connections/{connection}/tasks", Permission.COMPLETE_TASKS, audited="opened a task"
)
def add_task(caller: Caller, body: NewTaskBody) -> RecordedView:
    """Open a task about a customer, which only a person ends."""
    contact = one_customer(caller.actor, caller.organisation, body.customer)
    caller.about, caller.log_words = contact.name, body.text
    task = NewTask(body.text, body.owner, body.due_on)
    name = caller.organisation.name
    return recorded_view(
        open_task(caller.actor, caller.container, CustomerId(contact.id), task, connection=name)
    )


@operations.act(
    "/connections/{connection}/tasks/{task}/complete",
    Permission.COMPLETE_TASKS,
    audited="completed a task",
)
def finish_task(caller: Caller, task: ActionKey, body: OutcomeBody) -> RecordedView:
    """Record what came of a task: a promise or a dispute that follows is recorded too."""
    row = action_of_key(caller.organisation, task)
    caller.about = row.action.contact_name
    report = CallReport(
        body.outcome,
        body.note,
        body.promised_on,
        Decimal(body.amount) if body.amount is not None else None,
        body.invoice or "",
        body.next_on,
        body.corrects,
    )
    recorded = complete_task(caller.actor, caller.container, row.key, report)
    caller.log_words = recorded.message
    return recorded_view(recorded)


def _paged(rows: list[WorkItem], query: WorkQuery) -> Paged[WorkView]:
    key = attrgetter("row.key")
    return page_of(rows_after(rows, query, key), query, work_view, key)
