"""The keys of a scenario file: what each is called, looks like and means; and their JSON Schema."""

from __future__ import annotations

from typing import Any

from yaml.nodes import Node

from arsync.core.rulebook.reading.sections import DATED_LIMIT, LIMITS_MAX, Blocks
from arsync.core.rulebook.reading.value_types import (
    AmountShape,
    DayShape,
    Key,
    Schema,
    Source,
    Text,
    TextList,
    Words,
    block_schema,
)
from arsync.core.trials.scenario.applications import application_schema

_YES_NO = Words(("yes", "no"))


class _Whatever:
    """A value that is read later, when the names it may use are known."""

    def read(self, node: Node, _source: Source, _label: str) -> Node:
        """Return the node as it is."""
        return node

    def schema(self) -> Schema:
        """Return a schema that takes anything."""
        return {}


LATER = _Whatever()
CUSTOMER = (
    Key("name", Text(), "the customer's name", required=True),
    Key("email", Text(), "the address; `none` for a customer without one"),
    Key("groups", TextList(), "contact groups (Xero) or the customer type (QuickBooks)"),
    Key("country", Text(r"[A-Z]{2}", "two capital letters", "GB"), "the country"),
    Key("since", LATER, "the day on which the contact was created"),
    Key("parent", Text(), "the name of the parent customer"),
    Key("bill_to_parent", _YES_NO, "whether the parent pays its bills"),
    Key("tags", TextList(), "tags, as under the rulebook's `customers:`"),
    Key("credit_limit", AmountShape(), "an agreed limit, as under the rulebook's `customers:`"),
    Key("insured_limit", AmountShape(), "an insured limit, as under the rulebook's `customers:`"),
    Key("insured_until", DayShape(), "the last day of the credit insurance"),
    Key(
        "limits",
        Blocks(DATED_LIMIT, "a limit", LIMITS_MAX),
        "agreed limits that follow each other, as under the rulebook's `customers:`",
    ),
    Key("review_on", DayShape(), "the day to review the limit"),
    Key("pause_until", DayShape(), "the last day on which nothing goes to the customer"),
)
AGREED = (
    "tags",
    "credit_limit",
    "insured_limit",
    "insured_until",
    "limits",
    "review_on",
    "pause_until",
)
"""What stands under the rulebook's `customers:` too."""

_RATE = Text(r"[0-9]{1,6}(\.[0-9]{1,10})?", "a rate such as 0.8550", "0.8550")
INVOICE = (
    Key("number", Text(), "the invoice's number", required=True),
    Key("due", LATER, "the due date", required=True),
    Key("amount", AmountShape(), "the total", required=True),
    Key("issued", LATER, "the day of issue; 30 days before the due date when left out"),
    Key("currency", Text(r"[A-Z]{3}", "three capital letters", "GBP"), "its currency"),
    Key("rate", _RATE, "one unit of its currency in the rulebook's"),
    Key("customer", Text(), "the customer, when there are several"),
    Key("paid", LATER, "the day it was paid in full; the same as an event"),
    Key("sent", _YES_NO, "whether it was sent to the customer; not known when left out"),
    Key("reference", Text(), "the reference on it, such as the customer's order number"),
)
SCENARIO = (
    Key("name", Text(), "what the scenario shows", required=True),
    Key("customer", LATER, "the customer; an active one with an address when left out"),
    Key("customers", LATER, "several customers, the first is the main one"),
    Key("invoices", LATER, "at least one invoice", required=True),
    Key("events", LATER, "what happens, by day"),
    Key("expect", LATER, "what the rulebook is to do, by day"),
    Key("never", LATER, "what it must not do on any day"),
    Key("until", LATER, "the last day that is played; the last one named when left out"),
    Key("taken_over", LATER, "the day arsync starts; debts from before it are old debts"),
    Key("approvals", Words(("same day", "by hand")), "when a person approves"),
    Key("unlisted", Words(("fails", "allowed")), "what is done and not listed under expect"),
)
FILE = (
    Key("rulebook", Text(), "the rulebook's file or folder, seen from this file"),
    Key("scenarios", LATER, "the scenarios"),
    Key("applications", LATER, "applications for credit, and what is to become of each"),
)


def scenario_schema() -> Schema:
    """Return the JSON Schema of scenario files, for editors."""
    texts = {"anyOf": [{"type": "string"}, {"type": "array"}]}
    by_day: Schema = {
        "type": "object",
        "additionalProperties": {"anyOf": [*texts["anyOf"], {"type": "object"}]},
    }
    when: Schema = {"type": "string", "pattern": _WHEN}
    customer = _described(CUSTOMER, {"since": when})
    invoice = _described(INVOICE, dict.fromkeys(("due", "issued", "paid"), when))
    scenario = _described(
        SCENARIO,
        {
            "customer": customer,
            "customers": {"type": "array", "items": customer},
            "invoices": {"type": "array", "items": invoice, "minItems": 1},
            "events": by_day,
            "expect": by_day,
            "never": texts,
            "until": when,
            "taken_over": when,
        },
    )
    applications: Schema = {"type": "array", "items": application_schema()}
    scenarios: Schema = {"type": "array", "items": scenario}
    file = _described(FILE, {"scenarios": scenarios, "applications": applications})
    file["anyOf"] = [{"required": ["scenarios"]}, {"required": ["applications"]}]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "arsync scenarios",
        **file,
    }


_WHEN = r"^\s*(day\s+[+-]?[0-9]{1,5}|[0-9]{4}-[0-9]{2}-[0-9]{2})\s*$"


def _described(keys: tuple[Key, ...], later: dict[str, Any]) -> Schema:
    """Return a block's schema, with those of the values that are read later."""
    block = block_schema(keys)
    for name, schema in later.items():
        block["properties"][name] |= schema
    return block
