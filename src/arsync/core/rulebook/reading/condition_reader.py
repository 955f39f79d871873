"""Reads conditions: structured words, checked against the table of facts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import quote

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from arsync.core.rulebook import conditions as tree
from arsync.core.rulebook.facts import (
    APPLICATION_BY_NAME,
    CONTACT_BY_NAME,
    INVOICE_BY_NAME,
    NUMBERS,
    SUPPLIER_BY_NAME,
    FactKind,
    Field,
)
from arsync.core.rulebook.facts.field import ANY_NUMBER
from arsync.core.rulebook.model import folded
from arsync.core.rulebook.reading.condition_hints import as_comparison, instead_of_block
from arsync.core.rulebook.reading.hints import Spot, guessed
from arsync.core.rulebook.reading.value_types import (
    AmountShape,
    Block,
    Percent,
    Schema,
    Source,
    Text,
    WholeNumber,
    as_in,
    entries,
    items,
    scalar,
)
from arsync.core.rulebook.reading.yaml_nodes import QUESTIONS_MAX, did_you_mean, kind_of

NESTING_MAX = 2
"""How deep `any:` and `not:` may nest: deeper conditions are misread."""

SPAN_PATTERN = "([1-9][0-9]{0,3}) days?"
SPAN_DAYS_MAX = 3_650
"""Ten years: nobody waits longer for a condition to have held."""

DAYS_MAX = 36_500
"""A hundred years: more days than any question needs."""

COUNT_MAX = 1_000_000

_NUMBER_SHAPES: Mapping[FactKind, AmountShape | Percent | WholeNumber] = {
    FactKind.AMOUNT: AmountShape(),
    FactKind.PERCENT: Percent(),
    FactKind.DAYS: WholeNumber(-DAYS_MAX, DAYS_MAX, "a number of days"),
    FactKind.COUNT: WholeNumber(0, COUNT_MAX, "a whole number"),
}
_CHANGE = WholeNumber(-COUNT_MAX, COUNT_MAX, "a whole number")
"""Of a count that can fall below nothing: a difference."""


@dataclass(frozen=True)
class ConditionShape:
    """A condition on contacts, or on invoices or applications and their contacts."""

    of: str = "contact"
    limit_facts: bool = True
    """False where the credit limit is not known yet."""
    groups: bool = True
    """False in the definition of a group."""

    @property
    def fields(self) -> dict[str, Field]:
        """Return the facts that may be asked for here, by name."""
        # A supplier need be no customer, so nothing of a customer can be asked of it.
        contact = {} if self.of == "supplier" else CONTACT_BY_NAME
        by_name = {**contact, **_BESIDE.get(self.of, {})}
        return {
            name: field
            for name, field in by_name.items()
            if (self.limit_facts or not field.needs_limit)
            and (self.groups or field.kind is not FactKind.GROUP)
        }

    def read(self, node: Node, source: Source, label: str) -> tree.Condition | None:
        """Return the condition, compiled; None when any part of it is wrong."""
        root = _Reading(self, source, self.fields).block(node, label, 0)
        if root is None:
            return None
        # A group counts at each use, since its definition is compiled into each condition.
        before = source.problems.questions
        source.problems.questions += sum(1 for _ in tree.leaves(root))
        if source.problems.questions > QUESTIONS_MAX >= before:
            source.problem(
                node,
                f"more than {QUESTIONS_MAX:,} questions in the conditions of one rulebook.",
                "use one contact group or tag instead of listing customers",
            )
        return tree.Condition.of(root)

    def schema(self) -> Schema:
        """Return a reference to the schema's definition of conditions of this kind."""
        # A reference is an address: a blank may not stand in it as it is.
        return {"$ref": f"#/$defs/{quote(self.definition)}"}

    @property
    def definition(self) -> str:
        """Return the name of the schema's definition."""
        if not self.groups:
            return "group"
        return f"{self.of} condition" + ("" if self.limit_facts else " without limits")


