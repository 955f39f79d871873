"""Facts by which customers are watched: what `alerts` ask for most, and any other rule may."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from arsync.core.ledger.account_view import ContactView
from arsync.core.ledger.agreements.credit_applications import (
    CreditDatum,
    CreditStanding,
    DatumKind,
    is_insolvent,
    sources_in_words,
    words_of_sources,
)
from arsync.core.ledger.likely_queries import (
    EARLIER_MIN as COMPARED_MIN,
)
from arsync.core.ledger.likely_queries import (
    earlier_ones,
    has_other_terms,
    lacks_reference,
    terms_days,
)
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.payment_pace import (
    EARLIER_DAYS,
    EARLIER_MIN,
    RECENT_DAYS,
    RECENT_MIN,
    change_in_days,
    settled_lately,
)
from arsync.core.ledger.records import Invoice
from arsync.core.ledger.terms_policy import due_by_terms, same_terms
from arsync.core.rulebook.facts.contact_figures import OVER_ZERO_LIMIT_PERCENT, percent
from arsync.core.rulebook.facts.field import (
    ANY_NUMBER,
    FROM_0,
    PERCENTAGE,
    FactKind,
    Field,
    Value,
)
from arsync.core.rulebook.facts.movement import (
    NEVER,
    STILL,
    CountsDown,
    MovesWithLedger,
    OnDays,
    days_later,
    given_limit_ends,
)


def limit_used_percent(view: ContactView) -> Value:
    """Return the exposure in percent of the credit limit; 0 with nothing owed, or no limit."""
    if view.limit.is_unlimited:
        return ZERO
    limit, exposure = view.limit.amount, view.account_view.exposure
    if limit is None or exposure is None:
        return None
    if exposure <= 0:
        return ZERO
    return percent(exposure, limit) if limit else OVER_ZERO_LIMIT_PERCENT


def days_to_pay_change(view: ContactView) -> Value:
    """Return by how many days the customer pays slower than before; see `payment_pace`."""
    account_view = view.account_view
    own = (invoice for invoice in account_view.account.invoices if view.counts(invoice.contact_id))
    return change_in_days(settled_lately(own, account_view.today))


def next_pace_change(view: ContactView, _: object) -> date:
    """Return the day on which a settled invoice becomes an earlier one, or too old."""
    today = view.account_view.today
    days = (
        days_later(invoice.paid_on, after)
        for invoice in view.account_view.account.invoices
        if invoice.paid_on is not None
        for after in (RECENT_DAYS, RECENT_DAYS + EARLIER_DAYS)
    )
    return min((day for day in days if day > today), default=NEVER)


def days_until_insurance_ends(view: ContactView) -> Value:
    """Return the days until the insurer covers nothing more, below 0 after it."""
    day = view.agreed.insured_until
    return None if day is None else (day - view.account_view.today).days


CONCENTRATION = "concentration_percent"


def concentration_percent(view: ContactView) -> Value:
    """Return the customer's share of all that is due; 0 where it owes nothing."""
    return share_of(view, view.account_view.ledger_due)


def share_of(view: ContactView, ledger_due: Decimal | None) -> Value:
    """Return the share of a sum that what is due of the customer is; 0 where it owes nothing."""
    due = view.documents_due
    if due == ZERO:
        return ZERO
    if due is None or not ledger_due:
        return None
    # What was paid since it was counted can make a share of more than all of it.
    return min(percent(due, ledger_due), Decimal(100))


def _standing(view: ContactView) -> CreditStanding | None:
    return view.account_view.account.credit_of(view.contact.id)


def _same_source(datum: CreditDatum, newest: CreditDatum) -> bool:
    return datum.source.casefold() == newest.source.casefold()


def score_change(view: ContactView) -> Value:
    """Return by how much the customer's newest score differs from the one before it."""
    return score_change_said(_standing(view), view.account_view.today)


def newest_score(standing: CreditStanding | None, today: date) -> Value:
    """Return the newest score; None: no source told one."""
    scores = standing.said_by(DatumKind.SCORE, today) if standing else []
    return int(scores[-1].value) if scores and scores[-1].value.isdecimal() else None


