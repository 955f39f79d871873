"""HTTP: the one place where arsync talks to a platform. Timeouts, retries, pace, tokens, logs.

`PlatformTransport` is what connectors read and write through; `oauth_session` serves the token
calls of their authorisers.
"""

from arsync.connector_sdk.rate_window import DAY_LIMIT_WAIT_SECONDS
from arsync.http.oauth_session import (
    CONNECT_SECONDS,
    READ_SECONDS,
    RESPONSE_SECONDS_MAX,
    TOKEN_READ_SECONDS,
    PlatformSession,
    callback_parameters,
    is_loopback,
    oauth_session,
)
from arsync.http.rate_limiter import SHORT_WAIT_SECONDS_MAX, Pacer, Timer
from arsync.http.transport import (
    ATTEMPTS_MAX,
    EXPIRY_MARGIN_SECONDS,
    RESPONSE_BYTES_MAX,
    RETRY_WAIT_SECONDS_MAX,
    PlatformTransport,
    Timing,
    TokenSource,
    TransportHooks,
    TransportSettings,
    Usage,
)

__all__ = [
    "ATTEMPTS_MAX",
    "CONNECT_SECONDS",
    "DAY_LIMIT_WAIT_SECONDS",
    "EXPIRY_MARGIN_SECONDS",
    "READ_SECONDS",
    "RESPONSE_BYTES_MAX",
    "RESPONSE_SECONDS_MAX",
    "RETRY_WAIT_SECONDS_MAX",
    "SHORT_WAIT_SECONDS_MAX",
    "TOKEN_READ_SECONDS",
    "Pacer",
    "PlatformSession",
    "PlatformTransport",
    "Timer",
    "Timing",
    "TokenSource",
    "TransportHooks",
    "TransportSettings",
    "Usage",
    "callback_parameters",
    "is_loopback",
    "oauth_session",
]
