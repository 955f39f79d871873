"""`rules new`: whatever is answered, the rulebook it writes is sound."""

from __future__ import annotations

import io
import itertools
from typing import Any

import pytest
from tests.builders.rulebooks import a_rulebook

from arsync.core.rulebook import read_rulebook, rulebook_warnings
from arsync.core.rulebook.model import MESSAGE_STEPS
from arsync.core.rulebook.starter import APPROVALS, DAYS, LETTERS, TONES, Answers, starter_rulebook
from arsync.core.trials.scenario import judge, play, read_scenarios
from arsync.core.trials.scenario.scenario_starter import first_scenarios
from arsync.mail import TEXT_NAMES
from arsync.rules_source.folder import holidays_in


@pytest.mark.parametrize(
    ("tone", "approval", "days", "letters"),
    list(itertools.product(TONES, APPROVALS, DAYS, LETTERS)),
)
def test_every_answer_gives_a_rulebook_without_problem_or_warning(
    tone: str, approval: str, days: str, letters: str
) -> None:
    text = starter_rulebook(Answers("EUR", tone, 9, days, approval, "DE", letters=letters))
    rulebook = a_rulebook(text, "r.yaml", texts=TEXT_NAMES)
    assert rulebook_warnings(rulebook) == []
    late = [step.day for step in rulebook.reminders[2].steps if step.day > 0]
    assert late[0] == 9
    messages = [step for step in rulebook.reminders[2].steps if step.kind in MESSAGE_STEPS]
    asks = [step.approval.required for step in messages]
    assert {"nothing": not any(asks), "everything": all(asks)}.get(approval, asks.count(True) == 1)
    assert rulebook.currency == "EUR"
    assert rulebook.sending.holidays == "DE"


def test_a_new_rulebook_passes_check_and_is_never_overwritten(empty: Any) -> None:
    written = empty("rules", "new", "mine.yaml", "--defaults", "--country", "au")
    assert written.code == 0
    assert "the public holidays of AU differ by region" in written.err
    assert "currency: AUD" in (empty.folder / "mine.yaml").read_text("utf-8")
    result = empty("rules", "check", "mine.yaml")
    assert (result.code, result.err) == (0, "Our credit control: no mistakes. 1 warning.\n")
    again = empty("rules", "new", "mine.yaml", "--defaults")
    assert again.code == 2
    assert "already exists" in again.err


def test_questions_are_asked_for_what_was_not_given(
    empty: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("ie\n\nfirm\n4\n\nnothing\npost\nnone\n"))
    result = empty("rules", "new", "mine.yaml", "--name", "Ours")
    assert result.code == 0, result.err
    assert result.out == ""
    text = (empty.folder / "mine.yaml").read_text("utf-8")
    assert "currency: EUR" in text
    assert "{day: 4, email: first reminder}" in text
    assert "name: Ours" in text
    assert "holidays:" not in text
    assert "letter: final notice, via: post" in text
    assert "which a person prints and posts" in result.err


@pytest.mark.parametrize(
    ("letters", "line"),
    [
        ("accounting system", "{day: 30, email: final notice, via: smtp, approval: required}"),
        ("own mail server", "{day: 30, email: final notice, approval: required}"),
        ("post", "{day: 30, letter: final notice, via: post, approval: required}"),
    ],
)
def test_how_letters_leave_is_written_down(letters: str, line: str) -> None:
    text = starter_rulebook(Answers(letters=letters))
    assert line in text
    sending = a_rulebook(text, "r.yaml", texts=TEXT_NAMES).sending
    assert sending.via == ("smtp" if letters == "own mail server" else "accounting system")
    assert bool(sending.attach) is (letters == "own mail server")


