"""The sandbox as a process of its own, and its control plane."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from arsync.config import example_config
from arsync.demo.letters import SETTINGS
from arsync.errors import UserMistake

START_SECONDS_MAX = 60.0
"""How long the sandbox may take to answer for the first time."""

SENDER = "accounts@demo.example"
"""Whose letters the demo's are."""

MAILBOX_PASSWORD = "sandbox-mailbox"  # noqa: S105 - it opens nothing but the sandbox
"""Of every mailbox of the sandbox, which arsync does not import."""

CALL_SECONDS_MAX = 120.0
"""How long one call of the control plane may take: a clock that jumps moves every debtor."""

STOP_SECONDS_MAX = 10.0


class World:
    """A sandbox that runs, and what only its control plane can do."""

    def __init__(self, url: str, smtp_port: int, imap_port: int = 0) -> None:
        """Name a sandbox that answers at this address; without `imap_port` nothing comes back."""
        self.url = url
        self.smtp_port = smtp_port
        self.imap_port = imap_port
        self._session = requests.Session()
        self._session.trust_env = False

    @property
    def mailbox_url(self) -> str:
        """Return where the demo's sender reads what came back; empty: nowhere."""
        if not self.imap_port:
            return ""
        return f"imap://{quote(SENDER)}:{MAILBOX_PASSWORD}@127.0.0.1:{self.imap_port}"

    def get(self, path: str) -> Any:
        """Read from the control plane."""
        return self._answer(self._session.get(self.url + path, timeout=CALL_SECONDS_MAX))

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Write to the control plane."""
        answer = self._session.post(self.url + path, json=body, timeout=CALL_SECONDS_MAX)
        return self._answer(answer)

    def set_clock(self, moment: datetime) -> None:
        """Let the sandbox's days pass until this moment."""
        self.post("/_sandbox/clock", {"to": moment.isoformat()})

    def state(self) -> dict[str, Any]:
        """Return both ledgers, the mail and the customers' replies."""
        state: dict[str, Any] = self.get("/_sandbox/state")
        return state

    def give_consent(self, url: str) -> None:
        """Be the browser of a person who agrees: open the page and follow it to the end."""
        self._session.get(url, timeout=CALL_SECONDS_MAX)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    @staticmethod
    def _answer(answer: requests.Response) -> Any:
        if answer.status_code >= 400:
            raise UserMistake(f"the sandbox refused: {answer.status_code} {answer.text[:200]}")
        return answer.json()


@contextlib.contextmanager
def sandbox(
    folder: Path,
    *,
    start: datetime,
    seed: int,
    contacts: int,
    invoices: int,
    keep: bool,
    organisations: Sequence[str] = (),
) -> Iterator[World]:
    """Run a sandbox until the block ends; with `keep`, until somebody ends it.

    Args:
        folder: gets `sandbox.log`.
        start: where its clock begins.
        seed: decides the ledger and the customers.
        contacts: how many customers.
        invoices: how many invoices to begin with.
        keep: leave it running.
        organisations: their names, the same at each platform; empty: one.

    Raises:
        UserMistake: it did not start; the message quotes its log.
    """
    port, smtp_port, imap_port = free_port(), free_port(), free_port()
    command = [
        sys.executable,
        "-m",
        "arsync_sandbox",
        "--platform",
        "both",
        "--port",
        str(port),
        "--smtp-port",
        str(smtp_port),
        "--imap-port",
        str(imap_port),
        "--seed",
        str(seed),
        "--contacts",
        str(contacts),
        "--invoices",
        str(invoices),
        "--start",
        f"{start:%Y-%m-%d}",
        "--no-limits",
        *(["--organisations", ",".join(organisations)] if organisations else []),
    ]
    log = folder / "sandbox.log"
    with log.open("w", encoding="utf-8") as output:
        # A session of its own: Ctrl-C in the terminal must not end it before the demo does.
        process = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
            command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    world = World(f"http://127.0.0.1:{port}", smtp_port, imap_port)
    try:
        _await(world, process, log)
        world.post("/_sandbox/settings", {"consent": "allow"})
        (folder / "sandbox.pid").write_text(f"{process.pid}\n", encoding="utf-8")
        yield world
    except BaseException:
        # Kept only after success: a failed demo must leave no process behind.
        keep = False
        raise
    finally:
        world.close()
        if not keep:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS_MAX)
            if process.poll() is None:
                process.kill()
                process.wait()
            (folder / "sandbox.pid").unlink(missing_ok=True)


def _await(world: World, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(requests.ConnectionError):
            world.get("/_sandbox/settings")
            return
        time.sleep(0.05)
    raise UserMistake(f"the sandbox did not start:\n{log.read_text(encoding='utf-8')[-2000:]}")


def free_port() -> int:
    """Return a port on this computer that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def config_text(
    world: World, *, via_port: int, besides: Mapping[tuple[str, str], str] | None = None
) -> str:
    """Return a config.toml for the sandbox.

    Args:
        world: the sandbox.
        via_port: where the consent's answer is listened for.
        besides: further settings, by section and key.
    """
    redirect = f"http://localhost:{via_port}/callback"
    return example_config(
        {
            ("runs", "pace"): "off",
            ("tokens", "keyring"): "off",
            ("xero", "client_id"): "sandbox-pkce-app",
            ("xero", "redirect_url"): redirect,
            ("xero", "api_url"): world.url,
            ("xero", "login_url"): world.url,
            ("xero", "identity_url"): world.url,
            ("quickbooks", "client_id"): "sandbox-web-app",
            ("quickbooks", "client_secret"): "sandbox-web-secret",
            ("quickbooks", "redirect_url"): redirect,
            ("quickbooks", "api_url"): world.url,
            ("quickbooks", "authorize_url"): f"{world.url}/connect/oauth2",
            ("quickbooks", "token_url"): f"{world.url}/oauth2/v1/tokens/bearer",
            ("quickbooks", "revoke_url"): f"{world.url}/v2/oauth2/tokens/revoke",
            ("smtp", "url"): f"smtp://127.0.0.1:{world.smtp_port}",
            ("smtp", "sender"): f"Accounts <{SENDER}>",
            ("mailbox", "url"): world.mailbox_url,
            **SETTINGS,
            **(besides or {}),
        }
    )
