"""Words for customers that nobody in the ledger has: unknown tags, contact groups and names.

A slip in one of them switches a rule off, and the rule may be the one that protects a customer. So
they are told by every command, not by a check alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from arsync.core.rulebook.conditions import Condition, OneOf, leaves
from arsync.core.rulebook.customer_matching import ContactName
from arsync.core.rulebook.model import Place, Problem, Rulebook, folded
from arsync.core.rulebook.nearest_name import LOOKS_MAX, nearest

_ASKED = frozenset({"contact", "contact_group", "tag"})


def unknown_words(rulebook: Rulebook, contacts: Iterable[ContactName]) -> list[Problem]:
    """Return a warning for each tag, contact group and name of a condition that nobody has.

    Args:
        rulebook: whose conditions.
        contacts: every contact of the ledger; without any, nothing is said.
    """
    conditions = list(_asked(rulebook))
    if not conditions:
        return []
    names: dict[str, str] = {}
    groups: dict[str, str] = {}
    ids: set[str] = set()
    for contact in contacts:
        names.setdefault(folded(contact.name), contact.name)
        ids.add(folded(contact.id))
        for group in contact.groups:
            groups.setdefault(folded(group), group)
    if not ids:
        return []
    tags = {tag: tag for customer in rulebook.customers for tag in customer.tags}
    spellings = {"contact": names, "contact_group": groups, "tag": tags}
    problems: dict[tuple[str, str], Problem] = {}
    for place, fact, text in conditions:
        word = folded(text)
        if (
            word in spellings[fact]
            or (fact == "contact" and word in ids)
            or (fact, word) in problems
        ):
            continue
        near = nearest(word, spellings[fact]) if len(problems) < LOOKS_MAX else ""
        problems[fact, word] = Problem(*place, *_nobody(fact, text, near), "warning")
    return list(problems.values())


def _asked(rulebook: Rulebook) -> Iterator[tuple[Place, str, str]]:
    """Yield each tag, contact group and name that a condition asks for, with its rule's place."""
    for place, condition in _conditions(rulebook):
        for leaf in leaves(condition.tree):
            if isinstance(leaf, OneOf) and leaf.field.name in _ASKED:
                for text in leaf.texts:
                    yield place, leaf.field.name, text


def _conditions(rulebook: Rulebook) -> Iterator[tuple[Place, Condition]]:
    for name, condition in rulebook.groups.items():
        if name in rulebook.group_places:
            yield rulebook.group_places[name], condition
    yield from rulebook.every_condition()


def _nobody(fact: str, text: str, near: str) -> tuple[str, str]:
    meant = f"did you mean {near!r}?" if near else ""
    if fact == "tag":
        return f"no customer has the tag {text!r}.", meant or "tags are given under 'customers:'"
    if fact == "contact":
        return f"no contact is called {text!r}.", meant or "write it as in the accounting system"
    return (
        f"no customer is in the contact group {text!r}.",
        meant or "write it as in the accounting system",
    )
