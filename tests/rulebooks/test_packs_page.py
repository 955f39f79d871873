"""The page about packs says what is so: its examples change what they say, its sums are right."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.builders.driver import App
from tests.builders.rulebooks import a_rulebook
from tests.builders.schemas import validator

import arsync_rulebooks
from arsync.cli import run_cli
from arsync.config import load_config
from arsync.core.ledger.late_debt import LateDebt, LatePart
from arsync.core.ledger.late_payment_law import compensation, interest
from arsync.core.ledger.records import Organisation
from arsync.core.rulebook import Rulebook, read_rulebook
from arsync.core.rulebook.json_schema import schema
from arsync.mail import known_texts
from arsync.rules_source.folder import shipped

PAGE = (Path(__file__).parents[2] / "docs" / "packs.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def example(part: str) -> Rulebook:
    (text,) = [example for example in EXAMPLES if part in example]
    return a_rulebook(text, "own.yaml", texts=known_texts(), find=shipped)


def test_the_page_names_every_shipped_rulebook() -> None:
    assert [name for name in arsync_rulebooks.names() if f"`{name}`" not in PAGE] == []


@pytest.mark.parametrize("text", [example for example in EXAMPLES if "extends:" in example])
def test_each_example_is_a_whole_rulebook(text: str) -> None:
    a_rulebook(text, "own.yaml", texts=known_texts(), find=shipped)


REMOVALS = """\
version: 1
extends: uk-standard
groups: {New customer: {remove: yes}}
credit_limits: [{name: New customers, remove: TRUE}]
reminders: [{name: Standard cadence, steps: [{day: 1, remove: Yes}]}]
sending: {remove: [holidays]}
statutory:
  rates: [{from: "2023-01-01", remove: true}]
  compensation: [{debts_from: 0, remove: yes}]
