"""Applications in scenario files: facts, and what `acceptance` is to make of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from yaml.nodes import Node, ScalarNode, SequenceNode

from arsync.core.credit.acceptance import (
    NO_CONTACT,
    OUTCOME_WORDS,
    ProposedDecision,
    months_later,
    propose_from_facts,
)
from arsync.core.ledger.agreements.credit_applications import CreditOutcome
from arsync.core.ledger.money import shown
from arsync.core.rulebook.facts import (
    APPLICATION_BY_NAME,
    APPLICATION_FIELDS,
    CONTACT_BY_NAME,
    FactKind,
    Field,
    Value,
)
from arsync.core.rulebook.model import Place, Rulebook, folded
from arsync.core.rulebook.reading.acceptance_section import ReviewShape
from arsync.core.rulebook.reading.condition_reader import DAYS_MAX
from arsync.core.rulebook.reading.value_types import (
    AmountShape,
    Block,
    Key,
    Percent,
    Schema,
    Source,
    Text,
    WholeNumber,
    Words,
    block_schema,
    entries,
    items,
    read_block,
)
from arsync.core.rulebook.reading.yaml_nodes import did_you_mean
from arsync.core.trials.scenario.scenario_result import Failure, ScenarioResult

APPLICATIONS_MAX = 500
"""How many applications one file may hold."""

_UNKNOWN = "unknown"
_DAY = date(2026, 1, 1)
"""The day of the decision: nothing that is compared depends on it."""

EXPECT = (
    Key(
        "decide",
        Words(tuple(outcome.value for outcome in CreditOutcome)),
        "accept, cash on delivery, refuse, or ask",
        required=True,
    ),
    Key("limit", AmountShape(), "the credit limit"),
    Key("terms", Text(), "the payment terms"),
    Key("by", Text(), "the role that approves it"),
    Key("review", ReviewShape(), "when it is reviewed: every 12 months"),
    Key("rule", Text(), "the name of the rule that applies"),
)


class FactsShape:
    """A block of facts, by name; what is left out is unknown, or none."""

    def read(self, node: Node, source: Source, label: str) -> Mapping[str, Value]:
        """Return the facts that are sound."""
        facts: dict[str, Value] = {}
        for name, name_node, value in entries(node, source, label):
            field = APPLICATION_BY_NAME.get(name) or CONTACT_BY_NAME.get(name)
            if field is None or field.kind is FactKind.GROUP:
                hint = did_you_mean(name, APPLICATION_BY_NAME) or "see `arsync rules fields`"
                source.problem(name_node, f"there is no fact {name!r} of applications.", hint)
            else:
                facts[name] = _value(field, value, source)
        return facts

    def schema(self) -> Schema:
        """Return a schema that takes any fact."""
        return {"type": "object", "minProperties": 1}


APPLICATION = (
    Key("name", Text(), "what the application shows", required=True),
    Key("facts", FactsShape(), "what is known of it, by the names of facts", required=True),
)


class AcceptanceCase(NamedTuple):
    """An application, and what is expected to become of it."""

    name: str
    place: Place
    facts: Mapping[str, Value]
    expected: Mapping[str, Any]
    places: Mapping[str, Place]
    """Of each expectation, its line."""


def application_schema() -> Schema:
    """Return the JSON Schema of an application, for editors."""
    schema = block_schema(APPLICATION)
    schema["properties"]["expect"] = block_schema(EXPECT)
    schema["required"] = [*schema["required"], "expect"]
    return schema


def read_applications(node: Node, source: Source) -> list[AcceptanceCase]:
    """Return the applications of a file, after adding what is wrong with them."""
    nodes = items(node, source, "'applications'")
    if len(nodes) > APPLICATIONS_MAX:
        message = f"more than {APPLICATIONS_MAX} applications in one file."
        source.problem(nodes[APPLICATIONS_MAX], message)
        return []
    keys = (*APPLICATION, Key("expect", _ExpectShape(), "what becomes of it", required=True))
    cases: list[AcceptanceCase] = []
    for case_node in nodes:
        block = read_block(case_node, keys, source, "the application")
        expected: Block | None = block.get("expect")
        if expected is None or not block.get("name") or block.get("facts") is None:
            continue
        name = block.get("name")
        if any(folded(case.name) == folded(name) for case in cases):
            source.problem(case_node, f"{name!r} appears twice.")
        places = {key: source.place(value) for key, value in expected.nodes.items()}
        sound = {key: value for key, value in expected.values.items() if value is not None}
        cases.append(
            AcceptanceCase(name, source.place(case_node), block.get("facts"), sound, places)
        )
    return cases


class _ExpectShape:
    """The block of what is expected."""

    def read(self, node: Node, source: Source, label: str) -> Block:
        """Return what was read."""
        return read_block(node, EXPECT, source, label)

    def schema(self) -> Schema:
        """Return the schema."""
        return block_schema(EXPECT)


def _value(field: Field, node: Node, source: Source) -> Value:
    """Return a fact's value as a scenario writes it; None for `unknown`."""
    if isinstance(node, ScalarNode) and node.value == _UNKNOWN:
        return None
    label = f"{field.name!r}"
    if field.kind is FactKind.YES_NO:
        word = Words(("yes", "no")).read(node, source, label)
        return None if word is None else word == "yes"
    if field.kind is FactKind.TEXTS:
        nodes = node.value if isinstance(node, SequenceNode) else [node]
        texts = [Text().read(text_node, source, label) for text_node in nodes]
        return frozenset(folded(text) for text in texts if text is not None)
    if field.kind is FactKind.AMOUNT:
        return AmountShape().read(node, source, label)
    if field.kind is FactKind.PERCENT:
        return Percent().read(node, source, label)
    if field.kind in {FactKind.DAYS, FactKind.COUNT}:
        return WholeNumber(-DAYS_MAX, 1_000_000, "a whole number").read(node, source, label)
    text = Text().read(node, source, label)
    return None if text is None else folded(text)


