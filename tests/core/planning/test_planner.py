"""The plan of a day: one customer's oddity is that customer's alone."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from tests.builders.records import a_contact, a_debtor, an_invoice
from tests.builders.rulebooks import a_rulebook
from tests.core.conftest import EVERYTHING

from arsync.core.ledger.records import Organisation
from arsync.core.planning.customer_locale import no_holidays
from arsync.core.planning.planner import make_plan

RULES = """\
version: 1
name: Standard
currency: GBP
reminders:
  - name: Standard
    steps:
      - {day: DAY, email: first reminder}
"""


@pytest.mark.parametrize(
    ("odd_day", "plain_day", "day"),
    [(date.max, date(2026, 10, 1), "7"), (date.min, date(2026, 11, 24), "-3")],
)
def test_a_customer_that_fails_leaves_others_their_plan(
    odd_day: date, plain_day: date, day: str
) -> None:
    odd = a_debtor(an_invoice("i1", due_on=odd_day), contacts=(a_contact(name="Odd Ltd"),))
    plain = a_debtor(
        an_invoice("i2", "c2", due_on=plain_day), contacts=(a_contact("c2", "Plain Ltd"),)
    )
    plan = make_plan(
        [odd, plain],
        a_rulebook(RULES.replace("DAY", day)),
        connection="books",
        organisation=Organisation("o1", "Example Ltd", "GBP"),
        today=date(2026, 11, 22),
        now=datetime(2026, 11, 22, 10, tzinfo=UTC),
        offers=EVERYTHING,
        holidays=no_holidays,
    )
    assert [action.contact_name for action in plan.actions] == ["Plain Ltd"]
    (problem,) = plan.problems
    assert problem.startswith("Odd Ltd could not be planned, so nothing is done about this")
    assert "OverflowError at cadence_steps.py:" in problem
    (held,) = [held for held in plan.held_back if held.contact_name == "Odd Ltd"]
    assert "could not be planned" in held.why
