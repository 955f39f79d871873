"""Pushes that treat many customers otherwise: two people push the same text, as drafts go live."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from arsync.application.organisation.account_reading import accounts_on
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext, organisations
from arsync.application.permissions import SCHEDULE, Actor, Permission, permit
from arsync.application.persons_words import name_line
from arsync.core.rulebook.rules_text import RulesText
from arsync.core.trials.rulebook_diff import account_differences
from arsync.errors import UserMistake
from arsync.rules_source.folder import Rules
from arsync.rules_source.tree import TextTree
from arsync.store.policy.live_requests import LiveRequest


class PushWaits(UserMistake):
    """A push waits until somebody else pushes the same text."""

    def __init__(
        self, customers_above: int, connection: str, request: LiveRequest, text_hash: str
    ) -> None:
        """Say what it waits for.

        Args:
            customers_above: more customers than that are treated otherwise.
            connection: the first one with such a customer.
            request: that a second person is asked.
            text_hash: of the text that is to be pushed.
        """
        super().__init__(
            f"Nothing was pushed: more than {customers_above:,} customers would be treated "
            f"differently, which takes two people. {request.who} asked; the push counts once "
            "somebody else pushes the same text.\n    hint: ARSYNC_USER=EMAIL arsync rules push"
        )
        self.view = AskedPushView(
            customers_above,
            connection,
            text_hash,
            request.who,
            request.asked_at.isoformat(),
        )


class AskedPushView(Struct, frozen=True):
    """The JSON view of a push that waits for a second person."""

    customers_above: int
    connection: str
    hash: str
    asked_by: str
    asked_at: str


class _Pair(NamedTuple):
    """The rules that connections go by, before a push and after it."""

    before: Rules
    after: Rules


def ask_or_confirm(
    actor: Actor,
    container: Container,
    before: RulesText,
    after: RulesText,
    *,
    reason: str = "",
    go_on: Callable[[], bool] = lambda: True,
) -> LiveRequest | None:
    """Ask for a second person where a push needs one, or be the second one.

    Args:
        actor: who pushes; the schedule needs nobody else.
        container: holds the ledgers.
        before: what was pushed last.
        after: what is to be pushed.
        reason: why, in words.
        go_on: asked for each customer: a page has not much time.

    Returns:
        The request that is confirmed by this; None: one person is enough.

    Raises:
        PushWaits: for a second person.
        UserMistake: the person has no name here, or there is not the time to find it out.
    """
    permit(actor, Permission.PUSH_RULES)
    above = container.config.rules.two_people_above
    if not above or actor == SCHEDULE:
        return None
    first = _first_above(container, before, after, above, go_on)
    if first is None:
        return None
    if actor.user_id is None:
        raise UserMistake(
            f"more than {above:,} customers would be treated differently, so two people push the "
            "same text, each under their own name.\n    hint: ARSYNC_USER=EMAIL arsync rules push"
        )
    requests, text_hash = container.store.push_requests, replace(after, root="").whole_hash
    standing = requests.ask(
        first.id,
        _change_hash(before, text_hash),
        user_id=actor.user_id,
        who=name_line(actor.name),
        reason=reason,
    )
    if standing.user_id == actor.user_id:
        raise PushWaits(above, first.name, standing, text_hash)
    requests.drop(first.id)
    return standing


def _change_hash(before: RulesText, text_hash: str) -> str:
    """Return what tells a change from others: the text, and the live one that it replaces.

    A draft may go live meanwhile: then the same push would take that back, which nobody asked for.
    """
    replaced = replace(before, root="").whole_hash
    return hashlib.sha256(f"{replaced} {text_hash}".encode()).hexdigest()


def _first_above(
    container: Container,
    before: RulesText,
    after: RulesText,
    above: int,
    go_on: Callable[[], bool],
) -> OrganisationContext | None:
    """Return the first connection with customers treated otherwise, where they are too many."""
    first, count = None, 0
    for organisation, pair in _changed(container, before, after):
        for _ in _treated_otherwise(organisation, pair, go_on):
            first, count = first or organisation, count + 1
            if count > above:
                return first
    return None


def _changed(
    container: Container, before: RulesText, after: RulesText
) -> Iterator[tuple[OrganisationContext, _Pair]]:
    """Yield the connections that go by other rules; those without rules of their own share them."""
    trees = TextTree(before), TextTree(after)
    pairs: dict[str, _Pair] = {}
    if not container.store.connections.all():
        return
    for organisation in organisations(container, None):
        is_own = any(tree.has_folder(organisation.name) for tree in trees)
        name = organisation.name if is_own else ""
        pair = pairs.get(name)
        if pair is None:
            pair = pairs[name] = _Pair(*(tree.read(name) for tree in trees))
        texts = [rules.text.hash if rules.text is not None else "" for rules in pair]
        if texts[0] != texts[1]:
            yield organisation, pair


def _treated_otherwise(
    organisation: OrganisationContext, pair: _Pair, go_on: Callable[[], bool]
) -> Iterator[str]:
    """Yield customers whom the new rules treat otherwise; none where one of them has mistakes."""
    if pair.before.rulebook is None or pair.after.rulebook is None:
        return
    before, after = pair.before.rulebook, pair.after.rulebook
    today, now = organisation.today, organisation.clock.now()
    trial = organisation.trial_on((today,), before, after)
    old, new = trial.day(before, today, now), trial.day(after, today, now)
    for account in accounts_on(organisation):
        if not go_on():
            raise UserMistake(
                "counting the customers who would be treated differently takes too long here."
                "\n    hint: put it live as a draft, or by `arsync rules push`"
            )
        sides = (old, old.treat(account)), (new, new.treat(account))
        for difference in account_differences(account, *sides):
            yield difference.contact.id
