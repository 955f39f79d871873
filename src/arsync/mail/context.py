"""What a letter can show: the values of one action and its customer, ready for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from arsync.core.actions import AccountLetterPayload, Action, InvoiceRef
from arsync.core.ledger.records import Account, Invoice, Organisation
from arsync.core.ledger.sanitising import cleaned
from arsync.mail.account_values import account_values
from arsync.mail.answer_values import answer_link
from arsync.mail.earlier_values import earlier_values
from arsync.mail.enclosed_words import enclosed_words
from arsync.mail.invoice_values import LetterInvoice, invoice_values, joined
from arsync.mail.language import Language
from arsync.mail.law_values import statutory_values
from arsync.mail.letter_facts import LetterFacts
from arsync.mail.party_values import customer_values, greeting_of, organisation_values
from arsync.mail.payment_values import AskedFor, pay_links, payment_values
from arsync.mail.plan_values import plan_values
from arsync.mail.statement_values import statement_values
from arsync.mail.taken_off import TakenOff, late_debts, taken_off_of

ANSWER_DAYS = 14
"""A formal letter gives the customer this many days to pay or answer."""

PAY_DAYS = 7
"""A reminder that names a day to pay by gives this many."""

_NOTHING_TOLD = LetterFacts()


def letter_context(
    action: Action,
    account: Account,
    organisation: Organisation,
    today: date,
    *,
    spoken: Language,
    facts: LetterFacts = _NOTHING_TOLD,
) -> dict[str, Any]:
    """Return the values a letter is rendered with, all of them ready for people.

    Args:
        action: names the invoices, with what is due on them.
        account: the customer's fresh records.
        organisation: the sender.
        today: the organisation's day.
        spoken: the letters' language.
        facts: what neither the action nor the records tell.
    """
    records = {invoice.id: invoice for invoice in account.invoices}
    taken_off = taken_off_of(action, account, organisation, today)
    contact = account.contact(action.contact_id)
    customer = customer_values(action, contact, organisation.country)
    table = invoice_values(action, records, taken_off, today, spoken, facts.links)
    asked_for = _asked_for(action, records, taken_off)
    link = facts.sender.payment_link
    table["invoices"] = _payable(table["invoices"], pay_links(asked_for, link, customer["number"]))
    debts = late_debts(account, taken_off)
    return {
        "customer": customer,
        "greeting": greeting_of(customer, spoken),
        "organisation": organisation_values(
            organisation, facts.sender, contact.country if contact else ""
        ),
        **table,
        **payment_values(
            asked_for,
            facts.sender,
            holder=cleaned(organisation.name),
            customer_number=customer["number"],
            spoken=spoken,
            country=organisation.country,
        ),
        "answer_link": answer_link(
            facts.answers_to, [line.number for line in asked_for], customer["number"], spoken
        ),
        **earlier_values(facts, action, account, spoken),
        **_days(today, spoken, _answer_days(action)),
        "step": action.step,
        "promised_on": _promised_on(action, account, spoken),
        "statutory": statutory_values(facts.law, action, debts, today, spoken),
        **plan_values(action, account, organisation, today, spoken),
        "notice_number": cleaned(facts.notice_number),
        "personal_line": cleaned(facts.personal_line),
        **_enclosed(facts, len(action.invoices), spoken),
        "terms": tuple(map(cleaned, facts.terms)),
        "about": account_values(facts.about, spoken),
        "statement": statement_values(facts.statement, spoken),
        "language": spoken.code,
        "words": dict(spoken.words),
    }


def _asked_for(
    action: Action, records: Mapping[str, Invoice], taken_off: TakenOff
) -> list[AskedFor]:
    """Return what is asked for on each invoice, net of all that is taken off."""

    def amount(ref: InvoiceRef) -> AskedFor:
        record = records.get(ref.id)
        due = taken_off.of(record).amount_due if record else ref.amount_due
        return AskedFor(cleaned(ref.number), due, record.currency if record else ref.currency)

    return [amount(ref) for ref in action.invoices]


def _payable(lines: Sequence[LetterInvoice], links: Sequence[str]) -> tuple[LetterInvoice, ...]:
    return tuple(line._replace(pay_link=link) for line, link in zip(lines, links, strict=False))


def _promised_on(action: Action, account: Account, spoken: Language) -> str:
    """Return the day of the newest promise about these invoices; empty where there is none."""
    invoice_ids = {ref.id for ref in action.invoices}
    promise = max(
        (promise for promise in account.promises if invoice_ids.intersection(promise.invoice_ids)),
        key=lambda promise: promise.made_on,
        default=None,
    )
    return spoken.day(promise.promised_on) if promise else ""


def _answer_days(action: Action) -> int:
    """Return how many days the letter gives: fewer where what follows comes sooner."""
    payload = action.payload
    occasion = payload.occasion if isinstance(payload, AccountLetterPayload) else None
    days = occasion.answer_days if occasion is not None else None
    return ANSWER_DAYS if days is None else days


def _days(today: date, spoken: Language, answer_days: int) -> dict[str, str]:
    return {
        "today": spoken.day(today),
        "answer_by": spoken.day(today + timedelta(answer_days)),
        "pay_by": spoken.day(today + timedelta(PAY_DAYS)),
    }


def _enclosed(facts: LetterFacts, invoices: int, spoken: Language) -> dict[str, Any]:
    """Return what goes along, in words; nothing that does not."""
    words = enclosed_words(facts.attachments, spoken.words, invoices=invoices)
    enclosed = [joined(words, spoken.and_word)]
    if facts.online_instead:
        numbers = joined([cleaned(number) for number in facts.online_instead], spoken.and_word)
        enclosed.append(f"{spoken.words['online_instead']}{spoken.words['colon']} {numbers}")
    return {
        "attachments": facts.attachments,
        "enclosed": "; ".join(filter(None, enclosed)),
    }
