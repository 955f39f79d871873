"""Bank accounts: international numbers (IBAN, ISO 13616) and their check digits."""

from __future__ import annotations

import re

IBAN_CHARACTERS_MIN, IBAN_CHARACTERS_MAX = 15, 34

_IBAN = re.compile(rf"[A-Z]{{2}}[0-9]{{2}}[A-Z0-9]{{{IBAN_CHARACTERS_MIN - 4},30}}")
_GROUP = 4


def plain_iban(text: str) -> str:
    """Return an IBAN without blanks, in capitals."""
    return "".join(text.split()).upper()


def grouped_iban(text: str) -> str:
    """Return an IBAN as people read it: `GB29 NWBK 6016 1331 9268 19`."""
    plain = plain_iban(text)
    return " ".join(plain[start : start + _GROUP] for start in range(0, len(plain), _GROUP))


def iban_problem(text: str) -> str:
    """Return what is wrong with an IBAN; empty when nothing is, or there is none."""
    plain = plain_iban(text)
    if not plain:
        return ""
    if not plain.isascii() or not _IBAN.fullmatch(plain):
        return (
            "an IBAN begins with a country and two check digits and has "
            f"{IBAN_CHARACTERS_MIN} to {IBAN_CHARACTERS_MAX} characters"
        )
    # ISO 7064, MOD 97-10: letters count from A = 10, the first four characters go to the end.
    digits = "".join(str(int(character, 36)) for character in plain[4:] + plain[:4])
    if int(digits) % 97 != 1:
        return "its check digits do not fit: a digit is wrong or two are swapped"
    return ""
