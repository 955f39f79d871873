"""Phrases: the sentences of a scenario's events and expectations."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from yaml.nodes import Node

from arsync.core.ledger.agreements.payment_plans import Every
from arsync.core.ledger.agreements.plan_terms import Terms
from arsync.core.ledger.business_days import OUT_OF_RANGE, is_in_range
from arsync.core.ledger.records import DisputeOutcome, Instalment
from arsync.core.rulebook.model import folded
from arsync.core.rulebook.reading.value_types import AmountShape, Source
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
    "account letter statement of account",
    "account letter thank you for INV-1",
    "task Call the customer for INV-1",
    "call Ask for a day for INV-1",
    "alert Paying slower",
    "late fee 40.00 for INV-1",
    "credit note 20.00 for INV-1",
    "hold placed",
    "hold lifted",
    "terms changed to cash on delivery",
    "terms restored",
    "placed with Example Collections for INV-1",
    "nothing",
)
"""One example of each line under `expect:`; each may end with `waits for approval`."""

EVENTS = (
    "payment for INV-1",
    "payment 500 for INV-1",
    "payment 500",
    "payment 500 for INV-1, paid on day 3",
    "payment reversed for INV-1",
    "credit 200 for INV-1",
    "void INV-1",
    "sent INV-1",
    "dispute INV-1 because goods were damaged",
    "dispute 200 of INV-1 because wrong price",
    "settled INV-1",
    "settled INV-1 as credited",
    "promise for INV-1 by day 40",
    "promise 500 for INV-1 by 2026-03-31",
    "promise for INV-1 and INV-2 by day 40",
    "promise 700 by day 40",
    "also promise 200 for INV-1 by day 50",
    "payment plan for INV-1, 400 on day 20 and 400 on day 50",
    "payment plan, 3 instalments every month from day 20",
    "payment plan cancelled for INV-1",
    "new due date for INV-1 day 60",
    "approve hold placed",
    "refuse email final notice for INV-1",
    "task done Call the customer",
    "placed INV-1 with Example Collections",
    "recalled INV-1",
    "returned INV-1",
)
"""One example of each line under `events:`."""

_PLAN_LISTED = EVENTS.index("payment plan for INV-1, 400 on day 20 and 400 on day 50")

_AMOUNT = r"(?: (?P<amount>[0-9][0-9,.]*))?"
_DAY = r"(?P<day>day\s+[+-]?[0-9]{1,5}|[0-9]{4}-[0-9]{2}-[0-9]{2})"
# The first form that fits a whole sentence counts, so the more exact ones come first.
_FORMS: tuple[tuple[EventKind, str], ...] = (
    (EventKind.PLAN_CANCELLED, r"payment plan cancelled for (?P<invoice>.+)"),
    (EventKind.PAYMENT_PLAN, r"payment plan(?: for (?P<numbers>[^,]+))?, (?P<terms>.+)"),
    (EventKind.REVERSED, r"payment reversed for (?P<invoice>.+)"),
    (
        EventKind.PAYMENT,
        rf"payment(?: (?P<amount>[0-9][0-9,.]*))? for (?P<invoice>.+?)(?:,? paid on {_DAY})?",
    ),
    (EventKind.PAYMENT, r"payment (?P<amount>[0-9][0-9,.]*)(?: from (?P<contact>.+))?"),
    (EventKind.CREDIT, r"credit(?: (?P<amount>[0-9][0-9,.]*))? for (?P<invoice>.+)"),
    (EventKind.CREDIT, r"credit (?P<amount>[0-9][0-9,.]*)(?: to (?P<contact>.+))?"),
    (EventKind.VOID, r"void (?P<invoice>.+)"),
    (EventKind.SENT, r"sent (?P<invoice>.+)"),
    (
        EventKind.DISPUTE,
        r"dispute (?P<amount>[0-9][0-9,.]*) of (?P<invoice>.+?)(?: because (?P<text>.+))?",
    ),
    (EventKind.DISPUTE, r"dispute (?P<invoice>.+?)(?: because (?P<text>.+))?"),
    (
        EventKind.SETTLED,
        rf"settled (?P<invoice>.+?)(?: as (?P<text>{'|'.join(DisputeOutcome)}))?",
    ),
    (
        EventKind.PROMISE,
        rf"(?P<also>also )?promise{_AMOUNT}(?: for (?P<numbers>.+?))? by {_DAY}",
    ),
    (EventKind.NEW_DUE_DATE, rf"new due date for (?P<invoice>.+?),? (?:is )?{_DAY}"),
    (EventKind.APPROVE, r"approve (?P<phrase>.+)"),
    (EventKind.REJECT, r"(?:refuse|reject) (?P<phrase>.+)"),
    (EventKind.TASK_DONE, r"(?:task|call) done(?: (?P<text>.+))?"),
    (EventKind.PLACED, r"placed (?P<invoice>.+?) with (?P<text>.+)"),
    (EventKind.RECALLED, r"recalled (?P<invoice>.+)"),
    (EventKind.RETURNED, r"returned (?P<invoice>.+)"),
)
_LISTED = re.compile(rf"(?P<amount>[0-9][0-9,.]*) on {_DAY}")
_EQUAL = re.compile(
    rf"(?P<count>[0-9]{{1,3}}) instalments? every (?P<every>{'|'.join(Every)}) from {_DAY}"
)
_PARTS = re.compile(r"\s*,\s*|\s+and\s+")
RELATIVE = re.compile(r"day\s+([+-]?[0-9]{1,5})")


@dataclass(frozen=True)
class ScenarioNames:
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
            return self._in_range(self.anchor + timedelta(int(relative[1])), text, node, label)
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text.strip()):
            hint = "write day 14, counted from the first invoice's due date, or a date: 2026-03-02"
            self.source.problem(node, f"{label} is {text!r}, which is not a day.", hint)
            return None
        try:
            day = date.fromisoformat(text.strip())
        except ValueError:
            self.source.problem(node, f"{label} is {text!r}: there is no such day.")
            return None
        return self._in_range(day, text, node, label)

    def _in_range(self, day: date, text: str, node: Node, label: str) -> date | None:
        if is_in_range(day):
            return day
        self.source.problem(node, f"{label} is {text!r}: {OUT_OF_RANGE}")
        return None

    def invoice(self, text: str, node: Node) -> str | None:
        """Return an invoice's number as it was written above; None with a problem."""
        return self._known(text, self.invoices, "invoice", node)

    def contact(self, text: str, node: Node) -> str | None:
        """Return a customer's name as it was written above; None with a problem."""
        return self._known(text, self.contacts, "customer", node)

    def _known(self, text: str, names: Mapping[str, str], label: str, node: Node) -> str | None:
        written = names.get(folded(text))
        if written is None:
            hint = did_you_mean(text, names.values())
            self.source.problem(node, f"there is no {label} {text!r} in this scenario.", hint)
        return written


