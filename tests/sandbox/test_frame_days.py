"""What happens as the sandbox's days pass."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests

from arsync_sandbox.clock import SandboxClock, target_of
from arsync_sandbox.debtors import BEHAVIOURS
from arsync_sandbox.platform import SandboxEmail
from arsync_sandbox.server import Sandbox

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_the_clock_runs_on_from_where_it_was_put() -> None:
    elapsed = [100.0]
    clock = SandboxClock(date(2026, 6, 1), elapsed=lambda: elapsed[0])
    elapsed[0] += 5
    assert clock.now() == datetime(2026, 6, 1, 9, 0, 5, tzinfo=UTC)
    clock.set(NOON)
    elapsed[0] += 1
    assert clock.now() == NOON + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-06-02", datetime(2026, 6, 2, 9, tzinfo=UTC)),
        ("2026-06-01", NOON),
        ("2026-05-31", datetime(2026, 5, 31, 9, tzinfo=UTC)),
        ("2026-06-02T10:30", datetime(2026, 6, 2, 10, 30, tzinfo=UTC)),
        ("2026-06-02T10:30:00+02:00", datetime(2026, 6, 2, 8, 30, tzinfo=UTC)),
    ],
)
def test_a_person_says_a_day_or_a_moment(text: str, moment: datetime) -> None:
    assert target_of(text, NOON) == moment


def test_the_clock_moves_at_most_ten_years() -> None:
    with pytest.raises(ValueError, match="more than 10 years"):
        target_of("2037-01-01", NOON)


def test_the_clock_goes_back_only_where_no_debtors_act(little: Sandbox, plane: Any) -> None:
    assert plane.clock("2026-01-05").startswith("2026-01-05T09:00")
    plane.settings(debtors=True)
    answer = requests.post(f"{little.url}/_sandbox/clock", json={"to": "2026-01-01"}, timeout=5)
    assert answer.status_code == 400
    assert "cannot go back" in answer.json()["error"]


def test_rows_of_later_days_wait_for_them(little: Sandbox, plane: Any) -> None:
    plane.load(
        contacts=[{"id": "c", "name": "C"}],
        invoices=[
            {"id": "i1", "contact_id": "c", "issued_on": "2026-05-01", "total": "100"},
            {"id": "i2", "contact_id": "c", "issued_on": "2026-06-03", "total": "50.50"},
        ],
        payments=[
            {"id": "p1", "invoice_id": "i1", "paid_on": "2026-06-02", "amount": "30"},
            {"id": "p2", "invoice_id": "i2", "paid_on": "2026-06-03", "amount": "0.50"},
        ],
    )
    assert plane.state()["waiting"] == {"invoices": 1, "payments": 2}
    plane.clock("2026-06-02")
    assert plane.state()["little"]["invoices"] == [{"id": "i1", "amount_due": "70"}]
    plane.clock("2026-06-10")
    assert plane.state()["little"]["invoices"][1] == {"id": "i2", "amount_due": "50.00"}
    assert plane.state()["waiting"] == {"invoices": 0, "payments": 0}
    book: Any = little.books["little"]
    assert book.days == [date(2026, 6, day) for day in range(2, 11)]


def test_days_that_pass_by_themselves_are_lived_through(little: Sandbox, plane: Any) -> None:
    little.clock.set(NOON + timedelta(days=2))
    plane.state()
    book: Any = little.books["little"]
    assert book.days == [date(2026, 6, 2), date(2026, 6, 3)]


def test_a_paid_invoice_is_owed_until_its_payments_come(little: Sandbox, plane: Any) -> None:
    plane.load(
        contacts=[{"id": "c", "name": "C"}],
        invoices=[
            {
                "id": "i",
                "contact_id": "c",
                "issued_on": "2026-05-01",
                "due_on": "2026-06-05",
                "total": "100",
                "status": "paid",
            },
        ],
        payments=[{"id": "p", "invoice_id": "i", "paid_on": "2026-05-02", "amount": "30"}],
    )
    assert plane.state()["little"]["invoices"][0]["amount_due"] == "70"
    plane.clock("2026-06-05")
    assert plane.state()["little"]["invoices"][0]["amount_due"] == "0"


def played(start_little: Callable[..., Sandbox], *, letters: bool, seed: int = 7) -> Sandbox:
    """Return a sandbox after 90 days, in which everybody was reminded every week, or nobody."""
    sandbox = start_little(start=date(2026, 6, 1), seed=seed, settings={"debtors": True})
    sandbox.generate(contacts=60, invoices=300)
    for _ in range(13):
        if letters:
            for unpaid in sandbox.books["little"].unpaid():
                at = sandbox.now()
                sandbox.send_email(
                    SandboxEmail(at, "smtp", ["x@y.example"], f"Reminder {unpaid.number}")
                )
        with sandbox.lock:
            sandbox.timeline.move_to(sandbox.now() + timedelta(days=7))
    return sandbox


def test_debtors_do_the_same_in_every_run(start_little: Callable[..., Sandbox]) -> None:
    sandbox, two = (played(start_little, letters=True) for _ in range(2))
    assert sandbox.books["little"].state() == two.books["little"].state()
    assert sandbox.timeline.replies() == two.timeline.replies()


def test_reminders_bring_money_promises_and_disputes(start_little: Callable[..., Sandbox]) -> None:
    silent, reminded = (played(start_little, letters=letters) for letters in (False, True))
    owed = [
        sum(unpaid.amount_due for unpaid in sandbox.books["little"].unpaid())
        for sandbox in (silent, reminded)
    ]
    assert owed[1] < owed[0]
    assert silent.timeline.replies() == []
    kinds = Counter(reply["kind"] for reply in reminded.timeline.replies())
    assert set(kinds) == {"promise", "dispute"}
    for reply in reminded.timeline.replies():
        assert reply["invoice_number"].startswith("INV-")
        assert bool(reply["promised_on"]) == (reply["kind"] == "promise")
        assert bool(reply["reason"]) == (reply["kind"] == "dispute")


def test_promises_are_kept_by_some_and_broken_by_others(
    start_little: Callable[..., Sandbox],
) -> None:
    sandbox = played(start_little, letters=True)
    book: Any = sandbox.books["little"]
    paid_on = {row.invoice_id: row.paid_on.isoformat() for row in book.paid}
    kept = Counter(
        paid_on.get(reply["invoice_id"], "9999") <= reply["promised_on"]
        for reply in sandbox.timeline.replies()
        if reply["kind"] == "promise"
    )
    assert kept[True]
    assert kept[False]


def test_every_behaviour_occurs_in_its_share(start_little: Callable[..., Sandbox]) -> None:
    debtors = start_little(seed=3).timeline.debtors["little"]
    behaviours = Counter(debtors.behaviour_of(f"C{number}") for number in range(5000))
    for name, share in BEHAVIOURS:
        assert abs(behaviours[name] / 50 - share) < 2.5


def test_nobody_ever_pays_more_than_is_owed(start_little: Callable[..., Sandbox]) -> None:
    sandbox = played(start_little, letters=True, seed=random.Random(5).randrange(1000))
    book: Any = sandbox.books["little"]
    assert all(amount >= Decimal(0) for amount in book.due.values())


def test_a_clock_put_back_lets_later_rows_wait_again(little: Sandbox, plane: Any) -> None:
    plane.clock("2026-01-05")
    plane.load(
        contacts=[{"id": "c", "name": "C"}],
        invoices=[{"id": "i", "contact_id": "c", "issued_on": "2026-02-01", "total": "1"}],
    )
    assert plane.state()["waiting"]["invoices"] == 1


def test_moving_to_early_hours_does_not_play_the_morning(little: Sandbox, plane: Any) -> None:
    moments: list[datetime] = []
    book: Any = little.books["little"]
    book.day_begins = lambda _on: moments.append(little.now())
    plane.clock("2026-06-03T02:00:00")
    assert [moment.hour for moment in moments] == [8, 2]


def test_a_business_goes_on_as_the_clock_moves(start_little: Callable[..., Sandbox]) -> None:
    sandbox = start_little(start=date(2026, 6, 1))
    sandbox.generate(contacts=20, invoices=365, days_ahead=30)
    book: Any = sandbox.books["little"]
    assert len(book.invoices) == 365
    with sandbox.lock:
        sandbox.timeline.move_to(sandbox.now() + timedelta(days=30))
    assert len(book.invoices) == 395
