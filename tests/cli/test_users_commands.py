"""`arsync users`, who the shell is, and what its commands leave in the audit log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.builders.books import NOW, ORGANISATION
from tests.builders.driver import App
from tests.builders.stores import put_store
from tests.cli.conftest import TODAY, Shell

from arsync.application.people.signing_in import looked_at
from arsync.cli import run_cli
from arsync.clock import SetClock
from arsync.config import load_config
from arsync.errors import EXIT_DONE, EXIT_MISTAKE
from arsync.store.people.audit_log import AuditFilter, AuditRow

SOON = str(TODAY + timedelta(days=7))


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    put_store(tmp_path)
    (tmp_path / "config.toml").write_text('[tokens]\nkeyring = "off"\n')
    monkeypatch.setenv("ARSYNC_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.delenv("ARSYNC_USER", raising=False)
    with App(load_config(tmp_path / "config.toml", {}), clock=SetClock(NOW)) as app:
        app.store.connections.add(
            "books", platform="xero", organisation=ORGANISATION, mode="observe"
        )
        yield app


def log(store: App) -> list[AuditRow]:
    """Return the audit log, the newest line first."""
    return store.store.audit.page(AuditFilter(), 50)


def add_owner() -> None:
    assert run_cli(["users", "add", "olga@example.com", "--name", "Olga", "--role", "owner"]) == 0


def test_a_person_is_added_by_a_link(store: App, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["users", "add", "jan@example.com"]) == EXIT_MISTAKE
    assert "owner of everything" in capsys.readouterr().err
    add_owner()
    link = capsys.readouterr().out.strip()
    assert link.startswith("http://127.0.0.1:8485/first/")
    opened = looked_at(store, link.rpartition("/")[2])
    assert opened is not None
    assert opened.purpose == "invitation"


def test_roles_are_given_and_taken(store: App, capsys: pytest.CaptureFixture[str]) -> None:
    add_owner()
    words = ["--connection", "books", "--up-to", "2,000", "--no-amounts"]
    run_cli(["users", "add", "jan@example.com", "--role", "controller", *words])
    capsys.readouterr()
    assert run_cli(["users", "list", "--json"]) == EXIT_DONE
    jan, _ = json.loads(capsys.readouterr().out)
    assert jan["roles"] == [
        {
            "role": "controller",
            "scope": "connection",
            "value": "1",
            "sees_amounts": False,
            "approves_up_to": "2000.00",
        }
    ]
    assert run_cli(["users", "role", "jan@example.com", "none", "--connection", "books"]) == 0
    assert run_cli(["users", "role", "olga@example.com", "reader"]) == EXIT_MISTAKE
    assert "last owner" in capsys.readouterr().err
    assert run_cli(["users", "role", "jan@example.com", "king"]) == EXIT_MISTAKE
    both = ["--connection", "books", "--label", "west"]
    assert run_cli(["users", "role", "jan@example.com", "reader", *both]) == EXIT_MISTAKE


def test_a_lost_telephone_is_helped(store: App, capsys: pytest.CaptureFixture[str]) -> None:
    add_owner()
    olga = store.store.users.by_email("olga@example.com")
    assert olga is not None
    store.store.users.set_totp_secret(olga.id, "A" * 32)
    capsys.readouterr()
    assert run_cli(["users", "reset", "olga@example.com", "--totp"]) == EXIT_DONE
    assert "/first/" in capsys.readouterr().out
    assert not store.store.users.get(olga.id).has_totp
    assert run_cli(["users", "reset", "nobody@example.com"]) == EXIT_MISTAKE


def test_a_person_is_disabled_and_enabled(store: App) -> None:
    add_owner()
    run_cli(["users", "add", "jan@example.com"])
    assert run_cli(["users", "disable", "jan@example.com"]) == EXIT_DONE
    jan = store.store.users.by_email("jan@example.com")
    assert jan is not None
    assert jan.disabled_at is not None
    assert run_cli(["users", "disable", "olga@example.com"]) == EXIT_MISTAKE
    assert run_cli(["users", "enable", "jan@example.com"]) == EXIT_DONE


def test_the_shell_acts_as_a_person(
    store: App, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add_owner()
    run_cli(["users", "add", "rita@example.com", "--name", "Rita", "--role", "reader"])
    monkeypatch.setenv("ARSYNC_USER", "Rita@example.com")
    assert run_cli(["connections", "books", "--mode", "auto"]) == EXIT_MISTAKE
    assert "Rita may not change connections as reader" in capsys.readouterr().err
    assert run_cli(["connections"]) == EXIT_DONE
    assert run_cli(["users", "list"]) == EXIT_MISTAKE
    monkeypatch.setenv("ARSYNC_USER", "nobody@example.com")
    assert run_cli(["connections"]) == EXIT_MISTAKE
    monkeypatch.setenv("ARSYNC_USER", "olga@example.com")
    assert run_cli(["connections", "books", "--mode", "approve"]) == EXIT_DONE
    assert log(store)[0].who == "Olga"


def test_a_command_acts_with_the_least_role(
    store: App, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add_owner()
    store.store.connections.add(
        "second",
        platform="xero",
        organisation=ORGANISATION._replace(id="second"),
        mode="observe",
    )
    run_cli(["users", "add", "tom@example.com", "--role", "owner"])
    run_cli(["users", "role", "tom@example.com", "reader", "--connection", "second"])
    run_cli(["users", "add", "jan@example.com", "--role", "owner", "--connection", "second"])
    for email, words in (("tom", "as reader"), ("jan", "is nothing to some connections")):
        monkeypatch.setenv("ARSYNC_USER", f"{email}@example.com")
        assert run_cli(["connections", "books", "--mode", "auto"]) == EXIT_MISTAKE
        assert words in capsys.readouterr().err


def test_commands_leave_a_line_in_the_log(store: App) -> None:
    add_owner()
    run_cli(["connections", "books", "--mode", "approve", "--add-label", "west"])
    change, added = log(store)
    assert (change.what, change.about, change.source) == ("connections", "books", "command line")
    assert change.words == "--mode approve --add-label west"
    assert (added.what, added.about) == ("users add", "olga@example.com")
    assert added.words == "--name Olga --role owner"


def test_commands_that_only_look_leave_none(store: App) -> None:
    for words in (["connections"], ["users", "list"], ["status"], ["doctor"], ["tasks"]):
        run_cli(words)
    assert run_cli(["connections", "nowhere", "--mode", "auto"]) == EXIT_MISTAKE
    assert log(store) == []


def test_a_run_leaves_no_line_a_promise_does(shell: Shell) -> None:
    shell("sync")
    shell("promise", "INV-1", SOON, "500", "--connection", "xero", "--note", "by phone")
    shell("promise", "NOTHING-1", SOON, "--connection", "xero")
    with App(load_config(shell.folder / "config.toml", {})) as app:
        (line,) = log(app)
    assert (line.what, line.about) == ("promise", f"INV-1 {SOON} 500")
    assert (line.connection, line.words) == ("xero", "--connection xero")
