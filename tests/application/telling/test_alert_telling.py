"""Alerts by mail and webhook: once; what surely did not leave is tried again, then given up."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.builders.books import NOW, ORGANISATION, Books, BooksPlatform
from tests.builders.mail_server import Sink
from tests.builders.stores import put_store

from arsync.application.connections import connecting
from arsync.application.health.alert_ways import alert_findings
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.overview.daily_digest import daily_digest
from arsync.application.permissions import Actor, Role
from arsync.application.runs import runs
from arsync.application.telling.alert_telling import TRIES_MAX, tell_alerts
from arsync.clock import SetClock
from arsync.config import load_config
from arsync.core.actions import ActionState
from arsync.core.rulebook.model import TellBy
from arsync.http.signed_webhooks import signed_headers
from arsync.store import open_store
from arsync.store.actions.alert_tellings import AlertTelling

OWNER = Actor("Olga", Role.OWNER)
SECRET = "whsec_plJ3nmyCDGBKInavdOK15jsl"
RULES = """version: 1
currency: GBP
roles: {credit control: cc@example.com}
alerts:
  - name: Late
    when: {oldest_days_overdue: {at_least: 3}}
    tell: [credit control, owner, jo@example.com]
    by: BY
"""


class Receiver:
    """A webhook's receiver: keeps what it is posted, and answers what it is told to."""

    def __init__(self) -> None:
        self.answer = 204
        self.posted: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.posted.append((headers, body))
                if receiver.answer == 0:
                    return  # the connection closes without an answer
                self.send_response(receiver.answer)
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/alerts"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    thread = threading.Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join(5)


@pytest.fixture
def opened(
    tmp_path: Path, server: tuple[Sink, int], receiver: Receiver, books: Books
) -> Iterator[Container]:
    """One connection by the rulebook, with a customer who is 5 days late."""
    put_store(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "standard.yaml").write_text(RULES.replace("BY", "[mail, webhook]"))
    (tmp_path / "config.toml").write_text(
        '[store]\nurl = "sqlite:///arsync.db"\n[tokens]\nkeyring = "off"\n'
        '[runs]\nnotify = "owner@example.com"\ndaily_mail = "off"\n'
        f'[smtp]\nurl = "smtp://127.0.0.1:{server[1]}"\nsender = "accounts@example.com"\n'
        f'[alerts]\nwebhook = "{receiver.url}"\nsecret = "{SECRET}"\n'
    )
    with Container(
        load_config(tmp_path / "config.toml", {}),
        clock=SetClock(NOW),
        platforms=lambda _: BooksPlatform(books),
    ) as container:
        container.store.connections.add("books", platform="books", organisation=ORGANISATION)
        books.add_invoice(books.add_contact(1), 1, overdue=5)
        yield container


def now(container: Container) -> OrganisationContext:
    (organisation,) = connecting.connections(OWNER, container)
    return organisation


def run(container: Container, mode: str = "auto") -> None:
    connecting.set_mode(OWNER, now(container), mode)
    result = runs.sync(OWNER, now(container))
    assert not result.broke, result.all_problems


def pass_time(container: Container, **step: float) -> None:
    assert isinstance(container.clock, SetClock)
    container.clock.advance(timedelta(**step))


def readers(sink: Sink) -> list[str]:
    return sorted(address for envelope in sink.envelopes for address in envelope.rcpt_tos)


def test_each_is_told_once_however_often_it_runs(
    opened: Container, sink: Sink, receiver: Receiver
) -> None:
    for _ in range(3):
        run(opened)
        pass_time(opened, hours=7)
    assert readers(sink) == ["cc@example.com", "jo@example.com", "owner@example.com"]
    assert len(receiver.posted) == 1
    (task,) = opened.store.actions.open_tasks()
    events = [event.reason for event in opened.store.actions.events(task.key)]
    assert events[-4:] == [
        "mailed to cc@example.com",
        "mailed to jo@example.com",
        "mailed to owner@example.com",
        "posted to the webhook",
    ]


def test_the_mail_says_what_was_seen(opened: Container, sink: Sink) -> None:
    run(opened)
    content = sink.envelopes[0].content
    assert isinstance(content, bytes)
    message = message_from_bytes(content, policy=policy.default)
    body = message.get_body(("plain",))
    assert body is not None
    name = opened.store.actions.open_tasks()[0].action.contact_name
    assert message["Subject"].endswith(f": Late: {name}")
    text = " ".join(body.get_content().split())
    assert f"{name}: Late: 5 days overdue, 3 allowed (standard.yaml:5, Late)." in text


def test_what_is_posted_is_signed_and_whole(opened: Container, receiver: Receiver) -> None:
    run(opened)
    ((headers, body),) = receiver.posted
    (task,) = opened.store.actions.open_tasks()
    assert headers["webhook-id"] == task.key
    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), NOW.tzinfo)
    expected = signed_headers(SECRET, task.key, at, body)
    assert headers["webhook-signature"] == expected["webhook-signature"]
    told = json.loads(body)
    assert told["customer"] == {"id": task.action.contact_id, "name": task.action.contact_name}
    assert (told["alert"], told["observation"]) == ("Late", "5 days overdue, 3 allowed")
    assert told["because"]["facts"] == {"oldest_days_overdue": 5}
    assert told["tell"] == ["credit control", "owner", "jo@example.com"]


@pytest.mark.parametrize(("mode", "waits"), [("observe", False), ("approve", True)])
def test_nothing_is_told_that_has_not_left(
    opened: Container, sink: Sink, receiver: Receiver, mode: str, waits: bool
) -> None:
    run(opened, mode)
    assert not sink.envelopes
    assert not receiver.posted
    awaiting = now(opened).store.actions.counts(now(opened).id)
    assert bool(awaiting.get(ActionState.AWAITING_APPROVAL)) is waits


