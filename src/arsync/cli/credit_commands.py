"""`credit`: applications for credit, references, outside data, decisions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from arsync.cli.common import (
    config_option,
    connection_option,
    json_option,
    opened,
    print_table,
    refuse_unknown_command,
    say,
    word,
    wrapped,
)
from arsync.cli.json_output import print_json
from arsync.cli.promise_commands import amount_of
from arsync.errors import EXIT_DONE, EXIT_WAITING, UserMistake

if TYPE_CHECKING:
    from arsync.application.credit.credit_applications import ApplicantWords, ReferenceWords
    from arsync.application.credit.credit_decisions import DecidedByHand, ExplainedApplication
    from arsync.application.credit.credit_sources import AskedSource
    from arsync.application.organisation.connection_choice import ConnectionChoice
    from arsync.core.rulebook.conditions import Evidence

_DAY = click.DateTime(["%Y-%m-%d"])


class _Credit(click.Group):
    """The group; it knows near misses of its commands."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-"):
            refuse_unknown_command(ctx, args[0], self.list_commands(ctx))
        return super().resolve_command(ctx, args)


@click.group(cls=_Credit)
def credit() -> None:
    """Record applications for credit, references and data; decide; list and show them."""


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment is not None else None


_OF_APPLICANT = (
    click.option("--limit", metavar="AMOUNT", help="The limit that is asked for."),
    click.option("--terms", default="", metavar="TEXT", help="The terms asked for: 30 days."),
    click.option("--registration", default="", metavar="NUMBER", help="Its number in a register."),
    click.option("--vat", default="", metavar="NUMBER", help="Its VAT number."),
    click.option("--country", default="", metavar="CODE", help="Two letters, as in GB."),
    click.option("--trading-since", type=_DAY, help="The day since which it trades."),
    click.option(
        "--person",
        "people",
        multiple=True,
        metavar="TEXT",
        help='"Jane Doe, director, jane@example.com"; may be given several times.',
    ),
    click.option(
        "--signed",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="The signed terms of trade: their name and hash are kept, not the file.",
    ),
    click.option("--signed-on", type=_DAY, help="The day of the signature (default: today)."),
    click.option("--version", "signed_version", default="", help="Of the signed terms."),
    click.option(
        "--consented-on",
        type=_DAY,
        help="The day on which it agreed that its references are asked.",
    ),
)


@credit.command(short_help="Record an application, or change one by its number.")
@click.argument("applicant", metavar="CUSTOMER|NAME|NUMBER")
@click.option("--on", "applied_on", type=_DAY, help="The day of the application.")
@connection_option
@json_option
@config_option
def apply(
    applicant: str,
    applied_on: datetime | None,
    connection: ConnectionChoice,
    as_json: bool,
    config_file: Path | None,
    **said: Any,
) -> int:
    """Record an application of a customer, or of a business that is none yet.

    With the NUMBER of an application, what is said is changed, and the rest stays.
    """
    from arsync.application.credit import credit_applications as use_cases
    from arsync.application.credit.credit_decisions import explained
    from arsync.application.credit.credit_views import application_view

    words = _applicant_words(_day(applied_on), **said)
    with opened(config_file) as (actor, container):
        if applicant.isdecimal():
            applied = use_cases.change_application(
                actor, container, int(applicant), words, connection=connection
            )
        else:
            applied = use_cases.apply_for_credit(
                actor, container, applicant, words, connection=connection
            )
        explanation = explained(
            actor, container, applied.application.number, connection=applied.organisation.name
        )
        view = application_view(explanation)
    if as_json:
        print_json(view)
        return EXIT_DONE
    if applied.caution:
        say(f"A prospect: {applied.caution}")
    say(f"Application {applied.application.number} of {applied.application.name} is recorded.")
    _say_proposed(explanation)
    return EXIT_DONE


for _option in reversed(_OF_APPLICANT):
    apply = _option(apply)


def _applicant_words(
    applied_on: date | None,
    *,
    limit: str | None,
    terms: str,
    registration: str,
    vat: str,
    country: str,
    trading_since: datetime | None,
    people: tuple[str, ...],
    signed: Path | None,
    signed_on: datetime | None,
    signed_version: str,
    consented_on: datetime | None,
) -> ApplicantWords:
    from arsync.application.credit.credit_applications import ApplicantWords, signed_file

    return ApplicantWords(
        registration_number=registration,
        vat_number=vat,
        country=country,
        limit=amount_of(limit),
        terms=terms,
        trading_since=_day(trading_since),
        people=people,
        applied_on=applied_on,
        signed_file=signed_file(signed) if signed else None,
        signed_on=_day(signed_on),
        signed_version=signed_version,
        consented_on=_day(consented_on),
    )


