"""`pull`, `plan`, `approve`, `refuse`, `apply`, `sync`, `run`: what they print and end with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from arsync.clock import SystemClock
from arsync_sandbox.server import Sandbox

from .conftest import RULEBOOK, TODAY, Shell, a_key

PLAN_KEYS = {
    "connection",
    "as_of",
    "rulebook",
    "actions",
    "held_back",
    "safety",
    "paused",
    "problems",
}
ACTION_KEYS = {
    "key",
    "kind",
    "contact",
    "invoices",
    "step",
    "via",
    "state",
    "not_before",
    "approval",
    "because",
}


def test_plan_shows_each_customer_its_actions_and_why(shell: Shell) -> None:
    done = shell("plan", "--connection", "xero")
    assert done.code == 0
    assert "\nDeep Debt Ltd\n  PLACE CREDIT HOLD, needs approval\n" in done.out
    assert 'because rules/little.yaml:10 "Seriously overdue"' in done.out
    assert "oldest_days_overdue 90 (at least 60) · " in done.out
    assert "promise_to_pay none (not open)" in done.out
    assert "EMAIL INVOICE by Xero (first reminder, day 1)" in done.out
    assert "INV-3  GBP 250.00  5 days overdue" in done.out
    assert "\n[red] Shoes\n" in done.out, "a name is not markup"


def test_a_connection_that_observes_says_that_nothing_is_written(shell: Shell) -> None:
    assert "xero only observes: nothing of this is written." in shell("plan").out
    listed = shell("approve", "--connection", "xero")
    assert (listed.code, listed.out) == (0, "Nothing waits for approval.\n")
    assert "xero only observes" in listed.err
    assert shell("approve", "--all").err == "Nothing waits for approval.\n"
    assert "only observes, so nothing was written" in shell("apply", "--connection", "xero").out
    assert "only observes, so nothing was written" in shell("sync", "--connection", "xero").out


def test_plan_json_has_the_agreed_keys_alone_on_stdout(shell: Shell) -> None:
    plan = shell("plan", "--connection", "xero", "--json").json
    assert set(plan) == PLAN_KEYS
    assert set(plan["rulebook"]) == {"files", "hash"}
    for action in plan["actions"]:
        assert set(action) >= ACTION_KEYS
        assert set(action["because"]) == {"file", "line", "rule", "facts"}
        assert set(action["contact"]) == {"id", "name"}
    reminder = next(action for action in plan["actions"] if action["kind"] == "reminder")
    assert set(reminder["invoices"][0]) >= {"id", "number", "amount_due", "currency"}
    amounts = [ref["amount_due"] for action in plan["actions"] for ref in action["invoices"]]
    assert all(isinstance(amount, str) for amount in amounts)
    assert plan["safety"] == {"exceeded": False}


def test_plan_of_several_connections_is_a_list(shell: Shell) -> None:
    assert [plan["connection"] for plan in shell("plan", "--json").json] == ["quickbooks", "xero"]


def test_a_plan_for_another_day_plans_that_day(shell: Shell) -> None:
    day = (TODAY + timedelta(days=30)).isoformat()
    plan = shell("plan", "--connection", "xero", "--as-of", day, "--json").json
    assert plan["as_of"] == day
    assert "Good Payer" in {action["contact"]["name"] for action in plan["actions"]}


def test_a_long_plan_is_cut_with_a_hint(shell: Shell) -> None:
    from tests.builders.driver import App

    from arsync.cli import render
    from arsync.config import load_config

    with App(load_config(shell.folder / "config.toml", {})) as app:
        plan = app.plan("xero")[0]
    plan = type(plan)(**{**vars(plan), "actions": tuple(_many(plan.actions, 150))})
    render.show_plan(plan)
    text = shell.capture.readouterr().out
    assert "... and 50 more customers: --all shows them." in text
    render.show_plan(plan, everything=True)
    assert "more customer" not in shell.capture.readouterr().out


def _many(actions: Any, count: int) -> Any:
    from msgspec.structs import replace

    return [replace(actions[0], contact_id=f"c{number}") for number in range(count)]


def test_over_a_safety_limit_plan_waits_for_a_person(shell: Shell) -> None:
    rulebook = shell.folder / "rules" / "little.yaml"
    rulebook.write_text(rulebook.read_text() + "safety:\n  emails: 1\n")
    done = shell("plan", "--connection", "xero")
    assert done.code == 3
    assert "over a safety limit: 4 emails in one plan; safety allows 1." in done.out


def test_approve_lists_what_waits_with_keys_and_reasons(alone: tuple[Shell, Sandbox]) -> None:
    shell, _ = alone
    done = shell("approve")
    assert done.code == 3
    assert "Deep Debt Ltd (xero)\n" in done.out
    assert "oldest_days_overdue 90 (at least 60)" in done.out
    assert "PLACE CREDIT HOLD and TERMS TO CASH ON DELIVERY, needs approval" in done.out
    assert "1 action waiting: `arsync approve KEY ...`" in done.err
    assert {action["state"] for action in shell("approve", "--json").json} == {"awaiting approval"}


def test_approved_actions_are_applied_and_visible_in_the_books(
    alone: tuple[Shell, Sandbox],
) -> None:
    shell, sandbox = alone
    key = a_key(shell, "credit_hold")
    done = shell("approve", key[:8])
    assert (done.code, done.err) == (0, "Approved 2 actions. `arsync apply` carries them out.\n")
    assert shell("apply").code == 0, "its terms wait no longer"
    groups = sandbox.books["xero"].state()["groups"]
    assert [(group["name"], len(group["members"])) for group in groups] == [("Credit hold", 1)]
    assert shell("apply").out.startswith("xero: "), "a second time is harmless"
    assert shell("why", key[:8]).out.startswith("PLACE CREDIT HOLD, Deep Debt Ltd (xero)\n")


def test_what_is_rejected_is_not_asked_again(alone: tuple[Shell, Sandbox]) -> None:
    shell, _ = alone
    key = a_key(shell, "credit_hold")
    done = shell("refuse", key, "--why", "an old friend")
    assert (done.code, done.err) == (0, "Refused 2 actions.\n")
    assert key not in {action["key"] for action in shell("approve", "--json").json}
    again = shell("reject", key, "--why", "twice")
    assert again.code == 2
    assert again.err == (
        f"arsync: {key[:12]} does not wait for approval: it is refused.\n"
        "    hint: `arsync refuse KEY --take-back --why REASON` withdraws a refusal\n"
    )
    assert "an old friend" in shell("why", key).out


def test_a_withdrawn_refusal_makes_the_action_approvable_again(
    alone: tuple[Shell, Sandbox],
) -> None:
    shell, _ = alone
    key = a_key(shell, "credit_hold")
    shell("refuse", key, "--why", "an old friend")
    done = shell("refuse", key[:10], "--take-back", "--why", "no friend any more")
    assert (done.code, done.err.splitlines()[0][:20]) == (0, "Withdrew 2 refusals.")
    assert key in {action["key"] for action in shell("approve", "--json").json}
    history = shell("why", key).out
    assert "an old friend" in history
    assert "the refusal is withdrawn: no friend any more" in history
    twice = shell("refuse", key, "--take-back", "--why", "again")
    assert twice.err == f"arsync: {key[:12]} is not refused: it is awaiting approval.\n"


def test_a_wrong_key_is_a_mistake(alone: tuple[Shell, Sandbox]) -> None:
    shell, _ = alone
    assert shell("approve", "zz").code == 2
    assert "no action's key begins with 'ffffffff'" in shell("approve", "ffffffff").err
    assert "give keys or --all, not both." in shell("approve", "ffff", "--all").err


def test_sync_does_the_whole_job_and_says_what_waits(alone: tuple[Shell, Sandbox]) -> None:
    shell, sandbox = alone
    done = shell("sync", "--json")
    assert done.code == 3
    result = done.json[0]
    assert result["exit_code"] == 3
    assert {action["state"] for action in result["applied"]["actions"]} <= {"sent", "confirmed"}
    sent = len(sandbox.mailbox.emails)
    assert sent == 4
    assert shell("sync").code == 3
    assert len(sandbox.mailbox.emails) == sent, "nothing goes twice"


def test_pull_alone_waits_for_nobody(alone: tuple[Shell, Sandbox]) -> None:
    shell, _ = alone
    shell("approve")
    done = shell("pull")
    assert (done.code, done.out) == (0, "xero: nothing new\n")


def test_one_broken_rulebook_stops_only_its_own_connection(shell: Shell) -> None:
    shell.write("rules/xero/more.yaml", "version: 1\ncredit_limits: NO\n")
    for name in ("xero", "quickbooks"):
        shell("connections", name, "--mode", "approve")
    done = shell("approve")
    assert done.code == 2
    assert "rules/xero/more.yaml:2:16" in done.err
    assert "Deep Debt Ltd (quickbooks)" in done.out


def test_run_stops_on_sigterm_after_the_work_in_hand(alone: tuple[Shell, Sandbox]) -> None:
    shell, _ = alone
    shell("sync", "--soon")
    process = subprocess.Popen(
        [sys.executable, "-m", "arsync", "run", "--every", "10s", "--json"],
        cwd=shell.folder,
        env=dict(os.environ),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert json.loads(first)["connection"] == "xero", "one run is one line"
    assert out == ""
    assert process.returncode == 3
    assert "Running every 10 seconds. Ctrl-C to stop." in err
    assert "Stopped after 1 round." in err


def test_run_prints_the_cause_of_what_stops_it(shell: Shell) -> None:
    shell.write("rules/more.yaml", "version: 1\nbad: 1\n")
    shell("sync", "--soon")
    with subprocess.Popen(
        [sys.executable, "-m", "arsync", "run", "--every", "1h", "--connection", "xero"],
        cwd=shell.folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        process.send_signal(signal.SIGTERM)
    assert lines[0].endswith("1 problem\n")
    assert lines[1].startswith("  ! rules/more.yaml:2:1: unknown section 'bad'")


def test_a_sync_wanted_soon_is_left_to_others(shell: Shell) -> None:
    done = shell("sync", "--soon", "--connection", "xero")
    assert (done.code, done.out) == (0, "")
    assert done.err.splitlines()[-2:] == [
        "Wanted soon: xero. `arsync run` on this store takes it within seconds.",
        "Where none is running it waits; `arsync sync` does it at once.",
    ]
    wanted = shell("sync", "--soon", "--json").json
    assert [wish["connection"] for wish in wanted] == ["quickbooks", "xero"]
    assert {wish["served_by"] for wish in wanted} == {"arsync run"}
    assert shell("sync", "--soon", "--now").code == 2


def test_a_key_is_as_short_everywhere(alone: tuple[Shell, Sandbox]) -> None:
    shell, _ = alone
    key = a_key(shell, "credit_hold")
    assert shell("why", key[:4]).out.startswith("PLACE CREDIT HOLD, Deep Debt Ltd (xero)\n")
    assert shell("approve", key[:4]).code == 0


def test_a_pace_that_is_none_is_refused(shell: Shell) -> None:
    done = shell("run", "--every", "soon")
    assert done.code == 2
    assert done.err == "arsync: 'soon' is not a duration. Write 30s, 15m or 2h.\n"


def test_progress_stays_out_of_a_pipe(shell: Shell) -> None:
    assert shell("pull", "--connection", "xero").err == ""


def test_the_config_may_be_elsewhere(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "elsewhere"
    path.mkdir()
    os.chdir(path)
    assert shell("status", "--config", str(shell.folder / "config.toml")).code == 0
    assert list(path.iterdir()) == []


def in_auckland_later(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Move the organisation to New Zealand, where messages leave in an hour that is to come."""
    monkeypatch.setenv("ARSYNC_RUNS_TIME_ZONE", "Pacific/Auckland")
    hour = (SystemClock().now().astimezone(ZoneInfo("Pacific/Auckland")) + timedelta(hours=2)).hour
    later = RULEBOOK.replace("00:00-23:59", f"{hour:02}:00-{hour:02}:59")
    shell.write("rules/little.yaml", later)


