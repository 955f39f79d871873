"""What a step may say: a reminder's text, by whichever of its spellings, and nothing untrue."""

from __future__ import annotations

import pytest
from tests.builders.rulebooks import a_rulebook

from arsync.core.rulebook.reading.cadence_reader import NO_STEPS
from arsync.core.rulebook.reading.reader import read_rulebook
from arsync.mail import SHIPPED_NAMES

HEAD = "version: 1\nname: R\ncurrency: GBP\n"


def with_step(text: str) -> str:
    return f"{HEAD}reminders: [{{name: R, steps: [{{day: 1, email: {text}}}]}}]\n"


@pytest.mark.parametrize("text", ["hand-over announced", "Final_Notice", "final notice"])
def test_a_text_is_known_by_each_spelling(text: str) -> None:
    assert a_rulebook(with_step(text), "r.yaml", texts=SHIPPED_NAMES) is not None


@pytest.mark.parametrize("text", sorted(NO_STEPS))
def test_what_would_be_untrue_is_no_step(text: str) -> None:
    _, problems = read_rulebook([("r.yaml", with_step(text))], texts=SHIPPED_NAMES)
    (problem,) = problems
    assert problem.message == f"{text!r} is no reminder: it would say what is not so."
    assert NO_STEPS[text] in problem.hint