"""


@pytest.mark.parametrize("text", [*EXAMPLES, REMOVALS])
@pytest.mark.parametrize("loader", [yaml.SafeLoader, yaml.BaseLoader])
def test_editors_accept_what_the_reader_accepts(text: str, loader: Any) -> None:
    whole = text if "extends:" in text else f"version: 1\ncurrency: GBP\n{text}"
    assert read_rulebook([("own.yaml", whole)], find=shipped)[1] == []
    tree = json.loads(json.dumps(yaml.load(whole, Loader=loader), default=str))
    validator(schema()).validate(tree)


def test_the_examples_change_what_they_say() -> None:
    changed = example("Our credit policy")
    assert (changed.credit_limits[-1].amount, changed.safety.emails) == (Decimal(5000), 50)
    assert [credit_hold.approval.required for credit_hold in changed.credit_holds] == [True, False]
    names = [credit_limit.name for credit_limit in example("name: Builders").credit_limits]
    assert names == ["Agreed in writing", "New customers", "Builders", "Everyone else"]
    less = example("remove: [terms]")
    assert [(credit_hold.name, credit_hold.terms) for credit_hold in less.credit_holds] == [
        ("Seriously overdue", "")
    ]
    assert less.sending.holidays == ""
    steps = example("{day: -3, remove: true}").reminders[-1].steps
    assert [step.day for step in steps] == [1, 14, 21, 30, 45, 60]
    assert example("NZD").sending.holidays == "NZ"


def test_a_connections_example_changes_the_shared_rulebook() -> None:
    (own,) = [example for example in EXAMPLES if "extends:" not in example]
    shared = [("house.yaml", "version: 1\nextends: uk-standard\n")]
    rulebook = a_rulebook(own, "own.yaml", shared=shared, find=shipped)
    assert rulebook.credit_limits[-1].amount == 2000


def test_the_sums_of_the_page_are_what_is_computed() -> None:
    law = example("an example, not the rate").statutory
    assert law is not None
    page, day = " ".join(PAGE.split()), date(2026, 8, 31)
    debt = LateDebt(date(2026, 8, 1), (LatePart(Decimal(1200), None),))
    assert interest(law, debt, day) == Decimal("11.59")
    assert compensation(law, debt, day) == 70
    assert "11.59 pounds, and 70.00 of compensation" in page
    parts = LatePart(Decimal(9000), date(2026, 8, 30)), LatePart(Decimal(1000), None)
    assert interest(law, LateDebt(date(2026, 6, 30), parts), date(2026, 9, 1)) == Decimal("197.01")
    assert "have earned 197.01 on 1 September" in page


SURENESS = PAGE.partition("## How certain each statement is\n")[2].partition("\n## ")[0]
ROWS = [
    [cell.strip() for cell in line.strip("| ").split(" | ")]
    for line in SURENESS.splitlines()
    if line.startswith("| `")
]
STANDARD = [name for name in arsync_rulebooks.packs() if name.endswith("-standard")]


@pytest.mark.parametrize("pack", STANDARD)
def test_the_page_gives_each_rate_with_two_sources(pack: str) -> None:
    rulebook = a_rulebook(f"version: 1\nextends: {pack}\n", "own.yaml", find=shipped)
    law = rulebook.statutory
    rates = law.rates if law else ()
    expected = [
        [f"`{pack}`", str(reference.starts), str(reference.percent), reference.source]
        for reference in rates
    ]
    assert [row for row in ROWS if row[0] == f"`{pack}`" and row[1][:2] == "20"] == expected
    for rate in rates:
        sites = rate.source.partition("(")[2].rstrip(")").split("; ")
        assert len(sites) == len(set(sites)) == 2, rate.source


def test_the_page_says_how_sure_each_pack_is() -> None:
    graded = {row[0]: row[2] for row in ROWS if row[1][:2] != "20"}
    assert sorted(graded) == sorted(f"`{name}`" for name in STANDARD)
    marks = {"law", "official", "others", "not read"}
    for row in ROWS:
        if row[1][:2] != "20":
            assert set(row[2].split(", ")) <= marks, row
            assert row[3], row


@pytest.mark.parametrize("pack", STANDARD)
def test_the_table_lists_every_page_that_packs_name(pack: str) -> None:
    source = arsync_rulebooks.text(pack)
    sites = re.findall(
        r"\b[a-z0-9.-]+\.(?:co\.uk|com|gov\.\w+|europa\.eu|ie|es|de|gr|xyz|tr)\b", source
    )
    assert [site for site in sites if site.removeprefix("www.") not in SURENESS] == []
    assert 'docs/packs.md, "How certain each statement is"' in source


@pytest.mark.parametrize("pack", ["uk-standard", "eu-standard"])
def test_no_half_year_since_2023_is_missing(pack: str) -> None:
    rulebook = a_rulebook(f"version: 1\nextends: {pack}\n", "own.yaml", find=shipped)
    law = rulebook.statutory
    assert law is not None
    starts = [date(year, month, 1) for year in range(2023, 2027) for month in (1, 7)]
    assert [rate.starts for rate in law.rates] == starts


def transcript(command: str) -> list[str]:
    """Return the lines that the page shows below a command, with single blanks."""
    (text,) = re.findall(
        rf"^```console\n\$ {re.escape(command)}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL
    )
    return [" ".join(line.split()) for line in text.splitlines()]


def test_the_commands_of_the_page_print_what_it_shows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (house,) = [example for example in EXAMPLES if "Our credit policy" in example]
    (own,) = [example for example in EXAMPLES if "extends:" not in example]
    retail = tmp_path / "rules" / "acme-retail"
    retail.mkdir(parents=True)
    (retail / "own.yaml").write_text(own, encoding="utf-8")
    (tmp_path / "rules" / "house.yaml").write_text(house, encoding="utf-8")
    (tmp_path / "config.toml").write_text('[store]\nurl = "sqlite:///arsync.db"\n')
    with App(load_config(tmp_path / "config.toml", {})) as app:
        for name in ("acme-online", "acme-retail"):
            organisation = Organisation(name, name.title(), "GBP")
            app.store.connections.add(name, platform="xero", organisation=organisation)
    for command in ("arsync rules show", "arsync rules drift"):
        config = ["--config", str(tmp_path / "config.toml")]
        assert run_cli([*command.split()[1:], *config]) == 0
        output = capsys.readouterr()
        printed = [" ".join(line.split()) for line in (output.err + output.out).splitlines()]
        expected = [line for line in transcript(command) if line != "..."]
        assert [line for line in expected if line not in printed] == []
