"""Phrases: the sentences of a scenario's events and expectations."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from yaml.nodes import Node

from arsync.core.rulebook.model import folded
from arsync.core.rulebook.reading.value_types import Amount, Source
from arsync.core.rulebook.reading.yaml_nodes import did_you_mean
from arsync.core.trials.scenario.scenario_model import (
    ABOUT_CUSTOMERS,
    Event,
    EventKind,
    Phrase,
    What,
)

WAITS = " waits for approval"

EXPECTATIONS = (
    "email first reminder for INV-1",
    "letter final notice for INV-1",
    "task Call the customer for INV-1",
    "late fee 40.00 for INV-1",
    "hold placed",
    "hold lifted",
    "terms changed to cash on delivery",
    "terms restored",
    "nothing",
)
"""One of each: what stands under `expect:`; each may end with `waits for approval`."""

EVENTS = (
    "payment for INV-1",
    "payment 500 for INV-1",
    "payment 500",
    "payment reversed for INV-1",
    "credit 200 for INV-1",
    "void INV-1",
    "dispute INV-1 because goods were damaged",
    "settled INV-1",
    "promise for INV-1 by day 40",
    "promise 500 for INV-1 by 2026-03-31",
    "new due date for INV-1 day 60",
    "approve hold placed",
    "reject email final notice for INV-1",
    "task done Call the customer",
)
"""One of each: what stands under `events:`."""

_DAY = r"(?P<day>day\s+[+-]?[0-9]{1,5}|[0-9]{4}-[0-9]{2}-[0-9]{2})"
_FORMS: tuple[tuple[EventKind, str], ...] = (
    (EventKind.REVERSED, r"payment reversed for (?P<invoice>.+)"),
    (EventKind.PAYMENT, r"payment(?: (?P<amount>[0-9][0-9,.]*))? for (?P<invoice>.+)"),
    (EventKind.PAYMENT, r"payment (?P<amount>[0-9][0-9,.]*)(?: from (?P<contact>.+))?"),
    (EventKind.CREDIT, r"credit(?: (?P<amount>[0-9][0-9,.]*))? for (?P<invoice>.+)"),
    (EventKind.CREDIT, r"credit (?P<amount>[0-9][0-9,.]*)(?: to (?P<contact>.+))?"),
    (EventKind.VOID, r"void (?P<invoice>.+)"),
    (EventKind.DISPUTE, r"dispute (?P<invoice>.+?)(?: because (?P<text>.+))?"),
    (EventKind.SETTLED, r"settled (?P<invoice>.+)"),
    (EventKind.PROMISE, rf"promise(?: (?P<amount>[0-9][0-9,.]*))? for (?P<invoice>.+) by {_DAY}"),
    (EventKind.NEW_DUE_DATE, rf"new due date for (?P<invoice>.+?),? (?:is )?{_DAY}"),
    (EventKind.APPROVE, r"approve (?P<phrase>.+)"),
    (EventKind.REJECT, r"reject (?P<phrase>.+)"),
    (EventKind.TASK_DONE, r"task done(?: (?P<text>.+))?"),
)
_PARTS = re.compile(r"\s*,\s*|\s+and\s+")
RELATIVE = re.compile(r"day\s+([+-]?[0-9]{1,5})")


@dataclass(frozen=True)
class Names:
    """What the sentences of one scenario may name."""

    source: Source
    invoices: Mapping[str, str]
    """Numbers, by folded number."""
    contacts: Mapping[str, str]
    """Names, by folded name."""
    anchor: date

    def when(self, text: str, node: Node, label: str) -> date | None:
        """Return the day that a text says: `day 14`, or a date."""
        relative = RELATIVE.fullmatch(text.strip())
        if relative:
            return self.anchor + timedelta(int(relative[1]))
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text.strip()):
            hint = "write day 14, counted from the first invoice's due date, or a date: 2026-03-02"
            self.source.problem(node, f"{label} is {text!r}, which is not a day.", hint)
            return None
        try:
            return date.fromisoformat(text.strip())
        except ValueError:
            self.source.problem(node, f"{label} is {text!r}: there is no such day.")
            return None

    def invoice(self, text: str, node: Node) -> str | None:
        """Return an invoice's number as it was written above; None with a problem."""
        return self._known(text, self.invoices, "invoice", node)

    def contact(self, text: str, node: Node) -> str | None:
        """Return a customer's name as it was written above; None with a problem."""
        return self._known(text, self.contacts, "customer", node)

    def _known(self, text: str, known: Mapping[str, str], label: str, node: Node) -> str | None:
        found = known.get(folded(text))
        if found is None:
            hint = did_you_mean(text, known.values())
            self.source.problem(node, f"there is no {label} {text!r} in this scenario.", hint)
        return found


