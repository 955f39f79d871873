"""`init`, `connect`, `connections`, `disconnect`, `doctor`: setting up and checking."""

from __future__ import annotations

import io
import os
import re
import stat
import subprocess
import sys

import pytest
from tests.builders.driver import App

from arsync.application.organisation.oauth_authorisation import authorise
from arsync.config import load_config
from arsync.core.rulebook.starter import LETTERS
from arsync.errors import EXIT_FAILED
from arsync_sandbox.server import Sandbox

from .conftest import Kept, Shell, a_config, agree, withdraw_consent


def test_init_creates_its_files_and_names_the_next_step(empty: Shell) -> None:
    done = empty("init")
    assert done.code == 0
    assert "wrote  config.toml" in done.err
    assert "Next: put your client id into config.toml" in done.err
    assert "docs/webhooks.md sets them up" in done.err
    assert {path.name for path in empty.folder.iterdir()} == {"config.toml", "rules"}
    assert {path.name for path in (empty.folder / "rules").iterdir()} == {
        "standard.yaml",
        "rulebook.schema.json",
        "scenario.schema.json",
        "scenarios",
    }
    mode = (empty.folder / "config.toml").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600, "it will hold a client secret"
    assert empty("rules", "check").code == 0


@pytest.mark.parametrize("name", ["gentle", "standard", "strict", "uk-standard", "us-firm"])
def test_init_brings_stories_that_its_rulebook_passes(empty: Shell, name: str) -> None:
    assert empty("init", "--rulebook", name).code == 0
    played = empty("rules", "test")
    assert played.code == 0, played.out
    assert f"rules/scenarios/{name}.yaml" in played.out


def test_doctor_after_init_asks_for_the_app(empty: Shell) -> None:
    empty("init")
    done = empty("doctor")
    assert done.code == EXIT_FAILED
    assert "client_id is empty under [xero] and [quickbooks]" in done.out
    assert "All is well" not in done.err
    config = empty.folder / "config.toml"
    before, xero, after = config.read_text().partition("[xero]")
    config.write_text(before + xero + after.replace('client_id = ""', 'client_id = "app"', 1))
    done = empty("doctor")
    assert done.code == 0
    assert "none yet. Next: arsync connect xero." in done.out


def test_init_a_second_time_changes_nothing(empty: Shell) -> None:
    empty("init", "--rulebook", "gentle")
    (empty.folder / "config.toml").write_text("# mine\n")
    done = empty("init", "--rulebook", "strict")
    assert "kept   config.toml" in done.err
    assert "already contains a rulebook; none was added." in done.err
    assert (empty.folder / "config.toml").read_text() == "# mine\n"
    assert not (empty.folder / "rules" / "strict.yaml").exists()


@pytest.mark.parametrize("name", ["gentle", "standard", "strict"])
def test_each_rulebook_can_be_had_in_another_currency(empty: Shell, name: str) -> None:
    assert empty("init", "--rulebook", name, "--currency", "nzd").code == 0
    assert "\ncurrency: NZD " in (empty.folder / "rules" / f"{name}.yaml").read_text()
    assert empty("rules", "check").code == 0
    assert empty("init", "--currency", "pounds", "--folder", "x").code == 2


def test_connect_without_a_client_id_explains_getting_one(configured: Shell) -> None:
    done = configured("connect", "xero")
    assert done.code == 2
    assert "[xero] client_id is empty in" in done.err
    assert "developer.xero.com" in done.err


