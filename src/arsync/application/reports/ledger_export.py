"""The whole copy of a ledger, entity by entity, with the same columns for every platform."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple, TextIO

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.reports.exported_decisions import (
    EXPORTED_TABLES,
    LETTER_COLUMNS,
    NOTICE_COLUMNS,
    letters,
    notices,
)
from arsync.core.ledger.money import plain
from arsync.core.ledger.records import Allocation, RecordKind
from arsync.core.ledger.sanitising import no_formula

Value = str | bool | int | Decimal | date | datetime | None
Row = tuple[Value | tuple[str, ...], ...]

LIST_SEPARATOR = "; "
"""Between the values of one cell of a CSV file; JSON has a list there."""


class Column(NamedTuple):
    """One column of an entity, for programs and for the documentation."""

    name: str
    meaning: str


class Entity(NamedTuple):
    """What is exported under one name."""

    name: str
    about: str
    columns: tuple[Column, ...]
    """Besides `connection`, which comes first in each."""
    rows: Callable[[OrganisationContext], Iterator[Row]]

    @property
    def header(self) -> tuple[str, ...]:
        """Return the names of all columns."""
        return ("connection", *(column.name for column in self.columns))


def _columns(text: str) -> tuple[Column, ...]:
    """Read `name: meaning` lines."""
    pairs = (line.strip().partition(": ") for line in text.strip().splitlines())
    return tuple(Column(name, meaning) for name, _, meaning in pairs)


def _records(
    kind: RecordKind, columns: tuple[Column, ...]
) -> Callable[[OrganisationContext], Iterator[Row]]:
    names = tuple(column.name for column in columns)

    def rows(organisation: OrganisationContext) -> Iterator[Row]:
        for record in organisation.store.ledger.every(organisation.id, kind):
            yield tuple(_texts(getattr(record, name)) for name in names)

    return rows


def _texts(value: Any) -> Any:
    return tuple(map(str, value)) if isinstance(value, tuple) else value


def _allocations(organisation: OrganisationContext) -> Iterator[Row]:
    for kind, source in ((RecordKind.PAYMENTS, "payment"), (RecordKind.CREDITS, "")):
        for record in organisation.store.ledger.every(organisation.id, kind):
            allocations: tuple[Allocation, ...] = record.allocations
            for allocation in allocations:
                yield (
                    source or record.kind,
                    record.id,
                    allocation.invoice_id,
                    record.currency,
                    allocation.amount,
                    allocation.allocated_on,
                )


def _unreadable(organisation: OrganisationContext) -> Iterator[Row]:
    for problem in organisation.store.ledger.problems(organisation.id):
        yield (problem.kind, problem.id, problem.number, problem.contact_id, problem.message)


def _promises(organisation: OrganisationContext) -> Iterator[Row]:
    for promise in organisation.store.promises.recorded(organisation.id):
        for invoice_id in promise.invoice_ids:
            yield (
                invoice_id,
                promise.promised_on,
                promise.amount,
                promise.made_on,
                promise.kept,
                promise.replaced,
                promise.recorded_by,
                promise.recorded_at,
                promise.note,
                promise.id,
                promise.also,
            )


def _payment_plans(organisation: OrganisationContext) -> Iterator[Row]:
    plans = organisation.store.payment_plans
    beside = {row.id: row for row in plans.rows(organisation.id)}
    for plan in plans.recorded(organisation.id):
        yield (
            plan.id,
            plan.contact_id,
            plan.invoice_ids,
            plan.of_balance,
            plan.made_on,
            plan.total,
            plan.currency,
            plan.cancelled_on,
            plan.by,
            beside[plan.id].recorded_at,
            beside[plan.id].cancelled_by,
            beside[plan.id].note,
        )


def _instalments(organisation: OrganisationContext) -> Iterator[Row]:
    for plan in organisation.store.payment_plans.recorded(organisation.id):
        for number, instalment in enumerate(plan.instalments, 1):
            yield (plan.id, number, instalment.due_on, instalment.amount, plan.currency)


def _disputes(organisation: OrganisationContext) -> Iterator[Row]:
    for dispute in organisation.store.disputes.recorded(organisation.id):
        yield (
            dispute.invoice_id,
            dispute.opened_on,
            dispute.reason,
            dispute.settled_on,
            dispute.recorded_by,
            dispute.recorded_at,
            dispute.settled_by,
            dispute.amount,
            dispute.code,
            dispute.owner,
            dispute.needs,
            dispute.outcome,
            dispute.outcome_note,
            dispute.credit_agreed_on,
        )


def _placements(organisation: OrganisationContext) -> Iterator[Row]:
    for placement in organisation.store.placements.rows(organisation.id):
        for debt in placement.debts:
            yield (
                placement.key,
                placement.contact_id,
                placement.agency,
                placement.placed_on,
                debt.invoice_id,
                debt.currency,
                debt.amount,
                placement.cost,
                placement.currency,
                placement.ended_on,
                placement.ended_as,
                placement.ended_why,
                placement.ended_by,
                placement.recorded_by,
                placement.recorded_at,
            )


def _log(organisation: OrganisationContext) -> Iterator[Row]:
    for entry in organisation.store.log.recorded(organisation.id):
        yield (
            entry.id,
            entry.contact_id,
            entry.invoice_id,
            str(entry.kind),
            entry.happened_on,
            entry.text,
            entry.recorded_by,
            entry.recorded_at,
            entry.taken_back_by,
            entry.taken_back_at,
            entry.taken_back_why,
        )


def _undeliverable(organisation: OrganisationContext) -> Iterator[Row]:
    for row in organisation.store.undeliverable.recorded(organisation.id):
        yield tuple(row)


def _actions(organisation: OrganisationContext) -> Iterator[Row]:
    actions = organisation.store.actions
    for row in actions.rows(actions.every_key(organisation.id)):
        action = row.action
        yield (
            row.key,
            str(action.kind),
            str(row.state),
            action.contact_id,
            action.contact_name,
            tuple(ref.number for ref in action.invoices),
            action.step,
            str(action.via),
            row.created_at,
            row.first_sent_at,
            row.changed_at,
            row.reason,
            action.because.rule,
            action.because.file,
            action.because.line,
            row.rulebook_hash,
            row.owner,
            row.due_on,
            row.next_on,
            row.done_on,
            row.outcome_code,
            row.outcome,
        )


_CONTACT = _columns("""
    id: the platform's id
    name: the customer's name
    status: active, archived, merged, deleted or unknown
    email: where invoices go
    more_emails: further people who receive invoice mail
    first_name: of the contact person
    people: names of the people to speak to, the main one first
    phones: their telephone numbers, the main one first
    address: the lines of the postal address below the name, without the country
    customer_number: under which you keep the customer, where the platform has such a number
    currency: of its documents, where the platform says so
    country: ISO 3166 alpha-2, where the platform says so
    groups: contact groups (Xero), the customer type (QuickBooks)
    parent_id: the contact it is part of
    bill_to_parent: whether its invoices are the parent's to pay
    merged_into: the contact that took its place
    created_on: the day it was created, where the platform says so
    terms: the payment terms, in words