def read_phrase(text: str, node: Node, names: Names) -> Phrase | None:
    """Return what a sentence expects; None with a problem."""
    said = " ".join(text.split())
    waits = said.endswith(WAITS)
    body = said.removesuffix(WAITS)
    what = next((one for one in What if body == one or body.startswith(f"{one} ")), None)
    if what is None:
        hint = did_you_mean(body, EXPECTATIONS)
        if not hint.startswith("did you mean"):
            hint = "one of: " + "; ".join(EXPECTATIONS)
        names.source.problem(node, f"{said!r} is nothing that a rulebook can do.", hint)
        return None
    rest = body.removeprefix(what).strip()
    if what in ABOUT_CUSTOMERS:
        return _about_customer(Phrase(said, what, waits=waits), rest, node, names)
    before, found, after = f" {rest}".rpartition(" for ")
    numbers: list[str] = []
    if found:
        parts = _PARTS.split(after)
        if what is What.TASK and not any(folded(one) in names.invoices for one in parts):
            return Phrase(said, what, rest, waits=waits)  # `Call for payment` is a task's text
        for part in parts:
            number = names.invoice(part, node)
            if number is None:
                return None
            numbers.append(number)
        rest = before.strip()
    return Phrase(said, what, rest, tuple(numbers), waits=waits)


def _about_customer(phrase: Phrase, rest: str, node: Node, names: Names) -> Phrase | None:
    contact = ""
    before, found, name = f" {rest}".rpartition(" on ")
    if found and (phrase.what is not What.TERMS_CHANGED or folded(name) in names.contacts):
        known = names.contact(name, node)
        if known is None:
            return None
        contact, rest = known, before.strip()
    if phrase.what is What.TERMS_CHANGED:
        rest = rest.removeprefix("to ").strip()  # `cash on delivery` holds an `on` of its own
    elif rest:
        message = f"{phrase.said!r} says more than {phrase.what.value!r} can."
        hint = f"write '{phrase.what}', or '{phrase.what} on NAME'"
        names.source.problem(node, message, hint)
        return None
    return phrase._replace(text=rest, contact=contact)


def read_event(text: str, on: date, node: Node, names: Names) -> Event | None:
    """Return what a sentence says that happens on a day; None with a problem."""
    said = " ".join(text.split())
    for kind, form in _FORMS:
        match = re.fullmatch(form, said)
        if match:
            return _event(Event(on, names.source.place(node), kind, said), match, node, names)
    near = did_you_mean(said, EVENTS)
    hint = near if near.startswith("did you mean") else "one of: " + "; ".join(EVENTS)
    names.source.problem(node, f"{said!r} is not an event.", hint)
    return None


def _event(event: Event, found: re.Match[str], node: Node, names: Names) -> Event | None:
    said = found.groupdict()

    readers: Mapping[str, Callable[[str], Any]] = {
        "invoice": lambda text: names.invoice(text, node),
        "contact": lambda text: names.contact(text, node),
        "amount": lambda text: Amount().parse(text, node, names.source, "the amount"),
        "day": lambda text: names.when(text, node, "the day"),
        "text": lambda text: text,
        "phrase": lambda text: read_phrase(text, node, names),
    }
    values = {key: readers[key](text) for key, text in said.items() if text is not None}
    if any(value is None for value in values.values()):
        return None
    made = event._replace(**values)
    if made.kind is EventKind.PROMISE and made.day is not None and made.day < made.on:
        names.source.problem(node, f"the promise is for {made.day}, which is past on {made.on}.")
        return None
    return made
