"""The sections of a rulebook, as tables of keys: what the reader reads and the schema shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, NamedTuple

from yaml.nodes import Node, ScalarNode, SequenceNode

from arsync.core.ledger.late_payment_law import EACH_HALF_YEAR, WHEN_LATE
from arsync.core.ledger.unapplied_cash import UnappliedCash
from arsync.core.rulebook.model import (
    HOLD_BACK,
    LIMIT_FACTS,
    MONDAY_TO_FRIDAY,
    NO_LIMIT,
    PREVIOUS_STEP,
    SAFETY_COUNTS,
    CountedFrom,
    MessageCap,
    TakeOver,
    TakeOverKind,
    WithoutEmail,
)
from arsync.core.rulebook.reading.acceptance_section import ACCEPTANCE, REFERENCES
from arsync.core.rulebook.reading.agreement_sections import DISPUTES, PAYMENT_PLANS, GraceShape
from arsync.core.rulebook.reading.alert_section import ALERT, SUPPLIER_ALERT
from arsync.core.rulebook.reading.approval_shape import ApprovalShape, ReleaseShape, RolesShape
from arsync.core.rulebook.reading.condition_reader import ConditionShape
from arsync.core.rulebook.reading.earlier_names import DAYS_BETWEEN, EARLIER_NAMES
from arsync.core.rulebook.reading.goal_section import GOAL_KEYS
from arsync.core.rulebook.reading.hints import Spot, said_for_value
from arsync.core.rulebook.reading.letter_sections import ANNOUNCED, ISSUED, STATEMENT, THANKS
from arsync.core.rulebook.reading.message_shapes import (
    CopiesShape,
    SendersShape,
    TellShape,
    WayShape,
)
from arsync.core.rulebook.reading.provision_section import PROVISION_KEYS
from arsync.core.rulebook.reading.sending_shapes import ClosedShape, HolidayPlace
from arsync.core.rulebook.reading.value_types import (
    AmountShape,
    Block,
    DayShape,
    Hours,
    Key,
    Percent,
    Removal,
    Schema,
    Source,
    Span,
    TermsShape,
    Text,
    TextList,
    WholeNumber,
    Words,
    WordsList,
    block_schema,
    items,
    read_block,
    scalar,
)
from arsync.core.rulebook.recipients import ATTACHMENTS, AddressedTo

STEPS_MAX = 50
"""How many steps a cadence may have."""

REPEATS_MAX = 52
"""How often a step comes at most: once a week for a year."""

TAKEN_MAX = 200
"""How many steps an invoice can take in a cadence, repeats counted."""

WAIT_UNTIL_DONE = "wait until done"

STEP_DAYS = (-365, 1825)
"""From a year before the due date to five years after it."""

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class ReadBlock(NamedTuple):
    """One item of a section: what was read, and its node."""

    block: Block
    node: Node


@dataclass(frozen=True)
class Blocks:
    """A list of blocks, all with the same keys."""

    keys: tuple[Key, ...]
    element_label: str
    most: int = 100_000
    one_of: tuple[str, ...] = ()
    """Keys of which each element has one, as the schema says it."""

    def read(self, node: Node, source: Source, label: str) -> list[ReadBlock] | None:
        """Return the items."""
        nodes = items(node, source, label)
        if len(nodes) > self.most:
            source.problem(node, f"{label} has {len(nodes)} items; at most {self.most:,}.")
            return None
        return [
            ReadBlock(read_block(element, self.keys, source, self.element_label), element)
            for element in nodes
        ]

    def schema(self) -> Schema:
        """Return the schema."""
        element = block_schema(self.keys)
        if self.one_of:
            element |= {"anyOf": [{"required": [name]} for name in self.one_of]}
        return {"type": "array", "maxItems": self.most, "items": element}


class Limit(NamedTuple):
    """A credit limit as written: an amount or a fact's name."""

    amount: Decimal | None
    fact: str


class LimitShape:
    """`10,000`, `agreed_limit`, or `no limit`."""

    def read(self, node: Node, source: Source, label: str) -> Limit | None:
        """Return the limit."""
        text = scalar(node, source, label, "an amount or a fact", "10,000")
        if text is None:
            return None
        if text in (*LIMIT_FACTS, NO_LIMIT):
            return Limit(None, text)
        # Words are most likely a fact's name; all else gets the hint about amounts.
        if re.fullmatch(r"[a-z_ ]+", text):
            source.problem(
                node,
                f"{label} is {text!r}, neither an amount, {', '.join(LIMIT_FACTS)} nor {NO_LIMIT}.",
                said_for_value(label, text) or "write the amount, as in 10,000",
            )
            return None
        amount = AmountShape().parse(text, node, source, label)
        return None if amount is None else Limit(amount, "")

    def schema(self) -> Schema:
        """Return the schema."""
        return {"anyOf": [{"enum": [*LIMIT_FACTS, NO_LIMIT]}, *AmountShape().schema()["anyOf"]]}


