"""What a letter about the account tells: a statement, terms, a hold, a limit, a payment."""

from __future__ import annotations

from datetime import date, tzinfo

from arsync.core.actions import (
    AccountLetterPayload,
    Action,
    ReferenceLetterPayload,
    StatementAsked,
)
from arsync.core.credit.reference_letters import said_to_reference
from arsync.core.ledger.records import Account, Organisation
from arsync.core.ledger.statement_of_account import StatementKind, StatementOfAccount
from arsync.core.planning.assessment import Assessor
from arsync.core.planning.customer_locale import bank_days
from arsync.core.planning.customer_statement import customer_statement, payer_of
from arsync.core.rulebook import Rulebook
from arsync.core.rulebook.terms_in_words import Speech, terms_in_words
from arsync.mail.language import Language
from arsync.mail.letter_facts import LetterFacts
from arsync.rules_source.folder import holidays_in


class AccountTeller:
    """Tells of accounts by one rulebook."""

    def __init__(self, rulebook: Rulebook | None, organisation: Organisation, zone: tzinfo) -> None:
        """Remember by which.

        Args:
            rulebook: None where it cannot be read: a statement can be made all the same.
            organisation: for its base currency.
            zone: the organisation's.
        """
        self._rulebook = rulebook or Rulebook((), "", "", organisation.base_currency)
        self._organisation = organisation
        self._zone = zone

    def __call__(
        self, action: Action, account: Account, today: date, spoken: Language
    ) -> LetterFacts:
        """Return what an action's letter tells of the account."""
        payload = action.payload
        if isinstance(payload, ReferenceLetterPayload):
            return LetterFacts(about=said_to_reference(payload, action.contact_name))
        if not isinstance(payload, AccountLetterPayload):
            return LetterFacts()
        statement_asked = payload.statement
        return LetterFacts(
            terms=self.terms(account, action.contact_id, today, spoken),
            statement=self._asked(statement_asked, account, action.contact_id, today)
            if statement_asked
            else None,
            about=payload.occasion.about if payload.occasion else {},
        )

    def _asked(
        self, asked: StatementAsked, account: Account, contact_id: str, today: date
    ) -> StatementOfAccount:
        day = asked.until or today
        return self.statement(account, contact_id, until=day, since=asked.since)

    def statement(
        self, account: Account, contact_id: str, *, until: date, since: date | None = None
    ) -> StatementOfAccount:
        """Return the statement of a contact and those whose bills it pays.

        Args:
            account: as its documents are now.
            contact_id: whose.
            until: its day.
            since: the first day of an activity; None: open items.
        """
        return customer_statement(
            self._assessor(until),
            account,
            contact_id,
            kind=StatementKind.OPEN_ITEMS if since is None else StatementKind.ACTIVITY,
            until=until,
            zone=self._zone,
            since=since,
        )

    def terms(
        self, account: Account, contact_id: str, today: date, spoken: Language
    ) -> tuple[str, ...]:
        """Return what happens when a contact pays late, a sentence each."""
        assessor = self._assessor(today)
        party = assessor.assess(account).party_of(payer_of(account, contact_id))
        cadences, _ = assessor.cadences(party)
        speech = Speech(spoken.code, spoken.amount, spoken.number)
        return terms_in_words(self._rulebook, cadences, party.row, speech)

    def _assessor(self, day: date) -> Assessor:
        calendar = bank_days(self._rulebook.sending, holidays_in)
        return Assessor(self._rulebook, self._organisation, day, calendar)
