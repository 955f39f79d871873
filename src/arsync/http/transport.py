"""The transport: what a connector reads and writes through."""

from __future__ import annotations

import io
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from oauthlib.oauth2.rfc6749.tokens import prepare_bearer_headers
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)

from arsync import __version__
from arsync.clock import Clock
from arsync.connector_sdk import HttpResponse, RateLimits, Token
from arsync.connector_sdk.rate_window import DAY_LIMIT_WAIT_SECONDS, RateLimiter
from arsync.errors import (
    ArsyncError,
    NeedsReconnect,
    OutcomeUnknown,
    Rejected,
    RetryLater,
    Unreachable,
    UserMistake,
)
from arsync.http.oauth_session import (
    CONNECT_SECONDS,
    READ_SECONDS,
    RESPONSE_SECONDS_MAX,
    PlatformSession,
)
from arsync.http.rate_limiter import (
    REAL_TIME,
    SHORT_WAIT_SECONDS_MAX,
    Pacer,
    Timer,
    until_stopped,
)
from arsync.http.responses import (
    dated,
    never_arrived,
    retry_after,
    says_slower,
    unreachable_words,
    words,
)
from arsync.telemetry import TraceSpan, span

ATTEMPTS_MAX = 5
"""Attempts of one read."""
RENEWALS_MAX = 3
"""Attempts to renew a token while the platform cannot be reached."""
RETRY_WAIT_SECONDS_MAX = 150.0
"""The sum of the waits between one read's attempts: two full minutes of a limit."""
EXPIRY_MARGIN_SECONDS = 60.0
"""A token that expires sooner is renewed before the call, not after its refusal."""
RESPONSE_BYTES_MAX = 64 * 1024 * 1024
IDLE_SECONDS_MAX = 20.0
"""An idle connection older than this is not used for a change: the server may just be closing it,
and a change that meets a closing connection has an unknown outcome."""
CHUNK_BYTES = 256 * 1024
THROTTLED_WAIT_SECONDS = 5.0
"""For a refusal without Retry-After: too many calls at once."""
BUSY_WAIT_SECONDS = 60.0

_BACK_OFF = wait_exponential_jitter(initial=1.0, max=20.0, jitter=1.0)
_LOG = logging.getLogger("arsync.http")
_TRACE_HEADERS = ("xero-correlation-id", "intuit_tid", "x-request-id")
_SHOWN_PARAMETERS = frozenset({"page", "pageSize", "pagesize", "summaryOnly", "minorversion"})


class TokenSource(Protocol):
    """Where the transport gets its token. The store implements it."""

    def current(self) -> Token:
        """Return the saved token."""
        ...

    def refreshed(self, stale: Token) -> Token:
        """Return a token newer than `stale`: renewed and saved by us or, meanwhile, by another.

        Raises:
            NeedsReconnect: the grant is dead. RetryLater: the platform cannot be reached.
        """
        ...


@dataclass
class Usage:
    """The calls made to the platform, by kind (`read`, `change`); each attempt counts."""

    calls: Counter[str] = field(default_factory=Counter)
    bytes_received: Counter[str] = field(default_factory=Counter)
    """On the wire: compressed."""
    bytes_decoded: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    renewed: int = 0
    """Tokens renewed."""


class _Call(NamedTuple):
    method: str
    url: str
    params: Mapping[str, str] | None
    headers: Mapping[str, str]
    body: bytes | None
    changes: bool


class _Again(Exception):
    """The read may be repeated; `final` is raised when it is not."""

    def __init__(self, final: ArsyncError, pause_seconds: float | None = None) -> None:
        super().__init__(str(final))
        self.final = final
        self.pause_seconds = pause_seconds


class TransportSettings(NamedTuple):
    """How one organisation is called."""

    label: str
    """The platform's name, for messages."""
    limits: RateLimits
    """How fast this organisation may be called."""
    pace: bool = True
    """False leaves the pace to the platform's refusals (for the sandbox)."""
    rate_limiter: RateLimiter | None = None
    """Counts the calls of all processes; None: those of this transport alone."""
    probing: bool = False
    """The platform was out of reach: until it answers, nothing is tried twice."""


