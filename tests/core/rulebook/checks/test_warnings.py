"""Warnings: what can never happen is named with its line; sound rulebooks get none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.builders.rulebooks import a_rulebook

from arsync.core.ledger.records import Organisation
from arsync.core.planning import ledger_warnings as ledger
from arsync.core.planning.ledger_warnings import ledger_warnings
from arsync.core.rulebook import read_rulebook, rulebook_warnings
from arsync.core.rulebook.checks import satisfiability
from arsync.core.rulebook.checks import warnings as pure
from arsync.core.rulebook.reading import currency_changes
from arsync.core.rulebook.reading.extends import Extended
from arsync.rules_source.folder import shipped

HEAD = "version: 1\ncurrency: GBP\n"
SHIPPED = Path(__file__).parents[4] / "rules" / "arsync_rulebooks"
STEPS = "steps: [{day: 1, email: first reminder}]"


def warnings_of(text: str) -> list[str]:
    rulebook = a_rulebook(HEAD + text, "r.yaml")
    warnings = rulebook_warnings(rulebook)
    assert all(problem.severity == "warning" for problem in warnings)
    # Groups are defined here for the sake of their own warnings; nobody has to ask for them.
    return [str(problem) for problem in warnings if not problem.message.startswith("no rule uses")]


def hold(when: str) -> str:
    return f"credit_holds:\n  - name: H\n    when: {{{when}}}\n"


def cadences(*whens: str) -> str:
    lines = [f"  - {{name: C{n}, {when}{STEPS}}}" for n, when in enumerate(whens, 1)]
    return "reminders:\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize("file", sorted(SHIPPED.glob("*.yaml")), ids=lambda one: one.name)
def test_shipped_rulebooks_get_no_warning(file: Path) -> None:
    rulebook, problems = read_rulebook([(file.name, file.read_text("utf-8"))], find=shipped)
    assert rulebook is not None, problems
    assert rulebook_warnings(rulebook) == []


@pytest.mark.parametrize(
    "when",
    [
        "balance: {more_than: 5, less_than: 3}",
        "balance: {more_than: 5, at_most: 5}",
        "balance: {less_than: 0}",
        "balance: {exactly: 5, more_than: 5}",
        "oldest_days_overdue: {more_than: 5, less_than: 6}",
        "paid_on_time_percent: {more_than: 100}",
        "open_invoices: unknown",
        "agreed_limit: unknown, exposure: {more_than: agreed_limit}",
        "agreed_limit: {at_least: 5}, not: {agreed_limit: known}",
        "on_hold: yes, not: {on_hold: yes}",
        "country: GB, not: {country: [GB, FR]}",
        "tag: a, not: {tag: [a, b]}",
        "any: [{balance: {less_than: 0}}, {country: unknown, not: {country: unknown}}]",
        "exposure: {more_than: agreed_limit}, not: {exposure: {at_least: agreed_limit}}",
        "agreed_limit: {less_than: insured_limit}, insured_limit: {at_most: agreed_limit}",
        "group: Small, balance: {at_least: 100}",
    ],
)
def test_a_rule_that_contradicts_itself_is_named(when: str) -> None:
    (warning,) = warnings_of("groups: {Small: {balance: {less_than: 50}}}\n" + hold(when))
    assert warning.startswith("r.yaml:5:5: warning: 'H' can never match: its conditions on ")


@pytest.mark.parametrize(
    "when",
    [
        "balance: {at_least: 5, at_most: 5}",
        "exposure: {less_than: 0}",
        "days_until_review: {at_most: -5}",
        "tag: a, not: {tag: b}",
        "promise_to_pay: open, not: {promise_to_pay: broken}",
        "any: [{balance: {less_than: 0}}, {balance: {at_least: 1}}]",
        "country: [GB, FR], not: {country: GB}",
        "not: {balance: {exactly: 0}}",
        "exposure: {at_least: agreed_limit}, not: {exposure: {more_than: agreed_limit}}",
        "on_hold: no",
    ],
)
def test_a_rule_that_can_match_gets_no_warning(when: str) -> None:
    assert warnings_of(hold(when)) == []


def test_a_contradictory_group_is_named_at_its_line() -> None:
    (warning,) = warnings_of("groups:\n  A: {tag: x}\n  B: {balance: {more_than: 5, at_most: 1}}\n")
    assert warning == (
        "r.yaml:5:3: warning: no customer can ever be in the group 'B': "
        "its conditions on balance can never hold."
    )


def test_a_limit_below_one_for_everyone_is_named() -> None:
    limits = (
        "credit_limits:\n  - {name: All, limit: 5}\n  - {name: VIP, when: {tag: vip}, limit: 9}"
    )
    (warning,) = warnings_of(limits)
    assert warning == (
        "r.yaml:5:5: warning: no customer ever gets the credit limit 'VIP': "
        "'All' (r.yaml:4) matches everyone.\n    hint: move it above the other"
    )


def test_a_cadence_below_a_wider_one_is_named() -> None:
    warnings = warnings_of(
        cadences("when: {balance: {at_least: 5}}, ", "when: {balance: {more_than: 9}, tag: a}, ")
    )
    assert len(warnings) == 1
    assert "no customer ever gets the cadence 'C2': 'C1' (r.yaml:4) matches first" in warnings[0]


def test_a_cadence_below_a_narrower_one_is_sound() -> None:
    whens = ("when: {balance: {more_than: 9}}, ", "when: {balance: {at_least: 5}}, ", "")
    assert warnings_of(cadences(*whens)) == []


def test_what_may_be_unknown_shadows_nothing_that_asks_less() -> None:
    assert warnings_of(cadences("when: {agreed_limit: {at_least: 0}}, ", "")) == []


def test_leaving_everyone_alone_is_named() -> None:
    warnings = warnings_of("leave_alone: [{name: All, when: {open_invoices: {at_least: 0}}}]\n")
    assert ["excludes every customer" in warning for warning in warnings] == [True]


def test_a_cadence_for_excluded_customers_is_named() -> None:
    alone = "leave_alone: [{name: Legal, when: {tag: [legal, court]}}]\n"
    warnings = warnings_of(alone + cadences("when: {tag: legal, country: GB}, ", ""))
    assert len(warnings) == 1
    assert "no customer ever gets the cadence 'C1': 'Legal' (r.yaml:3)" in warnings[0]


def test_cadences_that_share_a_value_are_named() -> None:
    warnings = warnings_of(
        cadences("when: {balance: {at_most: 1000}}, ", "when: {balance: {at_least: 1000}}, ")
    )
    assert len(warnings) == 1
    assert "the cadences 'C1' (r.yaml:4) and 'C2' overlap in balance" in warnings[0]
    shared = cadences(
        "when: {contact_group: [a, b]}, ",
        "when: {contact_group: [b, c]}, ",
    )
    assert ["overlap in contact_group" in warning for warning in warnings_of(shared)] == [True]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("balance: {at_most: 1000}", "balance: {more_than: 1000}"),
        ("contact_group: a", "contact_group: b"),
        ("balance: {at_least: 9}", "balance: {at_least: 5}"),
        ("tag: a", "country: GB"),
        ("not: {tag: a}", "not: {tag: b}"),
    ],
)
def test_cadences_side_by_side_or_in_order_are_sound(first: str, second: str) -> None:
    assert warnings_of(cadences(f"when: {{{first}}}, ", f"when: {{{second}}}, ")) == []


@pytest.mark.parametrize(
    ("conditions", "days"),
    [
        ("skip_invoices_when: {days_overdue: {at_least: 10}}, ", [20]),
        ("when: {oldest_days_overdue: {less_than: 10}}, ", [20]),
        ("when: {overdue_invoices: {exactly: 0}}, ", [5, 20]),
        ("when: {overdue_invoices: {at_least: 1}}, ", []),
        ("skip_invoices_when: {days_until_due: {at_least: 0}}, ", [-3, 0, 5, 20]),
        ("skip_invoices_when: {days_until_due: {at_least: 1}}, ", []),
        ("when: {open_invoices: {exactly: 0}}, ", [-3, 0, 5, 20]),
        ("skip_invoices_when: {amount_due: {less_than: 10}}, ", []),
    ],
)
def test_steps_that_no_invoice_reaches_are_named(conditions: str, days: list[int]) -> None:
    steps = ", ".join(f"{{day: {day}, email: x}}" for day in (-3, 0, 5, 20))
    warnings = warnings_of(f"reminders: [{{name: C, {conditions}steps: [{steps}]}}]\n")
    named = [
        day for day in (-3, 0, 5, 20) if any(f"on day {day} of" in warning for warning in warnings)
    ]
    assert named == ([] if any("skips every invoice" in warning for warning in warnings) else days)


@pytest.mark.parametrize(
    ("condition", "is_named"),
    [
        ("when: {days_overdue: {less_than: 3}}", True),
        ("unless: {amount_due: {at_least: 0}}", True),
        ("when: {amount_due: {more_than: 5, less_than: 3}}", True),
        ("when: {days_overdue: {at_least: 3}}", False),
        ("when: {amount_due: {at_least: 5000}}", False),
    ],
)
def test_conditions_of_a_step_that_exclude_all_are_named(condition: str, is_named: bool) -> None:
    steps = f"{{day: 1, email: first reminder}}, {{day: 5, {condition}, task: Call}}"
    warnings = warnings_of(f"reminders: [{{name: C, steps: [{steps}]}}]\n")
    assert len(warnings) == is_named
    assert all("day 5 of 'C': the conditions of the step exclude" in named for named in warnings)


@pytest.mark.parametrize(
    ("steps", "warnings"),
    [
        ("{day: 1, email: upcoming}, {day: 5, call: Call, then: wait until done}", 1),
        ("{day: 1, call: Call, then: wait until done}, {day: 5, email: upcoming}", 0),
    ],
)
def test_a_wait_that_nothing_follows_is_named(steps: str, warnings: int) -> None:
    named = warnings_of(f"reminders: [{{name: C, steps: [{steps}]}}]\n")
    assert len(named) == warnings
    assert all("no step of 'C' follows this one, so nothing waits" in line for line in named)


PROMISES = (
    "reminders:\n  - {name: P, steps: [{day: 1, counted_from: broken promise, task: Call}]}\n"
)


def test_a_last_cadence_for_promises_alone_is_named() -> None:
    (named,) = warnings_of(PROMISES)
    assert named.startswith("r.yaml:4:5: warning: in 'P' are only invoices with a broken promise")
    assert warnings_of(f"{PROMISES}  - {{name: C, {STEPS}}}\n") == []
    second = PROMISES.splitlines()[1].replace("name: P", "name: Q")
    (named,) = warnings_of(f"{PROMISES}{second}\n  - {{name: C, {STEPS}}}\n")
    assert "no customer ever gets the cadence 'Q'" in named


def test_skipping_nothing_or_everything_is_named() -> None:
    nothing = "reminders: [{name: C, skip_invoices_when: {amount_due: {less_than: 0}}, " + STEPS
    everything = "reminders: [{name: C, skip_invoices_when: {days_overdue: {at_least: 0}}, " + STEPS
    assert "never skips" in warnings_of(nothing + "}]")[0]
    assert "skips every invoice" in warnings_of(everything + "}]")[0]


def test_conditions_with_too_many_alternatives_count_as_possible() -> None:
    several = ", ".join(
        "any: [" + ", ".join(f"{{balance: {{less_than: {n}}}}}" for n in range(1, 18)) + "]"
        for _ in range(1)
    )
    tangled = f"{several}, not: {{any: [{{tag: a}}, {{tag: b}}]}}"
    assert warnings_of(hold(tangled)) == []
    lists = f"any: [{', '.join('{tag: a}' for _ in range(satisfiability.ALTERNATIVES_MAX + 1))}]"
    text = cadences(f"when: {{{lists}}}, skip_invoices_when: {{{lists}}}, ", "")
    assert warnings_of(hold(lists) + text) == []
    wide = ", ".join(f"{{tag: t{n}}}" for n in range(20))
    both = f"when: {{any: [{wide}]}}, skip_invoices_when: {{not: {{any: [{wide}]}}}}, "
    assert warnings_of(cadences(both)) == []


def test_pairs_of_rules_are_compared_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "credit_limits:\n" + "".join(f"  - {{name: L{n}, limit: 5}}\n" for n in range(4))
    assert len(warnings_of(text)) == 3
    monkeypatch.setattr(pure, "PAIRS_MAX", 1)
    assert len(warnings_of(text)) == 1
    bands = [f"balance: {{at_least: {n}, at_most: {n + 3}}}" for n in range(4)]
    overlap = [f"when: {{{band}}}, " for band in bands]
    assert len(warnings_of(cadences(*overlap))) < 6


# The ledger knows more


LEDGER = """customers:
  - {contact: Name c1, tags: [vip]}
  - {contact: Nobody Ltd}
