"""Letters: clear texts, clean of what comes from outside, and templates that can only show."""

from __future__ import annotations

import html
import tracemalloc
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.builders.actions import an_action, refs_to
from tests.builders.drawn_ledgers import ledgers
from tests.builders.records import a_contact, a_credit, a_debtor, a_payment, an_invoice
from tests.core.conftest import Desk

from arsync.core.actions import Action, PlanNotice, ReminderPayload
from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.agreements.dispute_reasons import reason_word
from arsync.core.ledger.records import (
    Account,
    Allocation,
    Dispute,
    Instalment,
    Invoice,
    Organisation,
    PaymentPlan,
    Promise,
)
from arsync.core.ledger.unapplied_cash import UnappliedCash
from arsync.errors import UserMistake
from arsync.mail import (
    INVOICES_PER_LETTER_MAX,
    TEXT_NAMES,
    Letters,
    known_texts,
    language,
    languages,
    letter_context,
    sample_context,
)
from arsync.mail.language import TEMPLATE_CHARACTERS_MAX
from arsync.mail.sandboxed import OUTPUT_CHARACTERS_MAX
from arsync.mail.text_names import PLAN_TEXT_NAMES, SHIPPED_NAMES

TODAY = date(2026, 11, 22)
US = Organisation("o1", "Example Ltd", "GBP")


NESTED = (
    "{% for a in invoices %}{% for b in invoices %}{% for c in invoices %}"
    "{% endfor %}{% endfor %}{% endfor %}"
)


def billed(number: int, *, currency: str = "GBP", amount: str = "1940") -> Invoice:
    return an_invoice(
        f"i{number}",
        issued_on=date(2026, 10, 9),
        due_on=date(2026, 11, 8),
        currency=currency,
        total=amount,
        link=f"https://in.example/{number}",
    )


def a_case(*invoices: Invoice, name: str = "Acme Ltd") -> tuple[Action, Account]:
    action = an_action(
        connection="books", contact_name=name, step="second reminder", invoices=refs_to(*invoices)
    )
    contact = a_contact(name=name, email="jane@acme.example")
    return action, a_debtor(*invoices, contacts=(contact,))


def own_text(tmp_path: Path, name: str, text: str) -> Letters:
    (tmp_path / "templates").mkdir(exist_ok=True)
    (tmp_path / "templates" / name).write_text(text, encoding="utf-8")
    return Letters(tmp_path)


@pytest.mark.parametrize("name", TEXT_NAMES)
def test_each_shipped_text_says_the_debt_and_its_age(name: str) -> None:
    letters = Letters()
    case = a_case(billed(1))
    letter = letters.render(name, letter_context(*case, US, TODAY, spoken=letters.language))
    assert "Example Ltd" in letter.subject
    assert "\n" not in letter.subject
    for text in (letter.text, letter.html):
        assert "Acme Ltd" in text
        assert "INV-1" in text
        assert "GBP 1,940.00" in text
        assert "9 October 2026" in text
        assert "8 November 2026" in text
        assert "14" in text
        assert "https://in.example/1" in text
        assert "Example Ltd" in text
    assert all(len(line) <= 110 for line in letter.text.splitlines())
    assert "{" not in letter.text


@pytest.mark.parametrize("name", [name for name in TEXT_NAMES if name != "upcoming"])
def test_each_reminder_asks_recent_payers_to_ignore_it(name: str) -> None:
    letters = Letters()
    letter = letters.render(name, sample_context(letters.language))
    assert "paid in the last few days" in " ".join(letter.text.split())
    assert "paid in the last few days" in letter.html


def test_amounts_of_different_currencies_are_never_added() -> None:
    letters = Letters()
    case = a_case(billed(1), billed(2, currency="EUR", amount="10.5"), billed(3))
    letter = letters.render(
        "second reminder", letter_context(*case, US, TODAY, spoken=letters.language)
    )
    assert "Total due: GBP 3,880.00" in letter.text
    assert "Total due: EUR 10.50" in letter.text
    assert "GBP 3,880.00 and EUR 10.50" in letter.subject


CREDIT = a_credit(issued_on=date(2026, 11, 1), number="CN-7", total=900)


def in_part(account: Account, action: Action) -> tuple[Action, Account]:
    """Return a case whose action takes unapplied cash off, as the planner does."""
    base = US.base_currency
    view = AccountView(account, TODAY, currency=base, base=base)
    net = {invoice.id: invoice for invoice in view.asked_for}
    refs = tuple(
        replace(
            ref,
            amount_due=net[ref.id].amount_due,
            document_amount_due=view.document_due(net[ref.id]),
            disputed=view.in_dispute.get(ref.id),
        )
        for ref in action.invoices
        if ref.id in net
    )
    return replace(action, invoices=refs), account


