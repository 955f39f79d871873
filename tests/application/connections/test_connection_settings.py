"""One practice, many clients: what a connection's own file says reaches everything done for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.builders.books import NOW
from tests.builders.practice import OWNER, Practice, practising

from arsync.application.health.doctor import examine
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.overview.daily_mail import mail_of_the_day
from arsync.application.overview.status import status
from arsync.application.result_views import connection_view
from arsync.application.runs import runs
from arsync.application.telling.notifications import notify_of_lost_authorisation
from arsync.config import load_config
from arsync.connector_sdk import Token
from arsync.core.actions import ActionState
from arsync.store.models import ConnectionState

BROKEN = '[letters]\niban = "GB00 WEST 1234 5698 7654 32"\n'


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Practice]:
    with practising(tmp_path) as opened:
        yield opened


def test_each_clients_letters_leave_as_its_own(practice: Practice) -> None:
    practice.own("acme", '[smtp]\nsender = "Acme <ar@acme.example>"\n')
    assert (practice.sync("acme"), practice.sync("bolt")) == ([], [])
    assert [sender for sender, _, _ in practice.mails()] == [
        "Acme <ar@acme.example>",
        "p@example.com",
    ]


def test_the_daily_limit_is_the_clients(practice: Practice) -> None:
    practice.platform.books.add_invoice(practice.platform.books.add_contact(2), 2, overdue=5)
    practice.own("acme", "[smtp]\nemails_per_day = 1\n")
    practice.sync("acme")
    assert len(practice.mails()) == 1
    practice.sync("bolt")
    assert len(practice.mails()) == 3


def test_connectors_get_the_clients_own_settings(practice: Practice) -> None:
    practice.own("acme", '[xero]\nlate_fee_account = "260"\n')
    organisation = practice.organisation("acme")
    assert organisation.config.section("xero")["late_fee_account"] == "260"
    row = organisation.connection._replace(platform="xero")
    fees = OrganisationContext(practice.container, row).platform_settings
    assert fees["late_fee_account"] == "260"


def test_a_wrong_file_stops_its_connection_alone(practice: Practice) -> None:
    practice.own("acme", BROKEN)
    (problem,) = practice.sync("acme")
    assert "connections/acme.toml:2: [letters] iban" in problem
    assert practice.sync("bolt") == []
    assert [recipients for _, recipients, _ in practice.mails()] == ["c1@x.example"]
    seen = status(OWNER, practice.organisation("acme"))
    assert (seen.rulebook_ok, problem in seen.rulebook) == (False, True)
    told = {finding.message for finding in examine(OWNER, practice.container)}
    assert problem in told
    view = connection_view(practice.organisation("acme"))
    assert view.own_settings == ()


def test_what_was_approved_waits_for_a_right_file(practice: Practice) -> None:
    practice.container.store.connections.set_mode("acme", "approve")
    practice.sync("acme")
    practice.own("acme", BROKEN)
    row = practice.container.store.connections.get("acme")
    (waiting,) = practice.container.store.actions.list(row.id)
    assert runs.apply(OWNER, practice.organisation("acme")).mistake
    assert practice.container.store.actions.get(waiting.key).state is waiting.state
    assert waiting.state is ActionState.AWAITING_APPROVAL


def test_settings_of_no_connection_stop_what_rules_plan(practice: Practice) -> None:
    practice.own("acmee", '[smtp]\nsender = "Acme <ar@acme.example>"\n')
    problems = practice.sync("acme")
    assert any("connections/acmee.toml: no connection has this name" in text for text in problems)
    assert practice.mails() == []
    findings = list(examine(OWNER, practice.container))
    assert any("did you mean 'acme.toml'?" in finding.message for finding in findings)


def test_each_owner_is_mailed_of_its_own_alone(practice: Practice) -> None:
    practice.own("acme", '[runs]\nnotify = "jo@acme.example"\n')
    practice.container.store.connections.set_mode("acme", "approve")
    practice.container.store.connections.set_mode("bolt", "approve")
    practice.sync("acme")
    practice.sync("bolt")
    assert mail_of_the_day(practice.container)
    assert not mail_of_the_day(practice.container), "once a day each"
    by_reader = {recipients: text for _, recipients, text in practice.mails()}
    assert by_reader.keys() == {"jo@acme.example", "practice@example.com"}
    assert "bolt" not in by_reader["jo@acme.example"]
    assert "acme" not in by_reader["practice@example.com"]


def test_one_person_of_many_clients_gets_one_mail(practice: Practice) -> None:
    practice.own("acme", '[runs]\nnotify = "Practice@example.com"\n')
    practice.container.store.connections.set_mode("acme", "approve")
    practice.container.store.connections.set_mode("bolt", "approve")
    practice.sync("acme")
    practice.sync("bolt")
    assert mail_of_the_day(practice.container)
    ((_, _, text),) = practice.mails()
    assert "\nacme\n" in text
    assert "\nbolt\n" in text


def test_a_wrong_file_is_mailed_to_the_practice(practice: Practice) -> None:
    practice.own("acme", BROKEN)
    practice.sync("acme")
    assert mail_of_the_day(practice.container)
    ((_, recipients, text),) = practice.mails()
    assert recipients == "practice@example.com"
    assert "connections/acme.toml:2: [letters] iban" in text


def test_a_lost_consent_names_no_other_client(practice: Practice) -> None:
    store = practice.container.store
    practice.own("acme", '[runs]\nnotify = "jo@acme.example"\n')
    grant_id = store.tokens.create("books", Token("access", "refresh", NOW))
    for name in ("acme", "bolt"):
        row = store.connections.get(name)
        store.connections.attach(row.id, grant_id)
        store.connections.set_state(row.id, ConnectionState.NEEDS_RECONNECT)
    notify_of_lost_authorisation(practice.organisation("bolt"), "expired")
    by_reader = {recipients: text for _, recipients, text in practice.mails()}
    assert "Connections: acme." in by_reader["jo@acme.example"]
    assert "Connections: bolt." in by_reader["practice@example.com"]
    practice.sink.envelopes.clear()
    notify_of_lost_authorisation(practice.organisation("acme"), "expired")
    assert practice.mails() == [], "each was told"


def test_doctor_says_which_settings_are_a_clients_own(practice: Practice) -> None:
    practice.own("acme", '[smtp]\nurl = "smtp://localhost:PORT"\n[letters]\nphone = "1"\n')
    file = practice.container.config.folder / "connections" / "acme.toml"
    file.chmod(0o644)
    told = [(finding.about, finding.message) for finding in examine(OWNER, practice.container)]
    assert ("settings of acme", "its own: [smtp] url, [letters] phone.") in told
    assert (
        "settings of acme",
        f"it holds secrets and others can read it. Run: chmod 600 {file}",
    ) in told
    assert ("smtp of acme", "mail leaves as p@example.com.") in told
    view = connection_view(practice.organisation("acme"))
    assert view.own_settings == ("smtp.url", "letters.phone")


def test_letters_of_several_that_name_one_account_are_told(practice: Practice) -> None:
    file = practice.container.config.folder / "config.toml"
    file.write_text(file.read_text() + '[letters]\niban = "GB82WEST12345698765432"\n')
    practice.container.config = load_config(file, {})
    words = "the letters of acme, bolt name one bank account"
    assert any(words in finding.message for finding in examine(OWNER, practice.container))
    practice.own("bolt", '[letters]\naccount_number = "31926819"\n')
    assert not any(words in finding.message for finding in examine(OWNER, practice.container))
