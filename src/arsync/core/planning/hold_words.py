"""Words about credit holds: every reason with its figures and its rule, for people at the books."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from arsync.core.actions import Because
from arsync.core.ledger.records import HELD_BY_HAND, StandingHold
from arsync.core.planning.assessment import Assessment
from arsync.core.planning.planning_context import Planning, because, cited
from arsync.core.rulebook.model import CreditHold, folded
from arsync.core.rulebook.roles import AskedApproval, all_asked

NOT_CERTAIN = "not certain at present"
NOTHING_OWED = "nothing is owed"
DELETED = "no longer in the rulebook"


def reasons_said(planning: Planning, assessment: Assessment, rules: Iterable[CreditHold]) -> str:
    """Return reasons as the books show them, each with its rule.

    `81 days overdue, 60 allowed (standard.yaml:57, Seriously overdue); 20% over the limit of ...`
    """
    assessor, root = planning.assessor, assessment.root
    return "; ".join(
        f"{assessor.spoken(rule.when, root) or _without_figures(assessment, rule)}"
        f" ({cited(because(rule.place, rule.name))})"
        for rule in rules
    )


def _without_figures(assessment: Assessment, rule: CreditHold) -> str:
    return NOT_CERTAIN if rule in assessment.undecided else "for every customer"


def what_ended(planning: Planning, assessment: Assessment, hold: StandingHold) -> str:
    """Return what became certain of each reason that the books show, with its rule."""
    mine, deleted = _rules_of(planning, hold)
    if mine and not assessment.account_view.owed:
        # Whoever owes nothing net is not held, whatever else the rules ask for.
        places = "; ".join(cited(because(rule.place, rule.name)) for rule in mine)
        return f"{NOTHING_OWED} ({places})"
    words = [
        f"{name}: over" if name.startswith(HELD_BY_HAND) else f"{DELETED} ({name})"
        for name in deleted
    ]
    return "; ".join([*([reasons_said(planning, assessment, mine)] if mine else []), *words])


def _rules_of(planning: Planning, hold: StandingHold) -> tuple[list[CreditHold], list[str]]:
    """Return the rules whose hold it is, and the names of those that were deleted."""
    rules = {rule.name: rule for rule in planning.assessor.rulebook.credit_holds}
    # What an earlier version placed, or a person, may name none: then it is every rule's.
    names = hold.reasons or tuple(rules)
    mine = [rules[name] for name in names if name in rules]
    origin = hold.origin
    return mine, [
        cited(Because(origin.file, origin.line, name)) if origin and origin.rule == name else name
        for name in names
        if name not in rules
    ]


def colleagues_told(rules: Iterable[CreditHold], already: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the people of the business whom rules tell of a hold, each once, but for some."""
    names: dict[str, str] = {}
    for name in (name for rule in rules for name in rule.tell):
        names.setdefault(folded(name), name)
    left_out = set(map(folded, already))
    return tuple(name for key, name in names.items() if key not in left_out)


def recipients_words(rule: CreditHold) -> str:
    """Return who is told of a hold, to end a line: `; letter to the customer, mail to sales`."""
    letter = "letter to the customer" if rule.tells_customer else ""
    mail = f"mail to {' and '.join(rule.tell)}" if rule.tell else ""
    phrases = ", ".join(filter(None, (letter, mail)))
    return f"; {phrases}" if phrases else ""


def is_by_hand_alone(hold: StandingHold) -> bool:
    """Return whether a person alone asked for the hold, and never a rule."""
    names = {*hold.reasons, *hold.ever}
    return bool(names) and all(name.startswith(HELD_BY_HAND) for name in names)


def release_asked(planning: Planning, hold: StandingHold) -> AskedApproval:
    """Return whose approval ending the hold waits for: any rule that asked for it may want one."""
    names = {*hold.reasons, *hold.ever}
    rules = planning.assessor.rulebook.credit_holds
    return all_asked((rule.release for rule in rules if rule.name in names or not names), None)


def because_of_end(planning: Planning, assessment: Assessment, hold: StandingHold) -> Because:
    """Return the rule whose hold it was: what ends the hold cites it, with the facts of today."""
    rulebook = planning.assessor.rulebook
    mine, _ = _rules_of(planning, hold)
    facts: dict[str, Any] = {}
    for rule in mine:
        facts |= planning.assessor.evidence(rule.when, assessment.root)
    if mine:
        return because(mine[0].place, mine[0].name, facts)
    if hold.origin is not None:
        return Because(hold.origin.file, hold.origin.line, hold.origin.rule, facts)
    reason = because(rulebook.sending.place, "credit_holds", facts)
    return replace(reason, file=rulebook.files[0], line=1)