def read_phrase(text: str, node: Node, names: ScenarioNames) -> Phrase | None:
    """Return what a sentence expects; None with a problem."""
    sentence = " ".join(text.split())
    waits = sentence.endswith(WAITS)
    body = sentence.removesuffix(WAITS)
    what = next(
        (candidate for candidate in What if body == candidate or body.startswith(f"{candidate} ")),
        None,
    )
    if what is None:
        hint = did_you_mean(body, EXPECTATIONS)
        if not hint.startswith("did you mean"):
            hint = "one of: " + "; ".join(EXPECTATIONS)
        names.source.problem(node, f"{sentence!r} is nothing that a rulebook can do.", hint)
        return None
    remainder = body.removeprefix(what).strip()
    if what in ABOUT_CUSTOMERS:
        return _about_customer(Phrase(sentence, what, waits=waits), remainder, node, names)
    # From the right, since the text of a task may say `for` itself.
    before, separator, after = f" {remainder}".rpartition(" for ")
    numbers: list[str] = []
    if separator:
        number_texts = _PARTS.split(after)
        if what in {What.TASK, What.CALL, What.ALERT} and not any(
            folded(candidate) in names.invoices for candidate in number_texts
        ):
            # `Call for payment` is a task's text.
            return Phrase(sentence, what, remainder, waits=waits)
        for number_text in number_texts:
            number = names.invoice(number_text, node)
            if number is None:
                return None
            numbers.append(number)
        remainder = before.strip()
    return Phrase(sentence, what, remainder, tuple(numbers), waits=waits)


