"""A rulebook's text as it is kept: the same text is the same value, and has the rulebook's hash."""

from __future__ import annotations

from arsync.core.rulebook import rulebook_hash
from arsync.core.rulebook.rules_text import RuleFile, RulesText, rules_text, short_hash

FILES = [("rules/standard.yaml", "version: 1\n"), ("arsync_rulebooks/uk.yaml", "name: UK\n")]
LETTERS = [("rules/templates/b.txt", "Subject: b\n"), ("rules/templates/a.txt", "Subject: a\n")]


def kept(folder: str = "rules", connection: str = "") -> RulesText:
    """Return the text of two files and two letters, shown under a folder."""
    files, letters = (
        [
            (name.replace("rules/", f"{folder}/") if name[0] == "r" else name, text)
            for name, text in pairs
        ]
        for pairs in (FILES, LETTERS)
    )
    return rules_text(
        files,
        letters,
        folder=folder,
        root="rules",
        connection=connection,
        shipped="arsync_rulebooks",
    )


def test_the_hash_is_that_of_the_rulebook() -> None:
    assert kept().hash == rulebook_hash(FILES)
    assert short_hash(kept().hash) == kept().hash[:12]


def test_paths_are_those_inside_the_rules_folder() -> None:
    assert [(file.path, file.is_shipped) for file in kept().files] == [
        ("standard.yaml", False),
        ("arsync_rulebooks/uk.yaml", True),
    ]
    assert [file.path for file in kept().letters] == ["templates/a.txt", "templates/b.txt"]


def test_another_machine_gives_the_same_value() -> None:
    assert kept("HEAD~1:rules") == kept("/srv/arsync/rules") == kept()
    assert kept(connection="nobody") == kept()


def test_other_letters_have_another_hash() -> None:
    renamed = RulesText("rules", kept().files, (RuleFile("templates/c.txt", "Subject: a\n"),))
    hashes = {
        kept().letters_hash,
        renamed.letters_hash,
        RulesText("rules", kept().files).letters_hash,
    }
    assert len(hashes) == 3
    assert "" in hashes
