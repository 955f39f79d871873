"""The rules folder: packs and files to extend, connections that share a base, how they differ."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from tests.builders.driver import App

import arsync_rulebooks
from arsync.cli import run_cli
from arsync.config import Config, load_config
from arsync.core.ledger.records import Organisation
from arsync.core.rulebook.effective import effective_text, rulebook_differences
from arsync.rules_source.folder import Rules, read_paths, read_rules

PACK = "version: 1\nextends: uk-standard\n"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "config.toml").write_text('[store]\nurl = "sqlite:///arsync.db"\n')
    return load_config(tmp_path / "config.toml", {})


def write(config: Config, name: str, text: str) -> None:
    path = config.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def sound(rules: Rules) -> Rules:
    assert rules.problems == ()
    assert rules.rulebook is not None
    return rules


def test_a_file_extends_a_pack_by_its_name(config: Config) -> None:
    write(config, "rules/own.yaml", PACK + "credit_limits: [{name: Everyone else, limit: 5000}]\n")
    rules = sound(read_rules(config))
    assert rules.rulebook is not None
    assert str(rules.rulebook.credit_limits[-1].amount) == "5000"
    assert rules.rulebook.credit_limits[-1].place[:2] == ("rules/own.yaml", 3)
    assert rules.rulebook.credit_limits[0].place.file == "arsync_rulebooks/standard.yaml"
    assert rules.rulebook.files == (
        "rules/own.yaml",
        "arsync_rulebooks/uk-standard.yaml",
        "arsync_rulebooks/standard.yaml",
    )


def test_an_unknown_pack_is_told_with_the_nearest(config: Config) -> None:
    write(config, "rules/own.yaml", PACK.replace("uk-standard", "uk-standart"))
    problems = read_rules(config).problems
    assert "rules/own.yaml:2:10: there is no shipped rulebook 'uk-standart'." in problems[0]
    assert "hint: did you mean 'uk-standard'?" in problems[0]


def test_a_file_extends_another_below_the_folder(config: Config) -> None:
    write(config, "rules/bases/house.yaml", PACK + "name: House\n")
    write(config, "rules/own.yaml", "extends: bases/house.yaml\nsafety: {emails: 1}\n")
    rules = sound(read_rules(config))
    assert rules.rulebook is not None
    assert (rules.rulebook.name, rules.rulebook.safety.emails) == ("House", 1)
    assert "rules/bases/house.yaml" in rules.rulebook.files


def test_nothing_outside_the_rules_folder_is_read(config: Config) -> None:
    write(config, "secret.yaml", PACK)
    write(config, "rules/linked/x.yaml", PACK)
    (config.folder / "rules" / "linked" / "out.yaml").symlink_to(config.folder / "secret.yaml")
    for name in ("../secret.yaml", str(config.folder / "secret.yaml"), "linked/out.yaml"):
        write(config, "rules/own.yaml", f"extends: {name}\n")
        assert "leads out of the rules folder" in read_rules(config).problems[0]
    write(config, "rules/own.yaml", "extends: missing.yaml\n")
    assert "there is no file 'missing.yaml' beside rules/own.yaml" in read_rules(config).problems[0]


def test_packs_extend_packs_and_never_files(config: Config) -> None:
    for name in arsync_rulebooks.names():
        extends = yaml.safe_load(arsync_rulebooks.text(name)).get("extends")
        assert extends is None or extends in arsync_rulebooks.names()


def test_a_connections_folder_changes_what_all_share(config: Config) -> None:
    write(config, "rules/base.yaml", PACK)
    write(
        config,
        "rules/acme/own.yaml",
        "reminders:\n  - name: Standard cadence\n    steps:\n      - {day: -3, remove: true}\n",
    )
    shared, acme = sound(read_rules(config)), sound(read_rules(config, "acme"))
    assert shared.rulebook is not None
    assert acme.rulebook is not None
    days = [
        [step.day for step in rules.rulebook.reminders[-1].steps]
        for rules in (shared, acme)
        if rules.rulebook
    ]
    assert days == [[-3, 1, 14, 30, 45, 60], [1, 14, 30, 45, 60]]
    (difference,) = rulebook_differences(shared.effective, acme.effective)
    assert str(difference) == (
        "reminders 'Standard cadence': day -3 removed: {email: upcoming}  "
        "(arsync_rulebooks/standard.yaml:92)"
    )


def test_a_connection_extending_a_pack_uses_that_alone(config: Config) -> None:
    write(config, "rules/base.yaml", PACK + "safety: {emails: 7}\n")
    write(config, "rules/acme/own.yaml", "extends: us-firm\n")
    rules = sound(read_rules(config, "acme"))
    assert rules.rulebook is not None
    assert (rules.rulebook.currency, rules.rulebook.safety.emails) == ("USD", 1000)
    assert "rules/base.yaml" not in rules.rulebook.files


def test_rates_of_a_file_beside_the_rulebook_count(config: Config) -> None:
    write(config, "rules/base.yaml", PACK)
    rate = "{from: 2027-01-01, rate: 1.25, source: an example}"
    write(config, "rules/statutory_rates.yaml", f"statutory:\n  rates: [{rate}]\n")
    rules = sound(read_rules(config))
    assert rules.rulebook is not None
    law = rules.rulebook.statutory
    assert law is not None
    assert [str(rate.percent) for rate in law.rates[-2:]] == ["3.75", "1.25"]
    assert rules.letters.law == law


@pytest.mark.parametrize("name", arsync_rulebooks.names())
def test_each_pack_shown_reads_back_to_the_same(
    name: str, config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    write(config, "rules/own.yaml", f"version: 1\nextends: {name}\n")
    rules = sound(read_rules(config))
    write(config, "again.yaml", effective_text(rules.effective))
    again = sound(read_paths(config, [config.folder / "again.yaml"]))
    assert rulebook_differences(rules.effective, again.effective) == []
    assert again.rulebook is not None
    assert rules.rulebook is not None
    assert again.rulebook.statutory == rules.rulebook.statutory
    assert [reminder.steps[0].day for reminder in again.rulebook.reminders] == [
        reminder.steps[0].day for reminder in rules.rulebook.reminders
    ]


def run(config: Config, *words: str) -> int:
    return run_cli([*words, "--config", str(config.file)])


def test_init_starts_from_an_unchanged_pack(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new"
    words = ["--rulebook", "au-nz-firm", "--currency", "nzd", "--folder", str(folder)]
    assert run_cli(["init", *words]) == 0
    own = load_config(folder / "config.toml", {})
    rules = sound(read_rules(own))
    assert rules.rulebook is not None
    assert rules.rulebook.currency == "NZD"
    assert rules.rulebook.name == "Australia and New Zealand, firm"
    assert run_cli(["init", "--rulebook", "uk", "--folder", str(tmp_path / "other")]) == 2
    assert "uk-standard" in capsys.readouterr().err


def test_rules_show_prints_each_parts_source_line(
    config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    write(config, "rules/own.yaml", PACK + "safety: {emails: 7}\n")
    assert run(config, "rules", "show") == 0
    shown = capsys.readouterr().out
    assert any(
        line.split() == ["emails:", "7", "#", "rules/own.yaml:3"] for line in shown.splitlines()
    )
    assert yaml.safe_load(shown)["safety"] == {"credit_holds": 20, "emails": 7, "tasks": 200}
    assert run_cli(["rules", "show", str(config.folder / "rules" / "own.yaml")]) == 0
    assert "emails: 7" in capsys.readouterr().out
    write(config, "rules/own.yaml", PACK + "safty: {}\n")
    assert run(config, "rules", "show") == 2
    assert "did you mean 'safety'?" in capsys.readouterr().err


def test_rules_drift_says_when_nothing_is_connected(
    config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    write(config, "rules/own.yaml", PACK)
    assert run(config, "rules", "drift", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_rules_drift_lists_what_each_connection_has_otherwise(
    config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    write(config, "rules/base.yaml", PACK)
    write(config, "rules/acme/own.yaml", "credit_limits: [{name: Everyone else, limit: 1}]\n")
    with App(config) as app:
        for name in ("acme", "other"):
            organisation = Organisation(name, name.title(), "GBP")
            app.store.connections.add(name, platform="xero", organisation=organisation)
    assert run(config, "rules", "drift", "--json") == 0
    (checked,) = json.loads(capsys.readouterr().out)
    assert checked == {
        "connection": "acme",
        "section": "credit_limits",
        "element": "Everyone else",
        "what": "limit 10,000 -> 1",
        "file": "rules/acme/own.yaml",
        "line": 1,
    }
    assert run(config, "rules", "drift") == 0
    shown = capsys.readouterr()
    assert "rules/acme/own.yaml:1" in shown.out
    assert "acme: 1 difference." in shown.err
    assert "other: as shared." in shown.err
    assert run(config, "rules", "show", "--connection", "acme") == 0
    assert "limit: 1 " in capsys.readouterr().out
    write(config, "rules/other/own.yaml", "credit_limit: 1\n")
    assert run(config, "rules", "drift") == 2
    assert "did you mean 'credit_limits'?" in capsys.readouterr().err
