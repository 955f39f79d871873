"""The draft: a scenario from a real customer, with names, numbers, addresses and amounts changed.

The disguise is deterministic: the same customer gets the same draft, and all its amounts are
multiplied by one factor, so that their proportions stay. Days stay as they are.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from json import dumps
from typing import NamedTuple

from arsync.core.ledger.account_view import Converter
from arsync.core.ledger.agreements.dispute_reasons import UNSPECIFIED, reason_word
from arsync.core.ledger.money import ZERO, rounded
from arsync.core.ledger.records import (
    Account,
    Contact,
    Dispute,
    DocumentStatus,
    Invoice,
    PaymentPlan,
    PaymentStatus,
    is_owed,
)
from arsync.core.planning.customer_locale import HolidaysIn
from arsync.core.rulebook.customer_matching import customer_of
from arsync.core.rulebook.model import Rulebook
from arsync.core.trials.scenario.player import play
from arsync.core.trials.scenario.scenario_model import Happening
from arsync.core.trials.scenario.scenario_reader import read_scenarios

PAID_INVOICES_MAX = 12
"""How many paid invoices a draft has, the newest: they show how the customer pays."""

OWED_INVOICES_MAX = 40
"""How many open invoices a draft has, the oldest."""

DAYS_AHEAD = 30
"""How far beyond today a draft is played."""

DAYS_BACK_MAX = 365
"""How far back a draft begins at most: older debts are there when it begins."""

ROUNDING = Decimal("0.05")
"""So much an instalment in disguise is less than its part of the debt."""

_PLAIN = re.compile(r"(?!null$)[A-Za-z][A-Za-z0-9 .&/()'-]*")


class NoDraft(ValueError):
    """The customer's records make no story; the message says what is missing."""


def draft(
    account: Account,
    rulebook: Rulebook,
    *,
    base_currency: str,
    today: date,
    holidays: HolidaysIn,
    rulebook_path: str = "",
) -> str:
    """Return a scenario file about a real customer in disguise, with what the rulebook does.

    Args:
        account: the customer.
        rulebook: what the expectations are filled with.
        base_currency: of the ledger, for its exchange rates.
        today: the organisation's day; the story goes on for 30 days after it.
        holidays: the public holidays of a place.
        rulebook_path: what the file says under `rulebook:`; empty: nothing.

    Raises:
        NoDraft: the customer has no invoice that is open or was paid.
    """
    story = _Disguised(account, rulebook, base_currency, today)
    text = "\n".join(story.lines(rulebook_path)) + "\n"
    read, problems = read_scenarios("draft", text)
    assert read is not None, "\n".join(map(str, problems))
    happened = play(read.scenarios[0], rulebook, holidays=holidays).happened
    return text + "".join(f"{line}\n" for line in expectations(happened))


def expectations(happened: Iterable[Happening]) -> Iterator[str]:
    """Yield the lines of `expect:` that say what happened."""
    by_day: dict[date, dict[tuple[str, str, bool], list[str]]] = {}
    for happening in happened:
        sentence = (
            str(happening._replace(invoice="", waits=False)),
            happening.contact,
            happening.waits,
        )
        invoices = by_day.setdefault(happening.on, {}).setdefault(sentence, [])
        if happening.invoice:
            invoices.append(happening.invoice)
    if by_day:
        yield "    expect:"
    for on, lines in by_day.items():
        phrases = [
            sentence
            + (f" for {' and '.join(numbers)}" if numbers else "")
            + (" waits for approval" if waits else "")
            for (sentence, _, waits), numbers in lines.items()
        ]
        if len(phrases) == 1:
            yield f"      {on}: {_quoted(phrases[0])}"
            continue
        yield f"      {on}:"
        yield from (f"        - {_quoted(phrase)}" for phrase in phrases)


class _Change(NamedTuple):
    on: date
    sentence: str


