"""`statement`: what a customer owes, as a table, as JSON, of any day."""

from __future__ import annotations

from datetime import timedelta

from arsync_sandbox.server import Sandbox

from .conftest import TODAY, Shell

XERO = ("--connection", "xero")


def test_open_items_are_shown_with_their_sum(shell: Shell) -> None:
    done = shell("statement", "Deep Debt Ltd", *XERO)

    assert (done.code, done.err) == (0, "")
    assert f"Open items on {TODAY}" in done.out
    assert "invoice INV-1" in done.out
    assert "90 days overdue" in done.out
    assert "Balance: GBP 2,100.50\nOverdue: GBP 2,100.50\n" in done.out
    assert "1-30 days GBP 1,200.50, 61-90 days GBP 900.00" in done.out


def test_json_has_each_line_and_age(shell: Shell) -> None:
    shown = shell("statement", "Good Payer", *XERO, "--json").json

    assert (shown["kind"], shown["since"], shown["as_of"]) == ("open items", None, str(TODAY))
    [section] = shown["sections"]
    assert section["closing_balance"] == section["not_due"] == "75.00"
    assert section["ageing"]["current"] == "75.00"
    [line] = section["lines"]
    assert (line["number"], line["days_overdue"], line["amount"]) == ("INV-4", 0, "75.00")


def test_a_past_day_and_an_activity_agree(shell: Shell) -> None:
    day = TODAY - timedelta(60)
    then = shell("statement", "Deep Debt Ltd", *XERO, "--as-of", str(day), "--json").json
    assert [line["number"] for line in then["sections"][0]["lines"]] == ["INV-1"]
    first = str(TODAY - timedelta(59))
    run = shell("statement", "Deep Debt Ltd", *XERO, "--from", first, "--json").json
    [section] = run["sections"]
    assert section["opening_balance"] == then["sections"][0]["closing_balance"] == "900.00"
    assert [(line["number"], line["balance"]) for line in section["lines"]] == [
        ("INV-2", "2100.50")
    ]
    assert "opening balance" in shell("statement", "Deep Debt Ltd", *XERO, "--from", first).out


def test_wrong_days_are_refused_with_a_hint(shell: Shell) -> None:
    tomorrow = str(TODAY + timedelta(1))
    for words, said in (
        (("--as-of", tomorrow), "is still to come"),
        (("--from", tomorrow), "is after the statement's day"),
    ):
        done = shell("statement", "Good Payer", *XERO, *words)
        assert done.code == 2
        assert said in done.err
        assert "hint:" in done.err
    assert shell("statement", "Nobody", *XERO).code == 2


def test_who_owes_nothing_gets_an_empty_statement(shell: Shell) -> None:
    before = str(TODAY - timedelta(390))
    done = shell("statement", "Good Payer", *XERO, "--as-of", before)
    assert "Nothing is open, and no money is in hand." in done.out


def test_it_is_written_as_a_page_and_pdf(shell: Shell) -> None:
    pdf, html = shell.folder / "a.pdf", shell.folder / "a.html"
    words = ("--pdf", str(pdf), "--html", str(html), "--language", "de")
    done = shell("statement", "Deep Debt Ltd", *XERO, *words)

    assert (done.code, done.out) == (0, "")
    assert done.err.count("wrote ") == 2
    assert pdf.read_bytes().startswith(b"%PDF")
    page = html.read_text("utf-8")
    assert 'lang="de"' in page
    assert "2.100,50" in page
    assert "INV-1" in page
    refused = shell("statement", "Deep Debt Ltd", *XERO, "--html", "config.toml")
    assert refused.code == 2
    unknown = shell("statement", "Deep Debt Ltd", *XERO, *words[:2], "--language", "xx")
    assert "no letters in 'xx'" in unknown.err


def test_who_only_observes_sends_nothing(shell: Shell) -> None:
    done = shell("statement", "Deep Debt Ltd", *XERO, "--send")
    assert done.code == 2
    assert "only observes: nothing is sent" in done.err


def test_it_is_sent_once_a_day_by_mail(alone: tuple[Shell, Sandbox]) -> None:
    shell, sandbox = alone
    done = shell("statement", "Deep Debt Ltd", "--send")
    assert done.code == 0
    assert "leaves with the next run" in done.err
    again = shell("statement", "Deep Debt Ltd", "--send")
    assert again.code == 2
    assert "asked for already" in again.err
    assert shell("apply").code == 3, "others wait for approval"
    [listed] = [
        action for action in shell("actions", "--json").json if action["kind"] == "account_letter"
    ]
    assert listed["state"] in {"sent", "confirmed"}
    [mail] = [mail for mail in sandbox.mailbox.emails if "Statement" in mail.subject]
    assert "2,100.50" in mail.text


def test_who_has_no_way_is_told_of_files(alone: tuple[Shell, Sandbox]) -> None:
    shell, _ = alone
    done = shell("statement", "Good Payer", "--send", "--via", "sms")
    assert done.code == 2
    assert "'sms' is not set up" in done.err
    assert "--pdf FILE" in done.err
