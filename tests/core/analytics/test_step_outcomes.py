"""What followed a step: counted where there is enough to compare, and else not known."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders.records import a_contact, a_payment, an_invoice
from tests.builders.rulebooks import a_rulebook

from arsync.core.analytics.step_outcomes import CASES_MIN, StepOutcome, StepOutcomes
from arsync.core.ledger.records import Account, Allocation, Dispute, Invoice, Payment, SentStep

RULES = """version: 1
currency: GBP
reminders:
  - name: Standard
    steps:
      - {day: 3, email: first reminder}
      - {day: 20, email: second reminder}
      - {day: 40, counted_from: issue date, task: Look}
"""
CADENCES = a_rulebook(RULES).reminders
DAY = date(2026, 11, 30)
DUE = date(2026, 8, 1)


def case(number: int, *, paid: int | None, sent: int | None = None, due: date = DUE) -> Account:
    """Return a customer with one invoice: paid and first reminded so many days after it was due."""
    name = f"i{number}"
    paid_on = None if paid is None else due + timedelta(days=paid)
    invoice = an_invoice(
        name,
        f"c{number}",
        issued_on=due - timedelta(days=30),
        due_on=due,
        amount_due=0 if paid_on else 100,
        status="paid" if paid_on else "open",
    )
    payments: tuple[Payment, ...] = ()
    if paid_on is not None:
        matched = (Allocation(name, Decimal(100), paid_on),)
        payments = (a_payment(f"p{number}", f"c{number}", paid_on=paid_on, allocations=matched),)
    steps: tuple[SentStep, ...] = ()
    if sent is not None:
        on = due + timedelta(days=sent)
        steps = (SentStep(name, 1, "Standard", 3, "first reminder", on, f"m{number}"),)
    return Account((a_contact(f"c{number}"),), (invoice,), payments, sent=steps)


def outcomes(accounts: Iterable[Account], day: date = DAY) -> list[StepOutcome]:
    collected = StepOutcomes(
        CADENCES, day, zone=UTC, cadences_of=lambda account: {account.contacts[0].id: {"Standard"}}
    )
    for account in accounts:
        collected.add(account)
    return collected.outcomes()


def test_paid_after_a_step_stands_beside_without_it() -> None:
    with_it = [case(n, sent=3, paid=8 if n % 2 else 60) for n in range(CASES_MIN)]
    without = [case(100 + n, paid=9 if n % 5 == 0 else 70) for n in range(CASES_MIN)]
    first = outcomes([*with_it, *without])[0]
    (week, fortnight, month) = first.horizons
    assert (first.sent, week.cases, week.cases_without) == (CASES_MIN, CASES_MIN, CASES_MIN)
    assert [week.paid_percent, week.paid_percent_without, week.difference] == [50, 20, 30]
    assert [fortnight.difference, month.difference] == [30, 30]


def test_too_few_cases_are_not_known() -> None:
    with_it = [case(n, sent=3, paid=8) for n in range(CASES_MIN - 1)]
    without = [case(100 + n, paid=9) for n in range(CASES_MIN)]
    week = outcomes([*with_it, *without])[0].horizons[0]
    assert (week.paid_percent, week.difference) == (None, None)
    assert week.why_unknown == f"{CASES_MIN - 1} cases got it; {CASES_MIN} are needed"


def test_without_a_comparison_it_is_not_known() -> None:
    week = outcomes([case(n, sent=3, paid=8) for n in range(50)])[0].horizons[0]
    assert week.paid_percent == 100
    assert (week.paid_percent_without, week.difference) == (None, None)
    assert "0 reached the same state without it" in week.why_unknown


def test_held_back_counts_until_the_message_leaves() -> None:
    # Reached on day 3, the message left on day 6: three days without it, and nobody knows the rest.
    held_back = [case(n, sent=6, paid=60) for n in range(50)]
    week = outcomes(held_back)[0].horizons[0]
    assert week.cases_without == 50
    assert week.paid_percent_without is None
    assert "only 0 stayed without it for 7 days" in week.why_unknown


def test_who_paid_before_a_late_message_is_no_bias() -> None:
    # Half would have paid on day 5 whatever happens; the message is held back for all until day 7.
    early = [case(n, paid=5) for n in range(40)]
    late = [case(100 + n, sent=7, paid=60) for n in range(40)]
    never = [case(200 + n, paid=60) for n in range(40)]
    week = outcomes([*early, *late, *never])[0].horizons[0]
    assert week.paid_percent_without == Decimal("33.333333")


def test_a_case_that_is_too_young_is_left_out() -> None:
    young = [case(n, sent=3, paid=4, due=DAY - timedelta(days=6)) for n in range(50)]
    assert outcomes(young)[0].horizons[0].cases == 0


def test_disputed_invoices_are_no_comparison() -> None:
    disputed = [
        case(n, paid=60)._replace(disputes=(Dispute(f"i{n}", DUE, "price"),)) for n in range(50)
    ]
    assert outcomes(disputed)[0].horizons[0].cases_without == 0


def test_a_second_step_compares_with_who_had_the_first() -> None:
    had_first = [case(n, sent=3, paid=60) for n in range(CASES_MIN)]
    nothing = [case(100 + n, paid=60) for n in range(50)]
    second = outcomes([*had_first, *nothing])[1]
    assert second.horizons[0].cases_without == CASES_MIN


def test_steps_from_other_days_have_no_comparison() -> None:
    (_, _, third) = outcomes([case(n, paid=60) for n in range(50)])
    assert {within.difference for within in third.horizons} == {None}
    assert "no comparison" in third.horizons[0].why_unknown


@pytest.mark.parametrize("status", ["voided", "deleted"])
def test_a_void_says_nothing_of_paying(status: str) -> None:
    def gone(invoice: Invoice) -> Invoice:
        return invoice._replace(status=status, updated_at=None)

    accounts = [case(n, sent=3, paid=None) for n in range(50)]
    accounts = [each._replace(invoices=tuple(map(gone, each.invoices))) for each in accounts]
    assert outcomes(accounts)[0].sent == 0


CASES = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(-5, 110)),
        st.one_of(st.none(), st.integers(3, 60)),
        st.integers(0, 60),
    ),
    max_size=25,
)


@settings(max_examples=50, deadline=None)
@given(rows=CASES, back=st.integers(0, 60))
def test_a_later_event_changes_no_past_figure(
    rows: list[tuple[int | None, int | None, int]], back: int
) -> None:
    day = DAY - timedelta(days=back)
    all_of, known_then = [], []
    for number, (paid, sent, shift) in enumerate(rows):
        due = DUE + timedelta(days=shift)
        if due - timedelta(days=30) > day:
            continue
        all_of.append(case(number, paid=paid, sent=sent, due=due))
        passed = (day - due).days
        known_then.append(
            case(
                number,
                paid=paid if paid is not None and paid <= passed else None,
                sent=sent if sent is not None and sent <= passed else None,
                due=due,
            )
        )
    assert outcomes(all_of, day) == outcomes(known_then, day)