@credit.command(short_help="Name a reference, record that it was asked, or its answer.")
@click.argument("number", type=int)
@click.argument("name")
@click.option("--bank", "is_bank", is_flag=True, help="A bank; otherwise a supplier.")
@click.option("--email", default="", help="Its address.")
@click.option("--asked-on", type=_DAY, help="The day on which it was asked.")
@click.option(
    "--answer",
    type=click.Choice(["good", "mixed", "bad", "refused"]),
    help="What it answered; refused: it says nothing about customers.",
)
@click.option("--answered-on", type=_DAY, help="The day of the answer (default: today).")
@click.option("--highest-credit", metavar="AMOUNT", help="The most that they let it owe.")
@click.option(
    "--known-for", default="", metavar="TEXT", help="How long it has known the applicant: 6 years."
)
@click.option("--limit-granted", metavar="AMOUNT", help="The limit that it grants.")
@click.option(
    "--pays", default="", metavar="TEXT", help="How the applicant pays it: on time, late."
)
@click.option("--words", default="", help="The answer in its own words.")
@click.option(
    "--take-back", is_flag=True, help="Take back a letter that waits, or else the answer."
)
@connection_option
@json_option
@config_option
def reference(
    number: int,
    name: str,
    is_bank: bool,
    email: str,
    take_back: bool,
    connection: ConnectionChoice,
    as_json: bool,
    config_file: Path | None,
    **said: Any,
) -> int:
    """Name a bank or a supplier that speaks for an applicant, and record what it answers.

    NUMBER is the application's. A NAME that it names already is the one that was asked.
    """
    from arsync.application.credit.credit_applications import record_reference
    from arsync.application.credit.credit_references import take_reference_back
    from arsync.core.ledger.agreements.credit_applications import ReferenceKind

    with opened(config_file) as (actor, container):
        if take_back:
            message = take_reference_back(actor, container, number, name, connection=connection)
            if as_json:
                print_json({"message": message})
            else:
                say(message)
            return EXIT_DONE
        answered = record_reference(
            actor,
            container,
            number,
            name,
            kind=ReferenceKind.BANK if is_bank else ReferenceKind.TRADE,
            email=email,
            said=_reference_words(**said),
            connection=connection,
        )
    if as_json:
        print_json(answered._asdict())
        return EXIT_DONE
    state = f"answered: {answered.answer}" if answered.answer else "is recorded"
    say(f"The {answered.kind} reference {answered.name} of application {number} {state}.")
    return EXIT_DONE


def _reference_words(
    *,
    asked_on: datetime | None,
    answer: str | None,
    answered_on: datetime | None,
    highest_credit: str | None,
    known_for: str,
    limit_granted: str | None,
    pays: str,
    words: str,
) -> ReferenceWords:
    from arsync.application.credit.credit_applications import ReferenceWords
    from arsync.core.ledger.agreements.credit_applications import ReferenceAnswer

    return ReferenceWords(
        ReferenceAnswer(answer) if answer else None,
        _day(answered_on),
        amount_of(highest_credit),
        words,
        _day(asked_on),
        known_for,
        amount_of(limit_granted),
        pays,
    )


