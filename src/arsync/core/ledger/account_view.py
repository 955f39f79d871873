"""The books of one account: its documents indexed for one day, and money in one currency."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from arsync.core.ledger.agreements.disputes import (
    as_settled_by_books,
    counting_disputes,
    dispute_state,
    is_standing,
    still_disputed,
)
from arsync.core.ledger.agreements.grace import USUAL_GRACE, InTimeUntil
from arsync.core.ledger.agreements.payment_plans import (
    PLAN_SLOT,
    JudgedPlan,
    PlanCash,
    counting_plans,
    judged_plans,
    planned_invoices,
    set_aside,
)
from arsync.core.ledger.agreements.placements import as_known_on, newest_by_invoice
from arsync.core.ledger.agreements.promises import (
    BROKEN,
    COUNTS_FOR_DAYS,
    OPEN,
    JudgedPromise,
    counting_promises,
    judged_promises,
)
from arsync.core.ledger.late_debt import (
    FROM_THE_BEGINNING,
    LateDebt,
    Reduction,
    by_cash,
    late_debt,
    reductions_of,
)
from arsync.core.ledger.late_payment_law import LatePayment
from arsync.core.ledger.money import ZERO, rounded
from arsync.core.ledger.records import (
    Account,
    Contact,
    Dispute,
    DocumentStatus,
    Invoice,
    Placement,
    SentStep,
    is_owed,
)
from arsync.core.ledger.terms_policy import ExpectedTerms
from arsync.core.ledger.unapplied_cash import (
    Cash,
    Covers,
    UnappliedCash,
    cash_in_hand,
    covered_by_cash,
    less_cash,
)

HISTORY_DAYS = 365
"""How far back payment behaviour and sales are counted, in days."""


class Agreed(NamedTuple):
    """The customer's entry under `customers`."""

    credit_limit: Decimal | None = None
    insured_limit: Decimal | None = None
    """What the credit insurer covers; nothing after `insured_until`."""
    review_on: date | None = None
    tags: frozenset[str] = frozenset()
    limit_until: date | None = None
    """The last day of `credit_limit`; None: for good."""
    insured_until: date | None = None
    """The last day of the credit insurance; None: nobody said."""


class GivenLimit(NamedTuple):
    """The credit limit that `credit_limits` gives an account, in the rulebook's currency."""

    amount: Decimal | None = None
    is_unlimited: bool = False
    """With `no limit`: no amount, and no exposure is over it."""
    no_amount_reason: str = "no rule of credit_limits matches"
    until: date | None = None
    """The last day of a temporary limit."""


class Converter:
    """Turns amounts into the rulebook's currency at the rates the platform recorded."""

    def __init__(self, target: str, base: str, account: Account) -> None:
        """Find the newest recorded rate of the target currency, should it not be the base one."""
        self.target = target
        self.base = base
        self.missing: list[str] = []
        self.converted: set[str] = set()
        self._target_rate: Decimal | None = None
        # Platforms record rates against the base currency alone. The newest one in this account is
        # used: no rate from outside is needed, and the same books always give the same amount.
        if target != base:
            self._target_rate = _newest_rate(target, account)

    def amount(
        self, amount: Decimal, currency: str, rate: Decimal | None, document: str
    ) -> Decimal | None:
        """Return the amount in the target currency; None without a rate: see `missing`."""
        if currency == self.target:
            return amount
        unit = self.rate(currency, rate)
        if unit is None:
            # Collected here and not returned: facts are computed one by one when a rule asks, and a
            # plan names only the documents that some rule needed.
            self.missing.append(f"{document} ({currency})")
            return None
        self.converted.add(currency)
        return rounded(amount * unit, self.target)

    def rate(self, currency: str, rate: Decimal | None) -> Decimal | None:
        """Return what one unit of the currency is in the target currency; None without a rate."""
        base_rate = Decimal(1) if currency == self.base else rate
        target_rate = Decimal(1) if self.target == self.base else self._target_rate
        # Both are base-currency units for one unit, so their quotient is the cross rate.
        return base_rate / target_rate if base_rate and target_rate else None


