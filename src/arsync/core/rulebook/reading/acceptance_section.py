"""The section `acceptance`: what becomes of applications for credit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from yaml.nodes import MappingNode, Node

from arsync.core.ledger.agreements.credit_applications import CreditOutcome
from arsync.core.rulebook.model import (
    NOWHERE,
    AcceptanceRule,
    AcceptedLimit,
    Place,
    ReferenceRules,
)
from arsync.core.rulebook.reading.agreement_sections import DaysBefore
from arsync.core.rulebook.reading.condition_reader import ConditionShape, when_of
from arsync.core.rulebook.reading.hints import said_for_value
from arsync.core.rulebook.reading.value_types import (
    AmountShape,
    Block,
    Key,
    Removal,
    Schema,
    Source,
    TermsShape,
    Text,
    Words,
    entries,
    scalar,
)

LIMIT_ASKED = "limit_asked"
"""In place of an amount: the limit that the application asks for."""

REVIEW_MONTHS_MAX = 60
"""Five years: a review after longer is none."""


class AcceptedLimitShape:
    """`5,000`, `limit_asked`, or `at most 5,000`."""

    AT_MOST = r"at most (.+)"

    def read(self, node: Node, source: Source, label: str) -> AcceptedLimit | None:
        """Return the limit."""
        if isinstance(node, MappingNode):
            words = {key: value for key, _, value in entries(node, source, label)}
            if set(words) == {"at_most"}:
                amount = AmountShape().read(words["at_most"], source, label)
                return None if amount is None else AcceptedLimit(amount, as_asked=True)
        text = scalar(node, source, label, "an amount, limit_asked, or at most 5,000", "5,000")
        if text is None:
            return None
        if text == LIMIT_ASKED:
            return AcceptedLimit(as_asked=True)
        at_most = re.fullmatch(self.AT_MOST, text)
        if at_most is None and re.fullmatch(r"[a-z_ ]+", text):
            source.problem(
                node,
                f"{label} is {text!r}, neither an amount, {LIMIT_ASKED}, nor at most an amount.",
                f"write limit: {LIMIT_ASKED}, or the amount",
            )
            return None
        amount = AmountShape().parse(at_most[1] if at_most else text, node, source, label)
        return None if amount is None else AcceptedLimit(amount, as_asked=at_most is not None)

    def schema(self) -> Schema:
        """Return the schema."""
        amounts = AmountShape().schema()["anyOf"]
        at_most = {
            "type": "object",
            "required": ["at_most"],
            "additionalProperties": False,
            "properties": {"at_most": {"description": "at most this", "anyOf": amounts}},
        }
        as_asked = [{"enum": [LIMIT_ASKED]}, {"type": "string", "pattern": f"^{self.AT_MOST}$"}]
        return {"anyOf": [*as_asked, *amounts, at_most]}


class ReviewShape:
    """`every 12 months`."""

    PATTERN = r"every ([1-9][0-9]?) months?"

    def read(self, node: Node, source: Source, label: str) -> int | None:
        """Return the months."""
        text = scalar(node, source, label, "a number of months", "every 12 months")
        if text is None:
            return None
        match = re.fullmatch(self.PATTERN, text)
        if match is None or int(match[1]) > REVIEW_MONTHS_MAX:
            hint = said_for_value(label, text)
            hint = hint or f"write every 12 months; at most {REVIEW_MONTHS_MAX}"
            source.problem(node, f"{label} is {text!r}, which is no number of months.", hint)
            return None
        return int(match[1])

    def schema(self) -> Schema:
        """Return the schema."""
        return {"type": "string", "pattern": f"^{self.PATTERN}$"}


class RemindShape(DaysBefore):
    """`10 days`."""

    example = "10 days"
    pattern = r"([1-9][0-9]?) days?"


_APPLICATIONS = ConditionShape("application")
ACCEPTANCE = (
    Key("name", Text(), "its name; decisions and notes show it", required=True),
    Key(
        "when",
        _APPLICATIONS,
        "the conditions that must all hold; without it: every application",
    ),
    Key("unless", _APPLICATIONS, "conditions; if they hold, the rule does not apply"),
    Key(
        "decide",
        Words(tuple(outcome.value for outcome in CreditOutcome)),
        "accept, cash on delivery, refuse, or ask: a person decides",
        required=True,
    ),
    Key(
        "limit", AcceptedLimitShape(), "the credit limit: an amount, limit_asked, or at most 5,000"
    ),
    Key("terms", TermsShape(), "the payment terms: 30 days, or a name of QuickBooks"),
    Key("by", Text(), "the role that approves it, as under roles"),
    Key("review", ReviewShape(), "when it is reviewed, as a task: every 12 months"),
    Key("remove", Removal(), "true: remove it from the extended rulebook; or a list of its keys"),
)


REFERENCES = (
    Key(
        "remind_after",
        RemindShape(),
        "remind a reference that does not answer its letter, once; without it: none is reminded",
    ),
    Key("remove", Removal(), "true: remove it from the extended rulebook; or a list of keys"),
)


def reference_rules(values: Mapping[str, tuple[Any, Place]]) -> ReferenceRules:
    """Return the section `credit_references` from its values by key, each with its place."""
    days, place = values.get("remind_after", (None, NOWHERE))
    return ReferenceRules(days, place)


def read_acceptance(
    block: Block, node: Node, source: Source, name: str, place: Place
) -> AcceptanceRule:
    """Return one rule, after adding what is wrong with it as a whole."""
    when = when_of(block)
    if when.spans:
        message = f"{name!r} asks for how long a condition has held: of applications nobody looks."
        source.problem(node, message, "leave out 'for:'")
    # A forgotten word is reported already, and must not accept anybody meanwhile.
    decide = CreditOutcome(block.get("decide", CreditOutcome.ASK))
    if decide is CreditOutcome.ACCEPT and "limit" not in block.nodes:
        message = f"{name!r} accepts, and says no limit."
        source.problem(node, message, f"write limit: {LIMIT_ASKED}, or the amount")
    if decide in {CreditOutcome.CASH, CreditOutcome.REFUSE}:
        needless = [key for key in ("limit", "terms") if key in block.nodes]
        for key in needless:
            message = f"{name!r} decides {decide.value!r}, so there is no {key} to give."
            source.problem(block.nodes[key], message, f"remove {key!r}, or write decide: accept")
    return AcceptanceRule(
        name=name,
        place=place,
        when=when,
        decide=decide,
        limit=block.get("limit"),
        terms=block.get("terms", ""),
        by=block.get("by", ""),
        review_months=block.get("review"),
    )
