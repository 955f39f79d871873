"""What people decide about a customer's credit hold, as both use cases record it."""

from __future__ import annotations

from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from arsync.application.customers.name_search import contact_named
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.persons_words import name_line, reason_line
from arsync.core.ledger.records import Contact, ContactStatus, HoldDecision
from arsync.errors import UserMistake
from arsync.store.models import Mode
from arsync.translation import SaidText, saying


class HoldDecided(Struct, frozen=True):
    """A hold or a release by hand that was recorded."""

    message: str
    """A saying, for pages; see `for_programs`."""
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
    return HoldDecided(
        _told(organisation, _subject(debtor, named), decision, is_on_hold=account.hold is not None),
        organisation.name,
        debtor.name,
        is_hold,
        until,
    )


def for_programs(decided: HoldDecided) -> HoldDecided:
    """Return what was decided as JSON has it: its message is a plain text."""
    return replace(decided, message=str(decided.message))


def _subject(debtor: Contact, named: Contact) -> SaidText:
    """Return whom it is about, as a sentence begins."""
    if debtor.id == named.id:
        return saying("%(debtor)s", debtor=debtor.name)
    return saying("%(debtor)s, which answers for %(child)s,", debtor=debtor.name, child=named.name)


def _told(
    organisation: OrganisationContext,
    customer: SaidText,
    decision: HoldDecision,
    *,
    is_on_hold: bool,
) -> SaidText:
    """Say what becomes of the customer."""
    values: dict[str, str] = {"customer": customer, "how": _by_hand(decision)}
    if decision.is_hold and is_on_hold:
        return saying(
            "%(customer)s is on hold already, and stays so %(how)s, whatever the rules say.",
            **values,
        )
    if decision.is_hold:
        return _next(organisation, saying("%(customer)s is to be held %(how)s", **values))
    if is_on_hold:
        return _next(organisation, saying("%(customer)s is to be released %(how)s", **values))
    # Nothing is lifted: the word keeps the rules from placing one.
    values |= {"by": decision.by, "reason": decision.reason}
    if decision.until is None:
        return saying(
            "%(customer)s is not on hold, and stays so until no rule requires a hold any more"
            " (%(by)s: %(reason)s).",
            **values,
        )
    return saying(
        "%(customer)s is not on hold, and stays so until after %(until)s, whatever the rules say"
        " (%(by)s: %(reason)s).",
        until=decision.until.isoformat(),
        **values,
    )


def _by_hand(decision: HoldDecision) -> SaidText:
    if decision.until is None:
        return saying("by hand (%(by)s: %(reason)s)", by=decision.by, reason=decision.reason)
    return saying(
        "by hand until %(until)s (%(by)s: %(reason)s)",
        until=decision.until.isoformat(),
        by=decision.by,
        reason=decision.reason,
    )


def _next(organisation: OrganisationContext, decided: SaidText) -> SaidText:
    """Say what was decided, and what follows."""
    if organisation.observes:
        return saying(
            "%(decided)s; %(name)s only observes: nothing is written.",
            decided=decided,
            name=organisation.name,
        )
    if organisation.mode == Mode.APPROVE:
        return saying(
            "%(decided)s; the next run plans it, and it waits for approval.", decided=decided
        ).then(saying("Approve it by `arsync approve`."))
    return saying("%(decided)s; the next run writes it to the accounting system.", decided=decided)