class FeeTerms(NamedTuple):
    """A late fee: an amount, or a percentage of what is due."""

    amount: Decimal | None
    percent: Decimal | None
    text: str


class FeeShape:
    """`40` or `2%`."""

    def read(self, node: Node, source: Source, label: str) -> FeeTerms | None:
        """Return the fee."""
        text = scalar(node, source, label, "an amount or a percentage", "2%")
        if text is None:
            return None
        if text.endswith("%"):
            percent = Percent().read(node, source, label)
            # A fee above the debt itself is a typing mistake.
            if percent is not None and not 0 < percent <= 100:
                source.problem(node, f"{label} is {text!r}; it must be above 0% and at most 100%.")
                return None
            return None if percent is None else FeeTerms(None, percent, text)
        if said := said_for_value(label, text):
            source.problem(node, f"{label} is {text!r}: neither an amount nor a percentage.", said)
            return None
        amount = AmountShape().parse(text, node, source, label)
        if amount is not None and amount == 0:
            source.problem(node, f"{label} is {text!r}; a fee of nothing is no fee.")
            return None
        return None if amount is None else FeeTerms(amount, None, text)

    def schema(self) -> Schema:
        """Return the schema."""
        return {"anyOf": [*AmountShape().schema()["anyOf"], *Percent().schema()["anyOf"]]}


STATUTORY_RATE = "statutory"
MONTHS_PER_YEAR = 12
INTEREST_PERCENT_MAX = 100


class InterestTerms(NamedTuple):
    """Interest: an agreed rate, or the law's."""

    percent_a_year: Decimal | None
    """None: statutory."""
    text: str


class InterestShape:
    """`1.5% a month`, `8% a year`, or `statutory`."""

    PATTERN = r"([0-9]{1,3}(?:\.[0-9]{1,4})?) ?% a (month|year)"

    def read(self, node: Node, source: Source, label: str) -> InterestTerms | None:
        """Return the interest."""
        text = scalar(node, source, label, "a rate, or statutory", "1.5% a month")
        if text is None:
            return None
        if text == STATUTORY_RATE:
            return InterestTerms(None, text)
        match = re.fullmatch(self.PATTERN, text)
        rate = Decimal(match[1]) if match else Decimal(0)
        if match is None or not rate:
            hint = "write 1.5% a month, 8% a year, or statutory"
            source.problem(node, f"{label} is {text!r}, which is no rate of interest.", hint)
            return None
        percent = rate * MONTHS_PER_YEAR if match[2] == "month" else rate
        if percent > INTEREST_PERCENT_MAX:
            most = INTEREST_PERCENT_MAX
            source.problem(node, f"{label} is {text!r}; it can be at most {most}% a year.")
            return None
        return InterestTerms(percent, text)

    def schema(self) -> Schema:
        """Return the schema."""
        return {
            "anyOf": [
                {"enum": [STATUTORY_RATE]},
                {"type": "string", "pattern": f"^{self.PATTERN}$"},
            ]
        }


AFTER_DAYS_MAX = 366


class WaitShape:
    """`7 days`, or `none`."""

    NONE = "none"

    def read(self, node: Node, source: Source, label: str) -> int | None:
        """Return the days."""
        if isinstance(node, ScalarNode) and node.value == self.NONE:
            return 0
        return AfterShape("7 days, or none").read(node, source, label)

    def schema(self) -> Schema:
        """Return the schema."""
        return {"anyOf": [{"enum": [self.NONE]}, AfterShape().schema()]}


@dataclass(frozen=True)
class AfterShape:
    """`30 days`."""

    example: str = "30 days"

    PATTERN: ClassVar[str] = r"([1-9][0-9]{0,2}) days?"

    def read(self, node: Node, source: Source, label: str) -> int | None:
        """Return the days."""
        text = scalar(node, source, label, "a number of days", self.example)
        if text is None:
            return None
        match = re.fullmatch(self.PATTERN, text)
        if match is None or int(match[1]) > AFTER_DAYS_MAX:
            hint = said_for_value(label, text)
            if re.fullmatch("[1-9][0-9]?", text):
                hint = f"write {text} days"
            elif not hint:
                hint = f"a whole number of days, as in {self.example}; at most {AFTER_DAYS_MAX}"
            source.problem(node, f"{label} is {text!r}, which is no number of days.", hint)
            return None
        return int(match[1])

    def schema(self) -> Schema:
        """Return the schema."""
        return {"type": "string", "pattern": f"^{self.PATTERN}$"}


