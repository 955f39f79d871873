"""The JSON Schema for editors: what the reader accepts, it accepts; and every table stands in it.

Rulebooks are generated from the same tables of keys and facts that the reader reads with.
"""

from __future__ import annotations

import os
import re
from functools import cache
from typing import Any

import yaml
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from tests.builders.schemas import schema_class, validator

from arsync.core.rulebook import read_rulebook
from arsync.core.rulebook.conditions import COMPARISONS
from arsync.core.rulebook.facts import FIELDS, NUMBERS, FactKind, Field
from arsync.core.rulebook.json_schema import schema
from arsync.core.rulebook.reading.acceptance_section import (
    ACCEPTANCE,
    AcceptedLimitShape,
    RemindShape,
    ReviewShape,
)
from arsync.core.rulebook.reading.agreement_sections import DaysAfter, DaysBefore, GraceShape
from arsync.core.rulebook.reading.approval_shape import ApprovalShape, ReleaseShape, RolesShape
from arsync.core.rulebook.reading.condition_reader import ConditionShape
from arsync.core.rulebook.reading.earlier_names import EARLIER_NAMES
from arsync.core.rulebook.reading.goal_section import GoalShape
from arsync.core.rulebook.reading.letter_sections import (
    BeforePlacement,
    LetterText,
    LetterWay,
    StatementDayShape,
)
from arsync.core.rulebook.reading.message_shapes import (
    CopiesShape,
    SendersShape,
    TellShape,
    WayShape,
)
from arsync.core.rulebook.reading.provision_section import OutlookShape, YearlyRateShape
from arsync.core.rulebook.reading.sections import (
    CHARGE,
    PLACEMENT,
    STEP,
    TOP,
    AfterShape,
    Blocks,
    DaysShape,
    DiscountPercent,
    FeeShape,
    InterestShape,
    LimitShape,
    NamedConditions,
    SubBlock,
    TakeOverShape,
    Version,
    WaitShape,
)
from arsync.core.rulebook.reading.sending_shapes import ClosedShape
from arsync.core.rulebook.reading.value_types import (
    AmountShape,
    DayShape,
    Hours,
    Key,
    Percent,
    Span,
    TermsShape,
    Text,
    TextList,
    WholeNumber,
    Words,
    WordsList,
)

MORE = 10 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 1
GROUPS = ("Key account", "Small")


