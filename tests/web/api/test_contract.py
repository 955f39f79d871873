"""The API keeps its own OpenAPI document: right and wrong requests of every operation, drawn."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import count
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import CoveragePhaseData, CoverageScenario
from schemathesis.specs.openapi.checks import positive_data_acceptance
from tests.builders.desk import DeskDriver, a_desk, add_everybody, add_person
from tests.builders.programs import Program
from werkzeug.wrappers import Response

from arsync.application.permissions import Role
from arsync.core.ledger.agreements.credit_applications import CreditApplication
from arsync.web.api.document import document_text

EXAMPLES_MAX = 2
"""Drawn for each operation, beside those at its bounds; the same ones each time."""

CALLS_BY_TOKEN_MAX = 250
"""Less than a token may ask in a minute: that is a matter of other tests."""


class Forwarding:
    """The application of the desk that a test has made; before, the document alone."""

    def __init__(self) -> None:
        self.desk: DeskDriver | None = None
        self._addresses = count(1)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if self.desk is None:
            return Response(document_text(), mimetype="application/json")(environ, start)
        # What one address may ask in a minute is a matter of other tests.
        number = next(self._addresses)
        environ["REMOTE_ADDR"] = f"10.{number // 62_500}.{number // 250 % 250}.{number % 250}"
        return self.desk.app(environ, start)


APP = Forwarding()
load_all_checks()
SCHEMA = schemathesis.openapi.from_wsgi(
    "/api/v1/openapi.json",
    APP,
    config=SchemathesisConfig.from_dict(
        {
            "generation": {"mode": "all", "deterministic": True},
            # Of the methods that no operation has, one is enough: all are refused in one place.
            "phases": {"coverage": {"unexpected-methods": ["delete"]}},
        }
    ),
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskDriver]:
    with a_desk(tmp_path_factory.mktemp("contract")) as opened:
        APP.desk = opened
        yield opened
    APP.desk = None


class Tokens:
    """The tokens of one person, a new one before the last has asked too often."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._calls = 0

    def next_headers(self) -> dict[str, str]:
        self._calls += 1
        if self._calls % CALLS_BY_TOKEN_MAX == 0:
            self._program.token = self._program.renewed()
        return {"Authorization": f"Bearer {self._program.token}"}


@pytest.fixture(scope="module")
def tokens(desk: DeskDriver) -> Tokens:
    return Tokens(Program(desk.app, desk.container, add_everybody(desk.container)[Role.OWNER]))


@pytest.fixture(scope="module")
def known(desk: DeskDriver) -> dict[str, str]:
    """Return what is there, for every parameter of a path."""
    row = desk.container.waiting("books")[0].row
    application = CreditApplication(0, "Nova Ltd", date(2026, 11, 2), currency="GBP")
    number = desk.container.store.credit.add(1, application, who="tests")
    return {
        "connection": "books",
        "customer": "c1",
        "invoice": "i1",
        "key": row.key,
        "version": row.rulebook_hash,
        "figure": "overdue",
        "person": str(add_person(desk.container, "Sam Spare", Role.READER).id),
        "month": "2026-10",
        "application": str(number),
    }


SHARED = frozenset(
    {"connection", "limit", "Idempotency-Key", "Authorization", "Content-Type", None}
)
"""What operations have in common is read in one place: each bound is asked of one of them."""

_ASKED: set[tuple[str | None, ...]] = set()


def is_repeated(case: schemathesis.Case[Any]) -> bool:
    """Return whether the same bound was asked of the same parameter before."""
    data = case.meta.phase.data if case.meta is not None else None
    if not isinstance(data, CoveragePhaseData):
        return False
    if data.scenario is CoverageScenario.DEFAULT_POSITIVE_TEST:
        return False
    where = "" if data.parameter in SHARED else case.operation.label
    bound = (where, data.parameter, str(data.parameter_location), data.description)
    if bound in _ASKED:
        return True
    _ASKED.add(bound)
    return False


@SCHEMA.parametrize()
@settings(
    max_examples=EXAMPLES_MAX,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_the_document_is_kept(
    case: schemathesis.Case[Any], tokens: Tokens, known: dict[str, str]
) -> None:
    if is_repeated(case):
        return
    path = case.meta.components.get(ParameterLocation.PATH) if case.meta else None
    if path is None or path.mode.is_positive:
        for name in re.findall(r"\{(\w+)\}", case.operation.path):
            case.path_parameters[name] = known.get(name, case.path_parameters.get(name))
    case.call_and_validate(
        headers=tokens.next_headers(),
        # Whether what is well-formed also makes sense is for the use cases to say.
        excluded_checks=[positive_data_acceptance],
    )
