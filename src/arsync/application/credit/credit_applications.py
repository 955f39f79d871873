"""Applications for credit: recorded, completed by references and data, listed and shown."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from arsync.application.customers.name_search import NotFound
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext, organisations
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.persons_words import name_line, reason_line
from arsync.core.ledger.agreements.credit_applications import (
    ApplicantPerson,
    CreditApplication,
    CreditDatum,
    CreditReference,
    DatumKind,
    ReferenceAnswer,
    ReferenceKind,
    SignedTerms,
)
from arsync.core.ledger.payment_terms import read_terms
from arsync.core.ledger.records import Contact, ContactStatus
from arsync.core.rulebook.model import folded
from arsync.errors import UserMistake
from arsync.store.ledger.lookups import NoContact

PEOPLE_MAX = 20
"""How many people one application names."""

REFERENCES_MAX = 20
"""How many references one application names."""

NUMBER_CHARACTERS_MAX = 40
"""Longer is no registration or VAT number of any country."""

SIGNED_BYTES_MAX = 50_000_000
"""The largest file of signed terms; arsync keeps its hash, and never the file."""

LIMIT_MAX = Decimal("1e12")


class SignedFile(NamedTuple):
    """A file of signed terms: its name, and the hash that tells it from any other."""

    name: str
    sha256: str
    """As 64 hexadecimal digits."""


class ApplicantWords(NamedTuple):
    """What is said of an application; None and empty leave what was said before."""

    registration_number: str = ""
    vat_number: str = ""
    country: str = ""
    limit: Decimal | None = None
    """In the rulebook's currency."""
    terms: str = ""
    trading_since: date | None = None
    people: tuple[str, ...] = ()
    """`Jane Doe, director, jane@example.com`."""
    applied_on: date | None = None
    """None: today."""
    signed_file: SignedFile | None = None
    signed_on: date | None = None
    """None, with a file: today."""
    signed_version: str = ""
    consented_on: date | None = None
    """The day on which it agreed that its references are asked."""


class Applicant(NamedTuple):
    """An application with the organisation that it was made to."""

    organisation: OrganisationContext
    application: CreditApplication
    caution: str = ""
    """That no contact is called so, with a guess at what was meant; empty: one is."""


def apply_for_credit(
    actor: Actor,
    container: Container,
    applicant: str,
    words: ApplicantWords,
    *,
    connection: Chosen = None,
) -> Applicant:
    """Record an application, of a customer or of a business that is none yet.

    Args:
        actor: records it.
        container: holds the ledgers.
        applicant: a customer's name or id, or a prospect's name.
        words: what is said of it.
        connection: to whom; needed for a prospect where there are several.

    Raises:
        UserMistake: something that is said cannot be, or several connections could be meant.
    """
    permit(actor, Permission.APPLY_FOR_CREDIT)
    name = name_line(applicant)
    if not name:
        raise UserMistake("an application needs the applicant's name.")
    organisation, contact, caution = _of(container, name, connection)
    application = CreditApplication(
        0,
        contact.name if contact else name,
        words.applied_on or organisation.today,
        contact_id=contact.id if contact else "",
        country=contact.country if contact else "",
        currency=organisation.rulebook.currency,
    )
    application = _with_words(organisation, application, words)
    store, recorder = organisation.store.credit, name_line(actor.name)
    number = store.add(organisation.id, application, who=recorder)
    return Applicant(organisation, store.get(organisation.id, number), caution)


def change_application(
    actor: Actor,
    container: Container,
    number: int,
    words: ApplicantWords,
    *,
    connection: Chosen = None,
) -> Applicant:
    """Record what is said of an application now; what nothing is said of stays.

    Raises:
        UserMistake: there is no such application, or something that is said cannot be.
    """
    permit(actor, Permission.APPLY_FOR_CREDIT)
    organisation, application, _ = numbered(container, number, connection)
    application = _with_words(organisation, application, words)
    store, recorder = organisation.store.credit, name_line(actor.name)
    store.change(organisation.id, application, who=recorder)
    return Applicant(organisation, store.get(organisation.id, number))