@pytest.mark.parametrize("answer", [500, 404, 301, 0])
def test_a_receiver_that_fails_is_given_up_later(
    opened: Container, receiver: Receiver, answer: int
) -> None:
    receiver.answer = answer
    run(opened)
    tell_alerts(now(opened))
    assert len(receiver.posted) == 1, "not before the pause is over"
    for _ in range(TRIES_MAX + 3):
        pass_time(opened, hours=12)
        tell_alerts(now(opened))
    assert len(receiver.posted) == TRIES_MAX
    assert len({headers["webhook-id"] for headers, _ in receiver.posted}) == 1
    (failed,) = opened.store.alerts.given_up(now(opened).id)
    assert failed.failure.startswith(f"given up after {TRIES_MAX} tries: ")
    wrong = [finding.message for finding in alert_findings(now(opened)) if finding.verdict != "ok"]
    assert wrong == [f"an alert could not be told by webhook: {failed.failure}"]
    digest = daily_digest([now(opened)])
    assert digest is not None
    (section,) = [section for section in digest.sections if section.title == "Alerts"]
    lines = [line.text for line in section.by_connection[0][1]]
    assert lines[0] == f"an alert could not be told by webhook: {failed.failure}"
    assert lines[1].endswith(": Late: 5 days overdue, 3 allowed, since 2026-11-20")


def test_a_second_try_has_the_same_id(opened: Container, receiver: Receiver) -> None:
    receiver.answer = 503
    run(opened)
    receiver.answer = 200
    pass_time(opened, minutes=6)
    tell_alerts(now(opened))
    tell_alerts(now(opened))
    assert len(receiver.posted) == 2
    assert not opened.store.alerts.given_up(now(opened).id)


def test_a_mail_that_was_refused_is_tried_again(opened: Container, sink: Sink) -> None:
    sink.refused["jo@example.com"] = "450 4.2.1 mailbox busy"
    run(opened)
    assert readers(sink) == ["cc@example.com", "owner@example.com"]
    sink.refused.clear()
    pass_time(opened, minutes=6)
    tell_alerts(now(opened))
    assert readers(sink) == ["cc@example.com", "jo@example.com", "owner@example.com"]


def test_who_dies_while_telling_repeats_no_mail(
    opened: Container, sink: Sink, receiver: Receiver
) -> None:
    run(opened)
    (task,) = opened.store.actions.open_tasks()
    mail = AlertTelling(task.key, TellBy.MAIL, "jo@example.com")
    hook = AlertTelling(task.key, TellBy.WEBHOOK, "")
    # As a process leaves them that ended between the mark and the answer.
    opened.store.alerts.leaves([mail, hook], opened.clock.now())
    sink.envelopes.clear()
    tell_alerts(now(opened))
    assert not sink.envelopes
    assert [headers["webhook-id"] for headers, _ in receiver.posted] == [task.key, task.key]
    (unsure,) = opened.store.alerts.given_up(now(opened).id)
    assert "it may have left or not" in unsure.failure


def test_what_ended_before_is_not_told(opened: Container, receiver: Receiver, books: Books) -> None:
    receiver.answer = 500
    run(opened)
    books.pay(next(iter(books.invoices.values())))
    pass_time(opened, hours=1)
    receiver.answer = 200
    run(opened)
    assert len(receiver.posted) == 1
    assert not opened.store.alerts.given_up(now(opened).id)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ('webhook = "URL"\n', "[alerts] secret is empty"),
        ('secret = "x"\n', "[alerts] webhook is empty"),
        ('webhook = "URL"\nsecret = "whsec_?"\n', "no base64"),
    ],
)
def test_a_missing_setting_posts_nothing_and_is_told(
    opened: Container, receiver: Receiver, tmp_path: Path, setting: str, said: str
) -> None:
    text = (tmp_path / "config.toml").read_text().partition("[alerts]")[0]
    (tmp_path / "config.toml").write_text(f"{text}[alerts]\n{setting.replace('URL', receiver.url)}")
    opened.config = load_config(tmp_path / "config.toml", {})
    run(opened)
    assert not receiver.posted
    for _ in range(TRIES_MAX):
        pass_time(opened, hours=12)
        tell_alerts(now(opened))
    (failed,) = opened.store.alerts.given_up(now(opened).id)
    assert said in failed.failure


def test_after_a_restore_nobody_is_told_again(
    opened: Container, sink: Sink, receiver: Receiver, tmp_path: Path
) -> None:
    run(opened)
    opened.store.back_up(tmp_path / "kept.db")
    sink.envelopes.clear()
    pass_time(opened, hours=1)
    with open_store(f"sqlite:///{tmp_path}/new.db", clock=opened.clock) as restored:
        restored.restore(tmp_path / "kept.db")
        opened.store = restored
        tell_alerts(now(opened))
    assert not sink.envelopes
    assert len(receiver.posted) == 1


def test_two_schedulers_at_once_tell_once(
    opened: Container, sink: Sink, receiver: Receiver, books: Books
) -> None:
    connecting.set_mode(OWNER, now(opened), "auto")
    with Container(
        opened.config, clock=opened.clock, platforms=lambda _: BooksPlatform(books)
    ) as second:
        for _ in range(6):
            together = threading.Barrier(2)

            def one(container: Container, together: threading.Barrier = together) -> None:
                organisation = now(container)
                together.wait(10)
                runs.sync(OWNER, organisation)

            threads = [threading.Thread(target=one, args=(each,)) for each in (opened, second)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(30)
            pass_time(opened, hours=7)
    assert readers(sink) == ["cc@example.com", "jo@example.com", "owner@example.com"]
    assert len(receiver.posted) == 1
    assert len(opened.store.actions.open_tasks()) == 1
