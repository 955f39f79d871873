"""Documents with anything wrong in them: a record, a problem that names it, or a clear error.

Real answers (of the sandbox, and of the recorded cassettes) are mutated and pulled again by the
real connectors. Never a crash; never a wrong amount: whatever was not mutated stays what it was.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml
from tests.builders.ledgers import contact_row, invoice_row

from arsync.config import Config
from arsync.connector_sdk import HttpResponse, Page
from arsync.connector_sdk import platform as installed_platform
from arsync.core.ledger.records import Credit, DocumentProblem, Invoice, Payment
from arsync.errors import ArsyncError, RetryLater

from . import profile
from .accidents import Tally
from .conftest import Count, MakeWorld
from .world import WatchedWorld

pytestmark = pytest.mark.timeout(600 if not profile.LONG else 36_000)

CASES_IN_CI = 300
SHARE = 0.1
CASSETTES = Path(__file__).parents[1] / "contract" / "cassettes"

Answers = dict[tuple[str, tuple[tuple[str, str], ...]], HttpResponse]

MONEY = frozenset(
    {
        "AmountDue",
        "AmountPaid",
        "AmountCredited",
        "Total",
        "Amount",
        "BankAmount",
        "CurrencyRate",
        "CurrencyCode",
        "RemainingCredit",
        "Balance",
        "TotalAmt",
        "ExchangeRate",
        "CurrencyRef",
        "UnappliedAmt",
        "HomeBalance",
        "BaseCurrency",
        "Status",
        "Type",
        "PrivateNote",
        "Allocations",
        "Payments",
        "Line",
        "LinkedTxn",
        "CreditNotes",
        "Prepayments",
        "Overpayments",
        "value",
        "CurrencyPrefs",
        "HomeCurrency",
        "MultiCurrencyEnabled",
        "PaymentType",
        "AppliedAmount",
        "TxnType",
        "TxnId",
        "Invoice",
        "InvoiceID",
    }
)
"""Keys that a record's amounts, currency or rate are made of."""

ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    10**40,
    -(10**40),
    "",
    " ",
    "x" * 5_000,
    "NaN",
    "Infinity",
    "1e400",
    "0.1",
    "1,000.00",
    "2026-02-30",
    "2026-13-01",
    "0000-00-00",
    "9999-12-31",
    "/Date(0)/",
    "/Date(99999999999999999)/",
    "/Date(-62135596800001+0000)/",
    "/Date(NaN)/",
    "\u0000",
    "\U0001f600 Ünïcödé",
    [],
    {},
    [[]],
    [None],
    {"": None},
    {"value": None},
    {"value": 1},
    "<b>bold</b>",
    "00000000-0000-0000-0000-000000000000",
)
RAW_VALUES = (
    "1e400",
    "-0",
    "0.1e-400",
    "1E+40",
    "123456789012345678901234567890.12",
    "0.00001",
    "NaN",
    "Infinity",
    "-Infinity",
    "1.",
    ".5",
    "0x10",
    "+1",
    "tru",
    "'text'",
    '"\\ud800"',
    '"\\x"',
)
PLACE = '"\u2261place\u2261"'


class Corpus(NamedTuple):
    """The answers of one whole pull, and what the unmutated ones become."""

    platform: str
    config: Config
    organisation: str
    answers: Answers

    def pages(self, changed: Mapping[Any, bytes] = {}) -> list[Page]:
        """Pull everything from these answers, some of them changed."""
        transport = Played(
            {
                **self.answers,
                **{key: self.answers[key]._replace(body=body) for key, body in changed.items()},
            }
        )
        platform = installed_platform(self.platform)
        connector = platform.open(transport, self.organisation, self.config.section(self.platform))
        return list(connector.pull(None))


