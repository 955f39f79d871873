"""A pushed rules folder: refused with mistakes, the same on every machine, told against before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.builders.books import NOW, ORGANISATION, RULES, Books, BooksPlatform

from arsync.application.connections import connecting
from arsync.application.decisions import plans
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, NotPermitted, Role
from arsync.application.rules.rulebook_versions import rulebook_versions
from arsync.application.rules.rules_push import FileChange, push_rules
from arsync.application.runs import runs
from arsync.clock import SetClock
from arsync.config import load_config
from arsync.core.rulebook.rules_text import RuleFile, RulesText
from arsync.errors import UserMistake

OLGA = Actor("Olga", Role.OWNER)
ALONE = "leave_alone:\n  - {name: Legal, when: {tag: legal}}\n"
LETTER = "Subject: Your account\n\nPlease pay.\n"


@pytest.fixture
def machine(container: Container, tmp_path: Path, books: Books) -> Iterator[Container]:
    """Another machine on the same store: it has no rules folder."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "config.toml").write_text(
        f'[store]\nurl = "sqlite:///{tmp_path / "arsync.db"}"\n[tokens]\nkeyring = "off"\n'
        '[rules]\nsource = "store"\n'
    )
    with Container(
        load_config(folder / "config.toml", {}),
        clock=SetClock(NOW),
        platforms=lambda _: BooksPlatform(books),
    ) as made:
        yield made


def rule_file(container: Container, name: str, text: str) -> None:
    path = container.config.rules_folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def now(container: Container, name: str = "books") -> OrganisationContext:
    (organisation,) = connecting.connections(OLGA, container, name)
    return organisation


def test_every_machine_goes_by_the_push(container: Container, machine: Container) -> None:
    rule_file(container, "templates/first reminder.txt", LETTER)
    pushed = push_rules(OLGA, container)
    assert (pushed.is_new, pushed.counts) == (True, False)
    here, there = now(container), now(machine)
    assert there.rulebook.hash == here.rulebook.hash == pushed.rulebooks[0].hash
    assert there.rulebook.files == here.rulebook.files
    assert there.rules.letters.own_names == ("first reminder.txt",)
    assert there.unread_files == ()
    assert plans.plan(OLGA, there).rulebook_hash == here.rulebook.hash


def test_a_run_without_a_folder_names_its_push(machine: Container, container: Container) -> None:
    pushed = push_rules(OLGA, container)
    machine.store.rulebooks._recorded.clear()
    result = runs.prepare(OLGA, now(machine))
    assert result.all_problems == []
    (version,) = rulebook_versions(OLGA, machine)
    assert (version.hash, version.source) == (pushed.rulebooks[0].hash, f"push {pushed.row.id}")


def test_before_the_first_push_the_hint_is_to_push(machine: Container) -> None:
    with pytest.raises(UserMistake, match="`arsync rules push`, on the machine"):
        _ = now(machine).rulebook


def test_the_same_folder_again_is_no_new_push(container: Container) -> None:
    first = push_rules(OLGA, container)
    again = push_rules(OLGA, container)
    assert (again.is_new, again.row, again.changes) == (False, first.row, ())


def test_a_push_tells_what_changed(container: Container) -> None:
    rule_file(container, "legal.yaml", ALONE)
    push_rules(OLGA, container)
    (container.config.rules_folder / "legal.yaml").unlink()
    rule_file(container, "standard.yaml", RULES + "\n# edited\n")
    rule_file(container, "books/own.yaml", ALONE)
    assert push_rules(OLGA, container).changes == (
        FileChange("books/own.yaml", "new"),
        FileChange("legal.yaml", "removed"),
        FileChange("standard.yaml", "changed"),
    )


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("standard.yaml", "version: 1\nbad: 1\n", "standard.yaml:2:1"),
        ("books/own.yaml", "bad: 1\n", "own.yaml:1:1"),
        ("legal.YAML", ALONE, "legal.YAML: looks meant as rules"),
        ("Bokos/own.yaml", ALONE, "did you mean 'books'?"),
        ("strange/own.yaml", ALONE, "is the folder of no connection"),
        ("standard.yaml", RULES.replace("currency: GBP", "currency: USD"), "amounts are in USD"),
    ],
)
def test_a_folder_with_mistakes_is_not_pushed(
    container: Container, name: str, text: str, told: str
) -> None:
    rule_file(container, name, text)
    with pytest.raises(UserMistake) as refused:
        push_rules(OLGA, container)
    assert told in str(refused.value)
    assert "Nothing was pushed." in str(refused.value)
    assert container.store.pushes.last() is None


