"""What a customer will read, shown before it leaves: from the books as they are now.

The maker of what leaves makes it, so it is the same letter by letter. What is only known when it
leaves (a link that the books do not hold yet, the number that a notice gets) is said in a remark.
"""

from __future__ import annotations

from arsync.application.organisation.letter_making import shows_personal_line
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.results import AttachedFile, LetterShown
from arsync.channels import Message, channel
from arsync.connector_sdk import Capability
from arsync.core.actions import Action, ActionState, MessagePayload, Via, is_our_letter
from arsync.core.actions.notices import as_written, bears_number
from arsync.core.actions.registry import LETTER_KINDS, OUTSIDE_BOOKS
from arsync.core.credit.reference_letters import addressee_of
from arsync.core.ledger.enclosures import Enclosure
from arsync.core.ledger.records import Account
from arsync.errors import ArsyncError
from arsync.mail import addresses
from arsync.outbox import LetterExtras, earlier_letters, personal_line_of
from arsync.store.models import ActionRow

NOT_LEFT = frozenset({ActionState.PLANNED, ActionState.AWAITING_APPROVAL, ActionState.APPROVED})
"""In these states a message can still be shown as it will leave."""

LINKS_COME_LATER = "Links to the online invoices are put in when it leaves."
NOT_PLANNED = "By the books of now it would not be written any more; the next run decides."


def letter_shown(organisation: OrganisationContext, row: ActionRow) -> LetterShown | None:
    """Return what the customer will read of an action; None where nothing is to leave.

    What cannot be made, for a text that is wrong or an address that is missing, is said in its
    remarks.
    """
    if row.action.kind not in LETTER_KINDS or row.state not in NOT_LEFT:
        return None
    if row.action.kind in OUTSIDE_BOOKS:
        return _to_reference(organisation, row.action)
    contact_ids = [row.action.contact_id]
    account = next(organisation.store.ledger.accounts(organisation.id, contact_ids), None)
    if account is None:
        name = row.action.contact_name
        return LetterShown("", remarks=(f"{name} is no longer among the customers.",))
    try:
        plan = organisation.replan_one(account)
        planned = {action.key: action for action in plan.actions}
        remarks = () if row.key in planned else (NOT_PLANNED,)
        return shown_as_it_leaves(organisation, planned.get(row.key, row.action), account, remarks)
    except ArsyncError as error:
        return LetterShown("", remarks=(f"It cannot leave as things stand: {error}",))


def _to_reference(organisation: OrganisationContext, action: Action) -> LetterShown:
    """Return a letter to somebody who is no customer: no plan has it."""
    try:
        return shown_as_it_leaves(organisation, action, addressee_of(action))
    except ArsyncError as error:
        return LetterShown("", remarks=(f"It cannot leave as things stand: {error}",))


def shown_as_it_leaves(
    organisation: OrganisationContext,
    action: Action,
    account: Account,
    remarks: tuple[str, ...] = (),
    *,
    notices_before: int = 0,
) -> LetterShown:
    """Return a message as it would leave now; the action may be one that nobody planned.

    Args:
        organisation: whose customer it is.
        action: the message.
        account: the customer's records.
        remarks: what is to be said of it besides.
        notices_before: so many notices without a number leave before it.

    Raises:
        ArsyncError: it cannot leave as things stand.
    """
    if not is_our_letter(action):
        return _platforms_own(organisation, action, account, remarks)
    maker, today = organisation.letter_maker, organisation.today
    extras, more = extras_before_sending(
        organisation, action, account, notices_before=notices_before
    )
    remarks += more
    if action.via == Via.PLATFORM:
        letter = maker.letter(action, account, today, extras)
        way = "a PDF, attached to the invoice in the accounting system"
        return LetterShown(way, (), letter.subject, letter.text, remarks)
    message = maker.message(action, account, today, extras)
    remarks += (*_invoices_along(organisation, action), *message.remarks)
    return shown_message(organisation, action, message, remarks)


