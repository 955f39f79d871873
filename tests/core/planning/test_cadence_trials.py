"""Cadences that are tried: who gets them is stable, balanced, and told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders.rulebooks import a_rulebook

from arsync.core.ledger.records import Organisation
from arsync.core.planning.cadence_trials import is_tried_on, stands_beside, tried_or_own
from arsync.core.planning.explanation import explain
from arsync.core.rulebook import read_rulebook
from arsync.core.rulebook.checks.warnings import rulebook_warnings

Desk = Any

RULES = """version: 1
currency: GBP
reminders:
  - name: Standard
    steps: [{day: 1, email: first reminder}]
  - name: Softer
    trial: {of: Standard, share: 50%}
    steps: [{day: 1, email: upcoming}]
sending: {days: every day}
"""
RULEBOOK = a_rulebook(RULES)
STANDARD, SOFTER = RULEBOOK.reminders
IDS = [f"customer {number}" for number in range(4_000)]


def with_share(percent: int) -> Any:
    return a_rulebook(RULES.replace("50%", f"{percent}%")).reminders[1]


@pytest.mark.parametrize("percent", [5, 20, 50, 95])
def test_the_split_is_balanced(percent: int) -> None:
    tried = with_share(percent)
    share = sum(is_tried_on(tried, each) for each in IDS) * 100 / len(IDS)
    # Four standard errors of a share among so many.
    assert abs(share - percent) < 4 * (percent * (100 - percent) / len(IDS)) ** 0.5


@given(st.text(max_size=40))
def test_the_split_is_stable(debtor_id: str) -> None:
    again = a_rulebook(RULES).reminders[1]
    assert is_tried_on(SOFTER, debtor_id) == is_tried_on(again, debtor_id)
    # Whoever gets it with a small share gets it with a larger one.
    assert is_tried_on(with_share(20), debtor_id) <= is_tried_on(SOFTER, debtor_id)


def test_another_trial_splits_otherwise() -> None:
    other = SOFTER._replace(name="Harder")
    same = sum(is_tried_on(SOFTER, each) == is_tried_on(other, each) for each in IDS)
    assert abs(same / len(IDS) - 0.5) < 0.05


def test_a_tried_cadence_takes_its_share_alone(desk: Desk) -> None:
    texts = set()
    for number in range(12):
        name = f"c{number}"
        invoice = desk.invoice("i1", 5, contact=name)
        account = desk.account(invoice, contacts=(desk.contact(name),))
        (action,) = desk.plan(RULES, account).actions
        expected = tried_or_own(RULEBOOK, STANDARD, name)
        assert action.because.rule == expected.name
        texts.add(action.step)
    assert texts == {"first reminder", "upcoming"}


def test_why_says_on_which_side_a_customer_is(desk: Desk) -> None:
    sides = {}
    for name in ("c1", "c2", "c3", "c4", "c5", "c6"):
        account = desk.account(desk.invoice("i1", 5, contact=name), contacts=(desk.contact(name),))
        plan = desk.plan(RULES, account)
        organisation = Organisation("o1", "Books", "GBP")
        lines = explain(account, RULEBOOK, plan, organisation=organisation)
        (line,) = [each for each in lines if each.section == "trial"]
        sides[is_tried_on(SOFTER, name)] = str(line)
    assert sides[True].startswith("trial: Softer: gets 'Softer' (50% of 'Standard'")
    assert sides[False].startswith("trial: Softer: stays with 'Standard'")
    assert sides[True].endswith(":7)")


def test_a_trial_hides_no_other_cadence() -> None:
    assert rulebook_warnings(RULEBOOK) == []
    assert stands_beside(RULEBOOK, SOFTER) is STANDARD
    assert stands_beside(RULEBOOK, STANDARD) is STANDARD


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("of: Standard", "of: Standart", "there is no cadence 'Standart'"),
        ("of: Standard", "of: Softer", "'Softer' is itself tried"),
        ("50%", "2%", "it is a whole number from 5% to 95%"),
        ("50%", "12.5%", "it is a whole number from 5% to 95%"),
        ("of: Standard, ", "", "needs 'of'"),
        ("    trial:", "    when: {tag: a}\n    trial:", "leave out 'when'"),
        (
            "sending:",
            "  - {name: Third, trial: {of: Standard}, steps: [{day: 2, task: Call}]}\nsending:",
            "'Standard' has a trial already, in r.yaml:6",
        ),
        (
            "steps: [{day: 1, email: upcoming}]",
            "steps: [{day: 0, counted_from: broken promise, email: upcoming}]",
            "about broken promises alone",
        ),
    ],
)
def test_a_wrong_trial_leads_on(before: str, after: str, said: str) -> None:
    _, problems = read_rulebook([("r.yaml", RULES.replace(before, after, 1))], texts=None)
    assert said in "\n".join(map(str, problems))
