"""Reading a request: parameters and bodies as the types that an operation names."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from flask import Request
from msgspec import Struct
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import UnsupportedMediaType

from arsync.web.api.problems import FieldMistake, FieldsRefused

NULL = "null"

_AT = re.compile(r"^(?P<words>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"unknown field `([^`]*)`|missing required field `([^`]*)`")
_STEP = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+|\.\.\.)\]")


def path_values(parts: dict[str, str], types: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a path.

    Raises:
        FieldsRefused: one is not as its type says.
    """
    return {name: _converted(text, types[name], name) for name, text in parts.items()}


def query_of(args: MultiDict[str, str], type_: type[Struct]) -> Any:
    """Return the parameters after the question mark; a list's is given several times.

    Raises:
        FieldsRefused: one is unknown, given twice, or not as its type says.
    """
    lists = {
        field.encode_name
        for field in msgspec.structs.fields(type_)
        if isinstance(field.default, tuple)
    }
    parameters: dict[str, Any] = {}
    for name, values in args.lists():
        if name not in lists and len(values) > 1:
            raise FieldsRefused(FieldMistake(name, "it is given twice"))
        if NULL in map(str.casefold, values):
            # In an address everything is a text: what is not meant is left out.
            raise FieldsRefused(FieldMistake(name, "leave it out"))
        parameters[name] = values if name in lists else values[0]
    return _converted(parameters, type_, "")


def body_of(asked: Request, type_: type[Struct]) -> Any:
    """Return the body.

    Raises:
        UnsupportedMediaType: it is no JSON.
        FieldsRefused: it cannot be read, or is not as its type says.
    """
    if asked.mimetype != "application/json":
        raise UnsupportedMediaType("send the body as application/json.")
    try:
        return msgspec.json.decode(asked.get_data(), type=type_)
    except msgspec.ValidationError as error:
        raise FieldsRefused(_mistake(str(error), "")) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FieldsRefused(FieldMistake("", f"the body is no JSON: {error}")) from None


def _converted(value: Any, type_: Any, name: str) -> Any:
    try:
        return msgspec.convert(value, type_, strict=False)
    except msgspec.ValidationError as error:
        raise FieldsRefused(_mistake(str(error), name)) from None


def _mistake(text: str, name: str) -> FieldMistake:
    match = _AT.match(text)
    assert match is not None, "the pattern fits every text"
    steps = [field or index for field, index in _STEP.findall(match["path"] or "")]
    # msgspec names the object in which a field is missing or too many: the field itself is meant.
    steps += [missing or unknown for missing, unknown in _UNKNOWN.findall(match["words"])]
    pointer = name or "".join(f"/{step}" for step in steps)
    return FieldMistake(pointer, match["words"])