@credit.command(short_help="Ask a reference by letter, with the next run.")
@click.argument("number", type=int)
@click.argument("name")
@click.option("--language", default="", metavar="CODE", help="Of the letter: en, de, fr.")
@connection_option
@json_option
@config_option
def ask(
    number: int,
    name: str,
    language: str,
    connection: ConnectionChoice,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Ask a bank or a supplier that an applicant names, by letter, with the next run.

    NUMBER is the application's, NAME the reference's. The applicant has to have agreed:
    `arsync credit apply NUMBER --consented-on DAY`. `arsync letters preview "reference request"`
    shows the letter.
    """
    from arsync.application.credit.credit_references import ask_reference
    from arsync.core.planning.plan_views import action_view

    with opened(config_file) as (actor, container):
        letter = ask_reference(
            actor, container, number, name, spoken=language, connection=connection
        )
    if as_json:
        print_json({"message": letter.message, "action": action_view(letter.row.action)})
    else:
        say(letter.message)
    return EXIT_DONE


@credit.command(short_help="Record what a source said of applicants, by hand or from a CSV file.")
@click.argument("number", type=int, required=False)
@click.argument("values", nargs=-1, metavar="[KIND=VALUE]...")
@click.option("--source", default="", help="Who said it.")
@click.option(
    "--ask",
    "source_asked",
    metavar="SOURCE",
    default="",
    help="Ask companies_house, gleif or an installed source, where [credit_data] allows it.",
)
@click.option("--as-of", type=_DAY, help="The day for which it was said (default: today).")
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Read a file with a row for each applicant.",
)
@connection_option
@json_option
@config_option
def data(
    number: int | None,
    values: tuple[str, ...],
    source: str,
    source_asked: str,
    as_of: datetime | None,
    csv_file: Path | None,
    connection: ConnectionChoice,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Record what a source said of applicants; each value is kept with its source and day.

    Kinds: score, rating, insolvency (yes, no), vat_number_valid (yes, no), company_status,
    incorporated_on, registered_name, registration_number, country, lei. In a CSV file these are
    columns, beside as_of and one of application, registration_number and name.
    """
    from arsync.application.credit.credit_applications import record_data
    from arsync.application.credit.credit_sources import ask_source, import_credit_data

    ways = bool(values) + bool(source_asked)
    if (csv_file is None) == (number is None) or (number is not None and ways != 1):
        raise UserMistake(
            "say whose data it is: arsync credit data NUMBER score=72 --source Bureau,"
            " NUMBER --ask companies_house, or --csv FILE --source Bureau"
        )
    if not source_asked and not source:
        raise UserMistake("who said it: --source Bureau")
    with opened(config_file) as (actor, container):
        if csv_file is not None:
            imported = import_credit_data(
                actor,
                container,
                csv_file,
                source=source,
                as_of=_day(as_of),
                connection=connection,
            )
            if as_json:
                print_json(imported._asdict())
                return EXIT_DONE
            about = word(len(imported.about), "applicant")
            say(
                f"{word(imported.new, 'new value')} about {about}, of {word(imported.rows, 'row')}."
            )
            if imported.nobody:
                say(f"No application is about: {', '.join(imported.nobody[:20])}.")
            return EXIT_DONE
        assert number is not None
        if source_asked:
            answer = ask_source(actor, container, number, source_asked, connection=connection)
            return _print_answer(answer, as_json=as_json)
        new = record_data(
            actor,
            container,
            number,
            [_pair(value) for value in values],
            source=source,
            as_of=_day(as_of),
            connection=connection,
        )
    if as_json:
        print_json({"new": new})
    else:
        say(f"{word(new, 'new value')} about application {number}.")
    return EXIT_DONE


def _print_answer(answer: AskedSource, *, as_json: bool) -> int:
    """Print what a source said when it was asked."""
    if as_json:
        print_json(answer._asdict())
        return EXIT_DONE
    for datum in answer.data:
        say(f"{datum.kind.replace('_', ' ')}: {datum.value}")
    say(answer.remark or f"{answer.label}: {word(answer.new, 'new value')}.")
    return EXIT_DONE


def _pair(text: str) -> tuple[str, str]:
    kind, sign, value = text.partition("=")
    if not sign:
        raise UserMistake(f"{text!r} is no value: write it as in score=72.")
    return kind.strip(), value.strip()


@credit.command(short_help="Decide about an application: as the rulebook proposes, or by hand.")
@click.argument("number", type=int)
@click.option("--accept", "outcome", flag_value="accept", help="Accept it.")
@click.option("--cash", "outcome", flag_value="cash on delivery", help="Cash on delivery.")
@click.option("--refuse", "outcome", flag_value="refuse", help="Refuse it.")
@click.option("--take-back", is_flag=True, help="Take the decision back: it is open again.")
@click.option("--limit", metavar="AMOUNT", help="The credit limit.")
@click.option("--terms", metavar="TEXT", help="The payment terms: 30 days.")
@click.option("--until", type=_DAY, help="The last day of the limit.")
@click.option("--review-on", type=_DAY, help="The day of the review.")
@click.option("--reason", default="", help="Why, where it is not as the rulebook proposes.")
@connection_option
@json_option
@config_option
def decide(
    number: int,
    outcome: str | None,
    take_back: bool,
    reason: str,
    connection: ConnectionChoice,
    as_json: bool,
    config_file: Path | None,
    **said: Any,
) -> int:
    """Decide about an application.

    Without an option it is decided as the rulebook proposes; where that asks a person, say what is
    decided. The next run brings limit and terms to the books.
    """
    from arsync.application.credit.credit_decisions import decide_credit, take_credit_back

    with opened(config_file) as (actor, container):
        if take_back:
            message = take_credit_back(
                actor, container, number, reason=reason, connection=connection
            )
            decision = None
        else:
            done = decide_credit(
                actor,
                container,
                number,
                _by_hand(outcome, reason, **said),
                connection=connection,
            )
            message, decision = done
    if as_json:
        print_json({"message": str(message), "decision": decision})
    else:
        say(message)
    return EXIT_DONE if take_back or decision is not None else EXIT_WAITING


def _by_hand(
    outcome: str | None,
    reason: str,
    *,
    limit: str | None,
    terms: str | None,
    until: datetime | None,
    review_on: datetime | None,
) -> DecidedByHand:
    from arsync.application.credit.credit_decisions import DecidedByHand
    from arsync.core.ledger.agreements.credit_applications import CreditOutcome

    return DecidedByHand(
        CreditOutcome(outcome) if outcome else None,
        amount_of(limit),
        terms,
        _day(until),
        _day(review_on),
        reason,
    )


@credit.command("list", short_help="List applications, the latest first.")
@click.option(
    "--state",
    type=click.Choice(["open", "accepted", "cash on delivery", "refused"]),
    help="Only those that came to it.",
)
@connection_option
@json_option
@config_option
def list_(
    state: str | None, connection: ConnectionChoice, as_json: bool, config_file: Path | None
) -> int:
    """List applications with what the rulebook proposes for those that are open."""
    from arsync.application.credit.credit_decisions import listed
    from arsync.application.credit.credit_views import application_view

    with opened(config_file) as (actor, container):
        explanations = listed(actor, container, state=state or "", connection=connection)
        views = [application_view(explanation) for explanation in explanations]
    if as_json:
        print_json(views)
        return EXIT_DONE
    print_table(
        "",
        ["no.", "applicant", "applied on", "asks for", "state", "the rulebook proposes"],
        [
            [
                str(view.number),
                view.applicant,
                f"{view.applied_on}",
                _asked(explanation),
                view.state,
                _proposed_words(explanation) if view.state == "open" else "",
            ]
            for view, explanation in zip(views, explanations, strict=True)
        ],
    )
    say(f"{word(len(explanations), 'application')}.")
    return EXIT_DONE


@credit.command(short_help="Show an application, what the rulebook proposes, and why.")
@click.argument("number", type=int)
@click.option("--why", "tells_why", is_flag=True, help="Also every rule that was read, by line.")
@connection_option
@json_option
@config_option
def show(
    number: int,
    tells_why: bool,
    connection: ConnectionChoice,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Show an application with all that is known, what the rulebook makes of it today, and why."""
    from arsync.application.credit.credit_decisions import explained
    from arsync.application.credit.credit_views import application_view, application_why_view

    with opened(config_file) as (actor, container):
        explanation = explained(actor, container, number, connection=connection)
        view = (application_why_view if tells_why else application_view)(explanation)
    if as_json:
        print_json(view)
        return EXIT_DONE
    application = explanation.application
    click.echo(f"Application {number}: {application.name}, {view.state}")
    for label, text in _facts(explanation):
        click.echo(wrapped(f"{label}: {text}", indent=2))
    _say_proposed(explanation, echo=True)
    if tells_why:
        _say_rules(explanation)
    for decision in explanation.decisions:
        click.echo(wrapped(_decision_words(decision), indent=2))
    if explanation.overruled:
        click.echo(wrapped(f"{explanation.overruled}.", indent=2))
    return EXIT_DONE


def _asked(explanation: ExplainedApplication) -> str:
    from arsync.core.ledger.money import shown

    application = explanation.application
    amount = application.limit_asked
    limit = shown(amount, application.currency) if amount is not None else ""
    return ", ".join(filter(None, (limit, application.terms_asked)))


def _facts(explanation: ExplainedApplication) -> list[tuple[str, str]]:
    from arsync.application.credit.credit_sources import source_label
    from arsync.core.ledger.money import shown

    application = explanation.application
    signed = application.signed
    version = f", version {signed.version}" if signed and signed.version else ""
    lines = [
        ("applied on", str(application.applied_on)),
        ("asks for", _asked(explanation)),
        ("customer", "yes" if application.contact_id else "not yet"),
        ("registration number", application.registration_number),
        ("VAT number", application.vat_number),
        ("country", application.country),
        ("trading since", str(application.trading_since or "")),
        ("agreed to references on", str(application.consented_on or "")),
        *(("person", ", ".join(filter(None, person))) for person in application.people),
        (
            "terms of trade",
            f"{signed.file_name}, signed on {signed.signed_on}{version}" if signed else "",
        ),
    ]
    for reference in application.references:
        credit_given, granted = reference.highest_credit, reference.limit_granted
        phrases = [
            f"{reference.name}: {reference.answer or 'not answered yet'}",
            f"asked on {reference.asked_on}" if reference.asked_on else "",
            f"the letter is {_said(reference.letter_state)}" if reference.letter_state else "",
            f"reminded on {reference.reminded_on}" if reference.reminded_on else "",
            f"answered on {reference.answered_on}" if reference.answered_on else "",
            f"has known it for {reference.known_for}" if reference.known_for else "",
            f"grants {shown(granted, application.currency)}" if granted else "",
            f"up to {shown(credit_given, application.currency)}" if credit_given else "",
            f"pays {reference.pays}" if reference.pays else "",
            reference.words,
        ]
        lines.append((f"{reference.kind} reference", ", ".join(filter(None, phrases))))
    lines += [
        (
            datum.kind.replace("_", " "),
            f"{datum.value} ({source_label(datum.source)}, {datum.as_of})",
        )
        for datum in application.data
    ]
    if otherwise := application.registered_otherwise():
        lines.append(
            ("another name", f"{source_label(otherwise.source)} calls it {otherwise.value}")
        )
    return [(label, text) for label, text in lines if text]


def _said(state: str) -> str:
    from arsync.core.actions import ActionState

    return ActionState(state).word


def _proposed_words(explanation: ExplainedApplication) -> str:
    from arsync.core.credit.acceptance import OUTCOME_WORDS
    from arsync.core.ledger.money import shown

    proposed = explanation.proposed
    currency = explanation.organisation.rulebook.currency
    if proposed.why_asked:
        return OUTCOME_WORDS[proposed.outcome]
    limit = shown(proposed.limit, currency) if proposed.limit is not None else ""
    by = f"for {proposed.by}" if proposed.by else ""
    return ", ".join(filter(None, (OUTCOME_WORDS[proposed.outcome], limit, proposed.terms, by)))


def _say_proposed(explanation: ExplainedApplication, *, echo: bool = False) -> None:
    """Print what the rulebook proposes, its line, and the facts that it rests on."""
    tell = click.echo if echo else say
    proposed = explanation.proposed
    tell(f"The rulebook proposes: {_proposed_words(explanation)}")
    rule = proposed.rule
    if rule is not None:
        facts = _evidence_words(explanation, proposed.evidence)
        because = f"{rule.place.file}:{rule.place.line}, {rule.name}"
        tell(wrapped(f"because {because}: {facts}" if facts else f"because {because}", indent=2))
    if proposed.why_asked:
        tell(wrapped(f"a person is asked: {proposed.why_asked}", indent=2))
    for undecided in proposed.undecided:
        if undecided.words != proposed.why_asked:
            tell(wrapped(undecided.words, indent=2))


def _say_rules(explanation: ExplainedApplication) -> None:
    """Print every rule of acceptance in its order: its place, its answer, and why."""
    for rule_read in explanation.rules:
        rule = rule_read.rule
        if not rule_read.is_read:
            answer = "not read: a rule above it decides"
        else:
            answers = {True: f"yes: {rule.decide}", False: "no", None: "unknown"}
            facts = _evidence_words(explanation, rule_read.evidence)
            answer = ", ".join(filter(None, (answers[rule_read.answer], facts)))
        place = f"{rule.place.file}:{rule.place.line}"
        click.echo(wrapped(f"{place}, {rule.name}: {answer}", indent=4))


def _evidence_words(explanation: ExplainedApplication, evidence_read: Iterable[Evidence]) -> str:
    """Return what was asked and found, and which source said so."""
    currency = explanation.organisation.rulebook.currency
    phrases = []
    for evidence in evidence_read:
        sources = explanation.sources_of(evidence.field)
        phrases.append(": ".join(filter(None, (evidence.in_words(currency), sources))))
    return "; ".join(phrases)


def _decision_words(decision: Any) -> str:
    from arsync.core.planning.credit_planner import agreed_in_words

    agreed = decision.agreed
    by = agreed.decided_by
    if decision.first_approved_by:
        by = f"{decision.first_approved_by} and {by}"
    place = f" ({agreed.file}:{agreed.line}, {agreed.rule})" if agreed.rule else ""
    words = f"decided on {agreed.decided_on} by {by}: {agreed_in_words(agreed)}{place}"
    if agreed.review_on:
        words += f", to be reviewed on {agreed.review_on}"
    if decision.reason:
        words += f"; {decision.reason}"
    if not decision.stands:
        words += f"; ended by {decision.ended_by}: {decision.ended_why}"
    return words
