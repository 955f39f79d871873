"""Putting a draft live: what has to be so before it, and doing it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from arsync.application.desk.draft_effect import DraftEffect
from arsync.application.desk.rules_draft import (
    CheckedDraft,
    Editing,
    changed_files,
    check_draft,
    editing,
    is_shared,
)
from arsync.application.desk.tries import effect_of
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.organisation.rules_reading import STORE
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.persons_words import name_line
from arsync.application.rules.rules_push import ChangedRules, PushedRulesFolder, push_changed
from arsync.application.rules.scenarios import (
    PlayedFile,
    play_against,
    scenarios_in_folder,
    scenarios_pushed,
)
from arsync.errors import UserMistake
from arsync.store.policy.live_requests import LiveRequest
from arsync.store.policy.tries import TryRow
from arsync.translation import gettext, ngettext


class PlayedScenarios(NamedTuple):
    """What became of the scenarios that stand beside the live rules."""

    played: tuple[PlayedFile, ...]
    is_whole: bool
    """Whether all were played in the time there is."""
    are_pushed: bool = False
    """Whether they come from the store, with the rules; else from this machine's rules folder."""

    @property
    def passed(self) -> int:
        """Return how many passed."""
        return sum(verdict.passed for file in self.played for verdict in file.verdicts)

    @property
    def failed(self) -> int:
        """Return how many failed, or cannot be read."""
        verdicts = sum(not verdict.passed for file in self.played for verdict in file.verdicts)
        return verdicts + sum(bool(file.problems) for file in self.played)


class Readiness(NamedTuple):
    """Whether a draft can be put live, and what it would change."""

    now: Editing
    checked: CheckedDraft
    scenarios: PlayedScenarios
    look: TryRow | None
    """The look at what it changes; None: nobody has asked for one."""
    effect: DraftEffect | None
    obstacles: tuple[str, ...]
    """What has to be done first, in sentences; none: it can be put live."""
    is_pushed: bool
    """Whether the desk can put it live at all: it does where rules are kept in the store."""
    needs_two: bool
    """It treats so many customers otherwise that a second person has to confirm it."""
    request: LiveRequest | None
    """Somebody asked for this text to go live, and a second person has to confirm it."""


def scenarios_of(
    actor: Actor,
    organisation: OrganisationContext,
    checked: CheckedDraft,
    go_on: Callable[[], bool],
) -> PlayedScenarios:
    """Play the scenarios against a text; none where it has mistakes.

    Args:
        actor: who asks.
        organisation: whose.
        checked: the text.
        go_on: asked before each file: a page has not much time.
    """
    permit(actor, Permission.READ)
    config, name = organisation.container.config, organisation.name
    are_pushed = config.rules.source == STORE
    if checked.rules is None or not checked.is_sound:
        return PlayedScenarios((), True, are_pushed)
    last = organisation.store.pushes.last() if are_pushed else None
    scenario_files = (
        scenarios_pushed(last.text, name) if last else scenarios_in_folder(config, name)
    )
    played, is_whole = play_against(scenario_files, checked.rules, go_on=go_on)
    return PlayedScenarios(tuple(played), is_whole, are_pushed)


def readiness(
    actor: Actor, organisation: OrganisationContext, go_on: Callable[[], bool]
) -> Readiness | None:
    """Return whether the draft can be put live; None: there is no draft.

    Args:
        actor: who asks.
        organisation: whose.
        go_on: asked before each file of scenarios.
    """
    permit(actor, Permission.PUSH_RULES)
    now = editing(actor, organisation)
    if now.draft is None:
        return None
    checked = check_draft(actor, organisation, now.text)
    scenarios = scenarios_of(actor, organisation, checked, go_on)
    look, effect = effect_of(actor, organisation, now.text.whole_hash)
    obstacles = []
    files, _ = changed_files(now.draft)
    if not files:
        obstacles.append(gettext("The draft says what the live text says."))
    if not checked.is_sound:
        count = len(checked.faults)
        obstacles.append(
            ngettext(
                "%(count)s problem to mend.", "%(count)s problems to mend.", count, count=count
            )
        )
    if now.is_overtaken:
        obstacles.append(
            gettext("The live text was changed since the draft was begun: take that over.")
        )
    if scenarios.failed:
        failed = scenarios.failed
        obstacles.append(
            ngettext("%(count)s scenario fails.", "%(count)s scenarios fail.", failed, count=failed)
        )
    if not scenarios.is_whole:
        obstacles.append(
            gettext("There are more scenarios than can be played here: arsync rules test.")
        )
    if checked.is_sound and effect is None:
        obstacles.append(gettext("What it changes is not worked out yet."))
    return Readiness(
        now,
        checked,
        scenarios,
        look,
        effect,
        tuple(obstacles),
        organisation.container.config.rules.source == STORE,
        _needs_two(organisation, effect),
        organisation.store.live_requests.of(organisation.id, now.text.whole_hash),
    )


