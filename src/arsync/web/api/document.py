"""The OpenAPI 3.1 document, made from the same registry as the routes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import msgspec
from msgspec import Struct

from arsync.application.permissions import ROLES, Role
from arsync.web.api.operations import BASE, Operation
from arsync.web.api.problems import TYPE, ProblemView
from arsync.web.api.resources import every_operation

_REF = "#/components/schemas/{name}"

ABOUT = """\
What the desk does, as JSON. Every request carries a token of a person, who may do by it what they
may do in the desk: `Authorization: Bearer arsync_...`. Money is a decimal string; it is null for
readers without amounts. Days are ISO days of the organisation, moments have their offset.
Lists come in parts: `next` of one is `after` of the following one. Nothing is undone by asking
twice: a POST with an `Idempotency-Key` is done once, and the second gets the first one's answer.
"""

_PROBLEMS = {
    401: "No token came along, or it does not hold.",
    403: "The role does not allow it.",
    404: "There is no such thing, or it is not theirs.",
    409: "Somebody or something was faster: look again.",
    413: "The body is too large.",
    415: "The body is no JSON.",
    422: "Something in it is not right; nothing was done.",
    429: "Too many requests; see `Retry-After`.",
    503: "Not just now; see `Retry-After`.",
}

_RETRIED = frozenset({429, 503})

_ONLY_WITH_BODY = frozenset({413, 415})


@cache
def document_text() -> str:
    """Return the document as it is served and as `docs/openapi.json` has it."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def document() -> dict[str, Any]:
    """Return the document."""
    operations = every_operation()
    answers = [operation.answer for operation in operations]
    shown, answered = _components([*answers, ProblemView])
    for schema in answered.values():
        _sums_may_be_hidden(schema)
    bodies = [operation.body for operation in operations if operation.body is not None]
    schemas, body_components = _components(bodies)
    body_schemas = dict(zip(bodies, schemas, strict=True))
    paths: dict[str, Any] = {}
    for operation, schema in zip(operations, shown, strict=False):
        body = body_schemas[operation.body] if operation.body is not None else None
        path = paths.setdefault(operation.path, {})
        path[operation.method.lower()] = _operation(operation, schema, body)
    return {
        "openapi": "3.1.0",
        "info": {"title": "arsync", "version": "1", "description": ABOUT},
        "servers": [{"url": BASE}],
        "security": [{"token": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(each.tag for each in operations)],
        "paths": paths,
        "components": {
            "schemas": dict(sorted({**answered, **body_components}.items())),
            "responses": {f"Problem{status}": _problem(status) for status in _PROBLEMS},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Made on one's own page of the desk; shown once.",
                }
            },
        },
    }


def _components(types: Iterable[Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    schemas, components = msgspec.json.schema_components(list(types), ref_template=_REF)
    return list(schemas), components


def _operation(
    operation: Operation, answer: Mapping[str, Any], body: Mapping[str, Any] | None
) -> dict[str, Any]:
    statuses = [
        status
        for status in _PROBLEMS
        if operation.body is not None or status not in _ONLY_WITH_BODY
    ]
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": " ".join(filter(None, (_one_line(operation.about), _who_may(operation)))),
        "parameters": list(_parameters(operation)),
        "responses": {
            "200": {
                "description": "Done." if operation.method == "POST" else "As asked.",
                "content": {"application/json": {"schema": answer}},
            },
            **{
                str(status): {"$ref": f"#/components/responses/Problem{status}"}
                for status in statuses
            },
        },
    }
    if body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": body}},
        }
    return described


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _who_may(operation: Operation) -> str:
    if operation.permission is None:
        return "For everybody with a token."
    roles = [role for role in Role if role in ROLES[operation.permission]]
    amounts = " Not for readers without amounts." if operation.amounts else ""
    return f"May: {', '.join(roles)}.{amounts}"


def _parameters(operation: Operation) -> Iterator[dict[str, Any]]:
    if "{connection}" in operation.path:
        schema: dict[str, Any] = {"type": "string", "minLength": 1}
        words = "The name of a connection."
        yield _parameter("connection", "path", schema, words, required=True)
    for name, type_ in operation.path_parameters.items():
        schema = msgspec.json.schema(type_)
        yield _parameter(name, "path", schema, schema.pop("description", ""), required=True)
    if operation.query is not None:
        yield from _query(operation.query)
    if operation.method == "POST":
        words = (
            "Sent again under the same key, a request is not done again: the answer is the same."
        )
        schema = {"type": "string", "minLength": 1, "maxLength": 255}
        yield _parameter("Idempotency-Key", "header", schema, words)


def _query(type_: type[Struct]) -> Iterator[dict[str, Any]]:
    (reference,), components = _components([type_])
    schema = components[reference["$ref"].rpartition("/")[2]]
    for name, property_ in schema["properties"].items():
        inlined = _inlined(property_, components)
        inlined.pop("default", None)
        words = inlined.pop("description", "")
        yield _parameter(name, "query", _without_null(inlined), words)


def _inlined(schema: Any, components: Mapping[str, Any]) -> Any:
    """Return a schema without references: a parameter's stands for itself."""
    if isinstance(schema, list):
        return [_inlined(inner, components) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(components[schema["$ref"].rpartition("/")[2]], components)
    return {name: _inlined(value, components) for name, value in schema.items()}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter's schema as it is when it is given: nobody can send null in an address."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    return choices[0] if len(choices) == 1 else schema


def _parameter(
    name: str, where: str, schema: Mapping[str, Any], words: str, *, required: bool = False
) -> dict[str, Any]:
    described = {"name": name, "in": where, "required": required, "schema": dict(schema)}
    if words:
        described["description"] = words
    return described


def _problem(status: int) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if status in _RETRIED:
        headers["Retry-After"] = {"schema": {"type": "string"}, "description": "In seconds."}
    if status == 401:
        headers["WWW-Authenticate"] = {"schema": {"type": "string"}}
    described: dict[str, Any] = {
        "description": _PROBLEMS[status],
        "content": {TYPE: {"schema": {"$ref": _REF.format(name=ProblemView.__name__)}}},
    }
    return described | ({"headers": headers} if headers else {})


def _sums_may_be_hidden(schema: Any) -> None:
    """Let every sum be null: readers without amounts get no other."""
    if isinstance(schema, list):
        for inner in schema:
            _sums_may_be_hidden(inner)
    elif isinstance(schema, dict):
        if schema.get("format") == "decimal":
            schema["type"] = ["string", "null"]
        for value in schema.values():
            _sums_may_be_hidden(value)
