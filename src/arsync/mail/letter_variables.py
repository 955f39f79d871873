"""Every value that a text can show, with its meaning: the page on letters is written from it."""

from __future__ import annotations

from typing import NamedTuple


class Variable(NamedTuple):
    """One value of a letter."""

    name: str
    """As a text writes it; of a list's members with the name of one of them: `invoice.number`."""
    meaning: str
    of: str = ""
    """The list that it is a member's of: `{% for invoice in invoices %}`."""


_V = Variable

_PARTIES = (
    _V("greeting", "how the letter begins, with the person's name where it is known"),
    _V("customer.name", "the customer's name"),
    _V("customer.first_name", "the first name of the person to speak to; may be empty"),
    _V("customer.person", "the name of the person to speak to; may be empty"),
    _V("customer.number", "the number under which you keep the customer; may be empty"),
    _V("customer.address", "the lines of the customer's address, without its name"),
    _V("customer.phone", "the customer's telephone number; may be empty"),
    _V("customer.email", "the customer's mail address; may be empty"),
    _V("organisation.name", "your name, as the accounting system has it"),
    _V("organisation.legal_name", "your registered name, where it differs; may be empty"),
    _V("organisation.address", "the lines of your address: `[letters] address`, else the books'"),
    _V("organisation.phone", "your telephone number: `[letters] phone`, else the books'"),
    _V("organisation.email", "your mail address: `[letters] email`, else the books'"),
    _V("organisation.tax_number", "your VAT or tax number, as the books have it; may be empty"),
    _V("organisation.registration_number", "your number in the register; may be empty"),
    _V("organisation.colour", "the colour of headings and lines: `[letters] colour`"),
    _V("organisation.colour_on_dark", "the same, light enough to be read on a dark ground"),
    _V("organisation.logo", "the source of your logo in HTML: `[letters] logo`; may be empty"),
    _V("organisation.logo_width", "its width there in pixels, as a number"),
    _V("organisation.logo_height", "its height, as a number"),
    _V("organisation.signed_by", "who writes: `[letters] signed_by`; may be empty"),
)

_INVOICES = (
    _V("invoices", "the invoices, 200 at most"),
    _V("invoice.number", "its number", "invoices"),
    _V("invoice.date", "when it was issued", "invoices"),
    _V("invoice.due_date", "when it is due", "invoices"),
    _V("invoice.amount_due", "what is due on the document", "invoices"),
    _V("invoice.net_amount_due", "what is asked for: less what is taken off", "invoices"),
    _V("invoice.total", "its total", "invoices"),
    _V("invoice.currency", "its currency", "invoices"),
    _V("invoice.days_overdue", "how many days past due it is, as a number", "invoices"),
    _V("invoice.overdue", "the same in words", "invoices"),
    _V("invoice.link", "where the customer sees it online; may be empty", "invoices"),
    _V("invoice.pay_link", "where it alone is paid online; may be empty", "invoices"),
    _V("invoice.reference", "the reference on it; may be empty", "invoices"),
    _V("invoice.purchase_order", "the customer's order number; may be empty", "invoices"),
    _V("invoice.step", "the step taken for it: `first reminder`", "invoices"),
    _V("invoice.disputed", "what of it is disputed and not asked for; may be empty", "invoices"),
    _V("invoice.dispute_reason", "why it is disputed; may be empty", "invoices"),
    _V("invoice.in_instalments", "what of it is left to agreed instalments", "invoices"),
    _V("more_invoices", "how many invoices are not listed, as a number"),
    _V("invoice_numbers", "their numbers, for a sentence"),
    _V("credits", "credit notes and payments that are taken off"),
    _V("credit.kind", "what it is, in words", "credits"),
    _V("credit.number", "its number; may be empty", "credits"),
    _V("credit.date", "its day", "credits"),
    _V("credit.amount", "as much of it as is taken off here", "credits"),
    _V("total", "what is asked for in all, with `and` between currencies"),
    _V("totals", "the same, a list with one amount for each currency"),
    _V("gross_total", "what is due on the documents in all, before anything is taken off"),
    _V("gross_totals", "the same, a list"),
    _V("disputed_total", "what is disputed and not asked for; may be empty"),
    _V("disputed_totals", "the same, a list"),
    _V("instalment_totals", "what is left to agreed instalments, a list"),
    _V("oldest_days_overdue", "how many days the oldest invoice is past due, as a number"),
    _V("oldest_overdue", "the same in words"),
)

_PAYING = (
    _V("pay_by", "the day by which a reminder asks for payment: 7 days from today"),
    _V("answer_by", "the day by which a formal letter asks for payment: 14 days from today"),
    _V("payment_reference", "what the customer is to quote"),
    _V("payment_link", "where the customer pays online: `[letters] payment_link`; may be empty"),
    _V("bank", "your account, from `[letters]`; empty where it is not set"),
    _V("bank.holder", "its holder"),
    _V("bank.name", "the bank's name; may be empty"),
    _V("bank.iban", "its IBAN, in groups of four; may be empty"),
    _V("bank.bic", "the bank's BIC; may be empty"),
    _V("bank.sort_code", "the bank's sort code; may be empty"),
    _V("bank.account_number", "its number; may be empty"),
    _V("bank_lines", "the account for a list: what is set, with its words"),
    _V("bank_line.label", "what it is", "bank_lines"),
    _V("bank_line.value", "its value", "bank_lines"),
)

