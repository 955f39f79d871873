"""The worklist: open tasks and approvals with what is owed now, whom to call, and why first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import asdict, replace

from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import (
    OrganisationContext,
    organisation_by_id,
    organisations,
)
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.result_views import ListedView, listed_view
from arsync.application.results import Listed
from arsync.core.actions import ActionKind, ActionState, InvoiceRef, TaskPayload
from arsync.core.actions.decided_together import DecisionPlace, decided_together
from arsync.core.collections.worklist import Dues, dues_of, expected_value, sentence
from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.records import Invoice
from arsync.core.rulebook.model import folded
from arsync.errors import UserMistake
from arsync.mail.context import letter_context
from arsync.store.models import ActionRow

CUSTOMERS_AT_ONCE = 500
"""So many customers are read together."""


class WorkChoice(NamedTuple):
    """Which work is asked for; what is left empty chooses nothing."""

    owner: str = ""
    """A name, a role, or the address of who has a role for the customer."""
    customer: str = ""
    """A name, or its beginning."""
    due_only: bool = False
    """Only what is due, and has not been put off."""
    tasks_only: bool = False


class WorkItem(NamedTuple):
    """A task or an approval that waits for a person."""

    listed: Listed
    since: date
    """The organisation's day on which it was opened or planned."""
    owner: str
    """A name or a role; empty: nobody's in particular."""
    address: str
    """Who has the role for this customer; empty where that is not said."""
    dues: Dues | None
    """What is owed now; None when the customer is not in the copy any more."""
    worth: Decimal | None
    """See `expected_value`; None: unknown."""
    today: date
    script: str = ""
    """What to say, where one task is shown and its call has a script."""

    @property
    def row(self) -> ActionRow:
        """Return the action."""
        return self.listed.row

    @property
    def is_task(self) -> bool:
        """Return whether it is a task; otherwise it waits for approval."""
        is_open = self.row.state is not ActionState.AWAITING_APPROVAL
        return is_open and self.row.action.kind is ActionKind.TASK

    @property
    def reason(self) -> str:
        """Return in one sentence why it stands where it stands."""
        if self.row.action.is_about_supplier:
            return "It is about a supplier."
        return sentence(self.dues) if self.dues else "The customer is not in the copy any more."

    @property
    def is_due(self) -> bool:
        """Return whether it waits now: it was not put off, and its day has come."""
        return all(day is None or day <= self.today for day in (self.row.next_on, self.row.due_on))

    @property
    def about(self) -> tuple[Invoice, ...]:
        """Return the open invoices it is about, as they are owed now."""
        if self.dues is None:
            return ()
        ids = {ref.id for ref in self.row.action.invoices}
        return tuple(invoice for invoice in self.dues.invoices if not ids or invoice.id in ids)


class OwedView(Struct, frozen=True):
    """An open invoice as it is owed now, net."""

    number: str
    amount_due: Decimal
    currency: str
    due_on: date
    days_overdue: int


class WorkView(ListedView, frozen=True, kw_only=True):
    """The JSON view of a task or an approval that waits for a person."""

    owner: str
    address: str
    people: tuple[str, ...]
    phones: tuple[str, ...]
    owed: tuple[OwedView, ...]
    overdue: Decimal | None
    overdue_currency: str
    days_overdue: int
    since: date
    due_on: date | None
    next_on: date | None
    tries: int
    outcome_code: str
    worth: Decimal | None
    sentence: str
    script: str
    """What to say; empty where several are listed."""


def work_view(work: WorkItem) -> WorkView:
    """Return the JSON view of one entry."""
    dues, row = work.dues, work.row
    contact = dues.contact if dues else None
    return WorkView(
        **asdict(listed_view(work.listed)),
        owner=work.owner,
        address=work.address,
        people=contact.people if contact else (),
        phones=tuple(map(str, contact.phones)) if contact else (),
        owed=tuple(
            OwedView(
                invoice.number or invoice.id,
                invoice.amount_due,
                invoice.currency,
                invoice.due_on,
                max(0, (work.today - invoice.due_on).days),
            )
            for invoice in work.about
        ),
        overdue=dues.overdue if dues else None,
        overdue_currency=dues.currency if dues else "",
        days_overdue=dues.oldest_days if dues else 0,
        since=work.since,
        due_on=row.due_on,
        next_on=row.next_on,
        tries=row.tries,
        outcome_code=row.outcome_code,
        worth=work.worth,
        sentence=work.reason,
        script=work.script,
    )


def worklist(
    actor: Actor,
    container: Container,
    connection: Chosen = None,
    choice: WorkChoice = WorkChoice(),  # noqa: B008 - a frozen value
) -> list[WorkItem]:
    """Return what waits for people, one connection after the other, the most worth first."""
    permit(actor, Permission.READ)
    return [
        work
        for organisation in organisations(container, connection)
        for work in sorted(_chosen(organisation, choice), key=by_worth)
    ]


def open_tasks(
    actor: Actor,
    container: Container,
    connection: Chosen = None,
    choice: WorkChoice = WorkChoice(),  # noqa: B008 - a frozen value
) -> list[WorkItem]:
    """Return the open tasks, one connection after the other, the earliest day first."""
    permit(actor, Permission.READ)
    tasks_only = choice._replace(tasks_only=True)
    return [
        work
        for organisation in organisations(container, connection)
        for work in sorted(_chosen(organisation, tasks_only), key=_by_day)
    ]


