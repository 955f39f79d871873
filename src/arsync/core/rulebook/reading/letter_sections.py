"""The sections of letters that ask for nothing: statements, thanks, questions, announcements."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from yaml.nodes import Node

from arsync.core.ledger.enclosures import Enclosure
from arsync.core.ledger.statement_of_account import StatementKind
from arsync.core.rulebook.conditions import ALWAYS
from arsync.core.rulebook.model import (
    ACCOUNT_LETTERS,
    SATISFACTION_CHECK,
    TERMS_OF_TRADE,
    THANK_YOU,
    AfterIssue,
    Announcements,
    EvenIf,
    OncePer,
    Place,
    StatementDay,
    StatementRule,
    ThankYou,
)
from arsync.core.rulebook.reading.approval_shape import ApprovalShape
from arsync.core.rulebook.reading.condition_reader import ConditionShape, when_of
from arsync.core.rulebook.reading.hints import said_for_value
from arsync.core.rulebook.reading.message_shapes import WayShape
from arsync.core.rulebook.reading.value_types import (
    Block,
    Key,
    Removal,
    Schema,
    Source,
    Text,
    WholeNumber,
    Words,
    WordsList,
    scalar,
)
from arsync.core.rulebook.reading.yaml_nodes import did_you_mean
from arsync.core.rulebook.roles import NO_APPROVAL

PLATFORM = "accounting system"
"""The way that takes no words of ours."""

AFTER_ISSUE_DAYS_MAX = 365
"""So many days after the issue of an invoice its letter leaves at the latest."""

BEFORE_PLACEMENT_DAYS_MAX = 90
"""So many days before its debts are placed a customer is told at the earliest."""

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LAST = -1
_LAST_DAY = 31
PDF = "pdf"
"""Under `attach`: the statement, or the letter, as a PDF."""


class StatementDayShape:
    """`1st business day`, `last business day`, `15`, `monday`, `monday every 2 weeks`."""

    BUSINESS: ClassVar[str] = r"(?:([1-9]|10)(?:st|nd|rd|th)|last) business day"
    MONTHLY: ClassVar[str] = r"([1-9]|[12][0-9]|3[01])|last day"
    WEEKLY: ClassVar[str] = rf"({'|'.join(_WEEKDAYS)})(?: every ([2-9]|1[0-3]) weeks)?"

    def read(self, node: Node, source: Source, label: str) -> StatementDay | None:
        """Return the days."""
        text = scalar(node, source, label, "a day", "1st business day")
        if text is None:
            return None
        text = " ".join(text.split()).casefold()
        if match := re.fullmatch(self.BUSINESS, text):
            return StatementDay(text, business_day=int(match[1]) if match[1] else _LAST)
        if match := re.fullmatch(self.MONTHLY, text):
            return StatementDay(text, day_of_month=int(match[1]) if match[1] else _LAST_DAY)
        if match := re.fullmatch(self.WEEKLY, text):
            weekday = _WEEKDAYS.index(match[1])
            return StatementDay(text, weekday=weekday, weeks=int(match[2] or 1))
        hint = said_for_value(label, text)
        hint = hint or "as in on: 1st business day; on: 15, a day of the month; on: monday"
        source.problem(node, f"{label} is {text!r}, which is no day for statements.", hint)
        return None

    def schema(self) -> Schema:
        """Return the schema."""
        words = f"^(?:{self.BUSINESS}|{self.MONTHLY}|{self.WEEKLY})$"
        return {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": _LAST_DAY},
                {"type": "string", "pattern": words},
            ]
        }


class LetterWay:
    """The way of a letter that no accounting system can write."""

    def read(self, node: Node, source: Source, label: str) -> str | None:
        """Return the way."""
        ways = sorted(set(source.ways) - {PLATFORM})
        text = scalar(node, source, label, " or ".join(ways), "smtp")
        if text is None or text in ways:
            return text
        if text != PLATFORM:
            return WayShape().read(node, source, label)
        message = f"{label} is {text!r}, which cannot send it: its emails take no words of ours."
        source.problem(node, message, "write via: smtp")
        return None

    def schema(self) -> Schema:
        """Return the schema."""
        return {**WayShape().schema(), "not": {"enum": [PLATFORM]}}


class BeforePlacement:
    """`7 days before`."""

    PATTERN = r"([1-9][0-9]?) days? before"

    def read(self, node: Node, source: Source, label: str) -> int | None:
        """Return the days."""
        text = scalar(node, source, label, "a number of days", "7 days before")
        if text is None:
            return None
        match = re.fullmatch(self.PATTERN, text)
        if match is None or int(match[1]) > BEFORE_PLACEMENT_DAYS_MAX:
            hint = f"write 7 days before; at most {BEFORE_PLACEMENT_DAYS_MAX} days"
            source.problem(node, f"{label} is {text!r}, which is not understood here.", hint)
            return None
        return int(match[1])

    def schema(self) -> Schema:
        """Return the schema."""
        return {"type": "string", "pattern": f"^{self.PATTERN}$"}


class LetterText:
    """The name of a text that exists."""

    def read(self, node: Node, source: Source, label: str) -> str | None:
        """Return the name."""
        text = Text(example=THANK_YOU).read(node, source, label)
        names = (*ACCOUNT_LETTERS, *(source.texts or ()))
        if text is not None and source.texts is not None and text not in names:
            hint = did_you_mean(text, names) or "add a template of that name"
            source.problem(node, f"there is no text {text!r}.", hint)
        return text

    def schema(self) -> Schema:
        """Return the schema."""
        return Text().schema()


_CONTACTS = ConditionShape()
_INVOICES = ConditionShape("invoice")
_VIA = Key("via", LetterWay(), "how it leaves: smtp (default), post, or another way of ours")
_ATTACH = Key(
    "attach",
    WordsList((PDF, Enclosure.STATEMENT.value, Enclosure.INVOICE.value)),
    "what goes along: pdf (the letter), statement, invoice, or several",
)
_APPROVAL = Key(
    "approval", ApprovalShape(), "whether it needs approval: required, none, or {by: owner}"
)
_EVEN_IF = Key(
    "even_if",
    WordsList(tuple(EvenIf)),
    "sent even if the customer is overdue, disputes anything, or is held",
)
_REMOVE = Key(
    "remove", Removal(), "true: remove it from the extended rulebook; or a list of keys to remove"
)
_UNLESS = "conditions; if they hold, it is not sent"

STATEMENT = (
    Key("name", Text(), "its name; plans and notes show it", required=True),
    Key("when", _CONTACTS, "the conditions that must all hold; without it: every customer"),
    Key("unless", _CONTACTS, _UNLESS),
    Key(
        "on",
        StatementDayShape(),
        "the day: 1st business day, last business day, a day of the month, or a day of the week",
        required=True,
    ),
    Key(
        "kind",
        Words(tuple(StatementKind)),
        "open items (default), or activity: all that changed the balance since the last one",
    ),
    _VIA,
    _ATTACH,
    _APPROVAL,
    _REMOVE,
)
THANKS = (
    Key("when", _INVOICES, "the conditions, of each invoice that was paid that day"),
    Key("unless", _INVOICES, _UNLESS),
    Key("email", LetterText(), f"the text (default: {THANK_YOU})"),
    _VIA,
    _ATTACH,
    _EVEN_IF,
    _APPROVAL,
    _REMOVE,
)
ISSUED = (
    Key("email", LetterText(), f"the text: {SATISFACTION_CHECK}, {TERMS_OF_TRADE}", required=True),
    Key("name", Text(), "its name; without it: its text's"),
    Key(
        "days",
        WholeNumber(0, AFTER_ISSUE_DAYS_MAX, "a number of days"),
        "so many days after the invoice's issue date",
        required=True,
    ),
    Key("when", _INVOICES, "the conditions that must all hold; without it: every invoice"),
    Key("unless", _INVOICES, _UNLESS),
    Key(
        "once_per",
        Words(tuple(OncePer)),
        "invoice (default), or customer: with a customer's first invoice alone",
    ),
    _VIA,
    _ATTACH,
    _EVEN_IF,
    _APPROVAL,
    _REMOVE,
)
PLACED, PLACED_AND_LIFTED, CHANGED = "placed", "placed and lifted", "changed"
ANNOUNCED = (
    Key(
        "credit_holds",
        Words((PLACED_AND_LIFTED, PLACED)),
        "tell customers that they are held, and when that is over",
    ),
    Key("credit_limits", Words((CHANGED,)), "tell customers that their credit limit changed"),
    Key(
        "placements",
        BeforePlacement(),
        "tell customers before their debts are placed, as in 7 days before",
    ),
    Key("when", _CONTACTS, "the customers that are told; without it: all"),
    Key("unless", _CONTACTS, "conditions; if they hold, the customer is not told"),
    _VIA,
    _ATTACH,
    _APPROVAL,
    _REMOVE,
)


def read_statement(
    block: Block, node: Node, source: Source, name: str, place: Place
) -> StatementRule:
    """Return one rule of `statements`."""
    return StatementRule(
        name,
        place,
        when_of(block),
        block.get("on") or StatementDay(""),
        StatementKind(block.get("kind", StatementKind.OPEN_ITEMS)),
        block.get("via", ""),
        # The letter is the statement.
        attached(block.get("attach"), _LETTER_ITSELF | {Enclosure.STATEMENT.value}),
        block.get("approval", NO_APPROVAL),
    )


def read_after_issue(
    block: Block, node: Node, source: Source, name: str, place: Place
) -> AfterIssue:
    """Return one rule of `after_issue`."""
    when = when_of(block)
    if when.spans:
        source.problem(node, "a letter after issue cannot ask for how long a condition has held.")
    return AfterIssue(
        name or block.get("email", ""),
        place,
        when,
        block.get("days", 0),
        block.get("email", ""),
        OncePer(block.get("once_per", OncePer.INVOICE)),
        block.get("via", ""),
        attached(block.get("attach")),
        block.get("even_if", frozenset()),
        block.get("approval", NO_APPROVAL),
    )


def thanks_of(values: Mapping[str, tuple[Any, Place]]) -> ThankYou | None:
    """Return the section `thank_you` from its values by key; None without it."""
    if not values:
        return None
    settled, place = _settled(values)
    return ThankYou(
        THANK_YOU,
        place,
        when_of(Block(settled, {})),
        settled.get("email") or THANK_YOU,
        settled.get("via") or "",
        attached(settled.get("attach")),
        settled.get("even_if") or frozenset(),
        settled.get("approval") or NO_APPROVAL,
    )


def announcements_of(values: Mapping[str, tuple[Any, Place]]) -> Announcements:
    """Return the section `announcements` from its values by key."""
    if not values:
        return Announcements()
    settled, place = _settled(values)
    holds = settled.get("credit_holds")
    asks = {"when", "unless"} & set(settled)
    return Announcements(
        holds is not None,
        holds == PLACED_AND_LIFTED,
        settled.get("credit_limits") == CHANGED,
        settled.get("placements"),
        when_of(Block(settled, {})) if asks else ALWAYS,
        settled.get("via") or "",
        attached(settled.get("attach")),
        settled.get("approval") or NO_APPROVAL,
        {name: key_place for name, (_, key_place) in values.items()},
        place,
    )


def _settled(values: Mapping[str, tuple[Any, Place]]) -> tuple[dict[str, Any], Place]:
    settled = {name: value for name, (value, _) in values.items() if value is not None}
    return settled, next(place for _, place in values.values())


_LETTER_ITSELF = frozenset({PDF})


def attached(
    words: frozenset[str] | None, itself: frozenset[str] = _LETTER_ITSELF
) -> tuple[str, ...]:
    """Return what goes along; `itself` are the words for the letter as a PDF."""
    return tuple(
        sorted({Enclosure.LETTER.value if word in itself else word for word in words or ()})
    )
