"""The words that the rules editor completes, from the tables that the reader reads with."""

from __future__ import annotations

from functools import cache
from typing import Any

from arsync.core.rulebook.facts import FIELDS
from arsync.core.rulebook.json_schema import schema


@cache
def editor_words() -> dict[str, list[dict[str, str]]]:
    """Return the keys of a rulebook, and the words that stand behind them, with what they mean."""
    words: dict[str, str] = {}
    _collect(schema(), words)
    facts = {field.name for field in FIELDS}
    return {
        "words": [
            {
                "label": word,
                "detail": meaning,
                "type": "variable" if word in facts else "keyword",
            }
            for word, meaning in sorted(words.items())
        ]
    }


def _collect(node: Any, words: dict[str, str]) -> None:
    if isinstance(node, dict):
        for name, inner in node.get("properties", {}).items():
            meaning = str(inner.get("description", "")) if isinstance(inner, dict) else ""
            words[name] = words.get(name) or meaning
        for value in node.get("enum", ()):
            if isinstance(value, str):
                words.setdefault(value, "")
        for inner in node.values():
            _collect(inner, words)
    elif isinstance(node, list):
        for inner in node:
            _collect(inner, words)
