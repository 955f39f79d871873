"""What few customers have: plans, pauses, placements and the like, read only where any are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import Connection

from arsync.core.ledger.agreements.credit_applications import CreditStanding
from arsync.core.ledger.payables import PayableTo
from arsync.core.ledger.records import (
    Account,
    CustomerPause,
    LimitChange,
    PaymentPlan,
    UndeliverableAddress,
)
from arsync.core.ledger.undeliverable_addresses import still_in_books
from arsync.store.agreements.customer_pauses import read_pauses
from arsync.store.agreements.undeliverable_addresses import read_undeliverable
from arsync.store.ledger.credit_standings import read_credit_standings
from arsync.store.ledger.held_conditions import NOTHING_HELD, HeldStates, read_held_conditions
from arsync.store.ledger.hold_decisions import Decided, newest_of, read_hold_decisions
from arsync.store.ledger.limit_changes import read_limit_changes
from arsync.store.ledger.payables import read_payables_to
from arsync.store.ledger.payment_plans import read_payment_plans
from arsync.store.ledger.placements import Recorded, merged, read_placements
from arsync.store.ledger.signed_terms import read_signed_terms


class RareRows(NamedTuple):
    """What is kept of this kind about some contacts; by contact, unless said otherwise."""

    plans: Mapping[str, Sequence[PaymentPlan]] = {}
    decisions: Mapping[str, Decided] = {}
    pauses: Sequence[CustomerPause] = ()
    """Of all of them."""
    placements: Recorded = MappingProxyType({})
    """By key."""
    held: HeldStates = NOTHING_HELD
    limit_changes: Mapping[str, LimitChange] = {}
    undeliverable: Sequence[UndeliverableAddress] = ()
    """Of all of them."""
    credit: Mapping[str, CreditStanding] = {}
    terms_signed: Mapping[str, date] = {}
    payables: Mapping[str, Sequence[PayableTo]] | None = None
    """None: it is not known what is owed to them."""

    def about(self, account: Account) -> Account:
        """Return an account with what is kept about its contacts."""
        ids = [contact.id for contact in account.contacts]
        payables = self.payables
        return self.held.about(account)._replace(
            hold_decision=newest_of(self.decisions, ids),
            pauses=tuple(pause for pause in self.pauses if pause.contact_id in ids),
            placements=merged(self.placements, account.placements, account.episodes)
            if self.placements
            else account.placements,
            limit_change=self.limit_changes.get(ids[0]),
            undeliverable=still_in_books(self.undeliverable, account.contacts, account.invoices),
            credit={each: self.credit[each] for each in ids if each in self.credit},
            terms_signed={
                each: self.terms_signed[each] for each in ids if each in self.terms_signed
            },
            payables=None
            if payables is None
            else tuple(payable for each in ids for payable in payables.get(each, ())),
        )


def read_rare_rows(
    db: Connection,
    connection_id: int,
    facts: Any,
    contact_ids: Sequence[str],
    invoice_ids: Sequence[str],
    done_before: datetime | None,
) -> RareRows:
    """Return what is kept about some contacts.

    Args:
        db: in a transaction.
        connection_id: whose ledger.
        facts: which of the tables have rows of this ledger at all; None: no such ledger is known.
        contact_ids: of the contacts.
        invoice_ids: of what they owe.
        done_before: only what was recorded before; None: everything.
    """
    if facts is None:
        return RareRows()
    rare = RareRows()
    about = (db, connection_id, contact_ids)
    if facts.has_payment_plans:
        rare = rare._replace(plans=read_payment_plans(*about))
    if facts.has_hold_decisions:
        rare = rare._replace(decisions=read_hold_decisions(*about, done_before))
    if facts.has_customer_pauses:
        rare = rare._replace(pauses=read_pauses(*about, done_before))
    if facts.has_placements:
        placed = read_placements(db, connection_id, invoice_ids, done_before)
        rare = rare._replace(placements=placed)
    if facts.has_held_conditions:
        rare = rare._replace(held=read_held_conditions(*about, invoice_ids))
    if facts.has_limit_history:
        rare = rare._replace(limit_changes=read_limit_changes(*about, done_before))
    if facts.has_undeliverable_addresses:
        rare = rare._replace(undeliverable=read_undeliverable(*about, done_before))
    if facts.has_credit_applications:
        rare = rare._replace(credit=read_credit_standings(*about, done_before))
    if facts.has_contact_log or facts.has_credit_applications:
        rare = rare._replace(terms_signed=read_signed_terms(*about, done_before))
    # What was owed on a past day is not known: bills that were paid since are gone.
    if facts.has_bill_cursors and not done_before:
        rare = rare._replace(payables=read_payables_to(*about))
    return rare
