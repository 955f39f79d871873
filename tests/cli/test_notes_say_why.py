"""The sentence that `why` shows is the one that stands in the books, word for word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from tests.builders.driver import App

from arsync.config import load_config
from arsync_sandbox.server import Sandbox

from .conftest import Shell, a_sandbox, connect

CUSTOMERS = ("Deep Debt Ltd", "Late & Sons", "[red] Shoes")
HEADS = ("The note in the books will say", "The note in the books says")


@pytest.fixture(params=["xero", "quickbooks"])
def at_work(empty: Shell, request: pytest.FixtureRequest) -> Iterator[tuple[Shell, Sandbox, str]]:
    """A shell with one platform connected in mode auto, and a sandbox of its own."""
    sandbox = a_sandbox()
    connect(empty.folder, sandbox, request.param)
    with App(load_config(empty.folder / "config.toml", {})) as app:
        app.set_mode(request.param, "auto")
    yield empty, sandbox, request.param
    sandbox.stop()
    assert not list(sandbox.errors)


def sentences(said: str) -> list[str]:
    """Return the lines below the head of the notes, up to the next head."""
    lines = iter(said.splitlines())
    assert any(line in HEADS for line in lines), said
    notes = []
    for line in lines:
        if not line.startswith("  "):
            break
        notes.append(line.strip())
    return notes


def notes(sandbox: Sandbox, platform: str) -> list[str]:
    answer = requests.get(
        f"{sandbox.url}/_sandbox/state", params={"platform": platform}, timeout=20
    ).json()
    history: list[dict[str, Any]] = answer[platform]["history"]
    return [row["text"] for row in history if "[arsync:" in row["text"]]


def test_each_note_is_the_sentence_that_why_showed(
    at_work: tuple[Shell, Sandbox, str],
) -> None:
    shell, sandbox, platform = at_work
    shown = {name: sentences(shell("why", name).out) for name in CUSTOMERS}
    (reminder,) = shown["Late & Sons"]
    label = {"xero": "Xero", "quickbooks": "QuickBooks Online"}[platform]
    assert reminder == (
        f"Invoice emailed by {label}: 5 days overdue, GBP 250.00 due"
        " (little.yaml:22, Standard cadence), as step first reminder."
    )
    held = next(
        sentence for sentence in shown["Deep Debt Ltd"] if sentence.startswith("Credit hold placed")
    )
    assert "90 days overdue, 60 allowed" in held
    assert "_days_" not in held, "no name of a fact"
    assert held.endswith("(little.yaml:10, Seriously overdue).")

    shell("sync")
    assert shell("approve", "--all").code == 0
    shell("sync")
    standing = notes(sandbox, platform)
    for name, expected in shown.items():
        for sentence in expected:
            assert [text for text in standing if text.startswith(sentence)], (name, sentence)
    for row in shell("actions", "--json").json:
        (sentence,) = sentences(shell("why", row["key"]).out)
        assert [text for text in standing if row["key"][:8] in text and sentence in text], sentence


def test_full_and_json_why_include_the_notes_sentence(shell: Shell) -> None:
    sentence = "5 days overdue, GBP 250.00 due (little.yaml:22, Standard cadence)"
    words = ("why", "Late & Sons", "--connection", "xero")
    assert sentence in shell(*words, "--full").out
    explained = shell(*words, "--json").json["explanation"]
    assert [line for line in explained if sentence in line["text"]]
