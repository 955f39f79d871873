"""Links in letters: only those that open what they show."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

LINK_CHARACTERS_MAX = 2_000
"""A longer link is left out of a letter."""

PLACEHOLDERS = ("invoice", "customer_number", "amount")
"""What `[letters] payment_link` may leave open, each in curly brackets."""


def is_web_link(link: str) -> bool:
    """Return whether a link is safe in a letter: https, or http to this computer (the sandbox)."""
    if len(link) > LINK_CHARACTERS_MAX or not link.isprintable() or set(link) & set(" <>\"'\\"):
        return False
    try:
        address = urlsplit(link)
        host, port = address.hostname or "", address.port
    except ValueError:
        return False
    # `https://bank.example@evil.example` shows one host and opens another.
    if not host or address.username is not None or port == 0:
        return False
    return address.scheme == "https" or (
        address.scheme == "http" and host in {"127.0.0.1", "localhost", "::1"}
    )


def filled_link(link: str, values: Mapping[str, str]) -> str:
    """Return a link with its placeholders filled in; empty where it is no safe link.

    Args:
        link: `https://pay.example.com/?ref={invoice}&amount={amount}`.
        values: by placeholder; each is escaped, so that no value can change where the link leads.
    """
    for name in PLACEHOLDERS:
        link = link.replace(f"{{{name}}}", quote(values.get(name, ""), safe=""))
    return link if is_web_link(link) else ""