def test_a_connections_own_folder_is_its_alone(container: Container, machine: Container) -> None:
    other = ORGANISATION._replace(id="org-2", name="Shop Ltd")
    container.store.connections.add("shop", platform="books", organisation=other)
    rule_file(container, "books/own.yaml", ALONE)
    pushed = push_rules(OLGA, container)
    whose = {rulebook.connections for rulebook in pushed.rulebooks}
    assert whose == {("books",), ("shop",)}
    assert now(machine).rulebook.leave_alone
    assert not now(machine, "shop").rulebook.leave_alone


def test_one_connections_folder_is_pushed_alone(container: Container, machine: Container) -> None:
    push_rules(OLGA, container)
    shared = now(machine).rulebook.hash
    rule_file(container, "standard.yaml", RULES + "\n# not meant yet\n")
    rule_file(container, "books/own.yaml", ALONE)
    pushed = push_rules(OLGA, container, "books")
    assert pushed.changes == (FileChange("books/own.yaml", "new"),)
    assert now(machine).rulebook.leave_alone
    assert "not meant yet" not in "".join(
        file.text for file in (now(machine).rules.text or RulesText("", ())).files
    )
    assert now(machine).rulebook.hash != shared


def test_one_folder_needs_a_whole_push_before(container: Container) -> None:
    with pytest.raises(UserMistake, match="push the whole folder first"):
        push_rules(OLGA, container, "books")


def test_a_push_during_a_run_is_noticed(container: Container, machine: Container) -> None:
    push_rules(OLGA, container)
    organisation = now(machine)
    assert not organisation.rulebook.leave_alone
    assert organisation.rules_changed() == ""
    rule_file(container, "standard.yaml", RULES + ALONE)
    push_rules(OLGA, container)
    assert organisation.rules_changed() == "the rulebook was changed during the run"
    assert not organisation.rulebook.leave_alone
    assert organisation.refreshed().rulebook.leave_alone


def test_a_shipped_text_is_pushed_as_it_stood(container: Container, machine: Container) -> None:
    rule_file(container, "standard.yaml", "extends: uk-standard\n")
    push_rules(OLGA, container)
    last = container.store.pushes.last()
    assert last is not None
    older = tuple(
        RuleFile(file.path, file.text + "\n# as it stood\n", is_shipped=True)
        if file.is_shipped
        else file
        for file in last.text.files
    )
    container.store.pushes.push(RulesText("rules", older), who="Olga", source="an older arsync")
    here, there = now(container), now(machine)
    assert there.rulebook.hash != here.rulebook.hash
    assert any("was pushed" in problem for problem in there.rules.problems)


def test_a_push_is_for_those_who_decide(container: Container) -> None:
    with pytest.raises(NotPermitted, match="push rules into the store"):
        push_rules(Actor("Tom", Role.CONTROLLER), container)
    push_rules(Actor("Adam", Role.ACCOUNTANT), container)


def test_scenarios_are_pushed_beside_the_rules(container: Container) -> None:
    before = push_rules(OLGA, container)
    rule_file(container, "scenarios/first.yaml", "scenarios: []\n")
    pushed = push_rules(OLGA, container)
    assert pushed.changes == (FileChange("scenarios/first.yaml", "new"),)
    assert [rulebook.hash for rulebook in pushed.rulebooks] == [before.rulebooks[0].hash]
    last = container.store.pushes.last()
    assert last is not None
    assert [file.path for file in last.text.files] == ["standard.yaml"]
    assert [file.path for file in last.text.scenarios] == ["scenarios/first.yaml"]
