"""Warnings: what a sound rulebook says that can never happen, or that contradicts itself.

A warning stops nothing. It names file and line, and only what is certain: a rule that is called
impossible is impossible whatever the ledger holds.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import NamedTuple

from arsync.core.rulebook.checks.acceptance_policy import acceptance_warnings
from arsync.core.rulebook.checks.disputed_debts import about_disputed_debts
from arsync.core.rulebook.checks.satisfiability import (
    Alternative,
    TooMany,
    Wanted,
    both,
    can_be_together,
    fails,
    holds,
    is_possible,
)
from arsync.core.rulebook.checks.shared_suppliers import shared_suppliers
from arsync.core.rulebook.checks.undefined_roles import undefined_roles
from arsync.core.rulebook.checks.unread_bills import unread_bills
from arsync.core.rulebook.checks.unread_texts import unread_texts
from arsync.core.rulebook.checks.unused import skips_without_effect, unused_groups
from arsync.core.rulebook.conditions import (
    Compare,
    Condition,
    Negation,
    Node,
    OneOf,
    fields_of,
    leaves,
)
from arsync.core.rulebook.facts import CONTACT_BY_NAME, INVOICE_BY_NAME, Field
from arsync.core.rulebook.model import (
    Cadence,
    CreditLimit,
    LeaveAlone,
    Place,
    Problem,
    Rulebook,
    Step,
)
from arsync.core.rulebook.reading.currency_changes import statutory_warnings

PAIRS_MAX = 5_000
"""How many pairs of rules of one section are compared; later rules are not looked at."""


class _Rule(NamedTuple):
    name: str
    place: Place
    when: Condition
    holds: list[Alternative]
    fails: list[Alternative]
    fields: frozenset[Field]
    passes_on: bool = False
    """A cadence about broken promises alone: other invoices go on to the next that matches."""


def rulebook_warnings(rulebook: Rulebook, own_texts: Collection[str] = ()) -> list[Problem]:
    """Return what a rulebook says that can never happen or has no effect, by file and line.

    Args:
        rulebook: what is looked at.
        own_texts: the names of texts that stand beside it.
    """
    problems = [*_groups(rulebook), *_never(rulebook)]
    # A rule that can never match is reported once, and not again as hiding another or being hidden.
    never = {(place.file, place.line) for place in problems}
    alone = _looked_at(rulebook.leave_alone)
    limits = [place for place in _looked_at(rulebook.credit_limits) if _at(place) not in never]
    cadences = [place for place in _looked_at(_own_cadences(rulebook)) if _at(place) not in never]
    problems += [
        _warning(rule.place, f"{rule.name!r} excludes every customer: no other rule acts.")
        for rule in alone
        if not is_possible(rule.fails)
    ]
    problems += _shadowed(limits, "credit limit", "move it above the other")
    shadowed = _shadowed(cadences, "cadence", "move it above the other")
    problems += shadowed
    dead = {(place.file, place.line) for place in shadowed}
    problems += _left_alone(alone, [place for place in cadences if _at(place) not in dead])
    problems += _overlapping([place for place in cadences if _at(place) not in dead])
    for cadence in rulebook.reminders:
        if (cadence.place.file, cadence.place.line) not in never | dead:
            problems += _steps(cadence)
    problems += [*about_disputed_debts(rulebook), *acceptance_warnings(rulebook)]
    problems += [*unused_groups(rulebook), *skips_without_effect(rulebook)]
    problems += [*undefined_roles(rulebook), *unread_texts(rulebook, own_texts)]
    problems += [
        *unread_bills(rulebook),
        *shared_suppliers(rulebook),
        *_waits(rulebook),
        *rulebook.cautions,
        *statutory_warnings(rulebook),
    ]
    return sorted(
        set(problems), key=lambda place: (place.file, place.line, place.column, place.message)
    )


def _own_cadences(rulebook: Rulebook) -> list[Cadence]:
    """Return the cadences that ask who is theirs: one that is tried has another's customers."""
    return [cadence for cadence in rulebook.reminders if cadence.trial is None]


def _at(rule: _Rule) -> tuple[str, int]:
    return rule.place.file, rule.place.line


def _warning(place: Place, message: str, hint: str = "") -> Problem:
    return Problem(*place, message, hint, "warning")


def _looked_at(rules: Sequence[LeaveAlone | CreditLimit | Cadence]) -> list[_Rule]:
    looked_at = []
    for rule in rules:
        try:
            ways, others = holds(rule.when.tree), fails(rule.when.tree)
        except TooMany:
            continue
        fields = frozenset(fields_of(rule.when.tree))
        passes_on = isinstance(rule, Cadence) and rule.is_about_promises
        looked_at.append(_Rule(rule.name, rule.place, rule.when, ways, others, fields, passes_on))
    return looked_at


