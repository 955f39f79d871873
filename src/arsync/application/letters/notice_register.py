"""The register of numbered notices: each number, and what became of its notice."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from msgspec import Struct

from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext, organisations
from arsync.application.permissions import Actor, Permission, permit
from arsync.core.actions import ActionState
from arsync.core.actions.message_words import by_way
from arsync.core.actions.notices import NoticeNumber, as_written
from arsync.core.ledger.money import plain, shown
from arsync.core.ledger.sanitising import no_formula
from arsync.errors import UserMistake
from arsync.store.models import ActionRow, NoticeRow

PASSED_OVER = "passed over: a backup came back that did not know which numbers had been given"

_OUTCOMES = {
    ActionState.SENDING: "leaving now",
    ActionState.UNKNOWN: "not known whether it left",
    ActionState.REJECTED: "not sent: refused",
    ActionState.WITHDRAWN: "not sent: withdrawn",
}


class RegisteredNotice(Struct, frozen=True):
    """One line of the register."""

    connection: str
    number: int
    written: str
    """The number as the letter says it: `N-17`."""
    given_on: date
    text: str = ""
    customer: str = ""
    customer_id: str = ""
    invoices: tuple[str, ...] = ()
    amount: Decimal | None = None
    """The sum of what its invoices were about; None where they are in several currencies."""
    currency: str = ""
    way: str = ""
    sent_on: date | None = None
    """None: it did not leave, or nobody knows whether it did."""
    outcome: str = ""
    key: str = ""
    """Empty: the numbers up to this one were passed over."""


def notice_register(
    actor: Actor,
    container: Container,
    connection: Chosen = None,
    *,
    since: date | None = None,
    until: date | None = None,
) -> list[RegisteredNotice]:
    """Return the numbered notices of some connections, in the order of their numbers.

    Args:
        actor: who asks.
        container: holds the ledgers.
        connection: whose.
        since: those numbered on this day or later.
        until: those numbered on this day or before.

    Raises:
        UserMistake: there is no connection of that name, or the days are the wrong way round.
    """
    permit(actor, Permission.READ)
    if since is not None and until is not None and until < since:
        raise UserMistake(f"--to {until} is before --from {since}.")
    return [
        _line(organisation, notice)
        for organisation in organisations(container, connection)
        for notice in organisation.store.letters.register(organisation.id, since=since, until=until)
    ]


def _line(organisation: OrganisationContext, notice: NoticeRow) -> RegisteredNotice:
    row, form = notice.row, organisation.config.letters.notice_number
    written = as_written(NoticeNumber(notice.number, notice.given_on), form)
    if row is None:
        return RegisteredNotice(
            organisation.name, notice.number, written, notice.given_on, outcome=PASSED_OVER
        )
    currencies = {ref.currency for ref in row.action.invoices}
    is_one = len(currencies) == 1
    total = sum((ref.amount_due for ref in row.action.invoices), Decimal(0))
    has_left = row.state in {ActionState.SENT, ActionState.CONFIRMED}
    return RegisteredNotice(
        connection=organisation.name,
        number=notice.number,
        written=written,
        given_on=notice.given_on,
        text=notice.text,
        customer=row.action.contact_name,
        customer_id=row.action.contact_id,
        invoices=tuple(ref.number or ref.id for ref in row.action.invoices),
        amount=total if is_one else None,
        currency=currencies.pop() if is_one else "",
        way=by_way(row.action.via),
        sent_on=row.sent_on if has_left else None,
        outcome=outcome_of(row),
        key=row.key,
    )


def outcome_of(row: ActionRow) -> str:
    """Return what became of a notice, in words."""
    words = _OUTCOMES.get(row.state)
    if words is not None:
        return f"{words}: {row.reason}" if row.state is ActionState.REJECTED else words
    if row.state in {ActionState.SENT, ActionState.CONFIRMED}:
        detail = row.receipt.detail if row.receipt else ""
        return f"sent: {detail}" if detail else "sent"
    return "not sent yet"


_COLUMNS = (
    "connection",
    "number",
    "written",
    "given_on",
    "text",
    "customer",
    "customer_id",
    "invoices",
    "amount",
    "currency",
    "way",
    "sent_on",
    "outcome",
    "key",
)


def register_csv(notices: Sequence[RegisteredNotice]) -> str:
    """Return the register as CSV; no cell of it is a formula."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for notice in notices:
        writer.writerow([_cell(getattr(notice, name)) for name in _COLUMNS])
    return file.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return no_formula(" ".join(map(str, value)))
    return plain(value) if isinstance(value, Decimal) else no_formula(str(value))


def amount_shown(notice: RegisteredNotice) -> str:
    """Return a notice's amount for people."""
    return "" if notice.amount is None else shown(notice.amount, notice.currency)
