"""Roles: who approves what, and whom a role names for a customer."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from arsync.core.ledger.records import Contact


class Approval(NamedTuple):
    """Whether a person must approve: from which amount, and who."""

    required: bool = False
    over: Decimal | None = None
    """Only above this amount, in the rulebook's currency; None: whatever the amount."""
    by: str = ""
    """The role that approves; empty: whoever may approve at all."""

    def is_asked(self, amount: Decimal | None) -> bool:
        """Return whether an amount needs it. None, an unknown amount, does."""
        return self.required and (self.over is None or amount is None or amount > self.over)


NO_APPROVAL = Approval()
APPROVAL = Approval(required=True)


class AskedApproval(NamedTuple):
    """What one action waits for."""

    needed: bool = False
    roles: tuple[str, ...] = ()
    """The roles whose approval it waits for; empty: anybody's who may approve."""


NOT_ASKED = AskedApproval()


def all_asked(approvals: Iterable[Approval], amount: Decimal | None) -> AskedApproval:
    """Return what an action waits for that cannot be done in part: one that asks is enough."""
    asking = [approval for approval in approvals if approval.is_asked(amount)]
    roles = dict.fromkeys(approval.by for approval in asking if approval.by)
    return AskedApproval(bool(asking), tuple(roles))


def any_asked(approvals: Iterable[Approval], amount: Decimal | None) -> AskedApproval:
    """Return what an action waits for that one of several rules can ask for alone."""
    roles: dict[str, None] = {}
    for approval in approvals:
        if not approval.is_asked(amount):
            return NOT_ASKED
        roles[approval.by] = None
    # Where one of them asks for anybody's approval, anybody's is enough.
    return AskedApproval(bool(roles), () if "" in roles else tuple(roles))


class RoleAddress(NamedTuple):
    """A role in the business, and the address of who has it."""

    name: str
    address: str = ""
    """Empty: see `by_group`."""
    by_group: tuple[tuple[str, str], ...] = ()
    """The folded name of a contact group, and the address for its customers."""

    def address_for(self, contact: Contact) -> str:
        """Return who has this role for a customer; empty when nobody is named."""
        if self.address:
            return self.address
        groups = {" ".join(group.split()).casefold() for group in contact.groups}
        return next((address for group, address in self.by_group if group in groups), "")