def _of(
    container: Container, name: str, connection: Chosen
) -> tuple[OrganisationContext, Contact | None, str]:
    """Return to whom an applicant applies, and the contact that it is, or that it is none."""
    chosen = list(organisations(container, connection))
    matches: list[tuple[OrganisationContext, Contact]] = []
    caution = ""
    for organisation in chosen:
        try:
            matches.append((organisation, organisation.store.ledger.contact(organisation.id, name)))
        except NoContact as nobody:
            caution = str(nobody)
    if len(matches) == 1:
        return *matches[0], ""
    if len(chosen) == 1:
        return chosen[0], None, caution
    names = ", ".join(organisation.name for organisation in chosen)
    raise UserMistake(
        f"to which connection does {name} apply: {names}?\n    hint: choose with --connection"
    )


def numbered(container: Container, number: int, connection: Chosen) -> Applicant:
    """Return the application of a number, in whichever connection it is.

    Raises:
        UserMistake: there is none.
    """
    for organisation in organisations(container, connection):
        try:
            application = organisation.store.credit.get(organisation.id, number)
        except UserMistake:
            continue
        return Applicant(organisation, application)
    raise NotFound(f"there is no application {number}.\n    hint: `arsync credit list` shows them")


def _with_words(
    organisation: OrganisationContext, application: CreditApplication, words: ApplicantWords
) -> CreditApplication:
    """Return an application with what is said of it now.

    Raises:
        UserMistake: something that is said cannot be.
    """
    today = organisation.today
    if words.limit is not None and not 0 < words.limit < LIMIT_MAX:
        raise UserMistake("the limit that is asked for has to be above nothing.")
    if words.terms and read_terms(words.terms) is None:
        raise UserMistake(f"{words.terms!r} are no payment terms: write them as in 30 days.")
    if words.country and not re.fullmatch("[A-Za-z]{2}", words.country):
        raise UserMistake(f"{words.country!r} is no country: write two letters, as in GB.")
    for day, what in (
        (words.applied_on, "the day of the application"),
        (words.trading_since, "the day since which it trades"),
        (words.signed_on, "the day of the signature"),
        (words.consented_on, "the day of the consent"),
    ):
        if day is not None and day > today:
            raise UserMistake(f"{what}, {day}, is still to come.")
    says_of_signature = words.signed_on or words.signed_version
    if says_of_signature and words.signed_file is None and application.signed is None:
        raise UserMistake("a signature needs the signed file.\n    hint: --signed FILE")
    people = tuple(map(_person, words.people))
    if len(people) > PEOPLE_MAX:
        raise UserMistake(f"an application names at most {PEOPLE_MAX} people.")
    return application._replace(
        registration_number=_number(words.registration_number) or application.registration_number,
        vat_number=_number(words.vat_number) or application.vat_number,
        country=words.country.upper() or application.country,
        limit_asked=words.limit if words.limit is not None else application.limit_asked,
        currency=organisation.rulebook.currency if words.limit else application.currency,
        terms_asked=" ".join(words.terms.split()) or application.terms_asked,
        trading_since=words.trading_since or application.trading_since,
        people=people or application.people,
        signed=_signed(words, application.signed, today),
        consented_on=words.consented_on or application.consented_on,
    )


def _number(text: str) -> str:
    number = name_line(text)
    if len(number) > NUMBER_CHARACTERS_MAX:
        raise UserMistake(
            f"a number of {len(number)} characters is too long; {NUMBER_CHARACTERS_MAX} fit."
        )
    return number


def _person(text: str) -> ApplicantPerson:
    name, role, email, *more = (*(piece.strip() for piece in text.split(",")), "", "")
    if not name or any(more):
        raise UserMistake(
            f"{text!r} is no person: write a name, a role, an address:"
            ' --person "Jane Doe, director, jane@example.com"'
        )
    return ApplicantPerson(name_line(name), name_line(role), name_line(email))


