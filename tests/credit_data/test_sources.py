"""Companies House and GLEIF: the contract over real HTTP, and what each tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from arsync.config import Config, load_config
from arsync.core.ledger.agreements.credit_applications import DatumKind
from arsync.credit_data import CreditQuery, credit_source, credit_source_names
from arsync.credit_data.contract_tests import CreditSourceBench, CreditSourceContract
from arsync.errors import RetryLater, UserMistake
from arsync_sandbox.registers import KEY
from arsync_sandbox.server import Sandbox

TODAY = date(2026, 11, 20)
NORTHWIND = CreditQuery("Northwind Traders Ltd", TODAY, "9999991", "GB123456789", "GB")
HOUSE, GLEIF = credit_source("companies_house"), credit_source("gleif")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(("xero",), start=datetime(2026, 11, 20, 9, 30, tzinfo=UTC)) as served:
        yield served


@pytest.fixture
def config(sandbox: Sandbox, tmp_path: Path) -> Config:
    file = tmp_path / "config.toml"
    file.write_text(
        f'[credit_data]\nsources = "companies_house, GLEIF"\ncompanies_house_key = "{KEY}"\n'
        f'companies_house_url = "{sandbox.url}/companies-house"\n'
        f'gleif_url = "{sandbox.url}/gleif/api/v1/"\n'
    )
    return load_config(file, {})


class RegisterBench:
    secrets = (KEY,)

    def __init__(self, sandbox: Sandbox, config: Config, name: str, number: str) -> None:
        self.source, self.config = credit_source(name), config
        self.known = NORTHWIND._replace(registration_number=number)
        self.unknown = NORTHWIND._replace(registration_number="00000001")
        self._sandbox = sandbox

    def asked(self) -> Sequence[str]:
        return [entry["path"] for entry in self._sandbox.journal.page()["requests"]]

    def answer_with(self, status: int) -> None:
        self._sandbox.faults.add({"path": "/", "status": status})

    def answer_nonsense(self) -> None:
        self._sandbox.faults.add({"path": "/", "status": 200})

    def drop(self) -> None:
        self._sandbox.faults.add({"path": "/", "drop": "after"})


class TestCompaniesHouse(CreditSourceContract):
    @pytest.fixture
    def bench(self, sandbox: Sandbox, config: Config) -> CreditSourceBench:
        return RegisterBench(sandbox, config, "companies_house", "9999991")


class TestGleif(CreditSourceContract):
    @pytest.fixture
    def bench(self, sandbox: Sandbox, config: Config) -> CreditSourceBench:
        return RegisterBench(sandbox, config, "gleif", "09999991")


def told(config: Config, query: CreditQuery) -> dict[DatumKind, str]:
    return {datum.kind: datum.value for datum in HOUSE.ask(config, query).data}


def test_a_company_is_told_as_the_register_has_it(config: Config) -> None:
    assert told(config, NORTHWIND) == {
        DatumKind.REGISTERED_NAME: "NORTHWIND TRADERS LTD",
        DatumKind.REGISTRATION_NUMBER: "09999991",
        DatumKind.STATUS: "active",
        DatumKind.INCORPORATED_ON: "2016-03-31",
        DatumKind.COUNTRY: "GB",
        DatumKind.INSOLVENCY: "no",
    }


@pytest.mark.parametrize(
    ("number", "insolvency"), [("09999992", "yes"), ("sc 999993", None), ("09999991", "no")]
)
def test_a_case_of_the_past_is_left_unknown(
    config: Config, number: str, insolvency: str | None
) -> None:
    values = told(config, NORTHWIND._replace(registration_number=number))
    assert values.get(DatumKind.INSOLVENCY) == insolvency


def test_a_number_that_is_none_asks_nobody(config: Config, sandbox: Sandbox) -> None:
    with pytest.raises(UserMistake, match="by its number"):
        HOUSE.ask(config, NORTHWIND._replace(registration_number="../status"))
    assert sandbox.journal.page()["requests"] == []


def test_without_a_key_nobody_is_asked(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("")
    with pytest.raises(UserMistake, match="companies_house_key is empty"):
        HOUSE.ask(load_config(tmp_path / "config.toml", {}), NORTHWIND)


def test_an_identifier_is_told_without_its_day(config: Config) -> None:
    query = NORTHWIND._replace(registration_number="HRB 99999", country="DE")
    values = {datum.kind: datum.value for datum in GLEIF.ask(config, query).data}
    assert values[DatumKind.LEI] == "5299000SANDBOX0MUHLE"
    assert (values[DatumKind.COUNTRY], values[DatumKind.STATUS]) == ("DE", "active")
    assert DatumKind.INCORPORATED_ON not in values


def test_a_number_of_several_countries_needs_one(config: Config) -> None:
    query = NORTHWIND._replace(registration_number="HRB 99999", country="")
    with pytest.raises(UserMistake, match="2 businesses of this number: Mühle Handels GmbH, Mill"):
        GLEIF.ask(config, query)


def test_too_many_calls_wait_as_long_as_asked(sandbox: Sandbox, config: Config) -> None:
    fault = {"path": "/", "status": 429, "headers": {"Retry-After": "17"}}
    sandbox.faults.add(fault)
    with pytest.raises(RetryLater) as busy:
        GLEIF.ask(config, NORTHWIND._replace(registration_number="09999991"))
    assert busy.value.after_seconds == 17


def test_an_unknown_source_names_those_that_are_there() -> None:
    with pytest.raises(UserMistake, match="Installed: companies_house, gleif"):
        credit_source("bureau")
    assert credit_source_names()[:2] == ("companies_house", "gleif")