def shown_message(
    organisation: OrganisationContext, action: Action, message: Message, remarks: tuple[str, ...]
) -> LetterShown:
    """Return a finished message for people."""
    settings = organisation.config.smtp
    by = f"by {channel(action.via).label}"
    copies = message.copies
    if action.via == Via.SMTP:
        by = f"{by} from {message.sender or settings.sender}"
        copies = addresses([*copies, settings.copy_to])
    return LetterShown(
        by,
        message.to,
        message.subject,
        message.text,
        remarks,
        cc=message.cc,
        copies=copies,
        reply_to=message.reply_to,
        attachments=_files(message),
        notice_number=message.notice_number,
        language=message.language or organisation.rules.letters.language.code,
    )


def extras_before_sending(
    organisation: OrganisationContext,
    action: Action,
    account: Account,
    *,
    notices_before: int = 0,
) -> tuple[LetterExtras, tuple[str, ...]]:
    """Return what a letter needs besides the account, and what is only known when it leaves.

    No number is used up: a notice without one shows the one that the next notice gets.
    """
    letters, remarks, number = organisation.store.letters, [], None
    if bears_number(action):
        number, is_given = letters.number_before_sending(
            organisation.id, action.key, organisation.today
        )
        if not is_given:
            number = number._replace(number=number.number + notices_before)
            form = organisation.config.letters.notice_number
            written = as_written(number, form)
            remarks.append(
                f"Its number is given when it leaves: {written} is the next, unless another "
                "notice leaves before it."
            )
    linked = {invoice.id for invoice in account.invoices if invoice.link}
    if Capability.ONLINE_INVOICE.value in organisation.offers and any(
        ref.id not in linked for ref in action.invoices
    ):
        remarks.append(LINKS_COME_LATER)
    earlier = earlier_letters(letters, organisation.id, action)
    line = personal_line_of(organisation.store.personal_lines, action)
    if line and not shows_personal_line(action):
        remarks.append(f"The personal line “{line}” does not go along: this way takes no text.")
    return LetterExtras(notice_number=number, earlier=earlier, personal_line=line), tuple(remarks)


def extras_as_sent(organisation: OrganisationContext, row: ActionRow) -> LetterExtras:
    """Return what a letter that left was told: its number, and the letters before it."""
    letters = organisation.store.letters
    earlier = earlier_letters(letters, organisation.id, row.action)
    return LetterExtras(
        notice_number=letters.numbers(organisation.id, [row.key]).get(row.key),
        earlier=tuple(
            letter for letter in earlier if row.sent_on is None or letter.sent_on < row.sent_on
        ),
        personal_line=personal_line_of(organisation.store.personal_lines, row.action),
    )


def _files(message: Message) -> tuple[AttachedFile, ...]:
    files = [AttachedFile(file.name, len(file.content)) for file in message.attachments]
    if message.pdf and not files:
        files.append(AttachedFile(f"{message.title}.pdf", len(message.pdf)))
    return tuple(files)


def _invoices_along(organisation: OrganisationContext, action: Action) -> tuple[str, ...]:
    payload = action.payload
    if not isinstance(payload, MessagePayload) or Enclosure.INVOICE not in payload.attach:
        return ()
    numbers = ", ".join(ref.number or ref.id for ref in action.invoices)
    return (f"{organisation.label}'s PDF of {numbers} goes along; it is read when it leaves.",)


def _platforms_own(
    organisation: OrganisationContext, action: Action, account: Account, remarks: tuple[str, ...]
) -> LetterShown:
    """Say what the platform sends: it takes neither our text nor our subject."""
    label = organisation.label
    numbers = ", ".join(ref.number or ref.id for ref in action.invoices)
    contact, payload = account.contact(action.contact_id), action.payload
    named = payload.to if isinstance(payload, MessagePayload) else ""
    named = named or (contact.email if contact else "")
    return LetterShown(
        f"{label} emails {numbers} in its own words",
        addresses([named]),
        remarks=(
            f"{action.step!r} is the step's name here: {label} uses its own text and subject.",
            *remarks,
        ),
    )