def _groups(rulebook: Rulebook) -> list[Problem]:
    return [
        _warning(place, f"no customer can ever be in the group {name!r}: {_why(condition)}.")
        for name, condition in rulebook.groups.items()
        if (place := rulebook.group_places.get(name)) and _impossible(condition.tree)
    ]


def _never(rulebook: Rulebook) -> list[Problem]:
    """Return the rules whose conditions contradict themselves."""
    problems: list[Problem] = []
    for rules in (
        rulebook.leave_alone,
        rulebook.credit_limits,
        rulebook.credit_holds,
        rulebook.reminders,
        rulebook.follow_ups,
        rulebook.charges,
        rulebook.discounts,
        rulebook.placements,
        rulebook.write_offs,
        rulebook.acceptance,
        rulebook.every_alert,
        rulebook.statements,
        rulebook.after_issue,
        (rulebook.thank_you,) if rulebook.thank_you else (),
    ):
        for rule in rules:
            if _impossible(rule.when.tree):
                message = f"{rule.name!r} can never match: {_why(rule.when)}."
                problems.append(_warning(rule.place, message, "loosen it, or remove it"))
    for cadence in rulebook.reminders:
        skip = cadence.skip_invoices_when
        if skip is not None and _impossible(skip.tree):
            message = f"skip_invoices_when of {cadence.name!r} never skips: {_why(skip)}."
            problems.append(_warning(cadence.place, message))
        elif skip is not None and not _possible_to_fail(skip.tree):
            message = f"skip_invoices_when of {cadence.name!r} skips every invoice."
            problems.append(_warning(cadence.place, message))
    return problems


def _impossible(node: Node) -> bool:
    try:
        return not is_possible(holds(node))
    except TooMany:
        # Too large to examine, and a warning names only certainties.
        return False


def _possible_to_fail(node: Node) -> bool:
    try:
        return is_possible(fails(node))
    except TooMany:
        return True


def _why(condition: Condition) -> str:
    """Return what contradicts, as the names of the facts that are asked twice or out of reach."""
    names = list(dict.fromkeys(leaf.field.name for leaf in leaves(condition.tree)))
    if len(names) == 1:
        return f"its conditions on {names[0]} can never hold"
    twice = [name for name in names if not _possible_alone(condition.tree, name)]
    return f"its conditions on {' and '.join(twice or names)} can never hold"


def _possible_alone(tree: Node, name: str) -> bool:
    """Return whether some alternative of the tree is possible for this one fact."""
    return any(
        is_possible([tuple(want for want in hold if want.leaf.field.name == name)])
        for hold in holds(tree)
    )


def _shadowed(rules: list[_Rule], word: str, hint: str) -> list[Problem]:
    """Return rules whose matches are all taken by one rule above them."""
    problems: list[Problem] = []
    looked = 0
    for position, rule in enumerate(rules):
        for earlier in rules[:position]:
            # A rule that asks for one fact more cannot contain this one, nor one that passes on.
            if not earlier.fields <= rule.fields or (earlier.passes_on and not rule.passes_on):
                continue
            looked += 1
            if looked > PAIRS_MAX:
                return problems
            if _covers(earlier, rule):
                everyone = not is_possible(earlier.fails)
                what = (
                    "matches everyone" if everyone else "matches first, whatever this one requires"
                )
                problems.append(
                    _warning(
                        rule.place,
                        f"no customer ever gets the {word} {rule.name!r}: {earlier.name!r} "
                        f"({earlier.place.file}:{earlier.place.line}) {what}.",
                        hint,
                    )
                )
                break
    return problems


def _left_alone(alone: list[_Rule], cadences: list[_Rule]) -> list[Problem]:
    """Return cadences whose customers are all left alone."""
    problems: list[Problem] = []
    for cadence in cadences:
        for rule in alone:
            if rule.fields <= cadence.fields and rule.fields and _covers(rule, cadence):
                message = f"no customer ever gets the cadence {cadence.name!r}: {rule.name!r} "
                message += f"({rule.place.file}:{rule.place.line}) excludes all of them."
                problems.append(_warning(cadence.place, message))
                break
    return problems


def _covers(first: _Rule, second: _Rule) -> bool:
    """Return whether the first rule certainly matches whenever the second does."""
    try:
        return not can_be_together(second.holds, first.fails)
    except TooMany:
        return False


