"""What is wrong with letters before any is sent: texts, settings, and whom none can reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from arsync.application.customers.unreachable_customers import in_one_line, unreachable_customers
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext, organisations
from arsync.application.permissions import Actor, Permission, permit
from arsync.channels import channel, channel_names
from arsync.config import Config
from arsync.core.actions import Via
from arsync.core.actions.notices import NUMBERED_TEXTS
from arsync.core.rulebook.text_uses import TextUse, text_uses
from arsync.errors import UserMistake
from arsync.mail import Letters
from arsync.mail.own_texts import text_name
from arsync.mail.typesetting import letterhead_of
from arsync.rules_source.folder import Rules

TASK_MEANWHILE = "and a person gets a task instead"


class LetterFinding(Struct, frozen=True):
    """Something about letters that a person should look at."""

    connections: tuple[str, ...]
    """Where it is so; empty while nothing is connected."""
    is_mistake: bool
    """False: letters leave all the same."""
    message: str

    def __str__(self) -> str:
        where = ", ".join(self.connections)
        kind = "" if self.is_mistake else "warning: "
        head, newline, hint = self.message.partition("\n")
        return f"{kind}{head} ({where}){newline}{hint}" if where else f"{kind}{self.message}"


Slip = tuple[bool, str]
"""Whether it is a mistake, and the words."""


def check_letters(
    actor: Actor, container: Container, connection: Chosen = None
) -> list[LetterFinding]:
    """Return what is wrong with the texts, and with what the rulebook's letters need.

    What several connections share is said once.

    Raises:
        UserMistake: there is no connection of that name, or the rules folder cannot be read.
    """
    permit(actor, Permission.READ)
    some = connection or container.store.connections.all()
    names_of: dict[Slip, list[str]] = {}
    if not some:
        for slip in _of_texts(container.rules()):
            names_of.setdefault(slip, [])
    for organisation in organisations(container, connection) if some else ():
        for slip in _of(actor, organisation):
            names_of.setdefault(slip, []).append(organisation.name)
    findings = [
        LetterFinding(tuple(dict.fromkeys(names)), is_mistake, message)
        for (is_mistake, message), names in names_of.items()
    ]
    return sorted(findings, key=lambda finding: not finding.is_mistake)


def _of(actor: Actor, organisation: OrganisationContext) -> Iterator[Slip]:
    rules = organisation.rules
    yield from _of_texts(rules)
    for unread in organisation.unread_files:
        yield False, str(unread)
    if organisation.settings_problem:
        yield True, organisation.settings_problem
        return
    if rules.rulebook is None:
        if not set(rules.problems) <= {words for _, words in _of_texts(rules)}:
            yield True, "the rulebook has mistakes: `arsync rules check` names them."
        return
    uses = tuple(text_uses(rules.rulebook))
    yield from _of_settings(organisation.config, uses, rules.rulebook.sending.via)
    own_ways = {use.via for use in uses} - {Via.PLATFORM}
    if own_ways and (words := in_one_line(unreachable_customers(actor, organisation))):
        yield False, words


def _of_texts(rules: Rules) -> Iterator[Slip]:
    """Yield every slip of every text, in every language, with file and line."""
    spoken: list[Letters] = [rules.letters, *rules.letters.in_other_languages()]
    for problem in dict.fromkeys(slip for letters in spoken for slip in letters.problems):
        yield True, str(problem)
    for warning in dict.fromkeys(doubt for letters in spoken for doubt in letters.warnings):
        yield False, str(warning)


def _of_settings(config: Config, uses: Iterable[TextUse], usual: str) -> Iterator[Slip]:
    """Yield which settings are missing for what the rulebook sends."""
    by_way: dict[str, list[TextUse]] = {}
    for use in uses:
        by_way.setdefault(use.via, []).append(use)
    ready = {name: channel(name).settings_problem(config) == "" for name in channel_names()}
    for via, of_way in by_way.items():
        yield from _of_way(config, via, of_way, ready, is_usual=via == usual)
    try:
        letterhead_of(config)
    except UserMistake as mistake:
        yield True, str(mistake)
    own_words = [use for via, of_way in by_way.items() if via != Via.PLATFORM for use in of_way]
    yield from _of_sender(config, own_words)


def _of_way(
    config: Config, via: str, uses: list[TextUse], ready: Mapping[str, bool], *, is_usual: bool
) -> Iterator[Slip]:
    """Yield why letters cannot leave by a way.

    By the way that `sending` names all messages wait. By another they become tasks meanwhile: that
    may be meant so.
    """
    named = _named(uses)
    if via == Via.PLATFORM:
        # `rules check` says where a named text can never be read.
        return
    if not via:
        if not (ready.get(Via.SMTP) or ready.get(Via.POST)):
            missing = "neither [smtp] url nor [letters] post_folder is set"
            yield False, f"{named} cannot leave, {TASK_MEANWHILE}: {missing}."
        return
    if via not in ready:
        yield True, f"{named} cannot leave: no channel {via!r} is installed."
        return
    way = channel(via)
    problem = way.settings_problem(config) or way.obstacle(config)
    if problem:
        meanwhile = "" if is_usual else f", {TASK_MEANWHILE}"
        yield is_usual, f"{named} cannot leave{meanwhile}: {problem}"


def _of_sender(config: Config, uses: list[TextUse]) -> Iterator[Slip]:
    """Yield what a customer would miss in the letters."""
    settings = config.letters
    formal = [use for use in uses if use.is_letter or text_name(use.text) in NUMBERED_TEXTS]
    if not formal:
        return
    named = _named(formal)
    if not (settings.iban or settings.account_number or settings.payment_link):
        yield (
            False,
            (
                f"{named}: no bank account and no payment link is named, so a customer is not told "
                "where to pay."
                '\n    hint: [letters] iban = "...", or sort_code and account_number'
            ),
        )
    if not (settings.phone or settings.email or config.smtp.reply_to or config.smtp.sender):
        yield (
            False,
            (
                f"{named}: neither telephone nor email is named, so a customer cannot answer."
                '\n    hint: [letters] phone = "..."'
            ),
        )


def _named(uses: list[TextUse]) -> str:
    return ", ".join(dict.fromkeys(repr(use.text) for use in uses))
