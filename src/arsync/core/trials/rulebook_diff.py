"""Differences between two rulebooks: the customers they treat differently, how, and which lines.

Accounts stream through, one at a time. What only moved to another line is no difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from msgspec import UNSET, Struct, UnsetType

from arsync.core.actions import Action, ActionKind, Because, payload_words
from arsync.core.ledger.money import shown
from arsync.core.ledger.records import Account
from arsync.core.planning.plan import HeldBack
from arsync.core.planning.plan_views import ActionView, NamedView, action_view
from arsync.core.rulebook.model import NO_LIMIT, Rulebook
from arsync.core.trials.trial import Treatment, TrialDay

INVOICES_NAMED_MAX = 3
"""How many invoices a change names; the actions in its JSON have all."""


class ChangeKind(StrEnum):
    """How a treatment changes."""

    STARTS = "starts"
    """The new rulebook does it, the old one does not."""
    STOPS = "stops"
    OTHERWISE = "otherwise"
    """Both do it, but not in the same way."""
    LIMIT = "limit"
    HELD_BACK = "held back"
    """Neither acts, but for other reasons."""


class RulebookSide(Struct, frozen=True):
    """The treatment by one of the two rulebooks, and the line that asks for it."""

    text: str
    because: Because | None = None
    action: ActionView | UnsetType = UNSET


class DecisionChange(Struct, frozen=True):
    """One decision in which the two rulebooks differ."""

    kind: ChangeKind
    about: str
    """The invoices it concerns, or empty when it is about the customer."""
    old: RulebookSide
    new: RulebookSide


class CustomerDifference(Struct, frozen=True):
    """Everything that changes for one customer."""

    contact: NamedView
    changes: tuple[DecisionChange, ...]


def customer_differences(
    accounts: Iterable[Account], old: TrialDay, new: TrialDay
) -> Iterator[CustomerDifference]:
    """Yield the customers whom the two rulebooks treat differently.

    Args:
        accounts: every debtor.
        old: one rulebook on a day.
        new: the other, on the same day or another.
    """
    for account in accounts:
        yield from account_differences(
            account, (old, old.treat(account)), (new, new.treat(account))
        )


Weighed = tuple[TrialDay, Treatment]
"""One rulebook on a day, and what it does with one account."""


def account_differences(
    account: Account, old: Weighed, new: Weighed
) -> Iterator[CustomerDifference]:
    """Yield the customers of one account whom the two rulebooks treat differently.

    Args:
        account: the debtor.
        old: one rulebook, and what it does.
        new: the other, the same way.
    """
    by_contact = _TreatmentComparison(old, new).by_contact()
    names = {contact.id: contact.name for contact in account.contacts}
    for contact_id, changes in by_contact.items():
        name = names.get(contact_id, contact_id)
        yield CustomerDifference(NamedView(contact_id, name), tuple(changes))


def action_in_words(action: Action) -> str:
    """Return what an action does, in a few words: `reminder: first reminder`."""
    detail = action.step or action.payload.title or payload_words(action.payload).get("terms", "")
    kind = action.kind.value.replace("_", " ")
    return f"{kind}: {detail}" if detail else kind


class _TreatmentComparison:
    """Two treatments of one account."""

    def __init__(self, old: Weighed, new: Weighed) -> None:
        self.old = old
        self.new = new
        self.found: dict[str, list[DecisionChange]] = {}

    def by_contact(self) -> dict[str, list[DecisionChange]]:
        """Return the changes, by contact."""
        self._limits()
        self._actions()
        self._held_back()
        return self.found

    def _add(self, contact_id: str, change: DecisionChange) -> None:
        self.found.setdefault(contact_id, []).append(change)

    def _limits(self) -> None:
        old, new = _limit(*self.old), _limit(*self.new)
        if old.text != new.text:
            contact_id = self.old[1].assessment.root.view.contact.id
            self._add(contact_id, DecisionChange(ChangeKind.LIMIT, "", old, new))

    def _actions(self) -> None:
        # By key: a rule that only moved to another line has the same keys, and is no difference.
        before = {action.key: action for action in self.old[1].actions}
        after = {action.key: action for action in self.new[1].actions}
        gone = {key: action for key, action in before.items() if key not in after}
        come = {key: action for key, action in after.items() if key not in before}
        for key, action in before.items():
            if key in after:
                self._both(action, after[key])
        for key, action in list(gone.items()):
            # A renamed rule makes another key. Same kind, customer and invoices are the same
            # intent, and a change of it rather than an end and a beginning.
            twin = next(
                (candidate for candidate in come.values() if _same_matter(action, candidate)), None
            )
            if twin is not None:
                self._both(action, twin)
                del gone[key], come[twin.key]
        for action in gone.values():
            new = _instead(self.new, action)
            self._add(
                action.contact_id,
                DecisionChange(ChangeKind.STOPS, _about(action), _side(action), new),
            )
        for action in come.values():
            old = _instead(self.old, action)
            self._add(
                action.contact_id,
                DecisionChange(ChangeKind.STARTS, _about(action), old, _side(action)),
            )

    def _both(self, old: Action, new: Action) -> None:
        if _content(old) == _content(new):
            return
        more = _qualities(old), _qualities(new)
        texts = [
            ", ".join([action_in_words(action), *(x for x in mine if x not in others)])
            for action, mine, others in ((old, *more), (new, *more[::-1]))
        ]
        sides = [
            RulebookSide(text, action.because, action_view(action))
            for text, action in zip(texts, (old, new), strict=True)
        ]
        self._add(new.contact_id, DecisionChange(ChangeKind.OTHERWISE, _about(new), *sides))

    def _held_back(self) -> None:
        acted = {
            (action.contact_id, ref.id)
            for _, treatment in (self.old, self.new)
            for action in treatment.actions
            for ref in action.invoices
        }
        before, after = _held(self.old[1].held_back), _held(self.new[1].held_back)
        stopped = {contact for contact, _ in acted}
        for key in dict.fromkeys((*before, *after)):
            contact_id, invoice_id = key
            if key in acted or (not invoice_id and contact_id in stopped):
                continue  # the change of the action says it
            old, new = before.get(key, []), after.get(key, [])
            if [held_back.why for held_back in old] == [held_back.why for held_back in new]:
                continue
            number = next((held_back.invoice_number for held_back in (*old, *new)), "")
            sides = _held_side(old), _held_side(new)
            self._add(contact_id, DecisionChange(ChangeKind.HELD_BACK, number, *sides))


def _held(rows: Sequence[HeldBack]) -> dict[tuple[str, str], list[HeldBack]]:
    by_subject: dict[tuple[str, str], list[HeldBack]] = {}
    for row in rows:
        by_subject.setdefault((row.contact_id, row.invoice_id), []).append(row)
    return by_subject


def _held_side(rows: Sequence[HeldBack]) -> RulebookSide:
    if not rows:
        return RulebookSide("nothing to do")
    text = "; ".join(dict.fromkeys(row.why for row in rows))
    return RulebookSide(
        f"held back: {text}", next((row.because for row in rows if row.because), None)
    )


def _side(action: Action) -> RulebookSide:
    extra = f", needs {action.approval_words}" if action.needs_approval else ""
    return RulebookSide(action_in_words(action) + extra, action.because, action_view(action))


def _about(action: Action) -> str:
    numbers = [invoice.number or invoice.id for invoice in action.invoices]
    more = len(numbers) - INVOICES_NAMED_MAX
    named = ", ".join(numbers[:INVOICES_NAMED_MAX])
    return f"{named} and {more} more" if more > 0 else named


def _same_matter(first: Action, second: Action) -> bool:
    """Return whether two actions with different keys are the same intent under another name."""
    return (
        first.kind is second.kind
        and first.contact_id == second.contact_id
        and bool(first.invoices)
        and [ref.id for ref in first.invoices] == [ref.id for ref in second.invoices]
    )


def _content(action: Action) -> tuple[object, ...]:
    """Return the part of an action that has an effect: not the rule's line, nor the evidence."""
    steps = tuple((ref.id, ref.step, ref.step_day) for ref in action.invoices)
    return (
        action.step,
        steps,
        action.approval_words,
        action.not_before,
        action.via,
        payload_words(action.payload),
    )


