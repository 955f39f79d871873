"""The JSON Schema of a rulebook for editors, made from the tables that the reader reads with."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from arsync.core.rulebook.conditions import COMPARISONS
from arsync.core.rulebook.facts import FIELDS, NUMBERS, FactKind, Field
from arsync.core.rulebook.reading.condition_reader import SPAN_PATTERN, ConditionShape
from arsync.core.rulebook.reading.sections import TOP
from arsync.core.rulebook.reading.value_types import (
    AmountShape,
    Percent,
    Schema,
    Text,
    TextList,
    block_schema,
)

TITLE = "arsync rulebook"
_SHAPES = (
    ConditionShape(),
    ConditionShape(limit_facts=False),
    ConditionShape("invoice"),
    ConditionShape("application"),
    ConditionShape("supplier"),
    ConditionShape(limit_facts=False, groups=False),
)
_KNOWN = ("known", "unknown")


def schema() -> dict[str, Any]:
    """Return the JSON Schema, draft 2020-12."""
    definitions: dict[str, Any] = {f"{kind}": _number(kind) for kind in sorted(NUMBERS)}
    # Editors read YAML by its usual rules, by which `yes` may be a text or true.
    definitions["yes or no"] = {
        "enum": ["yes", "no", "Yes", "No", "YES", "NO", "true", "false", True, False, *_KNOWN]
    }
    definitions["texts"] = {"anyOf": TextList().schema()["anyOf"]}
    for shape in _SHAPES:
        definitions[shape.definition] = _block(shape)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": TITLE,
        "description": "Credit limits, credit holds, reminders and follow-ups.",
        **block_schema(TOP),
        "$defs": definitions,
    }


def _block(shape: ConditionShape) -> Schema:
    itself = shape.schema()
    return {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {
            "any": {
                "description": "one of these must hold",
                "anyOf": [itself, {"type": "array", "minItems": 1, "items": itself}],
            },
            "for": {
                "description": "and all of it has held for so long",
                "type": "string",
                "pattern": f"^{SPAN_PATTERN}$",
            },
            "not": {"description": "these must not all hold", **itself},
            **{
                name: {"description": _described(field), **_question(field)}
                for name, field in shape.fields.items()
            },
        },
    }


def _described(field: Field) -> str:
    text = f"{field.description} (from {field.source})"
    return f"{text}; unknown when {field.unknown}" if field.unknown else text


def _question(field: Field) -> Schema:
    """Return what may be asked of one fact."""
    if field.choices:
        one_of: Schema = {"enum": list(field.choices)}
        if field.vocabulary is not None:
            # Other words mean the same: an editor proposes the choices, and refuses no other.
            one_of = {"anyOf": [one_of, {"type": "string"}, {"type": "integer"}]}
        several: Schema = {"type": "array", "minItems": 1, "items": one_of}
        return {"anyOf": [one_of, several, {"enum": list(_KNOWN)}]}
    if field.kind in NUMBERS or field.kind is FactKind.YES_NO:
        # A reference is an address: the blank in `yes or no` may not stand in it as it is.
        return {"$ref": f"#/$defs/{quote(field.kind)}"}
    examples = {"examples": [field.example]} if field.example else {}
    return {"$ref": "#/$defs/texts", **examples}


def _number(kind: FactKind) -> Schema:
    """Return a comparison: with a number, or with another fact of the same kind."""
    others = sorted({field.name for field in FIELDS if field.kind is kind})
    operand: Schema = {"anyOf": [*_operands(kind), {"enum": others}]}
    words = {
        word: {"description": f"{shown} this", **operand}
        for word, (_, shown) in COMPARISONS.items()
    }
    comparison: Schema = {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": words,
    }
    return {"anyOf": [comparison, {"enum": list(_KNOWN)}]}


def _operands(kind: FactKind) -> list[Schema]:
    if kind is FactKind.AMOUNT:
        return list(AmountShape().schema()["anyOf"])
    if kind is FactKind.PERCENT:
        return list(Percent().schema()["anyOf"])
    return [{"type": "integer"}, Text(r"[+-]?(0|[1-9][0-9]{0,8})").schema()]
