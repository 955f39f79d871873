"""Payment terms against a policy: what terms mean for a due date, and whether two are the same."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta
from typing import NamedTuple

from arsync.core.ledger.payment_terms import PaymentTerm, TermsKind, read_terms

_IN_BOOKS = (
    (re.compile(r"(\d{1,3}) days? after the (?:invoice|bill) date"), "{} days"),
    (
        re.compile(r"(\d{1,3}) days? after the end of the (?:invoice|bill) month"),
        "{} days after the end of the month",
    ),
    # QuickBooks names its terms; these are the names that it brings along.
    (re.compile(r"net (\d{1,3})"), "{} days"),
    (re.compile(r"due on receipt"), "cash on delivery"),
)


class ExpectedTerms(NamedTuple):
    """The payment terms that a customer is to have, and what says so."""

    words: str
    """As the rulebook, or the decision about its credit, says them."""
    term: PaymentTerm
    rule: str
    file: str
    line: int
    proposes: bool = False
    """Whether a change of the terms in the books is proposed."""


def terms_of(words: str) -> PaymentTerm | None:
    """Return payment terms as a rulebook or an accounting system writes them; None: unreadable."""
    text = " ".join(words.split()).casefold()
    if not text:
        return None
    for pattern, form in _IN_BOOKS:
        if match := pattern.fullmatch(text):
            return read_terms(form.format(*match.groups()))
    term = read_terms(text)
    return term if term is None or term.kind is not TermsKind.NAMED else term._replace(name=text)


def same_terms(books: str, expected: PaymentTerm) -> bool | None:
    """Return whether the books have these terms; None where a name does not say what it means."""
    term = terms_of(books)
    if term is None:
        return None
    named = [each.kind is TermsKind.NAMED for each in (term, expected)]
    if any(named) and not all(named):
        return None
    return term == expected


def due_by_terms(issued_on: date, term: PaymentTerm) -> date | None:
    """Return when an invoice of a day is due; None where only a name is given."""
    if term.kind is TermsKind.NAMED:
        return None
    if term.kind is TermsKind.AFTER_INVOICE:
        return issued_on + timedelta(term.days)
    if term.kind is TermsKind.AFTER_MONTH:
        return _day_of(issued_on.year, issued_on.month, 31) + timedelta(term.days)
    if term.kind is TermsKind.CURRENT_MONTH:
        return _day_of(issued_on.year, issued_on.month, term.days)
    year, month = divmod(issued_on.year * 12 + issued_on.month, 12)
    return _day_of(year, month + 1, term.days)


def _day_of(year: int, month: int, day: int) -> date:
    """Return a day of a month; of a shorter month its last."""
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))