class Played:
    """A transport that plays recorded answers."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        changes: bool = False,
    ) -> HttpResponse:
        assert method == "GET" or not changes, "a pull changes nothing"
        key = urlsplit(url).path, tuple(sorted((params or {}).items()))
        http_response = self.answers.get(key)
        if http_response is None:
            # A mutation has led the connector to ask for something else: there is nothing.
            return HttpResponse(404, {}, b"{}")
        return http_response


def odd_ledger(world: WatchedWorld) -> None:
    """A ledger with every kind of document, several currencies and states."""
    name = world.name
    world.load(
        name,
        contacts=[contact_row(f"c{number}", f"Customer {number}") for number in range(4)],
        invoices=[
            invoice_row(number, f"c{number % 4}", overdue=number, total=f"{number}23.45")
            for number in range(1, 12)
        ],
    )
    day = world.clock.now().date().isoformat()
    ids = [world.invoice_id(name, f"INV-{number:04}") for number in range(1, 8)]
    world.control.person(name, "pay", invoice_id=ids[0], amount="123.45", on=day)
    world.control.person(name, "pay", invoice_id=ids[1], amount="0.01", on=day)
    world.control.person(name, "void", invoice_id=ids[2])
    contact = world.contact_id(name, "Customer 1")
    world.control.person(name, "credit", contact_id=contact, amount="7.77", invoice_id=ids[4])
    world.control.person(name, "prepay", contact_id=contact, amount="55.50")
    world.rules("version: 1\nname: None\ncurrency: GBP\n")
    world.connect(name, mode="observe")


@pytest.fixture
def corpus(request: pytest.FixtureRequest, make_world: MakeWorld) -> Corpus:
    name: str = request.param
    answers: Answers = {}

    def hear(url: str, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        address = urlsplit(url)
        key = address.path, tuple(sorted(parse_qsl(address.query, keep_blank_values=True)))
        lowered = {name.lower(): value for name, value in headers}
        answers[key] = HttpResponse(status, lowered, body)

    with make_world(name) as world:
        odd_ledger(world)
        world.wire.hearer = hear
        (result,) = world.app.pull(name)
        assert not result.all_problems
        corpus = Corpus(name, world.config, world.mine().organisation.id, answers)
    for response in cassette_documents(name):
        add_documents(corpus, response)
    return corpus


def cassette_documents(name: str) -> Iterator[dict[str, Any]]:
    """Yield the JSON answers of a recorded cassette."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    tree = yaml.load((CASSETTES / f"{name}.yaml").read_text(), Loader=loader)
    for interaction in tree["interactions"]:
        body = interaction["response"]["body"]["string"]
        try:
            answer = json.loads(body, parse_float=Decimal)
        except ValueError:
            continue
        if interaction["request"]["method"] == "GET" and isinstance(answer, dict):
            yield answer


def add_documents(corpus: Corpus, answer: dict[str, Any]) -> None:
    """Put a cassette's documents beside those of the same list, unless they are there already."""
    documents = {
        name: rows
        for name, rows in (answer.get("QueryResponse") or answer).items()
        if isinstance(rows, list) and rows and isinstance(rows[0], dict)
    }
    for key, response in corpus.answers.items():
        tree = json.loads(response.body, parse_float=Decimal)
        lists = tree.get("QueryResponse", tree) if isinstance(tree, dict) else {}
        for name, rows in documents.items():
            mine = lists.get(name)
            if isinstance(mine, list) and mine and _id(mine[0]):
                ids = {_id(document) for document in mine}
                mine += [row for row in rows if _id(row) and _id(row) not in ids]
                corpus.answers[key] = response._replace(body=written(tree))


def _id(document: dict[str, Any]) -> str:
    names = (
        "InvoiceID",
        "CreditNoteID",
        "PrepaymentID",
        "OverpaymentID",
        "PaymentID",
        "ContactID",
        "Id",
    )
    return next((str(document[name]) for name in names if name in document), "")


def written(tree: Any) -> bytes:
    """Return JSON whose amounts are digit for digit what they were."""
    amounts: list[str] = []

    def keep(value: Any) -> Any:
        amounts.append(str(value))
        return f"\u2261{len(amounts) - 1}\u2261"

    text = json.dumps(tree, default=keep, ensure_ascii=False)
    for number, amount in enumerate(amounts):
        text = text.replace(f'"\u2261{number}\u2261"', amount)
    return text.encode()


# -- mutations --------------------------------------------------------------------------------


