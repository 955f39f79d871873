"""The whole of arsync against the sandbox, over real HTTP, with one clock for both."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

import requests
from tests.builders.driver import App
from tests.builders.effects import standing
from tests.builders.stores import put_store

from arsync.application.organisation.oauth_authorisation import authorise
from arsync.application.results import RunResult
from arsync.clock import SetClock
from arsync.config import Config, example_config, load_config
from arsync.connector_sdk import platform as installed_platform
from arsync.core.actions import ActionKind, ActionState
from arsync.http import PlatformTransport, Timer, Timing
from arsync.store.models import ActionRow, ConnectionRow
from arsync_sandbox.server import Sandbox

START = datetime(2026, 11, 18, 10, tzinfo=UTC)
"""A Wednesday morning."""

PLATFORMS = ("xero", "quickbooks")

READ_SECONDS = 30.0
"""How long a platform may be silent: a loaded machine is no slow platform."""

SHORT_READ_SECONDS = 0.15
"""The same in tests of a platform that is slow."""

CALL_SECONDS = 60.0
"""How long the control plane may take."""


@dataclass
class Control:
    """The sandbox's control plane: `control.fault(path="Email", drop="after")`."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False

    def get(self, path: str, **query: Any) -> Any:
        answer = self.session.get(f"{self.url}/_sandbox/{path}", params=query, timeout=CALL_SECONDS)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any) -> Any:
        text = json.dumps(body, default=str)
        answer = self.session.post(f"{self.url}/_sandbox/{path}", data=text, timeout=CALL_SECONDS)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def state(self, platform: str) -> dict[str, Any]:
        """Return one ledger, and the mail that all sent."""
        answer = self.get("state", platform=platform)
        assert not answer["errors"], "the sandbox itself failed:\n" + "\n".join(answer["errors"])
        return {**answer[platform], "emails": answer["emails"]}

    def journal(self, since: int = 0) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.get("journal", since=since)["requests"]
        return rows

    def last_request(self) -> int:
        """Return the number of the newest request."""
        number: int = max((row["number"] for row in self.journal()), default=0)
        return number

    def writes(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the requests that changed a ledger, or meant to."""
        return [row for row in self.journal(since) if is_write(row)]

    def fault(self, **wanted: Any) -> None:
        self.post("faults", wanted)

    def no_more_faults(self) -> None:
        self.session.delete(f"{self.url}/_sandbox/faults", timeout=CALL_SECONDS)

    def settings(self, **values: Any) -> None:
        self.post("settings", values)

    def person(self, platform: str, do: str, **arguments: Any) -> Any:
        return self.post("people", {"platform": platform, "do": do, **arguments})["result"]

    def clock(self, to: datetime) -> None:
        self.post("clock", {"to": to.isoformat()})

    def close(self) -> None:
        self.session.close()


LEDGER_PATHS = ("/api.xro/", "/v3/company/")

READING_POSTS = ("/query", "/batch")


def is_write(row: Mapping[str, Any]) -> bool:
    """Say whether a request of the journal is one that changes a ledger."""
    path = row["path"].partition("?")[0]
    return (
        row["method"] != "GET"
        and path.startswith(LEDGER_PATHS)
        and not path.endswith(READING_POSTS)
    )


class World:
    """The sandbox, the application on it, and one time for both."""

    def __init__(self, sandbox: Sandbox, control: Control, folder: Path) -> None:
        """Write a config into the folder; nothing is connected."""
        self.sandbox = sandbox
        self.control = control
        self.folder = folder
        self.clock = SetClock(START)
        self.slept = 0.0
        self.read_seconds = READ_SECONDS
        (folder / "rules").mkdir(parents=True)
        put_store(folder)
        self.config = self.configured()
        self.app = self.new_app()

    def configured(self, **more: str) -> Config:
        """Write config.toml; `more` are settings such as smtp_url."""
        url = self.control.url
        values = {
            ("runs", "pace"): "off",
            ("tokens", "keyring"): "off",
            ("xero", "client_id"): "sandbox-pkce-app",
            ("xero", "api_url"): url,
            ("xero", "login_url"): url,
            ("xero", "identity_url"): url,
            ("xero", "late_fee_account"): "200",
            ("quickbooks", "client_id"): "sandbox-web-app",
            ("quickbooks", "client_secret"): "sandbox-web-secret",
            ("quickbooks", "api_url"): url,
            ("quickbooks", "authorize_url"): f"{url}/connect/oauth2",
            ("quickbooks", "token_url"): f"{url}/oauth2/v1/tokens/bearer",
            ("quickbooks", "revoke_url"): f"{url}/v2/oauth2/tokens/revoke",
            ("quickbooks", "late_fee_item"): "Late fee",
            ("smtp", "url"): f"smtp://127.0.0.1:{self.sandbox.smtp_port}",
            ("smtp", "sender"): "Accounts <accounts@example.com>",
        }
        for name, value in more.items():
            section, _, key = name.partition("_")
            values[section, key] = value
        file = self.folder / "config.toml"
        file.write_text(example_config(values), encoding="utf-8")
        return load_config(file, {})

    def new_app(self, **options: Any) -> App:
        """Return the application on this folder, with HTTP whose waits move the clock instead."""
        timer = Timer(monotonic=lambda: time.monotonic() + self.slept, sleep=self._sleep)
        transports = partial(PlatformTransport, timing=Timing(timer, self.read_seconds))
        defaults: dict[str, Any] = {
            "clock": self.clock,
            "platforms": cache(installed_platform),
            "transports": transports,
        }
        return App(self.config, **defaults | options)

    def restart(self) -> None:
        """End the process's application and begin another on the same store."""
        self.app.close()
        self.app = self.new_app()

    def wait_briefly(self) -> None:
        """Wait for the platform's answers no longer than `SHORT_READ_SECONDS` from now on."""
        self.read_seconds = SHORT_READ_SECONDS
        self.restart()

    def close(self) -> None:
        self.app.close()

    # -- time ---------------------------------------------------------------------------------

    def advance(self, **step: float) -> None:
        """Let time pass, here and at the platforms."""
        self.move_to(self.clock.now() + timedelta(**step))

    def move_to(self, moment: datetime) -> None:
        self.clock.moment = moment
        with self.sandbox.lock:
            self.sandbox.timeline.move_to(moment)

    def _sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.advance(seconds=seconds)

    # -- ledger, rules, consent ---------------------------------------------------------------

    def load(self, *platforms: str, **rows: Any) -> None:
        """Load `contacts=[...]`, `invoices=[...]`, `payments=[...]`, or `documents={...}`."""
        self.control.post("load", {**rows, "platforms": list(platforms or PLATFORMS)})

    def rules(self, text: str) -> None:
        (self.folder / "rules" / "rules.yaml").write_text(text, encoding="utf-8")

    def connect(self, name: str, *, mode: str = "auto") -> ConnectionRow:
        """Give consent as the organisation's owner would; the connection is called `name`."""
        lines: list[str] = []
        grant = authorise(
            self.app.authoriser(name),
            redirect_url=self.config.get(name, "redirect_url"),
            say=lines.append,
            ask=lambda _: self._agreed(lines[0].split()[-1]),
        )
        (row,) = self.app.add_connections(name, grant, [(grant.organisations[0], name)])
        return self.app.set_mode(name, mode) if mode != "observe" else row

    def _agreed(self, url: str) -> str:
        answer = self.control.session.get(url, allow_redirects=False, timeout=CALL_SECONDS)
        return answer.headers["Location"]

    # -- runs ---------------------------------------------------------------------------------

    def sync(self, name: str) -> RunResult:
        (result,) = self.app.sync(name)
        return result

    def sync_until_quiet(self, name: str, *, rounds_max: int = 40) -> list[RunResult]:
        """Run as a scheduler does, an hour apart, until a run has nothing more to do."""
        results: list[RunResult] = []
        for _ in range(rounds_max):
            before = self.control.last_request()
            results.append(self.sync(name))
            still = self.rows(name, *ON_THE_WAY)
            if not still and not self.control.writes(before):
                return results
            self.advance(hours=1)
        problems = [result.all_problems for result in results]
        raise AssertionError(f"not quiet after {rounds_max} runs: {problems}")

    def rows(self, name: str, *states: ActionState) -> list[ActionRow]:
        store = self.app.store
        rows = store.actions.list(store.connections.get(name).id, states=set(states) or None)
        return list(rows)

    def row_of(self, name: str, kind: ActionKind) -> ActionRow:
        (row,) = (row for row in self.rows(name) if row.action.kind is kind)
        return row

    def connection(self, name: str) -> ConnectionRow:
        return self.app.store.connections.get(name)

    def invoice_id(self, name: str, number: str) -> str:
        """Return the platform's id of an invoice."""
        invoices = self.control.state(name)["invoices"]
        (invoice_id,) = (str(row["id"]) for row in invoices if row["number"] == number)
        return invoice_id

    def contact_id(self, name: str, contact: str) -> str:
        """Return the platform's id of a contact."""
        contacts = self.control.state(name)["contacts"]
        (contact_id,) = (str(row["id"]) for row in contacts if row["name"] == contact)
        return contact_id

    def standing(self, name: str) -> Counter[str]:
        """Return everything arsync wrote that stands at the platform, each with its count."""
        return standing(self.control.state(name), name)

    def owner_mails(self) -> list[dict[str, Any]]:
        """Return the mails to owner@example.com, whom `[runs] notify` names."""
        mails: list[dict[str, Any]] = self.control.get("state")["emails"]
        return [mail for mail in mails if "owner@example.com" in str(mail)]


ON_THE_WAY = (ActionState.APPROVED, ActionState.SENDING, ActionState.SENT)
