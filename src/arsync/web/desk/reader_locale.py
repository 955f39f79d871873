"""How a reader's locale writes money, days and numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.numbers import (
    format_currency,
    format_decimal,
    format_percent,
    get_currency_symbol,
    list_currencies,
)

from arsync.core.ledger.money import DECIMAL_PLACES_MAX, minor_digits, rounded
from arsync.translation import gettext, ngettext

USUAL_LOCALE = "en_GB"

HIDDEN = "–"
"""Stands where a reader without amounts would see one."""

_CURRENCIES = "|".join(sorted(list_currencies()))

_MONEY_IN_WORDS = re.compile(
    rf"(?:\b(?:{_CURRENCIES})\s|[£$€¥])\d{{1,3}}(?:[,. ]?\d{{3}})*(?:[.,]\d{{2}})?\b"
    r"|\d{1,3}(?:[,. ]?\d{3})*[.,]\d{2}\b"
)
"""A sum in a sentence: a number after a currency (yen have no decimals), or one with two decimals,
whatever stands between the thousands."""

_DAY_IN_WORDS = re.compile(r"(?<![\w/-])[0-9]{4}-[0-9]{2}-[0-9]{2}(?![\w/-])")
"""A day in a sentence, as programs write it; not what stands in a file's name."""


@dataclass(frozen=True)
class ReaderLocale:
    """How one reader's locale writes things."""

    locale: Locale
    zone: tzinfo
    shows_amounts: bool = True

    @classmethod
    def of(
        cls, locale: str, *, zone: tzinfo | None = None, shows_amounts: bool = True
    ) -> ReaderLocale:
        """Return them for a locale's name, as a browser or a person gives it."""
        return cls(locale_named(locale), zone or ZoneInfo("UTC"), shows_amounts)

    def money(self, amount: Decimal | int, currency: str, home: str = "") -> str:
        """Return a sum: by symbol in the organisation's currency, by code in any other."""
        if not self.shows_amounts:
            return HIDDEN
        amount = Decimal(amount)
        # More decimals than documents have are those of a figure that was added up.
        if -int(amount.as_tuple().exponent) > DECIMAL_PLACES_MAX:
            amount = rounded(amount, currency)
        if currency == home:
            text = format_currency(
                abs(amount), currency, locale=self.locale, decimal_quantization=False
            )
        else:
            digits = minor_digits(currency)
            decimals = "0" * digits + "#" * (DECIMAL_PLACES_MAX - digits)
            number = format_decimal(abs(amount), f"#,##0.{decimals}", locale=self.locale)
            text = f"{currency}\N{NO-BREAK SPACE}{number}"
        return f"\N{MINUS SIGN}{text}" if amount < 0 else text

    def whole_money(self, amount: Decimal, currency: str, home: str = "") -> str:
        """Return a sum without decimals, for legends and sentences."""
        if not self.shows_amounts:
            return HIDDEN
        number = format_decimal(abs(amount), "#,##0", locale=self.locale)
        sign = "\N{MINUS SIGN}" if amount < 0 else ""
        if currency == home:
            return f"{sign}{get_currency_symbol(currency, locale=self.locale)}{number}"
        return f"{sign}{currency}\N{NO-BREAK SPACE}{number}"

    def plain_money(self, amount: Decimal | None, currency: str) -> str:
        """Return a sum without its currency, for a table of one currency."""
        if amount is None:
            return gettext("not known")
        if not self.shows_amounts:
            return HIDDEN
        pattern = "#,##0." + "0" * minor_digits(currency)
        number = format_decimal(abs(amount), pattern.rstrip("."), locale=self.locale)
        return f"\N{MINUS SIGN}{number}" if amount < 0 else number

    def sums(self, sums: Mapping[str, Decimal], home: str = "") -> str:
        """Return sums of several currencies, which are never added: `£1,000.00 and EUR 20.00`."""
        texts = [
            self.money(amount, currency, home)
            for currency, amount in sorted(
                sums.items(), key=lambda each: (each[0] != home, each[0])
            )
        ]
        *most, last = texts or [self.money(Decimal(0), home, home)]
        if not most:
            return last
        return gettext("%(sums)s and %(last)s", sums=", ".join(most), last=last)

    def number(self, number: Decimal | int) -> str:
        """Return a number."""
        return format_decimal(number, locale=self.locale)

    def day(self, day: date | None, *, today: date | None = None, weekday: bool = False) -> str:
        """Return a day: `30 November`, with its year when that is not this one."""
        if day is None:
            return ""
        with_year = today is None or day.year != today.year
        skeleton = ("EEEE " if weekday else "") + ("d MMMM y" if with_year else "d MMMM")
        if self.locale.language != "en":
            skeleton = ("EEEE, " if weekday else "") + ("d. MMMM y" if with_year else "d. MMMM")
        return format_date(day, skeleton, locale=self.locale)

    def short_day(self, day: date | None, *, today: date | None = None) -> str:
        """Return a day for a table: `30 Nov`."""
        if day is None:
            return ""
        with_year = today is None or day.year != today.year
        return format_date(day, "d MMM y" if with_year else "d MMM", locale=self.locale)

    def month(self, day: date) -> str:
        """Return the month of a day: `Nov 2026`."""
        return format_date(day, "MMM y", locale=self.locale)

    def days(self, days: Decimal | None) -> str:
        """Return whole days: `76 days`; `not known` where there is no figure."""
        if days is None:
            return gettext("not known")
        whole = days.quantize(Decimal(1))
        number = format_decimal(whole, locale=self.locale)
        return ngettext("%(number)s day", "%(number)s days", int(whole), number=number)

    def percent(self, percent: Decimal | None) -> str:
        """Return a whole percentage: `60 %`."""
        if percent is None:
            return gettext("not known")
        return format_percent(percent / 100, "#,##0%", locale=self.locale)

    def late(self, days: int) -> str:
        """Return how late somebody usually pays: `usually 12 days late`."""
        if not days:
            return "usually on time"
        return f"usually {self.days(Decimal(abs(days)))} {'late' if days > 0 else 'early'}"

    def fine_percent(self, share: Decimal) -> str:
        """Return a share of one as a percentage with two decimals: `1.60 %`."""
        return format_percent(share, "#,##0.00%", locale=self.locale)

    def moment(self, moment: datetime | None, *, today: date | None = None) -> str:
        """Return a moment on the organisation's clock: `today 16:05`, `29 Oct 09:12`."""
        if moment is None:
            return gettext("never")
        here = moment.astimezone(self.zone)
        time = format_time(here, "HH:mm", locale=self.locale)
        if today is not None and here.date() == today:
            return gettext("today %(time)s", time=time)
        return f"{self.short_day(here.date(), today=today)} {time}"

    def clock(self, moment: datetime | None) -> str:
        """Return the time of day: `16:05`."""
        if moment is None:
            return ""
        return format_time(moment.astimezone(self.zone), "HH:mm", locale=self.locale)

    def language(self, code: str) -> str:
        """Return the name of a language: `German` for `de`; its code, where nobody knows it."""
        return str(self.locale.languages.get(code, code))

    def sentence(self, text: str) -> str:
        """Return a text that the program made, without sums for whoever may not see them."""
        return text if self.shows_amounts else without_sums(text)

    def told(self, text: str, *, today: date | None = None) -> str:
        """Return such a text with its days as the reader's locale writes them."""
        return _DAY_IN_WORDS.sub(
            lambda day: self._short(day[0], today) or day[0], self.sentence(text)
        )

    def _short(self, iso: str, today: date | None) -> str:
        try:
            return self.short_day(date.fromisoformat(iso), today=today)
        except ValueError:
            return ""


def without_sums(text: str) -> str:
    """Return a text that the program made, without the sums in it."""
    return _MONEY_IN_WORDS.sub(HIDDEN, text)


@cache
def locale_named(name: str) -> Locale:
    """Return the locale of a name as browsers and people give it; without sense, the usual one."""
    try:
        return Locale.parse(name.replace("-", "_") or USUAL_LOCALE)
    except (ValueError, UnknownLocaleError):
        return Locale.parse(USUAL_LOCALE)