class _Reading:
    """One condition while it is read."""

    def __init__(self, shape: ConditionShape, source: Source, fields: dict[str, Field]) -> None:
        self.shape = shape
        self.source = source
        self.fields = fields

    def block(self, node: Node, label: str, depth: int) -> tree.Node | None:
        """Read lines that must all hold."""
        if depth > NESTING_MAX:
            self.source.problem(
                node,
                f"conditions nest deeper than {NESTING_MAX} here.",
                "name the inner part under 'groups:' and use the group",
            )
            return None
        groups = self.source.groups if self.shape.groups else ()
        if self.shape.of == "supplier":
            groups = ()  # those of the rulebook are of customers
        hint = instead_of_block(node, label, self.fields, groups)
        lines = entries(node, self.source, label, hint)
        if isinstance(node, MappingNode) and not node.value:
            self.source.problem(node, f"{label} is empty; it must hold at least one condition.")
        span = next((value for key, _, value in lines if key == "for"), None)
        days = None if span is None else self.days(span)
        lines = [line for line in lines if line[0] != "for"]
        if span is not None and not lines:
            self.source.problem(span, "'for' needs a condition beside it.")
        children = [self.line(key, key_node, value, depth) for key, key_node, value in lines]
        # With one wrong line the rest would mean something else, so there is no condition at all.
        if not children or any(child is None for child in children):
            return None
        sound = tuple(child for child in children if child is not None)
        whole = sound[0] if len(sound) == 1 else tree.AllOf(sound)
        if span is None:
            return whole
        return None if days is None else tree.held_for(whole, days)

    def days(self, node: Node) -> int | None:
        """Read `7 days`: how long the lines beside it have held."""
        text = scalar(node, self.source, "'for'", "a number of days")
        if text is None:
            return None
        match = re.fullmatch(SPAN_PATTERN, text)
        if match is None or int(match[1]) > SPAN_DAYS_MAX:
            message = f"'for' is {text!r}; it must be a number of days, up to {SPAN_DAYS_MAX:,}."
            self.source.problem(node, message, "as in 7 days")
            return None
        return int(match[1])

    def line(self, key: str, key_node: Node, value: Node, depth: int) -> tree.Node | None:
        """Read one line: `any:`, `not:`, or a question about a fact."""
        if key == "any":
            return self.alternatives(value, depth + 1)
        if key == "for":
            # One of several alternatives cannot be said to have lasted: a block can.
            message = (
                "'for' is about all lines of a block; the lines of 'any' stand for themselves."
            )
            self.source.problem(key_node, message, "write 'any' as a list, '- ' before each block")
            return None
        if key == "not":
            inner = self.block(value, "'not'", depth + 1)
            return None if inner is None else tree.Negation(inner)
        field = self.fields.get(key)
        if field is None:
            self.unknown_key(key, key_node)
            return None
        question = self.question(field, value)
        if question is None:
            return None
        place = self.source.place(key_node)
        return tree.asked_at(question, tree.FileLine(place.file, place.line))

    def alternatives(self, node: Node, depth: int) -> tree.Node | None:
        """Read `any:`, a list of blocks, or one block whose lines are the alternatives."""
        if isinstance(node, MappingNode):
            if depth > NESTING_MAX:
                # It reports the depth.
                return self.block(node, "'any'", depth)
            children = [
                self.line(key, key_node, value, depth)
                for key, key_node, value in entries(node, self.source, "'any'")
            ]
        else:
            blocks = items(node, self.source, "'any'")
            children = [self.block(block, "an item of 'any'", depth) for block in blocks]
        if not children:
            self.source.problem(node, "'any' is empty; it must hold at least one condition.")
        if not children or any(child is None for child in children):
            return None
        return tree.AnyOf(tuple(child for child in children if child is not None))

    def unknown_key(self, key: str, key_node: Node) -> None:
        """Report a key that is not a fact here, with the likeliest reason."""
        if key == "group" and not self.shape.groups:
            message, hint = "a group cannot contain other groups.", "write its conditions out"
        elif self.shape.of == "supplier" and (key in CONTACT_BY_NAME or key in INVOICE_BY_NAME):
            message = f"{key!r} is a fact of a customer, and here suppliers are watched."
            hint = _SUPPLIER_INSTEAD.get(key) or f"of a supplier: {', '.join(SUPPLIER_BY_NAME)}"
        elif key in SUPPLIER_BY_NAME and key not in CONTACT_BY_NAME:
            message = f"{key!r} is a fact of a supplier, and of nothing else."
            hint = "it can be used in supplier_alerts"
        elif key in CONTACT_BY_NAME and CONTACT_BY_NAME[key].needs_limit:
            message = f"{key!r} depends on the credit limit, which is not known here."
            hint = "use 'exposure' or 'balance'"
        elif key in APPLICATION_BY_NAME:
            message = f"{key!r} is a fact of an application for credit, and of nothing else."
            hint = "it can be used in acceptance"
        elif key in INVOICE_BY_NAME:
            message = f"{key!r} is a fact of an invoice; here only facts of a contact can be used."
            hint = _CONTACT_INSTEAD.get(key, "it can be used in skip_invoices_when and follow_ups")
        elif key == "unless":
            message = "'unless' belongs beside 'when', not inside a condition."
            hint = "inside a condition, write 'not:'"
        else:
            message = f"unknown key {key!r} in a condition."
            spot = _SPOTS.get(self.shape.of, Spot.CONDITION)
            hint = self.as_a_group(key) or guessed(spot, key)
            if self.shape.of == "supplier":
                hint = _SUPPLIER_INSTEAD.get(key, "")
            hint = hint or did_you_mean(key, [*self.fields, "any", "not"])
            hint = hint or "see `arsync rules fields`"
        self.source.problem(key_node, message, hint)

    def as_a_group(self, key: str) -> str:
        """Return the hint for the name of a group that stands where `group:` belongs."""
        named = [name for name in self.source.groups if folded(name) == folded(key)]
        return f"write group: {named[0]}" if named and self.shape.groups else ""

    def question(self, field: Field, value: Node) -> tree.Node | None:
        """Read what is asked of one fact."""
        if field.kind is FactKind.GROUP:
            return self.group(value)
        if isinstance(value, ScalarNode) and value.value in {"known", "unknown"}:
            return tree.Known(field, value.value == "known")
        if field.kind in NUMBERS:
            return self.comparison(field, value)
        if field.kind is FactKind.YES_NO:
            return self.flag(field, value)
        return self.one_of(field, value)

    def group(self, value: Node) -> tree.Node | None:
        """Read `group: Key account`, or a list of groups."""
        members: list[tree.Node] = []
        names = self.texts(value, "'group'")
        for name, node in names:
            if name not in self.source.groups:
                hint = did_you_mean(name, self.source.groups) or "define it under 'groups:'"
                self.source.problem(node, f"there is no group {name!r}.", hint)
            elif (definition := self.source.groups[name]) is not None:
                # The definition itself: at run time no group is looked up.
                members.append(tree.InGroup(name, definition.tree))
        if not members or len(members) != len(names):
            return None
        return members[0] if len(members) == 1 else tree.AnyOf(tuple(members))

    def texts(self, value: Node, label: str) -> list[tuple[str, Node]]:
        """Read one text or a list of texts, each with its node."""
        nodes: Iterable[Node] = value.value if isinstance(value, SequenceNode) else [value]
        if isinstance(value, SequenceNode) and not value.value:
            self.source.problem(value, f"{label} is an empty list.")
        if isinstance(value, MappingNode):
            message = f"{label} must be a text or a list, not {kind_of(value)}."
            self.source.problem(value, message, as_in(label, "Key account"))
            return []
        read_texts = [(Text().read(node, self.source, label), node) for node in nodes]
        return [(text, node) for text, node in read_texts if text is not None]

    def comparison(self, field: Field, value: Node) -> tree.Node | None:
        """Read `{at_least: 60}`; several words must all hold."""
        if not isinstance(value, MappingNode):
            message = f"{field.name!r} is a number and needs a comparison."
            self.source.problem(value, message, as_comparison(field, value))
            return None
        comparisons: list[tree.Node | None] = []
        for word, word_node, operand in entries(value, self.source, f"{field.name!r}"):
            if word not in tree.COMPARISONS:
                hint = guessed(Spot.COMPARISON, word) or did_you_mean(word, tree.COMPARISONS)
                message = f"unknown comparison {word!r} for {field.name!r}."
                self.source.problem(word_node, message, hint)
                comparisons.append(None)
                continue
            compared_with = self.operand(field, operand, f"{field.name} {word}")
            comparisons.append(
                None if compared_with is None else tree.Compare(field, word, compared_with)
            )
        if not value.value:
            self.source.problem(value, f"{field.name!r} needs a comparison such as at_least.")
        sound = tuple(comparison for comparison in comparisons if comparison is not None)
        if not sound or len(sound) != len(comparisons):
            return None
        return sound[0] if len(sound) == 1 else tree.AllOf(sound)

    def operand(self, field: Field, node: Node, label: str) -> Decimal | int | Field | None:
        """Read a number, or the name of another fact of the same kind."""
        if isinstance(node, ScalarNode) and re.fullmatch(r"[a-z][a-z_0-9]*[a-z0-9]", node.value):
            # Within one kind only: an amount compared with days would mean nothing.
            others = {
                candidate.name: candidate
                for candidate in self.fields.values()
                if candidate.kind is field.kind and candidate.name != field.name
            }
            if node.value in others:
                return others[node.value]
            message = f"{label} is {node.value!r}: neither a number nor a fact of the same kind."
            self.source.problem(node, message, did_you_mean(node.value, others))
            return None
        if field.kind is FactKind.COUNT and field.bounds == ANY_NUMBER:
            return _CHANGE.read(node, self.source, label)
        return _NUMBER_SHAPES[field.kind].read(node, self.source, label)

    def flag(self, field: Field, value: Node) -> tree.Node | None:
        """Read yes or no."""
        text = scalar(value, self.source, f"{field.name!r}", "yes or no", "yes")
        if text is None:
            return None
        answer = _YES_NO.get(text)
        if answer is None:
            self.source.problem(value, f"{field.name!r} is {text!r}; it can be yes or no.")
            return None
        return tree.Flag(field, answer)

    def one_of(self, field: Field, value: Node) -> tree.Node | None:
        """Read one text or several, any of which may hold."""
        texts = self.texts(value, f"{field.name!r}")
        words = field.vocabulary
        if words is not None:
            texts = [(words.said(text) or text, node) for text, node in texts]
        sound = True
        for text, node in texts:
            if field.choices and text not in field.choices:
                message = f"{field.name!r} is {text!r}; it can be {', '.join(field.choices)}."
                meant = words.meant(text) if words is not None else ""
                hint = f"did you mean {meant!r}?" if meant else did_you_mean(text, field.choices)
                self.source.problem(node, message, hint)
                sound = False
            pattern = _PATTERNS.get(field.name)
            if pattern and not re.fullmatch(pattern.pattern, text, re.IGNORECASE):
                hint = "the United Kingdom is GB" if text.upper() == "UK" else ""
                self.source.problem(
                    node, f"{field.name!r} is {text!r}; it must be {pattern.expected}.", hint
                )
                sound = False
            elif field.name == "country" and text.upper() == "UK":
                # ISO 3166 says GB; a rule for `UK` would silently match no customer.
                self.source.problem(node, "there is no country 'UK'.", "did you mean 'GB'?")
                sound = False
        if not sound or not texts:
            return None
        shown = " or ".join(text for text, _ in texts)
        written = tuple(text for text, _ in texts)
        return tree.OneOf(field, frozenset(map(folded, written)), shown, written)


