"""What is exported besides the ledger: letters and their register, holds, limits, credit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.core.actions import ActionState, MessagePayload
from arsync.core.actions.notices import text_of
from arsync.store.actions.action_queries import ROWS_AT_ONCE

Rows = Callable[[OrganisationContext], Iterator[tuple[Any, ...]]]

_LEFT = frozenset({ActionState.SENT, ActionState.CONFIRMED})


class ExportedTable(NamedTuple):
    """A table of the store that is exported as it stands."""

    name: str
    """Of the entity."""
    table: str
    about: str
    columns: str
    """`name: meaning` lines, in the order of the export."""

    def rows(self, organisation: OrganisationContext) -> Iterator[tuple[Any, ...]]:
        """Yield its rows of one connection."""
        names = [line.strip().partition(":")[0] for line in self.columns.strip().splitlines()]
        for row in organisation.store.tables.rows(self.table, organisation.id, names):
            yield tuple(_plain(value) for value in row)


def _plain(value: Any) -> Any:
    """Return lists of people and the like as texts: `Ann Lee, director`."""
    if not isinstance(value, tuple):
        return value
    return tuple(
        ", ".join(filter(None, map(str, each))) if isinstance(each, tuple) else str(each)
        for each in value
    )


def notices(organisation: OrganisationContext) -> Iterator[tuple[Any, ...]]:
    """Yield the register of notices, number by number."""
    for notice in organisation.store.letters.register(organisation.id):
        row = notice.row
        yield (
            notice.number,
            notice.text,
            notice.given_on,
            "" if row is None else row.key,
            "" if row is None else str(row.state),
            "" if row is None else row.action.contact_id,
            "" if row is None else row.action.contact_name,
            () if row is None else tuple(ref.number for ref in row.action.invoices),
        )


def letters(organisation: OrganisationContext) -> Iterator[tuple[Any, ...]]:
    """Yield every message that left, the oldest first."""
    store = organisation.store
    keys = store.actions.every_key(organisation.id)
    for start in range(0, len(keys), ROWS_AT_ONCE):
        some = keys[start : start + ROWS_AT_ONCE]
        numbers, lines = store.letters.numbers(organisation.id, some), store.personal_lines.of(some)
        for row in store.actions.rows(some):
            action = row.action
            if row.state not in _LEFT or not isinstance(action.payload, MessagePayload):
                continue
            number = numbers.get(row.key)
            yield (
                row.key,
                str(action.kind),
                text_of(action),
                None if number is None else number.number,
                action.contact_id,
                action.contact_name,
                tuple(ref.number for ref in action.invoices),
                str(action.via),
                action.payload.to,
                action.payload.cc,
                row.sent_on,
                "" if row.receipt is None else row.receipt.reference or "",
                lines[row.key].line if row.key in lines else "",
            )


NOTICE_COLUMNS = """
    number: the running number, without a gap
    text: the name of the letter's text when the number was given
    given_on: the organisation's day of that
    key: of the action; empty: the numbers up to this one were passed over after a restore
    state: what became of it
    contact_id: to whom
    contact_name: the name then
    invoices: the numbers of the invoices it names
"""
LETTER_COLUMNS = """
    key: as it stands in the notes of the books
    kind: reminder, letter, account_letter or reference_letter
    text: the name of the letter's text
    notice_number: the running number it bears; empty: it bears none
    contact_id: to whom; of a letter to a reference, who applied
    contact_name: the name then
    invoices: the numbers of the invoices it names
    via: by which way
    to: its addresses, where they are not those of the customer's record
    cc: who had a copy
    sent_on: the organisation's day on which it left
    reference: what its way calls it, such as a mail's Message-ID
    personal_line: what a person put above its text
