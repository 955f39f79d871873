"""`approve` and `refuse`: a person chooses by what actions are about, and sees the letter first."""

from __future__ import annotations

import io
import sys

import pytest

from .conftest import RULEBOOK, Shell


@pytest.fixture
def waiting(shell: Shell) -> Shell:
    """Xero asks for approval of everything; the first message goes by SMTP."""
    shell.write("rules/little.yaml", RULEBOOK.replace("sending:\n", "sending:\n  via: smtp\n"))
    shell("connections", "xero", "--mode", "approve")
    return shell


def keys_in(shell: Shell, state: str) -> set[str]:
    return {action["key"] for action in shell("actions", "--state", state, "--json").json}


def answers(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def test_what_is_chosen_is_counted_and_confirmed(
    waiting: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, "n")
    refused = waiting("approve", "late & sons")
    assert (refused.code, keys_in(waiting, "approved")) == (2, set())
    assert "1 action: 1 reminder; GBP 250.00\nApprove 1 action? [y/N]" in refused.err
    done = waiting("approve", "INV-3", "--under", "1,000", "--kind", "reminder", "--yes", "--json")
    assert [row["contact"]["name"] for row in done.json] == ["Late & Sons"]


def test_a_key_needs_no_confirmation_and_a_rule_does(waiting: Shell) -> None:
    key = next(row["key"] for row in waiting("approve", "--json").json if row["invoices"])
    assert waiting("approve", key[:4]).err.startswith("Approved 1 action.")
    assert waiting("approve", "--rule", "Seriously overdue", "--yes").err.startswith(
        "Approved 2 actions."
    )


def test_one_by_one_asks_explains_and_stops(
    waiting: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, "why", "y", "n", "q")
    done = waiting("approve", "--each", "--kind", "reminder")
    assert done.err.endswith("Approved 1 action. `arsync apply` carries them out.\n")
    assert "1/3 Approve this? y, n, why, q" in done.err
    assert "What happened" in done.out
    assert "The letter, as it would leave now" in done.out
    assert len(keys_in(waiting, "approved")) == 1


def test_rejecting_one_by_one_asks_for_the_reason(
    waiting: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting("approve")
    answers(monkeypatch, "y", "an old friend")
    assert waiting("refuse", "Late & Sons", "--each").err.endswith("Refused 1 action.\n")
    (row,) = waiting("actions", "--state", "refused", "--json").json
    assert (row["reason"], row["contact"]["name"]) == ("an old friend", "Late & Sons")
    back = waiting("refuse", "Late & Sons", "--take-back", "--why", "a slip", "--yes")
    assert back.err.startswith("Withdrew 1 refusal.")


def test_the_letter_is_shown_before_anything_leaves(waiting: Shell) -> None:
    shown = waiting("approve", "INV-3", "--show")
    assert (shown.code, keys_in(waiting, "approved")) == (3, set())
    assert "  to             late@example.com\n  subject        " in shown.out
    assert "GBP 250.00" in shown.out.partition("subject")[2]
    (listed,) = waiting("approve", "INV-3", "--show", "--json").json
    of_key = waiting("why", listed["key"][:8], "--json").json
    assert of_key["letter"] == listed["letter"]
    assert listed["letter"]["subject"] in waiting("why", listed["key"][:8]).out


def test_no_action_is_shown_as_its_own_partner(waiting: Shell) -> None:
    listed = waiting("approve").out
    assert "SEND first reminder by email (day 1)" in listed
    assert "by email and" not in listed


def test_what_is_left_to_a_role_is_told(waiting: Shell) -> None:
    asks = RULEBOOK.replace("first reminder}", "first reminder, approval: {by: owner}}")
    waiting.write("rules/little.yaml", asks)
    done = waiting("approve", "--all")
    assert "4 actions left to a role: `arsync approve --for ROLE`" in done.err
    assert "needs approval by owner" in waiting("approve").out
    owners = waiting("approve", "--for", "owner", "--yes", "--json").json
    assert [row["approvers"] for row in owners] == [["owner"]] * 4


def test_a_personal_line_goes_into_one_letter_of_ours(waiting: Shell) -> None:
    several = waiting("approve", "--kind", "reminder", "--line", "Thank you.", "--yes")
    assert (several.code, keys_in(waiting, "approved")) == (2, set())
    assert "a personal line goes into one letter; " in several.err
    done = waiting("approve", "INV-3", "--kind", "reminder", "--line", "Thanks.", "--yes", "--json")
    assert done.code == 0
    (key,) = keys_in(waiting, "approved")
    assert "Thanks." in waiting("letters", "preview", key).out
    assert "a personal line, added by" in waiting("why", key).out
