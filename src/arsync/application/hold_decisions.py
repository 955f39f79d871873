"""What people decide about a customer's credit hold, as both use cases record it."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from arsync.application.connection_choice import Chosen
from arsync.application.container import Container
from arsync.application.name_search import contact_named
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.persons_words import name_line, reason_line
from arsync.core.ledger.records import ContactStatus, HoldDecision
from arsync.errors import UserMistake


class HoldDecided(Struct, frozen=True):
    """A hold or a release by hand that was recorded."""

    message: str
    connection: str
    contact: str
    """The name of the debtor: a child's parent answers for it."""
    on_hold: bool
    """True: it is to be held. False: it is to be released."""
    until: date | None


def decide(
    actor: Actor,
    container: Container,
    contact: str,
    *,
    is_hold: bool,
    reason: str,
    until: date | None = None,
    connection: Chosen = None,
) -> HoldDecided:
    """Record a decision about a customer's hold.

    Raises:
        UserMistake: there is no such customer, no reason is given, the day is past, or nothing can
            be written to the customer.
    """
    permit(actor, Permission.HOLD)
    organisation, named = contact_named(container, contact, connection)
    line = reason_line(reason)
    if not line:
        raise UserMistake("a hold or a release by hand needs a reason: --reason TEXT.")
    today = organisation.today
    if until is not None and until < today:
        raise UserMistake(f"{until} is past: a hold or a release ends today or later.")
    account = next(organisation.store.ledger.accounts(organisation.id, [named.id]), None)
    debtor = named if account is None else account.contacts[0]
    if account is None or debtor.status != ContactStatus.ACTIVE:
        raise UserMistake(f"{debtor.name} is {debtor.status}: it can be neither held nor released.")
    decision = HoldDecision(is_hold, line, name_line(actor.name), today, until)
    ids = [member.id for member in account.contacts]
    organisation.store.holds.decide(organisation.id, ids, decision)
    child = f", which answers for {named.name}," if debtor.id != named.id else ""
    then = "the next run writes it to the accounting system"
    if organisation.observes:
        then = f"{organisation.name} only observes: nothing is written"
    elif organisation.mode == "approve":
        then = "the next run plans it, and it waits for `arsync approve`"
    what = _what(decision, is_on_hold=account.hold is not None, then=then)
    return HoldDecided(
        f"{debtor.name}{child} {what}.",
        organisation.name,
        debtor.name,
        is_hold,
        until,
    )


def _what(decision: HoldDecision, *, is_on_hold: bool, then: str) -> str:
    """Return what becomes of the customer, as its name begins the sentence."""
    by_hand = decision.words.partition(" ")[2]
    if decision.is_hold and is_on_hold:
        return f"is on hold already, and stays so {by_hand}, whatever the rules say"
    if decision.is_hold:
        return f"is to be held {by_hand}; {then}"
    if is_on_hold:
        return f"is to be released {by_hand}; {then}"
    # Nothing is lifted: the word keeps the rules from placing one.
    ends = f"until after {decision.until}" if decision.until else "until none asks for one any more"
    return f"is not on hold; no rule places a hold {ends} ({decision.by}: {decision.reason})"
