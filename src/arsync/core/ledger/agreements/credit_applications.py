"""Applications for credit: who applies, what is asked, and what was learnt about them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple


class CreditOutcome(StrEnum):
    """What an application can come to."""

    ACCEPT = "accept"
    """With a limit and terms."""
    CASH = "cash on delivery"
    REFUSE = "refuse"
    ASK = "ask"
    """A person decides."""


FINAL_OUTCOMES = (CreditOutcome.ACCEPT, CreditOutcome.CASH, CreditOutcome.REFUSE)
"""What a person, or a rule, decides for good; `ask` leaves it open."""


class ApplicationState(StrEnum):
    """How far a customer's application has come."""

    NONE = "none"
    """It never applied."""
    OPEN = "open"
    ACCEPTED = "accepted"
    CASH = "cash on delivery"
    REFUSED = "refused"


APPLICATION_STATES = tuple(ApplicationState)

STATE_AFTER = {
    CreditOutcome.ACCEPT: ApplicationState.ACCEPTED,
    CreditOutcome.CASH: ApplicationState.CASH,
    CreditOutcome.REFUSE: ApplicationState.REFUSED,
}


class ReferenceKind(StrEnum):
    """Who gives a reference."""

    TRADE = "trade"
    BANK = "bank"


class ReferenceAnswer(StrEnum):
    """What came of asking for a reference."""

    GOOD = "good"
    MIXED = "mixed"
    BAD = "bad"
    REFUSED = "refused"
    """They say nothing about customers: an answer that is neither good nor bad."""


class CreditReference(NamedTuple):
    """Somebody who is asked about an applicant, and the answer."""

    number: int
    kind: ReferenceKind
    name: str
    email: str = ""
    asked_on: date | None = None
    answer: ReferenceAnswer | None = None
    """None: nobody answered yet."""
    answered_on: date | None = None
    highest_credit: Decimal | None = None
    """The most that they let the applicant owe, in the application's currency."""
    words: str = ""
    known_for: str = ""
    """How long it has known the applicant, in its own words."""
    limit_granted: Decimal | None = None
    """The limit that it grants, in the application's currency."""
    pays: str = ""
    """How the applicant pays it, in its own words."""
    letter_key: str = ""
    """The key of the letter that asks it; empty: none does."""
    letter_state: str = ""
    """The state of that letter, as of every action."""
    reminder_key: str = ""
    reminder_state: str = ""
    reminded_on: date | None = None
    letters: int = 0
    """How many letters were ever meant for it, withdrawn ones too."""


class SignedTerms(NamedTuple):
    """The terms of trade that the applicant signed."""

    file_name: str
    sha256: str
    """Of the file, 64 hex characters: a later one is told from it."""
    signed_on: date
    version: str = ""


class DatumKind(StrEnum):
    """What sources tell of a business; each is one fact of its day."""

    SCORE = "score"
    """A whole number; what is good depends on its source."""
    RATING = "rating"
    INSOLVENCY = "insolvency"
    """`yes` or `no`."""
    STATUS = "company_status"
    """In the register's own words: `active`, `dissolved`."""
    INCORPORATED_ON = "incorporated_on"
    REGISTERED_NAME = "registered_name"
    REGISTRATION_NUMBER = "registration_number"
    COUNTRY = "country"
    VAT_VALID = "vat_number_valid"
    """`yes` or `no`, as VIES or another register of VAT numbers answers."""
    LEI = "lei"
    """ISO 17442: the 20 characters that identify a legal entity."""


class CreditDatum(NamedTuple):
    """One thing that a source outside said of an applicant on a day."""

    kind: DatumKind
    value: str
    source: str
    as_of: date


def words_of_sources(
    data: Iterable[CreditDatum], kind: DatumKind, day: date = date.max
) -> list[CreditDatum]:
    """Return the newest word of each source by a day, the oldest first.

    What was recorded last of one source and day is what it said: the rest was corrected. Of one
    day, the source that was recorded last comes last.

    Args:
        data: in the order in which it was recorded.
        kind: of what.
        day: words for later days are left out.
    """
    by_source: dict[str, CreditDatum] = {}
    for datum in data:
        if datum.kind is not kind or datum.as_of > day:
            continue
        source = datum.source.casefold()
        if source not in by_source or by_source[source].as_of <= datum.as_of:
            by_source.pop(source, None)
            by_source[source] = datum
    return sorted(by_source.values(), key=lambda datum: datum.as_of)


def is_insolvent(words: Iterable[CreditDatum]) -> bool | None:
    """Return whether a source reports an insolvency, by the newest word of each.

    One source that says yes is enough, however many say no later: it takes its own word to clear
    it. No takes a source that says so, and none that says anything else. None: nobody knows.
    """
    answers = {datum.value for datum in words}
    if "yes" in answers:
        return True
    return False if answers == {"no"} else None


