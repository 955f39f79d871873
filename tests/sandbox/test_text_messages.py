"""The API of text messages, called as foreign clients call it."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from arsync_sandbox.server import Sandbox
from arsync_sandbox.text_messages import ACCOUNT, QUEUED_FOR, SENDER, TEXT_CHARACTERS_MAX, TOKEN

TO = "+447911123456"
TAKEN = {"To": TO, "From": SENDER, "Body": "Please pay"}


class Client:
    def __init__(self, sandbox: Sandbox) -> None:
        self.url = f"{sandbox.url}/2010-04-01/Accounts/{ACCOUNT}/Messages"
        self.auth = (ACCOUNT, TOKEN)

    def create(self, **form: str) -> requests.Response:
        return requests.post(f"{self.url}.json", data=form, auth=self.auth, timeout=10)

    def listed(self, **query: str) -> dict[str, Any]:
        answer = requests.get(f"{self.url}.json", params=query, auth=self.auth, timeout=10)
        tree: dict[str, Any] = answer.json()
        return tree


@pytest.fixture
def client(sandbox: Sandbox) -> Client:
    return Client(sandbox)


def test_a_message_is_taken_queued_and_then_delivered(client: Client, sandbox: Sandbox) -> None:
    answer = client.create(**TAKEN)
    assert answer.status_code == 201
    created = answer.json()
    assert (created["status"], created["date_sent"], created["direction"]) == (
        "queued",
        None,
        "outbound-api",
    )
    assert created["sid"].startswith("SM")
    sandbox.timeline.move_to(sandbox.now() + QUEUED_FOR)
    one = requests.get(f"{client.url}/{created['sid']}.json", auth=client.auth, timeout=10).json()
    assert one["status"] == "delivered"
    assert one["date_sent"]
    assert one["body"] == "Please pay"


def test_a_messaging_service_takes_it_without_a_sender(client: Client) -> None:
    created = client.create(To=TO, MessagingServiceSid="MG" + "a" * 32, Body="x").json()
    assert (created["status"], created["from"]) == ("accepted", None)


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"From": SENDER, "Body": "x"}, 21604),
        ({"To": "07911123456", "From": SENDER, "Body": "x"}, 21211),
        ({"To": TO, "Body": "x"}, 21603),
        ({"To": TO, "From": SENDER}, 21602),
        ({"To": TO, "From": SENDER, "Body": "x" * (TEXT_CHARACTERS_MAX + 1)}, 21617),
    ],
)
def test_what_is_wrong_is_refused_with_its_code(
    client: Client, form: dict[str, str], code: int
) -> None:
    answer = client.create(**form)
    refusal = answer.json()
    assert (answer.status_code, refusal["code"], refusal["status"]) == (400, code, 400)
    assert refusal["more_info"].endswith(str(code))
    assert client.listed()["messages"] == []


@pytest.mark.parametrize("auth", [None, (ACCOUNT, "wrong"), ("AC" + "0" * 32, TOKEN)])
def test_only_the_account_itself_is_served(client: Client, auth: Any) -> None:
    answer = requests.post(f"{client.url}.json", data=TAKEN, auth=auth, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (401, 20003)


def test_lists_are_filtered_paged_and_the_latest_first(client: Client, sandbox: Sandbox) -> None:
    for number in range(5):
        client.create(**TAKEN | {"Body": f"text {number}"})
    client.create(**TAKEN | {"To": "+491711234567"})
    page = client.listed(To=TO, PageSize="2")
    assert [message["body"] for message in page["messages"]] == ["text 4", "text 3"]
    host = client.url.partition("/2010")[0]
    following = requests.get(host + page["next_page_uri"], auth=client.auth, timeout=10).json()
    assert [message["body"] for message in following["messages"]] == ["text 2", "text 1"]
    assert following["previous_page_uri"]
    today = sandbox.now().date().isoformat()
    assert client.listed(DateSent=today)["messages"] == [], "they are queued"
    sandbox.timeline.move_to(sandbox.now() + QUEUED_FOR)
    assert len(client.listed(**{"DateSent>": today})["messages"]) == 6
    assert client.listed(**{"DateSent<": "2001-01-01"})["messages"] == []


def test_the_control_plane_shows_and_forgets_them(client: Client, sandbox: Sandbox) -> None:
    client.create(**TAKEN)
    state = requests.get(f"{sandbox.url}/_sandbox/state", timeout=10).json()
    assert [message["to"] for message in state["text_messages"]] == [TO]
    requests.post(f"{sandbox.url}/_sandbox/reset", json={}, timeout=10)
    assert client.listed()["messages"] == []