""")
_INVOICE = _columns("""
    id: the platform's id
    number: as it is printed
    contact_id: whose it is
    status: draft, open, paid, voided or deleted
    issued_on: its date
    due_on: the day it is due
    currency: ISO 4217
    rate: base-currency units for one unit of the currency, as the platform recorded it
    total: with tax
    amount_due: what is still open on it
    reference: the customer's reference or purchase order
    purchase_order: the customer's order number, where the platform has a field of its own for it
    sent: whether it was sent to the customer; empty where the platform does not say
    paid_on: the day it was paid in full
    expected_on: the platform's expected payment date
    disputed_on: since when the platform shows it as disputed
    link: the customer's online view
""")
_PAYMENT = _columns("""
    id: the platform's id
    contact_id: whose it is
    status: active, voided or deleted
    paid_on: its date
    currency: ISO 4217
    rate: base-currency units for one unit of the currency
    amount: what was received
    unallocated: what of it is matched to no invoice
    reference: as it was entered
    reconciled: whether it was matched to the bank's statement; empty where that is not said
""")
_CREDIT = _columns("""
    id: the platform's id
    contact_id: whose it is
    kind: credit note, prepayment or overpayment
    number: as it is printed
    status: draft, open, paid, voided or deleted
    issued_on: its date
    currency: ISO 4217
    rate: base-currency units for one unit of the currency
    total: with tax
    unallocated: what of it is matched to no invoice
