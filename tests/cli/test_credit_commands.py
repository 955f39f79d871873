"""`credit`: from the application to the decision, and what a wrong word leads to."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Shell

CONNECTION = ("--connection", "xero")


def test_an_application_is_recorded_completed_and_decided(shell: Shell, tmp_path: Path) -> None:
    customer = shell("plan", *CONNECTION, "--json").json["actions"][0]["contact"]["name"]
    signed = tmp_path / "terms.pdf"
    signed.write_bytes(b"%PDF")
    made = shell(
        *("credit", "apply", customer, *CONNECTION, "--limit", "4000", "--terms", "30 days"),
        *("--registration", "00445790", "--signed", str(signed), "--version", "2026", "--json"),
    )
    assert made.code == 0, made.err
    number = str(made.json["number"])
    changed = shell("credit", "apply", number, *CONNECTION, "--vat", "GB1")
    assert f"Application {number} of {customer} is recorded." in changed.err
    asked = shell("credit", "reference", number, "Acme Ltd", "--email", "a@acme.example")
    assert f"The trade reference Acme Ltd of application {number} is recorded." in asked.err
    answered = shell("credit", "reference", number, "Acme Ltd", "--answer", "good")
    assert "answered: good" in answered.err
    bank = shell("credit", "reference", number, "First Bank", "--bank", "--json").json
    assert (bank["kind"], bank["answer"]) == ("bank", None)
    by_hand = shell("credit", "data", number, "score=82", "--source", "Bureau")
    assert "1 new value" in by_hand.err
    file = tmp_path / "bureau.csv"
    file.write_text(f"application,rating\n{number},B\n")
    assert "1 new value" in shell("credit", "data", "--csv", str(file), "--source", "B").err
    shown = shell("credit", "show", number).out
    for words in (
        "score: 82 (Bureau, ",
        "trade reference: Acme Ltd: good",
        "terms of trade: terms.pdf, signed on",
        "a person is asked: the rulebook has no acceptance",
    ):
        assert words in shown
    assert shell("credit", "show", number, "--why", "--json").json["rules"] == []
    assert shell("credit", "decide", number).code == 2
    done = shell(
        *("credit", "decide", number, "--accept", "--limit", "2500", "--review-on", "2099-01-31")
    )
    assert "accepted, limit GBP 2,500.00. To be reviewed on 2099-01-31." in done.err, done.err
    (view,) = shell("credit", "list", "--state", "accepted", "--json").json
    assert (view["applicant"], view["decisions"][0]["limit"]) == (customer, "2500.00")
    assert customer in shell("credit", "list").out
    assert "is taken back" in shell("credit", "decide", number, "--take-back", "--reason", "x").err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["apply", "Nobody Ltd"], "to which connection does Nobody Ltd apply"),
        (["show", "99"], "there is no application 99"),
        (["data", "--source", "B"], "say whose data it is"),
        (["data", "1", "score", "--source", "B"], "'score' is no value"),
        (["decides", "1"], "decide"),
    ],
)
def test_a_wrong_word_is_one_clear_message(shell: Shell, words: list[str], message: str) -> None:
    done = shell("credit", *words)
    assert (done.code, message in done.err) == (2, True), done.err


def test_a_reference_is_asked_and_taken_back(shell: Shell) -> None:
    made = shell("credit", "apply", "Nova Ltd", *CONNECTION, "--limit", "4000", "--json")
    number, who = str(made.json["number"]), "Acme Ltd"
    shell("credit", "reference", number, who, "--email", "a@acme.example")
    refused = shell("credit", "ask", number, who)
    assert (refused.code, "--consented-on" in refused.err) == (2, True)
    shell("credit", "apply", number, *CONNECTION, "--consented-on", "2020-01-31")
    refused = shell("credit", "ask", number, who)
    assert refused.code == 2
    assert "only observes" in refused.err or "[smtp] is not set up" in refused.err
    said = (
        "--answer",
        "good",
        "--known-for",
        "6 years",
        "--limit-granted",
        "900",
        "--pays",
        "late",
    )
    shell("credit", "reference", number, who, *said)
    assert "good, answered on" in shell("credit", "show", number).out
    assert "has known it for 6 years, grants GBP 900.00" in shell("credit", "show", number).out
    back = shell("credit", "reference", number, who, "--take-back")
    assert f"{who}: the answer is taken back." in back.err
    assert f"{who}: not answered yet" in shell("credit", "show", number, "--why").out


def test_terms_are_reported_in_every_form(shell: Shell) -> None:
    shown = shell("report", "terms", *CONNECTION)
    assert "the rulebook has no terms to compare with" in shown.out
    page = shell("report", "terms", *CONNECTION, "--format", "html").out
    assert "the rulebook has no terms to compare with" in page
    assert shell("report", "terms", *CONNECTION, "--json").json[0]["has_policy"] is False
    assert shell("report", "terms", *CONNECTION, "--format", "csv").out.startswith("connection,")
