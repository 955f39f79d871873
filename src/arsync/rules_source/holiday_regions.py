"""Countries whose public holidays differ by region: which, and what counts where nobody named one.

A country alone does not say on which days its offices are closed. In a rulebook it counts as ever,
with a warning that lists the regions. Of a customer only the country is known, so there a holiday
of any region counts: a message that waits a day harms nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from importlib import resources

from arsync.core.planning.customer_locale import ANY_REGION
from arsync.core.rulebook import Place, Problem, Rulebook

HOLIDAY_REGIONS = "holiday_regions.txt"
"""Each line a country and its regions, ISO 3166: written by docs/generate.py from the library."""

REGIONAL_DAYS_MAX = 35
"""In a country whose regions together close on more weekdays a year, their holidays are no guide:
53 in the United States, 70 in Italy. There only those of the whole country count."""

REGIONS_NAMED_MAX = 8
"""How many regions a warning names; a longer list is cut short."""

_UNITED_KINGDOM = frozenset({"GB", "UK"})


@cache
def regions_by_country() -> dict[str, tuple[str, ...]]:
    """Return the regions of the countries whose holidays differ by region."""
    file = resources.files("arsync.rules_source").joinpath(HOLIDAY_REGIONS)
    lines = (line.split() for line in file.read_text(encoding="utf-8").splitlines())
    return {country: tuple(regions) for country, *regions in lines}


def in_any_region(place: str) -> Callable[[date], bool] | None:
    """Return whether a day is a holiday in any part of a country; None: its holidays are not known.

    Args:
        place: as customers have it where only their country is known: `DE-*`.
    """
    from holidays import country_holidays

    country = place.removesuffix(ANY_REGION)
    try:
        whole = country_holidays(country)
    except NotImplementedError:
        return None
    regions = regions_by_country().get(country, ())
    calendars = [whole, *(country_holidays(country, subdiv=region) for region in regions)]
    return lambda day: any(day in calendar for calendar in calendars)


def region_warnings(rulebook: Rulebook) -> list[Problem]:
    """Return a warning for each place that names a country whose holidays differ by region."""
    sending = rulebook.sending
    named = [(sending.holidays, sending.place)] if not sending.on_holidays else []
    named += [(customer.holidays, customer.place) for customer in rulebook.customers]
    return list(_warnings(named))


def _warnings(named: list[tuple[str, Place]]) -> Iterator[Problem]:
    for place, where in named:
        country = "GB" if place in _UNITED_KINGDOM else place
        regions = regions_by_country().get(country)
        if not regions:
            continue
        counted = "those of England" if country == "GB" else "only those of the whole country"
        message = f"the public holidays of {place} differ by region; {counted} count."
        listed = ", ".join(f"{country}-{region}" for region in regions[:REGIONS_NAMED_MAX])
        more = f" and {len(regions) - REGIONS_NAMED_MAX} more" * (len(regions) > REGIONS_NAMED_MAX)
        yield Problem(*where, message, f"write the region: {listed}{more}", "warning")
