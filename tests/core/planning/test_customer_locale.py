"""Places: a message leaves on a day that counts where the customer is, in its language."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from tests.builders.rulebooks import a_rulebook

from arsync.core.actions import Action
from arsync.core.ledger.business_days import IsHoliday
from arsync.core.ledger.records import Organisation
from arsync.core.planning.explanation import explain
from arsync.core.planning.planner import Plan
from arsync.core.rulebook import read_rulebook
from arsync.rules_source.folder import holidays_in

Desk = Any

MAY_DAY = date(2026, 5, 1)
"""A Friday; in Great Britain the bank holiday is the Monday after it."""

BOTH = "  by_customers_country: [holidays, language]\n"
STEPS = "reminders: [{name: S, steps: [{day: 1, email: first reminder}]}]\n"


def book(sending: str = BOTH, customers: str = "", own: str = "GB-ENG") -> str:
    place = f"  holidays: {own}\n" if own else ""
    return (
        f"version: 1\ncurrency: GBP\n{customers}{STEPS}sending:\n{place}  language: en\n{sending}"
    )


class Counted:
    """The real holidays, counting how often a place is looked up, and a day asked for."""

    def __init__(self) -> None:
        self.places: list[str] = []

    def __call__(self, place: str) -> IsHoliday | None:
        self.places.append(place)
        return holidays_in(place)


@pytest.fixture
def plan(desk: Desk) -> Callable[..., Plan]:
    def made(
        text: str, *countries: str, today: date = MAY_DAY, asked: Counted | None = None
    ) -> Plan:
        desk.today = today
        accounts = [
            desk.account(
                desk.invoice(f"i{n}", 2, contact=f"c{n}"),
                contacts=(desk.contact(f"c{n}", country=country),),
            )
            for n, country in enumerate(countries)
        ]
        planned: Plan = desk.plan(text, *accounts, holidays=asked or holidays_in)
        return planned

    return made


def leaves(plan: Plan) -> Iterator[tuple[date, str]]:
    for action in plan.actions:
        assert action.not_before is not None
        yield action.not_before.date(), action.payload.waits_for_holidays


DECEMBER = "  closed: [2026-12-24 to 2027-01-04]\n"


@pytest.mark.parametrize("days", ["", "  days: every day\n"])
def test_nothing_leaves_on_days_off(plan: Callable[..., Plan], days: str) -> None:
    text = book(BOTH + DECEMBER + days)
    eve, within = date(2026, 12, 23), date(2026, 12, 28)
    assert list(leaves(plan(text, "GB", today=eve))) == [(eve, "")]
    # 28 December is a bank holiday as well: that it is closed says it all.
    assert (
        list(leaves(plan(text, "GB", "DE", today=within)))
        == [(date(2027, 1, 5), "closed on 2026-12-24 to 2027-01-04")] * 2
    )


def test_days_off_and_a_holiday_are_both_named(plan: Callable[..., Plan]) -> None:
    text = book("  closed: 2026-12-24\n")
    assert list(leaves(plan(text, "GB", today=date(2026, 12, 24)))) == [
        (
            date(2026, 12, 29),
            "closed on 2026-12-24; Fri 2026-12-25, Mon 2026-12-28 are public holidays in GB-ENG",
        )
    ]


def test_a_message_waits_for_the_customers_next_business_day(
    plan: Callable[..., Plan],
) -> None:
    leaving = list(leaves(plan(book(), "DE", "GB", "US", "")))
    assert leaving == [
        (date(2026, 5, 4), "Fri 2026-05-01 is a public holiday in DE"),
        (MAY_DAY, ""),
        (MAY_DAY, ""),
        (MAY_DAY, ""),
    ]


def test_customers_of_unknown_country_follow_the_files_calendar(
    plan: Callable[..., Plan],
) -> None:
    """`GB-SCT` says more than `GB`: 2 January is a holiday in Scotland alone."""
    planned = plan(book(own="GB-SCT"), "GB", "", today=date(2026, 1, 2))
    words = "Fri 2026-01-02 is a public holiday in GB-SCT"
    assert list(leaves(planned)) == [(date(2026, 1, 5), words)] * 2


def test_a_holiday_of_any_region_counts_for_a_country(plan: Callable[..., Plan]) -> None:
    """Corpus Christi is kept in some of Germany; nobody knows where the customer is."""
    corpus_christi = date(2026, 6, 4)
    assert list(leaves(plan(book(), "DE", "AT", today=corpus_christi))) == [
        (date(2026, 6, 5), "Thu 2026-06-04 is a public holiday in a part of DE"),
        (date(2026, 6, 5), "Thu 2026-06-04 is a public holiday in AT"),
    ]
    # Saint Andrew's Day, in Scotland alone; the file that names England leaves then.
    british = plan(book(own="IE"), "GB", today=date(2026, 11, 30))
    assert [day for day, _ in leaves(british)] == [date(2026, 12, 1)]
    english = plan(book(own="UK-ENG"), "GB", today=date(2026, 11, 30))
    assert [day for day, _ in leaves(english)] == [date(2026, 11, 30)]
    # The file's own country, without a region: the customer may be in any.
    whole = plan(book(own="DE"), "DE", "", today=corpus_christi)
    assert [day for day, _ in leaves(whole)] == [date(2026, 6, 5), corpus_christi]


def test_without_the_key_everyone_follows_the_files_calendar(
    plan: Callable[..., Plan],
) -> None:
    planned = plan(book(sending=""), "DE", "FR")
    assert [day for day, _ in leaves(planned)] == [MAY_DAY, MAY_DAY]
    assert [action.payload.language_code for action in planned.actions] == ["en", "en"]


def test_what_was_agreed_with_a_customer_wins(plan: Callable[..., Plan]) -> None:
    agreed = "customers: [{contact: c0, holidays: DE-BY, language: fr}]\n"
    (action,) = plan(book(customers=agreed), "US").actions
    assert action.payload.waits_for_holidays == "Fri 2026-05-01 is a public holiday in DE-BY"
    assert action.payload.language_code == "fr"


def test_an_empty_list_turns_off_what_is_extended(plan: Callable[..., Plan]) -> None:
    (action,) = plan(book("  by_customers_country: []\n"), "DE").actions
    assert (action.payload.language_code, bool(action.payload.waits_for_holidays)) == ("en", False)


def test_holidays_and_language_are_asked_for_one_by_one(plan: Callable[..., Plan]) -> None:
    (action,) = plan(book("  by_customers_country: holidays\n"), "DE").actions
    assert (action.payload.language_code, bool(action.payload.waits_for_holidays)) == ("en", True)
    (action,) = plan(book("  by_customers_country: [language]\n"), "DE").actions
    assert (action.payload.language_code, bool(action.payload.waits_for_holidays)) == ("de", False)


def test_every_skipped_holiday_is_named_and_weekends_are_not(plan: Callable[..., Plan]) -> None:
    """Good Friday, the weekend, Easter Monday."""
    (leaving,) = leaves(plan(book(), "DE", today=date(2026, 4, 3)))
    words = "Fri 2026-04-03, Mon 2026-04-06 are public holidays in DE"
    assert leaving == (date(2026, 4, 7), words)
    (leaving,) = leaves(plan(book(), "DE", today=date(2026, 5, 9)))
    assert leaving == (date(2026, 5, 11), "")


@pytest.mark.parametrize("country", ["XX", "Atlantis"])
def test_a_country_without_known_holidays_falls_back_once(
    plan: Callable[..., Plan], country: str
) -> None:
    planned = plan(book(), *[country] * 3, today=date(2026, 5, 4))
    assert [day for day, _ in leaves(planned)] == [date(2026, 5, 5)] * 3
    (problem,) = planned.problems
    assert problem == (
        f"no public holidays are known for {country!r}, the place of Name c0:"
        " those of GB-ENG count there"
    )
    (problem,) = plan(book(own=""), country).problems
    assert problem.endswith("every business day counts there")


def test_each_calendar_is_read_once_for_all_customers(
    plan: Callable[..., Plan],
) -> None:
    counted = Counted()
    plan(book(), *["DE", "FR", "XX", "GB", ""] * 20, asked=counted)
    assert sorted(counted.places) == ["DE", "DE-*", "FR", "FR-*", "GB-ENG", "XX-*"]


def test_every_day_sending_includes_holidays(plan: Callable[..., Plan]) -> None:
    assert list(leaves(plan(book(BOTH + "  days: every day\n"), "DE"))) == [(MAY_DAY, "")]


def test_only_customer_messages_wait_for_the_customers_holidays(
    plan: Callable[..., Plan],
) -> None:
    text = book().replace("email: first reminder", "task: Call")
    (action,) = plan(text, "DE").actions
    assert action.not_before is None
    assert not action.payload.waits_for_holidays


def test_why_says_whose_holiday_delays_a_message(desk: Desk) -> None:
    desk.today = MAY_DAY
    account = desk.account(desk.invoice("i1", 2), contacts=(desk.contact(country="DE"),))
    rulebook = a_rulebook(book())
    lines = explain(
        account,
        rulebook,
        desk.plan(book(), account, holidays=holidays_in),
        organisation=Organisation("o1", "Acme", "GBP"),
    )
    (planned,) = [line.text for line in lines if line.section == "planned"]
    assert planned.endswith("; from 2026-05-04 09:00 (Fri 2026-05-01 is a public holiday in DE)")


def test_a_paying_parent_is_written_to_by_its_calendar(desk: Desk) -> None:
    desk.today = MAY_DAY
    contacts = (
        desk.contact("p", country="FR"),
        desk.contact("c1", country="US", parent_id="p", bill_to_parent=True),
        desk.contact("c2", country="US", parent_id="p"),
    )
    account = desk.account(
        desk.invoice("i1", 2), desk.invoice("i2", 2, contact="c2"), contacts=contacts
    )
    plan = desk.plan(book(), account, holidays=holidays_in)
    by_contact: dict[str, Action] = {action.contact_id: action for action in plan.actions}
    assert by_contact["p"].payload.waits_for_holidays == "Fri 2026-05-01 is a public holiday in FR"
    assert by_contact["p"].payload.language_code == "fr"
    assert by_contact["c2"].payload.language_code == "en"
    assert not by_contact["c2"].payload.waits_for_holidays


@pytest.mark.parametrize("country", ["BE", "CH", "LU", "CA", "ZA", "IN", "SG", "FI", "MT"])
def test_a_country_of_several_languages_falls_back(plan: Callable[..., Plan], country: str) -> None:
    (action,) = plan(book(), country).actions
    assert action.payload.language_code == "en"


@pytest.mark.parametrize("said", ["[holiday]", "[holidays, tone]", "yes", "{a: b}"])
def test_anything_else_is_refused_with_what_it_can_be(said: str) -> None:
    text = book(sending=f"  by_customers_country: {said}\n")
    rulebook, problems = read_rulebook([("r.yaml", text)])
    assert rulebook is None
    assert "by_customers_country" in problems[0].message
