"""Every text of the desk is looked up in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from babel import Locale
from jinja2 import nodes
from tests.builders.desk import CUSTOMERS, RULES, DeskDriver, a_desk, add_person, post
from tests.builders.every_route import address_of, opened, visitors
from tests.builders.programs import Program, said
from tests.builders.pseudo_locale import accented, texts_of, write_catalogue

from arsync.application.agreements.placements import end_placement, place, record_cost
from arsync.application.permissions import Actor, Role
from arsync.core.actions import ActionKind, ActionState
from arsync.core.ledger.agreements.dispute_reasons import DISPUTE_REASONS
from arsync.core.ledger.agreements.payment_plans import Every
from arsync.core.ledger.records import LogKind
from arsync.mail import SHIPPED_NAMES
from arsync.store.people.audit_log import AuditFilter
from arsync.store.policy.tries import TryKind, TryState
from arsync.translation import ENGLISH, in_readers_words, speak
from arsync.web.desk.catalogues import CATALOGUES, catalogue_of
from arsync.web.desk.pages import ALL
from arsync.web.desk.pages.me import LOCALES
from arsync.web.desk.rendering import environment
from arsync.web.desk.terms import TERMS, term

OWNER = Actor("Olga", Role.OWNER)

LETTERS = re.compile(r"[A-Za-z]{2,}")

SENTENCE = re.compile(r"[A-Za-z]{2,}[ ,:]+[A-Za-z]{2,}")
"""Two plain words after each other: no accent was put on them."""

NAMES = frozenset({"arsync", "arsync – 0", "CSV", "JSON", "CEI", "DBT"})
"""What is called so in every language."""

DATA = (
    *(name for name, _ in CUSTOMERS),
    *(line.strip() for line in RULES.splitlines()),
    *re.findall(r"name: (.+)", RULES),
    *(name for _, name in LOCALES),
    *SHIPPED_NAMES,
    "cash on delivery",
    "Hannah Reid",
    "Tom Okafor",
    "Priya Nair",
    "Rita Lund",
    "Bo Dahl",
    "Ann Berg",
    "Sam Spare",
    "Example Ltd",
    "QuickBooks Online",
    "de en es fr it nl",
)
"""What the books, the rulebook and the people of the tests say."""

ELSEWHERE = (
    r"[Tt]he connection asks for approval of everything",
    r"^(Credit hold placed|Payment terms changed|Invoice email|Hold placed|Change of terms)",
    r"^(hold placed|change of terms), ",
    r"first reminder due since",
    r"in the accounting system's own words",
    r"^(By the rulebook|Links to the online|'first reminder' is|Books (emails|sends)|Reminder: 3)",
    r"the platform's own figure is not known yet",
    r"workers need the store in PostgreSQL",
    r"client_id is empty in |^create an app at ",
    r"^: credit (hold|limit), \d+ \w+$",
    r"^13 decisions (wait for approval|to approve)$",
    r"^only a connection that is gone$|^\w+ everything$",
    r"^INV-\d (issued, |: )|\d days overdue, ",
    r"^(Over the limit|Standard cadence|Everyone)?: yes, ",
    r"^That took too long, or it was used already",
    r"rules on |plan: rules/",
    r"^there is no application |^`arsync credit list` ",
    r"^Only 0 invoices were paid in three years|^no group$|Owed net of unapplied cash\.",
    r"^[a-z_]+ (GBP |unknown|none|no$)",
    r"^(Credit hold|Credit limit, root):$",
    r"łíñé \d+: nobody reads ",
    r"^by email from |^\d+ (yes|no)",
)
"""Sentences of use cases that the command line says as well: reasons, notes, log lines. The desk
shows them as they are kept, in English."""

LETTER_PAGES = ("/letter", "/email", "/pdf")
"""They are the customer's, in the customer's language."""


def written(node: nodes.Node) -> Iterator[str]:
    """Yield a template's own text in order; where something is filled in, a 0."""
    if isinstance(node, nodes.Output):
        for part in node.nodes:
            yield part.data if isinstance(part, nodes.TemplateData) else "0"
    else:
        for child in node.iter_child_nodes():
            yield from written(child)


@pytest.mark.parametrize("name", environment().list_templates())
def test_a_template_has_no_bare_text(name: str) -> None:
    loader = environment().loader
    assert loader is not None
    source, _, _ = loader.get_source(environment(), name)
    page = "".join(written(environment().parse(source)))
    assert [text for text in texts_of(page) if LETTERS.search(text) and text not in NAMES] == []


@pytest.fixture(scope="module")
def accented_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskDriver]:
    """Yield a desk that speaks the language that nobody speaks."""
    catalogues = tmp_path_factory.mktemp("catalogues")
    write_catalogue(catalogues)
    with a_desk(tmp_path_factory.mktemp("accented")) as desk:
        desk.app.extensions[CATALOGUES] = catalogues
        yield desk


