"""Every slip of a user's own text is told, with its line and with what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from arsync.mail import Letters, languages, sample_context
from arsync.mail.text_checks import SLIPS_MAX


def problems(tmp_path: Path, text: str, file: str = "nudge.txt") -> list[tuple[int, str, str]]:
    place = tmp_path / "templates" / file
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")
    letters = Letters(tmp_path)
    assert {problem.file for problem in letters.problems} <= {str(place)}
    return [(problem.line, problem.message, problem.hint) for problem in letters.problems]


def test_all_slips_of_a_text_are_told_at_once(tmp_path: Path) -> None:
    text = (
        "Subject: Invoices - {{ organisation.nam }}\n"
        "\n"
        "Dear {{ customer.firstname }},\n"
        "{% for invoice in invoices %}\n"
        "{{ invoice.nmuber }} {{ invoice.due_date|uper }}\n"
        "{% endfor %}\n"
        "{{ customer_name }} {{ invoices[0].numbr }} {% include 'invoice.txt' %}\n"
    )
    assert problems(tmp_path, text) == [
        (1, "there is no 'organisation.nam' in a letter.", "did you mean organisation.name?"),
        (3, "there is no 'customer.firstname' in a letter.", "did you mean customer.first_name?"),
        (5, "No filter named 'uper'.", "did you mean 'upper'?"),
        (5, "there is no 'invoice.nmuber' in a letter.", "did you mean invoice.number?"),
        (7, "there is no 'customer_name' in a letter.", "did you mean customer.name?"),
        (7, "there is no 'invoices[0].numbr' in a letter.", "did you mean invoices[0].number?"),
        (7, "there is no text 'invoice.txt' to include.", "did you mean 'invoices.txt'?"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        "{% for invoice in invoices|sort %}{{ loop.index }} {{ invoice.number }}{% endfor %}",
        "{% for s in statement.sections %}{{ s.ageing|length }}{{ s.lines[0].kind }}{% endfor %}",
        "{{ nickname|default('friend') }}{% if nickname is defined %}!{% endif %}",
        "{{ customer['name'] }} {{ (totals|first)|upper }} {{ invoices|length + more_invoices }}",
        "{% for amount in instalment_totals %}{{ amount }}{% endfor %}",
        "{% if statutory %}{{ statutory.law }}{% endif %}{{ words.regards }}",
    ],
)
def test_a_right_text_has_no_slips(tmp_path: Path, body: str) -> None:
    assert problems(tmp_path, f"Subject: x\n\n{body}\n") == []


def test_a_value_of_another_list_is_a_slip(tmp_path: Path) -> None:
    text = "Subject: x\n{% for credit in credits %}{{ credit.due_date }}{% endfor %}\n"
    ((line, message, hint),) = problems(tmp_path, text)
    assert (line, message) == (2, "there is no 'credit.due_date' in a letter.")
    assert hint == "did you mean credit.date?"


def test_a_text_asks_whether_there_is_an_account(tmp_path: Path) -> None:
    ((line, message, hint),) = problems(tmp_path, "Subject: x\n\nPay to {{ bank.iban }}.\n")
    assert (line, hint) == (3, "write {% if bank %} ... {% endif %}")
    assert "names no bank account" in message
    guarded = "Subject: x\n\n{% if bank %}Pay to {{ bank.iban }}.{% endif %}\n"
    assert problems(tmp_path, guarded) == []


def test_a_flood_of_slips_is_cut(tmp_path: Path) -> None:
    body = "\n".join(f"{{{{ nothing{number} }}}}" for number in range(60))
    assert len(problems(tmp_path, f"Subject: x\n{body}\n")) == SLIPS_MAX


OWN = """{% extends layout %}
{% block subject %}
A word about {{ invoice_numbers }}
{% endblock %}
{% block opening %}
Only this & that.
{% endblock %}
{% block closing %}
Please pay {{ total }}.
{% endblock %}
"""


def test_an_own_text_with_blocks_keeps_the_layout(tmp_path: Path) -> None:
    assert problems(tmp_path, OWN, "gentle nudge.letter") == []
    letters = Letters(tmp_path)
    assert "gentle nudge" in letters.names
    assert letters.shown_as("gentle nudge").endswith("gentle nudge.letter")
    letter = letters.render("gentle nudge", sample_context(letters.language))
    assert letter.subject == "A word about INV-1, INV-2"
    assert "Dear Jane Hill,\n\nOnly this & that.\n" in letter.text
    assert "GB29 NWBK" in letter.text
    assert letter.drawn == ("invoices", "payment")
    assert letter.opening == "Only this & that."


def test_an_own_text_with_blocks_replaces_a_shipped_one(tmp_path: Path) -> None:
    problems(tmp_path, OWN, "final notice.letter")
    letters = Letters(tmp_path)
    assert letters.render("final notice", sample_context(letters.language)).opening == (
        "Only this & that."
    )
    assert letters.wording("final notice") != Letters().wording("final notice")


@pytest.mark.parametrize("code", languages())
def test_each_shipped_text_is_a_beginning_of_ones_own(tmp_path: Path, code: str) -> None:
    folder = Path(__file__).parents[2] / "src/arsync/templates" / code
    own = tmp_path / "templates" / code
    own.mkdir(parents=True)
    for file in folder.glob("*.letter"):
        (own / file.name).write_bytes(file.read_bytes())
    letters = Letters(tmp_path, code)
    assert letters.problems == []
    sample = sample_context(letters.language)
    for name in letters.names:
        assert letters.render(name, sample) == Letters(code=code).render(name, sample)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("Please pay.\n", 1, "the first line must be {% extends layout %}."),
        (OWN.replace("block opening", "block openning"), 5, "no block 'openning'"),
        (OWN.replace("subject", "closing2"), 1, "there is no subject."),
        (OWN + "\nBest wishes\n", 12, "outside of the blocks"),
        (OWN.replace("total", "totla"), 9, "no 'totla'"),
    ],
)
def test_slips_of_a_text_with_blocks_are_told(
    tmp_path: Path, text: str, line: int, message: str
) -> None:
    told_of = [(line, message) for line, message, _ in problems(tmp_path, text, "nudge.letter")]
    assert any(at == line and message in words for at, words in told_of), told_of


def test_two_files_of_one_text_are_told(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "nudge.letter").write_text(OWN, encoding="utf-8")
    (tmp_path / "templates" / "nudge.txt").write_text("Subject: x\n\ny\n", encoding="utf-8")
    (tmp_path / "templates" / "Final_Notice.txt").write_text("Subject: x\n\ny\n", encoding="utf-8")
    (tmp_path / "templates" / "final notice.txt").write_text("Subject: x\n\ny\n", encoding="utf-8")
    messages = [problem.message for problem in Letters(tmp_path).problems]
    assert messages == [
        "is the same text as Final_Notice.txt: only one of them could be sent.",
        "is the same text as nudge.txt: only one of them could be sent.",
    ]


def test_a_connections_text_replaces_every_form_of_the_shared(tmp_path: Path) -> None:
    shared, own = tmp_path / "templates", tmp_path / "client" / "templates"
    for place in (shared, own):
        place.mkdir(parents=True)
    (shared / "nudge.txt").write_text("Subject: x\n\nshared\n", encoding="utf-8")
    (shared / "nudge.html").write_text("<p>shared</p>", encoding="utf-8")
    (own / "nudge.letter").write_text(OWN, encoding="utf-8")
    letters = Letters([tmp_path, tmp_path / "client"])
    assert letters.problems == []
    letter = letters.render("nudge", sample_context(letters.language))
    assert "shared" not in letter.text + letter.html
