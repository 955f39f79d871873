"""Which waiting actions a person means: by key, customer, invoice, kind, step, rule or amount."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from arsync.application.customers.name_search import NotFound, subject_named
from arsync.application.decisions.action_history import ActionFilter, actions
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import (
    OrganisationContext,
    organisation_by_id,
    organisations,
)
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.results import Listed
from arsync.core.actions import Action, ActionKind, ActionState, InvoiceRef
from arsync.core.actions.decided_together import DecisionPlace, decided_together
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import RecordKind
from arsync.errors import UserMistake
from arsync.store.models import ActionRow

TAKE_BACK_HINT = "`arsync refuse KEY --take-back --why REASON` withdraws a refusal"

KEY = re.compile(r"[0-9a-fA-F]{4,32}")
"""What may be the beginning of an action's key."""

VALUES_NAMED_MAX = 10
"""So many of the steps, rules or kinds that wait are named to somebody who names another."""


class Decision(NamedTuple):
    """What a person decides at once."""

    listed: Listed
    along: tuple[Listed, ...] = ()
    """What is decided together with it: the terms of a hold, or of its lifting."""

    @property
    def members(self) -> tuple[Listed, ...]:
        """Return all its actions."""
        return (self.listed, *self.along)


class Selection(NamedTuple):
    """What a person chooses by. All that is given must fit; nothing given fits everything."""

    words: Sequence[str] = ()
    """Keys or their beginnings, customers, invoices' numbers: one of them must fit."""
    kinds: Collection[ActionKind] = ()
    steps: Collection[str] = ()
    """Texts of steps and tasks: `second reminder`. Capitals do not matter."""
    rules: Collection[str] = ()
    """Names of rules and cadences."""
    over: Decimal | None = None
    """Only what is about more than this, in the currency of the books."""
    under: Decimal | None = None
    connection: Chosen = None
    roles: Collection[str] = ()
    """Only what waits for the approval of one of these roles."""

    @property
    def narrows(self) -> bool:
        """Return whether anything besides words and connections is given."""
        limits = self.over is not None or self.under is not None
        return bool(limits or self.kinds or self.steps or self.rules or self.roles)


class Selected(NamedTuple):
    """What a selection fits."""

    decisions: Sequence[Decision]
    unpriced: int = 0
    """So many were left out, as their amount in the currency of the books is not known."""

    @property
    def members(self) -> list[Listed]:
        """Return every action, with what is decided along."""
        return [listed for decision in self.decisions for listed in decision.members]

    @property
    def kinds(self) -> dict[ActionKind, int]:
        """Return how many actions there are of each kind."""
        return dict(Counter(listed.row.action.kind for listed in self.members))

    @property
    def sums(self) -> dict[str, Decimal]:
        """Return by currency what the invoices come to, each counted once."""
        refs = {
            (listed.connection, ref.id): ref
            for listed in self.members
            for ref in listed.row.action.invoices
        }
        sums: dict[str, Decimal] = {}
        for ref in refs.values():
            sums[ref.currency] = sums.get(ref.currency, ZERO) + ref.amount_due
        return dict(sorted(sums.items()))


def decisions(waiting: Sequence[Listed]) -> list[Decision]:
    """Return what waits as decisions: a hold and its terms are one."""
    return [Decision(first, along) for first, along in decided_together(waiting, _place)]


def _place(listed: Listed) -> DecisionPlace:
    action = listed.row.action
    return DecisionPlace(action.connection, action.contact_id, action.episode, action.kind)


def selected(
    actor: Actor, container: Container, selection: Selection, states: Collection[ActionState]
) -> Selected:
    """Return the decisions that a selection fits, among actions in these states.

    Connections that only observe have none.

    Args:
        actor: who chooses.
        container: holds them.
        selection: what by.
        states: in which states they are looked for.

    Raises:
        UserMistake: a word names nothing that is there, or several things.
    """
    permit(actor, Permission.READ)
    contexts = {
        organisation.name: organisation
        for organisation in organisations(container, selection.connection)
        if not organisation.observes
    }
    candidates = (
        decisions(actions(actor, container, list(contexts), ActionFilter(states)))
        if contexts
        else []
    )
    try:
        fitting = list(_named(contexts, candidates, selection.words, states))
    except _UnfitKey as unfit:
        standing_row(container, str(unfit), states)
        raise UserMistake(f"{unfit} is an action of a connection that was not chosen.") from None
    for names, values, what in (
        ([kind.value for kind in selection.kinds], _kinds_of, "kind"),
        (selection.steps, _steps_of, "step"),
        (selection.rules, _rules_of, "rule"),
        (selection.roles, _roles_of, "role"),
    ):
        fitting = _narrowed(fitting, names, values, what)
    if selection.over is None and selection.under is None:
        return Selected(fitting)
    return _within(contexts, fitting, selection)


