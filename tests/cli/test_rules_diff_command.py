"""`rules diff`: two rulebooks on the same ledger."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from .conftest import RULEBOOK, Shell

SOFTER = RULEBOOK.replace("{day: 1, email: first reminder}", "{day: 9, email: first reminder}")
XERO = ("--connection", "xero")


def git(folder: Path, *words: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", "-C", str(folder), *identity, *words], check=True, capture_output=True)


def test_a_diff_of_two_files_names_customers_and_lines(shell: Shell) -> None:
    shell.write("softer.yaml", SOFTER)
    done = shell("rules", "diff", "rules/little.yaml", "softer.yaml", *XERO)
    assert done.code == 0
    row = next(line for line in done.out.splitlines() if line.startswith("Late & Sons"))
    assert "INV-3" in row
    assert 'rules/little.yaml:22 "Standard cadence"' in row
    assert 'softer.yaml:19 "Standard cadence"' in row
    assert "no step is due" in row
    assert "3 customers treated differently, 4 changes. Nothing was changed." in done.out


def test_a_diff_without_new_compares_with_the_current_rulebook(shell: Shell) -> None:
    shell.write("old/softer.yaml", SOFTER)
    difference = shell("rules", "diff", "old", *XERO, "--json").json
    by_name = {customer["contact"]["name"]: customer for customer in difference["customers"]}
    assert set(by_name) == {"Deep Debt Ltd", "Late & Sons", "[red] Shoes"}
    assert by_name["Late & Sons"]["changes"][0]["kind"] == "starts"
    assert difference["old"]["files"] == ["old/softer.yaml"]


def test_an_unchanged_rulebook_has_an_empty_diff(shell: Shell) -> None:
    same = shell("rules", "diff", "rules", "rules/little.yaml", "--exit-code")
    assert (same.code, same.out.count("No customer is treated differently")) == (0, 2)
    shell.write("softer.yaml", SOFTER)
    assert shell("rules", "diff", "rules", "softer.yaml", "--exit-code", *XERO).code == 1
    assert shell("rules", "diff", "rules", "softer.yaml", *XERO).code == 0


def test_diff_reads_git_revisions(shell: Shell) -> None:
    git(shell.folder, "init", "-q")
    git(shell.folder, "add", "rules")
    git(shell.folder, "commit", "-q", "-m", "first")
    shell.write("rules/little.yaml", SOFTER)
    git(shell.folder, "commit", "-q", "-a", "-m", "second")
    by_spec = shell("rules", "diff", "HEAD~1:rules", *XERO)
    assert "old: HEAD~1:rules/little.yaml\nnew: rules/little.yaml\n" in by_spec.out
    assert "3 customers treated differently" in by_spec.out
    by_option = shell("rules", "diff", "--git", "HEAD~1", *XERO)
    assert by_option.out == by_spec.out
    both = shell("rules", "diff", "HEAD~1:rules/little.yaml", "HEAD:rules", *XERO, "--json").json
    assert both["new"]["files"] == ["HEAD:rules/little.yaml"]
    assert len(both["customers"]) == 3
    assert (
        "No customer is treated differently" in shell("rules", "diff", "--git", "HEAD", *XERO).out
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--git", "HEAD"), "is not in a git repository"),
        (("HEAD:rules",), "is not in a git repository"),
        (("nowhere.yaml",), "there is no such file or folder"),
        ((), "which rulebook is the old one?"),
        (("a.yaml", "b.yaml", "--git", "HEAD"), "at most one more rulebook"),
    ],
)
def test_diff_says_what_it_misses(shell: Shell, words: tuple[str, ...], said: str) -> None:
    done = shell("rules", "diff", *words)
    assert done.code == 2
    assert said in done.err


def test_diff_names_an_unknown_revision_and_an_empty_one(shell: Shell) -> None:
    git(shell.folder, "init", "-q")
    shell.write("notes.txt", "x")
    git(shell.folder, "add", "notes.txt")
    git(shell.folder, "commit", "-q", "-m", "first")
    assert "knows no revision 'HEAD~7'" in shell("rules", "diff", "HEAD~7:rules").err
    assert "knows no revision '--help'" in shell("rules", "diff", "--git=--help").err
    assert "there is no *.yaml in rules at HEAD" in shell("rules", "diff", "--git", "HEAD").err


def test_diff_refuses_what_is_no_rulebook(shell: Shell) -> None:
    shell.write("bad.yaml", "version: 1\ncurrency: GBP\nremindrs: []\n")
    done = shell("rules", "diff", "bad.yaml")
    assert done.code == 2
    assert "bad.yaml:3:1" in done.err


def test_a_revision_extends_its_own_and_shipped_files(shell: Shell) -> None:
    git(shell.folder, "init", "-q")
    shell.write("rules/little.yaml", "extends: below/base.yaml\nname: Ours\n")
    shell.write("rules/below/base.yaml", RULEBOOK)
    shell.write("shipped/ours.yaml", "extends: standard\ncurrency: GBP\n")
    git(shell.folder, "add", "rules", "shipped")
    git(shell.folder, "commit", "-q", "-m", "first")
    shell.write("rules/below/base.yaml", SOFTER)
    done = shell("rules", "diff", "--git", "HEAD", *XERO)
    assert "HEAD:rules/below/base.yaml:22" in done.out
    assert shell("rules", "diff", "HEAD:shipped", "rules", *XERO).code == 0
    shell.write("rules/little.yaml", "extends: gone.yaml\n")
    git(shell.folder, "commit", "-q", "-a", "-m", "second")
    assert "there is no file 'gone.yaml'" in shell("rules", "diff", "--git", "HEAD").err


OWN = RULEBOOK.replace("email: second reminder", "email: kind words")


def committed(shell: Shell, own_text: str) -> None:
    """Commit the rulebook with one text of its own."""
    git(shell.folder, "init", "-q")
    shell.write("rules/little.yaml", OWN)
    shell.write("rules/templates/kind words.txt", own_text)
    git(shell.folder, "add", "rules")
    git(shell.folder, "commit", "-q", "-m", "first")


def test_a_revision_is_read_with_its_own_texts(shell: Shell) -> None:
    committed(shell, "Subject: Money\n\nPlease pay.\n")
    (shell.folder / "rules/templates/kind words.txt").unlink()
    shell.write("rules/little.yaml", RULEBOOK)
    done = shell("rules", "diff", "--git", "HEAD", *XERO)
    assert done.code == 0, done.err
    assert "old: HEAD:rules/little.yaml" in done.out
    # and what only the working tree has, the revision lacks
    git(shell.folder, "rm", "-q", "--cached", "rules/templates/kind words.txt")
    git(shell.folder, "commit", "-q", "-m", "second")
    shell.write("rules/templates/kind words.txt", "Subject: Money\n\nPlease pay.\n")
    refused = shell("rules", "diff", "--git", "HEAD", *XERO)
    assert refused.code == 2
    assert "HEAD:rules/little.yaml:23:26" in refused.err
    assert "kind words" in refused.err


def test_a_letter_that_reads_otherwise_is_a_difference(shell: Shell) -> None:
    committed(shell, "Subject: Money\n\nPlease pay.\n")
    same = shell("rules", "diff", "--git", "HEAD", "--exit-code", *XERO)
    assert (same.code, "The text of" in same.out) == (0, False)
    shell.write("rules/templates/kind words.txt", "Subject: Money\n\nPay!\n")
    done = shell("rules", "diff", "--git", "HEAD", "--exit-code", *XERO)
    assert done.code == 1
    assert "The text of `kind words` differs: HEAD:rules/templates/kind words.txt and " in done.out
    assert (
        "No customer is treated differently on this day; only the words of letters differ."
        in done.out
    )
    (text,) = shell("rules", "diff", "--git", "HEAD", *XERO, "--json").json["texts"]
    assert (text["name"], text["old"]) == ("kind words", "HEAD:rules/templates/kind words.txt")


def test_a_text_replacing_a_shipped_text_is_a_difference(shell: Shell) -> None:
    git(shell.folder, "init", "-q")
    git(shell.folder, "add", "rules")
    git(shell.folder, "commit", "-q", "-m", "first")
    shell.write("rules/templates/second_reminder.txt", "Subject: Again\n\nPlease pay.\n")
    done = shell("rules", "diff", "--git", "HEAD", *XERO)
    assert "The text of `second reminder` differs: the shipped one and " in done.out


def test_a_revisions_broken_text_is_reported_with_its_place(shell: Shell) -> None:
    committed(shell, "Subject: Money\n\n{{ nobody }}\n")
    done = shell("rules", "diff", "--git", "HEAD", *XERO)
    assert done.code == 2
    assert "HEAD:rules/templates/kind words.txt:3:" in done.err


def test_a_draft_elsewhere_uses_the_rules_folders_texts(shell: Shell) -> None:
    shell.write("rules/templates/kind words.txt", "Subject: Money\n\nPlease pay.\n")
    shell.write("drafts/one.yaml", OWN)
    assert shell("rules", "check", "drafts/one.yaml").code == 0
    assert "The text of" not in shell("rules", "diff", "rules", "drafts", *XERO).out
