"""Signing in by an identity provider: OpenID Connect's code flow, by Authlib.

Only people who are known come in: by the subject that the provider gave them before, else by their
address, where the provider says that it was verified. It makes no accounts and gives no roles.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import msgspec

from arsync.application.organisation.container import Container
from arsync.errors import UserMistake
from arsync.store.people.sign_ins import hash_of
from arsync.store.people.users import UserRow

if TYPE_CHECKING:
    from authlib.integrations.requests_client import OAuth2Session

PROVIDER = "identity provider"
"""What the link of an attempt is for."""

CALLBACK_PATH = "/sign-in/provider/callback"

ATTEMPT_FOR = timedelta(minutes=10)

CALL_SECONDS_MAX = 10.0

ANSWER_BYTES_MAX = 1_000_000

LEEWAY_SECONDS = 60
"""So much may the provider's clock differ."""

QUERY_CHARACTERS_MAX = 8_192

ALGORITHMS = ("RS256", "PS256", "ES256")
"""Signatures by a key that the provider publishes: neither `none` nor our own secret as a key."""

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

_NOT_KNOWN = (
    "You are not known here. Ask an owner to invite the address by which your provider knows you."
)


class ProviderEndpoints(NamedTuple):
    """Where a provider answers (OpenID Connect Discovery 1.0, 3)."""

    authorization: str
    token: str
    keys: str


class KeptSignIn(msgspec.Struct, frozen=True):
    """What is kept of an attempt until the browser comes back."""

    browser: str
    """The hash of what its cookie holds."""
    verifier: str
    nonce: str
    then: str


class ProviderAsked(NamedTuple):
    """An attempt that has begun."""

    address: str
    """The provider's page."""
    browser: str
    """What the browser's cookie holds until it comes back."""


class ProviderAnswered(NamedTuple):
    """Somebody whom the provider knows, and so do we."""

    user: UserRow
    then: str
    """Where they wanted to go."""


def ask_provider(container: Container, callback_url: str, then: str) -> ProviderAsked:
    """Begin an attempt.

    Raises:
        UserMistake: there is no provider, or it does not answer.
    """
    endpoints = _endpoints(container)
    browser, nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    verifier = secrets.token_urlsafe(64)
    kept = KeptSignIn(hash_of(browser), verifier, nonce, then)
    state = container.store.sign_ins.make_link(
        PROVIDER, lasts=ATTEMPT_FOR, kept=msgspec.json.encode(kept).decode()
    )
    with _session(container, callback_url) as session:
        address, _ = session.create_authorization_url(
            endpoints.authorization, state=state, nonce=nonce, code_verifier=verifier
        )
    return ProviderAsked(address, browser)


def take_provider_answer(
    container: Container, callback_url: str, query: str, browser: str
) -> ProviderAnswered:
    """Return whom the provider let in.

    Args:
        container: knows them.
        callback_url: where the provider sent the browser.
        query: of that address.
        browser: what the browser's cookie holds.

    Raises:
        UserMistake: it let nobody in, somebody who is not known, or the answer is not to our
            question.
    """
    parameters = parse_qs(query[:QUERY_CHARACTERS_MAX])
    state = parameters.get("state", [""])[0]
    sign_ins = container.store.sign_ins
    link = sign_ins.look_at_link(PROVIDER, state)
    if link is None:
        raise UserMistake("That took too long, or it was used already. Sign in again.")
    kept = msgspec.json.decode(link.kept, type=KeptSignIn)
    if not hmac.compare_digest(hash_of(browser), kept.browser):
        raise UserMistake("This was begun in another browser. Sign in again.")
    if sign_ins.open_link(PROVIDER, state) is None:
        raise UserMistake("It was used already. Sign in again.")
    code = parameters.get("code", [""])[0]
    if not code:
        raise UserMistake(f"{container.config.oidc.label} let nobody in. Nothing was changed.")
    claims = _claims(container, callback_url, code, kept)
    return ProviderAnswered(_known(container, claims), kept.then)