def left_to_roles(chosen: Selected, selection: Selection) -> tuple[Selected, int]:
    """Return what anybody may approve of a selection, and how much is left to a role.

    What waits for a role is not approved in passing: a person names it by its key, or the role.
    """
    if selection.roles:
        return chosen, 0
    prefixes = [prefix for prefix in map(key_prefix, selection.words) if prefix]
    kept = [
        decision
        for decision in chosen.decisions
        if not any(_roles_of(decision)) or _is_named(decision, prefixes)
    ]
    return chosen._replace(decisions=kept), len(chosen.decisions) - len(kept)


def _is_named(decision: Decision, prefixes: Sequence[str]) -> bool:
    return any(
        listed.row.key.startswith(prefix) for listed in decision.members for prefix in prefixes
    )


# -- words --------------------------------------------------------------------------------------


def _named(
    contexts: dict[str, OrganisationContext],
    candidates: Sequence[Decision],
    words: Sequence[str],
    states: Collection[ActionState],
) -> Iterator[Decision]:
    """Yield the decisions that any of the words names; all when there are no words."""
    if not words:
        yield from candidates
        return
    named = {
        decision.listed.row.key
        for word in words
        for decision in _of_word(contexts, candidates, word, states)
    }
    yield from (decision for decision in candidates if decision.listed.row.key in named)


def _of_word(
    contexts: dict[str, OrganisationContext],
    candidates: Sequence[Decision],
    word: str,
    states: Collection[ActionState],
) -> Sequence[Decision]:
    by_key = _of_key(candidates, word)
    subjects = [] if word.startswith("[arsync:") else _Subject.named(contexts, word)
    about = {
        subject: [decision for decision in candidates if subject.concerns(decision)]
        for subject in subjects
    }
    concerned = [subject for subject, of_subject in about.items() if of_subject]
    if len(concerned) > 1:
        names = ", ".join(subject.connection for subject in concerned)
        raise UserMistake(
            f"{word} is in several connections: {names}.\n    hint: choose with --connection"
        )
    if not concerned and not by_key:
        if subjects:
            raise UserMistake(f"nothing about {subjects[0]} {_standing(states)}.")
        raise _UnfitKey(word)
    if concerned and by_key and by_key != about[concerned[0]]:
        raise UserMistake(
            f"{word} is {concerned[0]} and the beginning of a key too."
            "\n    hint: give the customer's name, or more of the key"
        )
    return by_key or about[concerned[0]]


class _UnfitKey(UserMistake):
    """No action of these states and connections has this key; its message is the key."""


def _of_key(candidates: Sequence[Decision], word: str) -> list[Decision]:
    prefix = key_prefix(word)
    if not prefix:
        return []
    matches = [
        decision
        for decision in candidates
        if any(listed.row.key.startswith(prefix) for listed in decision.members)
    ]
    if len(matches) > 1:
        raise UserMistake(f"several actions' keys begin with {prefix!r}.")
    return matches


def standing_row(container: Container, key: str, states: Collection[ActionState]) -> ActionRow:
    """Return the action with this key, or its beginning, where a person may decide about it.

    Raises:
        UserMistake: there is none, it is in another state, or its connection only observes.
    """
    row = container.store.actions.get(key)
    owner = organisation_by_id(container, row.connection_id)
    if owner.observes:
        raise UserMistake(
            f"{owner.name} only observes.\n    hint: arsync connections {owner.name} --mode approve"
        )
    if row.state not in states:
        mismatch = (
            "is not refused" if ActionState.REJECTED in states else "does not wait for approval"
        )
        refused = row.state is ActionState.REJECTED
        hint = f"\n    hint: {TAKE_BACK_HINT}" if refused else ""
        raise UserMistake(f"{row.key[:12]} {mismatch}: it is {row.state.word}.{hint}")
    return row


def key_prefix(word: str) -> str:
    """Return the key, or its beginning, that a word may be; empty when it can be none."""
    # People copy a key from a note at the platform, with the marker around it.
    prefix = word.strip().lower().removeprefix("[arsync:").removesuffix("]")
    return prefix if KEY.fullmatch(prefix) else ""