class _Disguised:
    """One customer in disguise."""

    def __init__(
        self, account: Account, rulebook: Rulebook, base_currency: str, today: date
    ) -> None:
        self.account = account
        self.rulebook = rulebook
        self.today = today
        self.converter = Converter(rulebook.currency, base_currency, account)
        self.factor = _factor(account.contacts[0].id)
        owed = sorted(
            (invoice for invoice in account.invoices if is_owed(invoice)),
            key=lambda invoice: invoice.due_on,
        )
        paid = sorted(
            (
                invoice
                for invoice in account.invoices
                if invoice.status == DocumentStatus.PAID and invoice.paid_on and invoice.total > 0
            ),
            key=lambda invoice: invoice.paid_on or today,
        )
        # The oldest open invoice stands first: its due date is day 0.
        self.invoices = [*owed[:OWED_INVOICES_MAX], *paid[-PAID_INVOICES_MAX:]]
        if not self.invoices:
            raise NoDraft(f"{account.contacts[0].name} has no invoice that is open or was paid.")
        self.numbers = {
            invoice.id: f"INV-{count}" for count, invoice in enumerate(self.invoices, 1)
        }
        self.names = {
            contact.id: f"Customer {_letters(count)}"
            for count, contact in enumerate(account.contacts)
        }

    def amount(self, amount: Decimal, currency: str) -> str:
        """Return an amount in disguise."""
        # A small amount must not be rounded to nothing: then nothing would be owed.
        return f"{max(rounded(amount * self.factor, currency), Decimal('0.01')):.2f}"

    def lines(self, rulebook_path: str) -> Iterator[str]:
        """Yield the file, up to what is expected."""
        yield "# Drafted from a real customer. Names, numbers, addresses and amounts are changed;"
        yield "# days, groups and tags are as they are. Look through it before you pass it on."
        if rulebook_path:
            yield f"rulebook: {_quoted(rulebook_path)}"
        yield "scenarios:"
        yield f"  - name: {self.names[self.account.contacts[0].id]} as of {self.today}"
        yield "    customers:"
        for contact in self.account.contacts:
            yield from self.customer(contact)
        yield "    invoices:"
        for invoice in self.invoices:
            yield from self.invoice(invoice)
        yield from self.events()
        first = min(invoice.issued_on for invoice in self.invoices)
        begins = max(first, self.today - timedelta(DAYS_BACK_MAX))
        # Not before the take-over: earlier days had no rulebook.
        begins = max(begins, self.account.taken_over_on or begins)
        if begins > first:
            yield f"    taken_over: {begins}"
        yield f"    until: {max(self.today, begins) + timedelta(DAYS_AHEAD)}"

    def customer(self, contact: Contact) -> Iterator[str]:
        """Yield a customer, with what the rulebook says was agreed with it."""
        name = self.names[contact.id]
        # `.example` can never exist (RFC 2606): no draft reaches anybody, however it is used.
        email = f"accounts@{name.lower().replace(' ', '-')}.example"
        yield f"      - name: {name}"
        yield f"        email: {email if contact.email or contact.more_emails else 'none'}"
        if contact.groups:
            yield f"        groups: [{', '.join(map(_quoted, contact.groups))}]"
        if re.fullmatch("[A-Z]{2}", contact.country):
            yield f"        country: {contact.country}"
        if contact.created_on:
            yield f"        since: {contact.created_on}"
        if contact.parent_id in self.names and contact is not self.account.contacts[0]:
            yield f"        parent: {self.names[contact.parent_id]}"
            yield f"        bill_to_parent: {'yes' if contact.bill_to_parent else 'no'}"
        customer = customer_of(self.rulebook.by_contact(), contact, self.account)
        if customer is None:
            return
        if customer.tags:
            yield f"        tags: [{', '.join(map(_quoted, sorted(customer.tags)))}]"
        if customer.credit_limit is not None:
            limit = self.amount(customer.credit_limit, self.rulebook.currency)
            yield f"        credit_limit: {limit}"
        if customer.insured_limit is not None:
            limit = self.amount(customer.insured_limit, self.rulebook.currency)
            yield f"        insured_limit: {limit}"
        if customer.insured_until:
            yield f"        insured_until: {customer.insured_until}"
        if customer.limits:
            yield "        limits:"
        for dated in customer.limits:
            amount = self.amount(dated.amount, self.rulebook.currency)
            until = f", until: {dated.until}" if dated.until else ""
            yield f"          - {{amount: {amount}{until}}}"
        if customer.review_on:
            yield f"        review_on: {customer.review_on}"
        if customer.pause_until:
            yield f"        pause_until: {customer.pause_until}"

    def invoice(self, invoice: Invoice) -> Iterator[str]:
        """Yield an invoice; what is known to be paid of an open one follows as events."""
        matched_sum = sum((amount for _, amount, _ in self.matched(invoice)), ZERO)
        total = invoice.amount_due + matched_sum if is_owed(invoice) else invoice.total
        pairs = [f"number: {self.numbers[invoice.id]}"]
        if len(self.names) > 1:
            pairs.append(f"customer: {self.names[invoice.contact_id]}")
        pairs += [
            f"issued: {min(invoice.issued_on, invoice.due_on)}",
            f"due: {invoice.due_on}",
            f"amount: {self.amount(total, invoice.currency)}",
        ]
        if invoice.currency != self.rulebook.currency:
            pairs.append(f"currency: {invoice.currency}")
            rate = self.converter.rate(invoice.currency, invoice.rate)
            if rate:
                pairs.append(f"rate: {rate.quantize(Decimal('0.000001')):f}")
        if not is_owed(invoice):
            pairs.append(f"paid: {max(invoice.paid_on or self.today, invoice.issued_on)}")
        if invoice.sent is not None:
            pairs.append(f"sent: {'yes' if invoice.sent else 'no'}")
        yield f"      - {{{', '.join(pairs)}}}"

    def matched(self, invoice: Invoice) -> Iterator[tuple[date, Decimal, str]]:
        """Yield what was matched to an open invoice: when, how much, and from what."""
        if not is_owed(invoice):
            return
        sources = [
            (payment.allocations, "payment")
            for payment in self.account.payments
            if payment.status == PaymentStatus.ACTIVE
        ]
        sources += [
            (credit.allocations, "credit")
            for credit in self.account.credits
            if credit.status in {DocumentStatus.OPEN, DocumentStatus.PAID}
        ]
        for allocations, kind in sources:
            for allocation in allocations:
                if allocation.invoice_id == invoice.id and allocation.amount > 0:
                    yield max(allocation.allocated_on, invoice.issued_on), allocation.amount, kind

    def events(self) -> Iterator[str]:
        """Yield what happened, by day."""
        changes = sorted(self.changes(), key=lambda change: change.on)
        if changes:
            yield "    events:"
        for on in dict.fromkeys(change.on for change in changes):
            yield f"      {on}:"
            yield from (f"        - {change.sentence}" for change in changes if change.on == on)

    def changes(self) -> Iterator[_Change]:
        """Yield payments, credits, promises and disputes."""
        for invoice in self.invoices:
            for on, amount, kind in self.matched(invoice):
                sentence = f"{kind} {self.amount(amount, invoice.currency)}"
                yield _Change(on, f"{sentence} for {self.numbers[invoice.id]}")
        several = len(self.names) > 1
        for payment in self.account.payments:
            if payment.status == PaymentStatus.ACTIVE and payment.unallocated > 0:
                sentence = f"payment {self.amount(payment.unallocated, payment.currency)}"
                whose = f" from {self.names[payment.contact_id]}" if several else ""
                yield _Change(payment.paid_on, sentence + whose)
        for credit in self.account.credits:
            if credit.status == DocumentStatus.OPEN and credit.unallocated > 0:
                sentence = f"credit {self.amount(credit.unallocated, credit.currency)}"
                whose = f" to {self.names[credit.contact_id]}" if several else ""
                yield _Change(credit.issued_on, sentence + whose)
        yield from self.agreements()
        yield from self.placements()

    def payment_plan(self, plan: PaymentPlan) -> Iterator[_Change]:
        """Yield a payment plan, and its end."""
        numbers = [self.numbers[invoice_id] for invoice_id in plan.invoice_ids]
        # Some cents less than was agreed: the amounts in disguise are rounded one by one.
        amounts = [instalment.amount * self.factor - ROUNDING for instalment in plan.instalments]
        sentences = [
            f"{max(rounded(amount, plan.currency), Decimal('0.01')):.2f} on {instalment.due_on}"
            for instalment, amount in zip(plan.instalments, amounts, strict=True)
        ]
        listed = (
            f"{', '.join(sentences[:-1])} and {sentences[-1]}" if sentences[:-1] else sentences[0]
        )
        sentence = f"payment plan for {' and '.join(numbers)}, {listed}"
        yield _Change(plan.made_on, sentence)
        if plan.cancelled_on is not None:
            yield _Change(plan.cancelled_on, f"payment plan cancelled for {numbers[0]}")

    def agreements(self) -> Iterator[_Change]:
        """Yield promises and disputes about invoices that were owed then."""
        by_id = {listed.id: listed for listed in self.invoices}

        def was_owed(invoice_id: str, on: date) -> Invoice | None:
            promised_invoice = by_id.get(invoice_id)
            owed = (
                promised_invoice is not None
                and on >= promised_invoice.issued_on
                and (not promised_invoice.paid_on or on < promised_invoice.paid_on)
            )
            return promised_invoice if owed else None

        for promise in self.account.promises:
            owed = [was_owed(invoice_id, promise.made_on) for invoice_id in promise.invoice_ids]
            documents = [document for document in owed if document is not None]
            invoice = documents[0] if documents else None
            if invoice is not None:
                amount = ""
                if promise.amount is not None:
                    amount = f" {self.amount(promise.amount, invoice.currency)}"
                numbers = " and ".join(self.numbers[document.id] for document in documents)
                also = "also " if promise.also else ""
                sentence = f"{also}promise{amount} for {numbers} by {promise.promised_on}"
                yield _Change(promise.made_on, sentence)
        for plan in self.account.payment_plans:
            if all(was_owed(invoice_id, plan.made_on) for invoice_id in plan.invoice_ids):
                yield from self.payment_plan(plan)
        shown = (
            Dispute(listed.id, listed.disputed_on, "")
            for listed in self.account.invoices
            if listed.disputed_on is not None
        )
        for dispute in (*self.account.disputes, *shown):
            invoice = was_owed(dispute.invoice_id, dispute.opened_on)
            if invoice is not None:
                number = self.numbers[invoice.id]
                yield _Change(dispute.opened_on, self.disputed(dispute, invoice))
                settled_on = dispute.credit_agreed_on or dispute.settled_on
                if settled_on is not None:
                    outcome = f" as {dispute.outcome}" if dispute.outcome else ""
                    yield _Change(settled_on, f"settled {number}{outcome}")

    def placements(self) -> Iterator[_Change]:
        """Yield placements by hand, with an agency of another name, and their ends.

        A rulebook that places debts itself does so in its story, too.
        """
        if self.rulebook.placements:
            return
        listed = {invoice.id: invoice for invoice in self.invoices}
        for placement in self.account.placements:
            for debt in placement.debts:
                invoice = listed.get(debt.invoice_id)
                if invoice is None or (invoice.paid_on and invoice.paid_on <= placement.placed_on):
                    continue
                number = self.numbers[invoice.id]
                yield _Change(placement.placed_on, f"placed {number} with An agency")
                if placement.ended_on is not None:
                    yield _Change(placement.ended_on, f"{placement.ended_as} {number}")

    def disputed(self, dispute: Dispute, invoice: Invoice) -> str:
        """Return a dispute as a sentence, without the customer's own words."""
        amount = ""
        if dispute.amount is not None:
            amount = f"{self.amount(dispute.amount, invoice.currency)} of "
        has_reason = dispute.code not in {"", UNSPECIFIED}
        reason = f" because {reason_word(dispute.code)}" if has_reason else ""
        return f"dispute {amount}{self.numbers[invoice.id]}{reason}"


def _factor(contact_id: str) -> Decimal:
    """Return what all amounts of a customer are multiplied by: 0.60 to 0.90, or 1.10 to 1.60."""
    # Never near 1, so that no real amount shows through; one factor, so that proportions stay.
    choice = int.from_bytes(hashlib.sha256(contact_id.encode()).digest()[:4]) % 82
    return Decimal(60 + choice if choice <= 30 else 79 + choice) / 100


def _letters(count: int) -> str:
    """Return A, B ... Z, AA, AB ..."""
    head, last = divmod(count, 26)
    return (_letters(head - 1) if head else "") + chr(ord("A") + last)


def _quoted(text: str) -> str:
    """Return a text as YAML reads it back."""
    return text if _PLAIN.fullmatch(text) else dumps(text, ensure_ascii=False)