def sources_in_words(words: Iterable[CreditDatum]) -> str:
    """Return `Companies House said yes on 2026-11-01, Bureau said no on 2026-11-19`."""
    return ", ".join(f"{datum.source} said {datum.value} on {datum.as_of}" for datum in words)


class ApplicantPerson(NamedTuple):
    """Somebody of the applicant's."""

    name: str
    role: str = ""
    email: str = ""


class CreditApplication(NamedTuple):
    """An application as it stands."""

    number: int
    name: str
    """The applicant's, a customer's or a prospect's."""
    applied_on: date
    contact_id: str = ""
    """Empty while it is no contact of the ledger."""
    registration_number: str = ""
    vat_number: str = ""
    country: str = ""
    """ISO 3166-1, two capital letters; empty: nobody said."""
    limit_asked: Decimal | None = None
    currency: str = ""
    """Of `limit_asked`."""
    terms_asked: str = ""
    trading_since: date | None = None
    people: tuple[ApplicantPerson, ...] = ()
    references: tuple[CreditReference, ...] = ()
    signed: SignedTerms | None = None
    data: tuple[CreditDatum, ...] = ()
    """All that sources said, the oldest first."""
    consented_on: date | None = None
    """The day on which it agreed that its references are asked; None: nobody said."""

    def newest(self, kind: DatumKind) -> CreditDatum | None:
        """Return the newest word of one kind; of several of one day, what was recorded last."""
        words = words_of_sources(self.data, kind)
        return words[-1] if words else None

    def registered_otherwise(self) -> CreditDatum | None:
        """Return the newest registered name, where it is another than the applicant's."""
        datum = self.newest(DatumKind.REGISTERED_NAME)
        if datum is None or _name_compared(datum.value) == _name_compared(self.name):
            return None
        return datum


_SAME_WORDS = {"limited": "ltd", "company": "co", "incorporated": "inc", "and": ""}
"""By word: how names are written that mean the same."""


def _name_compared(name: str) -> str:
    """Return a name without what is written in several ways: case, points, `Limited`."""
    words = re.findall(r"\w+", name.casefold().replace(".", ""))
    return " ".join(filter(None, (_SAME_WORDS.get(word, word) for word in words)))


class AgreedCredit(NamedTuple):
    """What was decided about a customer's credit; the latest decision counts."""

    number: int
    """The decision's."""
    contact_id: str
    outcome: CreditOutcome
    decided_on: date
    decided_by: str = ""
    limit: Decimal | None = None
    """In `currency`; None: no limit was agreed."""
    currency: str = ""
    until: date | None = None
    """The last day of the limit; None: for good."""
    review_on: date | None = None
    terms: str = ""
    """Payment terms to have in the accounting system; empty: they are left as they are."""
    rule: str = ""
    """The rule of `acceptance` that proposed it; empty: a person decided otherwise."""
    file: str = ""
    line: int = 0

    def limit_on(self, day: date, currency: str) -> Decimal | None:
        """Return the limit of a day, in this currency; None: none is agreed for it."""
        # Another currency than the rulebook's: what it would be worth tomorrow nobody agreed on.
        if self.currency != currency or (self.until is not None and day > self.until):
            return None
        return self.limit


def as_decided_on(standings: Mapping[str, CreditStanding], day: date) -> dict[str, CreditStanding]:
    """Return standings without what was decided after a day."""
    return {
        contact_id: standing
        if standing.agreed is None or standing.agreed.decided_on <= day
        else standing._replace(state=ApplicationState.OPEN, agreed=None)
        for contact_id, standing in standings.items()
    }


class CreditStanding(NamedTuple):
    """How one contact stands: its application, and what was agreed."""

    contact_id: str
    state: ApplicationState
    agreed: AgreedCredit | None = None
    readings: tuple[CreditDatum, ...] = ()
    """What sources said of its score and of insolvency, in the order in which it was recorded."""

    def said_by(self, kind: DatumKind, day: date) -> list[CreditDatum]:
        """Return what sources had said of one kind by a day, the oldest first.

        What was recorded last of one source and day is what it said: the rest was corrected.
        """
        newest: dict[tuple[date, str], CreditDatum] = {}
        for datum in self.readings:
            if datum.kind is kind and datum.as_of <= day:
                day_and_source = datum.as_of, datum.source.casefold()
                # Taken out first: a correction comes after what others said before it.
                newest.pop(day_and_source, None)
                newest[day_and_source] = datum
        return sorted(newest.values(), key=lambda datum: datum.as_of)
