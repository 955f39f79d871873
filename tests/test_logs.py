"""Logs: text as people know it, JSON as collectors want it, and never a secret."""

from __future__ import annotations

import io
import json
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest

from arsync.logs import HIDDEN, log_fields, log_handler

KEY = "a-signing-key-of-ours"


@contextmanager
def logged(*, as_json: bool) -> Iterator[tuple[logging.Logger, io.StringIO]]:
    stream = io.StringIO()
    logger = logging.getLogger("arsync.tests.logs")
    handler = log_handler(stream, as_json=as_json, secrets=[KEY, "short"])
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    yield logger, stream
    logger.removeHandler(handler)
    logger.propagate = True


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_of_json_says_what_it_is_about() -> None:
    with logged(as_json=True) as (logger, stream), log_fields(connection="acme"):
        with log_fields(run=7):
            logger.warning("%s of %s\nactions", 3, "Müller")
        logger.info("over")
    first, second = lines(stream)
    moment = datetime.fromisoformat(str(first.pop("time")))
    assert moment.utcoffset() is not None
    assert not moment.utcoffset()
    assert first == {
        "level": "warning",
        "logger": "arsync.tests.logs",
        "event": "3 of Müller\nactions",
        "connection": "acme",
        "run": 7,
    }
    assert "run" not in second


def test_each_thread_has_fields_of_its_own() -> None:
    with logged(as_json=True) as (logger, stream):
        both_bound = threading.Barrier(2, timeout=20)

        def work(name: str) -> None:
            with log_fields(connection=name):
                both_bound.wait()
                logger.info("at work on %s", name)

        threads = [threading.Thread(target=work, args=(name,)) for name in ("acme", "bolt")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        logger.info("idle")
    *working, idle = lines(stream)
    assert sorted((line["connection"], line["event"]) for line in working) == [
        ("acme", "at work on acme"),
        ("bolt", "at work on bolt"),
    ]
    assert "connection" not in idle


def test_an_exception_is_structured_and_hides_its_variables() -> None:
    def fail(customer: str) -> None:
        try:
            _ = os.environ[f"{KEY} is no variable"]
        except KeyError as cause:
            raise ValueError(f"it holds {KEY}") from cause

    with logged(as_json=True) as (logger, stream):
        try:
            fail("Ridge & Co")
        except ValueError:
            logger.exception("the run failed")
    (line,) = lines(stream)
    assert line["event"] == "the run failed"
    exception = line["exception"]
    assert isinstance(exception, list)
    assert [link["exc_type"] for link in exception] == ["ValueError", "KeyError"]
    assert exception[0]["exc_value"] == f"it holds {HIDDEN}"
    assert exception[0]["frames"][-1]["name"] == "fail"
    assert "Ridge" not in stream.getvalue()


def test_text_looks_as_people_know_it() -> None:
    with logged(as_json=False) as (logger, stream), log_fields(connection="acme"):
        logger.warning("%s: the run failed", "acme")
    day, clock, rest = stream.getvalue().split(" ", 2)
    datetime.fromisoformat(f"{day} {clock.replace(',', '.')}")
    assert rest == "WARNING arsync.tests.logs acme: the run failed\n"


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(
    "leak",
    [
        f"signed with {KEY}",
        "Authorization: Bearer abcdefgh12345678",
        "postgresql://arsync:hunter2hunter@db/arsync",
        "token " + ".".join(["eyJ" + "a1B2" * 4, "eyJzdWIiOiIxIn0", "c2ln"]),
        'body {"refresh_token": "r-1234567890"}',
        "https://x/callback?code=abcdef123&state=1",
    ],
)
def test_no_secret_passes(leak: str, as_json: bool) -> None:
    secrets = (KEY, "abcdefgh12345678", "hunter2hunter", "eyJzdWI", "r-1234567890", "abcdef123")
    with logged(as_json=as_json) as (logger, stream):
        logger.info("it said: %s", leak)
    assert HIDDEN in stream.getvalue()
    assert not [secret for secret in secrets if secret in stream.getvalue()]


def test_short_settings_blank_out_no_words() -> None:
    with logged(as_json=False) as (logger, stream):
        logger.info("a short error code: 6000")
    assert stream.getvalue().endswith("a short error code: 6000\n")
