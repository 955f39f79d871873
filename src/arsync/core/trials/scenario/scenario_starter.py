"""First scenarios: a few stories that fit any rulebook, with what it does to them, explained."""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

from arsync.core.planning.customer_locale import HolidaysIn
from arsync.core.rulebook.model import Rulebook
from arsync.core.trials.scenario.draft import expectations
from arsync.core.trials.scenario.player import play
from arsync.core.trials.scenario.scenario_reader import read_scenarios

DUE_ON = date(2026, 6, 3)
"""Day 0 of every story."""


class _StarterStory(NamedTuple):
    """One story, up to what is expected."""

    comment: str
    text: str


_STORIES = (
    _StarterStory(
        "The customer never pays: each step follows, and then the hold. This is the whole cadence.",
        f"""\
  - name: Nobody pays
    invoices:
      - {{number: INV-1, due: {DUE_ON}, amount: 1200}}
    until: day 120
""",
    ),
    _StarterStory(
        "After payment there is no further contact. An event is one line: what, for which invoice.",
        f"""\
  - name: Paid after twenty days, and nothing follows
    invoices:
      - {{number: INV-1, due: {DUE_ON}, amount: 1200}}
    events:
      day 20: payment for INV-1
    until: day 120
""",
    ),
    _StarterStory(
        "A promise to pay keeps everything quiet until its day; here it is kept.",
        f"""\
  - name: A promise is kept
    invoices:
      - {{number: INV-1, due: {DUE_ON}, amount: 400}}
    events:
      day 3: promise for INV-1 by day 18
      day 18: payment for INV-1
    until: day 60
""",
    ),
    _StarterStory(
        "What must never happen: a customer with the solicitor is never contacted, whatever the "
        "debt.",
        f"""\
  - name: With the solicitor, nobody writes
    customer: {{name: City Agency, tags: [legal]}}
    invoices:
      - {{number: INV-1, due: {DUE_ON}, amount: 5000}}
    until: day 120
    never: email
""",
    ),
)

_HEAD = """\
# What the rulebook does about customers, day by day: day 0 is the due date of a story's first
# invoice. This plays the stories and reports what differs:
#
#     arsync rules test {file}
#
# Everything that happens is listed under `expect`; what is not listed fails. A reminder may come
# later than its step says: it keeps the days between emails, and waits for a day on which you send.
# When you change the rulebook, a story that fails shows what you changed. Is it what you meant?
# Then write it here.

rulebook: {rulebook}

scenarios:
"""

_DAY = re.compile(r"^(      )(\d{4}-\d\d-\d\d):")


def first_scenarios(rulebook: Rulebook, *, file: str, path: str, holidays: HolidaysIn) -> str:
    """Return a scenario file that the rulebook passes.

    Args:
        rulebook: what the expectations are filled with.
        file: the scenario file, as a command names it.
        path: the rulebook's file, as seen from the scenario file.
        holidays: the public holidays of a place.
    """
    texts = [_HEAD.format(file=file, rulebook=path)]
    for story in _STORIES:
        read, problems = read_scenarios("first", f"scenarios:\n{story.text}")
        assert read is not None, "\n".join(map(str, problems))
        happened = play(read.scenarios[0], rulebook, holidays=holidays).happened
        lines = "".join(f"{_DAY.sub(_in_days, line)}\n" for line in expectations(happened))
        # `never` stands last, behind what is expected.
        head, never, last = story.text.partition("    never:")
        texts.append(f"  # {story.comment}\n{head}{lines}{never}{last}")
    return texts[0] + "\n".join(texts[1:])


def _in_days(match: re.Match[str]) -> str:
    return f"{match[1]}day {(date.fromisoformat(match[2]) - DUE_ON).days}:"
