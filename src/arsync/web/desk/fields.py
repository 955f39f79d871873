"""Days, amounts and numbers as people type them into forms; what is wrong stands at its field."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation

from babel.numbers import NumberFormatError, parse_decimal

from arsync.errors import ArsyncError
from arsync.translation import gettext
from arsync.web.desk.visit import Visit

TEXT_CHARACTERS_MAX = 1_000


def text_of(visit: Visit, name: str, missing: str = "") -> str:
    """Return a text; with `missing`, an empty one is a mistake."""
    text = visit.request.form.get(name, "").strip()
    if len(text) > TEXT_CHARACTERS_MAX:
        visit.field_errors[name] = gettext(
            "At most %(limit)s characters fit.",
            limit=format(TEXT_CHARACTERS_MAX, ","),
        )
    elif not text and missing:
        visit.field_errors[name] = missing
    return text[:TEXT_CHARACTERS_MAX]


def day_of(visit: Visit, name: str, missing: str = "") -> date | None:
    """Return a day; None where none is given, or it is none."""
    text = visit.request.form.get(name, "").strip()
    if not text:
        if missing:
            visit.field_errors[name] = missing
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        visit.field_errors[name] = gettext(
            "“%(text)s” is no day. Write it as 2026-12-31.", text=text[:20]
        )
        return None


def amount_of(visit: Visit, name: str) -> Decimal | None:
    """Return an amount above zero; None where none is given, or it is none."""
    text = visit.request.form.get(name, "").strip()
    if not text:
        return None
    amount = parsed_amount(visit, text)
    if amount is None or amount <= 0:
        visit.field_errors[name] = gettext("“%(text)s” is no amount above zero.", text=text[:20])
        return None
    return amount


def parsed_amount(visit: Visit, text: str) -> Decimal | None:
    """Return an amount as the reader's locale writes it, or as programs do; None: it is none."""
    try:
        return Decimal(parse_decimal(text, locale=visit.words.locale, strict=True))
    except (NumberFormatError, InvalidOperation):
        pass
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def count_of(visit: Visit, name: str, most: int) -> int:
    """Return a whole number from 1; 0 where none is given, or it is none."""
    text = visit.request.form.get(name, "").strip()
    if not text:
        return 0
    if not text.isdecimal() or not 1 <= int(text[:6]) <= most:
        visit.field_errors[name] = gettext("A whole number from 1 to %(most)s.", most=most)
        return 0
    return int(text)


def refusal(mistake: ArsyncError) -> str:
    """Return what a use case has against it; its hints name commands, and are left out."""
    line = str(mistake).splitlines()[0]
    return line[:1].upper() + line[1:]
