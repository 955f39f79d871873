"""`why`, `actions`, `status`, `report`: looking explains, and changes nothing."""

from __future__ import annotations

import csv
import io
import re
import stat
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from arsync.application.organisation.container import Container
from arsync.config import load_config
from arsync.errors import EXIT_MISTAKE
from arsync.store.admin.webhooks import WebhookOutcome
from arsync_sandbox.server import Sandbox

from .conftest import TODAY, Shell, a_key


def test_why_shows_a_customers_facts_and_next_step(shell: Shell) -> None:
    done = shell("why", "Deep Debt Ltd", "--connection", "xero")
    assert done.code == 0
    sections = [
        "To do now",
        "PLACE CREDIT HOLD",
        "Rules read, in order",
        "credit_limits",
        "credit_holds",
        "reminders",
        "Invoices and their next step",
    ]
    positions = [done.out.index(section) for section in sections]
    assert positions == sorted(positions)
    assert "yes     Seriously overdue  rules/little.yaml:10\n" in done.out
    assert "INV-1: GBP 900.00 due, 90 days overdue" in done.out
    assert f"next  first reminder due since {TODAY - timedelta(days=89)}" in done.out


def test_why_shows_an_invoices_first_stop_and_next_date(shell: Shell) -> None:
    shell("promise", "INV-3", f"{TODAY + timedelta(days=9)}", "--connection", "xero")
    shell("dispute", "INV-3", "--reason", "wrong price", "--connection", "xero")
    done = shell("why", "INV-3", "--connection", "xero")
    assert done.out.startswith(f"INV-3, Late & Sons (xero), as of {TODAY}\n  open, due ")
    assert "GBP 250.00 of GBP 250.00 to pay" in done.out
    assert "Not now\n  INV-3: dispute open since" in done.out


def test_why_says_when_an_invoice_falls_due(shell: Shell) -> None:
    done = shell("why", "INV-4", "--connection", "xero")
    assert "Nothing to do now." in done.out
    assert f"next  first reminder on {TODAY + timedelta(days=21)}" in done.out


def test_why_shows_facts_and_events_in_full(alone: tuple[Shell, Sandbox]) -> None:
    shell, _ = alone
    shell("sync")
    brief, full = shell("why", "INV-3").out, shell("why", "INV-3", "--full").out
    assert "So far" in brief
    assert "customer_for_days" not in brief
    assert "customer_for_days" in full
    assert "approved -> sending, by arsync" in full


def test_why_shows_an_actions_reason_and_its_history(
    alone: tuple[Shell, Sandbox],
) -> None:
    shell, _ = alone
    key = a_key(shell, "credit_hold")
    done = shell("why", key[:8])
    assert done.out.startswith("PLACE CREDIT HOLD, Deep Debt Ltd (xero)\n")
    assert f"key   {key}" in done.out
    assert "oldest_days_overdue 90 (at least 60)" in done.out
    assert "planned -> awaiting approval" in done.out
    marked = shell("why", f"[arsync:{key[:16]}]", "--json").json
    assert marked["key"] == key
    assert [event["to"] for event in marked["events"]] == ["planned", "awaiting approval"]


def test_a_reason_from_another_rulebook_shows_no_thresholds(alone: tuple[Shell, Sandbox]) -> None:
    shell, _ = alone
    key = a_key(shell, "credit_hold")
    rulebook = shell.folder / "rules" / "little.yaml"
    rulebook.write_text(rulebook.read_text().replace("at_least: 60", "at_least: 30"))
    text = shell("why", key).out
    reason, _, note = text.partition("The note in the books would say\n")
    assert "oldest_days_overdue 90" in reason
    assert "at least" not in reason, "the rulebook of today does not tell why"
    assert "90 days overdue, 60 allowed" in note.splitlines()[0], "as it was decided"


def test_why_json_has_plan_facts_and_explanation(shell: Shell) -> None:
    customer = shell("why", "INV-1", "--connection", "xero", "--json").json
    assert customer["invoice"]["number"] == "INV-1"
    assert customer["facts"]["oldest_days_overdue"] == 90
    sections = {line["section"] for line in customer["explanation"]}
    assert {"facts", "credit_limits", "credit_holds", "reminders", "next"} <= sections
    assert {"actions", "held_back", "history", "rulebook"} <= set(customer)


@pytest.mark.parametrize(
    ("asked", "hint"),
    [("Deep Det Ltd", "did you mean 'Deep Debt Ltd'?"), ("INV-33", "did you mean 'INV-3'?")],
)
def test_an_unknown_name_is_answered_with_the_nearest(shell: Shell, asked: str, hint: str) -> None:
    done = shell("why", asked, "--connection", "xero")
    assert done.code == 2
    assert done.out == ""
    assert f"there is no contact and no invoice {asked!r}.\n    hint: did" in done.err
    assert hint in done.err


