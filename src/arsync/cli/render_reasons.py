"""Reasons in words: the rulebook's line, and each fact beside what the rule wanted of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

from arsync.core.actions import Because
from arsync.core.ledger.money import shown
from arsync.core.rulebook.conditions import (
    AllOf,
    AnyOf,
    HeldFor,
    InGroup,
    Leaf,
    Negation,
    Node,
    wanted_in_words,
)
from arsync.core.rulebook.facts import CONTACT_BY_NAME, INVOICE_BY_NAME, FactKind
from arsync.core.rulebook.model import Rulebook

FACTS_FIRST_MAX = 12
"""A reason shows so many facts, those that the rule asks for first; `--json` has all."""


class Reasons:
    """Puts reasons into words, with the thresholds of the rulebook they come from."""

    def __init__(
        self,
        rulebook: Rulebook | None = None,
        zone: tzinfo | None = None,
        now: datetime | None = None,
    ) -> None:
        """Remember what each rule wants of each fact.

        Args:
            rulebook: the one that gave the reasons; None shows values without thresholds.
            zone: the organisation's, for moments; None leaves them as they are.
            now: the present moment: nothing waits for one that is past.
        """
        self._zone = zone
        self._now = now
        self._currency = rulebook.currency if rulebook else ""
        self._thresholds = dict(_rules_of(rulebook)) if rulebook else {}

    def local(self, moment: datetime) -> datetime:
        """Return a moment on the organisation's clock: a store keeps it in UTC."""
        return moment.astimezone(self._zone) if self._zone else moment

    def waits(self, moment: datetime | None) -> bool:
        """Return whether something still waits for a moment."""
        return moment is not None and (self._now is None or moment > self._now)

    def place(self, reason: Because) -> str:
        """Return where the reason stands: `rules/standard.yaml:31 "Seriously overdue"`."""
        where = f"{reason.file}:{reason.line} " if reason.file else ""
        return f'{where}"{reason.rule}"'

    def facts(self, reason: Because) -> str:
        """Return the facts in words: `oldest_days_overdue 74 (at least 60)`."""
        thresholds = self._thresholds.get((reason.file, reason.line), {})
        names = sorted(reason.facts, key=lambda name: name not in thresholds)
        facts = [self._fact(reason.facts, name, thresholds.get(name, "")) for name in names]
        return " · ".join([fact for fact in facts if fact][:FACTS_FIRST_MAX])

    def _fact(self, facts: Mapping[str, Any], name: str, threshold: str) -> str:
        value = facts[name]
        if name == "converted_from":
            return f"converted from {plain(value)}"
        if name == "currency" and "amount_due" in facts and not threshold:
            return ""  # it stands in front of the amount
        field = INVOICE_BY_NAME.get(name) or CONTACT_BY_NAME.get(name)
        text = plain(value)
        if field is not None and value is not None:
            if field.kind is FactKind.AMOUNT:
                own = facts.get("currency") if name.endswith("amount_due") else None
                text = shown(Decimal(str(value)), str(own or self._currency))
            elif field.kind is FactKind.PERCENT:
                text = f"{Decimal(str(value)).normalize():f}%"
        return f"{name} {text}" + (f" ({threshold})" if threshold else "")


def plain(value: Any) -> str:
    """Return a fact's value in words: `unknown`, `yes`, `none`."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(str(member) for member in sorted(value, key=str)) or "none"
    return str(value) or "none"


def _rules_of(rulebook: Rulebook) -> Iterator[tuple[tuple[str, int], dict[str, str]]]:
    conditions = [
        *((rule.place, rule.when) for rule in rulebook.leave_alone),
        *((rule.place, rule.when) for rule in rulebook.credit_limits),
        *((rule.place, rule.when) for rule in rulebook.credit_holds),
        *((rule.place, rule.when) for rule in rulebook.follow_ups),
        *((rule.place, rule.when) for rule in rulebook.charges),
        *((rule.place, rule.when) for rule in rulebook.discounts),
        *((rule.place, rule.when) for rule in rulebook.placements),
        *((rule.place, rule.when) for rule in rulebook.write_offs),
        *((rule.place, rule.when) for rule in rulebook.alerts),
        *((rule.place, rule.when) for rule in rulebook.reminders),
    ]
    for place, condition in conditions:
        yield (place.file, place.line), _thresholds(condition.tree)
    for cadence in rulebook.reminders:
        for step in cadence.steps:
            if step.repeat == 1:
                name = "days_until_due" if step.day < 0 and not step.slot else "days_overdue"
                own = _thresholds(step.when.tree) if step.when is not None else {}
                words = {name: f"step of {step.comes}", **own}
                yield (step.place.file, step.place.line), words


def _thresholds(tree: Node) -> dict[str, str]:
    thresholds: dict[str, list[str]] = defaultdict(list)
    for leaf, turned in _leaves(tree, turned=False):
        words = wanted_in_words(leaf)
        thresholds[leaf.field.name].append(f"not {words}" if turned else words)
    return {name: " and ".join(dict.fromkeys(words)) for name, words in thresholds.items()}


def _leaves(node: Node, *, turned: bool) -> Iterator[tuple[Leaf, bool]]:
    match node:
        case AllOf(nodes) | AnyOf(nodes):
            for inner in nodes:
                yield from _leaves(inner, turned=turned)
        case Negation(inner):
            yield from _leaves(inner, turned=not turned)
        case InGroup(_, inner) | HeldFor(inner):
            yield from _leaves(inner, turned=turned)
        case _:
            yield node, turned
