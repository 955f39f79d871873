"""Bad input: each ends with one clear message and the right exit code, never with a traceback."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from tests.builders.driver import App

from arsync.config import load_config
from arsync.demo.world import free_port
from arsync.store.models import ConnectionState
from arsync_sandbox.server import Sandbox

from .conftest import RULEBOOK, Kept, Shell, a_config, withdraw_consent

NO_RULEBOOK = "there is no rulebook in"


def test_a_missing_config_explains_init_and_leaves_no_files(empty: Shell) -> None:
    for command in ("plan", "sync", "status", "doctor", "connections", "run"):
        done = empty(command)
        assert done.code == 2
        assert done.err == (
            "arsync: there is no config.toml here.\n"
            "    hint: `arsync init` creates it; or name yours with --config FILE or "
            "ARSYNC_CONFIG\n"
        )
    assert list(empty.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[store\n", "config.toml: Expected ']' at the end of a table declaration"),
        ('[xero]\nclient = "x"\n', "[xero] has no setting 'client'.\n    hint: did you mean"),
        ('[xreo]\nclient_id = "x"\n', "unknown section [xreo]"),
        ('[runs]\nmode = "loud"\n', "observe, approve, auto"),
        ("[runs]\nevery = 15\n", 'every must be a text: every = "15"'),
        ('[runs]\nevery = "soon"\n', "'soon' is not a duration. Write 30s, 15m or 2h."),
        ('[store]\nurl = "mysql://x"\n', "[store] url"),
    ],
)
def test_a_broken_config_is_told_with_its_place(shell: Shell, text: str, message: str) -> None:
    shell.write("config.toml", text)
    done = shell("plan")
    assert (done.code, done.out) == (2, "")
    assert message in done.err


def test_a_wrong_time_zone_is_told(shell: Shell) -> None:
    config = shell.folder / "config.toml"
    config.write_text(config.read_text().replace('time_zone = ""', 'time_zone = "Mars"'))
    done = shell("plan")
    assert (done.code, done.err.splitlines()[0]) == (2, "arsync: 'Mars' is not a time zone.")


def test_a_setting_in_a_variable_is_checked_too(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARSYNC_RUNS_MODE", "loud")
    done = shell("plan")
    assert done.code == 2
    assert "ARSYNC_RUNS_MODE" in done.err


HOLD = "credit_holds:\n  - name: H\n    when:\n      {fact}\n"
TRAPS = [
    ("credit_holds: NO\n", "3:15", "list"),
    (HOLD.format(fact="overdue_amount: {more_than: 0123}"), "6:35", "no leading zero"),
    (HOLD.format(fact="overdue_amount: {more_than: 1e3}"), "6:35", "not an amount"),
    (HOLD.format(fact="overdue_amount: {more_than: '10.000,50'}"), "6:35", "not an amount"),
    (HOLD.format(fact="overdue_amount: {more_than: £500}"), "6:35", "leave the currency out"),
    (HOLD.format(fact="over_limit_percent: {more_than: 0.1.0}"), "6:39", "10, 12.5 or 12.5%"),
    (HOLD.format(fact="oldest_days_overdue: {at_least: 0.10}"), "6:39", "a number of days"),
    (HOLD.format(fact="oldest_day_overdue: {at_least: 60}"), "6:7", "'oldest_days_overdue'"),
    (HOLD.format(fact="on_hold: maybe"), "6:16", "yes"),
    (HOLD.format(fact="dispute: NO"), "6:16", "none, open"),
    (HOLD.format(fact="any: [{not: {any: [{on_hold: yes}]}}]"), "6:26", "nest deeper than 2"),
    ("sending:\n  between: 25:00-26:00\n", "4:12", "25:00"),
    ("name: A\nname: B\n", "4:1", "'name' appears twice"),
    ("credit_holds:\n\t- name: H\n", "4:1", "tab"),
    ("name: &a [*a]\n", "3:", ""),
    ("cadences: []\n", "3:1", "'cadences'"),
    ("a: " * 400 + "1\n", "3:", ""),
]


@pytest.mark.parametrize(("text", "place", "message"), TRAPS)
def test_each_rulebook_trap_is_reported_with_line_and_column(
    shell: Shell, text: str, place: str, message: str
) -> None:
    (shell.folder / "rules" / "little.yaml").write_text(f"version: 1\ncurrency: GBP\n{text}")
    checked = shell("rules", "check")
    assert checked.code == 2
    assert f"rules/little.yaml:{place}" in checked.out
    assert message in checked.out
    planned = shell("plan")
    assert planned.code == 2
    assert f"rules/little.yaml:{place}" in planned.err
    synced = shell("sync", "--connection", "xero")
    assert synced.code == 2
    assert f"rules/little.yaml:{place}" in synced.out


def test_a_missing_rulebook_says_where_it_should_be(shell: Shell) -> None:
    (shell.folder / "rules" / "little.yaml").unlink()
    for command in ("plan", "approve", "sync", "why"):
        done = shell(command, *(["INV-1", "--connection", "xero"] if command == "why" else []))
        assert done.code == 2
        assert NO_RULEBOOK in done.err + done.out


def test_a_rulebook_that_is_no_text_is_refused(shell: Shell) -> None:
    (shell.folder / "rules" / "bad.yaml").write_bytes(b"\xff\xfe\x00")
    done = shell("rules", "check")
    assert (done.code, "not UTF-8 text. Save it as UTF-8." in done.err) == (2, True)


def test_an_unreachable_platform_fails_that_part_and_names_it(empty: Shell, kept: Kept) -> None:
    a_config(empty.folder, kept.sandbox)
    config = empty.folder / "config.toml"
    nobody = f"127.0.0.1:{free_port()}"
    config.write_text(
        re.sub(r"token_url = .*", f'token_url = "http://{nobody}"', config.read_text())
    )
    done = connect_by_hand(empty, "quickbooks")
    assert done.returncode == 1
    reason = "cannot be reached: no connection; is this computer online?"
    assert f"{nobody} {reason}" in done.stderr
    assert "Traceback" not in done.stderr
    assert empty("connections").code == 2, "nothing was connected"


def test_a_wrong_client_id_is_reported_at_code_exchange(empty: Shell, kept: Kept) -> None:
    a_config(empty.folder, kept.sandbox)
    config = empty.folder / "config.toml"
    config.write_text(config.read_text().replace("sandbox-web-secret", "not-the-secret"))
    done = connect_by_hand(empty, "quickbooks")
    assert done.returncode == 2
    assert "client" in done.stderr
    assert "not-the-secret" not in done.stderr
    assert "Traceback" not in done.stderr


def connect_by_hand(shell: Shell, platform: str) -> subprocess.CompletedProcess[str]:
    """Run `connect --no-browser` as a person would: open the address, agree, paste the answer."""
    from .conftest import agree

    process = subprocess.Popen(
        [sys.executable, "-m", "arsync", "connect", platform, "--no-browser"],
        cwd=shell.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    output = ""
    while "state=" not in output:
        line = process.stderr.readline()
        assert line, output
        output += line
    out, err = process.communicate(agree(output) + "\n", timeout=30)
    return subprocess.CompletedProcess(process.args, process.returncode, out, output + err)


def test_connecting_by_hand_works_end_to_end(empty: Shell, kept: Kept) -> None:
    a_config(empty.folder, kept.sandbox)
    done = connect_by_hand(empty, "xero")
    assert done.returncode == 0, done.stderr
    assert (
        "Connected Sandbox Trading Ltd at Xero as 'sandbox-trading-ltd', mode only look (observe)."
        in done.stderr
    )
    assert empty("connections", "--json").json[0]["mode"] == "observe"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_told(configured: Shell) -> None:
    configured.folder.chmod(0o500)
    try:
        done = configured("status")
    finally:
        configured.folder.chmod(0o700)
    assert done.code == 2
    assert "arsync.db" in done.err


def test_a_store_in_a_missing_folder_is_reported(
    configured: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARSYNC_STORE_URL", "sqlite:////no/such/folder/arsync.db")
    done = configured("status")
    assert done.code == 2
    assert "/no/such/folder" in done.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
@pytest.mark.parametrize(
    "words", [["plan"], ["report", "ageing", "--format", "csv"], ["actions", "--json"]]
)
def test_a_full_disk_behind_stdout_is_told(shell: Shell, words: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "arsync", *words],
            cwd=shell.folder,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=30,
        )
    assert done.returncode == 1
    assert done.stderr == "arsync: No space left on device.\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_a_full_disk_behind_the_store_is_told(
    configured: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARSYNC_STORE_URL", "sqlite:////dev/full")
    done = configured("status")
    assert done.code == 2
    assert done.err == (
        "arsync: sqlite:////dev/full: the disk is full. "
        "Make room and run it again; the store is intact.\n"
    )


@pytest.mark.skipif(not Path("/proc").exists(), reason="only Linux has /proc")
def test_a_folder_where_nobody_can_write_is_told(
    configured: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARSYNC_STORE_URL", "sqlite:////proc/arsync.db")
    done = configured("status")
    assert done.code == 2
    assert "/proc/arsync.db: the store cannot be opened" in done.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_a_full_disk_behind_a_report_is_told(shell: Shell) -> None:
    done = shell("report", "ageing", "--format", "html", "--output", "/dev/full")
    assert (done.code, done.err) == (2, "arsync: /dev/full: No space left on device.\n")


def test_a_store_of_a_newer_version_is_left_alone(shell: Shell) -> None:
    store = shell.folder / "arsync.db"
    with closing(sqlite3.connect(store)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    done = shell("status")
    assert done.code == 2
    assert "created by a newer version of arsync (its revision is 9999" in done.err
    assert "Upgrade arsync" in done.err


def test_a_store_that_is_no_database_is_told(configured: Shell) -> None:
    configured.write("arsync.db", "dear diary, " * 100)
    done = configured("status")
    assert done.code == 2
    assert "arsync.db: this is not a readable SQLite file." in done.err


def test_a_key_file_that_others_can_read_is_refused(shell: Shell) -> None:
    (shell.folder / "arsync.key").chmod(0o644)
    done = shell("pull", "--connection", "xero")
    assert done.code == 2
    assert "arsync.key" in done.out
    assert "chmod 600" in done.out


def test_a_wrong_key_says_to_connect_again(shell: Shell) -> None:
    from cryptography.fernet import Fernet

    (shell.folder / "arsync.key").write_text(Fernet.generate_key().decode())
    done = shell("pull", "--connection", "xero")
    assert done.code in {1, 2}
    assert "key" in done.out


@pytest.mark.parametrize(
    "words",
    [
        ["plan"],
        ["pull"],
        ["sync"],
        ["approve"],
        ["apply"],
        ["status"],
        ["tasks"],
        ["actions"],
        ["report", "ageing"],
        ["why", "INV-1"],
        ["rules", "check"],
        ["promise", "INV-1", "2099-01-01"],
        ["run"],
    ],
    ids=" ".join,
)
def test_an_unknown_connection_names_those_there_are(shell: Shell, words: list[str]) -> None:
    done = shell(*words, "--connection", "xreo")
    assert done.code == 2
    assert done.err == ("arsync: there is no connection 'xreo'.\n    hint: did you mean 'xero'?\n")


def test_a_connection_without_authorisation_says_how_to_reconnect(
    alone: tuple[Shell, Sandbox],
) -> None:
    shell, _ = alone
    withdraw_consent(shell)
    done = shell("sync")
    assert done.code == 1
    assert "connect" in done.out
    status = shell("status")
    assert status.code == 1
    assert "needs reconnect: run `arsync connect xero` again." in status.out
    with App(load_config(shell.folder / "config.toml", {})) as app:
        assert app.store.connections.get("xero").state == ConnectionState.NEEDS_RECONNECT


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["plann"], "there is no command 'plann'. Did you mean 'plan'?"),
        (["frobnicate"], "there is no command 'frobnicate'."),
        (["plan", "--bogus"], "no such option '--bogus'.\n    hint: arsync plan --help"),
        (["refuse", "k"], "missing option '--why'"),
        (["why"], "missing argument 'CONTACT|INVOICE|KEY'"),
        (["plan", "--as-of", "tomorrow"], "'tomorrow' is not a date. Write it as 2026-12-31.\n"),
        (["connect", "zero"], "there is no connector for 'zero'. Installed: quickbooks, xero."),
        (["rules", "chek"], "there is no command 'chek'. Did you mean 'check'?\n"),
        (
            ["approve", "--al"],
            "no such option '--al'. (Did you mean one of: '--all', '--line', '--rule'?)\n",
        ),
        (["plan", "--config", "nowhere.toml"], "nowhere.toml: there is no such file."),
    ],
)
def test_a_wrong_command_line_is_one_message(shell: Shell, words: list[str], message: str) -> None:
    done = shell(*words)
    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith("arsync: ")
    assert message in done.err


@pytest.mark.parametrize("command", ["why", "export"])
def test_a_name_without_end_is_one_message(shell: Shell, command: str) -> None:
    done = shell(command, "x" * 100_000)
    assert (done.code, done.out) == (2, "")
    assert "nothing has a name or number of 100,000 characters" in done.err
    assert len(done.err) < 300


def test_the_rulebook_of_these_tests_is_sound(configured: Shell) -> None:
    configured.write("one.yaml", RULEBOOK)
    assert configured("rules", "check", "one.yaml").code == 0


def test_names_a_terminal_cannot_show_do_not_break_commands(shell: Shell) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "arsync", "rules", "fields"],
        cwd=shell.folder,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr


def test_a_reader_that_leaves_is_no_failure(kept: Kept, shell: Shell) -> None:
    assert isinstance(kept.sandbox, Sandbox)
    process = subprocess.Popen(
        [sys.executable, "-m", "arsync", "rules", "schema"],
        cwd=shell.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, b"")
