"""Connecting from a browser: consent is asked for, and its answer taken once, where it was asked.

The attempt is kept encrypted, under the state that the platform hands back: the session that began
it, the verifier of PKCE, and where the platform sends the browser. Whoever comes with an answer
that was used, is too old or was begun in another browser connects nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import msgspec

from arsync.application.connections.connecting import add_connections, check_ready_to_connect
from arsync.application.organisation.container import Container
from arsync.application.organisation.oauth_authorisation import CALLBACK_BYTES_MAX
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.people.persons import Person
from arsync.application.permissions import Actor, Permission, permit
from arsync.connector_sdk import Grant, OrganisationRef
from arsync.core.ledger.sanitising import one_line
from arsync.errors import ArsyncError, UserMistake
from arsync.translation import ReaderText, gettext

PLATFORMS = ("xero", "quickbooks")

CALLBACK_PATH = "/connect/callback"

CONSENT, CHOICE = "consent", "choice of organisations"

CONSENT_FOR = timedelta(minutes=15)
"""So long somebody may stay at the platform's page, and at the choice after it."""

REASON_CHARACTERS_MAX = 80

NOTHING_BEGUN = ReaderText(
    "This answer belongs to no attempt in progress: it was used already, or it "
    "is too old. Nothing was connected by it."
)
OTHER_SESSION = ReaderText(
    "This attempt was begun in another browser or sign-in. Nothing was connected."
)

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Offer(NamedTuple):
    """A platform that can be connected, or what has to be done first."""

    platform: str
    label: str
    redirect_url: str
    problem: str
    """Why it cannot be connected; empty: it can."""
    remedy: str
    """What whoever runs arsync has to do about it."""


class KeptAttempt(msgspec.Struct, frozen=True):
    """What is kept of an attempt until the browser comes back."""

    session: str
    platform: str
    verifier: str
    redirect_url: str
    connection_id: int | None
    """The connection that is to be connected again; None: a new one."""


class KeptGrant(msgspec.Struct, frozen=True):
    """What is kept of a consent until somebody has chosen among its organisations."""

    session: str
    platform: str
    grant: Grant


class Answered(NamedTuple):
    """What came of a consent."""

    label: str = ""
    connected: Sequence[OrganisationContext] = ()
    choice: str = ""
    """Under which several organisations wait for a choice; empty: none do."""
    problem: str = ""
    """What went wrong, and that nothing was connected; empty: nothing did."""


def offers(actor: Actor, container: Container, redirect_url: str) -> list[Offer]:
    """Return the platforms, each ready or with what is missing."""
    permit(actor, Permission.CONNECT, only_looks=True)
    return [_offer(actor, container, platform, redirect_url) for platform in PLATFORMS]


def ask_consent(
    actor: Actor,
    container: Container,
    person: Person,
    platform: str,
    *,
    redirect_url: str,
    connection_id: int | None = None,
) -> str:
    """Begin an attempt and return the address of the platform's page.

    Raises:
        UserMistake: the platform is not ready to be connected.
    """
    permit(actor, Permission.CONNECT)
    if platform not in PLATFORMS:
        raise UserMistake(gettext("there is no platform %(platform)s.", platform=repr(platform)))
    offer = _offer(actor, container, platform, redirect_url)
    if offer.problem:
        raise UserMistake(
            gettext("%(problem)s\n    hint: %(remedy)s", problem=offer.problem, remedy=offer.remedy)
        )
    verifier = secrets.token_urlsafe(64)
    attempt = KeptAttempt(person.session, platform, verifier, redirect_url, connection_id)
    state = container.store.sign_ins.make_link(
        CONSENT,
        lasts=CONSENT_FOR,
        user_id=person.user.id,
        made_by=actor.name,
        kept=msgspec.json.encode(attempt).decode(),
    )
    authoriser = container.authoriser(platform)
    return authoriser.authorisation_url(redirect_uri=redirect_url, state=state, verifier=verifier)


def take_answer(actor: Actor, container: Container, person: Person, query: str) -> Answered:
    """Take what a platform's page answered: connect its organisation, or let it be chosen.

    Args:
        actor: an owner.
        container: keeps the attempt.
        person: who came back, in which session.
        query: of the address that the browser came back to.
    """
    permit(actor, Permission.CONNECT)
    parameters = parse_qs(query[:CALLBACK_BYTES_MAX])
    state = parameters.get("state", [""])[0]
    sign_ins = container.store.sign_ins
    link = sign_ins.look_at_link(CONSENT, state)
    if link is None:
        return Answered(problem=gettext(NOTHING_BEGUN))
    attempt = msgspec.json.decode(link.kept, type=KeptAttempt)
    label = container.platform(attempt.platform).label
    if attempt.session != person.session or link.user_id != person.user.id:
        return Answered(label, problem=gettext(OTHER_SESSION))
    if sign_ins.open_link(CONSENT, state) is None:
        return Answered(label, problem=gettext(NOTHING_BEGUN))
    if refusal := parameters.get("error", [""])[0]:
        reason = one_line(refusal)[:REASON_CHARACTERS_MAX]
        return Answered(
            label,
            problem=gettext(
                "%(label)s gave no consent (%(reason)s). Nothing was connected.",
                label=label,
                reason=reason,
            ),
        )
    try:
        grant = container.authoriser(attempt.platform).exchange(
            f"{attempt.redirect_url}?{query[:CALLBACK_BYTES_MAX]}",
            redirect_uri=attempt.redirect_url,
            state=state,
            verifier=attempt.verifier,
        )
        return _granted(actor, container, person, attempt, grant)
    except ArsyncError as error:
        return Answered(label, problem=gettext("%(error)s Nothing was connected.", error=error))