@pytest.fixture
def browser(empty: Shell, kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser in which the owner agrees at once."""
    a_config(empty.folder, kept.sandbox)
    visit = "import sys, urllib.request as u; u.urlopen(sys.argv[1]).read()"
    script = empty.write("browser.py", visit)
    monkeypatch.setenv("BROWSER", f"{sys.executable} {script} %s")


CONNECT = [sys.executable, "-m", "arsync", "connect", "quickbooks", "--name", "books"]
QUESTION = "Are QuickBooks Online's own reminders for"


@pytest.mark.usefixtures("browser")
def test_the_browser_is_opened_and_listened_to(empty: Shell) -> None:
    done = subprocess.run(
        CONNECT,
        cwd=empty.folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    assert "at QuickBooks Online as 'books', mode only look (observe)." in done.stderr
    assert "Next: `arsync pull`, then `arsync plan`." in done.stderr
    # Nobody sits there who could answer.
    assert QUESTION not in done.stderr
    assert [connection["own_reminders"] for connection in empty("connections", "--json").json] == [
        None
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
@pytest.mark.usefixtures("browser")
@pytest.mark.parametrize(
    ("typed", "known"),
    [("on\n", True), ("off\n", False), ("\n", None), ("perhaps\nnot sure\n", None)],
    ids=["on", "off", "no answer", "no choice, then not sure"],
)
def test_connecting_asks_whether_quickbooks_sends_reminders_of_its_own(
    empty: Shell, typed: str, known: bool | None
) -> None:
    controller, terminal = os.openpty()
    os.write(controller, typed.encode())
    done = subprocess.run(
        CONNECT,
        cwd=empty.folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        stdin=terminal,
    )
    os.close(terminal)
    os.close(controller)
    assert done.returncode == 0, done.stderr
    assert "If both send\nreminders, customers are reminded twice." in done.stderr
    assert QUESTION in done.stderr
    assert [connection["own_reminders"] for connection in empty("connections", "--json").json] == [
        known
    ]


def test_platform_reminder_settings_are_asked_once_and_answerable_later(
    shell: Shell,
) -> None:
    def known() -> dict[str, bool | None]:
        connections = shell("connections", "--json").json
        return {connection["name"]: connection["own_reminders"] for connection in connections}

    assert known()["quickbooks"] is None
    assert "does not report whether its own reminders" in shell("status").out
    assert "--own-reminders off" in shell("doctor").out
    done = shell("connections", "quickbooks", "--own-reminders", "off")
    assert "the platform's own reminders are off" in done.err
    assert known()["quickbooks"] is False
    assert "own reminders" not in shell("status").out
    assert "name the connection" in shell("connections", "--own-reminders", "on").err


def test_connections_are_listed_and_change_their_mode(shell: Shell) -> None:
    table = shell("connections")
    assert [line.split()[0] for line in table.out.splitlines()[2:]] == ["quickbooks", "xero"]
    done = shell("connections", "xero", "--mode", "auto")
    assert done.err.splitlines()[0] == "xero: only look (observe) -> by the rulebook (auto)."
    modes = {
        connection["name"]: connection["mode"] for connection in shell("connections", "--json").json
    }
    assert modes == {"xero": "auto", "quickbooks": "observe"}
    assert "name the connection" in shell("connections", "--mode", "auto").err


def test_disconnect_confirms_withdraws_authorisation_and_keeps_the_history(
    alone: tuple[Shell, Sandbox],
) -> None:
    shell, _ = alone
    silent = subprocess.run(
        [sys.executable, "-m", "arsync", "disconnect", "xero"],
        cwd=shell.folder,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert silent.returncode == 2, "nobody answered"
    assert silent.stderr.endswith("arsync: stopped.\n")
    assert shell("connections").code == 0
    with App(load_config(shell.folder / "config.toml", {})) as app:
        grant = app.store.connections.get("xero").grant_id
        assert grant is not None
        token = app.store.tokens.load(grant)
    done = shell("disconnect", "xero", "--yes")
    assert done.code == 0
    assert "xero is disconnected; its actions and promises are kept." in done.err
    assert token.refresh_token not in done.err
    assert shell("connections").code == 2


def test_doctor_checks_each_part_and_ends_with_the_sum(shell: Shell) -> None:
    done = shell("doctor")
    assert done.code == 0, done.out
    for checked_part in ("config", "store", "xero", "quickbooks", "rulebook of xero"):
        assert f"{checked_part}: " in done.out
    assert done.err == "All is well.\n"
    verdicts = {check["verdict"] for check in shell("doctor", "--json").json}
    assert "wrong" not in verdicts


def test_doctor_does_not_blame_the_sandboxs_own_clock(shell: Shell) -> None:
    clocks = [check for check in shell("doctor", "--json").json if check["about"] == "clock"]
    assert [clock["verdict"] for clock in clocks] == ["note"], "one clock, however many connections"


def test_doctor_finds_a_broken_rulebook_and_a_lost_consent(alone: tuple[Shell, Sandbox]) -> None:
    shell, _ = alone
    withdraw_consent(shell)
    shell.write("rules/more.yaml", "version: 1\nx: 1\n")
    done = shell("doctor")
    assert done.code == 1
    assert "WRONG  rulebook of xero: rules/more.yaml:2:1" in done.out
    assert "WRONG  xero: " in done.out


def test_a_question_that_is_left_unanswered_ends_its_line(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    done = shell("disconnect", "xero")
    assert done.code == 2
    assert done.err.endswith("? [y/N]: \narsync: stopped.\n")
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    assert shell("disconnect", "xero").err.endswith("? [y/N]: arsync: stopped.\n"), "Enter ended it"


def test_doctor_checks_the_addresses_of_mail(shell: Shell) -> None:
    config = (shell.folder / "config.toml").read_text(encoding="utf-8")
    no_server = re.sub(r'(\[smtp\]\nurl = )"[^"]*"', r'\1""', config)
    shell.write("config.toml", no_server.replace('notify = ""', 'notify = "me@example.com"'))
    assert "[smtp] url no mail server: nothing is mailed" in shell("doctor").out
    mailing = config.replace('notify = ""', 'notify = "the boss"')
    mailing = mailing.replace('copy_to = ""', 'copy_to = "archive"')
    shell.write("config.toml", mailing)
    said = shell("doctor").err
    assert "[smtp] copy_to is 'archive'; it must be a mail address." in said
    assert "[runs] notify is 'the boss'; it must be a mail address." in said


def test_doctor_says_who_else_can_read_the_store(shell: Shell) -> None:
    (shell.folder / "arsync.db").chmod(0o644)
    done = shell("doctor")
    assert done.code == EXIT_FAILED
    assert "arsync.db holds customers' data and others can read it. Run: chmod 600" in done.out


def test_connecting_again_with_a_name_renames(alone: tuple[Shell, Sandbox]) -> None:
    shell, _ = alone
    said: list[str] = []
    with App(load_config(shell.folder / "config.toml", {})) as app:
        grant = authorise(
            app.authoriser("xero"),
            redirect_url=app.config.xero.redirect_url,
            say=said.append,
            ask=lambda _: agree(said[0]),
        )
        (row,) = app.add_connections("xero", grant, [(grant.organisations[0], "books")])
    assert row.name == "books"


class Terminal(io.StringIO):
    """A terminal at which somebody has typed."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("typed", "letters"),
    [("", "accounting system"), ("own mail server", "own mail server"), ("post", "post")],
)
def test_init_asks_a_person_how_letters_leave(
    empty: Shell, monkeypatch: pytest.MonkeyPatch, typed: str, letters: str
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(f"{typed}\n"))
    asked = empty("init", "--rulebook", "standard")
    assert asked.code == 0
    question = asked.err.index("Letters leave by (accounting system, own mail server, post)")
    for way, does in LETTERS.items():
        assert asked.err.index(f"  {way}: {does}.") < question, "each way is said first"
    assert asked.err.index(f"Letters leave by {letters}: {LETTERS[letters]}.") > question
    written = (empty.folder / "rules" / "standard.yaml").read_text()
    empty("init", "--rulebook", "standard", "--letters", letters, "--folder", "by option")
    by_option = empty.folder / "by option" / "rules" / "standard.yaml"
    assert written == by_option.read_text(), "the answer writes what the option writes"
    assert empty("rules", "check").code == 0


