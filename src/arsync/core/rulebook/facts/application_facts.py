"""The facts of applications for credit: what rules of `acceptance` ask for, besides the customer's.

What nobody learnt is unknown, and never counts as bad: a rule that minds says `unknown`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from arsync.core.ledger.agreements.credit_applications import (
    CreditApplication,
    DatumKind,
    ReferenceAnswer,
    is_insolvent,
    sources_in_words,
    words_of_sources,
)
from arsync.core.ledger.payment_terms import TermsKind, read_terms
from arsync.core.rulebook.facts.field import FROM_0, FactKind, Field, Value
from arsync.core.rulebook.facts.movement import STILL

SCOPE = "application"
"""What these facts are of; in a condition they stand where an invoice's would."""


class ApplicationOnDay(NamedTuple):
    """An application on one day, as facts are computed from it."""

    application: CreditApplication
    today: date
    currency: str
    """The rulebook's: an amount in another one is unknown."""


def _told(view: ApplicationOnDay, kind: DatumKind) -> str | None:
    datum = view.application.newest(kind)
    return None if datum is None else datum.value


def _score(view: ApplicationOnDay) -> Value:
    text = _told(view, DatumKind.SCORE) or ""
    return int(text) if text.isdecimal() else None


def _days_since_score(view: ApplicationOnDay) -> Value:
    datum = view.application.newest(DatumKind.SCORE)
    return None if datum is None else max((view.today - datum.as_of).days, 0)


def _insolvency(view: ApplicationOnDay) -> Value:
    return is_insolvent(words_of_sources(view.application.data, DatumKind.INSOLVENCY))


def _insolvency_sources(view: ApplicationOnDay) -> str:
    return sources_in_words(words_of_sources(view.application.data, DatumKind.INSOLVENCY))


def _source_of(kind: DatumKind) -> Callable[[ApplicationOnDay], str]:
    """Return what says whose word counts: the newest."""

    def told(view: ApplicationOnDay) -> str:
        datum = view.application.newest(kind)
        return "" if datum is None else sources_in_words([datum])

    return told


def _vat_number_valid(view: ApplicationOnDay) -> Value:
    return {"yes": True, "no": False}.get(_told(view, DatumKind.VAT_VALID) or "")


def _folded(text: str | None) -> Value:
    return text.casefold() if text else None


def _limit_asked(view: ApplicationOnDay) -> Value:
    application = view.application
    return application.limit_asked if application.currency == view.currency else None


def _terms_days(view: ApplicationOnDay) -> Value:
    words = view.application.terms_asked
    terms = read_terms(words) if words else None
    return terms.days if terms is not None and terms.kind is TermsKind.AFTER_INVOICE else None


def _years_trading(view: ApplicationOnDay) -> Value:
    since = view.application.trading_since or _day(_told(view, DatumKind.INCORPORATED_ON))
    if since is None or since > view.today:
        return None
    today = view.today
    return today.year - since.year - ((today.month, today.day) < (since.month, since.day))


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _country(view: ApplicationOnDay) -> Value:
    return _folded(view.application.country or _told(view, DatumKind.COUNTRY))


def _signed_version(view: ApplicationOnDay) -> Value:
    signed = view.application.signed
    return None if signed is None else _folded(signed.version)


def _days_since_signed(view: ApplicationOnDay) -> Value:
    signed = view.application.signed
    return None if signed is None else max((view.today - signed.signed_on).days, 0)


def _answers(view: ApplicationOnDay, *wanted: ReferenceAnswer) -> int:
    return sum(reference.answer in wanted for reference in view.application.references)


_OUTSIDE = "the newest that a source outside said, or a person recorded"
_RECORDED = "the application"