def _newest_rate(currency: str, account: Account) -> Decimal | None:
    documents = [
        (invoice.issued_on, invoice.rate)
        for invoice in account.invoices
        if invoice.currency == currency
    ]
    documents += [
        (credit.issued_on, credit.rate) for credit in account.credits if credit.currency == currency
    ]
    documents += [
        (payment.paid_on, payment.rate)
        for payment in account.payments
        if payment.currency == currency
    ]
    rated = [(day, rate) for day, rate in documents if rate]
    return max(rated)[1] if rated else None


def days_overdue(invoice: Invoice, today: date) -> int:
    """Return whole days past the due date, 0 when not yet due or nothing is owed."""
    return max(0, (today - invoice.due_on).days) if is_owed(invoice) else 0


class AccountView:
    """One account, indexed for the facts of all its contacts and invoices on one day."""

    def __init__(
        self,
        account: Account,
        today: date,
        *,
        currency: str,
        base: str,
        statutory: LatePayment | None = None,
        unapplied_cash: UnappliedCash = UnappliedCash.NET,
        instalments_in_time: InTimeUntil = USUAL_GRACE.last_day,
        promises_in_time: InTimeUntil = USUAL_GRACE.last_day,
        broken_counts_for: int = COUNTS_FOR_DAYS,
        ledger_due: Decimal | None = None,
    ) -> None:
        """Index what is cheap now; the rest is computed when a fact asks."""
        self.instalments_in_time = instalments_in_time
        self.promises_in_time = promises_in_time
        self.broken_counts_for = broken_counts_for
        self.ledger_due = ledger_due
        """What is due on all open invoices of the whole ledger; None: nobody counted."""
        self.statutory = statutory
        self.cash_counts = unapplied_cash
        self.account = account
        self.today = today
        self.currency = currency
        self.converter = Converter(currency, base, account)
        self.documents = sorted(
            # Oldest first, as unapplied cash is used up; number and id break ties the same way.
            (invoice for invoice in account.invoices if is_owed(invoice)),
            key=lambda invoice: (invoice.due_on, invoice.number, invoice.id),
        )
        """The open invoices as the accounting system has them, the oldest due date first."""
        self.cash: list[Cash] = cash_in_hand(account)
        """The account's unapplied cash, the oldest first."""

    @cached_property
    def has_agreements(self) -> bool:
        """Whether anything was ever promised, agreed, disputed or placed about these debts."""
        # Asked before all that rests on it: most customers have none, and cost no more for it.
        account = self.account
        recorded = account.promises or account.payment_plans or account.placements
        return bool(recorded or self.disputes)

    @cached_property
    def cash_covers(self) -> Covers:
        """What the customers' own unapplied cash covers, by invoice id."""
        if not self.cash or not self.documents:
            return {}
        return covered_by_cash(
            self.account,
            self.documents,
            self.cash,
            self.cash_counts,
            # Cash counts then for what can be chased: whoever disputes one invoice and has paid
            # the other is not to be chased for the one that was paid.
            last=self._covered_last,
            # What an instalment was paid with pays nothing else, nor what keeps a promise.
            first=self._covered_first(),
            unit_value=self.converter.rate,
        )

    @cached_property
    def owed(self) -> list[Invoice]:
        """What is owed, the oldest due date first: `amount_due` is each invoice's net amount due.

        An invoice that unapplied cash covers in full is not among them.
        """
        # Most customers have none, and planning a large ledger is to stay as fast for them.
        covers = self.cash_covers if self.cash else None
        if not covers:
            return self.documents
        net = (less_cash(invoice, covers) for invoice in self.documents)
        return [invoice for invoice in net if invoice.amount_due > 0]

    @cached_property
    def payment_plans(self) -> tuple[JudgedPlan, ...]:
        """The payment plans as they stand, the oldest first."""
        if not self.account.payment_plans:
            return ()
        plan_cash = PlanCash(self.cash, self.cash_counts, self.converter.rate)
        return judged_plans(self.account, self.today, self.instalments_in_time, plan_cash)

    @cached_property
    def plan_of(self) -> dict[str, JudgedPlan]:
        """The payment plan that counts for each invoice."""
        return counting_plans(self.payment_plans)

    @cached_property
    def set_aside(self) -> dict[str, Decimal]:
        """How much of what is owed net on each invoice is left to a plan that stands."""
        if not self.payment_plans:
            return {}
        counting = {judged.plan.id: judged for judged in self.plan_of.values()}
        covered: dict[str, Decimal] = {}
        for judged in counting.values():
            covered |= set_aside(judged, self.owed_by_id)
        return covered

    @cached_property
    def owed_by_id(self) -> dict[str, Invoice]:
        """What is owed net, by invoice id."""
        return {invoice.id: invoice for invoice in self.owed}

    @cached_property
    def _covered_last(self) -> dict[str, Decimal]:
        """What of open invoices is disputed, placed or promised for a day to come, by id."""
        if not self.account.promises and not self.placements:
            return self.disputed_amounts
        promised = self.promises
        whole = {
            invoice.id: invoice.amount_due
            for invoice in self.documents
            if self.placed(invoice.id) is not None
            or (invoice.id in promised and promised[invoice.id].state == OPEN)
        }
        return {**self.disputed_amounts, **whole}

    @cached_property
    def disputed_amounts(self) -> dict[str, Decimal]:
        """What is disputed of what is due on open invoices, by invoice id; without zeros."""
        standing = {
            invoice_id: dispute
            for invoice_id, dispute in self.disputes.items()
            if is_standing(dispute, self.today)
        }
        if not standing:
            return {}
        amounts = {
            invoice.id: still_disputed(standing[invoice.id], self.account, invoice)
            for invoice in self.documents
            if invoice.id in standing
        }
        return {invoice_id: amount for invoice_id, amount in amounts.items() if amount > 0}

    @cached_property
    def in_dispute(self) -> dict[str, Decimal]:
        """What of `owed` is not asked for now, because it is disputed, by invoice id.

        Cash covers what is not disputed first, so what is owed net on an invoice is asked for as
        far as it is more than what is disputed of it.
        """
        disputed = self.disputed_amounts if self.disputes else {}
        if not disputed:
            return {}
        return {
            invoice.id: min(invoice.amount_due, disputed[invoice.id])
            for invoice in self.owed
            if invoice.id in disputed
        }

    @cached_property
    def asked_for(self) -> list[Invoice]:
        """What customers are asked for: `owed`, less what is disputed or left to payment plans.

        In the order of `owed`; an invoice of which nothing is asked for is not among them.
        """
        if not self.has_agreements or not (self.in_dispute or self.set_aside):
            return self.owed
        net_invoices = (self.as_asked_for(invoice) for invoice in self.owed)
        return [invoice for invoice in net_invoices if invoice.amount_due > 0]

    def as_asked_for(self, invoice: Invoice) -> Invoice:
        """Return one of `owed` with what is asked for as its amount due."""
        kept_back = self.in_dispute.get(invoice.id, ZERO) + self.set_aside.get(invoice.id, ZERO)
        if not kept_back:
            return invoice
        return invoice._replace(amount_due=max(ZERO, invoice.amount_due - kept_back))

    def nothing_is_asked(self, invoice_id: str) -> bool:
        """Return whether an invoice is disputed so that nothing of it is asked for now."""
        if self.dispute_state(invoice_id) == "open":
            return True
        # Cash may cover what is not disputed of it.
        return invoice_id in self.in_dispute and all(
            invoice.id != invoice_id for invoice in self.asked_for
        )

    def _covered_first(self) -> frozenset[str]:
        """Return the invoices that plans pay off, and those for which cash keeps a promise."""
        planned = planned_invoices(self.account, self.today) if self.account.payment_plans else ()
        return frozenset(planned).union(
            invoice_id for judged in self.judged_promises for invoice_id in judged.covered
        )

    def less_disputed_part(self, invoice: Invoice) -> Invoice:
        """Return an invoice with what is not disputed as its amount due, or, if all is, with all.

        How large a dispute about a whole invoice is, rules ask of its amount due.
        """
        owed = self.owed_by_id.get(invoice.id, invoice)
        undisputed = owed.amount_due - self.in_dispute.get(invoice.id, ZERO)
        return owed._replace(amount_due=undisputed) if undisputed > 0 else owed

    @cached_property
    def _documents_by_id(self) -> dict[str, Invoice]:
        return {invoice.id: invoice for invoice in self.documents}

    def document_of(self, invoice: Invoice) -> Invoice:
        """Return one of `owed`, or of `asked_for`, as the accounting system has it."""
        if not self.cash and not self.has_agreements:
            return invoice
        covered = bool(self.cash) and invoice.id in self.cash_covers
        if covered or invoice.id in self.set_aside or invoice.id in self.in_dispute:
            return self._documents_by_id[invoice.id]
        return invoice

    def document_due(self, invoice: Invoice) -> Decimal | None:
        """Return what is due on the invoice itself, where that is more than its amount due here."""
        document = self.document_of(invoice)
        return None if document.amount_due == invoice.amount_due else document.amount_due

    @cached_property
    def _reductions(self) -> Mapping[str, Sequence[Reduction]]:
        return reductions_of(self.account)

    def taken_off(self, invoice: Invoice) -> list[Reduction]:
        """Return what was taken off an invoice, and what unapplied cash covers of it."""
        cash = by_cash(self.cash_covers.get(invoice.id, ()))
        return [*self._reductions.get(invoice.id, ()), *cash]

    def late_debt(self, invoice: Invoice) -> LateDebt:
        """Return how the debt of one of the account's invoices ran while it was late."""
        cash = by_cash(self.cash_covers.get(invoice.id, ()))
        # A part counts as never owed while it is disputed: nothing is billed for it. Of an invoice
        # that is disputed as a whole nothing is billed anyway, and rules may ask how much it were.
        in_part = self.disputes and not self.nothing_is_asked(invoice.id)
        if in_part and invoice.id in self.in_dispute:
            cash.append(Reduction(FROM_THE_BEGINNING, self.in_dispute[invoice.id]))
        return late_debt(self.document_of(invoice), self._reductions.get(invoice.id, ()), cash)

    def due_here(self, invoice: Invoice) -> Decimal | None:
        """Return an invoice's amount due in the rulebook's currency."""
        if invoice.currency == self.currency:
            return invoice.amount_due
        return self.converter.amount(
            invoice.amount_due, invoice.currency, invoice.rate, invoice.number or invoice.id
        )

    def total_due(self, invoices: Iterable[Invoice]) -> Decimal | None:
        """Return the sum of amounts due; None when one of them cannot be converted."""
        # Nearly all amounts are in the rulebook's currency and need no converter: summing them is
        # where planning a large ledger spends its time.
        own = self.currency
        return summed(
            [
                invoice.amount_due if invoice.currency == own else self.due_here(invoice)
                for invoice in invoices
            ]
        )

    @cached_property
    def owed_in_all(self) -> Decimal | None:
        """What the whole account owes net; None when an amount cannot be converted."""
        return self.total_due(self.owed)

    @cached_property
    def documents_in_all(self) -> Decimal | None:
        """What is due on all open invoices; None when an amount cannot be converted."""
        return self.owed_in_all if self.owed is self.documents else self.total_due(self.documents)

    def cash_of(self, cash: Iterable[Cash]) -> Decimal | None:
        """Return the sum of unapplied cash; None when one amount cannot be converted."""
        return summed(
            self.converter.amount(money.amount, money.currency, money.rate, money.document)
            for money in cash
        )

    @cached_property
    def unallocated(self) -> Decimal | None:
        """Money of the whole account that is not matched to an invoice yet."""
        return self.cash_of(self.cash)

    @cached_property
    def exposure(self) -> Decimal | None:
        """What is due on all open invoices of the whole account, less its unapplied cash."""
        owed = self.documents_in_all
        # Below nothing when the customer has more money here than it owes.
        return None if owed is None or self.unallocated is None else owed - self.unallocated

    @cached_property
    def judged_promises(self) -> tuple[JudgedPromise, ...]:
        """All promises of the account, and what became of each by today."""
        return judged_promises(
            self.account,
            self.today,
            self.promises_in_time,
            with_cash=self.cash_counts is not UnappliedCash.IGNORE,
        )

    @cached_property
    def promises(self) -> dict[str, JudgedPromise]:
        """The promise that counts for each invoice; none where the only ones are over."""
        if not self.account.promises:
            return {}
        return counting_promises(self.judged_promises)

    def broken_on(self, invoice_id: str) -> date | None:
        """Return the first day on which an invoice's promise was broken; None: it is not."""
        judged = self.promises.get(invoice_id) if self.account.promises else None
        return judged.broken_on if judged is not None and judged.state == BROKEN else None

    @cached_property
    def disputes(self) -> dict[str, Dispute]:
        """The dispute that counts for each invoice: an open one, else the newest."""
        recorded = (
            as_settled_by_books(dispute, self.account, self.today)
            for dispute in self.account.disputes
        )
        return counting_disputes(recorded, self.documents)

    @cached_property
    def placements(self) -> dict[str, Placement]:
        """The latest placement of each invoice that was ever placed, as it stands today."""
        if not self.account.placements:
            return {}
        return newest_by_invoice(as_known_on(self.account.placements, self.today))

    def placed(self, invoice_id: str) -> Placement | None:
        """Return the placement in which an invoice is; None: it is with nobody else."""
        placement = self.placements.get(invoice_id)
        return placement if placement is not None and placement.ended_on is None else None

    def dispute_state(self, invoice_id: str) -> str:
        """Return `none`, `open` (all of it), `part` or `settled`."""
        dispute = self.disputes.get(invoice_id)
        if dispute is None or dispute.amount is None:
            return dispute_state(dispute, self.today)
        document = self._documents_by_id.get(invoice_id)
        disputed = self.disputed_amounts.get(invoice_id, ZERO)
        in_part = document is not None and disputed < document.amount_due
        return dispute_state(dispute, self.today, in_part=in_part)

    @cached_property
    def sent(self) -> dict[str, list[SentStep]]:
        """The steps taken for each invoice, in its present episode, oldest first."""
        steps: dict[str, list[SentStep]] = {}
        for step in sorted(self.account.sent, key=lambda step: (step.on, step.day)):
            # Letters about a payment plan are steps of no cadence.
            if step.slot.startswith(PLAN_SLOT):
                continue
            # A reversed payment begins a new episode, in which the cadence starts again (law 6).
            if step.episode == self.account.episodes.get(step.invoice_id, 1):
                steps.setdefault(step.invoice_id, []).append(step)
        return steps


