"""Which properties a document may have, and reading a request's body by them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib.resources import files
from typing import Any

from arsync_sandbox.quickbooks import faults
from arsync_sandbox.quickbooks.wire import Doc, read_moment

NUMBER_MAX = Decimal(10) ** 15
"""Numbers from here on are refused."""

WRAPPED = {"ReferenceType", "MemoRef"}
"""Kinds whose own text stands under `value`."""


@dataclass
class Schema:
    """All kinds of objects with their properties, and all lists of allowed values."""

    kinds: dict[str, dict[str, str]] = field(default_factory=dict)
    values: dict[str, frozenset[str]] = field(default_factory=dict)


@cache
def schema() -> Schema:
    """The contents of properties.txt."""
    text = files(__package__).joinpath("properties.txt").read_text(encoding="utf-8")
    unfolded = re.sub(r"\n {6}| *\n {4}(?=[|\w][^:]*$)", " ", text, flags=re.MULTILINE)
    properties = Schema()
    current: dict[str, str] = {}
    for line in unfolded.splitlines():
        if line.startswith("    "):
            kind, names = line.split(":")
            current.update(dict.fromkeys(names.split(), kind.strip()))
        elif "=" in line:
            name, values = line.split(" = ")
            properties.values[name] = frozenset(value.strip() for value in values.split("|"))
        elif not line.startswith("#"):
            current = properties.kinds.setdefault(line.strip(), {})
    for kind in WRAPPED:
        properties.kinds[kind]["value"] = "str"
    return properties


def property_kind(entity: str, path: str) -> str | None:
    """The kind of a property such as `MetaData.LastUpdatedTime`, or None where there is none."""
    kind = entity
    for key in path.split("."):
        kind = schema().kinds.get(kind.removesuffix("[]"), {}).get(key, "")
        if not kind:
            return None
    return kind.removesuffix("[]")


def read_body(entity: str, body: object) -> Doc:
    """Check a request's document against its kind and return it with numbers as Decimal.

    An empty text means the same as null, which clears the property.

    Raises:
        Refusal: 2010 unknown property, 2080 number, 2170 value, 500 no object at all.
    """
    if not isinstance(body, dict):
        raise faults.unsupported(f"Operation on {entity} needs one object as its body")
    return _read_object(body, entity, entity)


def _read_object(body: Doc, kind: str, entity: str) -> Doc:
    properties = schema().kinds[kind]
    clean: Doc = {}
    for name, value in body.items():
        if name not in properties:
            raise faults.unknown_property(name, kind)
        clean[name] = _read_value(value, properties[name], name, entity)
    return clean


def _read_value(value: Any, kind: str, name: str, entity: str) -> Any:
    if value is None or value == "":
        return None
    if kind.endswith("[]"):
        if not isinstance(value, list):
            raise faults.invalid_value(name, value)
        read = [_read_value(each, kind[:-2], name, entity) for each in value]
        return [each for each in read if each is not None]
    properties = schema()
    if kind in properties.kinds:
        if not isinstance(value, dict):
            raise faults.invalid_value(name, value)
        return _read_object(value, kind, entity)
    if kind in properties.values:
        if not isinstance(value, str) or value not in properties.values[kind]:
            raise faults.invalid_value(name, value)
        return value
    return _read_scalar(value, kind, name)


def _read_scalar(value: Any, kind: str, name: str) -> Any:
    if kind == "any":
        return value
    if kind in {"num", "int"}:
        return _number(value, name)
    if kind == "bool":
        if not isinstance(value, bool) and str(value) not in {"true", "false"}:
            raise faults.invalid_value(name, value)
        return str(value).lower() == "true"
    if isinstance(value, bool | dict | list):
        raise faults.invalid_value(name, value)
    text = str(value)
    try:
        if kind == "date":
            return date.fromisoformat(text[:10]).isoformat()
        if kind == "time":
            read_moment(text)
    except (ValueError, IndexError):
        raise faults.invalid_value(name, value) from None
    return text


def _number(value: Any, name: str) -> Decimal:
    # A number written as a text is taken too, as the real service does.
    if isinstance(value, bool | dict | list):
        raise faults.illegal_number(name, value)
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise faults.illegal_number(name, value) from None
    if not number.is_finite() or abs(number) >= NUMBER_MAX:
        raise faults.illegal_number(name, value)
    return number