""")

ENTITIES: Mapping[str, Entity] = {
    entity.name: entity
    for entity in (
        Entity(
            "contacts",
            "Customers, and contacts that documents name.",
            _CONTACT,
            _records(RecordKind.CONTACTS, _CONTACT),
        ),
        Entity("invoices", "Sales invoices.", _INVOICE, _records(RecordKind.INVOICES, _INVOICE)),
        Entity("payments", "Money received.", _PAYMENT, _records(RecordKind.PAYMENTS, _PAYMENT)),
        Entity(
            "credits",
            "Credit notes, prepayments and overpayments.",
            _CREDIT,
            _records(RecordKind.CREDITS, _CREDIT),
        ),
        Entity(
            "allocations",
            "Money of a payment or a credit matched to an invoice, or paid back.",
            _columns("""
                source: payment, credit note, prepayment or overpayment
                source_id: its id
                invoice_id: what it was matched to; empty for a refund
                currency: of both
                amount: how much of it
                allocated_on: the day it was matched, or paid back
            """),
            _allocations,
        ),
        Entity(
            "unreadable",
            "Documents that could not be read, and so are missing above.",
            _columns("""
                kind: contacts, invoices, payments or credits
                id: the platform's id, where it has one
                number: its number or name
                contact_id: whose it is, as far as that can be read
                message: what cannot be read
            """),
            _unreadable,
        ),
        Entity(
            "promises",
            "Promises to pay: a row for each invoice of a promise.",
            _columns("""
                invoice_id: what is to be paid
                promised_on: by when
                amount: how much, of all its invoices together; empty: all that is due
                made_on: the day it was recorded
                kept: whether it was kept, as the last plan judged it; empty while it is open
                replaced: whether a newer promise took its place, or it was withdrawn
                recorded_by: the person
                recorded_at: the moment, in UTC
                note: the person's words
                promise: the promise's number; several rows of one promise have the same
                also: whether it stands beside earlier promises about the same invoices
            """),
            _promises,
        ),
        Entity(
            "payment_plans",
            "Payment plans.",
            _columns("""
                id: its number
                contact_id: who agreed
                invoice_ids: the invoices that it pays off
                of_balance: whether it was agreed on all that was owed that day
                made_on: the day it was recorded
                total: the sum of its instalments
                currency: ISO 4217
                cancelled_on: the day it was ended by a person
                recorded_by: the person
                recorded_at: the moment, in UTC
                cancelled_by: the person
                note: the person's words
            """),
            _payment_plans,
        ),
        Entity(
            "instalments",
            "The instalments of payment plans.",
            _columns("""
                plan_id: the number of the plan
                number: from 1
                due_on: the day it is due
                amount: how much
                currency: ISO 4217
            """),
            _instalments,
        ),
        Entity(
            "disputes",
            "Disputes about invoices.",
            _columns("""
                invoice_id: what is disputed
                opened_on: since when
                reason: in words
                settled_on: the day it was settled; empty while it is open
                recorded_by: the person
                recorded_at: the moment, in UTC
                settled_by: the person who settled it, or agreed to a credit
                amount: how much, in the invoice's currency; empty: all of it
                code: of UN/EDIFACT 4465; empty: nobody said
                owner: who answers it
                needs: what is needed for that
                outcome: credited, upheld or dropped; empty: none yet, or nobody said
                outcome_note: in words
                credit_agreed_on: the day a credit was agreed
            """),
            _disputes,
        ),
        Entity(
            "placements",
            "Debts placed with agencies and lawyers, of which a person said something.",
            _columns("""
                key: of the action that placed them
                contact_id: who owes
                agency: with whom
                placed_on: since when
                invoice_id: the debt
                currency: of the debt
                amount: what was placed of it
                cost: what the placement has cost so far, all its debts together
                cost_currency: of the cost
                ended_on: the day it ended; empty while nobody has ended it
                ended_as: recalled or returned
                ended_why: the person's words
                ended_by: the person
                recorded_by: the person
                recorded_at: the moment, in UTC
            """),
            _placements,
        ),
        Entity(
            "contact_log",
            "Calls, visits, complaints, contracts and other notes about customers.",
            _columns("""
                number: arsync's own
                contact_id: about whom
                invoice_id: about which invoice; empty for the customer
                kind: call, visit, complaint, contract, terms signed or note
                happened_on: the day it happened
                text: the person's words
                recorded_by: the person
                recorded_at: the moment, in UTC
                taken_back_by: who took it back; empty while it stands
                taken_back_at: the moment, in UTC
                taken_back_why: the reason
            """),
            _log,
        ),
        Entity(
            "undeliverable_addresses",
            "Mail addresses that took no mail.",
            _columns("""
                number: arsync's own
                contact_id: whose
                address: as the books had it
                since: the day it took no mail
                reason: the mail server's words
                action_key: of the letter
                recorded_at: the moment, in UTC
                cleared_by: who had it tried again; empty: nobody
                cleared_at: the moment, in UTC
            """),
            _undeliverable,
        ),
        Entity(
            "actions",
            "What was planned, sent, noted, placed and asked for, and what became of it.",
            _columns("""
                key: as it stands in the notes of the books
                kind: reminder, credit_hold, note and so on
                state: planned, awaiting approval, approved, sending, sent, confirmed and so on
                contact_id: about whom
                contact_name: the name then
                invoices: the numbers of the invoices it names
                step: the step of the cadence
                via: by which way
                created_at: when it was planned, in UTC
                first_sent_at: when it was first tried, in UTC
                changed_at: when its state last changed, in UTC
                reason: why it is in this state
                rule: the rule that caused it
                file: the file of that rule
                line: the line
                rulebook: the hash of the rulebook
                owner: of a task, whose it is
                due_on: of a task, by when it is to be done
                next_on: of a task, when it comes back
                done_on: of a task, the day of its end
                outcome_code: of a task, what came of it, as a code
                outcome: of a task, what came of it, in words
            """),
            _actions,
        ),
        Entity(
            "letters",
            "Every message that left, for a customer or for an applicant's reference.",
            _columns(LETTER_COLUMNS),
            letters,
        ),
        Entity(
            "notices",
            "The register of notices, by their running numbers.",
            _columns(NOTICE_COLUMNS),
            notices,
        ),
        *(
            Entity(exported.name, exported.about, _columns(exported.columns), exported.rows)
            for exported in EXPORTED_TABLES
        ),
    )
}
"""Everything that can be exported, by name."""


def export_rows(
    actor: Actor, organisations: Iterable[OrganisationContext], entity: Entity
) -> Iterator[Row]:
    """Yield the rows of one entity, of one connection after the other."""
    permit(actor, Permission.EXPORT_LEDGER)
    for organisation in organisations:
        for row in entity.rows(organisation):
            yield (organisation.name, *row)


def write_csv(entity: Entity, rows: Iterable[Row], out: TextIO) -> int:
    """Write a table with a header; return how many rows it has.

    Money is plain decimals, days are ISO, moments are UTC. A text that a spreadsheet would take for
    a formula gets an apostrophe in front.
    """
    writer = csv.writer(out)
    writer.writerow(entity.header)
    count = 0
    for row in rows:
        writer.writerow([_cell(value) for value in row])
        count += 1
    return count


def write_json_lines(entity: Entity, rows: Iterable[Row], out: TextIO) -> int:
    """Write one JSON object a line, money as text; return how many."""
    count = 0
    for row in rows:
        tree = dict(zip(entity.header, map(_json_value, row), strict=True))
        out.write(json.dumps(tree, ensure_ascii=False) + "\n")
        count += 1
    return count


def _cell(value: Any) -> str:
    if isinstance(value, tuple):
        return no_formula(LIST_SEPARATOR.join(value))
    shown = _json_value(value)
    if isinstance(shown, bool):
        return "yes" if shown else "no"
    # Money may begin with a minus, and is no formula.
    return no_formula(shown) if isinstance(value, str) else "" if shown is None else str(shown)


def _json_value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else value