class TransportHooks(NamedTuple):
    """What the transport asks and tells while it works."""

    writing: Callable[[], bool] = lambda: False
    """True while reads serve a write, and so may use the day's reserve for writes."""
    before_change: Callable[[], None] = lambda: None
    """Called when a change is about to leave, after all waits; may raise."""
    stop: Callable[[], bool] | None = None
    """True ends waits with `Stopping`; calls that have begun are never cut short."""
    on_clock: Callable[[str, float], None] = lambda _host, _ahead: None
    """Called with the platform's host and the seconds by which this computer's clock is ahead of
    it, whenever an answer shows that more exactly than those before."""


class Timing(NamedTuple):
    """The timer and the time limits. Tests pass a timer that does not wait."""

    timer: Timer = REAL_TIME
    read_seconds: float = READ_SECONDS
    """How long the platform may be silent before its answer counts as lost."""
    response_seconds: float = RESPONSE_SECONDS_MAX
    """How long an answer may take in all, its head included."""


NO_HOOKS = TransportHooks()
REAL_TIMING = Timing()


class PlatformTransport:
    """Calls one organisation at one platform. Implements `arsync.connector_sdk.Transport`."""

    def __init__(
        self,
        settings: TransportSettings,
        tokens: TokenSource,
        clock: Clock,
        *,
        hooks: TransportHooks = NO_HOOKS,
        timing: Timing = REAL_TIMING,
    ) -> None:
        """Make a transport; no call is made.

        Args:
            settings: how the organisation is called.
            tokens: where the token comes from.
            clock: shows whether the token is about to expire.
            hooks: called while the transport works.
            timing: the timer and the time limits.
        """
        label, timer = settings.label, timing.timer
        self._label = label
        self._tokens = tokens
        self._clock = clock
        self._timing = timing
        self._timer = timer
        self._hooks = hooks
        # A stop ends waits, never a call: cutting a write short would make its outcome unknown.
        self._waits = until_stopped(timer, hooks.stop) if hooks.stop else timer
        self._session = PlatformSession(
            "", label=label, clock=clock, response_seconds=timing.response_seconds
        )
        self._renewed_token = ""
        self._last_call_at = timer.monotonic()
        self._probing = settings.probing
        self.pacer = Pacer(
            label,
            settings.limits,
            timer=self._waits,
            pace=settings.pace,
            rate_limiter=settings.rate_limiter,
        )
        self.usage = Usage()
        self._ahead: float | None = None

    def close(self) -> None:
        """Close the connections."""
        self.pacer.close()
        self._session.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        changes: bool = False,
    ) -> HttpResponse:
        """Make one call; see `arsync.connector_sdk.Transport.request`."""
        call = _Call(method, url, params, headers or {}, body, changes)
        # Only what certainly did nothing is tried again: `_Again` is never raised for a change.
        retrying = Retrying(
            retry=retry_if_exception_type(_Again),
            stop=lambda state: self._probing or _enough(state),
            wait=_pause,
            sleep=self._waits.sleep,
            before_sleep=self._count_repetition,
            reraise=True,
        )
        try:
            return retrying(self._attempt, call)
        except _Again as again:
            raise again.final from again.__cause__

    def _count_repetition(self, _: RetryCallState) -> None:
        self.usage.repeated += 1

    def _attempt(self, call: _Call) -> HttpResponse:
        token = self._token()
        answer = self._once(call, token)
        if answer.status == 401:
            # A 401 is decided before anything happens, so a change may be repeated too.
            token = self._renew(token)
            answer = self._once(call, token)
        if says_slower(answer, self._clock):
            raise self._throttled(call, answer)
        # Twice refused: a new token did not help, so only the owner can.
        if answer.status in {401, 403}:
            raise NeedsReconnect(
                f"{self._label} answers {answer.status}{words(answer)}."
                " Run `arsync connect` again, with the scopes arsync asks for."
            )
        if 300 <= answer.status < 400 and answer.status != 304:
            raise self._redirected(call, answer)
        if answer.status == 408 or answer.status >= 500:
            raise self._failed(call, answer)
        return answer

    def _token(self) -> Token:
        token = self._tokens.current()
        lifetime = token.expires_at - self._clock.now()
        # A token that this transport has just renewed is used even if it looks old: the clocks
        # here and there may differ, and the platform's 401 decides.
        if (
            lifetime <= timedelta(seconds=EXPIRY_MARGIN_SECONDS)
            and token.access_token != self._renewed_token
        ):
            return self._renew(token)
        return token

    def _renew(self, stale: Token) -> Token:
        # At once, and until it succeeds: when a renewal's answer was lost, the platform accepts the
        # old token again only for a while.
        again = Retrying(
            retry=retry_if_exception_type(Unreachable),
            stop=stop_after_attempt(1 if self._probing else RENEWALS_MAX),
            wait=_BACK_OFF,
            sleep=self._timer.sleep,
            reraise=True,
        )
        token = again(self._tokens.refreshed, stale)
        self._renewed_token = token.access_token
        self.usage.renewed += 1
        return token

    def _once(self, call: _Call, token: Token) -> HttpResponse:
        # The re-check before a message is part of the message: what is read for a write may use the
        # reserve of writes, or the reserve would be of no use.
        self.pacer.admit(changes=call.changes or self._hooks.writing())
        kind = "change" if call.changes else "read"
        with self.pacer.slot():
            started = self._timer.monotonic()
            if call.changes and started - self._last_call_at > IDLE_SECONDS_MAX:
                self._session.close()
            # The last moment at which nothing has happened: a run that has lost its lock ends here.
            if call.changes:
                self._hooks.before_change()
            self.usage.calls[kind] += 1
            answer: HttpResponse | None = None
            try:
                with span(f"HTTP {call.method}") as called:
                    answer = self._send(call, token, kind)
                    _describe(called, call, answer)
            except requests.RequestException as error:
                raise self._lost(call, error) from error
            finally:
                self._last_call_at = self._timer.monotonic()
                self._log(call, answer, self._last_call_at - started)
        self._probing = self._probing and answer.status >= 500
        self.pacer.learn(answer.headers)
        if not call.changes and 200 <= answer.status < 300:
            self.pacer.read()
        self._compare_clocks(call.url, answer.headers)
        return answer

    def _compare_clocks(self, url: str, headers: Mapping[str, str]) -> None:
        moment = dated(headers)
        if moment is not None:
            ahead = (self._clock.now() - moment).total_seconds()
            # An answer that was long on its way looks old: the smallest difference is the truest.
            if self._ahead is None or abs(ahead) < abs(self._ahead):
                self._ahead = ahead
                self._hooks.on_clock(urlsplit(url).hostname or "", ahead)

    def _send(self, call: _Call, token: Token, kind: str) -> HttpResponse:
        headers = {
            "Accept-Encoding": "gzip",
            "User-Agent": f"arsync/{__version__}",
            **call.headers,
        }
        # Not the session's own token: oauthlib would judge its age by the computer's clock.
        bearer = prepare_bearer_headers(token.access_token, headers)
        response = self._session.request(
            call.method,
            call.url,
            params=call.params,
            data=call.body,
            headers=bearer,
            timeout=(CONNECT_SECONDS, self._timing.read_seconds),
            stream=True,
            withhold_token=True,
        )
        with response:
            body = self._body(call, response)
            self.usage.bytes_received[kind] += _wire_bytes(response, body)
            self.usage.bytes_decoded[kind] += len(body)
        lowered = {name.lower(): value for name, value in response.headers.items()}
        return HttpResponse(status=response.status_code, headers=lowered, body=body)

    def _body(self, call: _Call, response: requests.Response) -> bytes:
        give_up_at = self._timer.monotonic() + self._timing.response_seconds
        body = io.BytesIO()
        for chunk in _chunks(response):
            body.write(chunk)
            if body.tell() > RESPONSE_BYTES_MAX:
                message = f"{self._label}: an answer of more than {RESPONSE_BYTES_MAX:,} bytes."
                raise OutcomeUnknown(message) if call.changes else Rejected(message)
            if self._timer.monotonic() > give_up_at:
                raise requests.exceptions.ReadTimeout("the body came too slowly")
        # Its own bytes: of a list of chunks, a whole page would stand in memory twice.
        return body.getvalue()

    def _lost(self, call: _Call, error: requests.RequestException) -> Exception:
        host = urlsplit(call.url).netloc
        if isinstance(
            error,
            requests.exceptions.InvalidURL
            | requests.exceptions.InvalidSchema
            | requests.exceptions.MissingSchema,
        ):
            return UserMistake(f"{call.url}: this is not a web address.")
        if call.changes and not never_arrived(error):
            return OutcomeUnknown(
                f"{self._label}: the answer was lost ({type(error).__name__});"
                " it may have happened or not."
            )
        later = Unreachable(unreachable_words(host, error), after_seconds=BUSY_WAIT_SECONDS)
        return later if call.changes else _Again(later)

    def _throttled(self, call: _Call, answer: HttpResponse) -> Exception:
        # Xero's spelling varies (`day`, `DayLimit`, `concurrent`), so only the beginning counts.
        # The body of a 429 can be empty.
        problem = answer.headers.get("x-rate-limit-problem", "").lower()
        advised = retry_after(answer.headers, self._clock)
        if problem.startswith("day"):
            wait = DAY_LIMIT_WAIT_SECONDS if advised is None else advised
            self.pacer.day_is_over(wait)
            return RetryLater(f"{self._label}: today's calls are used up.", after_seconds=wait)
        if advised is not None:
            wait = advised
        else:
            wait = THROTTLED_WAIT_SECONDS if problem.startswith("con") else BUSY_WAIT_SECONDS
        self.pacer.rest(wait)
        later = RetryLater(f"{self._label} asks for a slower pace.", after_seconds=wait)
        if call.changes or wait > SHORT_WAIT_SECONDS_MAX:
            return later
        return _Again(later, wait)

    def _redirected(self, call: _Call, answer: HttpResponse) -> Exception:
        # Never followed: the token would be sent to whatever is at the other address.
        message = (
            f"{self._label} answers {answer.status}, a redirect, which is never followed."
            " Something on the way, such as a proxy's sign-in page, may have answered instead"
        )
        if call.changes:
            return OutcomeUnknown(f"{message}; it may have happened or not.")
        return RetryLater(f"{message}.", after_seconds=BUSY_WAIT_SECONDS)

    def _failed(self, call: _Call, answer: HttpResponse) -> Exception:
        advised = retry_after(answer.headers, self._clock)
        message = f"{self._label} answers {answer.status}{words(answer)}"
        later = Unreachable(f"{message}.", after_seconds=advised or BUSY_WAIT_SECONDS)
        if not call.changes:
            if advised is not None and advised > SHORT_WAIT_SECONDS_MAX:
                return later
            return _Again(later, advised)
        if answer.status == 503 and advised is not None:
            # A server that says when to try again has refused the call before doing anything. A 503
            # without that may come from a gateway, after the server behind it has done the work.
            return later
        return OutcomeUnknown(f"{message}; it may have happened or not.")

    def _log(self, call: _Call, answer: HttpResponse | None, seconds: float) -> None:
        if not _LOG.isEnabledFor(logging.INFO):
            return
        address = urlsplit(call.url)
        shown = [
            f"{name}={value}" if name in _SHOWN_PARAMETERS else name
            for name, value in (call.params or {}).items()
        ]
        headers = answer.headers if answer else {}
        _LOG.info(
            "%s %s%s%s %s %.0f ms%s",
            call.method,
            address.netloc.rpartition("@")[2],
            address.path,
            f"?{'&'.join(shown)}" if shown else "",
            answer.status if answer else "no answer",
            seconds * 1000,
            "".join(f" {name}={headers[name]}" for name in _TRACE_HEADERS if name in headers),
        )


