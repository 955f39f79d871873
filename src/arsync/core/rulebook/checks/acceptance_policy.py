"""Acceptance: rules that are never reached, and limits that no rule goes by."""

from __future__ import annotations

from collections.abc import Iterator

from arsync.core.ledger.agreements.credit_applications import CreditOutcome
from arsync.core.rulebook.conditions import ALWAYS
from arsync.core.rulebook.model import AcceptanceRule, Problem, Rulebook

AGREED_LIMIT = "agreed_limit"


def acceptance_warnings(rulebook: Rulebook) -> list[Problem]:
    """Return what is odd about the rules of acceptance, by their order."""
    if not rulebook.acceptance:
        return []
    return [*_never_reached(rulebook), *_open_end(rulebook), *_without_effect(rulebook)]


def _never_reached(rulebook: Rulebook) -> Iterator[Problem]:
    """Yield the rules below one that applies to everybody."""
    first = next((rule for rule in rulebook.acceptance if rule.when.tree == ALWAYS.tree), None)
    if first is None:
        return
    below = rulebook.acceptance[rulebook.acceptance.index(first) + 1 :]
    for rule in below:
        place = f"{first.place.file}:{first.place.line}"
        message = f"no application ever gets to {rule.name!r}: {first.name!r} ({place}) takes all."
        yield _warning(rule, message, "move it above the other")


def _open_end(rulebook: Rulebook) -> Iterator[Problem]:
    """Yield the last rule where some applications get past it."""
    last = rulebook.acceptance[-1]
    if not any(rule.when.tree == ALWAYS.tree for rule in rulebook.acceptance):
        message = "an application to which no rule of acceptance applies is left to a person."
        hint = f"say so below {last.name!r}: {{name: The rest, decide: ask, by: finance director}}"
        yield _warning(last, message, hint)


def _without_effect(rulebook: Rulebook) -> Iterator[Problem]:
    """Yield the first rule that agrees on limits where no rule of `credit_limits` goes by them."""
    if any(limit.fact == AGREED_LIMIT for limit in rulebook.credit_limits):
        return
    giving = (rule for rule in rulebook.acceptance if rule.decide is CreditOutcome.ACCEPT)
    for rule in giving:
        message = f"{rule.name!r} agrees on limits, and no rule of credit_limits goes by them."
        hint = "add at its top: {name: Agreed, when: {agreed_limit: known}, limit: agreed_limit}"
        yield _warning(rule, message, hint)
        return


def _warning(rule: AcceptanceRule, message: str, hint: str) -> Problem:
    return Problem(*rule.place, message, hint, "warning")