def score_change_said(standing: CreditStanding | None, today: date) -> Value:
    """Return by how much the newest score differs from the one before it of the same source."""
    if standing is None:
        return None
    scores = standing.said_by(DatumKind.SCORE, today)
    if not scores:
        return None
    newest = scores[-1]
    before = [
        score for score in scores if _same_source(score, newest) and score.as_of < newest.as_of
    ]
    if not before or not (newest.value.isdecimal() and before[-1].value.isdecimal()):
        return None
    return int(newest.value) - int(before[-1].value)


def _told_of_score(view: ContactView) -> str:
    standing, day = _standing(view), view.account_view.today
    scores = standing.said_by(DatumKind.SCORE, day) if standing else []
    of_source = [score for score in scores if _same_source(score, scores[-1])]
    return sources_in_words(of_source[-2:])


def insolvency(view: ContactView) -> Value:
    """Return whether a source reports that the customer is insolvent; see `is_insolvent`."""
    return is_insolvent(_words_of_insolvency(view))


def _words_of_insolvency(view: ContactView) -> list[CreditDatum]:
    return _insolvency_words(_standing(view), view.account_view.today)


def insolvency_said(standing: CreditStanding | None, today: date) -> Value:
    """Return whether a source reports an insolvency; see `is_insolvent`."""
    return is_insolvent(_insolvency_words(standing, today))


def _insolvency_words(standing: CreditStanding | None, today: date) -> list[CreditDatum]:
    readings = standing.readings if standing else ()
    return words_of_sources(readings, DatumKind.INSOLVENCY, today)


def next_credit_datum(view: ContactView, _: object) -> date:
    """Return the day of the next thing that a source said: on a past day it was still to come."""
    standing, today = _standing(view), view.account_view.today
    days = (datum.as_of for datum in (standing.readings if standing else ()) if datum.as_of > today)
    return min(days, default=NEVER)


AGAINST_POLICY = "terms_against_policy"


def terms_against_policy(view: ContactView) -> Value:
    """Return whether the books have other payment terms than the policy; None: nobody can say."""
    expected = view.expected_terms
    same = None if expected is None else same_terms(view.contact.terms, expected.term)
    return None if same is None else not same


def due_against_policy(view: ContactView, invoice: Invoice) -> Value:
    """Return whether an invoice is due on another day than the policy says."""
    expected = view.expected_terms
    due = None if expected is None else due_by_terms(invoice.issued_on, expected.term)
    return None if due is None else invoice.due_on != due


def reference_missing(view: ContactView, invoice: Invoice) -> Value:
    """Return whether it lacks the reference that all earlier invoices of the customer had."""
    return lacks_reference(invoice, _earlier(view, invoice))


def terms_differ(view: ContactView, invoice: Invoice) -> Value:
    """Return whether it is due after other days than all earlier invoices of the customer."""
    return has_other_terms(invoice, _earlier(view, invoice))


def _earlier(view: ContactView, invoice: Invoice) -> list[Invoice]:
    return earlier_ones(invoice, view.account_view.account.invoices)


