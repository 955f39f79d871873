"""A small DNS server on this computer: answers from a table, with dnspython's own messages."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset

Zone = Mapping[tuple[str, str], Sequence[str]]
"""By name and type, the records: `("example.com", "TXT"): ['"v=spf1 -all"']`."""


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        packet, answering = self.request
        query = dns.message.from_wire(packet)
        question = query.question[0]
        name = str(question.name).rstrip(".").lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        if name in self.server.silent:
            return
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        records: Sequence[str] = self.server.zone.get((name, kind), ())
        if not name and not self.server.cut_off:
            records = ["a.root-servers.net."]
        if records:
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *records))
        elif not any(named == name for named, _ in self.server.zone):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        answering.sendto(answer.to_wire(), self.client_address)


class _Server(socketserver.ThreadingUDPServer):
    daemon_threads = True

    def __init__(self, zone: Zone, silent: Sequence[str], *, cut_off: bool) -> None:
        self.zone = zone
        self.cut_off = cut_off
        self.silent = silent
        super().__init__(("127.0.0.1", 0), _Handler)


@contextmanager
def resolving(
    zone: Zone, *, silent: Sequence[str] = (), cut_off: bool = False
) -> Iterator[dns.resolver.Resolver]:
    """Serve a zone and yield a resolver that asks for it.

    Of `silent` names nothing is answered. One that is `cut_off` knows no name at all.
    """
    with _Server(zone, silent, cut_off=cut_off) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = server.server_address[1]
        try:
            yield resolver
        finally:
            server.shutdown()
            thread.join()
