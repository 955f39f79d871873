"""The reference: every section, operator and fact is there, each with an example that is read."""

from __future__ import annotations

import pytest

from arsync.core.rulebook import read_rulebook
from arsync.core.rulebook.facts import CONTACT_BY_NAME, FIELDS, Field

from .conftest import GENERATOR, ROOT

HEAD = "version: 1\ncurrency: GBP\ngroups: {Key account: {contact_group: Key accounts}}\n"


PAGE = (ROOT / "docs" / "reference.md").read_text("utf-8")


def problems_of(text: str) -> list[str]:
    return [str(problem) for problem in read_rulebook([("reference.yaml", text)])[1]]


def asked(of: str, line: str) -> str:
    if of == "contact":
        return f"{HEAD}credit_holds: [{{name: A, when: {{{line}}}}}]\n"
    if of == "application":
        return f"{HEAD}acceptance: [{{name: A, when: {{{line}}}, decide: ask}}]\n"
    if of == "supplier":
        bills = "payables: {read: open bills}\n"
        return f"{HEAD}{bills}supplier_alerts: [{{name: A, when: {{{line}}}, tell: owner}}]\n"
    return f"{HEAD}follow_ups: [{{name: A, when: {{{line}}}, task: Look}}]\n"


@pytest.mark.parametrize("section", GENERATOR.SECTION_EXAMPLES)
def test_every_section_has_an_example_that_is_read(section: str) -> None:
    example = GENERATOR.SECTION_EXAMPLES[section]
    assert f"### {section}\n" in PAGE
    assert f"```yaml\n{example}\n```" in PAGE
    if section == "extends":
        return  # what it names is found by whoever reads the folder
    settings = {line.split(":")[0] for line in example.splitlines()}
    head = [line for line in HEAD.splitlines() if line.split(":")[0] not in settings]
    assert problems_of("\n".join([*head, example])) == []


@pytest.mark.parametrize("field", FIELDS, ids=lambda one: f"{one.of} {one.name}")
def test_every_fact_has_an_example_that_is_read(field: Field) -> None:
    assert field.example
    line = f"{field.name}: {field.example}"
    assert f"`{line}`" in PAGE
    assert problems_of(asked(field.of, line)) == []


@pytest.mark.parametrize("operator", GENERATOR.OPERATORS, ids=lambda one: one[0])
def test_every_operator_has_an_example_that_is_read(operator: tuple[str, str, str]) -> None:
    word, _, example = operator
    assert f"| {word} |" in PAGE
    of = "contact" if example.split(":")[0] in {*CONTACT_BY_NAME, "any", "not"} else "invoice"
    assert problems_of(asked(of, example)) == []
