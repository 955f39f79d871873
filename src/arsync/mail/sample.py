"""A made-up letter with everything that a letter can show, for trying out texts."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from arsync.core.actions import Action, Because, InvoiceRef, PlanNotice, ReminderPayload
from arsync.core.actions.notices import NUMBERED_TEXTS
from arsync.core.ledger.credit_kinds import CreditKind
from arsync.core.ledger.enclosures import Enclosure
from arsync.core.ledger.late_payment_law import (
    WHEN_LATE,
    FixedSum,
    LatePayment,
    Reference,
    half_year,
)
from arsync.core.ledger.records import (
    Account,
    Allocation,
    Contact,
    ContactStatus,
    Credit,
    Dispute,
    DocumentStatus,
    Instalment,
    Invoice,
    Organisation,
    Payment,
    PaymentPlan,
    PaymentStatus,
    Phone,
    Promise,
    SentStep,
)
from arsync.core.rulebook.terms_in_words import Speech, sample_terms
from arsync.mail.context import letter_context
from arsync.mail.language import Language
from arsync.mail.letter_facts import BankDetails, EarlierLetter, LetterFacts, SenderDetails
from arsync.mail.plan_values import plan_values
from arsync.mail.statement_values import sample_statement

DAY = date(2026, 11, 22)
"""The day of the sample."""

_ISSUED, _DUE = DAY - timedelta(44), DAY - timedelta(14)
_FIRST_LETTER, _SECOND_LETTER = DAY - timedelta(17), DAY - timedelta(7)
_PLAN_MADE = DAY - timedelta(30)
_PLAN_DAYS = (DAY - timedelta(20), DAY + timedelta(10), DAY + timedelta(40))
_TOTAL = Decimal(1940)
_INSTALMENT = Decimal(400)

SAMPLE_ORGANISATION = Organisation(
    "sample",
    "Example Ltd",
    "GBP",
    country="GB",
    legal_name="Example Limited",
    tax_number="GB 123 4567 89",
    registration_number="01234567",
)

MADE_UP_SENDER = SenderDetails(
    address=("1 High Street", "Leeds LS1 1AA"),
    phone="0113 496 0000",
    email="accounts@example.com",
    signed_by="Sam Lee, Credit control",
    bank=BankDetails(
        name="Example Bank",
        iban="GB29 NWBK 6016 1331 9268 19",
        bic="NWBKGB2L",
        sort_code="60-16-13",
        account_number="31926819",
    ),
    payment_link="https://pay.example.com/?ref={customer_number}&amount={amount}",
)
"""Of an organisation that has set nothing."""

_NOTHING_SET = SenderDetails()
_OF_SENDER = {
    "address": "the address",
    "phone": "the telephone number",
    "email": "the email address",
    "signed_by": "the signature",
    "bank": "the bank account",
    "payment_link": "the payment link",
}
"""What a letter shows of its sender, by field, in words."""


def sample_context(
    spoken: Language,
    text: str = "",
    *,
    sender: SenderDetails = _NOTHING_SET,
    organisation: Organisation = SAMPLE_ORGANISATION,
) -> dict[str, Any]:
    """Return the values of the sample: made as those of every letter are, from records.

    Args:
        spoken: the letters' language.
        text: whose sample it is, which then has no number that such a letter does not bear, and
            nothing is enclosed. Empty: everything at once.
        sender: what is set of the sender; what is not set is made up.
        organisation: the sender; its invoices are made up, and in the sample's currency.
    """
    facts = _facts(spoken, sample_sender(sender, organisation))
    organisation = organisation._replace(base_currency=SAMPLE_ORGANISATION.base_currency)
    if text:
        number = facts.notice_number if text in NUMBERED_TEXTS else ""
        facts = facts._replace(notice_number=number, attachments=())
    action, account = sample_action(), sample_account()
    context = letter_context(action, account, organisation, DAY, spoken=spoken, facts=facts)
    # No letter is about both; and what is in hand would be kept for the next instalment.
    paid_off = account._replace(
        invoices=(_invoice("i3", due=_PLAN_DAYS[-1], paid=400),),
        credits=(),
        payments=(_payment(),),
        payment_plans=(_plan(),),
    )
    return {**context, **plan_values(action, paid_off, organisation, DAY, spoken)}


def sample_sender(own: SenderDetails, organisation: Organisation) -> SenderDetails:
    """Return a sender's own details; what neither the settings nor the books have is made up."""
    return own._replace(
        address=own.address or (() if organisation.address else MADE_UP_SENDER.address),
        phone=own.phone or ("" if organisation.phone else MADE_UP_SENDER.phone),
        email=own.email or ("" if organisation.email else MADE_UP_SENDER.email),
        signed_by=own.signed_by or MADE_UP_SENDER.signed_by,
        # An account is shown as a whole: half of one would be nobody's.
        bank=own.bank if own.bank.is_set else MADE_UP_SENDER.bank,
        payment_link=own.payment_link or MADE_UP_SENDER.payment_link,
    )


