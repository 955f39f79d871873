"""Pauses: what is not certain stops everybody, and says so once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.builders.rulebooks import a_rulebook

from arsync.core.actions import ActionKind
from arsync.core.ledger.records import Difference
from arsync.core.planning.send_blocks import Circumstances, differs, pauses, warnings
from arsync.core.rulebook import Rulebook

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TODAY = date(2026, 11, 22)
SURE = Circumstances(
    NOW, TODAY, "Xero", "GBP", pulled_at=NOW - timedelta(hours=1), own_reminders=False
)


def rulebook(safety: str = "{}", currency: str = "GBP") -> Rulebook:
    text = f"version: 1\ncurrency: {currency}\nsafety: {safety}\n"
    return a_rulebook(text, "rules.yaml")


def rules_of(known: Circumstances, safety: str = "{}") -> list[str]:
    return [pause.rule for pause in pauses(rulebook(safety), known)]


def apart(name: str = "Ada", by: str = "5.00", **more: Any) -> Difference:
    difference = Difference(name, name, Decimal(100), Decimal(100) + Decimal(by), "GBP", Decimal(1))
    return difference._replace(**more)


def test_fresh_and_matching_figures_pause_nothing() -> None:
    assert pauses(rulebook(), SURE) == ()
    assert warnings(rulebook(), SURE, "acme") == []


@pytest.mark.parametrize(
    ("hours", "safety", "found"),
    [
        (26, "{}", []),
        (26.1, "{}", ["data_not_older_than"]),
        (26.1, "{data_not_older_than: 2 days}", []),
        (0.9, "{data_not_older_than: 1 hour}", []),
    ],
)
def test_data_grow_old_after_the_rulebooks_time(
    hours: float, safety: str, found: list[str]
) -> None:
    old = SURE._replace(pulled_at=NOW - timedelta(hours=hours))
    assert rules_of(old, safety) == found


@pytest.mark.parametrize(
    ("paid_on", "found"),
    [
        (date(2026, 11, 15), []),
        (date(2026, 11, 14), ["payments_not_older_than"]),
        (None, ["payments_not_older_than"]),
    ],
)
def test_payments_are_asked_for_only_where_the_rulebook_does(
    paid_on: date | None, found: list[str]
) -> None:
    circumstances = SURE._replace(paid_on=paid_on)
    assert rules_of(circumstances, "{payments_not_older_than: 7 days}") == found
    assert rules_of(circumstances) == []


def test_reminders_of_the_platform_stop_ours_and_nothing_else() -> None:
    (pause,) = pauses(rulebook(), SURE._replace(own_reminders=True))
    assert pause.kinds == {ActionKind.REMINDER}
    assert pause.text.startswith("no reminder email leaves: Xero's own invoice reminders")
    assert not rules_of(SURE._replace(own_reminders=True), "{platform_reminders: ignore}")


def test_unknown_platform_reminders_are_warned_about_unless_disregarded() -> None:
    unknown = SURE._replace(own_reminders=None)
    assert not rules_of(unknown)
    (warning,) = warnings(rulebook(), unknown, "acme")
    assert "arsync connections acme --own-reminders off" in warning
    assert warnings(rulebook("{platform_reminders: ignore}"), unknown, "acme") == []


def test_too_many_differing_customers_stop_everything() -> None:
    circumstances = SURE._replace(
        differences=(apart("Ada"), apart("Bob", "1.00"), apart("Cem", "-2"))
    )
    (pause,) = pauses(rulebook("{customers_who_differ: 0}"), circumstances)
    assert pause.rule == "receivables_differ_by"
    assert "Ada (Xero says that GBP 100.00 is owed, the copy adds up to GBP 105.00)" in pause.reason
    assert "Bob" not in pause.reason, "within the tolerance"
    assert ActionKind.CREDIT_HOLD in pause.kinds
    assert ActionKind.LIFT_CREDIT_HOLD not in pause.kinds, "in the customer's favour"
    assert rules_of(circumstances, "{customers_who_differ: 2}") == []
    assert rules_of(circumstances, "{customers_who_differ: 1}") == ["receivables_differ_by"]
    assert rules_of(circumstances) == [], "three by default"
    four = SURE._replace(differences=tuple(apart(name) for name in ("Ada", "Bob", "Cem", "Dov")))
    assert rules_of(four) == ["receivables_differ_by"]


@pytest.mark.parametrize(
    ("more", "currency", "answer"),
    [
        ({"currency": "EUR", "rate": Decimal("0.1")}, "GBP", False),
        ({"currency": "EUR", "rate": Decimal("0.9")}, "GBP", True),
        ({"currency": "EUR", "rate": None, "ours": Decimal("100.01")}, "GBP", True),
        ({"ours": Decimal("100.01")}, "EUR", True),
    ],
    ids=["below", "above", "no rate", "the rulebook is of another currency"],
)
def test_the_tolerance_uses_the_rulebooks_currency_and_unknown_protects(
    more: dict[str, Any], currency: str, answer: bool
) -> None:
    assert differs(rulebook(currency=currency), apart(**more), "GBP") is answer


def test_money_that_names_nobody_is_warned_of() -> None:
    assert warnings(rulebook(), SURE._replace(unplaced=("a payment (P-1) ...",)), "acme") == [
        "a payment (P-1) ..."
    ]