DISCOUNT_PERCENT_MAX = 50


class DiscountPercent(Percent):
    """The percentage of a discount: `2%`."""

    def read(self, node: Node, source: Source, label: str) -> Decimal | None:
        """Return the percentage."""
        percent = super().read(node, source, label)
        if percent is None or 0 < percent <= DISCOUNT_PERCENT_MAX:
            return percent
        most = DISCOUNT_PERCENT_MAX
        source.problem(node, f"{label} is {percent}%; it can be above 0% and at most {most}%.")
        return None


class DaysShape:
    """`business days`, `every day`, or a list of weekdays."""

    CHOICES = ("business days", "every day")

    def read(self, node: Node, source: Source, label: str) -> tuple[str, frozenset[int]] | None:
        """Return the words and the weekdays, 0 for Monday."""
        if isinstance(node, SequenceNode):
            days_read = [
                Words(WEEKDAYS).read(element, source, "a day of the week") for element in node.value
            ]
            if not days_read:
                source.problem(node, f"{label} is an empty list: nothing could ever be sent.")
            days = frozenset(WEEKDAYS.index(day) for day in days_read if day is not None)
            return (", ".join(WEEKDAYS[day] for day in sorted(days)), days) if days else None
        text = Words(self.CHOICES).read(node, source, label)
        if text is None:
            return None
        return text, MONDAY_TO_FRIDAY if text == self.CHOICES[0] else frozenset(range(7))

    def schema(self) -> Schema:
        """Return the schema."""
        return {
            "anyOf": [
                {"enum": list(self.CHOICES)},
                {"type": "array", "minItems": 1, "items": {"enum": list(WEEKDAYS)}},
            ]
        }


SPREAD_DAYS_MAX = 250
"""A working year: a take-over that is spread over longer never ends."""


class TakeOverShape:
    """`first step`, `by age`, `from step NAME`, `spread over 10 days`, or `by hand`."""

    WORDS = (TakeOverKind.FIRST_STEP.value, TakeOverKind.BY_AGE.value, TakeOverKind.BY_HAND.value)
    FROM_STEP = r"from step (\S.{0,99})"
    PATTERN = r"spread over ([1-9][0-9]{0,2}) days?"

    def read(self, node: Node, source: Source, label: str) -> TakeOver | None:
        """Return how old debts start."""
        text = scalar(node, source, label, "how old debts start", "by age")
        if text is None:
            return None
        if text in self.WORDS:
            return TakeOver(TakeOverKind(text))
        named = re.fullmatch(self.FROM_STEP, text)
        if named:
            return TakeOver(TakeOverKind.FROM_STEP, step=named[1].strip())
        match = re.fullmatch(self.PATTERN, text)
        if match and int(match[1]) <= SPREAD_DAYS_MAX:
            return TakeOver(TakeOverKind.SPREAD, int(match[1]))
        source.problem(
            node,
            f"{label} is {text!r}; it can be first step, by age, from step NAME,"
            " spread over 10 days, or by hand.",
            f"at most {SPREAD_DAYS_MAX} days" if match else said_for_value(label, text),
        )
        return None

    def schema(self) -> Schema:
        """Return the schema."""
        return {
            "anyOf": [
                {"enum": list(self.WORDS)},
                {"type": "string", "pattern": f"^{self.FROM_STEP}$"},
                {"type": "string", "pattern": f"^{self.PATTERN}$"},
            ]
        }


@dataclass(frozen=True)
class SubBlock:
    """A block with its own keys."""

    keys: tuple[Key, ...]

    def read(self, node: Node, source: Source, label: str) -> Block:
        """Return what was read."""
        return read_block(node, self.keys, source, label)

    def schema(self) -> Schema:
        """Return the schema."""
        return block_schema(self.keys)


class NamedConditions:
    """`groups:`: a block of names, each with its condition."""

    shape = ConditionShape(limit_facts=False, groups=False)

    def read(self, node: Node, source: Source, label: str) -> None:
        """Groups are read before everything else: see the reader."""

    def schema(self) -> Schema:
        """Return the schema."""
        removed = block_schema((Key("remove", Removal(), "remove it", required=True),))
        return {
            "type": "object",
            "additionalProperties": {"anyOf": [self.shape.schema(), removed]},
        }


