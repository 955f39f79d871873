"""Hints: what people call things, and the words and the form that a rulebook has for them.

Unknown words are compared with the words of their place by spelling; that leads `emials` to
`emails`, and `customer` astray. What people say for a thing stands here, by the place where they
write it. Each example is accepted where its hint stands: a test reads them all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class Spot(StrEnum):
    """Where a word stands: the label by which problems name a block."""

    RULEBOOK = "the rulebook"
    CONDITION = "a condition"
    INVOICE_CONDITION = "a condition on invoices"
    APPLICATION_CONDITION = "a condition on applications"
    COMPARISON = "a comparison"
    LEAVE_ALONE = "a rule of leave_alone"
    CREDIT_LIMIT = "a rule of credit_limits"
    CREDIT_HOLD = "a rule of credit_holds"
    FOLLOW_UP = "a rule of follow_ups"
    CHARGE = "a rule of charges"
    DISCOUNT = "a rule of discounts"
    PLACEMENT = "a rule of placements"
    WRITE_OFF = "a rule of write_offs"
    TERMS = "a rule of terms"
    ACCEPTANCE = "a rule of acceptance"
    ALERT = "a rule of alerts"
    SUPPLIER_ALERT = "a rule of supplier_alerts"
    CADENCE = "a cadence"
    STEP = "a step"
    CUSTOMER = "a customer"
    SENDING = "'sending'"
    SAFETY = "'safety'"
    APPROVAL = "'approval'"
    PAYMENT_PLANS = "'payment_plans'"
    STATEMENT = "a rule of statements"
    AFTER_ISSUE = "a rule of after_issue"
    THANK_YOU = "'thank_you'"
    ANNOUNCEMENTS = "'announcements'"
    GOALS = "'goals'"
    PAYABLES = "'payables'"
    PROVISION = "'provision'"


class Guess(NamedTuple):
    """What leads from a word that people use to the one that is meant."""

    advice: str
    """In words; empty where the example says it all."""
    example: str = ""
    """What can be written in that place; empty where nothing there does it."""

    @property
    def hint(self) -> str:
        """Return it as a hint."""
        if not self.example:
            return self.advice
        return f"{self.advice}: {self.example}" if self.advice else f"write {self.example}"


_Table = dict[str, Guess]


def _table(*rows: tuple[str, Guess]) -> _Table:
    """Return guesses by word; each row holds the words for one thing."""
    return {word: guess for words, guess in rows for word in words.split()}


def _write(example: str) -> Guess:
    return Guess("", example)


# -- what no rulebook says ----------------------------------------------------------------------

_ELSEWHERE = _table(
    (
        "cc copy copies",
        Guess("a copy that shows stands under 'sending: cc:', or in a step"),
    ),
    (
        "bcc copy_to blind_copy",
        Guess("a copy that does not show stands under 'sending: copy_to:', or in a step"),
    ),
    (
        "to email_to send_to address phone_number recipient recipients",
        Guess("it is the contact's, in the accounting system; others stand under 'sending: cc:'"),
    ),
    (
        "sender from sender_address from_address",
        Guess("from whom letters go stands under 'sending: sender:'"),
    ),
    (
        "reply_to signature",
        Guess("no word of a rulebook: see [smtp] and [letters] in config.toml"),
    ),
    (
        "time_zone timezone zone",
        Guess("no word of a rulebook: it is [runs] time_zone in config.toml"),
    ),
)

# -- conditions -----------------------------------------------------------------------------------

_EITHER = "any: [{tag: legal}, {overdue_amount: {at_least: 500}}]"
_BOTH = "{tag: legal, overdue_amount: {at_least: 500}}"

_CONDITION = _table(
    ("or either one_of any_of in", Guess("one of them is enough with any", _EITHER)),
    (
        "and all both all_of every if when where",
        Guess("lines of one block must all hold, with no word for it", "tag: legal"),
    ),
    ("none except no without exclude but_not", Guess("the opposite is", "not: {tag: legal}")),
    ("customer client customers name company debtor", _write("contact: Ridgeway University")),
    (
        "branch region segment type category customer_type office",
        Guess("the accounting system's groups or types of customers are", "contact_group: Leeds"),
    ),
    (
        "vip key_account label tags flag",
        Guess("give the tag under 'customers:', and ask for it with", "tag: vip"),
    ),
    ("query status disputed in_dispute complaint", _write("dispute: open")),
    ("promise promised ptp", _write("promise_to_pay: open")),
    (
        "days age days_late overdue_days days_past_due overdue",
        _write("oldest_days_overdue: {at_least: 60}"),
    ),
    (
        "amount debt owed owes outstanding amount_overdue",
        _write("overdue_amount: {at_least: 1000}"),
    ),
    ("slow_payer pays_late late_payer", _write("average_days_late: {more_than: 14}")),
    ("new new_customer is_new", _write("customer_for_days: {less_than: 180}")),
    ("email has_mail no_email", _write("has_email: no")),
    ("hold held on_stop stop", _write("on_hold: yes")),
)
_INVOICE_CONDITION = {
    # Of an invoice it is a fact: how late it was paid.
    word: guess
    for word, guess in _CONDITION.items()
    if word != "days_late"
} | _table(
    (
        "days age overdue_days days_past_due overdue",
        _write("days_overdue: {at_least: 60}"),
    ),
    ("amount debt owed owes outstanding amount_overdue", _write("amount_due: {less_than: 10}")),
)
_COMPARISON = _table(
    ("> gt over above greater_than more exceeds", _write("more_than: 60")),
    (">= => gte from min minimum least", _write("at_least: 60")),
    ("< lt under below less fewer_than", _write("less_than: 60")),
    ("<= =< lte up_to to max maximum most", _write("at_most: 60")),
    ("= == eq is equals equal equal_to", _write("exactly: 60")),
    ("between", Guess("write both ends", "at_least: 500, at_most: 1000")),
    ("not isnt != ne", Guess("put 'not:' around the line")),
)

_APPLICATION_CONDITION = _CONDITION | _table(
    (
        "limit amount asked requested_limit limit_requested amount_asked",
        _write("limit_asked: {at_most: 5000}"),
    ),
    ("terms days terms_asked", _write("terms_days_asked: {at_most: 30}")),
    ("credit_score bureau bureau_score points", _write("score: {at_least: 70}")),
    ("signed terms_signed contract agreement", _write("signed_terms: yes")),
    (
        "reference trade_references bank_reference bank_references",
        _write("references_good: {at_least: 2}"),
    ),
    ("age years company_age incorporated founded", _write("years_trading: {at_least: 2}")),
    ("insolvent bankrupt bankruptcy liquidation administration", _write("insolvency: yes")),
    ("status dissolved active register", _write("company_status: active")),
    ("existing customer_already is_customer prospect new new_customer", _write("in_ledger: no")),
    ("registered company_number number", _write("registration_number: known")),
    ("vat tax_number vies", _write("vat_number: known")),
)

# -- rules ----------------------------------------------------------------------------------------

_INTEREST = Guess("interest and statutory sums are billed by rules under 'charges:'")
_RULE = _ELSEWHERE | _table(
    ("if where condition conditions applies_to", _write("when: {tag: legal}")),
    ("and all", _write("when: {tag: legal, on_hold: yes}")),
    ("or either", _write(f"when: {{{_EITHER}}}")),
    ("except exclude excluding not but without", _write("unless: {tag: legal}")),
    ("query status", _write("unless: {dispute: open}")),
    ("customer client customers", _write("when: {contact: Ridgeway University}")),
    ("vip tags", _write("when: {tag: vip}")),
    ("branch region", _write("when: {contact_group: Leeds}")),
    ("time at hours", Guess("hours are set once, under 'sending: between:'")),
    ("fee fees late_fee late_fees", Guess("a fee is a step, under 'reminders:'")),
    ("interest", _INTEREST),
    (
        "email letter sms statement day every",
        Guess("a message is a step, under 'reminders:'"),
    ),
)
_LEAVE_ALONE = _RULE | _table(
    ("hold stop never", Guess("who matches a rule here is left alone, with no word for it")),
)
_ALERTS = "alerts: [{name: At 90 %, when: {limit_used_percent: {at_least: 90}}, tell: owner}]"
_SUPPLIER_ALERTS = "supplier_alerts: [{name: A, when: {insolvency: yes}, tell: purchasing}]"
# The rule that gives the limit cannot ask whether it is exceeded.
_CREDIT_LIMIT = _RULE | _table(
    ("and all", _write("when: {tag: legal, contact_group: Leeds}")),
    ("amount credit_limit max value up_to", _write("limit: 10000")),
    ("none unlimited", _write("limit: no limit")),
    (
        "alert_at alert warn_at warn notify_at notify tell",
        Guess(f"who is told of its use stands in a section of its own: {_ALERTS}"),
    ),
)
_ASKS = _table(
    ("approve needs_approval approver approved_by approvals", _write("approval: required"))
)
_CREDIT_HOLD = (
    _RULE
    | _ASKS
    | _table(
        ("payment_terms cash cod", _write("terms: cash on delivery")),
        ("hold stop block", Guess("who matches a rule here is held, with no word for it")),
        (
            "notify inform announce mail email letter email_to notice who to assign_to by",
            _write("tell: [customer, sales]"),
        ),
    )
)
_FOLLOW_UP = _RULE | _table(
    ("call phone action do then", _write("task: Call the customer")),
    ("who owner assignee assigned_to assign", _write("assign_to: credit control")),
)

_CHARGE = (
    {word: guess for word, guess in _RULE.items() if word != "interest"}
    | _ASKS
    | _table(
        ("rate percent per_month per_year", _write("interest: 1.5% a month")),
        ("fixed_sum fee fees", _write("compensation: statutory")),
        ("days grace day", _write("after: 30 days")),
        ("every frequency", _write("bill: monthly")),
    )
)

_DISCOUNT = (
    _RULE
    | _ASKS
    | _table(
        ("rate discount amount off", _write("percent: 2%")),
        ("days day after until", _write("within: 10 days")),
    )
)

_SAID_IN_LETTERS = frozenset({"email", "letter", "sms", "statement", "day", "every"})
"""Words of rules that mean something else where letters are asked for."""

_PLACEMENT = (
    {word: guess for word, guess in _RULE.items() if word != "to"}
    | _ASKS
    | _table(
        (
            "agency collector lawyer solicitor place_with placed_with with send_to hand_to",
            _write("to: Example Collections"),
        ),
        ("days age after day", _write("when: {days_overdue: {at_least: 90}}")),
        (
            "amount threshold minimum over at_least",
            _write("when: {net_amount_due: {at_least: 500}}"),
        ),
        ("cost fee fees commission", Guess("recorded with `arsync place CUSTOMER --cost AMOUNT`")),
    )
)
_WRITE_OFF = _RULE | _table(
    (
        "task assign_to who owner assign to approval approve",
        _write("propose_to: bookkeeper"),
    ),
    ("days age after day", _write("when: {days_overdue: {at_least: 180}}")),
    ("amount threshold maximum under up_to", _write("when: {net_amount_due: {less_than: 20}}")),
)

_TERMS = _RULE | _table(
    ("days payment_terms due due_after", _write("terms: 30 days")),
    ("approval change set action", _write("propose: yes")),
)

_ACCEPTANCE = {word: guess for word, guess in _RULE.items() if word != "interest"} | _table(
    (
        "decision outcome result then action do accept accepted approve",
        _write("decide: accept"),
    ),
    ("refuse reject decline deny no", _write("decide: refuse")),
    ("cash cod prepayment prepaid pro_forma", _write("decide: cash on delivery")),
    ("ask manual refer person", _write("decide: ask")),
    ("credit_limit amount max up_to at_most", _write("limit: limit_asked")),
    ("payment_terms days terms_days", _write("terms: 30 days")),
    (
        "approval approver approved_by who role owner assign_to to needs_approval",
        _write("by: finance director"),
    ),
    (
        "review_on review_every review_after reviewed every expires until renew",
        _write("review: every 12 months"),
    ),
    ("score minimum_score min_score", _write("when: {score: {at_least: 70}}")),
)

_ALERT = {word: guess for word, guess in _RULE.items() if word != "to"} | _table(
    (
        "to who whom owner assign_to assign notify role person recipient recipients email_to",
        _write("tell: owner"),
    ),
    ("via how channel way method", _write("by: mail")),
    ("email mail webhook url", _write("by: [mail, webhook]")),
    (
        "of about suppliers",
        Guess("suppliers are watched in a section of their own, 'supplier_alerts:'"),
    ),
    ("task call action", Guess("an alert is a task of whoever is told, with no word for it")),
    ("at threshold limit percent", _write("when: {limit_used_percent: {at_least: 90}}")),
    ("once every repeat until", Guess("it is told once, until it is over and comes again")),
)

_SUPPLIER_ALERT = {
    word: guess
    for word, guess in _ALERT.items()
    # What is asked of customers is no example here.
    if word not in _RULE and word not in {"at", "threshold", "limit", "percent"}
} | _table(
    ("of about suppliers", Guess("every rule of 'supplier_alerts:' is about suppliers")),
    ("at threshold limit percent", _write("when: {payables_percent: {at_least: 40}}")),
)

# -- reminders ------------------------------------------------------------------------------------

_OF_MESSAGES = frozenset({"cc", "copy_to", "to", "sender"})
"""Words of the language where messages are spoken of."""

_STEP = (
    {word: guess for word, guess in _ELSEWHERE.items() if word not in _OF_MESSAGES - {"to"}}
    | _ASKS
    | _table(
        ("phone telephone ring", _write("call: Ask for a day of payment")),
        ("text_message txt", _write("sms: first reminder")),
        ("post print paper mail_letter", _write("letter: final notice, via: post")),
        (
            "whatsapp",
            Guess("where such a channel is installed, its name stands in 'via'"),
        ),
        ("visit", Guess("let a person do it", "task: Visit the customer")),
        ("copy copies", _write("cc: account manager")),
        ("bcc blind_copy", _write("copy_to: books@example.com")),
        ("text template message reminder mail send", _write("email: first reminder")),
        ("statement", _write("email: second reminder, attach: [statement]")),
        ("fee fees late_fees charge penalty", _write("late_fee: 2%")),
        ("interest", _INTEREST),
        ("on days due days_overdue from_day", _write("day: 7")),
        ("later wait gap days_after previous", Guess("from the step before it", "after: 14 days")),
        ("from anchor base counted since", _write("counted_from: issue date")),
        ("repeat repeats again interval weekly monthly", _write("every: 14 days, at_most: 3")),
        ("times max count limit", _write("every: 14 days, at_most: 3")),
        ("wait_until hold_until blocks", _write("call: Ask for a day, then: wait until done")),
        (
            "who owner assignee assigned_to assign responsible",
            _write("assign_to: credit control"),
        ),
        ("attachment attachments enclose pdf file", _write("attach: [invoice]")),
        ("hold stop block on_stop credit_hold terms", Guess("write it under 'credit_holds:'")),
        (
            "if where only_if amount over vip customer client all and or query",
            _write("when: {amount_due: {at_least: 5000}}"),
        ),
        ("except skip", _write("unless: {tag: vip}")),
        ("channel method way by deliver delivery", _write("via: smtp")),
        ("time at hours", Guess("hours are set once, under 'sending: between:'")),
    )
)
_CADENCE = _RULE | _table(
    (
        "day email task letter days schedule call phone then sms every statement",
        _write("steps: [{day: 7, email: first reminder}]"),
    ),
    ("fee fees late_fee late_fees", _write("steps: [{day: 45, late_fee: 2%}]")),
    (
        "skip ignore skip_when skip_invoices query status hold",
        _write("skip_invoices_when: {dispute: open}"),
    ),
    ("stop pause never", Guess("who is never reminded stands under 'leave_alone:'")),
    (
        "approval approve needs_approval approver",
        Guess("it stands in a step", "steps: [{day: 30, email: final notice, approval: required}]"),
    ),
)

# -- customers and settings -----------------------------------------------------------------------

_CUSTOMER = _ELSEWHERE | _table(
    ("name customer client company id", _write("contact: Ridgeway University")),
    ("limit max", _write("credit_limit: 25000")),
    ("insured insurance insured_for", _write("insured_limit: 10000")),
    ("insured_to insurance_ends insurance_until cover_until", _write("insured_until: 2027-06-30")),
    ("review review_date", _write("review_on: 2027-01-31")),
    ("supplier vendor vendors same_party", _write("suppliers: [Ridgeway Print]")),
    ("tag vip label status flag", _write("tags: [vip]")),
    (
        "stop hold leave_alone never do_not_chase exclude except query",
        Guess("give a tag that a rule under 'leave_alone:' asks for", "tags: [legal]"),
    ),
    (
        "group contact_group branch type",
        Guess("groups are set in the accounting system; a tag is given here", "tags: [vip]"),
    ),
    ("email mail phone", _ELSEWHERE["to"]),
    ("lang speaks", _write("language: de")),
    ("country holiday", _write("holidays: GB-ENG")),
)
_SENDING = {word: guess for word, guess in _ELSEWHERE.items() if word not in _OF_MESSAGES} | _table(
    ("time hours at not_between window from until", _write("between: 09:00-16:30")),
    ("weekdays on day", _write("days: [tuesday, wednesday, thursday]")),
    ("country holiday bank_holidays", _write("holidays: GB-ENG")),
    (
        "pause stop shut away days_off vacation vacations leave not_on no_messages",
        _write("closed: [2026-12-24 to 2027-01-04, 2027-04-06]"),
    ),
    ("every gap frequency min_days days_between interval", _write("days_between_messages: 5")),
    (
        "max maximum most limit cap messages max_messages emails no_more_than",
        _write("at_most: {messages: 8, in: 90 days}"),
    ),
    ("method channel by with mail email", _write("via: smtp")),
    ("phone call no_email", _write("without_email: task")),
    ("sms text_message", Guess("a step says it, as in {day: 3, sms: first reminder}")),
    ("copy copies", _write("cc: jo@example.com")),
    ("bcc blind_copy", _write("copy_to: books@example.com")),
    ("email_to send_to recipient recipients address", _write("to: contact person")),
    ("from sender_address from_address", _write("sender: Berlin accounts <berlin@example.com>")),
    ("attachment attachments pdf enclose", _write("attach: [invoice]")),
    ("lang", _write("language: de")),
)
_APPROVAL = _table(
    ("above amount from more_than at_least min limit", _write("over: 5000")),
    ("role who person approver approved_by name", _write("by: finance director")),
)
_PAYMENT_PLANS = _table(
    ("days_of_grace wait tolerance", _write("grace: 3 business days")),
    ("remind reminder notice before", _write("announce: 3 days before")),
    ("missed after late overdue", _write("chase: 1 day after")),
    ("letter send agreement confirmation", _write("confirm: yes")),
)
_LETTER = {word: guess for word, guess in _RULE.items() if word not in _SAID_IN_LETTERS} | _table(
    ("channel method by send_by", _write("via: smtp")),
    ("attachment attachments pdf enclose", _write("attach: pdf")),
)
_STATEMENT = _LETTER | _table(
    (
        "day days date every each monthly weekly frequency schedule",
        _write("on: 1st business day"),
    ),
    ("type lists shows what", _write("kind: open items")),
    (
        "email letter text template statement",
        Guess("its text is `statement of account`; your own is a file in templates/"),
    ),
)
_AFTER_ISSUE = _LETTER | _table(
    ("day after on later wait", _write("days: 3")),
    ("text template letter message", _write("email: satisfaction check")),
    ("once only_once per", _write("once_per: customer")),
    ("even_when although also_if", _write("even_if: [overdue, disputed]")),
)
_THANK_YOU = _LETTER | _table(
    ("text template letter message", _write("email: thank you")),
    ("days_late late", _write("when: {days_late: {at_most: 0}}")),
    ("amount_paid amount paid over at_least", _write("when: {amount_paid: {at_least: 1000}}")),
    ("even_when although also_if", _write("even_if: [overdue, disputed]")),
)
_ANNOUNCEMENTS = _LETTER | _table(
    ("holds hold credit_hold on_stop", _write("credit_holds: placed and lifted")),
    ("limits limit credit_limit", _write("credit_limits: changed")),
    (
        "hand_over handover placement agency agencies collection lawyer",
        _write("placements: 7 days before"),
    ),
)
_SAFETY = _table(
    ("holds hold", _write("credit_holds: 20")),
    ("messages mails reminders email", _write("emails: 300")),
    ("fees fee charges interest", _write("late_fees: 50")),
    ("calls call", _write("tasks: 300")),
    ("discounts credits", _write("credit_notes: 50")),
    ("data_age max_age", _write("data_not_older_than: 26 hours")),
)

_PAYABLES = _table(
    ("bills bill open payables vendors fetch load on enabled", _write("read: open bills")),
    (
        "suppliers supplier same_party match matches",
        Guess("the suppliers of a customer stand under 'customers:'", ""),
    ),
)
_PROVISION_GUESSED = _table(
    (
        "adjustment adjust forward_looking loss_rates rates percent overlay",
        _write("outlook: 10%, name: Slump, because: two builders closed"),
    ),
    ("reason why", _write("because: two builders closed")),
    ("title called label", _write("name: Slump")),
    ("interest_rate cost_of_capital cost_of_money rate", _write("interest: 8%")),
)
_GOALS_GUESSED = _table(
    ("days_sales_outstanding debtor_days days", _write("dso: 40")),
    ("overdue overdue_share percent_overdue overdue_amount", _write("overdue_percent: 15")),
    ("payment_days average_days_to_pay time_to_pay dtp", _write("days_to_pay: 35")),
    ("collection_effectiveness effectiveness collection", _write("cei: 85")),
    ("late lateness average_days_late", _write("days_late: 5")),
    ("days_beyond_terms beyond_terms", _write("dbt: 10")),
    ("delinquency average_days_delinquent delinquent", _write("add: 5")),
    ("disputes disputed dispute", _write("disputed_percent: 3")),
    ("promises promises_kept kept", _write("promises_kept_percent: 80")),
    ("owner who by assigned_to", _write("assign_to: finance director")),
    ("open then action todo", _write("task: Say why the goal was missed")),
    ("name when if", Guess("a goal has no name and no condition: write", "dso: 40")),
)

_CHARGES = "charges: [{name: Interest, interest: 1.5% a month, after: 30 days}]"
_DISCOUNTS = "discounts: [{name: Prompt payment, percent: 2%, within: 10 days}]"
_PLACEMENTS = (
    "placements: [{name: To the agency, when: {days_overdue: {at_least: 90}, steps_left: no}, "
    "to: Example Collections}]"
)
_WRITE_OFFS = "write_offs: [{name: Too small, when: {net_amount_due: {less_than: 20}}}]"
_TERMS_RULES = "terms: [{name: Everyone, terms: 30 days}]"
_STATEMENTS = "statements: [{name: Monthly, on: 1st business day, via: smtp, attach: pdf}]"
_THANKS = "thank_you: {when: {days_late: {at_most: 0}, amount_paid: {at_least: 1000}}}"
_ISSUED = "after_issue: [{days: 3, email: satisfaction check, when: {total: {at_least: 500}}}]"
_TOLD = "announcements: {credit_holds: placed and lifted, placements: 7 days before}"
_ALONE = "leave_alone: [{name: With the solicitor, when: {tag: legal}}]"
_HOLDS = "credit_holds: [{name: Very late, when: {oldest_days_overdue: {at_least: 60}}}]"
_LIMITS = "credit_limits: [{name: Everyone, limit: 10000}]"
_CADENCES = "reminders: [{name: Everyone, steps: [{day: 7, email: first reminder}]}]"
_TASKS = "follow_ups: [{name: Broken promise, when: {promise_to_pay: broken}, task: Call}]"
_CUSTOMERS = "customers: [{contact: Ridgeway University, tags: [vip]}]"
_GROUPS = "groups: {Key account: {contact: [Acme Ltd, Beta Ltd]}}"

_ACCEPTANCES = (
    "acceptance: [{name: Known and small, when: {score: {at_least: 70}, signed_terms: yes}, "
    "decide: accept, limit: limit_asked, terms: 30 days}]"
)
_BILLS = "payables: {read: open bills}"
_PROVISION = "provision: {outlook: +10%, name: Slump, because: two builders closed}"
_GOALS = "goals: {dso: 40, overdue_percent: 15, days_to_pay: 35, cei: 85}"

_REFERENCES = "credit_references: {remind_after: 10 days}"

_RULEBOOK = _ELSEWHERE | _table(
    ("references trade_references bank_references reference", _write(_REFERENCES)),
    (
        "payable payables_read bills suppliers supplier creditors vendors accounts_payable ap",
        _write(_BILLS),
    ),
    (
        "suppliers_alerts vendor_alerts supplier_watch watch_suppliers alerts_of_suppliers",
        _write(_SUPPLIER_ALERTS),
    ),
    (
        "outlook provisions losses expected_losses expected_credit_losses ecl forward_looking",
        _write(_PROVISION),
    ),
    ("goal target targets kpi kpis objectives measures dso cei", _write(_GOALS)),
    (
        "accept acceptances applications application credit_applications onboarding scoring",
        _write(_ACCEPTANCES),
    ),
    (
        "credit_application new_customers credit_check credit_checks credit_policy",
        _write(_ACCEPTANCES),
    ),
    (
        "fee fees late_fee late_fees",
        Guess(
            "a late fee is a step",
            "reminders: [{name: Everyone, steps: [{day: 45, late_fee: 2%}]}]",
        ),
    ),
    ("interest penalties charge", _write(_CHARGES)),
    ("discount prompt_payment early_payment skonto", _write(_DISCOUNTS)),
    (
        "payment_plan plan plans instalments instalment agree",
        Guess(
            "what was agreed is recorded with `arsync agree`; how it is judged stands here",
            "payment_plans: {grace: 3 business days}",
        ),
    ),
    (
        "dispute query queries complaint complaints claims",
        Guess(
            "what a customer disputes is recorded with `arsync dispute`; who answers stands here",
            "disputes: {answer_within: 10 business days}",
        ),
    ),
    (
        "placement agency agencies collection collections collector lawyer litigation solicitor",
        _write(_PLACEMENTS),
    ),
    ("write_off writeoff writeoffs bad_debt bad_debts", _write(_WRITE_OFFS)),
    (
        "goodbye goodbyes drop part_ways end_relationship",
        Guess(
            "a customer to part with is a task",
            "follow_ups: [{name: Say goodbye, when: {average_days_late: {at_least: 60}}, "
            "task: Decide whether to go on selling to them, assign_to: owner}]",
        ),
    ),
    ("holds hold on_stop stops", _write(_HOLDS)),
    ("limit credit", _write(_LIMITS)),
    ("cadences cadence dunning reminder schedule steps chasing", _write(_CADENCES)),
    (
        "exceptions exception except exclude never ignore stop do_not_chase",
        _write(_ALONE),
    ),
    ("task tasks call calls phone sms actions", _write(_TASKS)),
    ("statement statement_of_account account_statements monthly_statement", _write(_STATEMENTS)),
    ("thanks thank thank_you_letter gratitude", _write(_THANKS)),
    (
        "satisfaction satisfaction_check survey feedback delivery_check welcome terms_of_trade",
        _write(_ISSUED),
    ),
    ("announce announcement notices tell account_letters inform", _write(_TOLD)),
    (
        "alert alarm alarms warn warning warnings watch watching watchlist monitor monitoring",
        _write(_ALERTS),
    ),
    (
        "notify notification notifications",
        Guess(f"customers are told by '{_TOLD}', people of the business by", _ALERTS),
    ),
    ("client clients customer contacts accounts tags tag vip vips", _write(_CUSTOMERS)),
    ("group segments branches", _write(_GROUPS)),
    ("email emails mail messages delivery", _write("sending: {via: smtp}")),
    ("holiday bank_holidays holidays country", _write("sending: {holidays: GB-ENG}")),
    (
        "closed days_off vacation shut pause",
        _write("sending: {closed: [2026-12-24 to 2027-01-04, 2027-04-06]}"),
    ),
    ("time hours between", _write("sending: {between: 09:00-16:30}")),
    ("every gap", _write("sending: {days_between_messages: 5}")),
    (
        "if when and or all not",
        Guess("a condition stands in a rule", _ALONE),
    ),
    ("approvals approval", Guess("it stands in a rule or a step: approval: required")),
    (
        "role people persons staff team teams approvers users",
        _write("roles: {finance director: fd@example.com}"),
    ),
    (
        "templates letters texts",
        Guess("texts of your own are files: templates/NAME.txt in the rules folder"),
    ),
    ("ignored not_read skip_files", _write("not_rules: [archive]")),
)

GUESSES: Mapping[Spot, Mapping[str, Guess]] = {
    Spot.RULEBOOK: _RULEBOOK,
    Spot.CONDITION: _CONDITION,
    Spot.INVOICE_CONDITION: _INVOICE_CONDITION,
    Spot.APPLICATION_CONDITION: _APPLICATION_CONDITION,
    Spot.COMPARISON: _COMPARISON,
    Spot.LEAVE_ALONE: _LEAVE_ALONE,
    Spot.CREDIT_LIMIT: _CREDIT_LIMIT,
    Spot.CREDIT_HOLD: _CREDIT_HOLD,
    Spot.FOLLOW_UP: _FOLLOW_UP,
    Spot.CHARGE: _CHARGE,
    Spot.DISCOUNT: _DISCOUNT,
    Spot.PLACEMENT: _PLACEMENT,
    Spot.WRITE_OFF: _WRITE_OFF,
    Spot.TERMS: _TERMS,
    Spot.ACCEPTANCE: _ACCEPTANCE,
    Spot.ALERT: _ALERT,
    Spot.SUPPLIER_ALERT: _SUPPLIER_ALERT,
    Spot.CADENCE: _CADENCE,
    Spot.STEP: _STEP,
    Spot.CUSTOMER: _CUSTOMER,
    Spot.SENDING: _SENDING,
    Spot.SAFETY: _SAFETY,
    Spot.APPROVAL: _APPROVAL,
    Spot.PAYMENT_PLANS: _PAYMENT_PLANS,
    Spot.STATEMENT: _STATEMENT,
    Spot.AFTER_ISSUE: _AFTER_ISSUE,
    Spot.THANK_YOU: _THANK_YOU,
    Spot.ANNOUNCEMENTS: _ANNOUNCEMENTS,
    Spot.GOALS: _GOALS_GUESSED,
    Spot.PAYABLES: _PAYABLES,
    Spot.PROVISION: _PROVISION_GUESSED,
}
"""What people call things, by the place where they write it."""

EXAMPLES: Mapping[str, str] = {
    "'when'": f"when: {_BOTH}",
    "'unless'": "unless: {tag: legal}",
    "'skip_invoices_when'": "skip_invoices_when: {amount_due: {less_than: 10}}",
    "'not'": "not: {any: [{tag: legal}, {on_hold: yes}]}",
    "'any'": _EITHER,
    "an item of 'any'": _EITHER,
    "'groups'": _GROUPS,
    "'sending'": "sending: {via: smtp, between: 09:00-16:30}",
    "'safety'": "safety: {emails: 300}",
    "'at_most'": "at_most: {messages: 8, in: 90 days}",
    "'roles'": "roles: {finance director: fd@example.com}",
    "'by_contact_group'": "by_contact_group: {North: jo@example.com}",
    "'approval'": "approval: {over: 5000, by: finance director}",
    "'payment_plans'": "payment_plans: {grace: 3 business days, announce: 3 days before}",
    "'promises'": "promises: {grace: 3 business days}",
    "'disputes'": "disputes: {answer_within: 10 business days, escalate_to: finance director}",
    "'goals'": _GOALS,
    "'credit_references'": _REFERENCES,
    "'provision'": _PROVISION,
    "'payables'": _BILLS,
    "'statutory'": "statutory: {law: Late Payment Act, points_above_reference: 8}",
    "'customers'": _CUSTOMERS,
    Spot.CUSTOMER: _CUSTOMERS,
    "'leave_alone'": _ALONE,
    Spot.LEAVE_ALONE: _ALONE,
    "'credit_limits'": _LIMITS,
    Spot.CREDIT_LIMIT: _LIMITS,
    "'credit_holds'": _HOLDS,
    Spot.CREDIT_HOLD: _HOLDS,
    "'follow_ups'": _TASKS,
    Spot.FOLLOW_UP: _TASKS,
    "'charges'": _CHARGES,
    Spot.CHARGE: _CHARGES,
    "'discounts'": _DISCOUNTS,
    Spot.DISCOUNT: _DISCOUNTS,
    "'placements'": _PLACEMENTS,
    Spot.PLACEMENT: _PLACEMENTS,
    "'terms'": _TERMS_RULES,
    Spot.TERMS: _TERMS_RULES,
    "'write_offs'": _WRITE_OFFS,
    Spot.WRITE_OFF: _WRITE_OFFS,
    "'acceptance'": _ACCEPTANCES,
    Spot.ACCEPTANCE: _ACCEPTANCES,
    "'alerts'": _ALERTS,
    Spot.ALERT: _ALERTS,
    "'supplier_alerts'": _SUPPLIER_ALERTS,
    Spot.SUPPLIER_ALERT: _SUPPLIER_ALERTS,
    "'statements'": _STATEMENTS,
    Spot.STATEMENT: _STATEMENTS,
    "'after_issue'": _ISSUED,
    Spot.AFTER_ISSUE: _ISSUED,
    Spot.THANK_YOU: _THANKS,
    Spot.ANNOUNCEMENTS: _TOLD,
    "'reminders'": _CADENCES,
    Spot.CADENCE: _CADENCES,
    "'steps'": "steps: [{day: 7, email: first reminder}]",
    Spot.STEP: "steps: [{day: 7, email: first reminder}]",
    "'limits'": "limits: [{amount: 25000, until: 2027-01-31}, {amount: 15000}]",
    "a limit": "limits: [{amount: 25000, until: 2027-01-31}, {amount: 15000}]",
    "'rates'": "rates: [{from: 2026-07-01, rate: 3.75, source: Bank Rate of 18 June 2026}]",
    "a rate": "rates: [{from: 2026-07-01, rate: 3.75, source: Bank Rate of 18 June 2026}]",
    "'compensation'": "compensation: [{debts_from: 0, amount: 40}]",
    "a fixed sum": "compensation: [{debts_from: 0, amount: 40}]",
}
"""What a block or a list looks like, by the label by which problems name it."""


_VALUES: Mapping[str, _Table] = {
    "'take_over'": _table(
        (
            "age by_days where_they_stand by_days_overdue last_step current_step stage start_level",
            _write("take_over: by age"),
        ),
        ("from_step step", _write("take_over: from step second reminder")),
        ("gradually slowly spread spread_over", _write("take_over: spread over 10 days")),
        ("manual manually person approval", _write("take_over: by hand")),
        ("first beginning from_the_beginning normal", _write("take_over: first step")),
    ),
    "'via'": _table(
        ("email mail platform xero quickbooks accounting", _write("via: accounting system")),
        ("own letters server own_server own_mail", _write("via: smtp")),
        ("letter paper mail_post print printed", _write("via: post")),
        ("text text_message phone", _write("via: sms")),
    ),
    "'attach'": _table(
        ("pdf invoices invoice_pdf", _write("attach: [invoice]")),
        ("statements account open_items", _write("attach: [statement]")),
    ),
    "'to'": _table(
        ("contact customer person", _write("to: contact person")),
        ("invoice", _write("to: invoice address")),
    ),
    "'terms'": _table(("cod cash prepaid prepayment cash_only", _write("terms: cash on delivery"))),
    "'without_email'": _table(("call phone", _write("without_email: task"))),
    "'limit'": _table(
        ("none unlimited infinite no off null endless", _write("limit: no limit")),
        ("agreed agreement credit_limit", _write("limit: agreed_limit")),
        ("insured insurance", _write("limit: insured_limit")),
    ),
    "'decide'": _table(
        ("yes approve approved accepted ok grant credit", _write("decide: accept")),
        ("no reject decline deny refused rejected", _write("decide: refuse")),
        (
            "cash cod prepaid prepayment pro_forma cash_in_advance",
            _write("decide: cash on delivery"),
        ),
        ("manual refer person human review maybe", _write("decide: ask")),
    ),
    "'review'": _table(
        (
            "yearly annually every_year year annual 12_months 12 1_year yes",
            _write("review: every 12 months"),
        ),
        ("half_yearly 6_months 6 every_half_year", _write("review: every 6 months")),
        ("quarterly every_quarter 3_months 3", _write("review: every 3 months")),
        ("monthly every_month", _write("review: every 1 month")),
    ),
    "'late_fee'": _table(
        ("statutory_interest interest statutory statutory_compensation compensation", _INTEREST),
    ),
    "'every'": _table(
        ("week weekly 7", _write("every: 7 days")),
        ("fortnight 14 two_weeks 2_weeks", _write("every: 14 days")),
        ("month monthly 30", _write("every: 30 days")),
    ),
    "'counted_from'": _table(
        ("due", _write("counted_from: due date")),
        ("invoice_date issued issue date invoice", _write("counted_from: issue date")),
        ("eom month_end month", _write("counted_from: end of month")),
        ("promise broken", _write("counted_from: broken promise")),
        ("previous last_step step", _write("counted_from: previous step")),
    ),
    "'on'": _table(
        ("monthly month first 1st start_of_month first_day", _write("on: 1st business day")),
        ("month_end end_of_month last eom", _write("on: last business day")),
        ("weekly week every_week", _write("on: monday")),
        ("fortnight fortnightly biweekly every_2_weeks", _write("on: monday every 2 weeks")),
    ),
    "'credit_holds'": _table(
        ("yes true both all", _write("credit_holds: placed and lifted")),
    ),
    "'credit_limits'": _table(("yes true all", _write("credit_limits: changed"))),
    "'then'": _table(("*", _write("then: wait until done"))),
    "'days'": _table(
        ("weekdays monday_to_friday mon_fri working_days workdays", _write("days: business days")),
        ("daily always all", _write("days: every day")),
    ),
}
"""What people write for a value, by the label of its key; `*` stands for any other."""


def said_for_value(label: str, text: str) -> str:
    """Return the hint for a value that people write; empty when none is known."""
    table = _VALUES.get(label, {})
    guess = table.get(_folded(text)) or table.get("*")
    return guess.hint if guess else ""


def _folded(word: str) -> str:
    return re.sub(r"[\s-]+", "_", word.strip().casefold())


def guessed(label: str, word: str) -> str:
    """Return the hint for a word that people use in some place; empty when none is known.

    Args:
        label: the place, as problems name it.
        word: as it was written.
    """
    if label not in set(Spot):
        return ""
    guess = GUESSES[Spot(label)].get(_folded(word))
    return guess.hint if guess else ""


def one_of(key: str) -> str:
    """Return how one or the other is written under a key."""
    return f"{key}: {{{_EITHER}}}" if key else _EITHER


def example_of(label: str, among: str = "") -> str:
    """Return a hint with an example of a block or a list; empty when none is known.

    Args:
        label: as problems name it.
        among: the kind of block that it is where no label says it: `a group`.
    """
    example = EXAMPLES.get(label) or _EXAMPLES_AMONG.get(among, "")
    return f"as in {example}" if example else ""


_EXAMPLES_AMONG = {"a group": "Key account: {contact: [Acme Ltd, Beta Ltd]}"}

_SIGNS = {">": "more_than", ">=": "at_least", "<": "less_than", "<=": "at_most"}
_SIGNS |= {"=": "exactly", "==": "exactly", "=>": "at_least", "=<": "at_most"}
_SIGNS |= {"over": "more_than", "above": "more_than", "under": "less_than", "below": "less_than"}
_SIGN = "|".join(sorted(map(re.escape, _SIGNS), key=len, reverse=True))
_NUMBER = r"[-+]?[0-9][0-9,]*(?:\.[0-9]+)?%?|[a-z_]+"


def from_formula(text: str) -> tuple[str, str, str] | None:
    """Return (fact, comparison, number) of what people write as a formula: `balance > 60`."""
    match = re.fullmatch(rf"\s*([A-Za-z_ ]+?)\s*({_SIGN})\s*({_NUMBER})\s*(?:days)?", text)
    if match is None:
        return None
    return match[1].strip().casefold().replace(" ", "_"), _SIGNS[match[2]], _bare(match[3])


def from_sign(text: str) -> str:
    """Return what `> 60` is in a rulebook: `more_than: 60`; empty for anything else."""
    match = re.fullmatch(rf"\s*({_SIGN})\s*({_NUMBER})\s*(?:days)?", text)
    return f"{_SIGNS[match[1]]}: {_bare(match[2])}" if match else ""


def _bare(number: str) -> str:
    # Inside braces a comma separates keys.
    return number.replace(",", "").lstrip("+")
