"""Explain: which rules were read about a contact or an invoice, and what each answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from arsync.core.ledger.business_days import days_in_words
from arsync.core.ledger.held_since import episode_began
from arsync.core.ledger.money import shown
from arsync.core.ledger.records import Invoice
from arsync.core.planning.account_letters import DAYS_LATE_MAX
from arsync.core.planning.assessment import Assessment, Assessor, DunnedParty, payment_for
from arsync.core.planning.cadence_trials import is_tried_on, trial_beside
from arsync.core.planning.courtesy_planner import asked_about, paid_lately
from arsync.core.planning.hold_words import recipients_words
from arsync.core.planning.placement_planner import may_place
from arsync.core.rulebook.conditions import Answer, Condition
from arsync.core.rulebook.model import AlertRule, Cadence, OncePer, Place, Rulebook

ANSWERS = {True: "yes", False: "no", None: "unknown"}

SECTIONS_READ = (
    "leave_alone",
    "credit_limits",
    "credit_holds",
    "reminders",
    "trial",
    "follow_ups",
    "alerts",
    "charges",
    "discounts",
    "placements",
    "write_offs",
    "terms",
    "statements",
    "after_issue",
    "thank_you",
    "announcements",
)
"""The sections whose rules are read about a customer, in the order in which they are explained."""

INVOICES_NAMED_MAX = 5
"""About a customer each rule names so many invoices, and counts the others."""


class ReasonLine(NamedTuple):
    """One line of an explanation."""

    section: str
    text: str
    answer: Answer = None
    place: Place | None = None

    def __str__(self) -> str:
        where = f" ({self.place.file}:{self.place.line})" if self.place else ""
        return f"{self.section}: {self.text}{where}"


class _AskingRule(Protocol):
    """What every rule has."""

    @property
    def name(self) -> str: ...
    @property
    def place(self) -> Place: ...
    @property
    def when(self) -> Condition: ...


_NOTHING_MORE: Mapping[str, str] = {}


def rules_read(
    assessor: Assessor, assessment: Assessment, party: DunnedParty, invoice_id: str
) -> Iterator[ReasonLine]:
    """Yield every rule that was read, with its answer and what decided it.

    Args:
        assessor: of the day.
        assessment: of the account.
        party: the contact that is asked about.
        invoice_id: which of its invoices; empty: all.
    """
    about = _About(assessor, assessment, party, invoice_id)
    yield from about.customer()
    yield from about.follow_ups()
    yield from about.alerts()
    yield from about.charges()
    yield from about.discounts()
    yield from about.placements()
    owed, write_offs = about.owed(), assessor.rulebook.write_offs
    yield from about.first_matches("write_offs", write_offs, owed, "nothing is owed")
    yield from about.terms()
    yield from about.letters()


@dataclass(frozen=True)
class _About:
    """Whom or what the rules are read about."""

    assessor: Assessor
    assessment: Assessment
    party: DunnedParty
    invoice_id: str

    @property
    def rulebook(self) -> Rulebook:
        return self.assessor.rulebook

    def customer(self) -> Iterator[ReasonLine]:
        """Yield the rules about customers: leave-alone, limits, holds, reminders."""
        rulebook, root = self.rulebook, self.assessment.root
        for leave_alone in rulebook.leave_alone:
            yield self.asked("leave_alone", leave_alone, self.party)
        for limit in rulebook.credit_limits:
            yield self.asked("credit_limits", limit, root)
            # The rules below were not read; their answers would look as if they counted.
            if self.assessment.limit_rule is limit:
                break
        decision = self.assessment.account.hold_decision
        if decision is not None and decision.stands_on(self.assessor.today):
            answer = decision.is_hold
            text = f"by hand: {ANSWERS[answer]}, {decision.words}"
            yield ReasonLine("credit_holds", text, answer)
        for credit_hold in rulebook.credit_holds:
            stands = credit_hold in self.assessment.reasons
            recipients = recipients_words(credit_hold) if stands else ""
            yield self.asked("credit_holds", credit_hold, root, recipients)
        for cadence in rulebook.reminders:
            if cadence.trial is not None:
                continue
            line = self.asked("reminders", cadence, self.party)
            yield line
            if line.answer:
                yield from self.trial(cadence)
                if not cadence.is_about_promises:
                    break

    def asked(
        self, section: str, rule: _AskingRule, party: DunnedParty, more: str = ""
    ) -> ReasonLine:
        """Return the answer of a rule about a contact."""
        answer = rule.when.test(party.row, None)
        words = self.assessor.words(rule.when, party) or "everyone"
        return ReasonLine(
            section, f"{rule.name}: {ANSWERS[answer]}, {words}{more}", answer, rule.place
        )

    def trial(self, cadence: Cadence) -> Iterator[ReasonLine]:
        """Yield on which side of a trial the customer is."""
        tried = trial_beside(self.rulebook, cadence)
        if tried is None or tried.trial is None:
            return
        is_tried = is_tried_on(tried, self.assessment.account.contacts[0].id)
        share = f"{tried.trial.percent}% of {cadence.name!r}, by a hash of the customer's id"
        side = f"gets {tried.name!r}" if is_tried else f"stays with {cadence.name!r}"
        yield ReasonLine("trial", f"{tried.name}: {side} ({share})", is_tried, tried.trial.place)

    def owed(self) -> list[Invoice]:
        """Return what is owed net, and asked about, oldest first."""
        return [invoice for invoice in self.party.view.owed if self.is_asked_about(invoice)]

    def is_asked_about(self, invoice: Invoice) -> bool:
        return self.invoice_id in {"", invoice.id}

    def overdue(self) -> list[Invoice]:
        today = self.assessor.today
        return [invoice for invoice in self.owed() if invoice.due_on < today]

    def about_invoice(self, rule: _AskingRule, invoice: Invoice) -> Answer:
        """Return the answer of a rule about an invoice."""
        return rule.when.test(self.party.row, self.assessor.invoice_row(self.party, invoice))

    def named(
        self,
        section: str,
        rule: _AskingRule,
        answers: Sequence[tuple[Invoice, Answer]],
        more: Mapping[str, str] = _NOTHING_MORE,
    ) -> Iterator[ReasonLine]:
        """Yield a rule's answers by invoice: those it is about, or what it says of the oldest."""
        about = [(invoice, answer) for invoice, answer in answers if answer is not False]
        named = about[:INVOICES_NAMED_MAX] or answers[:1]
        numbers = {invoice.id for invoice, _ in named}
        others = Counter(ANSWERS[answer] for each, answer in answers if each.id not in numbers)
        counted = ", ".join(f"{count:,} {answer}" for answer, count in others.items())
        for invoice, answer in named:
            words = self.assessor.words(rule.when, self.party, invoice) or "every invoice"
            text = f"{invoice.number or invoice.id}: {rule.name}: {ANSWERS[answer]}, {words}"
            text += more.get(invoice.id, "")
            if counted and invoice is named[-1][0]:
                text += f"; other invoices: {counted}"
            yield ReasonLine(section, text, answer, rule.place)

    def terms(self) -> Iterator[ReasonLine]:
        """Yield the rules about payment terms, as far as they were read."""
        for rule in self.rulebook.terms:
            line = self.asked("terms", rule, self.party)
            yield line
            if line.answer is not False:
                break

    def first_matches(
        self,
        section: str,
        rules: Iterable[_AskingRule],
        invoices: list[Invoice],
        without_any: str,
        *,
        ends_at: frozenset[Answer] = frozenset({True}),
        reads: Callable[[_AskingRule, Invoice], bool] | None = None,
    ) -> Iterator[ReasonLine]:
        """Yield rules of which each invoice has the first that matches.

        Args:
            section: whose rules they are.
            rules: from the top.
            invoices: which are asked about.
            without_any: what is said where there are none.
            ends_at: the answers after which no further rule is read.
            reads: whether a rule is read about an invoice at all; None: it is.
        """
        if not invoices:
            yield from (self.none_asked(section, rule, without_any) for rule in rules)
            return
        for rule in rules:
            read = [each for each in invoices if reads is None or reads(rule, each)]
            answers = [(invoice, self.about_invoice(rule, invoice)) for invoice in read]
            yield from self.named(section, rule, answers)
            ended = {invoice.id for invoice, answer in answers if answer in ends_at}
            invoices = [invoice for invoice in invoices if invoice.id not in ended]

    @staticmethod
    def none_asked(section: str, rule: _AskingRule, words: str) -> ReasonLine:
        """Return that a rule has no invoice to be about."""
        return ReasonLine(section, f"{rule.name}: no, {words}", False, rule.place)

    def follow_ups(self) -> Iterator[ReasonLine]:
        """Yield the rules that open tasks."""
        for rule in self.rulebook.follow_ups:
            if any(field.of == "invoice" for field in rule.when.fields):
                yield from self.first_matches("follow_ups", [rule], self.owed(), "nothing is owed")
            else:
                yield self.asked("follow_ups", rule, self.party)

    def alerts(self) -> Iterator[ReasonLine]:
        """Yield what is watched of the customer, and since when an alert stands."""
        for rule in self.rulebook.alerts:
            watched = [
                each
                for each in self.assessor.watched_by(self.assessment, rule)
                if each.party is self.party or rule.is_about_the_family
            ]
            if not rule.is_about_invoices:
                for each in watched:
                    since = self.alert_since(rule, each.subject) if each.answer else ""
                    yield self.asked("alerts", rule, each.party, since)
                continue
            answers = [
                (each.invoice, each.answer)
                for each in watched
                if each.invoice is not None and self.is_asked_about(each.invoice)
            ]
            since_when = {
                invoice.id: self.alert_since(rule, invoice.id)
                for invoice, answer in answers
                if answer
            }
            yield from self.named("alerts", rule, answers, since_when)
            if not answers:
                yield self.none_asked("alerts", rule, "nothing is owed")

    def alert_since(self, rule: AlertRule, subject: str) -> str:
        """Return since when an alert stands, and who is told."""
        began = episode_began(self.assessment.account, rule.identity, subject, self.assessor.today)
        return f"; since {began}, to be told: {', '.join(rule.tell)}"

    def charges(self) -> Iterator[ReasonLine]:
        """Yield what late payment costs on what is overdue."""
        fees = self.assessment.account.fees
        late = [invoice for invoice in self.overdue() if invoice.id not in fees]
        unread: frozenset[Answer] = frozenset({True, None})
        rules = self.rulebook.charges
        yield from self.first_matches("charges", rules, late, "nothing is overdue", ends_at=unread)

    def discounts(self) -> Iterator[ReasonLine]:
        """Yield the discounts for prompt payment that were taken, and the rules that gave none."""
        for rule in self.rulebook.discounts:
            discounts = [
                discount
                for discount in self.assessment.discounts
                if discount.rule is rule
                and self.party.view.counts(discount.invoice.contact_id)
                and self.is_asked_about(discount.invoice)
            ]
            for _, invoice, payment in discounts[:INVOICES_NAMED_MAX]:
                amount = shown(payment.amount, invoice.currency)
                text = f"paid on {payment.paid_on}, {amount} taken as discount"
                yield ReasonLine(
                    "discounts", f"{invoice.number}: {rule.name}: yes, {text}", True, rule.place
                )
            if not discounts:
                view = self.assessment.account_view
                paid = [each for each in self.owed() if payment_for(rule, each, view)]
                days = days_in_words(rule.within_days)
                words = f"nothing was paid within {days} that leaves {rule.percent}% open"
                yield from self.first_matches("discounts", [rule], paid, words)

    def placements(self) -> Iterator[ReasonLine]:
        """Yield which overdue debts are proposed for an agency."""
        view, rules = self.assessment.account_view, self.rulebook.placements
        debts = [invoice for invoice in self.overdue() if view.placed(invoice.id) is None]
        yield from self.first_matches(
            "placements",
            rules,
            debts,
            "nothing is overdue that is not placed",
            ends_at=frozenset({True, None}),
            reads=lambda rule, invoice: may_place(rule.when, self.assessment, invoice),
        )

    def letters(self) -> Iterator[ReasonLine]:
        """Yield the rules of letters about the account."""
        rulebook, today = self.rulebook, self.assessor.today
        for statement in rulebook.statements:
            on = f"; on {statement.on.text}"
            yield self.asked("statements", statement, self.party, on)
        for rule in rulebook.after_issue:
            issued = [
                invoice
                for invoice in asked_about(rule, self.assessment, self.party, today)
                if self.is_asked_about(invoice)
            ]
            which = "no first invoice" if rule.once_per is OncePer.CUSTOMER else "no invoice"
            days = f"{rule.days} to {rule.days + DAYS_LATE_MAX} days ago"
            words = f"{which} was issued {days}"
            yield from self.first_matches("after_issue", [rule], issued, words)
        if rulebook.thank_you is not None:
            paid = [
                invoice
                for invoices in paid_lately(self.assessment, self.party, today).values()
                for invoice in invoices
                if self.is_asked_about(invoice)
            ]
            words = f"nothing was paid in full in the last {DAYS_LATE_MAX} days"
            yield from self.first_matches("thank_you", [rulebook.thank_you], paid, words)
        announced = rulebook.announcements
        answer = announced.when.test(self.party.row, None)
        words = self.assessor.words(announced.when, self.party) or "everyone"
        for key in ("credit_holds", "credit_limits", "placements"):
            if key in announced.places:
                text = f"{key}: {ANSWERS[answer]}, {words}"
                yield ReasonLine("announcements", text, answer, announced.places[key])
