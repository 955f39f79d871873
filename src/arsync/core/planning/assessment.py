"""Assessment: the answers of one account's facts to each rule, on one day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from arsync.core.ledger.account_view import AccountView, Agreed, ContactView, GivenLimit
from arsync.core.ledger.agreements.grace import NO_HOLIDAYS
from arsync.core.ledger.as_of import as_issued
from arsync.core.ledger.business_days import Calendar, days_in_words
from arsync.core.ledger.held_since import (
    ConditionSeen,
    days_so_far,
    family_subject,
    next_episode,
    next_state,
)
from arsync.core.ledger.prompt_payment import PromptPayment, less_discounts, prompt_payment
from arsync.core.ledger.records import Account, Contact, Invoice, Organisation
from arsync.core.ledger.terms_policy import ExpectedTerms, terms_of
from arsync.core.ledger.unapplied_cash import billed_together
from arsync.core.ledger.undeliverable_addresses import reachable
from arsync.core.planning.cadence_steps import cadence_for, next_step
from arsync.core.planning.cadence_trials import tried_or_own
from arsync.core.planning.send_blocks import differs
from arsync.core.rulebook.conditions import (
    Answer,
    Condition,
    HeldFor,
    Question,
    Trace,
    days_held,
    trace,
)
from arsync.core.rulebook.customer_matching import customer_of
from arsync.core.rulebook.facts import (
    CONTACT_BY_NAME,
    HELD_DAYS,
    INVOICE_BY_NAME,
    FactKind,
    Field,
    Value,
    contact_row,
    in_json,
    in_words,
    invoice_row,
    why_unknown,
)
from arsync.core.rulebook.model import (
    NO_LIMIT,
    NOWHERE,
    AlertRule,
    Cadence,
    CreditHold,
    CreditLimit,
    Customer,
    Discount,
    LeaveAlone,
    Rulebook,
)
from arsync.core.rulebook.spoken import Saying, spoken

_STEPS_LEFT = INVOICE_BY_NAME["steps_left"].position


class LeftAlone(NamedTuple):
    """The rule that leaves a contact alone, for certain (True) or possibly (None)."""

    rule: LeaveAlone
    answer: Answer


class DunnedParty(NamedTuple):
    """A contact that is written to, with the invoices it answers for."""

    view: ContactView
    row: list[Value]
    customer: Customer | None
    left_alone: LeftAlone | None
    paused_by: Customer | None = None
    """The entry of `customers`, its own or its parent's, that pauses it today."""


class DiscountTaken(NamedTuple):
    """A discount for prompt payment that a customer took, and the rule that gives it."""

    rule: Discount
    invoice: Invoice
    """As the accounting system has it."""
    payment: PromptPayment


class Watched(NamedTuple):
    """The answer of one alert about one subject, on the day."""

    subject: str
    """The contact's id, or the invoice's."""
    party: DunnedParty
    invoice: Invoice | None
    answer: Answer


class Assessment(NamedTuple):
    """One account on one day: its facts, and what the rules say of them."""

    account: Account
    account_view: AccountView
    root: DunnedParty
    """The parent, or the contact alone, answering for the whole account: for limit and hold."""
    parties: tuple[DunnedParty, ...]
    """The contacts that are reminded, each with its own invoices."""
    limit_rule: CreditLimit | None
    reasons: tuple[CreditHold, ...]
    """Every hold rule that certainly matches."""
    undecided: tuple[CreditHold, ...]
    """Hold rules that rest on something unknown."""
    undecided_by_limit: tuple[CreditHold, ...] = ()
    """Hold rules that say no under the limit given, and not certainly under one that may apply.

    Found only where a hold, its terms or a refusal may end: placing goes by the limit given.
    """
    open_limits: tuple[CreditLimit, ...] = ()
    """Limit rules above the matching one that may match as well."""
    discounts: tuple[DiscountTaken, ...] = ()
    """What customers took for prompt payment: `account` is without it."""

    def party_of(self, contact_id: str) -> DunnedParty:
        """Return the party that a contact is; the whole account's for one that is none."""
        parties = (party for party in self.parties if party.view.contact.id == contact_id)
        return next(parties, self.root)

    def doubt_about(self, assessor: Assessor, rule: CreditHold) -> str:
        """Return what is unknown about a hold rule that is undecided, in words."""
        if rule not in self.undecided_by_limit:
            return assessor.unknowns(rule.when, self.root)
        return "; ".join(
            f"the limit of {limit.name!r} may apply: {assessor.unknowns(limit.when, self.root)}"
            for limit in self.open_limits
        )