class Version:
    """The version of this language."""

    def read(self, node: Node, source: Source, label: str) -> str | None:
        """Return `1`."""
        text = scalar(node, source, label, "1", "1")
        if text is not None and text != "1":
            source.problem(node, f"{label} is {text!r}; this arsync reads version 1.")
            return None
        return text

    def schema(self) -> Schema:
        """Return the schema."""
        return {"enum": [1, "1"]}


_NAME = Key("name", Text(), "its name; plans and notes show it", required=True)
_CONTACTS = ConditionShape()
# Required where a forgotten line would hold, or leave alone, every customer.
_WHEN = Key("when", _CONTACTS, "the conditions that must all hold", required=True)
_UNLESS = Key("unless", _CONTACTS, "conditions; if they hold, the rule does not apply")
_APPROVAL = Key(
    "approval",
    ApprovalShape(),
    "whether it needs approval: required, none, or {over: 5000, by: finance director}",
)
_ASSIGN = Key("assign_to", Text(), "the person or team responsible")
_REMOVE = Key(
    "remove", Removal(), "true: remove it from the extended rulebook; or a list of keys to remove"
)
_COUNT = WholeNumber(0, 1_000_000)
_PLACE = HolidayPlace(r"[A-Z]{2}(-[A-Z0-9]{1,3})?", "a place such as GB-ENG", "GB-ENG")
_LANGUAGE = Text(r"[A-Za-z]{2,3}(-[A-Za-z]{2})?", "a language such as en or de", "en")

LIMITS_MAX = 20
"""How many limits of one customer may follow each other."""

DATED_LIMIT = (
    Key("amount", AmountShape(), "the agreed credit limit", required=True),
    Key("until", DayShape(), "the last day it counts on; without it: for good"),
)
CUSTOMER = (
    Key("contact", Text(), "the contact's name, or its id in the accounting system", required=True),
    Key("parent", Text(), "its parent's name or id, where the accounting system knows no parents"),
    Key("credit_limit", AmountShape(), "the agreed credit limit: the fact agreed_limit"),
    Key("insured_limit", AmountShape(), "the amount that the credit insurer covers"),
    Key("insured_until", DayShape(), "the last day on which the credit insurer covers it"),
    Key(
        "limits",
        Blocks(DATED_LIMIT, "a limit", LIMITS_MAX),
        "in place of credit_limit: limits that follow each other, each until its day",
    ),
    Key("review_on", DayShape(), "the day to review the limit"),
    Key("pause_until", DayShape(), "the last day on which nothing goes to this customer"),
    Key("suppliers", TextList(), "the suppliers that are the same party, by name or id"),
    Key("tags", TextList(), "tags, used with tag:"),
    Key("language", _LANGUAGE, "the language of this customer's letters"),
    Key("holidays", _PLACE, "the place whose public holidays count for this customer"),
    _REMOVE,
)
LEAVE_ALONE = (_NAME, _WHEN, _UNLESS, _REMOVE)
# The rule that gives the limit cannot ask for it.
_NO_LIMITS = ConditionShape(limit_facts=False)
CREDIT_LIMIT = (
    _NAME,
    Key("when", _NO_LIMITS, "the conditions that must all hold; without it: every customer"),
    Key("unless", _NO_LIMITS, "conditions; if they hold, the rule does not apply"),
    Key(
        "limit", LimitShape(), "an amount, a fact such as agreed_limit, or no limit", required=True
    ),
    _REMOVE,
)
CREDIT_HOLD = (
    _NAME,
    _WHEN,
    _UNLESS,
    Key(
        "terms",
        TermsShape(),
        "payment terms during the hold: cash on delivery, 14 days, or a name of QuickBooks",
    ),
    _APPROVAL,
    Key(
        "release",
        ReleaseShape(),
        "who lifts the hold when its reasons are over: arsync (automatic), a person (approval), or"
        " who has a role: {by: finance director}",
    ),
    Key(
        "tell",
        TellShape(customer=True),
        "who is told when it is held and when not: customer, by a letter; a role, a person or an"
        " address, by a mail",
    ),
    _REMOVE,
)
_COUNTED_FROM = Words((*CountedFrom, PREVIOUS_STEP))
STEP = (
    Key(
        "day",
        WholeNumber(*STEP_DAYS, "a number of days"),
        "days after the due date, or before it",
    ),
    Key("after", AfterShape("14 days"), "in place of day: so long after the step before it"),
    Key("counted_from", _COUNTED_FROM, "the day from which day counts, in place of the due date"),
    Key("email", Text(), "send this reminder text"),
    Key("sms", Text(), "send this reminder text as a text message: email by via: sms"),
    Key("task", Text(), "open a task for a person"),
    Key("call", Text(), "open a task for the telephone"),
    Key("letter", Text(), "send this text as a PDF letter: by email, or by post"),
    Key("via", WayShape(), "how its message leaves, in place of what sending says"),
    Key("attach", WordsList(ATTACHMENTS), "what goes along, in place of what sending says"),
    Key("cc", CopiesShape(), "who gets a copy that shows, besides those of sending"),
    Key("copy_to", CopiesShape(), "who gets a blind copy, besides those of sending"),
    Key("late_fee", FeeShape(), "bill a late fee: an amount, or a percentage of what is due"),
    Key("when", ConditionShape("invoice"), "the invoices that it is for; without it: all"),
    Key("unless", ConditionShape("invoice"), "invoices that it is not for"),
    Key("every", AfterShape("14 days"), "repeat it, so long after the time before"),
    Key("at_most", WholeNumber(2, REPEATS_MAX), "how often it comes in all, with every"),
    Key("then", Words((WAIT_UNTIL_DONE,)), "later steps wait until the call or task is done"),
    Key("script", Text(), "what to say on the telephone: the name of a text in templates/"),
    _ASSIGN,
    _APPROVAL,
    _REMOVE,
)
TRIAL_PERCENT = (5, 95)
"""A smaller part would never have enough customers to tell anything."""


