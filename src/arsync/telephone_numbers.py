"""Telephone numbers: as the world dials them, and as they are compared."""

from __future__ import annotations


def dialled(number: str, country: str, *, mobile_only: bool = False) -> str:
    """Return a number as the world dials it: `+447700900123`; empty where it is none.

    Args:
        number: as somebody wrote it.
        country: where it is dialled like this, by two letters; empty: not known.
        mobile_only: whether a number that takes no text messages is none.
    """
    import phonenumbers  # some 50 ms for its tables

    try:
        parsed = phonenumbers.parse(number, country or None)
    except phonenumbers.NumberParseException:
        return ""
    kinds = phonenumbers.PhoneNumberType
    takes_texts = {kinds.MOBILE, kinds.FIXED_LINE_OR_MOBILE}
    if mobile_only and phonenumbers.number_type(parsed) not in takes_texts:
        return ""
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def folded_number(number: str, country: str) -> str:
    """Return a number as it is compared, however it was written; of what is none, the digits."""
    return dialled(number, country) or "".join(filter(str.isdecimal, number))