def _overlapping(cadences: list[_Rule]) -> list[Problem]:
    """Return cadences that part customers by the same facts, and overlap in part.

    Bands that ought to lie side by side: `at_most: 1000` and `at_least: 1000` share a value. That
    one contains the other is an order, not a mistake; so are cadences that ask different things.
    """
    problems: list[Problem] = []
    looked = 0
    for position, rule in enumerate(cadences):
        for earlier in cadences[:position]:
            if earlier.fields != rule.fields or len(rule.fields) != 1 or earlier.passes_on:
                continue
            looked += 1
            if looked > PAIRS_MAX:
                return problems
            if _overlap(earlier, rule):
                (field,) = rule.fields
                place = f"{earlier.place.file}:{earlier.place.line}"
                message = (
                    f"the cadences {earlier.name!r} ({place}) and {rule.name!r} overlap in "
                    f"{field.name}: a customer in both gets the first."
                )
                problems.append(_warning(rule.place, message, "let one end where the other begins"))
    return problems


def _overlap(first: _Rule, second: _Rule) -> bool:
    try:
        # As if each customer had one group and one tag: otherwise any two of them would overlap.
        together = is_possible(both(first.holds, second.holds), one_text=True)
        only_first = is_possible(both(first.holds, second.fails), one_text=True)
        only_second = is_possible(both(second.holds, first.fails), one_text=True)
    except TooMany:
        return False
    return together and only_first and only_second and _is_band(first) and _is_band(second)


def _is_band(rule: _Rule) -> bool:
    """Return whether the rule says which values it takes, rather than which it does not."""
    kinds = (Compare, OneOf)
    return all(isinstance(want.leaf, kinds) and want.yes for hold in rule.holds for want in hold)


def _steps(cadence: Cadence) -> list[Problem]:
    """Return the steps that no invoice can reach."""
    skip = cadence.skip_invoices_when
    try:
        goes = holds(cadence.when.tree)
        if skip is not None:
            # An invoice is reminded of only when it is certainly not to be skipped.
            goes = both(goes, holds(Negation(skip.tree)))
        return [
            _warning(
                step.place,
                f"no invoice ever reaches the step on {step.comes} of {cadence.name!r}: "
                f"the conditions of the {'step' if step.when else 'cadence'} exclude them all.",
                "check its when and skip_invoices_when",
            )
            for step in cadence.steps
            if step.repeat == 1 and not is_possible(both(_goes_with(goes, step), [_certain(step)]))
        ]
    except TooMany:
        return []


def _goes_with(goes: list[Alternative], step: Step) -> list[Alternative]:
    return goes if step.when is None else both(goes, holds(step.when.tree))


def _waits(rulebook: Rulebook) -> list[Problem]:
    """Return the words of steps that nothing comes of."""
    problems = []
    for cadence in rulebook.reminders:
        if cadence.steps and cadence.steps[-1].waits_until_done:
            message = f"no step of {cadence.name!r} follows this one, so nothing waits for it."
            problems.append(_warning(cadence.steps[-1].place, message, "remove 'then'"))
    last = rulebook.reminders[-1] if rulebook.reminders else None
    if last is not None and last.steps and last.is_about_promises:
        message = f"in {last.name!r} are only invoices with a broken promise: its customers' others"
        message += " are in no cadence."
        problems.append(_warning(last.place, message, "add a cadence below it"))
    return problems


_CONTACT = {
    name: CONTACT_BY_NAME[name]
    for name in ("oldest_days_overdue", "overdue_invoices", "open_invoices")
}
_DAYS_OVERDUE = INVOICE_BY_NAME["days_overdue"]
_DAYS_UNTIL_DUE = INVOICE_BY_NAME["days_until_due"]


def _certain(step: Step) -> Alternative:
    """Return what is certain of an invoice and its contact when the step is taken."""
    wanteds = [_least(_CONTACT["open_invoices"], 1)]
    if step.slot:  # how long an invoice is due then depends on its terms, or on earlier steps
        return tuple(wanteds)
    if step.day < 0:  # it lapses on the due date
        return (
            *wanteds,
            Wanted(Compare(_DAYS_OVERDUE, "at_most", 0), yes=True),
            Wanted(Compare(_DAYS_UNTIL_DUE, "at_most", -step.day), yes=True),
        )
    # Steps are due since a day, so this is the least, and nothing is known of the most.
    wanteds += [_least(_DAYS_OVERDUE, step.day), _least(_CONTACT["oldest_days_overdue"], step.day)]
    if step.day > 0:
        wanteds.append(_least(_CONTACT["overdue_invoices"], 1))
        wanteds.append(Wanted(Compare(_DAYS_UNTIL_DUE, "exactly", 0), yes=True))
    return tuple(wanteds)


def _least(field: Field, number: int) -> Wanted:
    return Wanted(Compare(field, "at_least", Decimal(number)), yes=True)
