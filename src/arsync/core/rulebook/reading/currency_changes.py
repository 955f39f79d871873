"""Currencies: amounts that a rulebook takes over from one that was written in another currency."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from arsync.core.rulebook.facts import FIELDS, FactKind
from arsync.core.rulebook.model import Place, Problem, Rulebook
from arsync.core.rulebook.reading.merge import File
from arsync.core.rulebook.reading.yaml_nodes import place_of, values_of

AMOUNTS_NAMED_MAX = 6
"""How many amounts a warning names; it says how many more there are."""

_KEYS = frozenset({field.name for field in FIELDS if field.kind is FactKind.AMOUNT}) | {
    "limit",
    "credit_limit",
    "insured_limit",
    "limits",
    "late_fee",
    "over",
}


_AMOUNT = re.compile(r"(?:at most )?(?=.*[1-9])[0-9][0-9,]*(\.[0-9]+)?")


class CurrencyChange(NamedTuple):
    """A layer with another currency than the layers below it."""

    place: Place
    before: str
    now: str
    amounts: tuple[tuple[str, ScalarNode], ...]
    """The amounts written in the earlier currency: the key, and the node."""


def currency_change(below: Sequence[File], own: Sequence[File]) -> CurrencyChange | None:
    """Return how a layer changes the currency of the layers below it; None when it does not."""
    old, new = _currency(below), _currency(own)
    if old is None or new is None or old.value == new.value:
        return None
    amounts = tuple(amount for file in below for amount in _amounts(file.node))
    return CurrencyChange(place_of(new), str(old.value), str(new.value), amounts)


def _currency(files: Sequence[File]) -> ScalarNode | None:
    for file in files:
        node = values_of(file.node).get("currency")
        if isinstance(node, ScalarNode):
            return node
    return None


def _amounts(node: Node, key: str = "") -> Iterator[tuple[str, ScalarNode]]:
    """Yield every amount below a node. Nothing is nothing in every currency."""
    if isinstance(node, MappingNode):
        for name, value in node.value:
            inner = str(getattr(name, "value", "")).strip()
            if inner != "statutory":  # it says its own currency
                # In `amount_due: {less_than: 10}` the fact says that 10 is money, not the
                # comparison.
                yield from _amounts(value, inner if inner in _KEYS or not key else key)
    elif isinstance(node, SequenceNode):
        for child in node.value:
            yield from _amounts(child, key)
    elif isinstance(node, ScalarNode) and key in _KEYS and _AMOUNT.fullmatch(node.value):
        yield key, node


def still_there(changes: Sequence[CurrencyChange], files: Sequence[File]) -> list[Problem]:
    """Return a warning for each change of currency that leaves amounts as they were.

    Args:
        changes: what the layers change.
        files: the effective rulebook; an amount that was written again is another node.
    """
    kept = {id(node) for file in files for _, node in _amounts(file.node)}
    problems: list[Problem] = []
    for change in changes:
        remaining = [(key, node) for key, node in change.amounts if id(node) in kept]
        if not remaining:
            continue
        shown = [
            f"{key} {node.value} ({place_of(node).file}:{place_of(node).line})"
            for key, node in remaining[:AMOUNTS_NAMED_MAX]
        ]
        more = f" and {len(remaining) - len(shown)} more" if len(remaining) > len(shown) else ""
        message = (
            f"the currency is {change.now} now; what this extends was written in"
            f" {change.before}, and these of its amounts are unchanged: {', '.join(shown)}{more}."
        )
        hint = f"write them in {change.now} in your own file, under the same names"
        problems.append(Problem(*change.place, message, hint, "warning"))
    return problems


def statutory_warnings(rulebook: Rulebook) -> list[Problem]:
    """Return a warning when the table of the law is in another currency than the rulebook."""
    law = rulebook.statutory
    if law is None or law.currency == rulebook.currency:
        return []
    message = (
        f"the currency is {rulebook.currency}, that of 'statutory' {law.currency}: statutory"
        " interest and compensation stay unknown, and no letter names them."
    )
    hint = f"write a table in {rulebook.currency}, or remove this one"
    return [Problem(*rulebook.currency_place, message, hint, "warning")]
