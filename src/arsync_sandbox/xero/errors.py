"""Refusals in the shapes that Xero gives them."""

from __future__ import annotations

from typing import Any

INVALID = "A validation exception occurred"


class XeroRefused(Exception):
    """The whole call is refused: a status and a body."""

    def __init__(
        self, status: int, body: dict[str, Any] | str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body
        self.headers = headers or {}


class Invalid(Exception):
    """One element of a call is refused; `inside` names the nested object that is at fault."""

    def __init__(self, *messages: str, inside: str = "") -> None:
        super().__init__("; ".join(messages))
        self.messages = messages
        self.inside = inside


def not_found() -> XeroRefused:
    """The id in the path is unknown: plain text, as Xero answers."""
    return XeroRefused(404, "The resource you're looking for cannot be found")


def unauthorised(detail: str) -> XeroRefused:
    """The bearer token is missing, unknown or expired."""
    return XeroRefused(401, _problem("Unauthorized", 401, detail))


def forbidden(detail: str = "AuthenticationUnsuccessful") -> XeroRefused:
    """The tenant is missing or disconnected, or the token lacks the scope."""
    return XeroRefused(403, _problem("Forbidden", 403, detail))


def bad_query(message: str) -> XeroRefused:
    """A filter, an order or a parameter cannot be read."""
    return XeroRefused(400, {"ErrorNumber": 16, "Type": "QueryParseException", "Message": message})


def bad_body(message: str) -> XeroRefused:
    """The body as a whole cannot be read."""
    return XeroRefused(
        400, {"ErrorNumber": 14, "Type": "PostDataInvalidException", "Message": message}
    )


def high_volume() -> XeroRefused:
    """Too many rows, or a filter that Xero will not run over so many."""
    message = (
        "The number of records in the result exceeds the limit. Use paging, fewer records or "
        "optimised filters."
    )
    return XeroRefused(400, {"ErrorNumber": 51, "Type": "HighVolumeException", "Message": message})


def validation(elements: list[dict[str, Any]]) -> XeroRefused:
    """The 400 that lists each refused element with its messages."""
    return XeroRefused(
        400,
        {
            "ErrorNumber": 10,
            "Type": "ValidationException",
            "Message": INVALID,
            "Elements": elements,
        },
    )


def invalid(message: str, **echo: Any) -> XeroRefused:
    """A validation error of a call that has one element only."""
    return validation([{**echo, "ValidationErrors": [{"Message": message}]}])


def marked(element: dict[str, Any], error: Invalid) -> dict[str, Any]:
    """The echoed element with the messages where Xero puts them, nested objects included."""
    messages = [{"Message": message} for message in error.messages]
    nested = element.get(error.inside) if error.inside else None
    if isinstance(nested, dict):
        return {
            **element,
            error.inside: {**nested, "ValidationErrors": messages},
            "ValidationErrors": [],
        }
    return {**element, "ValidationErrors": messages}


def _problem(title: str, status: int, detail: str) -> dict[str, Any]:
    return {"Type": None, "Title": title, "Status": status, "Detail": detail}