APPLICATION_FACTS: tuple[Field, ...] = (
    Field(
        "score",
        SCOPE,
        FactKind.COUNT,
        "its credit score; what is good depends on the source",
        _OUTSIDE,
        _score,
        phrase="a score of {}",
        bounds=FROM_0,
        moves=STILL,
        unknown="no source told a score",
        sources=_source_of(DatumKind.SCORE),
        example="{at_least: 70}",
    ),
    Field(
        "days_since_score",
        SCOPE,
        FactKind.DAYS,
        "days since the day of that score",
        _OUTSIDE,
        _days_since_score,
        phrase="a score {} old",
        bounds=FROM_0,
        moves=STILL,
        unknown="no source told a score",
        sources=_source_of(DatumKind.SCORE),
        example="{at_most: 90}",
    ),
    Field(
        "rating",
        SCOPE,
        FactKind.TEXT,
        "its rating, in the words of the source",
        _OUTSIDE,
        lambda s: _folded(_told(s, DatumKind.RATING)),
        phrase="rating {}",
        moves=STILL,
        unknown="no source told a rating",
        sources=_source_of(DatumKind.RATING),
        example="[A, B]",
    ),
    Field(
        "insolvency",
        SCOPE,
        FactKind.YES_NO,
        "whether a source reports that it is insolvent, by the newest word of each",
        _OUTSIDE,
        _insolvency,
        phrase="insolvent|not insolvent",
        moves=STILL,
        unknown="no source told",
        sources=_insolvency_sources,
        example="yes",
    ),
    Field(
        "vat_number_valid",
        SCOPE,
        FactKind.YES_NO,
        "whether VIES, or another register of VAT numbers, knows its VAT number",
        _OUTSIDE,
        _vat_number_valid,
        phrase="its VAT number is valid|its VAT number is not valid",
        moves=STILL,
        unknown="nobody recorded what the register answered",
        example="yes",
    ),
    Field(
        "company_status",
        SCOPE,
        FactKind.TEXT,
        "its status in the register, in the register's words",
        _OUTSIDE,
        lambda s: _folded(_told(s, DatumKind.STATUS)),
        phrase="{} in the register",
        moves=STILL,
        unknown="no register was asked",
        sources=_source_of(DatumKind.STATUS),
        example="active",
    ),
    Field(
        "years_trading",
        SCOPE,
        FactKind.COUNT,
        "whole years since it began to trade, or was incorporated",
        "the application, or a register",
        _years_trading,
        phrase="{} year of trading|{} years of trading",
        bounds=FROM_0,
        moves=STILL,
        unknown="nobody said since when it trades",
        example="{at_least: 2}",
    ),
    Field(
        "country",
        SCOPE,
        FactKind.TEXT,
        "two letters, as in GB",
        "the application, or a register",
        _country,
        phrase="country {}",
        moves=STILL,
        unknown="nobody said",
        example="GB",
    ),
    Field(
        "registration_number",
        SCOPE,
        FactKind.TEXT,
        "its number in the register",
        _RECORDED,
        lambda s: _folded(s.application.registration_number),
        phrase="registered as {}",
        moves=STILL,
        unknown="nobody said",
        example="known",
    ),
    Field(
        "vat_number",
        SCOPE,
        FactKind.TEXT,
        "its VAT number",
        _RECORDED,
        lambda s: _folded(s.application.vat_number),
        phrase="VAT number {}",
        moves=STILL,
        unknown="nobody said",
        example="known",
    ),
    Field(
        "limit_asked",
        SCOPE,
        FactKind.AMOUNT,
        "the credit limit that it asks for",
        _RECORDED,
        _limit_asked,
        phrase="{} asked for",
        bounds=FROM_0,
        moves=STILL,
        unknown="no limit was asked for, or one in another currency",
        example="{at_most: 5000}",
    ),
    Field(
        "terms_days_asked",
        SCOPE,
        FactKind.DAYS,
        "the payment terms that it asks for, in days after the invoice; 0 for cash on delivery",
        _RECORDED,
        _terms_days,
        phrase="{} asked for",
        bounds=FROM_0,
        moves=STILL,
        unknown="no terms were asked for, or others than days after the invoice",
        example="{at_most: 30}",
    ),
    Field(
        "signed_terms",
        SCOPE,
        FactKind.YES_NO,
        "whether it signed the terms of trade",
        _RECORDED,
        lambda s: s.application.signed is not None,
        phrase="terms of trade signed|terms of trade not signed",
        moves=STILL,
        example="yes",
    ),
    Field(
        "signed_version",
        SCOPE,
        FactKind.TEXT,
        "the version of the terms of trade that it signed",
        _RECORDED,
        _signed_version,
        phrase="version {} of the terms signed",
        moves=STILL,
        unknown="it signed none, or nobody said which",
        example="2026",
    ),
    Field(
        "days_since_signed",
        SCOPE,
        FactKind.DAYS,
        "days since it signed the terms of trade",
        _RECORDED,
        _days_since_signed,
        phrase="terms signed {} ago",
        bounds=FROM_0,
        moves=STILL,
        unknown="it signed none",
        example="{at_most: 730}",
    ),
    Field(
        "references",
        SCOPE,
        FactKind.COUNT,
        "bank and trade references that it names",
        "its references",
        lambda s: len(s.application.references),
        phrase="{} reference|{} references",
        bounds=FROM_0,
        moves=STILL,
        example="{at_least: 2}",
    ),
    Field(
        "references_answered",
        SCOPE,
        FactKind.COUNT,
        "references that were answered, whatever they say",
        "its references",
        lambda s: _answers(s, *ReferenceAnswer),
        phrase="{} reference answered|{} references answered",
        bounds=FROM_0,
        moves=STILL,
        example="{at_least: 2}",
    ),
    Field(
        "references_good",
        SCOPE,
        FactKind.COUNT,
        "references that speak well of it",
        "its references",
        lambda s: _answers(s, ReferenceAnswer.GOOD),
        phrase="{} good reference|{} good references",
        bounds=FROM_0,
        moves=STILL,
        example="{at_least: 2}",
    ),
    Field(
        "references_bad",
        SCOPE,
        FactKind.COUNT,
        "references that speak ill of it, or only half well",
        "its references",
        lambda s: _answers(s, ReferenceAnswer.BAD, ReferenceAnswer.MIXED),
        phrase="{} bad reference|{} bad references",
        bounds=FROM_0,
        moves=STILL,
        example="{at_least: 1}",
    ),
    Field(
        "in_ledger",
        SCOPE,
        FactKind.YES_NO,
        "whether it is a customer of the ledger already",
        "the application",
        lambda s: bool(s.application.contact_id),
        phrase="a customer already|no customer yet",
        moves=STILL,
        example="no",
    ),
)