class TrialShareShape:
    """The share of a trial: `50%`."""

    PATTERN = r"([1-9][0-9]?) ?%?"

    def read(self, node: Node, source: Source, label: str) -> int | None:
        """Return the percentage."""
        text = scalar(node, source, label, "a percentage", "50%")
        if text is None:
            return None
        least, most = TRIAL_PERCENT
        match = re.fullmatch(self.PATTERN, text)
        if match is None or not least <= int(match[1]) <= most:
            message = f"{label} is {text!r}; it is a whole number from {least}% to {most}%."
            source.problem(node, message, "as in share: 50%")
            return None
        return int(match[1])

    def schema(self) -> Schema:
        """Return the schema."""
        least, most = TRIAL_PERCENT
        return {
            "anyOf": [
                {"type": "integer", "minimum": least, "maximum": most},
                {"type": "string", "pattern": f"^{self.PATTERN}$"},
            ]
        }


TRIAL = (
    Key("of", Text(), "the cadence beside which this one is tried", required=True),
    Key("share", TrialShareShape(), "the share of its customers who get this one (50%)"),
    _REMOVE,
)
CADENCE = (
    _NAME,
    Key("when", _CONTACTS, "the conditions that must all hold; without it: every customer"),
    _UNLESS,
    Key("skip_invoices_when", ConditionShape("invoice"), "invoices that are not chased"),
    Key("counted_from", _COUNTED_FROM, "the day from which its steps count (default: due date)"),
    Key(
        "trial",
        SubBlock(TRIAL),
        "try this cadence in place of another, on a share of the other's customers",
    ),
    Key(
        "wait_after_seen",
        WaitShape(),
        "how long an invoice waits that was overdue when it was first seen (default: 7 days)",
    ),
    Key(
        "steps",
        Blocks(STEP, Spot.STEP, STEPS_MAX, ("day", "after")),
        "what happens, by day",
        required=True,
    ),
    _REMOVE,
)
_INVOICES = ConditionShape("invoice")
FOLLOW_UP = (
    _NAME,
    Key("when", _INVOICES, "the conditions that must all hold", required=True),
    Key("unless", _INVOICES, "conditions; if they hold, the rule does not apply"),
    Key("task", Text(), "what to do", required=True),
    _ASSIGN,
    _REMOVE,
)
CHARGE = (
    _NAME,
    Key("when", _INVOICES, "the conditions that must all hold; without it: every late invoice"),
    Key("unless", _INVOICES, "conditions; if they hold, nothing is charged"),
    Key(
        "interest",
        InterestShape(),
        "interest on what was late, each part until it was paid: a rate, or statutory",
    ),
    Key(
        "compensation",
        Words((STATUTORY_RATE,)),
        "statutory: the law's fixed sum, once for each invoice",
    ),
    Key("after", AfterShape(), "so many days after the due date bear no interest"),
    Key("bill", Words(("monthly",)), "monthly: for months that have ended (default)"),
    Key(
        "as",
        Words(("draft",)),
        "draft: a person approves it in the accounting system, or here where it has no drafts",
    ),
    _APPROVAL,
    _REMOVE,
)
DISCOUNT = (
    _NAME,
    Key("when", _INVOICES, "the conditions that must all hold; without it: every invoice"),
    Key("unless", _INVOICES, "conditions; if they hold, there is no discount"),
    Key("percent", DiscountPercent(), "the discount, of the invoice's total", required=True),
    Key("within", AfterShape(), "the days to pay in, from the issue date", required=True),
    Key(
        "as",
        Words(("credit note draft",)),
        "credit note draft: a person approves it; a task where the accounting system has no drafts",
    ),
    _APPROVAL._replace(description="whether the draft needs approval (default)"),
    _REMOVE,
)
# Required, as with holds: a forgotten line would give up every debt.
_DEBTS = Key("when", _INVOICES, "the conditions that must all hold", required=True)
PLACEMENT = (
    _NAME,
    _DEBTS,
    Key("unless", _INVOICES, "conditions; if they hold, the debt stays here"),
    Key("to", Text(), "the agency or the lawyer", required=True),
    _APPROVAL._replace(description="who decides on it: required (default), or {by: owner}"),
    _REMOVE,
)
BOOKKEEPER = "bookkeeper"
WRITE_OFF = (
    _NAME,
    _DEBTS,
    Key("unless", _INVOICES, "conditions; if they hold, nothing is proposed"),
    Key("propose_to", Text(), "who decides and books it: the bookkeeper (default)"),
    _REMOVE,
)
TERMS = (
    _NAME,
    Key("when", _CONTACTS, "the conditions that must all hold; without it: every customer"),
    _UNLESS,
    Key(
        "terms", TermsShape(), "the payment terms: 30 days, or a name of QuickBooks", required=True
    ),
    Key(
        "propose",
        Words(("yes", "no")),
        "yes: propose the change where the books have others, for approval (no)",
    ),
    _REMOVE,
)
SHOWN = "shown"
MESSAGES_AT_MOST = 1_000
"""More messages to one customer are no limit."""