groups:
  Key: {contact_group: Key accounts}
  Small: {balance: {less_than: 5000}}
leave_alone: [{name: Legal, when: {any: [{tag: [legal, vip]}, {contact: [Ghost, c2]}]}}]
credit_limits: [{name: All, limit: 50}]
credit_holds: [{name: H, when: {contact_group: Typo}}]
reminders: [{name: C, skip_invoices_when: {contact_group: typo}, steps: [{day: 1, email: x}]}]
"""


def ledger_of(desk: Any, text: str, amounts: list[str]) -> list[str]:
    accounts = [
        desk.account(
            desk.invoice(f"i{n}", 5, amount, contact=f"c{n}"), contacts=(desk.contact(f"c{n}"),)
        )
        for n, amount in enumerate(amounts, 1)
    ]
    problems = ledger_warnings(
        desk.rulebook(HEAD + text), accounts, Organisation("o", "Acme", "GBP"), desk.today
    )
    return [str(problem) for problem in problems]


def test_values_absent_from_the_ledger_are_named(desk: Any) -> None:
    warnings = ledger_of(desk, LEDGER, ["100", "200", "300"])
    assert [warning.split(" warning: ")[1].split("\n")[0] for warning in warnings] == [
        "no customer is in the group 'Key' today.",
        (
            "the limit of 'All', GBP 50.00, is below what each of its 3 customers owes: the lowest "
            "amount is GBP 100.00."
        ),
    ]
    assert warnings[0].startswith("rules/test.yaml:")


def test_a_limit_that_someone_keeps_to_gets_no_warning(desk: Any) -> None:
    limits = "credit_limits: [{name: All, limit: 100}]\n"
    assert ledger_of(desk, limits, ["100", "200", "300"]) == []
    assert ledger_of(desk, limits, ["200", "300"]) == []
    assert ledger_of(desk, "credit_limits: [{name: All, limit: no limit}]\n", ["9"] * 4) == []


def test_an_empty_ledger_says_nothing(desk: Any) -> None:
    assert ledger_of(desk, LEDGER, []) == []


def test_a_ledger_too_large_to_look_through_says_nothing(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "LEDGER_ACCOUNTS_MAX", 2)
    assert ledger_of(desk, LEDGER, ["100", "200", "300"]) == []


def layered_warnings(own: str, pack: str = "uk-standard") -> list[str]:
    rulebook = a_rulebook(f"version: 1\nextends: {pack}\n{own}", "own.yaml", find=shipped)
    return [str(rulebook_warning) for rulebook_warning in rulebook_warnings(rulebook)]


def test_a_changed_currency_names_the_unchanged_amounts() -> None:
    amounts, table = layered_warnings("currency: EUR\n")
    assert amounts.startswith(
        "own.yaml:3:11: warning: the currency is EUR now; what this extends was written in GBP, "
        "and these of its amounts are unchanged: limit 2,500 (arsync_rulebooks/standard.yaml:"
    )
    assert "overdue_amount 500 (arsync_rulebooks/standard.yaml:" in amounts
    assert "statutory_interest 50 (arsync_rulebooks/uk-standard.yaml:" in amounts
    assert "\n    hint: write them in EUR in your own file, under the same names" in amounts
    assert table.startswith(
        "own.yaml:3:11: warning: the currency is EUR, that of 'statutory' GBP: statutory interest"
    )


def test_amounts_written_anew_are_not_named() -> None:
    (warning,) = layered_warnings(
        "currency: NZD\n"
        "credit_limits: [{name: New customers, limit: 3000},"
        " {name: Everyone else, limit: 12000}]\n"
        "credit_holds: [{name: Seriously overdue, remove: true}]\n",
        pack="au-nz-standard",
    )
    assert warning.split("unchanged: ")[1].startswith(
        "amount_due 10 (arsync_rulebooks/au-nz-standard"
    )
    assert (
        layered_warnings(
            "currency: NZD\n"
            "credit_limits: [{name: New customers, limit: 3000},"
            " {name: Everyone else, limit: 12000}]\n"
            "credit_holds: [{name: Seriously overdue, remove: true}]\n"
            "reminders: [{name: Standard cadence, remove: [skip_invoices_when]}]\n",
            pack="au-nz-standard",
        )
        == []
    )


def test_the_same_currency_said_again_is_no_change() -> None:
    assert layered_warnings("currency: GBP\n") == []
    assert layered_warnings("currency: EUR\n", pack="eu-firm") == []


def test_a_legal_table_in_base_currency_causes_no_warning() -> None:
    own = "currency: EUR\nstatutory: {currency: EUR}\n"
    assert not any("statutory'" in layered_warning for layered_warning in layered_warnings(own))


def test_a_long_list_of_amounts_is_cut_and_counted() -> None:
    limits = "".join(f"  - {{contact: C{n}, credit_limit: {n}00}}\n" for n in range(1, 9))
    base = Extended("base.yaml", f"{HEAD}customers:\n{limits}")
    own = "version: 1\nextends: base.yaml\ncurrency: EUR\n"
    rulebook = a_rulebook(own, "own.yaml", find=lambda _name, _asking: base)
    (problem,) = rulebook_warnings(rulebook)
    assert " and 2 more." in problem.message
    assert problem.message.count("base.yaml:") == currency_changes.AMOUNTS_NAMED_MAX


def test_a_group_that_no_rule_asks_for_is_named() -> None:
    rulebook, _ = read_rulebook(
        [
            (
                "r.yaml",
                HEAD + "groups: {A: {tag: x}, B: {tag: y}, C: {tag: z}}\n"
                "leave_alone: [{name: N, when: {not: {group: [A, B]}}}]\n",
            )
        ]
    )
    assert rulebook is not None
    (problem,) = [
        rulebook_warning
        for rulebook_warning in rulebook_warnings(rulebook)
        if "no rule uses" in rulebook_warning.message
    ]
    assert str(problem).startswith("r.yaml:3:36: warning: no rule uses the group 'C'.")


@pytest.mark.parametrize(
    "skip",
    [
        "dispute: open",
        "any: [{dispute: open}, {promise_to_pay: open}]",
        "dispute: open, amount_due: {less_than: 5}",
    ],
)
def test_a_redundant_skip_is_named(skip: str) -> None:
    (warning,) = warnings_of(cadences(f"skip_invoices_when: {{{skip}}}, "))
    assert "skip_invoices_when of 'C1' changes nothing" in warning


@pytest.mark.parametrize(
    "skip",
    [
        "any: [{dispute: open}, {amount_due: {less_than: 5}}]",
        "dispute: settled",
        "dispute: [open, settled]",
        "not: {dispute: open}",
    ],
)
def test_a_skip_of_anything_else_gets_no_such_warning(skip: str) -> None:
    assert not any(
        "changes nothing" in warning
        for warning in warnings_of(cadences(f"skip_invoices_when: {{{skip}}}, "))
    )
