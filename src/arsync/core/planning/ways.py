"""Ways: how a step's message leaves, to whom, from whom, with what; and what has no way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from arsync.core.actions import Via
from arsync.core.ledger.enclosures import Enclosure
from arsync.core.ledger.records import Contact, Invoice
from arsync.core.planning.assessment import DunnedParty
from arsync.core.planning.planning_context import Planning
from arsync.core.rulebook.conditions import Condition
from arsync.core.rulebook.model import Sending, Step, StepKind
from arsync.core.rulebook.recipients import AddressedTo, CopyRule

_BY_MAIL = frozenset({Via.PLATFORM, Via.SMTP})

_SETTINGS: Mapping[str, str] = {
    Via.SMTP: "no mail server is set up ([smtp] url)",
    Via.POST: "no post folder is set up ([letters] post_folder)",
    Via.SMS: "no text messages are set up ([sms] account)",
}

NO_WAY_FOR_LETTERS = (
    "neither a mail server nor a post folder is set up ([smtp] url, [letters] post_folder)"
)


def way_of(planning: Planning, step: Step, *, has_email: bool) -> str:
    """Return by which way a step's message leaves; empty: a letter, and no way is set up.

    A letter whose step does not say goes by email, or by post where that cannot be.
    """
    if step.via:
        return step.via
    if step.kind is not StepKind.LETTER:
        return planning.assessor.rulebook.sending.via
    ways = (Via.SMTP, Via.POST) if has_email else (Via.POST, Via.SMTP)
    return next((via for via in ways if planning.is_set_up(via)), "")


def not_set_up(planning: Planning, step: Step, via: str) -> str:
    """Return why a step's own way leads nowhere; empty where it leads somewhere.

    Where it is what `sending` says of all messages, they wait: nobody is given them as tasks.
    """
    if not via:
        return NO_WAY_FOR_LETTERS
    is_own = bool(step.via) or step.kind is StepKind.LETTER
    return missing_way(planning, via) if is_own else ""


def missing_way(planning: Planning, via: str) -> str:
    """Return that a way is not set up, and where it is; empty where it is."""
    return "" if planning.is_set_up(via) else not_set_up_words(via)


def not_set_up_words(via: str) -> str:
    """Return that a way is not set up, and where it is; empty stands for any way of letters."""
    return _SETTINGS.get(via, f"{via} is not set up") if via else NO_WAY_FOR_LETTERS


EMAIL_ADDRESS = "email address"


def address_lacking(party: DunnedParty, via: str, *, has_email: bool) -> str:
    """Return what kind of address a message needs and its customer lacks: `email address`."""
    if via in _BY_MAIL and not has_email:
        return EMAIL_ADDRESS
    if via == Via.SMS and not telephone_of(party.view.contact):
        return "telephone number"
    if via == Via.POST and not party.view.contact.address:
        return "postal address"
    return ""


def telephone_of(contact: Contact) -> str:
    """Return where text messages go: the mobile telephone, or else the main number."""
    mobile = [phone.number for phone in contact.phones if phone.kind == "mobile"]
    main = [phone.number for phone in contact.phones if not phone.kind]
    return next(iter((*mobile, *main)), "")


def addresses_of(
    party: DunnedParty, invoice: Invoice, sending: Sending | None = None, via: str = Via.SMTP
) -> str:
    """Return to whom a message about an invoice goes, by the rulebook and by its way."""
    contact = party.view.contact
    if via == Via.SMS:
        return telephone_of(contact)
    if via == Via.POST:
        return ", ".join(contact.address)
    if sending is not None and sending.to is AddressedTo.CONTACT_PERSON and contact.email:
        first = contact.email
    else:
        # The invoice's own address first, as the platform would send it.
        first = invoice.email or contact.email
    if not contact.more_emails:
        return first
    return ", ".join(dict.fromkeys(address for address in (first, *contact.more_emails) if address))


class Envelope(NamedTuple):
    """What a message bears besides its text."""

    to: str
    cc: str = ""
    copy_to: str = ""
    sender: str = ""
    attach: tuple[str, ...] = ()


def envelope_of(
    planning: Planning, party: DunnedParty, invoice: Invoice, step: Step, via: str
) -> Envelope:
    """Return to whom a message goes, who gets a copy, from whom it goes, and what goes along."""
    sending = planning.assessor.rulebook.sending
    to = addresses_of(party, invoice, sending, via)
    if via in {Via.PLATFORM, Via.SMS}:
        # The platform knows its own recipients alone, and a text message one number.
        return Envelope(to)
    attach = sending.attach if step.attach is None else step.attach
    if step.kind is StepKind.LETTER:
        others = (what for what in attach if what != Enclosure.LETTER)
        attach = (Enclosure.LETTER.value, *others)
    if via == Via.POST:
        return Envelope(to, attach=attach)
    reached = set(_folded(to.split(", ")))
    cc = _copies(planning, party, (*sending.cc, *step.cc), reached)
    reached |= set(_folded(cc))
    blind = _copies(planning, party, (*sending.copy_to, *step.copy_to), reached)
    return Envelope(to, ", ".join(cc), ", ".join(blind), _sender(party, sending), attach)


def account_envelope(
    planning: Planning, party: DunnedParty, via: str, attach: tuple[str, ...]
) -> Envelope:
    """Return what a letter about the account bears: it goes to the contact's own addresses."""
    contact, sending = party.view.contact, planning.assessor.rulebook.sending
    if via == Via.SMS:
        return Envelope(telephone_of(contact))
    if via == Via.POST:
        return Envelope(", ".join(contact.address), attach=attach)
    own = dict.fromkeys(filter(None, (contact.email, *contact.more_emails)))
    reached = set(_folded(own))
    cc = _copies(planning, party, sending.cc, reached)
    blind = _copies(planning, party, sending.copy_to, reached | set(_folded(cc)))
    return Envelope(
        ", ".join(own), ", ".join(cc), ", ".join(blind), _sender(party, sending), attach
    )


def _folded(addresses: Iterable[str]) -> list[str]:
    return [address.casefold() for address in addresses]


def _copies(
    planning: Planning, party: DunnedParty, rules: Sequence[CopyRule], reached: set[str]
) -> list[str]:
    """Return the addresses of all rules that match, each once; unknown copies to nobody."""
    rulebook = planning.assessor.rulebook
    addresses: dict[str, str] = {}
    for rule in rules:
        if not _matches(rule.when, party):
            continue
        role = rulebook.role(rule.role) if rule.role else None
        address = role.address_for(party.view.contact) if role else rule.address
        if address and address.casefold() not in reached:
            addresses.setdefault(address.casefold(), address)
    return list(addresses.values())


def _sender(party: DunnedParty, sending: Sending) -> str:
    """Return the sender of the first rule that matches; empty: that of the settings."""
    return next((rule.text for rule in sending.sender if _matches(rule.when, party)), "")


def _matches(when: Condition | None, party: DunnedParty) -> bool:
    return when is None or when.test(party.row, None) is True