def _claims(
    container: Container, callback_url: str, code: str, kept: KeptSignIn
) -> Mapping[str, Any]:
    """Exchange a code, and return what the provider's token says once it is proved."""
    from authlib.common.errors import AuthlibBaseError
    from authlib.oidc.core import CodeIDToken
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet
    from requests import RequestException

    settings = container.config.oidc
    endpoints = _endpoints(container)
    try:
        with _session(container, callback_url) as session:
            tokens = session.fetch_token(
                endpoints.token,
                grant_type="authorization_code",
                code=code,
                code_verifier=kept.verifier,
                timeout=CALL_SECONDS_MAX,
                allow_redirects=False,
            )
        signed = jwt.decode(
            str(tokens.get("id_token", "")),
            KeySet.import_key_set(_json(container, endpoints.keys)),  # type: ignore[arg-type]
            algorithms=list(ALGORITHMS),
        )
        claims = CodeIDToken(
            signed.claims,
            signed.header,
            options={
                "iss": {"essential": True, "value": settings.issuer},
                "aud": {"essential": True, "value": settings.client_id},
            },
            params={"nonce": kept.nonce, "client_id": settings.client_id},
        )
        claims.validate(now=container.clock.now().timestamp(), leeway=LEEWAY_SECONDS)
    except (AuthlibBaseError, JoseError, RequestException, ValueError, KeyError) as error:
        # What is wrong is for the log: the text may quote what the provider sent.
        raise UserMistake(
            f"What {settings.label} answered could not be proved ({type(error).__name__}). "
            "Sign in again."
        ) from error
    return dict(claims)


def _known(container: Container, claims: Mapping[str, Any]) -> UserRow:
    users = container.store.users
    # A subject is unique at its issuer alone (OpenID Connect Core 1.0, 2).
    subject = f"{container.config.oidc.issuer} {claims['sub']}"
    user = users.by_subject(subject)
    if user is None:
        email = claims.get("email")
        if not isinstance(email, str) or claims.get("email_verified") is not True:
            raise UserMistake(_NOT_KNOWN)
        user = users.by_email(email)
        # An address that moved on to somebody else must not bring them into the first one's place.
        if user is None or user.oidc_subject:
            raise UserMistake(_NOT_KNOWN)
        if user.disabled_at is None:
            user = users.change(user.id, {"oidc_subject": subject})
    if user.disabled_at is not None:
        raise UserMistake(_NOT_KNOWN)
    return user


def _endpoints(container: Container) -> ProviderEndpoints:
    settings = container.config.oidc
    if not settings.issuer or not settings.client_id:
        raise UserMistake("There is no identity provider: [oidc] issuer and client_id are empty.")
    metadata = _json(container, settings.issuer.rstrip("/") + "/.well-known/openid-configuration")
    if metadata.get("issuer") != settings.issuer:
        # OpenID Connect Discovery 1.0, 4.3: else one provider could answer for another.
        raise UserMistake(f"{settings.label} calls itself otherwise than [oidc] issuer says.")
    addresses = [
        str(metadata.get(name, ""))
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
    ]
    for address in addresses:
        _refuse_plain(address, settings.label)
    return ProviderEndpoints(*addresses)


def _session(container: Container, callback_url: str) -> OAuth2Session:
    from authlib.integrations.requests_client import OAuth2Session

    settings = container.config.oidc
    return OAuth2Session(
        settings.client_id,
        settings.client_secret or None,
        scope="openid email profile",
        redirect_uri=callback_url,
        code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_basic" if settings.client_secret else "none",
    )


def _json(container: Container, address: str) -> dict[str, Any]:
    from requests import RequestException, Session

    label = container.config.oidc.label
    _refuse_plain(address, label)
    try:
        with (
            Session() as session,
            session.get(
                address, timeout=CALL_SECONDS_MAX, allow_redirects=False, stream=True
            ) as answer,
        ):
            answer.raise_for_status()
            body = answer.raw.read(ANSWER_BYTES_MAX, decode_content=True)
        read: dict[str, Any] = msgspec.json.decode(body, type=dict)
    except (RequestException, msgspec.DecodeError, msgspec.ValidationError, OSError) as error:
        raise UserMistake(
            f"{label} does not answer just now. Try again, or use a password."
        ) from error
    return read


def _refuse_plain(address: str, label: str) -> None:
    """Refuse an address whose answer anybody on the way could change."""
    url = urlsplit(address)
    if url.scheme != "https" and not (url.scheme == "http" and url.hostname in _LOOPBACK):
        raise UserMistake(f"{label} is not reached over https: {address[:80]!r}.")