def test_saved_actions_show_times_on_the_organisations_clock(
    alone: tuple[Shell, Sandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    shell, _ = alone
    in_auckland_later(shell, monkeypatch)
    shell("connections", "xero", "--mode", "approve")
    waiting = shell("approve", "--json").json
    reminder = next(action for action in waiting if action["kind"] == "reminder")
    when = datetime.fromisoformat(reminder["not_before"])
    assert when.utcoffset() is not None
    there = when.astimezone(ZoneInfo("Pacific/Auckland"))
    assert f"not before {there:%a %d %b %Y %H:%M %Z}" in shell("approve").out
    assert f"not before {there:%a %d %b %Y %H:%M %Z}" in shell("why", reminder["key"]).out
    assert there.strftime("%Z") in {"NZDT", "NZST"}


def test_approved_actions_that_leave_later_are_shown(
    alone: tuple[Shell, Sandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    shell, _ = alone
    in_auckland_later(shell, monkeypatch)
    done = shell("sync")
    count = len(shell("actions", "--state", "approved", "--json").json)
    assert count > 1
    sentence = f"{count} approved actions leave later, the first not before "
    assert f"\n  - {sentence}" in done.out
    assert f"xero: {sentence}" in shell("status").out
    (status,) = shell("status", "--json").json
    assert status["later"]["actions"] == count
    first = datetime.fromisoformat(status["later"]["first"])
    assert f"{first.astimezone(ZoneInfo('Pacific/Auckland')):%H:%M NZ}" in done.out


def test_a_plan_mentions_no_times_in_the_past(shell: Shell) -> None:
    plan = shell("plan", "--connection", "xero")
    assert any(
        action["not_before"]
        for action in shell("plan", "--connection", "xero", "--json").json["actions"]
    )
    assert "EMAIL INVOICE by Xero (first reminder" in plan.out
    assert "not before" not in plan.out


def test_what_is_approved_can_be_refused_until_it_leaves(
    alone: tuple[Shell, Sandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    shell, _ = alone
    in_auckland_later(shell, monkeypatch)
    shell("sync")
    key = shell("actions", "--state", "approved", "--json").json[0]["key"]
    assert shell("refuse", key, "--why", "a good customer").err == "Refused 1 action.\n"
    shell("sync")
    assert key in {
        action["key"] for action in shell("actions", "--state", "rejected", "--json").json
    }
    assert "a good customer" in shell("why", key).out
