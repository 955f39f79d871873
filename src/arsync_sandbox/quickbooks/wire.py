"""How QuickBooks Online writes things down: JSON numbers, timestamps, XML."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any
from xml.sax.saxutils import escape, quoteattr
from zoneinfo import ZoneInfo

import msgspec

Doc = dict[str, Any]

PACIFIC = ZoneInfo("America/Los_Angeles")
"""Every recorded timestamp is written in this zone, whatever the company's own is."""

ZERO = Decimal(0)
CENT = Decimal("0.01")
NAMESPACE = "http://schema.intuit.com/finance/v3"

_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=Decimal)

encode = _encoder.encode
"""Write JSON; a Decimal becomes exactly the digits it holds."""


def decode(raw: bytes | str) -> Any:
    """Read JSON; numbers with a point become Decimal, never float."""
    return _decoder.decode(raw)


def money(value: Any) -> Decimal:
    """Write an amount as the platform prints it: two places, or a bare 0."""
    amount = Decimal(value).quantize(CENT, ROUND_HALF_UP)
    return amount or ZERO


def as_int(moment: datetime) -> int:
    """Whole seconds since 1970: what documents are compared by."""
    return int(moment.timestamp())


@lru_cache(maxsize=4096)
def stamp(seconds: int) -> str:
    """Write a document's timestamp: whole seconds with the numeric Pacific offset."""
    return datetime.fromtimestamp(seconds, PACIFIC).isoformat(timespec="seconds")


def response_time(moment: datetime) -> str:
    """Write the `time` of an answer, which has milliseconds."""
    return moment.astimezone(PACIFIC).isoformat(timespec="milliseconds")


def read_moment(text: str) -> datetime:
    """Read a timestamp with offset, without one (then Pacific), or a bare date.

    Raises:
        ValueError: when the text is none of these, e.g. has an offset such as `-0700`.
    """
    if len(text) == len("2026-01-01"):
        return datetime.combine(date.fromisoformat(text), time(), PACIFIC)
    tail = text[10:]
    if not tail.startswith("T"):
        raise ValueError(f"{text} is no moment")
    if ("+" in tail or "-" in tail) and tail[-3] != ":":
        raise ValueError(f"the offset of {text} needs a colon")
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=PACIFIC)


def noon(day: date) -> datetime:
    """A moment of the given day on which history loaded from files is stamped."""
    return datetime.combine(day, time(12), PACIFIC).astimezone(UTC)


def to_xml(body: Doc) -> bytes:
    """Write an answer as XML, which is what a client gets that does not ask for JSON."""
    stamped = f" time={quoteattr(str(body['time']))}" if "time" in body else ""
    inner = "".join(_elements({key: value for key, value in body.items() if key != "time"}))
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    return f'{head}<IntuitResponse xmlns="{NAMESPACE}"{stamped}>{inner}</IntuitResponse>'.encode()


def _elements(body: Doc) -> Iterator[str]:
    for key, value in body.items():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict) and not isinstance(each.get("value", {}), dict):
                attributes = "".join(
                    f" {name}={quoteattr(str(text))}"
                    for name, text in each.items()
                    if name != "value"
                )
                yield f"<{key}{attributes}>{_text(each['value'])}</{key}>"
            elif isinstance(each, dict):
                yield f"<{key}>{''.join(_elements(each))}</{key}>"
            else:
                yield f"<{key}>{_text(each)}</{key}>"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(str(value))
