"""What is wrong with letters is said before any is sent."""

from __future__ import annotations

import pytest
from tests.builders.books import ORGANISATION, Books

from arsync.application.letters.checking import LetterFinding, check_letters
from arsync.application.organisation.container import Container
from arsync.application.permissions import Actor, Role
from arsync.application.runs import pulling
from arsync.config import load_config

from .conftest import OWNER, now

RITA = Actor("Rita", Role.READER)


def own(container: Container, name: str, text: str) -> None:
    file = container.config.rules_folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def rules(container: Container, *changes: tuple[str, str]) -> None:
    file = container.config.rules_folder / "standard.yaml"
    text = file.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text)


def found(container: Container) -> list[str]:
    return [str(finding) for finding in check_letters(RITA, container)]


BY_MAIL = ("via: accounting system", "via: smtp")


def test_letters_without_mistakes_say_nothing(ledger: Container) -> None:
    assert found(ledger) == []
    rules(ledger, BY_MAIL)
    assert [line for line in found(ledger) if "customers who owe" not in line] == []


@pytest.mark.parametrize("folder", ["templates/fr", "templates", "books/templates/nl"])
def test_every_folder_and_language_is_looked_at(ledger: Container, folder: str) -> None:
    own(ledger, f"{folder}/first reminder.txt", "Subject: x\n\nHello {{ customer.firstname }}\n")
    (mistake,) = check_letters(RITA, ledger)
    assert mistake.is_mistake
    assert f"{folder}/first reminder.txt:3: " in str(mistake)
    assert "(books)\n    hint: did you mean customer.first_name?" in str(mistake)


def test_a_claim_without_a_law_is_a_warning(ledger: Container) -> None:
    own(ledger, "templates/first reminder.txt", "Subject: x\n\nWe claim {{ statutory.total }}.\n")
    (finding,) = check_letters(RITA, ledger)
    assert not finding.is_mistake
    assert "templates/first reminder.txt:3:13: statutory.total is empty where" in str(finding)


def test_a_near_miss_of_a_name_is_a_warning(ledger: Container) -> None:
    own(ledger, "templates/Frist Reminder.docx", "x")
    (finding,) = check_letters(RITA, ledger)
    assert not finding.is_mistake
    assert str(finding).startswith("warning: rules/templates/Frist Reminder.docx: looks meant")


def test_what_is_the_same_everywhere_is_said_once(ledger: Container) -> None:
    organisation = ORGANISATION._replace(id="o2")
    ledger.store.connections.add("other", platform="books", organisation=organisation)
    own(ledger, "templates/first reminder.txt", "no subject\n")
    (finding,) = check_letters(RITA, ledger)
    assert finding.connections == ("books", "other")
    assert "the first line must be the subject. (books, other)" in str(finding)


def test_a_wrong_rulebook_is_left_to_its_own_check(ledger: Container) -> None:
    rules(ledger, ("reminders:", "remindrs:"))
    assert found(ledger) == ["the rulebook has mistakes: `arsync rules check` names them. (books)"]


def test_missing_settings_are_named_with_their_texts(ledger: Container) -> None:
    rules(ledger, BY_MAIL, ("email: second reminder", "letter: formal notice"))
    config = ledger.config.folder / "config.toml"
    config.write_text(config.read_text().replace("smtp://", "nonsense://"))
    with Container(
        load_config(config, {}), clock=ledger.clock, platforms=lambda _: now(ledger).platform
    ) as container:
        lines = found(container)
    assert lines[0].startswith("'first reminder', 'instalment missed' cannot leave: [smtp] url")
    assert any(
        line.startswith("warning: 'formal notice' cannot leave, and a person gets a task instead: ")
        for line in lines
    )
    assert any(
        line.startswith("warning: 'formal notice': no bank account and no payment link")
        for line in lines
    )


def test_customers_whom_no_letter_reaches_are_counted(ledger: Container, books: Books) -> None:
    rules(ledger, BY_MAIL)
    books.contacts["c1"] = books.contacts["c1"]._replace(email="")
    pulling.pull_ledger(OWNER, now(ledger))
    (finding,) = check_letters(RITA, ledger)
    assert "1 has no email address (Customer 1)" in finding.message


def test_findings_before_anything_is_connected_name_nobody() -> None:
    assert str(LetterFinding((), is_mistake=True, message="a.txt:1: wrong.")) == "a.txt:1: wrong."
