"""Files of outside data: all of a file or nothing, each value with its source and day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from tests.builders.books import TODAY, Books

from arsync.application.credit.credit_applications import (
    ApplicantWords,
    apply_for_credit,
    change_application,
)
from arsync.application.credit.credit_decisions import explained
from arsync.application.credit.credit_sources import ask_source, import_credit_data
from arsync.application.organisation.container import Container
from arsync.application.runs import pulling
from arsync.core.ledger.agreements.credit_applications import DatumKind
from arsync.errors import RetryLater, UserMistake
from arsync_sandbox.registers import KEY
from arsync_sandbox.server import Sandbox

from .test_credit_decisions import OWNER, now


@pytest.fixture
def number(container: Container, books: Books) -> int:
    books.add_contact(1)
    pulling.pull_ledger(OWNER, now(container))
    words = ApplicantWords(registration_number="00445790")
    return apply_for_credit(OWNER, container, "c1", words).application.number


def imported(container: Container, folder: Path, text: str) -> tuple[int, tuple[str, ...]]:
    file = folder / "bureau.csv"
    file.write_text(text, encoding="utf-8")
    done = import_credit_data(OWNER, container, file, source="Bureau")
    return done.new, done.nobody


def test_each_value_is_kept_with_source_and_day(
    container: Container, tmp_path: Path, number: int
) -> None:
    text = (
        "registration_number,score,insolvency,as_of\n00445790,71,no,2026-11-01\n"
        "00445790,82,,2026-11-10\n,,,\n99,1,,\n"
    )
    assert imported(container, tmp_path, text) == (3, ("registration_number 99",))
    assert imported(container, tmp_path, text)[0] == 0, "the same again is nothing new"
    application = explained(OWNER, container, number).application
    newest = application.newest(DatumKind.SCORE)
    assert newest is not None
    assert (newest.value, newest.source, newest.as_of) == ("82", "Bureau", date(2026, 11, 10))


@pytest.mark.parametrize(
    "whose", ["application;rating\n1;B\n", "\ufeffName,rating\ncustomer 1,B\n"]
)
def test_a_row_names_its_applicant_in_three_ways(
    container: Container, tmp_path: Path, number: int, whose: str
) -> None:
    assert imported(container, tmp_path, whose.replace("\n1;", f"\n{number};")) == (1, ())
    (datum,) = explained(OWNER, container, number).application.data
    assert (datum.value, datum.as_of) == ("B", TODAY)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not those of credit data"),
        ("score\n71\n", "some are missing"),
        ("name,points\nCustomer 1,71\n", "unknown: points"),
        ("name,score\nCustomer 1,good\n", "line 2: score is 'good'"),
        ("name,score,as_of\nCustomer 1,7,soon\n", "line 2: 'soon' is no day"),
        ("name,score,as_of\nCustomer 1,7,2030-01-01\n", "line 2: 2030-01-01 is still to come"),
        ("name,score\n,7\n", "line 2: it names nobody"),
        ("name,score\nCustomer 1,7,8\n", "more values than columns"),
    ],
)
def test_a_file_with_mistakes_imports_nothing(
    container: Container, tmp_path: Path, number: int, text: str, words: str
) -> None:
    with pytest.raises(UserMistake, match=words):
        imported(container, tmp_path, text + "Customer 1,5,\n" if "as_of" in text else text)
    assert explained(OWNER, container, number).application.data == ()


def test_every_mistake_of_a_row_is_named(container: Container, tmp_path: Path, number: int) -> None:
    text = "name,score,insolvency,as_of\nCustomer 1,good,maybe,soon\n"
    with pytest.raises(UserMistake) as mistake:
        imported(container, tmp_path, text)
    for words in ("score is 'good'", "insolvency is 'maybe'", "'soon' is no day"):
        assert f"line 2: {words}" in str(mistake.value)
    assert explained(OWNER, container, number).application.data == ()


def test_a_file_that_is_not_there_is_a_mistake(container: Container, number: int) -> None:
    with pytest.raises(UserMistake):
        import_credit_data(OWNER, container, Path("nowhere.csv"), source="Bureau")


@pytest.fixture
def registers() -> Iterator[Sandbox]:
    with Sandbox(("xero",), start=datetime(2026, 11, 20, 9, 30, tzinfo=UTC)) as served:
        yield served


def settings(container: Container, registers: Sandbox, sources: str) -> None:
    """Say in the connection's own file who may be asked."""
    folder = container.config.folder / "connections"
    folder.mkdir(exist_ok=True)
    (folder / "books.toml").write_text(
        f'[credit_data]\nsources = "{sources}"\ncompanies_house_key = "{KEY}"\n'
        f'companies_house_url = "{registers.url}/companies-house"\n'
        f'gleif_url = "{registers.url}/gleif/api/v1"\n'
    )


def asked(registers: Sandbox) -> list[str]:
    return [request["path"] for request in registers.journal.page()["requests"]]


def test_nobody_is_asked_without_a_setting(
    container: Container, number: int, registers: Sandbox
) -> None:
    settings(container, registers, "gleif")
    with pytest.raises(UserMistake, match="nothing about Customer 1 leaves for Companies House"):
        ask_source(OWNER, container, number, "companies_house")
    assert asked(registers) == []


def test_what_a_register_says_is_kept_once(
    container: Container, number: int, registers: Sandbox
) -> None:
    settings(container, registers, "companies_house, gleif")
    change_application(OWNER, container, number, ApplicantWords(registration_number="09999992"))
    first, second = (ask_source(OWNER, container, number, "companies_house") for _ in range(2))
    assert (first.new, second.new) == (6, 0)
    newest = explained(OWNER, container, number).application.newest(DatumKind.INSOLVENCY)
    assert newest is not None
    assert (newest.value, newest.source, newest.as_of) == ("yes", "companies_house", TODAY)
    nothing = ask_source(OWNER, container, number, "gleif")
    assert (nothing.new, nothing.remark) == (0, "GLEIF knows no identifier of 09999992.")


def test_a_register_that_is_away_leaves_nothing(
    container: Container, number: int, registers: Sandbox
) -> None:
    settings(container, registers, "companies_house")
    registers.faults.add({"path": "/", "status": 503})
    with pytest.raises(RetryLater):
        ask_source(OWNER, container, number, "companies_house")
    assert explained(OWNER, container, number).application.data == ()