def summed(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Return the sum; None when one of the amounts is unknown."""
    total = ZERO
    is_known = True
    for amount in amounts:
        if amount is None:
            is_known = False  # go on: every document without a rate is named
        else:
            total += amount
    return total if is_known else None


class ContactView:
    """One contact with the invoices that count as its own, ready to compute facts."""

    def __init__(
        self,
        account_view: AccountView,
        contact: Contact,
        *,
        agreed: Agreed,
        covers: frozenset[str] | None,
        limit: GivenLimit = GivenLimit(),  # noqa: B008 - a frozen value
    ) -> None:
        """Prepare a contact's facts; figures are computed when a fact asks for them.

        Args:
            account_view: the account.
            contact: the customer.
            agreed: its entry under `customers`.
            covers: the ids of contacts whose documents count; None: all of the account.
            limit: the account's; its parent's, for a child.
        """
        self.account_view = account_view
        self.contact = contact
        self.agreed = agreed
        self.covers = covers
        self.invoice_rows: dict[str, list[Any]] = {}
        """The facts of its invoices that were computed so far, by invoice id."""
        self.limit = limit
        self.policy_terms: Callable[[ContactView], ExpectedTerms | None] | None = None
        """What says which payment terms it is to have; None: nobody asks."""
        self.steps_to_come: Callable[[Invoice], bool | None] | None = None
        """Whether a step of its cadence is still to come for an invoice; None: nobody asks."""

    @cached_property
    def expected_terms(self) -> ExpectedTerms | None:
        """Return the payment terms that it is to have; None where no policy says."""
        return None if self.policy_terms is None else self.policy_terms(self)

    def counts(self, contact_id: str) -> bool:
        """Return whether the contact's documents count here."""
        return self.covers is None or contact_id in self.covers

    @cached_property
    def owed(self) -> list[Invoice]:
        """Return what is owed net, the oldest due date first (see `AccountView.owed`)."""
        return self._own(self.account_view.owed)

    @cached_property
    def asked_for(self) -> list[Invoice]:
        """Return what the customer is asked for (see `AccountView.asked_for`)."""
        if self.account_view.asked_for is self.account_view.owed:
            return self.owed
        return self._own(self.account_view.asked_for)

    @cached_property
    def documents(self) -> list[Invoice]:
        """Return open invoices as the accounting system has them, the oldest due date first."""
        if self.account_view.owed is self.account_view.documents:
            return self.owed
        return self._own(self.account_view.documents)

    @cached_property
    def covered(self) -> list[Invoice]:
        """Return open invoices that unapplied cash covers in full, the oldest due date first."""
        if self.documents is self.owed:
            return []
        owed = {invoice.id for invoice in self.owed}
        return [invoice for invoice in self.documents if invoice.id not in owed]

    def _own(self, invoices: list[Invoice]) -> list[Invoice]:
        if self.covers is None:
            return invoices
        return [invoice for invoice in invoices if invoice.contact_id in self.covers]

    @cached_property
    def overdue(self) -> list[Invoice]:
        """Return what is asked for and past its due date."""
        # On the due date itself nothing is late yet: lateness counts from the day after. While a
        # payment plan is kept, what it covers is not late, nor is what is disputed.
        return [invoice for invoice in self.asked_for if invoice.due_on < self.account_view.today]

    @cached_property
    def balance(self) -> Decimal | None:
        """Return the sum of net amounts due."""
        # The parent answers for the whole account, whose sum is known already.
        if self.owed is self.account_view.owed:
            return self.account_view.owed_in_all
        return self.account_view.total_due(self.owed)

    @cached_property
    def overdue_amount(self) -> Decimal | None:
        """Return the sum of amounts asked for that are past their due date."""
        # With late payers everything is overdue, and the sum is the balance.
        if self.asked_for is self.owed and len(self.overdue) == len(self.owed):
            return self.balance
        return self.account_view.total_due(self.overdue)

    @cached_property
    def documents_due(self) -> Decimal | None:
        """Return the sum of amounts due on open invoices, with no cash taken off."""
        if self.documents is self.owed:
            return self.balance
        return self.account_view.total_due(self.documents)

    @cached_property
    def documents_overdue(self) -> Decimal | None:
        """Return the sum of amounts past their due date, with no cash taken off."""
        if self.documents is self.owed and self.asked_for is self.owed:
            return self.overdue_amount
        today = self.account_view.today
        return self.account_view.total_due(
            invoice for invoice in self.documents if invoice.due_on < today
        )

    @cached_property
    def unapplied_cash(self) -> Decimal | None:
        """Return the money of its contacts that is not matched to an invoice yet."""
        if self.covers is None:
            return self.account_view.unallocated
        own = [cash for cash in self.account_view.cash if cash.contact_id in self.covers]
        return self.account_view.cash_of(own)

    @cached_property
    def paid(self) -> list[tuple[int, int]]:
        """Return (days to pay, days late) of each invoice paid in full in the last 365 days."""
        today = self.account_view.today
        return [
            (
                (invoice.paid_on - invoice.issued_on).days,
                # Early counts as on time: one early payment must not make up for a late one.
                max(0, (invoice.paid_on - invoice.due_on).days),
            )
            for invoice in self.account_view.account.invoices
            if invoice.paid_on is not None
            and invoice.status == DocumentStatus.PAID
            # An invoice for nothing says nothing about how a customer pays.
            and invoice.total > 0
            and 0 <= (today - invoice.paid_on).days < HISTORY_DAYS
            and self.counts(invoice.contact_id)
        ]

    @cached_property
    def own_invoice_ids(self) -> frozenset[str]:
        """Return the ids of all invoices that count here."""
        invoices = self.account_view.account.invoices
        return frozenset(invoice.id for invoice in invoices if self.counts(invoice.contact_id))

    def email(self) -> str:
        """Return the contact's address, or an empty text."""
        return self.contact.email or next(iter(self.contact.more_emails), "")
