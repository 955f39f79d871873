"""QuickBooks' refusals in all their shapes: each means one thing to do next."""

from __future__ import annotations

import json
from typing import Any

import pytest

from arsync.connector_sdk import HttpResponse
from arsync.errors import (
    ArsyncError,
    HealsWhen,
    NeedsReconnect,
    OutcomeUnknown,
    Rejected,
    RetryLater,
)
from arsync_quickbooks.api import Api, quoted, stamp
from arsync_quickbooks.errors import QuickBooksRejected, tree_of
from arsync_quickbooks.records import moment


def fault(code: str, message: str = "Message", detail: str = "Detail") -> dict[str, Any]:
    error = {"Message": message, "Detail": detail, "code": code, "element": ""}
    return {"Fault": {"Error": [error], "type": "ValidationFault"}, "time": "2026-05-05T02:12:08Z"}


def gateway(code: str, message: str) -> dict[str, Any]:
    error = {"message": message, "detail": "Token expired", "code": code, "element": None}
    return {"warnings": None, "fault": {"error": [error], "type": "AUTHENTICATION"}, "time": 1}


def raised(body: Any, status: int = 400, *, changes: bool = False) -> ArsyncError:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(ArsyncError) as caught:
        tree_of(HttpResponse(status, {}, content), changes=changes)
    return caught.value


@pytest.mark.parametrize(
    ("body", "status", "changes", "error"),
    [
        (fault("610"), 400, False, QuickBooksRejected),
        (fault("5010"), 200, True, QuickBooksRejected),
        (fault("3200"), 400, False, NeedsReconnect),
        (fault("3100"), 400, False, NeedsReconnect),
        (fault("120"), 400, True, NeedsReconnect),
        (fault("3001"), 200, True, RetryLater),
        (fault("003001"), 400, False, RetryLater),
        (gateway("3200", "message=AuthenticationFailed"), 200, False, NeedsReconnect),
        (gateway("", "message=ThrottleExceeded; errorCode=003001"), 400, False, RetryLater),
        (fault("10000"), 400, False, RetryLater),
        (fault("10000"), 400, True, OutcomeUnknown),
        (fault("-30003", "Unexpected Internal Error. (-30003)"), 400, True, OutcomeUnknown),
        (fault("-30003", "Unexpected Internal Error. (-30003)"), 400, False, RetryLater),
        (fault("6000", detail="Unexpected Internal Error. (-30000)"), 400, True, OutcomeUnknown),
        (fault("6000", detail="It went wrong on our end. (-10600)"), 200, True, OutcomeUnknown),
        (fault("120", detail="Unknown Error during Authentication"), 401, False, RetryLater),
        (b"<html><h1>Bad Request</h1></html>", 400, True, Rejected),
        (b"<html>maintenance</html>", 200, False, RetryLater),
        (b"<html>maintenance</html>", 200, True, OutcomeUnknown),
        (b"", 200, True, OutcomeUnknown),
        (b'{"Invoice":{"Id":', 200, True, OutcomeUnknown),
        (b"[]", 200, False, RetryLater),
        (b"{}", 404, False, QuickBooksRejected),
        ({"Fault": {}}, 400, False, QuickBooksRejected),
        ({"Fault": {"Error": [{}]}}, 400, False, QuickBooksRejected),
        ({"Fault": {"Error": "what"}}, 400, False, QuickBooksRejected),
    ],
)
def test_each_shape_of_refusal_says_what_to_do_next(
    body: Any, status: int, changes: bool, error: type[ArsyncError]
) -> None:
    assert isinstance(raised(body, status, changes=changes), error)


EDITING = (
    "Business Validation Error: You and another user were editing the inventory at the same time."
    " Please try again."
)