def _describe(called: TraceSpan, call: _Call, answer: HttpResponse) -> None:
    """Tell a trace of a call: neither query nor body, which hold customers' data."""
    if called.is_recording():
        address = urlsplit(call.url)
        called.set_attribute("http.request.method", call.method)
        called.set_attribute("server.address", address.hostname or "")
        called.set_attribute("url.path", address.path)
        called.set_attribute("http.response.status_code", answer.status)


def _chunks(response: requests.Response) -> Iterator[bytes]:
    """Yield a body as it comes in: waiting for whole chunks, a slow one could last for days."""
    response.raw.decode_content = True
    try:
        while chunk := response.raw.read1(CHUNK_BYTES):
            yield chunk
    except urllib3.exceptions.DecodeError as error:
        raise requests.exceptions.ContentDecodingError(error) from error
    except urllib3.exceptions.HTTPError as error:
        raise requests.exceptions.ConnectionError(error) from error


def _enough(state: RetryCallState) -> bool:
    upcoming = state.idle_for + state.upcoming_sleep
    return state.attempt_number >= ATTEMPTS_MAX or upcoming > RETRY_WAIT_SECONDS_MAX


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, _Again) and error.pause_seconds is not None:
        return error.pause_seconds
    return _BACK_OFF(state)


def _wire_bytes(response: requests.Response, body: bytes) -> int:
    tell = getattr(response.raw, "tell", None)
    return int(tell()) if tell else len(body)
