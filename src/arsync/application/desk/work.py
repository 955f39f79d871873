"""The worklist's page: what is worth doing first, and everything a call needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time
from typing import NamedTuple

from arsync.application.desk.customer_figures import CustomerFigures, CustomerReader, figures_of
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.tasks.worklist import WorkItem, by_worth, script_of, work_items
from arsync.core.actions import ActionKind
from arsync.core.ledger.records import StandingHold
from arsync.core.rulebook.model import folded
from arsync.errors import UserMistake
from arsync.store.models import ActionRow, LogRow
from arsync.translation import gettext

TASKS_ORDERED_MAX = 60
"""With more tasks than these, those of the customers with the most overdue are shown."""

DONE_SHOWN_MAX = 50

BY_MISTAKE = "recorded by mistake"
"""The outcome of a task whose outcome was taken back."""


class WorkFilter(NamedTuple):
    """Which tasks are asked for; what is left empty chooses nothing."""

    owner: str = ""
    """Whose; `-`: nobody's."""
    title: str = ""
    also_later: bool = False
    """Also those that were put off or are not due yet."""


class OpenedTask(NamedTuple):
    """One task with everything a call needs."""

    work: WorkItem
    figures: CustomerFigures | None
    """None: the customer is not in the copy any more."""
    hold: StandingHold | None
    heard: LogRow | None
    """The last thing that somebody logged about the customer."""
    following: str
    """The key of the task after it; empty: it is the last."""


class WorkPage(NamedTuple):
    """The worklist, the most worth first."""

    tasks: tuple[WorkItem, ...]
    left_out: int
    """So many more there are, of customers with less overdue."""
    opened: OpenedTask | None
    done: tuple[ActionRow, ...]
    """What was done or tried today, the latest first."""
    later: ActionRow | None
    """Of those that are not due, the one that comes first."""
    owners: tuple[str, ...]
    titles: tuple[str, ...]


def work_page(
    actor: Actor,
    organisation: OrganisationContext,
    chosen: WorkFilter = WorkFilter(),  # noqa: B008 - a frozen value
    key: str = "",
) -> WorkPage:
    """Return the open tasks in their order, and one of them opened.

    Args:
        actor: who looks.
        organisation: whose.
        chosen: which tasks.
        key: of the one that is opened; empty: the first.

    Raises:
        UserMistake: there is no such task in this connection.
    """
    permit(actor, Permission.READ)
    today = organisation.today
    rows = organisation.store.actions.open_tasks(organisation.id)
    fitting = [row for row in rows if _fits(row, chosen)]
    due = [row for row in fitting if chosen.also_later or _day(row, today) <= today]
    ranked = _ranked(organisation, due)
    tasks = sorted(work_items(organisation, ranked), key=by_worth)
    later = [row for row in fitting if _day(row, today) > today]
    return WorkPage(
        tuple(tasks),
        len(due) - len(ranked),
        _opened(organisation, tasks, key),
        tuple(_done(organisation)),
        min(later, key=lambda row: _day(row, today), default=None),
        tuple(sorted({owner_of(row) for row in rows} - {""})),
        tuple(sorted({row.action.payload.title for row in rows}))[:50],
    )


def _done(organisation: OrganisationContext) -> Iterator[ActionRow]:
    midnight = datetime.combine(organisation.today, time(), tzinfo=organisation.zone)
    since = midnight.astimezone(UTC)
    for row in organisation.store.actions.tasks_done(organisation.id, since, DONE_SHOWN_MAX):
        if row.outcome != BY_MISTAKE:
            yield row


def task_of(organisation: OrganisationContext, key: str) -> ActionRow:
    """Return a task of this connection.

    Raises:
        UserMistake: there is none of that key here.
    """
    row = organisation.store.actions.get(key)
    if row.connection_id != organisation.id or row.action.kind is not ActionKind.TASK:
        raise UserMistake(
            gettext(
                "there is no task %(key)s in %(name)s.", key=repr(key[:12]), name=organisation.name
            )
        )
    return row


def owner_of(row: ActionRow) -> str:
    """Return whose a task is; empty: nobody's in particular."""
    return row.owner or next(iter(row.action.approvers), "")


def _fits(row: ActionRow, chosen: WorkFilter) -> bool:
    owner = owner_of(row)
    if chosen.owner == "-" and owner:
        return False
    if chosen.owner not in {"", "-"} and folded(owner) != folded(chosen.owner):
        return False
    return not chosen.title or row.action.payload.title == chosen.title


def _day(row: ActionRow, today: date) -> date:
    """Return the day from which a task waits."""
    return max((day for day in (row.next_on, row.due_on) if day is not None), default=today)


def _ranked(organisation: OrganisationContext, rows: Sequence[ActionRow]) -> list[ActionRow]:
    if len(rows) <= TASKS_ORDERED_MAX:
        return list(rows)
    ids = organisation.store.ledger.ranked_customers(
        organisation.id,
        sorted({row.action.contact_id for row in rows}),
        today=organisation.today,
        base=organisation.connection.organisation.base_currency,
        rows_max=TASKS_ORDERED_MAX,
    )
    places = {contact_id: place for place, contact_id in enumerate(ids)}
    some = [row for row in rows if row.action.contact_id in places]
    some.sort(key=lambda row: places[row.action.contact_id])
    return some[:TASKS_ORDERED_MAX]


def _opened(
    organisation: OrganisationContext, tasks: Sequence[WorkItem], key: str
) -> OpenedTask | None:
    keys = [work.row.key for work in tasks]
    place = next((place for place, each in enumerate(keys) if key and each.startswith(key)), None)
    if place is not None:
        work = tasks[place]
    elif key:
        row = task_of(organisation, key)
        (work,) = work_items(organisation, [row])
    elif tasks:
        place, work = 0, tasks[0]
    else:
        return None
    following = keys[place + 1] if place is not None and place + 1 < len(keys) else ""
    if not following and place:
        # From the last one on, the first is the next that waits.
        following = keys[0]
    contact_id = work.row.action.contact_id
    assessed = CustomerReader(organisation).some([contact_id]).get(contact_id)
    entries = organisation.store.log.of(organisation.id, [contact_id])
    standing = [entry for entry in entries if entry.taken_back_at is None]
    return OpenedTask(
        work._replace(script=script_of(organisation, work)),
        figures_of(assessed) if assessed else None,
        assessed.account.hold if assessed else None,
        max(standing, key=lambda entry: (entry.happened_on, entry.id), default=None),
        following,
    )