def test_what_stands_in_two_connections_asks_which(shell: Shell) -> None:
    for words in (
        ["why", "INV-1"],
        ["promise", "INV-1", str(TODAY)],
        ["dispute", "INV-1", "--reason", "x"],
    ):
        done = shell(*words)
        assert done.code == 2
        assert done.err == (
            "arsync: INV-1 is in several connections: quickbooks, xero.\n"
            "    hint: choose with --connection\n"
        )


def test_actions_come_newest_first_one_a_line(alone: tuple[Shell, Sandbox]) -> None:
    shell, _ = alone
    assert shell("actions").out == "No actions.\n"
    shell("sync")
    table = shell("actions").out.splitlines()
    assert table[0].split() == [
        "key",
        "changed",
        "connection",
        "customer",
        "action",
        "invoices",
        "state",
        "rulebook",
        "what",
        "happened",
    ]
    rows = shell("actions", "--json").json
    assert len(table) == len(rows) + 2, "a row is never broken in a pipe"
    changed = [row["changed_at"] for row in rows]
    assert changed == sorted(changed, reverse=True)
    assert len(shell("actions", "--json", "--limit", "2").json) == 2
    states = {row["state"] for row in shell("actions", "--json", "--state", "confirmed").json}
    assert states == {"confirmed"}
    assert all(row["kind"] == "task" for row in shell("actions", "--kind", "task", "--json").json)
    assert shell("actions", "--state", "lost").code == 2


def test_status_says_where_things_stand_and_what_to_do(alone: tuple[Shell, Sandbox]) -> None:
    shell, _ = alone
    fresh = shell("status")
    assert fresh.code == 0
    assert "xero (Xero)" in fresh.out
    assert "GBP 2,485.50" in fresh.out
    shell("sync")
    done = shell("status")
    assert done.code == 3
    assert "xero: 1 decision waiting for approval: `arsync approve`" in done.out
    status = shell("status", "--json").json[0]
    assert (status["name"], status["awaiting"], status["totals"]) == ("xero", 1, {"GBP": "2485.50"})


