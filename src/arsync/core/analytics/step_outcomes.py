"""What followed each step: paid within days of it, beside customers whom it did not reach.

What follows a message is not its effect: whoever is reminded was chosen for being late, and may
have paid anyway. So a step stands beside invoices that reached the same state without its message,
and where there are too few of either the answer is that it is not known.

The same state: the step's day has come, counted from the due date; the invoice is still open, is
neither disputed nor promised; the customer's cadence is this one; the step before it has left, or
there is none. Such an invoice counts as without the message from that day until the message leaves:
because of a holiday, a gap, a limit, or because the step did not exist yet. One that got it later
is not left out, which would leave those who paid first; it is followed until then, and its share is
that of Kaplan and Meier (Nonparametric estimation from incomplete observations, JASA 53, 1958).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta, tzinfo
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from msgspec import Struct

from arsync.core.ledger.as_of import as_it_stood, with_paid_days
from arsync.core.ledger.records import Account, DocumentStatus, Invoice, SentStep
from arsync.core.rulebook.model import Cadence, Step

HORIZONS = (7, 14, 30)
"""Within so many days it is looked whether an invoice was paid."""

CASES_MIN = 30
"""With fewer cases on either side there is no number."""

LATE_DAYS_MAX = 7
"""A message that left later than so many days after its step's day met another state."""

_PLACES = Decimal("0.000001")

CadencesOf = Callable[[Account], Mapping[str, Collection[str]]]
"""Names, by contact, the cadences that are the contact's, of an account as it stood on the day."""


class PaidWithin(Struct, frozen=True, kw_only=True):
    """How many were paid within some days, with the message and without; shares in percent.

    None: not known; `why_unknown` says why.
    """

    days: int
    cases: int
    """Invoices that got the message, and were looked at for so long."""
    paid_percent: Decimal | None
    cases_without: int
    """Invoices that reached the same state, and did not get it that day."""
    paid_percent_without: Decimal | None
    difference: Decimal | None
    """In percentage points: an association, never an effect."""
    why_unknown: str = ""


class StepOutcome(Struct, frozen=True, kw_only=True):
    """One step of a cadence, and what followed it."""

    cadence: str
    step: str
    comes: str
    """When it comes: `day 14`."""
    sent: int
    """So many invoices took it, up to the day."""
    horizons: tuple[PaidWithin, ...]


class _Followed(NamedTuple):
    """One invoice, followed from a day on."""

    days: int
    """Until it was paid, or until it was looked at no longer."""
    is_paid: bool
    looked_at_days: int
    """So long it would have been looked at, had nobody paid."""


@dataclass
class _StepCases:
    sent: int = 0
    reached: list[_Followed] = field(default_factory=list)
    without: list[_Followed] = field(default_factory=list)


class StepOutcomes:
    """Collects what followed the steps of a rulebook's cadences, account by account."""

    def __init__(
        self, cadences: Sequence[Cadence], day: date, *, zone: tzinfo, cadences_of: CadencesOf
    ) -> None:
        """Begin with nothing.

        Args:
            cadences: of the rulebook.
            day: nothing that happened later counts.
            zone: the organisation's.
            cadences_of: whose cadences these are.
        """
        self._cadences = cadences
        self._day = day
        self._zone = zone
        self._cadences_of = cadences_of
        self._cases: dict[tuple[str, int, str], _StepCases] = {}

    def add(self, account: Account) -> None:
        """Add an account, with all its documents and steps, as it is now."""
        stood = as_it_stood(with_paid_days(account), self._day, zone=self._zone)
        # As it stood as well: whose cadence it is now may rest on what happened later.
        own = self._cadences_of(stood)
        sent: dict[str, list[SentStep]] = {}
        for sent_step in stood.sent:
            sent.setdefault(sent_step.invoice_id, []).append(sent_step)
        for invoice in stood.invoices:
            # A void ends an invoice without money: it says nothing of paying.
            if invoice.status not in {DocumentStatus.OPEN, DocumentStatus.PAID}:
                continue
            taken_steps = sent.get(invoice.id, [])
            for cadence in self._cadences:
                is_own = cadence.name in own.get(invoice.contact_id, ())
                if is_own or any(step.cadence == cadence.name for step in taken_steps):
                    self._add(stood, invoice, cadence, taken_steps, is_own=is_own)

    def _add(
        self,
        stood: Account,
        invoice: Invoice,
        cadence: Cadence,
        taken_steps: Sequence[SentStep],
        *,
        is_own: bool,
    ) -> None:
        before: Step | None = None
        for step in cadence.steps:
            cases = self._cases.setdefault((cadence.name, step.day, step.slot), _StepCases())
            left_on = _left_on(taken_steps, cadence, step)
            if left_on is not None:
                cases.sent += 1
            # Other days than those from the due date are not looked at: see `_why_no_comparison`.
            if not step.slot and (before is None or _left_on(taken_steps, cadence, before)):
                reached_on = invoice.due_on + timedelta(days=step.day)
                if before is not None:
                    previous = _left_on(taken_steps, cadence, before)
                    assert previous is not None
                    reached_on = max(reached_on, previous + timedelta(days=1))
                self._follow(stood, invoice, cases, reached_on, left_on, is_own=is_own)
            before = step

    def _follow(
        self,
        stood: Account,
        invoice: Invoice,
        cases: _StepCases,
        reached_on: date,
        left_on: date | None,
        *,
        is_own: bool,
    ) -> None:
        paid_on = invoice.paid_on if invoice.status == DocumentStatus.PAID else None
        if left_on is not None and abs((left_on - reached_on).days) <= LATE_DAYS_MAX:
            cases.reached.append(_followed(left_on, paid_on, self._day))
        is_open = (
            invoice.issued_on <= reached_on <= self._day
            and (paid_on is None or paid_on > reached_on)
            and not (invoice.status == DocumentStatus.PAID and paid_on is None)
        )
        if is_own and is_open and not _spoken_for(stood, invoice.id, reached_on):
            end = self._day if left_on is None else min(left_on, self._day)
            if end > reached_on:
                cases.without.append(_followed(reached_on, paid_on, end))

    def outcomes(self) -> list[StepOutcome]:
        """Return what followed each step, in the order of the rulebook."""
        return [
            StepOutcome(
                cadence=cadence.name,
                step=step.text,
                comes=step.comes,
                sent=cases.sent,
                horizons=tuple(_paid_within(cases, step, days) for days in HORIZONS),
            )
            for cadence in self._cadences
            for step in cadence.steps
            for cases in (self._cases.get((cadence.name, step.day, step.slot), _StepCases()),)
        ]


