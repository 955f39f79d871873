"""How much of what is owed hangs on few customers; as of any day.

The Herfindahl-Hirschman index is the sum of the squared shares of all customers: 1 when one of them
owes everything, 1/n when n owe alike (Hirschman, "The paternity of an index", 1964). Its inverse is
the number of equal customers that would be as concentrated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, tzinfo
from decimal import Decimal, localcontext

from msgspec import Struct

from arsync.core.analytics.exactness import PRECISION, to_six_places
from arsync.core.analytics.open_parts import OpenPart, open_parts
from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.as_of import as_it_stood
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import Account

LARGEST_MAX = 10
"""So many customers are named."""

_HUNDRED = Decimal(100)


class LargeDebtor(Struct, frozen=True):
    """One of the customers that owe most. Amounts and percentages have six places."""

    contact_id: str
    contact: str
    owed: Decimal
    percent: Decimal


class Concentration(Struct, frozen=True):
    """The concentration in one currency. Amounts and percentages have six places."""

    currency: str
    in_base: bool
    """Whether other currencies were converted into this one, the organisation's."""
    as_of: date
    owed: Decimal
    """Less unapplied cash."""
    customers: int
    largest: tuple[LargeDebtor, ...]
    """At most ten, the largest first."""
    largest_percent: Decimal
    """What they owe of all."""
    herfindahl: Decimal
    """0 to 1."""
    equal_customers: Decimal
    """1 / `herfindahl`."""
    unrated: tuple[str, ...] = ()
    """Documents that are missing in a sum in base currency: no rate was recorded."""


class Concentrating:
    """A ledger's concentration, while its accounts are read one by one."""

    def __init__(self, day: date, *, zone: tzinfo, base_currency: str) -> None:
        """Begin with no account; the arguments are those of a forecast."""
        self._day = day
        self._zone = zone
        self._base_currency = base_currency
        self._names: dict[str, str] = {}
        self.parts: list[OpenPart] = []
        """What is owed net."""

    def add(self, account: Account) -> None:
        """Add an account, with all its documents, as it is now."""
        stood = as_it_stood(account, self._day, zone=self._zone)
        self._names |= {contact.id: contact.name for contact in stood.contacts}
        base = self._base_currency
        self.parts += open_parts(AccountView(stood, self._day, currency=base, base=base))

    def concentrations(self) -> tuple[Concentration, ...]:
        """Return the concentration by currency; where there are several, last in the base one."""
        by_currency: dict[str, dict[str, Decimal]] = {}
        in_base: dict[str, Decimal] = {}
        unrated: set[str] = set()
        for open_part in self.parts:
            _add(by_currency.setdefault(open_part.currency, {}), open_part, Decimal(1))
            own = open_part.currency == self._base_currency
            unit = Decimal(1) if own else open_part.rate
            if unit is None:
                unrated.add(f"{open_part.number} ({open_part.currency})")
            else:
                _add(in_base, open_part, unit)
        with localcontext(PRECISION):
            rows = [self._of(currency, owed) for currency, owed in sorted(by_currency.items())]
            if set(by_currency) - {self._base_currency}:
                rows.append(
                    self._of(
                        self._base_currency, in_base, unrated=tuple(sorted(unrated)), in_base=True
                    )
                )
        return tuple(rows)

    def _of(
        self,
        currency: str,
        owed: Mapping[str, Decimal],
        *,
        unrated: tuple[str, ...] = (),
        in_base: bool = False,
    ) -> Concentration:
        total = sum(owed.values(), ZERO)
        ordered = sorted(owed.items(), key=lambda debt: (-debt[1], debt[0]))
        largest = tuple(
            LargeDebtor(
                contact_id,
                self._names.get(contact_id, contact_id),
                to_six_places(amount),
                to_six_places(amount * _HUNDRED / total),
            )
            for contact_id, amount in ordered[:LARGEST_MAX]
        )
        of_largest = sum((amount for _, amount in ordered[:LARGEST_MAX]), ZERO)
        squares = sum((amount * amount for amount in owed.values()), ZERO)
        return Concentration(
            currency,
            in_base,
            self._day,
            to_six_places(total),
            len(owed),
            largest,
            to_six_places(of_largest * _HUNDRED / total) if total else to_six_places(ZERO),
            to_six_places(squares / (total * total)) if total else to_six_places(ZERO),
            to_six_places(total * total / squares) if squares else to_six_places(ZERO),
            unrated,
        )


def _add(owed: dict[str, Decimal], open_part: OpenPart, unit: Decimal) -> None:
    owed[open_part.contact_id] = owed.get(open_part.contact_id, ZERO) + open_part.amount * unit


def concentrations(
    accounts: Iterable[Account], day: date, *, zone: tzinfo, base_currency: str
) -> tuple[Concentration, ...]:
    """Return the concentration of a ledger; see `Concentrating`."""
    concentrating = Concentrating(day, zone=zone, base_currency=base_currency)
    for account in accounts:
        concentrating.add(account)
    return concentrating.concentrations()
