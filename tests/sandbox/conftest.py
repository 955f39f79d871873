"""A running sandbox for each test, and a helper that speaks to its control plane."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from arsync_sandbox.server import Sandbox, importable_platforms


class Control:
    """The control plane in a few words: `control.state()`, `control.fault(path="Invoices")`."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str, **query: Any) -> Any:
        answer = requests.get(f"{self.url}/_sandbox/{path}", params=query, timeout=30)
        return self._checked(answer)

    def post(self, path: str, body: Any = None) -> Any:
        text = json.dumps({} if body is None else body, default=str)
        return self._checked(requests.post(f"{self.url}/_sandbox/{path}", data=text, timeout=60))

    @staticmethod
    def _checked(answer: requests.Response) -> Any:
        assert answer.status_code == 200, answer.text
        return answer.json()

    def state(self, platform: str = "") -> Any:
        return self.get("state", **({"platform": platform} if platform else {}))

    def journal(self, since: int = 0) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.get("journal", since=since)["requests"]
        return rows

    def clock(self, to: str = "") -> str:
        now: str = (self.post("clock", {"to": to}) if to else self.get("clock"))["now"]
        return now

    def fault(self, **wanted: Any) -> None:
        self.post("faults", wanted)

    def settings(self, **values: Any) -> None:
        self.post("settings", values)

    def load(self, **rows: Any) -> Any:
        """`control.load(contacts=[...], invoices=[...])` or `documents={...}`, `folder=...`."""
        return self.post("load", rows)

    def person(self, platform: str, do: str, **arguments: Any) -> Any:
        return self.post("people", {"platform": platform, "do": do, **arguments})["result"]


@pytest.fixture
def start_sandbox() -> Iterator[Callable[..., Sandbox]]:
    """Start sandboxes with arguments of one's own; each must end without failures of its own."""
    started: list[Sandbox] = []

    def start(**arguments: Any) -> Sandbox:
        sandbox = Sandbox(**arguments).start()
        started.append(sandbox)
        return sandbox

    yield start
    for sandbox in started:
        sandbox.stop()
    failures = [error for sandbox in started for error in sandbox.errors]
    assert not failures, "the sandbox itself failed:\n" + "\n".join(failures)


@pytest.fixture
def sandbox(start_sandbox: Callable[..., Sandbox]) -> Sandbox:
    """A running server with the ledgers of every platform that can be imported, empty."""
    return start_sandbox(platforms=importable_platforms())


@pytest.fixture
def control(sandbox: Sandbox) -> Control:
    """The control plane of `sandbox`."""
    return Control(sandbox.url)
