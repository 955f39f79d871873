"""Who may what: one table, and every use case asks it first."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest

from arsync.application.connections import connecting
from arsync.application.decisions import approvals, plans
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import (
    ROLES,
    SCHEDULE,
    Actor,
    NotPermitted,
    Permission,
    Role,
    permit,
)
from arsync.application.runs import runs
from arsync.errors import UserMistake

USE_CASES = (
    "application.decisions.action_history",
    "application.reports.ageing_report",
    "application.decisions.approvals",
    "application.connections.connecting",
    "application.credit.credit_applications",
    "application.credit.credit_decisions",
    "application.credit.credit_sources",
    "application.desk.approval_queue",
    "application.desk.connection_card",
    "application.desk.consent",
    "application.desk.deciding",
    "application.desk.draft_effect",
    "application.desk.letter_pages",
    "application.desk.mode_change",
    "application.desk.putting_live",
    "application.desk.rules_draft",
    "application.desk.rules_versions",
    "application.desk.today",
    "application.desk.tries",
    "application.agreements.disputes",
    "application.health.deep_check",
    "application.health.doctor",
    "application.letters.checking",
    "application.letters.notice_register",
    "application.letters.plan_letters",
    "application.letters.previewing",
    "application.letters.text_copying",
    "application.letters.text_listing",
    "application.letters.trying",
    "application.organisation.maintenance",
    "application.agreements.payment_plans",
    "application.people.managing",
    "application.decisions.plan_changes",
    "application.decisions.plans",
    "application.customers.customer_data",
    "application.agreements.promises",
    "application.runs.pulling",
    "application.rules.rule_checking",
    "application.rules.rulebook_versions",
    "application.rules.rules_push",
    "application.runs.runs",
    "application.rules.scenarios",
    "application.runs.schedule_view",
    "application.runs.scheduling",
    "application.overview.status",
    "application.tasks.tasks",
    "application.rules.trials",
    "application.runs.undoing",
    "application.decisions.unknown_outcomes",
    "application.customers.unreachable_customers",
    "application.decisions.why",
    "workers.embedded_loop",
)
"""Modules of use cases. The others of `application` are what use cases are made of."""

HELPERS = {
    "bind_applicants",
    "datum_said",
    "count_disputes",
    "customer_history",
    "customers_letter",
    "debt_named",
    "drafted",
    "explained",
    "file_named",
    "is_shared",
    "links",
    "listed_by_name",
    "live_text",
    "not_begun",
    "numbered",
    "not_notified",
    "own_files",
    "past_day",
    "plans_of",
    "promises_of",
    "remember",
    "settle_credited",
    "shares",
    "shown_together",
    "subject_named",
    "update_copy",
}
"""What one use case lends to another, which has asked already."""

READER = Actor("Rita", Role.READER)


def use_cases() -> Iterator[Callable[..., Any]]:
    """Yield the public functions that are handed an organisation or the whole installation."""
    for name in USE_CASES:
        module = import_module(f"arsync.{name}")
        for function_name, function in inspect.getmembers(module, inspect.isfunction):
            types = inspect.signature(function).parameters.values()
            handed = {str(parameter.annotation) for parameter in types}
            if (
                function.__module__ == module.__name__
                and not function_name.startswith("_")
                and function_name not in HELPERS
                and handed & {"Actor", "Container", "OrganisationContext"}
            ):
                yield function


@pytest.mark.parametrize("use_case", list(use_cases()), ids=lambda function: function.__name__)
def test_every_use_case_asks_the_table_first(use_case: Callable[..., Any]) -> None:
    assert next(iter(inspect.signature(use_case).parameters)) == "actor"
    function = ast.parse(inspect.getsource(use_case)).body[0]
    assert isinstance(function, ast.FunctionDef)
    first = function.body[1]  # after the docstring
    assert ast.unparse(first).startswith("permit(actor, Permission.")


def test_no_use_case_stands_outside_the_table() -> None:
    assert len(list(use_cases())) > 30


def test_the_table_is_whole_and_owners_may_all() -> None:
    assert set(ROLES) == set(Permission)
    assert all(Role.OWNER in roles for roles in ROLES.values())


@pytest.mark.parametrize("permission", Permission)
def test_a_reader_may_read_and_nothing_else(permission: Permission) -> None:
    if permission is Permission.READ:
        permit(READER, permission)
        return
    with pytest.raises(NotPermitted, match=r"Rita may not .* as reader") as refusal:
        permit(READER, permission)
    assert isinstance(refusal.value, UserMistake)
    assert "hint: ask: owner" in str(refusal.value)


def test_an_accountant_lets_no_letter_go() -> None:
    accountant = Actor("Ada", Role.ACCOUNTANT)
    permit(accountant, Permission.PREPARE)
    for permission in (Permission.APPROVE, Permission.RUN):
        with pytest.raises(NotPermitted):
            permit(accountant, permission)


def test_a_schedule_may_run() -> None:
    permit(SCHEDULE, Permission.RUN)
    assert SCHEDULE.name == "schedule"


@pytest.fixture
def organisation(container: Container) -> OrganisationContext:
    (context,) = connecting.connections(SCHEDULE, container)
    return context


def test_a_refused_reader_changes_nothing(organisation: OrganisationContext) -> None:
    container = organisation.container
    for refused in (
        lambda: runs.sync(READER, organisation),
        lambda: runs.prepare(READER, organisation),
        lambda: approvals.approve(READER, container),
        lambda: connecting.set_mode(READER, organisation, "auto"),
        lambda: connecting.disconnect(READER, organisation),
    ):
        with pytest.raises(NotPermitted):
            refused()
    assert container.store.runs.last(organisation.id) is None
    assert organisation.refreshed().observes


def test_a_reader_sees_the_plan(organisation: OrganisationContext) -> None:
    assert plans.plan(READER, organisation).actions == ()