def _signed(words: ApplicantWords, before: SignedTerms | None, today: date) -> SignedTerms | None:
    if words.signed_file is None:
        if before is None:
            return None
        return before._replace(
            signed_on=words.signed_on or before.signed_on,
            version=name_line(words.signed_version) or before.version,
        )
    return SignedTerms(
        words.signed_file.name,
        words.signed_file.sha256,
        words.signed_on or today,
        name_line(words.signed_version),
    )


def signed_content(name: str, content: bytes) -> SignedFile:
    """Return what is kept of a file of signed terms: its name and its hash.

    Raises:
        UserMistake: it has no name or is empty.
    """
    named = name_line(name)
    if not named or not content:
        raise UserMistake("the file of the signed terms is empty.")
    return SignedFile(named, hashlib.sha256(content).hexdigest())


def signed_file(file: Path) -> SignedFile:
    """Return what is kept of a file of signed terms on this machine.

    Raises:
        UserMistake: it cannot be read, is empty or larger than `SIGNED_BYTES_MAX`.
    """
    try:
        if file.stat().st_size > SIGNED_BYTES_MAX:
            raise UserMistake(f"{file} is larger than {SIGNED_BYTES_MAX:,} bytes.")
        return signed_content(file.name, file.read_bytes())
    except OSError as error:
        raise UserMistake(f"{file} cannot be read: {error.strerror or error}.") from error


# -- references ------------------------------------------------------------------------------------


class ReferenceWords(NamedTuple):
    """A reference, or its answer."""

    answer: ReferenceAnswer | None = None
    answered_on: date | None = None
    """None, with an answer: today."""
    highest_credit: Decimal | None = None
    words: str = ""
    asked_on: date | None = None
    known_for: str = ""
    """How long it has known the applicant."""
    limit_granted: Decimal | None = None
    pays: str = ""
    """How the applicant pays it."""


def record_reference(
    actor: Actor,
    container: Container,
    number: int,
    name: str,
    *,
    kind: ReferenceKind = ReferenceKind.TRADE,
    email: str = "",
    said: ReferenceWords = ReferenceWords(),  # noqa: B008 - a frozen value
    connection: Chosen = None,
) -> CreditReference:
    """Record whom an applicant names as a reference, that it was asked, or what it answered.

    Args:
        actor: records it.
        container: holds the ledgers.
        number: the application's.
        name: the reference's; one that is named already is the one that was asked.
        kind: of a new one.
        email: its address; empty leaves the one that is known.
        said: what came of asking.
        connection: only this connection's.

    Raises:
        UserMistake: there is no such application, no name, a day is still to come, or it names
            too many.
    """
    permit(actor, Permission.APPLY_FOR_CREDIT)
    organisation, application, _ = numbered(container, number, connection)
    called, address, recorder = name_line(name), name_line(email), name_line(actor.name)
    if not called:
        raise UserMistake("a reference needs a name.")
    named = [each for each in application.references if folded(each.name) == folded(called)]
    if named:
        before = named[0]._replace(email=address or named[0].email)
        reference = _said(organisation, before, said)
        organisation.store.credit_references.answer(reference, who=recorder)
        return reference
    if len(application.references) >= REFERENCES_MAX:
        raise UserMistake(f"an application names at most {REFERENCES_MAX} references.")
    reference = _said(organisation, CreditReference(0, kind, called, email=address), said)
    added = organisation.store.credit_references.add(number, reference, who=recorder)
    return reference._replace(number=added)


def _said(
    organisation: OrganisationContext, reference: CreditReference, said: ReferenceWords
) -> CreditReference:
    for day in (said.asked_on, said.answered_on):
        if day is not None and day > organisation.today:
            raise UserMistake(f"{day} is still to come.")
    for amount, what in (
        (said.highest_credit, "the highest credit"),
        (said.limit_granted, "the limit that it grants"),
    ):
        if amount is not None and not 0 <= amount < LIMIT_MAX:
            raise UserMistake(f"{what} has to be an amount.")
    reference = reference._replace(asked_on=said.asked_on or reference.asked_on)
    if said.answer is None:
        if any(value not in {None, ""} for value in said._replace(asked_on=None)):
            raise UserMistake("what did they answer: --answer good, mixed, bad or refused?")
        return reference
    return reference._replace(
        answer=said.answer,
        answered_on=said.answered_on or organisation.today,
        highest_credit=said.highest_credit,
        words=reason_line(said.words),
        known_for=reason_line(said.known_for),
        limit_granted=said.limit_granted,
        pays=reason_line(said.pays),
    )