@pytest.mark.parametrize(
    ("tone", "approval", "first_day", "letters"),
    list(itertools.product(TONES, APPROVALS, (None, 90), LETTERS)),
)
def test_every_answer_gives_first_scenarios_that_the_rulebook_passes(
    tone: str, approval: str, first_day: int | None, letters: str
) -> None:
    answers = Answers("EUR", tone, first_day, DAYS[2], approval, "DE", letters=letters)
    text = starter_rulebook(answers)
    rulebook, _ = read_rulebook([("r.yaml", text)], texts=TEXT_NAMES)
    assert rulebook is not None
    scenarios = first_scenarios(rulebook, file="s.yaml", path="../r.yaml", holidays=holidays_in)
    read, problems = read_scenarios("s.yaml", scenarios)
    assert read is not None, problems
    assert (len(read.scenarios), read.rulebook) == (4, "../r.yaml")
    verdicts = [
        judge(play(scenario, rulebook, holidays=holidays_in)) for scenario in read.scenarios
    ]
    assert all(verdict.passed for verdict in verdicts)
    (nobody_pays, *_) = read.scenarios
    assert nobody_pays.expected, "there is something to see"


def test_a_new_rulebook_comes_with_passing_explained_scenarios(empty: Any) -> None:
    assert empty("rules", "new", "rules/mine.yaml", "--defaults").code == 2  # no such folder
    (empty.folder / "rules").mkdir()
    done = empty("rules", "new", "rules/mine.yaml", "--defaults", "--json")
    assert done.json["wrote"][0] == "rules/mine.yaml"
    assert "Next: arsync rules check rules/mine.yaml, and: arsync rules test rules/scen" in done.err
    text = (empty.folder / "rules/scenarios/mine.yaml").read_text("utf-8")
    assert "  # The customer never pays: each step follows" in text
    assert "      day 5: email first reminder for INV-1\n" in text
    played = empty("rules", "test", "rules/scenarios/mine.yaml")
    assert played.code == 0, played.out
    assert empty("rules", "test", "rules").code == 0
    # and an edit of the rulebook shows in them
    edited = (empty.folder / "rules/mine.yaml").read_text("utf-8").replace("day: 14", "day: 21")
    empty.write("rules/mine.yaml", edited)
    assert empty("rules", "test", "rules/scenarios/mine.yaml").code == 1


def test_scenarios_that_are_there_already_are_left_alone(empty: Any) -> None:
    empty.write("scenarios/mine.yaml", "# mine\n")
    done = empty("rules", "new", "mine.yaml", "--defaults")
    assert done.code == 0
    assert "already exists and was left unchanged" in done.err
    assert (empty.folder / "scenarios/mine.yaml").read_text("utf-8") == "# mine\n"


@pytest.mark.parametrize(
    ("country", "currency", "holidays"),
    [
        ("UK", "GBP", "GB-ENG"),
        ("uk", "GBP", "GB-ENG"),
        ("GB", "GBP", "GB-ENG"),
        ("SE", "SEK", "SE"),
        ("JP", "JPY", "JP"),
        ("US", "USD", "US"),
    ],
)
def test_a_country_suggests_its_own_currency_and_holidays(
    empty: Any, country: str, currency: str, holidays: str
) -> None:
    assert empty("rules", "new", "mine.yaml", "--defaults", "--country", country).code == 0
    text = (empty.folder / "mine.yaml").read_text("utf-8")
    assert f"currency: {currency} " in text
    assert f"holidays: {holidays} " in text


def test_a_wrong_answer_is_asked_for_again(empty: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = "Britain\nuk\nGB\npounds\n\nfirm\n4\n\nnothing\n\nLondon\nGB-SCT\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(answers))
    result = empty("rules", "new", "mine.yaml")
    assert result.code == 0, result.err
    for wrong in ("'Britain' is not a country", "'GB' is not a currency", "'LONDON'"):
        assert wrong in result.err
    text = (empty.folder / "mine.yaml").read_text("utf-8")
    assert "currency: GBP" in text
    assert "holidays: GB-SCT" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--country", "Britain"), "is not a country"),
        (("--currency", "pounds"), "it must be three capital letters"),
        (("--holidays", "XX"), "no holidays are known for 'XX'"),
        (("--name", "a\nb"), "mine.yaml:"),
    ],
)
def test_an_answer_that_makes_no_sense_writes_nothing(
    empty: Any, words: tuple[str, ...], said: str
) -> None:
    result = empty("rules", "new", "mine.yaml", "--defaults", *words)
    assert result.code == 2
    assert said in result.err
    assert not (empty.folder / "mine.yaml").exists()
