"""A customer's locale: the public holidays and the language that count for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta, tzinfo
from typing import NamedTuple

from arsync.core.ledger.business_days import Calendar, IsHoliday, first_day, sending_moment
from arsync.core.ledger.records import Contact
from arsync.core.rulebook.model import MONDAY_TO_FRIDAY, Customer, Sending

HolidaysIn = Callable[[str], IsHoliday | None]
"""The public holidays of a place (`DE`, `GB-ENG`; empty: none); None where none are known."""

ANY_REGION = "-*"
"""Behind a country: a holiday of any of its regions counts, because the region is not known."""

HOLIDAYS_NAMED_MAX = 3
"""How many public holidays a message's waiting names; a longer list is cut short."""

LANGUAGES = {
    "AT": "de",
    "DE": "de",
    "AU": "en",
    "GB": "en",
    "GG": "en",
    "GI": "en",
    "IE": "en",
    "IM": "en",
    "JE": "en",
    "NZ": "en",
    "US": "en",
    "AR": "es",
    "CL": "es",
    "CO": "es",
    "ES": "es",
    "UY": "es",
    "FR": "fr",
    "MC": "fr",
    "IT": "it",
    "SM": "it",
    "VA": "it",
    "NL": "nl",
    "SR": "nl",
}
"""The language of letters by country: only where one language is clear, and numbers are written
as the letters in that language write them. Belgium, Switzerland, Luxembourg, Canada and others with
several languages are left out on purpose, and so is who writes numbers another way (Mexico)."""


LANGUAGE_NAMES = {
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "nl": "Dutch",
}
"""The languages of letters, as plans and scenarios call them."""


def no_holidays(_place: str) -> IsHoliday:
    """Know of no public holiday anywhere."""
    return lambda _day: False


def bank_days(sending: Sending, holidays: HolidaysIn) -> Calendar:
    """Return the days on which banks work, whenever messages leave: agreed money is late by them.

    Args:
        sending: the rulebook's, for its `holidays`.
        holidays: the public holidays of a place.
    """
    is_holiday = holidays(sending.holidays) or no_holidays(sending.holidays)
    return Calendar(MONDAY_TO_FRIDAY, is_holiday)


class Leaving(NamedTuple):
    """When a message to one place may leave."""

    not_before: datetime
    waits_for: str = ""
    """The days off that keep it until then, public or one's own, in words; empty: none does."""
    problem: str = ""
    """That no holidays are known for the place, in words; empty: they are."""


