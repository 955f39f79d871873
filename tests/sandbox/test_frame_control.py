"""What the control plane lets tests and people do."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from arsync_sandbox.faults import FAULTS_MAX, FaultProblem, Faults
from arsync_sandbox.journal import Journal
from arsync_sandbox.mailbox import Mailbox
from arsync_sandbox.platform import SandboxEmail
from arsync_sandbox.server import Sandbox


def refusal(sandbox: Sandbox, path: str, body: object) -> str:
    answer = requests.post(f"{sandbox.url}/_sandbox/{path}", json=body, timeout=5)
    assert answer.status_code == 400, answer.text
    error: str = answer.json()["error"]
    return error


def test_the_journal_tells_what_each_request_did(little: Sandbox, plane: Any) -> None:
    requests.get(f"{little.url}/little/rows?n=2", timeout=5)
    requests.post(
        f"{little.url}/little/rows", data="a", headers={"Idempotency-Key": "key-1"}, timeout=5
    )
    requests.post(f"{little.url}/little/rows?requestid=key-2", data="b", timeout=5)
    first, second, third = plane.journal()
    assert first["at"].startswith("2026-06-01T12:")
    assert (first["method"], first["path"]) == ("GET", "/little/rows?n=2")
    assert (first["status"], first["platform"], first["took_effect"]) == (200, "little", False)
    assert first["bytes"] == len('{"rows": ["0123456789", "0123456789"]}')
    assert (second["idempotency_key"], second["took_effect"]) == ("key-1", True)
    assert third["idempotency_key"] == "key-2"
    assert [row["number"] for row in plane.journal(since=2)] == [3]


def test_the_journal_holds_no_secret(little: Sandbox, plane: Any) -> None:
    query = "code=abc&state=s&refresh_token=def&code_verifier=ghi&code_challenge=open"
    requests.get(f"{little.url}/little/rows?{query}", timeout=5)
    path = plane.journal()[0]["path"]
    assert "code=***&state=s&refresh_token=***&code_verifier=***&code_challenge=open" in path


def test_the_journal_forgets_the_oldest_beyond_its_limit() -> None:
    journal = Journal(length_max=3)
    for _ in range(5):
        journal.open({"PATH_INFO": "/x", "REQUEST_METHOD": "GET"}, "", "")
    assert [row["number"] for row in journal.page()["requests"]] == [3, 4, 5]
    assert journal.page(limit=2)["more"]


def test_an_answer_lost_before_the_effect_had_none(little: Sandbox, plane: Any) -> None:
    plane.fault(method="POST", path="rows", drop="before")
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{little.url}/little/rows", data="a", timeout=5)
    book: Any = little.books["little"]
    assert book.posted == []
    assert plane.journal()[0] | {"at": ""} == {
        "number": 1,
        "at": "",
        "platform": "",
        "method": "POST",
        "path": "/little/rows",
        "status": 0,
        "idempotency_key": "",
        "took_effect": False,
        "bytes": 0,
        "fault": "drop before",
    }


def test_an_answer_lost_after_the_effect_had_it(little: Sandbox, plane: Any) -> None:
    plane.fault(method="POST", path="rows", drop="after")
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{little.url}/little/rows", data="a", timeout=5)
    book: Any = little.books["little"]
    assert book.posted == ["a"]
    assert (plane.journal()[0]["status"], plane.journal()[0]["took_effect"]) == (0, True)


def test_a_fault_hits_only_the_next_matching_requests(little: Sandbox, plane: Any) -> None:
    plane.fault(method="GET", path=r"n=\d", skip=1, times=2, status=503, body="<html>busy</html>")
    statuses = [
        requests.get(f"{little.url}/little/rows?n={n}", timeout=5).status_code for n in range(4)
    ]
    assert statuses == [200, 503, 503, 200]


def test_too_many_requests_can_come_with_headers_alone(little: Sandbox, plane: Any) -> None:
    headers = {"Retry-After": "17", "X-Rate-Limit-Problem": "minute"}
    plane.fault(status=429, headers=headers)
    answer = requests.get(f"{little.url}/little/rows", timeout=5)
    assert (answer.status_code, answer.text, answer.headers["Retry-After"]) == (429, "", "17")


def test_an_error_can_hide_an_effect(little: Sandbox, plane: Any) -> None:
    plane.fault(status=500, effect=True, body={"a": 1})
    answer = requests.post(f"{little.url}/little/rows", data="a", timeout=5)
    book: Any = little.books["little"]
    assert (answer.status_code, answer.json(), book.posted) == (500, {"a": 1}, ["a"])


def test_a_malformed_body_arrives_whole_and_means_nothing(little: Sandbox, plane: Any) -> None:
    plane.fault(malformed=True)
    answer = requests.get(f"{little.url}/little/rows?n=500", timeout=5)
    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_a_truncated_body_breaks_the_connection(little: Sandbox, plane: Any) -> None:
    plane.fault(truncated=True)
    with pytest.raises(requests.RequestException) as caught:
        requests.get(f"{little.url}/little/rows?n=500", timeout=5)
    assert "IncompleteRead" in repr(caught.value)


def test_a_slow_answer_can_outlast_the_client(little: Sandbox, plane: Any) -> None:
    plane.fault(delay_seconds=0.15)
    with pytest.raises(requests.Timeout):
        requests.post(f"{little.url}/little/rows", data="a", timeout=0.05)
    book: Any = little.books["little"]
    assert book.posted == ["a"]


def test_faults_can_be_taken_back(little: Sandbox, plane: Any) -> None:
    plane.fault(status=500)
    assert requests.delete(f"{little.url}/_sandbox/faults", timeout=5).json() == {"faults": []}
    assert requests.get(f"{little.url}/little/rows", timeout=5).status_code == 200


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({}, "nothing that goes wrong"),
        ({"statsu": 500}, "unknown key 'statsu'"),
        ({"status": 99}, "between 200 and 599"),
        ({"status": "500"}, "status is a number"),
        ({"drop": "during"}, "before or after"),
        ({"drop": "after", "path": "("}, "not a regular expression"),
        ({"delay_seconds": 1000}, "between 0 and 120"),
        ({"drop": "after", "times": 0}, "times is between"),
        ({"smtp": "burn"}, "smtp is one of refuse"),
    ],
)
def test_a_fault_that_cannot_be_says_why(wanted: dict[str, Any], said: str) -> None:
    with pytest.raises(FaultProblem, match=said.replace("(", r"\(")):
        Faults().add(wanted)


def test_only_so_many_faults_wait() -> None:
    faults = Faults()
    for _ in range(FAULTS_MAX):
        faults.add({"status": 500})
    with pytest.raises(FaultProblem, match="wait already"):
        faults.add({"status": 500})


def test_switches_are_listed_set_and_told_to_the_books(little: Sandbox, plane: Any) -> None:
    table = plane.get("settings")
    assert table["limits"]["value"] is True
    assert table["little_answer"] == {
        "value": "yes",
        "default": "yes",
        "meaning": "What the little book says.",
    }
    plane.settings(limits=False, little_answer="no", answer_delay_seconds=0)
    assert not little.limits_enforced
    assert little.setting("little_answer") == "no"
    book: Any = little.books["little"]
    assert book.changed[-3:] == ["limits", "little_answer", "answer_delay_seconds"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"limit": False}, "no setting 'limit'"),
        ({"limits": "no"}, "is a bool"),
        ({"consent": "maybe"}, "one of ask, allow, refuse"),
        ({"xero_webhook_url": "https://example.com/"}, "on this computer"),
        ({"limits": False, "debtors": 1}, "'debtors' is a bool"),
    ],
)
def test_a_wrong_switch_changes_nothing(little: Sandbox, values: dict[str, Any], said: str) -> None:
    assert said in refusal(little, "settings", values)
    assert little.limits_enforced


def test_a_person_edits_the_ledger_in_the_platform(little: Sandbox, plane: Any) -> None:
    plane.load(
        contacts=[{"id": "c", "name": "Old"}],
        invoices=[{"id": "i", "contact_id": "c", "issued_on": "2026-05-01", "total": "10.10"}],
    )
    assert plane.person("little", "pay", invoice_id="i", amount="4.05", on="2026-06-01") == "p0"
    plane.person("little", "rename", contact_id="c", name="New")
    state = plane.state("little")["little"]
    assert state["contacts"][0]["name"] == "New"
    assert state["invoices"] == [{"id": "i", "amount_due": "6.05"}]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"platform": "sage", "do": "pay"}, "no platform 'sage'"),
        ({"platform": "little", "do": "merge"}, "it can: pay, rename, void"),
        ({"platform": "little", "do": "blueprint"}, "cannot 'blueprint'"),
        ({"platform": "little", "do": "void"}, "missing a required argument"),
        ({"do": "pay", "invoice_id": "i", "amount": "x", "on": "2026-01-01"}, "not a Decimal"),
        ({"do": "pay", "invoice_id": "no", "amount": "1", "on": "2026-01-01"}, "refuses pay"),
    ],
)
def test_an_edit_that_cannot_be_says_why(
    little: Sandbox, wanted: dict[str, Any], said: str
) -> None:
    assert said in refusal(little, "people", wanted)


def test_documents_reach_the_book_with_their_decimals(little: Sandbox, plane: Any) -> None:
    answer = plane.post("load", {"documents": {"Invoices": [{"Total": 10.1}]}})
    assert answer == {"loaded": {"Invoices": 1}}
    book: Any = little.books["little"]
    assert book.posted == ['{"Invoices": [{"Total": "10.1"}]}']


def test_reset_comes_back_to_the_first_ledger_and_moment(
    start_little: Callable[..., Sandbox],
) -> None:
    sandbox = start_little(settings={"limits": False})
    sandbox.generate(contacts=3, invoices=10)
    before = sandbox.books["little"].state()
    requests.post(f"{sandbox.url}/_sandbox/clock", json={"to": "2030-01-01"}, timeout=5)
    requests.post(f"{sandbox.url}/_sandbox/settings", json={"limits": True}, timeout=5)
    requests.post(f"{sandbox.url}/_sandbox/reset", timeout=5)
    assert sandbox.books["little"].state() == before
    assert not sandbox.limits_enforced
    assert sandbox.now().year < 2030
    assert requests.get(f"{sandbox.url}/little/rows", timeout=5).ok


def test_what_is_not_json_is_refused_with_a_reason(little: Sandbox) -> None:
    for path in ("settings", "load", "people", "clock", "faults"):
        answer = requests.post(f"{little.url}/_sandbox/{path}", data="{", timeout=5)
        assert answer.status_code == 400
        assert "not JSON" in answer.json()["error"]


def test_faults_and_journal_skip_the_control_plane(little: Sandbox, plane: Any) -> None:
    plane.fault(drop="before", times=5)
    assert plane.journal() == []
    with pytest.raises((http.client.RemoteDisconnected, requests.ConnectionError)):
        requests.get(f"{little.url}/little/rows", timeout=5)


def test_the_control_plane_explains_itself(little: Sandbox, plane: Any) -> None:
    index = plane.get("")
    assert index["platforms"] == ["little"]
    assert {path.split()[1] for path in index if " " in path} == {
        rule.rule.removeprefix("/_sandbox/")
        for rule in little.app.url_map.iter_rules()
        if rule.rule.startswith("/_sandbox/") and rule.rule != "/_sandbox/"
    }


def test_the_mailbox_forgets_the_oldest_beyond_its_limit() -> None:
    mailbox = Mailbox(length_max=2)
    for number in range(3):
        at = datetime(2026, 6, 1, tzinfo=UTC)
        mailbox.put(SandboxEmail(at, "smtp", [], f"Letter {number}"))
    assert [email["subject"] for email in mailbox.as_json()] == ["Letter 1", "Letter 2"]
