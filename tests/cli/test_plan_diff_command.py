"""`plan --diff`: the difference from the last run's plan, by its cause."""

from __future__ import annotations

from datetime import timedelta

from .conftest import RULEBOOK, TODAY, Shell

XERO = ("--connection", "xero")


def planned(shell: Shell) -> None:
    """Let a run plan, and keep its plan."""
    assert shell("approve", *XERO).code in {0, 3}


def test_plan_diff_before_the_first_run_has_no_baseline(shell: Shell) -> None:
    done = shell("plan", "--diff", *XERO)
    assert done.code == 2
    assert "xero has no last plan to compare with" in done.err


def test_the_same_plan_is_the_same(shell: Shell) -> None:
    planned(shell)
    done = shell("plan", "--diff", *XERO)
    assert (done.code, done.out) == (
        0,
        f"xero, from the plan of {TODAY} to {TODAY}\nThe plan is the same.\n",
    )


def test_the_difference_is_split_into_data_rule_and_time(shell: Shell) -> None:
    planned(shell)
    shell("dispute", "INV-3", "--reason", "wrong price", *XERO)
    shell.write("rules/little.yaml", RULEBOOK.replace("{at_least: 60}", "{at_least: 200}"))
    later = str(TODAY + timedelta(25))
    done = shell("plan", "--diff", "--as-of", later, *XERO)
    assert done.code == 0
    causes = [line for line in done.out.splitlines() if line.startswith("Because")]
    assert causes == [
        "Because the data changed: 1 action",
        "Because the rule changed: 2 actions",
        "Because time passed: 1 action",
    ]
    difference = shell("plan", "--diff", "--as-of", later, *XERO, "--json").json
    assert difference["same_rules"] is False
    assert {
        (change["cause"], change["change"], change["what"]) for change in difference["changes"]
    } == {
        ("the data changed", "gone", "reminder: first reminder"),
        ("the rule changed", "gone", "credit hold"),
        ("the rule changed", "gone", "terms: cash on delivery"),
        ("time passed", "new", "reminder: first reminder"),
    }


def test_a_changed_action_shows_before_after_and_cause(shell: Shell) -> None:
    planned(shell)
    edited = RULEBOOK.replace("email: first reminder", "email: first reminder, approval: required")
    shell.write("rules/little.yaml", edited)
    done = shell("plan", "--diff", *XERO)
    assert done.code == 0
    rows = [line for line in done.out.splitlines() if line.startswith("changed")]
    assert len(rows) == 4
    assert all("approval: by the rulebook -> by a person" in row for row in rows)
    assert "Because the rule changed: 4 actions" in done.out
    changes = shell("plan", "--diff", *XERO, "--json").json["changes"]
    assert [change["parts"] for change in changes] == 4 * [
        [{"name": "approval", "old": "by the rulebook", "new": "by a person"}]
    ]


def test_a_changed_rulebook_comment_is_one_diff_line(shell: Shell) -> None:
    planned(shell)
    shell.write("rules/little.yaml", "# a comment\n" + RULEBOOK)
    done = shell("plan", "--diff", *XERO)
    assert "6 actions are unchanged, by a rule that moved to another line" in done.out
    assert not [line for line in done.out.splitlines() if line.startswith("changed")]
    assert "line: rules/little.yaml:" in shell("plan", "--diff", "--all", *XERO).out


def test_a_day_before_the_last_plan_is_refused(shell: Shell) -> None:
    planned(shell)
    done = shell("plan", "--diff", "--as-of", str(TODAY - timedelta(1)), *XERO)
    assert done.code == 2
    assert "choose a later day" in done.err
