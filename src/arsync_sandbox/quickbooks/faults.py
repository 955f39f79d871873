"""Refusals of QuickBooks Online, in the shapes it gives them."""

from __future__ import annotations

from dataclasses import dataclass

from arsync_sandbox.quickbooks.wire import Doc

INACTIVE = (
    "Something you're trying to use has been made inactive. "
    "Check the fields with accounts, customers, items, vendors or employees."
)


@dataclass(eq=False)
class Refusal(ValueError):
    """A request that the platform does not carry out."""

    code: str
    message: str
    detail: str
    element: str = ""
    status: int = 400
    type: str = "ValidationFault"

    def __post_init__(self) -> None:
        super().__init__(self.code, self.message, self.detail)

    def fault(self) -> Doc:
        """The `Fault` of an answer, a batch item or an upload item."""
        error = {"Message": self.message, "Detail": self.detail, "code": self.code}
        if self.element:
            error["element"] = self.element
        return {"Error": [error], "type": self.type}

    def gateway_body(self, epoch_ms: int) -> Doc:
        """The lower-case answer of the gateway, which stands before the accounting service."""
        error = {
            "message": self.message,
            "detail": self.detail,
            "code": self.code,
            "element": None,
        }
        return {
            "warnings": None,
            "intuitObject": None,
            "fault": {"error": [error], "type": self.type},
            "report": None,
            "queryResponse": None,
            "batchItemResponse": [],
            "attachableResponse": [],
            "syncErrorResponse": None,
            "requestId": None,
            "time": epoch_ms,
            "status": None,
            "cdcresponse": [],
        }


class Unauthenticated(Refusal):
    """A 401, which the gateway answers in lower case."""


class Throttled(Refusal):
    """A 429."""


def unauthenticated(why: str) -> Unauthenticated:
    """3200: the access token is missing, unknown, expired or revoked."""
    text = "message=AuthenticationFailed; errorCode=003200; statusCode=401"
    return Unauthenticated("3200", text, why, status=401, type="AUTHENTICATION")


def not_authorised(realm: str) -> Refusal:
    """3100: the token belongs to another company, or this one was disconnected."""
    text = "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403"
    return Refusal("3100", text, f"No access to company {realm}", status=403, type="SERVICE")


def throttled() -> Throttled:
    """3001: too many calls."""
    return Throttled(
        "3001",
        "message=ThrottleExceeded; errorCode=003001; statusCode=429",
        "The request limit was reached.  Try again later",
        status=429,
        type="SERVICE",
    )


def unsupported(what: str) -> Refusal:
    """500: a bad path, method, operation or body."""
    return Refusal("500", "Unsupported Operation", what)


def unknown_property(name: str, entity: str) -> Refusal:
    """2010: a key that the document does not have."""
    return Refusal(
        "2010",
        "Request has invalid or unsupported property",
        f'Property Name:Unrecognized field "{name}" (Class com.intuit.schema.finance.v3.{entity}),'
        " not marked as ignorable specified is unsupported or invalid",
    )


def missing(name: str) -> Refusal:
    """2020: a required parameter is not there."""
    return Refusal(
        "2020",
        "Required param missing, need to supply the required value for the API",
        f"Required parameter {name} is missing in the request",
        name,
    )


def invalid_id(value: object) -> Refusal:
    """2030: an id that is no number."""
    return Refusal(
        "2030", "Invalid ID", f"Id should be a valid number. Supplied value:{value}", "Id"
    )


def too_long(name: str, limit: int, length: int) -> Refusal:
    """2050: a text beyond its limit."""
    return Refusal(
        "2050",
        "String length is either shorter or longer than supported by specification",
        f"String length specified does not match the supported length. Min:0 Max:{limit}"
        f" supported. Supplied length:{length}",
        name,
    )


def illegal_number(name: str, value: object) -> Refusal:
    """2080: what should be a number is none."""
    return Refusal("2080", "Illegal Number Format", f"{name}: {value} is not a number", name)


def invalid_value(name: str, value: object) -> Refusal:
    """2170: a value outside its list, or of the wrong kind."""
    return Refusal("2170", "Invalid Enumeration", f"{name}: {value} is not supported", name)


def bad_reference(name: str, value: object) -> Refusal:
    """2500: a reference to what never existed."""
    return Refusal("2500", "Invalid Reference Id", f"Invalid Reference Id : {name} {value}", name)


def gone() -> Refusal:
    """610: the object was deleted, made inactive, or never existed."""
    return Refusal("610", "Object Not Found", f"Object Not Found : {INACTIVE}")


def stale() -> Refusal:
    """5010: somebody else was faster."""
    return Refusal(
        "5010",
        "Stale Object Error",
        "Stale Object Error : You and Office Manager were working on this at the same time. "
        "Office Manager finished before you did, so your work was not saved.",
    )


def business(detail: str) -> Refusal:
    """6000: the books do not allow it; the detail says why."""
    return Refusal(
        "6000",
        "A business validation error has occurred while processing your request",
        f"Business Validation Error: {detail}",
    )


def duplicate_number(number: str) -> Refusal:
    """6140: another document has this DocNumber."""
    return Refusal(
        "6140",
        "Duplicate Document Number Error",
        f"Duplicate Document Number Error : You must specify a different number. "
        f"This number has already been used. DocNumber={number}",
    )


def duplicate_name() -> Refusal:
    """6240: a customer, vendor or employee has this name."""
    return Refusal(
        "6240", "Duplicate Name Exists Error", "The name supplied already exists. : null"
    )


def read_only_company() -> Refusal:
    """6190: the subscription ended."""
    return Refusal(
        "6190",
        "Invalid Company Status",
        "Subscription period has ended or canceled or there was a billing problem",
    )


def period_closed(until: str) -> Refusal:
    """6210: the books of that day are closed."""
    return Refusal(
        "6210",
        "Account Period Closed, Cannot Update Through Services API",
        f"The account period has closed and the account books cannot be updated through "
        f"the QBO Services API. Closed through {until}",
    )


def deposited() -> Refusal:
    """6540: the money is in the bank already."""
    return Refusal(
        "6540",
        "Deposited Transaction cannot be changed",
        "If you want to modify or delete it, you must edit the deposit it appears on "
        "and remove it first.",
    )


def query_syntax(detail: str) -> Refusal:
    """4000: the select cannot be read."""
    return Refusal("4000", "Error parsing query", f"QueryParserError: {detail}")


def query_invalid(detail: str) -> Refusal:
    """4001: the select can be read but not answered."""
    return Refusal("4001", "Invalid query", f"QueryValidationError: {detail}")
