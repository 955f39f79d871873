"""`rules check`: warnings beside problems, and checking again after each change."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from arsync.cli.rules_check import Signature, signature, watched
from arsync.errors import UserMistake
from arsync.rules_source.folder import HOLIDAY_PLACES, holidays_in, holidays_known

from .conftest import RULEBOOK, Shell

HEAD = "version: 1\ncurrency: GBP\nname: Mine\n"
NEVER = HEAD + "credit_holds: [{name: H, when: {balance: {more_than: 5, less_than: 3}}}]\n"


def test_warnings_are_shown_and_stop_nothing(empty: Any) -> None:
    empty.write("r.yaml", NEVER)
    checked = empty("rules", "check", "r.yaml")
    assert checked.code == 0
    assert "r.yaml:4:16: warning: 'H' can never match" in checked.out
    assert checked.err == "Mine: no mistakes. 1 warning.\n"
    as_json = empty("rules", "check", "--json", "r.yaml").json
    assert as_json["ok"] is True
    assert (len(as_json["problems"]), len(as_json["warnings"])) == (0, 1)


def test_a_claim_without_a_law_is_warned_of(empty: Any) -> None:
    steps = "reminders: [{name: R, steps: [{day: 1, email: nudge, via: smtp}]}]\n"
    empty.write("rules/r.yaml", HEAD + steps)
    empty.write("rules/templates/nudge.txt", "Subject: x\n\nWe claim {{ statutory.total }}.\n")
    checked = empty("rules", "check", "rules")
    assert checked.code == 0
    assert "rules/templates/nudge.txt:3:13: warning: statutory.total is empty" in checked.out
    assert "hint: write {% if statutory %} ... {{ statutory.total }} ... {% endif %}" in checked.out
    assert checked.err.endswith("1 warning.\n")


def test_problems_still_decide_the_exit_code(empty: Any) -> None:
    empty.write("r.yaml", HEAD + "nme: x\n")
    checked = empty("rules", "check", "r.yaml")
    assert (checked.code, checked.err) == (2, "1 mistake.\n")


@pytest.mark.parametrize(
    ("before", "after", "warning"),
    [
        (
            "",
            "payment_plans:\n  grace: none\n  announce: 3 days before\n",
            "31:13: warning: no letter",
        ),
        ("", "payment_plans:\n  grace: none\n  confirm: no\n", ""),
        ("sending:\n", "sending:\n  via: smtp\n", "27:3: warning: 'via: smtp' sends no message"),
    ],
)
def test_mail_without_a_mail_server_is_named(
    shell: Shell, before: str, after: str, warning: str
) -> None:
    text = RULEBOOK.replace(before, after) if before else RULEBOOK + after
    shell.write("rules/little.yaml", text)
    assert "mail server" not in shell("rules", "check").out
    config = (shell.folder / "config.toml").read_text(encoding="utf-8")
    shell.write("config.toml", re.sub(r'(\[smtp\]\nurl = )"[^"]*"', r'\1""', config))
    checked = shell("rules", "check")
    assert checked.code == 0
    assert checked.out.count("names no mail server") == (1 if warning else 0)
    assert warning in checked.out
    assert ("names no mail server" in shell("doctor").out) == bool(warning)


def test_a_step_without_a_way_is_named(shell: Shell) -> None:
    text = RULEBOOK.replace("email: first reminder", "email: first reminder, via: sms")
    shell.write("rules/little.yaml", text)
    checked = shell("rules", "check")
    assert checked.code == 0
    assert (
        "'first reminder' becomes a task: no text messages are set up ([sms] account). (xero)"
        in checked.out
    )
    shell.write("rules/little.yaml", text.replace("via: sms", "via: smtp"))
    assert "becomes a task" not in shell("rules", "check").out


def test_a_change_is_seen_by_its_time_and_size(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "a.yaml").write_text("a")
    before = signature([tmp_path])
    (tmp_path / "templates" / "x.txt").write_text("Subject: x")
    (tmp_path / "notes.md").write_text("not looked at")
    after = signature([tmp_path, tmp_path / "gone.yaml"])
    assert [Path(name).name for name, _, _ in before] == ["a.yaml"]
    assert [Path(name).name for name, _, _ in after] == ["a.yaml", "x.txt"]


def test_watch_checks_once_per_change_until_ctrl_c(
    capsys: pytest.CaptureFixture[str],
) -> None:
    states: list[Signature] = [(("a", 1, 1),), (("a", 1, 1),), (("a", 2, 1),), (("a", 3, 1),)]
    looks = iter(states)
    done: list[str] = []

    def work() -> int:
        done.append("checked")
        if len(done) == 2:
            raise UserMistake("a.yaml: there is no such file or folder.")
        return 2

    def wait() -> None:
        if len(done) == 3:
            raise KeyboardInterrupt

    assert watched(lambda: next(looks), work, wait) == 0
    assert len(done) == 3
    assert "there is no such file" in capsys.readouterr().err


def test_watching_ends_on_a_real_ctrl_c(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(NEVER)
    command = [sys.executable, "-c", "import sys; from arsync.cli import main; main()"]
    with subprocess.Popen(
        [*command, "rules", "check", "--watch", "r.yaml"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert "can never match" in process.stdout.readline()
        assert "hint:" in process.stdout.readline()
        assert "1 warning" in process.stderr.readline()
        assert "Ctrl-C" in process.stderr.readline()
        (tmp_path / "r.yaml").write_text(HEAD + "nme: x\n")
        assert "unknown section 'nme'" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_watch_with_json_prints_one_line_per_check(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(NEVER)
    command = [sys.executable, "-c", "import sys; from arsync.cli import main; main()"]
    with subprocess.Popen(
        [*command, "rules", "check", "--watch", "--json", "r.yaml"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        assert (first["ok"], len(first["warnings"])) == (True, 1)
        (tmp_path / "r.yaml").write_text(HEAD + "nme: x\n")
        assert json.loads(process.stdout.readline())["ok"] is False
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert process.stderr is not None
        shown = process.stderr.read()
        assert shown.count("Waiting for a change") == 1
        assert shown.count("Changed at ") == 1


def test_the_ledger_is_asked_once_a_connection_is_pulled(shell: Any) -> None:
    shell.write("rules/more.yaml", "groups: {Nobody at all: {contact_group: Ghosts}}\n")
    checked = shell("rules", "check")
    assert checked.code == 0
    assert "warning: no customer is in the group 'Nobody at all' today." in checked.out
    assert "no customer is in the contact group 'Ghosts'." in checked.out


NOT_NEEDED = (
    "sqlalchemy",
    "alembic",
    "requests",
    "jinja2",
    "holidays",
    "rich",
    "cryptography",
    "arsync.core.trials.simulation",
    "arsync.store",
    "arsync.http",
)


@pytest.mark.parametrize("words", [["rules"], []], ids=["a folder", "before anything is connected"])
def test_checking_loads_nothing_that_it_does_not_need(configured: Any, words: list[str]) -> None:
    configured.write("rules/more.yaml", "sending: {holidays: GB-ENG}\n")
    code = (
        f"import sys; from arsync.cli import run_cli; run_cli(['rules', 'check', *{words}]); "
        f"print([one for one in {NOT_NEEDED} if one in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        cwd=configured.folder,
    )
    assert done.stdout == "[]\n"
    assert "Little policy: no mistakes." in done.stderr
    assert not (configured.folder / "arsync.db").exists()


@pytest.mark.parametrize("place", ["GB", "gb-eng", "DE-BY", "US-CA", "FR", "GB-UKM"])
def test_holiday_places_match_those_of_the_library(place: str) -> None:
    assert holidays_known(place) is (holidays_in(place) is not None)


def test_every_listed_region_of_the_packs_countries_is_one() -> None:
    listed = (
        files("arsync.rules_source")
        .joinpath(HOLIDAY_PLACES)
        .read_text(encoding="utf-8")
        .split("\n")
    )
    for line in listed:
        country, *regions = line.split() or [""]
        if country in {"GB", "IE", "DE", "FR", "ES", "IT", "NL", "AU", "NZ", "US"}:
            unknown = [region for region in regions if holidays_in(f"{country}-{region}") is None]
            assert unknown == [], country


@pytest.mark.parametrize("place", ["XX", "GB-XXX", "england", "G", "-"])
def test_a_place_that_is_none_is_not_known(place: str) -> None:
    assert not holidays_known(place)
