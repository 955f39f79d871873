"""Mail, as the doctor sees it: servers that answer, senders whom receivers can trust.

Each server, mailbox and domain is asked once, however many connections name it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from email.utils import parseaddr

from dns.resolver import Resolver

from arsync.application.health.findings import NOTE, OK, WRONG, Finding
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.config import Config
from arsync.errors import RetryLater, UserMistake
from arsync.mail.mailbox import check_mailbox, mailbox_server
from arsync.mail.sender_domain import NoDnsError, domain_facts, is_reserved, system_resolver
from arsync.mail.smtp import check_server, is_loopback, smtp_server

DOMAINS_MAX = 20
"""So many senders' domains are looked up in one examination."""

Resolving = Callable[[], Resolver]
"""Makes who is asked of DNS."""


def mail_findings(
    shared: Config,
    organisations: Sequence[OrganisationContext],
    resolving: Resolving = system_resolver,
) -> Iterator[Finding]:
    """Yield what is right and wrong with mail: of config.toml, then of what differs from it.

    Args:
        shared: the settings of all.
        organisations: which may have some of their own.
        resolving: who is asked of senders' domains; by default whom this computer asks.
    """
    named = {"": shared}
    for organisation in organisations:
        if not organisation.settings_problem:
            named[organisation.name] = organisation.config
    yield from _servers(named)
    yield from _mailboxes(named)
    yield from _domains(named, resolving)
    yield from _shared_account(shared, organisations)


def _about(what: str, name: str) -> str:
    return f"{what} of {name}" if name else what


def _servers(named: Mapping[str, Config]) -> Iterator[Finding]:
    answers: dict[str, str] = {}
    for name, config in named.items():
        url = config.smtp.url
        if name and not _has_own(config, "smtp", "notify"):
            continue
        about = _about("smtp", name)
        if not url:
            if config.runs.notify:
                words = "[runs] notify names an address, and [smtp] url no mail server: nothing is"
                yield Finding(about, WRONG, f"{words} mailed.")
            continue
        if url not in answers:
            answers[url] = _answer(url)
        if answers[url]:
            yield Finding(about, WRONG, answers[url])
        elif config.smtp.sender:
            yield Finding(about, OK, f"mail leaves as {config.smtp.sender}.")
        else:
            yield Finding(about, WRONG, "[smtp] sender is empty: letters need a sender.")


def _has_own(config: Config, section: str, key: str = "") -> bool:
    return any(own == (section, own[1]) or own[1] == key for own in config.own_settings)


def _answer(url: str) -> str:
    """Return why a mail server takes no mail; empty when it lets us in."""
    try:
        check_server(smtp_server(url))
    except (UserMistake, RetryLater) as error:
        return str(error)
    return ""


def _mailboxes(named: Mapping[str, Config]) -> Iterator[Finding]:
    seen_urls: set[tuple[str, str]] = set()
    for name, config in named.items():
        settings = config.mailbox
        if not settings.url or (settings.url, settings.folder) in seen_urls:
            continue
        seen_urls.add((settings.url, settings.folder))
        about = _about("mailbox", name if _has_own(config, "mailbox") else "")
        try:
            server = mailbox_server(settings.url, settings.folder)
            check_mailbox(server)
        except (UserMistake, RetryLater) as error:
            yield Finding(about, WRONG, str(error))
        else:
            yield Finding(about, OK, f"what comes back is read at {server.host}.")


def _domains(named: Mapping[str, Config], resolving: Resolving) -> Iterator[Finding]:
    """Say what DNS says of each sender's domain, where letters leave this computer for it."""
    questions: dict[tuple[str, str, str], None] = {}
    for config in named.values():
        domain, server = _domain(config), _host(config)
        if domain and server and not is_reserved(domain) and not is_loopback(server):
            questions[domain, server, config.smtp.dkim_selector] = None
    if not questions:
        return
    try:
        resolver = resolving()
        for domain, server, selector in list(questions)[:DOMAINS_MAX]:
            for fact in domain_facts(domain, resolver, server=server, selector=selector):
                verdict = WRONG if fact.is_wrong else NOTE if fact.is_note else OK
                yield Finding("sender", verdict, fact.text)
    except NoDnsError:
        words = "DNS does not answer here: nothing is known of SPF, DKIM and DMARC of the sender."
        yield Finding("sender", NOTE, words)


def _domain(config: Config) -> str:
    address = parseaddr(config.smtp.sender)[1]
    return address.rpartition("@")[2].lower()


def _host(config: Config) -> str:
    try:
        return smtp_server(config.smtp.url).host.lower() if config.smtp.url else ""
    except UserMistake:
        return ""


def _account(config: Config) -> str:
    return config.letters.iban or config.letters.account_number


def _shared_account(
    shared: Config, organisations: Sequence[OrganisationContext]
) -> Iterator[Finding]:
    """Say whose letters name the bank account of config.toml: often the practice's own."""
    account = shared.letters.iban or shared.letters.account_number
    named = [
        organisation.name
        for organisation in organisations
        if not organisation.settings_problem
        and account
        in {organisation.config.letters.iban, organisation.config.letters.account_number}
    ]
    if account and len(named) > 1:
        names = ", ".join(named[:NAMES_SHOWN_MAX])
        more = len(named) - NAMES_SHOWN_MAX
        beyond = f" and {more:,} more" if more > 0 else ""
        yield Finding(
            "letters",
            NOTE,
            f"the letters of {names}{beyond} name one bank account, that of config.toml. If it is"
            " not theirs, put theirs into connections/NAME.toml.",
        )


NAMES_SHOWN_MAX = 5
"""So many connections are named in one finding."""
