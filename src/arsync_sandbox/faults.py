"""Faults on purpose, for the next requests that match."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

FAULTS_MAX = 100
"""How many faults may wait at once."""

DELAY_SECONDS_MAX = 120.0
"""The longest an answer is held back."""

TIMES_MAX = 1_000_000
"""How many requests one fault may hit."""

ODD_ANSWERS = {
    "take as 251": "251 2.1.5 Forwarded",
    "take as 200": "200 Queued",
    "take unreadably": "2.0.0 OK queued",
    "take in silence": " ",
}
"""What other servers say to a letter that they take: the last two cannot be read."""

SMTP_KINDS = (
    "",
    "refuse",
    "later",
    "away",
    "put off",
    "drop before",
    "drop after",
    *ODD_ANSWERS,
)

KEYS = {
    "method": "regular expression, whole method; empty: any",
    "path": "regular expression, searched in path?query; empty: any",
    "times": "how many matching requests it hits (1)",
    "skip": "how many matching requests pass first (0)",
    "status": "answer this status instead",
    "headers": "headers of that answer",
    "body": "body of that answer, a text, or anything else as JSON",
    "effect": "true: do what was asked before answering the status (false)",
    "delay_seconds": "hold the answer back, after the effect",
    "drop": "before or after the effect: close the connection without an answer",
    "malformed": "true: the answer's body breaks off in the middle, with a length that fits",
    "smtp": "a letter is hit, not a request: refuse (550), later (451) or away (421) to its "
    "recipient, put off (451) its text, drop before or drop after taking it, or take it and answer "
    "oddly (take as 251, take as 200, take unreadably, take in silence); `path` is then "
    "searched in the recipients",
    "truncated": "true: the answer's body breaks off in the middle, and the connection with it",
}


class FaultProblem(ValueError):
    """A fault that cannot be."""


@dataclass
class SandboxFault:
    """One thing that goes wrong; `KEYS` says what each field means."""

    method: str = ""
    path: str = ""
    times: int = 1
    skip: int = 0
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = ""
    effect: bool = False
    delay_seconds: float = 0.0
    drop: str = ""
    malformed: bool = False
    truncated: bool = False
    smtp: str = ""

    def matches(self, method: str, path: str) -> bool:
        """Tell whether a request is one of those meant."""
        return bool(
            (not self.method or re.fullmatch(self.method, method, re.IGNORECASE))
            and (not self.path or re.search(self.path, path))
        )

    @property
    def says(self) -> str:
        """A few words for the journal."""
        words = [f"drop {self.drop}"] if self.drop else []
        words += [f"status {self.status}"] if self.status else []
        words += [f"delay {self.delay_seconds:g} s"] if self.delay_seconds else []
        words += [f"smtp {self.smtp}"] if self.smtp else []
        words += ["malformed"] if self.malformed else []
        words += ["truncated"] if self.truncated else []
        return ", ".join(words)


class Faults:
    """The faults that wait for their requests, first come first served."""

    def __init__(self) -> None:
        # A list and not a set: a test arranges several faults of one request in a row.
        self.waiting: list[SandboxFault] = []

    def add(self, wanted: Mapping[str, Any]) -> SandboxFault:
        """Arrange a fault.

        Raises:
            FaultProblem: it is not possible; the message has every reason.
        """
        problems = [f"unknown key {key!r}" for key in wanted if key not in KEYS]
        if problems:
            raise FaultProblem(f"{', '.join(problems)}; known: {', '.join(KEYS)}")
        fault = SandboxFault(**wanted)
        problems = list(_problems(fault))
        if len(self.waiting) >= FAULTS_MAX:
            problems.append(f"{FAULTS_MAX} faults wait already")
        if problems:
            raise FaultProblem("; ".join(problems))
        self.waiting.append(fault)
        return fault

    def take(self, method: str, path: str) -> SandboxFault | None:
        """Return the fault that hits this request, counting it down."""
        return self._first(lambda fault: not fault.smtp and fault.matches(method, path))

    def take_smtp(self, kinds: Collection[str], recipients: str) -> str:
        """Return what happens to a letter at this point, of the given kinds; empty: nothing."""
        fault = self._first(lambda fault: fault.smtp in kinds and fault.matches("", recipients))
        return fault.smtp if fault else ""

    def _first(self, hit: Callable[[SandboxFault], bool]) -> SandboxFault | None:
        for fault in self.waiting:
            if not hit(fault):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self.waiting.remove(fault)
            return fault
        return None

    def clear(self) -> None:
        """Let nothing more go wrong."""
        self.waiting.clear()


def _problems(fault: SandboxFault) -> list[str]:
    problems = []
    for name, kind in SandboxFault.__annotations__.items():
        value = getattr(fault, name)
        if kind in {"int", "float"} and (
            isinstance(value, bool) or not isinstance(value, int | float)
        ):
            return [f"{name} is a number, not {value!r}"]
        if kind == "str" and not isinstance(value, str):
            return [f"{name} is a text, not {value!r}"]
    for name in ("method", "path"):
        try:
            re.compile(getattr(fault, name))
        except re.error as error:
            problems.append(f"{name} is not a regular expression: {error}")
    if fault.drop not in {"", "before", "after"}:
        problems.append("drop is before or after")
    if fault.smtp not in SMTP_KINDS:
        problems.append(f"smtp is one of {', '.join(SMTP_KINDS[1:])}")
    if not 1 <= fault.times <= TIMES_MAX:
        problems.append(f"times is between 1 and {TIMES_MAX}")
    if fault.status and not 200 <= fault.status <= 599:
        problems.append("status is between 200 and 599")
    if not 0 <= fault.delay_seconds <= DELAY_SECONDS_MAX:
        problems.append(f"delay_seconds is between 0 and {DELAY_SECONDS_MAX:g}")
    if not fault.says:
        problems.append("it says nothing that goes wrong")
    return problems
