"""What a customer will read, shown before it leaves: from the books as they are now."""

from __future__ import annotations

from msgspec import Struct

from arsync.application.organisation_context import OrganisationContext
from arsync.channels import channel
from arsync.connector_sdk import Capability
from arsync.core.actions import Action, ActionState, ReminderPayload, Via, is_our_letter
from arsync.core.actions.registry import MESSAGE_KINDS
from arsync.core.ledger.records import Account
from arsync.errors import ArsyncError
from arsync.mail import addresses
from arsync.store.models import ActionRow

NOT_LEFT = frozenset({ActionState.PLANNED, ActionState.AWAITING_APPROVAL, ActionState.APPROVED})
"""In these states a message can still be shown as it will leave."""

LINKS_COME_LATER = "Links to the online invoices are put in when it leaves."
NOT_PLANNED = "By the books of now it would not be written any more; the next run decides."


class LetterShown(Struct, frozen=True):
    """One message as it would leave now."""

    way: str
    """How it leaves, in words."""
    to: tuple[str, ...] = ()
    subject: str = ""
    text: str = ""
    """Empty where the accounting system uses its own words."""
    remarks: tuple[str, ...] = ()


def letter_shown(organisation: OrganisationContext, row: ActionRow) -> LetterShown | None:
    """Return what the customer will read of an action; None where nothing is to leave.

    What cannot be made, for a text that is wrong or an address that is missing, is said in its
    remarks.
    """
    if row.action.kind not in MESSAGE_KINDS or row.state not in NOT_LEFT:
        return None
    contact_ids = [row.action.contact_id]
    account = next(organisation.store.ledger.accounts(organisation.id, contact_ids), None)
    if account is None:
        name = row.action.contact_name
        return LetterShown("", remarks=(f"{name} is no longer among the customers.",))
    try:
        plan = organisation.replan_one(account)
        planned = {action.key: action for action in plan.actions}
        remarks = () if row.key in planned else (NOT_PLANNED,)
        return _shown(organisation, planned.get(row.key, row.action), account, remarks)
    except ArsyncError as error:
        return LetterShown("", remarks=(f"It cannot leave as things stand: {error}",))


def _shown(
    organisation: OrganisationContext, action: Action, account: Account, remarks: tuple[str, ...]
) -> LetterShown:
    if not is_our_letter(action):
        return _platforms_own(organisation, action, account, remarks)
    maker, today = organisation.letter_maker, organisation.today
    if action.via == Via.PLATFORM:
        letter = maker.letter(action, account, today)
        way = "a PDF, attached to the invoice in the accounting system"
        return LetterShown(way, (), letter.subject, letter.text, remarks)
    linked = {invoice.id for invoice in account.invoices if invoice.link}
    if Capability.ONLINE_INVOICE.value in organisation.offers and any(
        ref.id not in linked for ref in action.invoices
    ):
        remarks += (LINKS_COME_LATER,)
    message = maker.message(action, account, today)
    sender = message.sender or organisation.config.smtp.sender
    by = channel(action.via).label
    return LetterShown(
        f"by {by} from {sender}" if action.via == Via.SMTP else f"by {by}",
        message.to,
        message.subject,
        message.text,
        (*remarks, *message.remarks),
    )


def _platforms_own(
    organisation: OrganisationContext, action: Action, account: Account, remarks: tuple[str, ...]
) -> LetterShown:
    """Say what the platform sends: it takes neither our text nor our subject."""
    label = organisation.label
    numbers = ", ".join(ref.number or ref.id for ref in action.invoices)
    people = [person.email for person in account.contacts if person.id == action.contact_id]
    payload = action.payload
    named = [payload.to] if isinstance(payload, ReminderPayload) and payload.to else people
    return LetterShown(
        f"{label} emails {numbers} in its own words",
        addresses(named),
        remarks=(
            f"{action.step!r} is the step's name here: {label} uses its own text and subject.",
            *remarks,
        ),
    )
