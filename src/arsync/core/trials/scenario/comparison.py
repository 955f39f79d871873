"""The comparison: what was expected of a rulebook, what it did instead, and why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from arsync.core.planning.assessment import Assessor
from arsync.core.planning.explanation import explain
from arsync.core.planning.plan import HeldBack
from arsync.core.planning.planning_context import cited
from arsync.core.planning.rules_read import ReasonLine
from arsync.core.rulebook.conditions import fields_of, trace
from arsync.core.rulebook.facts import contact_row
from arsync.core.rulebook.model import AlertRule, FollowUp, folded
from arsync.core.trials.scenario.player import Played, PlayedDay, happenings
from arsync.core.trials.scenario.scenario_model import (
    ABOUT_CUSTOMERS,
    Expected,
    Happening,
    Phrase,
    What,
)
from arsync.core.trials.scenario.scenario_result import Failure, ScenarioResult

REASONS_MAX = 6
"""How many reasons one failure gives."""


def judge(played: Played) -> ScenarioResult:
    """Compare what happened with what was expected."""
    failures = _DayComparison(played).failures()
    return ScenarioResult(
        played.scenario, tuple(sorted(failures, key=lambda failure: failure.place.line))
    )


class _DayComparison:
    """One scenario while it is compared."""

    def __init__(self, played: Played) -> None:
        self.played = played
        self.scenario = played.scenario
        # By identity: two equal happenings are two, and each has to be expected.
        self.open = {id(happening): happening for happening in played.happened}
        """Happenings that no expectation has claimed so far."""

    def failures(self) -> list[Failure]:
        """Return every difference."""
        failures = [
            Failure(event.place, event.on, f"{event.sentence} to be possible", reason)
            for event, reason in self.played.impossible
        ]
        missing: list[tuple[Expected, Phrase]] = []
        nothing: dict[date, Expected] = {}
        for expected in self.scenario.expected:
            if expected.facts is not None:
                failures += self.facts(expected)
            elif expected.phrase is None:
                nothing[expected.on] = expected
            else:
                missing += [(expected, claimed) for claimed in self.claim(expected)]
        # Before the others, or a forbidden happening would be reported again as unlisted.
        failures += self.never()
        failures += [self.missing(expected, phrase) for expected, phrase in missing]
        failures += self.unlisted(nothing)
        return failures

    def claim(self, expected: Expected) -> list[Phrase]:
        """Claim the happenings that an expectation names; return the phrases that found none."""
        assert expected.phrase is not None, "only phrases are claimed"
        phrase = expected.phrase
        each = [phrase._replace(invoices=(invoice,)) for invoice in phrase.invoices] or [phrase]
        lacking = []
        for wanted_phrase in each:
            fits = [
                happened
                for happened in self.open.values()
                if happened.on == expected.on and wanted_phrase.matches(happened)
            ]
            for happened in fits:
                del self.open[id(happened)]
            if not fits:
                lacking.append(wanted_phrase)
        return lacking

    def never(self) -> list[Failure]:
        """Return what happened although it must not."""
        failures = []
        for never in self.scenario.never:
            for happened in self.played.happened:
                if never.phrase.matches(happened):
                    self.open.pop(id(happened), None)
                    failures.append(
                        Failure(
                            never.place,
                            happened.on,
                            f"never {never.phrase.sentence}",
                            f"{happened} on {self.scenario.day(happened.on)}",
                            (reason(happened),),
                        )
                    )
        return failures

    def missing(self, expected: Expected, phrase: Phrase) -> Failure:
        """Return a failure for what did not happen on its day."""
        expectation = expected.sentence
        if len(phrase.invoices) == 1 and len((expected.phrase or phrase).invoices) > 1:
            expectation += f" (not for {phrase.invoices[0]})"
        day = self.played.days.get(expected.on)
        happening = min(
            (candidate for candidate in self.open.values() if phrase.matches(candidate)),
            # The nearest of its kind is most likely the one that was meant, on another day.
            key=lambda candidate: abs((candidate.on - expected.on).days),
            default=None,
        )
        today = "; ".join(map(str, day.happened)) if day else ""
        reasons = self.why_not(phrase, day) if day else []
        if happening is None:
            instead = f"{today} on that day" if today else "nothing on that day"
        else:
            del self.open[id(happening)]
            is_later = happening.on > expected.on
            when = "later" if is_later else "before"
            instead = f"it comes {when}, on {self.scenario.day(happening.on)}"
            reasons = [*(reasons if is_later else ()), reason(happening)]
        where = f"{expectation} on {self.scenario.day(expected.on)}"
        return Failure(expected.place, expected.on, where, instead, tuple(reasons[:REASONS_MAX]))

    def unlisted(self, nothing: dict[date, Expected]) -> list[Failure]:
        """Return a failure for each happening that is not listed."""
        failures = []
        for happened in self.open.values():
            expected = nothing.get(happened.on)
            if expected is None and self.scenario.unlisted_allowed:
                continue
            place = expected.place if expected else self.scenario.place
            what = "nothing" if expected else "nothing but what is listed"
            on = self.scenario.day(happened.on)
            reasons = (reason(happened),)
            failures.append(Failure(place, happened.on, f"{what} on {on}", str(happened), reasons))
        return failures

    def assessor(self, day: date) -> Assessor:
        """Return the rulebook, ready to be asked on a day."""
        played = self.played
        return Assessor(played.rulebook, played.organisation, day, played.bank_days)

    def facts(self, expected: Expected) -> list[Failure]:
        """Return a failure for facts that do not hold in the evening of a day."""
        assert expected.facts is not None, "only facts are asked for"
        day = self.played.days[expected.on]
        assessor = self.assessor(expected.on)
        root = assessor.assess(day.evening[0]).root
        positions = [field.position for field in fields_of(expected.facts.tree)]
        traced = trace(expected.facts.tree, contact_row(root.view, positions), None)
        if traced.answer is True:
            return []
        wrong = [evidence for evidence in traced.evidence if evidence.answer is not True]
        currency = self.played.rulebook.currency
        instead = " · ".join(evidence.in_words(currency) for evidence in wrong or traced.evidence)
        on = self.scenario.day(expected.on)
        return [Failure(expected.place, expected.on, f"the facts hold on {on}", instead)]

    def why_not(self, phrase: Phrase, day: PlayedDay) -> list[str]:
        """Return what stopped something on a day, or the rules that were read."""
        waiting = list(self.planned(phrase, day))
        if waiting:
            return waiting
        held = [held_back for held_back in day.plan.held_back if _about(held_back, phrase)]
        if held:
            return [_held(held_back) for held_back in held]
        if phrase.what in {What.TASK, What.CALL, What.ALERT} and (
            unopened := self.unopened(phrase, day)
        ):
            return unopened
        lines = self.explained(phrase, day)
        sections = {"credit_holds"} if phrase.what in ABOUT_CUSTOMERS else {"next"}
        chosen = [line for line in lines if line.section in sections]
        # Nothing comes next: then it is about which cadence the customer is in.
        chosen = chosen or [line for line in lines if line.section == "reminders" and line.answer]
        return [_line(line) for line in chosen]

    def planned(self, phrase: Phrase, day: PlayedDay) -> Iterator[str]:
        """Yield what is planned on the day and waits: for a business day, or for a person."""
        for action in day.plan.actions:
            on = day.plan.as_of
            if not any(
                phrase._replace(waits=False).matches(happening)
                for happening in happenings(action, on)
            ):
                continue
            place = f"{action.because.file}:{action.because.line}: {action.because.rule}"
            if action.not_before is not None and action.not_before.date() > on:
                leaves = self.scenario.day(action.not_before.date())
                yield f"{place}: planned; messages next leave on {leaves}"
            elif action.needs_approval:
                yield f"{place}: planned; it needs {action.approval_words}"

    def explained(self, phrase: Phrase, day: PlayedDay) -> list[ReasonLine]:
        """Return the explanation of the day for what a phrase is about."""
        lines = []
        for account in day.morning:
            names = {folded(contact.name) for contact in account.contacts}
            if phrase.contact and folded(phrase.contact) not in names:
                continue
            numbers = [invoice.number for invoice in account.invoices]
            for number in phrase.invoices or ("",):
                if number and number not in numbers:
                    continue
                lines += explain(
                    account,
                    self.played.rulebook,
                    day.plan,
                    organisation=self.played.organisation,
                    invoice_id=number,
                    calendar=self.played.bank_days,
                )
        return lines

    def unopened(self, phrase: Phrase, day: PlayedDay) -> list[str]:
        """Return how the follow-up of this text answered, or the alert of this name."""
        assessor, rulebook = self.assessor(day.plan.as_of), self.played.rulebook
        lines = []
        rules: list[FollowUp | AlertRule] = [
            rule for rule in rulebook.follow_ups if folded(rule.task) == folded(phrase.text)
        ]
        if phrase.what is What.ALERT:
            rules = [rule for rule in rulebook.alerts if folded(rule.name) == folded(phrase.text)]
        for rule in rules:
            for account in day.morning:
                root = assessor.assess(account).root
                owed = root.view.owed
                named = [invoice for invoice in owed if invoice.number in phrase.invoices]
                for invoice in named or owed:
                    words = assessor.words(rule.when, root, invoice)
                    lines.append(f"{rule.place.file}:{rule.place.line}: {rule.name}: {words}")
        return list(dict.fromkeys(lines))


def reason(happened: Happening) -> str:
    """Return why something happened: the rule's file and line, and what it saw."""
    because = happened.action.because
    note = happened.action.note.replace(f" ({cited(because)})", "", 1).removesuffix(".")
    return f"{because.file}:{because.line}: {because.rule}: {note}"


def _line(line: ReasonLine) -> str:
    where = f"{line.place.file}:{line.place.line}: " if line.place else ""
    return f"{where}next for {line.text}" if line.section == "next" else f"{where}{line.text}"


def _held(held_back: HeldBack) -> str:
    where = f"{held_back.because.file}:{held_back.because.line}: " if held_back.because else ""
    number = f"{held_back.invoice_number}: " if held_back.invoice_number else ""
    after = f"; again on {held_back.next_date}" if held_back.next_date else ""
    return f"{where}{number}{held_back.why}{after}"


def _about(held: HeldBack, phrase: Phrase) -> bool:
    """Return whether what was held back is what a phrase asks for."""
    if phrase.what in ABOUT_CUSTOMERS:
        return not held.invoice_id and "hold" in held.why
    return not held.invoice_id or not phrase.invoices or held.invoice_number in phrase.invoices