def _debtor_of(party: DunnedParty) -> str:
    """Return the debtor to whom a contact belongs: a family is on one side of a trial."""
    return party.view.account_view.account.contacts[0].id


class Assessor:
    """A rulebook on one day, ready to assess any number of accounts."""

    def __init__(
        self,
        rulebook: Rulebook,
        organisation: Organisation,
        today: date,
        calendar: Calendar | None = None,
        ledger_due: Decimal | None = None,
    ) -> None:
        """Collect once which facts the rulebook needs.

        Args:
            rulebook: what is asked.
            organisation: for its base currency.
            today: its day.
            calendar: the days on which banks work; None: no public holidays are known.
            ledger_due: what is due on all open invoices of the ledger, on that day and in the
                rulebook's currency; None: nobody counted, and a share of it is unknown.
        """
        self.ledger_due = ledger_due
        self.rulebook = rulebook
        self.calendar = calendar or NO_HOLIDAYS
        self.today = today
        self.base = organisation.base_currency
        self.customers = rulebook.by_contact()
        # Of some fifty facts a rulebook asks for a few; computing only those is most of the speed.
        conditions = [when for _, when in rulebook.conditions()]
        fields = frozenset().union(*(when.fields for when in conditions))
        contact = {field for field in fields if field.of == "contact"}
        spans = {span.identity: span for when in conditions for span in when.spans}
        self._spans = tuple((span, Condition.of(span.child)) for span in spans.values())
        # A rule that chooses the limit cannot ask for facts that rest on it, so those are second.
        self._first = sorted(field.position for field in contact if not field.needs_limit)
        self._second = sorted(field.position for field in contact if field.needs_limit)
        self.invoice_positions = sorted(field.position for field in fields if field.of == "invoice")
        asked_by_terms = frozenset().union(*(rule.when.fields for rule in rulebook.terms))
        self._of_terms = sorted(field.position for field in asked_by_terms)
        self._asks_steps_left = _STEPS_LEFT in self.invoice_positions

    def instalments_in_time(self, agreed_on: date) -> date:
        """Return the last day on which an instalment comes in time."""
        return self.rulebook.payment_plans.grace.last_day(agreed_on, self.calendar)

    def promises_in_time(self, promised_on: date) -> date:
        """Return the last day on which promised money comes in time."""
        return self.rulebook.promises.grace.last_day(promised_on, self.calendar)

    def assess(self, account: Account) -> Assessment:
        """Answer every rule that is about contacts."""
        account = reachable(as_issued(account, self.today))
        assessment = self._assess(account)
        if not self.rulebook.discounts:
            return assessment
        # Whether a rule gives a discount is asked while its amount still counts as owed.
        discounts, doubts = self._discounts(assessment)
        if not discounts and not doubts:
            return assessment
        by_invoice = {discount.invoice.id: discount.payment for discount in discounts}
        account = less_discounts(account, by_invoice)._replace(doubts=(*account.doubts, *doubts))
        return self._assess(account)._replace(discounts=tuple(discounts))

    def _discounts(self, assessment: Assessment) -> tuple[list[DiscountTaken], list[str]]:
        """Return the discounts that customers took, and what is unknown of others, in words."""
        discounts: list[DiscountTaken] = []
        doubts: list[str] = []
        for party in assessment.parties:
            for invoice in party.view.owed:
                for rule in self.rulebook.discounts:
                    payment = payment_for(rule, invoice, assessment.account_view)
                    row = self.invoice_row(party, invoice) if payment else []
                    answer = rule.when.test(party.row, row) if payment else False
                    if payment and answer:
                        document = assessment.account_view.document_of(invoice)
                        discounts.append(DiscountTaken(rule, document, payment))
                    elif answer is None:
                        unknown = self.unknowns(rule.when, party, invoice)
                        doubts.append(
                            f"the amount owed is uncertain: whether {rule.name!r} gives "
                            f"{invoice.number} its discount: {unknown}"
                        )
                    if answer is not False:
                        break
        return discounts, doubts

    def _assess(self, account: Account) -> Assessment:
        account_view = AccountView(
            account,
            self.today,
            currency=self.rulebook.currency,
            base=self.base,
            statutory=self.rulebook.statutory,
            unapplied_cash=self.rulebook.unapplied_cash,
            instalments_in_time=self.instalments_in_time,
            promises_in_time=self.promises_in_time,
            broken_counts_for=self.rulebook.promises.broken_counts_for,
            ledger_due=self.ledger_due,
        )
        root_contact = account.contacts[0]
        customer = self._customer(root_contact, account)
        root_view = ContactView(
            account_view,
            root_contact,
            agreed=self._agreed(customer, root_contact, account),
            covers=None,
        )
        root_view.policy_terms = self._expected_terms if self.rulebook.terms else None
        row = contact_row(root_view, self._first)
        if self._spans:
            row[HELD_DAYS["contact"]] = self._days_held(account, family_subject(account), "contact")
        # The facts that choose a limit are asked of this very view, so its limit comes after them.
        limit_rule, root_view.limit, open_limits = self._limit_of(root_view, row)
        first, row = row, contact_row(root_view, self._second, row)
        paused_by = self._paused_by(account, root_contact, customer)
        root = DunnedParty(root_view, row, customer, self._left_alone(row), paused_by)
        reasons: list[CreditHold] = []
        undecided: list[CreditHold] = []
        # Whoever owes nothing net is not held, whatever else the rules ask for.
        hold_rules = self.rulebook.credit_holds if account_view.owed else ()
        # Every match is a reason (law 5): the hold stays until the last of them is gone.
        for rule in hold_rules:
            answer = rule.when.test(row, None)
            if answer is True:
                reasons.append(rule)
            elif answer is None:
                undecided.append(rule)
        by_limit: tuple[CreditHold, ...] = ()
        if open_limits and _has_something_to_end(account):
            decided = (*reasons, *undecided)
            rules = [rule for rule in hold_rules if rule not in decided]
            by_limit = self._undecided_by_limit(root_view, first, rules, open_limits)
        parties = (root,) if len(account.contacts) == 1 else tuple(self._family(account_view, root))
        return Assessment(
            account,
            account_view,
            root,
            parties,
            limit_rule,
            tuple(reasons),
            tuple(undecided),
            by_limit,
            tuple(open_limits),
        )

    def _undecided_by_limit(
        self,
        view: ContactView,
        first: list[Value],
        rules: list[CreditHold],
        open_limits: list[CreditLimit],
    ) -> tuple[CreditHold, ...]:
        """Return which rules are not certainly no under every limit that may apply."""
        limit_given, undecided = view.limit, dict[str, CreditHold]()
        for limit_rule in open_limits:
            view.limit = self.given_by(limit_rule, view)
            row = contact_row(view, self._second, first)
            undecided |= {
                rule.name: rule for rule in rules if rule.when.test(row, None) is not False
            }
        view.limit = limit_given
        return tuple(undecided.values())

    def cadence(self, party: DunnedParty) -> tuple[Cadence | None, list[Cadence]]:
        """Return the first cadence that certainly matches, and those before it that may."""
        cadences, undecided = self.cadences(party)
        return next(iter(cadences), None), undecided

    def cadences(self, party: DunnedParty) -> tuple[list[Cadence], list[Cadence]]:
        """Return the cadences of a contact, and those before them that may match.

        The first that certainly matches counts. One that is about broken promises alone leaves the
        invoices without one to the next that matches.
        """
        cadences: list[Cadence] = []
        undecided: list[Cadence] = []
        for cadence in self.rulebook.reminders:
            if cadence.trial is not None:
                continue
            answer = cadence.when.test(party.row, None)
            if answer is True:
                cadences.append(tried_or_own(self.rulebook, cadence, _debtor_of(party)))
                if not cadence.is_about_promises:
                    break
            elif answer is None:
                # Unknown is not a match, but is reported: the customer may belong in this cadence.
                undecided.append(cadence)
        return cadences, undecided

    def invoice_row(self, party: DunnedParty, invoice: Invoice) -> list[Value]:
        """Return the facts of one invoice that the rulebook asks for, computed once."""
        rows = party.view.invoice_rows
        row = rows.get(invoice.id)
        if row is None:
            if self._asks_steps_left and party.view.steps_to_come is None:
                party.view.steps_to_come = partial(
                    self._has_steps_to_come, party, *self.cadence(party)
                )
            row = rows[invoice.id] = invoice_row(party.view, invoice, self.invoice_positions)
            if self._spans:
                account = party.view.account_view.account
                row[HELD_DAYS["invoice"]] = self._days_held(account, invoice.id, "invoice")
        return row

    def _has_steps_to_come(
        self,
        party: DunnedParty,
        cadence: Cadence | None,
        undecided: list[Cadence],
        invoice: Invoice,
    ) -> bool | None:
        """Return whether a step of the cadence is still to come; None: that is not certain."""
        if undecided:
            return None
        if cadence is None:
            return False
        account_view = party.view.account_view
        # The condition of a step that asks for this very fact finds it unknown.
        positions = [position for position in self.invoice_positions if position != _STEPS_LEFT]
        row = invoice_row(party.view, invoice, positions)
        due = next_step(
            cadence_for(cadence, invoice.id, account_view.account),
            invoice,
            today=self.today,
            taken_steps=account_view.sent.get(invoice.id, ()),
            tasks=account_view.account.tasks,
            broken_on=account_view.broken_on(invoice.id),
            asks=lambda step: step.when is None or step.when.test(party.row, row),
        )
        return None if due is not None and due.is_unsure else due is not None

    @property
    def watched(self) -> tuple[str, ...]:
        """Return the identities of conditions of which it matters how long they have held."""
        alerts = (rule.identity for rule in self.rulebook.alerts)
        return (*(span.identity for span, _ in self._spans), *alerts)

    def watched_by(self, assessment: Assessment, rule: AlertRule) -> Iterator[Watched]:
        """Yield what an alert is about, with its answer of today."""
        parties = assessment.parties
        if rule.is_about_the_family:
            # The limit is the parent's and its children's together: one is told of it.
            parties = tuple(party for party in parties if _is_root(party, assessment))
        for party in parties:
            if not rule.is_about_invoices:
                answer = rule.when.test(party.row, None)
                yield Watched(party.view.contact.id, party, None, answer)
                continue
            for invoice in party.view.owed:
                answer = rule.when.test(party.row, self.invoice_row(party, invoice))
                yield Watched(invoice.id, party, invoice, answer)

    def seen(self, assessment: Assessment) -> list[ConditionSeen]:
        """Return what changes of how long conditions have held, as of today."""
        account = assessment.account
        answers = dict(self._looks(assessment))
        alerts = {rule.identity for rule in self.rulebook.alerts}
        # What is not asked about any more, such as an invoice that was paid, does not hold.
        gone = (key for key in account.held_since if key not in answers and key[0] in self.watched)
        answers |= dict.fromkeys(gone, False)
        changes: list[ConditionSeen] = []
        for key, answer in answers.items():
            before = account.held_since.get(key)
            if key[0] in alerts:
                # Nothing ends on figures that may be incomplete: it would only begin anew.
                sure = answer or not self._is_uncertain(account)
                now = next_episode(before, answer if sure else None, self.today)
            else:
                now = next_state(before, answer, self.today)
            if now != before:
                changes.append(ConditionSeen(*key, now))
        return changes

    def _looks(self, assessment: Assessment) -> Iterator[tuple[tuple[str, str], Answer]]:
        """Yield each condition and subject, with the answer of today."""
        account, root = assessment.account, assessment.root
        subjects = [(family_subject(account), root)]
        subjects += [
            (party.view.contact.id, party) for party in assessment.parties if party is not root
        ]
        for rule in self.rulebook.alerts:
            for watched in self.watched_by(assessment, rule):
                yield (rule.identity, watched.subject), watched.answer
        for span, child in self._spans:
            if span.scope == "contact":
                for subject, party in subjects:
                    yield (span.identity, subject), child.test(party.row, None)
                continue
            for party in assessment.parties:
                for invoice in party.view.owed:
                    answer = child.test(party.row, self.invoice_row(party, invoice))
                    yield (span.identity, invoice.id), answer

    def _is_uncertain(self, account: Account) -> bool:
        """Return whether the debtor may owe another sum than the figures show."""
        differences = account.differences
        return bool(account.doubts or account.unreadable) or any(
            differs(self.rulebook, difference, self.base) for difference in differences
        )

    def _days_held(self, account: Account, subject: str, scope: str) -> dict[str, int]:
        """Return for how many days conditions about a subject have held, where that is known."""
        days = {
            span.identity: days_so_far(account, span.identity, subject, self.today)
            for span, _ in self._spans
            if span.scope == scope
        }
        return {identity: number for identity, number in days.items() if number is not None}

    def evidence(
        self, condition: Condition, party: DunnedParty, invoice: Invoice | None = None
    ) -> dict[str, Value]:
        """Return the facts that a condition rests on, for JSON, by name."""
        facts = {
            question.field.name: in_json(question.field, value)
            for question, value in self._answers(condition, party, invoice)
        }
        converted = party.view.account_view.converter.converted
        # A decision that rests on converted money says so (law 7).
        if converted and any(
            question.field.kind is FactKind.AMOUNT for question in condition.questions
        ):
            facts["converted_from"] = sorted(converted)
        if condition.spans:
            facts["held_for_days"] = [days for _, days in self._held(condition, party, invoice)]
        return facts

    def _held(
        self, condition: Condition, party: DunnedParty, invoice: Invoice | None
    ) -> Iterator[tuple[HeldFor, int | None]]:
        """Yield each part that is to have held for some time, and for how long it has."""
        row = None if invoice is None else self.invoice_row(party, invoice)
        for span in condition.spans:
            of_contact = span.scope == "contact"
            if of_contact or row is not None:
                yield span, days_held(span, party.row, row)

    def trace(
        self, condition: Condition, party: DunnedParty, invoice: Invoice | None = None
    ) -> Trace:
        """Evaluate slowly, with evidence."""
        row = None if invoice is None else self.invoice_row(party, invoice)
        return trace(condition.tree, party.row, row)

    def unknowns(
        self, condition: Condition, party: DunnedParty, invoice: Invoice | None = None
    ) -> str:
        """Return what is unknown in a condition, and why: `exposure is unknown (no rate ...)`."""
        traced = self.trace(condition, party, invoice)
        named: dict[str, str] = {}
        for evidence in traced.evidence:
            for field in evidence.unknown:
                named.setdefault(field.name, why_unknown(field, party.view))
        texts = [f"{name} is unknown ({reason})" for name, reason in named.items()]
        if not texts and any(days is None for _, days in self._held(condition, party, invoice)):
            texts.append("for how long it has held is unknown (nobody looked before today)")
        return "; ".join(texts)

    def words(
        self, condition: Condition, party: DunnedParty, invoice: Invoice | None = None
    ) -> str:
        """Return the evidence in one line for people."""
        currency = self.rulebook.currency
        phrases = [
            f"{question.field.name} {in_words(question.field, value, currency)}"
            f" ({question.expectation}){_told(question.field, party)}"
            for question, value in self._answers(condition, party, invoice)
        ]
        phrases += [
            f"held so for {days_in_words(days)}"
            for _, days in self._held(condition, party, invoice)
            if days is not None
        ]
        return " · ".join(dict.fromkeys(phrases))

    def spoken(
        self, condition: Condition, party: DunnedParty, invoice: Invoice | None = None
    ) -> str:
        """Return what decided a condition, as people say it: for what is written into the books."""
        saying = Saying(
            party.row,
            None if invoice is None else self.invoice_row(party, invoice),
            self.rulebook.currency,
            lambda name: contact_row(party.view, [CONTACT_BY_NAME[name].position])[
                CONTACT_BY_NAME[name].position
            ],
            CONTACT_BY_NAME.__getitem__,
        )
        return "; ".join(spoken(condition.tree, saying))

    def _answers(
        self, condition: Condition, party: DunnedParty, invoice: Invoice | None
    ) -> Iterator[tuple[Question, Value]]:
        """Yield each question of a condition with the fact that answers it."""
        row = None if invoice is None else self.invoice_row(party, invoice)
        for question in condition.questions:
            of_contact = question.field.of == "contact"
            assert of_contact or row is not None, "a condition on invoices needs an invoice"
            yield (
                question,
                (party.row if of_contact or row is None else row)[question.field.position],
            )

    def fact_in_words(self, party: DunnedParty, name: str) -> str:
        """Return one fact of a contact for people, whether the rulebook asks for it or not."""
        field = CONTACT_BY_NAME[name]
        value = contact_row(party.view, [field.position])[field.position]
        return in_words(field, value, self.rulebook.currency)

    def _customer(self, contact: Contact, account: Account) -> Customer | None:
        return customer_of(self.customers, contact, account) if self.customers else None

    def _limit_of(
        self, view: ContactView, row: list[Value]
    ) -> tuple[CreditLimit | None, GivenLimit, list[CreditLimit]]:
        """Return the first rule that certainly matches, its limit, and those above that may."""
        undecided: list[CreditLimit] = []
        for rule in self.rulebook.credit_limits:
            answer = rule.when.test(row, None)
            if answer is True:
                return rule, self.given_by(rule, view), undecided
            if answer is None:
                undecided.append(rule)
        return None, GivenLimit(), undecided

    @staticmethod
    def given_by(rule: CreditLimit, view: ContactView) -> GivenLimit:
        """Return the limit that one rule gives."""
        if rule.amount is not None:
            return GivenLimit(rule.amount)
        if rule.fact == NO_LIMIT:
            return GivenLimit(None, True, f"{rule.name!r} gives no limit")
        field = CONTACT_BY_NAME[rule.fact]
        amount = contact_row(view, [field.position])[field.position]
        # An unknown limit does not fall through: a customer with an agreement would get the limit
        # of those without one.
        reason = f"{rule.name!r} names {rule.fact}, which is unknown"
        agreed = view.agreed
        until = agreed.limit_until if rule.fact == "agreed_limit" else agreed.insured_until
        return GivenLimit(amount, no_amount_reason=reason, until=until)

    def _left_alone(self, row: list[Value]) -> LeftAlone | None:
        unsure: LeftAlone | None = None
        for rule in self.rulebook.leave_alone:
            answer = rule.when.test(row, None)
            if answer is True:
                # A certain rule beats an unsure one above it, because only a certain one lifts a
                # hold.
                return LeftAlone(rule, True)
            if answer is None and unsure is None:
                unsure = LeftAlone(rule, None)
        return unsure

    def _family(self, account_view: AccountView, root: DunnedParty) -> Iterable[DunnedParty]:
        """Yield each party to remind: the parent with the children it pays for, then the rest."""
        account = account_view.account
        parent = account.contacts[0]
        contacts = {contact.id: contact for contact in account.contacts}
        for contact_id, covers in billed_together(account.contacts).items():
            contact = contacts[contact_id]
            customer = root.customer if contact is parent else self._customer(contact, account)
            agreed = self._agreed(customer, contact, account)
            # A tag such as `legal` on a parent is meant for its children too.
            agreed = agreed._replace(tags=agreed.tags | root.view.agreed.tags)
            view = ContactView(
                # The parent's limit covers its children (law 11).
                account_view,
                contact,
                agreed=agreed,
                covers=covers,
                limit=root.view.limit,
            )
            view.policy_terms = root.view.policy_terms
            row = contact_row(view, (*self._first, *self._second))
            if self._spans:
                row[HELD_DAYS["contact"]] = self._days_held(account, contact.id, "contact")
            left_alone = self._left_alone(row)
            if root.left_alone and root.left_alone.answer:
                left_alone = root.left_alone  # leaving the parent alone leaves its children alone
            # So does a pause: its own, or its parent's while that lasts longer.
            pauses = [
                entry
                for entry in (self._paused_by(account, contact, customer), root.paused_by)
                if entry and entry.is_paused(self.today)
            ]
            paused_by = max(pauses, key=lambda entry: entry.pause_until or self.today, default=None)
            yield DunnedParty(view, row, customer, left_alone, paused_by)

    def _expected_terms(self, view: ContactView) -> ExpectedTerms | None:
        """Return the terms that were agreed with a contact, or else those of the first rule."""
        standing = view.account_view.account.credit_of(view.contact.id)
        agreed = standing.agreed if standing is not None else None
        if agreed is not None and agreed.terms and (term := terms_of(agreed.terms)):
            return ExpectedTerms(agreed.terms, term, agreed.rule, agreed.file, agreed.line)
        row = contact_row(view, self._of_terms)
        for rule in self.rulebook.terms:
            answer = rule.when.test(row, None)
            if answer is None:
                # A rule further down could be meant for others.
                return None
            term = terms_of(rule.terms) if answer else None
            if term is not None:
                place = rule.place
                return ExpectedTerms(
                    rule.terms, term, rule.name, place.file, place.line, rule.proposes
                )
        return None

    def _paused_by(
        self, account: Account, contact: Contact, customer: Customer | None
    ) -> Customer | None:
        """Return what pauses a contact longest: its entry of `customers`, or a person's word."""
        by_hand = [
            Customer(contact.name, NOWHERE, pause_until=pause.until)
            for pause in account.pauses
            if pause.contact_id == contact.id and pause.stands_on(self.today)
        ]
        entries = [entry for entry in (customer, *by_hand) if entry and entry.is_paused(self.today)]
        return max(entries, key=lambda entry: entry.pause_until or self.today, default=None)

    def _agreed(self, customer: Customer | None, contact: Contact, account: Account) -> Agreed:
        """Return what was agreed with a contact; what the rulebook says goes before a decision."""
        decided = self._decided(contact, account)
        if customer is None:
            return decided
        limit = customer.limit_on(self.today)
        return Agreed(
            limit.amount if limit else decided.credit_limit,
            customer.insured_on(self.today),
            customer.review_on or decided.review_on,
            customer.tags,
            limit.until if limit else decided.limit_until,
            customer.insured_until,
        )

    def _decided(self, contact: Contact, account: Account) -> Agreed:
        standing = account.credit_of(contact.id)
        credit = standing.agreed if standing is not None else None
        if credit is None:
            return Agreed()
        amount = credit.limit_on(self.today, self.rulebook.currency)
        until = credit.until if amount is not None else None
        return Agreed(amount, review_on=credit.review_on, limit_until=until)


def payment_for(rule: Discount, invoice: Invoice, view: AccountView) -> PromptPayment | None:
    """Return the payment that takes a rule's discount on an invoice; None: none does."""
    return prompt_payment(
        view.document_of(invoice),
        view.taken_off(invoice),
        net_due=invoice.amount_due,
        percent=rule.percent,
        within_days=rule.within_days,
    )


def _is_root(party: DunnedParty, assessment: Assessment) -> bool:
    return party.view.contact.id == assessment.root.view.contact.id


def _has_something_to_end(account: Account) -> bool:
    return bool(account.hold or account.terms_left or account.undone or account.refused)


def _told(field: Field, party: DunnedParty) -> str:
    """Return which sources said what a fact of the contact goes by; empty: it has none."""
    if field.sources is None or field.of != "contact":
        return ""
    words = field.sources(party.view)
    return f": {words}" if words else ""