def one_task(actor: Actor, container: Container, key: str) -> WorkItem:
    """Return one task, open or not, with what is owed now.

    Raises:
        UserMistake: it is no task.
    """
    permit(actor, Permission.READ)
    row = container.store.actions.get(key)
    if row.action.kind is not ActionKind.TASK:
        raise UserMistake(f"action {row.key[:8]} is a {row.action.kind}, not a task.")
    organisation = organisation_by_id(container, row.connection_id)
    (work,) = work_items(organisation, [row])
    return work._replace(script=script_of(organisation, work))


def by_worth(work: WorkItem) -> tuple[bool, Decimal, date, str, str]:
    """Return what a worklist is sorted by."""
    worth = work.worth
    # Unknown comes last. At the same worth the oldest, then by name, then always the same.
    return (
        worth is None,
        -(worth or Decimal(0)),
        work.since,
        work.row.action.contact_name.casefold(),
        work.row.key,
    )


def _by_day(work: WorkItem) -> tuple[date, bool, Decimal, date, str, str]:
    row = work.row
    day = max(day for day in (row.next_on, row.due_on, work.since) if day is not None)
    return (day, *by_worth(work))


def _chosen(organisation: OrganisationContext, choice: WorkChoice) -> Iterator[WorkItem]:
    rows = list(organisation.store.actions.open_tasks(organisation.id))
    if not choice.tasks_only and not organisation.observes:
        waiting = organisation.store.actions.list(
            organisation.id, states={ActionState.AWAITING_APPROVAL}
        )
        rows += _decisions(waiting)
    if choice.customer:
        begins = folded(choice.customer)
        rows = [row for row in rows if folded(row.action.contact_name).startswith(begins)]
    for work in work_items(organisation, rows):
        if choice.due_only and not work.is_due:
            continue
        if choice.owner and folded(choice.owner) not in {folded(work.owner), folded(work.address)}:
            continue
        yield work


def _decisions(waiting: Sequence[ActionRow]) -> Iterator[ActionRow]:
    """Yield what a person decides about: a change of terms is decided with its hold."""
    for row, _ in decided_together(waiting, _place):
        yield row


def _place(row: ActionRow) -> DecisionPlace:
    action = row.action
    return DecisionPlace(action.connection, action.contact_id, action.episode, action.kind)


def work_items(organisation: OrganisationContext, rows: Sequence[ActionRow]) -> Iterator[WorkItem]:
    """Yield the entries with what is owed now, some hundred customers at a time."""
    today, zone = organisation.today, organisation.zone
    contact_ids = sorted({row.action.contact_id for row in rows})
    for start in range(0, len(contact_ids), CUSTOMERS_AT_ONCE):
        some = contact_ids[start : start + CUSTOMERS_AT_ONCE]
        views = _views(organisation, some)
        for row in rows:
            if row.action.contact_id not in some:
                continue
            view = views.get(row.action.contact_id)
            ids = {ref.id for ref in row.action.invoices}
            dues = dues_of(view, row.action.contact_id, ids) if view else None
            owner, address = _owner(organisation, row, dues)
            yield WorkItem(
                Listed(organisation.name, row),
                row.created_at.astimezone(zone).date(),
                owner,
                address,
                dues,
                expected_value(dues) if dues else None,
                today,
            )


def _views(organisation: OrganisationContext, contact_ids: list[str]) -> dict[str, AccountView]:
    views: dict[str, AccountView] = {}
    for account in organisation.store.ledger.accounts(organisation.id, contact_ids):
        view = organisation.account_view(account)
        views |= {contact.id: view for contact in account.contacts}
    return views


def _owner(organisation: OrganisationContext, row: ActionRow, dues: Dues | None) -> tuple[str, str]:
    """Return whose it is, and the address of who has that role for the customer."""
    approvers = row.action.approvers
    owner = row.owner or (approvers[0] if approvers else "")
    rulebook = organisation.rules.rulebook
    role = rulebook.role(owner) if rulebook is not None and owner else None
    return owner, role.address_for(dues.contact) if role and dues else ""


def script_of(organisation: OrganisationContext, work: WorkItem) -> str:
    """Return what to say, with its headline; empty where the call has no script.

    A script that cannot be made says why in its place: the number and the amounts are shown anyway.
    """
    action = work.row.action
    payload = action.payload
    if not isinstance(payload, TaskPayload) or not payload.script:
        return ""
    contact_ids = [action.contact_id]
    account = next(organisation.store.ledger.accounts(organisation.id, contact_ids), None)
    if account is None:
        return ""
    owed_now = tuple(
        InvoiceRef(invoice.id, invoice.number, invoice.amount_due, invoice.currency)
        for invoice in work.about
    )
    letters = organisation.rules.letters
    context = letter_context(
        replace(action, invoices=owed_now),
        account,
        organisation.connection.organisation,
        work.today,
        # It is said by one's own people: they speak the language of the house to each other.
        spoken=letters.language,
    )
    try:
        letter = letters.render(payload.script, context)
    except UserMistake as mistake:
        return str(mistake)
    return f"{letter.subject}\n\n{letter.text}".strip()