@pytest.mark.parametrize("code", languages())
@pytest.mark.parametrize("name", TEXT_NAMES)
def test_each_letter_takes_the_credits_off(name: str, code: str) -> None:
    letters = Letters(code=code)
    action, account = a_case(billed(1, amount="1000"))
    case = in_part(account._replace(credits=(CREDIT,)), action)
    letter = letters.render(name, letter_context(*case, US, TODAY, spoken=letters.language))
    spoken, words = letters.language, letters.language.words
    gross, taken, asked = (spoken.amount(Decimal(n), "GBP") for n in (1000, 900, 100))
    for text in (letter.text, letter.html):
        assert words["credit_note"] in text
        assert "CN-7" in text
        assert [amount in text for amount in (gross, taken, asked)] == [True] * 3
    assert f"{words['total']}{words['colon']} {asked}" in letter.text
    # Nowhere but in the list of documents is the gross sum named.
    assert letter.subject.count(gross) == 0
    assert letter.text.count(gross) == 2


@pytest.mark.parametrize("code", languages())
@pytest.mark.parametrize("name", TEXT_NAMES)
def test_each_letter_says_what_is_disputed(name: str, code: str) -> None:
    letters = Letters(code=code)
    action, account = a_case(billed(1, amount="1000"))
    dispute = Dispute("i1", TODAY, "too dear", amount=Decimal(200), code="5")
    case = in_part(account._replace(disputes=(dispute,)), action)
    letter = letters.render(name, letter_context(*case, US, TODAY, spoken=letters.language))
    spoken, words = letters.language, letters.language.words
    gross, part, asked = (spoken.amount(Decimal(n), "GBP") for n in (1000, 200, 800))
    for text in (letter.text, html.unescape(letter.html)):
        assert words["of_this_disputed"] in text
        assert f"{part} ({reason_word('5', code)})" in text
        assert words["disputed"] in text
        assert [amount in text for amount in (gross, part, asked)] == [True] * 3
    assert f"{words['total']}{words['colon']} {asked}" in letter.text
    assert gross not in letter.subject
    # Nowhere but in the list of documents is the whole named.
    assert letter.text.count(gross) == 2


@pytest.mark.parametrize("code", languages())
def test_a_letter_leaves_agreed_instalments_out(code: str) -> None:
    letters = Letters(code=code)
    action, account = a_case(billed(1, amount="1000"))
    parts = (Instalment(TODAY + timedelta(9), Decimal(700)),)
    plan = PaymentPlan(1, "c1", ("i1",), "GBP", TODAY, "Jo", parts)
    case = in_part(account._replace(payment_plans=(plan,)), action)
    letter = letters.render(
        "first reminder", letter_context(*case, US, TODAY, spoken=letters.language)
    )
    spoken, words = letters.language, letters.language.words
    part, asked = (spoken.amount(Decimal(n), "GBP") for n in (700, 300))
    for text in (letter.text, html.unescape(letter.html)):
        assert f"{words['of_this_in_instalments']}{words['colon']} {part}" in text
        assert words["in_instalments"] in text
    assert f"{words['total']}{words['colon']} {asked}" in letter.text


def test_a_payment_without_number_is_known_by_day() -> None:
    letters = Letters()
    action, account = a_case(billed(1, amount="1000"), billed(2, amount="50"))
    paid = a_payment(amount=1010, unallocated=1010, paid_on=date(2026, 11, 3))
    case = in_part(account._replace(payments=(paid,)), action)
    context = letter_context(*case, US, TODAY, spoken=letters.language)
    text = letters.render("first reminder", context).text
    assert "INV-1" not in text
    assert "- Less: payment received (3 November 2026): GBP 10.00" in text
    assert [line.net_amount_due for line in context["invoices"]] == ["GBP 40.00"]


def test_credits_that_the_rulebook_ignores_are_not_shown() -> None:
    letters = Letters()
    action, account = a_case(billed(1, amount="1000"))
    case = (action, account._replace(credits=(CREDIT,)))
    text = letters.render(
        "first reminder", letter_context(*case, US, TODAY, spoken=letters.language)
    ).text
    assert "Total due: GBP 1,000.00" in text
    assert "CN-7" not in text


BY_SMTP = (
    "reminders: [{name: R, steps: [{day: 1, email: first reminder}]}]\n"
    "sending: {via: smtp, days: every day}\n"
)


