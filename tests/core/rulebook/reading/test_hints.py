"""Hints: what people call things leads to the right words, and every example can be written."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import yaml
from tests.builders.rulebooks import a_rulebook

from arsync.core.rulebook import read_rulebook
from arsync.core.rulebook.reading import sections
from arsync.core.rulebook.reading.acceptance_section import ACCEPTANCE
from arsync.core.rulebook.reading.agreement_sections import PAYMENT_PLANS
from arsync.core.rulebook.reading.approval_shape import APPROVAL_BLOCK
from arsync.core.rulebook.reading.condition_reader import ConditionShape
from arsync.core.rulebook.reading.goal_section import GOAL_KEYS
from arsync.core.rulebook.reading.hints import EXAMPLES, GUESSES, Spot, from_formula, from_sign
from arsync.core.rulebook.reading.provision_section import PROVISION_KEYS
from arsync.core.rulebook.reading.sections import Blocks, SubBlock
from arsync.core.rulebook.reading.value_types import Key, Removal, Source
from arsync.core.rulebook.reading.yaml_nodes import Problems, composed

HEAD = "version: 1\ncurrency: GBP\ngroups: {Key account: {tag: key}, VIP: {tag: vip}}\n"
TEXTS = ("upcoming", "first reminder", "second reminder", "final notice")
STEPS = "steps: [{day: 7, email: first reminder}]"


def at(spot: str, line: str) -> str:
    """Return a whole rulebook with a line in some place."""
    key = line.partition(":")[0]
    when = "" if key == "when" else ", when: {on_hold: no}"
    match spot:
        case Spot.RULEBOOK:
            return (HEAD if key != "groups" else "version: 1\ncurrency: GBP\n") + line
        case Spot.CONDITION:
            return f"{HEAD}leave_alone: [{{name: A, when: {{{line}}}}}]"
        case Spot.INVOICE_CONDITION:
            return f"{HEAD}reminders: [{{name: A, skip_invoices_when: {{{line}}}, {STEPS}}}]"
        case Spot.APPLICATION_CONDITION:
            return f"{HEAD}acceptance: [{{name: A, when: {{{line}}}, decide: ask}}]"
        case Spot.ACCEPTANCE:
            needed = {"decide": "decide: accept", "limit": "limit: 5"}
            others = "".join(f", {text}" for name, text in needed.items() if name != key)
            if key == "decide" and not line.endswith("accept"):
                others = ""
            return f"{HEAD}acceptance: [{{name: A, {line}{others}}}]"
        case Spot.COMPARISON:
            return f"{HEAD}leave_alone: [{{name: A, when: {{balance: {{{line}}}}}}}]"
        case Spot.LEAVE_ALONE:
            return f"{HEAD}leave_alone: [{{name: A, {line}{when}}}]"
        case Spot.CREDIT_LIMIT:
            limit = "" if key == "limit" else ", limit: 5"
            return f"{HEAD}credit_limits: [{{name: A, {line}{limit}}}]"
        case Spot.CREDIT_HOLD:
            return f"{HEAD}credit_holds: [{{name: A, {line}{when}}}]"
        case Spot.FOLLOW_UP:
            task = "" if key == "task" else ", task: Call"
            return f"{HEAD}follow_ups: [{{name: A, {line}{when}{task}}}]"
        case Spot.CHARGE:
            charged = "" if key in {"interest", "compensation"} else ", interest: 8% a year"
            table = (
                "statutory: {law: A, currency: GBP, points_above_reference: 8, "
                "rate_counts: each half-year}\n"
            )
            return f"{HEAD}{table}charges: [{{name: A, {line}{charged}}}]"
        case Spot.DISCOUNT:
            needed = {"percent": "percent: 2%", "within": "within: 10 days"}
            others = "".join(f", {text}" for name, text in needed.items() if name != key)
            return f"{HEAD}discounts: [{{name: A, {line}{others}}}]"
        case Spot.PLACEMENT:
            agency = "" if key == "to" else ", to: Example Collections"
            return f"{HEAD}placements: [{{name: A, {line}{when}{agency}}}]"
        case Spot.WRITE_OFF:
            return f"{HEAD}write_offs: [{{name: A, {line}{when}}}]"
        case Spot.TERMS:
            terms = "" if key == "terms" else ", terms: 30 days"
            return f"{HEAD}terms: [{{name: A, {line}{terms}}}]"
        case Spot.ALERT:
            told = "" if key == "tell" else ", tell: owner"
            return f"{HEAD}alerts: [{{name: A, {line}{when}{told}}}]"
        case Spot.SUPPLIER_ALERT:
            told = "" if key == "tell" else ", tell: owner"
            of = ", when: {open_bills: {at_least: 2}}" if when else ""
            return f"{HEAD}supplier_alerts: [{{name: A, {line}{of}{told}}}]"
        case Spot.CADENCE:
            return f"{HEAD}reminders: [{{name: A, {line}{'' if key == 'steps' else ', ' + STEPS}}}]"
        case Spot.STEP:
            day = "" if key in {"day", "after"} else "day: 3, "
            kind = ", task: Call" if key in {"assign_to", "then"} else ", email: first reminder"
            does = "" if key in {"email", "task", "call", "letter", "late_fee", "sms"} else kind
            first = "{day: 1, email: upcoming}, "
            return f"{HEAD}reminders: [{{name: A, steps: [{first}{{{day}{line}{does}}}]}}]"
        case Spot.CUSTOMER:
            contact = "" if key == "contact" else ", contact: Acme Ltd"
            return f"{HEAD}customers: [{{{line}{contact}}}]"
        case Spot.APPROVAL:
            return f"{HEAD}credit_holds: [{{name: A, when: {{on_hold: no}}, approval: {{{line}}}}}]"
        case Spot.STATEMENT:
            on = "" if key == "on" else ", on: monday"
            return f"{HEAD}statements: [{{name: A, {line}{on}}}]"
        case Spot.AFTER_ISSUE:
            needed = {"days": "days: 3", "email": "email: thank you"}
            others = "".join(f", {text}" for name, text in needed.items() if name != key)
            return f"{HEAD}after_issue: [{{{line}{others}}}]"
        case (
            Spot.SENDING
            | Spot.SAFETY
            | Spot.PAYMENT_PLANS
            | Spot.THANK_YOU
            | Spot.ANNOUNCEMENTS
            | Spot.GOALS
            | Spot.PAYABLES
            | Spot.PROVISION
        ):
            return f"{HEAD}{spot.strip(chr(39))}: {{{line}}}"
    raise AssertionError(spot)


SAID = sorted(
    {(spot, guess.example) for spot, table in GUESSES.items() for guess in table.values()}
    - {(spot, "") for spot in Spot}
)


@pytest.mark.parametrize(("spot", "example"), SAID)
def test_each_example_can_be_written_there(spot: str, example: str) -> None:
    a_rulebook(at(spot, example), texts=TEXTS)


_INSIDE = {
    "'when'": "credit_holds: [{name: A, EX}]",
    "'unless'": "leave_alone: [{name: A, when: {on_hold: no}, EX}]",
    "'skip_invoices_when'": f"reminders: [{{name: A, EX, {STEPS}}}]",
    "'not'": "leave_alone: [{name: A, when: {EX}}]",
    "'any'": "leave_alone: [{name: A, when: {EX}}]",
    "an item of 'any'": "leave_alone: [{name: A, when: {EX}}]",
    "'approval'": "credit_holds: [{name: A, when: {on_hold: no}, EX}]",
    "'by_contact_group'": "roles: {account manager: {EX}}",
    "'at_most'": "sending: {EX}",
    "'steps'": "reminders: [{name: A, EX}]",
    "a step": "reminders: [{name: A, EX}]",
    "'limits'": "customers: [{contact: A, EX}]",
    "a limit": "customers: [{contact: A, EX}]",
    **dict.fromkeys(("'rates'", "a rate", "'compensation'", "a fixed sum"), "statutory: {EX}"),
}


@pytest.mark.parametrize("label", EXAMPLES)
def test_each_example_of_a_block_can_be_written(label: str) -> None:
    line = _INSIDE.get(label, "EX").replace("EX", EXAMPLES[label])
    head = HEAD if "groups:" not in line else "version: 1\ncurrency: GBP\n"
    _, problems = read_rulebook([("r.yaml", head + line)], texts=TEXTS)
    # A table of statutory rates needs more than one of its parts.
    assert [str(problem) for problem in problems if "needs" not in problem.message] == []


_WORDS_OF = {
    Spot.RULEBOOK: sections.SECTION_NAMES,
    Spot.LEAVE_ALONE: sections.LEAVE_ALONE,
    Spot.CREDIT_LIMIT: sections.CREDIT_LIMIT,
    Spot.CREDIT_HOLD: sections.CREDIT_HOLD,
    Spot.FOLLOW_UP: sections.FOLLOW_UP,
    Spot.CHARGE: sections.CHARGE,
    Spot.DISCOUNT: sections.DISCOUNT,
    Spot.CADENCE: sections.CADENCE,
    Spot.STEP: sections.STEP,
    Spot.CUSTOMER: sections.CUSTOMER,
    Spot.SENDING: sections.SENDING,
    Spot.SAFETY: sections.SAFETY,
    Spot.APPROVAL: APPROVAL_BLOCK,
    Spot.PAYMENT_PLANS: PAYMENT_PLANS,
    Spot.GOALS: GOAL_KEYS,
    Spot.PAYABLES: sections.PAYABLES,
    Spot.PROVISION: PROVISION_KEYS,
    Spot.CONDITION: ConditionShape().fields,
    Spot.INVOICE_CONDITION: ConditionShape("invoice").fields,
    Spot.APPLICATION_CONDITION: ConditionShape("application").fields,
    Spot.ACCEPTANCE: ACCEPTANCE,
}


def test_no_word_of_the_language_is_called_a_guess() -> None:
    for spot, words in _WORDS_OF.items():
        known = {word.name if isinstance(word, Key) else word for word in words}
        # A word that the language has is never looked up; a row for it would be out of date.
        assert known & set(GUESSES[spot]) == set(), spot


@pytest.mark.parametrize(
    ("spot", "line", "right"),
    [
        (Spot.CONDITION, "or: [{tag: a}, {tag: b}]", "any: [{tag"),
        (Spot.CONDITION, "all: [{tag: a}]", "must all hold"),
        (Spot.CONDITION, "and: [{tag: a}]", "must all hold"),
        (Spot.CONDITION, "if: {tag: a}", "must all hold"),
        (Spot.CONDITION, "except: {tag: a}", "not: {"),
        (Spot.CONDITION, "customer: Acme Ltd", "write contact:"),
        (Spot.CONDITION, "client: Acme Ltd", "write contact:"),
        (Spot.CONDITION, "branch: Leeds", "contact_group: Leeds"),
        (Spot.CONDITION, "vip: true", "write group: VIP"),
        (Spot.CONDITION, "status: query", "dispute: open"),
        (Spot.CONDITION, "days_overdue: 60", "oldest_days_overdue"),
        (Spot.CONDITION, "oldest_days_overdue: 60", "oldest_days_overdue: {at_least: 60}"),
        (Spot.CONDITION, "oldest_days_overdue: '>60'", "oldest_days_overdue: {more_than: 60}"),
        (Spot.CONDITION, "oldest_days_overdue: >60", "{more_than: 60}"),
        (Spot.CONDITION, "oldest_days_overdue: >= 60", "{at_least: 60}"),
        (Spot.CONDITION, "oldest_days_overdue: <60", "oldest_days_overdue: {less_than: 60}"),
        (Spot.CONDITION, "overdue_amount: [500, 1000]", "{at_least: 500, at_most: 1000}"),
        (Spot.CONDITION, "overdue_amount: {between: [500, 1000]}", "at_least: 500, at_most: 1000"),
        (Spot.CONDITION, "overdue_amount: {over: 500}", "write more_than: 60"),
        (Spot.CONDITION, "overdue_amount: {at_least: '1.000,50'}", "write 10000, 10,000 or"),
        (Spot.CONDITION, "not: [{tag: a}, {tag: b}]", "as in not: {any: ["),
        (Spot.CREDIT_HOLD, "when: oldest_days_overdue > 60", "{more_than: 60}}"),
        (Spot.CREDIT_HOLD, "when: days overdue over 60 days", "oldest_days_overdue: {more_than"),
        (Spot.CREDIT_HOLD, "when: [{tag: a}, {tag: b}]", "when: {any: ["),
        (Spot.CREDIT_HOLD, "if: {tag: a}", "when: {"),
        (Spot.CREDIT_HOLD, "oldest_days_overdue: {at_least: 60}", "when: {oldest_days_overdue"),
        (Spot.CREDIT_HOLD, "unless: VIP", "unless: {group: VIP}"),
        (Spot.CREDIT_HOLD, "except: VIP", "unless: {"),
        (Spot.CREDIT_HOLD, "approval: yes", "approval: required"),
        (Spot.CREDIT_HOLD, "approval: finance director", "approval: {by: finance director}"),
        (Spot.STEP, "approval: over 5000", "approval: {over: 5000}"),
        (Spot.RULEBOOK, "people: {director: a@example.com}", "roles: {finance director"),
        (Spot.CREDIT_LIMIT, "limit: none", "limit: no limit"),
        (Spot.CREDIT_LIMIT, "limit: £10,000", "leave the currency out"),
        (Spot.STEP, "sms: first remainder", "did you mean 'first reminder'?"),
        (Spot.STEP, "post: formal notice", "via: post"),
        (Spot.STEP, "deliver: post", "via: smtp"),
        (Spot.STEP, "via: letter", "via: post"),
        (Spot.STEP, "via: smpt", "did you mean 'smtp'?"),
        (Spot.STEP, "attach: pdf", "attach: [invoice]"),
        (Spot.STEP, "phone: Ask", "call: Ask for a day"),
        (Spot.STEP, "fee: 2%", "late_fee: 2%"),
        (Spot.STEP, "interest: 2%", "under 'charges:'"),
        (Spot.STEP, "late_fee: statutory_interest", "under 'charges:'"),
        (Spot.STEP, "every: month", "every: 30 days"),
        (Spot.STEP, "every: 7", "write 7 days"),
        (Spot.STEP, "every: 7 days", "every: 14 days, at_most: 3"),
        (Spot.STEP, "at_most: 3", "every: 14 days, at_most: 3"),
        (Spot.STEP, "repeat: weekly", "every: 14 days, at_most: 3"),
        (Spot.STEP, "after: 7", "7 days"),
        (Spot.STEP, "after: 7 days, counted_from: issue date", "write 'day'"),
        (Spot.STEP, "counted_from: invoice date", "counted_from: issue date"),
        (Spot.CADENCE, "counted_from: eom", "counted_from: end of month"),
        (Spot.STEP, "then: hold", "then: wait until done"),
        (Spot.STEP, "if: {on_hold: yes}", "when: {amount_due:"),
        (Spot.STEP, "except: {tag: vip}", "unless: {tag: vip}"),
        (Spot.STEP, "when: {days: 5}", "days_overdue: {at_least: 60}"),
        (Spot.STEP, "stop: yes", "under 'credit_holds:'"),
        (Spot.STEP, "vip: true", "when: {"),
        (Spot.STEP, "cc: a@example, via: smtp", "write jo@example.com"),
        (Spot.STEP, "cc: 'a@x.com, b@x.com', via: smtp", "[a@x.com, b@x.com]"),
        (Spot.STEP, "bcc: a@example.com", "copy_to"),
        (Spot.STEP, "email_to: a@example.com", "the contact's"),
        (Spot.STEP, "statement: all", "attach: [statement]"),
        (Spot.STEP, "hold: yes", "credit_holds:"),
        (Spot.STEP, "time: 9am", "sending: between:"),
        (Spot.CADENCE, "stop: yes", "leave_alone:"),
        (Spot.CADENCE, "email: first reminder", "steps: [{"),
        (Spot.RULEBOOK, "late_fees: 2%", "late_fee: 2%"),
        (Spot.RULEBOOK, "interest: 8%", "charges: ["),
        (Spot.RULEBOOK, "discount: 2%", "discounts: ["),
        (Spot.RULEBOOK, "stop: [Acme]", "leave_alone: ["),
        (Spot.RULEBOOK, "clients: [Acme]", "customers: ["),
        (Spot.RULEBOOK, "take_over: age", "take_over: by age"),
        (Spot.RULEBOOK, "take_over: gradually", "take_over: spread over 10 days"),
        (Spot.RULEBOOK, "customers: Acme Ltd", "customers: [{contact: "),
        (Spot.RULEBOOK, "sending: smtp", "sending: {via: smtp"),
        (Spot.RULEBOOK, "credit_holds", "put a colon"),
        (Spot.SENDING, "time: 9am", "between: 09:00-16:30"),
        (Spot.SENDING, "not_between: 12:00-13:00", "between: 09:00-16:30"),
        (Spot.SENDING, "every: week", "days_between_messages: 5"),
        (Spot.SENDING, "holidays: [2026-12-24]", "closed: [2026-12-24]"),
        (Spot.SENDING, "holidays: 2026-12-24", "closed: [2026-12-24]"),
        (Spot.CUSTOMER, "holidays: [2026-12-24, 2026-12-31]", "sending:"),
        (Spot.SENDING, "max_messages: 8", "at_most: {messages: 8, in: 90 days}"),
        (Spot.SENDING, "at_most: 8", "at_most: {messages: 8, in: 90 days}"),
        (Spot.SENDING, "pause: december", "closed: [2026-12-24 to"),
        (Spot.RULEBOOK, "closed: [2026-12-24]", "sending: {closed: ["),
        (Spot.SENDING, "between: 9am-5pm", "09:00-16:30"),
        (Spot.SENDING, "days: [Mon, Wed]", "did you mean 'wednesday'?"),
        (Spot.SENDING, "days: weekdays", "days: business days"),
        (Spot.SENDING, "via: email", "via: accounting system"),
        (Spot.CUSTOMER, "limit: 25000", "credit_limit: 25000"),
        (Spot.CUSTOMER, "stop: yes", "leave_alone:"),
    ],
)
def test_a_guess_leads_to_the_right_words(spot: str, line: str, right: str) -> None:
    _, problems = read_rulebook([("r.yaml", at(spot, line) + "\n")], texts=TEXTS)
    assert any(right in problem.hint for problem in problems), [
        str(problem) for problem in problems
    ]


LANGUAGE = [
    (Spot.CREDIT_HOLD, "or: [{tag: a}]", "when: {any: ["),
    (Spot.CADENCE, "and: {tag: a}", "write when: {"),
    (Spot.STEP, "if: {amount_due: {at_least: 5}}", "write when: {"),
    (Spot.RULEBOOK, "if: {tag: a}", "a condition stands in a rule"),
    (Spot.STEP, "when: amount_due > 5000", "when: {amount_due: {more_than: 5000}}"),
    (Spot.INVOICE_CONDITION, "days_overdue: 60", "write days_overdue: {at_least: 60}"),
    (Spot.INVOICE_CONDITION, "days_overdue: >60", "write {more_than: 60}"),
    (Spot.INVOICE_CONDITION, "amount: 1.000,50", "write amount_due:"),
    (Spot.INVOICE_CONDITION, "amount_due: 1.000,50", "decimals follow a point"),
    (Spot.INVOICE_CONDITION, "amount_due: '1.000,50'", "amount_due: {at_least: 1000.50}"),
    (Spot.CADENCE, "customer: Acme", "write when: {contact:"),
    (Spot.CUSTOMER, "client: Acme", "write contact:"),
    (Spot.SENDING, "sms: yes", "sms: first reminder"),
    (Spot.STEP, "late_fees: 2%", "write late_fee: 2%"),
    (Spot.RULEBOOK, "fee: 2%", "late_fee: 2%"),
    (Spot.CUSTOMER, "email_to: a@example.com", "the contact's"),
    (Spot.SENDING, "bcc: a@example.com", "copy_to"),
    (Spot.CHARGE, "every: month", "write bill: monthly"),
    (Spot.STEP, "every: month", "write every: 30 days"),
    (Spot.SENDING, "stop: [2026-12-24]", "write closed: ["),
    (Spot.STEP, "except: VIP", "write unless: {"),
    (Spot.CUSTOMER, "vip: true", "write tags: [vip]"),
    (Spot.CUSTOMER, "credit_limit: none", "leave the line out"),
    (Spot.STEP, "approval: yes", "write approval: required"),
    (Spot.CADENCE, "time: 9am", "sending: between:"),
    (Spot.RULEBOOK, "time: 9am", "sending: {between: 09:00-16:30}"),
]
"""What an accountant writes who has never read the reference."""


@pytest.mark.parametrize(("spot", "line", "right"), LANGUAGE)
def test_a_first_guess_leads_on(spot: str, line: str, right: str) -> None:
    _, problems = read_rulebook([("r.yaml", at(spot, line) + "\n")], texts=TEXTS)
    assert any(right in problem.hint for problem in problems), list(map(str, problems))


def test_a_list_of_names_is_a_list_of_contacts() -> None:
    text = "version: 1\ncurrency: GBP\ngroups: {VIP: [Acme, Beta]}\n"
    _, (problem,) = read_rulebook([("r.yaml", text)])
    assert problem.hint.startswith("write contact: [Acme, Beta]")


def test_a_word_without_a_step_is_one_problem() -> None:
    _, problems = read_rulebook(
        [("r.yaml", at(Spot.STEP, "phone: Ask").replace(", email: first reminder", ""))]
    )
    assert [problem.message for problem in problems] == ["unknown key 'phone' in a step."]


def test_a_section_twice_goes_under_one_key() -> None:
    part = f"reminders:\n  - name: NAME\n    {STEPS}\n"
    text = HEAD + part + part.replace("NAME", "Two")
    _, (problem,) = read_rulebook([("r.yaml", text)])
    assert problem.hint == "put both lists under one 'reminders:'"


def test_two_whole_rulebooks_are_one_problem() -> None:
    text = "version: 1\ncurrency: GBP\nname: NAME\nreminders: [{name: A, " + STEPS + "}]\n"
    files = [(f"rules/{name}.yaml", text.replace("NAME", name)) for name in ("ours", "standard")]
    _, (problem,) = read_rulebook(files)
    assert problem.message == "this is a whole rulebook beside another, rules/ours.yaml."
    assert "extends: ours.yaml" in problem.hint
    rulebook, problems = read_rulebook([(name, text) for name, _ in files])
    assert rulebook is None
    assert "twice" in str(problems[0])


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("days_overdue > 60", ("days_overdue", "more_than", "60")),
        ("Days overdue >= 60 days", ("days_overdue", "at_least", "60")),
        ("balance<10,000", ("balance", "less_than", "10000")),
        ("exposure > credit_limit", ("exposure", "more_than", "credit_limit")),
        ("balance", None),
        ("VIP", None),
        ("a > b > c", None),
    ],
)
def test_a_formula_is_read_for_its_hint(text: str, formula: tuple[str, str, str] | None) -> None:
    assert from_formula(text) == formula


def test_a_sign_is_read_for_its_hint() -> None:
    assert [from_sign(text) for text in ("> 60", "<=10%", "60", ">")] == [
        "more_than: 60",
        "at_most: 10%",
        "",
        "",
    ]


def keys_below(keys: tuple[Key, ...], path: str = "") -> Iterator[tuple[str, Key]]:
    """Yield every key of the language, with the keys above it."""
    for key in keys:
        name = f"{path}.{key.name}" if path else key.name
        yield name, key
        if isinstance(key.shape, (Blocks, SubBlock)):
            yield from keys_below(key.shape.keys, name)


EVERY_KEY = dict(keys_below(sections.TOP))


@pytest.mark.parametrize("name", EVERY_KEY)
def test_a_value_of_the_wrong_kind_has_an_example(name: str) -> None:
    key = EVERY_KEY[name]
    if isinstance(key.shape, Removal) or name in {"groups", "not_rules"}:
        return
    for value in ("one two", "[[a]]", "{a: {b: c}}"):
        problems = Problems()
        source = Source("r.yaml", problems)
        node = composed("r.yaml", f"{key.name}: {value}\n", problems)
        assert node is not None
        key.shape.read(node.value[0][1], source, f"'{key.name}'")
        for problem in problems.found:
            if " must be " not in problem.message or " of " in problem.message:
                continue
            assert problem.hint, problem.message
            shown = re.search(rf"\b({key.name}: [^;]+)$", problem.hint)
            if shown:
                assert yaml.safe_load(shown[1])
                accepted = Problems()
                example = composed("r.yaml", shown[1], accepted)
                assert example is not None
                key.shape.read(example.value[0][1], Source("r.yaml", accepted), f"'{key.name}'")
                assert [str(problem) for problem in accepted.found] == []
