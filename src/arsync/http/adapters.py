"""The way to a server: as `requests` goes it, but within a time in all."""

from __future__ import annotations

import http.client
import io
import socket
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager

from arsync.timed_reading import TimedReader

BUFFER = 64 * 1024
"""Bytes taken from the socket at once."""


class TimedAdapter(HTTPAdapter):
    """Gives up on an answer, head and body, that takes longer than its time in all.

    The timeouts of `requests` begin anew with each byte: a header that trickles, or a server that
    says `100 Continue` again and again, would hold a run for ever.
    """

    def __init__(self, response_seconds: float, *, pool_maxsize: int) -> None:
        """Remember the time in all, in seconds from the end of the request."""
        self._response_seconds = response_seconds
        super().__init__(pool_maxsize=pool_maxsize)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the connections of this adapter timed ones."""
        super().init_poolmanager(*args, **kwargs)
        seconds = self._response_seconds

        class Answer(http.client.HTTPResponse):
            def __init__(self, sock: socket.socket, *others: Any, **named: Any) -> None:
                super().__init__(sock, *others, **named)
                untimed, self.fp = self.fp, io.BufferedReader(TimedReader(sock, seconds), BUFFER)
                untimed.close()

        # The class of the pool's connections stays urllib3's: recordings in tests put theirs there.
        class PlainPool(HTTPConnectionPool):
            def _new_conn(self) -> Any:
                connection: Any = super()._new_conn()
                connection.response_class = Answer
                return connection

        class EncryptedPool(HTTPSConnectionPool):
            def _new_conn(self) -> Any:
                connection: Any = super()._new_conn()
                connection.response_class = Answer
                return connection

        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = {"http": PlainPool, "https": EncryptedPool}
