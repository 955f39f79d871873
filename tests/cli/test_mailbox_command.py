"""`mailbox` reads what came back and says how far; `connections` shows whose settings are own."""

from __future__ import annotations

from tests.builders.imap_server import FakeMailbox, serving

from arsync.errors import EXIT_FAILED

from .conftest import Shell


def test_mailbox_says_how_much_was_read(shell: Shell) -> None:
    with serving(FakeMailbox()) as box:
        shell.write("connections/xero.toml", f'[mailbox]\nurl = "{box.url}"\n')
        assert "xero: 0 messages read." in shell("mailbox", "--connection", "xero").err
        box.add(b"Subject: hello\n\n")
        assert "xero: 1 message read." in shell("mailbox", "--connection", "xero").err
        (reading,) = shell("mailbox", "--connection", "xero", "--json").json
        assert reading == {
            "connection": "xero",
            "messages": 0,
            "more": False,
            "failure": "",
            "skipped": "",
            "news": [],
        }
    done = shell("mailbox", "--connection", "xero")
    assert done.code == EXIT_FAILED
    assert "xero: the mailbox at 127.0.0.1 cannot be reached" in done.err
    assert "[mailbox] url is empty" in shell("mailbox", "--connection", "quickbooks").err


def test_connections_shows_settings_of_their_own(shell: Shell) -> None:
    shell.write("connections/xero.toml", '[smtp]\nreply_to = "jo@example.com"\n')
    rows = {row["name"]: row["own_settings"] for row in shell("connections", "--json").json}
    assert rows == {"xero": ["smtp.reply_to"], "quickbooks": []}
    shell.write("connections/xero.toml", '[smtp]\nreply_to = "jo"\n')
    listed = shell("connections").out
    assert "wrong: see doctor" in listed
    assert "connections/xero.toml:2: [smtp] reply_to is 'jo'" in shell("doctor").out
