"""The JSON Schema of a rulebook for editors, made from the tables that the reader reads with."""

from __future__ import annotations

from typing import Any

from arsync.core.conditions import COMPARISONS
from arsync.core.facts import NUMBERS, Field, Kind
from arsync.core.rulebook.condition_reader import ConditionShape
from arsync.core.rulebook.sections import TOP
from arsync.core.rulebook.values import Amount, Percent, Schema, Text, TextList, block_schema

TITLE = "arsync rulebook"
_SHAPES = (
    ConditionShape(),
    ConditionShape(limit_facts=False),
    ConditionShape("invoice"),
    ConditionShape(limit_facts=False, groups=False),
)
_KNOWN: Schema = {"enum": ["known", "unknown"]}


def schema() -> dict[str, Any]:
    """Return the JSON Schema, draft 2020-12."""
    definitions: dict[str, Any] = {}
    for shape in _SHAPES:
        definitions[shape.definition] = _block(shape)
        for field in shape.fields.values():
            definitions[_name(field, shape)] = _question(field, shape)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": TITLE,
        "description": "Credit limits, credit holds, reminders and follow-ups.",
        **block_schema(TOP),
        "$defs": definitions,
    }


def _name(field: Field, shape: ConditionShape) -> str:
    return f"{field.of} {field.name}" + ("" if shape.limit_facts else " without limits")


def _block(shape: ConditionShape) -> Schema:
    itself = shape.schema()
    questions = {
        name: {
            "description": _described(field),
            "$ref": f"#/$defs/{_name(field, shape)}",
        }
        for name, field in shape.fields.items()
    }
    return {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {
            "any": {
                "description": "one of these must hold",
                "anyOf": [itself, {"type": "array", "minItems": 1, "items": itself}],
            },
            "not": {"description": "these must not all hold", **itself},
            **questions,
        },
    }


def _described(field: Field) -> str:
    text = f"{field.description} (from {field.source})"
    return f"{text}; unknown when {field.unknown}" if field.unknown else text


def _question(field: Field, shape: ConditionShape) -> Schema:
    """Return what may be asked of one fact."""
    if field.kind in NUMBERS:
        others = [
            one.name
            for one in shape.fields.values()
            if one.kind is field.kind and one.name != field.name
        ]
        operand: Schema = {"anyOf": [*_operands(field), {"enum": others}]}
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
        return {"anyOf": [comparison, _KNOWN]}
    if field.kind is Kind.YES_NO:
        words_yes_no: Schema = {"type": "string", "pattern": "^([Yy][Ee][Ss]|[Nn][Oo]|[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$"}  # fmt: skip # noqa: E501
        return {"anyOf": [{"enum": ["yes", "no", True, False]}, words_yes_no, _KNOWN]}
    if field.choices:
        one_of: Schema = {"enum": list(field.choices)}
        return {"anyOf": [one_of, {"type": "array", "minItems": 1, "items": one_of}, _KNOWN]}
    found: list[Schema] = [*TextList().schema()["anyOf"]]
    return {"anyOf": found, **({"examples": [field.example]} if field.example else {})}


def _operands(field: Field) -> list[Schema]:
    if field.kind is Kind.AMOUNT:
        return list(Amount().schema()["anyOf"])
    if field.kind is Kind.PERCENT:
        return list(Percent().schema()["anyOf"])
    return [{"type": "integer"}, Text(r"[+-]?(0|[1-9][0-9]{0,8})").schema()]
