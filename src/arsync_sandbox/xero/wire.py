"""How Xero writes values: two forms of dates, money as exact numbers, ids as lower-case GUIDs."""

from __future__ import annotations

import random
import re
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

import msgspec

ZERO = Decimal("0.00")
ONE = Decimal("1.000000")
_CENT = Decimal("0.01")
_UNIT = Decimal("0.0001")
_RATE = Decimal("0.000001")
_EPOCH = date(1970, 1, 1).toordinal()
_DAY_MS = 86_400_000
_MS_DATE = re.compile(r"/Date\((-?\d+)([+-]\d{4})?\)/")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAMESPACE = uuid.UUID("0c7a9b52-6f0e-4a2c-9c38-5c9d3a1f7e10")

encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


def decode(body: bytes) -> Any:
    """A JSON body with its fractions as Decimal; raises ValueError when it is not JSON."""
    try:
        return _decode(body)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error


def cents(value: Decimal) -> Decimal:
    """Money to two places, halves away from zero, as Xero rounds."""
    return value.quantize(_CENT, ROUND_HALF_UP)


def units(value: Decimal, places: int) -> Decimal:
    """A unit amount to two or four places (`unitdp`)."""
    return value.quantize(_UNIT if places == 4 else _CENT, ROUND_HALF_UP)


def rate(value: Decimal) -> Decimal:
    """A currency rate with its six places."""
    return value.quantize(_RATE, ROUND_HALF_UP)


def number(value: Any) -> Decimal:
    """A JSON number (or the same in a string) as Decimal; raises ValueError otherwise."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, (int, str)) and not isinstance(value, bool):
        try:
            parsed = Decimal(value)
        except InvalidOperation:
            parsed = Decimal("NaN")
        if parsed.is_finite():
            return parsed
    raise ValueError(f"{value!r} is not a number")


def truth(value: Any) -> bool:
    """A boolean in any of the spellings that clients send: true, `true`, `True`."""
    return value is True or (isinstance(value, str) and value.strip().lower() == "true")


@lru_cache(maxsize=16384)
def ms_date(day: date) -> str:
    """A day as `/Date(1539993600000+0000)/`."""
    return f"/Date({(day.toordinal() - _EPOCH) * _DAY_MS}+0000)/"


@lru_cache(maxsize=16384)
def iso_day(day: date) -> str:
    """A day as its `*String` companion, `2018-10-20T00:00:00`."""
    return f"{day.isoformat()}T00:00:00"


def milliseconds(moment: datetime) -> int:
    """A moment as milliseconds since 1970."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def ms_moment(moment: datetime) -> str:
    """A moment as `/Date(1541176592690+0000)/`."""
    return f"/Date({milliseconds(moment)}+0000)/"


def iso_moment(moment: datetime) -> str:
    """A moment as `2018-11-02T16:36:32Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def read_day(value: Any) -> date:
    """A day written `2026-03-01`, with a time, or `/Date(ms)/`; an offset shifts it, as at Xero."""
    text = str(value).strip()
    if match := _MS_DATE.fullmatch(text):
        return date.fromordinal(_EPOCH + int(match[1]) // _DAY_MS)
    moment = datetime.fromisoformat(text)
    return (moment.astimezone(UTC) if moment.tzinfo else moment).date()


def read_moment(value: Any) -> datetime:
    """A moment written as ISO, with or without an offset, `/Date(ms)/`, or by RFC 1123."""
    text = str(value).strip()
    if match := _MS_DATE.fullmatch(text):
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(match[1]))
    text = text.removesuffix(" UTC")
    moment = parsedate_to_datetime(text) if text[:1].isalpha() else datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def guid(value: Any) -> str:
    """A GUID in lower case with dashes, or the empty string when it is none."""
    if isinstance(value, str) and _GUID.fullmatch(value):
        return value
    try:
        return str(uuid.UUID(str(value)))
    except ValueError:
        return ""


def new_guid() -> str:
    """A fresh GUID."""
    # From `random`, so that the same seed gives the same ids again.
    return str(uuid.UUID(int=random.getrandbits(128), version=4))


def swapped_guid(id_: str) -> str:
    """The GUID with its first and last eight digits exchanged: another one, at no cost."""
    return id_[-8:] + id_[8:-8] + id_[:8]


def mapped_guid(kind: str, name: str) -> str:
    """The GUID that always stands for a name which is not a GUID itself."""
    return guid(name) or str(uuid.uuid5(_NAMESPACE, f"{kind}:{name}"))