class Places:
    """What counts for the customers of one plan, by the rulebook's `sending` and `customers`.

    A place costs one look at its calendar, a customer two look-ups by key.
    """

    def __init__(
        self, sending: Sending, holidays: HolidaysIn, today: date, now: datetime, zone: tzinfo
    ) -> None:
        """Prepare the organisation's own calendar, which counts unless the customer has a place.

        Args:
            sending: the rulebook's.
            holidays: the public holidays of a place.
            today: the organisation's day that is planned.
            now: the moment of planning, aware.
            zone: the organisation's; its hours count everywhere.
        """
        self._sending = sending
        self._holidays = holidays
        self._when = (today, now, zone)
        self._by_country = "holidays" in sending.by_customers_country
        self._leaving: dict[str, Leaving] = {}
        country, _, region = sending.holidays.partition("-")
        self._own_region_of = ("GB" if country == "UK" else country) if region else ""
        # An unknown place must not stop all messages: then only the days of the week count.
        is_holiday = holidays(sending.holidays) or no_holidays(sending.holidays)
        self.bank_days = Calendar(MONDAY_TO_FRIDAY, is_holiday)
        """The days on which banks work, whenever messages leave."""
        self.calendar = Calendar(sending.weekdays, is_holiday, sending.on_holidays, sending.closed)
        """The file's own: `holidays`, whoever the customer is."""
        self.first_day = first_day(today, now, zone, sending.latest)
        """From when messages may leave, where every day counts."""
        self._own = self._leaves(self.calendar, sending.holidays)

    def leaving(self, contact: Contact, customer: Customer | None) -> Leaving:
        """Return when a message to a customer may leave."""
        place = customer.holidays if customer else ""
        if not place and self._by_country and contact.country:
            if contact.country == self._own_region_of:
                return self._own  # the file names a region of it, which says more
            place = f"{contact.country}{ANY_REGION}"
        if not place:
            return self._own
        if place not in self._leaving:
            self._leaving[place] = self._look_at(place, contact)
        return self._leaving[place]

    def _look_at(self, place: str, contact: Contact) -> Leaving:
        # Without a code the country is whatever somebody typed, and has no calendar.
        named = re.fullmatch(r"[A-Z]{2}(-[A-Z0-9]{1,3}|-[*])?", place)
        is_holiday = self._holidays(place) if named else None
        shown = place.removesuffix(ANY_REGION)
        if is_holiday is None:
            instead = self._sending.holidays
            count = f"those of {instead} count" if instead else "every business day counts"
            # It names the first contact of the place alone: with the place it is kept, so that a
            # plan says it once.
            return self._own._replace(
                problem=f"no public holidays are known for {shown!r}, the place of {contact.name}:"
                f" {count} there"
            )
        # Holidays are the customer's; the days of the week and the hours stay the organisation's.
        whole = self._holidays(shown) if place != shown else None
        return self._leaves(self.calendar._replace(is_holiday=is_holiday), shown, whole)

    def _leaves(self, calendar: Calendar, place: str, whole: IsHoliday | None = None) -> Leaving:
        today, now, zone = self._when
        hours = (self._sending.earliest, self._sending.latest)
        moment = sending_moment(today, now, zone, calendar, hours)
        return Leaving(moment, _waits_for(calendar, today, moment.date(), place, whole))

    def language(self, contact: Contact, customer: Customer | None) -> str:
        """Return the language of a customer's messages; empty: the letters' own."""
        if customer is not None and customer.language:
            return customer.language
        if "language" in self._sending.by_customers_country:
            # A country of several languages is not in the table: a guess would be wrong for many.
            return LANGUAGES.get(contact.country) or self._sending.language
        return self._sending.language


def _waits_for(
    calendar: Calendar, first: date, opens: date, place: str, whole: IsHoliday | None
) -> str:
    """Return the days off, one's own and public ones, that keep it until it leaves, in words.

    `whole` are the holidays of the whole country, where those of any region count.
    """
    between = [first + timedelta(ahead) for ahead in range((opens - first).days)]
    own = dict.fromkeys(off for day in between if (off := calendar.off_on(day)))
    closed = f"closed on {' and '.join(off.text for off in own)}" if own else ""
    others = [day for day in between if calendar.off_on(day) is None]
    return "; ".join(
        filter(None, (closed, _holidays_in_words(calendar, others, opens, place, whole)))
    )


def _holidays_in_words(
    calendar: Calendar, days: list[date], opens: date, place: str, whole: IsHoliday | None
) -> str:
    """Return the holidays on which it would leave if they were none: `Fri 2026-05-01 is ...`."""
    # A calendar that is not believed any more opens on a closed day, and names no holidays.
    if calendar.on_holidays or not calendar.is_open(opens):
        return ""
    days = [day for day in days if day.weekday() in calendar.weekdays and calendar.is_holiday(day)]
    if not days:
        return ""
    if whole is not None and not any(map(whole, days)):
        place = f"a part of {place}"
    shown = [f"{_WEEKDAYS[day.weekday()]} {day}" for day in days[:HOLIDAYS_NAMED_MAX]]
    if len(days) == 1:
        return f"{shown[0]} is a public holiday in {place}"
    more = ["..."] if len(days) > len(shown) else []
    return f"{', '.join([*shown, *more])} are public holidays in {place}"


_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
