"""The API keeps its own OpenAPI document: right and wrong requests of every operation, drawn."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import positive_data_acceptance
from tests.builders.desk import DeskDriver, a_desk, add_everybody
from tests.builders.programs import Program
from werkzeug.wrappers import Response

from arsync.application.permissions import Role
from arsync.web.api.document import document_text

EXAMPLES_MAX = 4
"""For each operation; the same ones each time."""


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
    config=SchemathesisConfig.from_dict({"generation": {"mode": "all", "deterministic": True}}),
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskDriver]:
    with a_desk(tmp_path_factory.mktemp("contract")) as opened:
        APP.desk = opened
        yield opened
    APP.desk = None


@pytest.fixture(scope="module")
def owner(desk: DeskDriver) -> Program:
    return Program(desk.app, desk.container, add_everybody(desk.container)[Role.OWNER])


@pytest.fixture(scope="module")
def known(desk: DeskDriver) -> dict[str, str]:
    """Return what is there, for every parameter of a path."""
    row = desk.container.waiting("books")[0].row
    return {
        "connection": "books",
        "customer": "c1",
        "invoice": "i1",
        "key": row.key,
        "version": row.rulebook_hash,
    }


@SCHEMA.parametrize()
@settings(
    max_examples=EXAMPLES_MAX,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_the_document_is_kept(
    case: schemathesis.Case[Any], desk: DeskDriver, owner: Program, known: dict[str, str]
) -> None:
    path = case.meta.components.get(ParameterLocation.PATH) if case.meta else None
    if path is None or path.mode.is_positive:
        for name in re.findall(r"\{(\w+)\}", case.operation.path):
            case.path_parameters[name] = known.get(name, case.path_parameters.get(name))
    case.call_and_validate(
        headers={"Authorization": f"Bearer {owner.renewed()}"},
        # Whether what is well-formed also makes sense is for the use cases to say.
        excluded_checks=[positive_data_acceptance],
    )
