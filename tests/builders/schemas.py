"""JSON Schemas, as an editor applies them."""

from __future__ import annotations

import json
from functools import cache
from typing import Any


@cache
def schema_class() -> Any:
    """Return the validator of the schemas' draft."""
    # Its import compiles 38 grammars of internet addresses, which was a sixth of collecting all
    # tests: only the few tests that ask for it wait.
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

    return Draft202012Validator


def validator(schema: dict[str, Any]) -> Any:
    """Return a validator of a schema that is itself valid: each schema is checked once."""
    return _validator(json.dumps(schema))


@cache
def _validator(schema: str) -> Any:
    tree = json.loads(schema)
    schema_class().check_schema(tree)
    return schema_class()(tree)