def when_of(block: Block) -> tree.Condition:
    """Join `when` and `unless`: an unknown `unless` leaves the whole unknown, so nothing acts."""
    when: tree.Condition = block.get("when", tree.ALWAYS)
    unless: tree.Condition | None = block.get("unless")
    if unless is None:
        return when
    negated = tree.Negation(unless.tree)
    # Without `when` the negation alone, so that evidence names only the questions asked.
    both = negated if when.tree == tree.ALWAYS.tree else tree.AllOf((when.tree, negated))
    return tree.Condition.of(both)


# Read as text: by YAML's rules the country NO would be false.
_YES_NO = dict.fromkeys(("yes", "Yes", "YES", "true"), True) | dict.fromkeys(
    ("no", "No", "NO", "false"), False
)
_PATTERNS = {
    "country": Text(r"[A-Za-z]{2}", "two letters", "GB"),
    "currency": Text(r"[A-Za-z]{3}", "three letters", "GBP"),
}
_BESIDE: Mapping[str, Mapping[str, Field]] = {
    "invoice": INVOICE_BY_NAME,
    "application": APPLICATION_BY_NAME,
    "supplier": SUPPLIER_BY_NAME,
}
"""By what a condition is on: the facts besides the contact's. Of one name, theirs are meant."""
_SPOTS = {"invoice": Spot.INVOICE_CONDITION, "application": Spot.APPLICATION_CONDITION}
_SUPPLIER_INSTEAD = {
    **dict.fromkeys(
        ("balance", "exposure", "gross_balance", "amount_due", "net_amount_due"),
        "did you mean 'payable_to_them' or 'bills_from_them'?",
    ),
    **dict.fromkeys(
        ("overdue_amount", "gross_overdue_amount"), "did you mean 'overdue_bills_amount'?"
    ),
    **dict.fromkeys(
        ("oldest_days_overdue", "days_overdue"), "did you mean 'oldest_bill_days_overdue'?"
    ),
    "open_invoices": "did you mean 'open_bills'?",
    "overdue_invoices": "did you mean 'overdue_bills'?",
    "unapplied_cash": "did you mean 'credits_from_them'?",
    "concentration_percent": "did you mean 'payables_percent'?",
    **dict.fromkeys(
        ("contact", "vendor", "vendors", "name", "company", "creditor"), "did you mean 'supplier'?"
    ),
    **dict.fromkeys(
        ("bankrupt", "bankruptcy", "insolvent", "in_administration"), "write insolvency: yes"
    ),
    **dict.fromkeys(
        ("concentration", "share", "share_percent"), "did you mean 'payables_percent'?"
    ),
    "group": "groups are of customers; name suppliers with 'supplier:' or 'contact_group:'",
    "tag": "tags are of customers; name suppliers with 'supplier:' or 'contact_group:'",
}
_CONTACT_INSTEAD = {
    "amount_due": "did you mean 'balance' or 'overdue_amount'?",
    "net_amount_due": "did you mean 'balance' or 'overdue_amount'? Both are net",
    "document_amount_due": "did you mean 'gross_balance' or 'gross_overdue_amount'?",
    "days_overdue": "did you mean 'oldest_days_overdue'?",
    "total": "did you mean 'balance' or 'sales_last_365_days'?",
}