def money(texts: Iterable[str]) -> dict[str, Decimal]:
    """Return sums by currency of amounts as an English letter shows them."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for currency, amount in (text.split() for text in texts):
        sums[currency] += Decimal(amount.replace(",", ""))
    return sums


@given(ledgers(), st.sampled_from(UnappliedCash))
def test_each_letter_asks_for_what_the_plan_says(account: Account, counts: UnappliedCash) -> None:
    desk, spoken = Desk(), language("en")
    text = f"{desk.head}unapplied_cash: {counts}\n{BY_SMTP}"
    for action in desk.plan(text, account).actions:
        context = letter_context(action, account, US, desk.today, spoken=spoken)
        refs = [(ref.currency, ref.amount_due) for ref in action.invoices]
        asked = money(f"{currency} {amount}" for currency, amount in refs)
        assert money(context["totals"]) == asked
        gross = money(line.amount_due for line in context["invoices"])
        assert money(context["gross_totals"]) == gross
        assert money(line.net_amount_due for line in context["invoices"]) == asked
        taken = money(credit.amount for credit in context["credits"])
        disputed = money(context["disputed_totals"])
        assert context["instalment_totals"] == ()
        assert {code: gross[code] - taken[code] - disputed[code] for code in gross} == asked


def test_a_long_list_is_cut_without_changing_its_total() -> None:
    letters = Letters()
    count = INVOICES_PER_LETTER_MAX + 3
    case = a_case(*(billed(number, amount="1") for number in range(count)))
    letter = letters.render(
        "first reminder", letter_context(*case, US, TODAY, spoken=letters.language)
    )
    assert letter.text.count("- Invoice INV-") == INVOICES_PER_LETTER_MAX
    assert "Further invoices not listed here: 3" in letter.text
    assert f"GBP {count}.00" in letter.text
    assert f"{count} invoices" in letter.subject


def test_a_broken_promise_names_its_day() -> None:
    letters = Letters()
    action, account = a_case(billed(1))
    promise = Promise(("i1",), date(2026, 11, 15), None, date(2026, 11, 1))
    account = account._replace(promises=(promise,))
    context = letter_context(action, account, US, TODAY, spoken=letters.language)
    text = letters.render("promise broken", context).text
    assert "15 November 2026" in " ".join(text.split())


def test_names_from_outside_are_text_and_nothing_else() -> None:
    letters = Letters()
    name = "<script>alert(1)</script>{{ 7*7 }}\r\nBcc: thief@evil.example"
    action, account = a_case(billed(1)._replace(link="javascript:alert(1)"), name=name)
    context = letter_context(action, account, US, TODAY, spoken=letters.language)
    letter = letters.render("first reminder", context)
    assert "<script>" not in letter.html
    assert "&lt;script&gt;" in letter.html
    assert "{{ 7*7 }}" in letter.text
    assert "\nBcc" not in letter.text
    assert "javascript:" not in letter.html + letter.text


def test_users_texts_override_shipped_ones_of_the_same_name(tmp_path: Path) -> None:
    own_text(
        tmp_path,
        "Gentle_Nudge.txt",
        "Subject: Hello {{ customer.name }}\n\nDear {{ customer.name }},\n\n"
        "please pay {{ total }}.\n",
    )
    letters = own_text(tmp_path, "final notice.txt", "Subject: Last\n\nOurs.\n")
    assert known_texts(tmp_path) == (*TEXT_NAMES, "gentle nudge")
    assert letters.names == (*SHIPPED_NAMES, "gentle nudge")
    letter = letters.render("gentle nudge", sample_context(letters.language))
    assert letter.subject == "Hello Acme Ltd"
    assert letter.text == "Dear Acme Ltd,\n\nplease pay GBP 3,240.00.\n"
    assert "<p>please pay GBP 3,240.00.</p>" in letter.html
    assert letters.render("final notice", sample_context(letters.language)).text == "Ours.\n"


def test_users_html_is_escaped_around_the_invoice_table(tmp_path: Path) -> None:
    own_text(tmp_path, "nudge.txt", "Subject: Hello\n\n{% include 'invoices.txt' %}\n")
    letters = own_text(
        tmp_path, "nudge.html", "<b>{{ customer.name }}</b>{% include 'invoices.html' %}"
    )
    context = {**sample_context(letters.language), "customer": {"name": "A<B", "first_name": ""}}
    letter = letters.render("nudge", context)
    assert letter.html.startswith("<b>A&lt;B</b><table")
    assert "- Invoice INV-1" in letter.text


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("No subject\n", 1, "the first line must be the subject."),
        ("Subject: x\n\nDear {{ customer.nmae }}\n", 3, "no 'customer.nmae' in"),
        ("Subject: x\n\n{{ custommer }}\n", 3, "no 'custommer' in"),
        ("Subject: x\n{% if %}\n", 2, "Expected an expression"),
        ("Subject: x\n\n{{ customer.name | nosuch }}\n", 3, "No filter named 'nosuch'"),
        ("Subject: x\n{% include '../../config.toml' %}\n", 2, "../../config.toml"),
        ("Subject: x\n{{ ''.__class__.__mro__ }}\n", 2, "unsafe"),
        ("Subject: x\n{{ 'a' * 1000000000 }}\n", 2, "operator *"),
        ("Subject: x\n{{ range(10) }}\n", 2, "nothing can be called"),
        ("Subject: x\n{{ customer.name.upper() }}\n", 2, "nothing can be called"),
        ("Subject: x\n{% set a = 'x' %}\n", 2, "set, macro"),
        ("Subject: x\n{% include 'nudge.txt' %}\n", 2, "includes itself"),
        ("Subject: x\n{{ invoices }}\n", 2, "a list cannot be shown as it is"),
        ("Subject: x\n{{ 'a' + 'b' }}\n", 2, "+ adds numbers"),
        ("Subject: x\n{{ [[1], [2]]|sum(start=[]) }}\n", 2, "sum adds numbers"),
        ("Subject: x\n{{ [invoices]|join('') }}\n", 2, "a list cannot be shown as it is"),
        ("Subject: x\n{{ invoices|join('', 'number') }}\n", 2, "join takes a list of texts"),
        ("Subject: x\n" + NESTED, 2, "nested deeper"),
        ("Subject: x\n" + "y" * TEMPLATE_CHARACTERS_MAX, 1, "longer than 50,000"),
    ],
)
def test_a_wrong_text_is_reported_with_file_and_line(
    tmp_path: Path, text: str, line: int, message: str
) -> None:
    letters = own_text(tmp_path, "nudge.txt", text)
    (problem,) = letters.problems
    assert (problem.file, problem.line) == (str(tmp_path / "templates" / "nudge.txt"), line)
    assert message in problem.message
    assert str(problem).startswith(f"{problem.file}:{line}: ")
    assert "nudge" not in letters.names
    assert letters.render("final notice", sample_context(letters.language)).text


def test_all_wrong_texts_are_told_at_once(tmp_path: Path) -> None:
    own_text(tmp_path, "one.txt", "no subject")
    own_text(tmp_path, "two.html", "alone")
    own_text(tmp_path, "layout.txt", "Subject: mine")
    (tmp_path / "templates" / "three.txt").write_bytes(b"Subject: \xff\xfe")
    problems = {Path(problem.file).name: problem.message for problem in Letters(tmp_path).problems}
    assert problems == {
        "one.txt": "the first line must be the subject.",
        "two.html": "there is no two.txt beside it.",
        "layout.txt": "this name belongs to arsync.",
        "three.txt": "not UTF-8 text.",
    }


def test_a_letter_that_grows_beyond_its_limit_is_stopped(tmp_path: Path) -> None:
    body = (
        "{% for a in invoices %}{% for b in invoices %}" + "z" * 40_000 + "{% endfor %}{% endfor %}"
    )
    letters = own_text(tmp_path, "long.txt", f"Subject: x\n{body}")
    assert not letters.problems
    context = sample_context(letters.language)
    context["invoices"] = context["invoices"] * 3
    with pytest.raises(UserMistake, match=f"beyond {OUTPUT_CHARACTERS_MAX:,} characters"):
        letters.render("long", context)


FOUR_HUNDRED = "[" + "1," * 400 + "]"


def turning(body: str) -> str:
    a_loop = "{% for a in " + FOUR_HUNDRED + " %}"
    return a_loop * 2 + body + "{% endfor %}" * 2


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"a.txt": "Subject: x\n" + turning("")}, "more than 20,000 steps"),
        (
            {
                "a.txt": "Subject: x\n" + turning("{% include 'b.html' %}"),
                "b.txt": "Subject: x\n",
                "b.html": turning(""),
            },
            "more than",
        ),
        # Each text shows the next one twice: 2 to the power of 30.
        (
            {
                f"t{number}.txt": "Subject: x\n"
                + f"{{% include 't{number + 1}.txt' %}}" * (2 if number < 30 else 0)
                for number in range(31)
            },
            "more than 500 texts",
        ),
        # Each loop doubles what the one around it holds.
        (
            {
                f"t{number}.txt": "Subject: x\n"
                + ("{% for a in [a ~ a] %}" if number else "{% for a in ['x' ~ 'x'] %}")
                + f"{{% include 't{number + 1}.txt' %}}{{% endfor %}}" * (number < 60)
                + "{% endfor %}" * (number == 60)
                for number in range(61)
            },
            "grows beyond",
        ),
        ({"a.txt": "Subject: x\n{{ ['" + "y" * 400 + "']" + "|join" * 3_000 + " }}"}, "nested too"),
        ({"a.txt": "Subject: x\n{{ " + "[" * 3_000 + "1" + "]" * 3_000 + " }}"}, "nested too"),
        (
            {
                "a.txt": f"Subject: x\n{{{{ ['{'z' * 20_000}'"
                + ", 'a'" * 4_000
                + "]|join('"
                + "k" * 9_000
                + "') }}"
            },
            "grows beyond",
        ),
    ],
)
def test_a_text_that_grows_unseen_is_refused_at_once(
    tmp_path: Path, files: dict[str, str], words: str
) -> None:
    (tmp_path / "templates").mkdir()
    for name, text in files.items():
        (tmp_path / "templates" / name).write_text(text, encoding="utf-8")
    tracemalloc.start()
    problems = Letters(tmp_path).problems
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert any(words in problem.message for problem in problems)
    assert peak < 100_000_000


def test_texts_are_put_together_and_numbers_added(tmp_path: Path) -> None:
    body = "{{ customer.name ~ '!' }} {{ 1 + 2 }} {{ ['b', 'a']|sort|join('-') }} {{ [1, 2]|sum }}"
    letters = own_text(tmp_path, "sums.txt", f"Subject: x\n{body}\n")
    assert not letters.problems
    text = letters.render("sums", sample_context(letters.language)).text
    assert text.endswith("! 3 a-b 3\n")


def test_an_unknown_text_is_named_with_what_there_is() -> None:
    with pytest.raises(UserMistake, match=r"'second remainder'\. Known: upcoming, first reminder"):
        Letters().render("second remainder", sample_context(language("en")))


def test_languages_are_folders_and_an_unknown_one_is_refused() -> None:
    assert languages() == ("de", "en", "es", "fr", "it", "nl")
    with pytest.raises(UserMistake, match="no letters in 'xx'"):
        Letters(code="xx")


def about_a_plan(text: str) -> tuple[Action, Account]:
    """Return a letter about a plan whose first instalment came."""
    action, account = a_case(billed(1, amount="800"))
    due = (date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 4))
    plan = PaymentPlan(
        7,
        "c1",
        ("i1",),
        "GBP",
        date(2026, 10, 20),
        "Jo",
        tuple(Instalment(day, Decimal(400)) for day in due),
    )
    paid = a_payment(
        paid_on=due[0],
        amount=400,
        unallocated=0,
        allocations=(Allocation("i1", Decimal(400), due[0]),),
    )
    notice = PlanNotice(7, 2, date(2026, 12, 4), attaches_letter=True)
    action = replace(action, step=text, payload=ReminderPayload(about_plan=notice))
    return action, account._replace(payment_plans=(plan,), payments=(paid,))


@pytest.mark.parametrize("code", languages())
@pytest.mark.parametrize("name", PLAN_TEXT_NAMES)
def test_each_text_about_a_plan_shows_its_schedule(name: str, code: str) -> None:
    letters = Letters(code=code)
    spoken, words = letters.language, letters.language.words

    letter = letters.render(name, letter_context(*about_a_plan(name), US, TODAY, spoken=spoken))

    for text in (letter.text, html.unescape(letter.html)):
        assert "INV-1" in text
        for day in (date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 4)):
            assert spoken.day(day) in text
        came = f"({words['received']})", f">{words['received']}</span>"
        assert sum(text.count(each) for each in came) == 1
        assert spoken.amount(Decimal(1200), "GBP") in text
        assert words["total"] not in text.replace(words["plan_total"], "")
    total = spoken.amount(Decimal(1200), "GBP")
    assert f"{words['plan_total']}{words['colon']} {total}\n\n" in letter.text
    assert "{" not in letter.text
    assert "\n" not in letter.subject
    assert all(len(line) <= 110 for line in letter.text.splitlines())


def test_a_missed_instalment_names_its_last_day() -> None:
    letters = Letters()
    case = about_a_plan("instalment missed")

    letter = letters.render(
        "instalment missed", letter_context(*case, US, TODAY, spoken=letters.language)
    )

    assert "instalment of 1 December 2026" in letter.subject
    assert "by 4 December 2026" in letter.text