def judge_application(case: AcceptanceCase, rulebook: Rulebook) -> ScenarioResult:
    """Compare what a rulebook makes of an application with what was expected."""
    # What is always known is none where nobody says anything: no reference, no signature.
    facts = [
        case.facts.get(field.name, None if field.unknown else _nothing(field))
        for field in APPLICATION_FIELDS
    ]
    contact = list(NO_CONTACT)
    for name, value in case.facts.items():
        if name not in APPLICATION_BY_NAME:
            contact[CONTACT_BY_NAME[name].position] = value
    limit_asked: Decimal | None = case.facts.get("limit_asked")
    proposed = propose_from_facts(rulebook, facts, _DAY, contact, asked=limit_asked)
    return ScenarioResult(case, tuple(_failures(case, proposed, rulebook.currency)))


def _nothing(field: Field) -> Value:
    return False if field.kind is FactKind.YES_NO else 0


def _failures(case: AcceptanceCase, proposed: ProposedDecision, currency: str) -> Iterator[Failure]:
    decided = {
        "decide": proposed.outcome.value,
        "limit": proposed.limit,
        "terms": proposed.terms,
        "by": proposed.by,
        "review": proposed.review_on,
        "rule": proposed.rule.name if proposed.rule else "",
    }
    reasons = tuple(_reasons(proposed, currency))
    for key, value in case.expected.items():
        expected = months_later(_DAY, value) if key == "review" else value
        instead = decided[key]
        if _compared(expected) != _compared(instead):
            yield Failure(
                case.places[key],
                None,
                f"{key}: {_shown(value, currency)}",
                f"{key}: {_shown(instead, currency)}",
                reasons,
            )


def _compared(value: Any) -> Any:
    return folded(value) if isinstance(value, str) else value


def _shown(value: Any, currency: str) -> str:
    if isinstance(value, Decimal):
        return shown(value, currency)
    return "nothing" if value in {None, ""} else str(value)


def _reasons(proposed: ProposedDecision, currency: str) -> Iterator[str]:
    rule = proposed.rule
    if rule is not None:
        words = "; ".join(evidence.in_words(currency) for evidence in proposed.evidence)
        decides = f"{rule.place.file}:{rule.place.line}: {rule.name}: {OUTCOME_WORDS[rule.decide]}"
        yield f"{decides} ({words})" if words else decides
    if proposed.why_asked:
        yield proposed.why_asked
    for undecided in proposed.undecided:
        if undecided.words != proposed.why_asked:
            yield undecided.words