def _qualities(action: Action) -> list[str]:
    """Return how an action is done, in words, to distinguish two of them."""
    days = sorted({(ref.day, ref.step_day) for ref in action.invoices if ref.step})
    return [
        *(words for _, words in days),
        f"needs {action.approval_words}" if action.needs_approval else "automatically",
        f"not before {action.not_before:%Y-%m-%d %H:%M}" if action.not_before else "at once",
        f"by {action.via}",
        *(f"{name} {text}" for name, text in payload_words(action.payload).items()),
        f"about {_about(action)}" if action.invoices else "",
    ]


def _limit(day: TrialDay, treatment: Treatment) -> RulebookSide:
    view, rule = treatment.assessment.root.view, treatment.assessment.limit_rule
    because = Because(rule.place.file, rule.place.line, rule.name) if rule else None
    if view.limit.is_unlimited:
        return RulebookSide(NO_LIMIT, because)
    if view.limit.amount is None:
        return RulebookSide("credit limit unknown", because)
    return RulebookSide(f"credit limit {shown(view.limit.amount, day.rulebook.currency)}", because)


def _instead(weighed: Weighed, action: Action) -> RulebookSide:
    """Return what this side does in place of an action of the other, and which line says so."""
    day, treatment = weighed
    ids = {ref.id for ref in action.invoices}
    held = [
        held_back for held_back in treatment.held_back if held_back.contact_id == action.contact_id
    ]
    exact = [held_back for held_back in held if held_back.invoice_id in ids] if ids else []
    of_contact = [held_back for held_back in held if not held_back.invoice_id]
    if exact or of_contact:
        return _held_side(exact or of_contact)
    if action.invoices and action.invoices[0].step:
        for party in treatment.assessment.parties:
            if party.view.contact.id == action.contact_id:
                cadence, _ = day.assessor.cadence(party)
                if cadence is not None:
                    place = cadence.place
                    cited = Because(place.file, place.line, cadence.name)
                    return RulebookSide("no step is due", cited)
    if action.kind in {ActionKind.LIFT_CREDIT_HOLD, ActionKind.RESTORE_TERMS}:
        assessment = treatment.assessment
        reasons = (*assessment.reasons, *assessment.undecided, *assessment.undecided_by_limit)
        if reasons:
            place = reasons[0].place
            return RulebookSide("the hold stays", Because(place.file, place.line, reasons[0].name))
    named = _same_name(day.rulebook, action.because.rule)
    return RulebookSide("does not apply" if named else "no such rule", named)


def _same_name(rulebook: Rulebook, name: str) -> Because | None:
    sections = (
        rulebook.leave_alone,
        rulebook.credit_holds,
        rulebook.reminders,
        rulebook.follow_ups,
        rulebook.charges,
        rulebook.discounts,
        rulebook.placements,
        rulebook.write_offs,
        rulebook.terms,
        rulebook.every_alert,
    )
    for rules in sections:
        for rule in rules:
            if rule.name == name:
                return Because(rule.place.file, rule.place.line, rule.name)
    return None
