"""`rules check|fields|schema`: the rulebook before it touches anyone."""

from __future__ import annotations

import json

import pytest

from .conftest import RULEBOOK, Shell


def test_check_of_a_sound_rulebook_names_it(shell: Shell) -> None:
    done = shell("rules", "check")
    assert (done.code, done.out, done.err) == (0, "", "Little policy: no mistakes.\n")
    assert shell("rules", "check", "--json").json == {
        "ok": True,
        "problems": [],
        "warnings": [],
        "rulebooks": ["Little policy"],
    }


def test_check_tells_every_problem_at_once(configured: Shell) -> None:
    configured.write("rules/little.yaml", RULEBOOK + "safety:\n  email: 5\n  holds: 1\n")
    done = configured("rules", "check")
    assert done.code == 2
    assert "rules/little.yaml:30:3" in done.out
    assert "rules/little.yaml:31:3" in done.out
    assert "hint: write emails: 300" in done.out
    assert "hint: write credit_holds: 20" in done.out
    assert done.err == "2 mistakes.\n"
    assert configured("rules", "check", "--json").json["ok"] is False


def test_check_takes_files_and_folders_without_a_config(empty: Shell) -> None:
    empty.write("a/one.yaml", RULEBOOK)
    assert empty("rules", "check", "a").code == 0
    assert empty("rules", "check", "a/one.yaml").code == 0
    missing = empty("rules", "check", "b.yaml")
    assert (missing.code, missing.err) == (2, "arsync: b.yaml: there is no such file or folder.\n")
    assert [path.name for path in empty.folder.iterdir()] == ["a"]


def test_a_folder_of_a_connection_serves_that_connection_alone(shell: Shell) -> None:
    shell.write("rules/xero/more.yaml", "version: 1\nleave_alone:\n  - name: All\n    when: {}\n")
    assert shell("rules", "check", "--connection", "quickbooks").code == 0
    assert "rules/xero/more.yaml" in shell("rules", "check", "--connection", "xero").out


def test_what_a_platform_lacks_is_found_by_check(shell: Shell) -> None:
    rulebook = shell.folder / "rules" / "little.yaml"
    text = rulebook.read_text().replace(
        "- {day: 14, email: second reminder}", "- {day: 14, late_fee: 2%}"
    )
    rulebook.write_text(text)
    done = shell("rules", "check", "--json")
    lacking = [problem for problem in done.json["problems"] if "offers no" in problem]
    assert done.code == (2 if lacking else 0)


@pytest.mark.parametrize(
    ("word", "facts"),
    [("overdue_amount", {"overdue_amount"}), ("insurer", {"insured_limit"})],
)
def test_fields_are_found_by_name_and_meaning(empty: Shell, word: str, facts: set[str]) -> None:
    assert {fact["name"] for fact in empty("rules", "fields", word, "--json").json} >= facts
    assert all(fact in empty("rules", "fields", word).out for fact in facts)


def test_a_fact_that_does_not_exist_is_a_mistake(empty: Shell) -> None:
    done = empty("rules", "fields", "shoe_size")
    assert (done.code, done.out) == (2, "")
    assert "no fact" in done.err


def test_schema_is_json_and_the_one_that_ships(empty: Shell) -> None:
    import arsync_rulebooks

    assert empty("rules", "schema").json == json.loads(arsync_rulebooks.schema_text())


def test_the_effective_rulebook_and_its_schema_are_json(configured: Shell) -> None:
    shown = configured("rules", "show", "--json").json
    assert (shown["name"], shown["files"]) == ("Little policy", ["rules/little.yaml"])
    assert shown["rulebook"] == configured("rules", "show").out
    assert configured("rules", "schema", "--json").json == configured("rules", "schema").json
