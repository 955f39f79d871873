"""Both connectors tell their platform's webhooks from forged ones, and read no nonsense."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders.posted import (
    QUICKBOOKS_TOKEN,
    XERO_KEY,
    Posted,
    from_quickbooks,
    from_xero,
    xero_event,
)

from arsync.connector_sdk import platform
from arsync.connector_sdk.webhooks import WEBHOOK_EVENTS_MAX, UnreadableWebhook, WebhookReader
from arsync_sandbox.quickbooks.ledger import EntityChange
from arsync_sandbox.quickbooks.webhooks import cloud_events_body, legacy_body

AT = datetime(2026, 11, 30, 9, 15, 39, tzinfo=UTC)
SECRETS = {"xero": XERO_KEY, "quickbooks": QUICKBOOKS_TOKEN}
POSTED = [
    from_xero([xero_event("t-1", AT)]),
    from_quickbooks("310687", AT),
    from_quickbooks("310687", AT, old_form=True),
]
NAMES = ["xero", "quickbooks"]
DEEP = b"[" * 100_000

# XeroAPI/XeroWebhooksReceiver, issue 1.
XERO_VECTOR = (
    b'{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, '
    b'"entropy": "LUWDSUDGSWNZVALZXBEV"}'
)
XERO_VECTOR_KEY = (
    "LR+QgKlbRciIPYpi65tTKLaZ3FzLLofCNEQWrRXqWXJeDFrfexzfVI9SmnVuCWDJ4jnjHB9ECtOyxZSofRxwWw=="
)
# Intuit's .NET unit tests.
INTUIT_VECTOR = (
    b'{"eventNotifications":[{"realmId":"1269959970","dataChangeEvent":{"entities":['
    b'{"name":"Vendor","id":"40","operation":"Update","lastUpdated":"2016-10-05T03:09:04.000Z"},'
    b'{"name":"Customer","id":"43","operation":"Create","lastUpdated":"2016-10-05T03:07:04.000Z"}'
    b"]}}]}"
)
INTUIT_VECTOR_TOKEN = "00faeec4-08d0-4996-bb37-698ae19f0149"


def reader(name: str) -> WebhookReader:
    found_reader = platform(name).webhook
    assert found_reader is not None
    return found_reader


def test_xeros_public_vector_is_verified() -> None:
    signature = "BjzNbYUfrzg4g8wxm+dKHaZVrKxr2m75E296fUbD1E4="
    verify = reader("xero").verify
    assert verify(XERO_VECTOR, {"x-xero-signature": signature}, XERO_VECTOR_KEY)
    assert not verify(XERO_VECTOR, {"x-xero-signature": "/" + signature[1:]}, XERO_VECTOR_KEY)
    assert reader("xero").read(XERO_VECTOR).events == []


def test_intuits_public_vector_is_verified_and_read() -> None:
    headers = {"intuit-signature": "6q+xGyMirJupwKTh2/WBl2NcdxzxqdIbk3sneKTxLWM="}
    assert reader("quickbooks").verify(INTUIT_VECTOR, headers, INTUIT_VECTOR_TOKEN)
    delivery = reader("quickbooks").read(INTUIT_VECTOR)
    assert [event.organisation_id for event in delivery.events] == ["1269959970"]
    assert delivery.of_no_concern == 1, "a supplier is no customer"


@pytest.mark.parametrize("posted", POSTED, ids=["xero", "cloud events", "old form"])
def test_nothing_but_the_signed_bytes_is_verified(posted: Posted) -> None:
    verify, secret = reader(posted.platform).verify, SECRETS[posted.platform]
    (header, signature), body = next(iter(posted.headers.items())), posted.body
    assert verify(body, posted.headers, secret)
    assert not verify(body + b" ", posted.headers, secret)
    assert not verify(body, posted.headers, secret + "x")
    wrong = ["", signature[:-1], signature.lower(), f" {signature}", "é" + signature[1:], "\udcff"]
    assert not any(verify(body, {header: text}, secret) for text in wrong)
    assert not verify(body, {"authorization": signature}, secret)


@pytest.mark.parametrize("posted", POSTED, ids=["xero", "cloud events", "old form"])
def test_an_event_is_the_same_each_time_it_comes(posted: Posted) -> None:
    read = reader(posted.platform).read
    first, again = read(posted.body).events, read(posted.body).events
    assert first == again
    (event,) = first
    assert event.organisation_id in {"t-1", "310687"}
    assert event.at.replace(microsecond=0) == AT


def test_changes_of_one_record_are_different_events() -> None:
    later = AT.replace(minute=16)
    rows = [xero_event("t-1", AT), xero_event("t-1", later), xero_event("t-1", AT, "i-2")]
    rows.append({**rows[0], "eventType": "CREATE"})
    events = reader("xero").read(from_xero(rows).body).events
    assert len({event.identity for event in events}) == 4
    old = [from_quickbooks("1", moment, old_form=True).body for moment in (AT, later)]
    assert len({reader("quickbooks").read(body).events[0].identity for body in old}) == 2


def test_only_what_pulls_read_is_of_concern() -> None:
    kinds = ["INVOICE", "CONTACT", "CREDITNOTE", "PREPAYMENT", "OVERPAYMENT", "SUBSCRIPTION", "NEW"]
    delivery = reader("xero").read(from_xero([xero_event("t-1", AT, "x", k) for k in kinds]).body)
    assert (len(delivery.events), delivery.of_no_concern) == (5, 2)
    names = ["Invoice", "Customer", "CreditMemo", "Payment", "Vendor", "Bill"]
    changes = [EntityChange(name, "1", "Void") for name in names]
    for write in (cloud_events_body, legacy_body):
        delivery = reader("quickbooks").read(write("310687", changes, AT))
        assert (len(delivery.events), delivery.of_no_concern) == (4, 2)


def test_an_odd_event_does_not_hide_the_others() -> None:
    odd: list[Any] = [None, 7, {}, {**xero_event("t-1", AT), "eventDateUtc": "yesterday"}]
    delivery = reader("xero").read(from_xero([*odd, xero_event("t-1", AT)]).body)
    assert (len(delivery.events), delivery.unreadable) == (1, 4)
    rows = json.loads(POSTED[1].body)
    strange: list[Any] = [
        None,
        [],
        {**rows[0], "time": "2026-13-01T00:00:00Z"},
        {**rows[0], "id": 4},
    ]
    delivery = reader("quickbooks").read(json.dumps([*strange, *rows]).encode())
    assert (len(delivery.events), delivery.unreadable) == (1, 4)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"7",
        b"<xml/>",
        b'{"events":{}}',
        b'{"eventNotifications":[{}]}',
        b"\xff",
        DEEP,
    ],
    ids=["empty", "null", "number", "xml", "object", "no realm", "no text", "deep"],
)
def test_what_is_no_delivery_is_unreadable(name: str, body: bytes) -> None:
    with pytest.raises(UnreadableWebhook):
        reader(name).read(body)


@pytest.mark.parametrize("name", NAMES)
def test_a_deeply_nested_event_is_survived(name: str) -> None:
    nested = b'{"data":' * 50_000 + b"1" + b"}" * 50_000
    body = b"[%s]" % nested if name == "quickbooks" else b'{"events":[%s]}' % nested
    with suppress(UnreadableWebhook):
        assert reader(name).read(body).events == []


@pytest.mark.parametrize("name", NAMES)
def test_more_events_than_the_limit_are_not_read(name: str) -> None:
    rows = b",".join([b"0"] * (WEBHOOK_EVENTS_MAX + 1))
    body = b"[%s]" % rows if name == "quickbooks" else b'{"events":[%s]}' % rows
    with pytest.raises(UnreadableWebhook, match="10,001 events"):
        reader(name).read(body)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["events", "eventNotifications", "realmId", "dataChangeEvent", "id"]),
            inner,
        )
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=30)
@given(body=st.binary() | _JSON.map(lambda value: json.dumps(value).encode()))
def test_whatever_is_signed_is_survived(name: str, body: bytes) -> None:
    try:
        delivery = reader(name).read(body)
    except UnreadableWebhook:
        return
    assert all(event.at.tzinfo for event in delivery.events)
