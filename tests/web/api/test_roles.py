"""Who may do what by the API: every operation of the registry with every role."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from tests.builders.desk import CUSTOMERS, DeskDriver, a_desk, add_everybody, add_person
from tests.builders.programs import Program, said
from werkzeug.test import TestResponse

from arsync.application.desk.try_runner import try_key
from arsync.application.permissions import ROLES, Permission, Role
from arsync.store.people.users import CONNECTION
from arsync.web.api.operations import Operation
from arsync.web.api.resources import every_operation
from arsync.web.desk.visit import LONG_WORK

PARAMETER = re.compile(r"\{(\w+)\}")


class Everybody:
    """One desk with a program of everybody; what is asked changes nothing: the bodies are empty."""

    def __init__(self, desk: DeskDriver) -> None:
        self.programs = {
            role: Program(desk.app, desk.container, user)
            for role, user in add_everybody(desk.container).items()
        }
        blind = add_person(desk.container, "Bo Dahl", Role.OWNER, sees_amounts=False)
        self.blind = Program(desk.app, desk.container, blind)
        other = add_person(desk.container, "Ann Berg", Role.OWNER, scope=CONNECTION, value="999")
        self.other = Program(desk.app, desk.container, other)
        self.nobody = Program(desk.app, desk.container, other)
        self.nobody.token = "arsync_no_such_token"
        row = desk.container.waiting("books")[0].row
        opened = self.programs[Role.OWNER].post(
            "/connections/books/tasks", customer="c1", text="Call about INV-1"
        )
        task = said(opened)["action"]["key"]
        tried = said(
            self.programs[Role.OWNER].post(
                "/connections/books/tries", how="backtest", first="2026-11-01", last="2026-11-05"
            )
        )
        desk.app.extensions[LONG_WORK].find(try_key(tried["number"])).wait(30)
        applied = said(
            self.programs[Role.OWNER].post(
                "/connections/books/credit-applications", applicant="Nova Ltd", limit="1250.00"
            )
        )
        spare = add_person(desk.container, "Sam Spare", Role.READER)
        self.values = {
            "connection": "books",
            "customer": "c1",
            "invoice": "i1",
            "key": row.key,
            "task": task,
            "number": str(tried["number"]),
            "figure": "overdue",
            "person": str(spare.id),
            "month": "2026-10",
            "application": str(applied["number"]),
            "version": row.rulebook_hash,
        }

    def status(self, program: Program, operation: Operation) -> int:
        return self.answer(program, operation).status_code

    def answer(self, program: Program, operation: Operation) -> TestResponse:
        unknown = set(PARAMETER.findall(operation.path)) - set(self.values)
        assert not unknown, f"say in {__file__} what {unknown} of {operation.name} may be"
        path = operation.path.format(**self.values)
        if operation.method == "POST":
            return program.post(path)
        return program.get(path)


@pytest.fixture(scope="module")
def everybody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everybody]:
    folder: Path = tmp_path_factory.mktemp("roles")
    with a_desk(folder) as desk:
        yield Everybody(desk)


@pytest.mark.parametrize("operation", every_operation(), ids=lambda each: str(each.name))
def test_a_role_may_what_the_table_says(everybody: Everybody, operation: Operation) -> None:
    allowed = ROLES[operation.permission] if operation.permission else frozenset(Role)
    for role, program in everybody.programs.items():
        status = everybody.status(program, operation)
        assert (status == 403) is (role not in allowed), (role, status)
        assert status < 500
    assert everybody.status(everybody.nobody, operation) == 401
    if "{connection}" in operation.path:
        assert everybody.status(everybody.other, operation) == 404
    if operation.amounts:
        assert everybody.status(everybody.blind, operation) == 403


@pytest.mark.parametrize(
    "operation",
    [each for each in every_operation() if each.method == "GET" and not each.amounts],
    ids=lambda each: str(each.name),
)
def test_who_may_not_see_amounts_sees_none(everybody: Everybody, operation: Operation) -> None:
    seen = everybody.answer(everybody.programs[Role.OWNER], operation)
    hidden = everybody.answer(everybody.blind, operation)
    assert seen.status_code == hidden.status_code == 200
    if not operation.policy:
        assert sums_in(hidden.text) == []
    assert seen.json is not None
    assert hidden.json is not None
    assert seen.json.keys() == hidden.json.keys()


def sums_in(text: str) -> list[str]:
    """Return the sums of the tests' ledger that a text tells, written in whatever way."""
    amounts = [Decimal(amount) for _, owed in CUSTOMERS for _, amount in owed]
    written = [form.format(amount) for amount in amounts for form in ("{:.2f}", "{:,.2f}")]
    return [words for words in written if words in text]


def test_every_change_is_audited() -> None:
    harmless = {Permission.READ}
    unsaid = [
        operation.name
        for operation in every_operation()
        if operation.method == "POST"
        and not operation.audited
        and not operation.name.startswith(("preview_", "check_"))
    ]
    assert unsaid == []
    assert all(
        operation.permission not in harmless for operation in every_operation() if operation.audited
    )
