"""The doctor asks each mail server and domain once, and says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dns.resolver
import pytest
from tests.builders.dns_server import Zone, resolving
from tests.builders.practice import OWNER, Practice, practising

from arsync.application.health.doctor import examine
from arsync.application.health.findings import NOTE, OK, WRONG, Finding
from arsync.application.health.mail_health import DOMAINS_MAX, mail_findings
from arsync.application.organisation.container import Container
from arsync.config import Config, load_config
from arsync.mail.sender_domain import NoDnsError

ZONE: Zone = {
    ("practice.invalid.uk", "MX"): ["10 mx.practice.invalid.uk."],
    ("practice.invalid.uk", "TXT"): ['"v=spf1 a ~all"'],
}


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Practice]:
    with practising(tmp_path) as opened:
        yield opened


def settings(folder: Path, smtp: str) -> Config:
    (folder / "other.toml").write_text(f"[smtp]\n{smtp}\n")
    return load_config(folder / "other.toml", {})


def found(
    config: Config, practice: Practice | None = None, zone: Zone = ZONE
) -> list[tuple[str, str, str]]:
    organisations = [practice.organisation(name) for name in ("acme", "bolt")] if practice else []
    with resolving(zone) as resolver:
        findings: list[Finding] = list(mail_findings(config, organisations, lambda: resolver))
    return [(finding.about, finding.verdict, finding.message) for finding in findings]


def test_a_server_that_answers_is_told_once(practice: Practice) -> None:
    assert found(practice.container.config, practice) == [
        ("smtp", OK, "mail leaves as p@example.com.")
    ]


def test_a_server_that_does_not_is_wrong(tmp_path: Path) -> None:
    nobody = settings(tmp_path, 'url = "smtp://127.0.0.1:9"\nsender = "p@example.com"')
    ((about, verdict, text),) = found(nobody)
    assert (about, verdict) == ("smtp", WRONG)
    assert "cannot be reached" in text


def test_a_clients_own_server_is_told_by_name(practice: Practice) -> None:
    practice.own("bolt", '[smtp]\nurl = "smtp://127.0.0.1:9"\n')
    assert [
        (about, verdict) for about, verdict, _ in found(practice.container.config, practice)
    ] == [
        ("smtp", OK),
        ("smtp of bolt", WRONG),
    ]


def test_the_senders_domain_is_looked_up(tmp_path: Path) -> None:
    sending = settings(
        tmp_path,
        'url = "smtp://smtp.mailer.invalid.uk:9"\nsender = "AR <ar@practice.invalid.uk>"',
    )
    told = [(verdict, text) for about, verdict, text in found(sending) if about == "sender"]
    assert told[0] == (OK, "practice.invalid.uk takes mail at mx.practice.invalid.uk.")
    assert told[1] == (OK, "SPF of practice.invalid.uk: v=spf1 a ~all")
    assert [verdict for verdict, _ in told[2:]] == [NOTE, NOTE, NOTE]


def test_without_dns_there_is_a_note_and_no_error(tmp_path: Path) -> None:
    def nobody() -> dns.resolver.Resolver:
        raise NoDnsError

    own = 'url = "smtp://smtp.mailer.invalid.uk:9"\nsender = "ar@practice.invalid.uk"'
    sending = settings(tmp_path, own)
    findings = list(mail_findings(sending, [], nobody))
    assert [(each.about, each.verdict) for each in findings] == [("smtp", WRONG), ("sender", NOTE)]
    assert "DNS does not answer here" in findings[1].message


def test_domains_of_examples_are_not_looked_up(tmp_path: Path) -> None:
    sending = settings(tmp_path, 'url = "smtp://mx.example.com:9"\nsender = "ar@books.example"')
    assert [about for about, _, _ in found(sending)] == ["smtp"]
    assert DOMAINS_MAX == 20


def test_a_bounded_number_of_domains_is_looked_up(practice: Practice) -> None:
    config = practice.container.config
    clients = [f"client{number}" for number in range(DOMAINS_MAX + 5)]
    for name in clients:
        practice.add(name)
        own = f'url = "smtp://127.0.0.1:9"\nsender = "ar@{name}.invalid.uk"'
        practice.own(name, f"[smtp]\n{own}\n".replace("127.0.0.1", "mailer.invalid.uk"))
    organisations = [practice.organisation(name) for name in clients]
    with resolving({}) as resolver:
        findings = list(mail_findings(config, organisations, lambda: resolver))
    lookups = [each for each in findings if "has no mail server in DNS" in each.message]
    assert len(lookups) == DOMAINS_MAX


def test_settings_before_anything_is_connected_are_noted(tmp_path: Path) -> None:
    (tmp_path / "connections").mkdir()
    (tmp_path / "connections" / "acme.toml").touch()
    (tmp_path / "config.toml").touch()
    with Container(load_config(tmp_path / "config.toml", {})) as container:
        findings = list(examine(OWNER, container))
    (about,) = [each for each in findings if each.about == "settings"]
    assert about.verdict == NOTE
    assert about.message.startswith("connections/acme.toml: no connection has this name")
