"""The section `provision`: what is known of the future, and what borrowed money costs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from yaml.nodes import Node

from arsync.core.rulebook.model import (
    INTEREST_PERCENT_MAX,
    OUTLOOK_PERCENT_LEAST,
    OUTLOOK_PERCENT_MAX,
    Place,
    ProvisionRules,
)
from arsync.core.rulebook.reading.value_types import Key, Removal, Schema, Source, Text, scalar
from arsync.core.rulebook.reading.yaml_nodes import Problems


class OutlookShape:
    """`+10%`, `-5%`, or `10`."""

    PATTERN: ClassVar[str] = r"[+-]?(0|[1-9][0-9]{0,3})(\.[0-9]{1,2})?\s*%?"

    def read(self, node: Node, source: Source, label: str) -> Decimal | None:
        """Return the percentage by which loss rates are moved."""
        text = scalar(node, source, label, "a percentage", "+10%")
        if text is None:
            return None
        if not re.fullmatch(self.PATTERN, text):
            hint = "write +10% to raise all loss rates by a tenth of what they are, -10% to lower"
            source.problem(node, f"{label} is {text!r}, which is no percentage.", hint)
            return None
        percent = Decimal(text.removesuffix("%").strip())
        if not OUTLOOK_PERCENT_LEAST <= percent <= OUTLOOK_PERCENT_MAX:
            bounds = f"{OUTLOOK_PERCENT_LEAST}% to {OUTLOOK_PERCENT_MAX:,}%"
            source.problem(node, f"{label} is {text!r}; it can be {bounds}.")
            return None
        return percent

    def schema(self) -> Schema:
        """Return the schema."""
        return {
            "anyOf": [
                {
                    "type": "number",
                    "minimum": OUTLOOK_PERCENT_LEAST,
                    "maximum": OUTLOOK_PERCENT_MAX,
                },
                {"type": "string", "pattern": f"^{self.PATTERN}$"},
            ]
        }


class YearlyRateShape:
    """`8%`, or `8`."""

    PATTERN: ClassVar[str] = r"(0|[1-9][0-9]{0,2})(\.[0-9]{1,2})?\s*%?"

    def read(self, node: Node, source: Source, label: str) -> Decimal | None:
        """Return the percentage a year."""
        text = scalar(node, source, label, "a percentage a year", "8%")
        if text is None:
            return None
        percent = Decimal(-1)
        if re.fullmatch(self.PATTERN, text):
            percent = Decimal(text.removesuffix("%").strip())
        if not 0 <= percent <= INTEREST_PERCENT_MAX:
            hint = f"write 8%: a percentage a year, 0% to {INTEREST_PERCENT_MAX}%"
            source.problem(node, f"{label} is {text!r}, which is no rate of a year.", hint)
            return None
        return percent

    def schema(self) -> Schema:
        """Return the schema."""
        return {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": INTEREST_PERCENT_MAX},
                {"type": "string", "pattern": f"^{self.PATTERN}$"},
            ]
        }


PROVISION_KEYS = (
    Key("outlook", OutlookShape(), "by how much loss rates are moved for what is known to come"),
    Key("name", Text(), "what the outlook is called in reports; required with outlook"),
    Key("because", Text(), "why, as an auditor will read it; required with outlook"),
    Key("interest", YearlyRateShape(), "what borrowed money costs you in a year"),
    Key("remove", Removal(), "true: remove it from the extended rulebook; or a list of keys"),
)


def provision_of(values: Mapping[str, tuple[Any, Place]], problems: Problems) -> ProvisionRules:
    """Return the section from its values by key; an outlook without name or reason is a problem."""
    settled = {name: value for name, (value, _) in values.items() if value is not None}
    if settled.get("outlook"):
        place = values["outlook"][1]
        for name, example in (("name", "Construction slump"), ("because", "two builders closed")):
            if name not in settled:
                problems.add(
                    place,
                    f"'outlook' needs its {name!r}: an auditor will ask for it.",
                    f"write {name}: {example}",
                )
        return ProvisionRules(
            settled["outlook"],
            settled.get("name", ""),
            settled.get("because", ""),
            settled.get("interest"),
            place,
        )
    return ProvisionRules(interest_percent=settled.get("interest"))
