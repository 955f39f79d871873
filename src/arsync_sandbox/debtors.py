"""Customers who behave, each in their own way, as the sandbox's days pass."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from .platform import Book, Unpaid

CENT = Decimal("0.01")

BEHAVIOURS: tuple[tuple[str, int], ...] = (
    ("pays on time", 34),
    ("pays late", 22),
    ("pays in part", 9),
    ("pays after a reminder", 15),
    ("disputes", 5),
    ("promises and pays", 6),
    ("promises and breaks", 5),
    ("never pays", 4),
)
"""Each behaviour with its share of the customers, in percent."""

REMINDERS_BEFORE_A_REPLY = 1
"""How many reminders it takes until a customer writes back or pays after one."""

REASONS = (
    "We were charged for goods that never arrived.",
    "The price is not the one we agreed on.",
    "Half of the delivery was damaged.",
    "We have already returned these items.",
)


@dataclass(frozen=True)
class Reply:
    """What a customer wrote back; a person records it in the credit control software."""

    at: date
    invoice_id: str
    invoice_number: str
    contact_id: str
    kind: str
    """`promise` or `dispute`."""
    promised_on: date | None = None
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """The reply for `GET /_sandbox/state`."""
        return {
            "at": self.at.isoformat(),
            "invoice_id": self.invoice_id,
            "invoice_number": self.invoice_number,
            "contact_id": self.contact_id,
            "kind": self.kind,
            "promised_on": self.promised_on.isoformat() if self.promised_on else None,
            "reason": self.reason,
        }


@dataclass
class DebtorCase:
    """One unpaid invoice in its customer's mind."""

    behaviour: str
    chance: int
    """A number of 0 to 9,999 that stays with the invoice: how late, which reason, how much."""
    act_on: date
    """Nothing happens before this day."""
    reminded_when_last_acted: int = 0
    promised_on: date | None = None
    done: bool = False
    paid_part: bool = False


class DebtorBehaviour:
    """All customers of one ledger.

    What they do follows from the seed, the invoice's number and the reminders received, never from
    the order of calls: the same story on both platforms and in every run.
    """

    def __init__(
        self,
        book: Book,
        seed: int,
        letters_naming: Callable[[str], int],
        contact_of_number: Mapping[str, str],
    ) -> None:
        self._book = book
        self._seed = seed
        self._letters_naming = letters_naming
        self._contact_of_number = contact_of_number
        self._cases: dict[str, DebtorCase] = {}
        self.replies: list[Reply] = []

    def behaviour_of(self, contact_id: str) -> str:
        """Return how a customer, named as in the loaded rows, behaves."""
        return _behaviour(_number(self._seed, "contact", contact_id) % 100)

    def act(self, today: date) -> None:
        """Play this day for every customer with an unpaid invoice."""
        for unpaid in self._book.unpaid():
            case = self._cases.get(unpaid.invoice_id)
            if case is None:
                case = self._cases[unpaid.invoice_id] = self._open(unpaid)
            if not case.done and case.act_on <= today:
                self._act(case, unpaid, today)

    def _open(self, unpaid: Unpaid) -> DebtorCase:
        # By the loaded row's id: each platform has another id for the same customer.
        contact = self._contact_of_number.get(unpaid.number, unpaid.contact_id)
        behaviour = self.behaviour_of(contact)
        chance = _number(self._seed, "invoice", unpaid.number or unpaid.invoice_id) % 10_000
        return DebtorCase(behaviour, chance, _first_day(behaviour, chance, unpaid))

    def _act(self, case: DebtorCase, unpaid: Unpaid, today: date) -> None:
        match case.behaviour:
            case "pays on time" | "pays late":
                self._pay(case, unpaid, today)
            case "pays in part":
                self._pay_in_part(case, unpaid, today)
            case "pays after a reminder":
                if self._reminded(case, unpaid):
                    # A person needs a few days between reading a letter and the bank.
                    case.behaviour = "pays late"
                    case.act_on = today + timedelta(days=2 + case.chance % 4)
            case "disputes":
                if self._reminded(case, unpaid):
                    reason = REASONS[case.chance % len(REASONS)]
                    self._reply(unpaid, today, kind="dispute", reason=reason)
                    case.done = True
            case "promises and pays" | "promises and breaks":
                self._promise(case, unpaid, today)
            case "never pays":
                case.done = True

    def _reminded(self, case: DebtorCase, unpaid: Unpaid) -> bool:
        reminders = unpaid.emails_received + self._letters_naming(unpaid.number)
        return reminders >= case.reminded_when_last_acted + REMINDERS_BEFORE_A_REPLY

    def _pay(self, case: DebtorCase, unpaid: Unpaid, today: date) -> None:
        self._book.pay(unpaid.invoice_id, unpaid.amount_due, today)
        case.done = True

    def _pay_in_part(self, case: DebtorCase, unpaid: Unpaid, today: date) -> None:
        if case.paid_part:
            self._pay(case, unpaid, today)
            return
        share = Decimal(30 + case.chance % 41) / 100
        amount = (unpaid.amount_due * share).quantize(CENT, ROUND_HALF_EVEN)
        if 0 < amount < unpaid.amount_due:
            self._book.pay(unpaid.invoice_id, amount, today)
        case.paid_part = True
        case.act_on = today + timedelta(days=20 + case.chance % 21)

    def _promise(self, case: DebtorCase, unpaid: Unpaid, today: date) -> None:
        if case.promised_on is None:
            if self._reminded(case, unpaid):
                case.promised_on = today + timedelta(days=5 + case.chance % 10)
                self._reply(unpaid, today, kind="promise", promised_on=case.promised_on)
                case.act_on = case.promised_on
        elif case.behaviour == "promises and pays":
            self._pay(case, unpaid, today)
        else:
            # The promise is broken; after the next reminder the money comes all the same.
            case.reminded_when_last_acted = unpaid.emails_received + self._letters_naming(
                unpaid.number
            )
            case.behaviour = "pays after a reminder"

    def _reply(
        self,
        unpaid: Unpaid,
        today: date,
        *,
        kind: str,
        promised_on: date | None = None,
        reason: str = "",
    ) -> None:
        self.replies.append(
            Reply(
                today,
                unpaid.invoice_id,
                unpaid.number,
                unpaid.contact_id,
                kind,
                promised_on,
                reason,
            )
        )


def _first_day(behaviour: str, chance: int, unpaid: Unpaid) -> date:
    match behaviour:
        case "pays on time":
            early = min(chance % 8, max(0, (unpaid.due_on - unpaid.issued_on).days))
            return unpaid.due_on - timedelta(days=early)
        case "pays late":
            return unpaid.due_on + timedelta(days=3 + chance % 40)
        case "pays in part":
            return unpaid.due_on + timedelta(days=chance % 15)
        case _:
            return unpaid.due_on


def _behaviour(percent: int) -> str:
    for name, share in BEHAVIOURS:
        if percent < share:
            return name
        percent -= share
    raise AssertionError("the shares of the behaviours add up to 100")


def _number(seed: int, kind: str, text: str) -> int:
    # Not `hash()`, which differs from process to process.
    digest = hashlib.blake2b(f"{seed}|{kind}|{text}".encode(), digest_size=8).digest()
    return int.from_bytes(digest)