def without_data(text: str) -> str:
    """Return a text without what the books, the rules and the people of the tests say."""
    for phrase in sorted(DATA, key=len, reverse=True):
        text = re.sub(re.escape(phrase), "", text, flags=re.IGNORECASE)
    return text


def test_no_page_has_an_untranslated_sentence(accented_desk: DeskDriver) -> None:
    people = visitors(accented_desk)
    owner = people.of_the_ledger[0].browser
    left: dict[str, str] = {}
    translated = set()
    for route in (route for routes in ALL for route in routes.all if route.method == "GET"):
        if route.rule.endswith(LETTER_PAGES):
            continue
        page = opened(owner, route, address_of(route, accented_desk, people.spare))
        assert page.status_code < 500, route.rule
        for text in texts_of(page.text) if page.mimetype == "text/html" else ():
            if not SENTENCE.search(without_data(text)):
                translated.add(text)
            elif not any(re.search(pattern, text) for pattern in ELSEWHERE):
                left[text] = route.rule
    assert list(left) == []
    assert sum(not text.isascii() for text in translated) > 600


def test_a_refused_form_answers_in_the_readers_language(accented_desk: DeskDriver) -> None:
    user = accented_desk.container.store.users.add("kim@example.com", "Kim", [])
    page = accented_desk.signed_in(user).post(
        "/me", data={"name": ""}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert accented("There is a problem") in page.text


def test_programs_are_answered_in_english(accented_desk: DeskDriver) -> None:
    user = accented_desk.container.store.users.add("lou@example.com", "Lou", [])
    assert accented("Skip to the content") in accented_desk.signed_in(user).get("/me").text
    answer = Program(accented_desk.app, accented_desk.container, user).get("/nothing")
    assert said(answer)["detail"].isascii()


def test_terms_of_other_layers_are_for_translators() -> None:
    kinds = (Role, ActionState, ActionKind, LogKind, Every, TryState, TryKind)
    words = [str(word) for kind in kinds for word in kind]
    words += [reason.en for reason in DISPUTE_REASONS]
    assert {term(word) for word in words} - set(TERMS) == set()


def test_what_a_form_did_is_translated(accented_desk: DeskDriver) -> None:
    user = add_person(accented_desk.container, "Ada Frost", Role.OWNER)
    client = accented_desk.signed_in(user)
    base = "/c/books/customers/c1"
    day = (accented_desk.container.clock.now() + timedelta(5)).date().isoformat()
    for form, fields, words in (
        ("promise", {"covers": "all", "day": day}, "Promise to pay recorded: "),
        ("task", {"text": "Ask for a reference"}, "Task opened: "),
        ("leave-alone", {"until": day, "reason": "moving house"}, " is left alone until "),
        ("statement", {}, " leaves with the next run."),
        ("hold", {"reason": "cheque bounced", "until": day}, " is to be held "),
        ("release", {"reason": "paid"}, " is not on hold, and stays so "),
        ("call", {"kind": "call", "text": "They were out"}, "Logged as number "),
    ):
        answer = post(client, f"{base}/{form}", **fields)
        assert answer.status_code == 303, (form, answer.text)
        page = client.get(answer.headers["Location"]).text
        assert accented(words) in page, form
        assert words.strip() not in page, form
    said_in_log = accented_desk.container.store.audit.page(AuditFilter(), 1)[0].words
    assert said_in_log.startswith("Logged as number ")


def test_what_a_credit_decision_came_to_is_translated(accented_desk: DeskDriver) -> None:
    user = add_person(accented_desk.container, "Ida Frost", Role.OWNER)
    client = accented_desk.signed_in(user)
    applied = {"name": "Nova Ltd", "limit": "3,000", "terms": "30 days"}
    path = post(client, "/c/books/credit/new", **applied).headers["Location"]
    for form, fields, words in (
        ("decide", {"outcome": "accept", "limit": "900"}, ": accepted, limit "),
        ("take-back", {"back_reason": "a slip"}, " is taken back."),
    ):
        answer = post(client, f"{path}/{form}", **fields)
        assert answer.status_code == 303, (form, answer.text)
        page = client.get(answer.headers["Location"]).text
        assert accented(words) in page, form


def test_what_placements_came_to_is_said_in_another_language(accented_desk: DeskDriver) -> None:
    container = accented_desk.container
    said = [place(OWNER, container, "Verity Printing", agency="Example Collections").message]
    said.append(record_cost(OWNER, container, "Verity Printing", Decimal(45)).message)
    said.append(end_placement(OWNER, container, "Verity Printing").message)
    speak(catalogue_of(Locale.parse("en"), accented_desk.app.extensions[CATALOGUES]))
    read = [in_readers_words(message) for message in said]
    speak(ENGLISH)
    for message, shown, words in zip(
        said, read, (" is placed with ", ": the placement with ", "recalled from "), strict=True
    ):
        assert words in str(message)
        assert accented(words) in shown
