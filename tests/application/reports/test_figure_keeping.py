"""Runs keep what is known of a ledger, and find the goals that are missed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.builders.books import NOW, ORGANISATION, RULES, Books, BooksPlatform
from tests.builders.records import a_payment
from tests.builders.stores import put_store

from arsync.application.connections import connecting
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.overview.daily_digest import daily_digest
from arsync.application.permissions import SCHEDULE, Actor, Role
from arsync.application.reports.figure_keeping import KEPT_AGAIN_AFTER, keep_figures
from arsync.application.reports.measures_report import By, known_then, measures_report
from arsync.application.reports.steps_report import steps_report
from arsync.application.runs import runs
from arsync.clock import SetClock
from arsync.config import load_config
from arsync.core.actions import ActionKind, ActionState
from arsync.core.ledger.records import Allocation
from arsync.errors import UserMistake

OWNER = Actor("Olga", Role.OWNER)
TODAY = NOW.date()
GOALS = "goals: {overdue_percent: 15, task: Say why, assign_to: finance director}\n"


@pytest.fixture
def container(tmp_path: Path, books: Books) -> Iterator[Container]:
    """One connection with a goal that is missed: one of two customers is late."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "standard.yaml").write_text(RULES + GOALS)
    put_store(tmp_path)
    (tmp_path / "config.toml").write_text(
        '[store]\nurl = "sqlite:///arsync.db"\n[tokens]\nkeyring = "off"\n'
    )
    with Container(
        load_config(tmp_path / "config.toml", {}),
        clock=SetClock(NOW),
        platforms=lambda _: BooksPlatform(books),
    ) as container:
        container.store.connections.add("books", platform="books", organisation=ORGANISATION)
        books.add_invoice(books.add_contact(1), 1, overdue=5)
        books.add_invoice(books.add_contact(2), 2, overdue=-5)
        yield container


def now(container: Container) -> OrganisationContext:
    (organisation,) = connecting.connections(OWNER, container)
    return organisation


def pass_time(container: Container, step: timedelta) -> None:
    assert isinstance(container.clock, SetClock)
    container.clock.advance(step)


def synced(container: Container, mode: str = "auto") -> OrganisationContext:
    connecting.set_mode(OWNER, now(container), mode)
    result = runs.sync(OWNER, now(container))
    assert not result.broke, result.all_problems
    return now(container)


def test_a_run_keeps_the_day_and_months_before(container: Container) -> None:
    organisation = synced(container)
    days = [TODAY, date(2026, 10, 31), date(2025, 11, 30)]
    kept = organisation.store.snapshots.of_days(organisation.id, days)
    assert {(row.figures.as_of, row.recomputed) for row in kept} >= {
        (TODAY, False),
        (date(2026, 10, 31), True),
    }


def test_what_was_known_then_outlives_a_late_booking(container: Container, books: Books) -> None:
    organisation = synced(container)
    pass_time(container, timedelta(days=2))
    (invoice,) = [each for each in books.invoices.values() if each.due_on < TODAY]
    paid_on = TODAY - timedelta(days=1)
    books.invoices[invoice.id] = invoice._replace(
        amount_due=invoice.amount_due * 0, status="paid", paid_on=paid_on
    )
    allocation = Allocation(invoice.id, invoice.total, paid_on)
    books.payments["late"] = a_payment(
        "late", invoice.contact_id, paid_on=paid_on, allocations=(allocation,)
    )
    organisation = synced(container)
    (then,) = known_then(OWNER, organisation, as_of=TODAY).rows
    (recomputed,) = measures_report(OWNER, organisation, as_of=TODAY).rows
    assert [then.overdue, recomputed.overdue] == [100, 0]


def test_nothing_is_added_up_twice_within_an_hour(container: Container) -> None:
    organisation = synced(container)
    assert not keep_figures(SCHEDULE, organisation, changed=True)
    pass_time(container, KEPT_AGAIN_AFTER)
    assert not keep_figures(SCHEDULE, now(container), changed=False)
    assert keep_figures(SCHEDULE, now(container), changed=True)
    pass_time(container, timedelta(days=1))
    assert keep_figures(SCHEDULE, now(container), changed=False)


def test_what_nobody_kept_is_not_made_up(container: Container) -> None:
    organisation = synced(container)
    with pytest.raises(UserMistake, match="hint: runs keep it since the first one"):
        known_then(OWNER, organisation, as_of=TODAY - timedelta(days=1))
    with pytest.raises(UserMistake, match="of the whole ledger, not by customer"):
        known_then(OWNER, organisation, by=By.CUSTOMER)
    pass_time(container, timedelta(days=1))
    with pytest.raises(UserMistake, match="hint: --as-of 2026-11-20"):
        known_then(OWNER, now(container))


def test_months_say_which_were_added_up_later(container: Container) -> None:
    table = known_then(OWNER, synced(container), by=By.MONTH)
    assert date(2026, 10, 31) in table.recomputed
    assert TODAY not in table.recomputed


def test_a_missed_goal_opens_one_task_a_month(container: Container) -> None:
    def tasks(organisation: OrganisationContext) -> list[str]:
        rows = organisation.store.actions.list(organisation.id, kinds={ActionKind.TASK})
        return [row.action.payload.title for row in rows if "Say why" in row.action.payload.title]

    organisation = synced(container)
    assert tasks(organisation) == ["Say why (Overdue share is 50.0%, the goal is at most 15%)"]
    pass_time(container, timedelta(days=3))
    assert len(tasks(synced(container))) == 1
    pass_time(container, timedelta(days=10))
    assert len(tasks(synced(container))) == 2


@pytest.mark.parametrize(
    ("mode", "states"), [("observe", []), ("approve", [ActionState.AWAITING_APPROVAL])]
)
def test_the_mode_counts_for_goals(
    container: Container, mode: str, states: list[ActionState]
) -> None:
    organisation = synced(container, mode)
    rows = organisation.store.actions.list(organisation.id, kinds={ActionKind.TASK})
    assert [row.state for row in rows if "Say why" in row.action.payload.title] == states


def test_the_mail_of_the_day_names_the_goal(container: Container) -> None:
    digest = daily_digest([synced(container, "approve")])
    assert digest is not None
    (section,) = [each for each in digest.sections if each.title == "Goals missed"]
    ((name, (line,)),) = section.by_connection
    assert name == "books"
    assert line.text.startswith("Overdue share is 50.0%, the goal is at most 15%")


def test_customers_of_a_trial_are_recorded(container: Container) -> None:
    rules = container.config.rules_folder / "standard.yaml"
    rules.write_text(
        rules.read_text().replace(
            "sending:",
            "  - name: Softer\n    trial: {of: Standard cadence}\n"
            "    steps: [{day: 2, email: first reminder}]\nsending:",
        )
    )
    organisation = synced(container)
    arms = organisation.store.trial_arms.of(organisation.id)
    assert {(arm.trial, arm.contact_id, arm.since) for arm in arms} == {
        ("Softer", "c1", TODAY),
        ("Softer", "c2", TODAY),
    }
    pass_time(container, timedelta(days=1))
    organisation = synced(container)
    assert organisation.store.trial_arms.of(organisation.id) == arms
    (result,) = steps_report(OWNER, organisation).trials
    assert (result.trial, result.of, result.since) == ("Softer", "Standard cadence", TODAY)
    assert {within.difference for within in result.within} == {None}