def made_up_of_sender(own: SenderDetails, organisation: Organisation) -> tuple[str, ...]:
    """Return what a sample makes up of its sender, in words."""
    shown = sample_sender(own, organisation)
    return tuple(
        words for field, words in _OF_SENDER.items() if getattr(shown, field) != getattr(own, field)
    )


def sample_action() -> Action:
    """Return a second reminder, which is about a payment plan as well."""
    return Action(
        payload=ReminderPayload(about_plan=PlanNotice(1, 2, DAY + timedelta(13))),
        connection="sample",
        contact_id="c1",
        contact_name="Acme Ltd",
        because=Because("rules/standard.yaml", 1, "Standard cadence"),
        step="second reminder",
        invoices=(
            _ref("i1", asked=1500),
            _ref("i2", asked=1740, disputed=Decimal(200)),
        ),
    )


def _ref(invoice_id: str, *, asked: int, disputed: Decimal | None = None) -> InvoiceRef:
    return InvoiceRef(
        invoice_id,
        f"INV-{invoice_id.removeprefix('i')}",
        Decimal(asked),
        "GBP",
        days_overdue=(DAY - _DUE).days,
        document_amount_due=_TOTAL,
        disputed=disputed,
    )


def sample_account() -> Account:
    """Return a customer with a credit, a dispute and a broken promise."""
    contact = Contact(
        "c1",
        "Acme Ltd",
        ContactStatus.ACTIVE,
        email="accounts@acme.example",
        first_name="Jane",
        people=("Jane Hill",),
        phones=(Phone("020 7946 0018"),),
        address=("Unit 4", "22 Mill Lane", "Leeds LS2 7EJ"),
        customer_number="C-104",
    )
    return Account(
        (contact,),
        invoices=(_invoice("i1"), _invoice("i2")),
        credits=(_credit(),),
        promises=(Promise(("i1",), _SECOND_LETTER, None, _FIRST_LETTER),),
        disputes=(Dispute("i2", _SECOND_LETTER, "too dear", amount=Decimal(200), code="5"),),
        sent=tuple(
            SentStep(invoice_id, 1, "Standard cadence", 1, text, day, "")
            for invoice_id in ("i1", "i2")
            for text, day in (("upcoming", _FIRST_LETTER), ("first reminder", _SECOND_LETTER))
        ),
    )


def _invoice(invoice_id: str, *, due: date = _DUE, paid: int = 0) -> Invoice:
    return Invoice(
        invoice_id,
        "c1",
        f"INV-{invoice_id.removeprefix('i')}",
        DocumentStatus.OPEN,
        _ISSUED,
        due,
        "GBP",
        Decimal(1),
        _TOTAL,
        _TOTAL - paid,
        reference="Spring order",
        purchase_order="PO 77",
        link=f"https://example.com/INV-{invoice_id.removeprefix('i')}",
    )


def _credit() -> Credit:
    return Credit(
        "k1",
        "c1",
        CreditKind.CREDIT_NOTE,
        "CN-7",
        DocumentStatus.OPEN,
        DAY - timedelta(9),
        "GBP",
        Decimal(1),
        Decimal(440),
        Decimal(440),
    )


def _payment() -> Payment:
    first = _PLAN_DAYS[0]
    return Payment(
        "p1",
        "c1",
        PaymentStatus.ACTIVE,
        first,
        "GBP",
        Decimal(1),
        _INSTALMENT,
        Decimal(0),
        (Allocation("i3", _INSTALMENT, first),),
    )


def _plan() -> PaymentPlan:
    return PaymentPlan(
        1,
        "c1",
        ("i3",),
        "GBP",
        _PLAN_MADE,
        "Jo",
        tuple(Instalment(day, _INSTALMENT) for day in _PLAN_DAYS),
    )


def _facts(spoken: Language, sender: SenderDetails) -> LetterFacts:
    return LetterFacts(
        law=LatePayment(
            "Late Payment of Commercial Debts (Interest) Act 1998",
            "GBP",
            points=Decimal(8),
            counts=WHEN_LATE,
            rates=(Reference(half_year(_DUE), Decimal(4), "made up"),),
            compensation=(FixedSum(Decimal(0), Decimal(40)), FixedSum(Decimal(1000), Decimal(70))),
        ),
        sender=sender,
        earlier_letters=(
            EarlierLetter("upcoming", _FIRST_LETTER, "smtp"),
            EarlierLetter("first reminder", _SECOND_LETTER, "smtp"),
        ),
        answers_to="accounts@example.com",
        notice_number="N-12",
        attachments=tuple(Enclosure),
        terms=sample_terms(Speech(spoken.code, spoken.amount, spoken.number)),
        statement=sample_statement(DAY),
        about={
            "held_since": DAY,
            "limit_before": (Decimal(5000), "GBP"),
            "limit_after": (Decimal(2500), "GBP"),
            "agency": "Example Collections",
            "amount_paid": (_TOTAL, "GBP"),
            "paid_on": DAY,
            "applicant": "Northwind Traders Ltd",
            "reference_kind": "trade",
            "limit_asked": (Decimal(4000), "GBP"),
            "consented_on": _ISSUED,
            "asked_on": _FIRST_LETTER,
        },
    )
