"""Assess: what the facts of one account say about each rule, on one day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from arsync.core.ledger.account_view import Agreed, Books, Seat
from arsync.core.ledger.records import Account, Contact, ContactStatus, Invoice, Organisation
from arsync.core.rulebook.conditions import Answer, Condition, Question, Trace, fields_of, trace
from arsync.core.rulebook.facts import (
    CONTACT_BY_NAME,
    Kind,
    contact_row,
    in_json,
    in_words,
    invoice_row,
    why_unknown,
)
from arsync.core.rulebook.figures import Value
from arsync.core.rulebook.model import (
    NO_LIMIT,
    Cadence,
    CreditHold,
    CreditLimit,
    Customer,
    LeaveAlone,
    Rulebook,
    folded,
)


class LeftAlone(NamedTuple):
    """The rule that leaves a contact alone, for certain (True) or possibly (None)."""

    rule: LeaveAlone
    answer: Answer


class Party(NamedTuple):
    """A contact that is written to, with the invoices it answers for."""

    seat: Seat
    row: list[Value]
    customer: Customer | None
    left_alone: LeftAlone | None


class Assessment(NamedTuple):
    """One account on one day: its facts, and what the rules say of them."""

    account: Account
    books: Books
    root: Party
    """The parent, or the contact alone, answering for the whole account: for limit and hold."""
    parties: tuple[Party, ...]
    """Who is reminded, each with its own invoices."""
    limit_rule: CreditLimit | None
    reasons: tuple[CreditHold, ...]
    """Every hold rule that certainly matches."""
    undecided: tuple[CreditHold, ...]
    """Hold rules that rest on something unknown."""


class Assessor:
    """A rulebook on one day, ready to assess any number of accounts."""

    def __init__(self, rulebook: Rulebook, organisation: Organisation, today: date) -> None:
        """Find out once which facts the rulebook needs at all."""
        self.rulebook = rulebook
        self.today = today
        self.base = organisation.base_currency
        self.customers = rulebook.by_contact()
        self.seen: dict[str, int] = {}
        """How many contacts each of the rulebook's customers stands for, counted on the way."""
        fields = {field for _, when in rulebook.conditions() for field in fields_of(when.tree)}
        contact = {field for field in fields if field.of == "contact"}
        self._first = sorted(field.position for field in contact if not field.needs_limit)
        self._second = sorted(field.position for field in contact if field.needs_limit)
        self.invoice_positions = sorted(field.position for field in fields if field.of == "invoice")

    def assess(self, account: Account) -> Assessment:
        """Answer every rule that is about contacts."""
        books = Books(
            account,
            self.today,
            currency=self.rulebook.currency,
            base=self.base,
            statutory=self.rulebook.statutory,
        )
        root_contact = account.contacts[0]
        customer = self._customer(root_contact)
        root_seat = Seat(books, root_contact, agreed=_agreed(customer), covers=None)
        row = contact_row(root_seat, self._first)
        limit_rule = self._give_limit(root_seat, row)
        self._fill_limits(root_seat, row)
        root = Party(root_seat, row, customer, self._left_alone(row))
        reasons: list[CreditHold] = []
        undecided: list[CreditHold] = []
        for rule in self.rulebook.credit_holds:
            answer = rule.when.test(row, None)
            if answer is True:
                reasons.append(rule)
            elif answer is None:
                undecided.append(rule)
        parties = (root,) if len(account.contacts) == 1 else tuple(self._family(books, root))
        return Assessment(
            account, books, root, parties, limit_rule, tuple(reasons), tuple(undecided)
        )

    def cadence(self, party: Party) -> tuple[Cadence | None, list[Cadence]]:
        """Return the first cadence that certainly matches, and those before it that may."""
        undecided: list[Cadence] = []
        for cadence in self.rulebook.reminders:
            answer = cadence.when.test(party.row, None)
            if answer is True:
                return cadence, undecided
            if answer is None:
                undecided.append(cadence)
        return None, undecided

    def invoice_row(self, party: Party, invoice: Invoice) -> list[Value]:
        """Return the facts of one invoice that the rulebook asks for, computed once."""
        rows = party.seat.invoice_rows
        row = rows.get(invoice.id)
        if row is None:
            row = rows[invoice.id] = invoice_row(party.seat, invoice, self.invoice_positions)
        return row

    def evidence(
        self, condition: Condition, party: Party, invoice: Invoice | None = None
    ) -> dict[str, Value]:
        """Return the facts that a condition rests on, for JSON, by name."""
        facts = {
            question.field.name: in_json(question.field, value)
            for question, value in self._answers(condition, party, invoice)
        }
        converted = party.seat.books.converter.converted
        if converted and any(question.field.kind is Kind.AMOUNT for question in condition.asked):
            facts["converted_from"] = sorted(converted)
        return facts

    def trace(self, condition: Condition, party: Party, invoice: Invoice | None = None) -> Trace:
        """Evaluate slowly, with evidence."""
        row = None if invoice is None else self.invoice_row(party, invoice)
        return trace(condition.tree, party.row, row)

    def unknowns(self, condition: Condition, party: Party, invoice: Invoice | None = None) -> str:
        """Return what is unknown in a condition, and why: `exposure is unknown (no rate ...)`."""
        found = self.trace(condition, party, invoice)
        named: dict[str, str] = {}
        for evidence in found.evidence:
            if evidence.answer is None:
                named.setdefault(evidence.field.name, why_unknown(evidence.field, party.seat))
        return "; ".join(f"{name} is unknown ({why})" for name, why in named.items())

    def words(self, condition: Condition, party: Party, invoice: Invoice | None = None) -> str:
        """Return the evidence in one line for people."""
        currency = self.rulebook.currency
        parts = [
            f"{question.field.name} {in_words(question.field, value, currency)} ({question.wanted})"
            for question, value in self._answers(condition, party, invoice)
        ]
        return " · ".join(dict.fromkeys(parts))

    def _answers(
        self, condition: Condition, party: Party, invoice: Invoice | None
    ) -> Iterator[tuple[Question, Value]]:
        """Yield each question of a condition with the fact that answers it."""
        row = None if invoice is None else self.invoice_row(party, invoice)
        for question in condition.asked:
            of_contact = question.field.of == "contact"
            assert of_contact or row is not None, "a condition on invoices needs an invoice"
            yield (
                question,
                (party.row if of_contact or row is None else row)[question.field.position],
            )

    def fact_in_words(self, party: Party, name: str) -> str:
        """Return one fact of a contact for people, whether the rulebook asks for it or not."""
        field = CONTACT_BY_NAME[name]
        value = contact_row(party.seat, [field.position])[field.position]
        return in_words(field, value, self.rulebook.currency)

    def _customer(self, contact: Contact) -> Customer | None:
        if not self.customers:
            return None
        for key in (folded(contact.id), folded(contact.name)):
            if key in self.customers:
                self.seen[key] = self.seen.get(key, 0) + 1
                return self.customers[key]
        return None

    def _give_limit(self, seat: Seat, row: list[Value]) -> CreditLimit | None:
        for rule in self.rulebook.credit_limits:
            if rule.when.test(row, None) is not True:
                continue
            if rule.amount is not None:
                seat.credit_limit = rule.amount
            elif rule.fact == NO_LIMIT:
                seat.limit_is_none = True
                seat.no_limit_reason = f"{rule.name!r} gives no limit"
            else:
                field = CONTACT_BY_NAME[rule.fact]
                seat.credit_limit = contact_row(seat, [field.position])[field.position]
                seat.no_limit_reason = f"{rule.name!r} names {rule.fact}, which is unknown"
            return rule
        return None

    def _fill_limits(self, seat: Seat, row: list[Value]) -> None:
        if self._second:
            found = contact_row(seat, self._second)
            for position in self._second:
                row[position] = found[position]

    def _left_alone(self, row: list[Value]) -> LeftAlone | None:
        unsure: LeftAlone | None = None
        for rule in self.rulebook.leave_alone:
            answer = rule.when.test(row, None)
            if answer is True:
                return LeftAlone(rule, True)
            if answer is None and unsure is None:
                unsure = LeftAlone(rule, None)
        return unsure

    def _family(self, books: Books, root: Party) -> Iterable[Party]:
        """Yield who is reminded: the parent with the children whose bills it pays, and the rest."""
        account = books.account
        parent = account.contacts[0]
        with_parent = {
            one.id
            for one in account.contacts[1:]
            if one.bill_to_parent and one.status == ContactStatus.ACTIVE
        }
        groups = [(parent, frozenset({parent.id, *with_parent}))]
        groups += [
            (one, frozenset({one.id})) for one in account.contacts[1:] if one.id not in with_parent
        ]
        for contact, covers in groups:
            customer = root.customer if contact is parent else self._customer(contact)
            agreed = _agreed(customer)
            agreed = agreed._replace(tags=agreed.tags | root.seat.agreed.tags)
            seat = Seat(books, contact, agreed=agreed, covers=covers)
            seat.credit_limit = root.seat.credit_limit
            seat.limit_is_none = root.seat.limit_is_none
            seat.no_limit_reason = root.seat.no_limit_reason
            row = contact_row(seat, self._first)
            self._fill_limits(seat, row)
            left_alone = self._left_alone(row)
            if root.left_alone and root.left_alone.answer:
                left_alone = root.left_alone  # leaving the parent alone leaves its children alone
            yield Party(seat, row, customer, left_alone)


def _agreed(customer: Customer | None) -> Agreed:
    if customer is None:
        return Agreed()
    return Agreed(customer.credit_limit, customer.insured_limit, customer.review_on, customer.tags)
