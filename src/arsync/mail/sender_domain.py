"""What DNS says of the sender's domain: whether receivers can tell its letters from forged ones.

Only what is published is told. Whether a letter is signed shows in the letter alone, and from which
addresses a mail server sends is known to whoever runs it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

import dns.exception
import dns.rdtypes.ANY.MX
import dns.rdtypes.ANY.TXT
import dns.resolver
from dns.rdata import Rdata
from dns.rdatatype import MX, NS, TXT, RdataType

from arsync.core.ledger.sanitising import one_line

QUERY_SECONDS_MAX = 3.0
"""How long one question may take."""

DOMAIN_SECONDS_MAX = 12.0
"""How long all questions about one domain may take."""

RECORD_CHARACTERS_MAX = 200
"""As much of a record is shown."""

RESERVED = (".example", ".test", ".invalid", ".localhost", ".local")
"""Domains that exist nowhere (RFC 2606)."""

_RESERVED_NAMES = frozenset({"example.com", "example.net", "example.org", "localhost"})


class DomainFact(NamedTuple):
    """One thing that DNS says, or does not say."""

    text: str
    is_wrong: bool = False
    """Letters get lost by it."""
    is_note: bool = False
    """Worth a look."""


class NoDnsError(Exception):
    """DNS does not answer here: nothing is known, and nothing is wrong."""


def system_resolver() -> dns.resolver.Resolver:
    """Return a resolver that asks whom this computer asks.

    Raises:
        NoDnsError: it asks nobody.
    """
    try:
        return dns.resolver.Resolver()
    except (dns.exception.DNSException, OSError):
        raise NoDnsError from None


def is_reserved(domain: str) -> bool:
    """Return whether a domain is for examples and tests."""
    return domain in _RESERVED_NAMES or f".{domain}".endswith(RESERVED)


def domain_facts(
    domain: str, resolver: dns.resolver.Resolver, *, server: str = "", selector: str = ""
) -> Iterator[DomainFact]:
    """Yield what DNS says of a sender's domain.

    Args:
        domain: the sender's, in lower case.
        resolver: who is asked.
        server: the mail server's host.
        selector: under which DKIM's key is published; empty: nobody has said.

    Raises:
        NoDnsError: there is no answer.
    """
    questions = _DnsQuestions(resolver)
    questions.ensure_answers()
    yield from _mail_comes_back(questions, domain)
    spf = [text for text in questions.texts(domain) if text.lower().split(" ")[0] == "v=spf1"]
    yield from _spf(domain, spf, server)
    key = questions.texts(f"{selector}._domainkey.{domain}") if selector else []
    yield _dkim(domain, selector, key)
    yield _dmarc(questions, domain, protected=bool(spf or key))


class _DnsQuestions:
    """Questions to one resolver, within a time in all."""

    def __init__(self, resolver: dns.resolver.Resolver) -> None:
        self._resolver = resolver
        self._ends_at = time.monotonic() + DOMAIN_SECONDS_MAX

    def ensure_answers(self) -> None:
        """Ask what every resolver knows: one that is cut off may say that no name exists.

        Raises:
            NoDnsError: it does not know even that.
        """
        if not self._records(".", NS):
            raise NoDnsError

    def texts(self, name: str) -> list[str]:
        """Return the texts at a name, each of its pieces joined."""
        return [
            one_line(b"".join(record.strings).decode("utf-8", "replace"))
            for record in self._records(name, TXT)
            if isinstance(record, dns.rdtypes.ANY.TXT.TXT)
        ]

    def mail_servers(self, name: str) -> list[str]:
        """Return the hosts that take mail for a name."""
        return [
            str(record.exchange).rstrip(".")
            for record in self._records(name, MX)
            if isinstance(record, dns.rdtypes.ANY.MX.MX)
        ]

    def has_address(self, name: str) -> bool:
        """Return whether a name is a host."""
        return any(self._records(name, kind) for kind in (RdataType.A, RdataType.AAAA))

    def _records(self, name: str, kind: RdataType) -> list[Rdata]:
        seconds = min(QUERY_SECONDS_MAX, self._ends_at - time.monotonic())
        if seconds <= 0:
            raise NoDnsError
        try:
            return list(self._resolver.resolve(name, kind, lifetime=seconds, search=False))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError, ValueError):
            raise NoDnsError from None


def _mail_comes_back(questions: _DnsQuestions, domain: str) -> Iterator[DomainFact]:
    hosts = questions.mail_servers(domain)
    if hosts == [""]:
        text = f"{domain} says that it takes no mail: neither answers nor reports can arrive."
        yield DomainFact(f"{text} Use a sender whose mailbox exists.", is_wrong=True)
    elif hosts:
        yield DomainFact(f"{domain} takes mail at {', '.join(sorted(hosts)[:3])}.")
    elif not questions.has_address(domain):
        text = f"{domain} has no mail server in DNS: neither answers nor reports can arrive."
        yield DomainFact(f"{text} Is the sender's address spelt right?", is_wrong=True)


def _spf(domain: str, spf: list[str], server: str) -> Iterator[DomainFact]:
    if len(spf) > 1:
        text = f"{domain} publishes {len(spf)} SPF records, and receivers then heed none."
        yield DomainFact(f"{text} Join them into one.", is_wrong=True)
        return
    if not spf:
        text = (
            f"{domain} publishes no SPF record: receivers cannot tell which servers send for it,"
            f" and take letters for spam sooner. Whoever runs {server or 'the mail server'} says"
            ' what to publish: a TXT record such as "v=spf1 include:... ~all".'
        )
        yield DomainFact(text, is_note=True)
        return
    shown = spf[0][:RECORD_CHARACTERS_MAX]
    if "+all" in spf[0].split():
        text = f"SPF of {domain} lets every server send for it ({shown}). End it with ~all."
        yield DomainFact(text, is_note=True)
        return
    yield DomainFact(f"SPF of {domain}: {shown}")
    family = ".".join(server.split(".")[-2:])
    if server and not server.endswith(domain) and family not in spf[0]:
        yield DomainFact(
            f"mail of {domain} leaves by {server}, which its SPF record does not name. Ask its"
            " provider whether another entry covers it, or what to add.",
            is_note=True,
        )


def _dkim(domain: str, selector: str, key: list[str]) -> DomainFact:
    if not selector:
        return DomainFact(
            f"whether letters of {domain} are signed (DKIM) cannot be told from DNS alone: send one"
            " to yourself and look for dkim=pass, or set [smtp] dkim_selector.",
            is_note=True,
        )
    name = f"{selector}._domainkey.{domain}"
    public = [tag.strip() for text in key for tag in text.split(";")]
    if any(tag.startswith("p=") and len(tag) > len("p=") for tag in public):
        return DomainFact(f"DKIM's key is published at {name}.")
    what = "is withdrawn" if any(tag == "p=" for tag in public) else "is not published"
    return DomainFact(
        f"DKIM's key {what} at {name}: signed letters look forged. Publish what the mail server"
        " shows, or mend [smtp] dkim_selector.",
        is_wrong=True,
    )


def _dmarc(questions: _DnsQuestions, domain: str, *, protected: bool) -> DomainFact:
    labels = domain.split(".")
    # A domain without a policy of its own is under that of the domain it belongs to.
    for at in range(max(len(labels) - 1, 1)):
        above = ".".join(labels[at:])
        texts = questions.texts(f"_dmarc.{above}")
        dmarc = [text for text in texts if text.replace(" ", "").lower().startswith("v=dmarc1")]
        if dmarc:
            return _policy(above, dmarc, protected=protected)
    return DomainFact(
        f"{domain} publishes no DMARC policy; large receivers ask for one. Publish at"
        f' _dmarc.{domain} the TXT record "v=DMARC1; p=none".',
        is_note=True,
    )


def _policy(domain: str, dmarc: list[str], *, protected: bool) -> DomainFact:
    tags = {
        name.strip().lower(): value.strip().lower()
        for name, _, value in (tag.partition("=") for tag in dmarc[0].split(";"))
    }
    policy = tags.get("p", "")
    if len(dmarc) > 1 or policy not in {"none", "quarantine", "reject"}:
        text = f"DMARC of {domain} cannot be read: {dmarc[0][:RECORD_CHARACTERS_MAX]}."
        return DomainFact(f'{text} One record, such as "v=DMARC1; p=none".', is_note=True)
    if policy != "none" and not protected:
        text = f"DMARC of {domain} says p={policy}, and neither SPF nor a known DKIM key is there:"
        return DomainFact(f"{text} receivers turn letters away.", is_wrong=True)
    return DomainFact(f"DMARC of {domain}: p={policy}.")
