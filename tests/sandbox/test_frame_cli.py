"""The command that starts the sandbox."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from arsync.mail.mailbox import mailbox_server
from arsync_sandbox.cli import IMAP_PORT_DEFAULT, main, start_text
from arsync_sandbox.server import PLATFORMS, Sandbox, importable_platforms


def test_the_start_text_contains_a_pasteable_config() -> None:
    text = start_text("http://127.0.0.1:8750", (8751, 8752), PLATFORMS, date(2026, 6, 1))
    pasted = text.split("For config.toml:")[1].split("See the ledgers")[0]
    config = tomllib.loads("\n".join(line.strip() for line in pasted.splitlines()))
    assert config["xero"]["api_url"] == "http://127.0.0.1:8750"
    assert config["quickbooks"]["token_url"].startswith("http://127.0.0.1:8750/oauth2/")
    assert config["smtp"]["url"] == "smtp://127.0.0.1:8751"
    assert config["credit_data"]["companies_house_url"] == "http://127.0.0.1:8750/companies-house"
    assert config["credit_data"]["gleif_url"] == "http://127.0.0.1:8750/gleif/api/v1"
    mailbox = mailbox_server(config["mailbox"]["url"], "")
    assert (mailbox.user, mailbox.port) == ("accounts@sandbox.example", 8752)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--load", "nowhere"], "nowhere: no such folder"),
        (["--load", ".", "--contacts", "3"], "brings its own ledger"),
        (["--platform", "sage"], "'sage' is not one of"),
        (["--start", "tomorrow"], "'tomorrow' is not a date. Write it as 2026-12-31."),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output


@pytest.mark.skipif(not importable_platforms(), reason="no platform can be imported yet")
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_it_is_stopped(tmp_path: Path, stop: signal.Signals) -> None:
    platform = importable_platforms()[0]
    command = [sys.executable, "-W", "error", "-m", "arsync_sandbox", "--platform", platform]
    command += [
        "--port",
        "0",
        "--smtp-port",
        "0",
        "--contacts",
        "3",
        "--invoices",
        "12",
        "--start",
        "2026-06-01",
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        url = first.split(" on ")[1].split()[0]
        state = requests.get(f"{url}/_sandbox/state", timeout=10).json()
        assert state["now"].startswith("2026-06-01T09:00")
        assert len(state[platform]["contacts"]) == 3
        os.kill(process.pid, stop)
        assert process.wait(10) == 0
        assert process.stdout.read().endswith("Stopped.\n")
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_with_json_one_line_says_where_it_serves(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "arsync_sandbox",
        "--json",
        "--port",
        "0",
        "--smtp-port",
        "0",
        "--contacts",
        "2",
        "--invoices",
        "2",
        "--start",
        "2026-06-01",
    ]
    other = socket.socket()
    with contextlib.suppress(OSError):  # where something has the port already, it is as good
        other.bind(("127.0.0.1", IMAP_PORT_DEFAULT))
        other.listen()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert process.stdout is not None
        started = json.loads(process.stdout.readline())
        assert started["imap_port"] not in {0, IMAP_PORT_DEFAULT}, "a second one finds its own"
        assert (
            requests.get(f"{started['control']}/state", timeout=10).json()["now"][:10]
            == (started["now"][:10])
        )
        assert (started["pid"], started["platforms"]) == (process.pid, list(PLATFORMS))
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stdout.read() == ""
    other.close()


@pytest.mark.skipif(not importable_platforms(), reason="no platform can be imported yet")
def test_a_taken_port_is_told_with_the_way_out(little: Sandbox) -> None:
    port = little.url.rsplit(":", 1)[1]
    arguments = ["--platform", importable_platforms()[0], "--port", port, "--contacts", "1"]
    result = CliRunner().invoke(main, [*arguments, "--invoices", "1"])
    assert result.exit_code == 2
    assert "in use" in result.output
    assert "--port 0" in result.output