def test_init_asks_again_after_an_unknown_way(
    empty: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal("pigeon\npost\n"))
    done = empty("init")
    assert "'pigeon' is not one of 'accounting system', 'own mail server', 'post'." in done.err
    assert f"Letters leave by post: {LETTERS['post']}." in done.err
    monkeypatch.setattr(sys, "stdin", Terminal("pigeon\n"))
    left = empty("init", "--folder", "left")
    assert (left.code, (empty.folder / "left").exists()) == (2, False), "nothing is half written"


@pytest.mark.parametrize("words", [("--letters", "post"), ("--json",)])
def test_init_asks_nothing_that_is_answered(
    empty: Shell, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    terminal = Terminal("post\n")
    monkeypatch.setattr(sys, "stdin", terminal)
    done = empty("init", *words)
    assert done.code == 0
    assert "Letters leave by (" not in done.err
    assert terminal.tell() == 0, "nothing was read"


@pytest.mark.parametrize("rulebook", ["gentle", "standard", "strict", "uk-standard"])
@pytest.mark.parametrize("letters", list(LETTERS))
def test_init_asks_how_letters_leave(empty: Shell, rulebook: str, letters: str) -> None:
    done = empty("init", "--rulebook", rulebook, "--letters", letters)
    assert done.code == 0
    assert f"Letters leave by {letters}: {LETTERS[letters]}." in done.err
    assert empty("rules", "check").code == 0
    text = (empty.folder / "rules" / f"{rulebook}.yaml").read_text("utf-8")
    assert ("via: smtp   " in text) is (letters == "own mail server")
    if rulebook in {"gentle", "standard", "strict"}:
        assert ("via: post" in text) is (letters == "post")


def test_init_takes_the_platforms_email_unasked(empty: Shell) -> None:
    done = empty("init")
    assert "Letters leave by accounting system: reminders are its own invoice emails" in done.err
    assert "via: accounting system" in (empty.folder / "rules/standard.yaml").read_text("utf-8")
