"""The shipped rulebooks' scenarios: they pass, and they notice when a rulebook is changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.builders.rulebooks import a_rulebook

import arsync_rulebooks
from arsync.application.rules.scenarios import play_scenarios
from arsync.config import load_config
from arsync.core.planning.customer_locale import HolidaysIn, no_holidays
from arsync.core.rulebook import Rulebook, WithoutEmail
from arsync.core.rulebook.conditions import fields_of
from arsync.core.rulebook.roles import NO_APPROVAL, Approval
from arsync.core.trials.scenario import Scenario, judge, play, read_scenarios
from arsync.rules_source.folder import holidays_in, shipped

NAMES = ("gentle", "standard", "strict")
PACKS = tuple(name for name in arsync_rulebooks.names() if name not in NAMES)


@cache
def the_rulebook(name: str) -> Rulebook:
    return a_rulebook(arsync_rulebooks.text(name), f"{name}.yaml", find=shipped)


@cache
def the_scenarios(name: str) -> tuple[Scenario, ...]:
    path = files("arsync_rulebooks") / "scenarios" / f"{name}.yaml"
    read, problems = read_scenarios(f"{name}.yaml", path.read_text(encoding="utf-8"))
    assert read is not None, "\n".join(map(str, problems))
    assert read.rulebook in {f"../{name}.yaml", name}
    return read.scenarios


def failures(
    scenario: Scenario, rulebook: Rulebook, *, holidays: HolidaysIn = holidays_in
) -> list[Any]:
    return list(judge(play(scenario, rulebook, holidays=holidays)).failures)


@pytest.mark.parametrize(
    ("name", "scenario"),
    [(name, scenario) for name in NAMES for scenario in the_scenarios(name)],
    ids=lambda one: one if isinstance(one, str) else one.name,
)
def test_each_story_ends_as_told(name: str, scenario: Scenario) -> None:
    assert failures(scenario, the_rulebook(name)) == []


@pytest.mark.parametrize("name", arsync_rulebooks.names())
def test_every_shipped_rulebook_passes_its_own_scenarios(name: str) -> None:
    file = Path(str(files("arsync_rulebooks"))) / "scenarios" / f"{name}.yaml"
    (played,) = play_scenarios(load_config(None, {}), [file])
    assert played.problems == ()
    assert len(played.verdicts) >= 4
    assert [verdict.scenario.name for verdict in played.verdicts if not verdict.passed] == []


@pytest.mark.parametrize("name", NAMES)
def test_each_rulebook_has_its_stories(name: str) -> None:
    assert len(the_scenarios(name)) >= 6


class Mutant(NamedTuple):
    what: str
    rulebook: Rulebook
    holidays: HolidaysIn = holidays_in


def without(rows: tuple[Any, ...], index: int) -> tuple[Any, ...]:
    return rows[:index] + rows[index + 1 :]


def with_one(rows: tuple[Any, ...], index: int, **values: Any) -> tuple[Any, ...]:
    return (*rows[:index], rows[index]._replace(**values), *rows[index + 1 :])


def step_mutants(rulebook: Rulebook) -> Iterator[Mutant]:
    """Yield the rulebook with one step left out, moved, worded otherwise, or approved otherwise."""
    for number, cadence in enumerate(rulebook.reminders):
        for index, step in enumerate(cadence.steps):
            changed = {
                "left out": without(cadence.steps, index),
                "9 days later": with_one(cadence.steps, index, day=step.day + 9),
                "worded otherwise": with_one(cadence.steps, index, text="another text"),
                "approved otherwise": with_one(
                    cadence.steps, index, approval=Approval(not step.approval.required)
                ),
            }
            for what, steps in changed.items():
                ordered = tuple(sorted(steps, key=lambda one: one.day))
                reminders = with_one(rulebook.reminders, number, steps=ordered)
                name = f"{cadence.name}, day {step.day}: {what}"
                yield Mutant(name, replace(rulebook, reminders=reminders))
        skip = cadence.skip_invoices_when
        # A dispute or a promise stops reminders whatever the cadence says.
        if skip and {field.name for field in fields_of(skip.tree)} - {"dispute", "promise_to_pay"}:
            reminders = with_one(rulebook.reminders, number, skip_invoices_when=None)
            yield Mutant(f"{cadence.name} skips nothing", replace(rulebook, reminders=reminders))


def rule_mutants(rulebook: Rulebook) -> Iterator[Mutant]:
    """Yield the rulebook without one of its rules."""
    for section in ("leave_alone", "credit_holds", "reminders", "follow_ups", "credit_limits"):
        rules = getattr(rulebook, section)
        for index, rule in enumerate(rules):
            less: dict[str, Any] = {section: without(rules, index)}
            yield Mutant(f"{section} without {rule.name}", replace(rulebook, **less))
    for index, hold in enumerate(rulebook.credit_holds):
        changes: dict[str, dict[str, Any]] = {
            "approved otherwise": {"approval": Approval(not hold.approval.required)},
            "other terms": {"terms": "" if hold.terms else "cash on delivery"},
        }
        if hold.release.required:
            changes["let go by nobody"] = {"release": NO_APPROVAL}
        for what, values in changes.items():
            holds = with_one(rulebook.credit_holds, index, **values)
            yield Mutant(f"{hold.name}: {what}", replace(rulebook, credit_holds=holds))


def sending_mutants(rulebook: Rulebook) -> Iterator[Mutant]:
    """Yield the rulebook with one setting of `sending` changed."""
    sending = rulebook.sending
    changes: tuple[dict[str, Any], ...] = (
        {"weekdays": frozenset(range(7))},
        {"weekdays": frozenset({0})},
        {"days_between_messages": 0},
        {"days_between_messages": sending.days_between_messages + 20},
        {"platform_emails_per_moment": 1},
        {"platform_emails_per_moment": sending.platform_emails_per_moment + 1},
        # With ten days between them, eight messages in 90 days are never reached.
        {"at_most": None if sending.days_between_messages < 10 else sending.at_most},
        {"without_email": WithoutEmail.HOLD_BACK},
        {"without_email": WithoutEmail.TASK},
    )
    for values in changes:
        changed = sending._replace(**values)
        if changed != sending:
            yield Mutant(f"sending {values}", replace(rulebook, sending=changed))
    yield Mutant("no holidays", rulebook, holidays=no_holidays)


def number_mutants(name: str) -> Iterator[Mutant]:
    """Yield the rulebook with one number of a condition, or one limit, three times or a third."""
    text = arsync_rulebooks.text(name)
    unused = {"standard": ("paid_on_time_percent", "average_days_late")}.get(name, ())
    for match in _NUMBER.finditer(text):
        line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        number = int(match[2].replace(",", ""))
        if line.startswith("#") or not number or any(fact in line for fact in unused):
            continue
        for wrong in (number * 3 + 3, number // 3):
            changed = text[: match.start(2)] + str(wrong) + text[match.end(2) :]
            rulebook = a_rulebook(changed, f"{name}.yaml")
            yield Mutant(f"{line.strip()} {match[0]} -> {wrong}", rulebook)


_NUMBER = re.compile(r"((?:at_least|at_most|less_than|more_than|limit): )([0-9,]+)")


def pack_mutants(name: str) -> Iterator[Mutant]:
    """Yield a pack that lacks one thing it says itself: a step, a rule, what goes by country."""
    pack, file = the_rulebook(name), f"{name}.yaml"
    for number, cadence in enumerate(pack.reminders):
        for index, step in enumerate(cadence.steps):
            if step.place.file == file:
                steps = without(cadence.steps, index)
                reminders = with_one(pack.reminders, number, steps=steps)
                what = f"{cadence.name}, day {step.day}: left out"
                yield Mutant(what, replace(pack, reminders=reminders))
    for section in ("credit_holds", "reminders", "follow_ups"):
        rules = getattr(pack, section)
        for index, rule in enumerate(rules):
            if rule.place.file == file:
                less: dict[str, Any] = {section: without(rules, index)}
                yield Mutant(f"{section} without {rule.name}", replace(pack, **less))
    for index, hold in enumerate(pack.credit_holds):
        if hold.release.required:
            holds = with_one(pack.credit_holds, index, release=NO_APPROVAL)
            yield Mutant(f"{hold.name}: let go by nobody", replace(pack, credit_holds=holds))
    for words in (frozenset[str](), frozenset({"language"}), frozenset({"holidays"})):
        sending = pack.sending._replace(by_customers_country=words)
        yield Mutant(f"by country: {sorted(words)}", replace(pack, sending=sending))


def unnoticed(name: str, mutants: Iterable[Mutant]) -> list[str]:
    """Return the mistakes that no story notices.

    The story that noticed the last one is asked first: it often notices the next one, too.
    """
    stories = sorted(the_scenarios(name), key=lambda one: one.until - one.begins)
    missed = []
    for mutant in mutants:
        for story in stories:
            if failures(story, mutant.rulebook, holidays=mutant.holidays):
                stories.remove(story)
                stories.insert(0, story)
                break
        else:
            missed.append(mutant.what)
    return missed


@pytest.mark.parametrize("name", NAMES)
def test_no_mistake_in_a_rulebook_gets_past_its_stories(name: str) -> None:
    rulebook = the_rulebook(name)
    mutants = [*step_mutants(rulebook), *rule_mutants(rulebook), *sending_mutants(rulebook)]
    assert len(mutants) > 30
    assert unnoticed(name, mutants) == []


@pytest.mark.parametrize("name", NAMES)
def test_no_wrong_number_in_a_rulebook_passes_its_stories(name: str) -> None:
    mutants = list(number_mutants(name))
    assert len(mutants) >= 10
    assert unnoticed(name, mutants) == []


@pytest.mark.parametrize("name", PACKS)
def test_no_mistake_of_a_pack_passes_its_stories(name: str) -> None:
    mutants = list(pack_mutants(name))
    assert len(mutants) >= 5
    assert unnoticed(name, mutants) == []


def test_a_failure_names_the_storys_and_the_rules_line() -> None:
    rulebook = the_rulebook("standard")
    cadence = rulebook.reminders[2]
    later = with_one(cadence.steps, 2, day=16)
    late = replace(rulebook, reminders=with_one(rulebook.reminders, 2, steps=later))
    first = failures(the_scenarios("standard")[0], late)[0]
    assert first.on == date(2026, 6, 22)
    assert first.expected == "email second reminder for INV-1 on Mon 2026-06-22 (day 19)"
    assert first.instead == "it comes later, on Tue 2026-06-23 (day 20)"
    assert first.reasons[-1].startswith(f"standard.yaml:{cadence.steps[2].place.line}: ")
