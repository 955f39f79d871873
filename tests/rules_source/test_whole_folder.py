"""A rules folder as one text: what is in it, what is left out, and its limits."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from arsync.config import Config, load_config
from arsync.core.rulebook.rules_text import RuleFile, RulesText
from arsync.errors import UserMistake
from arsync.rules_source.folder import read_rules
from arsync.rules_source.tree import TextTree
from arsync.rules_source.whole_folder import FOLDER_DEPTH_MAX, folder_text, with_folder_of

RULES = "version: 1\ncurrency: GBP\nname: Mine\n"
FILES = {
    "standard.yaml": RULES,
    "acme/own.yaml": "extends: ../base/acme.yml\n",
    "base/acme.yml": RULES.replace("Mine", "Acme"),
    "templates/de/first reminder.txt": "Subject: Hallo\n\nBitte.\n",
    "acme/templates/first reminder.letter": (
        "{% extends layout %}\n{% block subject %}Hi{% endblock %}\n"
        "{% block opening %}Pay.{% endblock %}\n"
    ),
}
SCENARIOS = {
    "acme/scenarios/a.yaml": "scenarios: []\n",
    "scenarios/a.yaml": "scenarios: []\n",
}
LEFT_OUT = {
    "scenarios/deeper/a.yaml": "scenarios: []\n",
    "scenarios/notes.md": "# Notes\n",
    ".git/config.yaml": "a: 1\n",
    "notes.md": "# Notes\n",
    "templates/logo.png": "png",
}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "config.toml").write_text("")
    for name, text in {**FILES, **SCENARIOS, **LEFT_OUT}.items():
        path = tmp_path / "rules" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return load_config(tmp_path / "config.toml", {})


def test_rules_and_letters_of_everybody_are_in_it(config: Config) -> None:
    text = folder_text(config)
    assert {file.path: file.text for file in (*text.files, *text.letters)} == FILES


def test_scenarios_are_in_it_and_change_no_rulebook(config: Config) -> None:
    text = folder_text(config)
    assert {file.path: file.text for file in text.scenarios} == SCENARIOS
    without = replace(text, scenarios=())
    assert text.hash == without.hash
    assert text.whole_hash != without.whole_hash
    assert TextTree(text).read("acme").rulebook == TextTree(without).read("acme").rulebook


def test_a_connections_scenarios_come_with_its_folder(config: Config) -> None:
    last = folder_text(config)
    for name in SCENARIOS:
        (config.rules_folder / name).write_text("scenarios: [] # changed\n")
    mixed = with_folder_of("acme", last, folder_text(config))
    changed = [file.path for file in mixed.scenarios if "changed" in file.text]
    assert changed == ["acme/scenarios/a.yaml"]
    assert len(mixed.scenarios) == 2


@pytest.mark.parametrize("connection", ["", "acme", "beta"])
def test_it_reads_as_the_folder_does(config: Config, connection: str) -> None:
    in_folder, kept = (
        read_rules(config, connection),
        TextTree(folder_text(config)).read(connection),
    )
    assert in_folder.problems == kept.problems
    assert in_folder.rulebook == kept.rulebook
    assert in_folder.rulebook is not None
    assert in_folder.text == kept.text
    assert in_folder.letters.own_names == kept.letters.own_names


def test_beside_the_config_file_names_stay_bare(config: Config) -> None:
    (config.rules_folder / "config.toml").write_text('[rules]\nfolder = "."\n')
    beside = load_config(config.rules_folder / "config.toml", {})
    in_folder, kept = read_rules(beside), TextTree(folder_text(beside)).read()
    assert in_folder.rulebook is not None
    assert in_folder.rulebook.files == ("standard.yaml",)
    assert kept.rulebook == in_folder.rulebook
    assert kept.text == in_folder.text


def test_a_link_that_leads_back_ends(config: Config) -> None:
    (config.rules_folder / "loop").symlink_to(config.rules_folder)
    deepest = max(file.path.count("/") for file in folder_text(config).files)
    assert deepest <= FOLDER_DEPTH_MAX


def test_its_limits_are_told(config: Config) -> None:
    with pytest.raises(UserMistake, match="more than 4 rules, letters and scenarios"):
        folder_text(config, files_max=4)
    with pytest.raises(UserMistake, match="more than 100 characters"):
        folder_text(config, characters_max=100)
    assert len(folder_text(config, files_max=7).files) == 3


def test_without_a_folder_there_is_nothing_to_push(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("")
    with pytest.raises(UserMistake, match="there is no such folder"):
        folder_text(load_config(tmp_path / "config.toml", {}))


def test_others_keep_the_shipped_text_they_had() -> None:
    def text(*files: RuleFile) -> RulesText:
        return RulesText("rules", files)

    uk_old, uk_new = (RuleFile("arsync_rulebooks/uk.yaml", words, True) for words in ("old", "new"))
    eu = RuleFile("arsync_rulebooks/eu.yaml", "eu", is_shipped=True)
    shared, edited = RuleFile("standard.yaml", "a"), RuleFile("standard.yaml", "b")
    gone, come = RuleFile("acme/old.yaml", "c"), RuleFile("acme/new.yaml", "d")
    mixed = with_folder_of("acme", text(gone, shared, uk_old), text(come, edited, eu, uk_new))
    assert mixed == text(come, shared, eu, uk_old)
