"""Clocks that jump, days of 23 and 25 hours, a host whose clock is wrong, a month of runs."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from tests.builders.ledgers import contact_row, invoice_row, one_of_each

from arsync.core.actions import ActionKind, ActionState

from . import profile
from .accidents import Tally
from .checks import audit_is_whole, money_is_conserved, nothing_twice, once_with_its_mail, same_as
from .conftest import Count, MakeWorld
from .world import WatchedWorld

pytestmark = pytest.mark.timeout(600 if not profile.LONG else 36_000)

PLATFORMS = ("xero", "quickbooks")
each_platform = pytest.mark.parametrize("name", PLATFORMS)

GAP_DAYS = 5
CADENCE = f"""\
version: 1
name: Month
currency: GBP
reminders:
  - name: Steps
    steps:
      - {{day: 1, email: first reminder}}
      - {{day: 8, email: second reminder}}
      - {{day: 15, email: final notice}}
sending:
  days: every day
  between: 00:00-23:59
  days_between_emails: {GAP_DAYS}
"""
STEPS = ["First reminder", "Second reminder", "Final notice"]


def three_debtors(world: WatchedWorld) -> None:
    """Three customers who never pay, each with one invoice, one of them with two."""
    world.load(
        world.name,
        contacts=[contact_row(f"c{number}", f"Customer {number}") for number in (1, 2, 3)],
        invoices=[
            invoice_row(1, "c1", overdue=0),
            invoice_row(2, "c2", overdue=-2),
            invoice_row(3, "c3", overdue=3),
            invoice_row(4, "c3", overdue=-4),
        ],
    )
    world.rules(CADENCE)
    world.connect(world.name)


def days_of_emails(world: WatchedWorld) -> dict[str, list[date]]:
    """Return, by customer, the organisation's days on which an email left (each day once)."""
    zone = ZoneInfo(world.zone or "Europe/London")
    owner = {str(row["id"]): str(row["contact_id"]) for row in world.state()["invoices"]}
    days: dict[str, set[date]] = defaultdict(set)
    for email in world.state()["emails"]:
        at = datetime.fromisoformat(email["at"])
        days[owner[email["invoice_id"]]].add(at.astimezone(zone).date())
    return {contact: sorted(sent_on) for contact, sent_on in days.items()}


def steps_taken(world: WatchedWorld) -> dict[str, list[str]]:
    """Return, by invoice, the steps whose notes stand, oldest first."""
    numbers = {row["id"]: row["number"] for row in world.state()["invoices"]}
    steps: dict[str, list[str]] = defaultdict(list)
    for note in sorted(world.state()["history"], key=lambda one: str(one["at"])):
        if "[arsync:" in note["text"] and note["id"] in numbers:
            step = note["text"].partition(", as step ")[2].partition(".")[0]
            steps[numbers[note["id"]]].append(step.capitalize())
    return steps


def assert_gaps_and_steps(world: WatchedWorld) -> None:
    """`days_between_emails` kept, no step skipped or repeated, nothing twice."""
    for contact, days in days_of_emails(world).items():
        gaps = [(b - a).days for a, b in pairwise(days)]
        assert all(gap >= GAP_DAYS for gap in gaps), f"{contact}: emails on {days}"
    for number, steps in steps_taken(world).items():
        assert steps == STEPS[: len(steps)], f"{number}: {steps}"
    nothing_twice(world)
    audit_is_whole(world)


MONTH_HOURS = 31 * 24
QUIET_HOURS = 12
ON_EITHER_STORE = [(name, kind) for kind in ("sqlite", "postgresql") for name in PLATFORMS]
MONTHS_IN_CI = [("xero", "sqlite"), ("quickbooks", "sqlite"), ("quickbooks", "postgresql")]


@pytest.mark.parametrize(
    ("name", "server"), ON_EITHER_STORE if profile.LONG else MONTHS_IN_CI, indirect=["server"]
)
def test_a_month_sends_each_step_once_with_its_gaps(
    make_world: MakeWorld, count: Count, name: str, store_url: str
) -> None:
    """A run every hour; in CI, where half a day was quiet, every half day until something comes.

    On Xero and PostgreSQL CI has a run every day.
    """
    hourly = profile.LONG or (name == "quickbooks" and not store_url)
    tally = Tally()
    with make_world(name, store_url=store_url) as world:
        three_debtors(world)
        hour, quiet = 0, 0
        while hour < MONTH_HOURS:
            before = world.writes_seen()
            world.run()
            tally.schedules += 1
            quiet = 0 if world.writes_seen() > before else quiet + 1
            hours = 1 if profile.LONG or quiet < QUIET_HOURS else QUIET_HOURS
            step = hours if hourly else 24
            world.advance(hours=step)
            hour += step
        assert_gaps_and_steps(world)
        money_is_conserved(world)
        assert set(steps_taken(world)) == {"INV-0001", "INV-0002", "INV-0003", "INV-0004"}
        assert all(steps == STEPS for steps in steps_taken(world).values())
        assert {row.state for row in world.my_rows()} == {ActionState.CONFIRMED}
    count(f"runs of a month, {name}, {'PostgreSQL' if store_url else 'SQLite'}", tally)


