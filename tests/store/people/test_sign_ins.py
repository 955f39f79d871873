"""Sessions, links, tries and answers to forms: what is over goes, in bounded batches."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select, text

from arsync.clock import SetClock
from arsync.store import Store
from arsync.store.db.people_tables import (
    form_answers,
    one_time_links,
    sign_in_tries,
    web_sessions,
)
from arsync.store.people import sign_ins
from arsync.store.people.users import ALL, ScopedRole, UserRow

DAY = timedelta(days=1)


@pytest.fixture
def person(store: Store) -> UserRow:
    return store.users.add("olga@example.com", "Olga", [ScopedRole(ALL, "", "owner")])


def begin(store: Store, user_id: int) -> str:
    """Sign a browser in for a day."""
    return store.sign_ins.begin(user_id, lasts=DAY, agent="", address="")


def rows(store: Store) -> dict[str, int]:
    """Return how many rows each table has."""
    tables = (web_sessions, one_time_links, sign_in_tries, form_answers)
    with store._database.read() as db:
        return {
            table.name: db.scalar(select(func.count()).select_from(table)) or 0 for table in tables
        }


def fill(store: Store, person: UserRow) -> None:
    """Leave a session, a link, a try and an answer behind."""
    begin(store, person.id)
    store.sign_ins.make_link("new password", lasts=timedelta(hours=2), user_id=person.id)
    store.sign_ins.note_failure("email x", within=timedelta(minutes=15))
    store.forms.begin(person.id, "f1", "digest")
    store.forms.answer(person.id, "f1", "/", "")


def test_what_is_over_goes_at_the_next_sign_in(
    store: Store, clock: SetClock, person: UserRow
) -> None:
    fill(store, person)
    assert set(rows(store).values()) == {1}
    begin(store, person.id)
    assert list(rows(store).values()) == [2, 1, 1, 1]
    clock.moment += 3 * DAY
    begin(store, person.id)
    assert list(rows(store).values()) == [1, 0, 0, 0]


def test_a_used_link_stays_known_for_a_day(store: Store, clock: SetClock, person: UserRow) -> None:
    token = store.sign_ins.make_link("invitation", lasts=7 * DAY, user_id=person.id)
    assert store.sign_ins.open_link("invitation", token) is not None
    assert store.sign_ins.open_link("invitation", token) is None
    clock.moment += timedelta(hours=1)
    begin(store, person.id)
    assert rows(store)["one_time_links"] == 1
    clock.moment += 2 * DAY
    begin(store, person.id)
    assert rows(store)["one_time_links"] == 0


def test_a_sweep_removes_no_more_than_its_share(
    store: Store, clock: SetClock, person: UserRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_ins, "SWEPT_AT_ONCE", 10)
    answers = [
        {"user_id": person.id, "form_id": f"f{number}", "digest": "", "begun_at": clock.now()}
        for number in range(25)
    ]
    with store._database.write() as db:
        db.execute(insert(form_answers), answers)
    clock.moment += 3 * DAY
    left = []
    for _ in range(3):
        begin(store, person.id)
        left.append(rows(store)["form_answers"])
    assert left == [15, 5, 0]


def test_ending_everybody_leaves_the_one_who_asks(store: Store, person: UserRow) -> None:
    other = store.users.add("tom@example.com", "Tom", [])
    kept = begin(store, person.id)
    begin(store, other.id)
    assert store.sign_ins.open_sessions() == {person.id: 1, other.id: 1}
    assert store.sign_ins.end_all(but=sign_ins.hash_of(kept)) == 1
    assert store.sign_ins.open_sessions() == {person.id: 1}


def test_a_disabled_person_keeps_no_link(store: Store, person: UserRow) -> None:
    tom = store.users.add("tom@example.com", "Tom", [])
    store.sign_ins.make_link("invitation", lasts=DAY, user_id=tom.id, made_by="Olga")
    (link,) = store.sign_ins.standing_links("invitation")
    assert (link.user_id, link.made_by) == (tom.id, "Olga")
    store.users.set_disabled(tom.id, disabled=True)
    assert store.sign_ins.standing_links("invitation") == []
    assert person.disabled_at is None


def test_no_secret_stands_in_the_tables(store: Store, person: UserRow) -> None:
    cookie = begin(store, person.id)
    link = store.sign_ins.make_link("x", lasts=DAY, user_id=person.id, kept="the verifier")
    with store._database.read() as db:
        found = [
            str(row)
            for table in ("web_sessions", "one_time_links")
            for row in db.execute(text(f"SELECT * FROM {table}"))
        ]
    assert not any(secret in row for row in found for secret in (cookie, link, "the verifier"))
