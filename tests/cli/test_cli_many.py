"""Many connections at the command line: chosen by name and pattern, summarised, changed at once."""

from __future__ import annotations

import pytest
from tests.builders.driver import App

from arsync.config import load_config

from .conftest import Shell

CLIENTS = tuple(f"client-{number:02}" for number in range(1, 7))


@pytest.fixture
def practice(shell: Shell) -> Shell:
    """Return the two connected ledgers, and six more that nobody has read yet."""
    with App(load_config(shell.folder / "config.toml")) as app:
        connections = app.store.connections
        organisation = connections.get("xero").organisation
        for number, name in enumerate(CLIENTS):
            connections.add(
                name,
                platform="xero",
                organisation=organisation._replace(id=f"other-{number}", name=f"Client {number}"),
                mode="observe",
                grant_id=None,
            )
    return shell


def names(shell: Shell, *words: str) -> list[str]:
    return [row["name"] for row in shell("status", *words, "--json").json]


def test_several_connections_are_chosen_by_name_and_pattern(practice: Shell) -> None:
    chosen = ("--connection", "quickbooks", "--connection", "client-0[12]")
    assert names(practice, *chosen) == ["client-01", "client-02", "quickbooks"]
    assert names(practice, "--connection", "client-*") == list(CLIENTS)
    twice = ("--connection", "xero", "--connection", "x*")
    assert names(practice, *twice) == ["xero"]
    plans = practice("plan", "--connection", "xero", "--connection", "quickbooks", "--json").json
    assert [plan["connection"] for plan in plans] == ["quickbooks", "xero"]


def test_a_pattern_that_fits_nothing_is_refused(practice: Shell) -> None:
    done = practice("status", "--connection", "clint-*")
    assert done.code == 2
    assert "no connection fits 'clint-*'. There are: client-01, client-02" in done.err


def test_what_takes_one_connection_refuses_two(practice: Shell) -> None:
    done = practice("rules", "show", "--connection", "xero", "--connection", "quickbooks")
    assert done.code == 2
    assert "give one connection: xero or quickbooks." in done.err


def test_status_of_many_shows_who_needs_a_person(practice: Shell) -> None:
    done = practice("status")
    first, second, third, *rest = done.out.splitlines()
    assert first == "8 connections: 6 have odd data, 2 all well."
    assert second == (
        "None is late. 0 unknown outcomes, 0 decisions waiting for approval, 0 open tasks."
    )
    assert third == "Owed: GBP 4,971.00."
    assert not [line for line in rest if line.startswith(("  xero", "  quickbooks"))]
    assert "  client-01  nothing was pulled yet: arsync pull" in rest
    full = practice("status", "--all", "--full").out.splitlines()
    assert [line for line in full if line.startswith("  xero")] == ["  xero        GBP 2,485.50"]


def test_status_of_few_becomes_lines_when_asked(practice: Shell) -> None:
    done = practice("status", "--all", "--connection", "client-0[12]")
    assert done.out.startswith("2 connections: 2 have odd data, 0 all well.\n")
    whole = practice("status", "--all", "--connection", "x*", "--json").json
    assert whole["totals"]["owed"] == {"GBP": "2485.50"}
    assert [line["name"] for line in whole["connections"]] == ["xero"]
    wrong = practice("status", "--full")
    assert wrong.code == 2
    assert "--full belongs to --all" in wrong.err


def test_plans_of_many_begin_with_their_totals(practice: Shell) -> None:
    done = practice("plan")
    assert done.out.splitlines()[0].startswith("8 connections: ")
    assert "EMAIL INVOICE" not in done.out
    assert "`arsync plan --connection NAME` shows one plan in full" in done.err
    assert "EMAIL INVOICE" in practice("plan", "--all").out


