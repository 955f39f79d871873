"""Rulebooks from their text."""

from __future__ import annotations

from typing import Any

from arsync.core.rulebook import Rulebook, read_rulebook


def a_rulebook(text: str, file: str = "rules/test.yaml", **options: Any) -> Rulebook:
    """Read a rulebook that has to be without problems."""
    rulebook, problems = read_rulebook([(file, text)], **options)
    assert problems == [], "\n".join(map(str, problems))
    assert rulebook is not None
    return rulebook
