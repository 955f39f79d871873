"""Why a letter that a person asks for is not sent."""

from __future__ import annotations

from typing import NamedTuple


class Untrue(NamedTuple):
    """Why a letter is not sent, and what to do."""

    reason: str
    hint: str = ""