def places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of everything in a tree but its root."""
    if isinstance(tree, dict):
        pairs = list(tree.items())
    else:
        pairs = list(enumerate(tree)) if isinstance(tree, list) else []
    for key, value in pairs:
        yield (*path, key)
        yield from places(value, (*path, key))


def mutated(body: bytes, chance: random.Random) -> tuple[str, bytes, tuple[Any, ...]]:
    """Return what was done to a body, the result, and where: an empty path for all of it."""
    if chance.random() < 0.15:
        what, change = chance.choice(WHOLE)
        return what, change(body, chance), ()
    tree = json.loads(body, parse_float=Decimal)
    path = chance.choice(list(places(tree)))
    parent = tree
    for key in path[:-1]:
        parent = parent[key]
    key = path[-1]
    what = chance.choice(("drop", "rename", "retype", "retype", "raw", "raw", "double", "nest"))
    if what == "drop":
        del parent[key]
    elif what == "rename" and isinstance(parent, dict):
        parent[f"{key}x"] = parent.pop(key)
    elif what == "raw":
        raw = chance.choice(RAW_VALUES)
        parent[key] = json.loads(PLACE)
        return f"raw {raw}", written(tree).replace(PLACE.encode(), raw.encode()), path
    elif what == "double" and isinstance(parent, dict):
        value = json.dumps(chance.choice(ODD_VALUES))
        parent[key] = json.loads(PLACE)
        text = written(tree).replace(
            PLACE.encode(), f"{value}, {json.dumps(key)}: {value}".encode()
        )
        return f"key twice, {value}", text, path
    elif what == "nest":
        depth = chance.choice((3, 60, 20_000))
        parent[key] = json.loads(PLACE)
        deep = "[" * depth + "]" * depth
        return f"nest {depth}", written(tree).replace(PLACE.encode(), deep.encode()), path
    else:
        what, parent[key] = "retype", chance.choice(ODD_VALUES)
        return f"retype to {str(parent[key])[:40]!r}", written(tree), path
    return what, written(tree), path


def _cut(body: bytes, chance: random.Random) -> bytes:
    return body[: chance.randrange(len(body))]


def _bad_utf8(body: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(body))
    return body[:at] + chance.choice((b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\x00")) + body[at:]


def _bit(body: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(body))
    return body[:at] + bytes((body[at] ^ 1 << chance.randrange(8),)) + body[at + 1 :]


WHOLE: tuple[tuple[str, Callable[[bytes, random.Random], bytes]], ...] = (
    ("cut off", _cut),
    ("no valid UTF-8", _bad_utf8),
    ("a page of HTML", lambda *_: b"<!DOCTYPE html><html><body>Sign in</body></html>"),
    ("nothing", lambda *_: b""),
    ("an array", lambda body, _: b"[" + body + b"]"),
    ("a text", lambda *_: b'"Service unavailable"'),
    ("null", lambda *_: b"null"),
    ("a byte order mark", lambda body, _: b"\xef\xbb\xbf" + body),
    ("nothing but brackets", lambda *_: b"[" * 100_000),
    ("nothing but objects", lambda *_: b'{"a":' * 100_000),
)


# -- what must hold ---------------------------------------------------------------------------


def amounts(record: Any) -> tuple[Any, ...]:
    """Return everything in a record that is money, or decides what money means."""
    if isinstance(record, Invoice):
        return record.total, record.amount_due, record.currency, record.rate, record.status
    if isinstance(record, Credit):
        return record.total, record.unallocated, record.currency, record.rate, record.allocations
    if isinstance(record, Payment):
        return record.amount, record.currency, record.rate, record.allocations, record.status
    return ()


def records_of(pages: list[Page]) -> dict[tuple[str, str], Any]:
    return {(type(record).__name__, record.id): record for page in pages for record in page.records}


def judge(corpus: Corpus, known: Mapping[Any, Any], body: bytes, path: Any, key: Any) -> None:
    """Pull with one answer mutated; raises when what comes out is wrong."""
    try:
        pages = corpus.pages({key: body})
    except ArsyncError:
        return
    for page in pages:
        for problem in page.problems:
            assert isinstance(problem, DocumentProblem)
            assert problem.message, "a problem says what is odd"
            assert problem.kind, "a problem says of what kind the document is"
    touched = not path or any(step in MONEY for step in path) or _above_money(corpus, path, key)
    for name, record in records_of(pages).items():
        for value in record:
            assert not isinstance(value, float), f"{name}: a float"
            if isinstance(value, Decimal):
                assert value.is_finite(), f"{name}: {value}"
        if not touched and name in known:
            assert amounts(record) == amounts(known[name]), f"{name}: another amount"


def _above_money(corpus: Corpus, path: tuple[Any, ...], key: Any) -> bool:
    """Say whether there is money below the mutated place, or it names the document itself."""
    node = json.loads(corpus.answers[key].body)
    for step in path:
        node = node[step]
    return any(place[-1] in MONEY for place in places(node)) or path[-1] in {
        "Id",
        "InvoiceID",
        "PaymentID",
        "CreditNoteID",
        "PrepaymentID",
        "OverpaymentID",
    }


@pytest.mark.parametrize("corpus", ["xero", "quickbooks"], indirect=True)
def test_no_mutated_answer_causes_wrong_amounts_or_a_crash(corpus: Corpus, count: Count) -> None:
    records = records_of(corpus.pages())
    kinds = {name for name, _ in records}
    assert {"Invoice", "Contact", "Payment", "Credit"} <= kinds, kinds
    with_rows = [
        key for key, http_response in corpus.answers.items() if len(http_response.body) > 2
    ]
    tally = Tally()
    ends_at = profile.ends_at(SHARE)
    while tally.schedules < CASES_IN_CI or (profile.LONG and time.monotonic() < ends_at):
        chance = random.Random(f"{profile.SEED}/{tally.schedules}")
        key = chance.choice(with_rows)
        what, body, path = mutated(corpus.answers[key].body, chance)
        try:
            judge(corpus, records, body, path, key)
        except Exception as error:  # noqa: BLE001 - each failure is told with its mutation
            where = "/".join(map(str, path))
            words = f"case {tally.schedules}: {what} at {where} of {key[0]}"
            tally.failures.append(f"{words}: {type(error).__name__}: {str(error)[:300]}")
        tally.schedules += 1
    count(f"mutated answers, {corpus.platform}", tally)


@pytest.mark.parametrize("corpus", ["xero", "quickbooks"], indirect=True)
def test_an_odd_document_costs_no_other(corpus: Corpus, count: Count) -> None:
    """Each invoice's amount in turn becomes a word: all other records stay, and it is named."""
    records = records_of(corpus.pages())
    key, place = next(
        (key, path)
        for key, answer in corpus.answers.items()
        for path in places(json.loads(answer.body))
        if path[-1] in {"Invoices", "Invoice"} and len(path) <= 2
    )
    tree = json.loads(corpus.answers[key].body, parse_float=Decimal)
    rows = tree
    for step in place:
        rows = rows[step]
    tally = Tally()
    for row in rows:
        name = next(field for field in ("AmountDue", "Balance") if field in row)
        old, row[name] = row[name], "much"
        pages = corpus.pages({key: written(tree)})
        row[name] = old
        others = records_of(pages)
        lost = {("Invoice", _id(row))}
        assert {**records, **others} == records, "the others are as they were"
        assert set(records) - set(others) <= lost
        problems = [problem for page in pages for problem in page.problems]
        assert [problem.id for problem in problems] == [_id(row)]
        tally.schedules += 1
    count(f"odd documents among others, {corpus.platform}", tally)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b'"text"', b"[]", b"\xff"])
@pytest.mark.parametrize("corpus", ["xero", "quickbooks"], indirect=True)
def test_an_answer_of_another_shape_is_retried_later(corpus: Corpus, body: bytes) -> None:
    with pytest.raises(RetryLater, match=r"Xero|QuickBooks"):
        corpus.pages(dict.fromkeys(corpus.answers, body))


@pytest.mark.parametrize("inside", [b'""', b"[]", b"[[]]", b"7"])
@pytest.mark.parametrize("corpus", ["quickbooks"], indirect=True)
def test_a_list_of_another_shape_is_retried_later(corpus: Corpus, inside: bytes) -> None:
    queries = [key for key in corpus.answers if key[0].endswith("/query")]
    body = b'{"QueryResponse": ' + inside + b', "time": "2026-11-18T10:00:00Z"}'
    with pytest.raises(RetryLater, match="QuickBooks' answer cannot be read"):
        corpus.pages(dict.fromkeys(queries, body))
