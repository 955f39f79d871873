"""`rules test`: what it prints, what it exits with, and which rulebook it plays."""

from __future__ import annotations

import json
from importlib.resources import files

from .conftest import RULEBOOK, Shell

GOOD = """scenarios:
  - name: Paid after the first reminder
    invoices:
      - {number: INV-1, due: 2026-03-04, amount: 1200}
    events: {day 2: payment for INV-1}
    expect: {day 1: email first reminder for INV-1}
    until: day 90
"""
BAD = """scenarios:
  - name: Chased
    invoices:
      - {number: INV-1, due: 2026-03-04, amount: 1200}
    expect:
      day 1: email first reminder for INV-1
      day 10: email second reminder for INV-1
    until: day 14
  - name: Nothing before it is due
    invoices:
      - {number: INV-1, due: 2026-03-04, amount: 1200}
    expect: {day 0: nothing}
"""


def test_scenarios_of_the_rules_folder_need_no_store(configured: Shell) -> None:
    configured.write("rules/scenarios/good.yaml", GOOD)
    done = configured("rules", "test")
    assert (done.code, done.out) == (0, "rules/scenarios/good.yaml .\n\n1 passed\n")
    assert not (configured.folder / "arsync.db").exists()


def test_a_failure_shows_difference_cause_and_lines(configured: Shell) -> None:
    configured.write("rules/scenarios/bad.yaml", BAD)
    done = configured("rules", "test")
    assert done.code == 1
    assert done.out == (
        "rules/scenarios/bad.yaml F.\n"
        "\n___________________________________ Chased ___________________________________\n"
        "rules/scenarios/bad.yaml:7\n"
        "  expected  email second reminder for INV-1 on Sat 2026-03-14 (day 10)\n"
        "  but       it comes later, on Wed 2026-03-18 (day 14)\n"
        "  because   rules/little.yaml:23: next for INV-1: second reminder on 2026-03-18\n"
        "  because   rules/little.yaml:23: Standard cadence: Invoice emailed by the accounting "
        "system: 14 days overdue, GBP 1,200.00 due, as step second reminder\n"
        "\n1 failed, 1 passed\n"
    )


def test_the_same_as_json(configured: Shell) -> None:
    configured.write("rules/scenarios/bad.yaml", BAD)
    result = configured("rules", "test", "--json").json
    assert (result["ok"], result["passed"], result["failed"]) == (False, 1, 1)
    chased = result["files"][0]["scenarios"][0]
    assert (chased["name"], chased["line"], chased["passed"]) == ("Chased", 2, False)
    failure = chased["failures"][0]
    assert (failure["line"], failure["day"]) == (7, "2026-03-14")
    assert failure["because"][0].startswith("rules/little.yaml:23: ")


def test_scenarios_are_chosen_by_a_word_and_named(configured: Shell) -> None:
    configured.write("rules/scenarios/bad.yaml", BAD)
    done = configured("rules", "test", "-k", "BEFORE it", "--names")
    assert done.code == 0
    assert "rules/scenarios/bad.yaml:9 Nothing before it is due: passed\n" in done.out
    assert done.out.endswith("\n1 passed, 1 not chosen\n")
    nobody = configured("rules", "test", "-k", "xyz")
    assert (nobody.code, "no scenario has 'xyz'" in nobody.err) == (2, True)


def test_a_broken_file_is_reported_while_others_are_played(configured: Shell) -> None:
    configured.write("rules/scenarios/a.yaml", GOOD.replace("day 1: email", "day 1: emial"))
    configured.write("rules/scenarios/b.yaml", GOOD)
    done = configured("rules", "test")
    assert done.code == 2
    assert done.out.startswith("rules/scenarios/a.yaml E\nrules/scenarios/b.yaml .\n")
    assert "rules/scenarios/a.yaml:6:21: 'emial first reminder for INV-1'" in done.out
    assert "hint: did you mean" in done.out
    assert done.out.endswith("\n1 passed, 1 file with mistakes\n")


def test_a_broken_rulebook_is_told_with_its_lines(configured: Shell) -> None:
    configured.write("rules/scenarios/good.yaml", GOOD)
    configured.write("rules/little.yaml", RULEBOOK + "safety: {email: 5}\n")
    done = configured("rules", "test")
    assert done.code == 2
    assert "rules/little.yaml:29:10: " in done.out
    assert "hint: write emails: 300" in done.out


