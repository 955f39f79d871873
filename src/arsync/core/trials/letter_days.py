"""The days on which letters about the account, announced placements and bills may come to leave.

What keeps one of them back names the day on which it ends, or ends with an event, with another
answer, or with what was done the day before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from arsync.core.actions import Action, ActionKind
from arsync.core.ledger.ledger_due import LedgerDue
from arsync.core.ledger.records import Invoice
from arsync.core.planning.announcement_planner import HAND_OVER_COUNTS_DAYS
from arsync.core.planning.assessment import Assessment, Assessor, DunnedParty
from arsync.core.planning.courtesy_planner import asked_about, paid_lately
from arsync.core.rulebook.facts.movement import DAY, days_later
from arsync.core.rulebook.model import HAND_OVER, AfterIssue, Rulebook
from arsync.core.trials.answer_validity import AnswerValidity, Look, validity_of

HOLD_KINDS = frozenset({ActionKind.CREDIT_HOLD, ActionKind.LIFT_CREDIT_HOLD})


class _AfterIssue(NamedTuple):
    """A rule for letters some days after an issue, and how long its answer stays."""

    rule: AfterIssue
    validity: AnswerValidity | None
    """None: it does not move by itself."""


class LetterDays:
    """The days of one rulebook's thanks, questions, announced placements and bills."""

    def __init__(self, rulebook: Rulebook, ledger: LedgerDue | None = None) -> None:
        """Find what the rulebook sends; `ledger` is what the whole ledger is due on each day."""
        self._ledger = ledger
        thanks = rulebook.thank_you
        self._of_thanks = None if thanks is None else validity_of(thanks.when.tree)
        self._after_issue = [
            _AfterIssue(rule, validity_of(rule.when.tree)) for rule in rulebook.after_issue
        ]
        self._is_courteous = thanks is not None or bool(rulebook.after_issue)
        self._places = bool(rulebook.placements)
        self._announces = self._places and rulebook.announcements.placement_days is not None
        self._bills = bool(rulebook.charges)
        of_charges = (validity_of(rule.when.tree) for rule in rulebook.charges)
        self._of_charges = [validity for validity in of_charges if validity is not None]

    def come_tomorrow(self, done: Sequence[Action]) -> bool:
        """Return whether what was done today may let another thing leave with the next plan."""
        return any(
            # Whoever is on hold is neither thanked nor asked.
            (self._is_courteous and action.kind in HOLD_KINDS)
            # From the announcement on the days to the placement are counted.
            or (self._announces and action.step == HAND_OVER)
            for action in done
        )

    def days(
        self, assessor: Assessor, assessment: Assessment, today: date, bound: date
    ) -> Iterator[date]:
        """Yield the later days on which something may leave.

        Args:
            assessor: of the day.
            assessment: of the account on it.
            today: the day.
            bound: answers on this day and later are not needed.
        """
        if self._bills:
            # A bill holds whole months.
            yield (today.replace(day=1) + timedelta(31)).replace(day=1)
        if self._announces:
            yield from _announcements_lapse(assessment, today)
        for party in assessment.parties:
            if self._places:
                yield from _overdue_from(party, today)
            for validity in self._of_charges:
                # Of documents: interest ran on what is covered by now, too.
                late = (invoice for invoice in party.view.documents if invoice.due_on < today)
                yield from self._answers(validity, assessor, party, late, bound)
            if self._of_thanks is not None:
                paid = paid_lately(assessment, party, today).values()
                invoices = (invoice for of_day in paid for invoice in of_day)
                yield from self._answers(self._of_thanks, assessor, party, invoices, bound)
            for rule, lasting in self._after_issue:
                yield from _days_after_issue(rule, assessment, party, today)
                if lasting is not None:
                    issued = asked_about(rule, assessment, party, today)
                    yield from self._answers(lasting, assessor, party, issued, bound)

    def _answers(
        self,
        validity: AnswerValidity,
        assessor: Assessor,
        party: DunnedParty,
        invoices: Iterable[Invoice],
        bound: date,
    ) -> Iterator[date]:
        """Yield the days on which a rule may say otherwise of some invoices."""
        for invoice in invoices:
            row = assessor.invoice_row(party, invoice)
            yield validity.until(
                Look(party.view, party.row, invoice, row, assessor.today, bound, self._ledger)
            )


def _days_after_issue(
    rule: AfterIssue, assessment: Assessment, party: DunnedParty, today: date
) -> Iterator[date]:
    """Yield the days that come so many days after an invoice of the contact was issued."""
    for invoice in assessment.account.invoices:
        day = days_later(invoice.issued_on, rule.days)
        if day > today and party.view.counts(invoice.contact_id):
            yield day


def _overdue_from(party: DunnedParty, today: date) -> Iterator[date]:
    """Yield the first days on which what is owed is overdue, and may be placed."""
    yield from (invoice.due_on + DAY for invoice in party.view.owed if invoice.due_on >= today)


def _announcements_lapse(assessment: Assessment, today: date) -> Iterator[date]:
    """Yield the days from which an announced placement has to be announced again."""
    for letter in assessment.account.letters:
        lapsed = days_later(letter.on, HAND_OVER_COUNTS_DAYS + 1)
        if letter.letter == HAND_OVER and lapsed > today:
            yield lapsed