MESSAGE_CAP = (
    Key("messages", WholeNumber(1, MESSAGES_AT_MOST), "so many messages", required=True),
    Key("in", AfterShape(), "in any so many days", required=True),
)
SENDING = (
    Key(
        "via",
        WayShape(),
        "how messages leave: accounting system, smtp, post, sms, or an installed channel",
    ),
    Key(
        "to",
        Words(tuple(AddressedTo)),
        "whose address: contact person, or invoice address where an invoice has one (default)",
    ),
    Key("cc", CopiesShape(), "who gets a copy that shows: addresses, roles, or rules"),
    Key("copy_to", CopiesShape(), "who gets a blind copy: addresses, roles, or rules"),
    Key("sender", SendersShape(), "from whom our letters go; the first that matches counts"),
    Key("attach", WordsList(ATTACHMENTS), "what goes along with our letters"),
    Key("days", DaysShape(), "business days, every day, or a list of weekdays"),
    Key("between", Hours(), "the hours in which messages leave, in the organisation's time zone"),
    Key("holidays", _PLACE, "the place whose public holidays count"),
    Key("closed", ClosedShape(), "days off of your own, on which nothing leaves"),
    Key(
        DAYS_BETWEEN,
        WholeNumber(0, 365),
        "days between two messages to one customer, over all channels",
    ),
    Key(EARLIER_NAMES[DAYS_BETWEEN], WholeNumber(0, 365), f"the earlier name of {DAYS_BETWEEN}"),
    Key(
        "at_most",
        SubBlock(MESSAGE_CAP),
        "how many messages one customer gets in some time, over all channels",
    ),
    Key(
        "platform_emails_per_moment",
        WholeNumber(1, 100),
        "how many emails the accounting system may send to one contact at once",
    ),
    Key("language", _LANGUAGE, "the language of letters, if the customer's is not known"),
    Key(
        "by_customers_country",
        WordsList(("holidays", "language")),
        "what follows the customer's country, if known",
    ),
    Key(
        "without_email",
        Words(tuple(choice.value for choice in WithoutEmail)),
        "what happens to an email step without an address",
    ),
    Key(
        "reminder_level",
        Words((SHOWN, "not shown")),
        "shown: the accounting system shows how far each customer's reminders have come",
    ),
    _REMOVE,
)
SAFETY = (
    *(
        Key(
            name,
            _COUNT,
            f"if one plan has more {name.replace('_', ' ')} than this, all of it needs approval",
        )
        for name in SAFETY_COUNTS
    ),
    Key(
        "data_not_older_than",
        Span(),
        "if the last complete pull is older, no message leaves and no hold is placed",
    ),
    Key(
        "payments_not_older_than",
        Span(),
        "the same if the latest payment is older (by default no limit)",
    ),
    Key(
        "receivables_differ_by",
        AmountShape(),
        "how far a customer's balance may differ from the accounting system's own",
    ),
    Key(
        "customers_who_differ",
        _COUNT,
        "if more customers than this differ, nothing is sent",
    ),
    Key(
        "platform_reminders",
        Words((HOLD_BACK, "ignore")),
        "what happens to reminder emails while the accounting system sends its own",
    ),
    _REMOVE,
)
OPEN_BILLS = "open bills"
PAYABLES = (
    Key(
        "read",
        Words((OPEN_BILLS, "none")),
        "open bills: read bills of suppliers, and what they owe back (default: none)",
    ),
    _REMOVE,
)
PROMISES = (
    Key(
        "grace",
        GraceShape(),
        "days after the promised day before a promise counts as broken (3 business days)",
    ),
    Key(
        "broken_counts_for",
        AfterShape(),
        "for how long a broken promise counts in broken_promises (365 days)",
    ),
    _REMOVE,
)
RATE = (
    Key("from", DayShape(), "the half-year's first day: 1 January or 1 July", required=True),
    Key("rate", Percent(), "the reference rate in percent, as it was published", required=True),
    Key("source", Text(), "publisher and place of publication", required=True),
    _REMOVE,
)
FIXED_SUM = (
    Key("debts_from", AmountShape(), "debts of this amount or more", required=True),
    Key("amount", AmountShape(), "the fixed sum", required=True),
    _REMOVE,
)
STATUTORY = (
    Key("law", Text(), "the law's name, as letters cite it"),
    Key("source", Text(), "where the law can be read"),
    Key(
        "currency",
        Text(r"[A-Z]{3}", "three capital letters", "GBP"),
        "the currency of the fixed sums",
    ),
    Key("points_above_reference", Percent(), "percentage points above the reference rate"),
    Key("rate_counts", Words((WHEN_LATE, EACH_HALF_YEAR)), "which half-year's rate counts"),
    Key("rates", Blocks(RATE, "a rate", 400), "the reference rates, by half-year"),
    Key("compensation", Blocks(FIXED_SUM, "a fixed sum", 50), "fixed sums, by amount of the debt"),
    _REMOVE,
)
TOP = (
    Key("extends", Text(), "a shipped rulebook, or a file beside this one, that this one changes"),
    Key("version", Version(), "the version of this language: 1"),
    Key("name", Text(), "the rulebook's name"),
    Key(
        "currency", Text(r"[A-Z]{3}", "three capital letters", "GBP"), "the currency of all amounts"
    ),
    Key("groups", NamedConditions(), "names for conditions, used with group:"),
    # As many as a ledger may have; rules, which people read, end at a thousand.
    Key("customers", Blocks(CUSTOMER, Spot.CUSTOMER), "agreements with single customers"),
    Key(
        "leave_alone",
        Blocks(LEAVE_ALONE, Spot.LEAVE_ALONE, 1000),
        "customers who are never reminded and never put on hold",
    ),
    Key("credit_limits", Blocks(CREDIT_LIMIT, Spot.CREDIT_LIMIT, 1000), "the first match counts"),
    Key(
        "credit_holds",
        Blocks(CREDIT_HOLD, Spot.CREDIT_HOLD, 1000),
        "every match is a reason to hold",
    ),
    Key("reminders", Blocks(CADENCE, Spot.CADENCE, 1000), "the first matching cadence per contact"),
    Key("follow_ups", Blocks(FOLLOW_UP, Spot.FOLLOW_UP, 1000), "tasks that are opened by events"),
    Key(
        "charges",
        Blocks(CHARGE, Spot.CHARGE, 1000),
        "interest and fixed sums for late payment, billed monthly; the first match of an invoice",
    ),
    Key(
        "discounts",
        Blocks(DISCOUNT, Spot.DISCOUNT, 1000),
        "discounts for prompt payment; the first match of an invoice that earned it",
    ),
    Key(
        "placements",
        Blocks(PLACEMENT, Spot.PLACEMENT, 1000),
        "debts to hand to an agency or a lawyer, proposed for approval; the first match",
    ),
    Key(
        "write_offs",
        Blocks(WRITE_OFF, Spot.WRITE_OFF, 1000),
        "debts to write off, proposed as tasks and never booked; the first match",
    ),
    Key(
        "terms",
        Blocks(TERMS, Spot.TERMS, 1000),
        "which payment terms customers are to have; the first match counts",
    ),
    Key(
        "acceptance",
        Blocks(ACCEPTANCE, Spot.ACCEPTANCE, 1000),
        "what becomes of applications for credit; the first rule that applies decides",
    ),
    Key(
        "credit_references",
        SubBlock(REFERENCES),
        "how references of applicants for credit are asked",
    ),
    Key(
        "alerts",
        Blocks(ALERT, Spot.ALERT, 1000),
        "what people of the business are told about customers, once for as long as it stands",
    ),
    Key(
        "supplier_alerts",
        Blocks(SUPPLIER_ALERT, Spot.SUPPLIER_ALERT, 1000),
        "what people of the business are told about suppliers, with payables:",
    ),
    Key(
        "statements",
        Blocks(STATEMENT, Spot.STATEMENT, 1000),
        "statements of account, on a day of the month or week",
    ),
    Key("thank_you", SubBlock(THANKS), "thanks for payments"),
    Key(
        "after_issue",
        Blocks(ISSUED, Spot.AFTER_ISSUE, 1000),
        "letters some days after an invoice was issued, whatever becomes of it",
    ),
    Key("announcements", SubBlock(ANNOUNCED), "what customers are told of decisions about them"),
    Key("sending", SubBlock(SENDING), "how and when messages leave"),
    Key("roles", RolesShape(), "who has a role: an address, or one for each contact group"),
    Key("safety", SubBlock(SAFETY), "limits above which nothing is sent until a person decides"),
    Key(
        "payment_plans",
        SubBlock(PAYMENT_PLANS),
        "how agreed instalments are judged, announced and chased",
    ),
    Key("disputes", SubBlock(DISPUTES), "who answers disputes, and by when"),
    Key("take_over", TakeOverShape(), "how debts that are older than the connection start"),
    Key(
        "unapplied_cash",
        Words(tuple(word.value for word in UnappliedCash)),
        "whether prepayments, overpayments and open credit notes are taken off what is owed",
    ),
    Key("promises", SubBlock(PROMISES), "how promises to pay are judged"),
    Key(
        "provision",
        SubBlock(PROVISION_KEYS),
        "what is known of losses to come, and what late payment costs",
    ),
    Key(
        "payables",
        SubBlock(PAYABLES),
        "what is owed to suppliers, and to customers that are suppliers too",
    ),
    Key("goals", SubBlock(GOAL_KEYS), "where the measures of the ledger are to be"),
    Key(
        "statutory",
        SubBlock(STATUTORY),
        "statutory interest and compensation for late payment, as a dated table",
    ),
    Key(
        "not_rules",
        TextList(),
        "files and folders of the rules folder that look like rules or letters and are not",
    ),
)
SECTION_NAMES = frozenset(key.name for key in TOP)


