"""The sections `payment_plans` and `disputes`: how agreements are judged, and who answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from yaml.nodes import Node

from arsync.core.ledger.agreements.grace import GRACE_DAYS_MAX, Grace
from arsync.core.rulebook.model import DisputeRules, PaymentPlanRules, Place, Sending
from arsync.core.rulebook.reading.value_types import (
    Key,
    Removal,
    Schema,
    Source,
    Text,
    Words,
    scalar,
)

CHASE_DAYS = 1
"""How many days after an instalment its absence is written about, where letters leave by mail."""

LETTER_DAYS_MAX = 90
"""How many days before or after an instalment its letter may be sent."""


class GraceShape:
    """`3 business days`, `5 days` or `none`."""

    PATTERN = r"(?:([1-9][0-9]{0,2}) (business )?days?|none)"

    def read(self, node: Node, source: Source, label: str) -> Grace | None:
        """Return the grace."""
        text = scalar(node, source, label, "a number of days", "3 business days")
        if text is None:
            return None
        match = re.fullmatch(self.PATTERN, text)
        if match is None or int(match[1] or 0) > GRACE_DAYS_MAX:
            hint = f"write 3 business days, 5 days or none; at most {GRACE_DAYS_MAX} days"
            source.problem(node, f"{label} is {text!r}, which is no number of days.", hint)
            return None
        return Grace(int(match[1] or 0), match[2] is not None or match[1] is None)

    def schema(self) -> Schema:
        """Return the schema."""
        return {"type": "string", "pattern": f"^{self.PATTERN}$"}


class DaysBefore:
    """`3 days before`."""

    example = "3 days before"
    pattern = r"([1-9][0-9]?) days? before"

    def read(self, node: Node, source: Source, label: str) -> int | None:
        """Return the days."""
        text = scalar(node, source, label, "a number of days", self.example)
        if text is None:
            return None
        match = re.fullmatch(self.pattern, text)
        if match is None or int(match[1] or 0) > LETTER_DAYS_MAX:
            hint = f"write {self.example}; at most {LETTER_DAYS_MAX} days"
            source.problem(node, f"{label} is {text!r}, which is not understood here.", hint)
            return None
        return int(match[1] or 0)

    def schema(self) -> Schema:
        """Return the schema."""
        return {"type": "string", "pattern": f"^{self.pattern}$"}


class DaysAfter(DaysBefore):
    """`1 day after` or `none`, which is 0."""

    example = "1 day after"
    pattern = r"(?:([1-9][0-9]?) days? after|none)"


PAYMENT_PLANS = (
    Key("grace", GraceShape(), "how long after its day an instalment still comes in time"),
    Key(
        "announce",
        DaysBefore(),
        "send the text `instalment due` before each instalment; without it: none is sent",
    ),
    Key(
        "chase",
        DaysAfter(),
        "send the text `instalment missed` after an instalment's day, or none; without it: 1 day"
        " after with `via: smtp`, else none",
    ),
    Key(
        "confirm",
        Words(("yes", "no")),
        "yes: a new plan is confirmed to the customer with its schedule as a PDF",
    ),
    Key("remove", Removal(), "true: remove it from the extended rulebook; or a list of keys"),
)


DISPUTES = (
    Key(
        "answer_within",
        GraceShape(),
        "how long a dispute's owner has to answer it before being reminded (10 business days);"
        " after as long again it is escalated",
    ),
    Key("escalate_to", Text(), "who gets a task about a dispute that its owner does not answer"),
    Key("remove", Removal(), "true: remove it from the extended rulebook; or a list of keys"),
)


def dispute_rules(values: Mapping[str, tuple[Any, Place]]) -> DisputeRules | None:
    """Return the section from its values by key; None where a rulebook says nothing of it."""
    settled = {name: value for name, (value, _) in values.items()}
    if not settled:
        return None
    usual = DisputeRules()
    return DisputeRules(
        settled.get("answer_within") or usual.answer_within,
        settled.get("escalate_to", usual.escalate_to),
        next(place for _, place in values.values()),
    )


def payment_plan_rules(
    values: Mapping[str, tuple[Any, Place]], sending: Sending
) -> PaymentPlanRules:
    """Return the section from its values by key, each with its place."""
    settled = {name: value for name, (value, _) in values.items()}
    place = next((place for _, place in values.values()), PaymentPlanRules().place)
    # No accounting system's own email says it: where none is used but those, nothing is sent.
    usual_chase = CHASE_DAYS if sending.via == "smtp" else None
    return PaymentPlanRules(
        grace=settled.get("grace") or Grace(),
        announce_days=settled.get("announce"),
        chase_days=settled.get("chase", usual_chase) or None,
        confirms=settled.get("confirm") == "yes",
        places={name: place for name, (_, place) in values.items()},
        place=place,
    )