class Core(yaml.SafeLoader):
    """Reads YAML as editors do: by the core schema of YAML 1.2, where `no` is a text."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - not shared with the base


for tag, pattern, first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN)",
        list("-+.0123456789"),
    ),
):
    Core.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), first)


@cache
def schema_validator() -> Any:
    return validator(schema())


def _integer(loader: Any, node: yaml.ScalarNode) -> int:
    return int(node.value, 0) if node.value[:2] in {"0x", "0o"} else int(node.value)


Core.add_constructor("tag:yaml.org,2002:int", _integer)

AMOUNTS = st.sampled_from(
    ["0", "5", "10000", "10,000", "10,000.50", "0.10", "'10000'", '"5.00"', "999,999"]
)
PERCENTS = st.sampled_from(["0", "10", "12.5", "12.5%", "10 %", "'5'", "0.25"])
NUMBERS_AS_WRITTEN = st.sampled_from(["1", "5", "+3", "'7'", "30", "90"])
WRITTEN: dict[type, SearchStrategy[str]] = {
    AmountShape: AMOUNTS,
    Percent: PERCENTS,
    WholeNumber: NUMBERS_AS_WRITTEN,
    DayShape: st.sampled_from(["2027-01-31", "'2026-12-01'", "2026-07-01"]),
    Hours: st.sampled_from(["09:00-16:30", "9:00-17:00", "'08:30 - 17:00'", "00:00-23:59"]),
    TermsShape: st.sampled_from(
        [*["cash on delivery", "14 days", "Net 15"] * 3, "0 days", "[14 days]"]
    ),
    TextList: st.sampled_from(["legal", "[a, b]", "5", "[1, no]", "'x y'"]),
    StatementDayShape: st.sampled_from(["1st business day", "15", "monday every 2 weeks"]),
    LetterWay: st.sampled_from(["smtp", "post"]),
    BeforePlacement: st.sampled_from(["7 days before", "'1 day before'"]),
    LimitShape: AMOUNTS | st.sampled_from(["agreed_limit", "insured_limit", "no limit"]),
    AcceptedLimitShape: AMOUNTS | st.sampled_from(["limit_asked", "at most 500", "{at_most: 5}"]),
    ReviewShape: st.sampled_from(["every 12 months", "'every 1 month'"]),
    FeeShape: st.sampled_from(["40", "2%", "1,000.00", "12.5%", "'40'"]),
    DaysShape: st.sampled_from(["business days", "every day", "[monday, friday]"]),
    TakeOverShape: st.sampled_from(["first step", "by hand", "by age", "from step A"]),
    InterestShape: st.sampled_from(["1.5% a month", "8% a year", "'12 % a year'"]),
    DiscountPercent: st.sampled_from(["2%", "2", "2.5%"]),
    GoalShape: st.sampled_from(["40", "85.5", "'12'"]),
    GraceShape: st.sampled_from(["3 business days", "1 day", "none", "'5 days'"]),
    DaysBefore: st.sampled_from(["3 days before", "1 day before"]),
    RemindShape: st.sampled_from(["10 days", "'1 day'"]),
    DaysAfter: st.sampled_from(["1 day after", "'2 days after'"]),
    AfterShape: st.sampled_from(["30 days", "1 day"]),
    WaitShape: st.sampled_from(["7 days", "1 day", "none"]),
    Span: st.sampled_from(["26 hours", "7 days", "1 day", "'48 hours'"]),
    ApprovalShape: st.sampled_from(["required", "none", "{over: 5000, by: A}", "{by: A}"]),
    OutlookShape: st.sampled_from(["+10%", "-5%", "10"]),
    YearlyRateShape: st.sampled_from(["8%", "4.5"]),
    ReleaseShape: st.sampled_from(["automatic", "approval", "{by: A}"]),
    RolesShape: st.sampled_from(["{A: a@example.com, B: {by_contact_group: {C: d@example.com}}}"]),
    WayShape: st.just("smtp"),
    CopiesShape: st.sampled_from(
        ["jo@example.com", "A", "[A, {when: {on_hold: yes}, address: b@example.com}]"]
    ),
    TellShape: st.sampled_from(["owner", "jo@example.com", "[A, b@example.com]"]),
    SendersShape: st.sampled_from(
        ["A <a@example.com>", "[{unless: {on_hold: yes}, name: A, address: a@example.com}]"]
    ),
    ClosedShape: st.sampled_from(["2027-04-06", "[2026-12-24 to 2027-01-04, '2027-04-06']"]),
    Version: st.sampled_from(["1", "'1'"]),
}
TEXTS = ["first reminder", "A", "Ridgeway University", "NO", "9:30", "0123", "5", "true", "'x: y'"]
PATTERNED = ["GBP", "EUR", "GB-ENG", "DE", "en", "de-AT", "NO", "'US'"]
FACT_VALUES: dict[FactKind, SearchStrategy[str]] = {
    FactKind.AMOUNT: AMOUNTS,
    FactKind.PERCENT: PERCENTS,
    FactKind.DAYS: NUMBERS_AS_WRITTEN,
    FactKind.COUNT: NUMBERS_AS_WRITTEN,
}


def _question(draw: DrawFn, field: Field, fields: list[Field]) -> str:
    if field.kind is FactKind.GROUP:
        return draw(st.sampled_from([*GROUPS, f"[{', '.join(GROUPS)}]"]))
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from(["known", "unknown"]))
    if field.kind in NUMBERS:
        same = [
            alternative.name
            for alternative in fields
            if alternative.kind is field.kind and alternative.name != field.name
        ]
        value = FACT_VALUES[field.kind] | st.sampled_from(same or ["5"])
        words = draw(st.lists(st.sampled_from(sorted(COMPARISONS)), min_size=1, max_size=2))
        return (
            "{"
            + ", ".join(f"{word}: {_in_braces(draw(value))}" for word in dict.fromkeys(words))
            + "}"
        )
    if field.kind is FactKind.YES_NO:
        return draw(st.sampled_from(["yes", "no", "Yes", "NO", "true", "false", "'no'"]))
    values = list(field.choices) or {
        "country": ["GB", "no", "de"],
        "currency": ["GBP", "eur"],
    }.get(field.name, ["legal", "Key accounts", "5", "'x'"])
    chosen = draw(st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True))
    return chosen[0] if len(chosen) == 1 else f"[{', '.join(chosen)}]"


def _in_braces(value: str) -> str:
    """Return a value as it must stand inside braces, where a comma parts keys."""
    return f"'{value}'" if "," in value and not value.startswith(("'", '"', "[", "{")) else value


def condition(draw: DrawFn, shape: ConditionShape, depth: int = 0) -> str:
    """Return a condition in braces."""
    fields = list(shape.fields.values())
    lines = {
        field.name: _question(draw, field, fields)
        for field in draw(st.lists(st.sampled_from(fields), min_size=1, max_size=3))
    }
    if depth < 2 and draw(st.booleans()):
        inner = condition(draw, shape, depth + 1)
        kind = draw(st.integers(0, 2))
        lines |= {"not": inner} if kind == 0 else {"any": f"[{inner}]" if kind == 1 else inner}
    return "{" + ", ".join(f"{name}: {value}" for name, value in lines.items()) + "}"


_DECIDES = {"decide": Words(("accept", "ask"))}
_ASKS = {"approval": Words(("required",))}


def written(draw: DrawFn, key: Key, number: int) -> str:
    """Return a value for a key."""
    shape = key.shape
    if isinstance(shape, ConditionShape):
        return condition(draw, shape)
    if isinstance(shape, NamedConditions):
        return "{" + ", ".join(f"{name}: {condition(draw, shape.shape)}" for name in GROUPS) + "}"
    if isinstance(shape, Blocks):
        count = draw(st.integers(1, 2))
        return "[" + ", ".join(block(draw, shape.keys, number) for number in range(count)) + "]"
    if isinstance(shape, SubBlock):
        return block(draw, shape.keys, 0)
    if isinstance(shape, Words):
        return draw(st.sampled_from(shape.choices))
    if isinstance(shape, WordsList):
        every = f"[{', '.join(shape.choices)}]"
        return draw(st.sampled_from([shape.choices[0], every, f"['{shape.choices[-1]}']"]))
    if isinstance(shape, LetterText):
        return ("thank you", "satisfaction check")[number]
    if isinstance(shape, Text):
        if shape.pattern:
            fits = [
                pattern for pattern in PATTERNED if re.fullmatch(shape.pattern, pattern.strip("'"))
            ]
            return draw(st.sampled_from(fits))
        unique = f"N{number}"
        return unique if key.name in {"name", "contact"} else draw(st.sampled_from(TEXTS))
    if key.name == "day":
        return str(number * 7)
    return draw(WRITTEN[type(shape)])


def block(draw: DrawFn, keys: tuple[Key, ...], number: int) -> str:
    """Return a block in braces: what is required, and some of the rest."""
    lines: dict[str, str] = {}
    one_of = {"email", "task", "call", "letter", "late_fee"}
    of_messages = {"via", "attach", "cc", "copy_to"}
    if keys is STEP:
        kind = draw(st.sampled_from(sorted(one_of)))
        keys = tuple(key for key in keys if key.name not in one_of - {kind})
        for word, owners in (("assign_to", "task call"), ("then", "task call"), ("script", "call")):
            keys = tuple(key for key in keys if key.name != word or kind in owners.split())
        keys = tuple(
            key
            for key in keys
            if key.name != "sms" and (key.name not in of_messages or kind in {"email", "letter"})
        )
        lines[kind] = ""
        # Most have a day: one that counts from the step before it has to follow one.
        if draw(st.integers(0, 3)):
            lines["day"] = ""
            keys = tuple(key for key in keys if key.name not in {"after", "every", "at_most"})
    if any(key.name == "limits" for key in keys):
        # One or the other says the agreed limit.
        out = draw(st.sampled_from(["limits", "credit_limit"]))
        keys = tuple(key for key in keys if key.name != out)
    if keys is ACCEPTANCE:
        # What nothing is given to has neither limit nor terms.
        lines["decide"], lines["limit"] = "", ""
        keys = tuple(key._replace(shape=_DECIDES.get(key.name, key.shape)) for key in keys)
    if keys is PLACEMENT:
        # Nothing is placed without a person.
        keys = tuple(key._replace(shape=_ASKS.get(key.name, key.shape)) for key in keys)
    if keys is CHARGE:
        # The law's sums need a table, which is not generated.
        keys = tuple(key for key in keys if key.name != "compensation")
        lines["interest"] = ""
    for key in keys:
        # A trial stands beside another cadence of its file, and has no condition of its own.
        if key.name in {"remove", "extends", "statutory", "trial"}:
            continue
        # A key stands by one of its names.
        if any(EARLIER_NAMES.get(name) == key.name for name in lines):
            continue
        if key.required or key.name in lines or draw(st.booleans()):
            lines[key.name] = _in_braces(written(draw, key, number))
    return "{" + ", ".join(f"{name}: {value}" for name, value in lines.items()) + "}"


@st.composite
def rulebooks(draw: DrawFn) -> str:
    """Return the text of a rulebook, most often a sound one."""
    lines = ["version: 1", "currency: GBP"]
    for key in TOP:
        if key.name in {"version", "currency", "extends", "statutory", "late_payment"}:
            continue
        if key.name == "groups" or draw(st.booleans()):
            drawn = (*WRITTEN, LetterText, Words, WordsList, Text, Blocks, SubBlock)
            is_known = isinstance(key.shape, (*drawn, NamedConditions))
            if is_known:
                lines.append(f"{key.name}: {written(draw, key, 0)}")
    return "\n".join(lines)


@settings(
    max_examples=80 * MORE,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(rulebooks())
def test_what_the_reader_accepts_the_schema_accepts(text: str) -> None:
    rulebook, _ = read_rulebook([("r.yaml", text)])
    event("accepted" if rulebook else "refused")
    if rulebook is not None:
        problems = [
            f"{list(error.absolute_path)}: {error.message[:200]}"
            for error in schema_validator().iter_errors(yaml.load(text, Core))
        ]
        assert problems == [], text


def test_most_generated_rulebooks_are_sound() -> None:
    read = []

    @settings(
        # So many that a run of alike examples, of which few are sound, does not decide.
        max_examples=200,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(rulebooks())
    def count(text: str) -> None:
        read.append(read_rulebook([("r.yaml", text)])[0] is not None)

    count()
    assert sum(read) > len(read) / 3, "the generator has to make rulebooks that are accepted"


def test_the_schema_is_valid_and_describes_every_key() -> None:
    schema_class().check_schema(schema())
    described = schema()
    assert set(described["properties"]) == {key.name for key in TOP}
    assert all(key["description"] for key in described["properties"].values())
    facts = {
        name
        for definition in described["$defs"].values()
        for name, key in definition.get("properties", {}).items()
        if "(from " in key.get("description", "")
    }
    assert facts == {field.name for field in FIELDS}
