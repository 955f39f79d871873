"""Roles that a rule asks for and that nobody has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from arsync.core.rulebook.model import (
    CUSTOMER_TOLD,
    OWNER,
    Place,
    Problem,
    Rulebook,
    TellBy,
    folded,
)
from arsync.core.rulebook.nearest_name import nearest
from arsync.core.rulebook.recipients import CopyRule
from arsync.core.rulebook.roles import Approval


def undefined_roles(rulebook: Rulebook) -> list[Problem]:
    """Return the approvals and copies of a role that `roles` does not have: they reach nobody."""
    defined = {folded(role.name): role.name for role in rulebook.roles}
    return (
        [
            Problem(
                *place,
                f"there is no role {approval.by!r}: nobody is told what waits for it.",
                _hint(approval.by, nearest(folded(approval.by), defined)),
                "warning",
            )
            for place, approval in _approvals(rulebook)
            if approval.by and folded(approval.by) not in defined
        ]
        + [
            Problem(
                *place,
                f"there is no role {rule.role!r}: nobody gets this copy.",
                _hint(rule.role, nearest(folded(rule.role), defined)),
                "warning",
            )
            for place, rule in _copies(rulebook)
            if rule.role and folded(rule.role) not in defined
        ]
        + [
            Problem(
                *place,
                f"there is no role {name!r}: nobody is mailed {what}.",
                _hint(name, nearest(folded(name), near)),
                "warning",
            )
            for place, what, names, near in _mailed(rulebook, defined)
            for name in names
            # The owner's address is a setting: [runs] notify.
            if "@" not in name and folded(name) not in {*defined, OWNER}
        ]
    )


def _hint(name: str, near: str) -> str:
    return f"did you mean {near!r}?" if near else f"write roles: {{{name}: name@example.com}}"


def _mailed(
    rulebook: Rulebook, defined: Mapping[str, str]
) -> Iterator[tuple[Place, str, tuple[str, ...], Mapping[str, str]]]:
    """Yield where somebody of the business is mailed, of what, who, and what may be meant."""
    for alert in rulebook.every_alert:
        if TellBy.MAIL in alert.by:
            yield alert.place, f"the alert {alert.name!r}", alert.tell, defined
    for hold in rulebook.credit_holds:
        meant = {**defined, CUSTOMER_TOLD: CUSTOMER_TOLD}
        yield hold.place, f"of the credit hold {hold.name!r}", hold.tell, meant


def _copies(rulebook: Rulebook) -> Iterator[tuple[Place, CopyRule]]:
    for rule in (*rulebook.sending.cc, *rulebook.sending.copy_to):
        yield rulebook.sending.place, rule
    for cadence in rulebook.reminders:
        for step in cadence.steps:
            for rule in (*step.cc, *step.copy_to) if step.repeat == 1 else ():
                yield step.place, rule


def _approvals(rulebook: Rulebook) -> Iterator[tuple[Place, Approval]]:
    for cadence in rulebook.reminders:
        for step in cadence.steps:
            yield step.place, step.approval
    for hold in rulebook.credit_holds:
        yield hold.place, hold.approval
        yield hold.place, hold.release
    for charge in rulebook.charges:
        yield charge.place, charge.approval
    for discount in rulebook.discounts:
        yield discount.place, discount.approval
    for placement in rulebook.placements:
        yield placement.place, placement.approval
    for rule in rulebook.acceptance:
        yield rule.place, Approval(required=True, by=rule.by)