CHANGES = {
    "London, into summer": ("Europe/London", datetime(2027, 3, 28, 1, tzinfo=UTC)),
    "London, out of summer": ("Europe/London", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    "Auckland, into summer": ("Pacific/Auckland", datetime(2026, 9, 26, 14, tzinfo=UTC)),
    "Auckland, out of summer": ("Pacific/Auckland", datetime(2027, 4, 3, 14, tzinfo=UTC)),
    # At midnight: the day begins at 01:00, or has its last hour twice.
    "Santiago, into summer": ("America/Santiago", datetime(2026, 9, 6, 4, tzinfo=UTC)),
    "Santiago, out of summer": ("America/Santiago", datetime(2027, 4, 4, 3, tzinfo=UTC)),
}


ON_BOTH = [(name, change) for change in CHANGES for name in PLATFORMS]
IN_CI = [(PLATFORMS[number % 2], change) for number, change in enumerate(CHANGES)]


@pytest.mark.parametrize(("name", "change"), ON_BOTH if profile.LONG else IN_CI)
def test_days_of_23_and_25_hours_send_once_each(
    make_world: MakeWorld, count: Count, name: str, change: str
) -> None:
    zone, moment = CHANGES[change]
    # The clocks do change there at that moment.
    offsets = {
        (moment + timedelta(minutes=minutes)).astimezone(ZoneInfo(zone)).utcoffset()
        for minutes in (-1, 1)
    }
    assert len(offsets) == 2
    start = moment - timedelta(hours=30)
    shift = (start.date() - date(2026, 11, 18)).days
    tally = Tally()
    with make_world(name, start=start, zone=zone) as world:
        world.load(
            name,
            contacts=[contact_row(f"c{number}", f"Customer {number}") for number in (1, 2, 3)],
            # Due yesterday, today and tomorrow: a first step falls on each of the days around.
            invoices=[
                invoice_row(number, f"c{number}", overdue=1 - number - shift)
                for number in (1, 2, 3)
            ],
        )
        world.rules(CADENCE.replace("00:00-23:59", "00:30-23:30"))
        world.connect(name)
        for _ in range(120 if profile.LONG else 30):
            world.run()
            world.advance(minutes=30 if profile.LONG else 120)
            tally.schedules += 1
        world.run_until_quiet()
        assert_gaps_and_steps(world)
        days = days_of_emails(world)
        due = {
            str(row["contact_id"]): date.fromisoformat(row["due_on"])
            for row in world.state()["invoices"]
        }
        for contact, sent in days.items():
            assert sent[0] == max(due[contact] + timedelta(days=1), sent[0]), contact
        assert len(days) >= 2, "first steps fall due in these days"
        assert all(
            row.not_before is None or _within_hours(row.not_before, zone) for row in world.my_rows()
        )
    count(f"runs around a change of the clocks, {name}", tally)


def _within_hours(moment: datetime, zone: str) -> bool:
    return "00:30" <= moment.astimezone(ZoneInfo(zone)).strftime("%H:%M") <= "23:30"


SKEWS = {"a day ahead": 24.0, "an hour ahead": 1.0, "an hour behind": -1.0, "a day behind": -24.0}


EACH_SKEW = [(name, skew) for skew in SKEWS for name in PLATFORMS]


@pytest.mark.parametrize(("name", "skew"), EACH_SKEW if profile.LONG else EACH_SKEW[::3])
def test_a_host_whose_clock_is_wrong_doubles_nothing(
    make_world: MakeWorld, count: Count, name: str, skew: str
) -> None:
    with make_world(name) as world:
        world.set_skew(hours=SKEWS[skew])
        one_of_each(world, name)
        world.run_until_quiet()
        world.set_skew()
        world.run_until_quiet()
        world.reconnect_as_a_person()
        world.settle_as_a_person()
        same_as(once_with_its_mail(name))(world)
    count(f"a wrong clock, {name}", Tally(schedules=1))


JUMPS_HOURS = (-49, -25, -24, -3, -1, 0.2, 1, 2, 23, 24, 25, 72)


JUMPS_IN_CI = [("quickbooks", "sqlite"), ("xero", "postgresql")]


@pytest.mark.parametrize(
    ("name", "server"), ON_EITHER_STORE if profile.LONG else JUMPS_IN_CI, indirect=["server"]
)
def test_a_clock_jumping_both_ways_keeps_steps_and_gaps(
    make_world: MakeWorld, count: Count, name: str, store_url: str
) -> None:
    tally = Tally()
    # On PostgreSQL one store is made for the test.
    for seed in range(40 if profile.LONG and not store_url else 1):
        chance = random.Random(f"{profile.SEED}/{seed}")
        with make_world(name, store_url=store_url) as world:
            three_debtors(world)
            true = world.sandbox.now()
            for _ in range(40 if profile.LONG or not store_url else 15):
                # The host's clock jumps; the platform's goes on.
                world.skew = timedelta(hours=chance.choice(JUMPS_HOURS))
                true += timedelta(hours=chance.choice((1, 6, 20)))
                world.move_to(true)
                world.run()
                world.reconnect_as_a_person()
                tally.schedules += 1
            nothing_twice(world)
            audit_is_whole(world)
            for number, steps in steps_taken(world).items():
                assert steps == STEPS[: len(steps)], f"seed {seed}, {number}: {steps}"
            emails = [email["invoice_id"] for email in world.state()["emails"]]
            sent = [row for row in world.my_rows() if row.action.kind is ActionKind.REMINDER]
            assert len(emails) <= len(sent)
    count(f"runs with a jumping clock, {name}, {'PostgreSQL' if store_url else 'SQLite'}", tally)