def test_doctor_hides_what_is_in_order_among_many(practice: Shell) -> None:
    done = practice("doctor")
    assert not [line for line in done.out.splitlines() if line.startswith("ok ")]
    assert (
        "WRONG  6 connections: not authorised. Run: arsync connect xero"
        " (client-01, client-02, client-03, client-04, client-05 and 1 more)"
    ) in done.out.splitlines()
    assert "problems found" in done.err
    whole = practice("doctor", "--full", "--connection", "xero")
    assert [line for line in whole.out.splitlines() if line.startswith("ok ")]
    assert "client-01" not in whole.out
    groups = practice("doctor", "--all", "--connection", "client-0[12]", "--json").json["groups"]
    assert ["client-01", "client-02"] in [group["connections"] for group in groups]
    assert practice("doctor", "--all", "--full").code == 2


def test_drift_of_many_lists_only_what_differs(practice: Shell) -> None:
    practice.write("rules/client-02/limits.yaml", "credit_limits: [{name: Everyone, limit: 1}]\n")
    done = practice("rules", "drift")
    assert done.out.splitlines()[0] == "8 connections: 1 differs, 7 as shared."
    assert "client-02: " in done.err
    assert "client-03: " not in done.err


def test_many_change_their_mode_at_once(practice: Shell) -> None:
    refused = practice("connections", "client-*", "--mode", "approve")
    assert refused.code != 0
    assert "Change 6 connections?" in refused.err
    done = practice("connections", "client-*", "--mode", "approve", "--yes")
    assert done.code == 0
    assert done.err.count("only look (observe) -> ask first (approve)") == 6
    modes = {row["name"]: row["mode"] for row in practice("connections", "--json").json}
    assert {modes[name] for name in CLIENTS} == {"approve"}


def test_a_script_says_that_it_means_many(practice: Shell) -> None:
    with App(load_config(practice.folder / "config.toml")) as app:
        organisation = app.store.connections.get("xero").organisation
        for number in range(4):
            books = organisation._replace(id=f"more-{number}")
            app.store.connections.add(f"more-{number}", platform="xero", organisation=books)
    refused = practice("connections", "*", "--pause", "--why", "year end")
    assert refused.code == 2
    assert "client-01: paused: year end." in refused.err
    assert "this would change 12 connections; say --yes" in refused.err
    assert practice("connections", "*", "--pause", "--why", "year end", "--yes").code == 0
    paused = [row["paused"] for row in practice("connections", "--json").json]
    assert [pause["why"] for pause in paused] == ["year end"] * 12


def test_labels_group_connections_for_every_command(practice: Shell) -> None:
    done = practice("connections", "client-0[12]", "xero", "--add-label", "Retail", "--yes")
    assert done.err.count("labelled Retail") == 3
    assert names(practice, "--label", "retail") == ["client-01", "client-02", "xero"]
    assert names(practice, "--label", "retail", "--connection", "c*") == ["client-01", "client-02"]
    plan = practice("plan", "--label", "Retail", "--connection", "xero", "--json").json
    assert plan["connection"] == "xero"
    practice("connections", "--label", "Retail", "--remove-label", "Retail", "--yes")
    assert practice("status", "--label", "Retail").code == 2


def test_a_paused_connection_is_named_to_run(practice: Shell) -> None:
    practice("connections", "xero", "--pause", "--why", "moves to a new bank")
    listed = practice("connections").out
    assert "connected, paused" in listed
    assert "  xero: paused since " in listed
    assert "moves to a new bank" in practice("status", "--connection", "xero").out
    all_of_them = practice("pull")
    assert "xero is left alone: paused since" in all_of_them.err
    done = practice("pull", "--connection", "xero")
    assert "xero runs because you named it" in done.err
    assert done.code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--pause", "--resume"), "contradict each other"),
        (("--why", "holiday"), "--pause --why TEXT"),
        (("--pause",), "a pause needs its reason"),
        (("--add-label", "a,b"), "is no label"),
    ],
)
def test_changes_that_mean_nothing_are_refused(
    shell: Shell, words: tuple[str, ...], message: str
) -> None:
    refused = shell("connections", "xero", *words)
    assert refused.code == 2
    assert message in refused.err


def test_a_task_is_not_done_without_an_outcome(practice: Shell) -> None:
    done = practice("done", "abcd", "--outcome", " ")
    assert done.code == 2
    assert "a task needs an outcome" in done.err
