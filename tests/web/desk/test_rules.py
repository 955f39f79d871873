"""The rulebook on the desk: written as a draft, checked, compared, and put live."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from tests.builders.desk import (
    RULES,
    DeskDriver,
    add_everybody,
    add_person,
    another_machine,
    post,
)

from arsync.application.desk.rules_draft import FILE_CHARACTERS_MAX
from arsync.application.permissions import Role, person_at_the_shell
from arsync.application.rules.rules_push import push_rules
from arsync.store.people.audit_log import AuditFilter

SOONER = RULES.replace("{day: 14, email: second reminder}", "{day: 7, email: second reminder}")
TIGHTER = RULES.replace("limit: 5,000", "limit: 500")
SLIP = RULES.replace("more_than", "mre_than")
DRAFT = "/c/books/rules/draft"
SCENARIO = """\
scenarios:
  - name: Paid after the first reminder
    invoices:
      - {number: INV-1, due: 2026-06-03, amount: 1200}
    events:
      day 10: payment for INV-1
    expect:
      day 1: email first reminder for INV-1
"""


def save(client: FlaskClient, text: str, opened: str = RULES, **more: str) -> str:
    """Save a draft of the shared file as a browser does; return the page that answers."""
    values = {"file": "standard.yaml", "text": text.replace("\n", "\r\n"), "opened": opened}
    answer = post(client, DRAFT, **values, **{"do": "save", "reason": "second sooner"} | more)
    if answer.status_code == 303:
        return client.get(str(answer.headers["Location"])).text
    return answer.text


def text_of(page: str, name: str = "text") -> str:
    """Return what a text field of a page says."""
    found = re.search(rf'<textarea[^>]* name="{name}"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    assert found is not None
    return unescape(found[1])


def test_the_live_text_is_for_everybody_to_read(reader: FlaskClient) -> None:
    page = reader.get("/c/books/rules").text
    assert "{day: 14, email: second reminder}" in page
    assert "Write a draft" not in page
    assert "1 version" in page


def test_a_version_is_found_by_its_hash(desk: DeskDriver, reader: FlaskClient) -> None:
    (version,) = desk.container.store.rulebooks.list()
    page = reader.get(f"/c/books/rules/{version.hash}").text
    assert "Standard cadence" in page
    assert reader.get("/c/books/rules/abcdefabcdef").status_code == 404


def test_only_who_writes_policy_opens_a_draft(
    controller: FlaskClient, reader: FlaskClient, accountant: FlaskClient
) -> None:
    for client in (controller, reader):
        assert client.get(DRAFT).status_code == 403
        assert post(client, DRAFT, file="standard.yaml", text="x").status_code == 403
        assert post(client, f"{DRAFT}/check", file="standard.yaml", text="x").status_code == 403
        assert post(client, f"{DRAFT}/live", reason="x").status_code == 403
    assert accountant.get(DRAFT).status_code == 200


def test_a_draft_shows_whom_it_treats_otherwise(desk: DeskDriver, accountant: FlaskClient) -> None:
    page = save(accountant, SOONER.replace("day: 30, email", "day: 29, email"))
    assert "Saved as a draft" in page
    assert "against the live version" in page
    assert desk.container.rules("books").text is not None
    assert "day: 7" not in accountant.get("/c/books/rules").text


def test_a_slip_is_mended_by_one_button(accountant: FlaskClient) -> None:
    page = save(accountant, SLIP)
    assert "unknown comparison" in page
    assert "Put “more_than”" in page
    (place,) = re.findall(r'value="mend ([0-9:]+)"', page)
    mended = save(accountant, SLIP, SLIP, do=f"mend {place}")
    assert "1 problem" not in mended
    assert text_of(mended) == RULES


def test_a_check_keeps_nothing(desk: DeskDriver, accountant: FlaskClient) -> None:
    page = save(accountant, SLIP, do="check")
    assert "Put “more_than”" in page
    assert "not saved" in page
    assert text_of(page) == SLIP
    assert desk.container.store.drafts.get(1) is None


def test_the_editor_is_told_where_the_slip_is(accountant: FlaskClient) -> None:
    answer = post(accountant, f"{DRAFT}/check", file="standard.yaml", text=SLIP)
    (problem,) = answer.get_json()["problems"]
    assert problem["here"]
    assert problem["mend"]["right"] == "more_than"
    long = post(accountant, f"{DRAFT}/check", file="standard.yaml", text="#" * 200_000)
    assert long.status_code == 422
    labels = {word["label"] for word in accountant.get(f"{DRAFT}/words").get_json()["words"]}
    assert {"overdue_amount", "reminders", "more_than"} <= labels


def test_too_long_a_text_is_refused(accountant: FlaskClient) -> None:
    answer = post(
        accountant, DRAFT, file="standard.yaml", text="#" * (FILE_CHARACTERS_MAX + 1), opened=RULES
    )
    assert answer.status_code == 422
    assert "at most 100,000 characters" in answer.text


def test_two_writers_get_both_changes(accountant: FlaskClient, owner: FlaskClient) -> None:
    save(accountant, SOONER)
    later = RULES.replace("limit: 5,000", "limit: 7,500")
    page = save(owner, later)
    assert "Priya Nair saved this file while you wrote" in page
    both = SOONER.replace("limit: 5,000", "limit: 7,500")
    assert text_of(page) == both
    assert text_of(page, "opened") == SOONER
    assert text_of(save(owner, both, SOONER)) == both


def test_why_is_answered_by_the_draft(accountant: FlaskClient) -> None:
    save(accountant, RULES.replace("day: 14", "day: 21"))
    page = accountant.get(f"{DRAFT}?customer=Larkfield+Dental").text
    assert "Every rule, and why" in page
    assert "<b>reminder: first reminder</b>" in page
    assert "is no contact" in accountant.get(f"{DRAFT}?customer=Nobody+Known").text


def test_a_scenario_that_fails_stands_in_the_way(desk: DeskDriver, accountant: FlaskClient) -> None:
    folder = desk.container.config.rules_folder / "scenarios"
    folder.mkdir()
    (folder / "first.yaml").write_text("scenarios: nonsense\n")
    save(accountant, SOONER)
    page = accountant.get(f"{DRAFT}/live").text
    assert "1 scenario fails" in page


def test_a_folder_is_never_written(desk: DeskDriver, accountant: FlaskClient) -> None:
    file = desk.container.config.rules_folder / "standard.yaml"
    save(accountant, SOONER)
    page = accountant.get(f"{DRAFT}/live").text
    assert "The desk cannot put it live here" in page
    assert "arsync rules push" in page
    assert post(accountant, f"{DRAFT}/live", reason="x", seen="").status_code == 422
    assert file.read_text() == RULES
    given = accountant.get(f"{DRAFT}/file?file=standard.yaml")
    assert given.text == SOONER


def test_a_draft_is_thrown_away(desk: DeskDriver, accountant: FlaskClient) -> None:
    save(accountant, SOONER)
    assert post(accountant, f"{DRAFT}/drop").status_code == 303
    assert desk.container.store.drafts.get(1) is None


def test_hostile_rules_stay_text(accountant: FlaskClient) -> None:
    page = save(accountant, f"{RULES}# </textarea><script>alert(1)</script>\n")
    assert "<script>alert" not in page


@pytest.fixture
def pushed(desk: DeskDriver, tmp_path: Path) -> Iterator[DeskDriver]:
    """A desk on another machine, which goes by what was pushed."""
    with another_machine(desk, tmp_path / "elsewhere") as machine:
        add_everybody(machine.container)
        yield machine


def someone(desk: DeskDriver, role: Role) -> FlaskClient:
    email = {Role.OWNER: "hannah@example.com", Role.ACCOUNTANT: "priya@example.com"}[role]
    user = desk.container.store.users.by_email(email)
    assert user is not None
    return desk.signed_in(user)


def seen_in(page: str) -> str:
    (seen,) = re.findall(r'name="seen" value="([0-9a-f]+)"', page)
    return str(seen)


def test_a_draft_goes_live_for_every_machine(pushed: DeskDriver) -> None:
    client = someone(pushed, Role.ACCOUNTANT)
    save(client, SOONER)
    page = client.get(f"{DRAFT}/live").text
    assert "Put live now" in page
    assert "Letters of today and tomorrow" in page
    assert post(client, f"{DRAFT}/live", reason=" ", seen=seen_in(page)).status_code == 422
    answer = post(client, f"{DRAFT}/live", reason="second sooner", seen=seen_in(page))
    assert answer.status_code == 303
    assert "day: 7" in client.get("/c/books/rules").text
    store = pushed.container.store
    last = store.pushes.last()
    assert last is not None
    assert (last.row.pushed_by, last.row.source) == ("Priya Nair", "the desk: second sooner")
    assert store.drafts.get(1) is None
    (line, *_) = store.audit.page(AuditFilter(what="put rules live"), 10)
    assert line.words == "second sooner"


def test_pushed_scenarios_stand_in_the_way_too(desk: DeskDriver, tmp_path: Path) -> None:
    folder = desk.container.config.rules_folder / "scenarios"
    folder.mkdir()
    (folder / "first.yaml").write_text(SCENARIO)
    with another_machine(desk, tmp_path / "elsewhere") as machine:
        add_everybody(machine.container)
        client = someone(machine, Role.ACCOUNTANT)
        assert "1 passes" in client.get(DRAFT).text
        save(
            client,
            RULES.replace("{day: 1, email: first reminder}", "{day: 5, email: first reminder}"),
        )
        page = client.get(f"{DRAFT}/live").text
        assert "1 scenario fails" in page
        assert "Paid after the first reminder" in page
        assert "Put live now" not in page


def test_a_draft_with_a_problem_never_goes_live(pushed: DeskDriver) -> None:
    client = someone(pushed, Role.OWNER)
    save(client, SLIP)
    page = client.get(f"{DRAFT}/live").text
    assert "1 problem to mend" in page
    assert "Put live now" not in page
    draft = pushed.container.store.drafts.get(1)
    assert draft is not None
    answer = post(client, f"{DRAFT}/live", reason="x", seen=draft.text.whole_hash)
    assert answer.status_code == 422
    last = pushed.container.store.pushes.last()
    assert last is not None
    assert last.row.id == 1


def test_an_overtaken_draft_takes_over_first(pushed: DeskDriver, desk: DeskDriver) -> None:
    client = someone(pushed, Role.OWNER)
    save(client, SOONER)
    file = desk.container.config.rules_folder / "standard.yaml"
    file.write_text(RULES.replace("limit: 5,000", "limit: 7,500"))
    push_rules(person_at_the_shell(), desk.container)
    page = client.get(f"{DRAFT}/live").text
    assert "The live text was changed since the draft was begun" in page
    assert post(client, f"{DRAFT}/live-text").status_code == 303
    text = text_of(client.get(DRAFT).text)
    assert "limit: 7,500" in text
    assert "day: 7" in text
    page = client.get(f"{DRAFT}/live").text
    assert post(client, f"{DRAFT}/live", reason="both", seen=seen_in(page)).status_code == 303


def test_shared_rules_are_not_one_clients_to_change(pushed: DeskDriver) -> None:
    user = add_person(pushed.container, "Nils Berg", Role.ACCOUNTANT, scope="connection", value="1")
    client = pushed.signed_in(user)
    assert "All connections go by this file" in client.get(DRAFT).text
    assert post(client, DRAFT, file="standard.yaml", text=SOONER, opened=RULES).status_code == 403
    own = "leave_alone:\n  - {name: Legal, when: {tag: legal}}\n"
    answer = post(client, DRAFT, file="books/rules.yaml", text=own, opened="", reason="legal")
    assert answer.status_code == 303
    page = client.get(f"{DRAFT}/live").text
    answer = post(client, f"{DRAFT}/live", reason="legal", seen=seen_in(page))
    assert answer.status_code == 303
    assert "books/rules.yaml" in client.get("/c/books/rules").text


def test_a_large_change_is_put_live_by_two(desk: DeskDriver, tmp_path: Path) -> None:
    with another_machine(
        desk, tmp_path / "elsewhere", rules_settings="two_people_above = 1\n"
    ) as strict:
        add_everybody(strict.container)
        priya, hannah = someone(strict, Role.ACCOUNTANT), someone(strict, Role.OWNER)
        save(priya, TIGHTER)
        page = priya.get(f"{DRAFT}/live").text
        assert "Ask for a second person" in page
        assert "Put live now" not in page
        seen = seen_in(page)
        alone = post(priya, f"{DRAFT}/live", reason="second sooner", seen=seen)
        assert alone.status_code == 422
        assert "ask for it first" in alone.text
        assert post(priya, f"{DRAFT}/live/ask", reason=" ", seen=seen).status_code == 422
        assert (
            post(priya, f"{DRAFT}/live/ask", reason="second sooner", seen=seen).status_code == 303
        )
        assert "A second person has to confirm it" in priya.get(f"{DRAFT}/live").text
        same = post(priya, f"{DRAFT}/live", reason="second sooner", seen=seen)
        assert "somebody else has to confirm it" in same.text
        assert strict.container.store.drafts.get(1) is not None
        assert "Priya Nair asked for it" in hannah.get(f"{DRAFT}/live").text
        assert post(hannah, f"{DRAFT}/live", reason="agreed", seen=seen).status_code == 303
        last = strict.container.store.pushes.last()
        assert last is not None
        assert last.row.pushed_by == "Hannah Reid"
        assert last.row.source.endswith("agreed (asked by Priya Nair: second sooner)")
        assert strict.container.store.live_requests.of(1, seen) is None


def test_a_request_ends_with_its_text(desk: DeskDriver, tmp_path: Path) -> None:
    with another_machine(
        desk, tmp_path / "elsewhere", rules_settings="two_people_above = 1\n"
    ) as strict:
        add_everybody(strict.container)
        priya, hannah = someone(strict, Role.ACCOUNTANT), someone(strict, Role.OWNER)
        save(priya, TIGHTER)
        seen = seen_in(priya.get(f"{DRAFT}/live").text)
        post(priya, f"{DRAFT}/live/ask", reason="second sooner", seen=seen)
        post(priya, f"{DRAFT}/live/ask", take_back="1")
        assert strict.container.store.live_requests.of(1, seen) is None
        post(priya, f"{DRAFT}/live/ask", reason="second sooner", seen=seen)
        tighter_still = TIGHTER.replace("limit: 500", "limit: 400")
        answer = post(
            priya, DRAFT, file="standard.yaml", text=tighter_still, opened=TIGHTER, reason="eight"
        )
        assert answer.status_code == 303
        page = hannah.get(f"{DRAFT}/live").text
        assert "asked for it" not in page
        assert "Ask for a second person" in page