"""

EXPORTED_TABLES = (
    ExportedTable(
        "hold_decisions",
        "hold_decisions",
        "Holds and releases by hand.",
        """
        contact_id: about whom
        is_hold: whether it is a hold; otherwise a release
        reason: the person's words
        made_on: the organisation's day
        until: the last day on which it stands; empty: until it is ended
        decided_by: the person
        decided_at: the moment, in UTC
        ended_by: who ended it before its day
        ended_why: the reason
        ended_at: the moment, in UTC
        """,
    ),
    ExportedTable(
        "left_alone",
        "customer_pauses",
        "Customers whom a person left alone until a day.",
        """
        contact_id: who
        until: the last day
        reason: the person's words
        made_on: the organisation's day
        decided_by: the person
        decided_at: the moment, in UTC
        ended_by: who ended it before its day
        ended_at: the moment, in UTC
        """,
    ),
    ExportedTable(
        "suppliers",
        "suppliers",
        "Suppliers whose bills or credits were read, where the rulebook asks for them.",
        """
        id: the platform's id
        name: as the supplier is called
        company_name: its registered name, where the platform has one beside the other
        email: its address for mail
        contact_id: the customer that is the same party; empty: none is known to be
        likely_contact_id: a customer that may be, and nobody has said so
        """,
    ),
    ExportedTable(
        "payables",
        "payables",
        "Suppliers' bills on which something is owed, and their credits of which something is left,"
        " where the rulebook asks for them.",
        """
        id: the platform's id
        supplier_id: the supplier's
        number: the supplier's own
        issued_on: its date
        due_on: the day on which a bill falls due
        currency: ISO 4217
        rate: base-currency units for one unit of the currency
        amount: what is owed or left; empty where that could not be read, or is not told
        credit: which kind of credit; empty: a bill
        problem: why it could not be read
        """,
    ),
    ExportedTable(
        "credit_limits",
        "limit_history",
        "Credit limits as they changed.",
        """
        contact_id: the debtor
        since: the day of the plan that found it
        amount: in the rulebook's currency; empty: none is known, or there is none on purpose
        is_unlimited: whether there is none on purpose
        until: the last day of a temporary limit
        rule: the rule that set it
        file: the file of that rule
        line: the line
        rulebook_hash: the hash of the rulebook
        recorded_by: on whose behalf
        recorded_at: the moment, in UTC
        """,
    ),
    ExportedTable(
        "customer_entries",
        "customer_entries",
        "To which contact each entry of `customers:` is bound.",
        """
        entry: the name in the rulebook
        contact_id: the contact
        parent_id: the parent that the rulebook names
        matched_on: the day it was bound
        """,
    ),
    ExportedTable(
        "trials",
        "trial_arms",
        "In which half of a trial each customer is.",
        """
        trial: the cadence that is tried
        contact_id: the debtor
        is_tried: whether it gets the cadence that is tried
        since: its first day in the trial
        """,
    ),
    ExportedTable(
        "credit_applications",
        "credit_applications",
        "Applications for credit.",
        """
        id: its number
        contact_id: the customer; empty for a prospect
        name: the applicant
        applied_on: the day
        registration_number: in the register
        vat_number: for value-added tax
        country: ISO 3166 alpha-2
        limit_asked: the limit it asks for
        currency: of that
        terms_asked: the payment terms it asks for
        trading_since: the day
        people: the applicant's people, each with role and address
        signed_file: the file of the terms that were signed
        signed_sha256: of that file
        signed_on: the day of the signature
        signed_version: of the terms
        consented_on: the day on which it agreed that its references are asked
        recorded_by: the person
        recorded_at: the moment, in UTC
        """,
    ),
    ExportedTable(
        "credit_references",
        "credit_references",
        "Who was asked about applicants, and the answers.",
        """
        application_id: the number of the application
        kind: trade or bank
        name: who was asked
        email: the address
        asked_on: the day
        answer: good, mixed, bad or refused
        answered_on: the day
        highest_credit: the most they let the applicant owe
        words: of the answer
        known_for: how long it has known the applicant
        limit_granted: the limit that it grants
        pays: how the applicant pays it
        letter_key: of the action that asks it by letter; empty: none does
        reminder_key: of the action that reminds it
        recorded_by: the person
        recorded_at: the moment, in UTC
        """,
    ),
    ExportedTable(
        "credit_data",
        "credit_data",
        "What sources said of applicants.",
        """
        application_id: the number of the application
        kind: score, rating, insolvency and so on
        value: as it was said
        source: who said it
        as_of: of which day
        recorded_by: the person
        recorded_at: the moment, in UTC
        """,
    ),
    ExportedTable(
        "credit_decisions",
        "credit_decisions",
        "Decisions on credit.",
        """
        application_id: the number of the application
        outcome: accept, cash on delivery, refuse or ask
        credit_limit: what was agreed
        currency: of that
        until: the last day of the limit
        review_on: the day of the next look
        terms: payment terms
        rule: the rule that proposed it
        file: the file of that rule
        line: the line
        reason: the person's words
        decided_on: the organisation's day
        decided_by: the person
        decided_at: the moment, in UTC
        first_approved_by: the first of two people
        ended_by: who ended it
        ended_why: the reason
        ended_at: the moment, in UTC
        """,
    ),
    ExportedTable(
        "action_events",
        "action_events",
        "Each change of an action's state.",
        """
        key: of the action
        at: the moment, in UTC
        who: the person, or the part of arsync
        from_state: empty for the first
        to_state: the new state
        why: the reason
        """,
    ),
)
"""Tables of decisions, exported as they stand."""