def test_scenarios_are_never_read_as_rules(configured: Shell) -> None:
    configured.write("rules/scenarios/good.yaml", GOOD)
    assert configured("rules", "check", "rules").code == 0


def test_a_connections_scenarios_play_its_own_rulebook(configured: Shell) -> None:
    configured.write("rules/scenarios/good.yaml", GOOD)
    everyone = "leave_alone: [{name: All, when: {balance: {at_least: 0}}}]\n"
    configured.write("rules/acme/own.yaml", "version: 1\ncurrency: GBP\n" + everyone)
    nothing = GOOD.replace("email first reminder for INV-1", "nothing")
    configured.write("rules/acme/scenarios/own.yaml", nothing)
    done = configured("rules", "test")
    assert done.out == (
        "rules/scenarios/good.yaml .\nrules/acme/scenarios/own.yaml .\n\n2 passed\n"
    )
    own = configured("rules", "test", "--connection", "acme")
    assert (own.code, own.out.splitlines()[:2]) == (
        1,
        ["rules/scenarios/good.yaml F", "rules/acme/scenarios/own.yaml ."],
    )


def test_a_file_names_its_rulebook_or_the_command_does(empty: Shell) -> None:
    empty.write("books/mine.yaml", RULEBOOK)
    empty.write("stories/good.yaml", GOOD)
    lost = empty("rules", "test", "stories")
    assert lost.code == 2
    assert "which rulebook is it about?" in lost.out
    assert empty("rules", "test", "stories", "--rulebook", "books/mine.yaml").code == 0
    empty.write("stories/good.yaml", "rulebook: ../books/mine.yaml\n" + GOOD)
    assert empty("rules", "test", "stories/good.yaml").code == 0
    empty.write("stories/good.yaml", "rulebook: strict\n" + GOOD)
    assert empty("rules", "test", "stories/good.yaml").code == 1
    empty.write("stories/good.yaml", "rulebook: strickt\n" + GOOD)
    assert "no shipped rulebook 'strickt'" in empty("rules", "test", "stories").out
    empty.write("stories/good.yaml", "rulebook: ../none.yaml\n" + GOOD)
    assert "there is no such file" in empty("rules", "test", "stories").out
    empty.write("own/rules.yaml", RULEBOOK)
    empty.write("own/scenarios/good.yaml", GOOD)
    assert empty("rules", "test", "own").code == 0


def test_missing_scenarios_give_a_hint_how_to_make_them(configured: Shell) -> None:
    done = configured("rules", "test")
    assert done.code == 2
    assert "rules test --write CUSTOMER" in done.err
    missing = configured("rules", "test", "nowhere")
    assert (missing.code, "no such file" in missing.err) == (2, True)
    configured.write("big/a.yaml", "# " + "x" * 2_000_001)
    assert "larger than 2,000,000 bytes" in configured("rules", "test", "big").out
    (configured.folder / "big" / "a.yaml").write_bytes(b"\xff\xfe")
    assert "not UTF-8" in configured("rules", "test", "big").out


def test_a_draft_from_a_real_customer_passes_without_names(shell: Shell) -> None:
    customer = shell("plan", "--connection", "xero", "--json").json["actions"][0]["contact"]
    written = shell("rules", "test", "--connection", "xero", "--write", customer["id"])
    assert written.code == 0, written.err
    assert customer["name"] not in written.out
    shell.write("rules/scenarios/drafted.yaml", written.out)
    done = shell("rules", "test")
    assert (done.code, done.out) == (0, "rules/scenarios/drafted.yaml .\n\n1 passed\n")
    assert shell("rules", "test", "x.yaml", "--write", customer["id"]).code == 2
    assert shell("rules", "test", "--write", "nobody at all").code == 2


def test_the_schema_of_scenarios_is_the_one_that_ships(empty: Shell) -> None:
    shipped = files("arsync_rulebooks") / "scenario.schema.json"
    assert empty("rules", "schema", "--scenarios").json == json.loads(shipped.read_text("utf-8"))