def _left_on(taken_steps: Sequence[SentStep], cadence: Cadence, step: Step) -> date | None:
    """Return the day on which a step first left for an invoice; None: it did not."""
    days = [
        sent_step.on
        for sent_step in taken_steps
        if (sent_step.cadence, sent_step.day, sent_step.slot) == (cadence.name, step.day, step.slot)
    ]
    return min(days, default=None)


def _followed(start: date, paid_on: date | None, end: date) -> _Followed:
    looked_at = (end - start).days
    if paid_on is not None and paid_on <= end:
        return _Followed(max(0, (paid_on - start).days), True, looked_at)
    return _Followed(looked_at, False, looked_at)


def _spoken_for(stood: Account, invoice_id: str, day: date) -> bool:
    """Return whether an invoice was disputed or promised on a day: then silence has a reason."""
    return any(
        dispute.invoice_id == invoice_id
        and dispute.opened_on <= day
        and (dispute.settled_on is None or dispute.settled_on > day)
        for dispute in stood.disputes
    ) or any(
        invoice_id in promise.invoice_ids and promise.made_on <= day <= promise.promised_on
        for promise in stood.promises
    )


def _paid_within(cases: _StepCases, step: Step, days: int) -> PaidWithin:
    # A case that is not old enough is left out, paid or not: else only its payers were in.
    complete = [case for case in cases.reached if case.looked_at_days >= days]
    paid = sum(case.is_paid and case.days <= days for case in complete)
    unknown = _why_unknown(complete, cases.without, step, days)
    share = _percent(Decimal(paid) / len(complete)) if len(complete) >= CASES_MIN else None
    without = None if unknown or step.slot else _kaplan_meier(cases.without, days)
    return PaidWithin(
        days=days,
        cases=len(complete),
        paid_percent=share,
        cases_without=len(cases.without),
        paid_percent_without=without,
        difference=None if share is None or without is None else share - without,
        why_unknown=unknown,
    )


def _why_unknown(
    reached: Sequence[_Followed], without: Sequence[_Followed], step: Step, days: int
) -> str:
    if step.slot:
        return f"no comparison: its day does not count from the due date ({step.comes})"
    if len(reached) < CASES_MIN:
        return f"{len(reached)} cases got it; {CASES_MIN} are needed"
    if len(without) < CASES_MIN:
        return f"{len(without)} reached the same state without it; {CASES_MIN} are needed"
    # Of those who got it a day later nobody knows what they had done without it.
    at_risk = sum(case.days >= days or (case.is_paid and case.days <= days) for case in without)
    if at_risk < CASES_MIN:
        return f"only {at_risk} stayed without it for {days} days; {CASES_MIN} are needed"
    return ""


def _kaplan_meier(followed: Iterable[_Followed], days: int) -> Decimal:
    """Return the share that was paid within days, where some were followed for less."""
    cases = sorted(followed)
    unpaid = Decimal(1)
    for day in sorted({case.days for case in cases if case.is_paid and case.days <= days}):
        at_risk = sum(case.days >= day for case in cases)
        paid = sum(case.is_paid and case.days == day for case in cases)
        unpaid *= 1 - Decimal(paid) / at_risk
    return _percent(1 - unpaid)


def _percent(share: Decimal) -> Decimal:
    return (share * 100).quantize(_PLACES, ROUND_HALF_EVEN)
