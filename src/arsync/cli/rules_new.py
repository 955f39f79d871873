"""`rules new`: a few questions, and a first rulebook."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arsync.cli.common import json_option, say
from arsync.cli.json_output import print_json
from arsync.core.rulebook.starter import APPROVALS, DAYS, LETTERS, TONES
from arsync.errors import EXIT_DONE, UserMistake

if TYPE_CHECKING:
    from arsync.core.rulebook import Rulebook

FIRST_DAYS = (1, 90)
"""The first reminder goes between these days after the due date."""


@click.command("new", short_help="Ask a few questions and write a first rulebook.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--country", metavar="XX", help="The country, two letters; suggests currency and holidays."
)
@click.option("--currency", metavar="XXX", help="The currency of all amounts, three letters.")
@click.option(
    "--tone",
    type=click.Choice(list(TONES)),
    help="How soon and how strictly customers are reminded.",
)
@click.option(
    "--first-day",
    type=click.IntRange(*FIRST_DAYS),
    help="The day of the first reminder, after the due date.",
)
@click.option("--days", type=click.Choice(DAYS), help="The days on which messages leave.")
@click.option("--approval", type=click.Choice(APPROVALS), help="Which steps need approval.")
@click.option(
    "--letters", type=click.Choice(list(LETTERS)), help="How reminders and notices leave."
)
@click.option(
    "--holidays", metavar="PLACE", help="A country or region such as GB-ENG; none: no holidays."
)
@click.option("--name", help="The rulebook's name.")
@click.option("--defaults", is_flag=True, help="Ask nothing; use the suggestions.")
@json_option
def rules_new(
    file: Path,
    country: str | None,
    currency: str | None,
    tone: str | None,
    first_day: int | None,
    days: str | None,
    approval: str | None,
    letters: str | None,
    holidays: str | None,
    name: str | None,
    defaults: bool,
    as_json: bool,
) -> int:
    """Ask a few questions and write a first rulebook to FILE, with comments.

    It also writes first stories to scenarios/, which `arsync rules test` plays: what the rulebook
    does about a customer, day by day. Each question has an option, for scripts. FILE must not exist
    yet.
    """
    from arsync.application.rules import starter_rules as starter
    from arsync.core.rulebook.starter import Answers

    if file.exists():
        raise UserMistake(f"{file} already exists.\n    hint: give another name")
    # Options first: nobody answers seven questions to learn that the first option was wrong.
    country = country and starter.country_called(country)
    currency = currency and starter.currency_called(currency)
    if holidays is not None:
        starter.holidays_called(holidays)
    ask = _Questions(quiet=defaults)
    country = ask.text("Country, two letters", country, "GB", starter.country_called)
    money, place = starter.proposed_for(country)
    if not money and not currency and defaults:
        raise UserMistake(f"the currency of {country} is not known.\n    hint: give --currency")
    currency = ask.text("Currency of all amounts", currency, money, starter.currency_called)
    tone = ask.choice("Tone", tone, list(TONES), "standard")
    usual = next(day for day in TONES[tone].days if day > 0)
    first_day = ask.number("First reminder, days after the due date", first_day, usual)
    days = ask.choice("Messages leave on", days, list(DAYS), DAYS[0])
    approval = ask.choice("Needs approval", approval, list(APPROVALS), APPROVALS[0])
    if letters is None and not defaults:
        say_ways()
    letters = ask.choice("Letters leave by", letters, list(LETTERS), next(iter(LETTERS)))
    holidays = ask.text(
        "Public holidays of (none: no holidays)",
        holidays,
        place or "none",
        starter.holidays_called,
    )
    answers = Answers(
        currency=currency,
        tone=tone,
        first_day=first_day,
        days=days,
        approval=approval,
        holidays=holidays,
        name=name or "Our credit control",
        letters=letters,
    )
    rulebook = starter.write_starter_rulebook(file, answers)
    wrote = [file, *_write_scenarios(file, rulebook)]
    if as_json:
        print_json({"wrote": [str(path) for path in wrote]})
    for path in wrote:
        say(f"{path}: written.")
    for warning in starter.places_to_name(rulebook):
        say(warning)
    say(f"Next: arsync rules check {file}, and: arsync rules test {wrote[-1]}")
    return EXIT_DONE


def say_ways() -> None:
    """Say what each way of letters does, before one is chosen."""
    for way, does in LETTERS.items():
        say(f"  {way}: {does}.")


class _Questions:
    """Asks for what was not answer as an option."""

    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet

    def text(
        self, question: str, answer: str | None, proposed: str, called: Callable[[str], str]
    ) -> str:
        """Return what is called so; a wrong answer is asked for again at once."""
        if answer is not None or self.quiet:
            return called(proposed if answer is None else answer)

        def check(typed: str) -> str:
            try:
                return called(typed)
            except UserMistake as mistake:
                raise click.BadParameter(str(mistake)) from None

        return str(click.prompt(question, default=proposed or None, value_proc=check, err=True))

    def choice(self, question: str, answer: str | None, choices: list[str], proposed: str) -> str:
        """Return one of a few words."""
        if answer is not None or self.quiet:
            return answer or proposed
        kind = click.Choice(choices)
        return str(click.prompt(question, default=proposed, type=kind, err=True))

    def number(self, question: str, answer: int | None, proposed: int) -> int:
        """Return a number of days."""
        if answer is not None or self.quiet:
            return answer or proposed
        kind = click.IntRange(*FIRST_DAYS)
        return int(click.prompt(question, default=proposed, type=kind, err=True))


def _write_scenarios(file: Path, rulebook: Rulebook) -> list[Path]:
    """Write first scenarios beside the rulebook; what is there already is left as it is."""
    from arsync.application.rules.starter_rules import scenarios_beside, write_first_scenarios

    scenarios = scenarios_beside(file)
    if scenarios.exists():
        say(f"{scenarios} already exists and was left unchanged.")
        return []
    return [write_first_scenarios(file, rulebook)]