def sending_of(block: Block, place: object) -> dict[str, object]:
    """Return the values of `sending:` under the names of `Sending`."""
    values: dict[str, object] = {
        name: block.values[name]
        for name in (
            "via",
            "cc",
            "copy_to",
            "sender",
            "holidays",
            "closed",
            "platform_emails_per_moment",
            "language",
            "by_customers_country",
        )
        if block.values.get(name) is not None
    }
    if block.values.get("days"):
        values["days"], values["weekdays"] = block.values["days"]
        values["on_holidays"] = values["days"] == "every day"
    for name in (DAYS_BETWEEN, EARLIER_NAMES[DAYS_BETWEEN]):
        if block.values.get(name) is not None:
            values[DAYS_BETWEEN] = block.values[name]
    cap = block.values.get("at_most")
    if cap is not None and None not in {cap.get("messages"), cap.get("in")}:
        values["at_most"] = MessageCap(cap.get("messages"), cap.get("in"))
    if block.values.get("to"):
        values["to"] = AddressedTo(block.values["to"])
    if block.values.get("attach"):
        values["attach"] = tuple(sorted(block.values["attach"]))
    if block.values.get("between"):
        values["earliest"], values["latest"] = block.values["between"]
    if block.values.get("without_email"):
        values["without_email"] = WithoutEmail(block.values["without_email"])
    values["shows_reminder_level"] = block.values.get("reminder_level") == SHOWN
    return {**values, "place": place}