CONTACT_WATCHING: tuple[Field, ...] = (
    Field(
        CONCENTRATION,
        "contact",
        FactKind.PERCENT,
        "its share of what is due on all open invoices of the ledger, no unapplied cash taken off",
        "open invoices of the whole ledger, on the day",
        concentration_percent,
        phrase="{} of all that is owed",
        is_tolerated=True,
        bounds=PERCENTAGE,
        moves=MovesWithLedger(share_of),
        unknown="an exchange rate was not recorded",
        example="{at_least: 20}",
    ),
    Field(
        "score_change",
        "contact",
        FactKind.COUNT,
        "by how much its newest credit score differs from the one before it of the same source;"
        " below 0 when it fell",
        "data of its applications for credit",
        score_change,
        phrase="the credit score changed by {}",
        bounds=ANY_NUMBER,
        moves=OnDays(next_credit_datum),
        unknown="no source told two scores",
        sources=_told_of_score,
        example="{at_most: -10}",
    ),
    Field(
        "insolvency",
        "contact",
        FactKind.YES_NO,
        "whether a source reports that it is insolvent, by the newest word of each",
        "data of its applications for credit",
        insolvency,
        phrase="insolvent|not insolvent",
        moves=OnDays(next_credit_datum),
        unknown="no source told",
        sources=lambda s: sources_in_words(_words_of_insolvency(s)),
        example="yes",
    ),
    Field(
        "limit_used_percent",
        "contact",
        FactKind.PERCENT,
        "how much of the credit limit the exposure takes up, above 100 when over it",
        "credit limit and exposure",
        limit_used_percent,
        phrase="{} of the limit of {credit_limit} used",
        is_tolerated=True,
        bounds=FROM_0,
        moves=OnDays(given_limit_ends),
        unknown="the credit limit or the exposure is unknown",
        example="{at_least: 90}",
        needs_limit=True,
    ),
    Field(
        "days_to_pay_change",
        "contact",
        FactKind.DAYS,
        f"by how many days later than before it pays: the median of days after the due date of"
        f" invoices settled in the last {RECENT_DAYS} days against the {EARLIER_DAYS} before; 0"
        " when it is no more than chance or one invoice",
        "invoices paid in full",
        days_to_pay_change,
        phrase="it pays {} later than before",
        bounds=ANY_NUMBER,
        moves=OnDays(next_pace_change),
        unknown=f"fewer than {RECENT_MIN} invoices were settled lately, or than {EARLIER_MIN}"
        " before",
        example="{more_than: 10}",
    ),
    Field(
        AGAINST_POLICY,
        "contact",
        FactKind.YES_NO,
        "whether its payment terms in the books are others than agreed, or than terms says",
        "terms of the rulebook, and the customer's record",
        terms_against_policy,
        phrase="other payment terms than the policy|payment terms as the policy says",
        moves=STILL,
        unknown="no rule of terms applies, or the terms in the books are not known",
        example="yes",
    ),
    Field(
        "days_until_insurance_ends",
        "contact",
        FactKind.DAYS,
        "days until insured_until; negative when it has passed",
        "customers of the rulebook",
        days_until_insurance_ends,
        phrase="{} until the credit insurance ends",
        bounds=ANY_NUMBER,
        moves=CountsDown(lambda s, _: s.agreed.insured_until),
        unknown="no end of the insurance was set",
        example="{at_most: 30}",
    ),
)

INVOICE_WATCHING: tuple[Field, ...] = (
    Field(
        "reference_missing",
        "invoice",
        FactKind.YES_NO,
        "whether it has no reference though all of the customer's invoices of the year before had",
        "the invoice and those before it",
        reference_missing,
        phrase="the reference is missing, which earlier invoices had|no reference is missing",
        moves=STILL,
        unknown=f"it has none, and fewer than {COMPARED_MIN} invoices came before it",
        example="yes",
    ),
    Field(
        "terms_days",
        "invoice",
        FactKind.DAYS,
        "days from its issue to its due date",
        "the invoice",
        lambda _, i: terms_days(i),
        phrase="due {} after its issue",
        is_tolerated=True,
        bounds=ANY_NUMBER,
        moves=STILL,
        example="{more_than: 30}",
    ),
    Field(
        "due_against_policy",
        "invoice",
        FactKind.YES_NO,
        "whether it is due on another day than agreed, or than terms says",
        "terms of the rulebook, and the invoice",
        due_against_policy,
        phrase="due on another day than the policy says|due as the policy says",
        moves=STILL,
        unknown="no rule of terms applies, or its terms are only a name",
        example="yes",
    ),
    Field(
        "terms_differ",
        "invoice",
        FactKind.YES_NO,
        "whether it is due after other days than all of the customer's invoices of the year before",
        "the invoice and those before it",
        terms_differ,
        phrase="due after other days than earlier invoices|due as earlier invoices",
        moves=STILL,
        unknown=f"fewer than {COMPARED_MIN} invoices came before it",
        example="yes",
    ),
)
