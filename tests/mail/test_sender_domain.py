"""DNS is asked of the sender's domain, in time, and what it says is told with what to do."""

from __future__ import annotations

import time

import dns.resolver
import pytest
from tests.builders.dns_server import Zone, resolving

from arsync.mail import sender_domain
from arsync.mail.sender_domain import DomainFact, NoDnsError, domain_facts, is_reserved

DOMAIN = "books.invalid"

GOOD: Zone = {
    (DOMAIN, "MX"): ["10 mx.books.invalid."],
    (DOMAIN, "TXT"): ['"site=1"', '"v=spf1 include:mailer.invalid" " ~all"'],
    (f"s1._domainkey.{DOMAIN}", "TXT"): ['"v=DKIM1; k=rsa; p=MIGf"'],
    (f"_dmarc.{DOMAIN}", "TXT"): ['"v=DMARC1; p=reject"'],
}


def told(
    zone: Zone, *, domain: str = DOMAIN, server: str = "", selector: str = ""
) -> list[DomainFact]:
    with resolving(zone) as resolver:
        return list(domain_facts(domain, resolver, server=server, selector=selector))


def words(facts: list[DomainFact]) -> str:
    return "\n".join(fact.text for fact in facts)


def test_a_sound_domain_is_told_in_four_lines() -> None:
    facts = told(GOOD, server="smtp.mailer.invalid", selector="s1")
    assert facts == [
        DomainFact("books.invalid takes mail at mx.books.invalid."),
        DomainFact("SPF of books.invalid: v=spf1 include:mailer.invalid ~all"),
        DomainFact("DKIM's key is published at s1._domainkey.books.invalid."),
        DomainFact("DMARC of books.invalid: p=reject."),
    ]


def test_what_is_missing_is_told_with_what_to_publish() -> None:
    facts = told({(DOMAIN, "A"): ["192.0.2.1"]}, server="smtp.mailer.invalid")
    assert [(fact.is_wrong, fact.is_note) for fact in facts] == [(False, True)] * 3
    assert "publishes no SPF record" in words(facts)
    assert "Whoever runs smtp.mailer.invalid says what to publish" in words(facts)
    assert "cannot be told from DNS alone" in words(facts)
    assert '_dmarc.books.invalid the TXT record "v=DMARC1; p=none"' in words(facts)


def test_a_domain_without_mail_is_wrong() -> None:
    facts = told({("other.invalid", "A"): ["192.0.2.1"]})
    assert facts[0].is_wrong
    assert "has no mail server in DNS" in facts[0].text
    null = told({(DOMAIN, "MX"): ["0 ."]})
    assert null[0].is_wrong
    assert "takes no mail" in null[0].text


@pytest.mark.parametrize(
    ("records", "text", "is_wrong"),
    [
        (['"v=spf1 -all"', '"v=spf1 ~all"'], "publishes 2 SPF records", True),
        (['"v=spf1 +all"'], "lets every server send", False),
        (['"v=spf1 mx -all"'], "which its SPF record does not name", False),
        (['"v=spf10 mx -all"'], "publishes no SPF record", False),
    ],
)
def test_what_spf_says_is_judged(records: list[str], text: str, *, is_wrong: bool) -> None:
    facts = told({**GOOD, (DOMAIN, "TXT"): records}, server="smtp.mailer.invalid")
    (fact,) = [fact for fact in facts if text in fact.text]
    assert (fact.is_wrong, fact.is_note) == (is_wrong, not is_wrong)


@pytest.mark.parametrize(
    ("record", "text"),
    [('"v=DKIM1; p="', "is withdrawn"), ('"hello"', "is not published")],
)
def test_a_key_that_is_not_there_is_wrong(record: str, text: str) -> None:
    facts = told({**GOOD, (f"s1._domainkey.{DOMAIN}", "TXT"): [record]}, selector="s1")
    (fact,) = [fact for fact in facts if "DKIM" in fact.text]
    assert fact.is_wrong
    assert text in fact.text


def test_a_subdomain_is_under_the_policy_above() -> None:
    zone = {**GOOD, (f"ar.{DOMAIN}", "A"): ["192.0.2.1"], (f"ar.{DOMAIN}", "TXT"): ['"v=spf1 mx"']}
    assert told(zone, domain=f"ar.{DOMAIN}")[-1].text == "DMARC of books.invalid: p=reject."


def test_a_strict_policy_without_proof_is_wrong() -> None:
    facts = told({**GOOD, (DOMAIN, "TXT"): ['"site=1"']})
    assert facts[-1].is_wrong
    assert "p=reject, and neither SPF nor a known DKIM key is there" in facts[-1].text
    odd = told({**GOOD, (f"_dmarc.{DOMAIN}", "TXT"): ['"v=DMARC1; p=maybe"']})
    assert "cannot be read" in odd[-1].text


def test_no_answer_is_nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender_domain, "QUERY_SECONDS_MAX", 0.2)
    began = time.monotonic()
    with resolving(GOOD, silent=[DOMAIN]) as resolver, pytest.raises(NoDnsError):
        list(domain_facts(DOMAIN, resolver))
    # Without a network some resolvers say of every name that there is none.
    with resolving({}, cut_off=True) as resolver, pytest.raises(NoDnsError):
        list(domain_facts(DOMAIN, resolver))
    nobody = dns.resolver.Resolver(configure=False)
    nobody.nameservers = []
    with pytest.raises(NoDnsError):
        list(domain_facts(DOMAIN, nobody))
    assert time.monotonic() - began < 5


def test_the_questions_have_a_time_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender_domain, "DOMAIN_SECONDS_MAX", 0.0)
    with resolving(GOOD) as resolver, pytest.raises(NoDnsError):
        list(domain_facts(DOMAIN, resolver))


def test_a_record_that_is_no_text_is_shown_cleaned() -> None:
    facts = told({**GOOD, (DOMAIN, "TXT"): [r'"v=spf1 \027[31m\255 ~all"']})
    assert "\x1b" not in words(facts)


def test_domains_of_examples_are_known() -> None:
    assert is_reserved("example.com")
    assert is_reserved("ar.acme.example")
    assert not is_reserved("acme.com")