def _about_customer(
    phrase: Phrase, remainder: str, node: Node, names: ScenarioNames
) -> Phrase | None:
    contact = ""
    before, separator, name = f" {remainder}".rpartition(" on ")
    if separator and (phrase.what is not What.TERMS_CHANGED or folded(name) in names.contacts):
        named_contact = names.contact(name, node)
        if named_contact is None:
            return None
        contact, remainder = named_contact, before.strip()
    if phrase.what is What.TERMS_CHANGED:
        # `cash on delivery` holds an `on` of its own.
        remainder = remainder.removeprefix("to ").strip()
    elif remainder:
        message = f"{phrase.sentence!r} says more than {phrase.what.value!r} can."
        hint = f"write '{phrase.what}', or '{phrase.what} on NAME'"
        names.source.problem(node, message, hint)
        return None
    return phrase._replace(text=remainder, contact=contact)


def read_event(text: str, on: date, node: Node, names: ScenarioNames) -> Event | None:
    """Return what a sentence says that happens on a day; None with a problem."""
    sentence = " ".join(text.split())
    for kind, form in _FORMS:
        match = re.fullmatch(form, sentence)
        if match:
            return _event(Event(on, names.source.place(node), kind, sentence), match, node, names)
    near = did_you_mean(sentence, EVENTS)
    hint = near if near.startswith("did you mean") else "one of: " + "; ".join(EVENTS)
    names.source.problem(node, f"{sentence!r} is not an event.", hint)
    return None


def _event(event: Event, match: re.Match[str], node: Node, names: ScenarioNames) -> Event | None:
    texts = match.groupdict()
    if event.kind is EventKind.PAYMENT_PLAN:
        return _payment_plan(event, texts["numbers"] or "", texts["terms"], node, names)
    readers: Mapping[str, Callable[[str], Any]] = {
        "invoice": lambda text: names.invoice(text, node),
        "contact": lambda text: names.contact(text, node),
        "amount": lambda text: AmountShape().parse(text, node, names.source, "the amount"),
        "day": lambda text: names.when(text, node, "the day"),
        "text": lambda text: text,
        "numbers": lambda text: _numbers(text, node, names),
        "also": bool,
        "phrase": lambda text: read_phrase(text, node, names),
    }
    values = {key: readers[key](text) for key, text in texts.items() if text is not None}
    if any(value is None for value in values.values()):
        return None
    completed = event._replace(**values)
    day = completed.day
    if completed.kind is EventKind.PROMISE and day is not None and day < completed.on:
        problem = f"the promise is for {day}, which is past on {completed.on}."
        names.source.problem(node, problem)
        return None
    if completed.kind is EventKind.PAYMENT and day is not None and day > completed.on:
        problem = f"the payment is of {day}, which is after {completed.on}, when it is booked."
        names.source.problem(node, problem)
        return None
    return completed


def _numbers(text: str, node: Node, names: ScenarioNames) -> tuple[str, ...] | None:
    """Return the numbers of several invoices; None with a problem."""
    invoices = [names.invoice(number, node) for number in _PARTS.split(text) if number]
    numbers = tuple(number for number in invoices if number is not None)
    return numbers if len(numbers) == len(invoices) else None


def _payment_plan(
    event: Event, numbers: str, terms: str, node: Node, names: ScenarioNames
) -> Event | None:
    """Return the agreement of a payment plan; None with a problem."""
    named = _numbers(numbers, node, names)
    if named is None:
        return None
    equal = _EQUAL.fullmatch(terms)
    if equal:
        first = names.when(equal["day"], node, "the day")
        agreed = Terms(named, (), int(equal["count"]), Every(equal["every"]), first)
        return event._replace(terms=agreed) if first else None
    listed = list(_LISTED.finditer(terms))
    # What stands between the instalments must be nothing but commas and `and`.
    if not listed or re.sub(r"\band\b|[,\s]", "", _LISTED.sub("", terms)):
        hint = f"write '{EVENTS[_PLAN_LISTED]}' or '{EVENTS[_PLAN_LISTED + 1]}'"
        names.source.problem(node, f"{terms!r} are no instalments.", hint)
        return None
    instalments = [
        (
            names.when(match["day"], node, "the day"),
            AmountShape().parse(match["amount"], node, names.source, "the amount"),
        )
        for match in listed
    ]
    due = tuple(
        Instalment(day, amount) for day, amount in instalments if day is not None and amount
    )
    return event._replace(terms=Terms(named, due)) if len(due) == len(listed) else None