# -- outside data, as people and files say it ------------------------------------------------------

_VALUE_CHARACTERS_MAX = 300


def datum_said(kind: str, value: str, source: str, as_of: date, today: date) -> CreditDatum:
    """Return what a source said, checked.

    Args:
        kind: of `DatumKind`.
        value: as it was said.
        source: who said it.
        as_of: the day for which it was said.
        today: the organisation's day.

    Raises:
        UserMistake: the kind is not known, or the value is none of its kind.
    """
    if kind not in set(DatumKind):
        raise UserMistake(f"{kind!r} is not known: it can be {', '.join(DatumKind)}.")
    datum = DatumKind(kind)
    text, named = name_line(value[:_VALUE_CHARACTERS_MAX]), name_line(source)
    if not text or not named:
        raise UserMistake(f"{kind} needs a value, and the source that said it.")
    if as_of > today:
        raise UserMistake(f"{as_of} is still to come.")
    if datum is DatumKind.SCORE and not re.fullmatch("[0-9]{1,6}", text):
        raise UserMistake(f"score is {text!r}; it has to be a whole number.")
    if datum in {DatumKind.INSOLVENCY, DatumKind.VAT_VALID} and text not in {"yes", "no"}:
        raise UserMistake(f"{kind} is {text!r}; it can be yes or no.")
    if datum is DatumKind.COUNTRY and not re.fullmatch("[A-Za-z]{2}", text):
        raise UserMistake(f"country is {text!r}; it has to be two letters, as in GB.")
    if datum is DatumKind.INCORPORATED_ON:
        _day(text)
    return CreditDatum(datum, text, named, as_of)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UserMistake(f"{text!r} is no day: write it as in 2020-03-31.") from None


def record_data(
    actor: Actor,
    container: Container,
    number: int,
    values: Sequence[tuple[str, str]],
    *,
    source: str,
    as_of: date | None = None,
    connection: Chosen = None,
) -> int:
    """Record what a source said of an applicant, by hand, and return how much of it was new.

    Args:
        actor: records it.
        container: holds the ledgers.
        number: the application's.
        values: kinds of `DatumKind`, each with its value.
        source: who said it.
        as_of: for which day; None: today.
        connection: only this connection's.

    Raises:
        UserMistake: there is no such application, or a value is none of its kind.
    """
    permit(actor, Permission.APPLY_FOR_CREDIT)
    organisation = numbered(container, number, connection).organisation
    today = organisation.today
    values_said = [datum_said(kind, value, source, as_of or today, today) for kind, value in values]
    return organisation.store.credit.add_data(number, values_said, who=name_line(actor.name))


# -- applicants that became customers --------------------------------------------------------------


def bind_applicants(organisation: OrganisationContext) -> int:
    """Bind applications of prospects to the contacts that they became, and return how many.

    A name that two contacts bear binds to neither.
    """
    store = organisation.store
    unbound = store.credit.unbound(organisation.id)
    if not unbound:
        return 0
    unbound_names = {name for _, name in unbound}
    bearers: dict[str, list[str]] = defaultdict(list)
    for contact in store.customers.contacts(organisation.id):
        if contact.status == ContactStatus.ACTIVE and folded(contact.name) in unbound_names:
            bearers[folded(contact.name)].append(contact.id)
    only_bearers = {
        number: bearers[name][0] for number, name in unbound if len(bearers.get(name, ())) == 1
    }
    store.credit.bind(organisation.id, only_bearers)
    return len(only_bearers)
