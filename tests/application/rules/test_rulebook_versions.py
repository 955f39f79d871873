"""Rulebooks that were gone by: recorded before anything is saved, and read again months later."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from tests.builders.books import NOW, ORGANISATION, RULES, Books, BooksPlatform

from arsync.application.connections import connecting
from arsync.application.customers.customer_data import export_contact, forget_contact
from arsync.application.health.deep_check import examine_deeply
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Role
from arsync.application.rules.rulebook_versions import (
    kept_rulebook,
    kept_rulebook_view,
    kept_rules,
    rulebook_versions,
    text_diff,
)
from arsync.application.runs import pulling, runs
from arsync.clock import SetClock
from arsync.config import load_config
from arsync.core.rulebook.rules_text import RuleFile, RulesText
from arsync.errors import UserMistake
from arsync.rules_source.git import at_revision
from arsync.store import open_store
from arsync.store.admin.rulebook_versions import packed
from arsync.store.db.tables import rulebook_versions as rulebook_versions_table
from arsync.store.models import VersionRow

OLGA = Actor("Olga", Role.OWNER)
LETTER = "Subject: Your account\n\nPlease pay.\n"


def now(container: Container) -> OrganisationContext:
    (organisation,) = connecting.connections(OLGA, container)
    return organisation


@pytest.fixture
def owing(container: Container, books: Books) -> Container:
    """A ledger with one overdue invoice, which has been pulled."""
    books.add_invoice(books.add_contact(1), 1)
    pulling.pull_ledger(OLGA, now(container))
    return container


def only_version(container: Container) -> VersionRow:
    (version,) = rulebook_versions(OLGA, container)
    return version


def test_a_pull_goes_by_no_rulebook(owing: Container) -> None:
    assert rulebook_versions(OLGA, owing) == []


def test_the_version_of_a_plan_is_kept_with_it(owing: Container) -> None:
    connecting.set_mode(OLGA, now(owing), "approve")
    result = runs.prepare(OLGA, now(owing))
    version = only_version(owing)
    assert result.plan is not None
    assert version.hash == result.plan.rulebook_hash
    assert (version.recorded_by, version.planned) == ("Olga", len(result.plan.actions))
    assert version.source.startswith("rules on ")


@pytest.mark.parametrize("use_case", [runs.prepare, runs.apply, runs.sync])
def test_every_run_that_writes_keeps_its_version(owing: Container, use_case: object) -> None:
    assert callable(use_case)
    use_case(OLGA, now(owing))
    assert only_version(owing).hash == now(owing).rulebook.hash


def test_octobers_text_is_read_in_december(owing: Container) -> None:
    folder = owing.config.rules_folder
    (folder / "templates").mkdir()
    (folder / "templates" / "first reminder.txt").write_text(LETTER)
    october = now(owing).rulebook
    runs.sync(OLGA, now(owing))
    assert isinstance(owing.clock, SetClock)
    owing.clock.advance(timedelta(days=60))
    (folder / "standard.yaml").write_text(RULES.replace("first reminder", "second reminder"))
    (folder / "templates" / "first reminder.txt").unlink()
    kept = kept_rulebook(OLGA, owing, october.hash[:8])
    assert kept.rules is not None
    assert kept.rules.rulebook is not None
    assert kept.rules.rulebook.hash == october.hash
    assert kept.rules.rulebook.reminders[0].name == october.reminders[0].name
    assert [file.text for file in kept.text.letters] == [LETTER]
    assert kept.rules.letters.own_names == ("first reminder.txt",)
    assert kept.rules.rulebook.files == (f"{october.hash[:12]}:rules/standard.yaml",)


def test_a_shipped_text_that_is_extended_is_kept(owing: Container) -> None:
    rules = "extends: uk-standard\n"
    (owing.config.rules_folder / "standard.yaml").write_text(rules)
    runs.sync(OLGA, now(owing))
    kept = kept_rulebook(OLGA, owing, only_version(owing).hash)
    shipped = [file for file in kept.text.files if file.is_shipped]
    assert {file.path for file in shipped} == {
        "arsync_rulebooks/standard.yaml",
        "arsync_rulebooks/uk-standard.yaml",
    }
    assert kept.rules is not None
    assert kept.rules.rulebook is not None
    assert kept.rules.rulebook.hash == kept.row.hash


def test_the_folder_of_one_connection_is_kept(owing: Container) -> None:
    own = owing.config.rules_folder / "books"
    own.mkdir()
    (own / "own.yaml").write_text("leave_alone:\n  - {name: Legal, when: {tag: legal}}\n")
    runs.sync(OLGA, now(owing))
    kept = kept_rulebook(OLGA, owing, only_version(owing).hash)
    assert kept.text.connection == "books"
    assert kept.rules is not None
    assert kept.rules.rulebook is not None
    assert [rule.name for rule in kept.rules.rulebook.leave_alone] == ["Legal"]


def test_a_text_that_no_longer_reads_is_shown(owing: Container) -> None:
    text = RulesText("rules", (RuleFile("standard.yaml", "version: 1\nformer: word\n"),))
    owing.store.rulebooks.record(text, who="schedule", source="rules")
    kept = kept_rulebook(OLGA, owing, text.hash)
    assert kept.rules is None
    view = kept_rulebook_view(kept)
    assert view.rulebook is None
    assert view.files == ({"path": "standard.yaml", "text": "version: 1\nformer: word\n"},)
    with pytest.raises(UserMistake, match=r"rules show --version .* --files"):
        kept_rules(OLGA, owing, text.hash)


def test_a_machine_that_reads_from_git_keeps_the_version(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "standard.yaml").write_text(RULES)
    (tmp_path / "config.toml").write_text('[tokens]\nkeyring = "off"\n')
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    for words in (["init", "-q"], ["add", "rules"], [*identity, "commit", "-q", "-m", "first"]):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True, capture_output=True)
    books = Books()
    with Container(
        load_config(tmp_path / "config.toml", {}),
        clock=SetClock(NOW),
        platforms=lambda _: BooksPlatform(books),
        rules_source=lambda config, name: at_revision(config, "HEAD", "rules", name),
    ) as container:
        container.store.connections.add("books", platform="books", organisation=ORGANISATION)
        runs.prepare(OLGA, now(container))
        kept = kept_rulebook(OLGA, container, only_version(container).hash)
    assert kept.row.source.startswith("HEAD:rules on ")
    assert [(file.path, file.text) for file in kept.text.files] == [("standard.yaml", RULES)]


def test_a_difference_names_lines_and_files() -> None:
    def text(**files: str) -> RulesText:
        return RulesText("rules", tuple(RuleFile(path, words) for path, words in files.items()))

    lines = list(text_diff(text(a="one\ntwo\n", b="gone\n"), text(a="one\nthree\n")))
    assert lines[:2] == ["--- a", "+++ a"]
    assert {"-two", "+three", "-gone", "+++ nothing"} <= set(lines)
    assert not list(text_diff(text(a="one\n"), text(a="one\n")))
    renamed = list(text_diff(text(a="one\n"), text(b="one\n")))
    assert not renamed


def test_a_forgotten_customer_is_in_no_kept_text(owing: Container, books: Books) -> None:
    contact = books.add_contact(2)
    pulling.pull_ledger(OLGA, now(owing))
    name = contact.name
    entry = f"customers:\n  - {{contact: {name.upper()}, credit_limit: 25000}}\n"
    (owing.config.rules_folder / "customers.yaml").write_text(entry)
    assert runs.sync(OLGA, now(owing)).all_problems == []
    version = only_version(owing)
    held = export_contact(OLGA, owing, name)
    assert [kept["hash"] for kept in held["rulebook_versions"]] == [version.hash]
    forget_contact(OLGA, owing, name)
    kept = kept_rulebook(OLGA, owing, version.hash)
    assert name.upper() not in "".join(file.text for file in kept.text.files)
    assert kept.row.redacted_at == NOW
    assert not list(owing.store.damaged_rules())


def test_the_deep_examination_tells_a_changed_text(owing: Container) -> None:
    runs.sync(OLGA, now(owing))
    version = only_version(owing)
    forged = packed(RulesText("rules", (RuleFile("standard.yaml", "version: 9\n"),)))
    with owing.store.engine.begin() as db:
        db.execute(update(rulebook_versions_table).values(content=forged))
    findings = [finding.message for finding in examine_deeply(OLGA, owing)]
    assert f"the text of rulebook {version.hash[:12]} is not the one of its hash." in findings


def test_a_backup_has_the_kept_texts(owing: Container, tmp_path: Path) -> None:
    runs.sync(OLGA, now(owing))
    owing.store.pushes.push(RulesText("rules", ()), who="Olga", source="rules")
    owing.store.back_up(tmp_path / "backup.db")
    with open_store(f"sqlite:///{tmp_path / 'new.db'}", clock=owing.clock) as restored:
        restored.restore(tmp_path / "backup.db")
        assert restored.rulebooks.list() == owing.store.rulebooks.list()
        assert restored.pushes.last() == owing.store.pushes.last()
