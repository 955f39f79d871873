"""The letters that platforms sent and that the SMTP sink received."""

from __future__ import annotations

import re
from collections import Counter, deque
from dataclasses import asdict
from typing import Any

from .platform import SandboxEmail

EMAILS_MAX = 100_000
"""How many messages are kept; the oldest go first."""

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9/_.-]*[A-Za-z0-9]|[A-Za-z0-9]")


class Mailbox:
    """Every message in the order it came."""

    def __init__(self, length_max: int = EMAILS_MAX) -> None:
        self.emails: deque[SandboxEmail] = deque(maxlen=length_max)
        self._letters_naming: Counter[str] = Counter()

    def put(self, email: SandboxEmail) -> None:
        """Keep a message."""
        self.emails.append(email)
        if email.origin == "smtp":
            self._letters_naming.update(set(_WORD.findall(f"{email.subject}\n{email.text}")))

    def letters_naming(self, invoice_number: str) -> int:
        """Return how many letters by SMTP name an invoice by its number.

        Platforms count the emails that they send themselves; only letters need reading.
        """
        return self._letters_naming[invoice_number]

    def as_json(self) -> list[dict[str, Any]]:
        """Every message, oldest first."""
        return [
            asdict(email) | {"at": email.at.isoformat(timespec="milliseconds")}
            for email in self.emails
        ]
