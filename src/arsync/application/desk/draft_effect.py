"""What a rulebook does today: whom a draft treats otherwise, who is under which line, what leaves.

It goes through the whole ledger, so it is played outside of any request.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from msgspec import Struct

from arsync.application.organisation.account_reading import accounts_on
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.rules.trials import Watch
from arsync.core.actions import Action
from arsync.core.actions.registry import MESSAGE_KINDS
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import Account
from arsync.core.rulebook import Rulebook
from arsync.core.trials.rulebook_diff import (
    CustomerDifference,
    account_differences,
    action_in_words,
)
from arsync.rules_source.folder import Rules
from arsync.translation import gettext

CUSTOMERS_KEPT_MAX = 200
"""So many customers who are treated otherwise are named; all are counted."""

LETTERS_KEPT_MAX = 300

INVOICES_NAMED_MAX = 3


class ChangeSeen(Struct, frozen=True):
    """One decision about a customer in which the draft differs from the live rulebook."""

    about: str
    live: str
    draft: str
    file: str = ""
    """The line that asks for it in the draft; without one, in the live rulebook."""
    line: int = 0


class CustomerSeen(Struct, frozen=True):
    """A customer whom the draft treats otherwise."""

    id: str
    name: str
    changes: tuple[ChangeSeen, ...]


class LineSeen(Struct):
    """One line of a rulebook, and who stands under it today."""

    file: str
    line: int
    rule: str
    what: str
    customers: int = 0
    invoices: int = 0
    sums: dict[str, Decimal] = {}
    """What is due on its invoices, by currency."""
    asks: int = 0
    """How many of its actions ask a person first."""


class LetterSeen(Struct, frozen=True):
    """A message that leaves."""

    day: date
    customer_id: str
    customer: str
    what: str
    invoices: str
    sums: dict[str, Decimal]
    asks: bool


class DraftEffect(Struct):
    """What a rulebook does today."""

    as_of: date
    live_hash: str = ""
    """Of the live rulebook that it was compared with; empty: that one has mistakes."""
    accounts: int = 0
    customers: list[CustomerSeen] = []
    customers_in_all: int = 0
    changes_in_all: int = 0
    lines: list[LineSeen] = []
    letters: list[LetterSeen] = []
    letters_in_all: int = 0


def draft_effect(
    actor: Actor, organisation: OrganisationContext, rules: Rules | None, watch: Watch
) -> DraftEffect:
    """Return what a draft does today, beside the live rulebook.

    Args:
        actor: who asks.
        organisation: whose ledger.
        rules: the draft; None: the live rulebook is looked at by itself.
        watch: sees each customer come by, and may raise.

    Raises:
        UserMistake: the live rulebook has mistakes, and there is no draft.
    """
    permit(actor, Permission.READ)
    live = organisation.rules.rulebook if not organisation.misfits else None
    if rules is None:
        live = organisation.rulebook
    rulebook = rules.rulebook if rules is not None else live
    assert rulebook is not None, "a draft with mistakes is not played"
    counting = _EffectCount(organisation, live, rulebook)
    for account in watch(accounts_on(organisation)):
        counting.add(account)
    return counting.effect


class _EffectCount:
    """What is counted while customers come by."""

    def __init__(
        self, organisation: OrganisationContext, live: Rulebook | None, rulebook: Rulebook
    ) -> None:
        today, now = organisation.today, organisation.clock.now()
        tomorrow = today + timedelta(1)
        rulebooks = (rulebook,) if live is None else (live, rulebook)
        trial = organisation.trial_on((today, tomorrow), *rulebooks)
        self.today = trial.day(rulebook, today, now)
        self.tomorrow = trial.day(rulebook, tomorrow, now + timedelta(1))
        is_other = live is not None and live is not rulebook
        self.live = trial.day(live, today, now) if live is not None and is_other else None
        self.effect = DraftEffect(today, live.hash if live is not None else "")
        self._lines: dict[tuple[str, int], LineSeen] = {}

    def add(self, account: Account) -> None:
        """Count one account."""
        effect = self.effect
        effect.accounts += 1
        treatment = self.today.treat(account)
        if self.live is not None:
            live = (self.live, self.live.treat(account))
            for difference in account_differences(account, live, (self.today, treatment)):
                effect.customers_in_all += 1
                effect.changes_in_all += len(difference.changes)
                if len(effect.customers) < CUSTOMERS_KEPT_MAX:
                    effect.customers.append(_customer(difference))
        self._under_lines(treatment.actions)
        planned = {action.key for action in treatment.actions}
        later = self.tomorrow.treat(account).actions
        self._leave(self.today.today, treatment.actions)
        self._leave(self.tomorrow.today, [each for each in later if each.key not in planned])

    def _under_lines(self, actions: Iterable[Action]) -> None:
        counted: set[tuple[str, int, str]] = set()
        for action in actions:
            because = action.because
            place = (because.file, because.line)
            line = self._lines.get(place)
            if line is None:
                line = LineSeen(*place, because.rule, action_in_words(action), sums={})
                self._lines[place] = line
                self.effect.lines.append(line)
            if (*place, action.contact_id) not in counted:
                counted.add((*place, action.contact_id))
                line.customers += 1
            line.invoices += len(action.invoices)
            line.asks += action.needs_approval
            for currency, amount in _sums(action).items():
                line.sums[currency] = line.sums.get(currency, ZERO) + amount

    def _leave(self, day: date, actions: Iterable[Action]) -> None:
        for action in actions:
            if action.kind not in MESSAGE_KINDS:
                continue
            self.effect.letters_in_all += 1
            if len(self.effect.letters) < LETTERS_KEPT_MAX:
                numbers = [ref.number or ref.id for ref in action.invoices]
                more = len(numbers) - INVOICES_NAMED_MAX
                named = ", ".join(numbers[:INVOICES_NAMED_MAX])
                self.effect.letters.append(
                    LetterSeen(
                        day,
                        action.contact_id,
                        action.contact_name,
                        action_in_words(action),
                        gettext("%(named)s and %(more)s more", named=named, more=more)
                        if more > 0
                        else named,
                        _sums(action),
                        action.needs_approval,
                    )
                )


def _customer(difference: CustomerDifference) -> CustomerSeen:
    changes = []
    for change in difference.changes:
        because = change.new.because or change.old.because
        place = (because.file, because.line) if because is not None else ("", 0)
        changes.append(ChangeSeen(change.about, change.old.text, change.new.text, *place))
    return CustomerSeen(difference.contact.id, difference.contact.name, tuple(changes))


def _sums(action: Action) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for ref in action.invoices:
        sums[ref.currency] = sums.get(ref.currency, ZERO) + ref.amount_due
    return sums