@pytest.mark.parametrize(
    ("code", "detail", "heals_when"),
    [
        ("6000", EDITING, HealsWhen.FREE),
        ("5010", "Stale Object Error", HealsWhen.FREE),
        ("6000", "No more than 40 emails can be sent a day", HealsWhen.DAY),
        ("6190", "Subscription period has ended or canceled", HealsWhen.SUBSCRIPTION),
        ("5020", "Permission Denied Error", HealsWhen.PERMISSION),
        ("6000", "You do not have the access rights to do this", HealsWhen.PERMISSION),
        ("6210", "The account period has closed", HealsWhen.SETTING),
        ("610", "Something was made inactive", HealsWhen.RECORD),
        ("6000", "The amount must be more than 0", HealsWhen.NEVER),
        ("2010", "Unrecognized field", HealsWhen.NEVER),
    ],
)
def test_a_refusal_says_what_heals_it(code: str, detail: str, heals_when: HealsWhen) -> None:
    error = raised(fault(code, detail=detail), changes=True)
    assert isinstance(error, Rejected)
    assert error.heals_when is heals_when


def test_refusals_for_two_reasons_are_final() -> None:
    both = fault("6190")
    both["Fault"]["Error"].append({"Message": "Unrecognized field", "code": "2010"})
    error = raised(both, changes=True)
    assert isinstance(error, Rejected)
    assert error.heals_when is HealsWhen.NEVER


def test_a_refusal_quotes_the_platform_and_keeps_all_codes() -> None:
    both = fault("6240", "Duplicate Name", "The name supplied already exists.")
    both["Fault"]["Error"].append({"Message": "Other", "code": "2020"})
    error = raised(both)
    assert isinstance(error, QuickBooksRejected)
    assert error.codes == {"6240", "2020"}
    assert str(error) == (
        "QuickBooks refused: Duplicate Name: The name supplied already exists. (code 6240);"
        " Other (code 2020)"
    )


def test_closed_books_and_ended_subscriptions_are_explained() -> None:
    assert "books are closed" in str(raised(fault("6210")))
    assert "subscription has ended" in str(raised(fault("6190")))


def test_an_endless_complaint_is_cut() -> None:
    assert len(str(raised(fault("6000", "x" * 100_000)))) < 500


def test_an_answer_without_fault_is_its_keys() -> None:
    tree = tree_of(HttpResponse(200, {}, b'{"fault":null,"Invoice":{"Id":"1"}}'), changes=True)
    assert bytes(tree["Invoice"]) == b'{"Id":"1"}'


@pytest.mark.parametrize(
    ("body", "headers", "at"),
    [
        (b'{"time":"2026-05-05T02:12:08.796-07:00"}', {}, "2026-05-05T09:12:08.796000+00:00"),
        (b'{"time":1601391072830}', {}, "2020-09-29T14:51:12.830000+00:00"),
        (b"{}", {"date": "Tue, 05 May 2026 09:12:08 GMT"}, "2026-05-05T09:12:08+00:00"),
    ],
)
def test_the_servers_time_is_found_wherever_it_stands(
    body: bytes, headers: dict[str, str], at: str
) -> None:
    class Once:
        def request(self, *_: Any, **__: Any) -> HttpResponse:
            return HttpResponse(200, headers, body)

    assert Api(Once(), "https://x.test", "1").read("preferences")[1].isoformat() == at


def test_an_answer_without_a_time_is_requested_again_later() -> None:
    class Once:
        def request(self, *_: Any, **__: Any) -> HttpResponse:
            return HttpResponse(200, {}, b'{"time":"soon"}')

    with pytest.raises(RetryLater, match="without its time"):
        Api(Once(), "https://x.test", "1").read("preferences")


def test_moments_are_written_with_an_offset_and_no_plus() -> None:
    assert stamp(moment("2026-05-05T09:12:08Z")) == "2026-05-05T01:12:08-08:00"


def test_texts_in_a_select_are_quoted() -> None:
    assert quoted("O'Brien \\ Sons") == "'O\\'Brien \\\\ Sons'"


def test_a_long_select_travels_in_a_body() -> None:
    sent: list[tuple[str, bytes | None]] = []

    class Seen:
        def request(self, method: str, *_: Any, **options: Any) -> HttpResponse:
            sent.append((method, options.get("body")))
            return HttpResponse(200, {}, b'{"QueryResponse":{}}')

    api = Api(Seen(), "https://x.test", "1")
    assert api.query("Invoice", "Id IN ('1')") is None
    assert api.query("Invoice", f"Id IN ({', '.join(['1'] * 1000)})") is None
    assert [method for method, _ in sent] == ["GET", "POST"]
    assert (sent[1][1] or b"").startswith(b"SELECT * FROM Invoice WHERE")