def organisations_of(
    actor: Actor, container: Container, person: Person, choice: str
) -> tuple[OrganisationRef, ...]:
    """Return among which organisations somebody is to choose; none: it is too late."""
    permit(actor, Permission.CONNECT, only_looks=True)
    kept = _kept_grant(container, person, choice)
    return kept.grant.organisations if kept is not None else ()


def connect_chosen(
    actor: Actor,
    container: Container,
    person: Person,
    choice: str,
    organisation_ids: Collection[str],
) -> list[OrganisationContext]:
    """Connect the organisations that somebody chose.

    Raises:
        UserMistake: none is chosen, or it is too late.
    """
    permit(actor, Permission.CONNECT)
    kept = _kept_grant(container, person, choice)
    if kept is None:
        raise UserMistake(gettext(NOTHING_BEGUN))
    refs = [ref for ref in kept.grant.organisations if ref.id in organisation_ids]
    if not refs:
        raise UserMistake(gettext("Choose at least one organisation."))
    if container.store.sign_ins.open_link(CHOICE, choice) is None:
        raise UserMistake(gettext(NOTHING_BEGUN))
    return add_connections(actor, container, kept.platform, kept.grant, [(ref, "") for ref in refs])


def _granted(
    actor: Actor, container: Container, person: Person, attempt: KeptAttempt, grant: Grant
) -> Answered:
    label = container.platform(attempt.platform).label
    refs = grant.organisations
    if not refs:
        return Answered(
            label,
            problem=gettext(
                "%(label)s opened no organisation. Choose one on its page.", label=label
            ),
        )
    if attempt.connection_id is not None:
        row = container.store.connections.by_id(attempt.connection_id)
        same = [ref for ref in refs if ref.id == row.organisation_id]
        if not same:
            opened = ", ".join(ref.name for ref in refs)
            return Answered(
                label,
                problem=gettext(
                    "%(label)s opened %(opened)s, and not %(name)s. Nothing was connected: "
                    "choose the same one as before.",
                    label=label,
                    opened=opened,
                    name=row.organisation.name,
                ),
            )
        refs = tuple(same)
    if len(refs) == 1:
        named = [(ref, "") for ref in refs]
        connected = add_connections(actor, container, attempt.platform, grant, named)
        return Answered(label, connected)
    kept = KeptGrant(person.session, attempt.platform, grant)
    choice = container.store.sign_ins.make_link(
        CHOICE,
        lasts=CONSENT_FOR,
        user_id=person.user.id,
        kept=msgspec.json.encode(kept).decode(),
    )
    return Answered(label, choice=choice)


def _kept_grant(container: Container, person: Person, choice: str) -> KeptGrant | None:
    link = container.store.sign_ins.look_at_link(CHOICE, choice)
    if link is None or link.user_id != person.user.id:
        return None
    kept = msgspec.json.decode(link.kept, type=KeptGrant)
    return kept if kept.session == person.session else None


def _offer(actor: Actor, container: Container, platform: str, redirect_url: str) -> Offer:
    try:
        label = container.platform(platform).label
        check_ready_to_connect(actor, container, platform)
    except UserMistake as mistake:
        problem, _, remedy = str(mistake).partition("\n")
        remedy = remedy.strip().removeprefix("hint: ")
        return Offer(platform, platform.capitalize(), redirect_url, problem, remedy)
    problem, remedy = _where_it_comes_back(container, platform, label, redirect_url)
    return Offer(platform, label, redirect_url, problem, remedy)


def _where_it_comes_back(
    container: Container, platform: str, label: str, redirect_url: str
) -> tuple[str, str]:
    """Return why a platform would not send the browser back, and what to do about it."""
    address = urlsplit(redirect_url)
    if address.scheme == "https":
        return "", ""
    settings = container.config.section(platform)
    if platform == "quickbooks" and settings["environment"] == "production":
        return (
            gettext("Intuit comes back only to an https address."),
            gettext(
                "Whoever runs arsync puts a proxy with TLS before it and sets [desk] url = "
                '"https://…".'
            ),
        )
    if address.hostname not in _LOOPBACK:
        return (
            gettext(
                "%(label)s comes back only to an https address, or to this computer.", label=label
            ),
            gettext('Whoever runs arsync sets [desk] url = "https://…".'),
        )
    if address.hostname != "localhost":
        port = f":{address.port}" if address.port else ""
        return (
            gettext(
                "%(label)s comes back to the name localhost, and not to %(hostname)s.",
                label=label,
                hostname=address.hostname,
            ),
            gettext("Open the desk as http://localhost%(port)s/connect.", port=port),
        )
    return "", ""
