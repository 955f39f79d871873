"""A real mail server on this computer that keeps what it was given."""

from __future__ import annotations

from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope


class AnyPort(Controller):  # type: ignore[misc]
    """A controller on port 0: it must be told which port it got."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class Sink:
    """Keeps what a real mail server was given."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.port = 0
        """Where it listens, once it does."""
        self.refused: dict[str, str] = {}
        """Addresses that it does not take, each with its answer."""

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Envelope
    ) -> str:
        self.envelopes.append(envelope)
        return "250 2.0.0 queued as 42"
