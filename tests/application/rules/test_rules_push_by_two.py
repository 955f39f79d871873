"""A push that treats many customers otherwise: two people push the same text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.builders.desk import RULES, DeskDriver, a_desk, add_person

from arsync.application.permissions import SCHEDULE, Actor, Role, person_at_the_shell
from arsync.application.rules.rules_push import push_rules
from arsync.application.rules.rules_push_by_two import PushWaits
from arsync.errors import UserMistake

TIGHTER = RULES.replace("limit: 5,000", "limit: 500")
STILL_TIGHTER = RULES.replace("limit: 5,000", "limit: 400")
ABOVE = "[rules]\ntwo_people_above = {above}\n"


@pytest.fixture
def desk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[DeskDriver]:
    """Yield a machine whose rules were pushed once; a parameter is how many one may change."""
    above = getattr(request, "param", 1)
    with a_desk(tmp_path, settings=ABOVE.format(above=above)) as opened:
        push_rules(person_at_the_shell(), opened.container)
        yield opened


def person(desk: DeskDriver, name: str) -> Actor:
    user = add_person(desk.container, name, Role.ACCOUNTANT)
    return Actor(name, Role.ACCOUNTANT, user_id=user.id)


def written(desk: DeskDriver, text: str) -> None:
    (desk.container.config.rules_folder / "standard.yaml").write_text(text)


def test_a_large_push_waits_for_a_second_person(desk: DeskDriver) -> None:
    priya, hannah = person(desk, "Priya Nair"), person(desk, "Hannah Reid")
    written(desk, TIGHTER)
    for _ in range(2):
        with pytest.raises(PushWaits, match="Priya Nair asked") as waits:
            push_rules(priya, desk.container)
    assert (waits.value.view.customers_above, waits.value.view.connection) == (1, "books")
    last = desk.container.store.pushes.last()
    assert last is not None
    assert last.row.id == 1
    pushed = push_rules(hannah, desk.container)
    assert (pushed.row.id, pushed.row.pushed_by) == (2, "Hannah Reid")
    assert pushed.row.source.endswith("(asked by Priya Nair)")


def test_another_text_is_asked_for_anew(desk: DeskDriver) -> None:
    priya, hannah = person(desk, "Priya Nair"), person(desk, "Hannah Reid")
    written(desk, TIGHTER)
    with pytest.raises(PushWaits, match="Priya Nair asked"):
        push_rules(priya, desk.container)
    written(desk, STILL_TIGHTER)
    with pytest.raises(PushWaits, match="Hannah Reid asked"):
        push_rules(hannah, desk.container)


def test_a_push_and_a_draft_wait_beside_each_other(desk: DeskDriver) -> None:
    priya, hannah = person(desk, "Priya Nair"), person(desk, "Hannah Reid")
    drafts = desk.container.store.live_requests
    assert hannah.user_id is not None
    drafts.ask(1, "a draft", user_id=hannah.user_id, who="Hannah Reid", reason="sooner")
    written(desk, TIGHTER)
    with pytest.raises(PushWaits, match="Priya Nair asked"):
        push_rules(priya, desk.container)
    drafts.ask(1, "another draft", user_id=hannah.user_id, who="Hannah Reid", reason="sooner")
    assert push_rules(hannah, desk.container).row.id == 2
    waiting = drafts.of(1, "another draft")
    assert waiting is not None
    assert waiting.who == "Hannah Reid"


def test_what_went_live_meanwhile_is_not_taken_back(desk: DeskDriver) -> None:
    priya, hannah = person(desk, "Priya Nair"), person(desk, "Hannah Reid")
    written(desk, TIGHTER)
    with pytest.raises(PushWaits, match="Priya Nair asked"):
        push_rules(priya, desk.container)
    written(desk, RULES + "\n# put live meanwhile\n")
    assert push_rules(hannah, desk.container).row.id == 2
    written(desk, TIGHTER)
    with pytest.raises(PushWaits, match="Hannah Reid asked"):
        push_rules(hannah, desk.container)
    assert push_rules(priya, desk.container).row.id == 3


def test_who_has_no_name_here_pushes_nothing_large(desk: DeskDriver) -> None:
    written(desk, TIGHTER)
    with pytest.raises(UserMistake, match="ARSYNC_USER"):
        push_rules(person_at_the_shell(), desk.container)
    assert push_rules(SCHEDULE, desk.container).is_new


@pytest.mark.parametrize(
    ("desk", "text"),
    [(0, TIGHTER), (100, TIGHTER), (1, RULES + "\n# a comment\n")],
    indirect=["desk"],
    ids=["nobody asked for two", "few customers", "no customer"],
)
def test_one_person_is_enough(desk: DeskDriver, text: str) -> None:
    written(desk, text)
    assert push_rules(person_at_the_shell(), desk.container).is_new