class _Subject(NamedTuple):
    """A customer, or one of its invoices, in one connection."""

    connection: str
    contact_id: str
    invoice_id: str
    shown: str

    def __str__(self) -> str:
        return self.shown

    def concerns(self, decision: Decision) -> bool:
        """Return whether a decision is about it."""
        return any(
            listed.connection == self.connection and self._is_about(listed.row.action)
            for listed in decision.members
        )

    def _is_about(self, action: Action) -> bool:
        if self.invoice_id:
            return any(ref.id == self.invoice_id for ref in action.invoices)
        covered = action.payload.covered_contact_ids
        return self.contact_id == action.contact_id or self.contact_id in covered

    @classmethod
    def named(cls, contexts: dict[str, OrganisationContext], word: str) -> list[_Subject]:
        """Return what is called so, in each connection; nothing when only a key can be.

        Raises:
            UserMistake: nothing is called so and it is no key.
        """
        subjects, mistakes = [], []
        for name, organisation in contexts.items():
            try:
                contact, invoice = subject_named(organisation, word)
            except NotFound as mistake:
                mistakes.append(str(mistake))
                continue
            shown = contact.name if invoice is None else f"{invoice.number or invoice.id}"
            subjects.append(cls(name, contact.id, invoice.id if invoice else "", shown))
        if not subjects and not key_prefix(word):
            raise UserMistake(
                "\n".join(dict.fromkeys(mistakes)) or "every connection only observes."
            )
        return subjects


def _standing(states: Collection[ActionState]) -> str:
    if ActionState.REJECTED in states:
        return "was refused"
    either = "waits for approval or is approved and has not left"
    return either if ActionState.APPROVED in states else "waits for approval"


# -- what stands beside the words ---------------------------------------------------------------


def _kinds_of(decision: Decision) -> Iterator[str]:
    return (listed.row.action.kind.value for listed in decision.members)


def _steps_of(decision: Decision) -> Iterator[str]:
    action = decision.listed.row.action
    return iter(filter(None, (action.step, action.payload.title)))


def _roles_of(decision: Decision) -> Iterator[str]:
    return (role for listed in decision.members for role in listed.row.action.approvers)


def _rules_of(decision: Decision) -> Iterator[str]:
    action = decision.listed.row.action
    return iter(filter(None, (action.because.rule, action.payload.cadence_name)))


def _narrowed(
    fitting: list[Decision],
    names: Iterable[str],
    values: Callable[[Decision], Iterable[str]],
    what: str,
) -> list[Decision]:
    """Return the decisions that have one of the values.

    Raises:
        UserMistake: none has one of them, though something is there to choose from.
    """
    folded = {text.strip().casefold(): text for text in names}
    if not folded or not fitting:
        return fitting
    narrowed = [
        decision
        for decision in fitting
        if folded.keys() & {value.casefold() for value in values(decision)}
    ]
    if not narrowed:
        present = sorted({value for decision in fitting for value in values(decision)})
        more = len(present) - VALUES_NAMED_MAX
        raise UserMistake(
            f"nothing here has the {what} {', '.join(map(repr, folded.values()))}."
            f"\n    hint: there is: {', '.join(map(repr, present[:VALUES_NAMED_MAX])) or 'none'}"
            + (f" and {more:,} more" if more > 0 else "")
        )
    return narrowed


def _within(
    contexts: dict[str, OrganisationContext], fitting: Sequence[Decision], selection: Selection
) -> Selected:
    """Return the decisions whose amount lies within the selection's limits."""
    rates = _rates(contexts, fitting)
    within, unpriced = [], 0
    for decision in fitting:
        amount = _amount(decision, contexts, rates)
        if amount is None:
            # Unknown is neither over nor under: nobody approves by an amount that is not known.
            unpriced += 1
        elif (selection.over is None or amount > selection.over) and (
            selection.under is None or amount < selection.under
        ):
            within.append(decision)
    return Selected(within, unpriced)


_Rates = dict[tuple[str, str], Decimal | None]
"""By connection and invoice, units of the books' currency for one of the invoice's."""


def _rates(contexts: dict[str, OrganisationContext], fitting: Sequence[Decision]) -> _Rates:
    """Return the recorded rates of invoices in other currencies: one query for a connection."""
    foreign: dict[str, set[str]] = {}
    for decision in fitting:
        name = decision.listed.connection
        base = contexts[name].connection.organisation.base_currency
        for ref in decision.listed.row.action.invoices:
            if ref.currency != base:
                foreign.setdefault(name, set()).add(ref.id)
    rates: _Rates = {}
    for name, ids in foreign.items():
        organisation = contexts[name]
        records = organisation.store.ledger.records(
            organisation.id, RecordKind.INVOICES, sorted(ids)
        )
        rates |= {(name, id_): invoice.rate for id_, invoice in records.items()}
    return rates


def _amount(
    decision: Decision, contexts: dict[str, OrganisationContext], rates: _Rates
) -> Decimal | None:
    """Return what a decision is about in the currency of the books; None when not known."""
    name, action = decision.listed.connection, decision.listed.row.action
    base = contexts[name].connection.organisation.base_currency
    amounts = [_in_books(ref, base, rates.get((name, ref.id))) for ref in action.invoices]
    if not amounts or None in amounts:
        return None
    return sum((amount for amount in amounts if amount is not None), ZERO)


def _in_books(ref: InvoiceRef, base: str, rate: Decimal | None) -> Decimal | None:
    if ref.currency == base:
        return ref.amount_due
    return None if rate is None else ref.amount_due * rate