def _needs_two(organisation: OrganisationContext, effect: DraftEffect | None) -> bool:
    above = organisation.container.config.rules.two_people_above
    return bool(above and effect is not None and effect.customers_in_all > above)


def ask_second_person(
    actor: Actor,
    organisation: OrganisationContext,
    *,
    reason: str,
    seen: str,
    go_on: Callable[[], bool],
) -> LiveRequest:
    """Ask for the draft to be put live by a second person; return the request that stands.

    Args:
        actor: who asks.
        organisation: whose rulebook.
        reason: why, in words.
        seen: the `whole_hash` of the draft that they looked at.
        go_on: asked before each file of scenarios.

    Raises:
        UserMistake: something has to be done first, or one person is enough.
    """
    permit(actor, Permission.PUSH_RULES)
    ready = _ready(actor, organisation, seen, go_on)
    if not ready.needs_two or actor.user_id is None:
        raise UserMistake("one person is enough to put this draft live.")
    return organisation.store.live_requests.ask(
        organisation.id, seen, user_id=actor.user_id, who=name_line(actor.name), reason=reason
    )


def take_request_back(actor: Actor, organisation: OrganisationContext) -> bool:
    """Take one's own request for a second person back; False: there is none."""
    permit(actor, Permission.PUSH_RULES)
    if actor.user_id is None:
        return False
    return organisation.store.live_requests.drop(organisation.id, user_id=actor.user_id)


def put_live(
    actor: Actor,
    organisation: OrganisationContext,
    *,
    everywhere: Actor | None,
    reason: str,
    seen: str,
    go_on: Callable[[], bool],
) -> PushedRulesFolder:
    """Put the draft live: every machine goes by it from its next run on.

    Args:
        actor: who does.
        organisation: whose rulebook.
        everywhere: as what they act on all connections; None: they do not.
        reason: why, in words.
        seen: the `whole_hash` of the draft that they looked at.
        go_on: asked before each file of scenarios.

    Raises:
        Overtaken: something was pushed meanwhile.
        UserMistake: something has to be done first, or somebody else has to do it.
    """
    permit(actor, Permission.PUSH_RULES)
    ready = _ready(actor, organisation, seen, go_on)
    if ready.needs_two:
        if ready.request is None:
            raise UserMistake("a second person has to confirm this draft: ask for it first.")
        if ready.request.user_id == actor.user_id:
            raise UserMistake("you asked for it: somebody else has to confirm it.")
        reason = f"{reason} (asked by {ready.request.who}: {ready.request.reason})"
    assert ready.now.draft is not None, "what is ready is a draft"
    files, before = changed_files(ready.now.draft)
    pushed = push_changed(
        actor,
        organisation.container,
        organisation,
        ChangedRules(files, before, reason),
        everywhere=everywhere,
    )
    organisation.store.drafts.drop(organisation.id)
    organisation.store.live_requests.drop(organisation.id)
    return pushed


def _ready(
    actor: Actor, organisation: OrganisationContext, seen: str, go_on: Callable[[], bool]
) -> Readiness:
    """Return a draft that nothing stands in the way of.

    Raises:
        UserMistake: something does.
    """
    ready = readiness(actor, organisation, go_on)
    if ready is None or ready.now.draft is None:
        raise UserMistake(gettext("there is no draft."))
    if not ready.is_pushed:
        raise UserMistake(
            gettext(
                "this installation goes by its rules folder, and the desk does not write "
                'into it.\n    hint: [rules] source = "store", then: arsync rules push'
            )
        )
    if ready.now.text.whole_hash != seen:
        raise UserMistake(gettext("the draft was changed meanwhile: look at it again."))
    if ready.obstacles:
        raise UserMistake(" ".join(ready.obstacles))
    return ready


def shares(organisation: OrganisationContext, now: Editing) -> bool:
    """Return whether a draft changes files that other connections go by as well."""
    if now.draft is None:
        return False
    files, _ = changed_files(now.draft)
    return any(is_shared(organisation, file.path) for file in files)