_HISTORY = (
    _V("today", "the day of the letter"),
    _V("step", "the step of the letter"),
    _V("earlier_letters", "the letters about these invoices that the customer had before"),
    _V("earlier.name", "its text", "earlier_letters"),
    _V("earlier.day", "when it left", "earlier_letters"),
    _V("earlier.via", "by which way", "earlier_letters"),
    _V("earlier_reminders", "how many of them were reminders, as a number"),
    _V("last_letter_on", "the day of the last of them; empty when there is none"),
    _V("promised_on", "the day for which payment was promised; may be empty"),
    _V("answer_link", "a mail to you about these invoices; empty where no address is set"),
    _V("notice_number", "the running number of a formal letter; may be empty"),
    _V("personal_line", "what a person added to this letter; stands above the text by itself"),
    _V("attachments", "what goes along, a list: `invoice`, `letter`, `statement`"),
    _V("enclosed", "the same in words; empty when nothing does"),
    _V("statutory", "what the law gives for late payment; empty unless all of it is known"),
    _V("statutory.law", "the law's name"),
    _V("statutory.interest", "the interest up to today"),
    _V("statutory.compensation", "the fixed sum"),
    _V("statutory.total", "both together"),
)

_ACCOUNT = (
    _V("terms", "what happens when somebody pays late, a list of sentences"),
    _V("about.held_since", "since when the account is on hold; may be empty"),
    _V("about.limit_before", "the credit limit before; may be empty"),
    _V("about.limit_after", "the credit limit now; may be empty"),
    _V("about.agency", "to whom the debt is handed over; may be empty"),
    _V("about.amount_paid", "what was paid; may be empty"),
    _V("about.paid_on", "when it was paid; may be empty"),
    _V("about.applicant", "in a letter to a reference: who applied for credit; may be empty"),
    _V("about.reference_kind", "in a letter to a reference: `trade` or `bank`; may be empty"),
    _V("about.limit_asked", "the limit that the applicant asks for; may be empty"),
    _V("about.consented_on", "when the applicant agreed that it is asked; may be empty"),
    _V("about.asked_on", "in a reminder to a reference: when it was asked; may be empty"),
    _V("plan", "the payment plan of a letter about one; empty in others"),
    _V("plan.made_on", "when it was agreed"),
    _V("plan.total", "what it comes to"),
    _V("plan.invoices", "the numbers of its invoices"),
    _V("schedule", "the plan's instalments"),
    _V("line.number", "its number, from 1", "schedule"),
    _V("line.due_date", "when it is due", "schedule"),
    _V("line.amount", "what is still to come of it; as agreed once it has come", "schedule"),
    _V("line.is_received", "whether it has come", "schedule"),
    _V("line.in_time_until", "always empty here", "schedule"),
    _V("instalment", "the instalment that the letter is about; empty in others"),
    _V("instalment.number", "its number, from 1"),
    _V("instalment.due_date", "when it is due"),
    _V("instalment.amount", "what is still to come of it"),
    _V("instalment.is_received", "whether it has come"),
    _V("instalment.in_time_until", "the last day on which it comes in time"),
)

_STATEMENT = (
    _V("statement", "the statement of account; empty in other letters"),
    _V("statement.kind", "`open items` or `activity`"),
    _V("statement.since", "the first day of an activity; may be empty"),
    _V("statement.until", "the day of the statement"),
    _V("statement.sections", "one for each currency"),
    _V("section.currency", "its currency", "statement.sections"),
    _V("section.opening_balance", "the balance at the beginning", "statement.sections"),
    _V("section.closing_balance", "the balance at the end", "statement.sections"),
    _V(
        "section.in_credit", "whether the balance is in the customer's favour", "statement.sections"
    ),
    _V("section.overdue", "what is overdue; empty when nothing is", "statement.sections"),
    _V("section.not_due", "what is not due yet; empty when nothing is", "statement.sections"),
    _V("section.lines", "its documents", "statement.sections"),
    _V("section.credits", "money in hand, with the same values as a line", "statement.sections"),
    _V("line.date", "the document's day", "section.lines"),
    _V("line.due_date", "when it is due; may be empty", "section.lines"),
    _V("line.kind", "what it is, in words", "section.lines"),
    _V("line.number", "its number; may be empty", "section.lines"),
    _V("line.reference", "its reference; may be empty", "section.lines"),
    _V("line.amount", "its amount; below zero for credits and payments", "section.lines"),
    _V("line.balance", "what is left of it; in an activity the balance after it", "section.lines"),
    _V("line.days_overdue", "how many days past due, as a number", "section.lines"),
    _V("line.overdue", "the same in words; may be empty", "section.lines"),
    _V("line.remark", "what of it is disputed or in instalments; may be empty", "section.lines"),
    _V("section.ageing", "what is owed by age", "statement.sections"),
    _V("band.bucket", "the age, in words", "section.ageing"),
    _V("band.amount", "what is owed of that age", "section.ageing"),
)

_LANGUAGE = (
    _V("language", "the code of the letter's language"),
    _V("words", "words of the language: `words.regards`, `words.invoice`, `words.total`"),
)

VARIABLE_GROUPS = {
    "The two parties": _PARTIES,
    "The invoices and the sums": _INVOICES,
    "Paying": _PAYING,
    "The letter and those before it": _HISTORY,
    "The account, a payment plan": _ACCOUNT,
    "A statement of account": _STATEMENT,
    "The language": _LANGUAGE,
}
"""The values by what they are about; a test holds them to what letters are given."""

VARIABLES = tuple(variable for group in VARIABLE_GROUPS.values() for variable in group)