@pytest.mark.parametrize("words", [("status",), ("status", "--all")])
def test_status_says_what_webhooks_brought(
    shell: Shell, words: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Webhooks" not in shell(*words).out, "they are switched off"
    monkeypatch.setenv("ARSYNC_XERO_WEBHOOK_KEY", "signing-key-of-a-test")
    assert "Webhooks of Xero: none has come yet." in shell(*words).out
    with Container(load_config(shell.folder / "config.toml", {})) as container:
        container.store.webhooks.record([], {("xero", WebhookOutcome.EMPTY): 2})
    assert re.search(r"Webhooks of Xero: the last came .* UTC; 2 today\.", shell(*words).out)


def test_status_of_a_broken_rulebook_fails_and_quotes_it(shell: Shell) -> None:
    shell.write("rules/more.yaml", "version: 1\ncadences: []\n")
    done = shell("status")
    assert done.code == 1
    assert "rules/more.yaml:2:1" in done.out


def test_ageing_comes_as_table_csv_json_and_page(shell: Shell) -> None:
    table = shell("report", "ageing", "--connection", "xero").out
    assert "Deep Debt Ltd" in table
    assert "2,100.50" in table
    rows = list(csv.DictReader(io.StringIO(shell("report", "ageing", "--format", "csv").out)))
    assert sum(Decimal(row["total"]) for row in rows) == 2 * Decimal("2485.50")
    as_json = shell("report", "ageing", "--json").json
    assert [connection["connection"] for connection in as_json] == ["quickbooks", "xero"]
    assert as_json == shell("report", "ageing", "--format", "json").json
    page = shell("report", "ageing", "--format", "html").out
    assert page.startswith("<!doctype html>")
    assert "http" not in page.replace("http://www.w3.org/", ""), "the page needs nothing else"
    assert "[red] Shoes" in page


def test_ageing_of_a_past_day_is_as_it_stood(shell: Shell) -> None:
    day = str(TODAY - timedelta(days=100))
    done = shell("report", "ageing", "--connection", "xero", "--as-of", day, "--json").json
    assert done[0]["as_of"] == day
    assert [row["contact"] for row in done[0]["rows"]] == ["Deep Debt Ltd"]


def test_a_report_is_written_to_file_or_explains_failure(shell: Shell) -> None:
    done = shell("report", "ageing", "--format", "csv", "--output", "a.csv")
    assert (done.code, done.out, done.err) == (0, "", "wrote a.csv (2 connections)\n")
    assert (shell.folder / "a.csv").stat().st_mode & stat.S_IRUSR
    refused = shell("report", "ageing", "--format", "csv", "--output", "no/such/a.csv")
    assert (refused.code, refused.err) == (2, "arsync: no/such/a.csv: No such file or directory.\n")
    assert "--output needs --format" in shell("report", "ageing", "--output", "a.txt").err


def test_an_ambiguous_name_lists_its_matches(shell: Shell) -> None:
    done = shell("why", "late", "--connection", "xero")
    assert done.code == 2
    assert done.err == (
        "arsync: there is no contact and no invoice 'late'.\n"
        "    hint: did you mean 'Late & Sons'?\n"
    )
    assert "hint: did you mean 'INV-1', 'INV-2', " in shell("promise", "inv", f"{TODAY}").err


def test_status_shows_organisation_time_and_last_active_run(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARSYNC_RUNS_TIME_ZONE", "Asia/Kolkata")
    shell("approve")  # plans, which is a run that nobody has to know of
    (xero,) = shell("status", "--connection", "xero", "--json").json
    pulled = datetime.fromisoformat(xero["pulled_at"]).astimezone(ZoneInfo("Asia/Kolkata"))
    screen = shell("status", "--connection", "xero").out
    assert f"{pulled:%Y-%m-%d %H:%M} IST" in screen
    assert f"pull {xero['last_run']}: done" in screen


def test_the_total_ties_out_with_both_platforms(shell: Shell) -> None:
    done = shell("report", "tie-out")
    assert done.code == 0
    assert "xero, as of" in done.out
    assert "tie-out GBP: GBP 2,485.50; Xero has GBP 2,485.50: they tie" in done.out
    assert "QuickBooks Online has GBP 2,485.50: they tie" in done.out
    for ledger in shell("report", "tie-out", "--json").json:
        (row,) = ledger["currencies"]
        assert (row["our_total"], row["difference"]) == ("2485.500000", "0.000000")
        assert row["ties"] is True
        assert ledger["definitions"]["platform_total"]["source"] == "the platform"
    assert shell("report", "tie-out", "--as-of", str(TODAY)).out == done.out
    yesterday = shell("report", "tie-out", "--as-of", str(TODAY - timedelta(days=1)))
    assert yesterday.code == 2
    assert "tells its balances of today alone" in yesterday.err
    rows = list(csv.DictReader(io.StringIO(shell("report", "tie-out", "--format", "csv").out)))
    assert [(row["connection"], row["contact"], row["platform_total"]) for row in rows] == [
        ("quickbooks", "Total", "2485.50"),
        ("xero", "Total", "2485.50"),
    ]
    assert shell("report", "tie-out", "--explain").out == done.out, "nothing is to be traced"
    assert "GBP 2,485.50: they tie</li>" in shell("report", "tie-out", "--format", "html").out
    assert "they tie" in shell("report", "ageing").out
    past = shell("report", "ageing", "--as-of", str(TODAY - timedelta(days=9)))
    assert "not tied out: the platform's own balances are known of today alone" in past.out
    wrote = shell("report", "tie-out", "--format", "csv", "--output", "t.csv")
    assert wrote.err == "wrote t.csv (2 connections)\n"


@pytest.mark.parametrize(
    "command",
    [("report", "ageing", "--format", "csv", "--output"), ("rules", "simulate", "--html")],
    ids=lambda words: words[-1],
)
def test_a_report_replaces_nothing_that_arsync_needs(
    shell: Shell, command: tuple[str, ...]
) -> None:
    assert shell("backup", "kept.db").code == 0
    (shell.folder / "link.csv").symlink_to("arsync.db")
    (shell.folder / "arsync.db-lock-run-9").touch()
    shell.write("connections/xero.toml", "")
    files = [shell.folder / name for name in _KEPT]
    before = [file.read_bytes() for file in files]
    for file in files:
        result = shell(*command, str(file.relative_to(shell.folder)))
        assert result.code == EXIT_MISTAKE, file
        assert "nothing is written over it" in result.err
    assert [file.read_bytes() for file in files] == before
    # An earlier report is replaced.
    for _ in range(2):
        assert shell(*command, "report.csv").code == 0


_KEPT = (
    "arsync.db",
    "arsync.db-lock-run-9",
    "config.toml",
    "connections/xero.toml",
    "arsync.key",
    "rules/little.yaml",
    "kept.db",
    "link.csv",
)
