"""A first rulebook from a few answers, and first scenarios beside it."""

from __future__ import annotations

import re
from pathlib import Path

from arsync.application.rules.scenarios import SCENARIOS_FOLDER
from arsync.core.rulebook import Rulebook, read_rulebook
from arsync.core.rulebook.starter import COUNTRIES, Answers, starter_rulebook
from arsync.core.trials.scenario.scenario_starter import first_scenarios
from arsync.errors import UserMistake
from arsync.rules_source.folder import holidays_in, holidays_of
from arsync.rules_source.holiday_regions import region_warnings


def country_called(answer: str) -> str:
    """Return a country's two letters; the United Kingdom is `GB`, and `UK` for most people.

    Raises:
        UserMistake: it is no country.
    """
    from babel.core import Locale

    code = answer.strip().upper()
    code = "GB" if code == "UK" else code
    if not re.fullmatch(r"[A-Z]{2}", code) or code not in Locale("en").territories:
        raise UserMistake(f"{answer!r} is not a country.\n    hint: two letters, as in GB")
    return code


def currency_called(answer: str) -> str:
    """Return a currency's three letters.

    Raises:
        UserMistake: it is no currency.
    """
    from babel.numbers import list_currencies

    code = answer.strip().upper()
    if not re.fullmatch(r"[A-Z]{3}", code) or code not in list_currencies():
        raise UserMistake(
            f"{answer!r} is not a currency; it must be three capital letters.\n    hint: as in GBP"
        )
    return code


def holidays_called(answer: str) -> str:
    """Return the place whose public holidays count; empty for `none`.

    Raises:
        UserMistake: no holidays are known for it.
    """
    place = "" if answer.strip().casefold() == "none" else answer.strip().upper()
    holidays_of(place)
    return place


def proposed_for(country: str) -> tuple[str, str]:
    """Return the currency of a country and its public holidays, empty where they are not known.

    Args:
        country: two letters.
    """
    from babel.numbers import get_territory_currencies

    if country in COUNTRIES:
        return COUNTRIES[country]
    money = get_territory_currencies(country)
    return (money[0] if money else ""), (country if holidays_in(country) else "")


def write_starter_rulebook(file: Path, answers: Answers) -> Rulebook:
    """Write the rulebook, once it is certain that it is one, and return it.

    Raises:
        UserMistake: the answers make no rulebook, or the file cannot be written.
    """
    text = starter_rulebook(answers)
    rulebook, problems = read_rulebook([(file.name, text)])
    if rulebook is None:
        raise UserMistake("\n".join(map(str, problems)))
    holidays_of(rulebook.sending.holidays)
    _save(file, text)
    return rulebook


def places_to_name(rulebook: Rulebook) -> list[str]:
    """Return what is left to say about its public holidays: the region of a country, in words."""
    return [problem.in_a_line for problem in region_warnings(rulebook)]


def scenarios_beside(file: Path) -> Path:
    """Return where the scenarios of a rulebook belong."""
    return file.parent / SCENARIOS_FOLDER / f"{file.stem}.yaml"


def write_first_scenarios(file: Path, rulebook: Rulebook) -> Path:
    """Write first scenarios beside a rulebook, and return where.

    Raises:
        UserMistake: they cannot be written.
    """
    scenarios = scenarios_beside(file)
    try:
        scenarios.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise UserMistake(f"{scenarios.parent}: {error.strerror}.") from None
    path = f"../{file.name}"
    text = first_scenarios(rulebook, file=scenarios.as_posix(), path=path, holidays=holidays_in)
    _save(scenarios, text)
    return scenarios


def _save(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserMistake(f"{file}: {error.strerror}.") from None
