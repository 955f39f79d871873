"""Nothing by surprise: what each mode writes, asks for, and stops at."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from tests.builders.ledgers import ONE_OF_EACH, contact_row, invoice_row, once, one_of_each
from tests.builders.world import PLATFORMS, World

from arsync.core.actions import ActionKind, ActionState
from arsync.sync.pull import Progress

EXIT_WAITING = 3


@pytest.mark.parametrize("name", PLATFORMS)
def test_observe_plans_everything_and_writes_nothing_at_all(world: World, name: str) -> None:
    one_of_each(world, name)
    world.app.set_mode(name, "observe")
    since = world.control.last_request()
    for _ in range(3):
        result = world.sync(name)
        assert result.plan is not None
        assert len(result.plan.actions) == 6
        assert result.all_problems == []
        world.app.apply(name)
        world.advance(days=1)
    assert world.control.writes(since) == []
    assert {row["method"] for row in world.control.journal(since)} <= {"GET", "POST"}
    assert all(
        "oken" in row["path"] or "bearer" in row["path"]
        for row in world.control.journal(since)
        if row["method"] == "POST"
    )
    assert not world.standing(name)


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_new_connection_observes(world: World, name: str) -> None:
    world.rules(ONE_OF_EACH)
    row = world.connect(name, mode="observe")
    assert row.mode == "observe"


def recorded_by_people(name: str) -> dict[str, int]:
    """Return what stands of the promise and the dispute alone."""
    about = ("INV-0006", "INV-0007")
    return {what: 1 for what in once(name) if any(number in what for number in about)}


@pytest.mark.parametrize("name", PLATFORMS)
def test_approve_lets_everything_wait_for_a_person(world: World, name: str) -> None:
    one_of_each(world, name)
    world.app.set_mode(name, "approve")
    since = world.control.last_request()
    result = world.sync(name)
    # What a person has recorded is no question any more: the promise and the dispute are noted.
    shown = recorded_by_people(name)
    assert world.standing(name) == shown
    assert (result.awaiting, result.exit_code) == (5, EXIT_WAITING)
    assert world.sync(name).awaiting == 5
    assert world.standing(name) == shown
    assert len(world.control.writes(since)) <= 3
    world.app.approve(connection=name, who="a person")
    world.sync_until_quiet(name)
    assert world.standing(name) == once(name)


@pytest.mark.parametrize("name", PLATFORMS)
def test_auto_asks_only_where_the_rulebook_does(world: World, name: str) -> None:
    one_of_each(world, name)
    asks = "{day: 1, email: first reminder"
    assert asks in ONE_OF_EACH
    world.rules(ONE_OF_EACH.replace(asks, f"{asks}, approval: required"))
    world.sync_until_quiet(name)
    (waiting,) = world.app.waiting(name)
    assert waiting.row.action.kind is ActionKind.REMINDER
    mail = {what for what in once(name) if "INV-0001" in what}
    assert world.standing(name) == {what: 1 for what in once(name) if what not in mail}
    world.app.approve([waiting.row.key], who="a person")
    world.sync_until_quiet(name)
    assert world.standing(name) == once(name)


@pytest.mark.parametrize("name", PLATFORMS)
def test_what_a_person_refused_is_never_done(world: World, name: str) -> None:
    one_of_each(world, name)
    world.app.set_mode(name, "approve")
    world.sync(name)
    keys = [listed.row.key for listed in world.app.waiting(name)]
    world.app.reject(keys, why="we are talking to them", who="a person")
    world.sync_until_quiet(name)
    world.advance(days=2)
    world.sync_until_quiet(name)
    assert world.app.waiting(name) == []
    assert world.standing(name) == recorded_by_people(name)


def many_debtors(world: World, name: str, emails_max: int) -> None:
    world.load(
        name,
        contacts=[contact_row(f"c{n}", f"Debtor {n}", contact_group="Emails") for n in range(6)],
        invoices=[invoice_row(n + 1, f"c{n}", overdue=3) for n in range(6)],
    )
    world.rules(f"{ONE_OF_EACH}safety:\n  emails: {emails_max}\n")
    world.connect(name)


@pytest.mark.parametrize("name", PLATFORMS)
def test_nothing_is_written_over_a_safety_limit_before_approval(world: World, name: str) -> None:
    many_debtors(world, name, 5)
    since = world.control.last_request()
    result = world.sync(name)
    assert result.plan is not None
    assert result.plan.safety.exceeded
    assert result.exit_code == EXIT_WAITING
    assert "6" in "; ".join(result.waits)
    assert world.control.writes(since) == []
    world.sync(name)
    assert world.control.writes(since) == [], "time alone lets nothing through"
    world.app.approve(connection=name, who="a person")
    world.sync_until_quiet(name)
    assert sum(n for what, n in world.standing(name).items() if what.startswith("email")) == 6


@pytest.mark.parametrize("name", PLATFORMS)
def test_at_a_safety_limit_all_of_it_goes_out(world: World, name: str) -> None:
    many_debtors(world, name, 6)
    result = world.sync(name)
    assert result.all_problems == []
    assert len([row for row in world.rows(name) if row.state is ActionState.CONFIRMED]) == 6


def test_the_plan_command_shows_every_cause_and_writes_nothing(
    world: World, arsync: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    one_of_each(world, "xero")
    since = world.control.last_request()
    done = arsync(world.folder, "plan", "--json", "--as-of", "2026-11-18")
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    kinds = {action["kind"] for action in plan["actions"]}
    assert kinds == {"reminder", "letter", "late_fee", "task", "credit_hold", "terms"}
    for action in plan["actions"]:
        because = action["because"]
        assert because["file"] == "rules/rules.yaml"
        assert because["line"] > 1
        assert because["facts"]
    assert {held["why"].split()[0] for held in plan["held_back"]} >= {"promise_to_pay", "dispute"}
    assert world.control.journal(since) == [], "a plan asks the platform for nothing"


def many_reminders(world: World, name: str) -> list[dict[str, Any]]:
    """Six customers are owed a first reminder; returns the emails so far, which are none."""
    names = ("Ada", "Bob", "Cy", "Dee", "Eve", "Flo")
    world.load(
        name,
        contacts=[contact_row(f"c{one}", one, contact_group="Emails") for one in names],
        invoices=[invoice_row(n, f"c{one}", overdue=3) for n, one in enumerate(names, 1)],
    )
    world.rules(ONE_OF_EACH)
    world.connect(name)
    return emails(world, name)


def emails(world: World, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = world.control.state(name)["emails"]
    return rows


def after(actions: int, change: Callable[[], object]) -> Callable[[Progress], None]:
    """Return what makes a change once a run has done so many actions."""
    done: list[bool] = []

    def look_on(progress: Progress) -> None:
        if progress.kind == "actions" and progress.records >= actions and not done:
            done.append(True)
            change()

    return look_on


@pytest.mark.parametrize("name", PLATFORMS)
def test_approve_during_a_run_counts_for_the_next_message(world: World, name: str) -> None:
    assert many_reminders(world, name) == []
    look_on = after(2, lambda: world.app.set_mode(name, "approve"))
    (result,) = world.app.sync(name, progress=look_on)
    assert len(emails(world, name)) == 2
    assert (result.awaiting, result.exit_code) == (4, EXIT_WAITING)
    assert result.applied is not None
    assert result.applied.counts()["sent"] == 2
    world.app.approve(connection=name, who="a person")
    world.sync_until_quiet(name)
    assert len(emails(world, name)) == 6


@pytest.mark.parametrize("name", PLATFORMS)
def test_leave_alone_during_a_run_counts_at_once(world: World, name: str) -> None:
    assert many_reminders(world, name) == []
    alone = "leave_alone:\n  - {name: Ours, when: {contact_group: Emails}}\nreminders:"
    text = ONE_OF_EACH.replace("reminders:", alone, 1)
    (result,) = world.app.sync(name, progress=after(2, lambda: world.rules(text)))
    assert len(emails(world, name)) == 2
    assert result.all_problems == []
    assert {row.reason for row in world.rows(name, ActionState.WITHDRAWN)} == {"excluded: Ours"}


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_rulebook_that_is_always_edited_ends_the_run(world: World, name: str) -> None:
    assert many_reminders(world, name) == []
    edits = iter(range(100))
    path = world.folder / "rules" / "rules.yaml"

    def edit(progress: Progress) -> None:
        if progress.kind == "actions":
            path.write_text(f"{ONE_OF_EACH}# {next(edits)}\n", encoding="utf-8")

    (result,) = world.app.sync(name, progress=edit)
    assert emails(world, name) == []
    assert result.stopped == "the rulebook was changed during the run: the next run plans anew"
    world.sync_until_quiet(name)
    assert len(emails(world, name)) == 6
