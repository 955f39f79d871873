"""Statements of account: to whom one is due, on the days of its rule."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from arsync.core.actions import StatementAsked
from arsync.core.ledger.as_of import as_it_stood
from arsync.core.ledger.statement_of_account import StatementKind
from arsync.core.planning.account_letters import LetterDue, is_in_time
from arsync.core.planning.assessment import Assessment, DunnedParty
from arsync.core.planning.customer_statement import customer_statement
from arsync.core.planning.planning_context import Planning
from arsync.core.planning.statement_days import StatementDue, latest_statement, statement_before
from arsync.core.rulebook.model import STATEMENT_OF_ACCOUNT, StatementRule


def statements_due(
    planning: Planning, assessment: Assessment, party: DunnedParty
) -> Iterator[LetterDue]:
    """Yield the statements that are due to a contact, whether they left before or not."""
    calendar = planning.places.bank_days
    for rule in planning.assessor.rulebook.statements:
        due = latest_statement(rule.on, planning.today, calendar)
        began = assessment.account.taken_over_on or planning.today
        # What was due before the connection began its work was for others to send.
        if not is_in_time(due.on, planning.today) or due.on < began:
            continue
        answer = rule.when.test(party.row, None)
        if answer is False or not _was_due(planning, assessment, party, rule, due):
            continue
        since = _first_day(planning, assessment, party, rule, due)
        if not _has_anything(planning, assessment, party, rule, since):
            continue
        unknown = planning.assessor.unknowns(rule.when, party) if answer is None else ""
        yield LetterDue(
            STATEMENT_OF_ACCOUNT,
            rule.name,
            rule.place,
            f"statement {due.period}",
            planning.assessor.evidence(rule.when, party),
            rule.via,
            rule.attach,
            rule.approval,
            party.view.balance,
            statement=StatementAsked(rule.lists.value, since),
            stop=unknown,
        )


def _was_due(
    planning: Planning,
    assessment: Assessment,
    party: DunnedParty,
    rule: StatementRule,
    due: StatementDue,
) -> bool:
    """Return whether the statement was due on its day already, where that is past.

    A missed day is caught up; who had nothing to be listed on it waits for the next one.
    """
    if due.on == planning.today:
        return True
    then = as_it_stood(assessment.account, due.on, zone=planning.zone)
    mine = planning.assessor_on(due.on).assess(then).party_of(party.view.contact.id)
    if rule.when.test(mine.row, None) is False:
        return False
    # An activity also lists what came and went before its day.
    return rule.lists is StatementKind.ACTIVITY or _lists_anything(mine)


def _lists_anything(party: DunnedParty) -> bool:
    view = party.view
    cash = view.account_view.cash
    return bool(view.documents) or any(view.counts(money.contact_id) for money in cash)


def _first_day(
    planning: Planning,
    assessment: Assessment,
    party: DunnedParty,
    rule: StatementRule,
    due: StatementDue,
) -> date | None:
    """Return the first day of an activity: after the last one, or after its day."""
    if rule.lists is StatementKind.OPEN_ITEMS:
        return None
    before = statement_before(rule.on, due, planning.places.bank_days).on
    sent = [
        letter.on
        for letter in assessment.account.letters
        if letter.contact_id == party.view.contact.id
        and (letter.letter, letter.rule) == (STATEMENT_OF_ACCOUNT, rule.name)
        and before <= letter.on < planning.today
    ]
    return max(sent, default=before) + timedelta(1)


def _has_anything(
    planning: Planning,
    assessment: Assessment,
    party: DunnedParty,
    rule: StatementRule,
    since: date | None,
) -> bool:
    """Return whether the statement would list anything: an empty one is never sent."""
    if _lists_anything(party):
        return True
    if rule.lists is StatementKind.OPEN_ITEMS:
        return False
    statement = customer_statement(
        planning.assessor,
        assessment.account,
        party.view.contact.id,
        kind=rule.lists,
        until=planning.today,
        zone=planning.zone,
        since=since,
    )
    return bool(statement.sections)
